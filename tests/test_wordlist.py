"""The word list of the receipt code keeps the rules that protect a hand-copied code.

Someone writes eight of these words on paper and types them weeks later. Every rule here is one way in
which a code could otherwise be lost: a word too like another, a word nobody would keep in a pocket, or a
list that nobody can make again from its sources.
"""

import string
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDLIST = ROOT / "crypto" / "wordlist_id.txt"
MAKE = ROOT / "deploy" / "wordlist" / "make.py"
REFUSED = ROOT / "deploy" / "wordlist" / "refused.txt"
DICTIONARY = Path("/usr/share/hunspell/id_ID.dic")

WORDS = WORDLIST.read_text(encoding="ascii").splitlines()


def refused_words() -> set[str]:
    lines = REFUSED.read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def one_edit_away(word: str) -> set[str]:
    """Every string that one letter removed, replaced or inserted makes of the word."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    letters = string.ascii_lowercase
    removed = {left + right[1:] for left, right in cuts if right}
    replaced = {left + letter + right[1:] for left, right in cuts if right for letter in letters}
    inserted = {left + letter + right for left, right in cuts for letter in letters}
    return (removed | replaced | inserted) - {word}


def test_the_list_has_2048_different_words() -> None:
    assert len(WORDS) == 2048
    assert len(set(WORDS)) == 2048


def test_the_list_is_sorted() -> None:
    assert sorted(WORDS) == WORDS


def test_every_line_ends_with_a_single_line_feed() -> None:
    assert WORDLIST.read_bytes() == "".join(f"{word}\n" for word in WORDS).encode("ascii")


def test_every_word_has_four_to_eight_letters() -> None:
    assert [word for word in WORDS if not 4 <= len(word) <= 8] == []


def test_every_word_is_written_with_the_letters_a_to_z_only() -> None:
    assert [word for word in WORDS if not set(word) <= set(string.ascii_lowercase)] == []


def test_the_first_four_letters_tell_every_word_apart() -> None:
    assert len({word[:4] for word in WORDS}) == len(WORDS)


def test_no_single_slip_turns_one_word_into_another() -> None:
    words = set(WORDS)
    assert {word: near for word in WORDS if (near := one_edit_away(word) & words)} == {}


def test_no_refused_word_is_in_the_list() -> None:
    refused = refused_words()
    assert refused
    assert refused.isdisjoint(WORDS)


def test_the_refused_words_are_sorted_under_each_heading_and_named_once() -> None:
    blocks = REFUSED.read_text(encoding="utf-8").strip().split("\n\n")
    sections = [block.splitlines() for block in blocks]
    assert all(heading.startswith("# ") for heading, *_ in sections)
    assert all(sorted(words) == words for _, *words in sections)
    assert sum(len(words) for _, *words in sections) == len(refused_words())


def test_the_script_makes_the_same_list_byte_for_byte(tmp_path: Path) -> None:
    if not DICTIONARY.exists():
        pytest.skip("Debian's hunspell-id is not installed")
    if find_spec("wordfreq") is None:
        pytest.skip("wordfreq is not installed")
    again = tmp_path / "wordlist_id.txt"
    subprocess.run([sys.executable, str(MAKE), str(DICTIONARY), "--output", str(again)], check=True)
    assert again.read_bytes() == WORDLIST.read_bytes()
