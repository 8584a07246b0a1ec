"""Copies of a home: a folder laid out like it, and a list of what lies there (formats §8).

DIR/backup-<what>-<date>-<n>/     made under a hidden name, and named when it is whole
    hashes.txt                    SHA-512 of each file and its path: against damage, not against people

Station and drop box keep copies of the same form and neither may import the other (docs/decisions/0027).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from crypto import medium
from crypto.errors import Malformed, Tampered

HASHES = "hashes.txt"
PIECE_BYTES = 1024 * 1024
_HASHES_CAP = 64 * 1024 * 1024
_LINE = re.compile(r"([0-9a-f]{128})  (\S+)")


def free_name(folder: Path, start: str) -> str:
    """Return `start`-1, or with the first higher number that is not taken in a folder."""
    number = 1
    while (folder / f"{start}-{number}").exists():
        number += 1
    return f"{start}-{number}"


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a hidden folder beside `target`; it gets that name when the block ends, or is removed when it fails.

    `target` is not there yet, or is an empty folder.
    """
    target = target.absolute()
    aside = target.with_name(f".{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        medium.make_folder(aside)
        yield aside
        aside.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(aside)
        raise
    medium.sync_folder(target.parent)


def names_in(home: Path, wanted: re.Pattern[str]) -> Iterator[str]:
    """Yield the paths below a home that a pattern names whole, sorted, no links."""
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if wanted.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield name


def copy_file(source: Path, target: Path, name: str) -> str:
    """Copy one file from folder to folder, synced, and return the hash of what was read; raises OSError."""
    total = hashlib.sha512()

    def pieces() -> Iterator[bytes]:
        for piece in read_pieces(source / name):
            total.update(piece)
            yield piece

    medium.write_file(target / name, pieces())
    return total.hexdigest()


def read_pieces(path: Path, *, from_medium: bool = False) -> Iterator[bytes]:
    """Yield a file that is no link in pieces of 1 MiB; `from_medium`: not from this machine's memory."""
    opened = medium.open_written(path) if from_medium else medium.open_file(path, medium.ANY_SIZE, follow=False)
    with opened as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def hash_file(path: Path) -> str:
    """Return the SHA-512 of a file as the medium keeps it."""
    total = hashlib.sha512()
    for piece in read_pieces(path, from_medium=True):
        total.update(piece)
    return total.hexdigest()


def check_files(folder: Path, hashes: Mapping[str, str]) -> None:
    """Read files back from the medium; raises Tampered when one is other than its hash says, or OSError."""
    for name, wanted in hashes.items():
        if hash_file(folder / name) != wanted:
            raise Tampered(f"backup: {name} reads back as other bytes; the medium may be failing")


def write_list(folder: Path, hashes: Mapping[str, str]) -> None:
    """Write the list of a copy; raises OSError."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(hashes.items()))
    medium.write_file(folder / HASHES, lines.encode("ascii"))


def read_list(folder: Path, wanted: re.Pattern[str], needed: Collection[str]) -> dict[str, str]:
    """Return path → hash of a copy; raises Malformed for paths that `wanted` does not name, or OSError.

    `needed` are the files without which nothing is a copy.
    """
    text = medium.read_file(folder / HASHES, _HASHES_CAP).decode("ascii", "replace")
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    hashes = {match[2]: match[1] for match in found if match}
    if not all(found) or len(hashes) != len(found) or not all(wanted.fullmatch(name) for name in hashes):
        raise Malformed(f"restore: {HASHES} is not the list of a backup")
    if missing := set(needed) - set(hashes):
        raise Malformed(f"restore: {len(missing)} files that every backup has are not in this one")
    return hashes


def copy_back(source: Path, target: Path, hashes: Mapping[str, str]) -> None:
    """Copy the files of a list and read them back; raises Tampered or OSError."""
    for name, wanted in hashes.items():
        if copy_file(source, target, name) != wanted:
            raise Tampered(f"restore: {name} is not what the backup's list says")
    check_files(target, hashes)
