"""The one thing kept of Exif: which way is up."""

from __future__ import annotations

import struct

HEAD = b"Exif\x00\x00"  # before the TIFF structure in a JPEG, and by habit in some WebP files
UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3


def orientation_of(tiff: bytes) -> int:
    """Return the orientation of a TIFF structure, 1 to 8; 1 when it says none or nothing readable."""
    if tiff.startswith(HEAD):
        tiff = tiff[len(HEAD) :]
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return UPRIGHT
    start = struct.unpack_from(order + "I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return UPRIGHT
    count = struct.unpack_from(order + "H", tiff, start)[0]
    for at in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, number, value = struct.unpack_from(order + "HHIH", tiff, at)
        if tag == _ORIENTATION:
            return int(value) if kind == _SHORT and number == 1 and 1 <= value <= 8 else UPRIGHT
    return UPRIGHT


def minimal(orientation: int) -> bytes:
    """Return a TIFF structure of 26 bytes that says the orientation and nothing else; none when upright."""
    if orientation == UPRIGHT:
        return b""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
