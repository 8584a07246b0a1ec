"""What leaves the vault as a file: an original, or a cleaned copy. Each is written by somebody, and logged."""

from __future__ import annotations

import os
from pathlib import Path

from crypto import medium
from station import audit
from station.audit import Deed
from station.desk import Desk
from station.errors import Refused
from station.home import Home


def folder_of(home: Home, typed: str) -> Path:
    """Return the folder that somebody typed; raises Refused where it is none, or the station's own."""
    folder = Path(typed.strip())
    if not typed.strip() or not folder.is_absolute() or not folder.is_dir():
        raise Refused("folder itu tidak ada; pasang stiknya, lalu ketik tempatnya, misalnya /media/stik")
    must_be_outside(home, folder)
    return folder


def must_be_outside(home: Home, folder: Path) -> None:
    """Refuse a folder inside the station's own: a copy of the station would take along what was handed out."""
    if folder.resolve().is_relative_to(home.folder.resolve()):
        raise Refused("folder itu milik stasiun sendiri; pilih folder lain")


def hand_out(desk: Desk, deed: Deed, case_id: int, place: int, path: Path, data: bytes, *, by: str, day: int) -> None:
    """Write a file (0600) and the entry of the log that tells of it: both, or neither.

    `place` is that of the file in its case, from 1. Raises Refused where something lies under that name, OSError.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Refused(f"di folder itu sudah ada {path.name}; pilih folder lain") from None
    try:
        with os.fdopen(fd, "wb") as out, desk.vault.begin() as transaction:
            audit.note(transaction, by, deed, day=day, case=case_id, detail=str(place))
            out.write(data)
            out.flush()
            os.fsync(fd)
        medium.sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
