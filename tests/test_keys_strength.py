"""Passphrases: what people here would choose first is refused, what the dice choose is not."""

from __future__ import annotations

import random
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import passphrase
from crypto.receipt import ARGON2_MEMORY_KIB, ARGON2_PASSES, wordlist
from keys import strength
from keys.strength import (
    ADVICE,
    ENOUGH_GUESSES,
    MAX_LETTERS,
    MIN_LETTERS,
    Advice,
    check_passphrase,
    generate_passphrase,
    is_text,
    normalise,
)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("", Advice.TOO_SHORT),
        ("rahasia", Advice.TOO_SHORT),
        ("x7$Kd9!sPq2@mZ4", Advice.TOO_SHORT),
        ("a" * (MAX_LETTERS + 1), Advice.TOO_LONG),
        ("rahasia palembang 2026", Advice.KNOWN_WORDS),
        ("Inspektorat Sumsel 2026!", Advice.KNOWN_WORDS),
        ("bismillahirrahmanirrahim", Advice.KNOWN_WORDS),
        ("B1smillah Palembang Jaya", Advice.KNOWN_WORDS),
        ("tak kenal maka tak sayang", Advice.KNOWN_WORDS),
        ("TANAH AIRKU TIDAK KULUPAKAN", Advice.KNOWN_WORDS),
        ("indonesia tanah air beta pusaka abadi nan jaya", Advice.KNOWN_WORDS),
        ("budi susanto palembang jaya", Advice.KNOWN_WORDS),
        ("correct horse battery staple", Advice.KNOWN_WORDS),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", Advice.PATTERN),
        ("abcdefghijklmnopqrstuvwxyz", Advice.PATTERN),
        ("17-08-1945 17-08-1945 17-08-1945", Advice.PATTERN),
        ("sungai kompas merdu garpu", Advice.MORE_WORDS),
    ],
)
def test_what_people_would_choose_first_is_refused_with_what_to_change(words: str, advice: Advice) -> None:
    assert check_passphrase(words).advice is advice


@pytest.mark.parametrize(
    "words",
    [
        "sungai kompas merdu garpu pandan",  # five words of the list: 55 bits
        "abad abdi abon abrasi absen",  # wherever in it they stand
        "kuda hijau minum kopi tubruk",
        "x7$Kd9!sPq2@mZr4",  # sixteen letters without any sense
        "gajah menyetir becak ke bulan dengan payung ungu",
        "Çelurit über naïve façade smørrebrød",
    ],
)
def test_what_nobody_expects_is_taken(words: str) -> None:
    assert check_passphrase(words).good


def test_what_the_dice_choose_is_strong_enough() -> None:
    """Seeded: one draw in some ten thousand has so many well-known words that it would be refused."""
    dice = random.Random(7)
    for _ in range(100):
        assert check_passphrase(" ".join(dice.choices(wordlist(), k=6))).good


def test_generated_passphrases_are_six_draws_from_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [generate_passphrase() for _ in range(50)]
    assert len(set(drawn)) == 50
    assert all(len(words.split()) == 6 and set(words.split()) <= set(wordlist()) for words in drawn)
    asked: list[object] = []
    monkeypatch.setattr(secrets, "choice", lambda words: asked.append(words) or words[7])
    assert generate_passphrase() == " ".join([wordlist()[7]] * 6)
    assert asked == [wordlist()] * 6


def test_names_that_lie_near_count_as_known() -> None:
    words = "Hardjanegara Kumbakarna Wiratmadja Singosarimulyo"
    assert check_passphrase(words).good
    about = ("Hardjanegara Kumbakarna", "Wiratmadja", "Singosarimulyo")
    assert check_passphrase(words, about=about).advice is Advice.KNOWN_WORDS
    assert check_passphrase(words.lower().replace(" ", "-"), about=about).advice is Advice.KNOWN_WORDS


def test_spaces_and_hyphens_do_not_make_a_passphrase_stronger() -> None:
    words = "sungai kompas merdu garpu"
    for joint in ("", " ", "  ", "-", "_", ".", ", ", " / ", "+"):
        assert not check_passphrase(words.replace(" ", joint)).good
    assert not check_passphrase(" ".join("rahasia rahasia")).good


@pytest.mark.parametrize("key", ["\x1b[A", "\x00", "\x7f", "\udc80", "\u200b", "\u202e", "\ue000"])
def test_keys_that_are_no_letters_are_refused(key: str) -> None:
    words = f"sungai kompas merdu{key} garpu pandan kijang"
    assert not is_text(words)
    assert check_passphrase(words).advice is Advice.NOT_TEXT


@given(st.text(min_size=0, max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_a_verdict_that_does_not_repeat_it(words: str) -> None:
    verdict = check_passphrase(words)
    assert verdict.good is (verdict.advice is None)
    if len(normalise(words)) > 3:
        assert normalise(words) not in repr(verdict).replace(repr(verdict.advice), "")  # a word of ours may be drawn
    if verdict.good:
        assert MIN_LETTERS <= len(normalise(words)) <= MAX_LETTERS


def test_a_long_passphrase_is_judged_in_a_moment_by_its_beginning() -> None:
    weak = "rahasia " * 9
    assert len(weak) == 72
    assert not check_passphrase(weak).good
    assert check_passphrase("sungai kompas merdu garpu pandan kijang " + weak * 2).good


def test_all_advice_is_there_in_both_languages() -> None:
    assert set(ADVICE) == set(Advice)
    assert all(len(texts) == 2 and all(len(text) <= 120 for text in texts) for texts in ADVICE.values())


def test_what_is_judged_is_what_is_stretched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)
    typed = "  sungai\tkompas  ﬁrma é "
    locked = passphrase.lock(typed, b"x", "p")
    assert normalise(typed) == "sungai kompas firma é"
    assert passphrase.unlock(normalise(typed), locked, "p") == b"x"


def test_the_threshold_is_what_the_arithmetic_says() -> None:
    """A thousand cards, a year, at the rate of one RTX 4090 for the parameters in use."""
    assert (ARGON2_MEMORY_KIB, ARGON2_PASSES) == (65_536, 3)
    a_year = 1_667 * 1_000 * 365 * 86_400
    assert 180 < ENOUGH_GUESSES / a_year < 200
    assert len(wordlist()) ** strength.PASSPHRASE_WORDS > 7_000 * ENOUGH_GUESSES
    assert len(wordlist()) ** 4 < ENOUGH_GUESSES < len(wordlist()) ** 5
