"""P13: whatever a power cut leaves on disk and stick, what was confirmed is there and nothing is half there.

A kill leaves the kernel's memory to be written later, so it cannot show a missing sync. Here the disk is made anew from
the system calls of one clean run (tests/powercut.py), cut after any of them. The database must then be exactly as it
was between two transactions, not before the last one that somebody was told of, and from each of these states a
station must get every confirmed letter once.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from conftest_station import weak, world  # noqa: F401
from crashes import (
    COVER_NOW,
    FILE,
    LONG_FILE,
    NO_FOLDER_SYNCS,
    NO_SYNCS,
    SAME_SLOTS,
    TEXTS,
    Point,
    State,
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
from forensics import needs_root, needs_strace, wait_until
from live import REPORT, LiveServer
from powercut import Disk, Log, Step, await_end, lay_out, run_traced, snapshot, strace, without_syncs

from crypto.errors import CryptoError
from dropbox.errors import DropboxError
from dropbox.transport import receive
from dropbox.transportkey import make_next

pytestmark = [needs_strace, needs_root]
SEED = 20_260_105
SEEDS_OF_CONTROLS = 30
JOURNAL = "dropbox.db-journal"
TURNS = ("rename", "unlink")
RECEIPTS = (b'id="kode-tanda-terima"', b'id="terkirim"')
REPORTS = ("Hanya tulisan, tanpa berkas.", "Tulisan dengan satu berkas.", "Tulisan dengan berkas panjang.")
FOLLOW_UP = "Tambahan dengan satu berkas."


@dataclass(slots=True)
class Recording:
    """One clean run: the disk before it, what happened, and each state of the database between two transactions."""

    moment: str
    home: Path
    stick: Path
    before: dict[str, bytes] = field(repr=False)
    steps: list[Step] = field(repr=False)
    homes: list[Path] = field(default_factory=list)  # the whole drop box in each of these states
    states: list[State] = field(default_factory=list, repr=False)
    commits: list[int] = field(default_factory=list, repr=False)  # how many transactions each step lies behind

    def told(self, at: int) -> int:
        """Return the number of the last transaction that somebody had been told of by then."""
        return max((self.commits[i] for i, step in enumerate(self.steps[:at]) if _tells(step)), default=0)


def _tells(step: Step) -> bool:
    """Tell whether a step shows a receipt, or ends a command well."""
    if step.kind != "said":
        return False
    return (step.path == "exit" and step.at == 0) or any(mark in step.data for mark in RECEIPTS)


Run = Callable[[Path, Path, Path], None]  # home, stick, where strace writes


def run(*arguments: str | Path, first: str = SAME_SLOTS, code: int = 0) -> Run:
    """Run one command to its exit code; HOME and STICK stand for the places."""

    def go(home: Path, stick: Path, log: Path) -> None:
        named = {"HOME": home, "STICK": stick}
        words = [named.get(str(word), word) for word in arguments]
        done = run_traced(log, command(*words, first=first), environment())
        assert done.returncode == code, done.stderr

    return go


def keep(home: Path, stick: Path, log: Path) -> None:
    """Run the keeper until all cover of the day is written."""
    with subprocess.Popen(
        [*strace(log), *command("keeper", "--home", home, first=SAME_SLOTS + COVER_NOW)], env=environment(),
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        wanted = 1 + world().roster.sizes.daily_cover
        wait_until(lambda: log.exists() and _unlinked(log) >= wanted, "all cover of a day")
        process.terminate()
    await_end(log, process.pid)


def _unlinked(log: Path) -> int:
    name = "".join(f"\\x{byte:02x}" for byte in JOURNAL.encode())
    return sum(line.count(name + '")') for line in log.read_text("ascii").splitlines() if " unlink" in line)


def serve(words: Sequence[str], first: str = SAME_SLOTS) -> Run:
    """Take three reports and a message."""

    def go(home: Path, stick: Path, log: Path) -> None:
        with LiveServer(home, wiping=False, first=first, under=strace(log)) as server:
            assert server.process
            for text, files in zip(REPORTS, ([], [FILE], [LONG_FILE]), strict=True):
                assert server.report(REPORT | {"uraian": text}, files).words
            session = server.post("/kotak", {"kode": " ".join(words)}).hidden("sesi")
            routing = {name: REPORT[name] for name in ("wilayah", "jenjang_terlapor")}
            sent = server.post("/kotak/pesan", {"sesi": session, "pesan": FOLLOW_UP, **routing}, [FILE])
            assert 'id="terkirim"' in sent.text
            pid = server.process.pid
        await_end(log, pid)

    return go


def record(moment: str, base: Path, folder: Path, go: Run) -> Recording:
    """Let a run happen once and find the states that it went through."""
    home, stick = Path(shutil.copytree(base, folder / "server")), folder / "stick"
    stick.mkdir()
    before = snapshot(home, stick)
    go(home, stick, folder / "log")
    found = Recording(moment, home, stick, before, Log(folder / "log", home, stick).steps)
    (folder / "log").unlink()
    disk, done = Disk(before), 0
    _note_state(found, before, folder / "state-0")
    for number, step in enumerate(found.steps):
        disk.take(number, step)
        if step.kind == "unlink" and step.path.endswith(JOURNAL):
            done += 1
            _note_state(found, disk.whole(), folder / f"state-{done}")
        found.commits.append(done)
    return found


def _note_state(recording: Recording, files: Mapping[str, bytes], place: Path) -> None:
    recording.homes.append(lay_out(files, recording.home, place))
    recording.states.append(state_of(place))


def cut(recording: Recording, chosen: Iterable[Point], folder: Path) -> Iterator[tuple[Point, str]]:
    """Yield each point with what is wrong after a power cut there, nothing if nothing is."""
    disk, taken = Disk(recording.before), 0
    for point in chosen:
        for number in range(taken, min(point.step, len(recording.steps))):
            disk.take(number, recording.steps[number])
        taken = max(taken, point.step)
        place = folder / "cut"
        found = disk.found(point.dice)
        home = lay_out(found, recording.home, place / "server")
        stick = lay_out(found, recording.stick, place / "stick")
        yield point, _problem(recording, point, home, stick)
        shutil.rmtree(place)


def _problem(recording: Recording, point: Point, home: Path, stick: Path) -> str:
    try:
        state = state_of(home)
        if words := _refusal(recording, point, home):
            return words
    except (AssertionError, DropboxError, CryptoError, OSError) as error:
        return f"the home does not open: {type(error).__name__} {error}"
    fitting = [number for number, known in enumerate(recording.states) if known == state]
    told = recording.told(point.step)
    if not fitting:
        return "the database is between two states"
    if max(fitting) < told:
        return f"transaction {told} had been told of, the database is at {max(fitting)}"
    if recording.moment == "bundle" and ended(recording, point) and not list(stick.glob("bundle-*.senyap")):
        return "the command had ended, and its bundle is not on the stick"
    return stick_problem(home, stick)


def ended(recording: Recording, point: Point) -> bool:
    """Tell whether the command was over by then."""
    return any(step.path == "exit" for step in recording.steps[: point.step])


def _refusal(recording: Recording, point: Point, home: Path) -> str:
    """Open a home whole where more than the database may have changed, else at every fourth point."""
    if recording.moment not in ("begin", "roster") and point.seed % 4:
        return ""
    copy = Path(shutil.copytree(home, home.with_name("opened")))
    services = opened_services(copy)
    services.store.engine.dispose()
    if services.arena.counts()[1] != services.directory.roster.sizes.slots:
        return "the arena was not filled"
    version = services.directory.roster.version
    if recording.moment == "roster" and ended(recording, point) and version != 2:
        return "the command had ended, and its roster is not in force"
    if len(list(services.directory.ledger.history())) != version:
        return "a roster of the past is gone"
    return ""


# --- the moments -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return make_town(tmp_path_factory.mktemp("town"))


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run starts, what it does, and how many points of it are looked at: in each build, and in the long form."""

    base: Callable[[Town, Path], Path]
    go: Callable[[Town, Path], Run]
    few: int
    many: int


def _with_next_key(town: Town, folder: Path) -> Path:
    home = Path(shutil.copytree(town.server, folder / "base"))
    key = make_next(home)
    (folder / "roster-00000002.senyap").write_bytes(world().next_roster(server_key=key.public)[1])
    return home


MOMENTS = {
    "begin": Moment(
        lambda town, folder: world().folder / "server",
        lambda town, folder: run("status", "--home", "HOME", code=7),  # no keeper yet
        1, 60,
    ),
    "report": Moment(lambda town, folder: town.server, lambda town, folder: serve(town.words), 16, 160),
    "bundle": Moment(
        lambda town, folder: town.server,
        lambda town, folder: run("bundle", "--home", "HOME", "--to", "STICK"),
        24, 80,
    ),
    "receive": Moment(
        lambda town, folder: town.exported,
        lambda town, folder: run("receive", "--home", "HOME", town.outbox),
        10, 120,
    ),
    "keeper": Moment(lambda town, folder: town.server, lambda town, folder: keep, 3, 60),
    "roster": Moment(
        _with_next_key,
        lambda town, folder: run("roster", "--home", "HOME", folder / "roster-00000002.senyap"),
        4, 60,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def recorded(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recording]:
    """Return what records a moment, once for all tests of this file."""

    @functools.cache
    def made(name: str) -> Recording:
        folder, moment = tmp_path_factory.mktemp(name), MOMENTS[name]
        return record(name, moment.base(town, folder), folder, moment.go(town, folder))

    return made


def wrong_at(recording: Recording, chosen: Sequence[Point], folder: Path) -> str:
    """Return in words what is wrong at any of these points, "" when nothing is."""
    wrong = [f"{point}: {words}" for point, words in cut(recording, chosen, folder) if words]
    print(f"{recording.moment}: {len(recording.steps)} steps, {len(recording.states)} states, {len(chosen)} points")
    again = " ".join(words.split(": ")[0] for words in wrong)
    return "\n".join([*wrong, f"once more: KOTAK_POINTS='{again}'"]) if wrong else ""


def chosen_points(recording: Recording, count: int) -> list[Point]:
    """Draw points; every other one stands right before a sync, or behind what makes something known or gone."""
    turns = [number for number, step in enumerate(recording.steps) if step.kind == "sync"]
    turns += [number + 1 for number, step in enumerate(recording.steps) if step.kind in TURNS or _tells(step)] * 2
    return points(recording.moment, turns, len(recording.steps), count, SEED)


def shows(recording: Recording, folder: Path, wanted: str, *, behind: Callable[[Step], bool]) -> bool:
    """Tell whether a cut right behind one of these steps shows what is wanted: a control must."""
    steps = [number + 1 for number, step in enumerate(recording.steps) if behind(step)]
    chosen = [Point(recording.moment, number, seed) for number in steps for seed in range(SEEDS_OF_CONTROLS)]
    return any(wanted in words for _point, words in cut(recording, chosen, folder))


@pytest.mark.parametrize("name", MOMENTS)
def test_a_power_cut_at_any_step_loses_nothing_confirmed(
    name: str, recorded: Callable[[str], Recording], tmp_path: Path
) -> None:
    chosen = some(chosen_points(recorded(name), MOMENTS[name].few))
    assert not wrong_at(recorded(name), chosen, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", MOMENTS)
def test_a_power_cut_at_many_more_steps_loses_nothing_confirmed(
    name: str, recorded: Callable[[str], Recording], tmp_path: Path
) -> None:
    chosen = some(chosen_points(recorded(name), MOMENTS[name].many))
    assert not wrong_at(recorded(name), chosen, tmp_path)


def test_each_state_that_reports_go_through_gives_a_station_every_stored_letter_once(
    recorded: Callable[[str], Recording], town: Town, tmp_path: Path
) -> None:
    stored = [REPORTS[0], REPORTS[1], None, REPORTS[2], FOLLOW_UP]  # the long file's first rows go before its letter
    homes = recorded("report").homes
    assert len(homes) == len(stored) + 1
    for number, home in enumerate(homes):
        copy = Path(shutil.copytree(home, tmp_path / f"home-{number}"))
        wanted = sorted([*TEXTS, *(words for words in stored[:number] if words)])
        assert texts_after(copy, town.station_before, tmp_path / f"read-{number}") == wanted


def test_a_bundle_that_was_cut_off_anywhere_is_followed_by_one_with_the_same_rows(
    recorded: Callable[[str], Recording], town: Town, tmp_path: Path
) -> None:
    for number, home in enumerate(recorded("bundle").homes):
        copy = Path(shutil.copytree(home, tmp_path / f"home-{number}"))
        assert texts_after(copy, town.station_before, tmp_path / f"read-{number}") == sorted(TEXTS)


def test_an_outbox_that_was_cut_off_anywhere_is_finished_by_the_same_one_again(
    recorded: Callable[[str], Recording], town: Town, tmp_path: Path
) -> None:
    recording = recorded("receive")
    boxes = [state["mailboxes"] for state in recording.states]
    assert len(set(boxes)) == 2 and boxes == sorted(boxes, key=boxes.index), "the old table, then the new one"
    for number, home in enumerate(recording.homes):
        copy = Path(shutil.copytree(home, tmp_path / f"home-{number}"))
        services = opened_services(copy)
        receive(services, town.outbox)
        services.store.engine.dispose()
        finished, wanted = dict(state_of(copy)), dict(recording.states[-1])
        if number < 2:  # cover and slots of forwarded rows are drawn anew
            for each in (finished, wanted):
                del each["rows"], each["slots"]
        assert finished == wanted


@pytest.mark.parametrize("seen", ["had been told of", "between two states"])
def test_control_without_syncs_a_confirmed_report_is_lost(unsynced: Recording, tmp_path: Path, seen: str) -> None:
    assert shows(unsynced, tmp_path, seen, behind=_tells)


@pytest.fixture(scope="module")
def unsynced(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Reports at a drop box whose database syncs nothing."""
    return record("report", town.server, tmp_path_factory.mktemp("unsynced"), serve(town.words, SAME_SLOTS + NO_SYNCS))


def test_control_without_a_sync_of_the_folder_a_journal_comes_back_and_takes_a_report_away(
    town: Town, tmp_path: Path
) -> None:
    recording = record("report", town.server, tmp_path, serve(town.words, SAME_SLOTS + NO_FOLDER_SYNCS))
    assert shows(recording, tmp_path, "had been told of", behind=_tells)


def test_control_without_syncs_a_bundle_is_on_the_stick_and_not_whole(
    recorded: Callable[[str], Recording], tmp_path: Path
) -> None:
    recording = recorded("bundle")
    other = replace(recording, steps=list(without_syncs(recording.steps, recording.stick)))
    assert shows(other, tmp_path, "not whole", behind=lambda step: step.kind == "rename")


def test_control_a_bundle_written_before_its_record_is_seen(
    recorded: Callable[[str], Recording], tmp_path: Path
) -> None:
    recording = recorded("bundle")
    home = str(recording.home)
    late = sorted((s for s in recording.steps if s.path != "exit"), key=lambda step: step.path.startswith(home))
    other = replace(recording, steps=[replace(step, begun=number) for number, step in enumerate(late)])
    assert shows(other, tmp_path, "not recorded", behind=lambda step: step.kind == "rename")
