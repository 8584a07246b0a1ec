"""Take a form as it streams in: text to memory, each file straight into sealed rows (formats §3).

No byte of a file or a text ever reaches the disk unsealed, and no more than a few rows of a file are in
memory at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from flask_babel import lazy_gettext as _
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, File, MultipartDecoder, NeedData
from werkzeug.sansio.multipart import Field as TextPart

from crypto.attachment import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    MAX_NAME_BYTES,
    PART_BYTES,
    Attachment,
    new_key,
    parts_of,
    seal_part,
)
from crypto.row import OBJECT_ID_BYTES, Kind
from dropbox.errors import BadRequest, Broken, DropboxError, Full
from dropbox.form import FILES, ROUTING, Problem
from dropbox.sealing import RowWriter

READ_BYTES = 256 * 1024
MAX_TEXT_BYTES = 200 * 1024  # of all typed fields together, as a page that gives them back spells them
_LONGER = {b"&": 4, b'"': 4, b"'": 4, b"<": 3, b">": 3}  # by how many bytes a page spells these longer
MAX_PARTS = 64
MAX_NAME_LETTERS = 64
_MAX_BUFFER = 4 * READ_BYTES
DRAIN_BYTES = 2**30  # read to its end, so that whoever chose far too many files gets the text back

OpenWriter = Callable[[Mapping[str, Sequence[str]]], "RowWriter | None"]


@dataclass(slots=True)
class Received:
    """One form as it arrived."""

    typed: dict[str, list[str]] = field(default_factory=dict, repr=False)
    files: list[Attachment] = field(default_factory=list, repr=False)
    problems: list[Problem] = field(default_factory=list, repr=False)
    writer: RowWriter | None = field(default=None, repr=False)
    dropped: bool = False  # a file was not kept and must be chosen again
    full: bool = False  # a file found no room


def drain(stream: BinaryIO, limit: int = DRAIN_BYTES) -> None:
    """Read the rest of a request, so that a browser shows the answer instead of a broken connection."""
    while limit > 0 and (piece := stream.read(READ_BYTES)):
        limit -= len(piece)


def read_form(stream: BinaryIO, boundary: bytes, open_writer: OpenWriter, received: Received | None = None) -> Received:
    """Read a whole multipart form into `received`, which keeps what came when something goes wrong.

    `open_writer` is asked once, at the first file, with the text that came before it: it returns the
    writer that seals to this form's readers, or None when the routing must be mended first (the files
    are then read and dropped). Raises BadRequest or what `open_writer` raises, after reading the request
    to its end; rows written by then are released.
    """
    received = Received() if received is None else received
    try:
        _read_events(_events(stream, boundary), received, open_writer)
    except (ValueError, UnicodeDecodeError, RequestEntityTooLarge):
        _abandon(received, stream)
        raise BadRequest("the form is not multipart as browsers send it") from None
    except DropboxError:
        _abandon(received, stream)
        raise
    except BaseException:
        if received.writer is not None:
            received.writer.abandon()
        raise
    return received


def _abandon(received: Received, stream: BinaryIO) -> None:
    if received.writer is not None:
        with contextlib.suppress(DropboxError):  # a database that cannot write cannot release either
            received.writer.abandon()
        received.writer = None
    received.dropped = received.dropped or bool(received.files)
    received.files.clear()
    drain(stream)


def _events(stream: BinaryIO, boundary: bytes) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary, _MAX_BUFFER, max_parts=MAX_PARTS)
    total = 0
    while True:
        event = decoder.next_event()
        if isinstance(event, NeedData):
            piece = stream.read(READ_BYTES)
            total += len(piece)
            if total > DRAIN_BYTES:
                raise BadRequest("the request is far larger than the form allows")
            decoder.receive_data(piece or None)
            continue
        yield event
        if isinstance(event, Epilogue):
            return


def _read_events(events: Iterator[Event], received: Received, open_writer: OpenWriter) -> None:
    text_bytes, asked = 0, False
    for event in events:
        if isinstance(event, TextPart):
            text_bytes += _read_text(event, events, received, asked, text_bytes)
        elif isinstance(event, File):
            if event.name != FILES:
                raise BadRequest("a file in a field that takes none")
            if not asked:
                received.writer, asked = open_writer(received.typed), True
            _read_file(event, events, received)


def _read_text(part: TextPart, events: Iterator[Event], received: Received, after_file: bool, before: int) -> int:
    name = part.name or ""
    if len(name) > MAX_NAME_LETTERS:
        raise BadRequest("a field with a name that none of ours has")
    values = received.typed.setdefault(name, [])
    if name in ROUTING and (after_file or (values and name != ROUTING[2])):
        raise BadRequest("a routing field comes twice or after a file")
    pieces, size = [], 0
    for event in events:
        if not isinstance(event, Data):
            raise BadRequest("a part without data")
        size += len(event.data) + sum(more * event.data.count(sign) for sign, more in _LONGER.items())
        if before + size <= MAX_TEXT_BYTES:
            pieces.append(event.data)
        elif not received.problems or received.problems[-1].key != "":
            received.problems.append(Problem("", _("Tulisan terlalu panjang untuk satu laporan.")))
        if not event.more_data:
            break
    values.append(b"".join(pieces).decode("utf-8", "replace"))
    return size


def _read_file(part: File, events: Iterator[Event], received: Received) -> None:
    """Seal one file into rows as it arrives; a file over a limit is read to its end and dropped."""
    sink = _FileSink(part, received)
    for event in events:
        if not isinstance(event, Data):
            raise BadRequest("a part without data")
        sink.take(event.data)
        if not event.more_data:
            break
    sink.finish()


class _FileSink:
    """One file on its way into rows."""

    def __init__(self, part: File, received: Received) -> None:
        self._received = received
        self._name = _name(part.filename or "")
        self._type = _media_type(part.headers.get("Content-Type", ""))
        self._id = os.urandom(OBJECT_ID_BYTES)
        self._key = new_key()
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._size = self._parts = 0
        self._mark = received.writer.mark() if received.writer is not None else 0
        self._refused = received.writer is None

    def take(self, data: bytes) -> None:
        self._size += len(data)
        if self._refused:
            return
        received = self._received
        if len(received.files) >= MAX_ATTACHMENTS:
            return self._refuse(_("Paling banyak %(n)d lampiran. Kirim sisanya lewat kotak.", n=MAX_ATTACHMENTS))
        if self._size > MAX_ATTACHMENT_BYTES:
            return self._refuse(_("“%(name)s” terlalu besar: paling besar 25 MB untuk satu lampiran.", name=self._name))
        self._hash.update(data)
        self._buffer += data
        while len(self._buffer) > PART_BYTES:
            with memoryview(self._buffer) as view:
                piece = bytes(view[:PART_BYTES])
            del self._buffer[:PART_BYTES]
            self._write(piece)

    def finish(self) -> None:
        if not self._name and not self._size:
            return  # the browser's way of saying that no file was chosen
        if self._refused:
            self._received.dropped = True
            return
        self._write(bytes(self._buffer), last=True)
        if self._refused:
            return
        self._received.files.append(
            Attachment(
                self._id, self._name, self._type, self._size, parts_of(self._size), self._hash.digest(), self._key
            )
        )

    def _write(self, data: bytes, *, last: bool = False) -> None:
        writer = self._received.writer
        if writer is None or self._refused:
            return
        try:
            sealed = seal_part(self._key, self._id, self._parts, data)
            writer.add(Kind.ATTACHMENT, self._id, self._parts, self._parts + 1 if last else 0, sealed)
            self._parts += 1
        except (Full, Broken):
            self._received.full = True
            self._refuse(_("Lampiran tidak dapat diterima sekarang karena kotak hampir penuh. Kirim tulisannya saja, "
                           "lampiran menyusul lewat kotak."))  # fmt: skip

    def _refuse(self, message: object) -> None:
        self._refused = self._received.dropped = True
        self._buffer.clear()
        if self._received.writer is not None:
            with contextlib.suppress(Broken):
                self._received.writer.forget_since(self._mark)
        self._received.problems.append(Problem(FILES, message))


def _name(text: str) -> str:
    return text.encode("utf-8", "replace")[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def _media_type(text: str) -> str:
    kind = text.split(";")[0].strip().lower()
    return kind if kind.isascii() and kind.isprintable() and 0 < len(kind) <= 100 else "application/octet-stream"
