"""GIF: frames and their timing are copied, comments and what programs add are left behind."""

from __future__ import annotations

import struct

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_PIXELS, MAX_SEGMENTS

MAGICS = (b"GIF87a", b"GIF89a")
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _APPLICATION, _PLAIN_TEXT = 0xF9, 0xFF, 0x01
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def clean_gif(data: bytes) -> bytes:
    """Return the same picture without anything else. Raises CleaningError."""
    if data[:6] not in MAGICS or len(data) < 13:
        raise CleaningError("no GIF")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    if not 0 < width * height <= MAX_PIXELS:
        raise CleaningError("a GIF is too large")
    at = 13 + _palette(flags)
    kept, frames = [data[:at]], 0
    for _ in range(MAX_SEGMENTS):
        kind = data[at : at + 1]
        if kind in (bytes([_TRAILER]), b"") and frames:  # some programs forget it
            return b"".join([*kept, bytes([_TRAILER])])
        if kind == bytes([_IMAGE]) and at + 10 < len(data):
            start = at + 10 + _palette(data[at + 9]) + 1
            end = _end_of_blocks(data, start)
            frames += 1
            kept.append(data[at:end])
        elif kind == bytes([_EXTENSION]) and at + 2 < len(data):
            end = _end_of_blocks(data, at + 2)
            kept.append(_extension(data[at:end]))
        else:
            break
        at = end
    raise CleaningError("a GIF is damaged")


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    """Return where a chain of blocks ends, its empty last block with it."""
    while at < len(data):
        size = data[at]
        at += 1 + size
        if not size:
            return at
    raise CleaningError("a GIF is cut off")


def _extension(whole: bytes) -> bytes:
    """Return what stays of an extension: the timing of a frame, and how often to repeat."""
    if whole[1] == _CONTROL and len(whole) == 8:
        return whole
    if whole[1] == _APPLICATION and whole[3:14] in _LOOPS and len(whole) == 19:
        return whole
    if whole[1] == _PLAIN_TEXT:
        raise CleaningError("a GIF draws text")
    return b""
