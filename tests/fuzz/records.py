"""Formats of counted bytes: shares, inner records, signed envelopes, and the files that are told apart by their magic."""

from __future__ import annotations

import random
import struct

from crypto import forwarded, statistics
from crypto.envelope import parse_envelope
from crypto.errors import Malformed
from crypto.forwarded import parse_signed
from crypto.row import RECORD_BYTES, build_record, parse_record
from crypto.sharing import build_share, parse_share
from crypto.signing import SIGNATURE_BYTES
from fuzz.cleaned import spliced
from fuzz.parsed import changed, value_of
from keys import batch, release, request, rosterfile
from keys.offers import parse_offer

MAX_LEN = 49_152
MAGICS = (rosterfile.MAGIC, batch.MAGIC, request.MAGIC, statistics.MAGIC, forwarded.MAGIC, release.MAGIC)
WORDS = (*MAGICS, b"\0" * 32, b"\xff" * 4, bytes(SIGNATURE_BYTES), b"\1\0", b"\2\0\1")


def check_share(data: bytes) -> None:
    found = value_of(parse_share, data, Malformed)
    assert found is None or build_share(found) == data


def check_record(data: bytes) -> None:
    """The zeros at the end of a record need not be in the input."""
    data = data.ljust(RECORD_BYTES, b"\0")
    found = value_of(parse_record, data, Malformed)
    assert found is None or build_record(found) == data


def check_envelope(data: bytes) -> None:
    magic = data[:4] if data[:4] in MAGICS else MAGICS[0]
    found = value_of(lambda raw: parse_envelope(raw, magic, "file"), data, Malformed)
    if found is not None:
        signatures = b"".join(bytes([signer]) + signature for signer, signature in found.signatures)
        head = magic + struct.pack(">I", len(found.body)) + found.body
        assert head + bytes([len(found.signatures)]) + signatures == data


def check_signed(data: bytes) -> None:
    found = value_of(parse_signed, data, Malformed)
    assert found is None or forwarded.build_body(found.passed) == found.body


def check_offer(data: bytes) -> None:
    found = value_of(lambda raw: parse_offer("a file", raw), data, Malformed)
    assert found is None or (found.data == data and (found.version > 0) == (data[:4] == rosterfile.MAGIC))


CHECKS = (check_share, check_record, check_envelope, check_signed, check_offer)
ENVELOPES = (2, 3, 4)


def one(data: bytes) -> None:
    """The first byte says what the rest is."""
    if data:
        CHECKS[data[0] % len(CHECKS)](data[1:])


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change some bytes, or the JSON of an envelope, with the right length before it."""
    if not data or data[0] not in ENVELOPES or len(data) < 10 or dice.random() < 0.5:
        return data[:1] + spliced(data[1:], dice)
    length = int.from_bytes(data[5:9], "big")
    body = changed(data[9 : 9 + length], dice)
    return data[:5] + struct.pack(">I", len(body)) + body + data[9 + length :]
