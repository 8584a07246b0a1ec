"""Where ODT, ODS and ODP name people and places, and where they keep what was changed by whom."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from station.inside.frames import FileError
from station.inside.verdicts import DROP, KEEP, NOWHERE, UNWRAP, Part, local, names_a_place, split, words

LEFT_OUT = re.compile(r"manifest\.rdf|meta\.xml|(Thumbnails|Configurations2|ObjectReplacements)/.*|layout-cache")
_OURS = (
    "urn:oasis:names:tc:opendocument:",
    "urn:org:documentfoundation:",
    "urn:openoffice:",
    "http://openoffice.org/",
    "http://www.w3.org/1999/xlink",
    "http://purl.org/dc/elements/1.1/",
    "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/XML/1998/namespace",
)
# Fields that show who writes, and where the file lies.
_WHO = re.compile(
    r"(author-(name|initials)|initial-creator|creator|printed-by|file-name|template-name|sender-\w[\w-]*)"
)
_FIELDS = words(
    """
    creation-date creation-time modification-date modification-time print-date print-time user-defined title subject
    keywords description editing-cycles editing-duration database-display database-name database-row-number
    dde-connection execute-macro script meta-field
    """
)
_DROPPED = words(
    """
    param scripts event-listeners desc font-face-src dde-source table-source cell-range-source dde-links
    dde-connection-decls section-source named-expression-source alphabetical-index-auto-mark-file
    connection-resource scenario-source meta date-string config-item-map-indexed config-item-map-named
    config-item-map-entry tracked-changes change change-start change-end
    """
)
_FORBIDDEN = words(
    """
    object-ole plugin applet floating-frame binary-data database-next database-row-select sound audio data-source
    event-listener
    """
)
_ATTRIBUTES = words(
    """
    rsid paragraph-rsid target-frame-name protection-key protection-key-digest-algorithm
    protection-key-digest-algorithm-2 notify-on-update-of-ranges filter-name
    """
)
_SHAPES = words(
    """
    frame custom-shape rect line polyline polygon regular-polygon path circle ellipse connector caption measure
    control page-thumbnail g
    """
)
_SETTING_TYPES = words("boolean short int long")
_SETTINGS = words("Rsid RsidRoot PrinterIndependentLayoutId CurrentDatabaseCommandType")


def judge(element: ET.Element, _parent: ET.Element, part: Part) -> str:
    """Return what becomes of an element; takes names out of its attributes. Raises FileError."""
    uri, name = split(element.tag)
    kind = uri.removeprefix("urn:oasis:names:tc:opendocument:xmlns:").partition(":")[0]
    if not uri.startswith(_OURS):
        return _dropped(element, part)
    if name in _FORBIDDEN and kind != "svg-compatible":
        raise FileError("members")
    if name == "encryption-data":
        raise FileError("locked")
    if name == "tracked-changes":
        for inner in element.iter():
            if local(inner.tag) in ("creator", "date"):
                part.tell(local(inner.tag), inner.text)
        return DROP
    if kind == "text" and _WHO.fullmatch(name):
        return _dropped(element, part)
    if kind == "text" and name in _FIELDS:
        return UNWRAP
    if name in _DROPPED or (name == "title" and kind != "text" and kind != "chart") or _is_no_look(element, name):
        return _dropped(element, part)
    if kind == "manifest" and name == "file-entry" and _is_gone(element):
        return DROP
    return _scrub(element, name, part)


def _dropped(element: ET.Element, part: Part) -> str:
    for inner in element.iter():
        part.tell(inner.get(next((k for k in inner.attrib if local(k) == "name"), ""), local(inner.tag)), inner.text)
    return DROP


def _is_no_look(element: ET.Element, name: str) -> bool:
    """Say whether a setting is a text: of a printer, a person, a source of data."""
    if name != "config-item":
        return False
    said = {local(key): value for key, value in element.attrib.items()}
    return said.get("type") not in _SETTING_TYPES or said.get("name") in _SETTINGS


def _is_gone(entry: ET.Element) -> bool:
    path = next((value for key, value in entry.attrib.items() if local(key) == "full-path"), "")
    return bool(LEFT_OUT.fullmatch(path))


def _scrub(element: ET.Element, name: str, part: Part) -> str:
    for attribute in list(element.attrib):
        uri, short = split(attribute)
        foreign = bool(uri) and not uri.startswith(_OURS)
        office = uri.endswith((":office:1.0", "/xlink")) and short in ("title", "name") and "annotation" not in name
        shape = name in _SHAPES and short == "name" and "drawing" in uri
        elsewhere = short == "formula" and names_a_place(element.attrib[attribute])
        if foreign or office or shape or elsewhere or short in _ATTRIBUTES or ":meta:" in uri:
            part.tell(f"{name} {short}", element.attrib.pop(attribute))
        elif short == "href" and _leads_out(element.attrib[attribute], part):
            part.tell(f"{name} {short}", element.attrib[attribute])
            element.set(attribute, NOWHERE)
    return KEEP


def _leads_out(target: str, part: Part) -> bool:
    inside = target.removeprefix("./").rstrip("/")
    known = inside in part.names or any(name.startswith(inside + "/") for name in part.names)
    return bool(inside) and not known and not target.startswith("#") and target != NOWHERE
