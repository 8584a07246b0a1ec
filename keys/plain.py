"""Text of strangers, made safe to show: names and file names may hold what moves a cursor, hides or turns letters."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return one line in which each character that no printer shows stands as "\N{REPLACEMENT CHARACTER}"."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
