"""PNG: chunks that the picture needs are copied, all others are left behind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from dropbox.cleaning import colour, exif
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_IMAGE_BYTES, MAX_PIXELS, MAX_SEGMENTS

MAGIC = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
# Kept as they are, with the sizes they may have. Sizes of None depend on the picture.
_KEPT: dict[bytes, tuple[int, ...] | None] = {
    b"PLTE": None, b"tRNS": None, b"gAMA": (4,), b"cHRM": (32,), b"sRGB": (1,), b"sBIT": (1, 2, 3, 4),
    b"bKGD": (1, 2, 6), b"pHYs": (9,), b"cICP": (4,), b"acTL": (8,), b"fcTL": (26,),
}  # fmt: skip
_MAX_SHARED = 768  # a palette of 256 colours


def clean_png(data: bytes) -> bytes:
    """Return the same picture without anything else. Raises CleaningError."""
    kept: list[bytes] = []
    orientation, header, pixels = exif.UPRIGHT, b"", _Pixels(b"")
    for kind, body in _chunks(data):
        if not kept and kind != b"IHDR":
            raise CleaningError("a PNG without its header")
        if kind == b"IHDR":
            if header or len(body) != 13:
                raise CleaningError("a PNG header is damaged")
            header, pixels = body, _Pixels(body)
            kept.append(_chunk(kind, body))
        elif kind == b"IDAT":
            _add(kept, kind, pixels.real(body))
        elif kind == b"fdAT":
            kept.append(_chunk(kind, body))
        elif kind == b"iCCP":
            _add(kept, kind, colour.replacement_in_png(body) if header[9] in (2, 3, 6) else b"")
        elif kind == b"eXIf":
            orientation = exif.orientation_of(body)
        elif kind in _KEPT:
            sizes = _KEPT[kind]
            if not (len(body) in sizes if sizes else len(body) <= _MAX_SHARED):
                raise CleaningError("a PNG chunk has another size")
            kept.append(_chunk(kind, body))
        elif kind[0] < 0x60 and kind != b"IEND":
            raise CleaningError("a PNG needs what is not known here")
    pixels.finish()
    if orientation != exif.UPRIGHT:
        kept.insert(1, _chunk(b"eXIf", exif.minimal(orientation)))
    return b"".join([MAGIC, *kept, _chunk(b"IEND", b"")])


def _add(kept: list[bytes], kind: bytes, body: bytes) -> None:
    if body:
        kept.append(_chunk(kind, body))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, body) of each chunk, up to IEND."""
    if not data.startswith(MAGIC):
        raise CleaningError("no PNG")
    at = len(MAGIC)
    for _ in range(MAX_SEGMENTS):
        if at == len(data):
            return  # some programs forget IEND; whether all rows are there is looked at elsewhere
        if at + 12 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if end > len(data):
            break
        body = data[at + 8 : end - 4]
        if struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(kind + body):
            raise CleaningError("a PNG checksum is wrong")
        yield kind, body
        if kind == b"IEND":
            return
        at = end
    raise CleaningError("a PNG is cut off")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _inflated_bytes(header: bytes) -> int:
    """Return how many bytes the rows of a picture have, filter bytes with them. Raises CleaningError."""
    width, height, depth, kind, packing, filtering, interlace = struct.unpack(">IIBBBBB", header)
    fits = kind in _SAMPLES and depth in (1, 2, 4, 8, 16) and not packing and not filtering and interlace <= 1
    if not fits or not 0 < width * height <= MAX_PIXELS:
        raise CleaningError("a PNG of another kind")
    passes = _PASSES if interlace else ((0, 0, 1, 1),)
    total = 0
    for left, top, step_x, step_y in passes:
        columns, rows = -(-(width - left) // step_x), -(-(height - top) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * _SAMPLES[kind] * depth // 8))
    return total


class _Pixels:
    """Inflates the picture in passing: finds where its rows end, so that nothing hides behind them."""

    def __init__(self, header: bytes) -> None:
        self._inflater = zlib.decompressobj()
        self._left = _inflated_bytes(header) if header else 0
        if self._left > MAX_IMAGE_BYTES:
            raise CleaningError("a PNG is too large")

    def real(self, body: bytes) -> bytes:
        """Return what of an IDAT chunk belongs to the picture."""
        if self._inflater.eof:
            return b""
        rest = body
        try:
            while rest and not self._inflater.eof:
                self._left -= len(self._inflater.decompress(rest, 1 << 20))
                if self._left < 0:
                    raise CleaningError("a PNG has more rows than it says")
                rest = self._inflater.unconsumed_tail
        except zlib.error as e:
            raise CleaningError("a PNG is damaged") from e
        return body[: len(body) - len(self._inflater.unused_data)]

    def finish(self) -> None:
        """Raise unless the whole picture was there."""
        if self._left or not self._inflater.eof:
            raise CleaningError("a PNG is cut off")
