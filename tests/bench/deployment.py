"""A whole deployment for the benchmark: the shipped server, one station, and the courier between them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensics import all_pids, cpu_ticks
from live import ROOT, LiveServer

from crypto.encoding import today
from dropbox.arena import set_waiting
from dropbox.process import WIPING
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.store import slots
from dropbox.transport import receive, write_bundle
from keys import demo
from keys.roster import Sizes
from station import cases, casework
from station.desk import Desk, open_desk
from station.home import Home
from station.inbox import Imported, import_bundle
from station.outbox import make_outbox

HERE = Path(__file__).resolve().parent
STATION, REVIEWERS = "sumsel", ("sumsel-1", "sumsel-2")
TICKS, PAGE_BYTES = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
SAMPLE_SECONDS = 0.05
WEEKS = 2  # keys of more weeks only take longer to make
JOB_SECONDS = 600


@dataclass(slots=True)
class Site:
    """Folders and passphrases of one demo deployment."""

    folder: Path
    passphrases: dict[str, str] = field(repr=False)

    @classmethod
    def make(cls, folder: Path, slots: int, mailboxes: int = 256) -> Site:
        """Make a demo deployment with an arena of its own."""
        weeks, demo.WEEKS = demo.WEEKS, WEEKS
        try:
            sizes = Sizes(slots=slots, daily_cover=16, mailboxes=mailboxes, forwarded=4)
            made = demo.make_demo(folder, sizes=sizes)
        finally:
            demo.WEEKS = weeks
        with (folder / "server" / "settings.toml").open("a", encoding="ascii") as settings:
            settings.write("letters_an_hour = 1_000_000\n")  # the bench is a flood, and no person answers for it
        (folder / "stick").mkdir()
        return cls(folder, {who: made.passphrases[who] for who in REVIEWERS})

    @property
    def home(self) -> Path:
        return self.folder / "server"

    def services(self) -> Services:
        return Services.open(load_settings(self.home))

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        with open_desk(Home.load(self.folder / "stations" / STATION), self.passphrases) as desk:
            yield desk

    def carry_out(self) -> Imported:
        """Write a bundle and import it at the station."""
        path = write_bundle(self.services(), STATION, self.folder / "stick")
        with self.desk() as desk:
            found = import_bundle(desk, path)
        path.unlink()
        return found

    def carry_back(self) -> int:
        """Write an outbox and take it at the server; returns how many rows it freed."""
        with self.desk() as desk:
            path = make_outbox(desk, self.folder / "stick")
        return receive(self.services(), path).freed

    def time_import(self) -> tuple[Imported, float]:
        """Make every slot wait, write the bundle, and time its import alone."""
        services = self.services()
        with services.store.writing() as connection:
            set_waiting(connection, list(connection.scalars(slots.select().with_only_columns(slots.c.id))), 1)
        path = write_bundle(services, STATION, self.folder / "stick")
        with self.desk() as desk:
            started = time.perf_counter()
            found = import_bundle(desk, path)
            return found, time.perf_counter() - started

    def texts(self) -> dict[str, str]:
        """Return first word of each report → case."""
        with self.desk() as desk, desk.vault.begin() as transaction:
            lines = cases.list_cases(transaction, desk.home)
            return {cases.show_case(transaction, x.case).fields["uraian"].split()[0]: x.case for x in lines}

    def reply(self, case: str, count: int) -> None:
        """Answer a case `count` times."""
        with self.desk() as desk, desk.vault.begin() as transaction:
            for number in range(count):
                text = f"Jawaban nomor {number}. " + "Terima kasih, mohon nomor dan tanggal dokumennya. " * 6
                casework.answer(transaction, desk.home, cases.case_number(case), text, by="sumsel-1", day=today())


def run_load(port: int, do: str, **job: Any) -> dict[str, Any]:
    """Run one job of load.py in a process of its own."""
    return run_python(HERE / "load.py", json.dumps({"do": do, "port": port, **job}))


def run_floors(home: Path, quick: bool) -> dict[str, Any]:
    """Measure the parts alone under the server's memory settings."""
    return run_python(HERE / "floors.py", str(home), *(["--quick"] if quick else []), env=WIPING)


def run_python(script: Path, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=JOB_SECONDS, check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{HERE}", **(env or {})},
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{script.name}: {done.stderr[-2000:]}")
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


class Meter:
    """Processor time and memory of all processes of a server while something happens.

    Memory is looked at twenty times a second, the sum over all processes: `growth_until` leaves out what
    came after a moment, because key stretching takes 64 MiB at the end of every report, with files or without.
    """

    def __init__(self, server: LiveServer) -> None:
        self._pids: Sequence[int] = all_pids(server)
        self._seen: list[tuple[float, int]] = []
        self._over = threading.Event()
        self.cpu_seconds = 0.0

    def __enter__(self) -> Meter:
        self._cpu = self._processor()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()
        self.cpu_seconds = self._processor() - self._cpu

    def growth_until(self, moment: float = math.inf) -> float:
        """Return by how many bytes the memory in use grew, at most, up to a moment of the monotonic clock."""
        return max(size for at, size in self._seen if at <= moment) - self._seen[0][1]

    def _watch(self) -> None:
        self._seen.append((time.monotonic(), self._resident()))
        while not self._over.wait(SAMPLE_SECONDS):
            self._seen.append((time.monotonic(), self._resident()))

    def _resident(self) -> int:
        return sum(int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) for pid in self._pids) * PAGE_BYTES

    def _processor(self) -> float:
        return sum(cpu_ticks(pid) for pid in self._pids) / TICKS
