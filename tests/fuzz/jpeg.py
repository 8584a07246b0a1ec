"""JPEG files: what comes out has only the segments that a picture needs."""

from __future__ import annotations

import random
import re
import struct

from dropbox.cleaning.jpeg import clean_jpeg
from fuzz import cleaned

MAX_LEN = 4_096
WORDS = (
    *(bytes((0xFF, marker)) for marker in (0xD8, 0xD9, 0xDA, 0xDB, 0xC0, 0xC2, 0xC4, 0xCC, 0xDD, 0xE0, 0xE1, 0xE2)),
    b"\xff\xee\x00\x0eAdobe", b"\xff\xfe\x00\x04", b"JFIF\0", b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6",
    b"ICC_PROFILE\0\1\1", b"\xff\xd0", b"\xff\xff", b"MPF\0",
)  # fmt: skip
_KNOWN = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA, 0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE}
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ORIENTATION = re.compile(rb"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0[\x02-\x08]\0\0\0\0\0\0")


def one(data: bytes) -> None:
    """Clean a file, and read what comes out segment by segment."""
    cleaned.check_raises(clean_jpeg, data)
    if data.startswith(b"\xff\xd8\xff") and (found := cleaned.check_answer(data, 1)) is not None:
        check(found)


def check(data: bytes) -> None:
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"
    at = 2
    while data[at : at + 2] != b"\xff\xd9":
        assert data[at] == 0xFF and data[at + 1] in _KNOWN
        marker, size = struct.unpack_from(">xBH", data, at)
        body = data[at + 4 : at + 2 + size]
        assert len(body) == size - 2
        if marker == 0xE0:
            assert body.startswith(b"JFIF\0") and len(body) == 14 and body.endswith(b"\0\0")
        elif marker == 0xE1:
            assert _ORIENTATION.fullmatch(body)
        elif marker == 0xE2:
            assert body.startswith(b"ICC_PROFILE\0\1\1") and b"none\0" in body
        elif marker == 0xEE:
            assert len(body) == 12
        at += 2 + size
        if marker == 0xDA:
            end = _END_OF_SCAN.search(data, at)
            assert end
            at = end.start()
    assert at + 2 == len(data), "something stands behind the end"


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Put a segment of right length between others, or change one byte of a length."""
    starts = [found.start() for found in re.finditer(rb"\xff[\xc0-\xfe]", data)] or [len(data)]
    at = dice.choice(starts)
    if dice.random() < 0.5:
        body = dice.choice((b"", *(w[2:] for w in WORDS[-8:]), dice.randbytes(6)))
        segment = struct.pack(">BBH", 0xFF, dice.choice((*_KNOWN, 0xFE, 0xE3, 0xED)), len(body) + 2) + body
        return data[:at] + segment + data[at:]
    return cleaned.spliced(data, dice)
