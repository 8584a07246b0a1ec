"""How many bytes the rows of a picture in a PDF take; whatever stands behind them is no part of it."""

from __future__ import annotations

from typing import Any

from pypdf.generic import ArrayObject, IndirectObject, NumberObject, StreamObject

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_PDF_STREAM_BYTES
from dropbox.cleaning.pdfstreams import FLATE, Unpacked

_COMPONENTS = {
    "/DeviceGray": 1, "/G": 1, "/CalGray": 1, "/Indexed": 1, "/I": 1, "/Separation": 1, "/DeviceRGB": 3, "/RGB": 3,
    "/CalRGB": 3, "/Lab": 3, "/DeviceCMYK": 4, "/CMYK": 4,
}  # fmt: skip
_PNG_PREDICTORS = 10  # from here on, each row begins with a byte of its own


def rows_of(stream: StreamObject, unpacked: Unpacked) -> bytes:
    """Return the rows of a picture that lies open; a picture of another format as it is. Raises CleaningError."""
    if unpacked.filter not in ("", FLATE):
        return unpacked.data
    width, height = _number(stream, "/Width", "/W"), _number(stream, "/Height", "/H")
    mask = bool(stream.get("/ImageMask", stream.get("/IM")))
    depth = 1 if mask else _number(stream, "/BitsPerComponent", "/BPC")
    row = -(-width * depth * (1 if mask else _components(stream.get("/ColorSpace", stream.get("/CS")))) // 8)
    if unpacked.parameters is not None and unpacked.filter:
        row += 1 if _number(unpacked.parameters, "/Predictor", "/Predictor") >= _PNG_PREDICTORS else 0
    if row * height > MAX_PDF_STREAM_BYTES or row * height > len(unpacked.data):
        raise CleaningError("a picture has fewer rows than it says")
    return unpacked.data[: row * height]


def _number(keys: Any, long: str, short: str) -> int:
    value = keys.get(long, keys.get(short))
    value = value.get_object() if isinstance(value, IndirectObject) else value
    if not isinstance(value, NumberObject) or value <= 0:
        raise CleaningError("a picture is damaged")
    return int(value)


def _components(space: Any) -> int:
    space = space.get_object() if isinstance(space, IndirectObject) else space
    if isinstance(space, ArrayObject) and space:
        kind = str(space[0])
        if kind == "/ICCBased":
            return _number(space[1], "/N", "/N")
        if kind == "/DeviceN":
            return len(space[1])
    else:
        kind = str(space)
    if kind not in _COMPONENTS:
        raise CleaningError("a picture of another kind")
    return _COMPONENTS[kind]
