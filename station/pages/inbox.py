"""The list of cases."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from crypto.encoding import today
from crypto.mailbox import STATUSES
from keys.units import GOVERNMENTS
from station import canaries
from station.listing import FILTERS, Wanted, entries
from station.pages import current
from station.texts import STATUS_WORDS
from station.working_days import load_holidays

blueprint = Blueprint("inbox", __name__)
_MOST_LETTERS = 200


@blueprint.get("/perkara")
def inbox() -> str:
    """List the cases that fit, those due first on top."""
    wanted = Wanted(
        **{name: request.args.get(name, "")[:_MOST_LETTERS] for name in FILTERS},
        words=request.args.get("cari", "")[:_MOST_LETTERS],
        late="lewat" in request.args,
        files="berkas" in request.args,
    )
    day = today()
    with current().desk() as desk, desk.vault.begin() as transaction:
        holidays = load_holidays(desk.home.folder)
        found = entries(transaction, desk.home, wanted, today=day, holidays=holidays)
        alarms = canaries.alarms(transaction, station=desk.home.id, day=day, patience=desk.home.settings.canary_days)
    return render_template(
        "inbox.html",
        found=found,
        wanted=wanted,
        alarms=alarms,
        statuses=[(name, STATUS_WORDS[name]) for name in STATUSES],
        areas=[*GOVERNMENTS.items()],
    )
