"""What one station tells everybody, signed by it: whole years of numbers, and weeks whose keys were lost (formats §7).

What stands here was rounded and suppressed at the station. The reader checks the form again: a count that is no
multiple of five, or below five, is no count of this format.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crypto.encoding import DAY_ZERO, canonical_json, expect, expect_list, parse_json
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import Malformed
from crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyingKey

MAGIC = b"SNYT"
PURPOSE = "senyap/v1/statistics"
STEP = 5  # counts are its multiples, and none is smaller
MAX_YEARS, MAX_LESSONS, MAX_CELLS = 5, 10, 32
MAX_LOST, MAX_LOST_WEEKS = 4, 60
MAX_TITLE_BYTES, MAX_LESSON_BYTES = 100, 600
MAX_BYTES = 262_139  # one `file` record that is not full
_MAX_BODY_BYTES = MAX_BYTES - 4 - 4 - 1 - 1 - SIGNATURE_BYTES
_YEARS = range(2026, 2200)
_EPOCHS = range(9_000)  # to a day in 2198
_SLUG = re.compile(r"[a-z0-9<>_-]{1,32}")
TABLES = ("area", "regency", "category", "loss", "outcome", "recipient", "reason", "read", "feedback", "due")


@dataclass(frozen=True, slots=True)
class Table:
    """One count by one question: cells of 5 cases or more, rounded, and the sum of all others, rounded; 0 for none."""

    name: str
    cells: tuple[tuple[str, int], ...]
    rest: int = 0

    @property
    def total(self) -> int:
        """Sum of what stands here: of rounded numbers, never the number behind them."""
        return sum(count for _, count in self.cells) + self.rest


@dataclass(frozen=True, slots=True)
class Lesson:
    """A weakness of a process and what was changed; it names no office."""

    process: str
    title: str
    weakness: str
    fix: str


@dataclass(frozen=True, slots=True)
class Year:
    """One calendar year as it was published. `reports` is 0 below `least`."""

    year: int
    least: int
    reports: int
    tables: tuple[Table, ...] = ()
    lessons: tuple[Lesson, ...] = ()

    @property
    def cut(self) -> int:
        """Day up to which events count, before which nothing is published: the end of a whole quarter behind it."""
        return (datetime.date(self.year + 1, 3, 31) - DAY_ZERO).days

    def table(self, name: str) -> Table | None:
        """Return a table by name, None where it was not published."""
        return next((table for table in self.tables if table.name == name), None)


@dataclass(frozen=True, slots=True)
class LostWeeks:
    """Weeks (epochs) whose keys were lost: who wrote in them and was not read is asked to write again."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """All that a station has published, oldest first. Without years it says that there is none."""

    deployment: str
    station: str
    years: tuple[Year, ...] = ()
    lost: tuple[LostWeeks, ...] = ()


def build_year(year: Year) -> Mapping[str, Any]:
    """Return a year as it stands in JSON."""
    return {
        "year": year.year,
        "least": year.least,
        "reports": year.reports,
        "tables": [
            {"name": t.name, "cells": [{"name": n, "count": c} for n, c in t.cells], "rest": t.rest}
            for t in year.tables
        ],
        "lessons": [
            {"process": x.process, "title": x.title, "weakness": x.weakness, "fix": x.fix} for x in year.lessons
        ],
    }


def parse_year(value: Any) -> Year:
    """Check a year of JSON; raises Malformed."""
    spec = {"year": int, "least": int, "reports": int, "tables": list, "lessons": list}
    expect(value, "statistics: year", spec)
    tables = tuple(map(_parse_table, expect_list(value["tables"], "statistics: tables", dict)))
    lessons = tuple(map(_parse_lesson, expect_list(value["lessons"], "statistics: lessons", dict)))
    places = [TABLES.index(table.name) for table in tables]
    if places != sorted(set(places)) or len(lessons) > MAX_LESSONS or value["year"] not in _YEARS:
        raise Malformed("statistics: years, tables or lessons are not as the format says")
    if value["least"] < STEP or value["reports"] % STEP or (value["reports"] or value["least"]) < value["least"]:
        raise Malformed("statistics: reports are not rounded, or below the least count")
    if tables and not value["reports"]:
        raise Malformed("statistics: tables of too few reports")
    return Year(value["year"], value["least"], value["reports"], tables, lessons)


def sign_statistics(statistics: Statistics, signer: SigningKey) -> bytes:
    """Build the file; raises Malformed for what `parse_statistics` would refuse, too."""
    value = {
        "deployment": statistics.deployment,
        "station": statistics.station,
        "years": [build_year(year) for year in statistics.years],
        "lost": [{"first": weeks.first, "last": weeks.last} for weeks in statistics.lost],
    }
    body = canonical_json(value, ascii_only=False)
    if len(body) > _MAX_BODY_BYTES:
        raise Malformed(f"statistics: body of {len(body)} bytes, want {_MAX_BODY_BYTES} or fewer")
    _parse_body(body)
    return build_envelope(body, MAGIC, PURPOSE, {0: signer})


def parse_statistics(data: bytes) -> Statistics:
    """Read a file of which nothing is verified yet; raises Malformed."""
    if len(data) > MAX_BYTES:
        raise Malformed(f"statistics: {len(data)} bytes, want {MAX_BYTES} or fewer")
    envelope = parse_envelope(data, MAGIC, "statistics")
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("statistics: want one signature, by signer 0")
    return _parse_body(envelope.body)


def verify_statistics(data: bytes, station: str, deployment: str, key: VerifyingKey) -> Statistics:
    """Return the statistics of a station; raises Malformed, also for another station's, or BadSignature."""
    found = parse_statistics(data)
    envelope = parse_envelope(data, MAGIC, "statistics")
    key.verify(PURPOSE, envelope.body, envelope.signatures[0][1])
    if (found.station, found.deployment) != (station, deployment):
        raise Malformed("statistics: of another station or deployment")
    return found


def _parse_body(body: bytes) -> Statistics:
    value = parse_json(body, "statistics", ascii_only=False)
    expect(value, "statistics", {"deployment": str, "station": str, "years": list, "lost": list})
    years = tuple(map(parse_year, expect_list(value["years"], "statistics: years", dict)))
    if len(years) > MAX_YEARS or any(a.year >= b.year for a, b in pairwise(years)):
        raise Malformed(f"statistics: years are not ascending, or more than {MAX_YEARS}")
    lost = tuple(map(_parse_lost, expect_list(value["lost"], "statistics: lost", dict)))
    if len(lost) > MAX_LOST or any(a.last >= b.first for a, b in pairwise(lost)):
        raise Malformed(f"statistics: lost weeks are not ascending and apart, or more than {MAX_LOST}")
    return Statistics(value["deployment"], value["station"], years, lost)


def _parse_lost(value: Any) -> LostWeeks:
    expect(value, "statistics: lost", {"first": int, "last": int})
    lost = LostWeeks(value["first"], value["last"])
    check_lost(lost)
    return lost


def check_lost(lost: LostWeeks) -> None:
    """Demand weeks of this format, and not too many; raises Malformed."""
    if not 0 <= lost.first <= lost.last < lost.first + MAX_LOST_WEEKS or lost.last not in _EPOCHS:
        raise Malformed(f"statistics: lost weeks are not 1 to {MAX_LOST_WEEKS}")


def _parse_table(value: Any) -> Table:
    expect(value, "statistics: table", {"name": str, "cells": list, "rest": int})
    cells = []
    for cell in expect_list(value["cells"], "statistics: cells", dict):
        expect(cell, "statistics: cell", {"name": str, "count": int})
        if not _SLUG.fullmatch(cell["name"]) or cell["count"] < STEP or cell["count"] % STEP:
            raise Malformed("statistics: a cell is not rounded, or below the least count")
        cells.append((cell["name"], cell["count"]))
    names = [name for name, _ in cells]
    if value["name"] not in TABLES or not 0 < len(cells) <= MAX_CELLS or len(set(names)) != len(names):
        raise Malformed("statistics: a table is not as the format says")
    if value["rest"] % STEP:
        raise Malformed("statistics: a rest is not rounded")
    return Table(value["name"], tuple(cells), value["rest"])


def _parse_lesson(value: Any) -> Lesson:
    expect(value, "statistics: lesson", {"process": str, "title": str, "weakness": str, "fix": str})
    lesson = Lesson(value["process"], value["title"], value["weakness"], value["fix"])
    check_lesson(lesson)
    return lesson


def check_lesson(lesson: Lesson) -> None:
    """Demand texts that are there and not too long; raises Malformed."""
    limits = ((lesson.title, MAX_TITLE_BYTES), (lesson.weakness, MAX_LESSON_BYTES), (lesson.fix, MAX_LESSON_BYTES))
    if not _SLUG.fullmatch(lesson.process) or any(
        not 0 < len(text.encode("utf-8", "replace")) <= most or not text.isprintable() for text, most in limits
    ):
        raise Malformed("statistics: a lesson is not as the format says")
