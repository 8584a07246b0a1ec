"""Another vault key, shared out to the reviewers of the roster in force (formats §8).

Whoever left may still have an old passphrase and an old copy of the folder: only a new key, with everything sealed
under it, shuts them out of what comes. All of it is prepared beside the old and put in force with one rename.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3 import dbapi2

from crypto import medium
from crypto.errors import BadSignature
from keys.keyring import SHARE_PUBLIC, open_quorum, read_share_key
from keys.stationkeys import KEYRING, STATION_K, STATION_KEY, open_station_key, seal_station_key, share_out
from station import swap
from station.desk import check_names
from station.errors import Refused, VaultUnreadable
from station.home import Home
from station.vault import connect, make_file, note_roster, open_vault, raw_key


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """Who opens the vault now: any `k` of `members`. `left` had a share before and have none any more."""

    k: int
    members: tuple[str, ...]
    left: tuple[str, ...]


def rekey(folder: Path, passphrases: Mapping[str, str]) -> Rekeyed:
    """Give the vault of a home another key, and a share of it to each reviewer of the roster.

    A quorum of those who have shares now must be present, reviewers who left among them or not; new reviewers need
    a keyring here, not their passphrase. Raises QuorumNotMet, WrongPassphrase, Refused (taken out of the roster,
    another program at work, a reviewer without a keyring), BadSignature, RolledBack, VaultUnreadable, OSError; the
    old key is in force then.
    """
    with swap.at_work(folder, alone=True):
        home = Home.load(folder)
        home.must_serve()
        check_names(home, passphrases)
        _, old_key = open_quorum(home.keyring, passphrases)
        signing = open_station_key(folder, old_key, home.id)
        home = home.held_by(signing.public)
        home.must_serve()
        _check_keyrings(home)
        before = home.sharers
        try:
            new_key = os.urandom(32)
            signers = {member.id: member.key for member in home.group.members}
            prepared = folder / swap.PREPARING
            for path, data in share_out(home.keyring, new_key, home.group.k, signers).items():
                medium.write_file(prepared / KEYRING / path, data)
            medium.write_file(prepared / STATION_K, str(home.group.k).encode("ascii"))
            medium.write_file(prepared / STATION_KEY, seal_station_key(signing, new_key, home.id))
            _copy_vault(home, old_key, prepared / home.vault.name, new_key)
            medium.write_file(prepared / swap.MEMBERS, "".join(f"{m}\n" for m in home.members).encode("ascii"))
            swap.commit(folder)
        except BaseException:
            with contextlib.suppress(OSError):  # else whoever comes next does it
                swap.discard(folder)
            raise
        swap.finish(folder)
    left = tuple(sorted(set(before) - set(home.members)))
    return Rekeyed(home.group.k, home.members, left)


def _check_keyrings(home: Home) -> None:
    """Demand that every reviewer of the roster can be given a share; says who cannot."""
    if missing := [m for m in home.members if not (home.keyring / m / SHARE_PUBLIC).is_file()]:
        raise Refused(
            f"belum ada kunci {', '.join(missing)} di stasiun ini; penelaah baru membuatnya di sini dengan "
            "senyap-keys request"
        )
    for member in home.group.members:
        try:
            read_share_key(home.keyring / member.id, member.id, member.key)
        except BadSignature:
            raise BadSignature(
                f"rekey: the share key of {member.id} is not signed by the reviewer in the roster"
            ) from None


def _copy_vault(home: Home, old_key: bytes, path: Path, new_key: bytes) -> None:
    """Write the whole vault into a new file under another key, and check it; raises VaultUnreadable, RolledBack."""
    old = open_vault(home.vault, old_key)
    try:
        with old.begin() as transaction:
            note_roster(transaction, home.roster.version)
    finally:
        old.dispose()
    make_file(path)
    with contextlib.closing(connect(home.vault, old_key)) as source:
        source.execute("ATTACH DATABASE ? AS fresh KEY ?", (str(path), raw_key(new_key)))
        for pragma in ("synchronous = OFF", "journal_mode = MEMORY"):  # a crash leaves nothing of it anyway
            source.execute(f"PRAGMA fresh.{pragma}")
        source.execute("SELECT sqlcipher_export('fresh')")
        source.execute("DETACH DATABASE fresh")
        wanted = _count(source)
    _sync(path)
    if not _is_copy(path, new_key, wanted):
        raise VaultUnreadable(
            "salinan brankas tidak sama dengan yang ditulis, mungkin disknya rusak. Kunci lama tetap berlaku; buat "
            "cadangan di disk lain, lalu periksa disk mesin ini"
        )


def _is_copy(path: Path, key: bytes, wanted: Mapping[tuple[str, str], int]) -> bool:
    """Tell whether a vault opens, is sound in itself, and has these tables with so many rows."""
    try:
        with contextlib.closing(connect(path, key)) as copy:
            checks = ("integrity_check", "foreign_key_check", "cipher_integrity_check")
            found = [row for check in checks for row in copy.execute(f"PRAGMA {check}").fetchall()]
            return _count(copy) == wanted and found == [("ok",)]
    except dbapi2.DatabaseError:
        return False


def _count(connection: dbapi2.Connection) -> dict[tuple[str, str], int]:
    """Return how many rows each table has, by its name and definition."""
    tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    quoted = {(name, sql): '"' + name.replace('"', '""') + '"' for name, sql in tables}
    return {
        table: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - names of our own tables
        for table, name in quoted.items()
    }


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
