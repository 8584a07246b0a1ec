"""Mailboxes of cases that went: a letter may have been confirmed to its reporter before, and come after.

What is kept opens and routes it for a while, and says nothing of the case but its number (docs/decisions/0044).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from station.tables import cases, followed_cases, past_boxes

KEPT_DAYS = 180
_COLUMNS = ("mailbox", "reply_key", "thread_key", "readers", "language")


def keep(transaction: sa.Connection, case_id: int, day: int) -> None:
    """Keep the mailbox of a case that goes; one that another unit passed on has none."""
    known = sa.select(cases.c.id, sa.literal(day), *(cases.c[name] for name in _COLUMNS))
    known = known.where(cases.c.id == case_id, cases.c.reply_key != b"")
    transaction.execute(sa.insert(past_boxes).from_select(["number", "day", *_COLUMNS], known))


def find(transaction: sa.Connection, mailbox: bytes) -> sa.Row[Any] | None:
    """Return what is kept of a mailbox, None when it is unknown or too long ago."""
    return transaction.execute(sa.select(past_boxes).where(past_boxes.c.mailbox == mailbox)).one_or_none()


def follow(transaction: sa.Connection, past: sa.Row[Any], case_id: int) -> None:
    """Note that a new case has the mailbox of one that went."""
    transaction.execute(sa.insert(followed_cases).values(case_id=case_id, number=past.number))
    transaction.execute(sa.delete(past_boxes).where(past_boxes.c.mailbox == past.mailbox))


def followed(transaction: sa.Connection, case_id: int) -> int:
    """Return the number of the case that went and that a case follows, 0 for any other."""
    which = followed_cases.c.case_id == case_id
    return transaction.scalar(sa.select(followed_cases.c.number).where(which)) or 0


def drop_old(transaction: sa.Connection, day: int) -> None:
    """Forget the mailboxes of cases that went 180 days ago."""
    transaction.execute(sa.delete(past_boxes).where(past_boxes.c.day <= day - KEPT_DAYS))
