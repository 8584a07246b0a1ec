"""Whether anything may be sealed now: the clock against the days that stood in something signed (formats §7).

A wrong clock picks keys of a wrong week: of one that ended long ago, or of one that has not begun. So the drop
box seals only between the greatest day it has seen signed and 60 days after it.
"""

from __future__ import annotations

import time
from enum import StrEnum

from crypto.encoding import date_of, epoch_of
from dropbox.directory import Directory

MOST_DAYS_UNSIGNED = 60


class Sealing(StrEnum):
    """Whether reports can be taken, and why not."""

    READY = "ready"
    BEHIND = "clock-behind"
    UNSURE = "clock-unsure"
    ROSTER_ENDED = "roster-ended"
    NO_KEYS = "no-keys"


def clock_of(day: int, greatest: int) -> Sealing:
    """Judge a day of this machine's clock by the greatest day seen signed: READY, BEHIND or UNSURE."""
    if day < greatest:
        return Sealing.BEHIND
    return Sealing.UNSURE if day > greatest + MOST_DAYS_UNSIGNED else Sealing.READY


def sealing_of(directory: Directory, day: int, greatest: int) -> Sealing:
    """Tell whether a report of this day can be sealed to anybody."""
    clock = clock_of(day, greatest)
    if clock is not Sealing.READY:
        return clock
    if day > directory.roster.expires:
        return Sealing.ROSTER_ENDED
    return Sealing.READY if directory.key_holders(epoch_of(day)) else Sealing.NO_KEYS


def words_of(sealing: Sealing, directory: Directory, day: int, greatest: int) -> str:
    """Say to an operator what stops the sealing and what to do about it."""
    clock, signed = date_of(day), date_of(greatest)
    return {
        Sealing.READY: "reports are taken",
        Sealing.BEHIND: f"no report is taken: the clock says {clock}, but something was signed on {signed}. "
        "Set the clock",
        Sealing.UNSURE: f"no report is taken: the clock says {clock}, but the newest signature seen is of {signed}, "
        f"more than {MOST_DAYS_UNSIGNED} days ago. Check the clock, then take an outbox or a roster",
        Sealing.ROSTER_ENDED: f"no report is taken: the roster ended on {date_of(directory.roster.expires)}. "
        "Take the next one",
        Sealing.NO_KEYS: "no report is taken: no group has keys of this week. Take new batches",
    }[sealing]


def this_hour() -> int:
    """Return the number of this hour since the epoch of Unix."""
    return int(time.time()) // 3600
