"""Fields of a text: instructions that name files, people or accounts are emptied, what they show stays."""

from __future__ import annotations

import re

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_XML_DEPTH
from dropbox.cleaning.links import may_stay, names_a_place
from dropbox.cleaning.words import words
from dropbox.cleaning.xmlstream import Place

_HARMLESS = words(
    """
    = PAGE NUMPAGES SECTION SECTIONPAGES REF PAGEREF NOTEREF STYLEREF SEQ TOC TC XE INDEX TA TOA DATE TIME FORMTEXT
    FORMCHECKBOX FORMDROPDOWN MERGEFIELD NEXT IF COMPARE SYMBOL EQ QUOTE LISTNUM AUTONUM AUTONUMLGL AUTONUMOUT
    ADVANCE NUMWORDS NUMCHARS GOTOBUTTON
    """
)
_LINK = re.compile(r'\s*HYPERLINK\s+(?:\\[a-z]\s+)*(?:"([^"]*)"|([^\s\\]\S*))', re.I)
_INNER_LINK = re.compile(r"\s*HYPERLINK\s+\\l\s", re.I)


def is_harmless(instruction: str) -> bool:
    """Say whether a field instruction may stay."""
    words = instruction.split()
    if not words:
        return True
    if words[0].upper() == "HYPERLINK":
        if _INNER_LINK.match(instruction):
            return not names_a_place(instruction.replace("\\l", "").replace("\\\\", "\\"))
        found = _LINK.match(instruction)
        return found is not None and may_stay((found[1] or found[2] or "").replace("\\\\", "\\"))
    known = words[0].upper() in _HARMLESS or words[0].startswith("=")
    return known and not names_a_place(instruction.replace("\\\\", "\\"))


class Fields:
    """The fields that are open where a text is being read; their instructions lie in pieces."""

    def __init__(self) -> None:
        self._open: list[list[tuple[str, Place]] | None] = []

    @property
    def holding(self) -> bool:
        """Whether an instruction is not complete."""
        return any(field is not None for field in self._open)

    def mark(self, kind: str) -> None:
        """Take note of a mark: `begin`, `separate` or `end`. Raises CleaningError when they do not match."""
        if kind == "begin":
            if len(self._open) > MAX_XML_DEPTH:
                raise CleaningError("fields lie too deep in each other")
            self._open.append([])
        elif self._open:
            self._decide(self._open[-1])
            if kind == "separate":
                self._open[-1] = None
            else:
                self._open.pop()

    def instruct(self, text: str, place: Place) -> str:
        """Take note of a piece of an instruction; return what is written meanwhile."""
        if not self._open or self._open[-1] is None:
            return ""
        self._open[-1].append((text, place))
        return text

    @staticmethod
    def _decide(field: list[tuple[str, Place]] | None) -> None:
        if field and not is_harmless("".join(text for text, _ in field)):
            for _, place in field:
                place.empty()
