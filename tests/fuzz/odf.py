"""Open documents: what comes out is a whole archive that its manifest describes."""

from __future__ import annotations

import io
import random
import zipfile
from xml.etree import ElementTree

from dropbox.cleaning.odf import clean_odf
from dropbox.cleaning.work import Work
from fuzz import cleaned, ooxml, zips

MAX_LEN = 16_384
WORDS = (
    b"file:///home/sari/a.odt", b"http://intranet.local/x", b"https://example.org/a", b"Pictures/1.png", b"./Object 1",
    b"Object 1/content.xml", b"<dc:creator>Sari</dc:creator>", b"<x/>", b"<!-- c -->", b"<?p i?>", b"&#xD;", b"]]>",
    b"<office:annotation>", b"<text:p>", b"</text:p>", b"<text:a xlink:href='file:///a'>", b"<office:scripts/>",
    b"<draw:object xlink:href='./Object 1'/>", b"<text:author-name/>", b"application/vnd.oasis.opendocument.chart", b"/",
    b"<config:config-item config:name='a' config:type='boolean'>", b"xmlns=''", b"<text:tracked-changes>", b"#a",
)  # fmt: skip
PATH = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}full-path"


def one(data: bytes) -> None:
    """Clean a document, and open what comes out with other tools."""
    if not data.startswith(b"PK\x03\x04"):
        return
    cleaned.check_raises(lambda d: clean_odf(d, Work()), data)
    if (found := cleaned.check_answer(data, 2)) is None:
        return
    ooxml.check(found)
    with zipfile.ZipFile(io.BytesIO(found)) as archive:
        if "mimetype" not in (names := set(archive.namelist())):
            return  # it was an Office document
        assert archive.infolist()[0].filename == "mimetype" and "meta.xml" not in names
        listed = {e.get(PATH) for e in ElementTree.fromstring(archive.read("META-INF/manifest.xml"))}
        assert names - {"mimetype", "META-INF/manifest.xml"} == {n for n in listed if n and not n.endswith("/")}


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change one member."""
    return zips.mutate(data, dice, WORDS)
