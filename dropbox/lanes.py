"""Lanes: how many on this whole machine do one costly thing at once, and how many may wait for it.

A lane is a locked file: the kernel frees it when a process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropbox.errors import Busy


class Lanes:
    """`count` places shared by all processes; at most `max_waiting` of this process wait for one."""

    def __init__(self, folder: Path, name: str, count: int, max_waiting: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._paths = [folder / f"{name}-{i}.lock" for i in range(count)]
        self._places = threading.BoundedSemaphore(max_waiting + count)
        self._turn = itertools.count(os.getpid())

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold one lane; raises Busy at once when too many wait already."""
        if not self._places.acquire(blocking=False):
            raise Busy("too many are waiting")
        try:
            with self._hold():
                yield
        finally:
            self._places.release()

    @contextmanager
    def _hold(self) -> Iterator[None]:
        fd = self._take()
        try:
            yield
        finally:
            os.close(fd)

    def _take(self) -> int:
        start = next(self._turn)
        for i in range(len(self._paths)):
            fd = self._open(start + i)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            except OSError:
                os.close(fd)
        fd = self._open(start)
        fcntl.flock(fd, fcntl.LOCK_EX)
        return fd

    def _open(self, number: int) -> int:
        return os.open(self._paths[number % len(self._paths)], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
