"""PNG files: only chunks that a picture needs come out, and nothing behind them."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

from dropbox.cleaning.png import clean_png
from fuzz import cleaned

MAX_LEN = 4_096
MAGIC = b"\x89PNG\r\n\x1a\n"
_KNOWN = b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB sBIT bKGD pHYs cICP acTL fcTL fdAT iCCP eXIf".split()
_OTHERS = b"tEXt zTXt iTXt tIME eXIf iCCP sPLT hIST ABCD prIV CgBI acTL IHDR IDAT IEND".split()
WORDS = (*_KNOWN, *_OTHERS, b"Raw profile type exif\0", b"XML:com.adobe.xmp\0", b"II*\0", b"x\0\0x\x9c")
_PROFILE = b"screen\0\0" + zlib.compress(b"\0" * 16 + b"RGB " + b"\0" * 16 + b"acsp" + b"\0" * 120)


def one(data: bytes) -> None:
    """Clean a file, and read what comes out chunk by chunk."""
    cleaned.check_raises(clean_png, data)
    if data.startswith(MAGIC) and (found := cleaned.check_answer(data, 1)) is not None:
        kinds = [kind for kind, _ in chunks(found, strict=True)]
        assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and kinds.count(b"IEND") == 1
        assert set(kinds) <= set(_KNOWN)


def chunks(data: bytes, *, strict: bool = False) -> Iterator[tuple[bytes, bytes]]:
    at = len(MAGIC)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        if strict:
            assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        at += 12 + size
        yield kind, body
    assert not strict or at == len(data), "something stands behind the end"


def built(parts: list[tuple[bytes, bytes]]) -> bytes:
    return MAGIC + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change one chunk, or their order, and give each its right checksum."""
    parts = list(chunks(data)) or [(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))]
    at, what = dice.randrange(len(parts)), dice.randrange(5)
    kind, body = parts[at]
    if what == 0:
        parts[at] = kind, cleaned.spliced(body, dice)
    elif what == 1:
        inner = dice.choice((_PROFILE, b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", dice.randbytes(9)))
        parts.insert(at, (dice.choice(_OTHERS), inner))
    elif what == 2:
        del parts[at]
    elif what == 3:
        to = dice.randrange(len(parts))
        parts[at], parts[to] = parts[to], parts[at]
    else:
        parts = [(k, zlib.compress(cleaned.spliced(_rows(b), dice)) if k == b"IDAT" else b) for k, b in parts]
    return built(parts)


def _rows(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, 1 << 20)
    except zlib.error:
        return bytes(6)
