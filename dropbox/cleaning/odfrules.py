"""What stays of the XML of an OpenDocument file: text, looks, comments and tracked changes, but nobody's name."""

from __future__ import annotations

from collections.abc import Mapping

from dropbox.cleaning import odftables as tables
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.links import NOWHERE, may_stay, names_a_place
from dropbox.cleaning.people import People
from dropbox.cleaning.xmlstream import Element, Place, Rules, Verdict

_SUBDOCUMENT = "draw:object"


class OdfRules(Rules):
    """Rules of one stream. `names` gives every member that stays its new name, as links inside write it."""

    namespaces = tables.NAMESPACES

    def __init__(self, people: People, names: Mapping[str, str]) -> None:
        self._people, self._names = people, names
        self._in_text = False  # of a comment, before its first words
        self._latest = ""  # who is named by the comment that is being read

    def foreign(self, element: Element) -> Verdict:
        """Drop: readers pass over what they do not know."""
        return Verdict.DROP

    def judge(self, element: Element) -> Verdict:
        """Apply the tables, then what needs more than a table."""
        name = element.name
        if name in tables.FORBIDDEN:
            raise CleaningError("a part of another kind")
        if name in tables.DROPPED or (name.startswith("meta:") and name not in tables.INITIALS):
            return Verdict.DROP
        if name in tables.INITIALS or name in tables.NAMES or name in tables.DATES:
            if name in tables.NAME_FIELDS or name == "text:author-initials":
                element.attributes["text:fixed"] = "true"  # or the name of its reader would come in
            return Verdict.TEXT
        if name == "office:annotation":
            self._in_text = True
        self.watching = self._in_text and name.startswith("text:")
        if name in tables.UNWRAPPED:
            return Verdict.UNWRAP
        if name == "config:config-item" and not self._is_look(element):
            return Verdict.DROP
        if name.startswith("config:config-item-map") or element.attributes.get("config:name") == "ooo:view-settings":
            return Verdict.DROP
        return self._scrub(element)

    def text(self, element: Element, text: str, place: Place) -> str:
        """Return the stand-in for a name, its initials, or a date."""
        if element.name in tables.NAMES:
            self._latest = text
            return self._people.name(text)
        if element.name in tables.DATES:
            return tables.NO_DAY
        return self._people.initials(self._latest)

    def heard(self, text: str) -> str:
        """Return the first words of a comment without the name put before them."""
        if not text.strip():
            return text
        self.watching = self._in_text = False
        return self._people.unsigned(text)

    @staticmethod
    def _is_look(element: Element) -> bool:
        kind, name = element.attributes.get("config:type", ""), element.attributes.get("config:name", "")
        return kind in tables.SETTING_TYPES and name not in tables.DROPPED_SETTINGS

    def _scrub(self, element: Element) -> Verdict:
        attributes = element.attributes
        for name in [n for n in attributes if n in tables.DROPPED_ATTRIBUTES or n.startswith("meta:")]:
            if name != "office:name" or element.name not in ("office:annotation", "office:annotation-end"):
                del attributes[name]
        if element.name in tables.NAMED:
            attributes.pop("draw:name", None)
        target = attributes.get("xlink:href")
        if target is not None:
            found = self._target(element.name, target)
            if found is None:
                return Verdict.DROP
            attributes["xlink:href"] = found
        if names_a_place(attributes.get("table:formula", "")):
            del attributes["table:formula"]
        for value in attributes.values():
            if ("/" in value or "\\" in value or ":" in value) and names_a_place(value):
                raise CleaningError("a path is left")
        return Verdict.KEEP

    def _target(self, element: str, target: str) -> str | None:
        """Return where a link leads from now on; None when its element goes."""
        inside = target.removeprefix("./").rstrip("/")
        if inside in self._names:
            return ("./" if target.startswith("./") else "") + self._names[inside]
        if may_stay(target) and element in ("text:a", "draw:a", "form:button", "presentation:event-listener"):
            return target
        if target.startswith("#") and not names_a_place(target):
            return target
        if element in ("text:a", "draw:a"):
            return NOWHERE
        return None if element.startswith("draw:") or not target else NOWHERE
