"""The outbox: the station's whole state for the drop box, as full of cover as of news (formats §7).

Each one carries every mailbox freshly sealed, always M of them; B are new and B gone each time, so that a
mailbox that appears says nothing about a report that came.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from crypto import bundle, mailbox, medium, xwing
from crypto.bundle import FIRST_PREVIOUS, OUTBOX, Manifest, RecordHash, Taken
from crypto.encoding import epoch_of, label, today
from crypto.letter import MAILBOX_BYTES
from crypto.mailbox import Arrival, Message, News
from crypto.row import Decoys
from crypto.xwing import SealingKey
from keys.rosterfile import check_current
from station import vault
from station.desk import Desk
from station.home import SERVER
from station.vault import REPORTER, FileState, attachments, cases, closed_boxes, letters, mailboxes, messages, outboxes

MAX_ACKS = 256
DAYS_TO_NEXT = 7
_DICE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Turn:
    """The mailboxes of one outbox: mailbox id → case, or None for cover."""

    present: dict[bytes, int | None]
    born: tuple[bytes, ...]
    gone: tuple[bytes, ...]


def make_outbox(desk: Desk, folder: Path, *, day: int | None = None) -> Path:
    """Write the next outbox into a folder and read it back.

    Its number and hash are in the vault before the file is written: a number is never used twice.
    Raises Refused at a station that was taken out of the roster, a RosterError when keys or the roster have
    ended, OSError, Tampered when what was read back is not what was written.
    """
    day = today() if day is None else day
    desk.home.must_serve()
    check_current(desk.home.roster, day)
    sizes = desk.home.roster.sizes
    decoys, table = Decoys(), desk.home.key_table()
    cover = [table.draw_cover(epoch_of(day), decoys) for _ in range(sizes.forwarded)]
    with desk.vault.begin() as transaction:
        last = _last(transaction, desk)
        turn = _next_turn(transaction, desk)
        rows = []
        for box, case_id in sorted(turn.present.items()):
            rows.append(box + _seal(transaction, desk, box, case_id, last.seq + 1, day, decoys))
        files = [record for data in _files(transaction, desk, day) for record in bundle.build_file_records(data)]
        records = [*cover, *rows, *files]
        medium.check_room(folder, sum(map(len, records)) + 2 * bundle.MAX_MANIFEST_BYTES)
        manifest = Manifest(
            type=OUTBOX,
            deployment=desk.home.roster.deployment,
            sender=desk.home.id,
            to=SERVER,
            seq=last.seq + 1,
            previous=last.hash,
            roster_version=desk.home.roster.version,
            day=day,
            sections=(("row", len(cover)), ("mailbox", len(rows)), ("file", len(files))),
            records=_hash(records),
            acks=_acks(transaction, desk),
        )
        _remember(transaction, manifest, turn)
    path = folder / bundle.outbox_name(desk.home.id, manifest.seq)
    medium.write_file(path, [bundle.build_head(manifest, desk.signing), *records])
    with medium.open_written(path) as written:
        bundle.verify_transport(written, OUTBOX, desk.home.station.key)
    return path


def _last(transaction: sa.Connection, desk: Desk) -> Taken:
    """Return the newest outbox: of this vault, or, after a restored backup, one that the drop box names."""
    b = vault.bundles
    found = [Taken(0, FIRST_PREVIOUS)]
    for query in (
        sa.select(outboxes.c.seq, outboxes.c.hash).order_by(outboxes.c.seq.desc()).limit(1),
        sa.select(b.c.applied_seq, b.c.applied_hash)
        .where(b.c.to == desk.home.id)
        .order_by(b.c.applied_seq.desc())
        .limit(1),
    ):
        found += [Taken(seq, hash_) for seq, hash_ in transaction.execute(query)]
    newest = max(taken.seq for taken in found)
    return next(taken for taken in reversed(found) if taken.seq == newest)


def _acks(transaction: sa.Connection, desk: Desk) -> tuple[Taken, ...]:
    """Acknowledge the newest bundles addressed to this station whose files still lie on its disk."""
    b = vault.bundles
    query = sa.select(b.c.seq, b.c.hash).where(b.c.sender == SERVER, b.c.to == desk.home.id)
    taken = transaction.execute(query.order_by(b.c.seq.desc()).limit(MAX_ACKS)).all()
    folder = desk.home.bundles / desk.home.id
    return tuple(Taken(seq, hash_) for seq, hash_ in reversed(taken) if (folder / bundle.bundle_name(seq)).is_file())


def _files(transaction: sa.Connection, desk: Desk, day: int) -> Iterator[bytes]:
    """Yield the rosters that the drop box lacks, by the newest bundle, and the weekly keys of this unit's reviewers."""
    ledger = desk.home.ledger
    known = transaction.scalar(sa.select(sa.func.max(vault.bundles.c.roster_version))) or 0
    at_hand = min(roster.version for roster in ledger.history())
    yield from ledger.files_after(max(known, at_hand - 1))
    for batch in ledger.batches:
        if batch.reviewer in desk.home.members and batch.last_epoch >= epoch_of(day):
            yield batch.raw


def _next_turn(transaction: sa.Connection, desk: Desk) -> _Turn:
    """Draw which mailboxes come and go. Live ones come first, and go only when their reporter wishes.

    An outbox always leaves: without its acknowledgements the drop box fills up. Cases that find no mailbox
    wait, oldest first (`count_unserved`), until a roster has room for more.
    """
    sizes = desk.home.roster.sizes
    present: dict[bytes, int | None] = {
        row.id: row.case_id for row in transaction.execute(sa.select(mailboxes.c.id, mailboxes.c.case_id))
    }
    waiting = _unserved(transaction, desk)
    closed = set(transaction.scalars(sa.select(closed_boxes.c.case_id)))
    unwanted = [box for box, case_id in present.items() if case_id in closed]
    covers = [box for box, case_id in present.items() if case_id is None]
    wanted = sizes.births + max(0, len(present) - sizes.mailboxes) if present else 0
    deaths = min(wanted, len(unwanted) + len(covers))
    births = max(0, sizes.mailboxes - len(present) + deaths)
    gone = unwanted[:deaths]
    gone += _DICE.sample(covers, deaths - len(gone))
    for box in gone:
        del present[box]
    born: dict[bytes, int | None] = dict(waiting[:births])
    while len(born) < births:
        born[os.urandom(MAILBOX_BYTES)] = None
    carried = sorted((present | born).items(), key=lambda item: (item[1] is None, item[1]))
    # a roster with fewer mailboxes than live cases carries the oldest; the drop box takes exactly its number
    return _Turn(dict(carried[: sizes.mailboxes]), tuple(born), tuple(gone))


def count_unserved(desk: Desk) -> int:
    """Return how many cases that this station leads have no mailbox row yet."""
    with desk.vault.begin() as transaction:
        return len(_unserved(transaction, desk))


def _unserved(transaction: sa.Connection, desk: Desk) -> list[tuple[bytes, int]]:
    served = sa.select(mailboxes.c.case_id).where(mailboxes.c.case_id.is_not(None))
    closed = sa.select(closed_boxes.c.case_id)
    query = sa.select(cases).where(cases.c.id.not_in(served), cases.c.id.not_in(closed)).order_by(cases.c.id)
    return [(c.mailbox, c.id) for c in transaction.execute(query) if desk.home.leads(tuple(c.readers))]


def _seal(
    transaction: sa.Connection, desk: Desk, box: bytes, case_id: int | None, seq: int, day: int, decoys: Decoys
) -> bytes:
    if case_id is None:
        # nobody can open it, so nobody can see that it is empty
        return decoys.draw().seal(label("senyap/v1/mailbox") + box, bytes(mailbox.ROW_BYTES - xwing.OVERHEAD_BYTES))
    case = transaction.execute(sa.select(cases).where(cases.c.id == case_id)).one()
    said = transaction.execute(
        sa.select(messages).where(messages.c.case_id == case_id, messages.c.sender != REPORTER).order_by(messages.c.id)
    )
    news = News(
        seq=seq,
        as_of=day,
        status=case.status,
        readers=tuple(case.readers),
        messages=tuple(Message(m.day, m.sender, m.text) for m in said),
        arrivals=_arrivals(transaction, case_id),
        next_update=day + DAYS_TO_NEXT,
    )
    return mailbox.seal_news(news, SealingKey.parse(case.reply_key), box, desk.signing)


def _arrivals(transaction: sa.Connection, case_id: int) -> tuple[Arrival, ...]:
    files = sa.func.count(attachments.c.id)
    whole = sa.func.coalesce(sa.func.sum(sa.case((attachments.c.state == FileState.WHOLE, 1), else_=0)), 0)
    query = (
        sa.select(letters.c.object_id, letters.c.content, letters.c.arrived, whole, files)
        .select_from(letters.outerjoin(attachments))
        .where(letters.c.case_id == case_id)
        .group_by(letters.c.id)
        .order_by(letters.c.id)
    )
    return tuple(Arrival(*row) for row in transaction.execute(query))


def _hash(records: list[bytes]) -> bytes:
    total = RecordHash()
    for record in records:
        total.add_digest(hashlib.sha512(record).digest())
    return total.digest()


def _remember(transaction: sa.Connection, manifest: Manifest, turn: _Turn) -> None:
    transaction.execute(sa.insert(outboxes).values(seq=manifest.seq, hash=manifest.hash, day=manifest.day))
    if turn.gone:
        transaction.execute(sa.delete(mailboxes).where(mailboxes.c.id.in_(turn.gone)))
    born = [{"id": box, "case_id": turn.present[box], "born": manifest.seq} for box in turn.born]
    if born:
        transaction.execute(sa.insert(mailboxes), born)
