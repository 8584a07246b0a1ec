"""A look at a message before it goes: does it point at the reporter, or ask for what must not be asked?

It warns and never forbids: patterns see words, not what is meant (docs/guide-reviewer.md says how often they err).
Whoever has read the message again sends it; that a warned message was sent is logged, by kinds, without its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from crypto.letter import parse_letter
from crypto.prose.traces import find_traces
from station import audit
from station.audit import Deed
from station.errors import Refused
from station.guard_patterns import (
    ENCOURAGED,
    FEARS,
    MOMENT,
    NEGATED,
    PATTERNS,
    SENTENCE,
    SMALL_WORDS,
    TO_FIRST_PERSON,
    WORD,
)
from station.tables import letters

RUN_WORDS, FEAR_WORDS = 5, 4  # so many words in a row that a letter has, too; fewer of what the reporter fears
_CONTACT: Final = frozenset({"email", "akun", "hp", "telepon"})
KINDS: Final[Mapping[str, str]] = {
    "identity": "meminta jati diri atau hal yang menunjuk pelapor",
    "meeting": "mengajak bertemu atau berbicara langsung",
    "documents": "meminta pelapor mengambil, menyalin atau mengirim dokumen",
    "contact": "menyebut tautan, alamat atau nomor di luar kotak",
    "number": "memuat nomor jati diri",
    "quote": "mengulang kalimat pelapor",
    "fear": "mengulang yang dikhawatirkan pelapor",
    "time": "menyebut saat yang persis sama dengan laporan",
    "self": "mengatakan siapa pelapor atau apa yang hanya ia alami",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at again: a key of `KINDS`, and the words."""

    kind: str
    words: str = field(repr=False)


class Unchecked(Refused):
    """A message that somebody has to look at again before it is sent."""

    def __init__(self, found: tuple[Finding, ...]) -> None:
        names = "; ".join(dict.fromkeys(KINDS[each.kind] for each in found))
        super().__init__(
            f"Pesan belum disimpan: {names}. Ubah pesannya, atau centang “Sudah saya periksa” bila memang harus begitu."
        )
        self.found = found


def demand(transaction: sa.Connection, case_id: int, text: str, by: str, *, checked: bool, day: int) -> None:
    """Let a message pass that was checked or needs no check; log the one that was warned of. Raises Unchecked."""
    found = look(text, letters_of(transaction, case_id))
    if not found:
        return
    if not checked:
        raise Unchecked(found)
    kinds = " ".join(dict.fromkeys(each.kind for each in found))
    audit.note(transaction, by, Deed.CHECKED, day=day, case=case_id, detail=kinds)


def letters_of(transaction: sa.Connection, case_id: int) -> tuple[Mapping[str, str], ...]:
    """Return the fields of all letters of a case, oldest first."""
    rows = transaction.scalars(sa.select(letters.c.raw).where(letters.c.case_id == case_id).order_by(letters.c.id))
    return tuple(parse_letter(bytes(raw)).fields for raw in rows)


def look(text: str, known: Sequence[Mapping[str, str]]) -> tuple[Finding, ...]:
    """Return what in a message to look at again, given the fields of the reporter's letters; each thing once."""
    text = text.replace("**", "")  # marks of a message, which stand between words and their negation
    said = [value for fields in known for value in fields.values()]
    feared = [fields[name] for fields in known for name in FEARS if name in fields]
    found = [
        *_asked(text),
        *_numbers(text),
        *_moments(text, said),
        *(Finding("fear", run) for run in shared_runs(text, feared, FEAR_WORDS)),
        *(Finding("quote", run) for run in shared_runs(text, said, RUN_WORDS)),
    ]
    return tuple(dict.fromkeys(found))


def _asked(text: str) -> Iterator[Finding]:
    for sentence in SENTENCE.split(text):
        found = [Finding(kind, words) for kind, pattern in PATTERNS.items() if (words := _match(pattern, sentence))]
        yield from found
        if not {"identity", "self"} & {each.kind for each in found} and _is_about_reporter(sentence):
            yield Finding("self", sentence.strip())


def _match(pattern: re.Pattern[str], sentence: str) -> str:
    """Return the first match that no word before it turns into its contrary, "" when there is none."""
    for match in pattern.finditer(sentence):
        if not any(_is_negated(sentence, at) for at in match.span()):
            return match[0].strip()
    return ""


def _is_about_reporter(sentence: str) -> bool:
    """Tell whether it would point at its writer if the reporter said it in the first person."""
    turned = sentence
    for second, first in TO_FIRST_PERSON:
        turned = second.sub(first, turned)
    if turned == sentence:
        return False
    own = [trace for trace in find_traces(sentence) if trace.kind == "diri"]
    found = [trace for trace in find_traces(turned) if trace.kind == "diri"]
    return len(found) > len(own) and not any(_is_negated(turned, trace.start) for trace in found)


def _is_negated(sentence: str, at: int) -> bool:
    before = NEGATED.search(sentence[:at])
    return before is not None and ENCOURAGED.match(sentence, before.start()) is None


def _numbers(text: str) -> Iterator[Finding]:
    for trace in find_traces(text):
        if trace.kind not in ("diri", "jam", "tempat"):
            yield Finding("contact" if trace.kind in _CONTACT else "number", text[trace.start : trace.end])


def _moments(text: str, said: Sequence[str]) -> Iterator[Finding]:
    """Find exact hours and days that the reporter gave, too."""
    known = {moment.casefold() for each in said for moment in _when(each)}
    yield from (Finding("time", moment) for moment in _when(text) if moment.casefold() in known)


def _when(text: str) -> Iterator[str]:
    yield from (match[0] for match in MOMENT.finditer(text))


def shared_runs(text: str, said: Sequence[str], least: int) -> list[str]:
    """Return the longest runs of `least` words or more that stand in a message and in what a reporter wrote.

    Runs that consist of small words count for nothing.
    """
    words = [(match[0].casefold(), match.start(), match.end()) for match in WORD.finditer(text)]
    pieces = {piece for each in said for piece in _pieces(WORD.findall(each.casefold()), least)}
    runs, at = [], 0
    while at + least <= len(words):
        end = at
        while end + least <= len(words) and tuple(word for word, _, _ in words[end : end + least]) in pieces:
            end += 1
        if end > at:
            last = end + least - 2
            if sum(len(word) > 3 and word not in SMALL_WORDS for word, _, _ in words[at : last + 1]) >= least - 2:
                runs.append(text[words[at][1] : words[last][2]])
            at = last
        at += 1
    return runs


def _pieces(words: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[n:] for n in range(count)), strict=False)
