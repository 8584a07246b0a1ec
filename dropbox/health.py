"""How a drop box is: whether it takes reports, and what ends soon."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.encoding import date_of, epoch_of
from dropbox.clock import Sealing, words_of
from dropbox.keeper import last_beat
from dropbox.noted import noted_alarms
from dropbox.restored import stations_waited_for
from dropbox.services import Services

WARN_DAYS = 28
_SETTLE = "When the key holders know: senyap-dropbox alarms --settle"
FILLS = {  # percent of the slots that wait, the highest first, and what an operator is told
    90: "nine tenths of the arena wait: soon no letter can be taken. Bring a bundle to a collector at once",
    75: "three quarters of the arena wait: letters still come. Bring a bundle to a collector now",
    50: "half the arena waits: files and cover have stopped, each new row is a letter. Bring a bundle to a collector",
}


@dataclass(frozen=True, slots=True)
class Health:
    """`closed`: groups with reviewers of whom one at least has no key of this week; `ends`, `alarms`: texts."""

    sealing: Sealing
    words: str
    greatest_day: int
    closed: tuple[str, ...]
    ends: tuple[str, ...]
    fill: int  # the highest of FILLS that is reached, 0 below
    alarms: tuple[str, ...]
    waited_for: tuple[str, ...]  # stations of which an outbox must come first, after a restore

    @property
    def is_good(self) -> bool:
        """Tell whether nobody needs to do anything."""
        return self.sealing is Sealing.READY and not (
            self.closed or self.ends or self.fill or self.alarms or self.waited_for
        )


def health_of(services: Services, day: int) -> Health:
    """Look at clock, roster and keys on a day."""
    directory, greatest = services.directory, services.greatest_day()
    roster, sealing, key_ends = directory.roster, services.sealing(directory, day), directory.key_ends(day)
    ends = []
    if not directory.can_sign:
        ends.append("the transport key is lost: no bundle before a roster names the key of request-server.senyap")
    if roster.expires - day <= WARN_DAYS:
        ends.append(f"the roster {'ended' if roster.expires < day else 'ends'} on {date_of(roster.expires)}")
    for group, last in sorted(key_ends.items()):
        if last - day <= WARN_DAYS:
            ends.append(f"keys of {group} end on {date_of(last)}")
    closed = tuple(sorted(directory.keys.lapsed(epoch_of(day))))
    words = words_of(sealing, directory, day, greatest)
    with services.store.reading() as connection:
        waited_for = stations_waited_for(connection, [station.id for station in roster.stations])
    alarms = (*_alarms(services, day), *(f"{line}. {_SETTLE}" for line in noted_alarms(services.settings.home)))
    return Health(sealing, words, greatest, closed, tuple(ends), _fill(services), alarms, waited_for)


def _fill(services: Services) -> int:
    waiting, total = services.arena.counts()
    return next((mark for mark in FILLS if waiting * 100 >= total * mark), 0)


def _alarms(services: Services, day: int) -> tuple[str, ...]:
    beat = last_beat(services.store)
    if beat is not None and beat >= day - 1:
        return ()
    since = "has never run" if beat is None else f"was last at work on {date_of(beat)}"
    return (f"the keeper {since}: without cover each new row is a report. Start senyap-dropbox keeper",)
