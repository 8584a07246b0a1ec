"""Office files without people and places: what mat2 passes over is taken out of their XML, before and after it.

An element or attribute stays when nothing here knows it to name somebody. What looks like a name or a path and is
still there at the end makes the whole file one that cannot be cleaned.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from station.inside import odf_names, ooxml_names
from station.inside.frames import FileError
from station.inside.kinds import kind_of
from station.inside.tails import gif_alone
from station.inside.verdicts import DROP, KEEP, UNWRAP, Part, local, names_a_place

MOST_BYTES, MOST_DEPTH = 256 * 2**20, 3
Rules = Callable[[ET.Element, ET.Element, Part], str]
_XML = (".xml", ".rels", ".vml", ".rdf")
_PICTURES = ("png", "jpeg", "tiff")  # made anew by mat2, bytes behind their end with them
_FIRST = {"mimetype": 0, "META-INF/manifest.xml": 1}  # the latter says whether the rest can be read
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_DAMAGED = (zipfile.BadZipFile, zlib.error, ET.ParseError, NotImplementedError, RuntimeError, ValueError, LookupError)
_PEOPLE = re.compile(
    r"author|creator|createdby|modifiedby|saved-?by|user-?name|user-?id|initials|company|manager|printed-by", re.I
)
_INSTRUCTIONS = frozenset({"f", "definedName", "instrText", "delInstrText", "formula"})


@dataclass(slots=True)
class Scrub:
    """One pass over an archive. Strict is the second one: then every member must be of a known kind."""

    strict: bool
    told: list[str] = field(default_factory=list)

    def archive(self, data: bytes, depth: int = 0) -> bytes:
        """Return an archive with its members scrubbed; raises FileError."""
        if depth > MOST_DEPTH:
            raise FileError("members")
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as source:
                members = [m for m in source.infolist() if not m.is_dir()]
                names = {m.filename for m in members}
                if sum(m.file_size for m in members) > MOST_BYTES:
                    raise FileError("bomb")
                if len(names) != len(members):
                    raise FileError("damaged")
                odf = "mimetype" in names
                left = {n for n in names if not (odf_names.LEFT_OUT if odf else ooxml_names.LEFT_OUT).fullmatch(n)}
                out = io.BytesIO()
                with zipfile.ZipFile(out, "w") as made:
                    members.sort(key=lambda m: _FIRST.get(m.filename, len(_FIRST)))
                    for member in (m for m in members if m.filename in left):
                        content = self._member(member.filename, source.read(member), left, depth, odf=odf)
                        info = zipfile.ZipInfo(member.filename, _FIRST_DAY)
                        made.writestr(info, content, zipfile.ZIP_STORED if odf and info.filename == "mimetype" else 8)
        except _DAMAGED:
            raise FileError("damaged") from None
        return out.getvalue()

    def _member(self, name: str, content: bytes, names: set[str], depth: int, *, odf: bool) -> bytes:
        if name == "mimetype":
            if not re.fullmatch(rb"application/vnd\.oasis\.opendocument\.[a-z]+(-template)?\s*", content):
                raise FileError("members")
            return content
        if name.lower().endswith(_XML):
            if not content or (not self.strict and name.startswith("docProps/")):  # mat2 tells and empties those
                return content
            return self._xml(name, content, names, odf=odf)
        kind = kind_of(content)
        if kind in ("docx", "xlsx", "pptx", "odt", "ods", "odp"):
            return self.archive(content, depth + 1)
        if kind == "gif":
            alone, told = gif_alone(content)
            self.told += told
            return alone
        if self.strict and kind not in _PICTURES:
            raise FileError("members")
        return content

    def _xml(self, name: str, content: bytes, names: set[str], *, odf: bool) -> bytes:
        root = _parsed(content)
        here = Part(name, names, self.told)
        rules: Rules = odf_names.judge if odf else ooxml_names.judge
        before = ET.Element("")
        if rules(root, before, here) != KEEP:
            raise FileError("members")
        _tidy(root, rules, here)
        if not odf:
            ooxml_names.empty_fields(root, here)
        if self.strict:
            _look(root)
        made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return made


def _parsed(content: bytes) -> ET.Element:
    """Read XML; prefixes stay those of the file, since `mc:Choice` names some by theirs."""
    reading = ET.iterparse(io.BytesIO(content), ("start-ns",))  # noqa: S314  # behind closed doors, as mat2 does
    for _, (prefix, uri) in reading:
        ET.register_namespace(f"x{prefix}" if re.match(r"ns\d+$", prefix, re.I) else prefix, uri)
    root: ET.Element = reading.root  # type: ignore[attr-defined]
    return root


def _tidy(element: ET.Element, rules: Rules, part: Part) -> None:
    kept: list[ET.Element] = []

    def follow(text: str | None) -> None:
        if text and kept:
            kept[-1].tail = (kept[-1].tail or "") + text
        elif text:
            element.text = (element.text or "") + text

    for inner in list(element):
        verdict, after = rules(inner, element, part), inner.tail
        if verdict == DROP:
            follow(after)
            continue
        _tidy(inner, rules, part)
        if verdict == UNWRAP:
            follow(inner.text)
            kept += list(inner)
            follow(after)
        else:
            kept.append(inner)
    element[:] = kept


def _look(root: ET.Element) -> None:
    """Raise FileError where a name or a place is left all the same."""
    for element in root.iter():
        name = local(element.tag)
        if _PEOPLE.search(name) and (element.text or "").strip():
            raise FileError("names")
        if name in _INSTRUCTIONS and names_a_place(element.text or ""):
            raise FileError("places")
        for key, value in element.attrib.items():
            if value and _PEOPLE.search(local(key)):
                raise FileError("names")
            leads_inside = local(element.tag) == "Relationship" and not re.search(r"[:\\]", value)
            if names_a_place(value) and not leads_inside:
                raise FileError("places")
