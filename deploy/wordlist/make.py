"""Make the 2,048-word Indonesian list from which receipt codes are drawn.

A receipt code is eight of these words, copied by hand by someone who is afraid, and typed weeks later.
So the words are common ones, any one of them is known by its first four letters, and no single slip of
the pen or the keyboard (a letter wrong, missing or added) turns one word of the list into another.

The most frequent words come first, and a word is taken if it keeps the rules against those already taken.
A word must stand both in Debian's hunspell-id dictionary (it is Indonesian, and spelt so) and in
wordfreq's Indonesian frequencies (people do use it). Both are needed only to make the list, never to use
it. The words in refused.txt were read out by eye and are left out for the reasons written there.

    python deploy/wordlist/make.py [DICTIONARY] [--output FILE]

The same dictionary, the same wordfreq and the same refused.txt give the same bytes. The finished list is
kept in the repository; receipts already handed out depend on it, so it must not change after the box opens.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
REFUSED = HERE / "refused.txt"
OUTPUT = HERE.parents[1] / "crypto" / "wordlist_id.txt"
DICTIONARY = Path("/usr/share/hunspell/id_ID.dic")

COUNT = 2048
PREFIX = 4
SHAPE = re.compile(r"[a-z]{4,8}")


def roots(dictionary: str) -> set[str]:
    """The root entries of a hunspell .dic file: the first line is a count, flags follow a slash."""
    return {line.partition("/")[0].strip() for line in dictionary.splitlines()[1:]}


def refused(text: str) -> set[str]:
    """The refused words: one a line, headings after '#'."""
    words = {line.partition("#")[0].strip() for line in text.splitlines()}
    return words - {""}


def by_frequency() -> list[str]:
    """Every Indonesian word that wordfreq knows, the most frequent first."""
    words: list[str] = import_module("wordfreq").top_n_list("id", sys.maxsize)
    return words


def one_edit(word: str) -> Iterator[str]:
    """The word with '?' in place of each letter and in each gap.

    Two different words share such a pattern exactly when one edit turns one into the other.
    """
    for i in range(len(word)):
        yield f"{word[:i]}?{word[i + 1 :]}"
    for i in range(len(word) + 1):
        yield f"{word[:i]}?{word[i:]}"


def choose(candidates: Iterable[str], count: int = COUNT) -> list[str]:
    """Take words in the order given while each keeps its distance from all those taken before."""
    chosen: list[str] = []
    prefixes: set[str] = set()
    patterns: set[str] = set()
    for word in candidates:
        edits = set(one_edit(word))
        if word[:PREFIX] in prefixes or not edits.isdisjoint(patterns):
            continue
        chosen.append(word)
        if len(chosen) == count:
            return chosen
        prefixes.add(word[:PREFIX])
        patterns |= edits
    raise SystemExit(f"only {len(chosen)} of {count} words keep the rules: refuse fewer words")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the word list for receipt codes.")
    parser.add_argument("dictionary", nargs="?", type=Path, default=DICTIONARY, help="hunspell-id .dic file")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where to write the list")
    options = parser.parse_args()

    known = roots(options.dictionary.read_text(encoding="utf-8"))
    unwanted = refused(REFUSED.read_text(encoding="utf-8"))
    shared = [word for word in by_frequency() if SHAPE.fullmatch(word) and word in known]
    chosen = choose(word for word in shared if word not in unwanted)

    text = "".join(f"{word}\n" for word in sorted(chosen))
    options.output.write_text(text, encoding="ascii", newline="\n")
    last = shared.index(chosen[-1]) + 1
    print(f"{len(chosen)} words, the rarest is {chosen[-1]!r}: number {last} of {len(shared)} candidates")


if __name__ == "__main__":
    main()
