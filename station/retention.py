"""How long a closed case is kept, who may hold it longer, and that it goes.

Nothing open ever goes. What stays of a case that went is a line without a person: its status and days, and what the
list is filtered by; statistics need no more.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.letter import MAILBOX_BYTES
from station import audit, past_boxes, search
from station.attachments import forget_files_of
from station.audit import Deed
from station.casework import all_facts
from station.errors import Refused
from station.home import SERVER, Home
from station.referral_tables import past_referrals, referrals, referred_cases
from station.statements import must_be_free, must_be_two
from station.tables import (
    bundles,
    canary_cases,
    cases,
    closed_boxes,
    facets,
    held_letters,
    holds,
    metadata,
    proposals,
    purged,
    steps,
)
from station.transitions import CLOSED

WARN_DAYS = 30
_KEPT = {cases, steps, facets, purged, canary_cases, closed_boxes}


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a case is kept beyond its time, and which two people said so."""

    day: int
    by: str
    approved: str
    why: str


def hold_of(transaction: sa.Connection, case_id: int) -> Hold | None:
    """Return what keeps a case, None when nothing does."""
    row = transaction.execute(sa.select(holds).where(holds.c.case_id == case_id)).one_or_none()
    return None if row is None else Hold(row.day, row.by, row.approved, row.why)


def hold(transaction: sa.Connection, home: Home, case_id: int, pair: tuple[str, str], why: str, *, day: int) -> None:
    """Keep a case until the hold is lifted; raises Refused without two people or a reason, or when it is held."""
    must_be_two(home, pair)
    must_be_free(transaction, case_id, *pair)
    if not why.strip():
        raise Refused("tulis dulu alasan perkara ini harus disimpan lebih lama")
    if hold_of(transaction, case_id) is not None:
        raise Refused("perkara ini sudah ditahan")
    by, other = pair
    transaction.execute(sa.insert(holds).values(case_id=case_id, day=day, by=by, approved=other, why=why.strip()))
    audit.note(transaction, "+".join(pair), Deed.HELD, day=day, case=case_id)


def lift(transaction: sa.Connection, home: Home, case_id: int, pair: tuple[str, str], *, day: int) -> None:
    """Lift a hold; the case goes when its time has come. Raises Refused without two people, or without a hold."""
    must_be_two(home, pair)
    must_be_free(transaction, case_id, *pair)
    if hold_of(transaction, case_id) is None:
        raise Refused("perkara ini tidak ditahan")
    transaction.execute(sa.delete(holds).where(holds.c.case_id == case_id))
    audit.note(transaction, "+".join(pair), Deed.LIFTED, day=day, case=case_id)


def ends(transaction: sa.Connection, home: Home, case_id: int | None = None) -> dict[int, int]:
    """Return the day from which each closed case may go, or one, by case; a case that is held or waits has none."""
    stays = sa.union(*(sa.select(table.c.case_id) for table in (holds, proposals, purged)))
    only: list[sa.ColumnElement[bool]] = [cases.c.status.in_(CLOSED), cases.c.id.not_in(stays)]
    if case_id is not None:
        only.append(cases.c.id == case_id)
    days = home.settings.retention_days
    return {
        case: max(facts.since, facts.told, facts.wrote) + days for case, facts in all_facts(transaction, *only).items()
    }


def soon(transaction: sa.Connection, home: Home, day: int) -> frozenset[int]:
    """Return the cases that go within the next 30 days."""
    return frozenset(case for case, end in ends(transaction, home).items() if end <= day + WARN_DAYS)


def purge(transaction: sa.Connection, home: Home, *, day: int) -> tuple[int, ...]:
    """Remove the closed cases whose time has come; return their ids.

    A clock that runs fast removes nothing: the newest bundle's day, signed by the drop box, must agree.
    """
    newest = transaction.scalar(sa.select(sa.func.max(bundles.c.day)).where(bundles.c.sender == SERVER))
    if newest is None:
        return ()
    due = tuple(sorted(case for case, end in ends(transaction, home).items() if end <= min(day, newest)))
    search.take_in(transaction)
    for case_id in due:
        _remove(transaction, case_id, day)
        audit.note(transaction, "-", Deed.PURGED, day=day, case=case_id)
    if due:
        search.forget(transaction, due)
    return due


def _remove(transaction: sa.Connection, case_id: int, day: int) -> None:
    box = sa.select(cases.c.mailbox).where(cases.c.id == case_id).scalar_subquery()
    past_boxes.keep(transaction, case_id, day)
    forget_files_of(transaction, case_id)
    transaction.execute(sa.delete(held_letters).where(held_letters.c.mailbox == box))
    if transaction.scalar(sa.select(referred_cases.c.case_id).where(referred_cases.c.case_id == case_id)) is not None:
        transaction.execute(sa.update(cases).where(cases.c.id == case_id).values(readers=[]))  # counted by its origin
    gone = sa.select(referrals.c.reference, referrals.c.recipient).where(referrals.c.case_id == case_id)
    transaction.execute(sa.insert(past_referrals).from_select(["reference", "recipient"], gone))
    for table in reversed(metadata.sorted_tables):  # whatever belongs to a case goes unless it is named above
        if "case_id" in table.c and table.c.case_id.foreign_keys and table not in _KEPT:
            transaction.execute(sa.delete(table).where(table.c.case_id == case_id))
    transaction.execute(sa.update(steps).where(steps.c.case_id == case_id).values(note=""))
    nobody = {"mailbox": os.urandom(MAILBOX_BYTES), "mailbox_name": "", "language": ""}
    keys = dict.fromkeys(("reply_key", "thread_key", "claim"), b"")
    transaction.execute(sa.update(cases).where(cases.c.id == case_id).values(**nobody, **keys))
    transaction.execute(sa.insert(purged).values(case_id=case_id, day=day))
