"""What is passed on is cleaned first: metadata is shown, and removed by mat2 in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from crypto.attachment import MAX_ATTACHMENT_BYTES
from crypto.encoding import visible
from station import reasons
from station.answers import answer_of, frames_of
from station.errors import NoSandbox, NotShown
from station.inside.frames import DOCUMENT, FOUND, KIND, NOTE
from station.sandbox import MIB, Limits, run_inside

# mat2 holds three copies of a file at once, and its time grows with the pages of a PDF.
WASH = Limits(
    memory=2048 * MIB, processor_seconds=120, seconds=150.0, processes=32, scratch=512 * MIB, output=128 * MIB
)
MOST_FOUND = 200
_MOST_LINE_BYTES = 1_200  # 300 characters, which the room keeps to
_FLAT = " Halamannya menjadi gambar: foto di dalamnya membawa keterangan sendiri."
_MORE = "… dan lainnya"
# what else is cleaned is handed on as bin: a page of the web must not open at a touch
_ENDINGS = {kind: kind for kind in ("png", "gif", "tiff", "pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp")}
_ENDINGS |= {"jpeg": "jpg", "text": "txt"}
_LOST = {
    **dict.fromkeys(
        ("docx", "odt"),
        " Jejak perubahan ikut terhapus: yang disisipkan tetap, yang dicoret hilang. Tautan keluar putus.",
    ),
    **dict.fromkeys(("ods", "pptx", "odp"), " Tautan keluar putus."),
    "xlsx": " Komentar ikut terhapus. Tautan keluar putus.",
    "pdf": " Formulir, tautan, dan lampiran di dalamnya ikut terhapus.",
    "jpeg": " Gambarnya disimpan ulang dan mutunya sedikit turun.",
}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file to pass on. Not cleaned, there is no data: then a person decides about the original.

    `found` are lines of metadata, hostile words made visible; `words` say in Indonesian what was done, or why not.
    `ending` is that of the content, for the name of the copy.
    """

    state: Literal["cleaned", "not_cleaned"]
    words: str
    data: bytes | None = field(default=None, repr=False)
    found: tuple[str, ...] = field(default=(), repr=False)
    ending: str = "bin"


def clean(data: bytes, media_type: str) -> Cleaned:
    """Remove metadata; the media type is only compared with what the content turns out to be."""
    try:
        if not data:
            raise NotShown("empty")
        if len(data) > MAX_ATTACHMENT_BYTES:
            raise NotShown("large")
        ended = run_inside("wash", [], data, WASH)
    except NotShown as reason:
        return _not_cleaned(str(reason))
    except NoSandbox:
        return _not_cleaned("sandbox")
    found: tuple[str, ...] = ()
    try:
        found = _found(ended.output)
        answer = answer_of(ended)
        documents = answer.all(DOCUMENT)
        if len(documents) != 1 or not 0 < len(documents[0]) <= WASH.output:
            raise NotShown("complained")
    except NotShown as reason:
        return _not_cleaned(str(reason), found)
    except NoSandbox:
        return _not_cleaned("sandbox")
    kind = answer.word(KIND)
    remark = f" {reasons.NOT_SO}" if reasons.not_so(kind, "", media_type) else ""
    done = f"Dibersihkan: {len(found)} keterangan tersembunyi dihapus." if found else "Dibersihkan: tidak ada metadata."
    flat = _FLAT if answer.word(NOTE) == "flat" else ""
    words = f"{done}{_LOST.get(kind, '')}{flat}{remark}"
    return Cleaned("cleaned", words, documents[0], found, _ENDINGS.get(kind, "bin"))


def _not_cleaned(reason: str, found: tuple[str, ...] = ()) -> Cleaned:
    return Cleaned("not_cleaned", f"Tidak dibersihkan: {reasons.why(reason)}.", found=found)


def _found(output: bytes) -> tuple[str, ...]:
    """Return what was found even when cleaning failed later: then it is worth knowing all the more."""
    lines = [text[:_MOST_LINE_BYTES] for tag, text in frames_of(output) if tag == FOUND]
    shown = [visible(line.decode("utf-8", "replace")) for line in lines[:MOST_FOUND]]
    return tuple(shown + [_MORE] * (len(lines) > MOST_FOUND))
