"""A disk of its own for one folder of a machine, in a file, that can lose power: what nobody synced is gone then."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from pathlib import Path
from types import TracebackType

_SHUT_DOWN, _WITHOUT_FLUSHING = 0x8004587D, 2  # ext4's own: from now on nothing reaches the disk, its journal neither
_ROOM_BYTES = 64 * 2**20


class LoopDisk:
    """An ext4 that lies over `folder` and begins with what is there; that itself stays as it was."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder, self._image = folder, image

    def __enter__(self) -> LoopDisk:
        used = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        with self._image.open("wb") as image:
            image.truncate(used + used // 4 + _ROOM_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-d", self.folder, self._image], check=True)
        status = self.folder.stat()
        self._mount()
        os.chown(self.folder, status.st_uid, status.st_gid)
        self.folder.chmod(status.st_mode & 0o7777)
        (self.folder / "lost+found").rmdir()
        self.come_back()  # what was set here is on the disk then
        return self

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self._image, self.folder], check=True)

    def cut(self) -> None:
        """Cut it off in this moment, in the middle of whatever is being written."""
        place = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(place, _SHUT_DOWN, struct.pack("I", _WITHOUT_FLUSHING))
        finally:
            os.close(place)

    def come_back(self) -> None:
        """Give it power again; the kernel mends it from its journal."""
        subprocess.run(["umount", self.folder], check=True)
        self._mount()

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        subprocess.run(["umount", self.folder], check=True)
        self._image.unlink()
