"""A drop box that was put back from a copy, and the chains of its stations (formats §7).

A copy is older than the machine it was made of: bundles that left after it was made are unknown here, and the next one
would bear a number that a station knows with other content. So each station gets a mark. Under it no bundle is
written before an outbox of the station has said which bundle it took last; the chain goes on from that one.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, exists, insert, literal, select

from crypto.bundle import Manifest, Taken
from dropbox.chain import advance, last_of
from dropbox.errors import Alarm, Refused
from dropbox.marks import clear_mark, read_mark, set_mark
from dropbox.store import bundles, chains, exports

RESTORED = "res"  # of a station: 0 until an outbox came, then the number from which on bundles are ours again


def mark_restored(connection: Connection, stations: Iterable[str]) -> None:
    """Note that this database is a copy, for each station."""
    for station in stations:
        set_mark(connection, RESTORED, 0, station)


def check_may_send(connection: Connection, station: str) -> None:
    """Raise Refused while nobody knows which bundle a station took last."""
    if _mark(connection, station) == 0:
        raise Refused(
            f"bundle: this drop box was restored from a backup; first receive an outbox of {station} that was made "
            "after it had imported every stick"
        )


def stations_waited_for(connection: Connection, stations: Iterable[str]) -> tuple[str, ...]:
    """Return those of these stations for which no bundle may be written yet."""
    return tuple(station for station in stations if _mark(connection, station) == 0)


def follow_station(connection: Connection, outbox: Manifest) -> list[str]:
    """Compare the newest bundle that an outbox acknowledges with those that left here; return warnings.

    One that is unknown here raises Alarm; after a restore the chain goes on from it instead.
    """
    station, mark = outbox.sender, _mark(connection, outbox.sender)
    last = last_of(connection, station, "out")
    newest = max(outbox.acks, key=lambda ack: ack.seq, default=last)
    unknown = newest.seq > last.seq or _sent(connection, station, newest.seq) not in (None, newest.hash)
    if mark is None:
        if unknown:
            raise Alarm(
                f"outbox: {station} took a bundle {newest.seq} that this drop box did not write: it was put back to an "
                "older state, or somebody else has its key"
            )
        return []
    if unknown:
        _go_on_from(connection, outbox, newest)
        set_mark(connection, RESTORED, newest.seq + 1, station)
        return [f"restored from a backup: the chain of {station} goes on from its bundle {newest.seq}"]
    if mark == 0:
        set_mark(connection, RESTORED, last.seq + 1, station)
    elif any(ack.seq >= mark and ack.hash == _sent(connection, station, ack.seq) for ack in outbox.acks):
        clear_mark(connection, RESTORED, station)
    return []


def _mark(connection: Connection, station: str) -> int | None:
    """Return the mark of a station; None when there is none.

    One that came into the roster after the copy was made has none of its own: while others have, it counts as marked
    until its first bundle.
    """
    mark = read_mark(connection, RESTORED, station)
    if mark is None and not last_of(connection, station, "out").seq:
        return connection.scalar(select(literal(0)).where(exists().where(chains.c.direction == RESTORED)))
    return mark


def _go_on_from(connection: Connection, outbox: Manifest, newest: Taken) -> None:
    """Put a bundle of the lost machine in the place of our last one, and forget those of ours that were not taken.

    Rows that went out with these wait as before: an acknowledgement of another bundle must never count for them.
    """
    station, taken = outbox.sender, {ack.seq: ack.hash for ack in outbox.acks}
    known = connection.execute(select(bundles.c.seq, bundles.c.hash).where(bundles.c.peer == station)).all()
    for seq, sent in known:
        if seq >= newest.seq or taken.get(seq, sent) != sent:
            for table in (bundles, exports):
                connection.execute(delete(table).where(table.c.peer == station, table.c.seq == seq))
    connection.execute(insert(bundles).values(peer=station, seq=newest.seq, hash=newest.hash))
    advance(connection, station, "out", newest)


def _sent(connection: Connection, station: str, seq: int) -> bytes | None:
    """Return the hash of a bundle that left here; None of one that was acknowledged and forgotten long ago."""
    return connection.scalar(select(bundles.c.hash).where(bundles.c.peer == station, bundles.c.seq == seq))
