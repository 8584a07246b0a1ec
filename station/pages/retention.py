"""Keep a closed case beyond its time, or let it go."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from crypto.encoding import today
from crypto.errors import CryptoError
from station import retention
from station.errors import StationError
from station.pages import current
from station.pages.case import opened, page, words

blueprint = Blueprint("retention", __name__)


@blueprint.post("/perkara/<name>/simpan")
def decide(name: str) -> str | Response:
    """Hold a case or lift the hold, as two people with a passphrase each."""
    form, session = request.form, current()
    pair = form.get("oleh", ""), form.get("bersama", "")
    try:
        with session.desk() as desk, desk.vault.begin() as transaction:
            case_id = opened(transaction, name)
            for who, field in zip(pair, ("frasa", "frasa-kedua"), strict=True):
                session.verify(who, form.get(field, "").strip())
            if form.get("putusan") == "tahan":
                retention.hold(transaction, desk.home, case_id, pair, form.get("alasan", ""), day=today())
            else:
                retention.lift(transaction, desk.home, case_id, pair, day=today())
    except (StationError, CryptoError) as error:
        return page(name, problem=words(error))
    return redirect(url_for("case.show", name=name))
