"""Render a page with what every page shows."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from flask import Response, g, make_response, render_template, request
from flask_babel import format_date

from crypto.encoding import date_of, today
from dropbox.clock import Sealing
from dropbox.errors import Broken
from dropbox.form import Problem
from dropbox.headers import stylesheet
from dropbox.services import directory, here
from dropbox.statistics import read_lost
from keys.roster import Group

LEAVE = "https://www.bmkg.go.id/"  # the weather: where somebody goes who must leave at once


def show(template: str, *, status: int = 200, mailbox_page: bool = False, **values: Any) -> Response:
    """Render a template in the page's language; mailbox pages all get one length."""
    services = here()
    english = g.get("language", "id") == "en"
    connection = _connection()
    try:
        schedule = services.rounds.schedule(today())
        shut = services.sealing(directory(), today()) is not Sealing.READY
    except Broken:  # a page comes all the same, and what was typed with it
        schedule, shut = services.rounds.remembered(today()), False
    page = render_template(
        template,
        css=stylesheet(),
        lang="en" if english else "id",
        prefix="/en" if english else "",
        other_path=_other(request.path, english),
        fingerprint=directory().fingerprint,
        schedule=schedule,
        shut=shut,
        onion=services.settings.onion,
        connection=connection,
        leave=LEAVE,
        lost=_lost,
        day=lambda date: format_date(date, "d MMMM yyyy"),
        group_name=lambda group: group.name_en if english else group.name_id,
        **values,
    )
    response = make_response(page, status)
    if services.settings.onion and connection == "https" and request.method in ("GET", "HEAD"):
        response.headers["Onion-Location"] = f"http://{services.settings.onion}{_own_path(english)}"
    if mailbox_page:
        response.headers["X-Mailbox-Page"] = "1"
    return response


def plain(problems: Sequence[Problem]) -> list[Problem]:
    """Return problems with their messages as plain text, each once.

    A lazily translated text counts as markup for the template engine, and may hold a file's name.
    """
    return list(dict.fromkeys(Problem(p.key, str(p.message)) for p in problems))


def _lost() -> list[tuple[Group, datetime.date, datetime.date]]:
    """Return the units whose keys of whole weeks were lost, from and to which day."""
    try:
        with here().store.reading() as connection:
            found = read_lost(connection, directory().roster)
    except Broken:
        return []
    return [(group, date_of(7 * weeks.first), date_of(7 * weeks.last + 6)) for group, weeks in found]


def _own_path(english: bool) -> str:
    """Return this page's address, or the first page's where it is none of ours: what was typed goes into no header.

    Tor Browser offers to go there, or goes by itself. After a form it is not said: a code would be left behind.
    """
    return request.url_rule.rule if request.url_rule is not None else "/en/" if english else "/"


def _connection() -> str:
    """Say how this page was reached: onion, https or plain. Nothing of it is kept."""
    host = request.host.split(":")[0].rstrip(".").lower()
    if host.endswith(".onion"):
        return "onion"
    return "https" if request.is_secure or request.headers.get("X-Forwarded-Proto") == "https" else "plain"


def _other(path: str, english: bool) -> str:
    """Return the address of the same page in the other language, without what was typed."""
    path = path.removeprefix("/en") or "/"
    path = "/lapor" if path.startswith("/lapor/") else {"/kotak/pesan": "/kotak"}.get(path, path)
    return path if english else "/en" + path
