"""crypto.statistics: what a station tells everybody goes there and back, and any other form is refused."""

from __future__ import annotations

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import DEPLOYMENT, signer, small_statistics

from crypto.bundle import MAX_FILE_BYTES, build_file_records
from crypto.envelope import build_envelope
from crypto.errors import Malformed
from crypto.signing import SigningKey
from crypto.statistics import (
    MAGIC,
    MAX_BYTES,
    MAX_LESSONS,
    MAX_YEARS,
    PURPOSE,
    TABLES,
    Lesson,
    Statistics,
    Table,
    Year,
    sign_statistics,
    verify_statistics,
)

KEY = signer("station prov")


def verify(data: bytes) -> Statistics:
    return verify_statistics(data, "prov", DEPLOYMENT, KEY.public)


@pytest.mark.parametrize("vector", vectors.load("statistics", "file"))
def test_vector_file(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert verify(vector["file"]) == small_statistics()


@pytest.mark.parametrize("vector", vectors.load("statistics", "body"))
def test_vector_body(vector: vectors.Vector) -> None:
    """Sign what the vector says, so that the body's own defect is what is refused."""
    data = build_envelope(vector["body"], MAGIC, PURPOSE, {0: SigningKey.from_seed(vector["signer_seed"])})
    with vector.outcome():
        assert verify(data) == small_statistics()


names = st.text("abcdefghijklmnopqrstuvwxyz0123456789<>_-", min_size=1, max_size=32)
counts = st.integers(1, 2000).map(lambda n: 5 * n)
texts = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=25)
lessons = st.builds(Lesson, names, texts, texts, texts)


@st.composite
def years(draw: st.DrawFn) -> tuple[Year, ...]:
    found = []
    for year in sorted(draw(st.sets(st.integers(2026, 2199), max_size=MAX_YEARS))):
        tables = [
            Table(name, tuple(sorted(draw(st.dictionaries(names, counts, min_size=1, max_size=4)).items())), 5)
            for name in TABLES
            if draw(st.booleans())
        ]
        reports = draw(counts) if tables else 0
        told = draw(st.lists(lessons, max_size=MAX_LESSONS))
        found.append(Year(year, 5, reports, tuple(tables), tuple(told)))
    return tuple(found)


@settings(max_examples=40, deadline=None)
@given(years())
def test_statistics_go_there_and_back(made: tuple[Year, ...]) -> None:
    told = Statistics(DEPLOYMENT, "prov", made)
    assert verify(sign_statistics(told, KEY)) == told


def test_the_longest_statistics_are_one_record_that_is_not_full() -> None:
    cells = tuple((f"{n:032d}", 2**40 * 5) for n in range(32))
    lesson = Lesson("x" * 32, '"' * 100, "\\" * 600, '"' * 600)
    whole = tuple(Year(2026 + n, 5, 5, tuple(Table(t, cells, 5) for t in TABLES), (lesson,) * 10) for n in range(5))
    data = sign_statistics(Statistics(DEPLOYMENT, "prov", whole), KEY)
    assert len(data) <= MAX_BYTES == MAX_FILE_BYTES - 1 and len(list(build_file_records(data))) == 1
    assert len(list(build_file_records(sign_statistics(Statistics(DEPLOYMENT, "prov"), KEY)))) == 1


def test_what_would_be_refused_is_not_signed() -> None:
    with pytest.raises(Malformed):
        sign_statistics(Statistics(DEPLOYMENT, "prov", (Year(2026, 5, 5, (Table("area", (("sumsel", 4),)),)),)), KEY)


def test_nothing_is_published_before_a_whole_quarter_has_passed() -> None:
    assert Year(2026, 5, 0).cut == 450  # 2027-03-31
