"""What ties an approval to what was read: a page sends back the fingerprint of what it showed."""

from __future__ import annotations

import hashlib
from typing import Any

from crypto.encoding import canonical_json
from station.errors import Refused


def fingerprint(**shown: Any) -> str:
    """Return the SHA-256, in hex, of values as JSON takes them."""
    return hashlib.sha256(canonical_json(shown)).hexdigest()


def must_be_read(read: str, waiting: str) -> None:
    """Refuse an approval of something else than what that person's page showed."""
    if read != waiting:
        raise Refused("yang menunggu bukan lagi yang Anda baca; muat ulang halamannya")
