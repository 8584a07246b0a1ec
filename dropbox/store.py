"""The database of a drop box: its tables and how a connection must be set (formats §7).

There is no date, order, size, sender or recipient of a report in any column.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    column,
    create_engine,
    event,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dropbox.errors import Broken
from dropbox.lanes import Lanes
from dropbox.migrations import NEWEST

metadata = MetaData()

# State and bytes of a slot are apart, so that looking for free slots reads no rows.
slots = Table("slots", metadata, Column("id", Integer, primary_key=True), Column("waiting", Integer, nullable=False))
rows = Table("rows", metadata, Column("id", Integer, primary_key=True), Column("row", LargeBinary, nullable=False))
mailboxes = Table(
    "mailboxes",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("station", String(24), nullable=False),
    Column("row", LargeBinary, nullable=False),
)
# The last transport of each chain: direction 'out' (bundles) or 'in' (outboxes); 'ros' is the roster's version.
chains = Table(
    "chains",
    metadata,
    Column("peer", String(24)),
    Column("direction", String(3)),
    Column("seq", Integer, nullable=False),
    Column("hash", LargeBinary(64), nullable=False),
    Column("day", Integer, nullable=False),
    PrimaryKeyConstraint("peer", "direction"),
)
bundles = Table(
    "bundles",
    metadata,
    Column("peer", String(24)),
    Column("seq", Integer),
    Column("hash", LargeBinary(64), nullable=False),
    PrimaryKeyConstraint("peer", "seq"),
)
# Which row of which slot went out in which bundle, until every collector has acknowledged it.
exports = Table(
    "exports",
    metadata,
    Column("peer", String(24)),
    Column("seq", Integer),
    Column("slot", Integer),
    Column("row_hash", LargeBinary(64), nullable=False),
    Column("acknowledged", Integer, nullable=False),
    PrimaryKeyConstraint("peer", "seq", "slot"),
)

_PRAGMAS = (
    "journal_mode=DELETE",  # WAL and PERSIST keep rows in the order they were written
    "synchronous=EXTRA",  # FULL, and the folder is synced too: a vanished journal stays vanished
    "secure_delete=ON",
    "temp_store=MEMORY",
    "foreign_keys=ON",
    "cache_size=-2048",
    "cache_spill=OFF",  # a spill in mid-transaction would sync the journal once more each time
    "busy_timeout=60000",
)
PAGE_BYTES = 65_536  # a row touches 5 pages of this size, 65 of the usual one


class Store:
    """The engine, and one writer at a time on this machine."""

    def __init__(self, url: str, writers: Lanes) -> None:
        self.engine = _engine(url)
        self._writers = writers
        if self.revision() != NEWEST:
            self._upgrade()

    def revision(self) -> str | None:
        """Return the revision of the tables, None when there is none yet or it cannot be read."""
        with contextlib.suppress(DBAPIError), self.engine.connect() as connection:
            found: str | None = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
            return found
        return None

    @contextlib.contextmanager
    def writing(self, around: contextlib.AbstractContextManager[object] | None = None) -> Iterator[Connection]:
        """Give a connection inside one transaction, committed and synced at the end; others wait in line.

        `around` is entered in line before the transaction and left behind it, with its error when it failed.
        Raises Broken when the database fails; nothing is changed then.
        """
        with self._writers.enter(), _as_broken(), around or contextlib.nullcontext(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for reading; raises Broken when the database fails."""
        with _as_broken(), self.engine.connect() as connection:
            yield connection

    @staticmethod
    def count(connection: Connection) -> None:
        """Have this transaction count in the file's header, which counts them for good, though it changes nothing."""
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA user_version = 0"))

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Hold back every writer on this machine, with nothing of theirs half done, for whoever reads the file itself.

        This process has no connection meanwhile: closing a file drops the locks that it holds on it (fcntl).
        Raises Broken.
        """
        with self._writers.enter():
            with self.reading() as connection:  # rolls back what a crash left
                connection.execute(text("SELECT count(*) FROM sqlite_master"))
            self.engine.dispose()
            yield

    def _upgrade(self) -> None:
        from dropbox.migrations.way import upgrade  # half a second, which a database of today does not cost

        with self.writing() as connection:  # two processes that start at once come here in turn
            upgrade(connection)

    def after_fork(self) -> None:
        """Forget the parent's connections without closing them."""
        self.engine.dispose(close=False)


@contextlib.contextmanager
def _as_broken() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # Its message may hold parameters of the statement: only its class goes on.
        raise Broken(f"database: {type(error).__name__}") from None


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=120, pool_timeout=30)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite alone
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA page_size={PAGE_BYTES}")
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.execute(text("BEGIN"))
