"""Hints for those who read a report: what is still unknown, and what in it may point at the reporter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crypto.prose.traces import find_traces
from station.guard_patterns import DAY, MOMENT
from station.questions import question

UNKNOWN: Final = "tidak-tahu"
MOST_TRACKS = 40
_YEAR = re.compile(
    r"\b(?:(?:19|20)\d{2}|januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november|desember|kemarin|"
    r"(?:minggu|bulan|tahun)\s+lalu)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\b(?:rp|idr)\.?\s?\d|\d\s*(?:ribu|juta|jt|miliar|milyar|persen|%)", re.IGNORECASE)
_TOLD_WORDS = 30  # a shorter story hardly says how it was done
KIND_WORDS: Final[Mapping[str, str]] = {
    "email": "alamat email", "akun": "nama akun", "nip": "NIP", "nik": "NIK atau nomor KK", "npwp": "NPWP",
    "hp": "nomor HP", "telepon": "nomor telepon", "plat": "nomor kendaraan", "paspor": "nomor paspor",
    "nomor": "nomor panjang", "diri": "kata orang pertama", "jam": "saat yang persis", "tempat": "titik di peta",
    "circle": "sedikit yang tahu", "source": "saksi mata", "fear": "yang dikhawatirkan", "barred": "yang dikecualikan",
}  # fmt: skip
_NARROW = {"saya", "2-5"}


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that a report should say, and whether it does."""

    name: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Track:
    """Something that may lead to the reporter: where it stands, of what kind (`KIND_WORDS`), the words."""

    place: str
    kind: str
    words: str = field(repr=False)


def elements(fields: Mapping[str, str], files: int) -> tuple[Element, ...]:
    """Return what a report says of what, who, where, when, how, proof and how much."""
    story = fields.get("uraian", "")

    def given(name: str) -> bool:
        return fields.get(name, "") not in ("", UNKNOWN)

    return (
        Element("apa", given("uraian")),
        Element("siapa", given("terlapor")),
        Element("di mana", given("wilayah") or given("instansi")),
        Element("kapan", given("waktu") or bool(_YEAR.search(story) or DAY.search(story))),
        Element("bagaimana", len(story.split()) >= _TOLD_WORDS),
        Element("bukti", given("bukti_lokasi") or files > 0),
        Element("berapa", given("nilai") or bool(_AMOUNT.search(story))),
    )


def is_actionable(found: Sequence[Element]) -> bool:
    """Tell whether it can be acted on: what and where, and who or when. Otherwise one asks, and does not close."""
    there = {each.name for each in found if each.is_there}
    return {"apa", "di mana"} <= there and bool({"siapa", "kapan"} & there)


def tracks(letters: Sequence[Mapping[str, str]]) -> tuple[Track, ...]:
    """Return what in the fields of a case's letters may point at the reporter: at most `MOST_TRACKS`, each once."""
    found: list[Track] = []
    for fields in letters:
        for name, text in sorted(fields.items(), key=lambda one: question(one[0]).place):
            place = question(name).label
            if name == "lingkar_tahu" and text in _NARROW:
                found.append(Track(place, "circle", question(name).answer(text)))
            elif name == "sumber" and text == "mengalami":
                found.append(Track(place, "source", question(name).answer(text)))
            elif name == "keamanan":
                found.append(Track(place, "fear", text))
            elif name == "pengecualian":
                found.append(Track(place, "barred", text))
            if not question(name).choices:
                spans = [(trace.kind, trace.start, trace.end) for trace in find_traces(text)]
                spans += [("jam", *match.span()) for match in MOMENT.finditer(text)]
                found += [Track(place, kind, text[start:end]) for kind, start, end in spans]
    return tuple(dict.fromkeys(found))[:MOST_TRACKS]
