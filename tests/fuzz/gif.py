"""GIF files: no comment and nobody's application block comes out."""

from __future__ import annotations

import random

from dropbox.cleaning.gif import clean_gif
from fuzz import cleaned

MAX_LEN = 4_096
_LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
WORDS = (
    b"GIF87a", b"GIF89a", _LOOP, b"\x21\xff\x0bXMP DataXMP", b"\x21\xfe\x03abc\0", b"\x21\xf9\x04\0\0\0\0\0",
    b"\x2c\0\0\0\0\1\0\1\0\0\2\2D\1\0", b"\x3b", b"\x21\x01\x0c", b"\xff\x0bANIMEXTS1.0",
)  # fmt: skip


def one(data: bytes) -> None:
    """Clean a file, and read what comes out block by block."""
    cleaned.check_raises(clean_gif, data)
    if data[:6] in (b"GIF87a", b"GIF89a") and (found := cleaned.check_answer(data, 1)) is not None:
        check(found)


def check(data: bytes) -> None:
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while data[at] != 0x3B:
        if data[at] == 0x21:
            assert data[at + 1 : at + 3] == b"\xf9\x04" or data[at + 3 : at + 14] in (b"NETSCAPE2.0", b"ANIMEXTS1.0")
            at += 2
        else:
            assert data[at] == 0x2C
            at += 11 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0)
        while data[at]:
            at += 1 + data[at]
        at += 1
    assert at + 1 == len(data), "something stands behind the end"


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Put a whole block somewhere, or change a few bytes."""
    if dice.random() < 0.3:
        at = dice.randrange(len(data) + 1)
        return data[:at] + dice.choice(WORDS) + data[at:]
    return cleaned.spliced(data, dice)
