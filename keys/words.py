"""What two people compare: eight words by telephone or with a poster, ten groups of a hash with paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from crypto.receipt import PREFIX_LETTERS

_GROUPS, _DIGITS = 10, 4


def ten_groups(digest: bytes) -> str:
    """Return the first 20 bytes of a hash as ten groups of four hexadecimal digits."""
    return " ".join(digest.hex()[at * _DIGITS : (at + 1) * _DIGITS] for at in range(_GROUPS))


def same_words(typed: str, wanted: Sequence[str]) -> bool:
    """Tell whether somebody typed these words: any case, spacing, numbers and punctuation; four letters of each do."""
    folded = unicodedata.normalize("NFKD", typed.casefold())
    given = "".join(c if c.isalpha() else " " for c in folded if unicodedata.category(c) != "Mn").split()
    if len(given) != len(wanted):
        return False
    return all(len(g) >= min(PREFIX_LETTERS, len(w)) and w.startswith(g) for g, w in zip(given, wanted, strict=True))
