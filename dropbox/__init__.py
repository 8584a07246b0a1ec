"""The online half: pages that take a report, seal it, and show answers. It holds public keys only."""

from __future__ import annotations

from flask import Flask, g, request
from flask_babel import Babel

from dropbox import headers, pages
from dropbox.paths import templates_folder
from dropbox.services import Services
from dropbox.settings import Settings

ENGLISH = "/en"


def create_app(settings: Settings) -> Flask:
    """Build the drop box of one home; raises what `Services.open` raises. No cookie, no session, no log."""
    app = Flask(__name__, template_folder=str(templates_folder()), static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.merge_slashes = False  # two slashes are no page; a redirect would lead to http
    app.logger.disabled = True  # a traceback may hold what a person typed
    app.extensions["senyap"] = Services.open(settings)
    Babel(app, default_locale="id", locale_selector=lambda: g.get("language", "id"))

    @app.before_request
    def choose_language() -> None:
        g.language = "en" if request.path == ENGLISH or request.path.startswith(ENGLISH + "/") else "id"

    headers.install(app)
    pages.install(app)
    return app
