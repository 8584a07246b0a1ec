"""Lock a small secret under a passphrase: Argon2id, then XChaCha20-Poly1305 (formats §8).

"SNYL" │ format u8 = 1 │ zero[3] │ salt 16 │ nonce 24 │ ciphertext + 16
"""

from __future__ import annotations

import os
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError as NaclError

from crypto.encoding import Reader, label
from crypto.errors import WrongPassphrase
from crypto.receipt import ARGON2_MEMORY_KIB, ARGON2_PASSES

_HEAD = b"SNYL\x01\0\0\0"


def lock(passphrase: str, secret: bytes, purpose: str) -> bytes:
    """Lock `secret` under a passphrase; `purpose` is bound, so that files cannot be swapped."""
    salt, nonce = os.urandom(16), os.urandom(24)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        secret, _HEAD + label(purpose), nonce, _stretch(passphrase, salt)
    )
    return _HEAD + salt + nonce + sealed


def unlock(passphrase: str, locked: bytes, purpose: str) -> bytes:
    """Return the secret; raises WrongPassphrase (also for an altered file) or Malformed."""
    reader = Reader(locked, "locked file")
    reader.expect(_HEAD, "head")
    salt, nonce, sealed = reader.take(16), reader.take(24), reader.rest()
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, _HEAD + label(purpose), nonce, _stretch(passphrase, salt)
        )
    except (NaclError, ValueError):
        raise WrongPassphrase("the passphrase does not open this file") from None


def seal_with_key(key: bytes, secret: bytes, purpose: str) -> bytes:
    """Seal `secret` under a random 32-byte key: nonce 24 ‖ ciphertext + 16."""
    nonce = os.urandom(24)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(secret, label(purpose), nonce, key)


def open_with_key(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """Open what `seal_with_key` sealed; raises WrongPassphrase."""
    reader = Reader(sealed, "sealed file")
    nonce, body = reader.take(24), reader.rest()
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(body, label(purpose), nonce, key)
    except (NaclError, ValueError):
        raise WrongPassphrase("the key does not open this file") from None


def _stretch(passphrase: str, salt: bytes) -> bytes:
    raw = " ".join(unicodedata.normalize("NFKC", passphrase).split()).encode("utf-8")
    return hash_secret_raw(raw, salt, ARGON2_PASSES, ARGON2_MEMORY_KIB, 1, 32, Type.ID)
