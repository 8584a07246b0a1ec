"""What is printed: a root's recovery sheet, the public poster, a reviewer's card. One A4 page each (`keys.paper`).

Poster and card name the roster that was in force: whoever verifies a release needs its version from paper.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import date_of
from crypto.errors import Malformed
from crypto.receipt import CODE_WORDS
from keys import sheet_texts as say
from keys.paper import BOLD, HAIR, HEIGHT, LEFT, PLAIN, RIGHT, TYPED, WIDE, WIDTH, Page, fit, leading, measure, wrap
from keys.recovery import MOST_SHEETS, SHEET_WORDS
from keys.roster import Role, Roster
from keys.sheet_texts import Both, printable
from keys.words import ten_groups

_ONION = re.compile(r"[a-z2-7]{56}\.onion")
_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Edition:
    """Which roster a sheet was printed by: its version, the day it was issued, ten groups of its hash."""

    version: int
    day: datetime.date
    groups: str

    @classmethod
    def of(cls, roster: Roster) -> Edition:
        """Return that of a roster."""
        return cls(roster.version, date_of(roster.issued), ten_groups(roster.hash))

    @property
    def said(self) -> Both:
        """Version and day in words."""
        return say.ROSTER.filled(version=self.version, day=say.day_of(self.day))


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
    page = Page()
    _head(page, 0, deployment)
    title = say.RECOVERY_TITLE.filled(number=number)
    page.text(LEFT, 35, title.id, 25, BOLD)
    page.text(LEFT, 42, title.en, 13)
    _fact(page, LEFT, 54, 80, say.HOLDER.label, holder)
    _fact(page, 108, 54, 30, say.SHEET.label, say.SHEET_OF.format(sheet=sheet, sheets=sheets))
    _fact(page, 142, 54, RIGHT - 142, say.DATE.label, say.day_of(date).id)
    _word_table(page, 75, words)
    y = 182.0
    for caption, text in (
        (say.WHAT_FOR, (say.WHOLE_KEY if needed == 1 else say.PART_OF_KEY).filled(needed=needed, sheets=sheets)),
        (say.WHERE, say.KEEP_ONE if sheets == 1 else say.KEEP_SEVERAL),
        (say.IF_LOST, say.LOST),
    ):
        page.text(LEFT, y, caption.id, 12, BOLD)
        page.text(LEFT, y + 4.8, caption.en, 10)
        y = page.both(LEFT + 40, y, RIGHT - LEFT - 40, text, 12, 10) + 4
    for x, end, caption in ((LEFT, 92, say.ENVELOPE), (102, RIGHT, say.SIGNATURE)):
        page.rule(x, 263, end)
        page.text(x, 267.5, caption.label, 9)
    _foot(page, 276, say.FINGERPRINT.label, fingerprint)
    return page.pdf()


def poster(*, fingerprint: Sequence[str], edition: Edition, onion: str, site: str = "") -> bytes:
    """Return the public poster: what the drop box is, how to reach it, the 8 words of its root keys, the roster.

    `onion` is the address without `http://`; an empty one leaves lines to write it on. `site` is the address for
    ordinary browsers, as it is to be read. Raises Malformed.
    """
    _check_words("fingerprint", fingerprint, CODE_WORDS)
    if onion:
        _check_onion(onion)
    site_line = f"{say.PLAIN_SITE.label}: {site}"
    if len(wrap(site_line, 8, PLAIN, WIDE)) > 1 or site != printable(site):
        raise Malformed(f"site: {len(site)} characters do not fit on the poster, want a plain address of about 60")
    page = Page()
    page.text(LEFT, 21, say.BRAND, 14, BOLD)
    page.text_to(RIGHT, 17.4, edition.said.label, 8)
    page.text_to(RIGHT, 21, edition.groups, 8)
    page.rule(LEFT, 25, RIGHT, 2.2)
    for at, line in enumerate(wrap(say.POSTER_TITLE.id, 35, BOLD, WIDE)):
        page.text(LEFT, 39 + at * 13.5, line, 35, BOLD)
    page.text(LEFT, 61, say.POSTER_TITLE.en, 15)
    y = page.both(LEFT, 72, WIDE, say.POSTER_LEAD, 14, 10.5)
    y = _way_in(page, y + 1.5, onion, site_line if site else "")
    y = _heading(page, y, say.EIGHT_WORDS)
    for at, word in enumerate(fingerprint):
        down, across = divmod(at, CODE_WORDS // 2)
        page.text(LEFT + across * WIDE / 4, y + 4 + down * 10.5, word, 21, BOLD)
    y = page.both(LEFT, y + 23.5, WIDE, say.EIGHT_WORDS_TEXT, 12.5, 10)
    y = _heading(page, y + 1.5, say.CALM)
    page.both(LEFT, y, WIDE, say.CALM_TEXT, 12.5, 10)
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
    edition: Edition,
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
    page = Page()
    for top, language in ((0.0, "id"), (HEIGHT / 2, "en")):
        _head(page, top, deployment)
        _card(page, top, language, (reviewer, unit, role), (k, n), days)
        caption, roster = (getattr(text, language) for text in (say.FINGERPRINT, edition.said))
        _foot(page, top + 129.5, caption, fingerprint)
        page.text(LEFT, top + 139, f"{roster}: {edition.groups}", 8.5)
    page.line(12, HEIGHT / 2, 198, HEIGHT / 2, dash=(4, 4))
    page.text((WIDTH - measure(say.FOLD, 8, PLAIN)) / 2, HEIGHT / 2 - 1.6, say.FOLD, 8)
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


def _head(page: Page, top: float, deployment: str) -> None:
    page.text(LEFT, top + 19, say.BRAND, 11, BOLD)
    page.text_to(RIGHT, top + 19, printable(deployment), 10)
    page.rule(LEFT, top + 22, RIGHT)


def _foot(page: Page, y: float, caption: str, fingerprint: Sequence[str]) -> None:
    page.rule(LEFT, y - 4.5, RIGHT, HAIR)
    page.text(LEFT, y, caption, 8.5)
    page.text(LEFT, y + 5, "  ".join(fingerprint), 10, BOLD)


def _heading(page: Page, y: float, text: Both) -> float:
    """Write a part's heading under a rule; return the first baseline of the part."""
    page.rule(LEFT, y, RIGHT)
    page.text(LEFT, y + 8.5, text.id, 17, BOLD)
    page.text_to(RIGHT, y + 8.5, text.en, 10.5)
    return y + 16


def _fact(page: Page, x: float, y: float, width: float, caption: str, value: str) -> None:
    """Write a caption and below it a value on up to two lines; without a value a line to write on."""
    page.text(x, y, caption, 9)
    lines, size = fit(printable(value), 13, BOLD, width, 2)
    for at, line in enumerate(lines):
        page.text(x, y + 6 + at * leading(size), line, size, BOLD)
    if not value:
        page.rule(x, y + 10, x + width)


def _word_table(page: Page, top: float, words: Sequence[str]) -> None:
    """Draw the words in three columns, read downwards, a hairline under each row."""
    row, width = 8.7, WIDE / _COLUMNS
    high = len(words) // _COLUMNS
    page.text(LEFT, top - 2, say.READ_DOWN.label, 9)
    page.rule(LEFT, top, RIGHT)
    for at, word in enumerate(words):
        across, down = divmod(at, high)
        x, y = LEFT + across * width, top + (down + 1) * row
        page.text_to(x + 8, y - 2.6, f"{at + 1}", 10)
        page.text(x + 12, y - 2.6, word, 17, BOLD)
    for down in range(1, high):
        page.rule(LEFT, top + down * row, RIGHT, HAIR)
    page.rule(LEFT, top + high * row, RIGHT)
    for across in range(1, _COLUMNS):
        page.line(LEFT + across * width, top, LEFT + across * width, top + high * row, HAIR)


def _way_in(page: Page, y: float, onion: str, site_line: str) -> float:
    """Draw how the drop box is reached; return where the next part begins."""
    y = _heading(page, y, say.HOW)
    y = page.both(LEFT, y, WIDE, say.HOW_TEXT, 12.5, 10)
    if onion:
        y += 1.5
        page.code(LEFT, y, 42, f"http://{onion}/")
        lines = [onion[at : at + 14] for at in (0, 14, 28)] + [onion[42:]]
        for at, line in enumerate(lines):
            page.text(LEFT + 50, y + 5 + at * 8.6, line, 21, TYPED)
        page.text(LEFT + 50, y + 37.6, say.QR_NOTE.id, 10)
        page.text(LEFT + 50, y + 42, say.QR_NOTE.en, 8.5)
        y += 49.5
    else:
        for down in (10, 22):
            page.rule(LEFT, y + down, RIGHT)
        page.text(LEFT, y + 27, say.BY_HAND.label, 10)
        y += 36
    if site_line:
        page.text(LEFT, y + 1, site_line, fit(site_line, 12, PLAIN, WIDE)[1])
        page.text(LEFT, y + 6, say.PLAIN_SITE_NOTE.label, 10)
        y += 12
    return y


def _card(
    page: Page, top: float, language: str, who: tuple[str, str, Role], quorum: tuple[int, int], days: tuple[Both, Both]
) -> None:
    """Draw one half of a reviewer's card: who, how many together, until when, and what to do."""

    def said(text: Both) -> str:
        return text.id if language == "id" else text.en

    size, big, air = (11.5, 23, 1.8) if language == "id" else (10.5, 19, 3.4)
    renew, end = said(days[0]), said(days[1])
    k, n = quorum
    page.text(LEFT, top + 33, f"{said(say.CARD_TITLE)}: {who[2]}", big, BOLD)
    for x, width, caption, value, note in (
        (LEFT, 60, say.CARD_ID, printable(who[0]), printable(who[1])),
        (90, 46, say.QUORUM_CAPTION, said(say.QUORUM.filled(k=k, n=n)), said(say.TOGETHER if k > 1 else say.ENOUGH)),
        (142, 46, say.RENEW_CAPTION, renew, said(say.END.filled(day=end))),
    ):
        page.text(x, top + 43, said(caption), 9)
        lines, shown = fit(value, 13, BOLD, width)
        page.text(x, top + 49, lines[0], shown, BOLD)
        lines, shown = fit(note, 10, PLAIN, width, 2)
        for at, line in enumerate(lines):
            page.text(x, top + 54.5 + at * leading(shown), line, shown)
    page.rule(LEFT, top + 63, RIGHT, HAIR)
    y = top + 71
    for caption, text in (
        (say.RENEW, say.RENEW_TEXT.filled(day=renew)),
        (say.NEVER, say.NEVER_TEXT),
        (say.FORGOTTEN, say.FORGOTTEN_TEXT),
        (say.STOLEN, say.STOLEN_TEXT),
        (say.LEAVING, say.LEAVING_TEXT),
    ):
        page.text(LEFT, y, said(caption), size, BOLD)
        y = page.block(LEFT + 44, y, WIDE - 44, said(text), size) + air
