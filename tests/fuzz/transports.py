"""What a stick says of itself: the manifests of bundles and outboxes, and the statistics that a station publishes."""

from __future__ import annotations

import random

from crypto.bundle import build_manifest, parse_manifest
from crypto.encoding import parse_json
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import Malformed
from crypto.signing import SigningKey
from crypto.statistics import MAGIC, PURPOSE, build_year, parse_statistics, parse_year, sign_statistics
from fuzz.parsed import TOKENS, changed, value_of

MAX_LEN = 16_384
WORDS = TOKENS
KEY = SigningKey.from_seed(bytes(32))


def check_manifest(data: bytes) -> None:
    found = value_of(parse_manifest, data, Malformed)
    assert found is None or build_manifest(found) == data


def check_statistics(data: bytes) -> None:
    found = value_of(parse_statistics, build_envelope(data, MAGIC, PURPOSE, {0: KEY}), Malformed)
    if found is not None:
        assert parse_envelope(sign_statistics(found, KEY), MAGIC, "statistics").body == data
        assert all(year.cut > 0 for year in found.years)


def check_year(data: bytes) -> None:
    value = value_of(lambda raw: parse_json(raw, "year", ascii_only=False), data, Malformed)
    found = value_of(parse_year, value, Malformed) if value is not None else None
    assert found is None or build_year(found) == value


CHECKS = (check_manifest, check_statistics, check_year)


def one(data: bytes) -> None:
    """The first byte says what the rest is."""
    if data:
        CHECKS[data[0] % len(CHECKS)](data[1:])


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change the JSON behind the first byte."""
    return data[:1] + changed(data[1:], dice, ascii_only=data[:1] == b"\0")
