"""Locked files: a passphrase and a purpose open them, and nothing else."""

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import passphrase
from crypto.errors import CryptoError, Malformed, WrongPassphrase

QUICK = settings(max_examples=40, deadline=None)
KEY = bytes(range(32))


@pytest.mark.parametrize("vector", vectors.load("passphrase"))
def test_vector(vector: vectors.Vector) -> None:
    with vector.outcome():
        secret = passphrase.unlock(vector.get("words"), vector["locked"], vector.get("purpose"))
        assert secret == vector["secret"]


def test_a_lock_opens_again_and_never_looks_the_same() -> None:
    first, second = (passphrase.lock("satu dua", b"secret", "p") for _ in range(2))
    assert first[:8] == second[:8] == b"SNYL\x01\0\0\0"
    assert first[8:24] != second[8:24] and first[24:48] != second[24:48]
    assert len(first) == 8 + 16 + 24 + len(b"secret") + 16
    assert passphrase.unlock(" satu\tdua\n", first, "p") == b"secret"


def test_capital_letters_count() -> None:
    with pytest.raises(WrongPassphrase):
        passphrase.unlock("Satu dua", passphrase.lock("satu dua", b"secret", "p"), "p")


@QUICK
@given(st.binary(max_size=200), st.text("abc/", max_size=12))
def test_what_is_sealed_with_a_key_opens(secret: bytes, purpose: str) -> None:
    sealed = passphrase.seal_with_key(KEY, secret, purpose)
    assert passphrase.open_with_key(KEY, sealed, purpose) == secret
    assert sealed != passphrase.seal_with_key(KEY, secret, purpose)
    for key, other in ((bytes(32), purpose), (KEY, purpose + "x"), (KEY[:31], purpose)):
        with pytest.raises(WrongPassphrase):
            passphrase.open_with_key(key, sealed, other)


@QUICK
@given(st.integers(0, (24 + 6 + 16) * 8 - 1))
def test_any_flipped_bit_of_a_sealed_file_is_refused(bit: int) -> None:
    sealed = bytearray(passphrase.seal_with_key(KEY, b"secret", "p"))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongPassphrase):
        passphrase.open_with_key(KEY, bytes(sealed), "p")


@pytest.mark.parametrize("size", [0, 23, 24, 39])
def test_a_sealed_file_cut_short_is_refused(size: int) -> None:
    with pytest.raises(Malformed if size < 24 else WrongPassphrase):
        passphrase.open_with_key(KEY, passphrase.seal_with_key(KEY, b"", "p")[:size], "p")


def test_refusals_show_neither_passphrase_nor_secret() -> None:
    locked = passphrase.lock("satu dua", b"rahasia", "p")
    for words, data in (("tiga empat", locked), ("satu dua", locked[:-1]), ("satu dua", b"rahasia")):
        with pytest.raises(CryptoError) as caught:
            passphrase.unlock(words, data, "p")
        assert not [s for s in ("satu", "tiga", "rahasia") if s in repr(caught.value)]
        assert caught.value.__cause__ is None
