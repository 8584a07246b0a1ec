"""Visitors of an onion service who come all at once, and honest ones among them."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field

import through_tor
from tor_network import Node


@dataclass
class Visitors:
    """So many at a time, each on a circuit of its own, until they are told to stop."""

    port: int
    onion: str
    name: str
    count: int = 16
    timeout: float = 30
    pause: float = 0.0
    came: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._names = (f"{self.name}-{n}" for n in itertools.count())
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(self.timeout + 10)

    def _visit(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                circuit = next(self._names)
            start = time.monotonic()
            try:
                ok = (
                    through_tor.request(self.port, self.onion, "GET", "/", circuit=circuit, timeout=self.timeout).status
                    < 400
                )
            except OSError:
                ok = False
            with self._lock:
                self.came += ok
                self.failed += not ok
                if ok:
                    self.seconds.append(time.monotonic() - start)
            self._stop.wait(self.pause)

    @property
    def share(self) -> float:
        """Return which part of those who are done got the page."""
        return self.came / max(1, self.came + self.failed)

    @property
    def median(self) -> float:
        """Return how many seconds the page took in the middle."""
        return sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else float("nan")


@dataclass(frozen=True)
class Phase:
    """What was seen in one stretch of time."""

    name: str
    seconds: float
    honest: Visitors
    flood: int  # visits of the flood that got the page
    efforts: tuple[float, ...]  # suggested by the service, once every look
    queue: float  # the longest queue seen

    def __str__(self) -> str:
        efforts = " ".join(f"{effort:g}" for effort, _ in itertools.groupby(self.efforts))
        return (
            f"{self.name}: {self.seconds:.0f} s, honest {self.honest.came} of {self.honest.came + self.honest.failed} "
            f"({self.honest.share:.0%}), median {self.honest.median:.1f} s; flood {self.flood / self.seconds:.1f} pages a second; "
            f"effort {efforts}; longest queue {self.queue:.0f}"
        )


def watch(
    service: Node,
    honest: tuple[int, str],
    name: str,
    seconds: float,
    floods: list[Visitors],
    *,
    effort: float | None = None,
) -> Phase:
    """Let one honest visitor after another come while this time passes, or until this effort is asked for."""
    efforts, queue, before, start = [], 0.0, sum(f.came for f in floods), time.monotonic()
    port, onion = honest
    with Visitors(port, onion, name, count=1, timeout=60, pause=2.0) as visitors:
        tick = threading.Event()
        while time.monotonic() - start < seconds and (effort is None or not efforts or efforts[-1] < effort):
            figures = service.metrics()
            efforts.append(figures.get("pow_suggested_effort", 0.0))
            queue = max(queue, figures.get("rdv_pow_pqueue_count", 0.0))
            tick.wait(1.0)
        passed = time.monotonic() - start
    return Phase(name, passed, visitors, sum(f.came for f in floods) - before, tuple(efforts), queue)
