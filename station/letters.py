"""The rules for a letter that was opened: a new case, a further letter, a repeat, or refused (formats §3)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from crypto.errors import BadSignature, Malformed
from crypto.letter import FOLLOW_UP, REPORT, Letter, check_thread, mailbox_of, parse_letter
from crypto.mailbox import STATUSES
from crypto.xwing import SealingKey
from station import canaries, casework, past_boxes
from station.attachments import expect_files, forget_files
from station.cases import is_given_up
from station.questions import ANSWER_FIELD, answer_in_words, question
from station.tables import REPORTER, Outcome, cases, closed_boxes, held_letters, letters, messages

HELD_DAYS = 90
MAX_DAY = 1_000_000
_FURTHER = "surat lanjutan datang untuk kenari {}, padahal tidak ada yang boleh punya kodenya: baca surat itu"
FOLLOW_UP_FIELD, CLOSE_FIELD = "pesan", "tutup"


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter as it came out of its row. `digest` names the row, `day` is the bundle's."""

    digest: bytes
    raw: bytes = field(repr=False)
    letter: Letter
    day: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one letter; an alarm says why it was refused, or what is strange about it.

    `canary` is the number of the canary that a letter is, 0 for what somebody reports.
    """

    digest: bytes
    outcome: Outcome
    alarm: str = ""
    canary: int = 0


def parse_opened(digest: bytes, raw: bytes, day: int) -> Opened:
    """Parse the data of a letter row; raises Malformed."""
    letter = parse_letter(raw)
    if letter.day > MAX_DAY:
        raise Malformed("letter: day is out of range")
    return Opened(digest, raw, letter, day)


def take_letter(transaction: sa.Connection, opened: Opened, group: str) -> list[Verdict]:
    """Apply the rules to one letter; a report is followed by the verdicts on the follow-ups that waited for it."""
    letter = opened.letter
    if group not in letter.readers:
        return [_refused(opened, "sebuah surat tidak menyebut unit ini sebagai pembaca")]
    case = transaction.execute(sa.select(cases).where(cases.c.mailbox == letter.mailbox)).one_or_none()
    past = past_boxes.find(transaction, letter.mailbox) if case is None else None
    if letter.type == FOLLOW_UP:
        if past is not None:
            return _take_late(transaction, opened, past, group)
        return [_take_follow_up(transaction, opened, case)]
    if letter.mailbox != mailbox_of(letter.reply_key):
        return [_refused(opened, "sebuah laporan menyebut kotak yang bukan milik kuncinya")]
    known = case or past
    if known is not None and not hmac.compare_digest(known.thread_key, letter.thread_key):
        return [_refused(opened, "laporan untuk kotak yang sudah dikenal membawa kunci surat yang lain")]
    if case is not None:
        return [_add_letter(transaction, case.id, opened, as_message=True)]
    try:
        SealingKey.parse(letter.reply_key)
    except Malformed:
        return [_refused(opened, "sebuah laporan membawa kunci balasan yang tidak dapat dipakai")]
    case_id = _add_case(transaction, letter, opened.day)
    if past is not None:
        past_boxes.follow(transaction, past, case_id)
    first = _add_letter(transaction, case_id, opened, as_message=False)
    number, strange = canaries.recognise(transaction, letter, case_id, opened.day)
    first = replace(first, alarm=strange, canary=number)
    return [first, *_release(transaction, letter.mailbox, group)]


def drop_old(transaction: sa.Connection, day: int) -> int:
    """Drop follow-ups that waited 90 days for a report; return how many."""
    return transaction.execute(sa.delete(held_letters).where(held_letters.c.day <= day - HELD_DAYS)).rowcount


def count_held(transaction: sa.Connection) -> int:
    """Return how many follow-ups wait for their report."""
    return transaction.scalar(sa.select(sa.func.count()).select_from(held_letters)) or 0


def letter_text(letter: Letter) -> str:
    """Return what a further letter says, as one text."""
    if letter.type == FOLLOW_UP:
        parts = ["(pelapor meminta kotaknya dihapus)"] if letter.fields.get(CLOSE_FIELD) else []
        found = [(ANSWER_FIELD.fullmatch(name), text) for name, text in letter.fields.items()]
        answers = sorted((int(match[1]), text) for match, text in found if match)
        parts += [f"(jawaban atas pesan {number})\n{text}" for number, text in answers]
        parts += [text] if (text := letter.fields.get(FOLLOW_UP_FIELD, "")) else []
        return "\n\n".join(parts)
    asked = sorted((question(name).place, name, text) for name, text in letter.fields.items() if text)
    return "\n".join(
        f"{question(name).label.removesuffix('?')}: {answer_in_words(name, text)}" for _place, name, text in asked
    )


def _refused(opened: Opened, alarm: str) -> Verdict:
    return Verdict(
        opened.digest, Outcome.REFUSED, f"tidak diterima: {alarm}. Bila sering terjadi, beri tahu petugas server"
    )


def _take_follow_up(transaction: sa.Connection, opened: Opened, case: sa.Row[Any] | None) -> Verdict:
    letter = opened.letter
    if case is None:
        transaction.execute(
            sa.insert(held_letters).values(digest=opened.digest, mailbox=letter.mailbox, day=opened.day, raw=opened.raw)
        )
        return Verdict(opened.digest, Outcome.ORPHAN)
    if wrong := _wrong_keys(letter, case):
        return _refused(opened, wrong)
    if letter.fields.get(CLOSE_FIELD):
        _give_up(transaction, case.id, opened.day)
    return _add_letter(transaction, case.id, opened, as_message=True)


def _take_late(transaction: sa.Connection, opened: Opened, past: sa.Row[Any], group: str) -> list[Verdict]:
    """Make a new case of a follow-up to one that went: it has the old mailbox, so the reporter's code works again."""
    letter = opened.letter
    if wrong := _wrong_keys(letter, past):
        return [_refused(opened, wrong)]
    keys = {"reply_key": past.reply_key, "thread_key": past.thread_key}
    known = replace(letter, readers=tuple(past.readers), language=past.language, **keys)
    case_id = _add_case(transaction, known, opened.day)
    past_boxes.follow(transaction, past, case_id)
    if letter.fields.get(CLOSE_FIELD) or is_given_up(transaction, past.number):
        _give_up(transaction, case_id, opened.day)
    first = _add_letter(transaction, case_id, opened, as_message=False)
    if number := canaries.number_of(transaction, past.number):
        first = replace(first, alarm=_FURTHER.format(number))
    return [first, *_release(transaction, letter.mailbox, group)]


def _wrong_keys(letter: Letter, known: sa.Row[Any]) -> str:
    """Return why a follow-up was not written with the code of a mailbox, "" when it was."""
    if not hmac.compare_digest(letter.reply_key_hash, hashlib.sha256(known.reply_key).digest()):
        return "pesan lanjutan menyebut kunci balasan yang lain daripada laporannya"
    try:
        check_thread(letter, known.thread_key)
    except BadSignature:
        return "pesan lanjutan tidak dibuat dengan kode laporannya"
    return ""


def _give_up(transaction: sa.Connection, case_id: int, day: int) -> None:
    transaction.execute(sa.insert(closed_boxes).prefix_with("OR IGNORE").values(case_id=case_id, day=day))


def _add_case(transaction: sa.Connection, letter: Letter, day: int) -> int:
    made = transaction.scalar(
        sa.insert(cases)
        .values(
            mailbox=letter.mailbox,
            reply_key=letter.reply_key,
            thread_key=letter.thread_key,
            claim=letter.claim,
            mailbox_name=letter.mailbox_name,
            status=STATUSES[0],
            language=letter.language,
            readers=list(letter.readers),
            day=day,
        )
        .returning(cases.c.id)
    )
    return int(made or 0)


def _add_letter(transaction: sa.Connection, case_id: int, opened: Opened, *, as_message: bool) -> Verdict:
    letter = opened.letter
    told = casework.count_told(transaction, case_id)
    if _is_repeat(transaction, case_id, letter, told):
        forget_files(transaction, letter)
        return Verdict(opened.digest, Outcome.REPEAT)
    made = transaction.scalar(
        sa.insert(letters)
        .values(
            case_id=case_id,
            object_id=letter.object_id,
            content=letter.content,
            arrived=opened.day,
            raw=opened.raw,
            told=told,
        )
        .returning(letters.c.id)
    )
    expect_files(transaction, int(made or 0), letter)
    if as_message:
        casework.letter_came(transaction, case_id, day=opened.day)
        text = letter_text(letter)
        transaction.execute(sa.insert(messages).values(case_id=case_id, day=letter.day, sender=REPORTER, text=text))
    number = canaries.number_of(transaction, case_id)
    return Verdict(opened.digest, Outcome.LETTER, _FURTHER.format(number) if number else "")


def _is_repeat(transaction: sa.Connection, case_id: int, letter: Letter, told: int) -> bool:
    """Tell whether a case has a letter already: the same one again, or the same form sent again.

    The drop box numbers each try anew, so a try is known by its content. But "Ya." to a second question is an answer
    of its own. A report never answers: its code comes of the form, so the same report is the same form.
    """
    which = letters.c.case_id == case_id, letters.c.content == letter.content
    known = transaction.execute(sa.select(letters.c.object_id, letters.c.told).where(*which)).all()
    return any(letter.type == REPORT or row.object_id == letter.object_id or row.told == told for row in known)


def _release(transaction: sa.Connection, mailbox: bytes, group: str) -> list[Verdict]:
    """Judge the follow-ups that came before their report."""
    held = transaction.execute(
        sa.select(held_letters).where(held_letters.c.mailbox == mailbox).order_by(held_letters.c.day)
    ).all()
    transaction.execute(sa.delete(held_letters).where(held_letters.c.mailbox == mailbox))
    verdicts = []
    for row in held:
        verdicts += take_letter(transaction, parse_opened(row.digest, row.raw, row.day), group)
    return verdicts
