"""Lanes: how many on this whole machine do one costly thing at once, and how many may wait for it.

A lane is a locked file: the kernel frees it when a process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dropbox.errors import Busy

LOOK_SECONDS = 0.002
QUEUE_SECONDS = 0.05  # between two looks of one who may not wait for ever


class Lanes:
    """`count` places shared by all processes; at most `max_waiting` of this process wait for one."""

    def __init__(self, folder: Path, name: str, count: int, max_waiting: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._paths = [folder / f"{name}-{i}.lock" for i in range(count)]
        self._places = threading.BoundedSemaphore(max_waiting + count)
        self._line = folder / f"{name}.line"
        for path in [*self._paths, self._line]:  # now: made at first use, their dates would be those of reports
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    @contextmanager
    def enter(self, seconds: float | None = None) -> Iterator[None]:
        """Hold one lane; raises Busy at once when too many wait already, and after so many seconds of waiting."""
        if not self._places.acquire(blocking=False):
            raise Busy("too many are waiting")
        try:
            with self._hold(None if seconds is None else time.monotonic() + seconds):
                yield
        finally:
            self._places.release()

    @contextmanager
    def enter_now(self) -> Iterator[None]:
        """Hold a lane that is free; raises Busy at once when none is."""
        for path in self._paths:
            try:
                fd = self._lock(path, fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            try:
                yield
            finally:
                os.close(fd)
            return
        raise Busy("all places are taken")

    @contextmanager
    def _hold(self, until: float | None) -> Iterator[None]:
        fd = self._take(until)
        try:
            yield
        finally:
            os.close(fd)

    def _take(self, until: float | None) -> int:
        """Wait in one line on the whole machine; only who stands first looks for a free lane."""
        if len(self._paths) == 1:
            return self._lock_by(self._paths[0], until)
        first = self._lock_by(self._line, until)
        try:
            while True:
                for path in self._paths:
                    try:
                        return self._lock(path, fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                _look_again(until, LOOK_SECONDS)  # no system call waits for whichever of several files is free first
        finally:
            os.close(first)

    def _lock_by(self, path: Path, until: float | None) -> int:
        while until is not None:  # no system call waits for a lock and a time
            try:
                return self._lock(path, fcntl.LOCK_NB)
            except BlockingIOError:
                _look_again(until, QUEUE_SECONDS)
        return self._lock(path)

    @staticmethod
    def _lock(path: Path, how: int = 0) -> int:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | how)
        except BaseException:
            os.close(fd)
            raise
        return fd


class WideLane:
    """One place among all front ends of a database: a lane of this machine, then `hold`, which waits or raises Busy."""

    def __init__(self, lane: Lanes, hold: Callable[[bool], AbstractContextManager[None]]) -> None:
        self._lane = lane
        self._hold = hold

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold the place; raises Busy at once when too many wait already, or Broken."""
        with self._lane.enter(), self._hold(True):
            yield

    @contextmanager
    def enter_now(self) -> Iterator[None]:
        """Hold the place when it is free; raises Busy at once when it is not, or Broken."""
        with self._lane.enter_now(), self._hold(False):
            yield


def _look_again(until: float | None, after: float) -> None:
    if until is not None and time.monotonic() >= until:
        raise Busy("the wait is too long")
    time.sleep(after)
