"""The signed envelope: exact lengths, signer ids ascending, nothing behind."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import signer

from crypto import envelope
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import Malformed

QUICK = settings(max_examples=30, deadline=None)
SIGNED = build_envelope(b"body", b"SNYX", "p", {7: signer("b"), 2: signer("a")})


def raw(body: bytes, *signatures: tuple[int, bytes], magic: bytes = b"SNYX", count: int | None = None) -> bytes:
    number = len(signatures) if count is None else count
    out = magic + struct.pack(">I", len(body)) + body + bytes([number])
    return out + b"".join(bytes([who]) + signature for who, signature in signatures)


@QUICK
@given(st.binary(max_size=300), st.sets(st.integers(0, 255), max_size=3))
def test_envelopes_go_there_and_back(body: bytes, ids: set[int]) -> None:
    built = build_envelope(body, b"SNYX", "p", {i: signer(f"root {i % 3}") for i in ids})
    parsed = parse_envelope(built, b"SNYX", "x")
    assert parsed.body == body
    assert [who for who, _ in parsed.signatures] == sorted(ids)
    for who, signature in parsed.signatures:
        signer(f"root {who % 3}").public.verify("p", body, signature)


def test_signatures_stand_in_the_order_of_their_ids() -> None:
    assert [who for who, _ in parse_envelope(SIGNED, b"SNYX", "x").signatures] == [2, 7]


A, B = (2, bytes(3373)), (7, bytes(3373))
BREACHES = {
    "empty": b"",
    "magic": raw(b"body", A, magic=b"SNYY"),
    "ids_descending": raw(b"body", B, A),
    "id_twice": raw(b"body", A, A),
    "count_too_large": raw(b"body", A, count=2),
    "count_too_small": raw(b"body", A, B, count=1),
    "signature_short": raw(b"body", (2, bytes(3372))),
    "trailing_byte": raw(b"body", A) + b"\0",
    "no_count": raw(b"body")[:-1],
    "body_cut": b"SNYX" + struct.pack(">I", 5) + b"body",
    "body_above_the_most": b"SNYX"
    + struct.pack(">I", envelope.MAX_BODY_BYTES + 1)
    + bytes(envelope.MAX_BODY_BYTES + 2),
    "body_of_four_gigabytes": b"SNYX\xff\xff\xff\xff",
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in BREACHES.items()])
def test_breach(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_envelope(data, b"SNYX", "x")


@QUICK
@given(st.integers(0, len(SIGNED) - 1))
def test_an_envelope_cut_short_anywhere_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        parse_envelope(SIGNED[:size], b"SNYX", "x")
