"""Full-text search inside the vault: one entry for each letter, message and note, taken in as they come."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa

from crypto.letter import REPORT, parse_letter
from station.letters import letter_text
from station.tables import facets, letters, messages, notes
from station.vault import read_meta, write_meta

_TABLE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING "
    "fts5(case_id UNINDEXED, text, tokenize='unicode61 remove_diacritics 2')"
)
_WORD = re.compile(r"\w+")
MOST_WORDS = 12
_SOURCES = (
    ("letters", letters, letters.c.raw),
    ("messages", messages, messages.c.text),
    ("notes", notes, notes.c.text),
)
FACETS = {"unit": "wilayah", "kategori": "kategori", "kerugian": "nilai"}  # column of the list → field of the form


def take_in(transaction: sa.Connection) -> None:
    """Bring the index, and what the list is filtered by, up to what the vault holds."""
    transaction.exec_driver_sql(_TABLE)
    for name, table, column in _SOURCES:
        known = int(read_meta(transaction, f"indexed-{name}") or 0)
        query = sa.select(table.c.id, table.c.case_id, column).where(table.c.id > known).order_by(table.c.id)
        new = transaction.execute(query).all()
        for _id, case_id, content in new:
            text = _take_letter(transaction, case_id, bytes(content)) if name == "letters" else content
            transaction.exec_driver_sql("INSERT INTO words (case_id, text) VALUES (?, ?)", (case_id, text))
        if new:
            write_meta(transaction, f"indexed-{name}", str(new[-1].id))


def _take_letter(transaction: sa.Connection, case_id: int, raw: bytes) -> str:
    """Note the facets of a case's first letter; return what a letter says."""
    letter = parse_letter(raw)
    if letter.type == REPORT:
        values = {name: letter.fields.get(field, "") for name, field in FACETS.items()}
        transaction.execute(sa.insert(facets).prefix_with("OR IGNORE").values(case_id=case_id, **values))
    return letter_text(letter)


def forget(transaction: sa.Connection, case_ids: Iterable[int]) -> None:
    """Take cases, whose letters, messages and notes went, out of the index, down to their last word."""
    for case_id in case_ids:
        transaction.exec_driver_sql("DELETE FROM words WHERE case_id = ?", (case_id,))
    transaction.exec_driver_sql("INSERT INTO words (words) VALUES ('rebuild')")  # a removed word stays until then
    for name, table, _column in _SOURCES:  # the number of the last one that went is given out again
        write_meta(transaction, f"indexed-{name}", str(transaction.scalar(sa.select(sa.func.max(table.c.id))) or 0))


def find(transaction: sa.Connection, text: str) -> frozenset[int]:
    """Return the ids of the cases in which all these words stand; each may be the beginning of a word."""
    words = _WORD.findall(text)[:MOST_WORDS]
    if not words:
        return frozenset()
    wanted = " ".join(f'"{word}"*' for word in words)
    rows = transaction.exec_driver_sql("SELECT DISTINCT case_id FROM words WHERE words MATCH ?", (wanted,))
    return frozenset(row[0] for row in rows)


def places(transaction: sa.Connection, phrase: str) -> frozenset[int]:
    """Return the cases in which these words stand one behind the other: in a letter, a message or a note."""
    wanted = '"' + " ".join(_WORD.findall(phrase)) + '"'
    rows = transaction.exec_driver_sql("SELECT DISTINCT case_id FROM words WHERE words MATCH ?", (wanted,))
    return frozenset(row[0] for row in rows)
