"""Seal the rows of one submission and write them to the arena while the rest still arrives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from crypto.row import Header, Kind, Readers, Record, seal_body
from dropbox.arena import Arena
from dropbox.errors import Broken, Full
from dropbox.maker import HeaderMaker

BATCH_ROWS = 16  # 4 MiB: at most two batches of one upload are in memory
SMALL_ROWS = 4  # a small upload makes its headers one by one
HEADERS_AT_ONCE = 8


@dataclass(slots=True)
class RowWriter:
    """Seals to one set of readers of one directory, under one reading of the clock.

    Three things go on at once: the request is read, rows are sealed, a batch is written and synced.
    `finish` writes what is left together with the letter.
    """

    arena: Arena
    group_ids: tuple[str, ...]
    readers: Sequence[Readers] = field(repr=False)
    day: int
    epoch: int
    directory_digest: bytes = field(repr=False)
    maker: HeaderMaker = field(repr=False)
    make_cover: Callable[[], bytes] = field(repr=False)
    _sealer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _scribe: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _fetcher: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), repr=False)
    _pending: list[Future[bytes]] = field(default_factory=list, repr=False)
    _writing: tuple[list[Future[bytes]], Future[list[int]]] | None = field(default=None, repr=False)
    _slots: list[int] = field(default_factory=list, repr=False)
    _headers: list[Header] = field(default_factory=list, repr=False)
    _coming: Future[list[Header]] | None = field(default=None, repr=False)
    _sealed: int = 0

    def add(self, kind: Kind, object_id: bytes, part: int, parts: int, data: bytes) -> None:
        """Take one row; a full batch starts being written. Raises Full when an earlier batch found no room."""
        self._pending.append(self._sealer.submit(self._seal, kind, object_id, part, parts, data))
        if len(self._pending) >= BATCH_ROWS:
            self._settle()
            batch, self._pending = self._pending, []
            self._writing = (batch, self._scribe.submit(self._put, batch))

    def flush(self) -> None:
        """Write everything that is pending: the files stay, though the form came to nothing. Raises Full."""
        self._settle()
        self._slots += self._put(self._pending)
        self._pending = []
        self._stop()

    def finish(self, letter_id: bytes, letter: bytes, *, kept_rows: int = 0) -> None:
        """Write pending rows and the letter in one synced transaction: the commit of the submission.

        `kept_rows`: rows of its files from earlier tries. Raises Full; nothing is written then.
        """
        self._settle()
        sealed = self._sealer.submit(self._seal, Kind.LETTER, letter_id, 0, 1, letter).result()
        self.arena.put([f.result() for f in self._pending], sealed, before=len(self._slots) + kept_rows)
        self._pending = []
        self._stop()

    def mark(self) -> int:
        """Return a point to which `forget_since` can go back."""
        writing = len(self._writing[0]) if self._writing else 0
        return len(self._slots) + writing + len(self._pending)

    def forget_since(self, mark: int) -> None:
        """Release what was taken after a mark."""
        with contextlib.suppress(Full, Broken):
            self._settle()
        self._pending = self._pending[: max(0, mark - len(self._slots))]
        self.arena.release(self._slots[mark:], self.make_cover, self.day)
        self._slots = self._slots[:mark]

    def abandon(self) -> None:
        """Release everything: the submission came to nothing."""
        try:
            self.forget_since(0)
        finally:
            self._stop()

    def _settle(self) -> None:
        """Wait for the batch being written; one that found no room is pending again."""
        if self._writing is None:
            return
        (batch, future), self._writing = self._writing, None
        try:
            self._slots += future.result()
        except BaseException:
            self._pending = batch + self._pending
            raise

    def _put(self, batch: Sequence[Future[bytes]]) -> list[int]:
        return self.arena.put([f.result() for f in batch])

    def _seal(self, kind: Kind, object_id: bytes, part: int, parts: int, data: bytes) -> bytes:
        if not self._headers:
            self._headers = self._coming.result() if self._coming else self._make(1)
            if self._sealed >= SMALL_ROWS:
                self._coming = self._fetcher.submit(self._make, HEADERS_AT_ONCE)
        self._sealed += 1
        return seal_body(self._headers.pop(), Record(kind, object_id, part, parts, data))

    def _make(self, count: int) -> list[Header]:
        return self.maker.make(self.directory_digest, self.group_ids, self.readers, self.epoch, count)

    def _stop(self) -> None:
        self._sealer.shutdown(wait=False)
        self._scribe.shutdown(wait=False)
        self._fetcher.shutdown(wait=False)
