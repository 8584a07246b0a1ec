"""Lists of lines at a station: the holidays that a unit may edit, and what the kernel says of its networks."""

from __future__ import annotations

import random

from crypto.encoding import date_of
from fuzz.cleaned import spliced
from fuzz.parsed import SECRET, value_of
from station.airgap import parse_if_inet6, parse_ipv6_route, parse_route
from station.errors import BadSettings
from station.working_days import parse_holidays

MAX_LEN = 4_096
UNREADABLE = (ValueError, IndexError)  # which `airgap.check` takes for a reason to stay shut
WORDS = (
    b"2026-08-17 ",
    b"2026-W01-1",
    b"20260817",
    b"# ",
    b"00000000",
    b"0001",
    b"0200",
    b"lo\n",
    b"eth0 ",
    b"-",
    b"0x1",
)


def check_holidays(text: str) -> None:
    days = value_of(parse_holidays, text, BadSettings)
    if days is not None:
        lines = [f"{date_of(day).isoformat()} libur" for day in sorted(days)]
        assert parse_holidays("\n".join(lines)) == days


def check_network(text: str) -> None:
    """Each name that comes back stands in the table; what cannot be read is a reason, and never a way around it."""
    for parse in (parse_if_inet6, parse_route, parse_ipv6_route):
        try:
            names = parse(text)
        except UNREADABLE:
            continue
        assert all(name in text.split() for name in names)


def one(data: bytes) -> None:
    """The first byte says what the rest is."""
    if data:
        text = data[1:].decode("utf-8", "replace")
        (check_holidays, check_network)[data[0] % 2](text)


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change a word or a line, or some bytes."""
    if dice.random() < 0.4:
        return data[:1] + spliced(data[1:], dice)
    lines = data[1:].split(b"\n")
    at = dice.randrange(len(lines))
    words = lines[at].split(b" ")
    words[dice.randrange(len(words))] = dice.choice((*WORDS, b"", SECRET.encode(), b"9999-12-31", b"0000-00-00"))
    lines[at] = b" ".join(words)
    if dice.random() < 0.2:
        lines.insert(at, dice.choice(lines))
    return data[:1] + b"\n".join(lines)
