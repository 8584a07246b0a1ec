"""Other cases that may be about the same matter: they share rare words, and more so with the same place and kind.

Worked out inside the vault from the index of station.search. What is told of another case is what the list tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.letter import parse_letter
from station import search
from station.cases import case_name
from station.guard_patterns import SMALL_WORDS, WORD
from station.questions import answer_in_words
from station.statements import barred_cases
from station.tables import canary_cases, cases, facets, letters

MOST, WORDS = 5, 16
THRESHOLD = 0.3
_SAME_UNIT, _SAME_KIND = 0.1, 0.1  # on top of the words, for cases that share some
_LEAST_WORDS = 0.15
_TEXTS = ("uraian", "instansi", "terlapor", "bukti_lokasi")
_COMMON = 0.1  # a word of more than a tenth of all texts tells nothing
_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', 'words', 'row')"


@dataclass(frozen=True, slots=True)
class Similar:
    """A case that may be about the same, with a score of 0 to 1."""

    id: int
    status: str
    day: int
    unit: str
    kategori: str
    score: float

    @property
    def name(self) -> str:
        """The case's id for people."""
        return case_name(self.id)


def similar(transaction: sa.Connection, case_id: int, present: Collection[str]) -> tuple[Similar, ...]:
    """Return up to `MOST` cases that resemble one, the nearest first.

    Left out are canaries and cases with which somebody present has a conflict of interest.
    """
    search.take_in(transaction)
    wanted = rare_words(transaction, case_id)
    if not wanted or transaction.scalar(sa.select(canary_cases.c.number).where(canary_cases.c.case_id == case_id)):
        return ()
    near = _near(transaction, wanted, case_id)
    barred = barred_cases(transaction, present)
    query = sa.select(cases.c.id, cases.c.status, cases.c.day, facets.c.unit, facets.c.kategori).outerjoin(facets)
    rows = {
        row.id: row
        for row in transaction.execute(
            query.where(
                cases.c.id.in_([case_id, *near]),
                cases.c.id.not_in(barred),
                cases.c.id.not_in(sa.select(canary_cases.c.case_id)),
            )
        )
    }
    own = rows.pop(case_id, None)
    if own is None:
        return ()
    found = []
    for row in rows.values():
        score = near[row.id]
        score += _SAME_UNIT * bool(row.unit and row.unit == own.unit)
        score += _SAME_KIND * bool(row.kategori and row.kategori == own.kategori)
        if score >= THRESHOLD:
            unit, kind = answer_in_words("wilayah", row.unit or ""), answer_in_words("kategori", row.kategori or "")
            found.append(Similar(row.id, row.status, row.day, unit, kind, min(1.0, score)))
    return tuple(sorted(found, key=lambda each: (-each.score, each.id))[:MOST])


def rare_words(transaction: sa.Connection, case_id: int) -> list[str]:
    """Return the rarest words of a case's first letter that other texts have, too, the rarest first."""
    raw = transaction.scalar(sa.select(letters.c.raw).where(letters.c.case_id == case_id).order_by(letters.c.id))
    fields: Mapping[str, str] = parse_letter(bytes(raw or b"")).fields if raw else {}
    words = {w.casefold() for name in _TEXTS for w in WORD.findall(fields.get(name, ""))}
    words = {w for w in words if len(w) > 3 and w not in SMALL_WORDS and w.isalnum()}
    transaction.exec_driver_sql(_VOCABULARY)
    total = transaction.exec_driver_sql("SELECT COALESCE(MAX(rowid), 0) FROM words").scalar() or 0
    marks = ",".join("?" * len(words))
    counted = transaction.exec_driver_sql(
        f"SELECT term, doc FROM temp.vocabulary WHERE term IN ({marks}) AND doc > 1",  # noqa: S608 - question marks
        tuple(sorted(words)),
    )
    rare = sorted((doc, term) for term, doc in counted if doc <= max(20, _COMMON * total))
    return [term for _, term in rare[:WORDS]]


def _near(transaction: sa.Connection, words: list[str], case_id: int) -> dict[int, float]:
    """Return how near other cases are by bm25, as a share of what the case scores with itself."""
    query = "SELECT case_id, -rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT 200"
    best: dict[int, float] = {}
    for found, score in transaction.exec_driver_sql(query, (" OR ".join(f'"{word}"' for word in words),)):
        best[found] = max(best.get(found, 0.0), score)
    own = best.pop(case_id, 0.0)
    return {found: score / own for found, score in best.items() if own > 0 and score / own >= _LEAST_WORDS}
