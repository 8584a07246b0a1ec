"""Office documents: what comes out is a whole archive, every part of which something points to."""

from __future__ import annotations

import io
import posixpath
import random
import zipfile
from xml.etree import ElementTree

from dropbox.cleaning.ooxml import clean_ooxml
from dropbox.cleaning.work import Work
from fuzz import cleaned, zips

MAX_LEN = 16_384
WORDS = (
    b"file:///C:/Users/sari/a.docx", b"http://intranet.local/x", b"https://example.org/a", b"External", b"rId1", b"rId2",
    b"#x", b"/word/document.xml", b"officeDocument", b"<w:ins w:author='Sari' w:id='1'/>", b"<x/>", b"<!-- c -->", b"<?p i?>",
    b"application/vnd.ms-office.activeX+xml", b"<w:fldChar w:fldCharType='begin'/>", b"<w:fldChar w:fldCharType='end'/>",
    b"<w:instrText> AUTHOR </w:instrText>", b"<mc:AlternateContent/>", b"mc:Ignorable='w14'", b"&#xD;", b"&lt;", b"]]>",
    b"<![CDATA[x]]>", b"<w:hyperlink r:id='rId1'>", b"<w:t>", b"</w:t>", b"<w:sdt>", b"<w:smartTag>", b"xmlns=''",
)  # fmt: skip
_DAY = (1980, 1, 1, 0, 0, 0)


def one(data: bytes) -> None:
    """Clean a document, and open what comes out with other tools."""
    if not data.startswith(b"PK\x03\x04"):
        return
    cleaned.check_raises(lambda d: clean_ooxml(d, Work()), data)
    if (found := cleaned.check_answer(data, 2)) is not None:
        check(found)


def check(data: bytes) -> None:
    """See that members are whole and have no day, that XML is well formed, and that pointers lead somewhere."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None and not archive.comment
        names = archive.namelist()
        assert len(set(names)) == len(names)
        for info in archive.infolist():
            assert info.date_time == _DAY and not info.extra and not info.comment
            if info.filename.endswith((".xml", ".rels", ".vml")):
                root = ElementTree.fromstring(archive.read(info))
                if info.filename.endswith(".rels"):
                    check_pointers(info.filename, root, set(names))


def check_pointers(name: str, root: ElementTree.Element, names: set[str]) -> None:
    base = posixpath.dirname(posixpath.dirname(name))
    for pointer in root:
        target = pointer.get("Target", "")
        if pointer.get("TargetMode") != "External" and not target.startswith("#"):
            assert posixpath.normpath(posixpath.join(base, target)) in names


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change one member."""
    return zips.mutate(data, dice, WORDS)
