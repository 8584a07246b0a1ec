"""The private half of a reviewer: what lies on a station and opens with a passphrase.

    keyring/<reviewer>/identity.locked      master 32 ‖ signing seed 32, under the passphrase
    keyring/<reviewer>/epoch-NNNNNNNN.key   one epoch's X-Wing seed, under a key of its own from the master
    keyring/<reviewer>/share.pub            sealing key for this reviewer's share of the vault key, signed
    keyring/<reviewer>/share.sealed         that share, sealed to it

The vault key is split k of n like a row's key: k-1 passphrases open nothing. Shares are sealed, not locked,
so that the vault can be shared out anew while a reviewer is away.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from crypto import medium, passphrase, sharing
from crypto.encoding import is_id, label
from crypto.errors import NotForThisKey, WrongPassphrase
from crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyingKey
from crypto.xwing import PUBLIC_BYTES, OpeningKey, SealingKey
from keys.errors import QuorumNotMet

SHARE_KEY_PURPOSE = "senyap/v1/share-key"
_CAP = 65_536
IDENTITY, SHARE_PUBLIC, SHARE = "identity.locked", "share.pub", "share.sealed"


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
        ring = cls(reviewer, folder, signing, master)
        public = ring._share_key().public.raw
        signature = signing.sign(SHARE_KEY_PURPOSE, _share_claim(reviewer, public))
        medium.write_file(folder / SHARE_PUBLIC, public + signature)
        locked = passphrase.lock(words, master + signing.seed, f"senyap/v1/identity/{reviewer}")
        medium.write_file(folder / IDENTITY, locked)
        return ring

    @classmethod
    def open(cls, folder: Path, reviewer: str, words: str) -> Keyring:
        """Open a reviewer's identity; raises WrongPassphrase, Malformed, Exposed or OSError."""
        locked = medium.read_secret(folder / IDENTITY, _CAP)
        secret = passphrase.unlock(words, locked, f"senyap/v1/identity/{reviewer}")
        return cls(reviewer, folder, SigningKey.from_seed(secret[32:]), secret[:32])

    def change_passphrase(self, words: str) -> None:
        """Lock the same identity under another passphrase."""
        locked = passphrase.lock(words, self._master + self.signing.seed, f"senyap/v1/identity/{self.reviewer}")
        medium.write_file(self.folder / IDENTITY, locked)

    def make_epochs(self, epochs: Iterable[int]) -> tuple[OpeningKey, ...]:
        """Make and keep one key pair for each epoch."""
        pairs = []
        for epoch in epochs:
            pair = OpeningKey.generate()
            sealed = passphrase.seal_with_key(self._wrap(epoch), pair.seed, self._epoch_purpose(epoch))
            medium.write_file(epoch_file(self.folder, epoch), sealed)
            pairs.append(pair)
        return tuple(pairs)

    def opening_key(self, epoch: int) -> OpeningKey | None:
        """Return the key of one epoch, None when it was never made or is gone."""
        try:
            sealed = medium.read_secret(epoch_file(self.folder, epoch), _CAP)
        except FileNotFoundError:
            return None
        return OpeningKey.from_seed(passphrase.open_with_key(self._wrap(epoch), sealed, self._epoch_purpose(epoch)))

    def share(self) -> sharing.Share | None:
        """Return this reviewer's share of the vault key, None when there is none yet or no more.

        Raises WrongPassphrase when it was sealed to somebody else, Malformed, Exposed or OSError.
        """
        try:
            sealed = medium.read_secret(self.folder / SHARE, _CAP)
        except FileNotFoundError:
            return None
        try:
            return sharing.parse_share(self._share_key().open(_share_info(self.reviewer), sealed))
        except NotForThisKey:
            raise WrongPassphrase("the key does not open this share of the vault key") from None

    def _share_key(self) -> OpeningKey:
        return OpeningKey.from_seed(self._expand("senyap/v1/share-seed"))

    def _wrap(self, epoch: int) -> bytes:
        return self._expand(f"senyap/v1/wrap-epoch/{epoch}")

    def _expand(self, purpose: str) -> bytes:
        return HKDFExpand(hashes.SHA512(), 32, label(purpose)).derive(self._master)

    def _epoch_purpose(self, epoch: int) -> str:
        return f"senyap/v1/epoch/{self.reviewer}/{epoch}"


def epoch_file(folder: Path, epoch: int) -> Path:
    """Return where a reviewer's seed of one epoch lies; once erased it is never made again."""
    return folder / f"epoch-{epoch:08d}.key"


def kept_epochs(folder: Path) -> tuple[int, ...]:
    """Return the epochs whose seeds a reviewer's folder still holds, ascending."""
    return tuple(sorted(int(p.stem.removeprefix("epoch-")) for p in folder.glob("epoch-*.key")))


def read_share_key(folder: Path, reviewer: str, signer: VerifyingKey) -> SealingKey:
    """Return the key to which a reviewer's share is sealed; raises BadSignature, Malformed or OSError.

    `signer` is the reviewer's key in the roster: a file put there by somebody else is refused.
    """
    data = medium.read_file(folder / SHARE_PUBLIC, PUBLIC_BYTES + SIGNATURE_BYTES)
    public, signature = data[:PUBLIC_BYTES], data[PUBLIC_BYTES:]
    signer.verify(SHARE_KEY_PURPOSE, _share_claim(reviewer, public), signature)
    return SealingKey.parse(public)


def seal_share(key: SealingKey, reviewer: str, share: sharing.Share) -> bytes:
    """Seal one share of the vault key to its reviewer: 1648 bytes."""
    return key.seal(_share_info(reviewer), sharing.build_share(share))


def open_quorum(folder: Path, passphrases: Mapping[str, str]) -> tuple[tuple[Keyring, ...], bytes]:
    """Open the given reviewers' keyrings and join the vault key.

    `passphrases` maps reviewer ids to passphrases. Raises WrongPassphrase, or QuorumNotMet when they
    are fewer than the unit asks for or a name is unknown.
    """
    rings = []
    for reviewer, words in sorted(passphrases.items()):
        if not is_id(reviewer) or not (folder / reviewer / IDENTITY).is_file():
            raise QuorumNotMet("a reviewer of that name has no keyring on this station")
        try:
            rings.append(Keyring.open(folder / reviewer, reviewer, words))
        except WrongPassphrase:
            raise WrongPassphrase(f"the passphrase of {reviewer} does not open its keyring") from None
    if not rings:
        raise QuorumNotMet("no reviewer is present")
    shares = [share for ring in rings if (share := ring.share()) is not None]
    if not shares:
        raise QuorumNotMet("no reviewer present has a share of the vault key yet: run senyap-station rekey")
    key = sharing.join(shares)
    if key is None:
        raise QuorumNotMet(f"{len(shares)} of the {shares[0].k} reviewers needed are present")
    return tuple(rings), key


def _share_claim(reviewer: str, public: bytes) -> bytes:
    return label(reviewer) + public


def _share_info(reviewer: str) -> bytes:
    return label(f"senyap/v1/vault-share/{reviewer}")
