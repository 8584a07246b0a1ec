"""What pages ask of a request before they read its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import parse_qs

from flask import Response, request

from dropbox.errors import BadRequest
from dropbox.intake import drain, read_form
from dropbox.pages.flood import unanswered
from dropbox.received import Received
from dropbox.services import here

MAX_SHORT_LETTERS = 1_000
_MAX_SHORT_FORM_BYTES = 64 * 1024


def boundary() -> bytes:
    """Return the multipart boundary of this request; raises BadRequest after draining it."""
    raw = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not 1 <= len(raw) <= 200 or not raw.isascii():
        drain(request.stream)  # type: ignore[arg-type]
        raise BadRequest("not a multipart form")
    return raw.encode("ascii")


def answer_first(response: Response) -> Response:
    """Send this answer at once and then read what is left of the request: a browser shows no answer before."""
    response.call_on_close(partial(drain, request.stream))  # type: ignore[arg-type]
    return response


def upload_place(received: Received) -> bool:
    """Take one of the machine's places for uploads until this form is done; raises Busy at once.

    False when a flood lasts and its question has no right answer: then no file of this form is taken.
    """
    if unanswered(received.typed):
        return False
    received.place.enter_context(here().upload_lane.enter_now())
    return True


def refuse_cross_site() -> None:
    """Refuse a form that another site made a browser send; raises BadRequest."""
    if request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
        drain(request.stream)  # type: ignore[arg-type]
        raise BadRequest("sent from another site")


def short_fields() -> dict[str, str]:
    """Return the text fields of a small form, however it was encoded; of each the first 1,000 characters."""
    if request.mimetype == "multipart/form-data":
        typed: Mapping[str, Sequence[str]] = read_form(request.stream, boundary(), lambda _typed: None).typed  # type: ignore[arg-type]
    else:
        raw = request.stream.read(_MAX_SHORT_FORM_BYTES + 1)
        if len(raw) > _MAX_SHORT_FORM_BYTES:
            drain(request.stream)  # type: ignore[arg-type]
            raise BadRequest("a code of that length is none")
        typed = parse_qs(raw.decode("ascii", "replace"))
    return {name: "".join(values)[:MAX_SHORT_LETTERS] for name, values in typed.items()}
