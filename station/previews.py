"""Previews of files of strangers: pixels or text, made in a sandbox. The station itself opens none of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from crypto.attachment import MAX_ATTACHMENT_BYTES
from station import reasons
from station.answers import MOST_TEXT_BYTES, answer_of, pages_of, text_of
from station.errors import NoSandbox, NotShown
from station.inside.frames import DOCUMENT, KIND, NOTE, PAGES, TEXT
from station.inside.kinds import OFFICE, PICTURES
from station.sandbox import MIB, Limits, run_inside

LOOK = Limits(memory=1024 * MIB, processor_seconds=30, seconds=45.0, processes=8, output=192 * MIB)
TO_PDF = Limits(
    memory=2048 * MIB, processor_seconds=90, seconds=120.0, processes=64, scratch=512 * MIB, output=128 * MIB,
    open_files=128, sockets=True,
)  # fmt: skip
RENDER = Limits(memory=1024 * MIB, processor_seconds=60, seconds=90.0, processes=8, output=192 * MIB)


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a file. Pages are PNG files made by the station; `count` is how many there are in all.

    `words` say in Indonesian what is seen, or why nothing is.
    """

    kind: Literal["pixels", "text", "none"]
    words: str
    pages: tuple[bytes, ...] = field(default=(), repr=False)
    count: int = 0
    text: str = field(default="", repr=False)


def make_preview(data: bytes, name: str, media_type: str) -> Preview:
    """Make the preview of a file; name and media type are only compared with what the content turns out to be."""
    try:
        return _look(data, name, media_type)
    except NotShown as reason:
        return Preview("none", reasons.not_shown(str(reason)))
    except NoSandbox:
        return Preview("none", reasons.not_shown("sandbox"))


def _look(data: bytes, name: str, media_type: str) -> Preview:
    if not data:
        raise NotShown("empty")
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise NotShown("large")
    answer = answer_of(run_inside("look", ["look"], data, LOOK))
    kind, notes = answer.word(KIND), [note.decode("ascii", "replace").split() for note in answer.all(NOTE)[:5]]
    remarks = [reasons.ALSO[text[0][5:]] for text in notes if text and text[0][5:] in reasons.ALSO]
    if reasons.not_so(kind, name, media_type):
        remarks.append(reasons.NOT_SO)
    if kind not in reasons.SHOWN:
        return Preview("none", " ".join([reasons.not_shown(kind or "unknown"), *remarks]))
    if answer.all(TEXT):
        text, cut = text_of(answer.all(TEXT)[0])
        about = f"; hanya {MOST_TEXT_BYTES // 1024} KiB pertama yang ditampilkan" if cut else ""
        return Preview("text", " ".join([f"{reasons.SHOWN[kind]}{about}.", *remarks]), text=text)
    if kind in PICTURES:
        about = _about_picture(notes)
    else:
        document = data
        if kind in OFFICE:
            documents = answer_of(run_inside("look", ["office", kind], data, TO_PDF)).all(DOCUMENT)
            if len(documents) != 1 or not documents[0]:
                raise NotShown("complained")
            document = documents[0]
        answer, about = answer_of(run_inside("look", ["pdf"], document, RENDER)), ""
    pages = pages_of(answer)
    count = max(answer.number(PAGES), len(pages))
    about += "" if kind in PICTURES and count == 1 else _about_pages(len(pages), count)
    return Preview("pixels", " ".join([f"{reasons.SHOWN[kind]}{about}.", *remarks]), pages, count)


def _about_picture(notes: list[list[str]]) -> str:
    about = ""
    for word, *numbers in filter(None, notes):
        if not all(n.isdecimal() and len(n) < 12 for n in numbers):
            continue
        if word == "size" and len(numbers) == 2:
            about += f", {numbers[0]} × {numbers[1]} piksel"
        elif word == "several" and len(numbers) == 1:
            about += f"; hanya gambar pertama dari {numbers[0]} yang ditampilkan"
    return about


def _about_pages(shown: int, count: int) -> str:
    return f", {count} halaman" if shown == count else f", {shown} dari {count} halaman ditampilkan"
