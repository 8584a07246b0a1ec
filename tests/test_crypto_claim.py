"""crypto.claim: the claim secret in words."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.claim import claim_words, read_claim
from crypto.errors import Malformed
from crypto.receipt import Mistyped, derive, wordlist


@given(secret=st.binary(min_size=32, max_size=32))
def test_words_give_the_secret_back_however_they_are_typed(secret: bytes) -> None:
    words = claim_words(secret)
    assert len(words) == 24
    for text in (" ".join(words), "\n".join(words).upper(), ", ".join(word[:4] for word in words)):
        assert read_claim(text) == secret


def test_the_words_of_a_code_fit_the_claim_in_its_letter() -> None:
    receipt = derive(bytes(10), "demo")
    assert hashlib.sha256(read_claim(" ".join(claim_words(receipt.claim_secret)))).digest() == receipt.claim


def test_a_wrong_word_is_pointed_at_or_fails_the_checksum() -> None:
    words = list(claim_words(bytes(32)))
    with pytest.raises(Mistyped) as unknown:
        read_claim(" ".join([*words[:4], "zzzz", *words[5:]]))
    assert unknown.value.word == 5
    fails = 0
    for _ in range(64):
        changed = [*words[:-2], *(wordlist()[int.from_bytes(os.urandom(2), "big") % 2048] for _ in range(2))]
        try:
            read_claim(" ".join(changed))
        except Mistyped:
            fails += 1
    assert fails > 50


@pytest.mark.parametrize("count", [0, 8, 23, 25])
def test_another_number_of_words_is_named(count: int) -> None:
    with pytest.raises(Mistyped) as error:
        read_claim(" ".join([wordlist()[7]] * count))
    assert error.value.words == count


def test_a_secret_of_another_size_is_refused() -> None:
    with pytest.raises(Malformed):
        claim_words(bytes(31))
