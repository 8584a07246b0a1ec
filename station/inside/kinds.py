"""What a file is, told from its bytes alone; names and media types are claims of the sender."""

from __future__ import annotations

import io
import re
import zipfile

# Kinds that are rendered
PICTURES = ("png", "jpeg", "gif", "webp", "bmp", "tiff")
OFFICE = ("docx", "xlsx", "pptx", "odt", "ods", "odp", "rtf", "doc", "xls", "ppt")
HEAD_BYTES = 1_024
_HEADS = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (0, b"II*\x00", "tiff"),
    (0, b"MM\x00*", "tiff"),
    (0, b"{\\rtf", "rtf"),
    (4, b"ftypheic", "heif"),
    (4, b"ftypheix", "heif"),
    (4, b"ftypmif1", "heif"),
    (4, b"ftypavif", "heif"),
    (4, b"ftypM4A", "audio"),
    (4, b"ftyp", "video"),
    (0, b"\x1a\x45\xdf\xa3", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
    (0, b"FLV\x01", "video"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (8, b"AVI ", "video"),
    (8, b"WAVE", "audio"),
    (0, b"ID3", "audio"),
    (0, b"OggS", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"#!AMR", "audio"),
    (0, b"\xff\xfb", "audio"),
    (0, b"\xff\xf1", "audio"),
    (0, b"Rar!\x1a\x07", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ\x00", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),
    (257, b"ustar", "archive"),
    (0, b"MZ", "program"),
    (0, b"\x7fELF", "program"),
    (0, b"#!", "program"),
    (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"\xcf\xfa\xed\xfe", "program"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "program"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS = (
    ("EncryptedPackage", "locked"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("__substg1.0_", "outlook"),
)
_OPEN_DOCUMENT = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}
_PLAYLIST = re.compile(
    r"\s*(#EXTM3U|\[playlist\]|<asx\b|<\?wpl\b|<\?zpl\b|(<\?xml[^>]*>\s*)?(<smil|<playlist)\b)", re.I
)
_SVG = re.compile(r"<([\w-]+:)?svg\b", re.I)
_HTML = re.compile(r"\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body|script)\b", re.I | re.S)
_MAIL = re.compile(
    r"(From .*\r?\n)?([\w-]+:.*\r?\n([ \t].*\r?\n)*){0,60}"
    r"(Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Subject|From):[ \t]",
    re.I,
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_TAIL = 65_536 + 22  # where the directory of a ZIP file ends


def kind_of(data: bytes) -> str:
    """Return a kind of `PICTURES` or `OFFICE`, `pdf`, `text`, `mail`, one that is not shown, or `unknown`."""
    if not data:
        return "empty"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(data)
    if data.startswith(_OLE):
        return next((kind for name, kind in _STREAMS if name.encode("utf-16-le") in data), "unknown")
    for at, magic, kind in _HEADS:
        if data[at : at + len(magic)] == magic:
            return kind
    if data.startswith(b"BM") and data[6:10] == bytes(4):
        return "bmp"
    if b"%PDF-" in data[:HEAD_BYTES]:
        return "pdf"
    text = decoded(data)
    return "unknown" if text is None else _kind_of_text(text[:_TAIL])


def also(data: bytes, kind: str) -> str:
    """Return what else a file could be taken for, or nothing: one file with two faces."""
    rest = data[2:HEAD_BYTES]
    if kind in (*PICTURES, "pdf") and b"PK\x05\x06" in data[-_TAIL:]:
        return "zip"
    if kind != "pdf" and b"%PDF-" in rest and kind not in ("text", "mail"):
        return "pdf"
    if kind in PICTURES and (data[6:8] in (b"/*", b"=1", b"='") or re.search(rb"<script|<\?php|<html", data, re.I)):
        return "script"
    return ""


def decoded(data: bytes) -> str | None:
    """Return text, read as what it most likely is; None when it is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return None if _CONTROL.search(text) else text


def _kind_of_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype")[:100].decode("ascii", "replace") if _small(archive, "mimetype") else ""
    except Exception:
        return "archive"
    if "[Content_Types].xml" in names:
        for folder, office in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(name.startswith(folder) for name in names):
                return office
    if names & {"META-INF/MANIFEST.MF", "classes.dex", "AndroidManifest.xml"}:
        return "program"
    return _OPEN_DOCUMENT.get(kind.rpartition("opendocument.")[2], "archive")


def _small(archive: zipfile.ZipFile, name: str) -> bool:
    return name in archive.namelist() and archive.getinfo(name).file_size < HEAD_BYTES


def _kind_of_text(text: str) -> str:
    if _PLAYLIST.match(text):
        return "playlist"
    if _SVG.search(text[:4_096]):
        return "svg"
    if _HTML.match(text):
        return "html"
    return "mail" if _MAIL.match(text[:16_384]) else "text"
