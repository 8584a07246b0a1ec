"""Seal the rows of one submission and write them to the arena."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crypto.row import Decoys, Kind, Readers, Record, seal_row
from dropbox.arena import Arena

BATCH_ROWS = 16


@dataclass(slots=True)
class RowWriter:
    """Seals to one set of readers under one reading of the clock.

    File rows are written in batches as they come; `finish` writes what is left together with the letter.
    """

    arena: Arena
    group_ids: tuple[str, ...]
    readers: Sequence[Readers] = field(repr=False)
    day: int
    epoch: int
    decoys: Decoys = field(repr=False)
    make_cover: Callable[[], bytes] = field(repr=False)
    _pending: list[bytes] = field(default_factory=list, repr=False)
    _slots: list[int] = field(default_factory=list, repr=False)

    def add(self, kind: Kind, object_id: bytes, part: int, parts: int, data: bytes) -> None:
        """Seal one row; every 16 rows are written and synced. Raises Full."""
        self._pending.append(self._seal(kind, object_id, part, parts, data))
        if len(self._pending) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending; raises Full and keeps it pending."""
        self._slots += self.arena.put(self._pending)
        self._pending = []

    def finish(self, letter_id: bytes, letter: bytes) -> None:
        """Write pending rows and the letter in one synced transaction: the commit of the submission.

        Raises Full; nothing is written then.
        """
        sealed = self._seal(Kind.LETTER, letter_id, 0, 1, letter)
        self.arena.put(self._pending, sealed)
        self._pending = []

    def mark(self) -> int:
        """Return a point to which `forget_since` can go back."""
        return len(self._slots) + len(self._pending)

    def forget_since(self, mark: int) -> None:
        """Release what was written after a mark."""
        keep = max(0, mark - len(self._slots))
        self._pending = self._pending[:keep]
        self.arena.release(self._slots[mark:], self.make_cover)
        self._slots = self._slots[:mark]

    def abandon(self) -> None:
        """Release everything: the submission came to nothing."""
        self.forget_since(0)

    def _seal(self, kind: Kind, object_id: bytes, part: int, parts: int, data: bytes) -> bytes:
        return seal_row(self.readers, self.epoch, Record(kind, object_id, part, parts, data), self.decoys)
