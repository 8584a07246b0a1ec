"""Memory that the processes of one drop box share, by the name of a file that no disk holds.

It lies in a tmpfs, so it outlives a process and not the machine. What is counted there would tell, on a seized disk,
how many reports a day brought.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from pathlib import Path

from dropbox.errors import BadSettings

PREFIX = "senyap-"
_KINDS = frozenset({"tmpfs", "ramfs"})


def shared_memory(folder: Path, home: Path, size: int) -> mmap.mmap:
    """Map so many bytes that every process of this home sees, zeros at first.

    Raises BadSettings when the folder lies on a disk or the file is somebody else's, or OSError.
    """
    if not is_memory(folder):
        raise BadSettings(f"settings.toml: memory must name a folder in memory (tmpfs), {folder} is none")
    fd = os.open(memory_file(folder, home), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise BadSettings(f"settings.toml: a file in {folder} is not this user's alone")
        if found.st_size < size:
            os.ftruncate(fd, size)
        return mmap.mmap(fd, size)
    finally:
        os.close(fd)


def memory_file(folder: Path, home: Path) -> Path:
    """Return the file of a home. Its name tells one home from another and nothing else."""
    return folder / f"{PREFIX}{hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]}"


def is_memory(folder: Path) -> bool:
    """Tell whether a folder lies in memory, by the mounts that the kernel lists."""
    path = folder.resolve()
    mounts = {}
    for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines():
        _device, mounted, kind, *_rest = line.split(" ")
        mounts[Path(mounted.replace("\\040", " "))] = kind
    for place in (path, *path.parents):
        if place in mounts:
            return mounts[place] in _KINDS
    return False
