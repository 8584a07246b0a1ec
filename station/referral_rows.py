"""Referrals on their way out: as rows of the outbox that nobody can tell from cover.

Each time a row is sealed and signed anew: the same bytes in two outboxes would be no cover. A row goes again until a
bundle says that the outbox which took it last was taken; its recipient knows a repeat by what it says.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from crypto.attachment import PART_BYTES, seal_part
from crypto.encoding import epoch_of
from crypto.forwarded import MAX_MESSAGES, Message, ReferralStatus, build_body, sign_body
from crypto.row import OBJECT_ID_BYTES, Decoys, Kind, Record, seal_row
from keys.errors import Expired
from station.desk import Desk
from station.referral_tables import parcel_files, parcel_rows, parcels, referrals, referred_cases
from station.referrals import BODY, LET_GO, body_of, confirmed, overtaken
from station.tables import FileState, attachments, cases, letters, messages, steps


@dataclass(frozen=True, slots=True)
class _Due:
    """One row that should leave: for whom, what, and how the vault remembers that it did."""

    recipient: str
    record: Record
    note: sa.Update


def draw_rows(transaction: sa.Connection, desk: Desk, seq: int, day: int, decoys: Decoys, most: int) -> list[bytes]:
    """Return at most `most` sealed rows for outbox `seq`, and note that it takes them.

    What a unit without keys of this week is to get waits: an outbox always leaves.
    """
    table, rows = desk.home.key_table(), list[bytes]()
    taken = confirmed(transaction, desk.home.id)
    closed: set[str] = set()
    for due in _all_due(transaction, desk, seq, day, taken):
        if len(rows) == most:
            break
        if due.recipient in closed:
            continue
        try:
            readers = table.readers([due.recipient], epoch_of(day))
        except (Expired, KeyError):
            closed.add(due.recipient)
            continue
        rows.append(seal_row(readers, epoch_of(day), due.record, decoys))
        transaction.execute(due.note)
    return rows


def _all_due(transaction: sa.Connection, desk: Desk, seq: int, day: int, taken: frozenset[int]) -> Iterator[_Due]:
    """Yield words on cases of others and parcels by turns: who sends many cases here holds up nothing of this unit."""
    for pair in zip_longest(_statuses(transaction, desk, seq, day, taken), _parcels_due(transaction, desk, seq, taken)):
        yield from (due for due in pair if due is not None)


def _parcels_due(transaction: sa.Connection, desk: Desk, seq: int, taken: frozenset[int]) -> Iterator[_Due]:
    p, r, q = parcel_rows.c, referrals.c, parcels.c
    query = (
        sa.select(parcel_rows, q.body, r.recipient)
        .join(parcels, q.id == p.parcel_id)
        .join(referrals, r.id == q.referral_id)
        .where(q.approved == LET_GO, p.sent.not_in(taken), p.parcel_id.not_in(overtaken(transaction, taken)))
        .order_by(p.sent, p.parcel_id, p.file, p.part)
    )
    for row in transaction.execute(query).all():
        here = sa.and_(p.parcel_id == row.parcel_id, p.file == row.file, p.part == row.part)
        yield _Due(row.recipient, _record(transaction, desk, row), sa.update(parcel_rows).where(here).values(sent=seq))


def _record(transaction: sa.Connection, desk: Desk, row: sa.Row[Any]) -> Record:
    forwarded = body_of(row.body)
    if row.file == BODY:
        return Record(Kind.FORWARDED, forwarded.object_id, 0, 1, sign_body(row.body, desk.signing))
    file, at = forwarded.attachments[row.file], row.part * PART_BYTES
    piece = transaction.scalar(
        sa.select(sa.func.substr(parcel_files.c.data, at + 1, PART_BYTES)).where(
            parcel_files.c.parcel_id == row.parcel_id, parcel_files.c.number == row.file
        )
    )
    sealed = seal_part(file.key, file.object_id, row.part, bytes(piece or b""))
    return Record(Kind.ATTACHMENT, file.object_id, row.part, 0, sealed)


def _statuses(transaction: sa.Connection, desk: Desk, seq: int, day: int, taken: frozenset[int]) -> Iterator[_Due]:
    """Yield where each case stands that another unit passed on, unless that unit has heard it."""
    if not desk.home.station.lead:
        return
    query = sa.select(referred_cases, cases.c.status).join(cases).order_by(referred_cases.c.sent, cases.c.id)
    for case in transaction.execute(query).all():
        status = _status(transaction, desk, case)
        told = hashlib.sha256(build_body(status)).digest()
        if case.told == told and case.sent in taken:
            continue
        named = replace(status, object_id=os.urandom(OBJECT_ID_BYTES), number=seq, day=day)
        data = sign_body(build_body(named), desk.signing)
        here = sa.update(referred_cases).where(referred_cases.c.case_id == case.case_id)
        yield _Due(case.origin, Record(Kind.FORWARDED, named.object_id, 0, 1, data), here.values(told=told, sent=seq))


def _status(transaction: sa.Connection, desk: Desk, case: sa.Row[Any]) -> ReferralStatus:
    """Return where a case stands, as of no day and under no number yet."""
    whole = sa.func.coalesce(sa.func.sum(sa.case((attachments.c.state == FileState.WHOLE, 1), else_=0)), 0)
    mine = letters.c.case_id == case.case_id
    received = transaction.scalar(sa.select(sa.func.count()).select_from(letters).where(mine)) or 0
    counted = sa.select(whole, sa.func.count(attachments.c.id)).select_from(letters.join(attachments)).where(mine)
    files_whole, files_sent = transaction.execute(counted).one()
    last = transaction.execute(
        sa.select(steps.c.target, steps.c.detail).where(steps.c.case_id == case.case_id).order_by(steps.c.id.desc())
    ).first()
    said = sa.select(messages).where(messages.c.case_id == case.case_id, messages.c.sender == desk.home.group.id)
    newest = transaction.execute(said.order_by(messages.c.id.desc()).limit(MAX_MESSAGES)).all()
    return ReferralStatus(
        object_id=bytes(OBJECT_ID_BYTES),
        deployment=desk.home.roster.deployment,
        origin=desk.home.group.id,
        recipient=case.origin,
        reference=case.reference,
        day=0,
        number=0,
        status=case.status,
        detail=last.detail if last is not None and last.target == case.status else "",
        received=received,
        files_whole=files_whole,
        files_sent=files_sent,
        messages=tuple(Message(m.day, m.text) for m in reversed(newest)),
    )
