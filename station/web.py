"""The case desk as a web application for one browser on the same machine: nothing else may reach it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from station import pages
from station.pages import COOKIE, SESSION, VIEWER, awake, cookie, current
from station.pages.filters import install as install_filters
from station.session import IDLE_SECONDS, Session, State
from station.viewer import Viewer

NAMES = ("127.0.0.1", "localhost")
MAX_FORM_BYTES = 2 * 1024 * 1024  # a whole report comes back edited, each letter spelled with up to nine
# A form that was sent says so, and is not sent twice.
ONCE = (
    "let sent=0;addEventListener('pageshow',()=>{sent=0});"
    "addEventListener('submit',e=>{if(sent)return e.preventDefault();sent=1;"
    "if(e.submitter)e.submitter.textContent='Sebentar…'});"
)
SCRIPT = ONCE + awake.script(IDLE_SECONDS)  # a locked desk shows no case
_HERE = Path(__file__).resolve().parent
_WITHOUT_DESK = frozenset({"unlock.unlock", "unlock.look", "unlock.icon"})
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def folder_of(house: str) -> Path:
    """Return where the templates of a house lie: beside it in a wheel, under templates/ in a checkout."""
    packaged = _HERE.parent / house / "templates"
    return packaged if packaged.is_dir() else _HERE.parent / "templates" / house


@cache
def stylesheet() -> str:
    """Return the one stylesheet that reporters' pages have, too, and what tables of cases need besides."""
    pieces = (folder_of("dropbox") / "look.css", folder_of("station") / "desk.css")
    return "\n".join(piece.read_text("utf-8").strip() for piece in pieces)


@cache
def policy(port: int) -> str:
    """Return the Content-Security-Policy: our stylesheet, our one script and the one address that it asks, pictures."""
    asked = " ".join(f"http://{name}:{port}{awake.PATH}" for name in NAMES)
    return (
        f"default-src 'none'; style-src '{_digest(stylesheet())}'; script-src '{_digest(SCRIPT)}'; img-src 'self'; "
        f"connect-src {asked}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def create_desk(session: Session, port: int) -> Flask:
    """Build the desk of a session, to be served at 127.0.0.1:port and to answer under no other name."""
    app = Flask("station", template_folder=str(folder_of("station")), static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = MAX_FORM_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.logger.disabled = True  # a traceback may hold what a report says
    app.extensions[SESSION], app.extensions[VIEWER] = session, Viewer()
    app.extensions[COOKIE] = f"meja-{port}"
    session.at_lock = app.extensions[VIEWER].forget
    names = frozenset(f"{name}:{port}" for name in NAMES)
    is_training = session.home.is_training

    def is_here() -> bool:
        """Tell whether this is the browser that opened the desk; any other one is at the door."""
        return session.state is State.OPEN and session.knows(request.cookies.get(cookie(), ""))

    @app.before_request
    def guard() -> BaseResponse | None:
        if request.host not in names:  # a page elsewhere that was given our address by its own name server
            abort(400)
        if request.method == "POST" and request.headers.get("Origin", "") not in {f"http://{name}" for name in names}:
            abort(400)
        if request.endpoint in _WITHOUT_DESK:
            return None
        if not is_here():
            return redirect(url_for("unlock.unlock"))
        if request.method == "POST" and not secrets.compare_digest(
            request.form.get("tanda", "").encode(), session.forms.encode()
        ):
            abort(400)
        if request.endpoint != awake.LEFT:
            session.touch()
        return None

    @app.after_request
    def close(response: Response) -> Response:
        response.headers.update(HEADERS | {"Content-Security-Policy": policy(port)})
        return response

    @app.context_processor
    def shared() -> dict[str, object]:
        now = current()
        told = {"css": stylesheet(), "script": SCRIPT, "session": now, "state": now.state.value, "tanda": now.forms}
        return told | {"is_here": is_here(), "is_training": is_training}

    install_filters(app)
    pages.install(app)
    return app
