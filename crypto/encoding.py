"""The small rules that every format shares: labels, days, strict readers, canonical JSON (formats §0)."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
import struct
import time
import unicodedata
from collections.abc import Mapping
from typing import Any

from crypto.errors import Malformed

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))  # Unicode categories of what is not seen
_EMPTY = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_JOINERS, _STYLES = "\u200c\u200d", "\ufe0e\ufe0f"  # of emoji and of scripts: seen by what they do to their neighbours

DAY_ZERO = datetime.date(2026, 1, 5)  # a Monday: day // 7 is the epoch
SECONDS_A_DAY = 86_400
MAX_NUMBER = 2**63 - 1
MAX_ID = 24
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_DAY_ZERO_UNIX = int(datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC).timestamp())


def label(text: str) -> bytes:
    """Return an ASCII label ending in one 0x00, so that no label is a prefix of another."""
    return text.encode("ascii") + b"\0"


def today(now: float | None = None) -> int:
    """Return the day number (UTC days since 2026-01-05) of a Unix time, by default of this moment."""
    return int((time.time() if now is None else now) - _DAY_ZERO_UNIX) // SECONDS_A_DAY


def date_of(day: int) -> datetime.date:
    """Return the calendar date of a day number."""
    return DAY_ZERO + datetime.timedelta(days=day)


def epoch_of(day: int) -> int:
    """Return the epoch (whole weeks since 2026-01-05) in which a day lies."""
    return day // 7


def is_id(text: str) -> bool:
    """Tell whether a text is an id of a group, reviewer or station; a path never is."""
    return len(text) <= MAX_ID and _ID.fullmatch(text) is not None


def b64(data: bytes) -> str:
    """Encode bytes as standard, padded base64."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: object, size: int | None, what: str) -> bytes:
    """Decode standard, padded base64 and demand exactly `size` bytes (None: any size).

    Raises Malformed. A second spelling of the same bytes is refused, too.
    """
    if not isinstance(text, str):
        raise Malformed(f"{what}: not base64")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{what}: not base64") from None
    if b64(data) != text:
        raise Malformed(f"{what}: base64 is not canonical")
    if size is not None and len(data) != size:
        raise Malformed(f"{what}: {len(data)} bytes, want {size}")
    return data


class Reader:
    """Take exact lengths from the front of some bytes; every breach is Malformed(what)."""

    def __init__(self, data: bytes | memoryview, what: str) -> None:
        self._data = memoryview(data)
        self._at = 0
        self._what = what

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if size > len(self._data) - self._at:
            raise Malformed(f"{self._what}: {len(self._data)} bytes, want {self._at + size} or more")
        piece = bytes(self._data[self._at : self._at + size])
        self._at += size
        return piece

    def number(self, code: str) -> int:
        """Return the next big-endian unsigned number: code B, H, I or Q (1, 2, 4, 8 bytes)."""
        (value,) = struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))
        return int(value)

    def expect(self, wanted: bytes, name: str) -> None:
        """Demand these very bytes."""
        if self.take(len(wanted)) != wanted:
            raise Malformed(f"{self._what}: {name} is not as the format says")

    def zeros(self, size: int) -> None:
        """Demand `size` zero bytes."""
        if self.take(size).count(0) != size:
            raise Malformed(f"{self._what}: reserved bytes are not zero")

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        """Demand that nothing is left."""
        if self._at != len(self._data):
            raise Malformed(f"{self._what}: {len(self._data)} bytes, want {self._at}")


def canonical_json(value: Any, *, ascii_only: bool = True) -> bytes:
    """Encode objects, lists, integers, booleans and strings with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only, allow_nan=False)
    return text.encode("utf-8")


def _refuse_float(_: str) -> Any:
    raise ValueError("number is not an integer")


def parse_json(data: bytes, what: str, *, ascii_only: bool = True) -> dict[str, Any]:
    """Parse one canonical JSON object; anything that would not encode to the same bytes is Malformed."""
    try:
        value = json.loads(data, parse_float=_refuse_float, parse_constant=_refuse_float)
        same = canonical_json(value, ascii_only=ascii_only) == data
        canonical_json(value, ascii_only=False)  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Malformed(f"{what}: not JSON of integers and strings") from None
    if not isinstance(value, dict):
        raise Malformed(f"{what}: not a JSON object")
    if not same:
        raise Malformed(f"{what}: JSON is not canonical")
    return value


def expect(value: Any, what: str, spec: Mapping[str, type]) -> dict[str, Any]:
    """Demand a JSON object with exactly the keys of `spec`, each of the given type.

    Integers are 0 to 2⁶³-1; a boolean is never an integer. Raises Malformed.
    """
    if not isinstance(value, dict):
        raise Malformed(f"{what}: not an object")
    if set(value) != set(spec):
        odd = sorted(set(spec) ^ set(value))[0]
        known = odd if odd in spec else "an unknown name"
        raise Malformed(f"{what}: {known} is missing or not expected")
    for name, kind in spec.items():
        item = value[name]
        if type(item) is not kind or (type(item) is int and not 0 <= item <= MAX_NUMBER):
            raise Malformed(f"{what}: {name} is not {kind.__name__}")
    return value


def expect_list(value: Any, what: str, kind: type) -> list[Any]:
    """Demand a list whose items are all of one type."""
    if not isinstance(value, list) or any(type(item) is not kind for item in value):
        raise Malformed(f"{what}: not a list of {kind.__name__}")
    return value


def visible(text: str, *, indent: str | None = None) -> str:
    """Spell control characters, direction overrides and other invisible ones as \\u{XXXX}.

    With `indent`, newlines stay and every further line is indented; without, they are spelled, too.
    """
    out = []
    for c in text:
        if c == "\n" and indent is not None:
            out.append("\n" + indent)
        elif unicodedata.category(c) in _HIDDEN:
            out.append(f"\\u{{{ord(c):04X}}}")
        else:
            out.append(c)
    return "".join(out)


def readable(text: str) -> str:
    """Spell as \\u{XXXX} what nobody sees in running text; line ends, tabs, emoji and joined scripts stay as they are.

    A joiner stays between two characters beyond ASCII that are seen, a style after one: anywhere else, or in rows, they
    could carry words of their own.
    """
    plain = text.replace("\r\n", "\n")
    if plain.replace("\n", "").replace("\t", "").isprintable() and not _EMPTY.search(plain):
        return plain
    ends = zip(" " + plain, plain, plain[1:] + " ", strict=False)
    return "".join(c if _is_seen(before, c, after) else f"\\u{{{ord(c):04X}}}" for before, c, after in ends)


def _is_seen(before: str, c: str, after: str) -> bool:
    if c in _JOINERS:
        return _joins(before) and _joins(after)
    if c in _STYLES:
        return (_joins(before) and before not in _STYLES) or (before in "0123456789#*" and after == "\u20e3")
    return c in "\n\t" or not (unicodedata.category(c) in _HIDDEN or _EMPTY.match(c))


def _joins(c: str) -> bool:
    """Tell whether a character can stand beside a joiner."""
    return not c.isascii() and unicodedata.category(c) not in _HIDDEN and (c in _STYLES or not _EMPTY.match(c))
