"""The signed envelope of rosters and batches (formats §6).

magic 4 │ length u32 │ canonical JSON │ count u8 │ count × (signer id u8 │ signature 3373), ids ascending
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from crypto.encoding import Reader
from crypto.errors import Malformed
from crypto.signing import SIGNATURE_BYTES, SigningKey

MAX_BODY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """The signed bytes and who signed them; nothing is verified yet."""

    body: bytes
    signatures: tuple[tuple[int, bytes], ...]


def parse_envelope(data: bytes, magic: bytes, what: str) -> Envelope:
    """Split an envelope; raises Malformed."""
    reader = Reader(data, what)
    reader.expect(magic, "magic")
    length = reader.number("I")
    if length > MAX_BODY_BYTES:
        raise Malformed(f"{what}: body of {length} bytes, want {MAX_BODY_BYTES} or fewer")
    body = reader.take(length)
    count = reader.number("B")
    signatures = tuple((reader.number("B"), reader.take(SIGNATURE_BYTES)) for _ in range(count))
    reader.end()
    ids = [signer for signer, _ in signatures]
    if ids != sorted(set(ids)):
        raise Malformed(f"{what}: signer ids are not ascending")
    return Envelope(body, signatures)


def build_envelope(body: bytes, magic: bytes, purpose: str, signers: Mapping[int, SigningKey]) -> bytes:
    """Sign a body with each key and build the envelope."""
    out = magic + struct.pack(">I", len(body)) + body + bytes([len(signers)])
    for signer, key in sorted(signers.items()):
        out += bytes([signer]) + key.sign(purpose, body)
    return out
