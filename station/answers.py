"""Answers from inside the sandbox, taken apart without trust: they count as written by the stranger."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from crypto.encoding import visible
from station.errors import NoSandbox, NotShown
from station.inside.frames import BEGUN, ENDED, HEAD, PAGE, REFUSED, SIZE
from station.sandbox import End, Ended

MOST_SIDE, LEAST_SIDE = 1_600, 2
MOST_PAGES = 20
MOST_TEXT_BYTES = 64 * 1024
MOST_FRAMES = 1_000
_PNG = b"\x89PNG\r\n\x1a\n"
_FAST = 1  # zlib: a page is looked at once
_MOST_COUNT = 9  # digits


@dataclass(frozen=True, slots=True)
class Answer:
    """Frames of one run, by their letter."""

    frames: tuple[tuple[str, bytes], ...] = field(repr=False)

    def all(self, tag: str) -> list[bytes]:
        """Return what came under a letter."""
        return [payload for t, payload in self.frames if t == tag]

    def word(self, tag: str) -> str:
        """Return the first short ASCII text under a letter, or nothing."""
        found = self.all(tag)
        return found[0][:100].decode("ascii", "replace") if found else ""

    def number(self, tag: str) -> int:
        """Return the first number under a letter, or 0."""
        word = self.word(tag)
        return int(word) if word.isascii() and word.isdecimal() and len(word) <= _MOST_COUNT else 0


def answer_of(ended: Ended) -> Answer:
    """Take an answer apart; raises NotShown (anything but a whole and silent answer), NoSandbox."""
    if ended.how is End.TOO_LONG:
        raise NotShown("time")
    if ended.how is End.TOO_MUCH:
        raise NotShown("output")
    if ended.how is End.TOO_GREEDY:
        raise NotShown("memory")
    if not ended.output.startswith(HEAD.pack(BEGUN.encode(), 0)):
        raise NoSandbox("the sandbox did not begin")
    if ended.complaint:
        raise NotShown(_reason(ended.complaint))
    if ended.how is not End.DONE:
        raise NotShown("limits")
    answer = Answer(frames_of(ended.output))
    if answer.frames[-1] != (ENDED, b""):
        raise NotShown("limits")
    if answer.all(REFUSED):
        raise NotShown(answer.word(REFUSED) or "complained")
    return answer


def pages_of(answer: Answer) -> tuple[bytes, ...]:
    """Return the pages as PNG files made here from bare pixels: no decoder ever sees a picture of a stranger.

    Raises NotShown when a page is a dot, or not what it says.
    """
    pages = answer.all(PAGE)
    if not 0 < len(pages) <= MOST_PAGES:
        raise NotShown("complained")
    return tuple(_png(page) for page in pages)


def text_of(payload: bytes) -> tuple[str, bool]:
    """Return a text with everything hidden made visible, and whether it was cut.

    It is cut before it is read, where at least as much as is shown remains: two bytes become one at the least.
    """
    most = 2 * MOST_TEXT_BYTES + 4
    text = payload[:most].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    shown = visible(text, indent="").encode("utf-8", "replace")
    return shown[:MOST_TEXT_BYTES].decode("utf-8", "ignore"), len(payload) > most or len(shown) > MOST_TEXT_BYTES


def frames_of(output: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the whole frames of an output, which may have been cut short; raises NotShown when there are too many."""
    frames: list[tuple[str, bytes]] = []
    at = 0
    while len(output) - at >= HEAD.size:
        if len(frames) == MOST_FRAMES:
            raise NotShown("complained")
        tag, size = HEAD.unpack_from(output, at)
        at += HEAD.size
        if size > len(output) - at:
            break
        frames.append((tag.decode("latin-1"), output[at : at + size]))
        at += size
    return tuple(frames)


def _reason(complaint: bytes) -> str:
    if b"Incorrect password" in complaint:
        return "locked"
    if b"FileNotFoundError" in complaint or b"ModuleNotFoundError" in complaint:
        return "missing"
    if any(word in complaint for word in (b"MemoryError", b"bad_alloc", b"ut of memory", b"Cannot allocate memory")):
        return "memory"
    return "complained"


def _png(page: bytes) -> bytes:
    if len(page) < SIZE.size:
        raise NotShown("complained")
    width, height = SIZE.unpack_from(page)
    if min(width, height) < LEAST_SIDE:
        raise NotShown("tiny")
    row = 3 * width
    if max(width, height) > MOST_SIDE or len(page) != SIZE.size + row * height:
        raise NotShown("complained")
    rows = b"".join(b"\0" + page[at : at + row] for at in range(SIZE.size, len(page), row))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, _FAST)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
