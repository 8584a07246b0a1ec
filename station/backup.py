"""Copies of a station: everything but the weekly keys, so that an old copy opens no row of an old week (formats §8)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy as sa

from crypto import copies, medium
from crypto.bundle import bundle_name
from crypto.encoding import date_of
from station import bundles, outbox, tables
from station.desk import Desk
from station.errors import Refused
from station.home import Home
from station.vault import write_meta

# the only files that are ever copied: a weekly key (epoch-*.key) is none of them, and no temporary file
_FILES = re.compile(
    r"station\.(?:id|k|key|toml)|libur\.txt|auditor\.(?:pub|locked)|root\.pin|roster\.senyap|request\.senyap|vault\.db"
    r"|rosters/roster-[0-9]+\.senyap|batches/[a-z0-9-]+\.senyap|bundles/[a-z0-9-]+/bundle-[0-9]+\.senyap"
    r"|keyring/[a-z0-9-]+/(?:identity\.locked|share\.pub|share\.sealed)"
)
_NEEDED = frozenset({"station.id", "station.key", "vault.db", "root.pin", "roster.senyap"})
_MOUNTS, _MEMORY = Path("/proc/self/mountinfo"), ("tmpfs", "ramfs")
Reopen = Callable[[Home], AbstractContextManager[Desk]]


def make_backup(desk: Desk, folder: Path, reopen: Reopen, *, day: int, stick: Path | None = None) -> Path:
    """Copy a station into a new folder below `folder`, read the copy back, and open its vault with the quorum.

    `reopen` opens the desk of another home with the passphrases of those present. What others write meanwhile
    waits. From then on the bundles in it may be acknowledged. Raises Refused for a folder of the station's own, one
    in memory, one on the `stick` that the courier takes along, and for a bundle that is damaged here; OSError,
    Tampered when the medium keeps other bytes, and what `open_desk` raises; nothing is left then.
    """
    home = desk.home.folder
    _refuse_place(home, folder, stick)
    medium.make_folder(folder)
    name = copies.free_name(folder, f"backup-{desk.home.id}-{date_of(day).isoformat()}")
    with copies.new_folder(folder / name) as aside:
        with desk.vault.begin() as transaction:  # nobody writes to the vault or takes a bundle while this is open
            newest, taken = outbox.newest_bundle(transaction, desk.home), _taken(transaction)
            hashes = {path: copies.copy_file(home, aside, path) for path in copies.names_in(home, _FILES)}
            if set(copies.names_in(home, _FILES)) != set(hashes):
                raise Refused("cadangan: berkas stasiun berubah selagi disalin; ulangi perintah ini")
        copies.check_files(aside, hashes)
        for path in taken.keys() & hashes.keys():  # one that is gone is not acknowledged
            if not bundles.is_sound(aside / path, taken[path]):
                raise Refused(
                    f"{path} rusak di disk stasiun ini. Ambil lagi bundel itu dari stik; bila tidak ada lagi, "
                    "keluarkan berkas itu dari foldernya, maka kotak mengirim isinya lagi. Periksa disknya"
                )
        with reopen(Home.load(aside)) as copy:
            with copy.vault.begin() as transaction:
                write_meta(transaction, "copied", str(day))
                write_meta(transaction, outbox.COPIED_AT, str(outbox.last_own(transaction)))
        hashes["vault.db"] = copies.hash_file(aside / "vault.db")
        copies.write_list(aside, hashes)
    with desk.vault.begin() as transaction:
        write_meta(transaction, outbox.BACKED_UP, str(newest))
    return folder / name


def _taken(transaction: sa.Connection) -> dict[str, bytes]:
    """Return the manifest's hash of each bundle that was taken, by its path in the home."""
    b = tables.bundles
    query = sa.select(b.c.to, b.c.seq, b.c.hash)
    return {f"bundles/{to}/{bundle_name(seq)}": hash_ for to, seq, hash_ in transaction.execute(query)}


def _refuse_place(home: Path, folder: Path, stick: Path | None) -> None:
    """Raise Refused where a copy would be lost with the station, or leave it: bundles in it may be acknowledged."""
    if folder.resolve().is_relative_to(home.resolve()):
        raise Refused("cadangan: folder itu ada di dalam folder stasiun sendiri; sebut folder di disk lain")
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    if _in_memory(there) and not _in_memory(home):  # a home for training may lie there itself
        raise Refused("cadangan: folder itu hanya ada di memori dan hilang saat mesin mati; sebut folder di disk lain")
    if stick is not None and (folder.resolve().is_relative_to(stick.resolve()) or _share_medium(there, stick, home)):
        raise Refused("cadangan: folder itu ada di stik kurir, dan brankas tidak boleh ikut pergi; sebut disk lain")


def _share_medium(folder: Path, stick: Path, home: Path) -> bool:
    """Tell whether a folder lies on a stick; one that is on the disk of the station is a folder and no stick."""
    device = stick.stat().st_dev
    return device == folder.stat().st_dev and device != home.stat().st_dev


def _in_memory(folder: Path) -> bool:
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = (line.partition(" - ") for line in _MOUNTS.read_text("utf-8", "replace").splitlines())
    return any(mount.split()[2] == number and kind.split()[0] in _MEMORY for mount, _, kind in mounts)


def shares_disk(home: Home, folder: Path) -> bool:
    """Tell whether a folder for copies lies on the disk of the station: what takes one takes both."""
    return folder.is_dir() and folder.stat().st_dev == home.folder.stat().st_dev


def restore(source: Path, folder: Path) -> Home:
    """Copy a backup into a folder that is empty or not there yet, and verify it.

    Raises Refused when the folder holds files, Malformed or Tampered when the backup is not whole, what
    `Home.load` raises, OSError; nothing is left then.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused("pemulihan: folder itu sudah ada isinya; sebut folder kosong atau yang belum ada")
    hashes = copies.read_list(source, _FILES, _NEEDED)
    with copies.new_folder(folder) as aside:
        copies.copy_back(source, aside, hashes)
        Home.load(aside)
    return Home.load(folder)
