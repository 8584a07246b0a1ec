"""Previews for the desk: one at a time, the last ones kept in memory, all forgotten when the desk locks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from station import sandbox
from station.attachments import File
from station.errors import Refused
from station.previews import Preview, make_preview

KEPT = 2  # files: a page of twenty pictures asks for each of them by itself


class Viewer:
    """What is being looked at. Its own lock is never held while a file is opened, and nothing goes to a disk."""

    def __init__(self) -> None:
        self._mutex, self._busy = threading.Lock(), threading.Lock()
        self._kept: dict[int, Preview] = {}
        self._opening = 0

    def kept(self, file_id: int) -> Preview | None:
        """Return a preview that was made since the desk was opened, if it is still here."""
        with self._mutex:
            return self._kept.get(file_id)

    def show(self, file_id: int, read: Callable[[], tuple[File, bytes]]) -> Preview:
        """Return the preview of a file, which `read` brings if it must be made.

        Raises Refused while another file is open, and what `read` raises.
        """
        if (seen := self.kept(file_id)) is not None:
            return seen
        opening = self._opening
        with self.room():
            file, data = read()
            seen = make_preview(data, file.name, file.media_type)
        with self._mutex:
            if opening == self._opening and seen.kind != "none":
                self._kept[file_id] = seen
                for old in list(self._kept)[:-KEPT]:
                    del self._kept[old]
        return seen

    @contextmanager
    def room(self) -> Iterator[None]:
        """Take the one place where a file may be open; raises Refused when it is taken."""
        if not self._busy.acquire(blocking=False):
            raise Refused("berkas lain sedang dibuka; tunggu sebentar, lalu coba lagi")
        try:
            yield
        finally:
            self._busy.release()

    def forget(self) -> None:
        """Drop all previews, and end one that is being made."""
        with self._mutex:
            self._opening += 1
            self._kept.clear()
        sandbox.end_all()
