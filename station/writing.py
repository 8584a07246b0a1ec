"""Letters that are written at a station: for those who came on paper, and for invented people to learn with."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crypto import receipt
from crypto.attachment import PART_BYTES, Attachment, new_key, parts_of, seal_part
from crypto.letter import FOLLOW_UP, REPORT, Letter, build_letter, seal_thread
from crypto.receipt import Receipt
from crypto.row import OBJECT_ID_BYTES, Kind, Record
from station.letters import FOLLOW_UP_FIELD


class Named(Protocol):
    """A file with its name."""

    @property
    def name(self) -> str: ...

    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """A letter as the records of its rows: the parts of its files, then the letter itself."""

    day: int
    records: tuple[Record, ...] = field(repr=False)


class Writer:
    """Somebody with a receipt code; `code` (10 bytes) is for them alone."""

    def __init__(self, deployment: str, group: str, language: str) -> None:
        self.code = os.urandom(receipt.CODE_BYTES)
        self._receipt: Receipt = receipt.derive(self.code, deployment)
        self._group, self._language = group, language

    def report(self, fields: Mapping[str, str], files: Sequence[Named], day: int) -> WrittenLetter:
        """Write the report; its name for people is that of its mailbox."""
        letter = Letter(
            type=REPORT,
            object_id=os.urandom(OBJECT_ID_BYTES),
            fields=fields,
            language=self._language,
            day=day,
            readers=(self._group,),
            mailbox=self._receipt.mailbox,
            attachments=tuple(_describe(file) for file in files),
            reply_key=self._receipt.reply.public.raw,
            thread_key=self._receipt.thread,
            claim=self._receipt.claim,
            mailbox_name=" ".join(self._receipt.name),
        )
        return _records(letter, files)

    def follow_up(self, text: str, files: Sequence[Named], day: int) -> WrittenLetter:
        """Write a further letter."""
        letter = Letter(
            type=FOLLOW_UP,
            object_id=os.urandom(OBJECT_ID_BYTES),
            fields={FOLLOW_UP_FIELD: text},
            language=self._language,
            day=day,
            readers=(self._group,),
            mailbox=self._receipt.mailbox,
            attachments=tuple(_describe(file) for file in files),
            reply_key_hash=hashlib.sha256(self._receipt.reply.public.raw).digest(),
        )
        return _records(seal_thread(letter, self._receipt.thread), files)


def _describe(file: Named) -> Attachment:
    return Attachment(
        os.urandom(OBJECT_ID_BYTES),
        file.name,
        mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        len(file.data),
        parts_of(len(file.data)),
        hashlib.sha256(file.data).digest(),
        new_key(),
        "kept",  # nobody cleans it here
    )


def _records(letter: Letter, files: Sequence[Named]) -> WrittenLetter:
    parts = [part for a, file in zip(letter.attachments, files, strict=True) for part in _parts(a, file.data)]
    return WrittenLetter(letter.day, (*parts, Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter))))


def _parts(described: Attachment, data: bytes) -> Iterator[Record]:
    for i in range(described.parts):
        piece = data[i * PART_BYTES : (i + 1) * PART_BYTES]
        sealed = seal_part(described.key, described.object_id, i, piece)
        yield Record(Kind.ATTACHMENT, described.object_id, i, 0, sealed)
