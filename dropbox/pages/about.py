"""Pages that explain: the first one, and who can read."""

from __future__ import annotations

from flask import Blueprint, Response

from crypto.encoding import date_of
from dropbox.pages.show import show
from dropbox.services import here


def install(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.get("/", strict_slashes=False)(home)
    pages.get("/kunci")(keys)


def home() -> Response:
    """Say what this is, what protects a reporter, and what does not."""
    return show("beranda.html")


def keys() -> Response:
    """Show the groups, how many of each must agree, the fingerprint and the days on which keys end."""
    directory = here().directory
    groups = [
        (group, len(group.members), date_of(directory.keys.last_epoch(group.id) * 7 + 6) if group.members else None)
        for group in directory.roster.groups
    ]
    return show("kunci.html", groups=groups, roster=directory.roster, expires=date_of(directory.roster.expires))
