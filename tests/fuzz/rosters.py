"""Who may read: the bodies of rosters, batches, requests and releases, as a stick brings them, before any signature counts."""

from __future__ import annotations

import random

from crypto.encoding import canonical_json
from crypto.envelope import parse_envelope
from crypto.errors import Malformed
from crypto.signing import SigningKey
from fuzz.parsed import SECRET, TOKENS, changed, value_of
from keys import batch, release, request, roster, rosterfile
from keys.errors import KeyAlarm

MAX_LEN = 49_152
WORDS = TOKENS
KEY = SigningKey.from_seed(bytes(32))


def check_roster(data: bytes) -> None:
    found = value_of(rosterfile.parse_roster.__wrapped__, data, Malformed)  # without its memory
    if found is not None:
        assert canonical_json(rosterfile._to_json(found)) == data == found.raw
        assert len(rosterfile.fingerprint_words(rosterfile.root_pin(found.roots, found.root_k))) == 8


def check_batch(data: bytes) -> None:
    found = value_of(batch.parse_batch.__wrapped__, data, Malformed, KeyAlarm)
    if found is not None:
        assert parse_envelope(batch.sign_batch(found, KEY), batch.MAGIC, "batch").body == data
        assert found.last_epoch - found.first_epoch < batch.MAX_EPOCHS


def check_request(data: bytes) -> None:
    found = value_of(request.parse_request, data, Malformed, KeyAlarm)
    assert found is None or canonical_json(request._to_json(found)) == data


def check_release(data: bytes) -> None:
    found = value_of(release.parse_release, data, Malformed)
    assert found is None or parse_envelope(release.sign_release(found, KEY), release.MAGIC, "release").body == data


def check_role(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    found = value_of(lambda name: roster.parse_role(name, "member"), text, Malformed)
    assert found is None or found.value == text


CHECKS = (check_roster, check_batch, check_request, check_role, check_release)


def one(data: bytes) -> None:
    """The first byte says what the rest is."""
    if data:
        CHECKS[data[0] % len(CHECKS)](data[1:])


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change the JSON behind the first byte, or name a role."""
    if data[:1] == b"\3":
        return b"\3" + dice.choice([*roster.Role, "", SECRET, "Telaah", "telaah "]).encode()
    return data[:1] + changed(data[1:], dice)
