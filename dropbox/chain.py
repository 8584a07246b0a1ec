"""The last transport of each chain: bundles to a station ('out') and outboxes from it ('in')."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from crypto.bundle import FIRST_PREVIOUS, Manifest, Taken
from crypto.encoding import today
from dropbox.store import chains


def last_of(connection: Connection, peer: str, direction: str) -> Taken:
    """Return number and hash of the last transport, 0 and zeros before the first."""
    found = connection.execute(
        select(chains.c.seq, chains.c.hash).where(chains.c.peer == peer, chains.c.direction == direction)
    ).one_or_none()
    return Taken(found.seq, found.hash) if found else Taken(0, FIRST_PREVIOUS)


def advance(connection: Connection, peer: str, direction: str, to: Manifest | Taken) -> None:
    """Move a chain on. Its day is the drop box's own: pages show it, and no station's clock may falsify them."""
    connection.execute(delete(chains).where(chains.c.peer == peer, chains.c.direction == direction))
    connection.execute(insert(chains).values(peer=peer, direction=direction, seq=to.seq, hash=to.hash, day=today()))
