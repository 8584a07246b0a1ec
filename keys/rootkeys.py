"""A root holder's signing key: one file on one stick, locked under one passphrase.

root-N.locked      signing seed 32, under the passphrase
"""

from __future__ import annotations

from pathlib import Path

from crypto import medium, passphrase
from crypto.errors import WrongPassphrase
from crypto.signing import SigningKey

_CAP = 4_096


def root_file(number: int) -> str:
    """Return the file name of a root key."""
    return f"root-{number}.locked"


def write_root(folder: Path, number: int, key: SigningKey, words: str) -> Path:
    """Lock a root key under its holder's passphrase and write it."""
    path = folder / root_file(number)
    medium.write_file(path, passphrase.lock(words, key.seed, _purpose(number)))
    return path


def open_root(path: Path, number: int, words: str) -> SigningKey:
    """Unlock a root key; raises WrongPassphrase (also for another holder's file), Malformed or OSError.

    Its mode is not looked at: it travels on a stick, whose file system may know none. The passphrase guards it.
    """
    locked = medium.read_file(path, _CAP)
    try:
        return SigningKey.from_seed(passphrase.unlock(words, locked, _purpose(number)))
    except WrongPassphrase:
        raise WrongPassphrase(f"the passphrase does not open the key of root holder {number}") from None


def _purpose(number: int) -> str:
    return f"senyap/v1/root/{number}"
