"""The receipt code: what a person may type, what never passes, and what a code derives."""

import hashlib
import hmac
import json
import random
import string

import pytest
import vectors
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import seed

from crypto import receipt
from crypto.encoding import canonical_json
from crypto.errors import Malformed
from crypto.letter import mailbox_of
from crypto.receipt import Mistyped, code_words, derive, make_code, read_code, wordlist

QUICK = settings(max_examples=80, deadline=None)
CODES = st.binary(min_size=10, max_size=10)
FORM = {"uraian": "Jalan desa", "wilayah": "kota"}
FILES = [seed("file 1"), seed("file 2")]


@pytest.fixture(scope="module")
def derived() -> receipt.Receipt:
    return derive(seed("code")[:10], "vectors")


@pytest.mark.parametrize("vector", vectors.load("receipt", "read"))
def test_vector_typed(vector: vectors.Vector) -> None:
    typed = vector["typed"].decode("utf-8")
    if vector.expect == "open":
        assert [reading.code for reading in read_code(typed)] == [vector["code"]]
        return
    with pytest.raises(Mistyped) as caught:
        read_code(typed)
    assert caught.value.word == int(vector.get("word"))


def test_vector_of_all_that_a_code_derives(derived: receipt.Receipt) -> None:
    vector = vectors.one("receipt", "derive")
    assert " ".join(code_words(vector["code"])) == vector.get("words")
    assert " ".join(derived.name) == vector.get("name")
    assert (derived.reply.seed, derived.mailbox) == (vector["reply_seed"], vector["mailbox"])
    assert (derived.thread, derived.claim_secret, derived.claim) == (
        vector["thread"], vector["claim_secret"], vector["claim"],
    )  # fmt: skip


def test_vector_of_the_code_of_a_form() -> None:
    vector = vectors.one("receipt", "make_code")
    files = [vector["file_hashes"][:32], vector["file_hashes"][32:]]
    code = make_code(vector["seed"], json.loads(vector["fields"]), vector.get("readers").split(), files)
    assert code == vector["code"]


def test_derivation_is_written_as_the_format_says(derived: receipt.Receipt) -> None:
    salt = hashlib.sha256(b"senyap/v1/receipt-salt\0vectors").digest()[:16]
    root = hash_secret_raw(seed("code")[:10], salt, 3, 65_536, 1, 64, Type.ID)

    def expand(name: bytes, size: int) -> bytes:
        return HKDFExpand(hashes.SHA512(), size, name + b"\0").derive(root)

    assert derived.reply.seed == expand(b"senyap/v1/reply-seed", 32)
    assert derived.mailbox == mailbox_of(derived.reply.public.raw)
    assert derived.thread == expand(b"senyap/v1/thread", 32)
    assert derived.claim == hashlib.sha256(expand(b"senyap/v1/claim", 32)).digest()
    bits = f"{int.from_bytes(expand(b'senyap/v1/mailbox-name', 4), 'big'):032b}"
    assert derived.name == (wordlist()[int(bits[:11], 2)], wordlist()[int(bits[11:22], 2)])


def test_the_words_are_80_bits_and_8_bits_of_checksum() -> None:
    code = seed("code")[:10]
    check = hashlib.sha256(b"senyap/v1/receipt-check\0" + code).digest()[0]
    bits = "".join(f"{byte:08b}" for byte in (*code, check))
    assert code_words(code) == tuple(wordlist()[int(bits[i : i + 11], 2)] for i in range(0, 88, 11))


# --- which form gives which code ---------------------------------------------------------------------


def test_the_same_form_gives_the_same_code() -> None:
    again = dict(reversed(FORM.items()))
    assert make_code(seed("s"), FORM, ["a"], FILES) == make_code(seed("s"), again, ("a",), tuple(FILES))


@pytest.mark.parametrize(
    ("form_seed", "fields", "readers", "files"),
    [("s", {**FORM, "uraian": "Jalan desb"}, ["a"], FILES), ("s", {**FORM, "x": ""}, ["a"], FILES), ("s", {}, ["a"], FILES),
     ("s", FORM, ["b"], FILES), ("s", FORM, ["a", "b"], FILES), ("s", FORM, [], FILES), ("s", FORM, ["a"], FILES[:1]),
     ("s", FORM, ["a"], FILES[::-1]), ("s", FORM, ["a"], [FILES[0], seed("x")]), ("t", FORM, ["a"], FILES)],
)  # fmt: skip
def test_changed_text_readers_files_or_seed_give_another_code(form_seed, fields, readers, files) -> None:
    assert make_code(seed(form_seed), fields, readers, files) != make_code(seed("s"), FORM, ["a"], FILES)


def test_the_order_of_readers_counts_because_the_first_leads() -> None:
    assert make_code(seed("s"), FORM, ["a", "b"], []) != make_code(seed("s"), FORM, ["b", "a"], [])


def test_a_code_is_hmac_sha512_under_the_hidden_field() -> None:
    form = canonical_json({"fields": {"a": "é"}, "readers": ["x"]}, ascii_only=False)
    message = b"senyap/v1/code\0" + hashlib.sha512(form).digest() + FILES[0]
    assert make_code(seed("s"), {"a": "é"}, ["x"], FILES[:1]) == hmac.digest(seed("s"), message, "sha512")[:10]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_the_hidden_field_has_32_bytes(size: int) -> None:
    with pytest.raises(Malformed):
        make_code(bytes(size), FORM, ["a"], [])


# --- what a person may type --------------------------------------------------------------------------


@QUICK
@given(CODES, st.randoms())
def test_a_right_code_is_read_however_it_is_typed(code: bytes, dice: random.Random) -> None:
    words = []
    for word in code_words(code):
        word = word[: dice.choice([4, 5, 8])]
        word = "".join(dice.choice([c, c.upper(), chr(ord(c) + 0xFEE0)]) for c in word)
        words.append(word)
    junk = [" ", "-", "\n", "\r\n", " 3. ", ",", "\t", "\u00a0", " — ", "/", "_", "12345", "·", "\u3000", "'"]
    typed = dice.choice(["", "1) ", "\n"]) + "".join(word + dice.choice(junk) for word in words)
    assert [reading.code for reading in read_code(typed)] == [code]
    assert read_code(typed)[0].name is None


@QUICK
@given(CODES, st.integers(0, 2047), st.integers(0, 2047))
def test_the_mailbox_name_may_stand_before_or_after(code: bytes, first: int, second: int) -> None:
    name = (wordlist()[first], wordlist()[second])
    for typed in ((*name, *code_words(code)), (*code_words(code), *name)):
        readings = read_code(" ".join(typed).upper())
        assert receipt.Typed(code, name) in readings
        assert 1 <= len(readings) <= 2


def test_ten_words_with_two_right_readings_give_both_and_the_name_settles_it() -> None:
    code = seed("code")[:10]
    words = code_words(code)
    number = 0
    for word in (*words[2:], wordlist()[0], wordlist()[0]):
        number = number << 11 | wordlist().index(word)
    shifted = (number >> 8).to_bytes(10, "big")
    other = code_words(shifted)  # the last six words and two more, with a checksum of their own
    assert other[:6] == words[2:]
    typed = " ".join([*words, *other[6:]])
    readings = read_code(typed)
    assert readings == (receipt.Typed(code, other[6:]), receipt.Typed(shifted, words[:2]))


@pytest.mark.parametrize("count", [0, 1, 6, 7, 9, 11, 12, 16, 18, 20])
def test_any_number_of_words_but_eight_or_ten_is_refused(count: int) -> None:
    words = (code_words(seed("code")[:10]) * 3)[:count]
    with pytest.raises(Mistyped) as caught:
        read_code(" ".join(words))
    assert caught.value.word == 0


@QUICK
@given(CODES, st.integers(0, 7))
def test_a_word_that_is_not_in_the_list_is_pointed_at_by_its_number(code: bytes, at: int) -> None:
    words = list(code_words(code))
    for wrong in ("zzzz", words[at][:3], words[at] + "x", "x" + words[at]):
        typed = [*words[:at], wrong, *words[at + 1 :]]
        with pytest.raises(Mistyped) as caught:
            read_code(" ".join(typed))
        assert caught.value.word == at + 1
        with pytest.raises(Mistyped) as caught:
            read_code(" ".join([words[0], words[1], *typed]))
        assert caught.value.word == at + 3


def test_the_first_of_several_faults_is_pointed_at() -> None:
    words = [*code_words(seed("code")[:10])]
    words[2] = words[5] = "zzzz"
    with pytest.raises(Mistyped) as caught:
        read_code(" ".join(words))
    assert caught.value.word == 3


def edits(word: str) -> set[str]:
    """Every string one typed letter away: one letter replaced, missing, added, or two swapped."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    out = {a + c + b[1:] for a, b in cuts if b for c in string.ascii_lowercase}
    out |= {a + b[1:] for a, b in cuts if b} | {a + c + b for a, b in cuts for c in string.ascii_lowercase}
    return out - {word}


def known(word: str) -> int | None:
    number = receipt._by_prefix().get(word[:4])
    return number if number is not None and wordlist()[number].startswith(word) else None


def test_no_single_typo_in_a_full_word_makes_another_full_word() -> None:
    whole = set(wordlist())
    assert not [(word, typo) for word in wordlist() for typo in edits(word) & whole]


def test_a_single_typo_in_a_full_word_is_refused_or_is_the_same_word_or_the_beginning_of_a_longer_one() -> None:
    """What passes the list at all is short for a longer word; the checksum is left to catch it."""
    typos = passed = 0
    for number, word in enumerate(wordlist()):
        for typo in edits(word):
            typos += 1
            other = known(typo)
            if other is not None and other != number:
                passed += 1
                assert len(wordlist()[other]) > len(typo) >= 4
    assert passed / typos < 0.003


def test_a_typo_that_stays_in_the_list_passes_the_checksum_one_time_in_256() -> None:
    """Typed as first four letters, each of 60 fixed codes with each one-letter typo."""
    tried = passed = 0
    for n in range(60):
        code = hashlib.sha256(b"typo %d" % n).digest()[:10]
        words = [word[:4] for word in code_words(code)]
        for at, word in enumerate(words):
            for typo in edits(word):
                if known(typo) in (None, known(word)):
                    continue
                tried += 1
                try:
                    (reading,) = read_code(" ".join([*words[:at], typo, *words[at + 1 :]]))
                except Mistyped as error:
                    assert error.word == 0
                    continue
                assert reading.code != code
                passed += 1
    assert tried > 2_000
    assert passed / tried < 3 / 256


@QUICK
@given(CODES, st.integers(1, 255))
def test_a_wrong_checksum_is_refused(code: bytes, change: int) -> None:
    check = hashlib.sha256(b"senyap/v1/receipt-check\0" + code).digest()[0] ^ change
    words = receipt.words_of(int.from_bytes(code + bytes([check]), "big"), 8)
    with pytest.raises(Mistyped):
        read_code(" ".join(words))


def test_the_checksum_is_tested_before_argon2_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt, "hash_secret_raw", lambda *a: pytest.fail("Argon2 ran"))
    with pytest.raises(Mistyped):
        read_code(" ".join([wordlist()[0]] * 8))
    read_code(" ".join(code_words(seed("code")[:10])))


# --- what a code derives -----------------------------------------------------------------------------


def test_another_deployment_derives_other_secrets(derived: receipt.Receipt) -> None:
    other = derive(seed("code")[:10], "vectorz")
    for name in ("mailbox", "thread", "claim_secret", "claim", "name"):
        assert getattr(other, name) != getattr(derived, name)
    assert other.reply.seed != derived.reply.seed


def test_another_code_derives_other_secrets(derived: receipt.Receipt) -> None:
    other = derive(seed("other code")[:10], "vectors")
    assert not {other.mailbox, other.thread, other.claim_secret} & {
        derived.mailbox,
        derived.thread,
        derived.claim_secret,
    }


@pytest.mark.parametrize("deployment", ["", "a" * 33])
def test_a_deployment_id_has_1_to_32_bytes(deployment: str) -> None:
    with pytest.raises(Malformed):
        derive(bytes(10), deployment)


@pytest.mark.parametrize("size", [0, 9, 11])
def test_a_code_has_10_bytes(size: int) -> None:
    with pytest.raises(Malformed):
        code_words(bytes(size))


def test_the_list_has_2048_words_whose_first_four_letters_differ() -> None:
    assert len(wordlist()) == 2048 == len({word[:4] for word in wordlist()})


def test_refusals_and_results_show_nothing_of_a_code(derived: receipt.Receipt) -> None:
    words = code_words(seed("code")[:10])
    typed = read_code(" ".join((*words, wordlist()[0], wordlist()[0])))[0]
    shown = repr(typed) + repr(derived)
    for secret in (*words, *derived.name, repr(typed.code), repr(derived.mailbox), repr(derived.thread), wordlist()[0]):
        assert secret not in shown
    for wrong in ((*words[:7], "rahasiasekali"), words[:7], (*words[1:], words[0])):
        with pytest.raises(Mistyped) as caught:
            read_code(" ".join(wrong))
        message = str(caught.value) + repr(caught.value)
        assert not [
            word for word in (*words, "rahasiasekali") if word in message.replace("words", "").replace("word", "")
        ]
