"""Copies of a drop box, made while it serves: sealed rows and public things, never its private key (formats §8).

The database is read twice. First without a lock, as long as the medium takes. Then once more while no writer may
begin: that is the state of one moment, and only the pieces that changed since are written again. So reporters wait for
a reading, not for a stick.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from crypto import copies, medium
from crypto.encoding import date_of
from crypto.errors import Tampered
from crypto.signing import SigningKey
from dropbox.errors import BadSettings, Refused, Unusable
from dropbox.restored import mark_restored
from dropbox.services import open_courier_lane, open_store
from dropbox.settings import DATABASE, Settings, load_settings
from dropbox.store import Store, metadata
from dropbox.transportkey import make_next, write_key
from keys.ledger import Ledger
from keys.roster import Roster

# the only files that are ever copied: no private key is among them
_FILES = re.compile(
    r"settings\.toml|root\.pin|roster\.senyap|rosters/roster-[0-9]+\.senyap|batches/[a-z0-9-]+\.senyap|"
    + re.escape(DATABASE)
)
_NEEDED = frozenset({"settings.toml", "root.pin", "roster.senyap", DATABASE})
_NUMBERED = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)  # as alembic makes it
FindKey = Callable[[Ledger], SigningKey | None]


def make_backup(home: Path, folder: Path, *, day: int) -> Path:
    """Copy a drop box into a new folder below `folder` and read the copy back. Reports are taken meanwhile.

    The copy is that of one moment. Rosters and chains wait for its end. Raises BadSettings for a database elsewhere,
    Broken, Tampered when the medium keeps other bytes, OSError; nothing is left then.
    """
    settings = _own_database(load_settings(home))
    store = open_store(settings)
    store.engine.dispose()
    medium.make_folder(folder)
    with open_courier_lane(home).enter():
        made = folder / copies.free_name(folder, f"backup-{date_of(day).isoformat()}")
        with copies.new_folder(made) as aside:
            _copy_home(store, home, aside)
    return made


def _copy_home(store: Store, home: Path, aside: Path) -> None:
    public = [path for path in copies.names_in(home, _FILES) if path != DATABASE]
    hashes = {path: copies.copy_file(home, aside, path) for path in public}
    pieces = _copy_database(store, home / DATABASE, aside / DATABASE)
    hashes[DATABASE] = _read_back(aside / DATABASE, pieces)
    copies.check_files(aside, {path: hashes[path] for path in public})
    _check_database(aside / DATABASE)
    Ledger.load(aside)
    copies.write_list(aside, hashes)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored home has, for the operator to compare."""

    roster: Roster
    has_key: bool
    onion: str


def restore(source: Path, folder: Path, find_key: FindKey) -> Restored:
    """Make a home from a copy, in a folder that is empty or not there yet; each station gets a mark (formats §7).

    `find_key` is asked before anything is copied: it compares the fingerprint of the copy with the poster's, and
    returns the transport key that its roster names, or None when that is lost: then the next one is made. Raises
    Refused for another key or a folder that holds files, Malformed or Tampered for a copy that is not whole, Broken
    for a database that is damaged or not ours, what `Ledger.load` and `load_settings` raise, OSError; nothing is
    left then.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused("restore: the new home holds files already; --home must name an empty folder")
    hashes = copies.read_list(source, _FILES, _NEEDED)
    ledger = Ledger.load(source)
    key, roster = find_key(ledger), ledger.roster
    if key is not None and key.public != roster.server_key:
        raise Refused(f"restore: this is not the transport key that roster version {roster.version} names")
    with copies.new_folder(folder) as aside:
        copies.copy_back(source, aside, hashes)
        _check_database(aside / DATABASE)
        if (copied := Ledger.load(aside)).pin != ledger.pin or copied.roster.raw != roster.raw:
            raise Tampered("restore: the medium gave another roster than before")
        if key is None:
            make_next(aside)
        else:
            write_key(aside, key)
        settings = _own_database(load_settings(aside))
        store = open_store(settings)
        with store.writing() as connection:
            mark_restored(connection, [station.id for station in roster.stations])
        store.engine.dispose()
    return Restored(roster, key is not None, settings.onion)


def _own_database(settings: Settings) -> Settings:
    if settings.database:
        raise BadSettings(
            "settings.toml: database names another one than that of this home; copy it with its own tools"
        )
    if not (settings.home / DATABASE).is_file():
        raise FileNotFoundError(2, "no database", str(settings.home / DATABASE))
    return settings


def _copy_database(store: Store, source: Path, target: Path) -> list[bytes]:
    """Copy the database in two passes; return the hash of each piece of the copy, which is synced."""
    fd = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as out:
        before = _write_pieces(source, out, [])
        os.fsync(fd)  # now, so that nothing but the changed pieces is left to write while writers wait
        with store.standing_still():
            if (journal := source.with_name(f"{source.name}-journal")).exists():
                raise Unusable(f"database: {journal.name} is there; is another program writing?")
            after = _write_pieces(source, out, before)
        out.truncate()  # it was longer when the first pass began
        os.fsync(fd)
    medium.sync_folder(target.parent)
    return after


def _write_pieces(source: Path, out: BinaryIO, known: list[bytes]) -> list[bytes]:
    """Write each piece whose hash is not the known one to its place; return the hashes of all."""
    out.seek(0)
    found = []
    for number, piece in enumerate(copies.read_pieces(source)):
        digest = _digest(piece)
        if known[number : number + 1] == [digest]:
            out.seek(len(piece), os.SEEK_CUR)
        else:
            out.write(piece)
        found.append(digest)
    out.flush()
    return found


def _digest(piece: bytes) -> bytes:
    """Hash a piece with what most processors do by themselves: writers wait for the second pass."""
    return hashlib.sha256(piece).digest()


def _read_back(path: Path, pieces: list[bytes]) -> str:
    """Compare a file on the medium with the hashes of its pieces; return its own hash. Raises Tampered or OSError."""
    total, found = hashlib.sha512(), []
    for piece in copies.read_pieces(path, from_medium=True):
        total.update(piece)
        found.append(_digest(piece))
    if found != pieces:
        raise Tampered(f"backup: {path.name} reads back as other bytes; the medium may be failing")
    return total.hexdigest()


def _check_database(path: Path) -> None:
    """Raise Unusable unless a database that nobody writes to is sound and made of our tables, and of nothing else.

    A copy was in other hands: a trigger in it could keep the moment of every row to come.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            vacuum = connection.execute("PRAGMA auto_vacuum").fetchall()
    except sqlite3.DatabaseError:
        sound, found, vacuum = False, [], []
    if not sound:
        raise Unusable("database: the copy is damaged; take another one")
    ours = {
        name: _flat(CreateTable(table).compile(dialect=sqlite.dialect()).string)
        for name, table in metadata.tables.items()
    }
    first = {sql for name, sql in ours.items() if name != "statistics"}  # copies from before its revision
    shape = sorted(_flat(sql) for (sql,) in found)
    # Word for word: a column that takes '0 ' for '0', or a constraint that replaces, deletes reports in silence.
    known = sorted(first), sorted(first | {_NUMBERED}), sorted({*ours.values(), _NUMBERED})  # the oldest have no number
    if vacuum != [(0,)] or shape not in known:
        raise Unusable("database: the copy holds something that no drop box makes; take another one")


def _flat(sql: str) -> str:
    return " ".join(sql.split())
