"""The claim of authorship in words (formats §4).

Whoever shows them proves to have held the receipt code. They open nothing: the code cannot be had from them.
"""

from __future__ import annotations

from crypto import longwords

_PURPOSE = "senyap/v1/claim-check"


def claim_words(secret: bytes) -> tuple[str, ...]:
    """Return the 24 words of a claim secret of 32 bytes."""
    return longwords.spell(secret, _PURPOSE)


def read_claim(text: str) -> bytes:
    """Return the claim secret of typed words, in any form that a receipt code may have; raises Mistyped."""
    return longwords.read(text, _PURPOSE)
