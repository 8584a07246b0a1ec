"""Pictures of counts as inline SVG: bars and spans, by attributes and classes alone, as the page's policy demands.

Each stands beside a table with the same numbers, so it is hidden from screen readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

import drawsvg
from markupsafe import Markup

WIDTH, ROW, BAR, FONT, GAP = 360, 40, 14, 13, 4
LETTERS = 46  # of a label, in the width
_NUMBERS = 34  # room for a number behind the longest bar


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `part` of it is drawn as late."""

    label: str
    value: int
    part: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """One line from `low` to `high` with a point at `middle`."""

    label: str
    low: int
    middle: int
    high: int


def bars(found: Sequence[Bar]) -> Markup:
    """Draw horizontal bars, each under its label and with its number behind it."""
    most = max((bar.value for bar in found), default=0) or 1
    drawing = _drawing(len(found))
    for row, bar in enumerate(found):
        top, width = row * ROW + FONT + GAP, bar.value * _scale(most)
        _write(drawing, shorten(bar.label, LETTERS, placeholder="…"), 0, row * ROW + FONT)
        drawing.append(drawsvg.Rectangle(0, top, round(width, 1), BAR))
        if bar.part:
            drawing.append(drawsvg.Rectangle(0, top, round(bar.part * _scale(most), 1), BAR, class_="late"))
        _write(drawing, str(bar.value), width + GAP, top + BAR - 2)
    return Markup(drawing.as_svg(header=""))  # noqa: S704 - drawsvg escapes what it writes


def spans(found: Sequence[Span]) -> Markup:
    """Draw horizontal lines with a point in them, each under its label and with the point's number behind it."""
    most = max((span.high for span in found), default=0) or 1
    drawing = _drawing(len(found))
    for row, span in enumerate(found):
        top, scale = row * ROW + FONT + GAP, _scale(most, BAR)
        _write(drawing, shorten(span.label, LETTERS, placeholder="…"), 0, row * ROW + FONT)
        length = max(2.0, round((span.high - span.low) * scale, 1))
        drawing.append(drawsvg.Rectangle(round(span.low * scale, 1), top + BAR / 2 - 2, length, 4))
        drawing.append(drawsvg.Circle(round(span.middle * scale, 1) + BAR / 2, top + BAR / 2, BAR / 2))
        _write(drawing, str(span.middle), max(span.high, span.middle) * scale + BAR + GAP, top + BAR - 2)
    return Markup(drawing.as_svg(header=""))  # noqa: S704 - as above


def _drawing(rows: int) -> drawsvg.Drawing:
    return drawsvg.Drawing(WIDTH, rows * ROW, class_="plot", aria_hidden="true")


def _scale(most: int, less: int = 0) -> float:
    return (WIDTH - _NUMBERS - less) / most


def _write(drawing: drawsvg.Drawing, text: str, x: float, y: float) -> None:
    drawing.append(drawsvg.Text(text, FONT, round(x, 1), round(y, 1)))
