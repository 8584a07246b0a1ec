"""What crosses the air gap: bundle (server → station) and outbox (station → server) (formats §7).

    magic 4 │ manifest length u32 │ manifest (canonical JSON ≤ 64 KiB) │ signature 3373 │ records

Records have fixed sizes; the signed manifest holds their counts and one hash over all of them.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from crypto import mailbox, row
from crypto.encoding import b64, canonical_json, expect, parse_json, unb64
from crypto.errors import Malformed, Tampered
from crypto.letter import MAILBOX_BYTES
from crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyingKey

BUNDLE, OUTBOX = "bundle", "outbox"
MAGIC = {BUNDLE: b"SNYB", OUTBOX: b"SNYO"}
RECORD_BYTES = {"row": row.ROW_BYTES, "mailbox": MAILBOX_BYTES + mailbox.ROW_BYTES, "file": 262_144}
SECTION_ORDER = ("row", "mailbox", "file")
MAX_FILE_BYTES = RECORD_BYTES["file"] - 4
MAX_MANIFEST_BYTES = 65_536
MAX_RECORDS = 65_536
MAX_BYTES = {BUNDLE: 4 * 1024**3 + 1024**2, OUTBOX: 256 * 1024**2}  # of a file that is opened
BUNDLE_NAME = re.compile(r"bundle-(?P<seq>[0-9]{8})\.senyap")
OUTBOX_NAME = re.compile(r"outbox-(?P<station>[a-z0-9-]{1,24})-(?P<seq>[0-9]{8})\.senyap")
FIRST_PREVIOUS = bytes(64)  # `previous` of the first transport of a chain


def bundle_name(seq: int) -> str:
    """Return the file name of a bundle. Names only say where to look: the signed manifest says what a file is."""
    return f"bundle-{seq:08d}.senyap"


def outbox_name(station: str, seq: int) -> str:
    """Return the file name of an outbox."""
    return f"outbox-{station}-{seq:08d}.senyap"


class Source(Protocol):
    """What a transport is read from, from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer at the end."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Names one transport of the other side: its number and the hash of its manifest."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed head of a transport. `acks` stand in outboxes, `applied` and `oldest_waiting_epoch` in bundles."""

    type: str
    deployment: str
    sender: str
    to: str
    seq: int
    previous: bytes
    roster_version: int
    day: int
    sections: tuple[tuple[str, int], ...]
    records: bytes
    acks: tuple[Taken, ...] = ()
    applied: Taken = Taken(0, FIRST_PREVIOUS)
    oldest_waiting_epoch: int = 0

    @property
    def hash(self) -> bytes:
        """SHA-512 of the manifest's bytes: what the next one names as `previous`."""
        return hashlib.sha512(build_manifest(self)).digest()

    @property
    def body_bytes(self) -> int:
        """Bytes of all records together."""
        return sum(count * RECORD_BYTES[kind] for kind, count in self.sections)


class RecordHash:
    """SHA-512 over the SHA-512 of each record, fed one record at a time."""

    def __init__(self) -> None:
        self._outer = hashlib.sha512()

    def add(self, record: bytes) -> bytes:
        """Take one record and return its own SHA-512."""
        digest = hashlib.sha512(record).digest()
        self._outer.update(digest)
        return digest

    def add_digest(self, digest: bytes) -> None:
        """Take a record whose SHA-512 is known."""
        self._outer.update(digest)

    def digest(self) -> bytes:
        """Return the hash of all records so far."""
        return self._outer.digest()


def build_manifest(m: Manifest) -> bytes:
    """Encode a manifest; raises Malformed when it is longer than 64 KiB."""
    value: dict[str, Any] = {
        "type": m.type,
        "deployment": m.deployment,
        "from": m.sender,
        "to": m.to,
        "seq": m.seq,
        "previous": b64(m.previous),
        "roster_version": m.roster_version,
        "day": m.day,
        "sections": [{"type": t, "count": n, "size": RECORD_BYTES[t]} for t, n in m.sections],
        "records": b64(m.records),
    }
    if m.type == OUTBOX:
        value["acks"] = [{"seq": a.seq, "hash": b64(a.hash)} for a in m.acks]
    else:
        value["applied"] = {"seq": m.applied.seq, "hash": b64(m.applied.hash)}
        value["oldest_waiting_epoch"] = m.oldest_waiting_epoch
    data = canonical_json(value)
    if len(data) > MAX_MANIFEST_BYTES:
        raise Malformed(f"manifest: {len(data)} bytes, want {MAX_MANIFEST_BYTES} or fewer")
    return data


def build_head(manifest: Manifest, signer: SigningKey) -> bytes:
    """Return everything before the records: magic, length, manifest, signature."""
    data = build_manifest(manifest)
    return MAGIC[manifest.type] + struct.pack(">I", len(data)) + data + signer.sign(purpose(manifest.type), data)


def purpose(kind: str) -> str:
    """Return the signature label of a bundle or an outbox."""
    return f"senyap/v1/{kind}"


def read_manifest(source: Source, kind: str) -> tuple[Manifest, bytes, bytes]:
    """Read the head of a transport: the manifest, its bytes and its signature, none of it verified yet.

    Raises Malformed. `source` stands at the first record afterwards.
    """
    if _take(source, 4) != MAGIC[kind]:
        raise Malformed(f"{kind}: magic is not as the format says")
    (length,) = struct.unpack(">I", _take(source, 4))
    if length > MAX_MANIFEST_BYTES:
        raise Malformed(f"manifest: {length} bytes, want {MAX_MANIFEST_BYTES} or fewer")
    data = _take(source, length)
    manifest = parse_manifest(data)
    if manifest.type != kind:
        raise Malformed(f"manifest: type is not {kind}")
    return manifest, data, _take(source, SIGNATURE_BYTES)


def verify_transport(source: Source, kind: str, signer: VerifyingKey) -> Manifest:
    """Verify signature, length and every record of a transport; nothing may be used before this returns.

    Raises BadSignature, Malformed (length) or Tampered (records).
    """
    manifest, data, signature = read_manifest(source, kind)
    signer.verify(purpose(kind), data, signature)
    total = RecordHash()
    for _, record in iter_records(source, manifest):
        total.add(record)
    if source.read(1):
        raise Malformed(f"{kind}: longer than its manifest says")
    if total.digest() != manifest.records:
        raise Tampered(f"{kind}: records do not match the signed manifest")
    return manifest


def iter_records(source: Source, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """Yield (type, record) in file order; raises Malformed when the file is too short."""
    for kind, count in manifest.sections:
        for _ in range(count):
            yield kind, _take(source, RECORD_BYTES[kind])


def read_files(source: BinaryIO, manifest: Manifest) -> tuple[bytes, ...]:
    """Return the whole files of a transport, without the records before them; raises Malformed.

    Rosters and batches carry signatures of their own: they may be read before the transport is verified, because
    one of them may name the very key that verifies it. `source` can seek and stands at the first record.
    """
    start = source.tell()
    before = sum(count * RECORD_BYTES[kind] for kind, count in manifest.sections if kind != "file")
    count = dict(manifest.sections)["file"]
    source.seek(start + before)
    found = tuple(join_file_records(_take(source, RECORD_BYTES["file"]) for _ in range(count)))
    source.seek(start)
    return found


def parse_manifest(data: bytes) -> Manifest:
    """Parse canonical JSON into a manifest; raises Malformed."""
    value = parse_json(data, "manifest")
    kind = value.get("type")
    if type(kind) is not str or kind not in MAGIC:
        raise Malformed("manifest: type is neither bundle nor outbox")
    spec: dict[str, type] = {
        "type": str, "deployment": str, "from": str, "to": str, "seq": int, "previous": str,
        "roster_version": int, "day": int, "sections": list, "records": str,
    }  # fmt: skip
    spec |= {"acks": list} if kind == OUTBOX else {"applied": dict, "oldest_waiting_epoch": int}
    expect(value, "manifest", spec)
    if value["seq"] < 1:
        raise Malformed("manifest: seq starts at 1")
    applied = _parse_taken(value["applied"]) if kind == BUNDLE else Taken(0, FIRST_PREVIOUS)
    return Manifest(
        type=kind,
        deployment=value["deployment"],
        sender=value["from"],
        to=value["to"],
        seq=value["seq"],
        previous=unb64(value["previous"], 64, "manifest: previous"),
        roster_version=value["roster_version"],
        day=value["day"],
        sections=_parse_sections(value["sections"]),
        records=unb64(value["records"], 64, "manifest: records"),
        acks=tuple(_parse_taken(item) for item in value.get("acks", [])),
        applied=applied,
        oldest_waiting_epoch=value.get("oldest_waiting_epoch", 0),
    )


def build_file_records(data: bytes) -> Iterable[bytes]:
    """Cut one file (roster, batch, statistics) into `file` records: length u32 ‖ bytes ‖ zeros.

    A part shorter than the most ends the file; one that is exactly full is followed by an empty part.
    """
    for at in range(0, len(data) + 1, MAX_FILE_BYTES):
        piece = data[at : at + MAX_FILE_BYTES]
        yield (struct.pack(">I", len(piece)) + piece).ljust(RECORD_BYTES["file"], b"\0")


def join_file_records(records: Iterable[bytes]) -> Iterator[bytes]:
    """Join `file` records back into whole files; raises Malformed."""
    pieces: list[bytes] = []
    for record in records:
        (length,) = struct.unpack(">I", record[:4])
        if length > MAX_FILE_BYTES or record[4 + length :].strip(b"\0"):
            raise Malformed("file record: length and padding do not fit")
        pieces.append(record[4 : 4 + length])
        if length < MAX_FILE_BYTES:
            yield b"".join(pieces)
            pieces = []
    if pieces:
        raise Malformed("file record: the last file has no end")


def _parse_sections(items: list[Any]) -> tuple[tuple[str, int], ...]:
    sections = []
    for item in items:
        expect(item, "section", {"type": str, "count": int, "size": int})
        if RECORD_BYTES.get(item["type"]) != item["size"] or item["count"] > MAX_RECORDS:
            raise Malformed("section: type, size or count is not as the format says")
        sections.append((item["type"], item["count"]))
    if tuple(t for t, _ in sections) != SECTION_ORDER:
        raise Malformed("manifest: sections are not row, mailbox, file")
    return tuple(sections)


def _parse_taken(item: Any) -> Taken:
    expect(item, "transport name", {"seq": int, "hash": str})
    return Taken(item["seq"], unb64(item["hash"], 64, "transport name: hash"))


def _take(source: Source, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise Malformed(f"transport: ends {size - len(data)} bytes too early")
    return data
