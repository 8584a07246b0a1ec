"""X-Wing and HPKE against published vectors, with X-Wing and HPKE's key schedule written again here."""

import hashlib
import hmac

import pytest
import vectors
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import opener

from crypto.errors import Malformed, NotForThisKey
from crypto.xwing import OVERHEAD_BYTES, PUBLIC_BYTES, OpeningKey, SealingKey

QUICK = settings(max_examples=25, deadline=None)
SUITE = b"HPKE" + bytes.fromhex("647a00010003")  # RFC 9180 §5.1: KEM, KDF, AEAD
XWING_LABEL = bytes.fromhex("5c2e2f2f5e5c")  # \.//^\
PUBLISHED = vectors.load("xwing", "published")


def decapsulate(seed: bytes, ciphertext: bytes) -> bytes:
    """X-Wing decapsulation, as draft-connolly-cfrg-xwing-kem §5.4 writes it."""
    wide = hashlib.shake_256(seed).digest(96)
    x25519 = X25519PrivateKey.from_private_bytes(wide[64:])
    inner = MLKEM768PrivateKey.from_seed_bytes(wide[:64]).decapsulate(ciphertext[:1088])
    outer = x25519.exchange(X25519PublicKey.from_public_bytes(ciphertext[1088:]))
    ours = x25519.public_key().public_bytes_raw()
    return hashlib.sha3_256(inner + outer + ciphertext[1088:] + ours + XWING_LABEL).digest()


def schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """HPKE key schedule, base mode (RFC 9180 §5.1): key and base nonce."""

    def extract(salt: bytes, name: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE + name + ikm, "sha256")

    def expand(prk: bytes, name: bytes, context: bytes, size: int) -> bytes:
        head = size.to_bytes(2, "big") + b"HPKE-v1" + SUITE + name + context
        return hmac.digest(prk, head + b"\x01", "sha256")[:size]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


@pytest.mark.parametrize("vector", PUBLISHED)
def test_published_seed_gives_the_published_public_key(vector: vectors.Vector) -> None:
    assert OpeningKey.from_seed(vector["seed"]).public.raw == vector["public"]


@pytest.mark.parametrize("vector", PUBLISHED)
def test_published_ciphertext_gives_the_published_shared_secret(vector: vectors.Vector) -> None:
    assert decapsulate(vector["seed"], vector["ciphertext"]) == vector["shared_secret"]


@pytest.mark.parametrize("vector", PUBLISHED)
def test_a_box_built_by_hand_on_a_published_ciphertext_opens(vector: vectors.Vector) -> None:
    info = b"kotak senyap\0"
    key, nonce = schedule(vector["shared_secret"], info)
    sealed = vector["ciphertext"] + ChaCha20Poly1305(key).encrypt(nonce, b"by hand", b"")
    opening = OpeningKey.from_seed(vector["seed"])
    assert opening.open(info, sealed) == b"by hand"
    with pytest.raises(NotForThisKey):
        opening.open(b"other\0", sealed)


def test_published_hpke_key_schedule_and_first_message() -> None:
    vector = vectors.one("xwing", "published_hpke_pq")
    key, nonce = schedule(vector["shared_secret"], vector["info"])
    assert (key, nonce) == (vector["key"], vector["base_nonce"])
    plain = ChaCha20Poly1305(key).decrypt(nonce, vector["first_ciphertext"], vector["first_aad"])
    assert plain == vector["first_plaintext"]


@pytest.mark.parametrize("vector", vectors.load("xwing", "open"))
def test_vector_box(vector: vectors.Vector) -> None:
    with vector.outcome():
        plain = OpeningKey.from_seed(vector["seed"]).open(vector["info"], vector["sealed"])
        assert plain == vector["plaintext"]


@pytest.mark.parametrize("vector", vectors.load("xwing", "parse"))
def test_vector_key(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert SealingKey.parse(vector["key"]).raw == vector["key"]


@QUICK
@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_opens_here_and_by_hand(plaintext: bytes, info: bytes) -> None:
    key = opener("xwing")
    sealed = key.public.seal(info, plaintext)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert key.open(info, sealed) == plaintext
    raw, nonce = schedule(decapsulate(key.seed, sealed[:1120]), info)
    assert ChaCha20Poly1305(raw).decrypt(nonce, sealed[1120:], b"") == plaintext


@QUICK
@given(st.integers(0, (OVERHEAD_BYTES + 4) * 8 - 1))
def test_any_flipped_bit_of_a_box_is_refused(bit: int) -> None:
    sealed = bytearray(opener("xwing").public.seal(b"i", b"data"))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotForThisKey):
        opener("xwing").open(b"i", bytes(sealed))


def test_the_same_plaintext_sealed_twice_looks_different() -> None:
    key = opener("xwing").public
    first, second = key.seal(b"", b"same"), key.seal(b"", b"same")
    assert first[:1088] != second[:1088] and first[1088:1120] != second[1088:1120]


def test_another_key_does_not_open() -> None:
    with pytest.raises(NotForThisKey):
        opener("other").open(b"i", opener("xwing").public.seal(b"i", b"x"))


def test_generated_keys_differ_and_load_from_their_seed() -> None:
    first, second = OpeningKey.generate(), OpeningKey.generate()
    assert first.public != second.public
    assert len(first.public.raw) == PUBLIC_BYTES
    assert OpeningKey.from_seed(first.seed).public == first.public
    assert SealingKey.parse(first.public.raw) == first.public


def test_an_opening_key_does_not_show_its_seed() -> None:
    key = opener("xwing")
    assert "seed" not in repr(key) and key.seed.hex() not in repr(key)
    with pytest.raises(Malformed) as caught:
        OpeningKey.from_seed(key.seed[:31])
    assert key.seed[:31].hex() not in str(caught.value) and repr(key.seed[:31]) not in str(caught.value)
