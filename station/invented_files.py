"""Invented files for canaries: a page of sums as PDF, or notes as plain text.

The PDF is written here, object by object: the library that draws the printed sheets of `keys` brings a network client
along, and no module of a station may. It names no program, no person and no day.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from station import phrases
from station.stories import Draws

_WIDTH, _HEIGHT = 595, 842  # A4 in points


@dataclass(frozen=True, slots=True)
class InventedFile:
    """A file to attach to a canary, under a name that says nothing of one."""

    name: str
    data: bytes = field(repr=False)


def draw_file(draws: Draws) -> InventedFile:
    """Draw a small file that fits what the story behind these draws tells."""
    name = draws.fill(draws.pick(phrases.FILE_NAMES))
    lines = draws.some(phrases.FILE_LINES, draws.pick((4, 5, 6, 7)))
    rows = [(draws.fill(line), draws.fill("{uang}")) for line in lines]
    if draws.pick((True, True, False)):
        return InventedFile(f"{name}.pdf", _pdf(draws, name, rows))
    gap = draws.pick((" ", ": ", " - ", "\t"))
    text = "\r\n".join([name, "", *(what + gap + sum_ for what, sum_ in rows), ""])
    return InventedFile(f"{name}.txt", text.encode("utf-8"))


def _pdf(draws: Draws, title: str, rows: list[tuple[str, str]]) -> bytes:
    """Return one page: a title, and below it what was paid for and how much."""
    left, right, size = draws.pick((50, 62, 74)), draws.pick((330, 360, 400)), draws.pick((10, 11, 12))
    y = _HEIGHT - draws.pick((60, 75, 90))
    content = [_line(left, y, size + 4, title.capitalize())]
    for what, sum_ in rows:
        y -= 2 * size
        content += [_line(left, y, size, what.capitalize()), _line(right, y, size, sum_)]
    stream = "\n".join(content).encode("ascii")
    return _file(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % (_WIDTH, _HEIGHT),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /%s >>" % draws.pick((b"Helvetica", b"Times-Roman", b"Courier")),
    )


def _line(x: int, y: int, size: int, text: str) -> str:
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET"  # no word of ours has a bracket or a backslash


def _file(*objects: bytes) -> bytes:
    """Return a PDF 1.4 of these objects, the first being its catalogue (ISO 32000-1, 7.5)."""
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, count = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    return bytes(out)
