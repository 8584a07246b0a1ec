"""What is printed: a root's recovery sheet, the public poster, a reviewer's card. One A4 page each, as PDF bytes.

Same input, same bytes: no clock, no compression, and a document information dictionary that is empty. Everything
is measured before it is drawn. Places are in millimetres from the upper left corner, sizes of type in points.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import re
from collections.abc import Sequence

import segno
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfdoc import PDFDictionary
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from crypto.errors import Malformed
from crypto.receipt import CODE_WORDS
from keys import sheet_texts as say
from keys.recovery import MOST_SHEETS, SHEET_WORDS
from keys.roster import Role
from keys.sheet_texts import Both, printable

PLAIN, BOLD, TYPED = "Helvetica", "Helvetica-Bold", "Courier-Bold"
_MM = 72 / 25.4
_WIDTH, _HEIGHT = 210.0, 297.0
_LEFT, _RIGHT = 22.0, 188.0
_WIDE = _RIGHT - _LEFT
_HAIR, _THIN = 0.4, 0.8
_ONION = re.compile(r"[a-z2-7]{56}\.onion")
_COLUMNS = 3
_MADE_BY = (
    b" ReportLab Generated PDF document (opensource)",
    b" ReportLab generated PDF document -- digest (opensource)",
)


class _Page:
    """One A4 page in black."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pagesize=A4, pageCompression=0, invariant=1, lang="id")
        # Without this the file names the library, an author "anonymous" and a time.
        self._canvas._doc.info.format = lambda document: PDFDictionary({}).format(document)

    def text(self, x: float, y: float, text: str, size: float, font: str = PLAIN) -> None:
        """Write one line; y is its baseline."""
        self._canvas.setFont(font, size)
        self._canvas.drawString(x * _MM, (_HEIGHT - y) * _MM, text)

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
        self, x: float, y: float, to_x: float, to_y: float, weight: float = _THIN, dash: Sequence[float] = ()
    ) -> None:
        """Draw a line; weight and dashes in points."""
        self._canvas.setLineWidth(weight)
        self._canvas.setDash(list(dash))
        self._canvas.line(x * _MM, (_HEIGHT - y) * _MM, to_x * _MM, (_HEIGHT - to_y) * _MM)

    def rule(self, x: float, y: float, end: float, weight: float = _THIN) -> None:
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
                corner = (_HEIGHT - y - (down + 1) * step - 0.02) * _MM
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


def recovery_sheet(
    *,
    deployment: str,
    number: int,
    holder: str,
    words: Sequence[str],
    sheet: int,
    sheets: int,
    needed: int,
    fingerprint: Sequence[str],
    date: datetime.date,
) -> bytes:
    """Return the sheet of one root holder: 33 numbered words, where they belong, what to do when they are lost.

    `number` is the root's id in the roster; `needed` of `sheets` sheets give the key back. An empty holder leaves a
    line for the name. Raises Malformed.
    """
    _check_words("recovery sheet", words, SHEET_WORDS)
    _check_words("fingerprint", fingerprint, CODE_WORDS)
    if not 1 <= sheet <= sheets <= MOST_SHEETS or not 1 <= needed <= sheets or not 0 <= number <= 255:
        raise Malformed(f"recovery sheet: root {number}, sheet {sheet} of {sheets}, {needed} needed")
    page = _Page()
    _head(page, 0, deployment)
    title = say.RECOVERY_TITLE.filled(number=number)
    page.text(_LEFT, 35, title.id, 25, BOLD)
    page.text(_LEFT, 42, title.en, 13)
    _fact(page, _LEFT, 54, 80, say.HOLDER.label, holder)
    _fact(page, 108, 54, 30, say.SHEET.label, say.SHEET_OF.format(sheet=sheet, sheets=sheets))
    _fact(page, 142, 54, _RIGHT - 142, say.DATE.label, say.day_of(date).id)
    _word_table(page, 75, words)
    y = 182.0
    for caption, text in (
        (say.WHAT_FOR, (say.WHOLE_KEY if needed == 1 else say.PART_OF_KEY).filled(needed=needed, sheets=sheets)),
        (say.WHERE, say.KEEP_ONE if sheets == 1 else say.KEEP_SEVERAL),
        (say.IF_LOST, say.LOST),
    ):
        page.text(_LEFT, y, caption.id, 12, BOLD)
        page.text(_LEFT, y + 4.8, caption.en, 10)
        y = page.both(_LEFT + 40, y, _RIGHT - _LEFT - 40, text, 12, 10) + 4
    for x, end, caption in ((_LEFT, 92, say.ENVELOPE), (102, _RIGHT, say.SIGNATURE)):
        page.rule(x, 263, end)
        page.text(x, 267.5, caption.label, 9)
    _foot(page, 276, say.FINGERPRINT.label, fingerprint)
    return page.pdf()


def poster(*, fingerprint: Sequence[str], onion: str, site: str = "") -> bytes:
    """Return the public poster: what the drop box is, how to reach it, the 8 words of its root keys.

    `onion` is the address without `http://`; an empty one leaves lines to write it on. `site` is the address for
    ordinary browsers, as it is to be read. Raises Malformed.
    """
    _check_words("fingerprint", fingerprint, CODE_WORDS)
    if onion:
        _check_onion(onion)
    site_line = f"{say.PLAIN_SITE.label}: {site}"
    if len(wrap(site_line, 8, PLAIN, _WIDE)) > 1 or site != printable(site):
        raise Malformed(f"site: {len(site)} characters do not fit on the poster, want a plain address of about 60")
    page = _Page()
    page.text(_LEFT, 21, say.BRAND, 14, BOLD)
    page.rule(_LEFT, 25, _RIGHT, 2.2)
    for at, line in enumerate(wrap(say.POSTER_TITLE.id, 35, BOLD, _WIDE)):
        page.text(_LEFT, 39 + at * 13.5, line, 35, BOLD)
    page.text(_LEFT, 61, say.POSTER_TITLE.en, 15)
    y = page.both(_LEFT, 72, _WIDE, say.POSTER_LEAD, 14, 10.5)
    y = _way_in(page, y + 1.5, onion, site_line if site else "")
    y = _heading(page, y, say.EIGHT_WORDS)
    for at, word in enumerate(fingerprint):
        down, across = divmod(at, CODE_WORDS // 2)
        page.text(_LEFT + across * _WIDE / 4, y + 4 + down * 10.5, word, 21, BOLD)
    y = page.both(_LEFT, y + 23.5, _WIDE, say.EIGHT_WORDS_TEXT, 12.5, 10)
    y = _heading(page, y + 1.5, say.CALM)
    page.both(_LEFT, y, _WIDE, say.CALM_TEXT, 12.5, 10)
    return page.pdf()


def reviewer_card(
    *,
    deployment: str,
    reviewer: str,
    unit: str,
    role: Role,
    k: int,
    n: int,
    fingerprint: Sequence[str],
    keys_until: datetime.date,
    weeks_of_warning: int = 4,
) -> bytes:
    """Return a reviewer's card: Indonesian on the upper A5 half, English on the lower, a fold line between.

    `keys_until` is the last day that has a key; renewal is asked for `weeks_of_warning` weeks before. Raises Malformed.
    """
    _check_words("fingerprint", fingerprint, CODE_WORDS)
    if not 1 <= k <= n:
        raise Malformed(f"reviewer's card: {k} of {n} reviewers")
    if weeks_of_warning < 0:
        raise Malformed(f"reviewer's card: {weeks_of_warning} weeks of warning")
    days = say.day_of(keys_until - datetime.timedelta(weeks=weeks_of_warning)), say.day_of(keys_until)
    page = _Page()
    for top, language in ((0.0, "id"), (_HEIGHT / 2, "en")):
        _head(page, top, deployment)
        _card(page, top, language, (reviewer, unit, role), (k, n), days)
        caption = getattr(say.FINGERPRINT, language)
        _foot(page, top + 134, caption, fingerprint)
    page.line(12, _HEIGHT / 2, 198, _HEIGHT / 2, dash=(4, 4))
    page.text((_WIDTH - measure(say.FOLD, 8, PLAIN)) / 2, _HEIGHT / 2 - 1.6, say.FOLD, 8)
    return page.pdf()


def _check_words(what: str, words: Sequence[str], want: int) -> None:
    if len(words) != want:
        raise Malformed(f"{what}: {len(words)} words, want {want}")
    for at, word in enumerate(words, 1):
        if not re.fullmatch(r"[a-z]{1,8}", word):
            raise Malformed(f"{what}: word {at} is not made of 1 to 8 letters")


def _check_onion(onion: str) -> None:
    if not _ONION.fullmatch(onion):
        raise Malformed(f"onion address: {len(onion)} characters, want 56 letters and digits and .onion")
    raw = base64.b32decode(onion[:56].upper())
    key, check, version = raw[:32], raw[32:34], raw[34:]
    if version != b"\x03" or hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2] != check:
        raise Malformed("onion address: its checksum does not fit; copy it again")


def _head(page: _Page, top: float, deployment: str) -> None:
    page.text(_LEFT, top + 19, say.BRAND, 11, BOLD)
    page.text_to(_RIGHT, top + 19, printable(deployment), 10)
    page.rule(_LEFT, top + 22, _RIGHT)


def _foot(page: _Page, y: float, caption: str, fingerprint: Sequence[str]) -> None:
    page.rule(_LEFT, y - 4.5, _RIGHT, _HAIR)
    page.text(_LEFT, y, caption, 8.5)
    page.text(_LEFT, y + 5, "  ".join(fingerprint), 10, BOLD)


def _heading(page: _Page, y: float, text: Both) -> float:
    """Write a part's heading under a rule; return the first baseline of the part."""
    page.rule(_LEFT, y, _RIGHT)
    page.text(_LEFT, y + 8.5, text.id, 17, BOLD)
    page.text_to(_RIGHT, y + 8.5, text.en, 10.5)
    return y + 16


def _fact(page: _Page, x: float, y: float, width: float, caption: str, value: str) -> None:
    """Write a caption and below it a value on up to two lines; without a value a line to write on."""
    page.text(x, y, caption, 9)
    lines, size = fit(printable(value), 13, BOLD, width, 2)
    for at, line in enumerate(lines):
        page.text(x, y + 6 + at * leading(size), line, size, BOLD)
    if not value:
        page.rule(x, y + 10, x + width)


def _word_table(page: _Page, top: float, words: Sequence[str]) -> None:
    """Draw the words in three columns, read downwards, a hairline under each row."""
    row, width = 8.7, _WIDE / _COLUMNS
    high = len(words) // _COLUMNS
    page.text(_LEFT, top - 2, say.READ_DOWN.label, 9)
    page.rule(_LEFT, top, _RIGHT)
    for at, word in enumerate(words):
        across, down = divmod(at, high)
        x, y = _LEFT + across * width, top + (down + 1) * row
        page.text_to(x + 8, y - 2.6, f"{at + 1}", 10)
        page.text(x + 12, y - 2.6, word, 17, BOLD)
    for down in range(1, high):
        page.rule(_LEFT, top + down * row, _RIGHT, _HAIR)
    page.rule(_LEFT, top + high * row, _RIGHT)
    for across in range(1, _COLUMNS):
        page.line(_LEFT + across * width, top, _LEFT + across * width, top + high * row, _HAIR)


def _way_in(page: _Page, y: float, onion: str, site_line: str) -> float:
    """Draw how the drop box is reached; return where the next part begins."""
    y = _heading(page, y, say.HOW)
    y = page.both(_LEFT, y, _WIDE, say.HOW_TEXT, 12.5, 10)
    if onion:
        y += 1.5
        page.code(_LEFT, y, 42, f"http://{onion}/")
        lines = [onion[at : at + 14] for at in (0, 14, 28)] + [onion[42:]]
        for at, line in enumerate(lines):
            page.text(_LEFT + 50, y + 5 + at * 8.6, line, 21, TYPED)
        page.text(_LEFT + 50, y + 37.6, say.QR_NOTE.id, 10)
        page.text(_LEFT + 50, y + 42, say.QR_NOTE.en, 8.5)
        y += 49.5
    else:
        for down in (10, 22):
            page.rule(_LEFT, y + down, _RIGHT)
        page.text(_LEFT, y + 27, say.BY_HAND.label, 10)
        y += 36
    if site_line:
        page.text(_LEFT, y + 1, site_line, fit(site_line, 12, PLAIN, _WIDE)[1])
        page.text(_LEFT, y + 6, say.PLAIN_SITE_NOTE.label, 10)
        y += 12
    return y


def _card(
    page: _Page, top: float, language: str, who: tuple[str, str, Role], quorum: tuple[int, int], days: tuple[Both, Both]
) -> None:
    """Draw one half of a reviewer's card: who, how many together, until when, and what to do."""

    def said(text: Both) -> str:
        return text.id if language == "id" else text.en

    size, big, air = (11.5, 23, 1.8) if language == "id" else (10.5, 19, 3.4)
    renew, end = said(days[0]), said(days[1])
    k, n = quorum
    page.text(_LEFT, top + 33, f"{said(say.CARD_TITLE)}: {who[2]}", big, BOLD)
    for x, width, caption, value, note in (
        (_LEFT, 60, say.CARD_ID, printable(who[0]), printable(who[1])),
        (90, 46, say.QUORUM_CAPTION, said(say.QUORUM.filled(k=k, n=n)), said(say.TOGETHER if k > 1 else say.ENOUGH)),
        (142, 46, say.RENEW_CAPTION, renew, said(say.END.filled(day=end))),
    ):
        page.text(x, top + 43, said(caption), 9)
        lines, shown = fit(value, 13, BOLD, width)
        page.text(x, top + 49, lines[0], shown, BOLD)
        lines, shown = fit(note, 10, PLAIN, width, 2)
        for at, line in enumerate(lines):
            page.text(x, top + 54.5 + at * leading(shown), line, shown)
    page.rule(_LEFT, top + 63, _RIGHT, _HAIR)
    y = top + 71
    for caption, text in (
        (say.RENEW, say.RENEW_TEXT.filled(day=renew)),
        (say.NEVER, say.NEVER_TEXT),
        (say.FORGOTTEN, say.FORGOTTEN_TEXT),
        (say.STOLEN, say.STOLEN_TEXT),
        (say.LEAVING, say.LEAVING_TEXT),
    ):
        page.text(_LEFT, y, said(caption), size, BOLD)
        y = page.block(_LEFT + 44, y, _WIDE - 44, said(text), size) + air
