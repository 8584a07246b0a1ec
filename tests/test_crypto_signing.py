"""Hybrid signatures: both halves or nothing."""

import hashlib

import pytest
import vectors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import signer

from crypto.encoding import label
from crypto.errors import BadSignature, Malformed
from crypto.signing import PUBLIC_BYTES, SIGNATURE_BYTES, SigningKey, VerifyingKey

QUICK = settings(max_examples=25, deadline=None)


@pytest.mark.parametrize("vector", vectors.load("signing"))
def test_vector(vector: vectors.Vector) -> None:
    with vector.outcome():
        key = VerifyingKey.parse(vector["public"])
        key.verify(vector.get("purpose"), vector["payload"], vector["signature"])


def test_a_seed_gives_the_public_key_of_the_vector() -> None:
    vector = vectors.one("signing", "accept")
    assert SigningKey.from_seed(vector["seed"]).public.raw == vector["public"]


def test_the_halves_sign_label_zero_and_sha512_of_the_payload() -> None:
    vector = vectors.one("signing", "accept")
    purpose = vector.get("purpose").encode()
    message = purpose + b"\0" + hashlib.sha512(vector["payload"]).digest()
    Ed25519PublicKey.from_public_bytes(vector["public"][:32]).verify(vector["signature"][:64], message)
    MLDSA65PublicKey.from_public_bytes(vector["public"][32:]).verify(vector["signature"][64:], message, purpose)
    assert message.startswith(label(vector.get("purpose")))


@QUICK
@given(st.binary(max_size=200), st.text("abcdefgh/-", min_size=1, max_size=30))
def test_what_is_signed_verifies(payload: bytes, purpose: str) -> None:
    key = signer("a")
    signature = key.sign(purpose, payload)
    assert len(signature) == SIGNATURE_BYTES
    key.public.verify(purpose, payload, signature)
    assert VerifyingKey.parse(key.public.raw) == key.public


@QUICK
@given(st.integers(0, SIGNATURE_BYTES * 8 - 1))
def test_any_flipped_bit_of_a_signature_is_refused(bit: int) -> None:
    vector = vectors.one("signing", "accept")
    wrong = bytearray(vector["signature"])
    wrong[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadSignature):
        signer("a").public.verify(vector.get("purpose"), vector["payload"], bytes(wrong))


def test_two_generated_keys_differ_and_have_the_right_sizes() -> None:
    first, second = SigningKey.generate(), SigningKey.generate()
    assert first.public != second.public
    assert len(first.public.raw) == PUBLIC_BYTES
    assert SigningKey.from_seed(first.seed).public == first.public


def test_the_two_halves_have_different_seeds() -> None:
    key = signer("a")
    assert key._ed.private_bytes_raw() != key._ml.private_bytes_raw()
    assert key.seed not in (key._ed.private_bytes_raw(), key._ml.private_bytes_raw())


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(Malformed):
        SigningKey.from_seed(bytes(size))


def test_a_signing_key_does_not_show_its_seed() -> None:
    key = signer("a")
    assert "seed" not in repr(key)
    assert repr(key.seed) not in repr(key)
    assert key.seed.hex() not in repr(key)


def test_a_refusal_holds_neither_key_nor_payload() -> None:
    with pytest.raises(BadSignature) as caught:
        signer("a").public.verify("senyap/v1/test", b"rahasia", bytes(SIGNATURE_BYTES))
    assert "rahasia" not in repr(caught.value)
    assert caught.value.args == ("senyap/v1/test: signature does not verify",)
