"""Counts of cases, by SQL: what the desk shows, and what a public year is made of.

Canaries never count, and a case counts only at the station that answers it: one report, one number.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

import sqlalchemy as sa

from crypto.encoding import DAY_ZERO
from crypto.statistics import TABLES
from keys.units import PROVINCE, REGENCIES, UNKNOWN_AREA
from station import search
from station.deadlines import (
    FEEDBACK_WORKING_DAYS,
    NEVER,
    READ_WORKING_DAYS,
    REVIEW_WORKING_DAYS,
    Duty,
    Facts,
    deadline,
)
from station.home import Home
from station.questions import question
from station.transitions import CLOSED
from station.working_days import is_working

READ_BANDS = ("3", "10", "more")
FEEDBACK_BANDS = ("30", "60", "more")
_READ_LATE = 10
_OPEN = "open"

# cases that count: reports that this station answers
_COUNTED = """
counted AS (SELECT id, day, status FROM cases
            WHERE json_extract(readers, '$[0]') = :group AND id NOT IN (SELECT case_id FROM canary_cases))"""

_EVENTS = f"""
WITH {_COUNTED},
stepped AS (SELECT case_id, max(id) AS last, min(day) AS first,
                   min(CASE WHEN target LIKE 'closed%' THEN day END) AS ended
            FROM steps WHERE day <= :cut GROUP BY case_id),
told AS (SELECT case_id, min(day) AS first, max(day) AS last FROM messages
         WHERE sender != 'reporter' AND day <= :cut GROUP BY case_id),
wrote AS (SELECT case_id, max(arrived) AS last FROM letters WHERE arrived <= :cut GROUP BY case_id)
SELECT c.day, coalesce(s.target, 'received') AS status, coalesce(s.detail, '') AS detail,
       coalesce(s.day, c.day) AS since, stepped.first AS read, stepped.ended, told.first AS told,
       told.last AS told_last, wrote.last AS wrote, coalesce(f.unit, '') AS unit, coalesce(f.kategori, '') AS category,
       coalesce(f.kerugian, '') AS loss
FROM counted c LEFT JOIN stepped ON stepped.case_id = c.id LEFT JOIN steps s ON s.id = stepped.last
LEFT JOIN told ON told.case_id = c.id LEFT JOIN wrote ON wrote.case_id = c.id LEFT JOIN facets f ON f.case_id = c.id
WHERE c.day BETWEEN :start AND :end AND (:passed_on OR c.id NOT IN (SELECT case_id FROM referred_cases))
"""  # noqa: S608

_QUARTERS = f"""
WITH {_COUNTED}, dated AS (SELECT id, date(:zero, '+' || day || ' days') AS date FROM counted)
SELECT CAST(strftime('%Y', date) AS INTEGER), (strftime('%m', date) + 2) / 3, coalesce(f.kategori, ''), count(*)
FROM dated LEFT JOIN facets f ON f.case_id = dated.id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608

_STAYS = f"""
WITH {_COUNTED},
begun AS (SELECT id AS case_id, 0 AS step, 'received' AS state, day FROM counted
          UNION ALL SELECT case_id, id, target, day FROM steps
          WHERE source != target AND case_id IN (SELECT id FROM counted)),
stays AS (SELECT state, coalesce(lead(day) OVER (PARTITION BY case_id ORDER BY step), :today) - day AS days FROM begun),
ranked AS (SELECT state, days, row_number() OVER (PARTITION BY state ORDER BY days) AS place,
                  count(*) OVER (PARTITION BY state) AS many
           FROM stays WHERE state NOT LIKE 'closed%')
SELECT state, many, max(CASE WHEN place = (many + 9) / 10 THEN days END),
       max(CASE WHEN place = (many + 1) / 2 THEN days END), max(CASE WHEN place = (9 * many + 9) / 10 THEN days END)
FROM ranked GROUP BY state, many
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Stay:
    """How many calendar days cases stood in a state: the median, and the days of one in ten and nine in ten."""

    state: str
    cases: int
    low: int
    median: int
    high: int


@dataclass(frozen=True, slots=True)
class Quarter:
    """The reports of one calendar quarter by category."""

    year: int
    number: int
    categories: Counter[str]


@dataclass(frozen=True, slots=True)
class Duties:
    """Of the open cases, how many owe a duty, and how many of those are late."""

    duty: Duty
    owed: int
    late: int


def by_quarter(transaction: sa.Connection, home: Home) -> list[Quarter]:
    """Count reports per quarter and category, oldest first."""
    search.take_in(transaction)
    found: dict[tuple[int, int], Counter[str]] = {}
    values = {"group": _group(home), "zero": DAY_ZERO.isoformat()}
    for year, quarter, category, count in transaction.execute(sa.text(_QUARTERS), values):
        found.setdefault((year, quarter), Counter())[category] += count
    return [Quarter(year, number, counts) for (year, number), counts in found.items()]


def stays(transaction: sa.Connection, home: Home, *, today: int) -> list[Stay]:
    """Return how long cases stood in each open state; one that still stands there counts up to today."""
    values = {"group": _group(home), "today": today}
    return [Stay(state, *map(int, rest)) for state, *rest in transaction.execute(sa.text(_STAYS), values)]


def duties(transaction: sa.Connection, home: Home, holidays: Collection[int], *, today: int) -> list[Duties]:
    """Count what the inspectorate owes now, and what of it is late."""
    owed, late = Counter[Duty](), Counter[Duty]()
    for row in _events(transaction, home, 0, today, cut=today):
        due = deadline(_facts(row), holidays)
        if due is not None and due.is_ours:
            owed[due.duty] += 1
            late[due.duty] += bool(due.overdue(today, holidays))
    return [Duties(duty, owed[duty], late[duty]) for duty in Duty if owed[duty]]


def outcomes(transaction: sa.Connection, home: Home, *, today: int) -> Counter[tuple[str, str]]:
    """Count cases that were closed or referred by status and outcome, reason or recipient."""
    rows = _events(transaction, home, 0, today, cut=today)
    return Counter((row.status, row.detail) for row in rows if row.status in (*CLOSED, "referred"))


def counts_of_year(
    transaction: sa.Connection, home: Home, holidays: Collection[int], *, year: int, cut: int
) -> tuple[int, dict[str, dict[str, int]]]:
    """Count the reports that arrived in a calendar year, as they stood at the end of day `cut`.

    Returns how many, and table → cell → count: true numbers, not for the public (station.disclosure).
    """
    search.take_in(transaction)
    start, end = _day(year, 1, 1), _day(year, 12, 31)
    rows = _events(transaction, home, start, end, cut=cut, passed_on=False)  # the unit of origin tells of those
    worked = list(accumulate(is_working(day, holidays) for day in range(start, cut + 1)))
    tables: dict[str, Counter[str]] = {name: Counter() for name in TABLES}

    def waited(since: int, until: int | None) -> int:
        return worked[-1] + 1 if until is None else worked[until - start] - worked[since - start]

    for row in rows:
        is_regency = row.unit in REGENCIES
        tables["area"]["regencies" if is_regency else PROVINCE if row.unit == PROVINCE else UNKNOWN_AREA] += 1
        if is_regency:
            tables["regency"][row.unit] += 1
        tables["category"][_offered("kategori", row.category, "lainnya")] += 1
        tables["loss"][_offered("nilai", row.loss, "tidak-tahu")] += 1
        outcome = _count_outcome(tables, row.status, row.detail)
        tables["read"][_band(waited(row.day, row.read), READ_BANDS, READ_WORKING_DAYS, _READ_LATE)] += 1
        answered = min((day for day in (row.told, row.ended) if day is not None), default=None)
        feedback = _band(waited(row.day, answered), FEEDBACK_BANDS, FEEDBACK_WORKING_DAYS, REVIEW_WORKING_DAYS)
        tables["feedback"][feedback] += 1
        if outcome == _OPEN:
            due = deadline(_facts(row), holidays)
            tables["due"]["late" if due is not None and due.overdue(cut, holidays) > 0 else _OPEN] += 1
    return len(rows), {name: dict(sorted(counts.items())) for name, counts in tables.items()}


def _offered(field: str, said: str, other: str) -> str:
    """Return an answer of the form's own list: whoever seals a row without the form can say anything there."""
    return said if said in question(field).choices else other


def _count_outcome(tables: dict[str, Counter[str]], status: str, detail: str) -> str:
    """Count an outcome with its breakdown, and return its cell."""
    outcome = _OPEN
    if status == "closed_done":
        outcome = detail or "tidak_terbukti"
    elif status in ("referred", "closed_not_actionable"):
        outcome = status
        tables["recipient" if status == "referred" else "reason"][detail] += 1
    tables["outcome"][outcome] += 1
    return outcome


def _band(waited: int, names: tuple[str, ...], first: int, second: int) -> str:
    return names[0] if waited <= first else names[1] if waited <= second else names[2]


def _day(year: int, month: int, day: int) -> int:
    return (datetime.date(year, month, day) - DAY_ZERO).days


def _facts(row: sa.Row[tuple[object, ...]]) -> Facts:
    told, wrote = row.told_last, row.wrote
    return Facts(row.status, row.day, row.since, NEVER if told is None else told, NEVER if wrote is None else wrote)


def _events(
    transaction: sa.Connection, home: Home, start: int, end: int, *, cut: int, passed_on: bool = True
) -> Sequence[sa.Row[tuple[object, ...]]]:
    values = {"group": _group(home), "start": start, "end": end, "cut": cut, "passed_on": passed_on}
    return transaction.execute(sa.text(_EVENTS), values).all()


def _group(home: Home) -> str:
    """Return the group whose cases this station answers, "" where another station does."""
    return home.station.group if home.station.lead else ""
