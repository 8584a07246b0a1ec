"""Counts of all cases, for those at the desk: pictures, and the same in tables."""

from __future__ import annotations

from flask import Blueprint, render_template

from crypto.encoding import today
from station import plots, stats
from station.pages import current
from station.questions import question
from station.texts import DETAIL_WORDS, DUTY_WORDS, STATUS_WORDS
from station.working_days import load_holidays

blueprint = Blueprint("statistics", __name__)
QUARTERS = 8


@blueprint.get("/statistik")
def show() -> str:
    """Show what came, how long it stood, what is late, and what became of it."""
    day = today()
    with current().desk() as desk, desk.vault.begin() as transaction:
        quarters = stats.by_quarter(transaction, desk.home)[-QUARTERS:]
        stays = {each.state: each for each in stats.stays(transaction, desk.home, today=day)}
        duties = stats.duties(transaction, desk.home, load_holidays(desk.home.folder), today=day)
        ended = stats.outcomes(transaction, desk.home, today=day).most_common()
    stood = [stays[name] for name in STATUS_WORDS if name in stays]
    names = {(status, detail): _named(status, detail) for (status, detail), _ in ended}
    return render_template(
        "statistics.html",
        quarters=quarters,
        duties=duties,
        per_quarter=[(_quarter(q), q.categories.total()) for q in quarters],
        category_head=["Jenis masalah", *map(_quarter, quarters)],
        per_category=[
            (words, *(q.categories[name] for q in quarters))
            for name, words in (*question("kategori").choices.items(), ("", "Tanpa jawaban"))
            if any(q.categories[name] for q in quarters)
        ],
        per_state=[(STATUS_WORDS[s.state], s.cases, s.median, f"{s.low}–{s.high}") for s in stood],
        per_duty=[(DUTY_WORDS[d.duty], d.owed, d.late) for d in duties],
        outcomes=[(names[key], count) for key, count in ended],
        pictures={
            "quarters": plots.bars([plots.Bar(_quarter(q), q.categories.total()) for q in quarters]),
            "stays": plots.spans([plots.Span(STATUS_WORDS[s.state], s.low, s.median, s.high) for s in stood]),
            "duties": plots.bars([plots.Bar(DUTY_WORDS[d.duty], d.owed, d.late) for d in duties]),
            "outcomes": plots.bars([plots.Bar(names[key], count) for key, count in ended]),
        },
    )


def _quarter(found: stats.Quarter) -> str:
    return f"Triwulan {found.number} {found.year}"


def _named(status: str, detail: str) -> str:
    words = STATUS_WORDS[status]
    return f"{words}: {DETAIL_WORDS.get(detail, detail)}" if detail else words
