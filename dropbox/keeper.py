"""The keeper: cover rows by schedule, so that each day changes as many slots whether reports came or not (formats §7).

The moments of a day are drawn at random in memory. A real row takes the place of the next one: soon after a report as
many rows have come as without it. What a day brings beyond its quota is paid back on later days. Cover and files stop
together when half the arena waits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from crypto.encoding import today
from dropbox.errors import Broken, Closed
from dropbox.marks import read_mark, set_mark
from dropbox.services import Services
from dropbox.store import Store

BEAT = "kpr"  # the last day on which the keeper was at work
DAY_SECONDS = 86_400
LOOK_SECONDS = 60.0  # at least so often: clocks are set, rosters change
_RANDOM = random.SystemRandom()


class Keeper:
    """Draws the moments of each day and writes a row of cover at each."""

    def __init__(self, services: Services, now: Callable[[], float] = time.time) -> None:
        self._services = services
        self._now = now
        self._day = -1
        self._moments: list[float] = []  # of this day, the next one last

    def step(self) -> float:
        """Write the cover that is due; return the seconds until the next look. Raises Broken."""
        now = self._now()
        day, second = today(now), now % DAY_SECONDS
        if day != self._day:
            self._begin(day, second)
        while self._moments and self._moments[-1] <= second:
            self._cover(day)
            self._moments.pop()  # only now: a moment that met a broken database comes again
        following = self._moments[-1] if self._moments else DAY_SECONDS
        return min(LOOK_SECONDS, max(0.0, following - second))

    def run(self, stop: threading.Event) -> None:
        """Go on until told to stop; a database that fails is tried again."""
        while not stop.is_set():
            try:
                wait = self.step()
            except Broken:
                wait = LOOK_SECONDS
            stop.wait(wait)

    def _begin(self, day: int, second: float) -> None:
        quota = self._services.directory.roster.sizes.daily_cover
        drawn = [_RANDOM.uniform(0, DAY_SECONDS) for _ in range(quota)]
        with self._services.store.writing(around=self._services.tally.as_stored()) as connection:
            left = self._services.tally.begin_day(day, quota, sum(moment <= second for moment in drawn))
            if read_mark(connection, BEAT) != day:
                set_mark(connection, BEAT, day)
        self._moments = sorted((_RANDOM.uniform(second, DAY_SECONDS) for _ in range(left)), reverse=True)
        self._day = day

    def _cover(self, day: int) -> None:
        try:
            row = self._services.make_cover()
        except Closed:  # no report can come either
            row = None
        self._services.arena.put_cover(row, day)


def last_beat(store: Store) -> int | None:
    """Return the last day on which the keeper was at work, None when it never was; raises Broken."""
    with store.reading() as connection:
        return read_mark(connection, BEAT)
