"""X-Wing key pairs and HPKE sealing to them (formats §1; draft-connolly-cfrg-xwing-kem, RFC 9180).

A recorded row stays closed as long as either ML-KEM-768 or X25519 holds.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from crypto.errors import Malformed, NotForThisKey

SEED_BYTES = 32
PUBLIC_BYTES = 1216
OVERHEAD_BYTES = 1120 + 16  # encapsulation + tag
_MLKEM_PUBLIC = 1184
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The public half, 1216 bytes: ML-KEM-768 1184 ‖ X25519 32."""

    raw: bytes
    _key: MLKEM768X25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: bytes) -> SealingKey:
        """Load 1216 bytes and seal once on trial: an all-zero X25519 part loads but cannot seal."""
        if len(raw) != PUBLIC_BYTES:
            raise Malformed(f"sealing key: {len(raw)} bytes, want {PUBLIC_BYTES}")
        try:
            key = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
            )
            _SUITE.encrypt(b"", key, b"senyap/v1/trial\0")
        except ValueError:
            raise Malformed("sealing key: nothing can be sealed to it") from None
        return cls(raw, key)

    def seal(self, info: bytes, plaintext: bytes) -> bytes:
        """Return encapsulation ‖ ciphertext: the plaintext's length + 1136 bytes."""
        return _SUITE.encrypt(plaintext, self._key, info)


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """The private half, made from one 32-byte seed."""

    public: SealingKey
    seed: bytes = field(repr=False)
    _key: MLKEM768X25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> OpeningKey:
        """Expand a 32-byte seed with SHAKE256 to 96 bytes, as the X-Wing draft says."""
        if len(seed) != SEED_BYTES:
            raise Malformed(f"opening seed: {len(seed)} bytes, want {SEED_BYTES}")
        wide = hashlib.shake_256(seed).digest(96)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(wide[:64])
        x25519 = X25519PrivateKey.from_private_bytes(wide[64:])
        raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        return cls(SealingKey.parse(raw), seed, MLKEM768X25519PrivateKey(mlkem, x25519))

    @classmethod
    def generate(cls) -> OpeningKey:
        """Make a key pair from the operating system's randomness."""
        return cls.from_seed(os.urandom(SEED_BYTES))

    def open(self, info: bytes, sealed: bytes) -> bytes:
        """Return the plaintext; raises NotForThisKey when it was sealed to another key or altered.

        The two cannot be told apart: ML-KEM rejects implicitly.
        """
        if len(sealed) < OVERHEAD_BYTES:
            raise Malformed(f"sealed box: {len(sealed)} bytes, want {OVERHEAD_BYTES} or more")
        try:
            return _SUITE.decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError):
            raise NotForThisKey("sealed box: not for this key") from None
