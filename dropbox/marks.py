"""Numbers that a drop box keeps for good, in the table of chains under names of three letters."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from dropbox.store import Store, chains
from keys.errors import RolledBack
from keys.roster import Roster

VERSION = "ros"  # the highest version of a roster ever used
DAY = "day"  # the greatest day that stood in anything signed
NAMED = "ver"  # the version of the roster that a station's last outbox named


def read_mark(connection: Connection, name: str, peer: str = "") -> int | None:
    """Return a number, None when there is none yet."""
    query = select(chains.c.seq).where(chains.c.direction == name, chains.c.peer == peer)
    return connection.scalar(query)


def set_mark(connection: Connection, name: str, number: int, peer: str = "") -> None:
    """Keep a number in the place of the one before."""
    clear_mark(connection, name, peer)
    connection.execute(insert(chains).values(peer=peer, direction=name, seq=number, hash=b"", day=0))


def clear_mark(connection: Connection, name: str, peer: str = "") -> None:
    """Forget a number."""
    connection.execute(delete(chains).where(chains.c.direction == name, chains.c.peer == peer))


def raise_day(connection: Connection, day: int) -> None:
    """Keep a day that stood in something signed, when it is the greatest."""
    known = read_mark(connection, DAY)
    if known is None or day > known:
        set_mark(connection, DAY, day)


def remember_roster(store: Store, roster: Roster) -> None:
    """Keep version and day of a roster; raises RolledBack when a later one was in use before, or Broken."""
    with store.reading() as connection:
        if not _is_news(connection, roster):
            return
    with store.writing() as connection:
        if _is_news(connection, roster):
            set_mark(connection, VERSION, roster.version)
            raise_day(connection, roster.issued)


def _is_news(connection: Connection, roster: Roster) -> bool:
    version, day = read_mark(connection, VERSION) or 0, read_mark(connection, DAY)
    if roster.version < version:
        raise RolledBack(f"roster: version {roster.version}, version {version} was in use before")
    return roster.version > version or day is None or roster.issued > day


def greatest_day(store: Store, roster: Roster) -> int:
    """Return the greatest day that this drop box has seen signed; raises Broken."""
    with store.reading() as connection:
        known = read_mark(connection, DAY)
    return roster.issued if known is None else max(known, roster.issued)
