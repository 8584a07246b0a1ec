"""P13: killed at any step, on a full disk, or with syncs that fail: what was confirmed is kept, and the next try works.

The real processes meet the trouble, put there by strace. What only a power cut shows is in test_dropbox_powercut.py.
"""

from __future__ import annotations

import http.client
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest_station import weak, world  # noqa: F401
from crashes import (
    COVER_NOW,
    FILE,
    SAME_SLOTS,
    TEXTS,
    Point,
    Reader,
    Town,
    command,
    environment,
    make_town,
    opened_services,
    points,
    some,
    state_of,
    stick_problem,
    texts_after,
)
from forensics import Trace, needs_root, needs_strace, wait_until, workers_of
from live import REPORT, Answer, LiveServer, forget

from dropbox.cli import EXIT_DISK
from dropbox.serve import WORKERS
from dropbox.transportkey import make_next

pytestmark = [needs_strace, needs_root]
SEED = 20_260_105
WRITES = "write,pwrite64,ftruncate"
SYNCS = "fsync,fdatasync"
JOURNAL = "dropbox.db-journal>"
STEPS = f"{WRITES},{SYNCS},rename,unlink,mkdir,exit_group"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return make_town(tmp_path_factory.mktemp("town"))


# --- commands ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A home and a stick of its own for one try."""

    home: Path
    stick: Path
    roster: Path

    def command(self, name: str, outbox: Path) -> list[str]:
        home = ("--home", self.home)
        if name == "keeper":
            return command("keeper", *home, first=SAME_SLOTS + COVER_NOW + ENDS_BY_ITSELF)
        return {
            "bundle": command("bundle", *home, "--to", self.stick),
            "receive": command("receive", *home, outbox),
            "roster": command("roster", *home, self.roster),
        }[name]


ENDS_BY_ITSELF = "k.Keeper.run = lambda self, stop: self.step(); "  # behind the cover of one look
COMMANDS = ("bundle", "receive", "keeper", "roster")


def place_for(name: str, town: Town, folder: Path) -> Place:
    home = Path(shutil.copytree(town.exported if name == "receive" else town.server, folder / "server"))
    place = Place(home, folder / "stick", folder / "roster-00000002.senyap")
    place.stick.mkdir()
    if name == "roster":
        place.roster.write_bytes(world().next_roster(server_key=make_next(home).public)[1])
    return place


def go(words: Sequence[str], *front: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*front, *words], env=environment(), capture_output=True, text=True, timeout=120)


def strace(log: Path, calls: str, *more: str) -> list[str]:
    return ["strace", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={calls}", "-e", "signal=none", *more, "-o", str(log)]  # fmt: skip


@pytest.fixture(scope="module")
def clean(town: Town, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    """What each command calls in a clean run, in order: (call, its line)."""
    found = {}
    for name in COMMANDS:
        folder = tmp_path_factory.mktemp(f"clean-{name}")
        place = place_for(name, town, folder)
        done = go(place.command(name, town.outbox), *strace(folder / "log", STEPS))
        assert done.returncode == 0, done.stderr
        lines = (folder / "log").read_text().splitlines()
        found[name] = [(each[1], line) for line in lines if (each := re.match(r"\d+ +(\w+)\(", line))]
        forget(place.home)
    return found


def finish(name: str, place: Place, town: Town, folder: Path) -> None:
    """Run a command that came to nothing once more, and demand that nothing is lost, doubled or mixed."""
    assert not stick_problem(place.home, place.stick)
    done = go(place.command(name, town.outbox))
    assert done.returncode == 0, done.stderr
    if name == "bundle":
        reader = Reader(folder, town.station_before)
        new = [reader.take(path)["new"] for path in sorted(place.stick.glob("bundle-*.senyap"))]
        assert sum(new) == 1 and reader.texts() == sorted(TEXTS)
    elif name == "receive":
        assert state_of(place.home)["mailboxes"] == clean_mailboxes(town, folder)
        services = opened_services(place.home)
        waiting, forwarded = services.arena.counts()[0], services.directory.roster.sizes.forwarded
        services.store.engine.dispose()
        assert waiting == forwarded, "everything else was acknowledged"
        assert texts_after(place.home, town.station, folder / "read") == sorted(TEXTS)
    elif name == "roster":
        services = opened_services(place.home)
        services.store.engine.dispose()
        assert services.directory.roster.version == 2 and not (place.home / "server-next.key").exists()
    else:
        state_of(place.home)
        assert texts_after(place.home, town.station_before, folder / "read") == sorted(TEXTS)
    forget(place.home)


def clean_mailboxes(town: Town, folder: Path) -> str:
    """Return the table of mailboxes after an outbox that nothing disturbed."""
    home = Path(shutil.copytree(town.exported, folder / "undisturbed"))
    assert go(command("receive", "--home", home, town.outbox)).returncode == 0
    forget(home)
    return state_of(home)["mailboxes"]


Calls = dict[str, list[tuple[str, str]]]


def injected(clean: Sequence[tuple[str, str]], step: int, what: str) -> list[str]:
    """Return the option that does this at a step of a clean run: strace counts the calls of each name for itself."""
    name = clean[step][0]
    ordinal = sum(each == name for each, _line in clean[: step + 1])
    return ["-e", f"inject={name}:{what}:when={ordinal}"]


def kill_command(name: str, point: Point, clean: Calls, town: Town, folder: Path) -> int:
    """Kill a command at a step and finish it; return the exit code of the one that was killed."""
    folder.mkdir()
    place = place_for(name, town, folder)
    more = injected(clean[name], point.step, "signal=KILL")
    killed = go(place.command(name, town.outbox), *strace(folder / "log", STEPS, *more))
    assert killed.returncode in KILLED, f"{point}: it was not killed; {killed.stderr}"
    finish(name, place, town, folder)
    shutil.rmtree(folder)
    return killed.returncode


MANY = 12
KILLED = {-9, 137}


def kills(name: str, clean: Calls, count: int) -> list[Point]:
    steps = range(len(clean[name]) - 1)
    return points(f"kill-{name}", steps, steps[-1], count, SEED)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_killed_at_a_step_is_finished_by_the_same_one_again(
    name: str, clean: Calls, town: Town, tmp_path: Path
) -> None:
    chosen = some(kills(name, clean, 1))
    assert {kill_command(name, point, clean, town, tmp_path / str(point)) for point in chosen} <= KILLED


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_killed_at_many_more_steps_is_finished_by_the_same_one_again(
    name: str, clean: Calls, town: Town, tmp_path: Path
) -> None:
    chosen = some(kills(name, clean, MANY))
    assert {kill_command(name, point, clean, town, tmp_path / str(point)) for point in chosen} <= KILLED


def disk_faults(name: str, clean: Calls, count: int) -> list[tuple[Point, int, str]]:
    """Draw steps of a command that write or sync home or stick, each with its step and the error that it shall meet.

    SQLite asks for a sync of the folder after the first of a new journal and goes on when it fails; the one that
    confirms a transaction, after the journal is gone, is not passed over.
    """
    found = {
        "ENOSPC": [i for i, (call, line) in enumerate(clean[name]) if call in WRITES.split(",") and "/clean-" in line],
        "EIO": [
            i for i, (call, line) in enumerate(clean[name])
            if call in SYNCS.split(",") and "/clean-" in line and JOURNAL not in clean[name][i - 1][1]
        ],
    }  # fmt: skip
    return [
        (point, steps[point.step], error)
        for error, steps in found.items()
        for point in points(f"{error.lower()}-{name}", range(len(steps)), len(steps) - 1, count, SEED)
    ]


def fail_command(name: str, point: Point, step: int, error: str, clean: Calls, town: Town, folder: Path) -> int:
    """Let a step of a command fail, then finish it; return the exit code of the one that failed."""
    folder.mkdir()
    place = place_for(name, town, folder)
    more = injected(clean[name], step, f"error={error}")
    failed = go(place.command(name, town.outbox), *strace(folder / "log", STEPS, "--seccomp-bpf", *more))
    words = f"{point} ({clean[name][step][1].replace(str(folder), '')}): exit {failed.returncode}: {failed.stderr}"
    assert "INJECTED" in (folder / "log").read_text(), words
    assert failed.returncode == EXIT_DISK and not failed.stdout, words
    assert "disk" in failed.stderr and "once more" in failed.stderr and "Traceback" not in failed.stderr, words
    finish(name, place, town, folder)
    shutil.rmtree(folder)
    return failed.returncode


def test_a_command_that_meets_a_full_or_failing_disk_says_so_and_is_finished_by_the_same_one_again(
    clean: Calls, town: Town, tmp_path: Path
) -> None:
    chosen = some([(name, *each) for name in ("bundle", "receive") for each in disk_faults(name, clean, 1)])
    codes = [fail_command(*each, clean, town, tmp_path / str(each[1])) for each in chosen]
    assert set(codes) == {EXIT_DISK}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bundle", "receive", "roster"])
def test_a_command_that_meets_a_full_or_failing_disk_at_many_more_steps_is_finished_by_the_same_one_again(
    name: str, clean: Calls, town: Town, tmp_path: Path
) -> None:
    chosen = some(disk_faults(name, clean, 6))
    codes = [fail_command(name, *each, clean, town, tmp_path / str(each[0])) for each in chosen]
    assert set(codes) == {EXIT_DISK}


# --- reports -----------------------------------------------------------------------------------------


def send(server: LiveServer, fields: dict[str, str], files: Sequence[tuple[str, bytes, str]]) -> Answer | None:
    """Send a report; None when the connection broke off."""
    try:
        return server.post("/lapor", fields, files)
    except (ConnectionError, http.client.HTTPException):
        return None


def fresh_form(server: LiveServer, number: int) -> dict[str, str]:
    return {"benih": server.get("/lapor").hidden("benih"), **REPORT, "uraian": f"Laporan nomor {number} dari sini."}


def meet(server: LiveServer, what: str, home: Path, folder: Path, *, only: str = "") -> Trace:
    """Return a trace of the workers in which calls on the database, its journal and its folder meet something."""
    places = [home / name for name in ([only] if only else ["dropbox.db", "dropbox.db-journal", ""])]
    more = ["-e", f"inject={what}", *(part for place in places for part in ("-P", str(place)))]
    wait_until(lambda: len(workers_of(server)) == WORKERS, "all workers")
    return Trace(workers_of(server), folder / "trace", calls=what.split(":")[0], more=more)


def is_shown(answer: Answer | None) -> bool:
    return answer is not None and 'id="kode-tanda-terima"' in answer.text


def each_once(count: int) -> list[str]:
    """Return what a station must read after so many reports, however often each was sent."""
    return sorted([*TEXTS, *(f"Laporan nomor {number} dari sini." for number in range(count))])


def kill_reports(town: Town, folder: Path, chosen: Sequence[Point]) -> list[str]:
    """Kill the worker that stores a report; the same form leads to one case, whatever was stored.

    Returns what a station then reads.
    """
    home = Path(shutil.copytree(town.server, folder / "server"))
    with LiveServer(home, wiping=False) as server:
        for number, point in enumerate(chosen):
            form, files = fresh_form(server, number), [FILE] if number % 2 else []
            name, most = REPORT_CALLS[point.seed % len(REPORT_CALLS)]
            before = set(workers_of(server))
            with meet(server, f"{name}:signal=KILL:when={1 + point.step % most}", home, folder):
                answer = send(server, form, files)
                assert answer is None, f"{point}: no worker was killed"
                # strace that is ended while a process of its dies leaves the others stopped
                wait_until(lambda gone=before: set(workers_of(server)) - gone, "another worker")
            last = server.post("/lapor", form, files)
            assert last.status == 200 and last.words == server.post("/lapor", form, files).words
    with LiveServer(home, wiping=False) as server:
        return texts_after(server.home, town.station_before, folder / "read")


# What storing a letter alone calls at least, on database, journal and folder.
REPORT_CALLS = (("pwrite64", 30), ("fdatasync", 4), ("unlink", 1))


def test_a_worker_killed_while_it_stores_a_report_leaves_one_case(town: Town, tmp_path: Path) -> None:
    chosen = some(points("kill-report", range(30), 29, 3, SEED))
    assert kill_reports(town, tmp_path, chosen) == each_once(len(chosen))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_worker_killed_at_many_more_steps_of_storing_leaves_one_case(seed: int, town: Town, tmp_path: Path) -> None:
    chosen = some(points("kill-report", range(30), 29, 5, seed))
    assert kill_reports(town, tmp_path, chosen) == each_once(len(chosen))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the calls of a report meet, and where."""

    what: str
    only: str = ""


TROUBLES = [
    Trouble("pwrite64:error=ENOSPC:when=1+"),
    Trouble("pwrite64:error=ENOSPC:when=9+", "dropbox.db-journal"),
    Trouble("pwrite64:error=ENOSPC:when=3+", "dropbox.db"),
    Trouble("openat:error=ENOSPC:when=1+", "dropbox.db-journal"),
    Trouble("fdatasync:error=EIO:when=1+", "dropbox.db-journal"),
    Trouble("fdatasync:error=EIO:when=1+", "dropbox.db"),
    Trouble("fdatasync:error=EIO:when=5"),  # of the folder, when the journal is gone
    Trouble("unlink:error=EIO:when=1+", "dropbox.db-journal"),
]


def fail_reports(town: Town, folder: Path, troubles: Sequence[Trouble]) -> list[str]:
    """Send reports while the disk is full or fails: 503 and the text comes back, and afterwards the same form works.

    Returns what a station then reads.
    """
    home = Path(shutil.copytree(town.server, folder / "server"))
    with LiveServer(home, wiping=False) as server:
        for number, trouble in enumerate(troubles):
            form, files = fresh_form(server, number), [FILE] if number % 3 == 2 else []
            with meet(server, trouble.what, home, folder, only=trouble.only) as trace:
                answer = send(server, form, files)
            met = [call for call in trace.calls if "INJECTED" in call.arguments]
            assert met, f"{trouble}: it never came"
            assert answer is not None and answer.status == 503 and not is_shown(answer), trouble
            assert form["uraian"] in answer.text and "bermasalah" in answer.text, trouble
            last = server.post("/lapor", form, files)
            assert last.status == 200 and is_shown(last), f"{trouble}: afterwards {last.status}"
        return texts_after(server.home, town.station_before, folder / "read")


def test_on_a_full_or_failing_disk_no_receipt_is_shown_and_the_same_form_works_afterwards(
    town: Town, tmp_path: Path
) -> None:
    troubles = TROUBLES[::2] + TROUBLES[-1:]
    assert fail_reports(town, tmp_path, troubles) == each_once(len(troubles))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_at_many_more_steps_of_a_full_or_failing_disk_no_receipt_is_shown_and_the_same_form_works_afterwards(
    seed: int, town: Town, tmp_path: Path
) -> None:
    dice = random.Random(f"troubles {seed}")
    drawn = [
        Trouble(f"pwrite64:error={error}:when={dice.randint(1, 30)}{more}")
        for error in ("ENOSPC", "EIO")
        for more in ("", "+")
    ]
    drawn.append(Trouble(f"fdatasync:error=EIO:when={dice.choice((1, 3, 4, 5))}{dice.choice(('', '+'))}"))
    assert fail_reports(town, tmp_path, [*drawn, TROUBLES[seed]]) == each_once(len(drawn) + 1)
