"""Invented reports: sentences of `station.phrases`, drawn and joined as different people write.

Every draw is counted in bits; a story of fewer than `LEAST_BITS` is drawn again, so that no two are ever the same.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from station import phrases

LEAST_BITS = 40
_SLOT = re.compile(r"\{([a-z]+)\}")
_DICE = random.SystemRandom()
T = TypeVar("T")


@dataclass(slots=True)
class Draws:
    """The draws of one story: what each pool gave, and how many bits were drawn in all."""

    kind: str
    bits: float = 0.0
    known: dict[str, str] = field(default_factory=dict, repr=False)

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of several."""
        self.bits += math.log2(len(options))
        return _DICE.choice(options)

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Draw several different ones, in any order."""
        self.bits += math.log2(math.perm(len(options), count))
        return _DICE.sample(options, count)

    def fill(self, pattern: str) -> str:
        """Put in what stands between braces."""
        return _SLOT.sub(lambda slot: self._word(slot[1]), pattern)

    def _word(self, name: str) -> str:
        if name in self.known:
            return self.known[name]
        pool = phrases.POOLS.get(f"{name}.{self.kind}") or phrases.POOLS[name]
        word = self.fill(self.pick(pool))
        if name not in phrases.FRESH:
            self.known[name] = word
        return word


@dataclass(frozen=True, slots=True)
class Story:
    """An invented report. `answers` are form fields beside the text, by their names."""

    text: str = field(repr=False)
    answers: dict[str, str] = field(repr=False)
    draws: Draws = field(repr=False)


def kind_of(level: str) -> str:
    """Return what kind of unit stories of a level are about, "" for a level of one real person."""
    return phrases.KINDS.get(level, "")


def categories_for(level: str) -> tuple[str, ...]:
    """Return the categories in which there are stories about a level."""
    return tuple(name for name, kinds in phrases.CATEGORIES.items() if kind_of(level) in kinds)


def tell(level: str, category: str) -> Story:
    """Draw a story about somebody of a level; it takes a category of `categories_for`."""
    while True:
        draws = Draws(kind_of(level))
        text = _write(draws, category)
        if draws.bits >= LEAST_BITS:
            return Story(text, _answers(draws), draws)


def _write(draws: Draws, category: str) -> str:
    """Draw sentences and the manner of somebody who writes them down."""
    facts = draws.some(phrases.FACTS[category], draws.pick((2, 3, 3, 4)))
    evidence = draws.some(phrases.EVIDENCE, draws.pick((0, 1, 1, 2)))
    opening, closing = draws.pick(phrases.OPENINGS[category]), draws.pick(phrases.CLOSINGS)
    manner = draws.pick(("paragraph", "paragraphs", "list", "late"))
    lines = [*facts, opening] if manner == "late" else [opening, *facts]  # late: who it is comes last
    joined = [lines[0], *(line if manner == "list" else "{jeda}" + line for line in lines[1:])]
    told, shown = [draws.fill(line) for line in joined], [draws.fill(line) for line in (*evidence, closing) if line]
    capital = draws.pick((True, True, False))
    shorten = draws.pick((False, False, True))
    sentences = [[_sentence(line, capital, shorten) for line in part] for part in (told, shown)]
    if manner == "list":
        mark = draws.pick(("- ", "* "))
        return "\n".join([sentences[0][0], *(mark + line for line in sentences[0][1:]), *sentences[1]])
    gap = "\n\n" if manner == "paragraphs" else " "
    return gap.join(" ".join(part) for part in sentences if part)


def _sentence(line: str, capital: bool, shorten: bool) -> str:
    if shorten:
        line = " ".join(phrases.SHORT.get(word, word) for word in line.split(" "))
    return (line[0].upper() + line[1:] if capital else line) + "."


def _answers(draws: Draws) -> dict[str, str]:
    """Draw answers to some of the other questions."""
    found = {
        "instansi": draws.fill("{unit}"),
        "terlapor": draws.fill("{siapa}"),
        "waktu": draws.fill("{bulan} {tahun}"),
        "bukti_lokasi": draws.fill(draws.pick(phrases.EVIDENCE)),
        "sumber": draws.pick(("mengalami", "dokumen", "diceritakan", "kesimpulan")),
        "lingkar_tahu": draws.pick(("2-5", "6-20", ">20", "umum", "tidak-tahu")),
        "nilai": "tidak-tahu",
        "izin_teruskan": draws.pick(("tanya", "boleh")),
    }
    return {name: answer for name, answer in found.items() if _DICE.random() < 0.4}
