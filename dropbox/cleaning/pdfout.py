"""A PDF as it is written: objects by number, one table at the end, nothing that says when or by whom."""

from __future__ import annotations

import zlib

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_FILE_BYTES, MAX_PDF_OBJECTS

_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_DELIMITERS = frozenset(b"()<>[]{}/%#")


def name(text: str) -> bytes:
    """Return a name; `text` begins with a slash."""
    return b"/" + b"".join(
        bytes([b]) if 0x21 <= b <= 0x7E and b not in _DELIMITERS else b"#%02X" % b for b in text[1:].encode("utf-8")
    )


def string(data: bytes) -> bytes:
    """Return a string."""
    return b"<" + data.hex().encode() + b">"


class PdfOut:
    """Collects the objects of one document."""

    def __init__(self) -> None:
        self._whole = bytearray(_HEAD)
        self._places: dict[int, int] = {}
        self._last = 0

    def number(self) -> int:
        """Return the number of a new object. Raises CleaningError when there are too many."""
        self._last += 1
        if self._last > MAX_PDF_OBJECTS:
            raise CleaningError("a PDF has too many objects")
        return self._last

    def put(self, number: int, body: bytes) -> None:
        """Write an object."""
        self._places[number] = len(self._whole)
        self._whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        if len(self._whole) > MAX_FILE_BYTES:
            raise CleaningError("the cleaned file is too large")

    def put_stream(self, number: int, keys: bytes, data: bytes, filtered: bytes = b"") -> None:
        """Write a stream: `keys` are written pairs; `filtered` the pairs that say how data is packed already."""
        if not filtered:
            data, filtered = zlib.compress(data, 6), b"/Filter/FlateDecode"
        self._places[number] = len(self._whole)
        self._whole += b"%d 0 obj\n<<%s%s/Length %d>>\nstream\n" % (number, keys, filtered, len(data))
        self._whole += data
        self._whole += b"\nendstream\nendobj\n"
        if len(self._whole) > MAX_FILE_BYTES:
            raise CleaningError("the cleaned file is too large")

    def finish(self, root: int) -> bytes:
        """Return the document. `root` is the number of its catalog."""
        at = len(self._whole)
        table = [b"%010d %05d %s \n" % (0, 65535, b"f")]
        for number in range(1, self._last + 1):
            if number in self._places:
                table.append(b"%010d %05d %s \n" % (self._places[number], 0, b"n"))
            else:
                table.append(b"%010d %05d %s \n" % (0, 0, b"f"))
        nothing = string(bytes(16))
        self._whole += b"xref\n0 %d\n" % (self._last + 1) + b"".join(table)
        self._whole += b"trailer\n<</Size %d/Root %d 0 R/ID[%s%s]>>\nstartxref\n%d\n%%%%EOF\n" % (
            self._last + 1, root, nothing, nothing, at,
        )  # fmt: skip
        return bytes(self._whole)
