"""What everybody may know: a preview of exactly that, two people who agree, and the lessons of prevention."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from crypto.encoding import today
from crypto.statistics import Lesson
from station import lessons, publication
from station.desk import Desk
from station.fingerprint import must_be_read
from station.lessons import PROCESSES
from station.pages import current
from station.pages.acting import act_signed, verdict
from station.public_texts import cell_words, table_words
from station.working_days import load_holidays

blueprint = Blueprint("publication", __name__)


@blueprint.get("/statistik/umum")
def show() -> str:
    """Show what was published, what waits, and what could be published next."""
    return _page()


@blueprint.post("/statistik/umum/usul")
def propose() -> str | Response:
    """Propose a year as its preview shows it."""

    def work(transaction: sa.Connection, desk: Desk, by: str) -> None:
        year = request.form.get("tahun", 0, type=int)
        publication.propose(transaction, desk, load_holidays(desk.home.folder), year, by, day=today())

    return act_signed(work, _page, "publication.show")


@blueprint.post("/statistik/umum/putusan")
def judge() -> str | Response:
    """Publish what waits, or drop it."""

    def work(transaction: sa.Connection, desk: Desk, by: str) -> None:
        approve, found = verdict(), publication.waiting(transaction)
        if approve and found is not None:
            must_be_read(request.form.get("isi", ""), found.digest)
        publication.judge(transaction, desk.home, by, approve=approve, day=today())

    return act_signed(work, _page, "publication.show", judges=True)


@blueprint.post("/statistik/pelajaran")
def propose_lesson() -> str | Response:
    """Write a lesson, which waits for an inspector."""

    def work(transaction: sa.Connection, desk: Desk, by: str) -> None:
        names = ("proses", "judul", "kelemahan", "perbaikan")
        lesson = Lesson(*(" ".join(request.form.get(name, "").split()) for name in names))
        lessons.propose(transaction, desk.home, lesson, by, day=today())

    return act_signed(work, _page, "publication.show")


@blueprint.post("/statistik/pelajaran/putusan")
def judge_lesson() -> str | Response:
    """Approve a lesson, or drop one."""

    def work(transaction: sa.Connection, desk: Desk, by: str) -> None:
        number, approve = request.form.get("nomor", 0, type=int), verdict()
        found = next((each for each in lessons.all_lessons(transaction) if each.id == number), None)
        if approve and found is not None:
            must_be_read(request.form.get("isi", ""), found.digest)
        lessons.judge(transaction, desk.home, number, by, approve=approve, day=today())

    return act_signed(work, _page, "publication.show", judges=True)


def _page(problem: str = "") -> str:
    day = today()
    with current().desk() as desk, desk.vault.begin() as transaction:
        home = desk.home
        waiting, years = publication.waiting(transaction), publication.publishable_years(transaction, today=day)
        coming = None
        if waiting is None and years:
            holidays = load_holidays(home.folder)
            coming = publication.preview(transaction, home, holidays, years[0], today=day)
        return render_template(
            "publication.html",
            published=publication.published(transaction)[::-1],
            waiting=waiting,
            coming=coming,
            due=publication.next_year(transaction, today=day),
            lessons=lessons.all_lessons(transaction),
            processes=PROCESSES,
            members=home.members,
            cell_words=cell_words,
            table_words=table_words,
            problem=problem,
            typed=request.form,
        )
