"""The pages of the case desk."""

from __future__ import annotations

from flask import Flask, current_app

from station.session import Session
from station.viewer import Viewer

SESSION, VIEWER, COOKIE = "senyap-desk", "senyap-viewer", "senyap-cookie"


def current() -> Session:
    """Return the session of this desk."""
    found: Session = current_app.extensions[SESSION]
    return found


def cookie() -> str:
    """Return the name of this desk's cookie. Cookies know no ports: two desks with one name would lock each other."""
    found: str = current_app.extensions[COOKIE]
    return found


def viewer() -> Viewer:
    """Return what keeps the previews of this desk."""
    found: Viewer = current_app.extensions[VIEWER]
    return found


def install(app: Flask) -> None:
    """Add all pages."""
    from station.pages import (
        awake,
        case,
        certificate,
        conflict,
        courier,
        errors,
        files,
        inbox,
        lost_weeks,
        message,
        paper,
        publication,
        referral,
        retention,
        statistics,
        unlock,
    )

    at_case = (case, conflict, files, certificate, message, referral, retention)
    for module in (unlock, awake, inbox, *at_case, paper, courier, statistics, publication, lost_weeks):
        app.register_blueprint(module.blueprint)
    errors.install(app)
