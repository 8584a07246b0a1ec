"""Eight words that two people compare: of a request by telephone, of the root set with a poster."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from crypto.receipt import PREFIX_LETTERS


def same_words(typed: str, wanted: Sequence[str]) -> bool:
    """Tell whether somebody typed these words: any case, spacing, numbers and punctuation; four letters of each do."""
    folded = unicodedata.normalize("NFKD", typed.casefold())
    given = "".join(c if c.isalpha() else " " for c in folded if unicodedata.category(c) != "Mn").split()
    if len(given) != len(wanted):
        return False
    return all(len(g) >= min(PREFIX_LETTERS, len(w)) and w.startswith(g) for g, w in zip(given, wanted, strict=True))
