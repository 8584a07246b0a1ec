"""The program as the installer left it, by the hashes that it wrote beside it, as `doctor` sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from dropbox.machine import Machine

HASHES = "hashes.txt"  # of sha256sum: one line a file, but of itself and of the mark that all is there
_NEVER = frozenset({HASHES, "complete"})


def changes(machine: Machine, folder: str) -> Iterator[str]:
    """Yield the path of each file of a program that is not as it was installed, is gone, or came since; raises OSError.

    Where there are no hashes, that is what it yields. Raises ValueError for a line that is none.
    """
    place = machine.path(folder)
    if not (place / HASHES).is_file():
        yield HASHES
        return
    installed = dict(_line(line) for line in (place / HASHES).read_text("utf-8", "surrogateescape").splitlines())
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_dir() or path.is_symlink() or name in _NEVER:
            continue
        if installed.pop(name, None) != _hash(path):
            yield name
    yield from sorted(installed)


def _line(line: str) -> tuple[str, str]:
    digest, mark, name = line.partition("  ./")
    if not mark or len(digest) != 64:
        raise ValueError(HASHES)
    return name, digest


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
