"""What a file is, told from its bytes alone; names and media types are claims of the sender."""

from __future__ import annotations

import re

from dropbox.cleaning import archive
from dropbox.cleaning.archive import Archive
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.images import image_kind

OOXML, ODF, PDF, TEXT, UNKNOWN = "ooxml", "odf", "pdf", "text", "unknown"
HEAD_BYTES = 1024
_PDF_WITHIN = HEAD_BYTES  # readers look for the header so far into a file
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Text that says more than its reader sees: markup, mail, visiting cards, PostScript, RTF.
_NOT_PLAIN = re.compile(
    r"\s*(<|%!|BEGIN:V|\{\\rt)"
    r"|(.*\n){0,40}(From|Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Content-Type|X-[\w-]+):\s",
    re.I,
)
# Characters without a shape tell the copies of one text apart: whoever gave it out finds who passed it on.
_INVISIBLE = re.compile(
    "[\x80-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
# A picture as letters, as notes and notebooks hold it: one long run, or lines of one length.
_ENCODED = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{200}|^(?:[0-9A-Za-z+/]{60,199}={0,2}\r?\n){4}", re.M)
# Known by sight so that a person can be told what it is; none of these is cleaned.
_OTHERS = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"II*\x00", "tiff"),
    (0, b"MM\x00*", "tiff"),
    (4, b"ftypheic", "heif"),
    (4, b"ftypheix", "heif"),
    (4, b"ftypmif1", "heif"),
    (4, b"ftypavif", "heif"),
    (4, b"ftyp", "video"),
    (0, b"\x1a\x45\xdf\xa3", "video"),
    (8, b"AVI ", "video"),
    (8, b"WAVE", "audio"),
    (0, b"ID3", "audio"),
    (0, b"OggS", "audio"),
    (0, b"\xff\xfb", "audio"),
    (0, b"{\\rtf", "rtf"),
    (0, b"BM", "bmp"),
    (0, b"Rar!\x1a\x07", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"\x1f\x8b", "archive"),
)


def kind_of(data: bytes) -> str:
    """Return the kind of a file: an image's, `ooxml`, `odf`, `pdf`, `text`, one that is not cleaned, or `unknown`."""
    if kind := image_kind(data):
        return kind
    if data.startswith(archive.MAGIC):
        return _kind_of_archive(data)
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return PDF
    for at, magic, kind in _OTHERS:
        if data[at : at + len(magic)] == magic:
            return kind
    return TEXT if _is_plain(data) else UNKNOWN


def may_be_cleaned(head: bytes) -> bool:
    """Tell by the first `HEAD_BYTES` bytes of a file whether it is worth the whole look.

    False for certain only: of any other file the kind is told from all of it.
    """
    if image_kind(head) or head.startswith(archive.MAGIC) or b"%PDF-" in head:
        return True
    return not _CONTROL.search(head.decode("utf-8", "ignore"))


def _is_plain(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    hidden = _CONTROL.search(text) or _INVISIBLE.search(text) or _ENCODED.search(text)
    return not hidden and not _NOT_PLAIN.match(text)


def _kind_of_archive(data: bytes) -> str:
    try:
        members = Archive(data).members
    except CleaningError:
        return "archive"
    if "[Content_Types].xml" in members:
        return OOXML
    return ODF if "mimetype" in members and "content.xml" in members else "archive"
