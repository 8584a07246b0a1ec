"""What those present say of a conflict of interest before a case opens, and how that is taken back."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from crypto.encoding import today
from crypto.errors import CryptoError
from station import statements
from station.desk import Desk
from station.errors import Refused, StationError
from station.pages import current
from station.pages.acting import Work, sign, words
from station.pages.case import known, page

blueprint = Blueprint("conflict", __name__)


@blueprint.post("/perkara/<name>/benturan")
def state(name: str) -> str | Response:
    """Take the statements of those present; a conflict, which shuts the case, with that very person's passphrase."""

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        for who in current().present:
            said = request.form.get(f"benturan-{who}", "")
            if said == "ya" and not request.form.get(f"frasa-{who}", "").strip():
                raise Refused(
                    f"ketik juga frasa sandi {who}: benturan kepentingan hanya dinyatakan oleh orangnya sendiri"
                )
            if said == "ya":
                sign(who, f"frasa-{who}")
            if said in ("ya", "tidak"):
                statements.state_conflict(transaction, desk.home, case_id, who, conflict=said == "ya", day=today())

    return _act(name, work)


@blueprint.post("/perkara/<name>/benturan/tarik")
def take_back(name: str) -> str | Response:
    """Take back a conflict that was stated by mistake, as two people with a passphrase each."""
    pair = request.form.get("oleh", ""), request.form.get("bersama", "")

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        sign(pair[0])
        sign(pair[1], "frasa-kedua")
        statements.take_back(transaction, desk.home, case_id, pair, day=today())

    return _act(name, work)


def _act(name: str, work: Work) -> str | Response:
    """Do something at a case that is not open yet."""
    try:
        with current().desk() as desk, desk.vault.begin() as transaction:
            work(transaction, desk, known(transaction, name))
    except (StationError, CryptoError) as error:
        return page(name, problem=words(error))
    return redirect(url_for("case.show", name=name))
