"""Three kinds of a soak without bad luck on the sticks: a crowd, a clock that jumps, a front end that dies."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from conftest import use_database
from live import BOUNDARY, REPORT, Answer, LiveServer, Upload, multipart, random_word
from postgres import Postgres
from soak import NO_QUESTION, Sent, Soak

from dropbox.process import WIPING

PAGES = ("/", "/lapor", "/panduan", "/kunci", "/statistik", "/kotak")
SHUT = "Kotak ini tidak dapat menerima tulisan sekarang"
BOTH, ALONE = 40, 60  # receipts of each front end before one dies, and of the other one afterwards
HOLD = 20  # reports that are refused while the clock is wrong, before it is put right


def faketime_library() -> Path | None:
    """Return the library that changes what a process sees as the time; None where it is not installed."""
    found = find_spec("libfaketime")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.rglob("libfaketime.so.1"), None)


def quantile(values: list[float], part: float) -> float:
    """Return the value that this part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


class Crowd(Soak):
    """Reporters whose links drip, and fast ones who pause between two reports, all the time; others read pages."""

    slots = 3_072

    def __init__(self, folder: Path, seconds: float, seed: int, *, slow: int, fast: int) -> None:
        super().__init__(folder, seconds, seed, 2_000)
        self.slow, self.fast = slow, fast
        self.drip = min(60.0, seconds / 6), min(180.0, seconds / 2)  # seconds that one slow report takes
        self.pause = (
            20.0  # at most, between two reports: two a second in all, which two shared cores can stretch keys for
        )
        self.times: dict[str, list[float]] = {"page": [], "fast": []}
        self.refused: list[int] = []

    def _works(self) -> list[Callable[[], None]]:
        works: list[Callable[[], None]] = [partial(self._writer, self._send_slowly) for _ in range(self.slow)]
        return [*works, *(partial(self._writer, self._send_fast) for _ in range(self.fast)), self._read]

    def _writer(self, send: Callable[[Sent, str], Answer]) -> None:
        while not self.over.wait(self.dice.uniform(0, self.pause)):
            sent = Sent(random_word(), forms=1)
            with self._lock:
                self.sent.append(sent)
            answer = send(sent, self.server.get("/lapor").hidden("benih"))
            if answer.status != 200:
                self.refused.append(answer.status)
                continue
            name = re.search(r'id="nama-kotak">([^<]+)<', answer.text)
            assert name, "a receipt without a name"
            sent.words, sent.name = answer.words, name[1]
            self.note("slow reports" if send == self._send_slowly else "fast reports")

    def _send_fast(self, sent: Sent, seed: str) -> Answer:
        started = time.monotonic()
        answer = self.server.post("/lapor", self._form(sent, seed))
        self.times["fast"].append(time.monotonic() - started)
        return answer

    def _send_slowly(self, sent: Sent, seed: str) -> Answer:
        """Send a few bytes a second, as over a link that barely holds."""
        body = multipart(self._form(sent, seed) | {"uraian": f"{sent.token} mengatur lelang. " * 20})
        pieces, lasts, pace = 30, self.dice.uniform(*self.drip), threading.Event()
        size = -(-len(body) // pieces)

        def dripped() -> Iterable[bytes]:
            for at in range(0, len(body), size):
                pace.wait(lasts / pieces)  # to its end: a hundred that all hurried at once would be turned away
                yield body[at : at + size]

        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}", "Content-Length": str(len(body))}
        return self.server.request("POST", "/lapor", dripped(), kind)

    def _read(self) -> None:
        while not self.over.wait(0.2):
            path = self.dice.choice(PAGES)
            started = time.monotonic()
            assert self.server.get(path).status == 200, path
            self.times["page"].append(time.monotonic() - started)

    def told_times(self) -> str:
        """Say how long pages and fast reports took."""
        return "; ".join(
            f"{what}: {len(times)}, median {quantile(times, 0.5):.3f} s, p95 {quantile(times, 0.95):.3f} s, longest {max(times):.3f} s"
            for what, times in self.times.items()
        )


class Jumps(Soak):
    """The clock of the drop box jumps while reporters write: nothing is sealed until it is right again."""

    def __init__(self, folder: Path, seed: int, library: Path, jumps: tuple[int, ...]) -> None:
        self.jumps, self.clock = jumps, folder / "clock"
        folder.mkdir(exist_ok=True)
        self.clock.write_text("+0")
        env = {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
        }  # fmt: skip
        super().__init__(folder, 600.0, seed, 1_000, env)
        self.rounds: list[str] = []

    def _works(self) -> list[Callable[[], None]]:
        return [*(self._report for _ in range(8)), self._jump]

    def set_clock(self, days: int) -> None:
        """Move the clock so many days from the real one, at once."""
        new = self.clock.with_name("clock.new")
        new.write_text(f"{days:+d}d" if days else "+0")
        new.replace(self.clock)

    def _jump(self) -> None:
        for days in self.jumps:
            seed = self._until(lambda answer: answer.status == 200 and "benih" in answer.text).hidden("benih")
            self._until_receipts(HOLD)
            before = self._receipts()
            self.set_clock(days)
            self._until(lambda answer: SHUT in answer.text)
            for number in range(HOLD):
                form = {"benih": seed, **REPORT, "uraian": f"Lelang nomor {random_word()} diatur."}
                answer = self.server.post("/lapor", form)
                assert answer.status == 503 and SHUT in answer.text and form["uraian"] in answer.text, number
            wrong = self._receipts()
            self.set_clock(0)
            self._until(lambda answer: SHUT not in answer.text)
            self._until_receipts(wrong + HOLD)  # reporters who were refused go on by themselves
            self.rounds.append(
                f"{days:+d} days: {before} receipts before, {wrong} after, {self._receipts()} once right again"
            )
        self.over.set()

    def _receipts(self) -> int:
        return sum(bool(sent.words) for sent in self.sent)

    def _until_receipts(self, wanted: int) -> None:
        while self._receipts() < wanted:
            assert not self.over.wait(0.1), "the time is over"

    def _until(self, holds: Callable[[Answer], bool]) -> Answer:
        while True:
            answer = self.server.get("/lapor")
            if holds(answer):
                return answer
            assert not self.over.wait(0.05), "the time is over"


class Pair:
    """Two front ends as reporters see them: each keeps to one of them as long as it lives."""

    def __init__(self, servers: list[LiveServer]) -> None:
        self.servers, self.alive = servers, list(servers)
        self.process = servers[0].process
        self.shown: Counter[int] = Counter()  # receipts, by the number of the front end
        self._turns: dict[int, int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Pair:
        for server in self.servers:
            server.start()
        self.process = self.servers[0].process
        return self

    def __exit__(self, *error: object) -> None:
        for server in self.servers:
            server.__exit__(*error)

    @property
    def pids(self) -> list[int]:
        """Processes of the one that stays."""
        return self.servers[0].pids

    def chosen(self) -> LiveServer:
        """Return the front end of this thread."""
        with self._lock:
            number = self._turns.setdefault(threading.get_ident(), len(self._turns))
        return self.alive[number % len(self.alive)]

    def get(self, path: str) -> Answer:
        return self.chosen().get(path)

    def post(self, path: str, fields: Mapping[str, Any], files: Iterable[Upload] = ()) -> Answer:
        chosen = self.chosen()
        answer = chosen.post(path, fields, files)
        if answer.status == 200 and "kode-tanda-terima" in answer.text:
            self.shown[self.servers.index(chosen)] += 1
        return answer


class OneDies(Soak):
    """Two front ends share PostgreSQL; one of them is killed while both are at work.

    It ends by receipts, not by time: no courier comes, and files are refused once half the arena waits.
    """

    def __init__(self, folder: Path, seed: int, postgres: Postgres) -> None:
        self.url = postgres.url(postgres.make())
        folder.mkdir(exist_ok=True)
        super().__init__(folder, 600.0, seed, 1_000)
        self.shown = {"when it died": (0, 0), "in the end": (0, 0)}

    def make_server(self, home: Path) -> Any:
        """Return two front ends, which share one database."""
        other = Path(shutil.copytree(home, home.with_name("server-2")))
        shutil.rmtree(other / "locks", ignore_errors=True)
        for each in (home, other):
            use_database(each, self.url)
        return Pair([LiveServer(each, env=WIPING, first=NO_QUESTION) for each in (home, other)])

    def _works(self) -> list[Callable[[], None]]:
        return [*(self._report for _ in range(16)), self._kill_one]

    def _kill_one(self) -> None:
        pair: Any = self.server
        self._until_shown(lambda: min(pair.shown[0], pair.shown[1]) >= BOTH)
        dying = pair.servers[1]
        pids = dying.pids
        os.kill(pids[0], signal.SIGSTOP)  # or it would start another worker for each that dies
        for pid in [*pids[1:], pids[0]]:
            os.kill(pid, signal.SIGKILL)
        dying.process.wait()
        self.shown["when it died"] = (pair.shown[0], pair.shown[1])
        pair.alive.remove(dying)
        self._until_shown(lambda: pair.shown[0] >= self.shown["when it died"][0] + ALONE)
        self.shown["in the end"] = (pair.shown[0], pair.shown[1])
        self.over.set()

    def _until_shown(self, holds: Callable[[], bool]) -> None:
        while not holds():
            assert not self.over.wait(0.1), f"the time is over: {self.shown}"
