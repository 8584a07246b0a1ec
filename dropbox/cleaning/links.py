"""Which targets of links may stay: places of the public web, and those inside the document."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

NOWHERE = "about:blank"
_SCHEMES = {"http", "https", "mailto", "tel"}
# Places on the web that are named after the account of the person who works there.
_PERSONAL = re.compile(
    r"-my\.sharepoint\.com$|^(d\.docs\.live|onedrive\.live|1drv|my\.sharepoint)\.|(^|\.)(icloud|dropboxusercontent)\.com$"
)
_PRIVATE = re.compile(r"^(localhost|10\.|127\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[)|\.(local|lan|internal|corp)$")
_PATH = re.compile(
    r"(?i)file:|(?<![a-z])[a-z]:[\\/]+[\w.%~-]|^\\\\|(?<![\\\w])\\\\[\w.%-]+\\|(?<![\w/])/(home|users|user|media|mnt)/[\w.%-]"
)


def names_a_place(text: str) -> bool:
    """Say whether a text holds a path on somebody's machine or network."""
    return bool(_PATH.search(text))


def may_stay(target: str) -> bool:
    """Say whether the target of a link says nothing about the machine or the accounts of who wrote it."""
    if target.startswith("#"):
        return not names_a_place(target)
    try:
        parts = urlsplit(target)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if parts.scheme.lower() not in _SCHEMES or parts.username or _PERSONAL.search(host) or _PRIVATE.search(host):
        return False
    if parts.scheme.lower() in ("http", "https") and "." not in host:
        return False
    return "/personal/" not in parts.path.lower() and not names_a_place(parts.query)
