"""How the programs inside answer: frames on standard output, each a letter, a length and as many bytes."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import NoReturn

FILE = Path("/inside/file")
BEGUN, KIND, PAGES, PAGE, TEXT, NOTE, DOCUMENT, FOUND, REFUSED, ENDED = "BKNPTODFWE"
HEAD = struct.Struct(">cI")
SIZE = struct.Struct(">II")  # of a page, before its pixels: three bytes each, row by row


class FileError(Exception):
    """The file will not be shown or cleaned; the message is a word of `station.reasons`, and perhaps numbers."""


def put(tag: str, payload: bytes | str = b"") -> None:
    """Write one frame."""
    data = payload.encode("utf-8", "replace") if isinstance(payload, str) else payload
    sys.stdout.buffer.write(HEAD.pack(tag.encode(), len(data)) + data)
    sys.stdout.buffer.flush()


def put_page(width: int, height: int, pixels: bytes) -> None:
    """Write one page."""
    put(PAGE, SIZE.pack(width, height) + pixels)


def finish(refusal: str = "") -> NoReturn:
    """Say that the answer is complete, and end."""
    if refusal:
        put(REFUSED, refusal)
    put(ENDED)
    sys.exit(0)
