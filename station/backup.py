"""Copies of a station: everything but the weekly keys, so that an old copy opens no row of an old week (formats §8).

DIR/backup-<station>-<date>-<n>/     laid out like a home
    hashes.txt                       SHA-512 of each file and its path: against damage, not against people
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from crypto import medium
from crypto.encoding import date_of
from crypto.errors import Malformed, Tampered
from station.desk import Desk
from station.errors import Refused
from station.home import Home
from station.vault import write_meta

HASHES = "hashes.txt"
_PIECE_BYTES = 1024 * 1024
_ANY_SIZE = 2**62
_HASHES_CAP = 64 * 1024 * 1024
# the only files that are ever copied: a weekly key (epoch-*.key) is none of them, and no temporary file
_FILES = re.compile(
    r"station\.(?:id|k|key|toml)|root\.pin|roster\.senyap|request\.senyap|vault\.db"
    r"|rosters/roster-[0-9]+\.senyap|batches/[a-z0-9-]+\.senyap|bundles/[a-z0-9-]+/bundle-[0-9]+\.senyap"
    r"|keyring/[a-z0-9-]+/(?:identity\.locked|share\.pub|share\.sealed)"
)
_LINE = re.compile(r"([0-9a-f]{128})  (\S+)")
Reopen = Callable[[Home], AbstractContextManager[Desk]]


def make_backup(desk: Desk, folder: Path, reopen: Reopen, *, day: int) -> Path:
    """Copy a station into a new folder below `folder`, read the copy back, and open its vault with the quorum.

    `reopen` opens the desk of another home with the passphrases of those present. What others write meanwhile
    waits. Raises OSError, Tampered when the medium keeps other bytes, and what `open_desk` raises; nothing is
    left then.
    """
    medium.make_folder(folder)
    name = _free_name(folder, f"backup-{desk.home.id}-{date_of(day).isoformat()}")
    aside = folder / f".{name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        medium.make_folder(aside)
        with desk.vault.begin():  # nobody writes to the vault or takes a bundle while this is open
            hashes = {path: _copy(desk.home.folder, aside, path) for path in _listed(desk.home.folder)}
            if set(_listed(desk.home.folder)) != set(hashes):
                raise Refused("backup: files came or went meanwhile; start it again")
        _compare(aside, hashes)
        with reopen(Home.load(aside)) as copy:
            with copy.vault.begin() as transaction:
                write_meta(transaction, "copied", str(day))
        hashes["vault.db"] = _hash(aside / "vault.db")
        lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(hashes.items()))
        medium.write_file(aside / HASHES, lines.encode("ascii"))
        aside.rename(folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(aside)
        raise
    medium.sync_folder(folder)
    return folder / name


def restore(source: Path, folder: Path) -> Home:
    """Copy a backup into a folder that is empty or not there yet, and verify it.

    Raises Refused when the folder holds files, Malformed or Tampered when the backup is not whole, what
    `Home.load` raises, OSError; nothing is left then.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused("restore: the new home holds files already; it must be an empty folder")
    hashes = _read_hashes(source)
    aside = folder.absolute().with_name(f".{folder.absolute().name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        medium.make_folder(aside)
        for path, wanted in hashes.items():
            if _copy(source, aside, path) != wanted:
                raise Tampered(f"restore: {path} is not what the backup's list says")
        _compare(aside, hashes)
        Home.load(aside)
        aside.rename(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(aside)
        raise
    medium.sync_folder(folder.absolute().parent)
    return Home.load(folder)


def _free_name(folder: Path, start: str) -> str:
    number = 1
    while (folder / f"{start}-{number}").exists():
        number += 1
    return f"{start}-{number}"


def _listed(home: Path) -> Iterator[str]:
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if _FILES.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield name


def _copy(source: Path, target: Path, name: str) -> str:
    """Copy one file, synced, and return the hash of what was read."""
    total = hashlib.sha512()

    def pieces() -> Iterator[bytes]:
        with medium.open_file(source / name, _ANY_SIZE, follow=False) as file:
            while piece := file.read(_PIECE_BYTES):
                total.update(piece)
                yield piece

    medium.write_file(target / name, pieces())
    return total.hexdigest()


def _compare(folder: Path, hashes: Mapping[str, str]) -> None:
    for name, wanted in hashes.items():
        if _hash(folder / name) != wanted:
            raise Tampered(f"backup: {name} reads back as other bytes; the medium may be failing")


def _hash(path: Path) -> str:
    total = hashlib.sha512()
    with medium.open_file(path, _ANY_SIZE, follow=False) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # from the medium, not from memory
        while piece := file.read(_PIECE_BYTES):
            total.update(piece)
    return total.hexdigest()


def _read_hashes(source: Path) -> dict[str, str]:
    text = medium.read_file(source / HASHES, _HASHES_CAP).decode("ascii", "replace")
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    hashes = {match[2]: match[1] for match in found if match}
    if not all(found) or len(hashes) != len(found) or not all(_FILES.fullmatch(name) for name in hashes):
        raise Malformed(f"restore: {HASHES} is not the list of a backup")
    if missing := {"station.id", "station.key", "vault.db", "root.pin", "roster.senyap"} - set(hashes):
        raise Malformed(f"restore: {len(missing)} files that every station has are not in the backup")
    return hashes
