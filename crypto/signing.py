"""Hybrid signatures: Ed25519 and ML-DSA-65 together, both must verify (formats §1).

signature 3373 = Ed25519 64 ‖ ML-DSA-65 3309     public key 1984 = 32 ‖ 1952
message        = label ‖ 0x00 ‖ SHA-512(payload)  ML-DSA context = label
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from crypto.encoding import label
from crypto.errors import BadSignature, Malformed

SEED_BYTES = 32
PUBLIC_BYTES = 1984
SIGNATURE_BYTES = 3373
_ED_PUBLIC, _ED_SIGNATURE = 32, 64


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half, 1984 bytes."""

    raw: bytes
    _ed: Ed25519PublicKey = field(repr=False, compare=False)
    _ml: MLDSA65PublicKey = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: bytes) -> VerifyingKey:
        """Load 1984 bytes; raises Malformed."""
        if len(raw) != PUBLIC_BYTES:
            raise Malformed(f"signing key: {len(raw)} bytes, want {PUBLIC_BYTES}")
        try:
            ed = Ed25519PublicKey.from_public_bytes(raw[:_ED_PUBLIC])
            ml = MLDSA65PublicKey.from_public_bytes(raw[_ED_PUBLIC:])
        except ValueError:
            raise Malformed("signing key: not a key") from None
        return cls(raw, ed, ml)

    def verify(self, purpose: str, payload: bytes, signature: bytes) -> None:
        """Check both halves of a 3373-byte signature; raises BadSignature, returns nothing."""
        if len(signature) != SIGNATURE_BYTES:
            raise BadSignature(f"{purpose}: signature has {len(signature)} bytes, want {SIGNATURE_BYTES}")
        message = _message(purpose, payload)
        try:
            self._ed.verify(signature[:_ED_SIGNATURE], message)
            self._ml.verify(signature[_ED_SIGNATURE:], message, purpose.encode("ascii"))
        except InvalidSignature:
            raise BadSignature(f"{purpose}: signature does not verify") from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half, made from one 32-byte seed."""

    public: VerifyingKey
    seed: bytes = field(repr=False)
    _ed: Ed25519PrivateKey = field(repr=False, compare=False)
    _ml: MLDSA65PrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Expand a 32-byte seed with HKDF-Expand-SHA512 into the seeds of both halves."""
        if len(seed) != SEED_BYTES:
            raise Malformed(f"signing seed: {len(seed)} bytes, want {SEED_BYTES}")
        wide = HKDFExpand(hashes.SHA512(), 64, label("senyap/v1/signing-seed")).derive(seed)
        ed, ml = Ed25519PrivateKey.from_private_bytes(wide[:32]), MLDSA65PrivateKey.from_seed_bytes(wide[32:])
        raw = ed.public_key().public_bytes_raw() + ml.public_key().public_bytes_raw()
        return cls(VerifyingKey.parse(raw), seed, ed, ml)

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a key pair from the operating system's randomness."""
        return cls.from_seed(os.urandom(SEED_BYTES))

    def sign(self, purpose: str, payload: bytes) -> bytes:
        """Return the 3373-byte hybrid signature. ML-DSA is randomised: two calls differ."""
        message = _message(purpose, payload)
        return self._ed.sign(message) + self._ml.sign(message, purpose.encode("ascii"))


def _message(purpose: str, payload: bytes) -> bytes:
    return label(purpose) + hashlib.sha512(payload).digest()
