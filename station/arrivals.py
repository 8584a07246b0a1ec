"""The letters of one mailbox in the order in which they came: their days, their words, and the files of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from crypto.letter import FOLLOW_UP, parse_letter
from station.letters import letter_text
from station.tables import FileState, attachments, letters


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as its letter names it, and how far it has come."""

    id: int
    name: str = field(repr=False)
    media_type: str
    size: int
    state: FileState


@dataclass(frozen=True, slots=True)
class Arrival:
    """One letter: the day it was written, the day its bundle brought it, whether it followed the report, its files.

    `number` counts all letters of the station; `text` is what it says, as one text.
    """

    number: int
    day: int
    arrived: int
    follows: bool
    files: tuple[Sent, ...]
    text: str = field(repr=False)


def arrivals(transaction: sa.Connection, case_id: int) -> tuple[Arrival, ...]:
    """Return all letters of a case, oldest first."""
    files: dict[int, list[Sent]] = {}
    query = sa.select(attachments).join(letters).where(letters.c.case_id == case_id).order_by(attachments.c.id)
    for row in transaction.execute(query):
        files.setdefault(row.letter_id, []).append(
            Sent(row.id, row.name, row.media_type, row.size, FileState(row.state))
        )
    found = []
    for row in transaction.execute(sa.select(letters).where(letters.c.case_id == case_id).order_by(letters.c.id)):
        letter = parse_letter(bytes(row.raw))
        named, follows = tuple(files.get(row.id, ())), letter.type == FOLLOW_UP
        found.append(Arrival(row.id, letter.day, row.arrived, follows, named, letter_text(letter)))
    return tuple(found)
