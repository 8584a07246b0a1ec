"""Plain text, and mail as text: who, when, what, and a list of what hangs on it."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from html.parser import HTMLParser

from station.inside.frames import FILE, TEXT, FileError, put
from station.inside.kinds import decoded

MOST_BYTES = 64 * 1024
MOST_PARTS = 200
HEADERS = ("From", "To", "Cc", "Date", "Subject")
_LABELS = ("Dari", "Kepada", "Tembusan", "Tanggal", "Perihal")


def show_text() -> None:
    """Write a text as it is; the station cuts it and makes what is hidden in it visible."""
    text = decoded(FILE.read_bytes())
    if text is None:
        raise FileError("damaged")
    put(TEXT, text[: MOST_BYTES + 1])


def show_mail() -> None:
    """Write the heads of a mail that people read, its text, and the names and sizes of its attachments."""
    message = email.message_from_bytes(FILE.read_bytes(), policy=email.policy.default)
    try:
        lines = [f"{label}: {message[name]}" for label, name in zip(_LABELS, HEADERS, strict=True) if message[name]]
        bodies, attached = _parts(message)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, IndexError):
        raise FileError("damaged") from None
    put(TEXT, "\n".join([*lines, "", *bodies, *attached])[: MOST_BYTES + 1])


def _parts(message: EmailMessage) -> tuple[list[str], list[str]]:
    plain: list[str] = []
    marked: list[str] = []
    attached: list[str] = []
    for number, part in enumerate(message.walk()):
        if number == MOST_PARTS:
            attached.append("Lampiran selanjutnya tidak didaftar.")
            break
        if part.is_multipart():
            continue
        name, kind = part.get_filename(), part.get_content_type()
        if name is None and kind in ("text/plain", "text/html"):
            (plain if kind == "text/plain" else marked).append(_text_of(part))
        else:
            size = len(part.get_payload(decode=True) or b"")
            attached.append(f"Lampiran: {name or kind} ({size} bita)")
    return plain or [_bare(text) for text in marked], attached


def _text_of(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else b""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return raw.decode("latin-1")


class _Bare(HTMLParser):
    """The words of a page, without its marks, styles and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Start a line at a block, and skip what is not text."""
        self.hidden += tag in ("script", "style", "title")
        if tag in ("p", "br", "div", "tr", "li", "h1", "h2", "h3"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a skipped part."""
        self.hidden = max(0, self.hidden - (tag in ("script", "style", "title")))

    def handle_data(self, data: str) -> None:
        """Keep words."""
        if not self.hidden:
            self.words.append(data)


def _bare(text: str) -> str:
    parser = _Bare()
    parser.feed(text[: 16 * MOST_BYTES])
    return "".join(parser.words).strip()
