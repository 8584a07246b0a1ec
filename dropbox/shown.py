"""Names that others chose, as a line on a terminal may have them: nothing in them is more than letters."""

from __future__ import annotations

import os
import shlex


def shown(text: str) -> str:
    """Return a text with each character that is none to see written as an escape, so that it stays one line."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def quoted(path: str | os.PathLike[str]) -> str:
    """Return a path as one word of a command to copy, also where its name holds what no terminal shows."""
    name = os.fspath(path)
    if name.isprintable():
        return shlex.quote(name)
    letters = (chr(each) if chr(each).isalnum() and each < 128 else f"\\x{each:02x}" for each in os.fsencode(name))
    return f"$'{''.join(letters)}'"
