"""What a file is, told from its bytes alone; names and media types are claims of the sender."""

from __future__ import annotations

from dropbox.cleaning import archive, images
from dropbox.cleaning.archive import Archive
from dropbox.cleaning.errors import CleaningError

OOXML, ODF, PDF, UNKNOWN = "ooxml", "odf", "pdf", "unknown"
_PDF_WITHIN = 1024  # readers look for the header so far into a file
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
    """Return the kind of a file: an image's, `ooxml`, `odf`, `pdf`, one that is not cleaned, or `unknown`."""
    if kind := images.image_kind(data):
        return kind
    if data.startswith(archive.MAGIC):
        return _kind_of_archive(data)
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return PDF
    for at, magic, kind in _OTHERS:
        if data[at : at + len(magic)] == magic:
            return kind
    return UNKNOWN


def _kind_of_archive(data: bytes) -> str:
    try:
        members = Archive(data).members
    except CleaningError:
        return "archive"
    if "[Content_Types].xml" in members:
        return OOXML
    return ODF if "mimetype" in members and "content.xml" in members else "archive"
