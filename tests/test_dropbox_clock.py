"""Nothing is sealed under a wrong clock or keys that have ended, and the pages say so before anybody writes."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import root_keys
from flask.testing import FlaskClient
from live import REPORT, Answer
from test_dropbox_mailbox import bring_news, station_key, write
from test_dropbox_transport import outbox, read_bundle, records, state
from web import get, letters_of, open_box, opened, post, report, waiting

from crypto.bundle import Taken
from crypto.encoding import SECONDS_A_DAY, date_of, epoch_of, today
from crypto.signing import SigningKey
from dropbox import create_app
from dropbox.__main__ import main
from dropbox.clock import MOST_DAYS_UNSIGNED, Sealing
from dropbox.directory import Directory
from dropbox.errors import Closed, Why
from dropbox.headers import PAGE_STEP
from dropbox.keeper import BEAT
from dropbox.marks import read_mark, set_mark
from dropbox.services import Services, open_store
from dropbox.settings import load_settings
from dropbox.transport import receive, write_bundle
from keys.errors import WrongClock
from keys.roster import Group, Roster
from keys.rosterfile import sign_roster

SHUT = "Kotak ini tidak dapat menerima tulisan sekarang"
LAPSED = "tidak memegang kunci yang berlaku"
CHANNELS = "KPK 198"
PALEMBANG = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-daerah"}
_CLOCK = time.time

SetClock = Callable[[int], None]


@cache
def roots(demo: Path) -> dict[int, SigningKey]:
    """The root keys of the demo, unlocked once."""
    return root_keys(demo)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Move this machine's clock by whole days."""

    def by(days: int) -> None:
        monkeypatch.setattr(time, "time", lambda: _CLOCK() + days * SECONDS_A_DAY)

    return by


def after_issue(services: Services, days: int) -> int:
    """Return by how many days the clock moves to be so many after the roster's; midnight may have passed since then."""
    return services.directory.roster.issued + days - today()


@pytest.fixture
def key(small: Path) -> SigningKey:
    return station_key(small, "sumsel")


def successor(demo: Path, roster: Roster, **changes: object) -> bytes:
    """Sign the next roster, with these changes."""
    made = replace(roster, version=roster.version + 1, previous=roster.hash, **changes)  # type: ignore[arg-type]
    return sign_roster(made, roots(demo))


def serve_with(demo: Path, home: Path, **changes: object) -> tuple[FlaskClient, Services]:
    """Serve a home whose roster was signed anew with these changes."""
    roster = Directory.load(home).roster
    (home / "roster.senyap").write_bytes(sign_roster(replace(roster, **changes), roots(demo)))  # type: ignore[arg-type]
    app = create_app(load_settings(home))
    return app.test_client(), app.extensions["senyap"]


def without_members(roster: Roster, *names: str) -> tuple[Group, ...]:
    return tuple(replace(g, members=()) if g.id in names else g for g in roster.groups)


def drop_batches(home: Path, *reviewers: str) -> None:
    """Take a reviewer's keys away, as if they had ended."""
    for reviewer in reviewers:
        (found,) = (home / "batches").glob(f"{reviewer}-0*.senyap")
        found.unlink()


def command(home: Path, *arguments: str) -> Result:
    """Run `senyap-dropbox` in this process; `status` while a keeper is at work."""
    if arguments[0] == "status":
        store = open_store(load_settings(home))
        with store.writing() as connection:
            set_mark(connection, BEAT, today())
        store.engine.dispose()
    return CliRunner().invoke(main, [arguments[0], "--home", str(home), *arguments[1:]])


def status(home: Path) -> tuple[int, dict]:
    done = command(home, "status", "--json")
    return done.exit_code, json.loads(done.stdout.splitlines()[0])


def says_shut(page: Answer) -> bool:
    return SHUT in page.text and CHANNELS in page.text


# --- the day of an outbox ------------------------------------------------------------------------------


def test_an_outbox_from_ahead_of_this_clock_is_refused_and_changes_nothing(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    before = state(services)
    late, _ = outbox(services, tmp_path, key, records(services, key), day=today() + 3)
    with pytest.raises(WrongClock, match=rf"day {today() + 3}, today is day {today()}; check both clocks"):
        receive(services, late)
    assert state(services) == before
    path, _ = outbox(services, tmp_path, key, records(services, key), day=today() + 2)
    assert receive(services, path).warnings == (), "control: two days are within what clocks differ"


def test_the_greatest_day_seen_is_never_ahead_of_this_clock_and_never_falls(
    services: Services, tmp_path: Path, key: SigningKey, set_clock: SetClock
) -> None:
    issued, day = services.directory.roster.issued, today()
    assert services.greatest_day() == issued
    set_clock(10)
    first, one = outbox(services, tmp_path, key, records(services, key), day=day + 12)
    receive(services, first)
    assert services.greatest_day() == day + 10
    set_clock(11)
    second, _ = outbox(services, tmp_path, key, records(services, key), seq=2, previous=one.hash, day=day + 4)
    receive(services, second)
    assert services.greatest_day() == day + 10


def test_a_refused_outbox_raises_no_day(
    services: Services, tmp_path: Path, key: SigningKey, set_clock: SetClock
) -> None:
    path, _ = outbox(services, tmp_path, key, records(services, key), seq=2)
    receive(services, path)
    set_clock(20)
    bad, _ = outbox(services, tmp_path / "bad", key, records(services, key), seq=1)
    before = services.greatest_day()
    for refused in (bad, outbox(services, tmp_path / "x", SigningKey.generate(), records(services, key), seq=3)[0]):
        with pytest.raises(Exception, match="outbox"):
            receive(services, refused)
    assert services.greatest_day() == before


# --- under a wrong clock -------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-1, MOST_DAYS_UNSIGNED + 1])
def test_under_a_wrong_clock_nothing_is_sealed_and_every_word_is_kept(
    client: FlaskClient, services: Services, small: Path, set_clock: SetClock, days: int
) -> None:
    words, seed = report(client).words, get(client, "/lapor").hidden("benih")
    bring_news(services, small, words, texts=["jawaban"])
    before = waiting(services)
    set_clock(after_issue(services, days))
    files = [("bukti.bin", b"b" * 700_000, "application/pdf")]
    for sent in (
        post(client, "/lapor", {"benih": seed, **REPORT}),
        post(client, "/lapor", {"benih": seed, **REPORT}, files),
    ):
        assert sent.status == 503 and says_shut(sent) and REPORT["uraian"] in sent.text
        assert "kode-tanda-terima" not in sent.text and "Pilih lampiran Anda sekali lagi" not in sent.text
    box = open_box(client, words)
    assert box.status == 200 and "jawaban" in box.text and says_shut(box), "reading goes on"
    for more in ([], files):
        kept = write(client, box, "tambahan saya", more)
        assert (
            kept.status == 503 and says_shut(kept) and "tambahan saya" in kept.text and 'id="terkirim"' not in kept.text
        )
    with pytest.raises(Closed) as refused:
        services.make_cover()
    assert refused.value.why is Why.SHUT and waiting(services) == before
    set_clock(0)
    assert post(client, "/lapor", {"benih": get(client, "/lapor").hidden("benih"), **REPORT}).status == 200
    assert write(client, open_box(client, words), "tambahan saya").status == 200
    assert len(waiting(services)) == len(before) + 2, "control: the clock alone stood in the way"


@pytest.mark.parametrize("days", [-1, MOST_DAYS_UNSIGNED + 1])
@pytest.mark.parametrize("path", ["/", "/lapor"])
def test_the_pages_say_it_before_anybody_writes(
    client: FlaskClient, services: Services, set_clock: SetClock, path: str, days: int
) -> None:
    assert not says_shut(get(client, path)) and 'href="/lapor">Mulai melapor' in get(client, "/").text
    set_clock(after_issue(services, days))
    page = get(client, path)
    assert page.status == 200 and says_shut(page) and len(page.body) % PAGE_STEP == 0
    assert "Mulai melapor" not in page.text
    english = get(client, "/en" + path)
    assert "This box cannot take anything now" in english.text and SHUT not in english.text


@pytest.mark.parametrize("days", [0, MOST_DAYS_UNSIGNED])
def test_control_on_the_first_and_on_the_last_day_reports_are_taken(
    client: FlaskClient, services: Services, set_clock: SetClock, days: int
) -> None:
    set_clock(after_issue(services, days))
    assert not says_shut(get(client, "/")) and report(client).status == 200


def test_a_roster_that_has_ended_shuts_the_box(
    client: FlaskClient, services: Services, demo: Path, deployment: Path
) -> None:
    seed = get(client, "/lapor").hidden("benih")
    ended = replace(services.directory.roster, issued=today() - 10, expires=today() - 1)
    (deployment / "server" / "roster.senyap").write_bytes(sign_roster(ended, roots(demo)))
    shut = create_app(load_settings(deployment / "server")).test_client()
    assert says_shut(get(shut, "/")) and says_shut(get(shut, "/lapor"))
    sent = report(shut, [("a.bin", b"x" * 10, "image/png")])
    assert sent.status == 503 and says_shut(sent) and REPORT["uraian"] in sent.text and waiting(services) == []
    assert post(client, "/lapor", {"benih": seed, **REPORT}).status == 200, "control: the roster that has not ended"


def test_a_new_arena_is_filled_whatever_the_clock_says(deployment: Path, set_clock: SetClock) -> None:
    home = deployment / "server"
    (home / "dropbox.db").unlink()
    set_clock(MOST_DAYS_UNSIGNED + 1)
    services = Services.open(load_settings(home))
    assert services.arena.counts() == (0, 64)
    assert services.sealing(services.directory, today()) is Sealing.UNSURE


def freed_after(services: Services, folder: Path, key: SigningKey, clock: Callable[[], None]) -> tuple[int, Path]:
    """Let one row leave, turn the clock, and take the outbox that acknowledges it."""
    services.arena.put([], services.make_cover())
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", folder))
    content = records(services, key)
    clock()
    path, _ = outbox(services, folder, key, content, acks=[Taken(1, sent.hash)])
    return receive(services, path).freed, path


def test_after_60_days_an_outbox_is_taken_and_its_day_opens_the_box_again(
    client: FlaskClient, services: Services, tmp_path: Path, key: SigningKey, set_clock: SetClock
) -> None:
    freed, _ = freed_after(services, tmp_path, key, lambda: set_clock(MOST_DAYS_UNSIGNED + 5))
    assert freed == 1 and services.greatest_day() == today()
    assert report(client).status == 200


def test_an_old_outbox_after_60_days_frees_nothing_until_a_newer_one_comes(
    services: Services, tmp_path: Path, key: SigningKey, set_clock: SetClock
) -> None:
    services.arena.put([], services.make_cover())
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    old, one = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, sent.hash)])
    fresh = records(services, key)
    set_clock(MOST_DAYS_UNSIGNED + 5)
    got = receive(services, old)
    assert got.freed == 0 and len(got.warnings) == 1 and "later outbox" in got.warnings[0]
    new, _ = outbox(services, tmp_path, key, fresh, seq=2, previous=one.hash)
    assert receive(services, new).freed == 1


def test_behind_the_clock_freeing_waits_and_the_next_outbox_makes_up_for_it(
    services: Services, tmp_path: Path, key: SigningKey, set_clock: SetClock
) -> None:
    freed, path = freed_after(services, tmp_path, key, lambda: set_clock(after_issue(services, -1)))
    assert freed == 0 and len(waiting(services)) == 1 + services.directory.roster.sizes.forwarded
    set_clock(0)
    again = receive(services, path)
    assert again.repeated and again.freed == 1 and again.warnings == ()


# --- keys that have ended ------------------------------------------------------------------------------


def test_a_unit_whose_keys_ended_closes_its_routes_and_no_part_of_it_reads(demo: Path, deployment: Path) -> None:
    """The province's routes have lapsed = 0. One of three reviewers without a key is enough."""
    home = deployment / "server"
    drop_batches(home, "sumsel-3")
    app = create_app(load_settings(home))
    client, services = app.test_client(), app.extensions["senyap"]
    files = [("a.bin", b"x" * 300_000, "image/png")]
    for answer, code in (
        (report(client), 503),
        (report(client, files), 503),
        (post(client, "/lapor/siapa", REPORT), 200),
    ):
        assert answer.status == code and "kode-tanda-terima" not in answer.text
        assert LAPSED in answer.text and CHANNELS in answer.text and REPORT["uraian"] in answer.text
    assert waiting(services) == []
    assert not says_shut(get(client, "/")), "others still read"
    assert report(client, jenjang_terlapor="gubernur").status == 200, "control: a route without that unit"


def test_where_the_roster_says_so_a_unit_whose_keys_ended_counts_as_one_without_reviewers(
    deployment: Path, small: Path
) -> None:
    home = deployment / "server"
    drop_batches(home, "palembang-2")
    app = create_app(load_settings(home))
    client, services = app.test_client(), app.extensions["senyap"]
    asked = post(client, "/lapor/siapa", PALEMBANG)
    card = re.search(r'id="siapa-membaca".*?<button', asked.text, re.S)
    assert card and re.search(r"tidak dapat membuka: <b>[^<]*Palembang</b>", card[0])
    assert "Sumatera Selatan" in card[0].split("tidak dapat membuka")[1]
    sent = report(client, **PALEMBANG)
    assert sent.status == 200 and "tidak dapat membuka: <b>" in sent.text
    assert len(letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))) == 1
    assert opened(services, small, "palembang", "palembang-1", "palembang-2") == []


def test_a_follow_up_of_a_case_whose_reader_has_no_keys_is_kept_back(
    client: FlaskClient, services: Services, small: Path, deployment: Path
) -> None:
    words = report(client).words
    bring_news(services, small, words)
    drop_batches(deployment / "server", "sumsel-1")
    before = waiting(services)
    for files in ([], [("a.bin", b"x" * 300_000, "image/png")]):
        sent = write(client, open_box(client, words), "tambahan", files)
        assert sent.status == 503 and LAPSED in sent.text and "tambahan" in sent.text
    assert waiting(services) == before


def test_the_page_of_keys_shows_who_is_closed_and_until_when_keys_hold(deployment: Path) -> None:
    home = deployment / "server"
    drop_batches(home, "palembang-1")
    client = create_app(load_settings(home)).test_client()
    text = get(client, "/kunci").text
    rows = dict(re.findall(r'<th scope="row">([^<]+)<div class="hint">([^<]+)</div>', text))
    closed = {name for name, hint in rows.items() if hint == "Tutup: kuncinya sudah berakhir"}
    assert closed == {"Inspektorat Kota Palembang"}
    assert (
        all(hint.startswith("Kunci sampai ") for name, hint in rows.items() if name not in closed) and len(rows) == 19
    )
    assert "Closed: its keys have ended" in get(client, "/en/kunci").text


def test_keys_hold_until_the_first_week_that_one_member_lacks(deployment: Path, services: Services) -> None:
    directory, day = services.directory, today()
    ends, last = directory.key_ends(day), (epoch_of(day) + 26) * 7 - 1
    assert ends == dict.fromkeys(directory.roster.group_ids, last)
    week = epoch_of(day) + 3
    del directory.keys._keys["palembang-2", week]
    assert directory.key_ends(day)["palembang"] == week * 7 - 1, "a gap ends it, though later weeks are there"
    assert "palembang" not in directory.key_ends(week * 7)


def test_cover_is_drawn_for_open_groups_alone_and_not_at_all_without_one(services: Services) -> None:
    keys, week = services.directory.keys, epoch_of(today())
    for place in [p for p in keys._keys if p[1] == week and not p[0].startswith("sumsel")]:
        del keys._keys[place]
    services.make_cover()
    for place in [p for p in keys._keys if p[1] == week]:
        del keys._keys[place]
    with pytest.raises(Closed):
        services.make_cover()
    assert services.sealing(services.directory, today()) is Sealing.NO_KEYS


# --- a province that starts alone ----------------------------------------------------------------------


def test_without_reviewers_at_the_fallback_a_message_must_name_its_readers(
    demo: Path, deployment: Path, small: Path
) -> None:
    home = deployment / "server"
    roster = Directory.load(home).roster
    client, services = serve_with(demo, home, groups=without_members(roster, "kpk"))
    words = report(client).words
    page = open_box(client, words)
    assert "Tanpa dua jawaban pertama pesan ini tidak dapat dikirim." in page.text and "Jika kosong" not in page.text
    before = len(waiting(services))
    for files in ([], [("a.bin", b"x" * 10, "image/png")]):
        asked = write(client, page, "tambahan saya", files)
        assert asked.status == 422 and "tambahan saya" in asked.text and len(waiting(services)) == before
        assert 'id="galat-wilayah"' in asked.text and 'id="galat-jenjang_terlapor"' in asked.text
    routing = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi"}
    assert write(client, asked, "tambahan saya", **routing).status == 200
    assert len(letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))) == 2


def test_control_with_reviewers_at_the_fallback_the_page_names_it(client: FlaskClient) -> None:
    page = open_box(client, report(client).words)
    assert "Jika kosong, hanya Komisi Pemberantasan Korupsi (KPK)" in page.text and "Tanpa dua jawaban" not in page.text
    assert write(client, page, "tambahan").status == 200


def test_a_message_for_a_unit_that_was_dissolved_is_routed_anew(demo: Path, deployment: Path, small: Path) -> None:
    home = deployment / "server"
    roster = Directory.load(home).roster
    client, services = serve_with(demo, home, groups=without_members(roster, "palembang"))
    words = report(client).words
    bring_news(services, small, words, readers=("palembang",))
    page = open_box(client, words)
    assert "tidak lagi bertugas di sini" in page.text and "Pembaca laporan Anda:" not in page.text
    assert write(client, page, "tambahan", **PALEMBANG, jangan_dibuka="tidak-ada").status == 200
    assert opened(services, small, "palembang", "palembang-1", "palembang-2") == []
    assert len(letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))) == 2


def test_where_units_have_no_reviewers_the_form_says_so_before_sending(
    demo: Path, deployment: Path, small: Path
) -> None:
    home = deployment / "server"
    roster = Directory.load(home).roster
    names = [g.id for g in roster.groups if g.id != "sumsel"]
    client, services = serve_with(demo, home, groups=without_members(roster, *names))
    some = "Belum semua daerah punya petugas dengan kunci yang berlaku."
    assert some in get(client, "/lapor").text
    asked = post(client, "/lapor/siapa", PALEMBANG)
    assert re.search(r"tidak dapat membuka: <b>Inspektorat Kota Palembang</b>", asked.text)
    assert report(client, **PALEMBANG).status == 200
    assert len(letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))) == 1
    page = get(client, "/lapor")
    assert len(page.body) == PAGE_STEP, "the form still fits one step"
    nobody = report(client, jenjang_terlapor="gubernur")
    assert nobody.status == 503 and "tidak ada petugas yang boleh membaca" in nobody.text and CHANNELS in nobody.text


def test_control_where_every_unit_has_reviewers_the_form_says_nothing_of_it(client: FlaskClient) -> None:
    assert "Belum semua daerah" not in get(client, "/lapor").text
    assert "tidak dapat membuka:" not in post(client, "/lapor/siapa", PALEMBANG).text


# --- status --------------------------------------------------------------------------------------------


def test_status_is_good_when_nobody_needs_to_do_anything(services: Services, deployment: Path) -> None:
    code, found = status(deployment / "server")
    assert code == 0 and (found["sealing"], found["closed_groups"], found["ends"]) == ("ready", [], [])
    assert found["greatest_day"] == date_of(services.directory.roster.issued).isoformat()
    shown = command(deployment / "server", "status")
    assert shown.exit_code == 0 and "reports are taken" in shown.stderr and "closed groups" in shown.stdout


@pytest.mark.parametrize(
    ("days", "sealing"), [(-1, "clock-behind"), (MOST_DAYS_UNSIGNED + 1, "clock-unsure"), (401, "clock-unsure")]
)
def test_status_says_why_nothing_is_sealed_and_ends_with_1(
    services: Services, deployment: Path, set_clock: SetClock, days: int, sealing: str
) -> None:
    set_clock(after_issue(services, days))
    code, found = status(deployment / "server")
    assert (code, found["sealing"]) == (1, sealing)
    words = command(deployment / "server", "status").stderr
    assert "no report is taken" in words and date_of(today()).isoformat() in words


def test_status_says_that_the_roster_has_ended(demo: Path, deployment: Path) -> None:
    home = deployment / "server"
    serve_with(demo, home, issued=today() - 10, expires=today() - 1)
    code, found = status(home)
    ended = date_of(today() - 1).isoformat()
    assert (code, found["sealing"], found["ends"]) == (1, "roster-ended", [f"the roster ended on {ended}"])


def test_status_names_closed_groups_and_ends_with_1(deployment: Path) -> None:
    drop_batches(deployment / "server", "palembang-1")
    code, found = status(deployment / "server")
    assert (code, found["sealing"], found["closed_groups"], found["ends"]) == (1, "ready", ["palembang"], [])


@pytest.mark.parametrize(("left", "warned"), [(28, True), (29, False)])
def test_status_warns_28_days_before_the_roster_or_keys_end(
    demo: Path, deployment: Path, services: Services, left: int, warned: bool, set_clock: SetClock
) -> None:
    home = deployment / "server"
    services.store.engine.dispose()
    end = today() + left
    serve_with(demo, home, expires=end)
    code, found = status(home)
    assert code == int(warned) and found["ends"] == [f"the roster ends on {date_of(end)}"] * warned
    serve_with(demo, home, expires=today() + 400)
    last = (epoch_of(today()) + 26) * 7 - 1
    set_clock(last - left - today())
    _, found = status(home)
    assert (
        found["ends"]
        == [f"keys of {g} end on {date_of(last)}" for g in sorted(services.directory.roster.group_ids)] * warned
    )


def test_the_marks_survive_a_restart(services: Services, tmp_path: Path, key: SigningKey, set_clock: SetClock) -> None:
    set_clock(7)
    path, _ = outbox(services, tmp_path, key, records(services, key))
    receive(services, path)
    set_clock(0)
    again = Services.open(services.settings)
    assert again.greatest_day() == today() + 7 and again.sealing(again.directory, today()) is Sealing.BEHIND
    with again.store.reading() as connection:
        assert read_mark(connection, "ver", "sumsel") == 1 and read_mark(connection, "ver", "kpk") is None


@pytest.mark.parametrize(("ahead", "code"), [(0, 0), (2, 1)])
def test_a_new_roster_opens_the_box_again_unless_its_day_is_still_to_come(
    demo: Path, deployment: Path, services: Services, tmp_path: Path, set_clock: SetClock, ahead: int, code: int
) -> None:
    set_clock(MOST_DAYS_UNSIGNED + 1)
    path = tmp_path / "roster.senyap"
    path.write_bytes(successor(demo, services.directory.roster, issued=today() + ahead))
    done = command(deployment / "server", "roster", str(path))
    assert done.exit_code == code and ("no report is taken" in done.stderr) == bool(code)
    ready = services.sealing(services.current.look(), today()) is Sealing.READY
    assert ready == (not code)


def test_a_bundle_raises_the_greatest_day_so_that_no_report_is_sealed_before_it_again(
    services: Services, set_clock: SetClock, tmp_path: Path
) -> None:
    """Stations erase keys by the days of bundles: a clock that goes back after one must not find them in use."""
    set_clock(40)
    write_bundle(services, "sumsel", tmp_path)
    set_clock(6)
    assert services.sealing(services.directory, today()) is Sealing.BEHIND
    set_clock(200)  # unsure: a day like this proves nothing
    write_bundle(services, "sumsel", tmp_path)
    set_clock(41)
    assert services.sealing(services.directory, today()) is Sealing.READY
