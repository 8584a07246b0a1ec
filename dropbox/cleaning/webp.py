"""WebP: chunks that the picture needs are copied, all others are left behind."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dropbox.cleaning import colour, exif
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_PIXELS, MAX_SEGMENTS

_PICTURE = {b"VP8 ", b"VP8L", b"ALPH"}
_ICC, _ALPHA, _EXIF, _ANIMATION = 0x20, 0x10, 0x08, 0x02
_KEPT_FLAGS = _ALPHA | _ANIMATION
_FRAME_HEAD = 16


def is_webp(data: bytes) -> bool:
    """Say whether bytes begin as WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def clean_webp(data: bytes) -> bytes:
    """Return the same picture without anything else. Raises CleaningError."""
    if not is_webp(data) or struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise CleaningError("a WebP is cut off")
    extended, profile, orientation = b"", b"", exif.UPRIGHT
    kept: list[bytes] = []
    for kind, body in _chunks(data[12 : struct.unpack_from("<I", data, 4)[0] + 8]):
        if kind == b"VP8X":
            if len(body) != 10 or extended or kept:
                raise CleaningError("a WebP header is damaged")
            extended = body
        elif kind == b"ICCP":
            profile = colour.replacement(body)
        elif kind == b"EXIF":
            orientation = exif.orientation_of(body)
        elif kind == b"ANMF":
            kept.append(_chunk(kind, body[:_FRAME_HEAD] + b"".join(_frame(body[_FRAME_HEAD:]))))
        elif kind == b"ANIM" and len(body) == 6:
            kept.append(_chunk(kind, body))
        elif kind in _PICTURE:
            kept.append(_picture(kind, body))
    if not kept:
        raise CleaningError("a WebP without a picture")
    if extended or orientation != exif.UPRIGHT:
        flags = (extended[0] if extended else 0) & _KEPT_FLAGS
        flags |= (_ICC if profile else 0) | (_EXIF if orientation != exif.UPRIGHT else 0)
        size = extended[4:] if extended else _canvas(kept[0])
        kept.insert(0, _chunk(b"VP8X", bytes([flags]) + bytes(3) + size))
        if profile:
            kept.insert(1, _chunk(b"ICCP", profile))
    if orientation != exif.UPRIGHT:
        kept.append(_chunk(b"EXIF", exif.minimal(orientation)))
    whole = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def _chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(MAX_SEGMENTS):
        if at == len(body):
            return
        if at + 8 > len(body):
            break
        kind, size = struct.unpack_from("<4sI", body, at)
        if at + 8 + size > len(body):
            break
        yield kind, body[at + 8 : at + 8 + size]
        at = min(at + 8 + size + size % 2, len(body))
    raise CleaningError("a WebP is cut off")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)


def _frame(body: bytes) -> Iterator[bytes]:
    for kind, inner in _chunks(body):
        if kind in _PICTURE:
            yield _picture(kind, inner)


def _picture(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of pixels. Raises CleaningError when it does not begin as one."""
    if kind != b"ALPH":
        width, height = _size(kind, body)
        if not 0 < width * height <= MAX_PIXELS:
            raise CleaningError("a WebP is too large")
    return _chunk(kind, body)


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = struct.unpack_from("<I", body, 1)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) >= 10 and not body[0] & 1 and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise CleaningError("a WebP picture is damaged")


def _canvas(first: bytes) -> bytes:
    """Return the size of a picture as VP8X writes it, from its chunk."""
    width, height = _size(first[:4], first[8:])
    return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
