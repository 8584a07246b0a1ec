"""The question on forms while a flood lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext

from dropbox.errors import Broken, Busy
from dropbox.form import SUM, Problem
from dropbox.question import Asked, ask, right_answer
from dropbox.services import here


def question() -> Asked | None:
    """Return the question that a form shows now; none but in a flood, and none while the database cannot be read."""
    try:
        return ask(here().fields) if here().is_flooded() else None
    except Broken:
        return None


def unanswered(typed: Mapping[str, Sequence[str]]) -> list[Problem]:
    """Return what is said when a flood lasts and its question has no right answer yet."""
    services = here()
    if not services.is_flooded() or right_answer(typed, services.fields, services.tally) is not None:
        return []
    return [Problem(SUM, lazy_gettext("Jawab hitungan di atas tombol kirim. Tulisan Anda tetap ada."))]


def spend_answer(typed: Mapping[str, Sequence[str]]) -> None:
    """Use the answer up: each letter of a flood takes one. Raises Busy when another form used it meanwhile."""
    services = here()
    nonce = right_answer(typed, services.fields, services.tally)
    if services.is_flooded() and (nonce is None or not services.tally.spend(nonce)):
        raise Busy("the answer was used already")
