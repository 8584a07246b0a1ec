"""What differs between SQLite and PostgreSQL, and nothing else: how a connection is set, who waits for whom (0030).

With SQLite all writers are on one machine and stand in line at a locked file. With PostgreSQL that line is each front
end's own, and what must hold among front ends is held by advisory locks of the database and by locks of rows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import IntEnum
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection, Engine, column, create_engine, event, func, select, table, text

from dropbox.errors import BadSettings, Unusable

SQLITE, POSTGRESQL = "sqlite:", "postgresql+psycopg:"
_SLOTS = table("slots", column("id"), column("waiting"))


class Turn(IntEnum):
    """Beside whom a transaction may write."""

    ALONE = 0  # it reads what others write: chains, exports, marks, whole sets of slots
    BESIDE = 1  # it takes or gives back slots that it holds, beside others that do
    LIMITED = 2  # likewise, and counts the waiting slots against a limit: one of these at a time


class Place(IntEnum):
    """What only one process of all front ends does at a time, for longer than a transaction."""

    COURIER = 1
    KEEPER = 2


class Dialect(Protocol):
    """What a store needs of its database."""

    reading: ClassVar[Mapping[str, Any]]
    """Options of connections that read: all that one of them reads is of one moment."""

    def engine(self, url: str) -> Engine:
        """Return an engine whose connections are set."""

    def check(self, connection: Connection) -> None:
        """Raise Unusable where the database is set so that it may lose what was committed."""

    def wait(self, connection: Connection, turn: Turn) -> None:
        """Wait until this transaction may write; what it holds then is let go at its end."""

    def lock_free(self, connection: Connection, drawn: Sequence[int], *, wait: bool = False) -> list[int]:
        """Return which of these slots are free, held until the end of the transaction.

        Those that others hold are left out, or waited for.
        """

    def count(self, connection: Connection) -> None:
        """Have this transaction count where the database counts them for good, though it changes nothing."""

    def hold(self, engine: Engine, place: Place, *, wait: bool) -> AbstractContextManager[bool]:
        """Hold a place among all front ends; gives False when it is taken and not waited for."""


class Sqlite:
    """One file on this machine: its writers stand in the line of `Store`, so there is nobody else to wait for."""

    reading: ClassVar[Mapping[str, Any]] = {}  # a file stands still while anybody reads in a transaction
    PAGE_BYTES = 65_536  # a row touches 5 pages of this size, 65 of the usual one
    PRAGMAS = (
        "journal_mode=DELETE",  # WAL and PERSIST keep rows in the order they were written
        "synchronous=EXTRA",  # FULL, and the folder is synced too: a vanished journal stays vanished
        "secure_delete=ON",
        "temp_store=MEMORY",
        "foreign_keys=ON",
        "cache_size=-2048",
        "cache_spill=OFF",  # a spill in mid-transaction would sync the journal once more each time
        "busy_timeout=60000",
    )

    def engine(self, url: str) -> Engine:
        """Return an engine that begins transactions itself."""
        engine = create_engine(url, pool_size=8, max_overflow=120, pool_timeout=30)
        event.listen(engine, "connect", self._set)
        event.listen(engine, "begin", lambda connection: connection.execute(text("BEGIN")))
        return engine

    def check(self, connection: Connection) -> None:
        """Do nothing: each connection was set."""

    def wait(self, connection: Connection, turn: Turn) -> None:
        """Do nothing."""

    def lock_free(self, connection: Connection, drawn: Sequence[int], *, wait: bool = False) -> list[int]:
        """Return them all: nobody wrote since they were read."""
        return list(drawn)

    def count(self, connection: Connection) -> None:
        """Write the file's header alone."""
        connection.execute(text("PRAGMA user_version = 0"))

    def hold(self, engine: Engine, place: Place, *, wait: bool) -> AbstractContextManager[bool]:
        """Hold nothing: the lane of this machine is the only one."""
        return contextlib.nullcontext(True)

    def _set(self, connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun by the engine's listener alone
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA page_size={self.PAGE_BYTES}")
        for pragma in self.PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


class Postgresql:
    """A server that several front ends share. Nothing of P4 is promised there (docs/threat-model.md)."""

    reading: ClassVar[Mapping[str, Any]] = {"isolation_level": "REPEATABLE READ"}
    CONNECTIONS = 16  # of one process at most: two workers, a keeper and a courier stay far below the usual 100
    _BASE = int.from_bytes(b"senyap", "big") << 8  # advisory locks of this program, apart from other programs'
    _WRITERS, _LIMITS, _PLACES = _BASE, _BASE + 1, _BASE + 16

    def engine(self, url: str) -> Engine:
        """Return an engine that looks whether a connection still lives before it is used."""
        try:
            return create_engine(
                url, pool_size=4, max_overflow=self.CONNECTIONS - 4, pool_timeout=30, pool_pre_ping=True
            )
        except ModuleNotFoundError:
            raise BadSettings(
                "settings.toml: database names PostgreSQL, and psycopg is not installed: "
                "pip install 'kotak-senyap[postgresql]'"
            ) from None

    def check(self, connection: Connection) -> None:
        """Refuse a server that answers a commit before it is on its disk."""
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            if connection.scalar(select(func.current_setting(name))) == "off":
                raise Unusable(
                    f"database: PostgreSQL runs with {name} off, and may lose what was confirmed. Switch it on"
                )

    def wait(self, connection: Connection, turn: Turn) -> None:
        """Stand in line: one ALONE, or any number BESIDE each other and one LIMITED among them."""
        if turn is Turn.ALONE:
            connection.execute(select(func.pg_advisory_xact_lock(self._WRITERS)))
            return
        connection.execute(select(func.pg_advisory_xact_lock_shared(self._WRITERS)))
        if turn is Turn.LIMITED:
            connection.execute(select(func.pg_advisory_xact_lock(self._LIMITS)))

    def lock_free(self, connection: Connection, drawn: Sequence[int], *, wait: bool = False) -> list[int]:
        """Lock the rows of `slots`; one that was taken since it was read is looked at again by the database."""
        query = select(_SLOTS.c.id).where(_SLOTS.c.id.in_(drawn), _SLOTS.c.waiting == 0)
        return list(connection.scalars(query.with_for_update(skip_locked=not wait)))

    def count(self, connection: Connection) -> None:
        """Do nothing: it numbers transactions, and tells more than that (docs/threat-model.md)."""

    @contextlib.contextmanager
    def hold(self, engine: Engine, place: Place, *, wait: bool) -> Iterator[bool]:
        """Hold a session's lock on a connection of its own: the server frees it when this process or machine dies."""
        key = self._PLACES + place
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # closed at the end, whatever happens: no lock goes back into the pool
            if wait:
                connection.execute(select(func.pg_advisory_lock(key)))
            elif not connection.scalar(select(func.pg_try_advisory_lock(key))):
                yield False
                return
            try:
                yield True
            finally:
                connection.execute(select(func.pg_advisory_unlock(key)))


def dialect_of(url: str) -> Dialect:
    """Return the dialect of a URL; raises BadSettings for any other database."""
    if url.startswith(SQLITE):
        return Sqlite()
    if url.startswith(POSTGRESQL):
        return Postgresql()
    raise BadSettings("settings.toml: database must begin with sqlite: or postgresql+psycopg:")
