"""The bytes of a PDF's streams: unpacked as far as their contents can be looked at, pictures cleaned."""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from pypdf.filters import FlateDecode, LZWDecode, RunLengthDecode
from pypdf.generic import DictionaryObject, NullObject, StreamObject

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.jpeg import clean_jpeg
from dropbox.cleaning.limits import MAX_PDF_STREAM_BYTES

FLATE, DCT, CCITT, JBIG2 = "/FlateDecode", "/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode"
_SHORT = {
    "/Fl": FLATE, "/DCT": DCT, "/CCF": CCITT, "/AHx": "/ASCIIHexDecode", "/A85": "/ASCII85Decode",
    "/LZW": "/LZWDecode", "/RL": "/RunLengthDecode",
}  # fmt: skip
_PICTURES = (DCT, CCITT, JBIG2)
_PIECE = 1 << 20
_WHITE = re.compile(rb"[\x00\t\n\f\r ]+")
_JBIG2_EXTENSION = 62


@dataclass(slots=True)
class Unpacked:
    """What a stream holds. `filter` is how it still is packed, of a picture, with `parameters`; or nothing."""

    data: bytes
    filter: str = ""
    parameters: DictionaryObject | None = None


def unpack(stream: StreamObject, *, picture: bool = False) -> Unpacked:
    """Undo the filters of a stream, up to one that only pictures have. Raises CleaningError."""
    data = bytes(stream._data)
    names, parameters = _chain(stream)
    for number, (name, values) in enumerate(zip(names, parameters, strict=True)):
        last = number == len(names) - 1
        if name in _PICTURES:
            if not picture or not last:
                raise CleaningError("a stream is packed in another way")
            return Unpacked(_clean_picture(name, data), name, values)
        predicted = values is not None and values.get("/Predictor", 1) not in (1, None)
        if name == FLATE and picture and last and predicted:
            return Unpacked(inflate(data), FLATE, values)
        data = _undo(name, data, values if predicted else None, values)
        if len(data) > MAX_PDF_STREAM_BYTES:
            raise CleaningError("a stream is too large")
    return Unpacked(data)


def inflate(data: bytes) -> bytes:
    """Return inflated bytes; what a cut off stream still held, as readers do. Raises CleaningError."""
    inflater = zlib.decompressobj()
    found = bytearray()
    rest = data
    try:
        while rest and not inflater.eof:
            found += inflater.decompress(rest, _PIECE)
            rest = inflater.unconsumed_tail
            if len(found) > MAX_PDF_STREAM_BYTES:
                raise CleaningError("a stream is too large")
        if not inflater.eof:
            found += inflater.decompress(b"", MAX_PDF_STREAM_BYTES)
    except zlib.error as e:
        raise CleaningError("a stream is damaged") from e
    return bytes(found)


def _chain(stream: StreamObject) -> tuple[list[str], list[DictionaryObject | None]]:
    if "/F" in stream or "/FFilter" in stream:
        raise CleaningError("a stream lies outside")
    names = _listed(stream.get("/Filter"))
    given = _listed(stream.get("/DecodeParms", stream.get("/DP")))
    parameters = [p if isinstance(p, DictionaryObject) else None for p in given]
    parameters += [None] * (len(names) - len(parameters))
    return [_SHORT.get(str(n), str(n)) for n in names], parameters[: len(names)]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    value = value.get_object() if hasattr(value, "get_object") else value
    if value is None or isinstance(value, NullObject):
        return []
    found = value if isinstance(value, list) else [value]
    return [v.get_object() if hasattr(v, "get_object") else v for v in found]


def _undo(name: str, data: bytes, predicted: DictionaryObject | None, values: DictionaryObject | None) -> bytes:
    if name == FLATE:
        return bytes(FlateDecode.decode(data, predicted)) if predicted is not None else inflate(data)
    if name == "/LZWDecode":
        return bytes(LZWDecode.decode(data, values))
    if name == "/RunLengthDecode":
        return bytes(RunLengthDecode.decode(data))
    plain = _WHITE.sub(b"", data)
    try:
        if name == "/ASCIIHexDecode":
            digits = plain.partition(b">")[0]
            return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
        if name == "/ASCII85Decode":
            return base64.a85decode(plain.partition(b"~")[0].removeprefix(b"<~"))
    except ValueError as e:
        raise CleaningError("a stream is damaged") from e
    raise CleaningError("a stream is packed in another way")


def _clean_picture(name: str, data: bytes) -> bytes:
    if name == DCT:
        return clean_jpeg(data.lstrip(b"\r\n") if data[:1] in (b"\r", b"\n") else data)
    if name == JBIG2:
        _check_segments(data)
    return data


def _check_segments(data: bytes) -> None:
    """Raise when a JBIG2 stream carries a comment, or is not what it says."""
    at = 0
    while at + 11 <= len(data):
        kind, count = data[at + 4], data[at + 5] >> 5
        number = struct.unpack_from(">I", data, at)[0]
        if kind & 63 == _JBIG2_EXTENSION or count == 7:
            raise CleaningError("a picture carries more than pixels")
        size = 1 if number <= 256 else 2 if number <= 65_536 else 4
        head = at + 6 + count * size + (4 if kind & 64 else 1)
        if head + 4 > len(data):
            break
        length = struct.unpack_from(">I", data, head)[0]
        at = head + 4 + length
    if at != len(data) and data[at:].strip(b"\r\n\x00"):
        raise CleaningError("a picture is damaged")
