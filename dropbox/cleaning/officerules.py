"""What stays of the XML of an Office document: text, looks, comments and tracked changes, but nobody's name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from dropbox.cleaning import officetables as tables
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.links import names_a_place
from dropbox.cleaning.people import People
from dropbox.cleaning.wordfields import Fields, is_harmless
from dropbox.cleaning.xmlstream import Element, Place, Rules, Verdict

_NAMED = frozenset({"cNvPr", "docPr"})  # pictures and shapes are named after files, by hand or by a program
_SHAPE_ID = re.compile(r"_x0000_[a-z]\d{1,8}")
_THREAD = re.compile(r"tc=\{[0-9A-Fa-f-]{36}\}")


class OfficeRules(Rules):
    """Rules of one part. `gone` are ids of relationships that lead nowhere any more."""

    namespaces = tables.NAMESPACES

    def __init__(self, people: People, gone: Set[str], kept: Set[str]) -> None:
        self._people, self._gone, self._kept = people, gone, kept
        self._fields = Fields()
        self._in_text = False  # of a comment of a sheet, before its first words

    @property
    def holding(self) -> bool:  # type: ignore[override]
        """Whether a field is not complete."""
        return self._fields.holding

    def foreign(self, element: Element) -> Verdict:
        """Drop what a reader may ignore; refuse what it may not."""
        if element.ignorable or element.parent.endswith((":ext", ":Choice")) or element.parent == "v:shape":
            return Verdict.DROP
        raise CleaningError("an element of an unknown kind")

    def judge(self, element: Element) -> Verdict:
        """Apply the tables, then what needs more than a table."""
        name = element.name
        if name in tables.FORBIDDEN or (name.startswith(":") and name not in tables.NAMELESS):
            raise CleaningError("a part of another kind")
        if name in tables.DROPPED or self._is_beside_the_point(element) or self._points_nowhere(element):
            return Verdict.DROP
        if name in tables.UNWRAPPED:
            return Verdict.UNWRAP
        if name == "w:fldSimple" and not is_harmless(element.attributes.get("w:instr", "")):
            return Verdict.UNWRAP
        self._scrub(element)
        self._look_for_paths(element.attributes)
        if name == "w:fldChar":
            self._fields.mark(element.attributes.get("w:fldCharType", ""))
        elif name == "x:comment":
            self._in_text = True
        self.watching = self._in_text and name == "x:t"
        if name in ("w:instrText", "w:delInstrText", "x:definedName") or (
            name == "x:author" and element.parent == "x:authors"
        ):
            return Verdict.TEXT
        return Verdict.KEEP

    def text(self, element: Element, text: str, place: Place) -> str:
        """Return an instruction, or an author's stand-in."""
        if element.name == "x:author":
            return text if _THREAD.fullmatch(text) else self._people.name(text)
        if element.name == "x:definedName":
            self._look_for_paths({"": text})
            return text
        return self._fields.instruct(text, place)

    def heard(self, text: str) -> str:
        """Return the first words of a comment without the name put before them."""
        self.watching = self._in_text = False
        return self._people.unsigned(text)

    @staticmethod
    def _is_beside_the_point(element: Element) -> bool:
        """Say whether an element goes because of where it stands or what it says."""
        if element.parent == "w:settings":
            return element.name.removeprefix("w:") not in tables.WORD_SETTINGS and not element.name.startswith("m:")
        if element.name == "mc:AlternateContent":
            return element.parent in ("x:workbook", "x:externalBook", "x:externalLink")
        if element.name == "mc:Choice":
            return not element.attributes.get("Requires")
        if element.name == "x:extLst":
            return element.parent not in ("x:worksheet", "x:cfRule")
        if element.name == "x:ext":
            return element.attributes.get("uri", "").upper() not in tables.SHEET_EXTENSIONS
        return element.name.endswith(":extLst") and not element.name.startswith(("c:", "x14:", "c15:"))

    def _points_nowhere(self, element: Element) -> bool:
        pointing = [n for n in element.attributes if n.startswith("r:") or n == "o:relid"]
        for name in pointing:
            value = element.attributes[name]
            if value in self._gone and element.name not in tables.STAYS_WITHOUT_TARGET:
                return True
            if value and value not in self._kept:
                del element.attributes[name]
        return False

    def _scrub(self, element: Element) -> None:
        attributes = element.attributes
        who = ""
        for name in list(attributes):
            full = name if ":" in name else f"{element.name}@{name}"
            local = name.rpartition(":")[2]
            if full in tables.DROPPED_ATTRIBUTES or full in tables.DROPPED_OF_ELEMENT or local.startswith("rsid"):
                del attributes[name]
            elif full in tables.FIXED_ATTRIBUTES:
                attributes[name] = tables.FIXED_ATTRIBUTES[full]
            elif full in tables.NAMES:
                who = attributes[name]
                attributes[name] = self._people.name(who)
        for name in attributes:
            if (name if ":" in name else f"{element.name}@{name}") in tables.ACCOUNTS:
                attributes[name] = self._people.initials(who)
        if element.name.rpartition(":")[2] in _NAMED:
            attributes.pop("descr", None)
            attributes.pop("title", None)
            attributes["name"] = f"Object {attributes.get('id', '')}".strip()
        elif element.name.startswith("v:") and not _SHAPE_ID.fullmatch(attributes.get("id", "_x0000_s1")):
            del attributes["id"]
        elif element.name == "w:bookmarkStart" and attributes.get("w:name") == "_GoBack":
            attributes["w:name"] = "_bookmark"  # where its author stopped writing

    @staticmethod
    def _look_for_paths(attributes: Mapping[str, str]) -> None:
        for value in attributes.values():
            if ("\\" in value or "/" in value or ":" in value) and names_a_place(value):
                raise CleaningError("a path is left")
