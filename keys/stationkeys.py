"""The private half of a station: a vault key that only a quorum of its reviewers joins, and the signing key under it.

station.id      the station's id
station.k       how many shares join to the vault key; says nothing secret, and only warns (docs/formats.md, section 8)
station.key     its signing seed, sealed under the vault key
keyring/        one folder for each reviewer (keys.keyring)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from crypto import medium, passphrase, sharing
from crypto.signing import SigningKey, VerifyingKey
from keys.keyring import SHARE, read_share_key, seal_share

STATION_ID, STATION_K, STATION_KEY, KEYRING = "station.id", "station.k", "station.key", "keyring"
_CAP = 4_096


def make_station(home: Path, station: str, signers: Mapping[str, VerifyingKey], k: int) -> SigningKey:
    """Make the vault key and the station's signing key, share the first out to the reviewers; return the second.

    `signers` are the keys of the unit's reviewers in roster order, any `k` of whom open the vault; their keyrings
    are there. Raises Malformed for an impossible quorum, BadSignature, OSError.
    """
    vault_key, signing = os.urandom(32), SigningKey.generate()
    for path, data in share_out(home / KEYRING, vault_key, k, signers).items():
        medium.write_file(home / KEYRING / path, data)
    medium.write_file(home / STATION_KEY, seal_station_key(signing, vault_key, station))
    medium.write_file(home / STATION_K, str(k).encode("ascii"))
    medium.write_file(home / STATION_ID, station.encode("ascii"))
    return signing


def share_out(keyrings: Path, vault_key: bytes, k: int, signers: Mapping[str, VerifyingKey]) -> dict[str, bytes]:
    """Split a vault key among reviewers; returns the file of each, by its path below the keyrings.

    `signers` are the reviewers' keys in the roster, in roster order. Nobody's passphrase is needed.
    Raises BadSignature when a reviewer's share key is not theirs, Malformed, OSError.
    """
    shares = sharing.split(vault_key, k, len(signers))
    made = {}
    for share, (reviewer, signer) in zip(shares, signers.items(), strict=True):
        key = read_share_key(keyrings / reviewer, reviewer, signer)
        made[f"{reviewer}/{SHARE}"] = seal_share(key, reviewer, share)
    return made


def seal_station_key(signing: SigningKey, vault_key: bytes, station: str) -> bytes:
    """Seal a station's signing seed under its vault key."""
    return passphrase.seal_with_key(vault_key, signing.seed, _purpose(station))


def open_station_key(home: Path, vault_key: bytes, station: str) -> SigningKey:
    """Open a station's signing key; raises WrongPassphrase, Exposed, Malformed or OSError."""
    sealed = medium.read_secret(home / STATION_KEY, _CAP)
    return SigningKey.from_seed(passphrase.open_with_key(vault_key, sealed, _purpose(station)))


def _purpose(station: str) -> str:
    return f"senyap/v1/station/{station}"
