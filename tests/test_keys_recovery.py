"""A root's seed on paper: what comes back, however it is typed, and what each slip of the hand is told."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import Share, generate_mnemonics
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.wordlist import WORDLIST, mnemonic_to_indices, words_from_indices

from crypto.errors import Malformed
from crypto.signing import SigningKey
from keys import recovery
from keys.recovery import BadSheet, check_root, join_seed, split_seed

QUICK = settings(max_examples=15, deadline=None)
SPLITS = [(1, 1), (2, 2), (2, 3), (3, 3), (2, 5), (3, 5), (5, 5)]
SEED = bytes([7]) * 32
# Printed once and kept here: paper must be readable as long as there are safes.
ONE = (
    "woman fragment academic academic activity alto guilt smell health lift alive amuse ladle armed mineral domain "
    "spray spit blue raspy peasant treat plastic guard march spew spew diploma veteran violence impact jewelry junction"
)
OF_THREE = (
    "frozen race academic acid aluminum husband geology quantity lizard regular alto slap buyer much shelter sunlight "
    "mama depict inmate spine sister petition simple adult careful become dwarf sheriff best ceramic square prevent "
    "diminish",
    "frozen race academic agency answer bumpy render angry race alive alpha headset crush gather quarter loan dictate "
    "organize reunion debris shame usual carpet news race purchase luxury sharp raisin shelter elevator warn worthy",
    "frozen race academic always august teammate sharp round timely legal already trial single dismiss drink artist "
    "tendency trial year increase science arcade isolate depart trash snapshot episode shaft fused realize gesture "
    "romantic lair",
)
WORDS = ONE.split()


def slip(*sheets: str) -> BadSheet:
    """Return the refusal of these sheets; it shows no word of them, neither itself nor as what it came from."""
    with pytest.raises(BadSheet) as caught:
        join_seed(sheets)
    error = caught.value
    assert error.__context__ is None and error.__cause__ is None
    for word in {word.casefold() for sheet in sheets for word in sheet.split() if word.isalpha()}:
        assert word not in str(error).split()
    return error


def changed(at: int, word: str, line: str = ONE) -> str:
    """Return a sheet with another word at a place (from 1)."""
    words = line.split()
    words[at - 1] = word
    return " ".join(words)


def foreign(**parts: object) -> str:
    """Return a sheet with a right checksum that this program would not print."""
    return str(replace(Share.from_mnemonic(ONE), **parts).mnemonic())


# --- what comes back ---------------------------------------------------------------------------------


@given(seed=st.binary(min_size=32, max_size=32), split=st.sampled_from(SPLITS), dice=st.randoms(use_true_random=False))
@QUICK
def test_any_sheets_that_are_enough_give_the_seed_in_any_order(
    seed: bytes, split: tuple[int, int], dice: random.Random
) -> None:
    needed, sheets = split
    lines = split_seed(seed, needed=needed, sheets=sheets)
    assert len(lines) == sheets
    assert all(len(line.split()) == recovery.SHEET_WORDS and set(line.split()) <= set(WORDLIST) for line in lines)
    assert join_seed(dice.sample(lines, dice.randint(needed, sheets))) == seed


def test_every_pair_of_three_sheets_gives_the_seed() -> None:
    for pair in itertools.permutations(OF_THREE, 2):
        assert join_seed(pair) == SEED


def test_sheets_printed_long_ago_are_still_read() -> None:
    assert join_seed([ONE]) == SEED
    assert join_seed(OF_THREE) == SEED


def test_two_splits_of_one_seed_are_two_sets() -> None:
    assert split_seed(SEED) != split_seed(SEED)


def numbered(words: Sequence[str], form: str) -> str:
    return "".join(form.format(n=n, word=word) for n, word in enumerate(words, 1))


@pytest.mark.parametrize(
    "typed",
    [
        ONE.upper(),
        ONE.title(),
        f"\n\t  {'   '.join(WORDS)}\r\n\r\n",
        "\n".join(WORDS),
        " ".join(word[:4] for word in WORDS),
        ", ".join(WORDS) + ".",
        numbered(WORDS, "{n}. {word}\n"),
        numbered(WORDS, "{n}.{word} "),
        numbered(WORDS, "{n}) {word}; "),
        numbered(WORDS, "{n:02}{word} "),
        numbered(WORDS, "{n}\n{word}\n"),
        ONE.replace(" ", "\u00a0"),
        "\ufeff" + ONE.replace("w", "w\u200b"),
        ONE.translate({ord(c): ord(c) + 0xFEE0 for c in "abcdefghijklmnopqrstuvwxyz"}),
    ],
    ids=[
        "upper", "title", "spaces", "lines", "four-letters", "commas", "dots", "glued-dots", "brackets", "glued",
        "number-lines", "hard-spaces", "invisible", "full-width",
    ],
)  # fmt: skip
def test_it_is_read_however_it_was_typed(typed: str) -> None:
    assert join_seed([typed]) == SEED


def test_four_letters_settle_every_word_of_the_list() -> None:
    assert len({word[:4] for word in WORDLIST}) == len(WORDLIST) == 1024
    assert all(4 <= len(word) <= 8 and word.isascii() and word.islower() for word in WORDLIST)


# --- what is refused when sheets are made -------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_seed_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed, match=f"{size} bytes, want 32"):
        split_seed(bytes(size))


@pytest.mark.parametrize(("needed", "sheets"), [(0, 1), (0, 0), (2, 1), (3, 2), (2, 6), (6, 6), (-1, 3)])
def test_a_split_that_cannot_be_is_refused(needed: int, sheets: int) -> None:
    with pytest.raises(Malformed, match=f"{needed} of {sheets}, want at most 5"):
        split_seed(SEED, needed=needed, sheets=sheets)


@pytest.mark.parametrize("sheets", [2, 5])
def test_one_needed_of_several_is_refused_because_slip39_has_no_such_split(sheets: int) -> None:
    with pytest.raises(Malformed, match=f"1 of {sheets} is impossible in SLIP-39"):
        split_seed(SEED, needed=1, sheets=sheets)


# --- what is refused when they are typed ---------------------------------------------------------------


@pytest.mark.parametrize("typed", ["kucing", "aci", "w0man", "дом"])
@pytest.mark.parametrize("at", [1, 2, 33])
def test_a_word_that_is_not_in_the_list_is_named_by_its_number(typed: str, at: int) -> None:
    error = slip(changed(at, typed))
    assert (error.sheet, error.word) == (1, at)
    assert str(error) == f"sheet 1: word {at} is not in the word list; compare it with the paper"


def test_the_sheet_at_fault_is_named_by_its_number() -> None:
    error = slip(OF_THREE[0], changed(5, "kucing", OF_THREE[1]))
    assert (error.sheet, error.word) == (2, 5)


@pytest.mark.parametrize("count", [0, 1, 20, 32, 34])
def test_a_wrong_number_of_words_is_refused(count: int) -> None:
    error = slip(" ".join((WORDS + WORDS)[:count]))
    assert (error.sheet, error.word) == (1, 0)
    assert str(error) == f"sheet 1: {count} words, want 33"


DO_NOT_FIT = "sheet 1: the words do not fit together; compare them with the paper, two may be swapped"


@pytest.mark.parametrize("at", range(1, 33))
def test_two_neighbours_that_were_swapped_are_noticed(at: int) -> None:
    words = ONE.split()
    words[at - 1], words[at] = words[at], words[at - 1]
    if words == WORDS:
        assert join_seed([" ".join(words)]) == SEED  # the same word twice
    else:
        error = slip(" ".join(words))
        assert (error.sheet, error.word, str(error)) == (1, 0, DO_NOT_FIT)


@given(at=st.integers(1, 33), word=st.sampled_from(WORDLIST))
@QUICK
def test_a_wrong_word_of_the_list_is_noticed(at: int, word: str) -> None:
    if word != WORDS[at - 1]:
        with pytest.raises(BadSheet) as caught:
            join_seed([changed(at, word)])
        assert str(caught.value) == DO_NOT_FIT


def test_sheets_of_two_sets_are_noticed() -> None:
    error = slip(OF_THREE[0], split_seed(SEED, needed=2, sheets=2)[1])
    assert (error.sheet, error.word) == (2, 0)
    assert str(error) == "sheet 2 belongs to another set than sheet 1"


def test_sheets_of_two_sets_are_noticed_also_when_their_number_would_do() -> None:
    assert str(slip(ONE, OF_THREE[0])) == "sheet 2 belongs to another set than sheet 1"
    assert str(slip(OF_THREE[0], OF_THREE[1], ONE)) == "sheet 3 belongs to another set than sheet 1"


def test_two_sets_that_drew_the_same_number_are_noticed() -> None:
    first, second = (Share.from_mnemonic(line) for line in OF_THREE[:2])
    same_place = replace(first, value=bytes(32)).mnemonic()
    assert str(slip(OF_THREE[0], same_place)) == "sheet 2 belongs to another set than sheet 1"
    other_place = replace(second, value=bytes(32)).mnemonic()
    error = slip(OF_THREE[0], other_place)
    assert (error.sheet, error.word) == (0, 0)
    assert str(error) == "the sheets do not fit together; they may come from different sets"


def test_a_sheet_too_many_that_does_not_fit_the_others_is_noticed() -> None:
    third = replace(Share.from_mnemonic(OF_THREE[2]), value=bytes(32)).mnemonic()
    for order in itertools.permutations([*OF_THREE[:2], third]):
        assert str(slip(*order)).startswith("the sheets do not fit together")


def test_two_sheets_that_each_give_another_seed_are_noticed() -> None:
    assert str(slip(ONE, foreign(index=1, value=bytes(32)))).startswith("the sheets do not fit together")


def test_the_same_sheet_twice_is_noticed_however_it_is_typed() -> None:
    error = slip(OF_THREE[1], OF_THREE[0], numbered(OF_THREE[1].upper().split(), "{n}.{word} "))
    assert (error.sheet, error.word) == (3, 0)
    assert str(error) == "sheet 3: the same sheet as sheet 1"


@pytest.mark.parametrize("given_", [1, 2])
def test_too_few_sheets_are_told_how_many_are_needed(given_: int) -> None:
    error = slip(*split_seed(SEED, needed=3, sheets=5)[:given_])
    assert (error.sheet, error.word) == (0, 0)
    assert str(error) == f"{given_} of the 3 sheets needed"


def test_no_sheet_at_all_is_refused() -> None:
    assert str(slip()) == "no sheet was typed"


@pytest.mark.parametrize(
    "parts",
    [
        {"iteration_exponent": 1}, {"iteration_exponent": 15}, {"extendable": False}, {"group_index": 1},
        {"group_threshold": 2, "group_count": 2}, {"group_count": 2},
    ],
    ids=str,
)  # fmt: skip
def test_sheets_of_another_program_are_refused_and_not_computed(parts: dict[str, object]) -> None:
    """An exponent of 15 would mean a third of a billion rounds."""
    error = slip(foreign(**parts))
    assert error.sheet == 1
    assert str(error) == "sheet 1: words of another program, not a recovery sheet of a root key"


def test_a_group_that_asks_for_more_than_there_is_is_refused() -> None:
    assert str(slip(foreign(group_threshold=2))) == DO_NOT_FIT


def test_padding_that_is_not_zero_is_refused() -> None:
    data = list(mnemonic_to_indices(ONE))[:-3]
    data[4] |= 1 << 9  # the first word of the value holds the four bits of padding
    words = list(words_from_indices(data + create_checksum(data, b"shamir_extendable")))
    assert len(words) == 33
    assert str(slip(" ".join(words))) == DO_NOT_FIT


def test_a_sheet_with_a_passphrase_gives_another_key_and_the_roster_notices() -> None:
    ((line,),) = generate_mnemonics(1, [(1, 1)], SEED, b"rahasia", iteration_exponent=0)
    assert join_seed([line]) != SEED
    with pytest.raises(BadSheet):
        check_root(join_seed([line]), SigningKey.from_seed(SEED).public)


# --- whose it is ---------------------------------------------------------------------------------------


def test_the_key_of_the_roster_is_given_back() -> None:
    key = SigningKey.from_seed(SEED)
    assert check_root(join_seed([ONE]), key.public).sign("senyap/v1/roster", b"x")
    assert check_root(SEED, key.public).public == key.public


def test_a_sheet_of_another_root_is_refused() -> None:
    with pytest.raises(BadSheet, match="the sheet belongs to another ceremony or another root holder") as caught:
        check_root(SEED, SigningKey.generate().public)
    assert (caught.value.sheet, caught.value.word) == (0, 0)
