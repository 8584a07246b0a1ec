"""What a row holds once it is open: a letter, its attachments, a referral or its status; and the JSON below them."""

from __future__ import annotations

import base64
import random
from typing import Any

from crypto.attachment import attachment_json, parse_attachment
from crypto.encoding import canonical_json, parse_json
from crypto.errors import Malformed
from crypto.forwarded import build_body, parse_body
from crypto.letter import build_letter, content_hash
from fuzz.parsed import TOKENS, changed, value_of
from station.letters import MAX_DAY, parse_opened

MAX_LEN = 16_384
WORDS = TOKENS


def check_letter(data: bytes) -> None:
    opened = value_of(lambda raw: parse_opened(b"", raw, 0), data, Malformed)
    if opened is not None:
        assert build_letter(opened.letter) == data == opened.raw and opened.letter.day <= MAX_DAY


def check_referral(data: bytes) -> None:
    passed = value_of(parse_body, data, Malformed)
    assert passed is None or build_body(passed) == data


def check_attachment(data: bytes) -> None:
    item = value_of(lambda raw: parse_json(raw, "item", ascii_only=False), data, Malformed)
    if item is not None:
        assert canonical_json(item, ascii_only=False) == data
        file = value_of(parse_attachment, item, Malformed)
        assert file is None or attachment_json(file) == item


CHECKS = (check_letter, check_referral, check_attachment)


def one(data: bytes) -> None:
    """The first byte says what the rest is."""
    if data:
        CHECKS[data[0] % len(CHECKS)](data[1:])


def mend(tree: Any) -> None:
    """Let the content of a letter be the hash of its fields and files."""
    if "content" in tree:
        files = [base64.b64decode(item["sha256"]) for item in tree["attachments"]]
        tree["content"] = base64.b64encode(content_hash(tree["fields"], files)).decode()


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change the JSON behind the first byte."""
    return data[:1] + changed(data[1:], dice, ascii_only=data[:1] == b"\1", mend=mend)
