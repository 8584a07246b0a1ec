"""Looks for traces in files: as they are, inflated, unpacked, in hexadecimal strings, in UTF-8 and UTF-16.

It knows nothing of `dropbox.cleaning`: anything that inflates is inflated, anything that is an archive is opened.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

MARKERS = ("zulkarnain", "penanda", "sn9917355", "2023-05-17", "20230517")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_HEX = re.compile(rb"<([0-9A-Fa-f\s]{8,})>")
_FILM = re.compile(rb"ftypmp4|ftypheic")
_MAX_BYTES = 4_000_000
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def forms(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield a file in every form that a program may read it in."""
    yield data
    if depth > 3:
        return
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive.comment
            for info in archive.infolist():
                yield info.filename.encode() + info.comment + info.extra
                yield from forms(archive.read(info), depth + 1)
        return
    for found in _HEX.finditer(data):
        digits = re.sub(rb"\s", b"", found[1])
        yield bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    for found in _ZLIB.finditer(data):
        try:
            inner = zlib.decompressobj().decompress(data[found.start() :], _MAX_BYTES)
        except zlib.error:
            continue
        if len(inner) > 8:
            yield from forms(inner, depth + 1)


def traces(data: bytes, markers: tuple[str, ...] = MARKERS) -> set[str]:
    """Return which markers are in a file, in whatever form."""
    wanted = {(m, m.encode(e)) for m in markers for e in _ENCODINGS}
    found: set[str] = set()
    for form in forms(data):
        low = form.lower()
        found |= {marker for marker, written in wanted if marker not in found and written in low}
    return found
