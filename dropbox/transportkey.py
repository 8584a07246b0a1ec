"""The drop box's own signing key: the one in use, and the next one on its way into the roster (formats §8).

    server.key          private half of the roster's `server_key`
    server-next.key     made by `new-key`; it takes the place of server.key when a roster names it

The roster decides which of the two is in use, so that a crash at any moment between them loses nothing.
A drop box that lost server.key goes on with the next one alone: it takes reports and outboxes, and writes no
bundle before a roster names that key.
"""

from __future__ import annotations

from pathlib import Path

from crypto import longwords, medium
from crypto.signing import SEED_BYTES, SigningKey
from dropbox.errors import Refused
from keys.roster import Roster

KEY, NEXT = "server.key", "server-next.key"
_ON_PAPER = "senyap/v1/server-key-check"


def find_key(home: Path, roster: Roster) -> SigningKey:
    """Return the private half of the roster's `server_key`; the next key when that one is lost.

    Raises Refused when server.key is there and neither file is it, Exposed when others can read them, Malformed or
    OSError.
    """
    current, coming = _read(home / KEY), _read(home / NEXT)
    for key in (current, coming):
        if key is not None and key.public == roster.server_key:
            return key
    if current is None and coming is not None:
        return coming
    if current is None:
        raise FileNotFoundError(2, "no transport key", str(home / KEY))
    raise Refused(
        f"roster: version {roster.version} names another transport key than this drop box has; "
        "ask the root holders for one with the key of request-server.senyap"
    )


def settle_key(home: Path, roster: Roster) -> None:
    """Put server-next.key in the place of server.key when the roster names it; else do nothing.

    The caller holds the courier's lane. Raises Exposed, Malformed or OSError.
    """
    if is_unsettled(home, roster):
        medium.erase_file(home / KEY)
        (home / NEXT).rename(home / KEY)
        medium.sync_folder(home)


def is_unsettled(home: Path, roster: Roster) -> bool:
    """Tell whether the roster names the next key; raises Exposed, Malformed or OSError."""
    coming = _read(home / NEXT)
    return coming is not None and coming.public == roster.server_key


def make_next(home: Path) -> SigningKey:
    """Return the next key, made now unless there is one; raises Exposed, Malformed or OSError."""
    known = _read(home / NEXT)
    if known is not None:
        return known
    made = SigningKey.generate()
    medium.write_file(home / NEXT, made.seed)
    return made


def key_words(key: SigningKey) -> tuple[str, ...]:
    """Return the 24 words of a transport key, for paper."""
    return longwords.spell(key.seed, _ON_PAPER)


def read_key_words(text: str) -> SigningKey:
    """Return the transport key of typed words; raises Mistyped."""
    return SigningKey.from_seed(longwords.read(text, _ON_PAPER))


def write_key(home: Path, key: SigningKey) -> None:
    """Put a key into a home that has none; raises OSError."""
    medium.write_file(home / KEY, key.seed)


def _read(path: Path) -> SigningKey | None:
    try:
        return SigningKey.from_seed(medium.read_secret(path, SEED_BYTES))
    except FileNotFoundError:
        return None
