"""No number that is published, and no difference of two of them, has one to four cases behind it.

An attacker who knows the rules looks at all numbers of a table and takes any of them from any sum. The control runs
are the same attack with a rule taken away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from crypto.statistics import TABLES, Table, Year
from keys import units
from station import disclosure, publication
from station.disclosure import publishable
from station.publication import make_year

AREAS = ("sumsel", "regencies", "tidak-tahu")
REGENCIES = ("lahat", "oki", "palembang", "pali")
OUTCOMES = ("open", "terbukti", "tidak_terbukti", "referred", "closed_not_actionable")
Case = tuple[str, str, str, str, str]

cell_counts = st.dictionaries(st.sampled_from([f"c{i}" for i in range(8)]), st.integers(0, 40), max_size=8)
cases = st.lists(
    st.tuples(
        st.sampled_from(AREAS), st.sampled_from(REGENCIES), st.sampled_from(OUTCOMES),
        st.sampled_from(("kpk", "polri")), st.sampled_from(("spam", "duplikat")),
    ),
    max_size=90,
)  # fmt: skip


def counts_of(found: Sequence[Case]) -> dict[str, dict[str, int]]:
    """Count as station.stats does."""
    tables: dict[str, Counter[str]] = {name: Counter() for name in TABLES}
    for area, regency, outcome, recipient, reason in found:
        tables["area"][area] += 1
        tables["regency"][regency] += area == "regencies"
        tables["outcome"][outcome] += 1
        tables["recipient"][recipient] += outcome == "referred"
        tables["reason"][reason] += outcome == "closed_not_actionable"
        tables["due"]["late" if reason == "spam" else "open"] += outcome == "open"
    return {name: {k: n for k, n in counts.items() if n} for name, counts in tables.items()}


def groups_of(table: Table, counts: dict[str, int]) -> list[int]:
    """Return how many cases stand behind each number of a table: its cells, then its rest."""
    shown = [counts[name] for name, _ in table.cells]
    return [*shown, sum(counts.values()) - sum(shown)]


def leaks_of_table(table: Table | None, counts: dict[str, int]) -> list[int]:
    """Return the small groups that a table tells: any of its numbers, and its total without any of its cells."""
    if table is None:
        return []
    groups, total = groups_of(table, counts), sum(counts.values())
    derived = [sum(some) for size in range(1, len(groups) + 1) for some in combinations(groups, size)]
    return [n for n in (*derived, *(total - n for n in derived)) if 0 < n < 5]


def leaks_of_year(year: Year, counts: dict[str, dict[str, int]], reports: int) -> list[int]:
    """Return the small groups that a year tells, its breakdowns set beside the tables that they break down."""
    found = [n for table in year.tables for n in leaks_of_table(table, counts[table.name])]
    parents = {"regency": ("area", "regencies"), "recipient": ("outcome", "referred"),
               "reason": ("outcome", "closed_not_actionable"), "due": ("outcome", "open")}  # fmt: skip
    for name, (parent, cell) in parents.items():
        above = year.table(parent)
        if year.table(name) is None or above is None:
            continue
        told = sum(counts[name].values())  # the breakdown tells how large its cell is
        rest = reports - sum(counts[parent][c] for c, _ in above.cells if c != cell) - told
        found += [told] * (0 < told < 5) + [rest] * (0 < rest < 5)
    return [*found, *([reports] if year.reports and reports < 5 else [])]


@settings(max_examples=400, deadline=None)
@given(cell_counts)
def test_no_number_of_a_table_and_no_difference_has_one_to_four_cases_behind_it(counts: dict[str, int]) -> None:
    table = publishable("category", counts)
    assert leaks_of_table(table, counts) == []
    if table is not None:
        assert all(count % 5 == 0 and count >= 5 for _, count in table.cells) and table.rest % 5 == 0
        assert all(abs(count - counts[name]) <= 2 for name, count in table.cells)


@settings(max_examples=200, deadline=None)
@given(cell_counts)
def test_zero_looks_like_four(counts: dict[str, int]) -> None:
    """A cell that nobody stands behind is never listed: it would tell that the others have somebody."""
    table = publishable("category", counts)
    assert table is None or all(counts[name] >= 5 for name, _ in table.cells)


@settings(max_examples=200, deadline=None)
@given(cases)
def test_a_whole_year_with_its_breakdowns_tells_no_small_group(found: list[Case]) -> None:
    counts = counts_of(found)
    year = make_year(2026, 5, len(found), counts, ())
    assert leaks_of_year(year, counts, len(found)) == []
    assert len(found) >= 5 or (year.reports, year.tables) == (0, ())


@settings(max_examples=100, deadline=None)
@given(cases)
def test_a_single_regency_needs_twenty_reports_and_its_own_station_too(found: list[Case]) -> None:
    counts = counts_of(found)
    regency = make_year(2026, 5, len(found), counts, ()).table("regency")
    assert regency is None or all(counts["regency"][name] >= 20 for name, _ in regency.cells)
    own = make_year(2026, 20, len(found), counts, ())
    assert len(found) >= 20 or (own.reports, own.tables) == (0, ())


@pytest.mark.parametrize("alone", [5, 7, 19])
def test_a_regency_that_is_the_only_one_without_a_name_has_none_by_its_rest(alone: int) -> None:
    counts = dict.fromkeys(units.REGENCIES, 25) | {units.REGENCIES[0]: alone}
    table = make_year(2026, 5, 500, {"area": {"regencies": 400 + alone}, "regency": counts}, ()).table("regency")
    assert table is not None and len(table.cells) == len(units.REGENCIES) - 2 and table.rest >= 25
    control = publishable("regency", counts, least=20)
    assert control is not None and len(control.cells) == len(units.REGENCIES) - 1


def test_control_without_suppression_a_cell_of_few_cases_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "LEAST", 1)
    leak = find(cell_counts, lambda counts: bool(leaks_of_table(publishable("category", counts, least=1), counts)))
    assert any(0 < n < 5 for n in leak.values())


def test_control_without_the_complement_the_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "_complete", lambda _shown, rest: rest)
    assert find(cell_counts, lambda counts: bool(leaks_of_table(publishable("category", counts), counts)))


def test_control_a_breakdown_of_a_cell_that_was_kept_back_tells_the_cells_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publication, "_PARENTS", {})

    def leaks(found: list[Case]) -> bool:
        counts = counts_of(found)
        return bool(leaks_of_year(make_year(2026, 5, len(found), counts, ()), counts, len(found)))

    some: list[Any] = [("sumsel", "oki", "open", "kpk", "spam")] * 20
    some += [("sumsel", "oki", "terbukti", "kpk", "spam")] * 3 + [("sumsel", "oki", "referred", "kpk", "spam")] * 6
    assert leaks(some), "6 were referred, and 3 more were not told"
    monkeypatch.undo()
    assert not leaks(some)
