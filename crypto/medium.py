"""Files on disks and sticks: written whole or not at all, read with a cap.

The only module of `crypto` besides `copies` that touches a file system, because both halves of the system need it
and neither may import the other (docs/decisions/0003).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from crypto.errors import Exposed, Malformed

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
FULL = NO_ROOM | {errno.EROFS}  # nothing can be written there, whatever is read
ANY_SIZE = 2**62
_PIECE_BYTES = 1024 * 1024  # of a large file that is erased: never the whole of it in memory


def write_file(path: Path, pieces: bytes | Iterable[bytes], *, mode: int = 0o600) -> None:
    """Write under a temporary name, sync, rename, sync the folder. A failure leaves no partial file.

    Raises OSError. An existing file of that name is replaced in one step.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
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


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each 0700 and synced into the one above."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def check_room(folder: Path, wanted: int) -> None:
    """Demand that so many bytes have room where a folder is or will be; raises OSError."""
    place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())
    found = os.statvfs(place)
    if (free := found.f_bavail * found.f_frsize) < wanted:
        words = f"{wanted / 1e6:,.1f} MB are to be written and {free / 1e6:,.1f} MB are free there: make room first"
        raise OSError(errno.ENOSPC, words)


def read_file(path: Path, cap: int, *, follow: bool = True) -> bytes:
    """Read a regular file of at most `cap` bytes; raises Malformed when it is not that, OSError when unreadable."""
    with open_file(path, cap, follow=follow) as source:
        data = source.read(cap + 1)
    if len(data) > cap:
        raise Malformed(f"file: more than {cap} bytes")
    return data


def read_secret(path: Path, cap: int) -> bytes:
    """Read a file of private keys: 0600 in a folder 0700, both of this user; raises Exposed, Malformed or OSError."""
    for place, allowed in ((path.parent, 0o700), (path, 0o600)):
        found = place.stat()
        if stat.S_IMODE(found.st_mode) & ~allowed or found.st_uid != os.geteuid():
            what = "folder" if allowed == 0o700 else "file"
            mode = f"{stat.S_IMODE(found.st_mode):04o}"
            raise Exposed(f"the {what} {place.name} has mode {mode}, want {allowed:04o} and this user as owner")
    return read_file(path, cap)


def erase_file(path: Path) -> None:
    """Overwrite a file with random bytes, sync, remove it, sync the folder; one that is gone is nothing to do.

    On flash storage the old bytes may survive the overwriting: the threat model says so. Raises OSError.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        left = os.fstat(fd).st_size
        while left:
            left -= os.write(fd, os.urandom(min(left, _PIECE_BYTES)))
        os.fsync(fd)
    finally:
        os.close(fd)
    path.unlink()
    sync_folder(path.parent)


@contextlib.contextmanager
def open_file(path: Path, cap: int, *, follow: bool = True) -> Iterator[BinaryIO]:
    """Open a regular file of at most `cap` bytes; with `follow` off, one that lies there itself and is no link.

    Raises Malformed when it is not that, OSError when unreadable.
    """
    # O_NONBLOCK: a pipe on a prepared stick must not make us wait for its other end
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        fd = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise Malformed("file: a link, want a regular file") from None
        raise
    with os.fdopen(fd, "rb") as source:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Malformed("file: not a regular file")
        if found.st_size > cap:
            raise Malformed(f"file: {found.st_size} bytes, want {cap} or fewer")
        yield source


@contextlib.contextmanager
def open_written(path: Path) -> Iterator[BinaryIO]:
    """Open a synced file to read it back from the medium: what memory still holds of it is let go first."""
    with open_file(path, ANY_SIZE, follow=False) as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        yield source
