"""A message that is being written: looked at before it is saved, or with a usual question put in."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from station.cases import show_case
from station.drafts import insert
from station.errors import StationError
from station.pages import current
from station.pages.acting import opened, words
from station.pages.case import page
from station.questions_offered import questions_for

blueprint = Blueprint("message", __name__)


@blueprint.post("/perkara/<name>/pesan/lihat")
def look(name: str) -> str | Response:
    """Show the message as the reporter will see it; nothing is saved."""
    empty = not request.form.get("pesan", "").strip()
    return page(name, problem="Tulis dulu pesannya." if empty else "")


@blueprint.post("/perkara/<name>/pesan/sisip")
def put_in(name: str) -> str | Response:
    """Put a usual question at the end of the message; nothing is saved."""
    try:
        with current().desk() as desk, desk.vault.begin() as transaction:
            opened(transaction, name)
            sentences = [text for _, text in questions_for(show_case(transaction, name).language)]
    except StationError as error:
        return page(name, problem=words(error))
    number = request.form.get("kalimat", "")
    if not number.isdecimal() or int(number) >= len(sentences):
        return page(name, problem="Pilih dulu pertanyaan yang disisipkan.")
    typed = MultiDict(request.form)
    typed["pesan"] = insert(typed.get("pesan", ""), sentences[int(number)])
    return page(name, typed=typed)
