"""station.canaries: a letter that the station knows is told from reports, and missed when it does not come."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import sqlalchemy as sa
from conftest_station import SIZES, Reporter, Stick, Terminal, attach, give, sit, weak, world  # noqa: F401

from crypto import bundle
from crypto.bundle import Manifest
from crypto.encoding import date_of, today
from crypto.letter import Letter
from crypto.mailbox import open_news, place
from station import canaries, cases, tables
from station.canaries import Reason, State
from station.desk import Desk
from station.errors import BadSettings, Refused
from station.home import Home
from station.inbox import Imported, import_bundle
from station.outbox import make_outbox
from station.rekey import rekey
from station.screen import canaries_text

ME = ("sumsel-1", "sumsel-2")
PATIENCE = 14
TEXT = (
    "Pengadaan genset di balai benih Lubuk Selasar nilainya jauh di atas harga toko. Lalu berita acara ditandatangani "
    "sebelum barang datang! Bukti ada di map hijau, nilainya Rp4.500.000 menurut seorang pegawai bernama Rusdi Kalingsari."
)
PLACE = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "jangan_dibuka": "inspektorat-daerah"}


@pytest.fixture(autouse=True)
def _one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    table = world().table
    monkeypatch.setattr("station.home.Home.key_table", lambda self: table)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return world().copy_home("sumsel", tmp_path)


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    with sit(home, *ME) as opened:
        yield opened


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


def out(desk: Desk, text: str = TEXT, *, day: int | None = None, files: int = 0) -> int:
    """Let a canary out, to be sent today unless another day is given."""
    with desk.vault.begin() as transaction:
        fields = PLACE | {"uraian": text}
        return canaries.note(transaction, fields, files=files, day=today() if day is None else day)


def sung(text: str = TEXT, reporter: Reporter | None = None, **changes: Any) -> Letter:
    """Return the letter of a canary."""
    return (reporter or Reporter()).report(**{"fields": PLACE | {"uraian": text, "waktu": "Mei"}} | changes)


def take(desk: Desk, stick: Stick, *letters: Letter, day: int | None = None) -> Imported:
    """Import a bundle of a day, tomorrow's unless another is given, on that day."""
    day = today() + 1 if day is None else day
    return import_bundle(desk, stick.write([world().letter_row(x) for x in letters], day=day), day=day)


def boxed(source: BinaryIO, manifest: Manifest) -> dict[bytes, bytes]:
    """Return the mailbox rows of an outbox by id."""
    boxes = [record for kind, record in bundle.iter_records(source, manifest) if kind == "mailbox"]
    return {box[:16]: box[16:] for box in boxes}


def states(desk: Desk, day: int | None = None) -> list[State]:
    with desk.vault.begin() as transaction:
        found = canaries.list_canaries(
            transaction, station="sumsel", day=today() + 1 if day is None else day, patience=PATIENCE
        )
    assert all(bool(each.alarm) == (each.state in canaries.ALARMS) for each in found)
    return [each.state for each in found]


def settle(desk: Desk, reason: Reason, number: int = 1, day: int | None = None) -> None:
    with desk.vault.begin() as transaction:
        canaries.settle(transaction, number, reason, day=today() + 1 if day is None else day)


# --- it comes ----------------------------------------------------------------------------------------


def test_a_canary_that_comes_is_no_report_and_no_alarm(desk: Desk, stick: Stick):
    out(desk)
    found = take(desk, stick, sung(), Reporter().report("jembatan retak"))
    assert (found.new, found.canaries, found.alarms) == (1, 1, ())
    assert states(desk) == [State.ARRIVED]
    with desk.vault.begin() as transaction:
        lines = {line.case: line.canary for line in cases.list_cases(transaction, desk.home)}
        shown = {name: cases.show_case(transaction, name) for name in lines}
    assert sorted(lines.values()) == [0, 1]
    assert {name: case.canary for name, case in shown.items()} == lines
    assert {case.fields["uraian"] == TEXT: case.canary for case in shown.values()} == {True: 1, False: 0}


@pytest.mark.parametrize(
    "typed",
    [
        TEXT.upper(),
        "  " + TEXT.replace(" ", "\n"),
        TEXT.replace(".", "").replace(",", " ;").replace("!", " …"),
        unicodedata.normalize("NFD", TEXT.replace("genset", "génset")),
        TEXT.rstrip(".") + " 🙂",
    ],
)
def test_case_blanks_and_punctuation_may_be_typed_otherwise(desk: Desk, stick: Stick, typed: str):
    out(desk, TEXT.replace("genset", "génset") if "\u0301" in typed else TEXT)
    found = take(desk, stick, sung(typed))
    assert (found.new, found.canaries, found.alarms) == (0, 1, ())


def test_a_slip_of_the_thumb_is_said_and_makes_no_report_of_a_canary(desk: Desk, stick: Stick):
    out(desk)
    slipped = sung(TEXT.replace("ditandatangani", "ditanda tangani").replace("seorang", "seorag"))
    found = take(desk, stick, slipped)
    assert (found.new, found.canaries) == (0, 1) and states(desk) == [State.ARRIVED]
    assert found.alarms == ("kenari 1 tiba, tetapi: teksnya tidak persis sama",)


def test_a_report_that_shares_some_words_with_a_canary_is_a_report(desk: Desk, stick: Stick):
    out(desk)
    words = TEXT.split()
    other = " ".join(words[: len(words) // 3]) + " dan sejak itu tidak ada yang berani bertanya kepada kepala balai"
    found = take(desk, stick, sung(other))
    assert (found.new, found.canaries) == (1, 0) and states(desk) == [State.MISSING]


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"day": today() - 2}, "early"),
        ({"fields": PLACE | {"uraian": TEXT, "jenjang_terlapor": "desa"}}, "routing"),
        ({"fields": PLACE | {"uraian": TEXT, "jangan_dibuka": ""}}, "exclusion"),
        ({"attachments": ()}, "files"),
        ({"readers": ("sumsel", "kpk")}, "readers"),
    ],
)
def test_what_is_strange_about_a_canary_is_said(desk: Desk, stick: Stick, changes: dict[str, Any], remark: str):
    data = b"rincian"
    file = attach(data)
    out(desk, files=1)
    letter = replace(sung(files=[file]), **changes)
    path = stick.write([world().letter_row(letter), *world().part_rows(file, data)], day=today() + 1)
    found = import_bundle(desk, path, day=today() + 1)
    assert found.alarms == (f"kenari 1 tiba, tetapi: {canaries.REMARKS[remark]}",)
    with desk.vault.begin() as transaction:
        (canary,) = canaries.list_canaries(transaction, station="sumsel", day=today() + 1, patience=PATIENCE)
    assert (canary.state, canary.remarks) == (State.ARRIVED, (remark,))
    assert len(canaries_text([canary]).splitlines()) == 2


def test_the_evening_before_by_universal_time_is_the_day_itself_in_sumatra(desk: Desk, stick: Stick):
    out(desk)
    assert take(desk, stick, sung(day=today() - 1)).alarms == ()


def test_the_hashes_are_those_of_the_formats(desk: Desk):
    text = "Re\u0301HAB, \ufb01le – Rp4.500; " + "dua belas kata atau lebih agar tidak terlalu pendek untuk ini"
    words = ["r\u00e9hab", "file", "rp4", "500", *text.split("; ")[1].split()]
    out(desk, text)
    with desk.vault.begin() as transaction:
        row = transaction.execute(sa.select(tables.canaries)).one()
    assert row.fingerprint == hashlib.sha256(b"senyap/v1/canary\0" + "".join(words).encode()).digest()
    runs = [" ".join(words[at : at + 4]).encode() for at in range(len(words) - 3)]
    hashes = (hashlib.sha256(b"senyap/v1/canary-piece\0" + run).hexdigest()[:16] for run in runs)
    assert row.pieces == sorted(hashes)


# --- it does not come --------------------------------------------------------------------------------


def test_a_row_that_was_dropped_is_an_alarm_until_somebody_settles_it(desk: Desk, stick: Stick):
    out(desk)
    assert take(desk, stick, Reporter().report(), day=today()).alarms == (), "it may still come today"
    (alarm,) = take(desk, stick, Reporter().report()).alarms
    assert "kenari 1" in alarm and "mungkin dibuang" in alarm and "--settle 1" in alarm
    assert take(desk, stick).alarms == (alarm,), "and again"
    settle(desk, Reason.LOST)
    assert take(desk, stick).alarms == () and states(desk) == [State.SETTLED]


def test_a_row_sealed_to_other_keys_is_an_alarm(desk: Desk, stick: Stick):
    out(desk)
    stolen = world().letter_row(sung(), readers=("palembang",))
    found = import_bundle(desk, stick.write([stolen], day=today() + 1), day=today() + 1)
    assert (found.foreign, found.canaries) == (1, 0)
    assert "dikunci untuk orang lain" in found.alarms[0]


def test_days_without_a_bundle_are_an_alarm(desk: Desk, stick: Stick):
    out(desk)
    take(desk, stick, day=today())
    assert states(desk, today() + PATIENCE) == [State.OUT]
    assert states(desk, today() + PATIENCE + 1) == [State.SILENCE]


def test_a_unit_says_how_many_days_without_a_bundle_are_an_alarm(home: Path, stick: Stick):
    (home / "station.toml").write_text("canary_days = 3\n")
    with sit(home, *ME) as desk:
        out(desk)
        path = stick.write([], day=today())
        assert import_bundle(desk, path, day=today() + 3).alarms == ()
        (alarm,) = import_bundle(desk, path, day=today() + 4).alarms
        assert "3 hari sesudahnya belum ada bundel" in alarm


@pytest.mark.parametrize("text", ["canary_days = 0", "canary_days = 91", "canary_days = true"])
def test_another_number_of_days_is_refused(home: Path, text: str):
    (home / "station.toml").write_text(text)
    with pytest.raises(BadSettings, match="canary_days harus bilangan bulat dari 1 sampai 90"):
        Home.load(home)


def test_a_bundle_whose_clock_runs_ahead_makes_no_alarm(desk: Desk, stick: Stick):
    out(desk)
    path = stick.write([], day=today() + 2)
    assert import_bundle(desk, path, day=today()).alarms == ()
    assert states(desk, today()) == [State.OUT]


def test_an_alarm_says_that_a_row_which_waits_for_reviewers_may_be_it(desk: Desk, stick: Stick):
    out(desk)
    with desk.vault.begin() as transaction:
        held = {"digest": bytes(64), "raw": bytes(262_144), "epoch": world().epoch, "tried": "sumsel-1"}
        transaction.execute(sa.insert(tables.held_rows).values(held))
        transaction.execute(
            sa.insert(tables.bundles).values(
                sender="server", to="sumsel", seq=1, hash=b"", previous=b"", day=today() + 1, applied_seq=0,
                applied_hash=b"", roster_version=1, oldest_epoch=0,
            )
        )  # fmt: skip
        (alarm,) = canaries.alarms(transaction, station="sumsel", day=today() + 1, patience=PATIENCE)
    assert "mungkin ada di antara 1 baris yang menunggu penelaah lain" in alarm


def test_a_canary_without_all_parts_of_its_file_is_an_alarm(desk: Desk, stick: Stick):
    out(desk, files=1)
    file = attach(b"rincian")
    (alarm,) = take(desk, stick, sung(files=[file])).alarms
    assert "berkasnya tidak lengkap" in alarm and states(desk) == [State.INCOMPLETE]
    import_bundle(desk, stick.write(world().part_rows(file, b"rincian")))
    assert states(desk) == [State.ARRIVED]


def test_parts_that_never_come_are_an_alarm_until_that_is_settled(desk: Desk, stick: Stick):
    out(desk, files=1)
    take(desk, stick, sung(files=[attach(b"rincian")]))
    settle(desk, Reason.LOST)
    assert states(desk) == [State.ARRIVED] and take(desk, stick).alarms == ()


# --- it comes again, or although -----------------------------------------------------------------------


def test_a_canary_that_comes_twice_is_an_alarm_and_neither_is_a_report(desk: Desk, stick: Stick):
    out(desk)
    take(desk, stick, sung())
    found = take(desk, stick, sung())
    assert (found.new, found.canaries) == (0, 1) and "tiba lebih dari sekali" in found.alarms[0]
    settle(desk, Reason.SENT_TWICE)
    assert take(desk, stick).alarms == ()
    assert "tiba lebih dari sekali" in take(desk, stick, sung()).alarms[0], "a third time is another matter"


def test_the_same_letter_again_is_a_repeat_and_no_alarm(desk: Desk, stick: Stick):
    out(desk)
    reporter = Reporter()
    take(desk, stick, sung(reporter=reporter))
    found = take(desk, stick, sung(reporter=reporter))
    assert (found.new, found.repeated, found.alarms) == (0, 1, ()) and states(desk) == [State.ARRIVED]


def test_a_further_letter_to_a_canarys_mailbox_is_said_and_can_be_read(desk: Desk, stick: Stick):
    out(desk)
    reporter = Reporter()
    found = take(desk, stick, sung(reporter=reporter), reporter.follow_up("laporan sungguhan"))
    assert (found.new, found.canaries) == (1, 1)
    assert found.alarms == (
        "surat lanjutan datang untuk kenari 1, padahal tidak ada yang boleh punya kodenya: baca surat itu",
    )
    with desk.vault.begin() as transaction:
        assert cases.show_case(transaction, "K-0001").messages[0].text == "laporan sungguhan"


def test_a_report_that_ends_in_a_canarys_text_stays_a_report(desk: Desk, stick: Stick):
    """A drop box that knows a recipe cannot hide a case behind it."""
    out(desk)
    reporter = Reporter()
    found = take(desk, stick, reporter.report("jembatan retak"), sung(reporter=reporter, day=today() + 1))
    assert (found.new, found.canaries) == (2, 0) and states(desk) == [State.MISSING]


def test_a_report_with_a_canarys_words_behind_it_stays_a_report(desk: Desk, stick: Stick):
    out(desk)
    real = (
        "Uang bantuan untuk warga dipotong oleh perangkat desa setiap bulan sejak awal tahun dan tidak ada yang berani "
    )
    real += "bertanya karena semua yang bertanya dicoret dari daftar penerima pada bulan berikutnya tanpa alasan apa pun juga"
    assert len(real.split()) > len(TEXT.split())
    found = take(desk, stick, sung(real + " " + TEXT))
    assert (found.new, found.canaries) == (1, 0)


def test_one_that_comes_after_it_was_settled_as_not_sent_is_an_alarm(desk: Desk, stick: Stick):
    out(desk)
    settle(desk, Reason.NOT_SENT)
    found = take(desk, stick, sung())
    assert found.canaries == 1 and "dicatat not-sent" in found.alarms[0] and states(desk) == [State.CONTRARY]
    settle(desk, Reason.SENT_LATE)
    assert states(desk) == [State.ARRIVED]


def test_one_that_was_sent_late_must_come_with_the_next_bundle(desk: Desk, stick: Stick):
    out(desk)
    take(desk, stick)
    settle(desk, Reason.SENT_LATE, day=today() + 1)
    assert states(desk) == [State.OUT]
    assert take(desk, stick, day=today() + 1).alarms == ()
    (alarm,) = take(desk, stick, day=today() + 2).alarms
    assert date_of(today() + 1).isoformat() in alarm
    settle(desk, Reason.SENT_LATE, day=today() + 5)
    assert take(desk, stick, sung()).alarms == (), "nor is it early, though that was noted days after it was sent"


def test_what_cannot_be_is_not_noted(desk: Desk, stick: Stick):
    out(desk)
    with pytest.raises(Refused, match="nomor itu tidak ada"):
        settle(desk, Reason.LOST, 2)
    with pytest.raises(Refused, match="tidak tiba dua kali"):
        settle(desk, Reason.SENT_TWICE)
    take(desk, stick, sung())
    with pytest.raises(Refused, match="sudah tiba"):
        settle(desk, Reason.NOT_SENT)
    with pytest.raises(Refused, match="tidak ada yang hilang"):
        settle(desk, Reason.LOST)
    assert states(desk) == [State.ARRIVED]


# --- what it leaves ----------------------------------------------------------------------------------


def test_a_text_serves_once(desk: Desk):
    out(desk)
    split = " ".join(word for piece in TEXT.split() for word in (piece[:2], piece[2:]) if word)
    for again in (TEXT, TEXT.lower() + " Terima kasih", TEXT.replace("genset", "pompa"), split):
        with pytest.raises(Refused, match="tiap teks dipakai sekali"):
            out(desk, again)
    with pytest.raises(Refused, match="kurang dari 12 kata"):
        out(desk, "terlalu pendek untuk dikenali lagi")
    assert (
        out(desk, "Seorang bendahara menyimpan uang kas di rumahnya sejak Mei dan tidak pernah menjawab bila ditanya")
        == 2
    )


def test_no_word_of_a_text_is_kept(desk: Desk):
    out(desk)
    with desk.vault.begin() as transaction:
        kept = str(transaction.execute(sa.select(tables.canaries)).all()).casefold()
    assert "pegawai-provinsi" in kept, "what a text would look like here"
    assert not [word for word in ("genset", "lubuk", "kalingsari") if word in kept]


@pytest.mark.parametrize("is_canary", [True, False])
def test_an_outbox_with_a_canarys_mailbox_has_the_numbers_of_any(
    desk: Desk, stick: Stick, tmp_path: Path, is_canary: bool
):
    if is_canary:
        out(desk)
    reporter = Reporter()
    assert take(desk, stick, sung(reporter=reporter)).canaries == int(is_canary)
    made = make_outbox(desk, tmp_path / "out")
    with made.open("rb") as source:
        manifest, _, _ = bundle.read_manifest(source, bundle.OUTBOX)
        boxes = boxed(source, manifest)
    assert len(boxes) == SIZES.mailboxes
    row = boxes[place(reporter.mailbox, "sumsel", 1)]  # its writer can read that it came
    newest = open_news(row, reporter.reply, reporter.mailbox, [desk.home.station.key])
    assert (newest.status, len(newest.arrivals), newest.messages) == ("received", 1, ())


def test_a_vault_from_before_gets_the_tables_and_keeps_what_it_has(home: Path, stick: Stick):
    with sit(home, *ME) as desk:
        take(desk, stick, Reporter().report("jembatan retak"))
        with desk.vault.begin() as transaction:
            transaction.exec_driver_sql("DROP TABLE canary_cases")
            transaction.exec_driver_sql("DROP TABLE canaries")
    with sit(home, *ME) as desk:
        with desk.vault.begin() as transaction:
            assert cases.show_case(transaction, "K-0001").fields["uraian"] == "jembatan retak"
        out(desk)
        assert take(desk, stick, sung()).canaries == 1


def test_another_vault_key_keeps_the_canaries(home: Path, stick: Stick):
    with sit(home, *ME) as desk:
        out(desk)
    rekey(home, {name: world().passphrases[name] for name in ME})
    with sit(home, *ME) as desk:
        assert "mungkin dibuang" in take(desk, stick).alarms[0]


# --- at the terminal ---------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path, home: Path) -> Terminal:
    return Terminal(tmp_path, "sumsel", ME, home)


def test_commands_end_loudly_until_a_missing_canary_is_settled(terminal: Terminal, stick: Stick):
    with sit(terminal.home, *ME) as desk:
        out(desk, day=today() - 1)
    imported = terminal.run("import", str(stick.write([])), "--json")
    assert imported.exit_code == 1 and "kenari 1" in json.loads(imported.stdout)["alarms"][0]
    listed, shown = terminal.run("list", "--json"), terminal.run("canary", "--json")
    assert (listed.exit_code, listed.stdout) == (1, "[]\n") and "kenari 1" in listed.stderr
    assert shown.exit_code == 7 and "kenari 1" in shown.stderr
    (canary,) = json.loads(shown.stdout)
    assert set(canary) == {"number", "day", "state", "because", "cases", "remarks", "alarm"}
    assert (canary["state"], canary["because"]) == ("missing", "")
    assert "TIDAK TIBA" in terminal.run("canary").stdout
    noted = terminal.run("canary", "--settle", "1", "--because", "not-sent")
    assert (noted.exit_code, noted.stdout) == (0, "")
    for command in ("list", "canary"):
        assert terminal.run(command).exit_code == 0
    assert "(not-sent)" in terminal.run("canary").stdout


def test_list_and_show_say_in_words_that_a_case_is_a_canary(terminal: Terminal, stick: Stick):
    with sit(terminal.home, *ME) as desk:
        out(desk)
    rows = [world().letter_row(letter) for letter in (sung(), Reporter().report("jembatan retak"))]
    assert "kenari" in terminal.run("import", str(stick.write(rows))).stdout
    lines = terminal.run("list").stdout.splitlines()
    assert sum("KENARI 1: bukan laporan" in line for line in lines) == 1 and len(lines) == 3
    by_canary = {line["canary"]: line["case"] for line in json.loads(terminal.run("list", "--json").stdout)}
    shown = {number: terminal.run("show", case, "--no-conflict") for number, case in by_canary.items()}
    assert shown[1].stdout.startswith("KENARI 1: surat uji") and "KENARI" not in shown[0].stdout
    assert json.loads(terminal.run("show", by_canary[1], "--no-conflict", "--json").stdout)["canary"] == 1
    assert by_canary[1] in terminal.run("canary").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "DIR"),
        ("--on", "2026-12-01"),
        ("--to", "DIR", "--on", "besok"),
        ("--file",),
        ("--exclude", "inspektorat-daerah"),
        ("--to", "DIR", "--on", "2026-12-01", "--exclude", "kpk"),
        ("--to", "DIR", "--on", "2026-12-01", "--exclude", "tidak-ada", "--exclude", "inspektorat-daerah"),
        ("--settle", "1"),
        ("--because", "lost"),
        ("--settle", "1", "--because", "bosan"),
        ("--settle", "0", "--because", "lost"),
        ("--settle", "1", "--because", "lost", "--to", "DIR", "--on", "2026-12-01"),
        ("--to", "DIR", "--on", "2026-12-01", "--json"),
    ],
)
def test_wrong_use_ends_with_2_before_any_passphrase(terminal: Terminal, tmp_path: Path, arguments: tuple[str, ...]):
    terminal.keys.clear()
    result = terminal.run("canary", *(str(tmp_path / "out") if x == "DIR" else x for x in arguments))
    assert result.exit_code == 2 and "Penelaah" not in result.output
    assert not (tmp_path / "out").exists()


def test_a_station_taken_out_lists_its_canaries_and_lets_none_out(tmp_path: Path):
    terminal = Terminal(tmp_path, "palembang", ("palembang-1",))
    give(
        terminal.home, world().next_roster(stations=tuple(s for s in world().roster.stations if s.id != "palembang"))[1]
    )
    assert terminal.run("canary").exit_code == 0
    day = date_of(today()).isoformat()
    for arguments in (("--to", str(tmp_path / "out"), "--on", day), ("--settle", "1", "--because", "lost")):
        result = terminal.run("canary", *arguments)
        assert result.exit_code == 3 and "dikeluarkan dari roster" in result.stderr


def test_a_bundle_that_a_collector_passes_on_does_not_make_a_canary_missing(tmp_path: Path) -> None:
    """It lacks what that collector has acknowledged; this station's own bundle lies behind it on the stick."""
    home = world().copy_home("sumsel", tmp_path)
    stations = tuple(replace(s, collector=True) if s.id == "kpk" else s for s in world().roster.stations)
    _roster, data = world().next_roster(stations=stations)
    give(home, data)
    own, theirs = Stick(tmp_path / "own"), Stick(tmp_path / "kpk", to="kpk")
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        import_bundle(desk, own.write([], roster_version=2))
        out(desk)
        tomorrow = today() + 1
        passed_on = theirs.write(world().cover(), roster_version=2, day=tomorrow)
        assert not import_bundle(desk, passed_on, day=tomorrow).alarms
        assert states(desk) == [State.OUT]
        found = import_bundle(
            desk, own.write([world().letter_row(sung())], roster_version=2, day=tomorrow), day=tomorrow
        )
        assert found.canaries == 1 and states(desk) == [State.ARRIVED]
