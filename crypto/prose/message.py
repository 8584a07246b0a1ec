"""Show a message of the officers: paragraphs, lists and bold words, all else as it was typed.

The text stays what travels and what is kept; it reads well without this. The station's preview and the reporter's
page call the same function, so what reviewers look at is what the reporter gets.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

TAGS: Final = frozenset({"p", "ul", "ol", "li", "b"})  # no other tag and no attribute but a list's number comes out
_POINT = re.compile(r"[-*•] +(\S.*)")
_NUMBERED = re.compile(r"(\d{1,3})[.)] +(\S.*)")
_BOLD = re.compile(r"\*\*(?=\S)([^*]+)(?<=\S)\*\*")


def render(text: str) -> str:
    """Return a text as HTML of `TAGS`; between two tags stands nothing but words."""
    out: list[str] = []
    inside = ""  # the list that is open
    lines: list[str] = []  # of the paragraph that is open

    def end(new: str = "") -> None:
        nonlocal inside
        if lines:
            out.append(f"<p>{_inline(chr(10).join(lines))}</p>")
            lines.clear()
        if new != inside:
            out.append((f"</{inside}>" if inside else "") + (f"<{new}>" if new else ""))
            inside = new

    for line in text.split("\n"):
        if point := _POINT.fullmatch(line.strip()):
            end("ul")
            out.append(f"<li>{_inline(point[1])}</li>")
        elif numbered := _NUMBERED.fullmatch(line.strip()):
            end("ol")
            out.append(f'<li value="{int(numbered[1])}">{_inline(numbered[2])}</li>')
        elif not line.strip():
            end()
        else:
            if inside:
                end()
            lines.append(line)
    end()
    return "".join(out)


def _inline(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", escape(text, quote=False))
