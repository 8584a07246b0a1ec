"""What arrived lately: counts in memory that the workers share, and that no disk ever sees.

They hold no sender and no moment: rows of files of this day and how many of them have no letter, letters of this
hour and the last one, and which questions of a flood are answered already. A restart forgets them.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass

from dropbox.lanes import Lanes

NONCE_BYTES = 8
_COUNTS = struct.Struct(">QQQQQQ")  # day, its rows of files, those without a letter; hour, its letters, those before
_RING_AT, _RING = 64, 4_096  # so many answers are remembered; then the oldest may be used again
_BYTES = _RING_AT + 8 + _RING * NONCE_BYTES


@dataclass(slots=True)
class _Counts:
    day: int
    rows: int
    loose: int
    hour: int
    letters: int
    before: int


class Tally:
    """Made before the workers fork. Whoever changes a count holds the database's one place to write."""

    def __init__(self, lane: Lanes) -> None:
        self._memory = mmap.mmap(-1, _BYTES)  # backed by no file
        self._lane = lane

    def file_rows(self, day: int) -> int:
        """Return how many rows of files this day brought."""
        return self._read(day=day).rows

    def loose_rows(self, day: int) -> int:
        """Return how many of these belong to no letter yet."""
        return self._read(day=day).loose

    def add_rows(self, day: int, count: int, loose: int) -> None:
        """Count rows of files, and how many of a day's have no letter; a negative count takes back what was counted."""
        counts = self._read(day=day)
        counts.rows, counts.loose = max(0, counts.rows + count), max(0, counts.loose + loose)
        self._write(counts)

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
        ring = self._memory[_RING_AT + 8 : _BYTES]
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
            counts.day, counts.rows, counts.loose = day, 0, 0
        if hour is not None and hour != counts.hour:
            last = counts.letters if hour == counts.hour + 1 else 0
            counts.hour, counts.letters, counts.before = hour, 0, last
        return counts

    def _write(self, counts: _Counts) -> None:
        c = counts
        _COUNTS.pack_into(self._memory, 0, c.day, c.rows, c.loose, c.hour, c.letters, c.before)
