"""The mailbox table: exactly what the last outboxes said, and what a code opens there (formats §5)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, or_, select

from crypto.encoding import label
from crypto.errors import BadSignature, CryptoError
from crypto.letter import MAILBOX_BYTES
from crypto.mailbox import News, open_news, place, seal_news
from crypto.receipt import Receipt
from dropbox.directory import Directory
from dropbox.store import Store, chains, mailboxes
from keys.roster import Roster, Station

OPENED = 2  # rows, at each visit: a report has one or two readers that could write to its mailbox
_DICE = random.SystemRandom()


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

        Hit and miss do the same: one read of the database, one seal, and OPENED times one open and one verification.
        Where two stations have a row for it, the one whose group leads is heard.
        """
        found = self._find(receipt, directory)
        empty = News(seq=0, as_of=today, status="received", readers=())
        fresh = seal_news(empty, receipt.reply.public, receipt.mailbox, directory.server_key)
        said: list[tuple[Station, News]] = []
        for signer, row in [*found, *[(None, fresh)] * (OPENED - len(found))]:
            try:
                key = signer.key if signer else directory.server_key.public
                news = open_news(row, receipt.reply, receipt.mailbox, [key])
                if signer is not None and any(m.group != signer.group for m in news.messages):
                    raise BadSignature("mailbox row: a station speaks in another group's name")
            except CryptoError:
                continue
            if signer is not None:
                said.append((signer, news))
        if not said:
            return Opened(empty, hit=False, forged=bool(found))
        if len(said) > 1:  # only a quarrel costs more than a miss
            groups = {signer.group for signer, _news in said}
            said.sort(key=lambda one: _claim(directory.roster, groups, *one), reverse=True)
        return Opened(said[0][1], hit=True)

    def _find(self, receipt: Receipt, directory: Directory) -> list[tuple[Station, bytes]]:
        """Return the rows that stand where the newest outbox of each station would have put this mailbox."""
        with self._store.reading() as connection:
            taken = dict(
                connection.execute(select(chains.c.peer, chains.c.seq).where(chains.c.direction == "in")).all()
            )
            stations = {
                kept_id(s.id, place(receipt.mailbox, s.id, taken.get(s.id, 0))): s for s in directory.roster.stations
            }
            found = connection.execute(select(mailboxes).where(mailboxes.c.id.in_(stations))).all()
        rows = [(stations[row.id], row.row) for row in found]
        _DICE.shuffle(rows)
        if len(rows) > OPENED:  # whoever has several stations, or knows the mailbox alone, must not crowd out who leads
            groups = {signer.group for signer, _row in rows}
            rows.sort(key=lambda one: (_follows(directory.roster, groups, one[0]), not one[0].lead))
        return rows[:OPENED]


def _claim(roster: Roster, groups: Collection[str], signer: Station, news: News) -> tuple[bool, bool, bool, int]:
    """Return how good a station's claim to a mailbox is.

    By the routes of the roster, by its own word, by its being the one that answers for its group, by its day.
    """
    leads = news.readers[:1] == (signer.group,)
    return not _follows(roster, groups, signer), leads, signer.lead, news.as_of


def _follows(roster: Roster, groups: Collection[str], signer: Station) -> bool:
    """Tell whether a route of the roster names another of these groups before that of a station."""
    routes = [route for levels in roster.routing.values() for route in levels.values()]
    among = [[g for g in choice if g in groups] for route in routes for choice in (route.readers, route.instead)]
    return any(signer.group in each[1:] for each in among)


def replace_rows(
    connection: Connection, station: str, new: Sequence[tuple[bytes, bytes]], stations: Collection[str] | None = None
) -> None:
    """Make a station's rows exactly these (place, row).

    `stations` are those of the roster: the rows of one that has left go.
    """
    gone = mailboxes.c.station == station
    if stations is not None:
        gone = or_(gone, mailboxes.c.station.not_in(stations))
    connection.execute(delete(mailboxes).where(gone))
    kept = sorted((kept_id(station, box), row) for box, row in new)
    if kept:
        connection.execute(insert(mailboxes), [{"id": box, "station": station, "row": row} for box, row in kept])


def kept_id(station: str, box: bytes) -> bytes:
    """Return the id, 16 bytes, of the row that a station sent for a place: no station can take that of another."""
    told = label("senyap/v1/mailbox-kept") + station.encode("ascii") + b"\0" + box
    return hashlib.sha256(told).digest()[:MAILBOX_BYTES]
