"""The list of cases as the desk shows it: what is due first, by filters and words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from crypto.letter import parse_letter
from keys.units import GOVERNMENTS
from station import search
from station.cases import case_name
from station.casework import facts_of
from station.deadlines import Deadline, deadline
from station.home import Home
from station.questions import question
from station.vault import attachments, canary_cases, cases, letters, proposals

FILTERS = ("status", "unit", "kategori", "kerugian")
_FIELDS = {"unit": "wilayah", "kategori": "kategori", "kerugian": "nilai"}


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
    fields: dict[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """The case's id for people."""
        return case_name(self.id)

    def said(self, name: str) -> str:
        """Return what the report answers to one of the filters, in words."""
        return answer_in_words(_FIELDS[name], self.fields.get(_FIELDS[name], ""))


def answer_in_words(field_name: str, value: str) -> str:
    """Return an answer of the form as people read it: an area by its name, a choice by its words."""
    return (
        GOVERNMENTS[value] if field_name == "wilayah" and value in GOVERNMENTS else question(field_name).answer(value)
    )


def entries(
    transaction: sa.Connection, home: Home, wanted: Wanted, *, today: int, holidays: Collection[int]
) -> list[Entry]:
    """Return the cases that fit, those due first on top; closed ones last."""
    search.take_in(transaction)
    query = sa.select(cases)
    if wanted.status:
        query = query.where(cases.c.status == wanted.status)
    if wanted.words.strip():
        query = query.where(cases.c.id.in_(search.find(transaction, wanted.words)))
    counted = (
        sa.select(letters.c.case_id, sa.func.count(attachments.c.id)).join(attachments).group_by(letters.c.case_id)
    )
    files: dict[int, int] = dict(map(tuple, transaction.execute(counted)))
    numbers = sa.select(canary_cases.c.case_id, canary_cases.c.number)
    canaries: dict[int, int] = dict(map(tuple, transaction.execute(numbers)))
    waiting = set(transaction.scalars(sa.select(proposals.c.case_id)))
    found = []
    for case in transaction.execute(query):
        due = deadline(facts_of(transaction, case.id), holidays)
        found.append(
            Entry(
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
                fields=_fields(transaction, case.id),
            )
        )
    return sorted((each for each in found if _fits(each, wanted)), key=_order)


def _fields(transaction: sa.Connection, case_id: int) -> dict[str, str]:
    first = sa.select(letters.c.raw).where(letters.c.case_id == case_id).order_by(letters.c.id).limit(1)
    raw = transaction.scalar(first)
    return dict(parse_letter(bytes(raw)).fields) if raw else {}


def _fits(entry: Entry, wanted: Wanted) -> bool:
    if (wanted.late and not entry.overdue) or (wanted.files and not entry.files):
        return False
    return all(
        not getattr(wanted, name) or entry.fields.get(key, "") == getattr(wanted, name) for name, key in _FIELDS.items()
    )


def _order(entry: Entry) -> tuple[bool, int, int]:
    return entry.due is None, entry.due.day if entry.due else 0, entry.id
