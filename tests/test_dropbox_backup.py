"""dropbox.backup: a copy of one moment, made while reports come, that holds no private key."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest
from click.testing import CliRunner, Result
from conftest_moved import Box, filled
from conftest_station import tree, weak  # noqa: F401
from live import REPORT, LiveServer
from offline import dropbox
from sqlalchemy import select

from crypto import copies, medium
from crypto.encoding import date_of, today
from crypto.errors import Tampered
from dropbox import backup
from dropbox.__main__ import main
from dropbox.backup import make_backup
from dropbox.errors import Broken, Busy
from dropbox.services import Services, open_courier_lane, open_store
from dropbox.settings import load_settings
from dropbox.store import mailboxes, rows, slots

NAMES = {"dropbox.db", "settings.toml", "root.pin", "roster.senyap", "hashes.txt"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled(), tmp_path / "server"))


@pytest.fixture
def other(home: Path) -> Iterator[Services]:
    """What another process does, by connections of its own: none of them is open while the file is read."""
    services = Services.open(load_settings(home))
    services.store.engine.dispose()
    yield services
    services.cleanroom.close()
    services.store.engine.dispose()


def copy(home: Path, folder: Path) -> Path:
    return make_backup(home, folder, day=today())


def run(home: Path, *arguments: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--home", str(home)], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def asked(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute(query).fetchall()


def is_sound(database: Path) -> bool:
    try:
        return asked(database, "PRAGMA integrity_check") == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def waiting_in(database: Path) -> set[object]:
    return {r for (r,) in asked(database, "SELECT row FROM rows JOIN slots USING (id) WHERE waiting = 1")}


def fill_mailboxes(services: Services) -> None:
    """Let a hundred mailboxes lie at the end of the file, behind the arena."""
    draw = random.Random(7)
    with services.store.writing() as connection:
        new = [{"id": draw.randbytes(16), "station": "sumsel", "row": draw.randbytes(16_384)} for _ in range(100)]
        connection.execute(mailboxes.insert(), new)
    services.store.engine.dispose()


def empty_mailboxes(services: Services) -> None:
    """Take them away: their pages end, and the ones at the beginning that name them change."""
    with services.store.writing() as connection:
        connection.execute(mailboxes.delete())
    services.store.engine.dispose()


def while_copying(monkeypatch: pytest.MonkeyPatch, at: int, act) -> list[int]:
    """Do something once, when the first pass has read so many pieces."""
    real, seen = copies.read_pieces, []

    def pieces(path: Path, **rest: bool) -> Iterator[bytes]:
        first = path.name == "dropbox.db" and not seen
        for number, piece in enumerate(real(path, **rest)):
            if first and number == at:
                seen.append(number)
                act()
            yield piece

    monkeypatch.setattr(copies, "read_pieces", pieces)
    return seen


def test_a_backup_holds_what_a_restored_drop_box_needs_and_no_private_key(home: Path, tmp_path: Path) -> None:
    (home / "server-next.key").write_bytes(seed := os.urandom(32))
    (home / "server-next.key").chmod(0o600)
    (home / "rosters").mkdir()
    (home / "rosters" / "roster-00000000.senyap").write_bytes(b"old")
    (home / "dropbox.db-wal").write_bytes(b"")
    (home / ".roster.senyap.77.part").write_bytes(b"unfinished")
    made = copy(home, tmp_path / "copies")
    found, before = tree(made), tree(home)
    batches = {name for name in before if name.startswith("batches/")}
    assert set(found) == NAMES | batches | {"rosters/roster-00000000.senyap"} and batches
    assert all(found[name] == before[name] for name in set(found) - {"hashes.txt"})
    for secret in (seed, before["server.key"]):
        assert not any(secret in data for data in found.values()), "no key stands anywhere in it"
    assert any(seed in data for data in before.values()), "control: the home has it"
    assert [p.name for p in made.parent.iterdir()] == [made.name] == [f"backup-{date_of(today())}-1"]
    assert not any(p.stat().st_mode & 0o077 for p in [made, *made.rglob("*")])
    assert copy(home, tmp_path / "copies").name.endswith("-2")


def test_a_copy_made_while_rows_are_written_is_that_of_one_moment(
    home: Path, other: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_mailboxes(other)
    seen = while_copying(monkeypatch, 10, lambda: empty_mailboxes(other))
    made = copy(home, tmp_path / "copies")
    assert seen == [10] and is_sound(made / "dropbox.db")
    assert (made / "dropbox.db").read_bytes() == (home / "dropbox.db").read_bytes()


def test_a_database_that_was_longer_at_first_is_cut_to_its_length(
    home: Path, other: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_mailboxes(other)
    real = backup._write_pieces

    def write(source: Path, out: BinaryIO, known: list[bytes]) -> list[bytes]:
        found = real(source, out, known)
        if not known:
            empty_mailboxes(other)
            with closing(sqlite3.connect(source, isolation_level=None)) as connection:
                connection.execute("VACUUM")
        return found

    monkeypatch.setattr(backup, "_write_pieces", write)
    made = copy(home, tmp_path / "copies")
    assert (made / "dropbox.db").read_bytes() == (home / "dropbox.db").read_bytes()


def let_it_tear(other: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have somebody write while a copy is made, and leave out the second pass."""
    fill_mailboxes(other)
    while_copying(monkeypatch, 10, lambda: empty_mailboxes(other))
    real = backup._write_pieces
    monkeypatch.setattr(backup, "_write_pieces", lambda s, out, known: known or real(s, out, known))


def test_control_without_the_second_pass_the_copy_is_torn(
    home: Path, other: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_it_tear(other, monkeypatch)
    found: list[bool] = []
    monkeypatch.setattr(backup, "_check_database", lambda path: found.append(is_sound(path)))
    copy(home, tmp_path / "copies")
    assert found == [False]


def test_a_torn_copy_never_gets_its_name(
    home: Path, other: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_it_tear(other, monkeypatch)
    with pytest.raises(Broken, match="damaged"):
        copy(home, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


class Counting:
    """A file that counts what is written to it."""

    def __init__(self, out: BinaryIO) -> None:
        self.out, self.writes = out, 0
        self.seek, self.flush = out.seek, out.flush

    def write(self, piece: bytes) -> None:
        self.writes += 1
        self.out.write(piece)


def test_only_pieces_that_changed_are_written_while_writers_wait(
    home: Path, other: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = other.make_cover()
    real, passes = backup._write_pieces, list[int]()

    def write(source: Path, out: BinaryIO, known: list[bytes]) -> list[bytes]:
        counted = Counting(out)
        if known:
            with pytest.raises(Busy), other.store._writers.enter_now():
                pass
        found = real(source, counted, known)
        passes.append(counted.writes)
        if not known:
            other.arena.put([], row)
            other.store.engine.dispose()
        return found

    monkeypatch.setattr(backup, "_write_pieces", write)
    made = copy(home, tmp_path / "copies")
    assert waiting_in(made / "dropbox.db") == {row}
    first, second = passes
    assert first > 10 and 1 <= second <= 4


def test_a_backup_of_a_server_that_takes_reports_holds_every_report_confirmed_before(
    home: Path, tmp_path: Path
) -> None:
    stop, confirmed = threading.Event(), []
    with LiveServer(home) as server:

        def send() -> None:
            while not stop.is_set():
                confirmed.append(server.report(REPORT).status)

        sender = threading.Thread(target=send)
        sender.start()
        while len(confirmed) < 2:
            stop.wait(0.01)
        with open_store(load_settings(home)).reading() as connection:
            before = set(
                connection.scalars(select(rows.c.row).join(slots, slots.c.id == rows.c.id).where(slots.c.waiting == 1))
            )
        made = Path(dropbox("backup", "--home", str(home), "--to", str(tmp_path / "copies")))
        during = len(confirmed)
        stop.set()
        sender.join()
    assert set(confirmed) == {200} and during >= 2
    assert is_sound(made / "dropbox.db") and len(before) >= 2 and before <= waiting_in(made / "dropbox.db")


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_what_a_crash_left_half_done_is_rolled_back_before_it_is_copied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    database = home / "dropbox.db"
    before = database.read_bytes()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for pragma in ("journal_mode=DELETE", "synchronous=OFF", "cache_size=1", "cache_spill=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        connection.execute("UPDATE rows SET row = zeroblob(262144)")
        journal = (home / "dropbox.db-journal").read_bytes()
        half = database.read_bytes()
        connection.execute("ROLLBACK")
    assert half != before

    def crash() -> None:
        database.write_bytes(half)
        (home / "dropbox.db-journal").write_bytes(journal)

    if when == "before":
        crash()
    else:
        while_copying(monkeypatch, 10, crash)
    made = copy(home, tmp_path / "copies")
    assert (made / "dropbox.db").read_bytes() == before and not list(made.glob("*journal*"))


def test_while_somebody_else_holds_a_journal_nothing_is_copied(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "dropbox.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE slots SET waiting = 1 WHERE id = 0")
        assert (home / "dropbox.db-journal").exists()
        done = dropbox_says(home, tmp_path)
    assert done == (6, "database: dropbox.db-journal is there; is another program writing?\n")
    assert list((tmp_path / "copies").iterdir()) == []


def dropbox_says(home: Path, tmp_path: Path) -> tuple[int, str]:
    done = run(home, "backup", "--to", str(tmp_path / "copies"))
    assert done.stdout == ""
    return done.exit_code, done.stderr


def test_a_medium_that_keeps_other_bytes_is_noticed_and_nothing_is_left(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = copies.read_pieces

    def bent(path: Path, *, from_medium: bool = False) -> Iterator[bytes]:
        for piece in real(path, from_medium=from_medium):
            yield piece[:-1] + bytes([piece[-1] ^ 1]) if from_medium and path.name == name else piece

    monkeypatch.setattr(copies, "read_pieces", bent)
    for name in ("dropbox.db", "roster.senyap"):
        with pytest.raises(Tampered, match=f"{re.escape(name)} reads back as other bytes"):
            copy(home, tmp_path / "copies")
        assert list((tmp_path / "copies").iterdir()) == []


def test_a_full_medium_leaves_no_half_backup(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, out, known: list[bytes]) -> list[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_write_pieces", full)
    code, words = dropbox_says(home, tmp_path)
    assert code == 6 and words.startswith("cannot read or write: No space left on device. Is the disk or stick full")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_home_without_its_own_database_is_not_copied(home: Path, tmp_path: Path) -> None:
    settings = (home / "settings.toml").read_text()
    (home / "settings.toml").write_text(settings + '\ndatabase = "postgresql://elsewhere/box"\n')
    code, words = dropbox_says(home, tmp_path)
    assert code == 2 and "copy it with its own tools" in words
    (home / "settings.toml").write_text(settings)
    (home / "dropbox.db").unlink()
    assert dropbox_says(home, tmp_path) == (2, "not found: dropbox.db\n")
    assert not (home / "dropbox.db").exists() and not (tmp_path / "copies").exists()


def test_rosters_and_chains_stand_still_while_a_copy_is_made(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def look(path: Path) -> None:
        with pytest.raises(Busy), open_courier_lane(home).enter_now():
            pass
        held.append(path.name)

    monkeypatch.setattr(backup, "_check_database", look)
    copy(home, tmp_path / "copies")
    assert held == ["dropbox.db"]


def test_a_backup_shows_no_more_than_a_copy_of_the_disk(home: Path, tmp_path: Path) -> None:
    """Its names hold the day it was made, its files what stood on the disk; no count of memory, no moment."""
    row = Box(home).take("jembatan")
    made = copy(home, tmp_path / "copies")
    disk, found = tree(home), tree(made)
    assert all(data in disk.values() for name, data in found.items() if name != "hashes.txt")
    assert waiting_in(made / "dropbox.db") == {row}
    assert asked(made / "dropbox.db", "PRAGMA freelist_count") == [(0,)]
    assert set(re.findall(r"\d{4}-\d\d-\d\d", " ".join([made.name, *found]))) == {str(date_of(today()))}


def test_the_command_prints_the_path_and_says_what_is_missing(home: Path, tmp_path: Path) -> None:
    done = run(home, "backup", "--to", str(tmp_path / "copies"))
    assert done.exit_code == 0 and done.stdout == f"{tmp_path}/copies/backup-{date_of(today())}-1\n"
    assert "key is not in it" in done.stderr
    shutil.rmtree(tmp_path / "copies")
    medium.write_file(tmp_path / "copies", b"a file")
    assert run(home, "backup", "--to", str(tmp_path / "copies")).exit_code == 2
