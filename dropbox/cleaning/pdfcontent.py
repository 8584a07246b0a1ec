"""Content streams and small programs of a PDF: comments and the properties of marks are taken out.

What draws stays byte for byte. A mark keeps its ActualText, which is the text that is copied and searched.
"""

from __future__ import annotations

import re

from dropbox.cleaning.errors import CleaningError

_NEXT = re.compile(rb"[(%]|<<|(?<![^\s\]>)}/])BI(?=[\s/])")
_STRING = re.compile(rb"[()]|\\.", re.S)
_COMMENT_END = re.compile(rb"[\r\n]")
_DICT = re.compile(rb"[(%]|<<|<[0-9A-Fa-f\s]*>|>>")
_ACTUAL = re.compile(rb"/ActualText\s*")
_HEX = re.compile(rb"<[0-9A-Fa-f\s]*>")
_DATA = re.compile(rb"(?<=[\s>/\]\w])ID[\s]")
_DATA_END = re.compile(rb"[\s]EI(?=\s+[!-~\s]{0,12}|\s*$|[\s/])")
_DCT = re.compile(rb"/(DCT|DCTDecode|JPX|JPXDecode|Crypt)\b")
_MAX_NESTING = 50


def clean_content(data: bytes) -> bytes:
    """Return a content stream without comments and properties of marks. Raises CleaningError."""
    return _clean(data, marks=True)


def clean_program(data: bytes) -> bytes:
    """Return a CMap or a function of a PDF without its comments. Raises CleaningError."""
    return _clean(data, marks=False)


def _clean(data: bytes, *, marks: bool) -> bytes:
    if b"%" not in data and (not marks or b"<<" not in data) and b"BI" not in data:
        return data
    kept: list[bytes] = []
    at = start = 0
    while (found := _NEXT.search(data, at)) is not None:
        token = found[0]
        if token == b"(":
            at = _end_of_string(data, found.start())
        elif token == b"%":
            end = _COMMENT_END.search(data, found.end())
            kept += [data[start : found.start()], b"\n"]
            at = start = end.end() if end else len(data)
        elif token == b"<<":
            at = _end_of_dict(data, found.start())
            if marks:
                kept += [data[start : found.start()], _mark(data[found.end() : at - 2])]
                start = at
        else:
            at = _end_of_image(data, found.end()) if marks else found.end()
    kept.append(data[start:])
    return b"".join(kept)


def _end_of_string(data: bytes, at: int) -> int:
    depth = 0
    for found in _STRING.finditer(data, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    raise CleaningError("a string does not end")


def _end_of_dict(data: bytes, at: int) -> int:
    depth = 0
    while (found := _DICT.search(data, at)) is not None:
        at = found.end()
        if found[0] == b"(":
            at = _end_of_string(data, found.start())
        elif found[0] == b"%":
            raise CleaningError("a comment inside a mark")
        elif found[0] in (b"<<", b">>"):
            depth += 1 if found[0] == b"<<" else -1
            if depth == 0:
                return at
            if depth > _MAX_NESTING:
                break
    raise CleaningError("a mark does not end")


def _mark(inner: bytes) -> bytes:
    """Return what stays of the properties of a mark."""
    found = _ACTUAL.search(inner)
    if found is None:
        return b"<<>>"
    text = _HEX.match(inner, found.end())
    if text is not None:
        return b"<</ActualText " + text[0] + b">>"
    if inner[found.end() : found.end() + 1] == b"(":
        return b"<</ActualText " + inner[found.end() : _end_of_string(inner, found.end())] + b">>"
    return b"<<>>"


def _end_of_image(data: bytes, at: int) -> int:
    """Return where an image between BI and EI ends. Raises CleaningError when it could carry more than pixels."""
    begin = _DATA.search(data, at)
    if begin is None:
        raise CleaningError("an inline image is damaged")
    head = data[at : begin.start()]
    if _DCT.search(head) or b"(" in head or b"%" in head:
        raise CleaningError("an inline image of another kind")
    end = _DATA_END.search(data, begin.end())
    if end is None:
        raise CleaningError("an inline image does not end")
    return end.end()
