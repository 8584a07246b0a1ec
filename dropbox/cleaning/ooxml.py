"""DOCX, XLSX and PPTX: the parts that a reader reaches over known relationships are rewritten into a new archive.

What no relationship leads to, what only programs remember, and the properties of the document stay behind.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dropbox.cleaning import images
from dropbox.cleaning import officetables as tables
from dropbox.cleaning.archive import Archive, ArchiveMaker
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_MEDIA_BYTES
from dropbox.cleaning.links import NOWHERE, may_stay
from dropbox.cleaning.officerules import OfficeRules
from dropbox.cleaning.people import People
from dropbox.cleaning.words import words
from dropbox.cleaning.work import Work
from dropbox.cleaning.xmlstream import document, element, read_elements, read_texts, rewrite

TYPES = "[Content_Types].xml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_MAIN = {"wordprocessingml": "docx", "spreadsheetml": "xlsx", "presentationml": "pptx"}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_INNER_TYPES = {
    "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
}
_XML_TYPE = re.compile(
    r"application/vnd\.(openxmlformats-officedocument|ms-[a-z]+)\.[\w.-]+\+?xml|application/vnd\.ms-[\w.-]+\+xml"
)
_POINTERS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
_VML_TYPE = _OFFICE + "vmlDrawing"
_ID = re.compile(r"[A-Za-z_][\w.-]{0,40}")
_FOLDERS = {"word": "word", "xl": "xl", "ppt": "ppt"}
_STEM = re.compile(r"(?:[a-zA-Z]{2,20}/)?([a-zA-Z]{2,24})\d{0,5}\.(?:xml|vml)")
_STEMS = words(
    """
    document settings styles numbering fontTable footnotes endnotes comments header footer theme themeOverride chart
    chartEx colors style drawing vmlDrawing workbook sheet worksheet sharedStrings table pivotTable person persons
    pivotCacheDefinition pivotCacheRecords externalLink threadedComment metadata ctrlProp data layout quickStyle
    presentation slide slideLayout slideMaster notesSlide notesMaster handoutMaster presProps tableStyles authors
    commentAuthors comment modernComment
    """
)


@dataclass(frozen=True, slots=True)
class Relationship:
    """Where a part points. `target` is a part's name, or for `external` ones an address."""

    id: str
    type: str
    target: str
    external: bool

    @property
    def word(self) -> str:
        """The last word of the type."""
        return self.type.rstrip("/").rpartition("/")[2]


@dataclass(slots=True)
class _Part:
    """A part that stays: how it is treated, under which name, and where it points."""

    name: str
    kind: str  # xml, image or package
    type: str
    kept: list[Relationship] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)


def clean_ooxml(data: bytes, work: Work) -> tuple[bytes, str]:
    """Return the cleaned document, and whether it is docx, xlsx or pptx. Raises CleaningError."""
    return _Package(data, work).clean()


def relationships_name(part: str) -> str:
    """Return the name of the member that says where a part points; of the whole package for no part."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", name + ".rels")


class _Package:
    def __init__(self, data: bytes, work: Work) -> None:
        self._archive, self._work, self._people = Archive(data), work, People()
        self._defaults: dict[str, str] = {}
        self._overrides: dict[str, str] = {}
        for local, attributes in read_elements(self._archive.read(TYPES)):
            if local == "Default":
                self._defaults[attributes.get("Extension", "").lower()] = attributes.get("ContentType", "")
            elif local == "Override":
                self._overrides[attributes.get("PartName", "").lstrip("/")] = attributes.get("ContentType", "")
        if any("macroEnabled" in t or "vbaProject" in t for t in (*self._defaults.values(), *self._overrides.values())):
            raise CleaningError("a document with macros")
        self._parts: dict[str, _Part] = {}
        self._taken: set[str] = set()
        self._inner: dict[str, bytes] = {}

    def clean(self) -> tuple[bytes, str]:
        mains = [r for r in self._relationships("") if self._keeps_root(r)]
        if len(mains) != 1:
            raise CleaningError("a document without a main part")
        main = self._part(mains[0].target, "officeDocument")
        kind = next((k for word, k in _MAIN.items() if word in main.type), "")
        if not kind:
            raise CleaningError("a document of another kind")
        self._meet()
        self._follow()
        maker = ArchiveMaker()
        maker.add(TYPES, [self._types()])
        first = Relationship("rId1", mains[0].type, mains[0].target, False)
        maker.add(relationships_name(""), [self._pointers("", [first])])
        for name in self._archive.members:
            if name in self._parts:
                part = self._parts[name]
                maker.add(part.name, self._content(name, part))
                if part.kept:
                    maker.add(relationships_name(part.name), [self._pointers(part.name, part.kept)])
        return maker.finish(), kind

    def _meet(self) -> None:
        """Learn from the properties whose names may stand in the document."""
        for relationship in self._relationships(""):
            if relationship.word == "core-properties" and relationship.target in self._archive.members:
                for local, text in read_texts(self._archive.read(relationship.target)):
                    if local in ("creator", "lastModifiedBy"):
                        self._people.know(text)

    @staticmethod
    def _keeps_root(relationship: Relationship) -> bool:
        if relationship.word == "officeDocument" and not relationship.external:
            return True
        if relationship.word not in tables.DROPPED_RELATIONSHIPS:
            raise CleaningError("a document that is signed or extended")
        return False

    def _relationships(self, part: str) -> Iterator[Relationship]:
        """Yield where a part points. Targets are resolved to names of members."""
        name = relationships_name(part)
        if name not in self._archive.members:
            return
        for local, attributes in read_elements(self._archive.read(name)):
            if local != "Relationship":
                continue
            target, external = attributes.get("Target", ""), attributes.get("TargetMode") == "External"
            if not external and not target.startswith("#"):
                base = "/" if target.startswith("/") else "/" + posixpath.dirname(part)
                target = posixpath.normpath(posixpath.join(base, target)).lstrip("/")
            found = Relationship(attributes.get("Id", ""), attributes.get("Type", ""), target, external)
            if not _ID.fullmatch(found.id):
                raise CleaningError("a relationship is damaged")
            yield found

    def _follow(self) -> None:
        """Reach every part that stays, from the main part on."""
        waiting = list(self._parts)
        while waiting:
            self._work.check()
            name = waiting.pop()
            for relationship in self._relationships(name):
                kept = self._decide(relationship)
                if kept is None:
                    self._parts[name].gone.add(relationship.id)
                    continue
                self._parts[name].kept.append(kept)
                if not kept.external and not kept.target.startswith("#") and kept.target not in self._parts:
                    self._part(kept.target, kept.word)
                    waiting.append(kept.target)

    def _decide(self, found: Relationship) -> Relationship | None:
        """Return a relationship as it stays, or None when it goes. Raises CleaningError for unknown ones."""
        word = found.word
        if word in tables.DROPPED_RELATIONSHIPS:
            return None
        if found.external or found.target.startswith("#"):
            if word not in tables.LINKS:
                raise CleaningError("a part lies outside")
            harmless = word == "hyperlink" and may_stay(found.target)
            elsewhere = NOWHERE if word in ("hyperlink", "image") else "external.xlsx"
            return Relationship(found.id, found.type, found.target if harmless else elsewhere, found.external)
        if word == "hyperlink":
            return found if found.target in self._parts else None
        if word == tables.IMAGE and self._is_drawing(found.target):
            return None
        if word not in tables.KEPT_RELATIONSHIPS and word not in (tables.IMAGE, tables.PACKAGE):
            raise CleaningError("a part of an unknown kind")
        return found

    def _is_drawing(self, name: str) -> bool:
        """Say whether an image is an SVG: there is always a PNG beside it, which is shown in its place."""
        head = next(self._archive.pieces(name), b"")[:2000]
        return not images.image_kind(head) and b"<svg" in head

    def _part(self, name: str, word: str) -> _Part:
        """Take note of a part that stays."""
        if name not in self._archive.members:
            raise CleaningError("a part is missing")
        declared = self._overrides.get(name) or self._defaults.get(name.rpartition(".")[2].lower(), "")
        if word == tables.IMAGE:
            kind = images.image_kind(next(self._archive.pieces(name), b""))
            if not kind:
                raise CleaningError("an image of another kind")
            part = _Part(self._free(name, f"media/image{{}}.{kind}"), "image", f"image/{kind}")
        elif word == tables.PACKAGE:
            self._inner[name], kind = clean_ooxml(self._archive.read(name, MAX_MEDIA_BYTES), self._work.inside())
            part = _Part(self._free(name, f"embeddings/embedded{{}}.{kind}"), "package", _INNER_TYPES[kind])
        else:
            if declared != _VML_TYPE and not _XML_TYPE.fullmatch(declared):
                raise CleaningError("a part of an unknown type")
            stem = _STEM.fullmatch(name.partition("/")[2])
            ours = stem is not None and stem[1] in _STEMS and name not in self._taken
            ending = "vml" if declared == _VML_TYPE else "xml"
            part = _Part(name if ours else self._free(name, f"part{{}}.{ending}"), "xml", declared)
        self._taken.add(part.name)
        self._parts[name] = part
        return part

    def _free(self, name: str, pattern: str) -> str:
        """Return a name that nobody chose, in the folder of the application."""
        folder = _FOLDERS.get(name.partition("/")[0], "parts")
        number = 1
        while (found := f"{folder}/{pattern.format(number)}") in self._taken:
            number += 1
        return found

    def _types(self) -> bytes:
        defaults = {"rels": _POINTERS_TYPE, "xml": "application/xml"}
        inner = "".join(element("Default", {"Extension": e, "ContentType": t}) for e, t in defaults.items())
        inner += "".join(
            element("Override", {"PartName": "/" + part.name, "ContentType": part.type})
            for part in sorted(self._parts.values(), key=lambda p: p.name)
        )
        return document(element("Types", {"xmlns": _PACKAGE + "content-types"}, inner))

    def _pointers(self, part: str, kept: list[Relationship]) -> bytes:
        inner = ""
        for r in kept:
            attributes = {"Id": r.id, "Type": r.type}
            if r.external:
                attributes |= {"Target": r.target, "TargetMode": "External"}
            elif r.target.startswith("#"):
                attributes |= {"Target": r.target}
            else:
                target = self._parts[r.target].name
                attributes |= {"Target": posixpath.relpath(target, posixpath.dirname(part) or ".")}
            inner += element("Relationship", attributes)
        return document(element("Relationships", {"xmlns": _PACKAGE + "relationships"}, inner))

    def _content(self, name: str, part: _Part) -> Iterator[bytes]:
        if part.kind == "package":
            return iter([self._inner[name]])
        if part.kind == "image":
            return iter([images.clean_image(self._archive.read(name, MAX_MEDIA_BYTES))])
        rules = OfficeRules(self._people, part.gone, {r.id for r in part.kept})
        return rewrite(self._archive.pieces(name), rules, self._work)
