"""Cases: what reviewers see."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from crypto.encoding import date_of
from crypto.letter import parse_letter
from crypto.mailbox import MAX_TEXT_BYTES
from station.attachments import File, files_of
from station.canaries import number_of
from station.errors import Refused
from station.home import Home
from station.past_boxes import followed
from station.tables import FileState, attachments, canary_cases, cases, closed_boxes, letters, messages, purged

_is_here = cases.c.id.not_in(sa.select(purged.c.case_id))
_CASE = re.compile(r"K-([0-9]{4,9})")


@dataclass(frozen=True, slots=True)
class Line:
    """One case in the list."""

    case: str
    mailbox_name: str = field(repr=False)
    status: str
    language: str
    day: int
    letters: int
    incomplete: int
    lead: bool
    canary: int = 0  # the number of the canary that made this case: then it is no report


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a case: from the reporter, or from the group that answers."""

    sender: str
    day: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One case with everything in it."""

    id: int
    mailbox_name: str = field(repr=False)
    status: str
    language: str
    day: int
    fields: Mapping[str, str] = field(repr=False)
    readers: tuple[str, ...]
    attachments: tuple[File, ...]
    messages: tuple[Said, ...]
    box_closed: bool = False  # the reporter wanted the mailbox deleted: no answer is read any more
    canary: int = 0  # the number of the canary that made this case: then it is no report
    follows: int = 0  # the number of the case that went, and whose mailbox this one has

    @property
    def name(self) -> str:
        """The case's id for people: K-0001."""
        return case_name(self.id)


def case_name(number: int) -> str:
    """Return the id for people of a case's number."""
    return f"K-{number:04d}"


def list_cases(transaction: sa.Connection, home: Home) -> tuple[Line, ...]:
    """Return all cases, oldest first."""
    count_letters = sa.select(sa.func.count()).where(letters.c.case_id == cases.c.id).scalar_subquery()
    unfinished = (
        sa.select(sa.func.count())
        .select_from(attachments.join(letters))
        .where(letters.c.case_id == cases.c.id, attachments.c.state != FileState.WHOLE)
        .scalar_subquery()
    )
    canary = sa.select(canary_cases.c.number).where(canary_cases.c.case_id == cases.c.id).scalar_subquery()
    rows = transaction.execute(sa.select(cases, count_letters, unfinished, canary).where(_is_here).order_by(cases.c.id))
    return tuple(
        Line(
            case=case_name(row.id),
            mailbox_name=row.mailbox_name,
            status=row.status,
            language=row.language,
            day=row.day,
            letters=row[-3],
            incomplete=row[-2],
            lead=home.leads(tuple(row.readers)),
            canary=row[-1] or 0,
        )
        for row in rows
    )


def show_case(transaction: sa.Connection, name: str) -> Case:
    """Return one case; raises Refused when there is none of that id."""
    row = transaction.execute(sa.select(cases).where(cases.c.id == case_number(name))).one_or_none()
    if row is None:
        raise Refused("perkara dengan nomor itu tidak ada; lihat daftarnya: senyap-station list")
    if (gone := transaction.scalar(sa.select(purged.c.day).where(purged.c.case_id == row.id))) is not None:
        raise Refused(f"perkara ini dihapus pada {date_of(gone).isoformat()}, ketika masa simpannya habis")
    raw = transaction.scalar(sa.select(letters.c.raw).where(letters.c.case_id == row.id).order_by(letters.c.id))
    said = transaction.execute(sa.select(messages).where(messages.c.case_id == row.id).order_by(messages.c.id))
    return Case(
        id=row.id,
        mailbox_name=row.mailbox_name,
        status=row.status,
        language=row.language,
        day=row.day,
        fields=parse_letter(bytes(raw or b"")).fields,
        readers=tuple(row.readers),
        attachments=files_of(transaction, row.id),
        messages=tuple(Said(m.sender, m.day, m.text) for m in said),
        box_closed=is_given_up(transaction, row.id),
        canary=number_of(transaction, row.id),
        follows=followed(transaction, row.id),
    )


def clean_text(text: str) -> str:
    """Remove control characters other than newline; raises Refused when more than 4,000 bytes are left."""
    kept = plain_text(text)
    try:
        size = len(kept.encode("utf-8"))
    except UnicodeEncodeError:
        raise Refused("pesan ini memuat huruf yang rusak; ketik lagi") from None
    if size > MAX_TEXT_BYTES:
        raise Refused(f"pesan terlalu panjang: {size} byte, paling banyak {MAX_TEXT_BYTES}; bagi menjadi dua")
    return kept


def plain_text(text: str) -> str:
    """Remove control characters other than newline, and what is empty around a text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) != "Cc").strip()


def claim_holds(transaction: sa.Connection, name: str, secret: bytes) -> bool:
    """Tell whether a claim secret of 32 bytes belongs to a case; raises Refused when there is none of that id."""
    claim = transaction.scalar(sa.select(cases.c.claim).where(cases.c.id == case_number(name)))
    if claim is None:
        raise Refused("perkara dengan nomor itu tidak ada; lihat daftarnya: senyap-station list")
    return hmac.compare_digest(hashlib.sha256(secret).digest(), claim)


def is_given_up(transaction: sa.Connection, case_id: int) -> bool:
    """Tell whether the reporter wanted the mailbox deleted."""
    return transaction.scalar(sa.select(closed_boxes.c.day).where(closed_boxes.c.case_id == case_id)) is not None


def case_number(name: str) -> int:
    """Return the number behind an id for people, 0 for what is no such id."""
    match = _CASE.fullmatch(name)
    return int(match[1]) if match else 0
