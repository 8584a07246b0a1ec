"""What of a count may be published: five cases or more in every number, and in every difference of two numbers.

A cell below five goes into the rest. A rest below five takes the smallest cells along until it is none: otherwise
the sum of a table would tell it. Zero is a small cell like one and four. Numbers are rounded first and added then.
"""

from __future__ import annotations

from collections.abc import Mapping

from crypto.statistics import STEP, Table

LEAST = 5  # cases behind a cell


def rounded(count: int) -> int:
    """Return the nearest multiple of five."""
    return (count + STEP // 2) // STEP * STEP


def publishable(name: str, counts: Mapping[str, int], *, least: int = LEAST, cells: int = 0) -> Table | None:
    """Return the table that may be published of these counts, None where nothing may.

    `least`: cases in a cell; `cells`: how many there can be, where more than five are wanted of each: a rest of one
    cell that is not named has its name, too.
    """
    shown = {cell: count for cell, count in counts.items() if count >= max(least, LEAST)}
    rest = _complete(shown, sum(counts.values()) - sum(shown.values()))
    if rest and len(shown) == cells - 1:
        rest += shown.pop(min(shown, key=lambda cell: (shown[cell], cell)))
    if not shown:
        return None
    return Table(name, tuple((cell, rounded(count)) for cell, count in shown.items()), rounded(rest))


def _complete(shown: dict[str, int], rest: int) -> int:
    """Move the smallest cells into a rest that is too small to stand; return the rest."""
    while 0 < rest < LEAST and shown:
        rest += shown.pop(min(shown, key=lambda cell: (shown[cell], cell)))
    return rest
