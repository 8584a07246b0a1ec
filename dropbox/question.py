"""The question that is asked while a flood lasts: a small sum in words, made and checked here, with no script.

It keeps off programs that were not written for this box, and no person; what the arena bears is bounded elsewhere.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from dropbox.form import QUESTION, SUM, normalise
from dropbox.sessions import SealedFields, SessionEnded
from dropbox.tally import NONCE_BYTES, Tally

_NUMBERS: Mapping[int, Any] = {
    2: _("dua"), 3: _("tiga"), 4: _("empat"), 5: _("lima"),
    6: _("enam"), 7: _("tujuh"), 8: _("delapan"), 9: _("sembilan"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the hidden field that goes with it."""

    text: Any
    sealed: str


def ask(fields: SealedFields) -> Asked:
    """Make a question."""
    first, second = (secrets.choice(tuple(_NUMBERS)) for _unused in range(2))
    text = _("Berapa %(first)s ditambah %(second)s?", first=_NUMBERS[first], second=_NUMBERS[second])
    return Asked(text, fields.seal_question(os.urandom(NONCE_BYTES) + bytes([first + second])))


def right_answer(typed: Mapping[str, Sequence[str]], fields: SealedFields, tally: Tally) -> bytes | None:
    """Return the nonce of the question that was answered, None without a right and fresh answer."""
    try:
        plain = fields.open_question("".join(typed.get(QUESTION, ())))
    except SessionEnded:
        return None
    nonce, wanted = plain[:NONCE_BYTES], plain[-1]
    said = normalise("".join(typed.get(SUM, ()))).strip(".")
    if not (said.isdecimal() and len(said) <= 3 and int(said) == wanted) or tally.is_spent(nonce):
        return None
    return nonce
