"""/kotak and /kotak/pesan: what a code opens, who reads a follow-up, and what an outsider can tell."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from live import REPORT, Answer
from markupsafe import escape
from sqlalchemy import update
from web import get, letters_of, open_box, opened, post, put_news, report, ring, waiting

from crypto import letter as letters
from crypto import mailbox, passphrase, receipt
from crypto.bundle import Taken
from crypto.claim import read_claim
from crypto.encoding import today
from crypto.signing import SigningKey
from dropbox.chain import advance
from dropbox.errors import Busy
from dropbox.headers import PAGE_STEP
from dropbox.mailboxes import kept_id, replace_rows
from dropbox.pages import mailbox as pages
from dropbox.services import Services
from dropbox.store import mailboxes
from keys.keyring import open_quorum
from station.letters import letter_text


def station_key(small: Path, station: str) -> SigningKey:
    """Unlock a demo station's signing key with its quorum."""
    home = small / "stations" / station
    words = dict(line.split("\t") for line in (small / "demo-passphrases.txt").read_text().splitlines())
    quorum = {who: words[who] for who in words if who in (f"{station}-1", f"{station}-2")}
    _, key = open_quorum(home / "keyring", quorum)
    return SigningKey.from_seed(
        passphrase.open_with_key(key, (home / "station.key").read_bytes(), f"senyap/v1/station/{station}")
    )


def bring_news(
    services: Services, small: Path, words: Sequence[str], *, texts: Sequence[str] = (), station: str = "sumsel",
    readers: Sequence[str] = ("sumsel",), seq: int = 4, status: str = "need_info", due: int = 7,
) -> receipt.Receipt:  # fmt: skip
    """Put a station's row for this code into the mailbox table, as an outbox would."""
    secrets = receipt.derive(receipt.read_code(" ".join(words))[0].code, services.directory.roster.deployment)
    messages = tuple(mailbox.Message(today(), station, text) for text in texts)
    arrival = mailbox.Arrival(b"o" * 16, b"h" * 32, today(), 1, 1)
    news = mailbox.News(seq, today(), status, tuple(readers), messages, (arrival,), today() + due)
    row = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, station_key(small, station))
    with services.store.writing() as connection:
        put_news(connection, station, secrets, row)
    return secrets


def write(client: FlaskClient, page: Answer, text: str, files=(), **more: str | list[str]) -> Answer:
    return post(client, "/kotak/pesan", {"sesi": page.hidden("sesi"), "pesan": text, **more}, files)


@pytest.mark.both_databases
def test_before_the_first_courier_the_page_says_when_news_will_come(client: FlaskClient) -> None:
    page = open_box(client, report(client).words)
    assert page.status == 200 and 'data-status="none"' in page.text and "Belum ada kabar" in page.text
    assert len(re.findall(r"\d{1,2} \w+ 20\d\d", page.text)) >= 2


@pytest.mark.both_databases
def test_status_messages_and_arrivals_are_shown_newest_first(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words, texts=["satu <b>", "dua"])
    page = open_box(client, words)
    assert 'data-status="need_info"' in page.text and "kiriman kurir nomor 4" in page.text
    assert page.text.index('id="pesan-2"') < page.text.index('id="pesan-1"')
    assert "Kirim pesan dan jawaban</button>" in page.text, "the lower button takes the answers above it along"
    assert "satu &lt;b&gt;" in page.text and " ".join(secrets.name) in page.text
    assert "1 dari 1" in page.text


def test_every_mailbox_answer_has_the_same_length(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    answers = [get(client, "/kotak"), open_box(client, words), post(client, "/kotak", {"kode": "salah"})]
    bring_news(services, small, words, texts=["panjang " * 400, "x"])
    hit = open_box(client, words)
    answers += [hit, write(client, hit, "tambahan"), get(client, "/en/kotak")]
    assert {len(a.body) for a in answers} == {65_536}


def test_a_code_never_given_out_opens_a_page_like_a_code_without_news(client: FlaskClient) -> None:
    used = open_box(client, report(client).words)
    never = open_box(client, receipt.code_words(b"0123456789"))
    plain = [re.sub(r'value="[^"]*"|<i id="nama-kotak">[^<]*</i>', "", a.text).strip() for a in (used, never)]
    assert plain[0] == plain[1] and used.status == never.status == 200


@pytest.mark.parametrize(
    "form", [str.upper, lambda w: "-".join(w.split()), lambda w: "\n".join(x[:4] for x in w.split())]
)
def test_a_code_is_read_however_it_is_typed(client: FlaskClient, services: Services, small, form) -> None:
    words = report(client).words
    bring_news(services, small, words)
    assert 'data-status="need_info"' in post(client, "/kotak", {"kode": form(" ".join(words))}).text


def test_the_mailbox_name_typed_too_is_ignored_and_a_wrong_name_is_not(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words)
    for typed in ([*words, *secrets.name], [*secrets.name, *words]):
        assert 'data-status="need_info"' in open_box(client, typed).text
    assert open_box(client, [*words, secrets.name[1], secrets.name[0]]).status in (
        422,
        200 * (secrets.name[0] == secrets.name[1]),
    )


def test_a_mistyped_code_is_answered_before_any_key_is_stretched(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a key was stretched")

    monkeypatch.setattr(receipt, "derive", never)
    words = list(receipt.code_words(b"0123456789"))
    unknown = open_box(client, [*words[:2], "bukankata", *words[3:]])
    assert unknown.status == 422 and "nomor 3" in unknown.text and 'id="galat-kode"' in unknown.text
    swapped = open_box(client, [words[1], words[0], *words[2:]])
    assert swapped.status == 422 and words[1] in swapped.text


@pytest.mark.both_databases
def test_a_row_that_no_station_signed_is_not_shown(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words, texts=["benar"])
    news = mailbox.News(9, today(), "closed_done", ("sumsel",), (mailbox.Message(today(), "sumsel", "palsu"),))
    forged = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, SigningKey.generate())
    with services.store.writing() as connection:
        put_news(connection, "sumsel", secrets, forged)
    page = open_box(client, words)
    assert page.status == 200 and "palsu" not in page.text and "tidak dapat diperiksa" in page.text


@pytest.mark.parametrize("courier_came", [False, True])
@pytest.mark.both_databases
def test_a_follow_up_reaches_the_readers_of_the_case_and_never_an_excluded_unit(
    client: FlaskClient, services: Services, small, courier_came: bool
) -> None:
    routing = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-daerah", "jangan_dibuka": "inspektorat-daerah"}
    words = report(client, **routing).words
    if courier_came:
        bring_news(services, small, words)
    sent = write(client, open_box(client, words), "Berkasnya ada di gudang.", [("peta.png", b"P" * 500_000, "image/png")],
                 **({} if courier_came else routing))  # fmt: skip
    assert sent.status == 200 and 'id="terkirim"' in sent.text
    records = opened(services, small, "sumsel", "sumsel-1", "sumsel-2")
    follow_up = next(x for x in letters_of(records) if x.type == letters.FOLLOW_UP)
    first = next(x for x in letters_of(records) if x.type == letters.REPORT)
    letters.check_thread(follow_up, first.thread_key)
    assert follow_up.mailbox == first.mailbox and follow_up.fields["pesan"] == "Berkasnya ada di gudang."
    assert opened(services, small, "palembang", "palembang-1", "palembang-2") == []


def test_each_question_has_its_own_answer_and_the_station_hears_which(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa PPK-nya?", "Di gudang mana?"])
    page = open_box(client, words)
    assert re.findall(r'name="(jawab-\d+)"', page.text) == ["jawab-2", "jawab-1"], "newest first"
    answers = {"jawab-2": "Di belakang kantor.", "jawab-1": "Tidak tahu."}
    assert write(client, page, "Masih berjalan.", **answers).status == 200
    sent = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    follow_up = next(x for x in sent if x.type == letters.FOLLOW_UP)
    assert answers.items() <= follow_up.fields.items()
    assert letter_text(follow_up) == (
        "(jawaban atas pesan 1)\nTidak tahu.\n\n(jawaban atas pesan 2)\nDi belakang kantor.\n\nMasih berjalan."
    )


def test_an_answer_alone_is_a_message_and_its_phrases_are_asked_about(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa?"])
    asked = write(client, open_box(client, words), "", **{"jawab-1": "Saya bendahara di sana."})
    assert asked.status == 422 and "Saya bendahara" in asked.text and "<mark>Saya bendahara</mark>" in asked.text
    assert 'id="galat"' not in asked.text
    typed = {"sesi": asked.hidden("sesi"), "jawab-1": "Saya bendahara di sana.", "pesan": "", "diperiksa": "ya"}
    assert 'id="terkirim"' in post(client, "/kotak/pesan", typed).text
    assert "pesan" not in letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))[-1].fields


def test_a_full_page_of_answers_and_marks_stays_within_its_length(
    client: FlaskClient, services: Services, small
) -> None:
    """The marks stand beside the text itself: what is whole there is short here."""
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa?"] * 6)
    page = open_box(client, words)
    for unit in ("a@b.id ", "0812-3456-7890 ", "a@b.id'\"&<>'\"&<>'\"&<>'\"&<> "):
        text = (unit * 5_000)[:5_000]
        asked = write(client, page, text, **{f"jawab-{n}": text for n in range(1, 7)})
        assert asked.status == 422 and "<mark>" in asked.text and len(asked.body) <= 262_144
        assert asked.text.count(escape(text.strip())) == 7


def test_of_more_answers_than_a_page_has_six_are_taken_and_a_letter_fits(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa?"])
    text = ("\\" * 5_000)[:5_000]
    assert write(client, open_box(client, words), "", **{f"jawab-{n}": text for n in range(1, 41)}).status == 200
    fields = next(
        x.fields
        for x in letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
        if x.type == letters.FOLLOW_UP
    )
    assert sorted(fields) == sorted(["surat", *(f"jawab-{n}" for n in range(35, 41))])


def test_an_answer_that_is_too_long_is_the_only_problem_when_no_message_was_typed(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa?"])
    page = write(client, open_box(client, words), "", **{"jawab-1": "x" * 5_001})
    assert page.status == 422 and 'id="galat-jawab-1"' in page.text and 'id="galat-pesan"' not in page.text


def test_when_nobody_can_open_a_box_just_now_code_and_answers_stay(
    client: FlaskClient, services: Services, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_text: str) -> None:
        raise Busy("too many are waiting")

    monkeypatch.setattr(pages, "stretch", busy)
    page = post(client, "/kotak/pesan", {"sesi": "lama", "kode": "satu dua", "jawab-1": "Tidak tahu."})
    assert page.status == 503 and ">\nsatu dua</textarea>" in page.text and ">\nTidak tahu.</textarea>" in page.text
    assert page.text.count('target="_blank"') >= 7, "every link leads away in a tab of its own"


def test_an_answer_that_is_refused_remembers_its_question(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa?"])
    page = write(client, open_box(client, words), "Satu lagi.", **{"jawab-1": "x" * 5_001})
    assert page.status == 422 and re.search(r'name="jawab-1"[^>]*aria-invalid[^>]*>\n' + "x" * 5_001, page.text)
    assert '<a href="#jawab-1">Jawaban Anda atas pesan 1:' in page.text and "Satu lagi." in page.text


@pytest.mark.parametrize("number", ["0", "-1", "satu", "1" * 9, "1\n"])
def test_a_number_that_is_none_is_left_out(client: FlaskClient, services: Services, small, number: str) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Siapa?"])
    assert write(client, open_box(client, words), "Dia.", **{f"jawab-{number}": "Itu."}).status == 200
    sent = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    assert set(next(x for x in sent if x.type == letters.FOLLOW_UP).fields) == {"pesan", "surat"}


@pytest.mark.parametrize(
    ("due", "status", "late"), [(-1, "review", True), (0, "review", False), (-1, "closed_done", False)]
)
def test_late_news_is_called_late(
    client: FlaskClient, services: Services, small, due: int, status: str, late: bool
) -> None:
    words = report(client).words
    bring_news(services, small, words, status=status, due=due)
    page = open_box(client, words)
    assert ('id="terlambat"' in page.text) is late and len(page.body) == 65_536


def test_a_follow_up_with_blank_routing_goes_to_the_fallback_alone(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client, wilayah="palembang", jenjang_terlapor="pegawai-daerah").words
    before = len(waiting(services))
    assert write(client, open_box(client, words), "tambahan").status == 200
    assert len(waiting(services)) == before + 1
    assert [x.type for x in letters_of(opened(services, small, "kpk", "kpk-1"))] == [letters.FOLLOW_UP]
    assert letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2")) == []


def test_routing_filled_in_does_not_change_the_readers_of_a_known_case(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words)
    write(client, open_box(client, words), "tambahan", wilayah="palembang", jenjang_terlapor="desa")
    assert opened(services, small, "palembang", "palembang-1") == []


def test_files_alone_are_a_message_and_nothing_at_all_is_not(client: FlaskClient, services: Services) -> None:
    page = open_box(client, report(client).words)
    empty = write(client, page, "  ")
    assert empty.status == 422 and 'id="galat-pesan"' in empty.text
    assert write(client, page, "", [("a.txt", b"a", "text/plain")]).status == 200


@pytest.mark.both_databases
def test_a_refused_message_keeps_its_text_and_its_files(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    bring_news(services, small, words)
    page = open_box(client, words)
    text = "panjang " * 700
    answer = write(client, page, text, [("a.txt", b"a", "text/plain")])
    assert answer.status == 422 and text.strip() in answer.text and "a.txt" in answer.text
    sent = write(client, answer, "pendek", [("b.txt", b"b", "text/plain")], berkas=answer.hidden("berkas"))
    assert sent.status == 200 and "a.txt" in sent.text and "b.txt" in sent.text
    found = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    (message,) = [x for x in found if x.type == letters.FOLLOW_UP]
    assert [a.name for a in message.attachments] == ["a.txt", "b.txt"]


def test_files_of_a_refused_message_can_be_taken_out_and_never_go_to_other_readers(
    client: FlaskClient, services: Services, small
) -> None:
    page = open_box(client, report(client).words)
    refused = write(client, page, "", wilayah="sumsel", jenjang_terlapor="pegawai-provinsi", pesan="x" * 5001,
                    files=[("a.txt", b"a", "text/plain")])  # fmt: skip
    same = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "berkas": refused.hidden("berkas")}
    without = write(client, refused, "tanpa berkas", **same, buang="0")
    assert without.status == 200 and "a.txt" not in without.text
    other = write(client, refused, "lain", **same | {"jenjang_terlapor": "gubernur"})
    assert other.status == 422 and 'id="galat-lampiran"' in other.text and "lain" in other.text


def test_files_of_one_box_or_form_never_go_with_another(client: FlaskClient, services: Services) -> None:
    mine, theirs = (open_box(client, report(client).words) for _ in range(2))
    routing = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi"}
    kept = write(client, mine, "x" * 5001, [("rahasia.txt", b"a", "text/plain")], **routing).hidden("berkas")
    stolen = write(client, theirs, "lain", berkas=kept, **routing)
    assert stolen.status == 422 and "rahasia.txt" not in stolen.text
    form = {"benih": get(client, "/lapor").hidden("benih"), **REPORT, "berkas": kept}
    into_report = post(client, "/lapor", form)
    assert into_report.status == 422 and "rahasia.txt" not in into_report.text
    assert "rahasia.txt" in write(client, mine, "pendek", berkas=kept, **routing).text


def test_a_message_that_points_to_its_writer_is_asked_about_once(client: FlaskClient, services: Services) -> None:
    page = open_box(client, report(client).words)
    before = len(waiting(services))
    asked = write(client, page, "Hubungi 0812-3456-7890 saja.")
    assert asked.status == 422 and "<mark>0812-3456-7890</mark>" in asked.text and 'id="terkirim"' not in asked.text
    assert len(waiting(services)) == before
    assert write(client, asked, "Hubungi 0812-3456-7890 saja.").status == 422
    assert 'id="terkirim"' in write(client, asked, "Hubungi 0812-3456-7890 saja.", diperiksa="ya").text


def test_when_the_session_has_ended_the_text_is_kept_and_the_code_asked_again(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words)
    answer = post(client, "/kotak/pesan", {"sesi": "AAAA", "pesan": "tetap ada"})
    assert answer.status == 422 and "tetap ada" in answer.text and 'name="kode"' in answer.text
    wrong = post(client, "/kotak/pesan", {"kode": "salah ketik", "pesan": "tetap ada"})
    assert wrong.status == 422 and "tetap ada" in wrong.text and 'id="galat-kode"' in wrong.text
    again = post(client, "/kotak/pesan", {"kode": " ".join(words), "pesan": "tetap ada"})
    assert again.status == 200 and 'id="terkirim"' in again.text
    kinds = [x.type for x in letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))]
    assert sorted(kinds) == [letters.FOLLOW_UP, letters.REPORT]


def test_when_the_session_has_ended_a_wish_to_delete_and_an_answer_are_not_lost(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Tahun berapa?"])
    wish = post(client, "/kotak/pesan", {"sesi": "AAAA", "tutup": "ya"})
    assert wish.status == 422 and "belum diminta dihapus" in wish.text and wish.hidden("tutup") == "ya"
    answer = post(client, "/kotak/pesan", {"sesi": "AAAA", "pesan": "", "jawab-1": "Tahun lalu."})
    assert answer.status == 422 and ">\nTahun lalu.</textarea>" in answer.text and 'name="pesan"' not in answer.text
    code = {"kode": " ".join(words)}
    assert (
        "Anda meminta kotak ini dihapus" in post(client, "/kotak/pesan", {**code, "tutup": wish.hidden("tutup")}).text
    )
    sent = post(client, "/kotak/pesan", {**code, "jawab-1": "Tahun lalu."})
    assert sent.status == 200
    found = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    fields = [x.fields for x in found if x.type == letters.FOLLOW_UP]
    assert sorted(f.get("tutup", "") + f.get("jawab-1", "") for f in fields) == ["Tahun lalu.", "ya"]


def test_the_session_field_holds_no_code_and_has_one_length(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    miss = open_box(client, words).hidden("sesi")
    bring_news(services, small, words, readers=("sumsel", "palembang"))
    assert len(open_box(client, words).hidden("sesi")) == len(miss)


def test_when_too_many_wait_a_busy_page_comes_at_once(client: FlaskClient, services: Services) -> None:
    words = report(client).words
    holds = [services.mailbox_lane.enter() for _ in range(services.settings.lanes)]
    for hold in holds:
        hold.__enter__()
    try:
        services.mailbox_lane._places._value = 0  # as if everybody else stood in line
        answer = open_box(client, words)
        assert answer.status == 503 and " ".join(words) in answer.text
    finally:
        services.mailbox_lane._places._value = services.settings.lanes
        for hold in holds:
            hold.__exit__(None, None, None)
    assert report(client).status == 200, "reports have lanes of their own"


def work_noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each seal and each open of a mailbox row is added."""
    calls: list[str] = []
    for name in ("seal_news", "open_news"):
        real = getattr(mailbox, name)
        monkeypatch.setattr(
            "dropbox.mailboxes." + name, lambda *a, _r=real, _n=name, **k: (calls.append(_n), _r(*a, **k))[1]
        )
    return calls


@pytest.mark.both_databases
def test_hit_and_miss_do_the_same_work(client: FlaskClient, services: Services, small, monkeypatch) -> None:
    words = report(client).words
    calls = work_noted(monkeypatch)
    open_box(client, words)
    missed, calls[:] = list(calls), []
    bring_news(services, small, words)
    calls.clear()
    open_box(client, words)
    assert calls == missed == ["seal_news", "open_news", "open_news"]


@pytest.mark.parametrize(
    ("leads", "follows"),
    [
        (("palembang", ("palembang", "sumsel")), ("sumsel", ("sumsel", "palembang"))),  # the roster knows better
        (("kpk", ("kpk", "palembang")), ("palembang", ("kpk", "palembang"))),  # it does not say; their own words do
    ],
)
def test_of_two_stations_that_answer_the_one_that_leads_is_heard(
    client: FlaskClient, services: Services, small, monkeypatch: pytest.MonkeyPatch, leads, follows
) -> None:
    words = report(client).words
    bring_news(services, small, words, station=leads[0], readers=leads[1], texts=["siapa saksinya?"], status="review")
    bring_news(services, small, words, station=follows[0], readers=follows[1], texts=["hubungi kami"], seq=9)
    calls = work_noted(monkeypatch)
    for _ in range(8):  # the order in which both are opened is drawn by lot
        calls.clear()
        page = open_box(client, words)
        assert "siapa saksinya?" in page.text and "hubungi kami" not in page.text
        assert calls == ["seal_news", "open_news", "open_news"], "as many as for one, and for none"


@pytest.mark.both_databases
@pytest.mark.one_database("postgresql")
def test_an_outbox_that_is_taken_while_a_box_is_opened_hides_no_answer(
    client: FlaskClient, services: Services, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words, texts=["siapa saksinya?"])
    real, taken = mailbox.place, []

    def place(*about: Any) -> bytes:
        """Between the two reads let the table become that of the next outbox."""
        if not taken:
            taken.append(1)
            with services.store.writing() as connection:
                advance(connection, "sumsel", "in", Taken(1, bytes(64)))
                connection.execute(update(mailboxes).values(id=kept_id("sumsel", real(secrets.mailbox, "sumsel", 1))))
        return real(*about)

    monkeypatch.setattr("dropbox.mailboxes.place", place)
    assert "siapa saksinya?" in open_box(client, words).text and taken
    assert "siapa saksinya?" in open_box(client, words).text, "and where it is now"


def test_a_row_in_the_place_of_another_station_is_not_read_and_hides_nothing(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words, texts=["dari sumsel"])
    news = mailbox.News(9, today(), "closed_done", ("kpk",), (mailbox.Message(today(), "kpk", "dari kpk"),))
    row = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, station_key(small, "kpk"))
    with services.store.writing() as connection:
        replace_rows(connection, "kpk", [(mailbox.place(secrets.mailbox, "sumsel", 0), row)])
    page = open_box(client, words)
    assert "dari sumsel" in page.text and "dari kpk" not in page.text


def test_the_ring_of_another_unit_finds_nothing_of_a_mailbox(client: FlaskClient, services: Services, small) -> None:
    report(client)
    assert ring(small, "palembang", "palembang-1") and opened(services, small, "palembang", "palembang-1") == []
    assert REPORT["wilayah"] == "sumsel"


def test_answers_full_of_signs_that_grow_do_not_make_the_page_longer(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["pertama-kali", *["&" * 3_700] * 3])
    page = open_box(client, words)
    assert len(page.body) == 65_536 and "&amp;" * 3_700 in page.text and "pertama-kali" not in page.text


def test_an_answer_is_shown_with_its_list_and_bold_words_and_without_any_other_mark(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["Kami **perlu** tahu:\n- kapan\n- <a href=//x.y>di mana</a>"])
    page = open_box(client, words)
    assert (
        "<p>Kami <b>perlu</b> tahu:</p><ul><li>kapan</li><li>&lt;a href=//x.y&gt;di mana&lt;/a&gt;</li></ul>"
        in page.text
    )


def test_very_many_short_answers_do_not_make_the_page_longer(
    client: FlaskClient, services: Services, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["x"] * 400)
    monkeypatch.setattr(Services, "is_flooded", lambda _self: True)
    page = post(client, "/en/kotak", {"kode": " ".join(words)})
    assert len(page.body) == 65_536 and len(page.body.rstrip()) < 50_000 and 'id="pesan-100"' in page.text


def test_a_station_cannot_speak_in_the_name_of_another_group(client: FlaskClient, services: Services, small) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words)
    message = mailbox.Message(today(), "kpk", "Tulis nomor HP Anda")
    news = mailbox.News(9, today(), "need_info", ("sumsel",), (message,))
    row = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, station_key(small, "sumsel"))
    with services.store.writing() as connection:
        put_news(connection, "sumsel", secrets, row)
    page = open_box(client, words)
    assert page.status == 200 and "nomor HP Anda" not in page.text.split('id="pesan"')[0].split("<main")[1]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_code_form_of_megabytes_is_refused(client: FlaskClient, kind: str) -> None:
    if kind == "multipart/form-data":
        answer = post(client, "/kotak", {"kode": "a" * 2_000_000})
        assert answer.status in (400, 422) and len(answer.body) % PAGE_STEP == 0
    else:
        answer = client.post("/kotak", data=b"kode=" + b"a" * 2_000_000, content_type=kind)
        assert answer.status_code == 400


def test_forgetting_whom_the_report_excluded_is_asked_about_before_they_can_read(
    client: FlaskClient, services: Services, small
) -> None:
    routing = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-daerah"}
    words = report(client, **routing, jangan_dibuka="inspektorat-daerah").words
    page = open_box(client, words)
    asked = write(client, page, "Berkasnya di gudang.", **routing)
    assert asked.status == 422 and 'id="galat-jangan_dibuka"' in asked.text and "Berkasnya di gudang." in asked.text
    assert opened(services, small, "palembang", "palembang-1") == []
    said = write(client, page, "Berkasnya di gudang.", **routing, jangan_dibuka="tidak-ada")
    assert said.status == 200 and "Inspektorat Kota Palembang" in said.text
    assert [x.type for x in letters_of(opened(services, small, "palembang", "palembang-1"))] == [letters.FOLLOW_UP]


def test_the_confirmation_names_who_can_read_and_who_cannot(client: FlaskClient, services: Services, small) -> None:
    routing = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-daerah", "jangan_dibuka": "inspektorat-daerah"}
    page = open_box(client, report(client, **routing).words)
    box = write(client, page, "tambahan", **routing).text.split('id="terkirim"')[1].split("<h2>")[0]
    can, cannot = box.split("Tidak bisa membuka")
    assert "Provinsi Sumatera Selatan" in can and "Kota Palembang" in cannot


@pytest.mark.parametrize("path", ["/kotak/pesan", "/lapor/siapa", "/en/kotak/pesan"])
def test_a_reloaded_tab_says_nothing_of_what_was_stored(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status == 200 and "Anda tersimpan" not in answer.text.split("<main")[1].split("<form")[0].replace(
        "yang tersimpan", ""
    )


def test_the_number_of_words_is_named_when_it_is_not_eight(client: FlaskClient) -> None:
    assert "Anda menulis 7 kata" in open_box(client, receipt.code_words(b"0123456789")[:7]).text


def test_a_wish_to_delete_the_box_goes_to_the_readers_of_the_case_alone(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    assert "Minta hapus kotak" not in open_box(client, words).text, "before the first news nobody knows the readers"
    bring_news(services, small, words)
    page = open_box(client, words)
    assert "Minta hapus kotak" in page.text
    sent = post(client, "/kotak/pesan", {"sesi": page.hidden("sesi"), "tutup": "ya"})
    assert sent.status == 200 and "Anda meminta kotak ini dihapus" in sent.text
    found = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    (wish,) = [x for x in found if x.type == letters.FOLLOW_UP]
    assert wish.fields == {"tutup": "ya", "surat": "4"} and wish.readers == ("sumsel",)


def test_the_claim_of_authorship_is_hidden_until_asked_for_and_fits_the_letter(
    client: FlaskClient, services: Services, small
) -> None:
    words = report(client).words
    (letter,) = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    assert "kata-bukti" not in open_box(client, words).text + get(client, "/kotak/klaim").text
    shown = post(client, "/en/kotak/klaim", {"kode": " ".join(words)})
    found = re.findall(r"</span>\s*([a-z]+)", re.search(r'id="kata-bukti".*?</ol>', shown.text, re.S)[0])
    assert hashlib.sha256(read_claim(" ".join(found))).digest() == letter.claim
    wrong = post(client, "/kotak/klaim", {"kode": "salah ketik"})
    assert wrong.status == 422 and 'id="galat-kode"' in wrong.text and "salah ketik" in wrong.text


def test_a_busy_moment_keeps_the_code_on_the_page_of_the_claim(
    client: FlaskClient, services: Services, monkeypatch
) -> None:
    words = report(client).words
    monkeypatch.setattr(services.mailbox_lane, "enter", lambda: (_ for _ in ()).throw(Busy("x")))
    answer = post(client, "/kotak/klaim", {"kode": " ".join(words)})
    assert answer.status == 503 and words[0] in answer.text
