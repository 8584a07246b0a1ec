"""The list of cases."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from crypto.encoding import today
from crypto.mailbox import STATUSES
from keys.units import GOVERNMENTS
from station import canaries, outbox, retention
from station.listing import FILTERS, Wanted, entries
from station.pages import current
from station.texts import STATUS_WORDS
from station.working_days import load_holidays

blueprint = Blueprint("inbox", __name__)
_MOST_LETTERS = 200
PAGE = 100


@blueprint.get("/perkara")
def inbox() -> str:
    """List the cases that fit, those due first on top."""
    wanted = Wanted(
        **{name: request.args.get(name, "")[:_MOST_LETTERS] for name in FILTERS},
        words=request.args.get("cari", "")[:_MOST_LETTERS],
        late="lewat" in request.args,
        files="berkas" in request.args,
        ending="habis" in request.args,
    )
    day = today()
    with current().desk() as desk, desk.vault.begin() as transaction:
        holidays = load_holidays(desk.home.folder)
        found = entries(transaction, desk.home, wanted, today=day, holidays=holidays, present=current().present)
        soon = retention.warn(transaction, desk.home, day)
        alarms = canaries.alarms(transaction, station=desk.home.id, day=day, patience=desk.home.settings.canary_days)
        alarms = (*alarms, *outbox.warnings(transaction, desk))
    start = max(0, min(request.args.get("mulai", 0, type=int), len(found) - 1))
    again = {name: value for name, value in request.args.items() if name != "mulai"}
    pages = {
        name: f"/perkara?{urlencode(again | {'mulai': at})}"
        for name, at in (("Sebelumnya", start - PAGE), ("Berikutnya", start + PAGE))
        if 0 <= at < len(found)
    }
    return render_template(
        "inbox.html",
        found=found[start : start + PAGE],
        total=len(found),
        pages=pages,
        wanted=wanted,
        alarms=alarms,
        soon=soon,
        statuses=[(name, STATUS_WORDS[name]) for name in STATUSES],
        areas=[*GOVERNMENTS.items()],
    )
