"""Internal notes on a case: no reporter ever sees one."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from station import audit
from station.audit import Deed
from station.errors import Refused
from station.home import Home
from station.tables import notes

MAX_NOTE_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Note:
    """An internal note: no reporter ever sees it."""

    day: int
    by: str
    text: str = field(repr=False)


def add_note(transaction: sa.Connection, home: Home, case_id: int, by: str, text: str, *, day: int) -> None:
    """Write an internal note; raises Refused for an empty or overlong one."""
    home.role_of(by)
    text = text.replace("\r\n", "\n").strip()
    if not 0 < len(text) <= MAX_NOTE_CHARACTERS:
        raise Refused(f"catatan harus berisi 1 sampai {MAX_NOTE_CHARACTERS} huruf")
    transaction.execute(sa.insert(notes).values(case_id=case_id, day=day, by=by, text=text))
    audit.note(transaction, by, Deed.NOTED, day=day, case=case_id)


def notes_of(transaction: sa.Connection, case_id: int) -> tuple[Note, ...]:
    """Return the notes of a case, oldest first."""
    query = sa.select(notes).where(notes.c.case_id == case_id).order_by(notes.c.id)
    return tuple(Note(row.day, row.by, row.text) for row in transaction.execute(query))
