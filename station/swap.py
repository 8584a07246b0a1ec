"""One set of files put in place of another: all of them or none, whenever the machine stops.

    .rekey.part/    being prepared; worth nothing, and erased by whoever comes next
    rekey/          complete; its files are moved into the home, which whoever comes next finishes
        station.key · station.k · vault.db · keyring/<reviewer>/share.sealed
        members     who has a share now, one id a line; removed last

Whoever works in a home holds a lock on its folder: many may work at once, the swap is made alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto import medium
from keys.keyring import SHARE
from keys.stationkeys import KEYRING
from station.errors import Refused

PREPARING, READY, MEMBERS = ".rekey.part", "rekey", "members"
_CAP = 4_096


@contextmanager
def at_work(folder: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold a home's lock, shared or alone, and finish before that what a crash has left; raises Refused or OSError."""
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(fd, how)
        while (folder / READY).is_dir() or (folder / PREPARING).is_dir():
            _lock(fd, fcntl.LOCK_EX)
            finish(folder)
            discard(folder)
            _lock(fd, how)
        yield
    finally:
        os.close(fd)


def commit(folder: Path) -> None:
    """Put what was prepared in force with one rename; raises OSError."""
    prepared = folder / PREPARING
    for place in (*(p for p in prepared.rglob("*") if p.is_dir()), prepared):
        medium.sync_folder(place)
    prepared.rename(folder / READY)
    medium.sync_folder(folder)


def finish(folder: Path) -> None:
    """Move what was put in force to its places and erase what it replaces; any number of times. Raises OSError."""
    ready = folder / READY
    if not ready.is_dir():
        return
    members = ready / MEMBERS
    if members.is_file():  # it goes last: without it only empty folders are left
        names = medium.read_file(members, _CAP).decode("ascii").split()
        for share in sorted((folder / KEYRING).glob(f"*/{SHARE}")):
            if share.parent.name not in names:
                medium.erase_file(share)
        for new in sorted(p for p in ready.rglob("*") if p.is_file() and p != members):
            place = folder / new.relative_to(ready)
            medium.erase_file(place)
            new.rename(place)
            medium.sync_folder(place.parent)
            medium.sync_folder(new.parent)
        members.unlink()
    for place in sorted((p for p in ready.rglob("*")), reverse=True):
        place.rmdir()
    ready.rmdir()
    medium.sync_folder(folder)


def discard(folder: Path) -> None:
    """Erase what was prepared and never put in force; raises OSError."""
    prepared = folder / PREPARING
    if not prepared.is_dir():
        return
    for place in sorted(prepared.rglob("*"), reverse=True):
        if place.is_dir():
            place.rmdir()
        else:
            medium.erase_file(place)
    prepared.rmdir()
    medium.sync_folder(folder)


def _lock(fd: int, how: int) -> None:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused("senyap-station lain sedang bekerja di folder ini; tunggu sampai selesai, lalu ulangi") from None
