"""How a drop box is: whether it takes reports, and what ends soon."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.encoding import date_of, epoch_of
from dropbox.clock import Sealing, words_of
from dropbox.services import Services

WARN_DAYS = 28


@dataclass(frozen=True, slots=True)
class Health:
    """`closed` are groups with reviewers of whom one at least has no key of this week; `ends` are texts."""

    sealing: Sealing
    words: str
    greatest_day: int
    closed: tuple[str, ...]
    ends: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Tell whether nobody needs to do anything."""
        return self.sealing is Sealing.READY and not self.closed and not self.ends


def health_of(services: Services, day: int) -> Health:
    """Look at clock, roster and keys on a day."""
    directory, greatest = services.directory, services.greatest_day()
    roster, sealing, key_ends = directory.roster, services.sealing(directory, day), directory.key_ends(day)
    ends = []
    if roster.expires - day <= WARN_DAYS:
        ends.append(f"the roster {'ended' if roster.expires < day else 'ends'} on {date_of(roster.expires)}")
    for group, last in sorted(key_ends.items()):
        if last - day <= WARN_DAYS:
            ends.append(f"keys of {group} end on {date_of(last)}")
    closed = tuple(sorted(directory.keys.lapsed(epoch_of(day))))
    return Health(sealing, words_of(sealing, directory, day, greatest), greatest, closed, tuple(ends))
