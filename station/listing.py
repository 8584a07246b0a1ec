"""The list of cases as the desk shows it: what is due first, by filters and words."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from station import retention, search
from station.cases import case_name
from station.casework import all_facts
from station.deadlines import Deadline, deadline
from station.home import Home
from station.questions import answer_in_words
from station.referral_tables import referrals, referred_cases
from station.statements import barred_cases
from station.tables import (
    REPORTER,
    attachments,
    canary_cases,
    cases,
    facets,
    letters,
    messages,
    proposals,
    purged,
)
from station.transitions import CLOSED

_COLUMNS = (cases.c.id, cases.c.mailbox_name, cases.c.status, cases.c.day, cases.c.readers)
_NUMBER = re.compile(r"(?:k-?)?0*([0-9]{1,9})")
_REFERENCE = re.compile(r"rjk-?((?:[0-9a-f]{2}){4})")
FILTERS = ("status", "unit", "kategori", "kerugian")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reviewer looks for; empty means all."""

    status: str = ""
    unit: str = ""
    kategori: str = ""
    kerugian: str = ""
    words: str = field(default="", repr=False)
    late: bool = False
    files: bool = False
    ending: bool = False  # goes within 30 days

    @property
    def is_any(self) -> bool:
        """Tell whether something is looked for."""
        return self != Wanted()


@dataclass(frozen=True, slots=True)
class Entry:
    """One case of the list."""

    id: int
    mailbox_name: str = field(repr=False)
    status: str
    day: int
    due: Deadline | None
    overdue: int
    files: int
    waits: bool
    leads: bool
    canary: int
    wrote: int  # the day of a letter that nobody has answered yet, 0 for none
    facets: dict[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """The case's id for people."""
        return case_name(self.id)

    def said(self, name: str) -> str:
        """Return what the report answers to one of the filters, in words."""
        return answer_in_words(search.FACETS[name], self.facets[name])


def entries(
    transaction: sa.Connection,
    home: Home,
    wanted: Wanted,
    *,
    today: int,
    holidays: Collection[int],
    present: Collection[str] = (),
) -> list[Entry]:
    """Return the cases that fit, those due first on top; closed ones last.

    Words are not looked for in cases with which somebody present has a conflict: the list would tell what they say.
    """
    search.take_in(transaction)
    query = (
        sa.select(*_COLUMNS, facets.c.unit, facets.c.kategori, facets.c.kerugian)
        .outerjoin(facets)
        .where(cases.c.id.not_in(sa.select(purged.c.case_id)))
    )
    for column, value in (
        (cases.c.status, wanted.status),
        (facets.c.unit, wanted.unit),
        (facets.c.kategori, wanted.kategori),
        (facets.c.kerugian, wanted.kerugian),
    ):
        if value:
            query = query.where(column == value)
    fits = _with_words(transaction, wanted.words, present)
    counted = (
        sa.select(letters.c.case_id, sa.func.count(attachments.c.id)).join(attachments).group_by(letters.c.case_id)
    )
    files: dict[int, int] = dict(map(tuple, transaction.execute(counted)))
    numbers = sa.select(canary_cases.c.case_id, canary_cases.c.number)
    canaries: dict[int, int] = dict(map(tuple, transaction.execute(numbers)))
    waiting = set(transaction.scalars(sa.select(proposals.c.case_id)))
    facts, unanswered = all_facts(transaction), _unanswered(transaction)
    going = retention.soon(transaction, home, today) if wanted.ending else frozenset()
    found = []
    for case in transaction.execute(query):
        if (fits is not None and case.id not in fits) or (wanted.ending and case.id not in going):
            continue
        due = deadline(facts[case.id], holidays)
        entry = Entry(
            id=case.id,
            mailbox_name=case.mailbox_name,
            status=case.status,
            day=case.day,
            due=due,
            overdue=due.overdue(today, holidays) if due else 0,
            files=files.get(case.id, 0),
            waits=case.id in waiting,
            leads=home.leads(tuple(case.readers)),
            canary=canaries.get(case.id, 0),
            wrote=facts[case.id].wrote if case.id in unanswered and case.status not in CLOSED else 0,
            facets={name: getattr(case, name) or "" for name in search.FACETS},
        )
        if (entry.overdue or not wanted.late) and (entry.files or not wanted.files):
            found.append(entry)
    return sorted(found, key=_order)


def _with_words(transaction: sa.Connection, words: str, present: Collection[str]) -> frozenset[int] | None:
    if not words.strip():
        return None
    return (search.find(transaction, words) - barred_cases(transaction, present)) | named(transaction, words)


def named(transaction: sa.Connection, text: str) -> frozenset[int]:
    """Return the cases of which people write so: K-0007 or 7, the two words of a mailbox, or RJK-0A1B2C3D."""
    text = " ".join(text.split()).lower()
    if number := _NUMBER.fullmatch(text):
        return frozenset(transaction.scalars(sa.select(cases.c.id).where(cases.c.id == int(number[1]))))
    if reference := _REFERENCE.fullmatch(text):
        start = bytes.fromhex(reference[1])
        tables = (referrals, referred_cases)
        return frozenset(
            found
            for table in tables
            for found in transaction.scalars(
                sa.select(table.c.case_id).where(sa.func.substr(table.c.reference, 1, len(start)) == start)
            )
        )
    return frozenset(transaction.scalars(sa.select(cases.c.id).where(sa.func.lower(cases.c.mailbox_name) == text)))


def _unanswered(transaction: sa.Connection) -> frozenset[int]:
    """Return the cases of which a letter after the report is newer than our last message: rows come in that order."""
    newest = sa.func.max(messages.c.id)
    theirs, ours = (newest.filter(which) for which in (messages.c.sender == REPORTER, messages.c.sender != REPORTER))
    again = sa.select(letters.c.case_id).group_by(letters.c.case_id).having(sa.func.count() > 1)
    query = sa.select(messages.c.case_id).where(messages.c.case_id.in_(again)).group_by(messages.c.case_id)
    return frozenset(transaction.scalars(query.having(theirs > sa.func.coalesce(ours, 0))))


def _order(entry: Entry) -> tuple[bool, int, int]:
    return entry.due is None, entry.due.day if entry.due else 0, entry.id
