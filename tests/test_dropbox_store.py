"""The arena, its database file, lanes and sealed fields."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import Clock
from sqlalchemy import Connection, select, text
from web import report, waiting

from crypto.attachment import Attachment
from crypto.row import ROW_BYTES, row_epoch
from dropbox.arena import Arena
from dropbox.errors import Busy, Full
from dropbox.fieldkeys import PERIOD_SECONDS, OwnKeys
from dropbox.lanes import Lanes
from dropbox.services import Services, open_store
from dropbox.sessions import KeptFiles, SealedFields, Session, SessionEnded
from dropbox.store import Store, rows, slots

pytestmark = pytest.mark.both_databases
SESSION = Session(b"m" * 16, b"k" * 32, b"t" * 32, 7, ("kopi", "rakit"), ("sumsel", "palembang"))


def test_a_new_arena_is_full_of_rows_that_look_real_and_none_waits(services: Services) -> None:
    with services.store.reading() as connection:
        sealed = list(connection.scalars(select(rows.c.row)))
    assert len(sealed) == 64 and services.arena.counts() == (0, 64)
    assert all(len(row) == ROW_BYTES and row_epoch(row) > 0 for row in sealed)


def test_rows_go_to_random_free_slots(services: Services) -> None:
    seen: Counter[int] = Counter()
    for _ in range(40):
        taken = services.arena.put([], services.make_cover())
        seen.update(taken)
        services.arena.release(taken, services.make_cover)
    assert len(seen) > 20, "40 draws of 64 slots meet about 30 different ones"


def test_a_waiting_slot_is_never_overwritten(services: Services) -> None:
    first = services.make_cover()
    services.arena.put([], first)
    for _ in range(63):
        services.arena.put([], services.make_cover())
    with pytest.raises(Full):
        services.arena.put([], services.make_cover())
    assert first in waiting(services)


def test_a_put_that_finds_no_room_writes_nothing(services: Services) -> None:
    with pytest.raises(Full):
        services.arena.put([services.make_cover() for _ in range(33)])
    assert services.arena.counts() == (0, 64)


@pytest.mark.one_database("sqlite")
def test_the_database_is_set_so_that_nothing_stays_behind(services: Services) -> None:
    with services.store.reading() as connection:
        got = {p: connection.scalar(text(f"PRAGMA {p}")) for p in ("journal_mode", "synchronous", "secure_delete")}
    assert got == {"journal_mode": "delete", "synchronous": 3, "secure_delete": 1}


@pytest.mark.one_database("sqlite")
def test_no_image_of_a_row_is_left_in_journal_or_free_pages(client, services: Services, deployment) -> None:
    home = deployment / "server"
    assert report(client, [("f.bin", os.urandom(600_000), "image/png")]).status == 200
    files = {p.name for p in home.iterdir() if p.name.startswith("dropbox.db")}
    assert files == {"dropbox.db"}, "no journal, no WAL"
    data = (home / "dropbox.db").read_bytes()
    for sealed in waiting(services):
        marks = [sealed[at : at + 32] for at in range(32, ROW_BYTES - 32, 40_000)]
        assert all(data.count(mark) == 1 for mark in marks), "each piece of a row stands once in the file"
    with services.store.reading() as connection:
        assert connection.scalar(text("PRAGMA freelist_count")) == 0


@pytest.mark.one_database("sqlite")
def test_a_row_overwritten_is_gone_from_the_file(services: Services, deployment) -> None:
    (slot,) = services.arena.put([], old := services.make_cover())
    services.arena.release([slot], services.make_cover)
    assert old[1000:1064] not in (deployment / "server" / "dropbox.db").read_bytes()


@pytest.mark.one_database("sqlite")
def test_states_are_free_and_waiting_alone_and_no_column_tells_more(services: Services) -> None:
    services.arena.put([], services.make_cover())
    with services.store.reading() as connection:
        assert sorted(set(connection.scalars(select(slots.c.waiting)))) == [0, 1]
        columns = {
            r[0]: r[1] for r in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type='table'"))
        }
    assert set(columns) == {
        "slots",
        "rows",
        "mailboxes",
        "chains",
        "bundles",
        "exports",
        "statistics",
        "alembic_version",
    }
    assert "date" not in " ".join(columns.values()).lower() and "time" not in " ".join(columns.values()).lower()


def test_two_writers_never_take_the_same_slot(services: Services) -> None:
    taken: list[int] = []
    cover = [services.make_cover() for _ in range(24)]

    def put(some: list[bytes]) -> None:
        for row in some:
            taken.extend(services.arena.put([], row))

    threads = [threading.Thread(target=put, args=(cover[i::4],)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(taken) == len(set(taken)) == 24


def test_a_lane_is_free_again_when_its_process_dies(tmp_path) -> None:
    code = (
        "import sys; from pathlib import Path; from dropbox.lanes import Lanes\n"
        f"lane = Lanes(Path({str(tmp_path)!r}), 'x', 1, 1).enter(); lane.__enter__(); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    got = threading.Event()

    def wait() -> None:
        with Lanes(tmp_path, "x", 1, 1).enter():
            got.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not got.wait(0.2), "the lane is held by the other process"
    holder.kill()
    holder.wait()
    thread.join(60)
    assert got.is_set()


def test_who_would_wait_too_long_is_turned_away_at_once(tmp_path) -> None:
    lanes = Lanes(tmp_path, "x", 1, max_waiting=1)
    with lanes.enter():
        waiting_one = threading.Thread(target=lambda: lanes.enter().__enter__() and None)
        waiting_one.start()
        deadline = threading.Event()
        while lanes._places._value and not deadline.wait(0.01):
            pass
        with pytest.raises(Busy), lanes.enter():
            pass
    waiting_one.join(10)


def make_fields(tmp_path) -> SealedFields:
    return SealedFields(OwnKeys(Lanes(tmp_path, "fields", 1, 8)))


def test_a_session_opens_within_its_time_and_not_after(tmp_path) -> None:
    fields = make_fields(tmp_path)
    start = 1_000 * PERIOD_SECONDS + PERIOD_SECONDS - 5.0
    sealed = fields.seal_session(SESSION, now=start)
    opened = fields.open_session(sealed, now=start + PERIOD_SECONDS - 1)
    assert replace(opened, expires=0) == SESSION
    again = fields.seal_session(opened, now=start + PERIOD_SECONDS - 1)
    with pytest.raises(SessionEnded):  # an answer does not make it last longer
        fields.open_session(again, now=start + PERIOD_SECONDS + 10)
    with pytest.raises(SessionEnded):
        fields.open_session(sealed, now=start + PERIOD_SECONDS + 10)


def test_keys_two_periods_old_are_gone_from_memory(tmp_path) -> None:
    fields = make_fields(tmp_path)
    now = 1_000.0 * PERIOD_SECONDS
    sealed = fields.seal_session(SESSION, now=now)
    old = fields._keys._memory[8:40]
    for period in (1, 2):
        fields.seal_session(SESSION, now=now + period * PERIOD_SECONDS)
    assert old not in fields._keys._memory[:]
    with pytest.raises(SessionEnded):
        fields.open_session(sealed, now=now)


@pytest.mark.parametrize("mangle", [lambda s: s[:-4] + "AAAA", lambda s: s[:40], lambda s: "!" + s, lambda s: ""])
def test_a_sealed_field_altered_in_any_way_is_refused(tmp_path, mangle) -> None:
    fields = make_fields(tmp_path)
    with pytest.raises(SessionEnded):
        fields.open_session(mangle(fields.seal_session(SESSION)))


def test_a_session_is_no_list_of_files_and_the_other_way(tmp_path) -> None:
    fields = make_fields(tmp_path)
    kept = KeptFiles(("sumsel",), (Attachment(b"i" * 16, "a", "text/plain", 1, 1, b"h" * 32, b"k" * 32),))
    assert replace(fields.open_files(fields.seal_files(kept)), expires=0) == kept
    with pytest.raises(SessionEnded):
        fields.open_session(fields.seal_files(kept))
    with pytest.raises(SessionEnded):
        fields.open_files(fields.seal_session(SESSION))


def test_sessions_have_one_length_whoever_reads(tmp_path) -> None:
    fields = make_fields(tmp_path)
    lengths = {len(fields.seal_session(replace(SESSION, readers=r, name=n)))
               for r in ((), ("a",), ("sumsel", "palembang")) for n in (("kopi", "kopi"), ("delapan", "pelangi"))}  # fmt: skip
    assert len(lengths) == 1


def test_an_interrupted_set_up_goes_on_where_it_stopped(services: Services) -> None:
    with services.store.writing() as connection:
        connection.execute(rows.delete().where(rows.c.id >= 50))
        connection.execute(slots.delete().where(slots.c.id >= 50))
    services.arena.set_up(64, services.make_cover)
    with services.store.reading() as connection:
        assert sorted(connection.scalars(select(rows.c.id))) == list(range(64))
    assert services.arena.counts() == (0, 64)


def test_an_arena_that_another_process_fills_meanwhile_has_each_slot_once(services: Services) -> None:
    with services.store.writing() as connection:
        connection.execute(rows.delete())
        connection.execute(slots.delete())
    again = Arena(open_store(services.settings), services.tally)
    calls = []

    def cover_while_the_other_goes_on() -> bytes:
        calls.append(1)
        if len(calls) == 5:
            again.set_up(40, services.make_cover)
        return services.make_cover()

    services.arena.set_up(64, cover_while_the_other_goes_on)
    with services.store.reading() as connection:
        assert list(connection.scalars(select(slots.c.id).order_by(slots.c.id))) == list(range(64))
        assert list(connection.scalars(select(rows.c.id).order_by(rows.c.id))) == list(range(64))


def test_processes_that_start_at_once_make_one_database(small, tmp_path) -> None:
    """As `make run` starts the keeper and the pages."""
    home = tmp_path / "server"
    shutil.copytree(small / "server", home, ignore=shutil.ignore_patterns("dropbox.db"))
    code = (
        "import sys; from pathlib import Path; from dropbox.services import Services; "
        "from dropbox.settings import load_settings; print('here', flush=True); sys.stdin.read(); "
        "print(*Services.open(load_settings(Path(sys.argv[1]))).arena.counts())"
    )
    command = [sys.executable, "-c", code, str(home)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.stdout.readline() for process in started] == ["here\n"] * 4
    for process in started:
        process.stdin.close()
    assert [(process.stdout.read(), process.wait(120)) for process in started] == [("0 64\n", 0)] * 4


def test_every_lock_is_made_when_a_drop_box_starts(services: Services) -> None:
    """Made at first use, its date would be that of a report."""
    locks = services.settings.home / "locks"
    for lane in ("report", "mailbox", "upload", "write", "courier", "keeper", "tally"):
        assert (locks / f"{lane}-0.lock").exists() and (locks / f"{lane}.line").exists(), lane


def test_a_row_that_waited_past_midnight_counts_for_the_day_on_which_it_is_written(
    services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.writing

    @contextlib.contextmanager
    def late(store: Store, *rest: object, **more: object) -> Iterator[Connection]:
        with real(store, *rest, **more) as connection:  # type: ignore[arg-type]
            clock.day += 1
            yield connection

    monkeypatch.setattr(Store, "writing", late)
    services.arena.put([services.make_cover()])
    assert services.tally.file_rows(clock.day) == 1
