"""Working days: Monday to Friday without the holidays of the joint decree, which a unit may edit (libur.txt)."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from pathlib import Path

from crypto import medium
from crypto.encoding import date_of
from station.errors import BadSettings

HOLIDAYS = "libur.txt"  # in a station's home; without it the shipped list counts
_CAP = 65_536
_EPOCH = date_of(0)
_WEEK = 5  # working days


def load_holidays(home: Path) -> frozenset[int]:
    """Return the days, counted as everywhere, that are no working days.

    Raises BadSettings naming the line that is no date, Malformed (too large) or OSError.
    """
    try:
        text = medium.read_file(home / HOLIDAYS, _CAP).decode("utf-8", "replace")
    except FileNotFoundError:
        text = files("station").joinpath("holidays.txt").read_text("utf-8")
    return parse_holidays(text)


def parse_holidays(text: str) -> frozenset[int]:
    """Read lines of a date, YYYY-MM-DD, and a name; empty ones and those with # are passed over.

    Raises BadSettings naming the line that is no date.
    """
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        word, _, _name = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        try:
            found.add((datetime.date.fromisoformat(word) - _EPOCH).days)
        except ValueError:
            raise BadSettings(f"{HOLIDAYS}: baris {number} tidak dimulai dengan tanggal seperti 2026-08-17") from None
    return frozenset(found)


def is_working(day: int, holidays: Collection[int]) -> bool:
    """Tell whether a day is a working day."""
    return day % 7 < _WEEK and day not in holidays  # day 0 is a Monday


def add_working_days(day: int, count: int, holidays: Collection[int]) -> int:
    """Return the `count`-th working day after a day; the day itself never counts."""
    while count > 0:
        day += 1
        count -= is_working(day, holidays)
    return day


def count_working_days(since: int, until: int, holidays: Collection[int]) -> int:
    """Return how many working days lie after `since`, up to `until` itself; 0 when that is not later."""
    if until <= since:
        return 0
    free = _on_weekdays(frozenset(holidays))
    return _weekdays(until + 1) - _weekdays(since + 1) - (bisect_right(free, until) - bisect_right(free, since))


@cache
def _on_weekdays(holidays: frozenset[int]) -> list[int]:
    """Return the holidays that are no Saturday or Sunday, sorted."""
    return sorted(day for day in holidays if day % 7 < _WEEK)


def _weekdays(day: int) -> int:
    """Return how many days from Monday to Friday lie before a day, counted from day 0."""
    weeks, rest = divmod(day, 7)
    return weeks * _WEEK + min(rest, _WEEK)
