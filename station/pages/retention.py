"""Keep a closed case beyond its time, or let it go."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, request
from werkzeug.wrappers import Response

from crypto.encoding import today
from station import retention
from station.desk import Desk
from station.pages.acting import act, sign_both
from station.pages.case import page

blueprint = Blueprint("retention", __name__)


@blueprint.post("/perkara/<name>/simpan")
def decide(name: str) -> str | Response:
    """Hold a case or lift the hold, as two people with a passphrase each and no conflict of interest."""
    form = request.form
    pair = form.get("oleh", ""), form.get("bersama", "")

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        sign_both(transaction, desk, case_id, pair)
        if form.get("putusan") == "tahan":
            retention.hold(transaction, desk.home, case_id, pair, form.get("alasan", ""), day=today())
        else:
            retention.lift(transaction, desk.home, case_id, pair, day=today())

    return act(name, work, page, "case.show")
