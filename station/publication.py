"""Years of statistics: previewed, proposed by one person, approved by another, frozen, and put into every outbox.

Only whole calendar years leave, one quarter after their end at the earliest, each once. A quarter beside its year, or
a year counted twice, would show by a difference what no number shows (docs/decisions/0039).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.encoding import date_of
from crypto.statistics import (
    MAX_YEARS,
    TABLES,
    Lesson,
    Statistics,
    Table,
    Year,
    build_year,
    parse_year,
    sign_statistics,
)
from keys.units import REGENCIES
from station import audit, lessons, lost_weeks, stats
from station.audit import Deed
from station.desk import Desk
from station.disclosure import LEAST, publishable, rounded
from station.errors import Refused
from station.fingerprint import fingerprint
from station.home import Home
from station.lessons import must_sign_off
from station.tables import publications

LEAST_REGENCY = 20  # reports in a year before a single regency or city is told apart
FIRST_YEAR = 2026
# a breakdown of one cell stands only where that cell does: else it would tell what the table keeps
_PARENTS = {
    "regency": ("area", "regencies"),
    "recipient": ("outcome", "referred"),
    "reason": ("outcome", "closed_not_actionable"),
    "due": ("outcome", "open"),
}


@dataclass(frozen=True, slots=True)
class Publication:
    """A year that was proposed or published; `approved` is "" while it waits."""

    year: Year
    day: int
    by: str
    approved: str

    @property
    def digest(self) -> str:
        """Fingerprint of what an inspector must have read."""
        return fingerprint(year=build_year(self.year), day=self.day, by=self.by)


def preview(transaction: sa.Connection, home: Home, holidays: Collection[int], year: int, *, today: int) -> Year:
    """Return exactly what would be published of a year; raises Refused for one that may not be."""
    may = publishable_years(transaction, today=today)
    if year not in may:
        raise Refused(
            f"tahun {year} belum dapat diumumkan, atau sudah: sebuah tahun diumumkan satu kali, setelah triwulan "
            "pertama tahun berikutnya lewat"
        )
    cut = Year(year, LEAST, 0).cut
    reports, counts = stats.counts_of_year(transaction, home, holidays, year=year, cut=cut)
    least = LEAST if home.station.group == home.roster.province else LEAST_REGENCY
    return make_year(year, least, reports, counts, lessons.approved(transaction))


def make_year(year: int, least: int, reports: int, counts: dict[str, dict[str, int]], told: Collection[Lesson]) -> Year:
    """Return a year with nothing in it that fewer than five cases stand behind; with fewer than `least`, no numbers."""
    tables: list[Table] = []
    if reports >= least:
        for name in TABLES:
            is_regency = name == "regency"
            least, cells = (LEAST_REGENCY, len(REGENCIES)) if is_regency else (LEAST, 0)
            found = publishable(name, counts.get(name, {}), least=least, cells=cells)
            if found is not None and _has_parent(name, tables):
                tables.append(found)
    return Year(year, least, rounded(reports) if reports >= least else 0, tuple(tables), tuple(told))


def _has_parent(name: str, tables: Collection[Table]) -> bool:
    if name not in _PARENTS:
        return True
    table, cell = _PARENTS[name]
    return any(each.name == table and cell in dict(each.cells) for each in tables)


def publishable_years(transaction: sa.Connection, *, today: int) -> list[int]:
    """Return the years that may be proposed: over for a whole quarter, and later than every one published."""
    first, _ = next_year(transaction, today=today)
    return [year for year in range(first, date_of(today).year) if _first_day(year) <= today]


def next_year(transaction: sa.Connection, *, today: int) -> tuple[int, int]:
    """Return the year that is published next, and the first day on which it may be, past or to come."""
    last = max((each.year.year for each in published(transaction)), default=FIRST_YEAR - 1)
    year = max(last + 1, date_of(today).year - MAX_YEARS)
    return year, _first_day(year)


def _first_day(year: int) -> int:
    return Year(year, LEAST, 0).cut + 1


def propose(transaction: sa.Connection, desk: Desk, holidays: Collection[int], year: int, by: str, *, day: int) -> None:
    """Keep the preview of a year, to the letter, until another person approves it; raises Refused."""
    desk.home.role_of(by)
    if waiting(transaction) is not None:
        raise Refused("sebuah usulan sudah menunggu; setujui atau tolak dulu")
    body = build_year(preview(transaction, desk.home, holidays, year, today=day))
    parse_year(body)  # one that cannot be read back would stop every outbox
    transaction.execute(sa.insert(publications).values(year=year, day=day, body=body, by=by, approved=""))
    audit.note(transaction, by, Deed.PROPOSED, day=day, detail=f"statistics {year}")


def judge(transaction: sa.Connection, home: Home, by: str, *, approve: bool, day: int) -> None:
    """Publish what waits, as an inspector who did not propose it, or drop it; raises Refused."""
    found = waiting(transaction)
    if found is None:
        raise Refused("tidak ada usulan yang menunggu")
    here = publications.c.year == found.year.year
    if approve:
        must_sign_off(home, by, found.by)
        transaction.execute(sa.update(publications).where(here).values(approved=by))
    else:
        home.role_of(by)
        transaction.execute(sa.delete(publications).where(here))
    deed = Deed.APPROVED if approve else Deed.DROPPED
    audit.note(transaction, by, deed, day=day, detail=f"statistics {found.year.year}")


def waiting(transaction: sa.Connection) -> Publication | None:
    """Return what waits for another person, None when nothing does."""
    return next((each for each in _all(transaction) if not each.approved), None)


def published(transaction: sa.Connection) -> tuple[Publication, ...]:
    """Return the years that were published, oldest first, as they were."""
    return tuple(each for each in _all(transaction) if each.approved)


def statistics_file(transaction: sa.Connection, desk: Desk, *, day: int) -> bytes:
    """Return the signed file for the drop box: always one, also before anything was published."""
    years = tuple(each.year for each in published(transaction))[-MAX_YEARS:]
    lost = lost_weeks.told(transaction, day=day)
    return sign_statistics(Statistics(desk.home.roster.deployment, desk.home.id, years, lost), desk.signing)


def _all(transaction: sa.Connection) -> list[Publication]:
    rows = transaction.execute(sa.select(publications).order_by(publications.c.year))
    return [Publication(parse_year(row.body), row.day, row.by, row.approved) for row in rows]
