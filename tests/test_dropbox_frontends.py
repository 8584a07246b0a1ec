"""Several front ends, each with a home and lanes of its own, that share one arena on PostgreSQL."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import use_database
from forensics import wait_until
from live import ROOT, forget
from postgres import Postgres
from sqlalchemy import select, text
from test_dropbox_mailbox import station_key
from test_dropbox_quarrels import with_stations
from test_dropbox_transport import outbox, read_bundle, records
from test_forensics_arena import LIMIT, spearman
from writer import row_of

from crypto.bundle import Taken
from crypto.signing import SigningKey
from dropbox import dialects
from dropbox.__main__ import main
from dropbox.dialects import Turn
from dropbox.errors import BadSettings, Broken, FilesFull, Full
from dropbox.marks import DAY, NAMED, VERSION, read_mark, remember_roster, set_mark
from dropbox.migrations import NEWEST
from dropbox.services import Services, open_store
from dropbox.settings import load_settings
from dropbox.store import mailboxes, rows, slots
from dropbox.transport import receive, write_bundle
from keys.roster import Station

MakeHome = Callable[[], Path]


@pytest.fixture
def shared(postgres: Postgres, postgres_small: str) -> Iterator[str]:
    """The URL of a database with a filled arena of 64 slots."""
    name = postgres.make(postgres_small)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def home(small: Path, tmp_path: Path, shared: str) -> Iterator[MakeHome]:
    """Make homes of front ends: same keys and roster, own locks, own counts, one database."""
    made: list[Path] = []

    def make() -> Path:
        folder = Path(shutil.copytree(small / "server", tmp_path / f"server{len(made)}"))
        shutil.rmtree(folder / "locks", ignore_errors=True)
        use_database(folder, shared)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        forget(folder)


@pytest.fixture
def pair(home: MakeHome) -> Iterator[tuple[Services, Services]]:
    """Two front ends in this process."""
    with ExitStack() as stack:
        made = [Services.open(load_settings(home())) for _ in range(2)]
        for services in made:
            stack.callback(services.cleanroom.close)
            stack.callback(services.store.engine.dispose)
        yield made[0], made[1]


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Start work aside; the list gets what it returned or raised."""
    got: list[object] = []

    def run() -> None:
        try:
            got.append(work())
        except Exception as error:
            got.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, got


def waits_for_a_lock(services: Services) -> bool:
    with services.store.reading() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


# --- slots -------------------------------------------------------------------------------------------


def write_from_two(home: MakeHome, count: int, code: str = "") -> list[list[int]]:
    """Let two processes write at once; return the slots of each in the order of its writes."""
    started = [
        subprocess.Popen(
            [sys.executable, ROOT / "tests" / "writer.py", home(), str(number), str(count), code],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for number in range(2)
    ]  # fmt: skip
    assert [process.stdout.readline() for process in started if process.stdout] == ["here\n"] * 2
    for process in started:
        assert process.stdin
        process.stdin.close()
    written = [[int(line) for line in process.stdout] for process in started if process.stdout]
    assert [process.wait(120) for process in started] == [0, 0]
    return written


def arena_of(services: Services, total: int) -> None:
    """Make the arena larger, with rows that cost nothing."""
    services.arena.set_up(total, lambda: row_of(9, 9))


def lost(services: Services, written: list[list[int]]) -> int:
    """Count rows whose write was confirmed and that no waiting slot holds."""
    with services.store.reading() as connection:
        query = select(slots.c.id, rows.c.row).join(rows, rows.c.id == slots.c.id).where(slots.c.waiting == 1)
        there = {slot: row[:8] for slot, row in connection.execute(query)}
    return sum(
        there.get(slot) != row_of(number, i)[:8] for number, took in enumerate(written) for i, slot in enumerate(took)
    )


def test_two_front_ends_write_200_rows_at_once_and_no_slot_is_taken_twice(
    home: MakeHome, pair: tuple[Services, Services]
) -> None:
    arena_of(pair[0], 224)
    written = write_from_two(home, 100)
    assert [len(took) for took in written] == [100, 100] and len({*written[0], *written[1]}) == 200
    assert lost(pair[0], written) == 0 and pair[0].arena.counts() == (200, 224)
    assert spearman(written[0]) < LIMIT and spearman(written[1]) < LIMIT


IN_TURN = "from dropbox.arena import Arena; Arena.choose = staticmethod(lambda free, count: sorted(free)[:count]); "
UNLOCKED = "from dropbox.dialects import Postgresql, Sqlite; Postgresql.lock_free = Sqlite.lock_free"


def test_two_front_ends_that_always_draw_the_same_slots_lose_nothing(
    home: MakeHome, pair: tuple[Services, Services]
) -> None:
    arena_of(pair[0], 160)
    assert lost(pair[0], write_from_two(home, 75, IN_TURN)) == 0 and pair[0].arena.counts() == (150, 160)


def test_control_without_locks_of_slots_they_overwrite_each_other(
    home: MakeHome, pair: tuple[Services, Services]
) -> None:
    arena_of(pair[0], 160)
    assert lost(pair[0], write_from_two(home, 75, IN_TURN + UNLOCKED)) > 0


def test_a_slot_that_another_front_end_holds_is_passed_over(pair: tuple[Services, Services]) -> None:
    here, there = pair
    with here.store.writing(Turn.BESIDE) as connection:
        held = here.store.dialect.lock_free(connection, range(63))
        assert len(held) == 63
        assert there.arena.put([], there.make_cover()) == [63]


def test_the_last_slot_is_waited_for_when_its_holder_may_yet_give_it_back(pair: tuple[Services, Services]) -> None:
    here, there = pair
    with pytest.raises(ZeroDivisionError), here.store.writing(Turn.BESIDE) as connection:
        here.store.dialect.lock_free(connection, range(64))
        thread, got = in_thread(lambda: there.arena.put([], there.make_cover()))
        wait_until(lambda: waits_for_a_lock(here), "the other one waits")
        assert not got
        raise ZeroDivisionError
    thread.join(30)
    assert len(got) == 1 and isinstance(got[0], list) and there.arena.counts() == (1, 64)


def test_the_last_slot_goes_to_one_and_the_other_hears_that_it_is_full(pair: tuple[Services, Services]) -> None:
    here = pair[0]
    for _ in range(63):
        here.arena.put([], here.make_cover())
    threads = [in_thread(lambda box=box: box.arena.put([], box.make_cover())) for box in pair]
    for thread, _got in threads:
        thread.join(30)
    assert {type(got[0]) for _thread, got in threads} == {list, Full}
    assert here.arena.counts() == (64, 64)


# --- limits, chains, marks -----------------------------------------------------------------------------


def test_files_of_two_front_ends_together_stop_at_half_the_arena(pair: tuple[Services, Services]) -> None:
    here, there = pair
    with here.store.writing(Turn.LIMITED) as connection:  # as a put of files does, before its commit
        thread, got = in_thread(lambda: there.arena.put([there.make_cover()] * 20))
        wait_until(lambda: waits_for_a_lock(here), "the other one waits")
        connection.execute(slots.update().where(slots.c.id < 20).values(waiting=1))
    thread.join(30)
    assert isinstance(got[0], FilesFull) and here.arena.counts() == (20, 64)


def test_letters_of_two_front_ends_wait_for_no_files(pair: tuple[Services, Services]) -> None:
    here, there = pair
    with here.store.writing(Turn.LIMITED) as connection:
        connection.execute(slots.update().where(slots.c.id < 20).values(waiting=1))
        assert len(there.arena.put([], there.make_cover())) == 1


def test_a_bundle_holds_every_writer_of_every_front_end_until_it_is_recorded(pair: tuple[Services, Services]) -> None:
    """Else a row could be given back and overwritten between its hash and the record of it."""
    here, there = pair
    taken = there.arena.put([there.make_cover()])
    with here.store.writing():
        thread, got = in_thread(lambda: there.arena.release(taken, there.make_cover))
        wait_until(lambda: waits_for_a_lock(here), "the other one waits")
        assert not got and here.arena.counts() == (1, 64)
    thread.join(30)
    assert got == [None] and here.arena.counts() == (0, 64)


def test_a_bundle_and_an_outbox_go_through_different_front_ends_in_one_chain(
    pair: tuple[Services, Services], tmp_path: Path, small: Path
) -> None:
    here, there = pair
    key = station_key(small, "sumsel")
    here.arena.put([], first := here.make_cover())
    there.arena.put([], second := there.make_cover())
    sent, found = read_bundle(here, write_bundle(here, "sumsel", tmp_path))
    assert set(found) == {first, second}
    path, _ = outbox(there, tmp_path, key, records(there, key), acks=[Taken(1, sent.hash)])
    assert receive(there, path).freed == 2
    again, _ = read_bundle(there, write_bundle(there, "sumsel", tmp_path))
    assert (again.seq, again.previous) == (2, sent.hash)
    assert receive(here, path).repeated


def test_the_courier_waits_for_the_courier_of_another_front_end(
    pair: tuple[Services, Services], tmp_path: Path
) -> None:
    here, there = pair
    with here.courier_lane.enter():
        thread, got = in_thread(lambda: write_bundle(there, "sumsel", tmp_path))
        wait_until(lambda: waits_for_a_lock(here), "the other one waits")
        assert not got and not list(tmp_path.glob("bundle*"))
    thread.join(60)
    assert isinstance(got[0], Path)


def test_one_keeper_is_at_work_for_all_front_ends(home: MakeHome, pair: tuple[Services, Services]) -> None:
    other = str(home())
    with pair[0].keeper_lane.enter_now():
        said = CliRunner().invoke(main, ["keeper", "--home", other])
    assert said.exit_code == 1 and "at work already" in said.output
    with pair[1].keeper_lane.enter_now():
        pass


def test_a_keeper_whose_machine_dies_leaves_its_place(home: MakeHome, pair: tuple[Services, Services]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dropbox", "keeper", "--home", str(home())], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr and process.stderr.readline().startswith("KEEPER")
    process.kill()
    process.communicate()

    def is_free() -> bool:
        with pair[0].store.dialect.hold(pair[0].store.engine, dialects.Place.KEEPER, wait=False) as held:
            return held

    wait_until(is_free, "the server frees the place")


def test_the_greatest_day_and_version_of_all_front_ends_count(pair: tuple[Services, Services]) -> None:
    here, there = pair
    with here.store.writing() as connection:
        set_mark(connection, DAY, there.greatest_day() + 5)
        set_mark(connection, NAMED, 3, "sumsel")
    assert there.greatest_day() == here.directory.roster.issued + 5
    with there.store.reading() as connection:
        assert (read_mark(connection, NAMED, "sumsel"), read_mark(connection, VERSION)) == (3, 1)


def test_front_ends_that_start_at_once_make_one_database_and_fill_it_once(
    small: Path, postgres: Postgres, tmp_path: Path
) -> None:
    name = postgres.make()
    code = (
        "import sys; from pathlib import Path; from dropbox.services import Services; "
        "from dropbox.settings import load_settings; print('here', flush=True); sys.stdin.read(); "
        "print(*Services.open(load_settings(Path(sys.argv[1]))).arena.counts())"
    )
    started = []
    for number in range(3):
        home = Path(shutil.copytree(small / "server", tmp_path / f"server{number}"))
        use_database(home, postgres.url(name))
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
        )
    assert [process.stdout.readline() for process in started if process.stdout] == ["here\n"] * 3
    for process in started:
        assert process.stdin
        process.stdin.close()
    assert [(process.stdout.read(), process.wait(120)) for process in started if process.stdout] == [("0 64\n", 0)] * 3
    store = open_store(load_settings(tmp_path / "server0"))
    assert store.revision() == NEWEST
    store.engine.dispose()
    for number in range(3):
        forget(tmp_path / f"server{number}")
    postgres.drop(name)


# --- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_what_was_confirmed_is_refused(home: MakeHome, postgres: Postgres, name: str) -> None:
    folder = str(home())
    postgres.sql(f"ALTER SYSTEM SET {name} = off", "SELECT pg_reload_conf()")
    try:
        wait_until(lambda: postgres.sql(f"SHOW {name}") == "off\n", "the server has read its settings")
        said = CliRunner().invoke(main, ["status", "--home", folder])
    finally:
        postgres.sql(f"ALTER SYSTEM RESET {name}", "SELECT pg_reload_conf()")
        wait_until(lambda: postgres.sql(f"SHOW {name}") == "on\n", "the server has read its settings")
    assert said.exit_code == 6 and f"{name} off" in said.output and "Switch it on" in said.output


@pytest.mark.parametrize(
    "url",
    ["mysql://senyap:rahasia@db/box", "postgresql://senyap:rahasia@db/box", "postgresql+psycopg://a:rahasia@b:c/d"],
)
def test_another_database_or_a_broken_address_is_refused_and_its_password_not_shown(home: MakeHome, url: str) -> None:
    folder = home()
    use_database(folder, url)
    assert "rahasia" not in repr(load_settings(folder))
    said = CliRunner().invoke(main, ["status", "--home", str(folder)])
    assert said.exit_code == 2 and "database" in said.output and "rahasia" not in said.output


def test_without_its_library_the_operator_is_told_what_to_install(
    home: MakeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BadSettings, match=r"pip install 'kotak-senyap\[postgresql\]'"):
        open_store(load_settings(home()))


def test_a_server_that_is_gone_is_a_failing_database_and_its_address_not_shown(home: MakeHome, shared: str) -> None:
    folder = home()
    use_database(folder, shared.replace("port=", "port=1"))
    said = CliRunner().invoke(main, ["status", "--home", str(folder)])
    assert said.exit_code == 6 and "is PostgreSQL not running?" in said.output
    assert "senyap-pg" not in said.output and "Traceback" not in said.output


def test_connections_cut_by_the_server_are_made_anew(pair: tuple[Services, Services]) -> None:
    here, there = pair
    here.arena.put([], here.make_cover())
    with there.store.reading() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND datname = current_database()"
            )
        )
    here.arena.put([], here.make_cover())
    assert here.arena.counts() == (2, 64)


def test_a_commit_that_fails_is_not_confirmed(pair: tuple[Services, Services]) -> None:
    here, there = pair
    real = here.store.dialect.wait

    def cut(connection: object, turn: Turn) -> None:
        real(connection, turn)  # type: ignore[arg-type]
        with there.store.reading() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid != pg_backend_pid()"
                )
            )

    here.store.dialect.wait = cut  # type: ignore[method-assign]
    with pytest.raises(Broken, match="database: OperationalError"):
        here.arena.put([], here.make_cover())
    assert there.arena.counts() == (0, 64)


def test_an_outbox_through_a_front_end_with_an_older_roster_takes_no_rows_of_a_station_it_does_not_know(
    pair: tuple[Services, Services], tmp_path: Path, small: Path
) -> None:
    here, there = pair
    new, old = SigningKey.generate(), station_key(small, "sumsel")
    known = with_stations(here.directory, Station("palembang-b", "palembang", new.public, True, False))
    roster = replace(known.roster, version=2)
    remember_roster(here.store, roster)
    here.current.directory = replace(known, ledger=replace(known.ledger, roster=roster))
    receive(here, outbox(here, tmp_path, new, records(here, new), sender="palembang-b", roster_version=2)[0])
    receive(there, outbox(there, tmp_path / "there", old, records(there, old))[0])
    with here.store.reading() as connection:
        assert set(connection.scalars(select(mailboxes.c.station))) == {"palembang-b", "sumsel"}
