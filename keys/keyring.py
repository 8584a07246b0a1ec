"""The private half of a reviewer: what lies on a station and opens with a passphrase.

    keyring/<reviewer>/identity.locked      master 32 ‖ signing seed 32, under the passphrase
    keyring/<reviewer>/epoch-NNNNNNNN.key   one epoch's X-Wing seed, under the master
    keyring/<reviewer>/share.key            this reviewer's share of the vault key, under the master

The vault key is split k of n like a row's key: k-1 passphrases open nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from crypto import medium, passphrase, sharing
from crypto.encoding import label
from crypto.errors import CryptoError, WrongPassphrase
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from keys.roster import is_id

_CAP = 65_536


class QuorumNotMet(CryptoError):
    """Fewer reviewers than the unit asks for."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """One reviewer whose passphrase was given."""

    reviewer: str
    folder: Path = field(repr=False)
    signing: SigningKey = field(repr=False)
    _master: bytes = field(repr=False)

    @classmethod
    def create(cls, folder: Path, reviewer: str, words: str) -> Keyring:
        """Make a reviewer's identity under a passphrase."""
        master, signing = os.urandom(32), SigningKey.generate()
        purpose = f"senyap/v1/identity/{reviewer}"
        medium.write_file(folder / "identity.locked", passphrase.lock(words, master + signing.seed, purpose))
        return cls(reviewer, folder, signing, master)

    @classmethod
    def open(cls, folder: Path, reviewer: str, words: str) -> Keyring:
        """Open a reviewer's identity; raises WrongPassphrase, Malformed or OSError."""
        locked = medium.read_file(folder / "identity.locked", _CAP)
        secret = passphrase.unlock(words, locked, f"senyap/v1/identity/{reviewer}")
        return cls(reviewer, folder, SigningKey.from_seed(secret[32:]), secret[:32])

    def make_epochs(self, epochs: Iterable[int]) -> tuple[OpeningKey, ...]:
        """Make and keep one key pair for each epoch."""
        pairs = []
        for epoch in epochs:
            pair = OpeningKey.generate()
            sealed = passphrase.seal_with_key(self._wrap("epoch"), pair.seed, self._epoch_purpose(epoch))
            medium.write_file(self._epoch_file(epoch), sealed)
            pairs.append(pair)
        return tuple(pairs)

    def opening_key(self, epoch: int) -> OpeningKey | None:
        """Return the key of one epoch, None when it was never made or is gone."""
        try:
            sealed = medium.read_file(self._epoch_file(epoch), _CAP)
        except FileNotFoundError:
            return None
        return OpeningKey.from_seed(passphrase.open_with_key(self._wrap("epoch"), sealed, self._epoch_purpose(epoch)))

    def keep_share(self, share: sharing.Share) -> None:
        """Keep this reviewer's share of the vault key."""
        record = sharing.build_share(share)
        sealed = passphrase.seal_with_key(self._wrap("share"), record, f"senyap/v1/vault-share/{self.reviewer}")
        medium.write_file(self.folder / "share.key", sealed)

    def share(self) -> sharing.Share:
        """Return this reviewer's share of the vault key."""
        sealed = medium.read_file(self.folder / "share.key", _CAP)
        purpose = f"senyap/v1/vault-share/{self.reviewer}"
        return sharing.parse_share(passphrase.open_with_key(self._wrap("share"), sealed, purpose))

    def _wrap(self, what: str) -> bytes:
        return HKDFExpand(hashes.SHA512(), 32, label(f"senyap/v1/wrap-{what}")).derive(self._master)

    def _epoch_purpose(self, epoch: int) -> str:
        return f"senyap/v1/epoch/{self.reviewer}/{epoch}"

    def _epoch_file(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:08d}.key"


def open_quorum(folder: Path, passphrases: Mapping[str, str]) -> tuple[tuple[Keyring, ...], bytes]:
    """Open the given reviewers' keyrings and join the vault key.

    `passphrases` maps reviewer ids to passphrases. Raises WrongPassphrase, or QuorumNotMet when they
    are fewer than the unit asks for or a name is unknown.
    """
    rings = []
    for reviewer, words in sorted(passphrases.items()):
        if not is_id(reviewer) or not (folder / reviewer / "identity.locked").is_file():
            raise QuorumNotMet("a reviewer of that name has no keyring on this station")
        try:
            rings.append(Keyring.open(folder / reviewer, reviewer, words))
        except WrongPassphrase:
            raise WrongPassphrase(f"the passphrase of {reviewer} does not open its keyring") from None
    if not rings:
        raise QuorumNotMet("no reviewer is present")
    shares = [ring.share() for ring in rings]
    key = sharing.join(shares)
    if key is None:
        raise QuorumNotMet(f"{len(rings)} of the {shares[0].k} reviewers needed are present")
    return tuple(rings), key
