"""Zip archives: read strictly and piece by piece, written without anything that tells who wrote them.

The directory at the end must agree with what stands before each member. Members that overlap, lie outside,
share a name or point out of the archive are refused, and so is whatever inflates beyond its limits.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import (
    MAX_INFLATED_BYTES,
    MAX_MEMBERS,
    MAX_NAME_BYTES,
    MAX_RATIO,
    MAX_SMALL_PART_BYTES,
    RATIO_FROM,
)

MAGIC = b"PK\x03\x04"
STORED, DEFLATED = 0, 8
_END, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_END_BYTES, _ENTRY_BYTES, _LOCAL_BYTES = 22, 46, 30
_ENCRYPTED, _UTF8 = 0x2041, 0x800
_BIG, _BIG_EXTRA = 0xFFFFFFFF, 1
_FIRST_DAY = 0x0021  # 1980-01-01, the earliest a zip can say
_PIECE = 1 << 18
_BAD_NAME = re.compile(r"(^|/)\.{1,2}(/|$)|^/|//|[\\:\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's bytes lie in the archive."""

    name: str
    method: int
    crc: int
    packed_bytes: int
    plain_bytes: int
    start: int


class Archive:
    """A zip archive in memory. Everything raises CleaningError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._inflated = 0
        self.members: dict[str, Member] = {m.name: m for m in _directory(data)}

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield what a member holds, inflated, at most 256 KiB at a time; checks its length and checksum."""
        member = self.members.get(name)
        if member is None:
            raise CleaningError("a member is missing")
        crc = size = 0
        for piece in self._inflate(member):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            self._inflated += len(piece)
            if size > member.plain_bytes or self._inflated > MAX_INFLATED_BYTES:
                raise CleaningError("an archive inflates too far")
            if self._inflated > max(RATIO_FROM, MAX_RATIO * len(self._data)):
                raise CleaningError("an archive is packed too tightly")
            yield piece
        if size != member.plain_bytes or crc != member.crc:
            raise CleaningError("a member is damaged")

    def read(self, name: str, limit: int = MAX_SMALL_PART_BYTES) -> bytes:
        """Return a member as a whole, up to a limit in bytes."""
        found = bytearray()
        for piece in self.pieces(name):
            found += piece
            if len(found) > limit:
                raise CleaningError("a member is too large")
        return bytes(found)

    def _inflate(self, member: Member) -> Iterator[bytes]:
        packed = memoryview(self._data)[member.start : member.start + member.packed_bytes]
        if member.method == STORED:
            for at in range(0, len(packed), _PIECE):
                yield bytes(packed[at : at + _PIECE])
            return
        inflater = zlib.decompressobj(-15)
        try:
            for at in range(0, len(packed), _PIECE):
                rest = bytes(packed[at : at + _PIECE])
                while rest and not inflater.eof:
                    yield inflater.decompress(rest, _PIECE)
                    rest = inflater.unconsumed_tail
            while not inflater.eof:
                piece = inflater.decompress(b"", _PIECE)
                if not piece:
                    raise CleaningError("a member is cut off")
                yield piece
        except zlib.error as e:
            raise CleaningError("a member is damaged") from e


def _directory(data: bytes) -> Iterator[Member]:
    end = data.rfind(_END, max(0, len(data) - _END_BYTES - 65_535))
    if end < 0 or end + _END_BYTES > len(data):
        raise CleaningError("an archive is cut off")
    disk, disk_of, here, count, size, at = struct.unpack_from("<4H2I", data, end + 4)
    if disk or disk_of or here != count or not 0 < count <= MAX_MEMBERS or at + size > end:
        raise CleaningError("an archive of another kind")
    seen: set[str] = set()
    spans: list[tuple[int, int]] = []
    for _ in range(count):
        member, header, at = _entry(data, at, end)
        if member.name.casefold() in seen:
            raise CleaningError("two members share a name")
        seen.add(member.name.casefold())
        spans.append((header, member.start + member.packed_bytes))
        yield member
    spans.sort()
    if any(a[1] > b[0] for a, b in pairwise(spans)) or spans[-1][1] > end:
        raise CleaningError("members overlap")


def _entry(data: bytes, at: int, end: int) -> tuple[Member, int, int]:
    """Return a member, where its own header begins, and where the next entry of the directory does."""
    if at + _ENTRY_BYTES > end or data[at : at + 4] != _ENTRY:
        raise CleaningError("a directory is damaged")
    flags, method, _time, _day, crc, packed, plain, name_bytes, extra_bytes, note_bytes = struct.unpack_from(
        "<4H3I3H", data, at + 8
    )
    header = struct.unpack_from("<I", data, at + 42)[0]
    raw = data[at + _ENTRY_BYTES : at + _ENTRY_BYTES + name_bytes]
    extra = data[at + _ENTRY_BYTES + name_bytes : at + _ENTRY_BYTES + name_bytes + extra_bytes]
    plain, packed, header = _large(extra, [plain, packed, header])
    if flags & _ENCRYPTED or method not in (STORED, DEFLATED):
        raise CleaningError("a member is encrypted or packed in another way")
    if header + _LOCAL_BYTES > end or data[header : header + 4] != _LOCAL:
        raise CleaningError("a member is missing")
    local_name, local_extra = struct.unpack_from("<2H", data, header + 26)
    start = header + _LOCAL_BYTES + local_name + local_extra
    if data[header + _LOCAL_BYTES : header + _LOCAL_BYTES + local_name] != raw or start + packed > end:
        raise CleaningError("a member contradicts the directory")
    member = Member(_name(raw, flags), method, crc, packed, plain, start)
    return member, header, at + _ENTRY_BYTES + name_bytes + extra_bytes + note_bytes


def _large(extra: bytes, values: list[int]) -> list[int]:
    """Return sizes and place of a member, read from its extra field where they are too large for the entry."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == _BIG_EXTRA:
            wide = iter(struct.unpack_from(f"<{min(size, len(extra) - at - 4) // 8}Q", extra, at + 4))
            values = [next(wide, v) if v == _BIG else v for v in values]
        at += 4 + size
    return values


def _name(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError as e:
        raise CleaningError("a member has a strange name") from e
    if not name or len(raw) > MAX_NAME_BYTES or _BAD_NAME.search(name):
        raise CleaningError("a member has a forbidden name")
    return name


class ArchiveMaker:
    """Writes an archive: members in the order given, all of the same day and system."""

    def __init__(self) -> None:
        self._whole = bytearray()
        self._entries = bytearray()
        self._count = 0

    def add(self, name: str, pieces: Iterable[bytes], *, stored: bool = False) -> None:
        """Append a member."""
        raw, start = name.encode("utf-8"), len(self._whole)
        self._whole += bytes(_LOCAL_BYTES) + raw
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        crc = plain = 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
            plain += len(piece)
            self._whole += piece if stored else packer.compress(piece)
        if not stored:
            self._whole += packer.flush()
        packed = len(self._whole) - start - _LOCAL_BYTES - len(raw)
        flags = 0 if name.isascii() else _UTF8
        method = STORED if stored else DEFLATED
        shared = struct.pack("<5H3I2H", 20, flags, method, 0, _FIRST_DAY, crc, packed, plain, len(raw), 0)
        self._whole[start : start + _LOCAL_BYTES] = _LOCAL + shared
        self._entries += _ENTRY + struct.pack("<H", 20) + shared + struct.pack("<3H2I", 0, 0, 0, 0, start) + raw
        self._count += 1

    def finish(self) -> bytes:
        """Return the archive."""
        at, size = len(self._whole), len(self._entries)
        self._whole += self._entries
        self._whole += _END + struct.pack("<4H2IH", 0, 0, self._count, self._count, size, at, 0)
        self._entries.clear()
        return bytes(self._whole)
