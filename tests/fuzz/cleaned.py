"""What holds for every cleaner: it never raises, and what it calls cleaned is whole and stays as it is."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

from dropbox.cleaning import Outcome, clean
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_FILE_BYTES

PASSES = 3  # a document settles after the second: people are numbered anew, small objects move


def check_raises(inner: Callable[[bytes], object], data: bytes) -> None:
    """Let a cleaner raise CleaningError and nothing else."""
    with contextlib.suppress(CleaningError):
        inner(data)


def check_answer(data: bytes, settled: int) -> bytes | None:
    """Clean again and again; from pass number `settled` on not one byte changes. Returns the first result."""
    first = clean(data)
    assert (first.outcome is Outcome.CLEANED) == (first.data is not None)
    if first.data is None:
        return None
    before = first.data
    assert len(before) <= MAX_FILE_BYTES
    for number in range(1, PASSES):
        again = clean(before)
        assert again.outcome is Outcome.CLEANED, "what was cleaned cannot be cleaned"
        assert again.kind == first.kind
        assert again.data is not None and (number < settled or again.data == before), "cleaning does not settle"
        before = again.data
    return first.data


def spliced(data: bytes, dice: random.Random) -> bytes:
    """Copy, drop or overwrite a short stretch of bytes."""
    if len(data) < 4:
        return data + dice.randbytes(4)
    start, size, to = dice.randrange(len(data)), dice.randrange(1, 40), dice.randrange(len(data))
    piece = data[start : start + size]
    what = dice.randrange(4)
    if what == 0:
        return data[:to] + piece + data[to:]
    if what == 1:
        return data[:start] + data[start + size :]
    if what == 2:
        return data[:to] + piece + data[to + size :]
    value = dice.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\1", dice.randbytes(1)))
    return data[:start] + value * dice.choice((1, 1, 2, 4)) + data[start + 1 :]
