"""Files that are not cleaned: other kinds, macros, encryption."""

import io
import zipfile

from made import AUTHOR, Made, encoded, picture
from made_documents import PARTS, W, package


def others(made: Made) -> None:
    by = made.pip("Pillow")
    made.add("pillow.tiff", encoded(picture(), "TIFF", description=AUTHOR), by, "cannot")
    made.add("pillow.bmp", encoded(picture(), "BMP"), by, "cannot")
    made.add("text.txt", AUTHOR.encode(), "by hand", "cannot")
    made.add(
        "phone.heic",
        b"\x00\x00\x00\x18ftypheic" + bytes(20) + AUTHOR.encode(),
        "by hand, the first bytes only",
        "cannot",
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("penanda.txt", AUTHOR)
    made.add("archive.zip", buffer.getvalue(), "zipfile of Python", "cannot")


def macros(made: Made) -> None:
    kind = "application/vnd.ms-word.document.macroEnabled.main+xml"
    parts = {"word/document.xml": (kind, f"<w:document {W}><w:body/></w:document>")}
    data = package(parts, {"_rels/.rels": [("officeDocument", "word/document.xml", "")]})
    made.add("macros.docm", data, "by hand, after the layout of Microsoft Word 16", "cannot")


def entities(made: Made) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    parts = {
        "word/document.xml": (PARTS + "wordprocessingml.document.main+xml", bomb + f"<w:document {W}>&b;</w:document>")
    }
    data = package(parts, {"_rels/.rels": [("officeDocument", "word/document.xml", "")]})
    made.add("entities.docx", data, "by hand", "cannot")


def locked(made: Made) -> None:
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
        'manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", AUTHOR)
        archive.writestr("META-INF/manifest.xml", manifest)
    made.add("locked.odt", buffer.getvalue(), "by hand, after the layout of LibreOffice", "cannot")


MAKERS = [others, macros, entities, locked]
