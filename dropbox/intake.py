"""Take a form as it streams in: text to memory, each file into sealed rows (formats §3).

No byte of a file or a text ever reaches the disk unsealed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import BinaryIO

from flask_babel import lazy_gettext as _
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, File, MultipartDecoder, NeedData
from werkzeug.sansio.multipart import Field as TextPart

from dropbox.errors import BadRequest, Busy, DropboxError
from dropbox.form import FILES, ROUTING, Problem
from dropbox.incoming import IncomingFile
from dropbox.received import Received
from dropbox.sealing import RowWriter

READ_BYTES = 256 * 1024
MAX_TEXT_BYTES = 200 * 1024  # of all typed fields together, as a page that gives them back spells them
_LONGER = {ord("&"): 4, ord('"'): 4, ord("'"): 4, ord("<"): 3, ord(">"): 3}  # by so many bytes in a page
MAX_PARTS = 256  # somebody who chooses a whole album is told that five may go, and keeps the text
MAX_NAME_LETTERS = 64
_MAX_BUFFER = 4 * READ_BYTES
_MAX_PADDING = 8  # blanks behind a boundary; browsers send none
_TAIL_BYTES = 256  # more than a boundary and its padding
DRAIN_BYTES = 2**30  # read to its end, so that whoever chose far too many files gets the text back

OpenWriter = Callable[[Mapping[str, Sequence[str]]], "RowWriter | None"]


def drain(stream: BinaryIO, limit: int = DRAIN_BYTES) -> None:
    """Read the rest of a request, so that a browser shows the answer instead of a broken connection."""
    while limit > 0 and (piece := stream.read(READ_BYTES)):
        limit -= len(piece)


def read_form(stream: BinaryIO, boundary: bytes, open_writer: OpenWriter, received: Received | None = None) -> Received:
    """Read a whole multipart form into `received`, which keeps what came when something goes wrong.

    `open_writer` is asked once, at the first file, with the text that came before it: it returns the
    writer that seals to this form's readers, or None when the routing must be mended first (the files
    are then read and dropped). Raises BadRequest or what `open_writer` raises, after reading the request
    to its end, but for Busy; rows written by then are released.
    """
    received = Received() if received is None else received
    try:
        _read_events(_events(stream, boundary), received, open_writer)
    except (ValueError, UnicodeDecodeError, RequestEntityTooLarge):
        _abandon(received, stream)
        raise BadRequest("the form is not multipart as browsers send it") from None
    except Busy:
        _abandon(received)  # answered at once; the page that answers reads the rest afterwards
        raise
    except DropboxError:
        _abandon(received, stream)
        raise
    except BaseException:
        if received.writer is not None:
            received.writer.abandon()
        raise
    return received


def _abandon(received: Received, stream: BinaryIO | None = None) -> None:
    if received.writer is not None:
        with contextlib.suppress(DropboxError):  # a database that cannot write cannot release either
            received.writer.abandon()
        received.writer = None
    received.dropped = received.dropped or bool(received.files)
    received.files.clear()
    if stream is not None:
        drain(stream)


def _events(stream: BinaryIO, boundary: bytes) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary, _MAX_BUFFER, max_parts=MAX_PARTS)
    half = re.compile(rb"[\r\n]--%s(-|[^\S\r\n]{1,%d})\Z" % (re.escape(boundary), _MAX_PADDING))
    total = 0
    while True:
        event = decoder.next_event()
        if isinstance(event, NeedData):
            piece = _piece(stream, bytes(decoder.buffer[-_TAIL_BYTES:]), half)
            total += len(piece)
            if total > DRAIN_BYTES:
                raise BadRequest("the request is far larger than the form allows")
            decoder.receive_data(piece or None)
            continue
        yield event
        if isinstance(event, Epilogue):
            return


def _piece(stream: BinaryIO, held: bytes, half: re.Pattern[bytes]) -> bytes:
    """Return what comes next, never up to the middle of what ends a part: the decoder would take it for data.

    One byte of a line break, and sometimes the whole boundary, would then become a part of somebody's file.
    """
    piece = more = stream.read(READ_BYTES)
    while more and half.search(held + piece[-_TAIL_BYTES:]):
        more = stream.read(1)
        piece += more
    return piece


def _read_events(events: Iterator[Event], received: Received, open_writer: OpenWriter) -> None:
    text_bytes, asked = 0, False
    for event in events:
        if isinstance(event, TextPart):
            text_bytes += _read_text(event, events, received, asked, text_bytes)
        elif isinstance(event, File):
            if event.name != FILES:
                raise BadRequest("a file in a field that takes none")
            if not asked and event.filename:  # without a name: no file was chosen, and no place is needed
                received.writer, asked = _open(open_writer, received), True
            _read_file(event, events, received)


def _open(open_writer: OpenWriter, received: Received) -> RowWriter | None:
    try:
        return open_writer(received.typed)
    except DropboxError:
        received.dropped = True  # the file at hand goes with it, and has to be chosen again
        raise


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
        fits = _fitting(event.data, MAX_TEXT_BYTES - before - size)
        pieces.append(fits)  # the same however the network cut the form
        size += _spelled(event.data)
        if len(fits) < len(event.data) and (not received.problems or received.problems[-1].key != ""):
            received.problems.append(Problem("", _("Tulisan terlalu panjang untuk satu laporan.")))
        if not event.more_data:
            break
    values.append(b"".join(pieces).decode("utf-8", "replace"))
    return size


def _spelled(data: bytes) -> int:
    """Return how many bytes a page takes to give this text back."""
    return len(data) + sum(more * data.count(sign) for sign, more in _LONGER.items())


def _fitting(data: bytes, room: int) -> bytes:
    """Return the start of a text that a page spells in `room` bytes."""
    if _spelled(data) <= room:
        return data
    ends = accumulate(1 + _LONGER.get(sign, 0) for sign in data[: max(0, room)])
    return data[: sum(1 for end in ends if end <= room)]


def _read_file(part: File, events: Iterator[Event], received: Received) -> None:
    """Take one file as it arrives; a file over a limit is read to its end and dropped."""
    with IncomingFile(part, received) as file:
        for event in events:
            if not isinstance(event, Data):
                raise BadRequest("a part without data")
            file.take(event.data)
            if not event.more_data:
                break
        file.finish()
