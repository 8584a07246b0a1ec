"""One printed A4 page as PDF bytes.

Same input, same bytes: no clock, no compression, and a document information dictionary that is empty. Everything
is measured before it is drawn. Places are in millimetres from the upper left corner, sizes of type in points.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import segno
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfdoc import PDFDictionary
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from keys.sheet_texts import Both

PLAIN, BOLD, TYPED = "Helvetica", "Helvetica-Bold", "Courier-Bold"
LEFT, RIGHT = 22.0, 188.0
WIDE = RIGHT - LEFT
HAIR, THIN = 0.4, 0.8
_MM = 72 / 25.4
WIDTH, HEIGHT = 210.0, 297.0
_MADE_BY = (
    b" ReportLab Generated PDF document (opensource)",
    b" ReportLab generated PDF document -- digest (opensource)",
)


class Page:
    """One A4 page in black."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pagesize=A4, pageCompression=0, invariant=1, lang="id")
        # Without this the file names the library, an author "anonymous" and a time.
        self._canvas._doc.info.format = lambda document: PDFDictionary({}).format(document)

    def text(self, x: float, y: float, text: str, size: float, font: str = PLAIN) -> None:
        """Write one line; y is its baseline."""
        self._canvas.setFont(font, size)
        self._canvas.drawString(x * _MM, (HEIGHT - y) * _MM, text)

    def text_to(self, x: float, y: float, text: str, size: float, font: str = PLAIN) -> None:
        """Write one line that ends at x."""
        self.text(x - measure(text, size, font), y, text, size, font)

    def block(self, x: float, y: float, width: float, text: str, size: float, font: str = PLAIN) -> float:
        """Write a paragraph whose first baseline is y; return the baseline that would come next."""
        for line in paragraph(text, size, font, width):
            self.text(x, y, line, size, font)
            y += leading(size)
        return y

    def both(self, x: float, y: float, width: float, text: Both, size: float, small: float) -> float:
        """Write a paragraph in Indonesian and below it, smaller, in English; return the next baseline."""
        y = self.block(x, y, width, text.id, size)
        return self.block(x, y - leading(size) + leading(small) + 0.9, width, text.en, small)

    def line(
        self, x: float, y: float, to_x: float, to_y: float, weight: float = THIN, dash: Sequence[float] = ()
    ) -> None:
        """Draw a line; weight and dashes in points."""
        self._canvas.setLineWidth(weight)
        self._canvas.setDash(list(dash))
        self._canvas.line(x * _MM, (HEIGHT - y) * _MM, to_x * _MM, (HEIGHT - to_y) * _MM)

    def rule(self, x: float, y: float, end: float, weight: float = THIN) -> None:
        """Draw a level line from x to end."""
        self.line(x, y, end, y, weight)

    def code(self, x: float, y: float, side: float, content: str) -> None:
        """Draw a QR code as squares; x and y are its upper left corner without the quiet zone."""
        rows = [bytes(row) for row in segno.make_qr(content, error="m").matrix_iter(border=0)]
        step = side / len(rows)
        for down, row in enumerate(rows):
            for run in re.finditer(rb"\x01+", row):
                left, width = x + run.start() * step, len(run[0]) * step
                # A hair taller than a module, or some viewers show white lines between the rows.
                corner = (HEIGHT - y - (down + 1) * step - 0.02) * _MM
                self._canvas.rect(left * _MM, corner, width * _MM, (step + 0.02) * _MM, stroke=0, fill=1)

    def pdf(self) -> bytes:
        """Return the finished file."""
        self._canvas.showPage()
        self._canvas.save()
        data = self._out.getvalue()
        for line in _MADE_BY:
            data = data.replace(line, b" " * len(line), 1)  # same length: the file counts its bytes
        return data


def measure(text: str, size: float, font: str) -> float:
    """Return the width of a line in mm."""
    return float(stringWidth(text, font, size)) / _MM


def leading(size: float) -> float:
    """Return the distance of two baselines in mm."""
    return size * 1.32 / _MM


def wrap(text: str, size: float, font: str, width: float) -> list[str]:
    """Break a text into lines of at most `width` mm, at spaces and, where one word is wider, inside it."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".lstrip()
        if measure(joined, size, font) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and measure(lines[-1] + letter, size, font) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def paragraph(text: str, size: float, font: str, width: float) -> list[str]:
    """Wrap a text so that no short last line stands alone, if a narrower measure avoids it."""
    lines = wrap(text, size, font, width)
    for narrower in range(1, 30):
        tried = wrap(text, size, font, width * (1 - narrower / 100))
        if measure(lines[-1], size, font) >= width / 3 or len(tried) > len(lines):
            break
        lines = tried
    return lines


def fit(text: str, size: float, font: str, width: float, most: int = 1) -> tuple[list[str], float]:
    """Return a text of any length as at most `most` lines and a size: smaller type first, then an ellipsis."""
    while len(lines := wrap(text, size, font, width)) > most and size > 8:
        size -= 0.5
    if len(lines) > most:
        last = lines[most - 1]
        while measure(last + "…", size, font) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], last + "…"]
    return lines, size
