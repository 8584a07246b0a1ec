"""Pages that explain: the first one, and who can read."""

from __future__ import annotations

from flask import Blueprint, Response

from crypto.encoding import date_of, today
from dropbox.pages.show import show
from dropbox.services import directory


def install(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.get("/", strict_slashes=False)(home)
    pages.get("/panduan")(advice)
    pages.get("/kunci")(keys)


def home() -> Response:
    """Say what this is, what protects a reporter, and what does not."""
    return show("beranda.html")


def advice() -> Response:
    """Say how to report safely, which other channels there are, and what nobody can protect."""
    return show("panduan.html")


def keys() -> Response:
    """Show the groups, how many of each must agree, the fingerprint and the days on which keys end."""
    roster, ends = directory().roster, directory().key_ends(today())
    groups = [(x, len(x.members), date_of(ends[x.id]) if x.id in ends else None) for x in roster.groups]
    return show("kunci.html", groups=groups, roster=roster, expires=date_of(roster.expires))
