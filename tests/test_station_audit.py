"""The log: every deed once, chained; what is changed, taken out or cut off is seen; only the auditor reads it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, Terminal, attach, sit, weak, world  # noqa: F401

from crypto.encoding import today
from crypto.errors import BadSignature, Malformed, NotForThisKey, Tampered
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from station import audit, casework, notes, statements
from station.audit import Deed, Entry
from station.casework import Wish
from station.desk import Desk
from station.inbox import import_bundle
from station.session import Session
from station.tables import log

ONE, TWO, THREE = "sumsel-1", "sumsel-2", "sumsel-3"
IMPORT = 1  # what the fixture does stands in the log, too
SECRET = "sepuluh persen dari kontrak"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sit(world().copy_home("sumsel", tmp_path), ONE, TWO) as found:
        stick = Stick(tmp_path / "stick")
        import_bundle(found, stick.write([world().letter_row(Reporter().report(SECRET))]))
        yield found


def work(desk: Desk) -> None:
    with desk.vault.begin() as transaction:
        statements.state_conflict(transaction, desk.home, 1, ONE, conflict=False, day=today())
        casework.take(transaction, desk.home, 1, Wish("screening", ONE), day=today())
        notes.add_note(transaction, desk.home, 1, ONE, SECRET, day=today())
        casework.answer(transaction, desk.home, 1, SECRET, by=ONE, day=today())
        wish = Wish("closed_not_actionable", ONE, "duplikat", SECRET, SECRET)
        casework.take(transaction, desk.home, 1, wish, day=today())
        casework.drop_proposal(transaction, desk.home, 1, ONE, SECRET, day=today())
        casework.take(transaction, desk.home, 1, wish, day=today())
        casework.approve(transaction, desk.home, 1, THREE, day=today())


def test_each_deed_stands_in_the_log_once_and_no_word_of_a_report(desk: Desk) -> None:
    work(desk)
    with desk.vault.begin() as transaction:
        assert audit.check(transaction) == len(audit.entries(transaction))
        found = audit.entries(transaction, after=IMPORT)
    assert [entry.deed for entry in found] == [
        Deed.STATED, Deed.TOOK, Deed.NOTED, Deed.ANSWERED, Deed.PROPOSED, Deed.NOTED, Deed.DROPPED, Deed.PROPOSED,
        Deed.APPROVED,
    ]  # fmt: skip
    assert found[-1].detail == "screening closed_not_actionable duplikat" and found[-1].who == THREE
    assert all(entry.case == 1 and SECRET not in repr(entry) for entry in found)


def test_what_was_not_done_is_not_in_the_log(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError), desk.vault.begin() as transaction:
        casework.take(transaction, desk.home, 1, Wish("screening", ONE), day=today())
        raise ZeroDivisionError
    with desk.vault.begin() as transaction:
        assert audit.check(transaction) == IMPORT


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (sa.update(log).where(log.c.number == 3).values(who=TWO), "entry 3 was changed"),
        (sa.update(log).where(log.c.number == 3).values(case_id=2), "entry 3 was changed"),
        (sa.update(log).where(log.c.number == 3).values(day=1), "entry 3 was changed"),
        (sa.update(log).where(log.c.number == 3).values(detail="x"), "entry 3 was changed"),
        (sa.delete(log).where(log.c.number == 3), "entry 3 is missing"),
        (sa.delete(log).where(log.c.number > 5), "ends elsewhere"),
        (sa.delete(log), "ends elsewhere"),
        (sa.update(log).where(log.c.number == 10).values(number=11), "entry 10 is missing"),
    ],
)
def test_a_log_that_was_changed_is_seen(desk: Desk, change: sa.Executable, match: str) -> None:
    work(desk)
    with desk.vault.begin() as transaction:
        transaction.execute(change)
        with pytest.raises(Tampered, match=match):
            audit.check(transaction)


def test_an_entry_that_is_put_in_is_seen(desk: Desk) -> None:
    work(desk)
    with desk.vault.begin() as transaction:
        last = audit.entries(transaction)[-1]
        fields = (last.number + 1, last.day, TWO, Deed.NOTED.value, 1, "")
        values = dict(zip(("number", "day", "who", "deed", "case_id", "detail"), fields, strict=True))
        transaction.execute(sa.insert(log).values(**values, hash=audit.chained(last.hash, *fields)))
        with pytest.raises(Tampered, match="ends elsewhere"):
            audit.check(transaction)


def test_only_the_auditor_reads_an_export_and_only_as_the_station_signed_it(desk: Desk) -> None:
    work(desk)
    auditor = OpeningKey.generate()
    with desk.vault.begin() as transaction:
        found = audit.entries(transaction)
    [data] = audit.export(found, "sumsel", auditor.public, desk.signing)
    key = desk.signing.public
    assert audit.read_export([data], "sumsel", key, auditor) == found
    assert ONE.encode() not in data and b"closed_not" not in data
    with pytest.raises(NotForThisKey):
        audit.read_export([data], "sumsel", key, OpeningKey.generate())
    with pytest.raises(NotForThisKey):
        audit.read_export([data], "palembang", key, auditor)
    with pytest.raises(BadSignature):
        audit.read_export([data], "sumsel", SigningKey.generate().public, auditor)
    cut = audit.export((*found[:2], *found[3:]), "sumsel", auditor.public, desk.signing)
    with pytest.raises(Tampered, match="entry 3 is missing"):
        audit.read_export(cut, "sumsel", key, auditor)


def invented(count: int) -> tuple[Entry, ...]:
    found, before = [], audit.FIRST
    for number in range(1, count + 1):
        fields = (
            number,
            300,
            f"{ONE}+{TWO}",
            Deed.TOOK.value,
            number % 9_999,
            "screening closed_not_actionable duplikat",
        )
        before = audit.chained(before, *fields)
        found.append(Entry(*fields, before))
    return tuple(found)


def test_a_log_of_many_years_is_exported_in_parts() -> None:
    """One file of so many entries would be larger than an envelope may be: then no log ever left again."""
    auditor, signing, found = OpeningKey.generate(), SigningKey.generate(), invented(30_000)
    parts = audit.export(found, "sumsel", auditor.public, signing)
    assert len(parts) == 6 and sum(map(len, parts)) > 5 * 2**20 and max(map(len, parts)) < 2**20 * 1.5
    assert audit.read_export(reversed(parts), "sumsel", signing.public, auditor) == found


@pytest.mark.parametrize(
    ("taken", "error", "match"),
    [
        ((1, 2), Tampered, "entries 1 to 4 are missing"),
        ((0, 2), Tampered, "entries 5 to 8 are missing"),
        ((0, 1), Tampered, "entries 9 to 10 are missing"),
        ((0, 1, 1, 2), Malformed, "entry 5 stands in two files"),
        ((), Malformed, "files of one export"),
    ],
)
def test_a_part_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, taken: tuple[int, ...], error: type[Exception], match: str
) -> None:
    monkeypatch.setattr(audit, "PART_ENTRIES", 4)
    auditor, signing, found = OpeningKey.generate(), SigningKey.generate(), invented(10)
    parts = audit.export(found, "sumsel", auditor.public, signing)
    assert audit.read_export(parts, "sumsel", signing.public, auditor) == found
    with pytest.raises(error, match=match):
        audit.read_export([parts[n] for n in taken], "sumsel", signing.public, auditor)


def test_parts_of_two_logs_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PART_ENTRIES", 4)
    auditor, signing, found = OpeningKey.generate(), SigningKey.generate(), invented(10)
    parts = audit.export(found, "sumsel", auditor.public, signing)
    other = audit.export([replace(found[3], hash=bytes(64)) if e.number == 4 else e for e in found], "sumsel",
                         auditor.public, signing)  # fmt: skip
    with pytest.raises(Tampered, match="entry 5 does not follow"):
        audit.read_export([parts[0], other[1], parts[2]], "sumsel", signing.public, auditor)
    shorter = audit.export(found[:9], "sumsel", auditor.public, signing)
    with pytest.raises(Malformed, match="files of one export"):
        audit.read_export([*parts[:2], shorter[2]], "sumsel", signing.public, auditor)


def test_an_empty_log_is_one_part() -> None:
    auditor, signing = OpeningKey.generate(), SigningKey.generate()
    [part] = audit.export((), "sumsel", auditor.public, signing)
    assert audit.read_export([part], "sumsel", signing.public, auditor) == ()


def test_parts_at_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PART_ENTRIES", 2)
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    words = terminal.run("auditor").stdout.strip()
    for _ in range(2):
        paths = terminal.run("log", "--to", str(tmp_path / "out")).stdout.split()
    assert [path[-15:] for path in paths] == ["00000002.senyap", "00000003.senyap"]
    read = terminal.run("audit", *reversed(paths), typed=f"{words}\n")
    assert read.exit_code == 0 and [line[0] for line in read.stdout.splitlines()[-3:]] == ["1", "2", "3"]
    read = terminal.run("audit", paths[1], typed=f"{words}\n")
    assert read.exit_code == 3 and "tidak memuat nomor 1 sampai 2" in read.output


def test_the_desk_says_at_its_start_that_the_log_was_changed(tmp_path: Path) -> None:
    home = world().copy_home("sumsel", tmp_path)
    session = Session(home, look=lambda: ())
    for _ in range(2):
        for who in (ONE, TWO):
            session.enter(who, world().passphrases[who])
        assert not session.warning
        session.close()
    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        assert [entry.deed for entry in audit.entries(transaction)] == ["opened", "closed"] * 2
        transaction.execute(sa.update(log).where(log.c.number == 1).values(who=THREE))
    for who in (ONE, TWO):
        session.enter(who, world().passphrases[who])
    assert "tidak utuh" in session.warning
    session.close()


def test_the_auditor_reads_at_a_terminal_and_opens_no_vault(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    assert terminal.run("log", "--to", str(tmp_path / "out")).exit_code == 3, "no auditor yet"
    words = terminal.run("auditor").stdout.strip()
    path = Path(terminal.run("log", "--to", str(tmp_path / "out")).stdout.strip())
    shutil.move(terminal.home / "vault.db", tmp_path / "elsewhere")
    assert terminal.run("audit", str(path), typed="salah\n").exit_code == 4
    read = terminal.run("audit", str(path), typed=f"{words}\n")
    assert read.exit_code == 0 and "exported  sumsel-1+sumsel-2  auditor" in read.stdout


def test_originals_that_are_saved_at_a_terminal_stand_in_the_log(tmp_path: Path) -> None:
    terminal, file = Terminal(tmp_path, "sumsel", (ONE, TWO)), attach(b"isi")
    rows = [world().letter_row(Reporter().report(SECRET, [file])), *world().part_rows(file, b"isi")]
    assert terminal.run("import", str(Stick(tmp_path / "stick").write(rows))).exit_code == 0
    assert terminal.run("show", "K-0001", "--no-conflict").exit_code == 0
    assert terminal.run("show", "K-0001", "--no-conflict", "--save-attachments", str(tmp_path / "out")).exit_code == 0
    with sit(terminal.home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        found = audit.entries(transaction)
    assert [(e.who, e.case, e.detail) for e in found if e.deed == Deed.SAVED] == [(f"{ONE}+{TWO}", 1, "1")]
