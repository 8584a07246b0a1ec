"""Cover by schedule: each day changes as many slots, whether reports came or not (P4)."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import mmap
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import Clock
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from live import ROOT
from sqlalchemy import select
from test_dropbox_trouble import break_commits
from web import report, waiting

from dropbox import keeper
from dropbox.__main__ import main
from dropbox.errors import BadSettings, Broken, Closed
from dropbox.keeper import DAY_SECONDS, Keeper, last_beat
from dropbox.lanes import Lanes
from dropbox.memory import is_memory, memory_file, shared_memory
from dropbox.services import Services
from dropbox.store import rows, slots
from dropbox.tally import TALLY_BYTES, Tally

QUOTA = 8  # daily_cover of the small demo


@pytest.fixture
def fresh(services: Services) -> Services:
    """A drop box whose whole arena is free, and that counts from 0."""
    acknowledge(services)
    return services


def copied_rows(services: Services) -> dict[int, bytes]:
    """Return a hash of each row in a copy of the database file, read without the program; on PostgreSQL as it says."""
    if services.settings.database:
        with services.store.reading() as connection:
            return {
                slot: hashlib.sha256(row).digest() for slot, row in connection.execute(select(rows.c.id, rows.c.row))
            }
    copy = services.settings.home / "copy.db"
    shutil.copy(services.settings.home / "dropbox.db", copy)
    with contextlib.closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as db:
        found = {slot: hashlib.sha256(row).digest() for slot, row in db.execute("SELECT id, row FROM rows")}
    copy.unlink()
    return found


def changed(services: Services) -> Callable[[], int]:
    """Return a function that counts the slots whose row is another one than now: what two copies of a disk show."""
    before = copied_rows(services)
    return lambda: sum(row != before[slot] for slot, row in copied_rows(services).items())


def pass_day(services: Services, clock: Clock, at: dict[float, int] | None = None, work: Keeper | None = None) -> int:
    """Let a day pass with so many real rows at some seconds; return how many slots changed."""
    count, work = changed(services), work or Keeper(services, clock)
    stops = sorted({clock.second, *(at or {}), DAY_SECONDS - 1e-3})
    for second in stops:
        while clock.second < second:
            clock.second = min(second, clock.second + work.step() + 1e-6)
        clock.second = second
        work.step()
        for _ in range((at or {}).get(second, 0)):
            services.arena.put([], services.make_cover())
    work.step()
    clock.day, clock.second = clock.day + 1, 0.0
    return count()


def acknowledge(services: Services) -> None:
    """Free everything, as a courier does."""
    with services.store.writing() as connection:
        connection.execute(slots.update().values(waiting=0))


@pytest.mark.parametrize(
    "real", [{}, {10.0: 1}, {60_000.0: 3}, {5.0: 2, 30_000.0: 3}, {40_000.0: QUOTA}], ids=["none", "1", "3", "5", "all"]
)
def test_a_day_changes_as_many_slots_whether_reports_came_or_not(
    fresh: Services, clock: Clock, real: dict[float, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter(range(1, 1_000))
    monkeypatch.setattr(keeper, "_RANDOM", random.Random(7))
    monkeypatch.setattr(keeper._RANDOM, "uniform", lambda a, b: max(a, b - next(late) * 60))
    assert pass_day(fresh, clock, real) == QUOTA


def test_soon_after_a_report_as_many_slots_have_changed_as_without_it(
    fresh: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for real in (0, 3):
        acknowledge(fresh)
        moments = iter([float(second) for second in range(QUOTA)] + [10_000.0 * n for n in range(1, QUOTA + 1)])
        monkeypatch.setattr(keeper._RANDOM, "uniform", lambda _a, _b, source=moments: next(source) + 1)
        count, work, clock.second, so_far = changed(fresh), Keeper(fresh, clock), 0.0, []
        for hour in range(24):
            while clock.second < hour * 3_600:
                clock.second = min(hour * 3_600, clock.second + work.step() + 1e-6)
            work.step()
            if hour == 1 and real:
                for _ in range(real):
                    fresh.arena.put([], fresh.make_cover())
            so_far.append(count())
        clock.day += 1
        found.append(so_far)
    assert found[0][9:] == found[1][9:] and found[0][-1] == QUOTA and found[1][2] == 3


def test_control_without_the_count_of_real_rows_a_day_with_reports_shows(
    fresh: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tally, "cover_is_due", lambda _self, _day: True)
    assert pass_day(fresh, clock, {60_000.0: 3}) == QUOTA + 3


@pytest.mark.both_databases
def test_what_a_day_brings_too_much_is_paid_back_and_half_of_the_cover_stays(fresh: Services, clock: Clock) -> None:
    work = Keeper(fresh, clock)
    assert pass_day(fresh, clock, {100.0: 21}, work) >= 21
    found = []
    for _ in range(5):
        acknowledge(fresh)
        found.append(pass_day(fresh, clock, None, work))
    assert found[:3] == [QUOTA // 2] * 3 and QUOTA // 2 <= found[3] <= QUOTA and found[4] == QUOTA
    assert 21 + sum(found) <= 6 * QUOTA + QUOTA


@pytest.mark.both_databases
def test_cover_stops_with_files_when_half_the_arena_waits(fresh: Services, clock: Clock) -> None:
    for _ in range(30):
        fresh.arena.put([], fresh.make_cover())
    fresh.tally._memory[:96] = bytes(96)
    assert pass_day(fresh, clock) == 2 and fresh.arena.counts() == (32, 64)
    fresh.arena.put([], fresh.make_cover())
    assert fresh.arena.counts() == (33, 64), "a letter passes"


def test_a_cover_row_waits_like_a_real_one(fresh: Services, clock: Clock) -> None:
    pass_day(fresh, clock)
    assert fresh.arena.counts() == (QUOTA, 64) and len(waiting(fresh)) == QUOTA
    assert len(set(waiting(fresh))) == QUOTA


@pytest.mark.both_databases
def test_a_keeper_that_starts_again_goes_on_with_the_day(
    fresh: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = itertools.cycle([(2 * n + 1) / (2 * QUOTA) for n in range(QUOTA)])  # chance: all 8 before 50,000 s in 1 %
    monkeypatch.setattr(keeper._RANDOM, "uniform", lambda a, b: a + (b - a) * next(parts))
    count, first = changed(fresh), Keeper(fresh, clock)
    while clock.second < 50_000:
        clock.second += first.step() + 1e-6
    fresh.arena.put([], fresh.make_cover())
    second = Keeper(fresh, clock)
    while clock.second < DAY_SECONDS - 1:
        clock.second = min(DAY_SECONDS - 1, clock.second + second.step() + 1e-6)
    second.step()
    clock.second = DAY_SECONDS - 1e-9
    second.step()
    assert count() == QUOTA


def test_after_a_start_in_the_middle_of_a_day_only_what_is_left_of_it_is_covered(
    fresh: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a day's cover within its last minute would be more than a day ever brings, after a few starts."""
    moments = iter([10_000.0, 20_000.0, 70_000.0, 80_000.0, 81_000.0, 82_000.0, 83_000.0, 84_000.0] + [85_000.0] * 6)
    monkeypatch.setattr(keeper._RANDOM, "uniform", lambda _a, _b: next(moments))
    clock.second = 30_000.0
    assert pass_day(fresh, clock) == QUOTA - 2


def test_when_nothing_may_be_sealed_a_moment_passes_without_a_row(
    fresh: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_self: Services) -> bytes:
        raise Closed("no keys")

    monkeypatch.setattr(Services, "make_cover", closed)
    assert pass_day(fresh, clock) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_over_any_days_all_that_is_owed_is_paid_back_and_no_quiet_day_has_less_than_half(
    days: list[tuple[int, int]],
) -> None:
    """`days`: real rows before all moments of cover, and after them."""
    tally = Tally(mmap.mmap(-1, TALLY_BYTES), Lanes(Path("/nonexistent").parent / "tmp" / "t", "tally", 1, 1))
    owed = 0
    for day, (before, after) in enumerate(days, 1):
        left = tally.begin_day(day, QUOTA, 0)
        tally.add_rows(day, 0, 0, letters=before)
        cover = sum(tally.cover_is_due(day) for _ in range(left))
        tally.add_rows(day, 0, 0, letters=after)
        paid = min(owed, QUOTA // 2)
        assert cover == max(0, QUOTA - paid - before)
        assert before + cover >= QUOTA // 2
        owed = max(0, owed + before + after + cover - QUOTA)
    for day in range(len(days) + 1, len(days) + 2 + 2 * owed // QUOTA + 2):
        left = tally.begin_day(day, QUOTA, 0)
        cover = sum(tally.cover_is_due(day) for _ in range(left))
    assert cover == QUOTA


# --- its memory --------------------------------------------------------------------------------------


def test_two_processes_of_a_home_count_together_and_no_other_home_does(services: Services, tmp_path: Path) -> None:
    folder, home = Path(services.settings.memory), services.settings.home
    again = shared_memory(folder, home, TALLY_BYTES)
    services.tally.add_letter(77)
    assert Tally(again, Lanes(tmp_path, "tally", 1, 1)).letters(77) == 1
    assert memory_file(folder, home) != memory_file(folder, tmp_path)


def test_a_folder_on_a_disk_and_a_file_that_others_can_read_are_refused(tmp_path: Path, services: Services) -> None:
    assert is_memory(Path("/dev/shm")) and not is_memory(Path("/etc"))
    with pytest.raises(BadSettings, match="memory must name a folder in memory"):
        shared_memory(Path("/etc"), tmp_path, 64)
    file = memory_file(Path("/dev/shm"), tmp_path)
    file.touch(0o644)
    file.chmod(0o644)
    try:
        with pytest.raises(BadSettings, match="not this user's alone"):
            shared_memory(Path("/dev/shm"), tmp_path, 64)
    finally:
        file.unlink()


def test_the_database_says_of_the_keeper_no_more_than_its_last_day(fresh: Services, clock: Clock) -> None:
    assert last_beat(fresh.store) is None
    Keeper(fresh, clock).step()
    assert last_beat(fresh.store) == clock.day
    before = fresh.settings.home.joinpath("dropbox.db").read_bytes()
    Keeper(fresh, clock).step()
    assert fresh.settings.home.joinpath("dropbox.db").read_bytes() == before, "the same day is not written again"


# --- the command -------------------------------------------------------------------------------------


@pytest.fixture
def running(deployment: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dropbox", "keeper", "--home", str(deployment / "server")],
        cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.both_databases
def test_the_keeper_runs_until_told_to_stop_and_only_once(running: subprocess.Popen[str], deployment: Path) -> None:
    assert running.stderr and running.stderr.readline() == f"KEEPER {QUOTA} rows a day\n"
    again = CliRunner().invoke(main, ["keeper", "--home", str(deployment / "server")])
    assert again.exit_code == 1 and "at work already" in again.output
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 0


@pytest.mark.both_databases
def test_a_keeper_that_does_not_beat_is_an_alarm(services: Services, clock: Clock) -> None:
    home = str(services.settings.home)
    never = CliRunner().invoke(main, ["status", "--home", home])
    assert never.exit_code == 7 and "the keeper has never run" in never.output
    clock.day -= 1
    Keeper(services, clock).step()
    assert CliRunner().invoke(main, ["status", "--home", home]).exit_code != 7
    clock.day -= 1
    Keeper(services, clock).step()
    stale = CliRunner().invoke(main, ["status", "--home", home])
    assert stale.exit_code == 7 and "was last at work on" in stale.output


@pytest.mark.parametrize(("count", "fill"), [(31, 0), (32, 50), (48, 75), (58, 90)])
def test_the_operator_is_warned_as_the_arena_fills(services: Services, clock: Clock, count: int, fill: int) -> None:
    Keeper(services, clock).step()
    with services.store.writing() as connection:
        connection.execute(slots.update().values(waiting=0))
        connection.execute(slots.update().where(slots.c.id < count).values(waiting=1))
    said = CliRunner().invoke(main, ["status", "--home", str(services.settings.home)])
    assert f"fill           {fill or '-'}" in said.output.replace("fill           0", "fill           -")
    assert (said.exit_code == 0) == (fill == 0) and ("Bring a bundle" in said.output) == bool(fill)


def test_a_database_that_fails_does_not_end_the_keeper(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, tries = threading.Event(), []

    def fail(_self: Keeper) -> float:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise Broken("database: OperationalError")

    monkeypatch.setattr(Keeper, "step", fail)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.0)
    Keeper(services).run(stop)
    assert len(tries) == 3


def test_cover_that_a_failing_database_refused_comes_when_it_works_again(
    fresh: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, work = changed(fresh), Keeper(fresh, clock)
    work.step()
    clock.second = DAY_SECONDS / 2
    with monkeypatch.context() as patch:
        break_commits(fresh, patch, after=1)
        for _minute in range(5):
            with contextlib.suppress(Broken):
                work.step()
    assert count() <= 1
    clock.second = DAY_SECONDS - 1e-3
    work.step()
    assert count() == QUOTA


@pytest.mark.both_databases
def test_a_report_sent_while_the_keeper_is_at_work_takes_the_place_of_cover(
    client: FlaskClient, fresh: Services, clock: Clock
) -> None:
    Keeper(fresh, clock).step()
    assert report(client).status == 200
    assert pass_day(fresh, clock) <= QUOTA and fresh.arena.counts()[0] == QUOTA
