"""Around the receipt code: a page to practise with, one for a code that is lost, and the claim of authorship."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from crypto import receipt as receipts
from crypto.claim import claim_words
from dropbox.errors import Busy
from dropbox.pages.mailbox import CODE, stretch
from dropbox.pages.refusals import opening_text
from dropbox.pages.request import refuse_cross_site, short_fields
from dropbox.pages.show import show

EXAMPLE = "contoh"


def install(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.get("/kotak/latihan")(practice)
    pages.post("/kotak/latihan")(practised)
    pages.get("/kotak/hilang")(lost)
    pages.get("/kotak/klaim")(explain_claim)
    pages.post("/kotak/klaim")(show_claim)


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


def explain_claim() -> Response:
    """Say what the claim of authorship is for, and ask for the code."""
    return _claim_page()


def show_claim() -> Response:
    """Show the 24 words that prove who wrote a report. Nothing is looked up: any code has such words."""
    refuse_cross_site()
    text = short_fields().get(CODE, "")
    try:
        receipt = stretch(text)
    except receipts.Mistyped as error:
        return _claim_page(text=text, mistyped=error, status=422)
    except Busy as error:
        return _claim_page(text=text, problem=opening_text(error), status=503)
    return _claim_page(words=claim_words(receipt.claim_secret), name=receipt.name)


def _claim_page(*, status: int = 200, **values: Any) -> Response:
    empty = {"words": (), "name": ("", ""), "text": "", "mistyped": None, "problem": ""}
    return show("klaim.html", status=status, mailbox_page=True, **empty | values)
