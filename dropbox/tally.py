"""What arrived lately: counts in memory that the processes share, and that no disk ever sees.

They hold no sender and no moment: rows of this day, how many of them are of files and how many of those have no letter,
rows of cover; letters of this hour and the last one; which questions of a flood are answered already.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from dropbox.lanes import Lanes

NONCE_BYTES = 8
_COUNTS = struct.Struct(">12Q")  # the fields of _Counts, in their order
_RING_AT, _RING = 128, 4_096  # so many answers are remembered; then the oldest may be used again
TALLY_BYTES = _RING_AT + 8 + _RING * NONCE_BYTES


@dataclass(slots=True)
class _Counts:
    day: int
    files: int  # rows of files
    loose: int  # of these without a letter
    real: int  # rows of files and letters, those that came to nothing among them
    cover: int  # rows of cover
    moments: int  # of this day's schedule, passed
    quota: int  # rows that this day is to bring in all; 0 while no keeper has begun it
    owed: int  # rows beyond the quotas of the days before
    hour: int
    letters: int
    before: int
    shared: int  # rows that were written in a transaction with another one


class Tally:
    """Whoever changes a count holds the database's one place to write, or the lane for answers."""

    def __init__(self, memory: mmap.mmap, lane: Lanes) -> None:
        self._memory = memory
        self._lane = lane

    @contextlib.contextmanager
    def as_stored(self) -> Iterator[None]:
        """Put the counts back when what is counted inside was not stored after all."""
        before = self._memory[: _COUNTS.size]
        try:
            yield
        except BaseException:
            self._memory[: _COUNTS.size] = before
            raise

    def file_rows(self, day: int) -> int:
        """Return how many rows of files this day brought."""
        return self._read(day=day).files

    def loose_rows(self, day: int) -> int:
        """Return how many of these belong to no letter yet."""
        return self._read(day=day).loose

    def add_rows(self, day: int, files: int, loose: int, letters: int = 0) -> None:
        """Count rows of files, how many of a day's have no letter, and letters.

        A negative count takes back files that came to nothing; the slots that they changed stay counted.
        """
        counts = self._read(day=day)
        counts.files, counts.loose = max(0, counts.files + files), max(0, counts.loose + loose)
        counts.real += max(0, files) + letters
        counts.shared = max(0, counts.shared + max(0, files) + letters - 1)
        self._write(counts)

    def begin_day(self, day: int, quota: int, passed: int) -> int:
        """Set what a day is to bring in all and return how many moments are left for its rest.

        What is owed is paid back with at most half of a day: cover never stops for it. `passed`: of so many moments
        drawn for the whole day those that are over; they count as covered when nothing is known of this day yet.
        """
        counts = self._read(day=day)
        if not counts.quota:
            counts.quota, counts.cover, counts.moments = quota, passed, passed
            self._write(counts)
        return max(0, counts.quota - min(counts.owed, counts.quota // 2) - counts.moments)

    def cover_is_due(self, day: int) -> bool:
        """Let one moment pass; tell whether a row is to be written, or a real one stands in its place."""
        counts = self._read(day=day)
        counts.moments += 1
        due = counts.real + counts.cover < counts.moments
        counts.cover += due
        self._write(counts)
        return due

    def owes_transaction(self, day: int) -> bool:
        """Tell whether a moment without cover must count as a transaction, because its row shared one with others."""
        counts = self._read(day=day)
        if not counts.shared:
            return False
        counts.shared -= 1
        self._write(counts)
        return True

    def letters(self, hour: int) -> int:
        """Return how many letters this hour and the one before brought."""
        counts = self._read(hour=hour)
        return counts.letters + counts.before

    def add_letter(self, hour: int) -> None:
        """Count one letter."""
        counts = self._read(hour=hour)
        counts.letters += 1
        self._write(counts)

    def is_spent(self, nonce: bytes) -> bool:
        """Tell whether an answer was used already."""
        ring = self._memory[_RING_AT + 8 : TALLY_BYTES]
        return any(ring[at : at + NONCE_BYTES] == nonce for at in range(0, len(ring), NONCE_BYTES))

    def spend(self, nonce: bytes) -> bool:
        """Use an answer; False when it was used already. Raises Busy."""
        with self._lane.enter():
            if self.is_spent(nonce):
                return False
            (position,) = struct.unpack_from(">Q", self._memory, _RING_AT)
            at = _RING_AT + 8 + position % _RING * NONCE_BYTES
            self._memory[at : at + NONCE_BYTES] = nonce
            struct.pack_into(">Q", self._memory, _RING_AT, position + 1)
            return True

    def _read(self, *, day: int | None = None, hour: int | None = None) -> _Counts:
        """Return the counts as they stand on this day or in this hour; each new one starts at 0."""
        counts = _Counts(*_COUNTS.unpack_from(self._memory))
        if day is not None and day != counts.day:
            if counts.quota:
                counts.owed = max(0, counts.owed + counts.real + counts.cover - counts.quota)
            counts.day = day
            counts.files = counts.loose = counts.real = counts.cover = counts.moments = counts.quota = 0
        if hour is not None and hour != counts.hour:
            last = counts.letters if hour == counts.hour + 1 else 0
            counts.hour, counts.letters, counts.before = hour, 0, last
        return counts

    def _write(self, counts: _Counts) -> None:
        _COUNTS.pack_into(self._memory, 0, *astuple(counts))
