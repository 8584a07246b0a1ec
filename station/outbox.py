"""The outbox: the station's whole state for the drop box, as full of cover as of news (formats §7).

Each one carries every mailbox freshly sealed, always M of them, and each under an id of this outbox alone: what two
outboxes have in common would tell which mailboxes are real.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crypto import bundle, mailbox, medium, xwing
from crypto.bundle import FIRST_PREVIOUS, OUTBOX, Manifest, RecordHash, Taken
from crypto.encoding import epoch_of, label, today
from crypto.errors import CryptoError
from crypto.letter import MAILBOX_BYTES
from crypto.mailbox import Arrival, Message, News
from crypto.row import Decoys
from crypto.xwing import SealingKey
from keys.rosterfile import check_current
from station import audit, delivery, referral_rows, retention, tables, vault
from station.bundles import is_shelved
from station.cases import case_name
from station.casework import facts_of
from station.deadlines import deadline
from station.desk import Desk
from station.home import SERVER, Home
from station.publication import statistics_file
from station.referral_tables import referred_cases
from station.tables import (
    REPORTER,
    FileState,
    attachments,
    cases,
    closed_boxes,
    letters,
    messages,
    outboxes,
    purged,
    steps,
)
from station.transitions import CLOSED
from station.working_days import load_holidays

MAX_ACKS = 256
BACKED_UP = "backed-up"  # in the vault: the newest bundle that a backup holds
COPIED_AT = "copied-at"  # in the vault of a copy: the number of the last outbox when it was made
UNSEALED = "unsealed"  # in the vault: the cases whose news the last outbox could not hold
LEAST_LEAP, SPREAD = 1_000, 9_000  # more than a station makes between two copies
DAYS_TO_NEXT = 7
_BRIEF = cases.c.status, cases.c.readers  # of a case, without the kilobytes of its keys
_SHUFFLER = random.SystemRandom()


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
        retention.purge(transaction, desk.home, day=day)
        last = _last(transaction, desk)
        passed = referral_rows.draw_rows(transaction, desk, last.seq + 1, day, decoys, sizes.forwarded)
        forwarded = _join(passed, cover)
        rows = _mailboxes(transaction, desk, last.seq + 1, day, decoys)
        files = [record for data in _files(transaction, desk, day) for record in bundle.build_file_records(data)]
        records = [*forwarded, *rows, *files]
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
            sections=(("row", len(forwarded)), ("mailbox", len(rows)), ("file", len(files))),
            records=_hash(records),
            acks=_acks(transaction, desk),
        )
        transaction.execute(sa.insert(outboxes).values(seq=manifest.seq, hash=manifest.hash, day=day))
        audit.note(transaction, desk.present, audit.Deed.SENT, day=day, detail=str(manifest.seq))
    path = folder / bundle.outbox_name(desk.home.id, manifest.seq)
    medium.write_file(path, [bundle.build_head(manifest, desk.signing), *records])
    with medium.open_written(path) as written:
        bundle.verify_transport(written, OUTBOX, desk.home.station.key)
    return path


def _join(passed: list[bytes], cover: list[bytes]) -> list[bytes]:
    """Put rows in the place of cover and shuffle: neither their number nor their place says that there are any."""
    rows = [*passed, *cover[len(passed) :]]
    _SHUFFLER.shuffle(rows)
    return rows


def _last(transaction: sa.Connection, desk: Desk) -> Taken:
    """Return the newest outbox: of this vault, or, after a restored backup, one that the drop box names."""
    b = tables.bundles
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
    last = next(taken for taken in reversed(found) if taken.seq == newest)
    copied_at = vault.read_meta(transaction, COPIED_AT)
    if copied_at is not None and last_own(transaction) <= int(copied_at):
        # Outboxes that this vault does not know may lie on sticks and in copies of the drop box. Two with one number
        # would have the places of live mailboxes in common.
        last = Taken(last.seq + LEAST_LEAP + secrets.randbelow(SPREAD), last.hash)
    return last


def last_own(transaction: sa.Connection) -> int:
    """Return the number of the last outbox of this vault, 0 before the first."""
    return transaction.scalar(sa.select(sa.func.max(outboxes.c.seq))) or 0


def newest_bundle(transaction: sa.Connection, home: Home) -> int:
    """Return the number of the newest bundle addressed to this station, 0 before the first."""
    b = tables.bundles
    query = sa.select(sa.func.max(b.c.seq)).where(b.c.sender == SERVER, b.c.to == home.id)
    return transaction.scalar(query) or 0


def count_uncopied(desk: Desk) -> int:
    """Return how many bundles are not acknowledged because no backup holds them yet."""
    if not desk.home.acks_need_backup:
        return 0
    b = tables.bundles
    with desk.vault.begin() as transaction:
        copied = int(vault.read_meta(transaction, BACKED_UP) or 0)
        query = sa.select(sa.func.count()).where(b.c.sender == SERVER, b.c.to == desk.home.id, b.c.seq > copied)
        return transaction.scalar(query) or 0


def _acks(transaction: sa.Connection, desk: Desk) -> tuple[Taken, ...]:
    """Acknowledge the newest bundles addressed to this station whose files lie whole on its disk, and in a backup."""
    b = tables.bundles
    query = sa.select(b.c.seq, b.c.hash).where(b.c.sender == SERVER, b.c.to == desk.home.id)
    if desk.home.acks_need_backup:
        query = query.where(b.c.seq <= int(vault.read_meta(transaction, BACKED_UP) or 0))
    taken = transaction.execute(query.order_by(b.c.seq.desc()).limit(MAX_ACKS)).all()
    return tuple(Taken(seq, hash_) for seq, hash_ in reversed(taken) if is_shelved(desk.home, desk.home.id, seq, hash_))


def _files(transaction: sa.Connection, desk: Desk, day: int) -> Iterator[bytes]:
    """Yield the rosters that the drop box lacks, this unit's weekly keys, and what the station tells everybody."""
    ledger = desk.home.ledger
    known = transaction.scalar(sa.select(sa.func.max(tables.bundles.c.roster_version))) or 0
    at_hand = min(roster.version for roster in ledger.history())
    yield from ledger.files_after(max(known, at_hand - 1))
    for batch in ledger.batches:
        if batch.reviewer in desk.home.members and batch.last_epoch >= epoch_of(day):
            yield batch.raw
    yield statistics_file(transaction, desk, day=day)  # in every outbox, also while there is nothing to tell


def _mailboxes(transaction: sa.Connection, desk: Desk, seq: int, day: int, decoys: Decoys) -> list[bytes]:
    """Return the mailbox records, sorted by id: those of the first cases, and cover up to the roster's number.

    An outbox always leaves: without its acknowledgements the drop box fills up.
    """
    records, unsealed, served = [], [], []
    for case in _live(transaction, desk)[: desk.home.roster.sizes.mailboxes]:
        try:
            records.append(mailbox.place(case.mailbox, desk.home.id, seq) + _seal(transaction, desk, case, seq, day))
        except (CryptoError, ValueError):  # what one stranger sent must not silence all the others
            unsealed.append(case.id)
        else:
            served.append(case.id)
    delivery.note(transaction, seq, served)
    vault.write_meta(transaction, UNSEALED, ",".join(map(str, unsealed)))
    while len(records) < desk.home.roster.sizes.mailboxes:
        # nobody can open it, so nobody can see that it is empty
        box, empty = os.urandom(MAILBOX_BYTES), bytes(mailbox.ROW_BYTES - xwing.OVERHEAD_BYTES)
        records.append(box + decoys.draw().seal(label("senyap/v1/mailbox") + box, empty))
    return sorted(records)


def warnings(transaction: sa.Connection, desk: Desk) -> tuple[str, ...]:
    """Return in words which reporters hear nothing: no place for their mailbox, or news that cannot be sealed."""
    told = []
    without = _live(transaction, desk, *_BRIEF)[desk.home.roster.sizes.mailboxes :]
    if without:
        still_open = sum(case.status not in CLOSED for case in without)
        told.append(
            f"{len(without)} perkara tanpa tempat di outbox, {still_open} di antaranya belum ditutup: pelapornya tidak "
            "dapat membaca kabar. Tutup yang sudah selesai, atau minta roster dengan lebih banyak kotak"
        )
    unsealed = [case_name(int(case)) for case in (vault.read_meta(transaction, UNSEALED) or "").split(",") if case]
    if unsealed:
        named = ", ".join(unsealed)
        told.append(
            f"{named}: kabarnya tidak dapat disegel, maka tidak ikut di outbox terakhir. Suratnya bukan buatan formulir"
        )
    return tuple(told)


def count_unserved(desk: Desk) -> int:
    """Return how many cases that this station leads find no room in an outbox."""
    with desk.vault.begin() as transaction:
        return max(0, len(_live(transaction, desk, *_BRIEF)) - desk.home.roster.sizes.mailboxes)


def _live(transaction: sa.Connection, desk: Desk, *columns: sa.ColumnElement[Any]) -> list[sa.Row[Any]]:
    """Return the cases that this station leads and that have a mailbox: open ones, oldest first, then closed ones.

    Of the closed ones the last to be closed come first: else whatever came once would keep its place for a year.
    """
    others = sa.union(*(sa.select(table.c.case_id) for table in (closed_boxes, purged, referred_cases)))
    last_step = sa.select(sa.func.max(steps.c.id)).where(steps.c.case_id == cases.c.id).scalar_subquery()
    is_closed = cases.c.status.in_(CLOSED)
    order = (is_closed, sa.case((is_closed, -last_step), else_=cases.c.id))
    query = sa.select(*(columns or (cases,))).where(cases.c.id.not_in(others)).order_by(*order)
    return [case for case in transaction.execute(query) if desk.home.leads(tuple(case.readers))]


def _seal(transaction: sa.Connection, desk: Desk, case: sa.Row[Any], seq: int, day: int) -> bytes:
    said = transaction.execute(
        sa.select(messages).where(messages.c.case_id == case.id, messages.c.sender != REPORTER).order_by(messages.c.id)
    )
    news = News(
        seq=seq,
        as_of=day,
        status=case.status,
        readers=tuple(case.readers),
        messages=tuple(Message(m.day, m.sender, m.text) for m in said),
        arrivals=_arrivals(transaction, case.id),
        next_update=_next_update(transaction, desk, case.id, day),
    )
    return mailbox.seal_news(news, SealingKey.parse(case.reply_key), case.mailbox, desk.signing)


def _next_update(transaction: sa.Connection, desk: Desk, case_id: int, day: int) -> int:
    """Return by when a reporter hears again: what is decided on a deadline's last day comes with the next round.

    A deadline that has passed is said, never moved. Where nothing is owed, the next round brings as much.
    """
    due = deadline(facts_of(transaction, case_id), load_holidays(desk.home.folder))
    return (due.day if due is not None and due.is_ours else day) + DAYS_TO_NEXT


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
