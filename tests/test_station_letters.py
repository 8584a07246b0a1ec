"""station.letters and station.attachments: the rules for letters, and files that come in parts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, attach, reply, sit, weak, world  # noqa: F401

from crypto.attachment import PART_BYTES
from crypto.encoding import today
from crypto.letter import mailbox_of
from station import attachments, cases, tables
from station.desk import Desk
from station.errors import Refused
from station.inbox import Imported, import_bundle


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = world().copy_home("sumsel", tmp_path)
    with sit(home, "sumsel-1", "sumsel-2") as opened:
        yield opened


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


def show(desk: Desk, name: str = "K-0001") -> cases.Case:
    with desk.vault.begin() as transaction:
        return cases.show_case(transaction, name)


def count(desk: Desk, table: sa.Table) -> int:
    with desk.vault.begin() as transaction:
        return transaction.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_the_same_report_sent_twice_is_one_case(desk: Desk, stick: Stick):
    reporter = Reporter()
    rows = [world().letter_row(reporter.report()), world().letter_row(reporter.report())]
    assert import_bundle(desk, stick.write(rows)) == Imported(1, 1, 0, 0, 0, ())
    later = import_bundle(desk, stick.write([world().letter_row(reporter.report())]))
    assert later == Imported(0, 1, 0, 0, 0, ())
    assert count(desk, tables.letters) == 1


def ask(desk: Desk, text: str) -> None:
    with desk.vault.begin() as transaction:
        reply(transaction, desk, "need_info", text)


def status(desk: Desk) -> str:
    return show(desk).status


def test_the_same_words_in_answer_to_another_question_are_a_letter_of_their_own(desk: Desk, stick: Stick):
    """The case was closed for silence though its reporter had answered."""
    reporter = Reporter()
    import_bundle(desk, stick.write([world().letter_row(reporter.report())]))
    for number, asked in enumerate(("Apakah sudah selesai?", "Apakah ada saksi lain?"), 1):
        ask(desk, asked)
        assert status(desk) == "need_info"
        assert import_bundle(desk, stick.write([world().letter_row(reporter.follow_up("Ya."))])).new == 1
        assert status(desk) == "screening"
        assert [m.text for m in show(desk).messages if m.sender == "reporter"] == ["Ya."] * number


def test_what_is_sent_twice_is_one_letter(desk: Desk, stick: Stick):
    """A double click, a try again after an answer that was lost, and the same letter in another row later on."""
    reporter = Reporter()
    report, said = reporter.report(), reporter.follow_up("Ya.")
    import_bundle(desk, stick.write([world().letter_row(report), world().letter_row(said)]))
    ask(desk, "Apakah sudah selesai?")
    assert import_bundle(desk, stick.write([world().letter_row(said)])) == Imported(0, 1, 0, 0, 0, ())
    again = reporter.report()
    assert again.object_id != report.object_id
    assert import_bundle(desk, stick.write([world().letter_row(again)])) == Imported(0, 1, 0, 0, 0, ())
    assert status(desk) == "need_info", "neither answers the question"
    first, second = (world().letter_row(reporter.follow_up("Sudah.")) for _ in range(2))
    assert import_bundle(desk, stick.write([first, second])) == Imported(1, 1, 0, 0, 0, ())
    third = world().letter_row(reporter.follow_up("Sudah."))
    assert import_bundle(desk, stick.write([third])) == Imported(0, 1, 0, 0, 0, ())
    assert [m.text for m in show(desk).messages if m.sender == "reporter"] == ["Ya.", "Sudah."]


def test_another_letter_under_a_known_number_is_not_lost(desk: Desk, stick: Stick):
    reporter = Reporter()
    said = reporter.follow_up("satu")
    import_bundle(desk, stick.write([world().letter_row(reporter.report()), world().letter_row(said)]))
    other = reporter.follow_up("dua", object_id=said.object_id)
    assert import_bundle(desk, stick.write([world().letter_row(other)])).new == 1


def test_another_report_of_the_same_code_is_a_further_letter_of_the_case(desk: Desk, stick: Stick):
    reporter = Reporter()
    import_bundle(desk, stick.write([world().letter_row(reporter.report("satu"))]))
    assert import_bundle(desk, stick.write([world().letter_row(reporter.report("dua"))])).new == 1
    assert count(desk, tables.cases) == 1
    assert [("reporter", "Ceritakan apa yang terjadi: dua" in m.text) for m in show(desk).messages] == [
        ("reporter", True)
    ]


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda r: r.report("b", thread_key=os.urandom(32)), "kunci surat yang lain"),
        (lambda r: r.report("b", mailbox=os.urandom(16)), "bukan milik kuncinya"),
        (lambda r: r.report("b", reply_key=Reporter().reply.public.raw), "bukan milik kuncinya"),
        (lambda r: replace(r.follow_up("b"), thread_mac=os.urandom(64)), "tidak dibuat dengan kode laporannya"),
        (lambda r: replace(r.follow_up("b"), fields={"pesan": "c"}), "tidak dibuat dengan kode laporannya"),
        (lambda r: r.follow_up("b", reply_key_hash=os.urandom(32)), "kunci balasan yang lain"),
        (lambda r: r.report("b", readers=("kpk", "palembang")), "tidak menyebut unit ini"),
    ],
    ids=["thread_key", "mailbox", "reply_key", "mac", "text_after_mac", "reply_key_hash", "readers"],
)
def test_a_letter_that_breaks_a_rule_is_refused_with_an_alarm(desk: Desk, stick: Stick, bend, words):
    reporter = Reporter()
    import_bundle(desk, stick.write([world().letter_row(reporter.report("a"))]))
    path = stick.write([world().letter_row(bend(reporter), ["sumsel"])])
    found = import_bundle(desk, path)
    assert found.new == 0
    assert len(found.alarms) == 1 and words in found.alarms[0] and found.alarms[0].startswith("tidak diterima: ")
    assert (count(desk, tables.cases), count(desk, tables.letters)) == (1, 1)
    assert show(desk).fields["uraian"] == "a"


def test_a_reply_key_that_nothing_can_be_sealed_to_is_refused(desk: Desk, stick: Stick):
    key = Reporter().reply.public.raw[:-32] + bytes(32)
    row = world().letter_row(Reporter().report(reply_key=key, mailbox=mailbox_of(key)))
    found = import_bundle(desk, stick.write([row]))
    assert "kunci balasan" in found.alarms[0]
    assert count(desk, tables.cases) == 0


def test_a_follow_up_joins_its_case(desk: Desk, stick: Stick):
    reporter = Reporter()
    rows = [world().letter_row(reporter.follow_up("lanjutan")), world().letter_row(reporter.report())]
    assert import_bundle(desk, stick.write(rows)) == Imported(2, 0, 0, 0, 0, ())
    assert [(m.sender, m.text) for m in show(desk).messages] == [("reporter", "lanjutan")]


def test_a_follow_up_before_its_report_waits_and_is_judged_when_it_comes(desk: Desk, stick: Stick):
    reporter = Reporter()
    forged = replace(reporter.follow_up("palsu"), thread_mac=os.urandom(64))
    early = stick.write([world().letter_row(reporter.follow_up("awal")), world().letter_row(forged)])
    assert import_bundle(desk, early) == Imported(0, 0, 0, 0, 2, ())
    assert count(desk, tables.cases) == 0
    found = import_bundle(desk, stick.write([world().letter_row(reporter.report())]))
    assert (found.new, found.incomplete, len(found.alarms)) == (2, 0, 1)
    assert [m.text for m in show(desk).messages] == ["awal"]
    assert count(desk, tables.held_letters) == 0
    assert import_bundle(desk, early) == Imported(0, 1, 0, 0, 0, ())


def test_a_follow_up_without_a_report_is_dropped_after_90_days_and_not_before(desk: Desk, stick: Stick):
    import_bundle(desk, stick.write([world().letter_row(Reporter().follow_up())]))
    import_bundle(desk, stick.write([], day=today() + 89), day=today() + 89)
    import_bundle(desk, stick.write([], day=today() + 5000), day=today() + 1)
    assert count(desk, tables.held_letters) == 1
    (alarm,) = import_bundle(desk, stick.write([], day=today() + 90), day=today() + 90).alarms
    assert alarm.startswith("1 pesan lanjutan dibuang tanpa dapat dibaca")
    assert count(desk, tables.held_letters) == 0


def test_parts_in_any_order_before_and_after_the_letter_make_the_file(desk: Desk, stick: Stick, tmp_path: Path):
    data = os.urandom(PART_BYTES * 2 + 17)
    file = attach(data)
    first, second, third = world().part_rows(file, data)
    letter = world().letter_row(Reporter().report(files=[file]))
    assert import_bundle(desk, stick.write([third, letter])) == Imported(1, 0, 0, 0, 1, ())
    assert show(desk).attachments[0].state is tables.FileState.WAITING
    assert import_bundle(desk, stick.write([second])).incomplete == 1
    assert import_bundle(desk, stick.write([first])).incomplete == 0
    with desk.vault.begin() as transaction:
        (saved,) = attachments.save_files(transaction, 1, tmp_path / "out")
    assert saved.name == "001.bin"
    assert hashlib.sha256(saved.read_bytes()).digest() == file.sha256


def test_an_empty_file_is_whole_with_its_one_part(desk: Desk, stick: Stick):
    file = attach(b"")
    rows = [*world().part_rows(file, b""), world().letter_row(Reporter().report(files=[file]))]
    assert import_bundle(desk, stick.write(rows)).incomplete == 0


def test_a_file_whose_hash_is_wrong_is_never_whole(desk: Desk, stick: Stick, tmp_path: Path):
    file = attach(b"asli")
    rows = [*world().part_rows(file, b"beda"), world().letter_row(Reporter().report(files=[file]))]
    found = import_bundle(desk, stick.write(rows))
    assert found.incomplete == 1 and found.alarms[0].startswith("1 berkas lengkap bagiannya")
    with desk.vault.begin() as transaction:
        assert attachments.save_files(transaction, 1, tmp_path / "out") == ()


def test_a_second_part_with_other_data_does_not_replace_the_first(desk: Desk, stick: Stick):
    file = attach(b"asli")
    rows = [*world().part_rows(file, b"asli"), *world().part_rows(file, b"beda"), *world().part_rows(file, b"asli")]
    found = import_bundle(desk, stick.write([*rows, world().letter_row(Reporter().report(files=[file]))]))
    assert found.incomplete == 0
    assert found.alarms[0].startswith("1 baris rusak")


def test_parts_without_a_letter_are_dropped_only_late_and_only_without_a_gap(desk: Desk, stick: Stick):
    import_bundle(desk, stick.write(world().part_rows(attach(b"a"), b"a")))
    import_bundle(desk, stick.write([], day=today() + 60), day=today() + 59)
    stick.write([])
    import_bundle(desk, stick.write([], day=today() + 400), day=today() + 400)
    assert count(desk, tables.parts) == 1
    import_bundle(desk, stick.write([], day=today() + 400), day=today() + 400)
    assert count(desk, tables.parts) == 0


def test_a_part_waits_for_a_bundle_that_is_missing_from_a_chain_that_is_passed_on(tmp_path: Path):
    """A collector has acknowledged what the missing bundle held: it does not come again by itself."""
    relayed = Stick(tmp_path / "relayed")
    file = attach(b"isi")
    with sit(world().copy_home("palembang", tmp_path), "palembang-1") as desk:
        import_bundle(desk, relayed.write(world().part_rows(file, b"isi", ["palembang"])))
        late = relayed.write([world().letter_row(Reporter(["palembang"]).report(files=[file]))])
        for _ in range(2):
            import_bundle(desk, relayed.write([], day=today() + 400), day=today() + 400)
        assert count(desk, tables.parts) == 1
        import_bundle(desk, late, day=today() + 400)
        assert show(desk).attachments[0].state is tables.FileState.WHOLE


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a\0b", "‮fdp.exe", "001.bin\n002.bin", "", "x" * 900])
def test_a_name_is_data_and_never_a_path(desk: Desk, stick: Stick, tmp_path: Path, name: str):
    file = attach(b"isi", name=name)
    import_bundle(
        desk, stick.write([*world().part_rows(file, b"isi"), world().letter_row(Reporter().report(files=[file]))])
    )
    assert show(desk).attachments[0].name == name
    out = tmp_path / "deep" / "out"
    with desk.vault.begin() as transaction:
        attachments.save_files(transaction, 1, out)
    assert [p.name for p in (tmp_path / "deep").rglob("*")] == ["out", "001.bin"]
    assert (out / "001.bin").stat().st_mode & 0o777 == 0o600 and out.stat().st_mode & 0o777 == 0o700


def test_saving_never_replaces_a_file_and_never_follows_a_link(desk: Desk, stick: Stick, tmp_path: Path):
    file = attach(b"isi")
    import_bundle(
        desk, stick.write([*world().part_rows(file, b"isi"), world().letter_row(Reporter().report(files=[file]))])
    )
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "001.bin").symlink_to(tmp_path / "target")
    with desk.vault.begin() as transaction, pytest.raises(Refused, match="sudah ada berkas"):
        attachments.save_files(transaction, 1, tmp_path / "out")
    assert not (tmp_path / "target").exists()
