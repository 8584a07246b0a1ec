"""WebP files: only chunks that a picture needs come out."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from dropbox.cleaning.webp import clean_webp
from fuzz import cleaned

MAX_LEN = 4_096
_KNOWN = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF"}
_EXIF = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
WORDS = (*_KNOWN, b"XMP ", b"EXIF\x1a\0\0\0" + _EXIF, b"VP8X\x0a\0\0\0", b"\x9d\x01\x2a", b"/", b"Exif\0\0")


def one(data: bytes) -> None:
    """Clean a file, and read what comes out chunk by chunk."""
    cleaned.check_raises(clean_webp, data)
    if data[:4] == b"RIFF" and (found := cleaned.check_answer(data, 1)) is not None:
        assert struct.unpack_from("<I", found, 4)[0] + 8 == len(found)
        kinds = []
        for kind, body in chunks(found):
            kinds.append(kind)
            if kind == b"EXIF":
                assert len(body) == 26
            elif kind == b"ICCP":
                assert b"none\0" in body
            elif kind == b"VP8X":
                assert len(body) == 10 and body[1:4] == bytes(3)
        assert set(kinds) <= _KNOWN and kinds.count(b"VP8X") <= 1


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def built(parts: list[tuple[bytes, bytes]]) -> bytes:
    inner = b"".join(struct.pack("<4sI", k, len(b)) + b + bytes(len(b) % 2) for k, b in parts)
    return b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change, add, drop or move one chunk; lengths stay right."""
    parts = list(chunks(data)) or [(b"VP8L", b"/\0\0\0\0\0")]
    at, what = dice.randrange(len(parts)), dice.randrange(5)
    if what == 0:
        parts[at] = parts[at][0], cleaned.spliced(parts[at][1], dice)
    elif what == 1:
        parts.insert(at, (dice.choice((*_KNOWN, b"XMP ", b"priv")), dice.choice((_EXIF, dice.randbytes(10)))))
    elif what == 2:
        del parts[at]
    elif what == 3:
        dice.shuffle(parts)
    else:
        parts.append((b"EXIF", _EXIF))
    return built(parts)
