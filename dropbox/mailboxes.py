"""The mailbox table: exactly what the last outboxes said, and what a code opens there (formats §5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert, select

from crypto.errors import BadSignature, CryptoError
from crypto.mailbox import News, open_news, seal_news
from crypto.receipt import Receipt
from dropbox.directory import Directory
from dropbox.store import Store, mailboxes


@dataclass(frozen=True, slots=True)
class Opened:
    """What a code opened. `hit` is False where no row stands; `forged` where one stands that no station signed."""

    news: News = field(repr=False)
    hit: bool
    forged: bool = False


class Mailboxes:
    """Mailbox rows of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, receipt: Receipt, today: int, directory: Directory) -> Opened:
        """Open the row of a receipt, or a fresh one that says there is no news.

        Hit and miss do the same: one database read, one signature, one seal, one open, one verification.
        """
        with self._store.reading() as connection:
            found = connection.execute(
                select(mailboxes.c.station, mailboxes.c.row).where(mailboxes.c.id == receipt.mailbox)
            ).one_or_none()
        empty = News(seq=0, as_of=today, status="received", readers=())
        fresh = seal_news(empty, receipt.reply.public, receipt.mailbox, directory.server_key)
        station, row = found or ("", fresh)
        try:
            signer = directory.roster.station(station) if found else None
            key = signer.key if signer else directory.server_key.public
            news = open_news(row, receipt.reply, receipt.mailbox, [key])
            if signer is not None and any(m.group != signer.group for m in news.messages):
                raise BadSignature("mailbox row: a station speaks in another group's name")
            return Opened(news, hit=found is not None)
        except (CryptoError, KeyError):  # KeyError: the station has left the roster
            return Opened(empty, hit=False, forged=True)


def replace_rows(
    connection: Connection, station: str, new: Sequence[tuple[bytes, bytes]], stations: Collection[str] | None = None
) -> int:
    """Make a station's rows exactly these (id, row), sorted by id; return how many belong to another station.

    Those alone are refused: one quarrel over a mailbox must not stop every other answer and acknowledgement.
    `stations` are those of the roster: what belongs to one that has left is free, so that the station that
    took its place can answer its cases.
    """
    known = connection.execute(select(mailboxes.c.id, mailboxes.c.station))
    owned: dict[bytes, str] = {found.id: found.station for found in known}
    held = {mailbox: owner for mailbox, owner in owned.items() if stations is None or owner in stations}
    theirs = [mailbox for mailbox, _row in new if held.get(mailbox, station) != station]
    new = [(mailbox, row) for mailbox, row in new if mailbox not in theirs]
    kept = {mailbox for mailbox, _row in new}
    # All of them anew: rows that are changed in place stand in the order of their birth, and real ones live longer.
    gone = [mailbox for mailbox, owner in owned.items() if owner == station or mailbox in kept]
    if gone:
        connection.execute(delete(mailboxes).where(mailboxes.c.id == bindparam("gone")), [{"gone": m} for m in gone])
    if new:
        connection.execute(insert(mailboxes), [{"id": m, "station": station, "row": row} for m, row in sorted(new)])
    return len(theirs)
