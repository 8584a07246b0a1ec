"""One row of the arena: 262,144 bytes that look alike whatever they hold (formats §2).

prefix 32 │ slots 8 × 1,648 │ commit 32 │ body 248,896
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import os
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError as NaclError

from crypto import sharing, xwing
from crypto.encoding import Reader, label
from crypto.errors import Malformed, NotForThisKey, Tampered
from crypto.sharing import Share
from crypto.xwing import OpeningKey, SealingKey

ROW_BYTES = 262_144
SLOTS = 8
PREFIX_BYTES, COMMIT_BYTES, TAG_BYTES = 32, 32, 16
SLOT_BYTES = sharing.RECORD_BYTES + xwing.OVERHEAD_BYTES
FRONT_BYTES = PREFIX_BYTES + SLOTS * SLOT_BYTES
BODY_BYTES = ROW_BYTES - FRONT_BYTES - COMMIT_BYTES
RECORD_BYTES = BODY_BYTES - TAG_BYTES
RECORD_HEAD_BYTES = 64
MAX_DATA_BYTES = RECORD_BYTES - RECORD_HEAD_BYTES
OBJECT_ID_BYTES = 16
FORMAT, SUITE = 1, 1
_MAGIC = b"SNYP"
_NONCE = bytes(24)  # safe: the body key is used for one row only
_SHUFFLER = random.SystemRandom()
EPOCHS_BACK, EPOCHS_AHEAD = 8, 1
MAX_EPOCH = 2**32 - 1


class Kind(enum.IntEnum):
    """What the inner record of a row holds."""

    COVER = 0
    LETTER = 1
    ATTACHMENT = 2
    FORWARDED = 3


_KINDS = frozenset(int(kind) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Record:
    """The inner record: one letter, or one part of a file, or nothing (cover)."""

    kind: Kind
    object_id: bytes = field(repr=False)
    part: int
    parts: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Readers:
    """One group that can open the row alone: any k of its members' keys of this epoch."""

    k: int
    members: tuple[SealingKey, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """Prefix and slots of one future row with the key they seal. For one body only."""

    front: bytes
    commit: bytes
    body_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Fewer than k of any group were present: not an error."""

    shares: tuple[Share, ...]


class Decoys:
    """Throw-away sealing keys for unused slots; their private halves are never kept.

    One pool per process: a ciphertext does not show which key it was sealed to, so the keys
    may be used again.
    """

    def __init__(self, size: int = 32) -> None:
        self._keys = [OpeningKey.generate().public for _ in range(size)]

    def draw(self) -> SealingKey:
        """Return one of the keys by the operating system's randomness."""
        return _SHUFFLER.choice(self._keys)


def epoch_is_acceptable(epoch: int, current: int) -> bool:
    """Tell whether a row of `epoch` may be opened from a bundle of epoch `current`."""
    return current - EPOCHS_BACK <= epoch <= current + EPOCHS_AHEAD


def make_header(groups: Sequence[Readers], epoch: int, decoys: Decoys) -> Header:
    """Seal a fresh key to up to 8 readers; the slots show neither who nor how many.

    Raises Malformed when there is no group, more than 8 members, or an impossible quorum.
    """
    members = sum(len(g.members) for g in groups)
    if not 1 <= members <= SLOTS or len(groups) > SLOTS:
        raise Malformed(f"row: {members} readers, want 1 to {SLOTS}")
    if not 0 <= epoch <= MAX_EPOCH:
        raise Malformed(f"row: epoch {epoch}, want 0 to {MAX_EPOCH}")
    prefix = (_MAGIC + bytes([FORMAT, SUITE]) + struct.pack(">I", epoch)).ljust(PREFIX_BYTES, b"\0")
    info = label("senyap/v1/row-slot") + prefix
    secret = os.urandom(sharing.SECRET_BYTES)
    slots = []
    for ordinal, group in enumerate(groups):
        shares = sharing.split(secret, group.k, len(group.members), group=ordinal)
        for key, share in zip(group.members, shares, strict=True):
            slots.append(key.seal(info, sharing.build_share(share)))
    filler = bytes(sharing.RECORD_BYTES)
    slots += [decoys.draw().seal(info, filler) for _ in range(SLOTS - len(slots))]
    _SHUFFLER.shuffle(slots)
    front = prefix + b"".join(slots)
    body_key, commit = _body_keys(front, secret)
    return Header(front, commit, body_key)


def seal_body(header: Header, record: Record) -> bytes:
    """Return the finished row of 262,144 bytes."""
    body = crypto_aead_xchacha20poly1305_ietf_encrypt(
        build_record(record), header.front[:PREFIX_BYTES], _NONCE, header.body_key
    )
    return header.front + header.commit + body


def seal_row(groups: Sequence[Readers], epoch: int, record: Record, decoys: Decoys) -> bytes:
    """Make a header and seal one record under it."""
    return seal_body(make_header(groups, epoch, decoys), record)


def row_epoch(row: bytes) -> int:
    """Check length and prefix of a row and return its epoch; raises Malformed."""
    if len(row) != ROW_BYTES:
        raise Malformed(f"row: {len(row)} bytes, want {ROW_BYTES}")
    return prefix_epoch(row[:PREFIX_BYTES])


def prefix_epoch(prefix: bytes) -> int:
    """Check the 32-byte prefix of a row and return its epoch; raises Malformed."""
    reader = Reader(prefix, "row")
    reader.expect(_MAGIC, "magic")
    reader.expect(bytes([FORMAT]), "format")
    reader.expect(bytes([SUITE]), "suite")
    epoch = reader.number("I")
    reader.zeros(22)
    return epoch


def find_share(row: bytes, key: OpeningKey) -> Share:
    """Try all 8 slots with one reader's key of the row's epoch.

    Raises NotForThisKey when none opens, Malformed when more than one does or the record is bad.
    All 8 are always tried, so that time does not tell which slot was this reader's.
    """
    info = label("senyap/v1/row-slot") + row[:PREFIX_BYTES]
    found = []
    for at in range(PREFIX_BYTES, FRONT_BYTES, SLOT_BYTES):
        try:
            found.append(key.open(info, row[at : at + SLOT_BYTES]))
        except NotForThisKey:
            continue
    if not found:
        raise NotForThisKey("row: no slot opens with this key")
    if len(found) > 1:
        raise Malformed("row: more than one slot opens with one key")
    return sharing.parse_share(found[0])


def open_row(row: bytes, keys: Sequence[OpeningKey], known: Sequence[Share] = ()) -> Record | Waiting:
    """Open a row with the present reviewers' keys of its epoch.

    `known` are shares that were found in this row earlier, by others than the owners of `keys`. Returns the
    record, or Waiting with all shares when too few of a group are present. Raises NotForThisKey when there is
    no share; Malformed or Tampered for this row alone when the sealer broke a rule.
    """
    row_epoch(row)
    groups: dict[int, list[Share]] = {}
    for share in known:
        groups.setdefault(share.group, []).append(share)
    for key in keys:
        try:
            share = find_share(row, key)
        except NotForThisKey:
            continue
        groups.setdefault(share.group, []).append(share)
    if not groups:
        raise NotForThisKey("row: no slot opens with these keys")
    joined = [sharing.join(shares) for shares in groups.values()]
    secrets = {secret for secret in joined if secret is not None}
    if len(secrets) > 1:
        raise Malformed("row: two groups hold different keys")
    if not secrets:
        return Waiting(tuple(share for shares in groups.values() for share in shares))
    return open_body(row, secrets.pop())


def open_body(row: bytes, secret: bytes) -> Record:
    """Open the body with the joined secret; raises Tampered before anything is decrypted."""
    front = row[:FRONT_BYTES]
    body_key, commit = _body_keys(front, secret)
    if not hmac.compare_digest(commit, row[FRONT_BYTES : FRONT_BYTES + COMMIT_BYTES]):
        raise Tampered("row: the commitment does not match")
    try:
        inner = crypto_aead_xchacha20poly1305_ietf_decrypt(
            row[FRONT_BYTES + COMMIT_BYTES :], front[:PREFIX_BYTES], _NONCE, body_key
        )
    except NaclError:
        raise Tampered("row: the body does not open") from None
    return parse_record(inner)


def build_record(record: Record) -> bytes:
    """Build the inner record of 248,880 bytes; raises Malformed when the data do not fit."""
    if len(record.data) > MAX_DATA_BYTES:
        raise Malformed(f"record: {len(record.data)} bytes, want {MAX_DATA_BYTES} or fewer")
    if len(record.object_id) != OBJECT_ID_BYTES:
        raise Malformed(f"record: object id of {len(record.object_id)} bytes, want {OBJECT_ID_BYTES}")
    head = struct.pack(">BBH", record.kind, 0, 0) + record.object_id
    head += struct.pack(">III", record.part, record.parts, len(record.data))
    return b"".join((head.ljust(RECORD_HEAD_BYTES, b"\0"), record.data, bytes(MAX_DATA_BYTES - len(record.data))))


def parse_record(data: bytes) -> Record:
    """Parse an inner record of 248,880 bytes; raises Malformed."""
    if len(data) != RECORD_BYTES:
        raise Malformed(f"record: {len(data)} bytes, want {RECORD_BYTES}")
    reader = Reader(data, "record")
    kind = reader.number("B")
    if kind not in _KINDS:
        raise Malformed(f"record: kind {kind} is unknown")
    reader.zeros(3)
    object_id = reader.take(OBJECT_ID_BYTES)
    part, parts, length = (reader.number("I") for _ in range(3))
    reader.zeros(RECORD_HEAD_BYTES - 32)
    if length > MAX_DATA_BYTES:
        raise Malformed(f"record: length {length}, want {MAX_DATA_BYTES} or less")
    if parts and part >= parts:
        raise Malformed(f"record: part {part} of {parts}")
    content = reader.take(length)
    reader.zeros(MAX_DATA_BYTES - length)
    return Record(Kind(kind), object_id, part, parts, content)


def _body_keys(front: bytes, secret: bytes) -> tuple[bytes, bytes]:
    wide = HKDF(hashes.SHA512(), 64, hashlib.sha512(front).digest(), label("senyap/v1/row-body")).derive(secret)
    return wide[:32], wide[32:]
