"""GIF, MP3 and Ogg: their frames alone, without what stands between, before or behind them."""

from __future__ import annotations

from station.inside.frames import FileError

_MOST_REST = 4_096  # what may be cut off an end that is no tag: more could be sound
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _PLAIN, _APPLICATION = 0xF9, 0x01, 0xFF
_RATES = ((8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
          (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320))  # fmt: skip
_SAMPLES = (44_100, 48_000, 32_000)


def gif_alone(data: bytes) -> tuple[bytes, list[str]]:
    """Return the pictures and their timing, and what was left out; raises FileError."""
    if len(data) < 14:
        raise FileError("damaged")
    at = 13 + _palette(data[10])
    kept, told, pictures = [data[:at]], [], 0
    while at < len(data) and data[at] != _TRAILER:
        if data[at] == _IMAGE and at + 10 < len(data):
            end = _after_blocks(data, at + 11 + _palette(data[at + 9]))
            pictures += 1
            kept.append(data[at:end])
        elif data[at] == _EXTENSION and at + 2 < len(data):
            end = _after_blocks(data, at + 2)
            whole, kind = data[at:end], data[at + 1]
            if kind == _PLAIN:
                raise FileError("remains")
            if (kind == _CONTROL and len(whole) == 8) or (
                kind == _APPLICATION and whole[3:14] in _LOOPS and len(whole) == 19
            ):
                kept.append(whole)
            else:
                told.append(f"Extension: {_readable(whole[3:])}")
        else:
            raise FileError("damaged")
        at = end
    if not pictures:
        raise FileError("damaged")
    return b"".join([*kept, bytes([_TRAILER])]), told + _behind(data[at + 1 :])


def mp3_alone(data: bytes) -> tuple[bytes, list[str]]:
    """Return the frames of sound, and what was left out; raises FileError."""
    start = 0
    while data[start : start + 3] == b"ID3" and start + 10 <= len(data):
        a, b, c, d = data[start + 6 : start + 10]
        start += 10 + (a << 21 | b << 14 | c << 7 | d) + 10 * bool(data[start + 5] & 0x10)
    at, frames = start, 0
    while (size := _frame_bytes(data[at : at + 4])) and at + size <= len(data):
        at += size
        frames += 1
    return _cut(data, start, at, frames)


def ogg_alone(data: bytes) -> tuple[bytes, list[str]]:
    """Return the pages of the one stream, and what was left out; raises FileError."""
    at, pages, streams = 0, 0, set()
    while data[at : at + 5] == b"OggS\0" and at + 27 <= len(data):
        segments = data[at + 27 : at + 27 + data[at + 26]]
        end = at + 27 + data[at + 26] + sum(segments)
        if end > len(data):
            break
        streams.add(data[at + 14 : at + 18])
        at, pages = end, pages + 1
    if len(streams) > 1:
        raise FileError("remains")
    return _cut(data, 0, at, pages)


def _cut(data: bytes, start: int, end: int, pieces: int) -> tuple[bytes, list[str]]:
    rest = data[end:]
    if pieces < 2:
        raise FileError("damaged")
    if len(rest) > _MOST_REST and not rest.startswith(_TAGS):
        raise FileError("remains")
    return data[start:end], _behind(rest)


def _frame_bytes(head: bytes) -> int:
    """Return the length of a frame of layer III, or 0 when there is none; one of free length is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, rate, samples = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or samples == 3:
        return 0
    first = version == 3
    hertz = _SAMPLES[samples] >> (0 if first else 1 if version == 2 else 2)
    return (144 if first else 72) * _RATES[first][rate - 1] * 1000 // hertz + (head[2] >> 1 & 1)


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while at < len(data):
        size = data[at]
        at += 1 + size
        if not size:
            return at
    raise FileError("damaged")


def _behind(rest: bytes) -> list[str]:
    return [f"Trailer ({len(rest)} bytes): {_readable(rest)}"] if rest else []


def _readable(data: bytes) -> str:
    return "".join(chr(c) if 32 <= c < 127 else " " for c in data[:200]).strip()
