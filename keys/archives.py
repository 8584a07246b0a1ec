"""The two archives of a release, read strictly: what one program would read of them, every other one reads, too."""

from __future__ import annotations

import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from crypto.errors import Malformed

MAX_MEMBERS, MAX_UNPACKED_BYTES = 10_000, 64 * 1024 * 1024
_LOCAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s4H2LH")
_NAME = re.compile(r"[A-Za-z0-9._+-]+(/[A-Za-z0-9._+-]+)*")
_BLOCK, _USTAR, _KINDS = 512, b"ustar\x0000", {b"0", b"5", b"x", b"g"}
_HEADER = {
    "mode": (100, 108), "owner": (108, 124), "size": (124, 136), "kind": (156, 157), "link": (157, 257),
    "magic": (257, 265), "rest": (500, 512),
}  # fmt: skip
_MODES = (0o644, 0o664, 0o755, 0o775)  # by the umask of whoever builds
_OCTAL = re.compile(rb"([0-7]{7}\0){1,2}|[0-7]{11}\0")
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, ValueError, KeyError, IndexError, EOFError,
    RuntimeError, NotImplementedError, OverflowError, OSError,
)  # fmt: skip


def read_wheel(data: bytes) -> dict[str, bytes]:
    """Return the files of a wheel in their order: a zip from the first byte to the last, and nothing between.

    Raises Malformed, also for one that would be larger than 64 MiB.
    """
    with _as_malformed("wheel"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        _check_frame(data, archive, members)
        found = {}
        for member in members:
            with archive.open(member) as source:
                found[member.filename] = source.read(member.file_size)  # never more than it says of itself
            if len(found[member.filename]) != member.file_size:
                raise Malformed("wheel: a file is shorter than it says")
        return found


def read_source(data: bytes, top: str) -> dict[str, bytes]:
    """Return the files of a source archive by their place in `top`, the one folder that it holds.

    Raises Malformed for anything but plain files and folders, each once, with nothing before or behind them.
    """
    found: dict[str, bytes] = {}
    folders: set[str] = set()
    end = 0
    with _as_malformed("source"), tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        _check_headers(data)
        for member in archive:
            _check_member(member, top)
            place = member.name.removeprefix(top).removeprefix("/")
            if place in found or place in folders or len(found) + len(folders) >= MAX_MEMBERS:
                raise Malformed("source: one name stands twice, or too many")
            if member.isdir():
                folders.add(place)
            else:
                found[place] = data[member.offset_data : member.offset_data + member.size]
            end = member.offset_data + member.size
        if set(archive.pax_headers) - {"comment"}:
            raise Malformed("source: a header for all files that git does not write")
    if len(data) < end + 2 * _BLOCK or len(data) % _BLOCK or data.count(0, end) != len(data) - end:
        raise Malformed("source: something stands behind its last file")
    if any(parent in found for name in (*found, *folders) for parent in _parents(name)):
        raise Malformed("source: a file is a folder, too")
    return found


@contextmanager
def _as_malformed(what: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN:
        raise Malformed(f"{what}: no archive, or a broken one") from None


def _check_frame(data: bytes, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Demand that members and directory fill a zip from its first byte to its last, and that both say the same."""
    if len({member.filename for member in members}) != len(members):
        raise Malformed("wheel: one name stands twice")
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise Malformed("wheel: too large")
    at = 0
    for member in members:
        magic, _, flags, method, _, _, check, packed, size, name, extra = _LOCAL.unpack_from(data, at)
        inside = (magic, flags, method, check, packed, size, name, extra)
        said = (member.CRC, member.compress_size, member.file_size, len(member.orig_filename))
        if member.header_offset != at or inside != (b"PK\x03\x04", member.flag_bits, member.compress_type, *said, 0):
            raise Malformed("wheel: something stands before or between its files, or is said in two ways")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if flags or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or kind not in (0, stat.S_IFREG):
            raise Malformed("wheel: a member is no plain file")
        if member.extra or member.comment:  # other programs read another name there
            raise Malformed("wheel: a member has more in the directory than its name")
        if not _NAME.fullmatch(member.orig_filename) or {".", ".."} & set(member.orig_filename.split("/")):
            raise Malformed("wheel: a name that no file of ours has")
        at += _LOCAL.size + name + packed
    ending = _END.unpack_from(data, len(data) - _END.size)
    size = len(data) - _END.size - at
    if archive.start_dir != at or ending != (b"PK\x05\x06", 0, 0, len(members), len(members), size, at, 0):
        raise Malformed("wheel: something stands behind its files")


def _check_headers(data: bytes) -> None:
    """Demand of every header that git could have written it: other kinds are read in two ways, or carry rights."""
    at = 0
    while any(block := data[at : at + _BLOCK]):
        fields = {name: block[start:end] for name, (start, end) in _HEADER.items()}
        if any(not _OCTAL.fullmatch(fields[name]) for name in ("mode", "owner", "size")) or fields["magic"] != _USTAR:
            raise Malformed("source: a header that git does not write")
        mode = int(fields["mode"][:-1], 8)
        if (
            (mode not in _MODES and fields["kind"] in (b"0", b"5"))
            or int(fields["owner"][:7], 8)
            or int(fields["owner"][8:15], 8)
        ):
            raise Malformed("source: a file with rights or an owner that git does not write")
        if fields["kind"] not in _KINDS or fields["link"].strip(b"\0") or fields["rest"].strip(b"\0"):
            raise Malformed("source: a member is neither file nor folder")
        at += _BLOCK + -(-int(fields["size"][:-1], 8) // _BLOCK) * _BLOCK


def _check_member(member: tarfile.TarInfo, top: str) -> None:
    if member.type not in (tarfile.REGTYPE, tarfile.DIRTYPE) or (member.isdir() and member.size):
        raise Malformed("source: a member is neither file nor folder")
    path = member.pax_headers.get("path", "")
    if set(member.pax_headers) - {"comment", "path"} or (path.endswith("/") and not member.isdir()):
        raise Malformed("source: a header that git does not write")
    parts = member.name.split("/")
    if parts[0] != top or {"", ".", ".."} & set(parts) or not (member.name.isprintable() and member.name.isascii()):
        raise Malformed("source: a file that does not lie in its one folder")
    if "\\" in member.name or (len(parts) == 1 and not member.isdir()):
        raise Malformed("source: a file that does not lie in its one folder")


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
