"""Rows of kind 3 that were opened: a case that another unit passes on, or where one of ours stands with its recipient.

The signature decides, not the row: whoever knows a unit's public keys can seal a row for it. A station of the unit
that is named must have signed, by the roster in force.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace

import sqlalchemy as sa

from crypto.errors import BadSignature, Malformed
from crypto.forwarded import FROM_REPORTER, Forwarded, ReferralStatus, parse_signed
from crypto.letter import MAILBOX_BYTES, REPORT, Letter, build_letter
from crypto.mailbox import STATUSES
from crypto.row import Record
from crypto.xwing import PUBLIC_BYTES
from station import audit, casework
from station.attachments import expect_files
from station.audit import Deed
from station.home import Home
from station.letters import letter_text
from station.referral_tables import past_referrals, referral_news, referrals, referred_cases
from station.referrals import reference_name
from station.tables import REPORTER, Outcome, cases, letters, messages, notes

SYSTEM = "-"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one row; an alarm says why it was refused."""

    outcome: Outcome
    alarm: str = ""


def take(transaction: sa.Connection, home: Home, record: Record, day: int) -> Taken:
    """Take what another unit passed on or told; the same again is a repeat. Raises Malformed."""
    signed = parse_signed(record.data)
    passed = signed.passed
    if passed.object_id != record.object_id or record.part != 0 or record.parts != 1:
        raise Malformed("forwarded: not the row that it names")
    if passed.deployment != home.roster.deployment or passed.recipient != home.group.id:
        return _refused("kiriman unit lain ditujukan kepada unit atau lembaga lain")
    if passed.origin == home.group.id:
        return _refused("kiriman unit lain menyebut unit ini sebagai asalnya")
    try:
        stations = {s.id: s.key for s in home.roster.stations if s.group == passed.origin}
        station = signed.signer(stations)
    except BadSignature:
        return _refused("kiriman tidak ditandatangani stasiun unit yang disebutnya, mungkin palsu; tanyakan unit itu")
    if isinstance(passed, Forwarded):
        return _take_case(transaction, home, passed, signed.body, day)
    return _take_status(transaction, passed, signed.body, station, day)


def _refused(alarm: str) -> Taken:
    return Taken(Outcome.REFUSED, f"tidak diterima: {alarm}. Bila sering terjadi, beri tahu petugas server")


def _take_case(transaction: sa.Connection, home: Home, passed: Forwarded, body: bytes, day: int) -> Taken:
    r = referred_cases.c
    known = transaction.scalar(sa.select(r.case_id).where(r.origin == passed.origin, r.reference == passed.reference))
    content = hashlib.sha256(body).digest()
    if known is not None:
        same = sa.select(letters.c.id).where(letters.c.case_id == known, letters.c.content == content)
        if transaction.scalar(same) is not None:
            return Taken(Outcome.REPEAT)
    letter = _letter(home, passed)
    raw = build_letter(replace(letter, attachments=()))  # fewer files fit a letter than may come; the table has them
    case_id = _add_case(transaction, letter, passed, body, day) if known is None else int(known)
    _add_letter(transaction, case_id, letter, passed, (content, raw), day, is_first=known is None)
    _add_note(transaction, home, case_id, passed, day)
    detail = f"{reference_name(passed.reference)} {passed.origin}"
    audit.note(transaction, SYSTEM, Deed.CAME, day=day, case=case_id, detail=detail)
    return Taken(Outcome.FORWARDED)


def _letter(home: Home, passed: Forwarded) -> Letter:
    """Return the report as a letter whose mailbox and keys nobody has, so that it is read like any other."""
    return Letter(
        type=REPORT,
        object_id=passed.object_id,
        fields=passed.fields,
        language=passed.language,
        day=passed.day,
        readers=(home.group.id,),
        mailbox=os.urandom(MAILBOX_BYTES),
        attachments=passed.attachments,
        reply_key=bytes(PUBLIC_BYTES),
        thread_key=os.urandom(32),
        claim=os.urandom(32),
    )


def _add_case(transaction: sa.Connection, letter: Letter, passed: Forwarded, body: bytes, day: int) -> int:
    made = sa.insert(cases).values(
        mailbox=letter.mailbox,
        reply_key=b"",
        thread_key=letter.thread_key,
        claim=letter.claim,
        mailbox_name="",
        status=STATUSES[0],
        language=passed.language,
        readers=list(letter.readers),
        day=day,
    )
    case_id = int(transaction.scalar(made.returning(cases.c.id)) or 0)
    transaction.execute(
        sa.insert(referred_cases).values(
            case_id=case_id, origin=passed.origin, reference=passed.reference, body=body, told=b"", sent=0
        )
    )
    return case_id


def _add_letter(
    transaction: sa.Connection, case_id: int, letter: Letter, passed: Forwarded, kept: tuple[bytes, bytes], day: int, *,
    is_first: bool,
) -> None:  # fmt: skip
    content, raw = kept
    told = casework.count_told(transaction, case_id)
    made = sa.insert(letters).values(
        case_id=case_id, object_id=letter.object_id, content=content, arrived=day, raw=raw, told=told
    )
    expect_files(transaction, int(transaction.scalar(made.returning(letters.c.id)) or 0), letter)
    said = [(s.day, s.text) for s in passed.said if s.sender == FROM_REPORTER]
    if not is_first:
        casework.letter_came(transaction, case_id, day=day)
        said += [(passed.day, text)] if (text := letter_text(letter)) else []
    for when, text in said:
        transaction.execute(sa.insert(messages).values(case_id=case_id, day=when, sender=REPORTER, text=text))


def _add_note(transaction: sa.Connection, home: Home, case_id: int, passed: Forwarded, day: int) -> None:
    """Keep what the other unit says itself among the notes: it is no word of the reporter, and none to the reporter."""
    parts = [f"Diteruskan dengan nomor {reference_name(passed.reference)}. Alasan: {passed.reason}"]
    parts += [f"Dasar: {passed.basis}"] if passed.basis else []
    parts += [f"Pesan unit asal kepada pelapor: {s.text}" for s in passed.said if s.sender != FROM_REPORTER]
    text = "\n\n".join(parts)
    transaction.execute(sa.insert(notes).values(case_id=case_id, day=day, by=passed.origin, text=text))


def _take_status(transaction: sa.Connection, passed: ReferralStatus, body: bytes, station: str, day: int) -> Taken:
    found = transaction.execute(
        sa.select(referrals).where(
            referrals.c.reference == passed.reference, referrals.c.recipient == passed.origin, referrals.c.sealed == 1
        )
    ).first()
    if found is None:
        p = past_referrals.c
        gone = sa.select(p.reference).where(p.reference == passed.reference, p.recipient == passed.origin)
        if transaction.scalar(gone) is not None:
            return Taken(Outcome.REPEAT)  # nobody here reads it any more
        return _refused(
            "sebuah unit berkabar tentang pelimpahan yang tidak dikenal di sini (mungkin hilang dengan cadangan)"
        )
    n = referral_news.c
    before = transaction.execute(
        sa.select(referral_news).where(n.referral_id == found.id, n.station == station)
    ).first()
    if before is not None and before.number >= passed.number:
        return Taken(Outcome.REPEAT)  # an older word, or the same
    values = {"referral_id": found.id, "station": station, "number": passed.number, "came": day, "body": body}
    transaction.execute(sa.insert(referral_news).prefix_with("OR REPLACE").values(values))
    detail = f"{reference_name(passed.reference)} {passed.status}"
    audit.note(transaction, SYSTEM, Deed.HEARD, day=day, case=found.case_id, detail=detail)
    return Taken(Outcome.FORWARDED)
