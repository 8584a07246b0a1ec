"""The claim of authorship in words: 24 of the receipt's word list (formats §4).

    264 bits = 256 claim secret ‖ 8 checksum

Whoever shows them proves to have held the receipt code. They open nothing: the code cannot be had from them.
"""

from __future__ import annotations

import hashlib

from crypto.encoding import label
from crypto.errors import Malformed
from crypto.receipt import Mistyped, numbers_of, words_of

SECRET_BYTES = 32
CLAIM_WORDS = 24


def claim_words(secret: bytes) -> tuple[str, ...]:
    """Return the 24 words of a claim secret of 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise Malformed(f"claim secret: {len(secret)} bytes, want {SECRET_BYTES}")
    return words_of(int.from_bytes(secret + _checksum(secret), "big"), CLAIM_WORDS)


def read_claim(text: str) -> bytes:
    """Return the claim secret of typed words, in any form that a receipt code may have; raises Mistyped."""
    numbers = numbers_of(text)
    if len(numbers) != CLAIM_WORDS:
        raise Mistyped(f"claim: {len(numbers)} words, want {CLAIM_WORDS}", words=len(numbers))
    value = 0
    for number in numbers:
        value = value << 11 | number
    secret = (value >> 8).to_bytes(SECRET_BYTES, "big")
    if _checksum(secret)[0] != value & 255:
        raise Mistyped("claim: the checksum does not fit")
    return secret


def _checksum(secret: bytes) -> bytes:
    return hashlib.sha256(label("senyap/v1/claim-check") + secret).digest()[:1]
