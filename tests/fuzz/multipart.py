"""The multipart stream: whatever arrives in whatever pieces, nothing but BadRequest, and no row is left behind.

The first bytes of an input say how the stream is cut into reads and when the writer finds no room; the rest is
the request. Limits are small here, so that short inputs reach what lies beyond them.
"""

from __future__ import annotations

import hashlib
import io
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unittest.mock import patch

from crypto.attachment import Attachment, open_part
from crypto.row import Kind
from dropbox import incoming, intake
from dropbox.errors import BadRequest, Broken, Full, Refused
from dropbox.form import AREA, AS_IS, EXCLUDED, FILES, LEVEL
from dropbox.received import Received

MAX_LEN = 3_000
HEAD_BYTES = 3
BOUNDARY = b"batas"
PART, TEXT, FILE = 64, 400, 700
REFUSES = 255  # the routing must be mended before this form gets a writer
LIMITS = {"MAX_TEXT_BYTES": TEXT, "MAX_PARTS": 12}
FILE_LIMITS = {
    "PART_BYTES": PART, "MAX_ATTACHMENT_BYTES": FILE, "HEAD_BYTES": 20, "parts_of": lambda size: max(1, -(-size // PART)),
}  # fmt: skip
_SPLIT = re.compile(rb"(?:\A|\r\n)--batas")
_BARE = re.compile(rb"(?:[^\r]\n|\r)--batas")
_WHOLE = re.compile(rb"\r\n(?:[^\r\n]+\r\n)+\r\n.*", re.S)
_LAST = re.compile(rb"(?:--.*|-|\r?|\r\n(?:[^\r\n]+\r\n)*[^\r\n]*\r?|\r\n(?:[^\r\n]+\r\n)+\r\n.*)", re.S)
_START = b"--" + BOUNDARY
_FIELD = b'\r\nContent-Disposition: form-data; name="'
_TOKENS = (
    *(
        name.encode() + b'"\r\n\r\n'
        for name in (*dict.fromkeys((AREA, LEVEL, EXCLUDED, AS_IS)), "uraian", FILES, "x" * 70)
    ),
    FILES.encode() + b'"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n',
    FILES.encode() + b'"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n',
)
WORDS = (
    _START, b"\r\n" + _START + b"--\r\n", _FIELD, b"; filename=", b"; filename*=UTF-8''%C3%A9", b"\r\n\r\n", b"\n\n",
    b"Content-Type: ", b"Content-Transfer-Encoding: ", b"charset=utf-16", b"\xff\xfe", b"\r", b"\n", b'\\"', *_TOKENS,
)  # fmt: skip


class Pieces(io.RawIOBase):
    """A stream that gives 1 to 40 bytes at a time, or all that was asked for."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._left, self._dice, self._whole = data, random.Random(seed), not seed

    def read(self, size: int = -1) -> bytes:
        size = len(self._left) if size < 0 else size
        size = size if self._whole else min(size, self._dice.choice((1, 2, 3, 7, 40)))
        piece, self._left = self._left[:size], self._left[size:]
        return piece


@dataclass
class Writer:
    """Keeps rows as the real one does; `room` rows find a place."""

    room: int
    rows: list[tuple[bytes, int, int, bytes]] = field(default_factory=list)
    abandoned: int = 0

    def add(self, kind: Kind, object_id: bytes, part: int, parts: int, data: bytes) -> None:
        assert kind is Kind.ATTACHMENT and not self.abandoned
        if len(self.rows) >= self.room:
            raise (Full if self.room % 2 else Broken)("no room")
        self.rows.append((object_id, part, parts, data))

    def mark(self) -> int:
        return len(self.rows)

    def forget_since(self, mark: int) -> None:
        del self.rows[mark:]
        if self.room % 4 == 2:
            raise Broken("cannot release")

    def abandon(self) -> None:
        self.abandoned += 1
        self.forget_since(0)


@dataclass
class Result:
    """One reading of a request."""

    received: Received
    writer: Writer
    refused: bool = False
    asked: int = 0


def read(body: bytes, seed: int, room: int) -> Result:
    """Read a request; anything but BadRequest, or the refusal of the routing, comes through as a finding."""
    found, stream = Result(Received(), Writer(room)), Pieces(body, seed)

    def open_writer(typed: Mapping[str, Sequence[str]]) -> Writer | None:
        found.asked += 1
        if room == REFUSES:
            raise Refused("routing")
        return found.writer if room else None

    with patch.multiple(intake, **LIMITS), patch.multiple(incoming, **FILE_LIMITS):
        try:
            assert intake.read_form(stream, BOUNDARY, open_writer, found.received) is found.received  # type: ignore[arg-type]
        except BadRequest:
            found.refused = True
        except Refused:
            assert room == REFUSES
            found.refused = True
    assert stream.read() == b"", "the request was not read to its end"
    return found


def one(data: bytes) -> None:
    """Read a request whole and in pieces, and compare; see that every row belongs to a file that was kept."""
    if len(data) < HEAD_BYTES:
        return
    seed, room, body = data[0] | 1, data[1] if data[1] == REFUSES else data[1] % 16, data[HEAD_BYTES:]
    whole, cut = read(body, 0, room), read(body, seed, room)
    assert not from_a_browser(body) or shown(whole) == shown(cut), "it matters how the stream is cut"
    for found in (whole, cut):
        check(found)


def from_a_browser(body: bytes) -> bool:
    """Say whether a form is written as browsers do, cut off or not; the decoder takes others one way or another."""
    if _BARE.search(body):
        return False
    before, *parts = _SPLIT.split(body)
    return not before and bool(parts) and all(map(_WHOLE.fullmatch, parts[:-1])) and bool(_LAST.fullmatch(parts[-1]))


def shown(found: Result) -> tuple[object, ...]:
    received = found.received
    files = [(a.name, a.media_type, a.size, a.parts, a.sha256) for a in received.files]
    problems = [p.key for p in received.problems] if not found.refused else []  # of two reasons either may be told
    # What a person typed before the fault must not depend on the network; a value cut off by it may.
    typed = {k: v for k, v in received.typed.items() if v or not found.refused}
    return typed, files, problems, received.dropped, found.refused, found.asked


def check(found: Result) -> None:
    received, writer = found.received, found.writer
    assert found.asked <= 1
    assert sum(len(v) for values in received.typed.values() for v in values) <= TEXT
    assert all(len(name) <= intake.MAX_NAME_LETTERS for name in received.typed)
    for name in (AREA, LEVEL):
        assert len(received.typed.get(name, ())) <= 1
    if found.refused:
        assert received.writer is None and not received.files
        assert writer.abandoned == (1 if found.asked and 0 < writer.room < REFUSES else 0)
        assert not writer.rows
        return
    assert received.writer in (None, writer) and not writer.abandoned
    assert len(received.files) <= incoming.MAX_ATTACHMENTS
    assert [row[0] for row in writer.rows] == [a.object_id for a in received.files for _ in range(a.parts)]
    for attachment in received.files:
        check_file(attachment, writer)
    assert not received.full or received.dropped


def check_file(attachment: Attachment, writer: Writer) -> None:
    """Open the rows of a file as its reader would."""
    rows = [row for row in writer.rows if row[0] == attachment.object_id]
    assert [(part, parts) for _, part, parts, _ in rows] == [
        (i, attachment.parts if i == attachment.parts - 1 else 0) for i in range(attachment.parts)
    ]
    plain = b"".join(open_part(attachment.key, row[0], row[1], row[3]) for row in rows)
    assert len(plain) == attachment.size <= FILE and hashlib.sha256(plain).digest() == attachment.sha256
    assert len(attachment.name.encode()) <= 1_024 and 0 < len(attachment.media_type) <= 100


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Move, repeat, drop or replace whole parts of a form."""
    head, (first, *parts) = data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0"), data[HEAD_BYTES:].split(_START)
    at = dice.randrange(len(parts) + 1)
    what = dice.randrange(6)
    if what == 0:
        parts.insert(at, _FIELD + dice.choice(_TOKENS) + dice.randbytes(dice.choice((0, 3, 63, 64, 65, 300))) + b"\r\n")
    elif what == 1 and parts:
        del parts[at - 1]
    elif what == 2:
        dice.shuffle(parts)
    elif what == 3 and parts:
        parts[at - 1 : at - 1] = parts[at - 1 : at] * dice.randrange(1, 4)
    elif what == 4:
        parts = [*(p for p in parts if p != b"--\r\n"), b"--\r\n"]
    else:
        head = bytes([dice.randrange(256), dice.choice((0, 1, 2, 3, 5, 6, 9, 15, REFUSES)), 0])
    return head + _START.join([first, *parts])
