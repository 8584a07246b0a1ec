"""A secret of 32 bytes in 24 words of the receipt's word list (formats §4).

    264 bits = 256 secret ‖ 8 checksum

The label goes into the checksum: words of one purpose are not taken for those of another, but for one in 256.
"""

from __future__ import annotations

import hashlib

from crypto.encoding import label
from crypto.errors import Malformed
from crypto.receipt import Mistyped, numbers_of, words_of

SECRET_BYTES = 32
LONG_WORDS = 24


def spell(secret: bytes, purpose: str) -> tuple[str, ...]:
    """Return the 24 words of a secret of 32 bytes; `purpose` is the label of their checksum."""
    if len(secret) != SECRET_BYTES:
        raise Malformed(f"secret: {len(secret)} bytes, want {SECRET_BYTES}")
    return words_of(int.from_bytes(secret + _checksum(secret, purpose), "big"), LONG_WORDS)


def read(text: str, purpose: str) -> bytes:
    """Return the secret of typed words, in any form that a receipt code may have.

    Raises Mistyped: `word` is the first one that is not in the list, `words` how many there were when not 24.
    """
    numbers = numbers_of(text)
    if len(numbers) != LONG_WORDS:
        raise Mistyped(f"words: {len(numbers)}, want {LONG_WORDS}", words=len(numbers))
    value = 0
    for number in numbers:
        value = value << 11 | number
    secret = (value >> 8).to_bytes(SECRET_BYTES, "big")
    if _checksum(secret, purpose)[0] != value & 255:
        raise Mistyped("words: the checksum does not fit")
    return secret


def _checksum(secret: bytes, purpose: str) -> bytes:
    return hashlib.sha256(label(purpose) + secret).digest()[:1]
