"""The pages of the case desk."""

from __future__ import annotations

from flask import Flask, current_app

from station.session import Session

SESSION = "senyap-desk"


def current() -> Session:
    """Return the session of this desk."""
    found: Session = current_app.extensions[SESSION]
    return found


def install(app: Flask) -> None:
    """Add all pages."""
    from station.pages import case, courier, errors, inbox, retention, unlock

    for module in (unlock, inbox, case, courier, retention):
        app.register_blueprint(module.blueprint)
    errors.install(app)
