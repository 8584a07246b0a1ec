"""The door: passphrases until the quorum is present, and the lock."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from crypto.errors import CryptoError, WrongPassphrase
from station import presence
from station.errors import StationError
from station.pages import cookie, current
from station.refusals import told
from station.session import State

blueprint = Blueprint("unlock", __name__)
_WRONG = "Frasa sandi itu tidak cocok dengan {}. Periksa huruf dan spasinya, lalu ketik lagi."


@blueprint.get("/")
def look() -> BaseResponse:
    """Go to the list, or to the door."""
    return redirect(url_for("inbox.inbox" if current().state is State.OPEN else "unlock.unlock"))


@blueprint.route("/buka", methods=["GET", "POST"])
def unlock() -> BaseResponse | str:
    """Ask for passphrases."""
    session, problem = current(), ""
    if session.state is State.OPEN and session.knows(request.cookies.get(cookie(), "")):
        return redirect(url_for("inbox.inbox"))
    reviewer = request.form.get("penelaah", "")
    if request.method == "POST":
        try:
            browser = session.enter(reviewer, request.form.get("frasa", "").strip())
        except WrongPassphrase:
            problem = _WRONG.format(reviewer)
        except (StationError, CryptoError) as error:
            problem = told(error)
        else:
            return _go_on(browser) if browser else redirect(url_for("unlock.unlock"))
    home, blocked = session.home, ""
    if session.state is State.CLOSED:
        blocked = presence.blocked(home)
    asked = session.present if session.state is not State.CLOSED else home.members
    missing = [who for who in asked if session.state is not State.CLOSED or who not in session.present]
    return render_template(
        "unlock.html",
        home=home,
        wanted=max(home.group.k, presence.shares_wanted(home)),
        lacking=presence.lacking(home, session.present),
        missing=missing,
        blocked=blocked,
        notice=presence.notice(home),
        problem=problem,
        reviewer=reviewer,
    )


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """Answer what every browser asks for, with nothing."""
    return Response(status=204, mimetype="image/x-icon")


@blueprint.post("/kunci")
def lock() -> BaseResponse:
    """Lock for good: all keys are forgotten."""
    current().close()
    answer = redirect(url_for("unlock.unlock"))
    answer.delete_cookie(cookie())
    return answer


def _go_on(browser: str) -> Response:
    answer = make_response(redirect(url_for("inbox.inbox")))
    answer.set_cookie(cookie(), browser, httponly=True, samesite="Strict")
    return answer
