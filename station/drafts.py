"""A message as it stands on the desk before it is saved: how the reporter will see it, its length, its warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crypto.mailbox import MAX_TEXT_BYTES
from station.cases import plain_text
from station.guard import Finding, look


@dataclass(frozen=True, slots=True)
class Draft:
    """What a page shows of a message: its text as it will be kept; `left` is negative when it is too long."""

    size: int
    left: int
    text: str = field(repr=False)
    found: tuple[Finding, ...] = field(repr=False)


def draft(text: str, known: Sequence[Mapping[str, str]]) -> Draft:
    """Look at a typed text, given the fields of the reporter's letters."""
    kept = plain_text(text)
    size = len(kept.encode("utf-8", "replace"))
    return Draft(size, MAX_TEXT_BYTES - size, kept, look(kept, known))


def insert(text: str, sentence: str) -> str:
    """Return a text with a sentence as a new paragraph at its end."""
    kept = text.rstrip()
    return f"{kept}\n\n{sentence}" if kept else sentence
