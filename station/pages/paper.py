"""Type in a report that came on paper or by a visit."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from crypto.encoding import today
from crypto.errors import CryptoError
from keys.units import GOVERNMENTS
from station import extracts, paper, space
from station.errors import StationError
from station.pages import current
from station.pages.acting import one_of_present, sign, words

blueprint = Blueprint("paper", __name__)


@blueprint.get("/ketik")
def ask() -> str:
    """Show the form."""
    return _page()


@blueprint.post("/ketik")
def take() -> str:
    """Make a case of it; the code is shown on this answer alone."""
    form, session = request.form, current()
    folder = form.get("pindaian", "").strip()
    try:
        scans = paper.read_scans(extracts.folder_of(session.home, folder)) if folder else ()
        by = one_of_present(form.get("oleh", ""))
        sign(by)
        fields = form.to_dict() | {paper.BARRED: ",".join(form.getlist(paper.BARRED))}
        with session.desk() as desk, desk.vault.begin() as transaction:
            typed = paper.type_in(
                transaction, desk, fields, scans, way=form.get("cara", ""), by=by,
                hand_over=form.get("kode") == "ya", language="en" if form.get("bahasa") == "en" else "id", day=today(),
            )  # fmt: skip
    except OSError as error:
        return _page(f"Folder pindaian tidak dapat dibaca: {space.reason(error)}.")
    except (StationError, CryptoError) as error:
        return _page(words(error))
    return render_template("paper_done.html", typed=typed)


def _page(problem: str = "") -> str:
    return render_template(
        "paper.html", problem=problem, typed=request.form, asked=paper.ASKED, required=paper.REQUIRED, ways=paper.WAYS,
        areas=GOVERNMENTS,
    )  # fmt: skip
