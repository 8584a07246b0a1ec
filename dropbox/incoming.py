"""One file on its way into rows: cleaned of what identifies a person, or streamed as it is (formats §3)."""

from __future__ import annotations

import contextlib
import hashlib
import os

from flask_babel import lazy_gettext as _
from werkzeug.sansio.multipart import File

from crypto.attachment import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    PART_BYTES,
    Attachment,
    new_key,
    parts_of,
    seal_part,
)
from crypto.row import OBJECT_ID_BYTES, Kind
from dropbox.cleaning import HEAD_BYTES, Outcome, may_be_cleaned
from dropbox.cleanroom import Held
from dropbox.errors import Broken, Busy, Full
from dropbox.filenames import distinct, file_name, without_moment
from dropbox.form import AS_IS, FILES, Problem
from dropbox.received import Received

_WORDS = {Outcome.CLEANED: "cleaned", Outcome.PLAIN: "untouched", Outcome.CANNOT: "not_cleanable"}
NO_ROOM = _("Lampiran tidak dapat diterima lagi sekarang. Kirim tulisannya saja, lampiran menyusul lewat kotak, "
            "mulai besok.")  # fmt: skip
_TOO_BUSY = _("Sedang banyak yang mengirim lampiran. Pilih lampiran sekali lagi beberapa menit lagi, "
              "atau kirim tulisannya saja.")  # fmt: skip


def one_too_many(names: str) -> object:
    """Return what is said of files beyond the number that one submission may have."""
    return _(
        "%(names)s tidak ikut: paling banyak %(n)d lampiran. Kirim sisanya lewat kotak.", names=names, n=MAX_ATTACHMENTS
    )


class IncomingFile:
    """Takes one file as it arrives. What can be cleaned is held in memory until it is whole, never longer."""

    def __init__(self, part: File, received: Received) -> None:
        self._received = received
        as_is = any(received.typed.get(AS_IS, ()))
        self._name = file_name(part.filename or "")  # as its sender knows it
        self._type = _media_type(part.headers.get("Content-Type", ""))
        self._id = os.urandom(OBJECT_ID_BYTES)
        self._key = new_key()
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._arrived = self._size = self._parts = 0
        self._mark = received.writer.mark() if received.writer is not None else 0
        self._refused = received.writer is None
        self._cleaned = "kept" if as_is else ""  # empty while it is still to be cleaned
        self._held: Held | None = None
        self._until_done = contextlib.ExitStack()

    def __enter__(self) -> IncomingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._buffer.clear()
        self._until_done.close()

    def take(self, data: bytes) -> None:
        """Take the next piece."""
        self._arrived += len(data)
        if self._refused:
            return
        if len(self._received.files) >= MAX_ATTACHMENTS:
            return self._refuse(one_too_many(f"“{self._name}”"))
        if self._arrived > MAX_ATTACHMENT_BYTES:
            return self._refuse(_("“%(name)s” terlalu besar: paling besar 25 MB untuk satu lampiran.", name=self._name))
        self._buffer += data
        if not self._cleaned:
            self._hold(len(data))
        if self._cleaned:
            self._write_full_parts()

    def finish(self) -> None:
        """Clean what is to be cleaned, write the rest, and add the file to what arrived."""
        if not self._name and not self._arrived:
            return  # the browser's way of saying that no file was chosen
        if not self._arrived and not self._refused:
            self._refuse(_("“%(name)s” kosong, tidak ada isinya. Pilih file yang lain.", name=self._name))
        if not self._refused and not self._cleaned:
            self._clean()
        if not self._refused:
            self._write_full_parts()
            self._write(bytes(self._buffer), last=True)
        if self._refused:
            self._received.dropped = True
            return
        size, digest = self._size, self._hash.digest()
        name = self._name if self._cleaned == "kept" else self._quiet_name(digest)
        self._received.files.append(
            Attachment(self._id, name, self._type, size, parts_of(size), digest, self._key, self._cleaned)
        )

    def _quiet_name(self, digest: bytes) -> str:
        """Return the name without its moment; photos that a camera told apart by it are numbered."""
        name = without_moment(self._name)
        if name == self._name:
            return name
        others = (file for file in (*self._received.kept, *self._received.files) if file.sha256 != digest)
        return distinct(name, {file.name for file in others})

    def _hold(self, more: int) -> None:
        """Go on holding the file while it may be one that can be cleaned."""
        if len(self._buffer) < HEAD_BYTES:
            return
        try:
            if self._held is None:
                room = self._received.cleanroom
                if room is None or not may_be_cleaned(bytes(self._buffer[:HEAD_BYTES])):
                    self._cleaned = "not_cleanable"
                    return
                self._held, more = self._until_done.enter_context(room.hold()), len(self._buffer)
            self._held.grow(more)
        except Busy:
            self._refuse_for_now()

    def _clean(self) -> None:
        room = self._received.cleanroom
        if room is None:
            self._cleaned = "not_cleanable"
            return
        try:
            result = room.clean(self._buffer)
        except Busy:
            return self._refuse_for_now()
        self._cleaned = _WORDS[result.outcome]
        if result.data is not None:
            self._buffer[:] = result.data

    def _write_full_parts(self) -> None:
        while len(self._buffer) > PART_BYTES and not self._refused:
            with memoryview(self._buffer) as view:
                piece = bytes(view[:PART_BYTES])
            del self._buffer[:PART_BYTES]
            self._write(piece)

    def _write(self, data: bytes, *, last: bool = False) -> None:
        writer = self._received.writer
        if writer is None or self._refused:
            return
        self._hash.update(data)
        self._size += len(data)
        try:
            sealed = seal_part(self._key, self._id, self._parts, data)
            writer.add(Kind.ATTACHMENT, self._id, self._parts, self._parts + 1 if last else 0, sealed)
            self._parts += 1
        except (Full, Broken):
            self._received.full = True
            self._refuse(NO_ROOM)

    def _refuse_for_now(self) -> None:
        self._received.full = True
        self._refuse(_TOO_BUSY)

    def _refuse(self, message: object) -> None:
        self._refused = self._received.dropped = True
        self._buffer.clear()
        self._until_done.close()
        if self._received.writer is not None:
            with contextlib.suppress(Broken):
                self._received.writer.forget_since(self._mark)
        self._received.problems.append(Problem(FILES, message))


def _media_type(text: str) -> str:
    kind = text.split(";")[0].strip().lower()
    return kind if kind.isascii() and kind.isprintable() and 0 < len(kind) <= 100 else "application/octet-stream"
