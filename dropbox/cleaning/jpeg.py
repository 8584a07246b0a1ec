"""JPEG: segments that the picture needs are copied, all others are left behind.

Kept are tables, frame, scans and the Adobe marker; the JFIF header without its thumbnail; the orientation.
A kept segment must have exactly the bytes that its format says, so that nothing rides along.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from dropbox.cleaning import colour, exif
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_PIXELS, MAX_SEGMENTS

MAGIC = b"\xff\xd8\xff"
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # baseline, extended and progressive, Huffman or arithmetic
_DHT, _DAC, _EOI, _SOS, _DQT, _DRI, _COM = 0xC4, 0xCC, 0xD9, 0xDA, 0xDB, 0xDD, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ICC = b"ICC_PROFILE\x00"


@dataclass(slots=True)
class _Picture:
    """What has been read of a file so far."""

    kept: list[bytes] = field(default_factory=list)
    jfif: bytes = b""
    adobe: bytes = b""
    orientation: int = exif.UPRIGHT
    profile: dict[int, bytes] = field(default_factory=dict)
    components: int = 0
    scans: int = 0


def clean_jpeg(data: bytes) -> bytes:
    """Return the same picture without anything else. Raises CleaningError."""
    if not data.startswith(MAGIC):
        raise CleaningError("no JPEG")
    picture, at = _Picture(), 2
    for _ in range(MAX_SEGMENTS):
        marker, at = _marker(data, at)
        if marker == _EOI:
            return _assemble(picture)
        if at + 2 > len(data):
            break
        size = struct.unpack_from(">H", data, at)[0]
        body = data[at + 2 : at + size]
        if size < 2 or len(body) != size - 2:
            break
        at += size
        if marker == _SOS:
            end = _SCAN_END.search(data, at)
            if end is None:
                break
            picture.kept.append(_scan_head(picture, body) + data[at : end.start()].rstrip(b"\xff"))
            picture.scans += 1
            at = end.start()
        else:
            _take(picture, marker, body)
    raise CleaningError("a JPEG is cut off")


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a place and where it ends. Fill bytes before it are skipped."""
    if data[at : at + 1] != b"\xff":
        raise CleaningError("bytes between JPEG segments")
    while data[at : at + 1] == b"\xff":
        at += 1
    if at >= len(data):
        raise CleaningError("a JPEG is cut off")
    return data[at], at + 1


def _take(picture: _Picture, marker: int, body: bytes) -> None:
    if marker == _APP0:
        if body.startswith(b"JFIF\x00") and len(body) >= 14 and not picture.jfif:
            picture.jfif = body[:12] + b"\x00\x00"
    elif marker == _APP1:
        if body.startswith(exif.HEAD) and picture.orientation == exif.UPRIGHT:
            picture.orientation = exif.orientation_of(body)
    elif marker == _APP2:
        if body.startswith(_ICC) and len(body) > len(_ICC) + 2:
            picture.profile[body[len(_ICC)]] = body[len(_ICC) + 2 :]
    elif marker == _APP14:
        if body.startswith(b"Adobe") and len(body) == 12:
            picture.adobe = b"Adobe" + struct.pack(">HHHB", 100, 0, 0, body[11] if body[11] <= 2 else 0)
    elif _APP2 < marker <= _APP15 or marker == _COM:
        return
    else:
        _check(picture, marker, body)
        picture.kept.append(_segment(marker, body))


def _check(picture: _Picture, marker: int, body: bytes) -> None:
    """Raise unless a segment is one that pictures need, and whole."""
    if marker in _FRAMES:
        height, width, components = struct.unpack_from(">HHB", body, 1) if len(body) >= 6 else (0, 0, 0)
        fits = len(body) == 6 + 3 * components and components in (1, 3, 4) and not picture.components
        if not fits or not 0 < height * width <= MAX_PIXELS:
            raise CleaningError("a JPEG frame of another kind")
        picture.components = components
    elif marker == _DQT:
        _walk(body, lambda at: 65 if body[at] < 16 else 129)
    elif marker == _DHT:
        _walk(body, lambda at: 17 + sum(body[at + 1 : at + 17]))
    elif marker == _DAC:
        _walk(body, lambda at: 2)
    elif marker != _DRI or len(body) != 2:
        raise CleaningError("a JPEG segment of another kind")


def _walk(body: bytes, size_at: Callable[[int], int]) -> None:
    at = 0
    while at < len(body):
        at += size_at(at)
    if at != len(body) or not body:
        raise CleaningError("a JPEG table is damaged")


def _scan_head(picture: _Picture, body: bytes) -> bytes:
    if not body or len(body) != 4 + 2 * body[0] or not 1 <= body[0] <= picture.components:
        raise CleaningError("a JPEG scan is damaged")
    return _segment(_SOS, body)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _assemble(picture: _Picture) -> bytes:
    if not picture.scans:
        raise CleaningError("a JPEG without a picture")
    head = [b"\xff\xd8"]
    if picture.jfif:
        head.append(_segment(_APP0, picture.jfif))
    if picture.orientation != exif.UPRIGHT:
        head.append(_segment(_APP1, exif.HEAD + exif.minimal(picture.orientation)))
    ours = colour.replacement(b"".join(picture.profile[n] for n in sorted(picture.profile)))
    if ours and picture.components == 3:
        head.append(_segment(_APP2, _ICC + b"\x01\x01" + ours))
    if picture.adobe:
        head.append(_segment(_APP14, picture.adobe))
    return b"".join([*head, *picture.kept, b"\xff\xd9"])
