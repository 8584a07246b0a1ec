"""The one door: a file goes in, a cleaned file or the word that it cannot be cleaned comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from dropbox.cleaning import images, kinds, odf, ooxml, pdf
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_FILE_BYTES
from dropbox.cleaning.work import Work


class Outcome(StrEnum):
    """What became of a file."""

    CLEANED = "cleaned"
    CANNOT = "cannot"
    PLAIN = "plain"  # text without anything that a reader does not see: it goes as it is


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The outcome, the cleaned file (none when it cannot be), and what kind of file it is.

    `kind` is jpeg, png, webp, gif, docx, xlsx, pptx, odt, ods, odp or pdf when cleaned. Otherwise it is the
    best guess there is: one of those, the name of a family (ooxml, odf, ole, tiff, heif, bmp, video, audio,
    rtf, archive, text) or unknown.
    """

    outcome: Outcome
    data: bytes | None
    kind: str


_DOCUMENTS: dict[str, Callable[[bytes, Work], tuple[bytes, str]]] = {
    kinds.OOXML: ooxml.clean_ooxml,
    kinds.ODF: odf.clean_odf,
    kinds.PDF: lambda data, work: (pdf.clean_pdf(data, work), kinds.PDF),
}


def clean(data: bytes) -> Cleaned:
    """Remove from a file what identifies a person or a device. Never raises.

    It fails closed: whatever goes wrong, a damaged file or a mistake of ours, the outcome is CANNOT, and
    the person who sends the file is asked.
    """
    kind = kinds.UNKNOWN
    try:
        if len(data) > MAX_FILE_BYTES:
            raise CleaningError("the file is too large")
        kind = kinds.kind_of(data)
        if kind == kinds.TEXT:
            return Cleaned(Outcome.PLAIN, None, kind)
        cleaned, kind = _clean(data, kind, Work())
        if len(cleaned) > MAX_FILE_BYTES:
            raise CleaningError("the cleaned file is too large")
    except Exception:
        return Cleaned(Outcome.CANNOT, None, kind)
    return Cleaned(Outcome.CLEANED, cleaned, kind)


def _clean(data: bytes, kind: str, work: Work) -> tuple[bytes, str]:
    if kind in images.CLEANERS:
        return images.CLEANERS[kind](data), kind
    if kind not in _DOCUMENTS:
        raise CleaningError("a file of another kind")
    return _DOCUMENTS[kind](data, work)
