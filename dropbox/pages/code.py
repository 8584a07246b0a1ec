"""Around the receipt code: a page to practise with, and one for a code that is lost."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flask import Blueprint, Response

from crypto import receipt as receipts
from dropbox.pages.mailbox import CODE
from dropbox.pages.request import refuse_cross_site, short_fields
from dropbox.pages.show import show

EXAMPLE = "contoh"


def install(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.get("/kotak/latihan")(practice)
    pages.post("/kotak/latihan")(practised)
    pages.get("/kotak/hilang")(lost)


def practice() -> Response:
    """Show eight words that open nothing, and a place to type them."""
    return _page(_example())


def practised() -> Response:
    """Say whether the words are those of the example; nothing is stretched, looked up or stored."""
    refuse_cross_site()
    typed = short_fields()
    text, example = typed.get(CODE, ""), typed.get(EXAMPLE, "")
    try:
        wanted = receipts.read_code(example)[0].code
    except receipts.Mistyped:
        return _page(_example())
    try:
        is_right = any(reading.code == wanted for reading in receipts.read_code(text))
        fault = None if is_right else receipts.Mistyped("code: another code than the example")
    except receipts.Mistyped as error:
        fault = error
    return _page(receipts.code_words(wanted), text=text, fault=fault, done=fault is None)


def _example() -> tuple[str, ...]:
    return receipts.code_words(os.urandom(receipts.CODE_BYTES))


def _page(
    words: Sequence[str], *, text: str = "", fault: receipts.Mistyped | None = None, done: bool = False
) -> Response:
    return show("latihan.html", status=422 if fault else 200, words=words, text=text, mistyped=fault, done=done)


def lost() -> Response:
    """Say that a lost code cannot be had again, and how to report once more."""
    return show("hilang.html")
