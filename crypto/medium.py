"""Files on disks and sticks: written whole or not at all, read with a cap.

The only module of `crypto` that touches a file system, because both halves of the system need it
and neither may import the other (docs/decisions/0003).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from crypto.errors import Malformed


def write_file(path: Path, pieces: bytes | Iterable[bytes], *, mode: int = 0o600) -> None:
    """Write under a temporary name, sync, rename, sync the folder. A failure leaves no partial file.

    Raises OSError. An existing file of that name is replaced in one step.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "wb") as out:
            for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        temporary.rename(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_file(path: Path, cap: int) -> bytes:
    """Read a regular file of at most `cap` bytes; raises Malformed when it is larger, OSError when unreadable."""
    with path.open("rb") as source:
        data = source.read(cap + 1)
    if len(data) > cap:
        raise Malformed(f"file: more than {cap} bytes")
    return data
