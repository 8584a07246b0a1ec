"""Colour profiles: one of a few well known colour spaces stays, in words of ours; any other goes.

A profile names its maker, the device and the day of its calibration, and the measured values of one screen
or scanner are as good as a serial number: screenshots of some systems carry them. So no byte of the
file's own profile is kept. What is close to a well known space becomes that space.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from dropbox.cleaning.errors import CleaningError

NAME = b"colour"  # what a PNG calls the profile
_MAX_PROFILE_BYTES = 4_000_000
_NEAR = 0.008  # how far a primary may be off; the spaces below are at least 0.04 apart
_WHITE = (0.9642, 1.0, 0.8249)


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space: what it is called, the primaries under D50 (rows red, green, blue of XYZ), the gamma."""

    name: str
    primaries: tuple[tuple[float, float, float], ...]
    gamma: float


SRGB = Space("sRGB", ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)), 2.2)
SPACES = (
    SRGB,
    Space("Display P3", ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)), 2.2),
    Space("Adobe RGB", ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)), 2.19921875),
)


def tags(profile: bytes) -> dict[bytes, bytes]:
    """Return the tags of an ICC profile; none when it is damaged."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return {}
    found = {}
    for number in range(min(struct.unpack_from(">I", profile, 128)[0], 100)):
        if len(profile) < 144 + 12 * number:
            return {}
        name, at, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        found[name] = profile[at : at + size]
    return found


def space_of(profile: bytes) -> Space | None:
    """Return the well known RGB space that a profile describes."""
    if profile[16:20] != b"RGB ":
        return None
    there = tags(profile)
    rows = [_xyz(there.get(name, b"")) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    for space in SPACES:
        if all(_close(row, wanted) for row, wanted in zip(rows, space.primaries, strict=True)):
            return space
    return None


def replacement(profile: bytes) -> bytes:
    """Return our profile of the same space; nothing for sRGB, which is assumed anyway, and for any other."""
    space = space_of(profile)
    return b"" if space is None or space is SRGB else _build(space)


def replacement_in_png(chunk: bytes) -> bytes:
    """Return an iCCP chunk's data with our profile, or nothing."""
    _, _, packed = chunk.partition(b"\x00")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[1:], _MAX_PROFILE_BYTES)
    except zlib.error as e:
        raise CleaningError("a colour profile is damaged") from e
    ours = replacement(profile)
    return NAME + b"\x00\x00" + zlib.compress(ours, 9) if ours else b""


def _xyz(tag: bytes) -> tuple[float, ...]:
    if len(tag) < 20 or tag[:4] != b"XYZ ":
        return ()
    return tuple(v / 65536 for v in struct.unpack_from(">3i", tag, 8))


def _close(row: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    return len(row) == 3 and all(abs(a - b) < _NEAR for a, b in zip(row, wanted, strict=True))


def _fixed(value: float) -> int:
    return round(value * 65536)


def _build(space: Space) -> bytes:
    text = space.name.encode() + b"\x00"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(space.gamma * 256))
    points = {
        name: b"XYZ " + bytes(4) + struct.pack(">3i", *map(_fixed, row))
        for name, row in zip((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), (*space.primaries, _WHITE), strict=True)
    }
    parts = {b"desc": described, b"cprt": b"text" + bytes(4) + b"none\x00", **points}
    parts |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, at = b"", b"", 132 + 12 * len(parts)
    for name, data in parts.items():
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    white = struct.pack(">3i", *map(_fixed, _WHITE))
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    day = struct.pack(">6H", 1980, 1, 1, 0, 0, 0)
    return head + day + b"acsp" + bytes(28) + white + bytes(48) + struct.pack(">I", len(parts)) + table + body
