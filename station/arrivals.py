"""The letters of one mailbox in the order in which they came: their days, and the files of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from crypto.letter import FOLLOW_UP, parse_letter
from station.tables import FileState, attachments, letters


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as its letter names it, and how far it has come."""

    name: str = field(repr=False)
    media_type: str
    size: int
    state: FileState


@dataclass(frozen=True, slots=True)
class Arrival:
    """One letter: the day it was written, the day its bundle brought it, whether it followed the report, its files."""

    day: int
    arrived: int
    follows: bool
    files: tuple[Sent, ...]


def arrivals(transaction: sa.Connection, case_id: int) -> tuple[Arrival, ...]:
    """Return all letters of a case, oldest first."""
    files: dict[int, list[Sent]] = {}
    query = sa.select(attachments).join(letters).where(letters.c.case_id == case_id).order_by(attachments.c.id)
    for row in transaction.execute(query):
        files.setdefault(row.letter_id, []).append(Sent(row.name, row.media_type, row.size, FileState(row.state)))
    found = []
    for row in transaction.execute(sa.select(letters).where(letters.c.case_id == case_id).order_by(letters.c.id)):
        letter = parse_letter(bytes(row.raw))
        found.append(Arrival(letter.day, row.arrived, letter.type == FOLLOW_UP, tuple(files.get(row.id, ()))))
    return tuple(found)
