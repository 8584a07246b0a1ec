"""The database of a drop box: its tables and how a connection must be set (formats §7).

There is no date, order, size, sender or recipient of a report in any column.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from dropbox.dialects import Place, Turn, dialect_of
from dropbox.errors import BadSettings, Broken, Busy
from dropbox.lanes import Lanes
from dropbox.migrations import NEWEST

metadata = MetaData()
_ALEMBIC = MetaData()  # its own table, which it makes itself

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
# What each station tells everybody: its newest signed file (crypto.statistics), and whether it names lost weeks.
statistics = Table(
    "statistics",
    metadata,
    Column("station", String(24), primary_key=True),
    Column("file", LargeBinary, nullable=False),
    Column("lost", Integer, nullable=False, server_default="0"),
)
revisions = Table("alembic_version", _ALEMBIC, Column("version_num", String(32), primary_key=True))


class Store:
    """The engine, and one writer at a time on this machine; what holds among machines is the dialect's."""

    def __init__(self, url: str, writers: Lanes) -> None:
        self.dialect = dialect_of(url)
        try:
            self.engine = self.dialect.engine(url)
        except (ArgumentError, ValueError):  # its message may hold a password
            raise BadSettings("settings.toml: database is no SQLAlchemy URL") from None
        self._writers = writers
        with self.reading() as connection:
            self.dialect.check(connection)
        if self.revision() != NEWEST:
            self._upgrade()

    def revision(self) -> str | None:
        """Return the revision of the tables, None when there is none yet or it cannot be read."""
        with contextlib.suppress(DBAPIError), self.engine.connect() as connection:
            found: str | None = connection.scalar(select(revisions.c.version_num))
            return found
        return None

    @contextlib.contextmanager
    def writing(
        self, turn: Turn = Turn.ALONE, *, around: contextlib.AbstractContextManager[object] | None = None
    ) -> Iterator[Connection]:
        """Give a connection inside one transaction, committed and synced at the end; others wait in line.

        `turn`: which writers of other front ends need not wait. `around` is entered in line before the transaction and
        left behind it, with its error when it failed. Raises Broken when the database fails; nothing is changed then.
        """
        with self._writers.enter(), _as_broken(), around or contextlib.nullcontext(), self.engine.begin() as connection:
            self.dialect.wait(connection, turn)
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that reads the database of one moment; raises Broken when it fails."""
        with _as_broken(), self.engine.connect() as connection:
            yield connection.execution_options(**self.dialect.reading)

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

    @contextlib.contextmanager
    def hold(self, place: Place, wait: bool) -> Iterator[None]:
        """Hold a place among all front ends; raises Busy when it is taken and not waited for, or Broken."""
        with _as_broken(), self.dialect.hold(self.engine, place, wait=wait) as held:
            if not held:
                raise Busy("another front end holds this place")
            yield

    def _upgrade(self) -> None:
        from dropbox.migrations.way import upgrade  # half a second, which a database of today does not cost

        with self.writing() as connection:  # two processes that start at once come here in turn
            upgrade(connection)

    def go_back(self, revision: str) -> None:
        """Bring the tables back to an older revision, for a program that knows no newer; raises Unusable or Broken."""
        from dropbox.migrations.way import go_back

        with self.writing() as connection:
            go_back(connection, revision)

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
