"""Tell everybody that keys of some weeks were lost, so that what was sealed to them is sent again."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from crypto.encoding import DAY_ZERO, date_of, epoch_of, today
from crypto.statistics import LostWeeks
from station import lost_weeks
from station.desk import Desk
from station.errors import Refused
from station.fingerprint import must_be_read
from station.pages import current
from station.pages.acting import act_signed, verdict

blueprint = Blueprint("lost_weeks", __name__)


@blueprint.get("/kunci-hilang")
def show() -> str:
    """Show what is told, what waits, and which weeks a restored station lacks."""
    return _page()


@blueprint.post("/kunci-hilang/usul")
def propose() -> str | Response:
    """Propose the weeks between two days."""

    def work(transaction: sa.Connection, desk: Desk, by: str) -> None:
        weeks = LostWeeks(epoch_of(_day("dari")), epoch_of(_day("sampai")))
        lost_weeks.propose(transaction, desk.home, weeks, by, day=today())

    return act_signed(work, _page, "lost_weeks.show")


@blueprint.post("/kunci-hilang/putusan")
def judge() -> str | Response:
    """Tell everybody what waits, drop it, or take it back."""

    def work(transaction: sa.Connection, desk: Desk, by: str) -> None:
        first, approve = request.form.get("minggu", -1, type=int), verdict()
        found = next((each for each in lost_weeks.all_notices(transaction) if each.weeks.first == first), None)
        if found is not None:
            must_be_read(request.form.get("isi", ""), found.digest)
        lost_weeks.judge(transaction, desk.home, first, by, approve=approve, day=today())

    return act_signed(work, _page, "lost_weeks.show", judges=True)


def _day(field: str) -> int:
    try:
        day = (datetime.date.fromisoformat(request.form.get(field, "")) - DAY_ZERO).days
    except ValueError:
        day = -1
    if day < 0:
        raise Refused("isi kedua harinya, hari pertama dan hari terakhir, misalnya 2027-05-31")
    return day


def _page(problem: str = "") -> str:
    with current().desk() as desk, desk.vault.begin() as transaction:
        missing = lost_weeks.suggest(transaction, day=today())
        dari, sampai = (date_of(7 * missing.first), date_of(7 * missing.last + 6)) if missing else ("", "")
        return render_template(
            "lost_weeks.html",
            notices=lost_weeks.all_notices(transaction)[::-1],
            missing=missing,
            typed={"dari": str(dari), "sampai": str(sampai)} | request.form.to_dict(),
            until=lost_weeks.SHOWN_DAYS,
            members=desk.home.members,
            problem=problem,
        )
