"""The courier's rounds as reporters see them: the last one, the next one, and missed ones."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from crypto.encoding import date_of
from dropbox.store import Store, chains

MISSED_BEFORE_NOTICE = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Dates a page may show. `last` is None before the first round; `due` may have passed, `next` never has."""

    last: datetime.date | None
    due: datetime.date
    next: datetime.date
    first_answer: datetime.date
    late: bool


@dataclass(frozen=True, slots=True)
class Late:
    """A station of which nothing came for three rounds; `last` is None when nothing ever did."""

    station: str
    last: datetime.date | None


class Rounds:
    """Days of the courier, from the days that stand in the outboxes taken."""

    def __init__(self, store: Store, courier_days: int, started: int) -> None:
        self._store = store
        self._every = courier_days
        self._started = started
        self._last: int | None = None  # as read last

    def schedule(self, today: int) -> Schedule:
        """Return last and next round and the latest day of a first answer to a report sent today; raises Broken.

        A report leaves with the next round and its answer comes with the one after.
        """
        with self._store.reading() as connection:
            self._last = connection.scalar(select(func.max(chains.c.day)).where(chains.c.direction == "in"))
        return self.remembered(today)

    def remembered(self, today: int) -> Schedule:
        """Return the same by what was read last: for pages while the database cannot be read."""
        last = self._last
        since = self._started if last is None else last
        upcoming = max(since + self._every, today)
        return Schedule(
            last=None if last is None else date_of(last),
            due=date_of(since + self._every),
            next=date_of(upcoming),
            first_answer=date_of(upcoming + self._every),
            late=self._is_late(since, today),
        )

    def late_stations(self, today: int, stations: Sequence[str]) -> tuple[Late, ...]:
        """Return those of these stations that are late. They block nobody but where they collect."""
        with self._store.reading() as connection:
            query = select(chains.c.peer, chains.c.day).where(chains.c.direction == "in")
            last = {each.peer: each.day for each in connection.execute(query)}
        return tuple(
            Late(station, date_of(last[station]) if station in last else None)
            for station in stations
            if self._is_late(last.get(station, self._started), today)
        )

    def _is_late(self, since: int, today: int) -> bool:
        return today > since + MISSED_BEFORE_NOTICE * self._every
