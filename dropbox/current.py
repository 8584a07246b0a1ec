"""The directory in force, and a look at the home for a newer one: rosters are taken without a restart."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from crypto.errors import CryptoError
from dropbox.directory import Directory
from dropbox.errors import DropboxError
from dropbox.transportkey import KEY, NEXT
from keys.errors import BrokenChain, RolledBack

RETRY_SECONDS = 60.0
_Stamp = tuple[object, ...]


class Current:
    """Holds one directory for all threads of a process, and replaces it when the files of the home have changed.

    `accept`, if set, is called with each new directory before it comes into force, and may refuse it.
    """

    def __init__(self, home: Path, directory: Directory, stamp: _Stamp = ()) -> None:
        self.directory = directory
        self.accept: Callable[[Directory], None] | None = None
        self._home = home
        self._lock = threading.Lock()
        self._stamp = stamp  # of the files that were loaded last; without it the first look loads them once more
        self._retry_at = math.inf

    @classmethod
    def open(cls, home: Path) -> Current:
        """Load the files of a home; raises what `Directory.load` raises."""
        stamp = _stamp(home)
        return cls(home, Directory.load(home), stamp)

    def look(self) -> Directory:
        """Return the directory in force, loaded anew when the files have changed; never waits, never fails.

        While one thread loads, the others go on with the old one. Files that cannot be used leave the old one
        in force, and are tried again when they change or a minute later.
        """
        stamp = _stamp(self._home)
        changed = stamp != self._stamp or time.monotonic() >= self._retry_at
        if changed and self._lock.acquire(blocking=False):
            try:
                self._stamp, self._retry_at = stamp, math.inf
                self.reload()
            except (CryptoError, DropboxError, OSError):
                self._retry_at = time.monotonic() + RETRY_SECONDS
            finally:
                self._lock.release()
        return self.directory

    def reload(self) -> Directory:
        """Load the files and put them in force.

        Raises RolledBack, BrokenChain, or what `Directory.load` and `accept` raise, and then keeps the old ones.
        """
        old, new = self.directory, Directory.load(self._home)
        if new.ledger.pin != old.ledger.pin:
            raise BrokenChain("root.pin: another one than before")
        if new.roster.version < old.roster.version:
            raise RolledBack(f"roster: version {new.roster.version}, in use is {old.roster.version}")
        if new.roster.version == old.roster.version and new.roster.raw != old.roster.raw:
            raise BrokenChain(f"roster: another roster of version {old.roster.version} is in use")
        if self.accept is not None:
            self.accept(new)
        self.directory = new
        return new


def _stamp(home: Path) -> _Stamp:
    """Return what changes when a file that `Directory.load` reads is replaced: numbers of files, and times."""
    found: list[object] = []
    for name in ("roster.senyap", "batches", KEY, NEXT):
        try:
            seen = (home / name).stat()
            found.append((seen.st_ino, seen.st_mtime_ns, seen.st_size))
        except OSError:
            found.append(None)
    try:
        with os.scandir(home / "batches") as entries:  # two files may come within one tick of the clock
            found += sorted((entry.name, entry.inode()) for entry in entries)
    except OSError:
        found.append(None)
    return tuple(found)
