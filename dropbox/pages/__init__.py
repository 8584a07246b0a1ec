"""The pages: Indonesian at /, the same under /en in English."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, make_response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from dropbox.errors import BadRequest
from dropbox.pages import about, code, mailbox, report, statistics
from dropbox.pages.show import show


def install(app: Flask) -> None:
    """Register every page twice, and one face for every error."""
    for name, prefix in (("id", ""), ("en", "/en")):
        pages = Blueprint(name, __name__, url_prefix=prefix)
        for module in (about, report, mailbox, code, statistics):
            module.install(pages)
        app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(BadRequest, lambda _error: show("galat.html", status=400, code=400))
    app.register_error_handler(Exception, _any_error)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:  # a redirect of the router
        return error.response
    return show("galat.html", status=error.code or 500, code=error.code or 500)


def _any_error(_error: Exception) -> Response:
    try:
        return show("galat.html", status=500, code=500)
    except Exception:  # what broke the page may break the error page, too
        return make_response("<!doctype html><title>Galat</title><p>Ada gangguan di pihak kami. Coba lagi nanti.", 500)
