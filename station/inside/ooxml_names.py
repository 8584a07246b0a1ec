"""Where DOCX, XLSX and PPTX name people and places, and where they keep what was changed by whom."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from station.inside.verdicts import DROP, KEEP, NOWHERE, UNWRAP, Part, local, names_a_place, split, words

LEFT_OUT = re.compile(r"(?i)docProps/thumbnail\..*")
_OURS = (
    "http://schemas.openxmlformats.org/",
    "http://purl.oclc.org/ooxml/",
    "http://schemas.microsoft.com/office/",
    "urn:schemas-microsoft-com:",
    "http://www.w3.org/XML/1998/namespace",
)
_FAMILIES = (("wordprocessingml", "w"), ("/word/", "w"), ("spreadsheetml", "x"), ("/excel/", "x"),
             ("presentationml", "p"), ("/powerpoint/", "p"), ("markup-compatibility", "mc"),
             ("package/2006/relationships", "rel"))  # fmt: skip

# What was inserted stays as if it had always been there, what was deleted goes: so every change is accepted.
_ACCEPTED = words("w:ins w:moveTo")
_UNDONE = re.compile(r"w:(del|moveFrom|\w+Change|cell(Ins|Del|Merge)|(move(From|To)|customXml\w+)Range(Start|End))")
_UNWRAPPED = words("w:smartTag w:customXml")
_DROPPED = words(
    """
    w:rsid w:rsids w:permStart w:permEnd w:fldData w:dataBinding w:smartTagPr w:customXmlPr w:nsid w:tmpl w:entryMacro
    w:exitMacro w:helpText w:statusText w:proofErr w:placeholder w:webExtensionLinked w:webExtensionCreated
    w:docVars w:attachedTemplate w:mailMerge w:tblCaption w:tblDescription x:fileVersion x:fileSharing x:absPath
    x:webPublishing x:webPublishItems x:webPublishObjects x:fileRecoveryPr x:customSheetViews x:customWorkbookViews
    x:protectedRanges x:smartTags x:smartTagPr x:smartTagTypes x:customProperties x:sheetProtection
    x:workbookProtection x:oleSize x:scenarios p:custDataLst p:smartTags p:modifyVerifier p:photoAlbum p:htmlPubPr
    p:webPr
    """
)
_SETTINGS = words(
    """
    view zoom displayBackgroundShape mirrorMargins alignBordersAndEdges bordersDoNotSurroundHeader
    bordersDoNotSurroundFooter gutterAtTop defaultTabStop autoHyphenation consecutiveHyphenLimit hyphenationZone
    doNotHyphenateCaps evenAndOddHeaders bookFoldRevPrinting bookFoldPrinting bookFoldPrintingSheets
    noPunctuationKerning characterSpacingControl printTwoOnOne strictFirstAndLastChars noLineBreaksAfter
    noLineBreaksBefore footnotePr endnotePr compat mathPr clrSchemeMapping decimalSymbol listSeparator themeFontLang
    """
)
_PEOPLE = words("author initials username user userid providerid lastmodifiedby refreshedby creator company manager ed")
_BESIDE = words(
    """
    descr title alt tooltip href althref gfxdata docLocation tgtFrame codeName paraId textId anchorId editId
    storeItemID Ignorable PreserveElements PreserveAttributes ProcessContent refreshedDate refreshedDateIso dT dt
    lastEdited hash salt saltValue hashValue
    """
)
_NAMED = words("docPr cNvPr")
_WHO = words("AUTHOR LASTSAVEDBY USERNAME USERINITIALS USERADDRESS FILENAME TEMPLATE")
_HARMLESS = words(
    """
    = PAGE NUMPAGES SECTION SECTIONPAGES REF PAGEREF NOTEREF STYLEREF SEQ TOC TC XE INDEX DATE TIME FORMTEXT
    FORMCHECKBOX FORMDROPDOWN SYMBOL EQ QUOTE LISTNUM AUTONUM AUTONUMLGL AUTONUMOUT ADVANCE NUMWORDS NUMCHARS
    """
)


def judge(element: ET.Element, parent: ET.Element, part: Part) -> str:
    """Return what becomes of an element; takes names out of its attributes."""
    uri, name = split(element.tag)
    key = f"{_family(uri)}:{name}"
    if uri and not uri.startswith(_OURS):
        return _dropped(element, part)
    if key in _DROPPED or _beside_the_point(element, key, parent):
        return _dropped(element, part)
    if _UNDONE.fullmatch(key) or (key == "w:tr" and _is_deleted(element)):
        _tell_people(element, part)
        return DROP
    if key in _ACCEPTED:
        _tell_people(element, part, deep=False)
        return UNWRAP
    if key in _UNWRAPPED:
        return UNWRAP
    if key == "w:fldSimple" and (what := _field(element.get(_same(element.tag, "instr"), ""))) != KEEP:
        return _dropped(element, part) if what == DROP else UNWRAP
    if key in ("x:f", "x:definedName") and names_a_place(element.text or ""):  # a cell keeps its value
        return _dropped(element, part)
    if key == "rel:Relationship":
        return _pointer(element, part)
    _scrub(element, name, key, part)
    return KEEP


def empty_fields(root: ET.Element, part: Part) -> None:
    """Empty instructions that name somebody, and what fields show that name who wrote the text."""
    open_: list[_Field] = []
    for element in root.iter():
        name = local(element.tag)
        if name == "fldChar":
            kind = element.get(_same(element.tag, "fldCharType"))
            if kind == "begin":
                open_.append(_Field())
            elif open_ and kind == "separate":
                open_[-1].begin_to_show(part)
            elif open_:
                ended = open_.pop()
                ended.begin_to_show(part)
        elif name == "instrText" and open_:
            open_[-1].instructions.append(element)
        elif name == "instrText":
            element.text = ""
        elif name == "t" and any(each.hides for each in open_):
            part.tell("field", element.text)
            element.text = ""
    for each in open_:  # it does not end
        each.begin_to_show(part)


class _Field:
    def __init__(self) -> None:
        self.instructions: list[ET.Element] = []
        self.hides = False

    def begin_to_show(self, part: Part) -> None:
        whole = "".join(element.text or "" for element in self.instructions)
        what = _field(whole)
        self.hides = what == DROP
        if what != KEEP:
            part.tell("field", whole)
            for element in self.instructions:
                element.text = ""
        self.instructions = []


def _field(instruction: str) -> str:
    """Say whether a field stays, goes with what it shows, or stays as what it shows."""
    first, *rest = instruction.split() or [""]
    names_somebody = first.upper() in ("DOCPROPERTY", "INFO") and re.search(
        r"(?i)author|manager|company|lastsavedby|template|filename", " ".join(rest)
    )
    if first.upper() in _WHO or names_somebody:
        return DROP
    known = not first or first.upper() in _HARMLESS or first.startswith("=")
    return KEEP if known and not names_a_place(instruction.replace("\\\\", "\\")) else UNWRAP


def _family(uri: str) -> str:
    return next((short for piece, short in _FAMILIES if piece in uri), "v" if uri.startswith("urn:") else "")


def _same(tag: str, name: str) -> str:
    return f"{tag.rpartition('}')[0]}}}{name}" if "}" in tag else name


def _beside_the_point(element: ET.Element, key: str, parent: ET.Element) -> bool:
    above = local(parent.tag)
    if above == "settings":
        return key.removeprefix("w:") not in _SETTINGS and local(element.tag) not in _SETTINGS
    if key == "mc:AlternateContent":
        return above == "workbook"
    return key.endswith(":extLst") and above not in ("worksheet", "cfRule")


def _is_deleted(row: ET.Element) -> bool:
    return any(local(mark.tag) == "del" for inner in row if local(inner.tag) == "trPr" for mark in inner)


def _dropped(element: ET.Element, part: Part) -> str:
    """Drop an element and tell what it said."""
    for inner in element.iter():
        for key, value in inner.attrib.items():
            part.tell(f"{local(inner.tag)} {local(key)}", value)
        part.tell(local(inner.tag), inner.text)
    return DROP


def _tell_people(element: ET.Element, part: Part, *, deep: bool = True) -> None:
    for inner in element.iter() if deep else [element]:
        for key, value in inner.attrib.items():
            if local(key).lower() in _PEOPLE or local(key) == "date":
                part.tell(f"{local(inner.tag)} {local(key)}", value)


def _pointer(element: ET.Element, part: Part) -> str:
    """Let a relationship lead nowhere when it leads out of the file."""
    word = element.get("Type", "").rstrip("/").rpartition("/")[2]
    if word in ("attachedTemplate", "thumbnail"):
        part.tell(word, element.get("Target") if word != "thumbnail" else "")
        return DROP
    if element.get("TargetMode") == "External" and element.get("Target") != NOWHERE:
        part.tell(word, element.get("Target"))
        element.set("Target", NOWHERE)
    return KEEP


def _scrub(element: ET.Element, name: str, key: str, part: Part) -> None:
    for attribute in list(element.attrib):
        uri, short = split(attribute)
        foreign = bool(uri) and not uri.startswith(_OURS)
        if foreign or short.lower() in _PEOPLE or short in _BESIDE or short.startswith("rsid") or (
            short == "date" and key.startswith("w:")
        ):  # fmt: skip
            part.tell(f"{name} {short}", element.attrib.pop(attribute))
    if name in _NAMED:
        called = f"Object {element.get('id', '')}".strip()
        if element.get("name", called) != called:
            part.tell(f"{name} name", element.get("name"))
        element.set("name", called)
    elif key == "p:cSld":
        part.tell("cSld name", element.attrib.pop("name", ""))
    elif name == "definedName":
        for said in ("comment", "description", "help", "statusBar"):
            part.tell(f"definedName {said}", element.attrib.pop(said, ""))
