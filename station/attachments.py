"""Files of letters: their parts arrive in any order, before or after the letter, in one bundle or in several.

An attachment is whole when every part is there and size and SHA-256 are what the letter says.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from crypto import medium
from crypto.attachment import MAX_ATTACHMENT_BYTES, open_part, parts_of
from crypto.errors import Tampered
from crypto.letter import Letter
from crypto.row import Record
from station.errors import Refused
from station.tables import FileState, Outcome, attachments, letters, parts

ORPHAN_DAYS = 90  # formats §3 asks for 60 or more; a follow-up that waits for its report waits 90


@dataclass(frozen=True, slots=True)
class File:
    """One attachment of a case. The name is what the reporter's machine said: data, never a path."""

    id: int
    object_id: bytes = field(repr=False)
    name: str = field(repr=False)
    media_type: str = field(repr=False)
    size: int
    sha256: bytes = field(repr=False)
    key: bytes = field(repr=False)
    cleaned: str
    state: FileState


def keep_part(transaction: sa.Connection, record: Record, day: int) -> Outcome:
    """Keep one part; a second one with other data, or one no file can have, is quarantined."""
    if record.part >= parts_of(MAX_ATTACHMENT_BYTES):
        return Outcome.QUARANTINED
    known = transaction.scalar(
        sa.select(parts.c.data).where(parts.c.object_id == record.object_id, parts.c.part == record.part)
    )
    if known is not None:
        return Outcome.PART if known == record.data else Outcome.QUARANTINED
    transaction.execute(
        sa.insert(parts).values(object_id=record.object_id, part=record.part, day=day, data=record.data)
    )
    return Outcome.PART


def expect_files(transaction: sa.Connection, letter_id: int, letter: Letter) -> None:
    """Note the files that a letter names."""
    for a in letter.attachments:
        transaction.execute(
            sa.insert(attachments).values(
                letter_id=letter_id,
                object_id=a.object_id,
                name=a.name,
                media_type=a.media_type,
                size=a.size,
                parts=a.parts,
                sha256=a.sha256,
                key=a.key,
                cleaned=a.cleaned,
                state=FileState.WAITING,
            )
        )


def settle(transaction: sa.Connection) -> int:
    """Check every file whose parts are all there; return how many turned out to be damaged."""
    damaged = 0
    waiting = transaction.execute(sa.select(attachments).where(attachments.c.state == FileState.WAITING)).all()
    for a in waiting:
        have = transaction.scalar(
            sa.select(sa.func.count()).where(parts.c.object_id == a.object_id, parts.c.part < a.parts)
        )
        if have != a.parts:
            continue
        state = FileState.WHOLE if _is_whole(transaction, a) else FileState.DAMAGED
        damaged += state is FileState.DAMAGED
        transaction.execute(sa.update(attachments).where(attachments.c.id == a.id).values(state=state))
    return damaged


def count_incomplete_letters(transaction: sa.Connection) -> int:
    """Return how many letters still miss a part of a file."""
    query = sa.select(sa.func.count(sa.distinct(attachments.c.letter_id)))
    return transaction.scalar(query.where(attachments.c.state != FileState.WHOLE)) or 0


def forget_files(transaction: sa.Connection, letter: Letter) -> None:
    """Drop the parts of a letter that was dropped as a repeat."""
    _drop_parts(transaction, {a.object_id for a in letter.attachments})


def forget_files_of(transaction: sa.Connection, case_id: int) -> None:
    """Drop the files of a case that goes, and their parts."""
    a = attachments.c
    mine = a.letter_id.in_(sa.select(letters.c.id).where(letters.c.case_id == case_id))
    names = set(transaction.scalars(sa.select(a.object_id).where(mine)))
    transaction.execute(sa.delete(attachments).where(mine))
    _drop_parts(transaction, names)


def _drop_parts(transaction: sa.Connection, names: Collection[bytes]) -> None:
    """Drop parts by the names of their files, unless a kept letter names them, too: anybody can name a file."""
    for name in names:
        kept = transaction.scalar(sa.select(attachments.c.id).where(attachments.c.object_id == name).limit(1))
        if kept is None:
            transaction.execute(sa.delete(parts).where(parts.c.object_id == name))


def drop_orphans(transaction: sa.Connection, day: int) -> None:
    """Drop parts whose letter has not come for 90 days; the caller makes sure that no bundle is missing."""
    named = sa.select(attachments.c.object_id)
    transaction.execute(sa.delete(parts).where(parts.c.day <= day - ORPHAN_DAYS, parts.c.object_id.not_in(named)))


def files_of(transaction: sa.Connection, case_id: int) -> tuple[File, ...]:
    """Return the attachments of all letters of a case, in order of arrival."""
    query = sa.select(attachments).join(letters).where(letters.c.case_id == case_id).order_by(attachments.c.id)
    return tuple(
        File(a.id, a.object_id, a.name, a.media_type, a.size, a.sha256, a.key, a.cleaned, FileState(a.state))
        for a in transaction.execute(query)
    )


def save_files(transaction: sa.Connection, case_id: int, folder: Path) -> tuple[Path, ...]:
    """Write the whole attachments of a case as 001.bin, 002.bin … (0600), numbered as `files_of` lists them.

    Raises Refused when one of these names exists already (nothing is written then), OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = [
        (folder / f"{number:03d}.bin", file)
        for number, file in enumerate(files_of(transaction, case_id), 1)
        if file.state is FileState.WHOLE
    ]
    if any(os.path.lexists(path) for path, _ in wanted):
        raise Refused("lampiran: di folder itu sudah ada berkas dengan nama itu; sebut folder kosong")
    for path, file in wanted:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as out:
            for piece in _pieces(transaction, file.object_id, file.key, parts_of(file.size)):
                out.write(piece)
            out.flush()
            os.fsync(fd)
    medium.sync_folder(folder)
    return tuple(path for path, _ in wanted)


def read_file(transaction: sa.Connection, file: File) -> bytes:
    """Return the content of a whole file; raises Refused when it is not whole."""
    try:
        data = b"".join(_pieces(transaction, file.object_id, file.key, parts_of(file.size)))
    except Tampered:
        data = b""
    if file.state is not FileState.WHOLE or (len(data), hashlib.sha256(data).digest()) != (file.size, file.sha256):
        raise Refused("berkas ini belum lengkap atau rusak; bagian yang kurang datang dengan stik berikutnya")
    return data


def _is_whole(transaction: sa.Connection, a: sa.Row[tuple[object, ...]]) -> bool:
    size, outer = 0, hashlib.sha256()
    try:
        for piece in _pieces(transaction, a.object_id, a.key, a.parts):
            size += len(piece)
            outer.update(piece)
    except Tampered:
        return False
    return (size, outer.digest()) == (a.size, a.sha256)


def _pieces(transaction: sa.Connection, object_id: bytes, key: bytes, count: int) -> Iterator[bytes]:
    for part in range(count):
        data = transaction.scalar(sa.select(parts.c.data).where(parts.c.object_id == object_id, parts.c.part == part))
        yield open_part(key, object_id, part, bytes(data or b""))
