"""How long a closed case is kept, who may hold it longer, and that it goes.

Nothing open that this station answers ever goes. Of a case that another station answers there is a copy here, which
nobody here can close: it goes by the same clocks. Nothing goes before the list has said so for 30 days, by the setting
in force (docs/decisions/0046). What stays of a case that went is a line without a person: its status and days, and
what the list is filtered by.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.letter import MAILBOX_BYTES
from station import audit, case_copies, past_boxes, search
from station.attachments import forget_files_of
from station.audit import Deed
from station.casework import all_facts
from station.errors import Refused
from station.home import Home
from station.referral_tables import past_referrals, referrals, referred_cases
from station.retention_tables import warnings
from station.statements import must_be_free, must_be_two
from station.tables import (
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
COPY = "copy"  # in the log: of a case that another station answers
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
    _forget_warning(transaction, case_id)  # once it is let go, the list says so for as long again
    audit.note(transaction, "+".join(pair), Deed.HELD, day=day, case=case_id)


def lift(transaction: sa.Connection, home: Home, case_id: int, pair: tuple[str, str], *, day: int) -> None:
    """Lift a hold; the case goes when its time has come. Raises Refused without two people, or without a hold."""
    must_be_two(home, pair)
    must_be_free(transaction, case_id, *pair)
    if hold_of(transaction, case_id) is None:
        raise Refused("perkara ini tidak ditahan")
    transaction.execute(sa.delete(holds).where(holds.c.case_id == case_id))
    audit.note(transaction, "+".join(pair), Deed.LIFTED, day=day, case=case_id)


@dataclass(frozen=True, slots=True)
class _End:
    """The day from which a case may go. `warned`: since when the list says so of this very day, None where not yet."""

    due: int
    is_copy: bool
    warned: int | None

    @property
    def day(self) -> int:
        """The day from which it goes: no earlier than 30 days after the list said so."""
        return self.due if self.warned is None else max(self.due, self.warned + WARN_DAYS)


def ends(transaction: sa.Connection, home: Home, case_id: int | None = None) -> dict[int, int]:
    """Return the day from which each closed case and each copy may go, or one of them, by case.

    A case that is held or waits has none; each goes only when the list has said so for 30 days.
    """
    return {case: end.day for case, end in _ends(transaction, home, case_id).items()}


def _ends(
    transaction: sa.Connection, home: Home, case_id: int | None = None, *, by: int | None = None
) -> dict[int, _End]:
    """Return when cases may go: all, or one; of copies that nobody was warned of, those that are due `by` a day."""
    days = home.settings.retention_days
    stays = sa.union(*(sa.select(table.c.case_id) for table in (holds, proposals, purged)))
    only: list[sa.ColumnElement[bool]] = [cases.c.id.not_in(stays)]
    if case_id is not None:
        only.append(cases.c.id == case_id)
    said = {row.case_id: row for row in transaction.execute(sa.select(warnings))}
    answered = case_copies.answered_since(transaction, home)
    copy = case_copies.are_copies(answered)
    if by is not None:  # nothing happened to a copy before it came, so the younger ones need not be looked at
        copy = sa.and_(sa.or_(cases.c.day <= by - days, cases.c.id.in_(sa.select(warnings.c.case_id))), copy)
    facts = all_facts(transaction, *only, sa.or_(cases.c.status.in_(CLOSED), copy))
    copies, found = case_copies.find(transaction, answered, *only, copy), {}
    for case, each in facts.items():
        due = max(each.since, each.told, each.wrote, copies.get(case, each.since)) + days
        warned = said[case].day if case in said and said[case].due == due else None
        found[case] = _End(due, case in copies, warned)
    return found


def soon(transaction: sa.Connection, home: Home, day: int) -> frozenset[int]:
    """Return the cases that go within the next 30 days, or that nobody was warned of though their time has come."""
    return _soon(_ends(transaction, home, by=day + WARN_DAYS), day)


def _soon(found: Mapping[int, _End], day: int) -> frozenset[int]:
    return frozenset(case for case, end in found.items() if end.day <= day + WARN_DAYS)


def warn(transaction: sa.Connection, home: Home, day: int) -> frozenset[int]:
    """Return the same for a list that people look at now, and note since when it says so of each case."""
    found = _ends(transaction, home, by=day + WARN_DAYS)
    _forget_void(transaction, found)
    sure = case_copies.sure_day(transaction, day)
    if sure is not None:  # what only a fast clock makes the list say is no warning
        new = [(case, end.due) for case, end in found.items() if end.warned is None and end.due <= sure + WARN_DAYS]
        values = [{"case_id": case, "due": due, "day": sure} for case, due in new]
        if values:
            transaction.execute(sa.insert(warnings), values)
    return _soon(found, day)


def _forget_void(transaction: sa.Connection, found: Mapping[int, _End]) -> None:
    """Forget what was said of another day, such as that of a shorter setting: it was not said all the time since."""
    for case_id in transaction.scalars(sa.select(warnings.c.case_id)).all():
        if case_id not in found or found[case_id].warned is None:
            _forget_warning(transaction, case_id)


def _forget_warning(transaction: sa.Connection, case_id: int) -> None:
    transaction.execute(sa.delete(warnings).where(warnings.c.case_id == case_id))


def purge(transaction: sa.Connection, home: Home, *, day: int) -> tuple[int, ...]:
    """Remove the closed cases and the copies whose time has come, 30 days after the list said so; return their ids.

    A clock that runs fast removes nothing: the newest bundle's day, signed by the drop box, must agree.
    Raises BrokenChain, OSError.
    """
    sure = case_copies.sure_day(transaction, day)
    if sure is None:
        return ()
    case_copies.note_leads(transaction, home, day)
    every = _ends(transaction, home, by=sure)
    _forget_void(transaction, every)
    found = {case: end for case, end in sorted(every.items()) if end.warned is not None and end.day <= sure}
    search.take_in(transaction)
    for case_id, end in found.items():
        _remove(transaction, case_id, day)
        audit.note(transaction, "-", Deed.PURGED, day=day, case=case_id, detail=COPY if end.is_copy else "")
    if found:
        search.forget(transaction, list(found))
    return tuple(found)


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
