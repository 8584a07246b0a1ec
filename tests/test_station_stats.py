"""station.stats and station.publication: what is counted, what is frozen, and who may publish it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import sit, weak, world  # noqa: F401
from many_cases import Made, drawn, put

from crypto.encoding import DAY_ZERO, date_of
from crypto.statistics import Lesson, Year, verify_statistics
from station import lessons, publication, retention, search, stats
from station.deadlines import Duty
from station.desk import Desk
from station.errors import Refused
from station.listing import Wanted, entries
from station.referral_tables import referred_cases
from station.tables import cases, log, publications, statements, steps
from station.tables import lessons as lesson_table

ONE, TWO, HEAD = "sumsel-1", "sumsel-2", "sumsel-3"
HOLIDAYS: frozenset[int] = frozenset()


def cut_of(year: int) -> int:
    return Year(year, 5, 0).cut


START, END, CUT = 0, 300, cut_of(2026)
LESSON = Lesson(
    "bos", "Pembelian tanpa pembanding", "Satu orang memilih toko.", "Dua orang memilih, harga dibandingkan."
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world().copy_home("sumsel", tmp_path_factory.mktemp("stats"))


@pytest.fixture
def desk(shared: Path) -> Iterator[Desk]:
    with sit(shared, ONE, TWO) as desk:
        yield desk


@pytest.fixture
def vault(desk: Desk) -> Iterator[sa.Connection]:
    """A transaction of a vault, taken back at the end."""
    with desk.vault.connect() as connection, connection.begin() as transaction:
        search.take_in(connection)
        yield connection
        transaction.rollback()


def day(year: int, month: int, date: int) -> int:
    return (datetime.date(year, month, date) - DAY_ZERO).days


# --- what is counted ---------------------------------------------------------------------------------


def test_canaries_and_cases_that_another_station_answers_never_count(vault: sa.Connection, desk: Desk) -> None:
    put(vault, [Made(10), Made(10, canary=True), Made(10, readers=("palembang", "sumsel"))])
    assert [dict(q.categories) for q in stats.by_quarter(vault, desk.home)] == [{"suap": 1}]
    assert stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)[0] == 1
    assert [each.cases for each in stats.stays(vault, desk.home, today=20)] == [1]
    assert [each.owed for each in stats.duties(vault, desk.home, HOLIDAYS, today=20)] == [1]


def test_a_case_that_another_unit_passed_on_is_told_to_everybody_by_that_unit_alone(
    vault: sa.Connection, desk: Desk
) -> None:
    put(vault, [Made(10), Made(10)])
    values = {"case_id": 2, "origin": "kpk", "reference": b"r", "body": b"", "told": b"", "sent": 0}
    vault.execute(sa.insert(referred_cases).values(values))
    reports, tables = stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)
    assert reports == 1 and sum(tables["category"].values()) == 1
    assert [each.owed for each in stats.duties(vault, desk.home, HOLIDAYS, today=20)] == [2], "its work counts here"
    retention._remove(vault, 2, 20)
    assert stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)[0] == 1
    retention._remove(vault, 1, 20)
    assert stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)[0] == 1, "control: our own stays"


def test_quarters_are_those_of_the_calendar(vault: sa.Connection, desk: Desk) -> None:
    days = [day(2026, 3, 31), day(2026, 4, 1), day(2026, 12, 31), day(2027, 1, 1)]
    put(vault, [Made(each) for each in days])
    found = stats.by_quarter(vault, desk.home)
    assert [(q.year, q.number, q.categories.total()) for q in found] == [(2026, 1, 1), (2026, 2, 1), (2026, 4, 1),
                                                                         (2027, 1, 1)]  # fmt: skip


def test_time_in_a_state_is_a_median_with_what_still_stands_there(vault: sa.Connection, desk: Desk) -> None:
    waits = [2, 4, 30]
    put(vault, [Made(10, steps=[(10 + n, "screening", ""), (50, "closed_done", "terbukti")]) for n in waits])
    put(vault, [Made(10)])
    found = {each.state: each for each in stats.stays(vault, desk.home, today=60)}
    assert (found["received"].cases, found["received"].low, found["received"].median, found["received"].high) == (
        4, 2, 4, 50,
    )  # fmt: skip
    assert found["screening"].median == 36 and set(found) == {"received", "screening"}


def test_a_deadline_that_is_extended_does_not_end_a_stay(vault: sa.Connection, desk: Desk) -> None:
    put(vault, [Made(10, steps=[(10, "review", ""), (20, "review", "extended"), (40, "follow_up", "")])])
    found = {each.state: each for each in stats.stays(vault, desk.home, today=60)}
    assert (found["review"].cases, found["review"].median) == (1, 30)


def test_what_is_late_is_what_the_list_of_cases_says(vault: sa.Connection, desk: Desk) -> None:
    put(vault, drawn(300, START, END))
    today = END + 200
    listed = entries(vault, desk.home, Wanted(), today=today, holidays=HOLIDAYS)
    found = stats.duties(vault, desk.home, HOLIDAYS, today=today)
    for each in found:
        same = [entry for entry in listed if entry.due and entry.due.duty is each.duty]
        assert (len(same), sum(entry.overdue > 0 for entry in same)) == (each.owed, each.late)
    assert sum(each.late for each in found) > 0 and Duty.ANSWER not in {each.duty for each in found}


def test_a_year_counts_what_had_happened_by_the_end_of_the_next_quarter(vault: sa.Connection, desk: Desk) -> None:
    arrived = day(2026, 12, 1)
    put(vault, [
        Made(arrived, steps=[(arrived + 1, "screening", ""), (CUT, "closed_done", "terbukti")], told=[arrived + 40]),
        Made(arrived, steps=[(arrived + 20, "screening", ""), (CUT + 1, "closed_done", "terbukti")]),
        Made(day(2027, 1, 1)),
    ])  # fmt: skip
    reports, tables = stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)
    assert reports == 2 and tables["outcome"] == {"open": 1, "terbukti": 1}
    assert tables["read"] == {"3": 1, "more": 1} and tables["feedback"] == {"30": 1, "more": 1}
    assert tables["due"] == {"late": 1}


def test_every_table_of_a_year_counts_every_report_once(vault: sa.Connection, desk: Desk) -> None:
    put(vault, drawn(500, START, END))
    reports, tables = stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)
    assert reports == 500
    for name in ("area", "category", "loss", "outcome", "read", "feedback"):
        assert sum(tables[name].values()) == 500, name
    assert sum(tables["regency"].values()) == tables["area"]["regencies"]
    assert sum(tables["recipient"].values()) == tables["outcome"]["referred"]
    assert sum(tables["reason"].values()) == tables["outcome"]["closed_not_actionable"]
    assert sum(tables["due"].values()) == tables["outcome"]["open"] and set(tables["due"]) == {"late", "open"}


# --- what is published -------------------------------------------------------------------------------


def publish(vault: sa.Connection, desk: Desk, year: int = 2026, today: int = CUT + 1) -> Year:
    publication.propose(vault, desk, HOLIDAYS, year, ONE, day=today)
    publication.judge(vault, desk.home, HEAD, approve=True, day=today)
    return publication.published(vault)[-1].year


def told(vault: sa.Connection, desk: Desk) -> tuple[Year, ...]:
    """Return what the next outbox tells everybody."""
    file = publication.statistics_file(vault, desk, day=CUT + 1)
    home = desk.home
    return verify_statistics(file, home.id, home.roster.deployment, home.station.key).years


def test_a_year_waits_for_a_whole_quarter_and_comes_once(vault: sa.Connection, desk: Desk) -> None:
    put(vault, drawn(100, START, END))
    for today in (day(2026, 12, 31), day(2027, 1, 1), CUT):
        with pytest.raises(Refused, match="belum dapat"):
            publication.propose(vault, desk, HOLIDAYS, 2026, ONE, day=today)
    publish(vault, desk)
    with pytest.raises(Refused, match="atau sudah"):
        publication.propose(vault, desk, HOLIDAYS, 2026, ONE, day=CUT + 400)
    assert publication.publishable_years(vault, today=CUT + 400) == [2027]


def test_the_first_day_of_a_year_is_the_one_after_its_cut(vault: sa.Connection, desk: Desk) -> None:
    for day in (START, CUT, CUT + 1):
        assert publication.next_year(vault, today=day) == (2026, CUT + 1)
        assert publication.publishable_years(vault, today=day) == ([2026] if day > CUT else [])
    put(vault, drawn(100, START, END))
    publish(vault, desk)
    year, first = publication.next_year(vault, today=CUT + 1)
    assert year == 2027 and date_of(first).isoformat() == "2028-04-01"
    assert publication.publishable_years(vault, today=first - 1) == []
    assert publication.publishable_years(vault, today=first) == [2027]


def test_what_is_published_is_what_was_previewed_and_nothing_later_changes_it(vault: sa.Connection, desk: Desk) -> None:
    put(vault, drawn(100, START, END))
    seen = publication.preview(vault, desk.home, HOLIDAYS, 2026, today=CUT + 1)
    publication.propose(vault, desk, HOLIDAYS, 2026, ONE, day=CUT + 1)
    assert told(vault, desk) == (), "a proposal is not told"
    put(vault, drawn(40, START, END, seed=2))
    publication.judge(vault, desk.home, HEAD, approve=True, day=CUT + 2)
    assert told(vault, desk) == (seen,)
    vault.execute(sa.delete(steps))
    put(vault, drawn(40, START, END, seed=3))
    assert told(vault, desk) == (seen,)
    assert publication.preview(vault, desk.home, HOLIDAYS, 2027, today=CUT + 400).reports == 0
    assert [each.year for each in told(vault, desk)] == [2026]


def differences(files: list[tuple[dict[int, int], tuple[Year, ...]]]) -> list[int]:
    """Return the small groups between successive publications: true reports of a year that is told twice."""
    found = []
    for (before, old), (after, new) in pairwise(files):
        for year in {each.year for each in old} & {each.year for each in new}:
            one, two = (next(each for each in years if each.year == year) for years in (old, new))
            found += [abs(after[year] - before[year])] * (one != two)
    return [n for n in found if 0 < n < 5]


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "control: counted anew"])
def test_successive_publications_tell_no_small_group(vault: sa.Connection, desk: Desk, frozen: bool) -> None:
    """Late letters change a year that is published already: three reports more, as a restored bundle would bring."""
    put(vault, [Made(10)] * 24)
    files = []
    for year in (2026, 2027, 2028):
        publish(vault, desk, year, cut_of(year) + 1)
        reports = {
            y: stats.counts_of_year(vault, desk.home, HOLIDAYS, year=y, cut=cut_of(y))[0] for y in (2026, 2027, 2028)
        }
        years = told(vault, desk)
        if not frozen:
            counts = stats.counts_of_year(vault, desk.home, HOLIDAYS, year=2026, cut=CUT)
            years = (publication.make_year(2026, 5, *counts, ()), *years[1:])
        files.append((reports, years))
        put(vault, [Made(10)] * 3)
    assert bool(differences(files)) is not frozen


def test_a_publication_needs_an_inspector_who_did_not_propose_it(vault: sa.Connection, desk: Desk) -> None:
    publication.propose(vault, desk, HOLIDAYS, 2026, HEAD, day=CUT + 1)
    for who, why in ((HEAD, "sendiri"), (ONE, "hanya inspektur"), ("lahat-1", "bukan penelaah")):
        with pytest.raises(Refused, match=why):
            publication.judge(vault, desk.home, who, approve=True, day=CUT + 1)
    assert told(vault, desk) == ()
    with pytest.raises(Refused, match="menunggu"):
        publication.propose(vault, desk, HOLIDAYS, 2026, ONE, day=CUT + 1)
    publication.judge(vault, desk.home, ONE, approve=False, day=CUT + 1)
    assert vault.execute(sa.select(publications)).all() == []
    publish(vault, desk)
    assert [row.deed for row in vault.execute(sa.select(log.c.deed).where(log.c.detail == "statistics 2026"))] == [
        "proposed", "dropped", "proposed", "approved",
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["bupati-x-korup", "Bupati X, dan lain", ""])
def test_an_answer_that_the_form_does_not_offer_is_told_to_nobody(vault: sa.Connection, desk: Desk, said: str) -> None:
    """The form checks answers, a report that was sealed without it does not: its words would stand in a cell."""
    put(vault, [Made(10, category=said, loss=said)] * 6 + [Made(10)] * 6)
    found = publish(vault, desk)
    category, loss = found.table("category"), found.table("loss")
    assert category and dict(category.cells) == {"lainnya": 5, "suap": 5}
    assert loss and dict(loss.cells) == {"10-50jt": 5, "tidak-tahu": 5}
    assert told(vault, desk) == (found,), "the outbox leaves"


def test_a_small_year_says_only_that_it_was_small(vault: sa.Connection, desk: Desk) -> None:
    put(vault, [Made(10)] * 4)
    found = publish(vault, desk)
    assert (found.reports, found.tables, found.least) == (0, (), 5)


def test_the_station_of_a_regency_needs_twenty_reports(vault: sa.Connection, desk: Desk) -> None:
    put(vault, [Made(10)] * 19)
    roster = replace(desk.home.roster, province="lahat")
    regency = replace(desk.home, ledger=replace(desk.home.ledger, roster=roster))
    assert publication.preview(vault, regency, HOLIDAYS, 2026, today=CUT + 1).reports == 0
    put(vault, [Made(10)])
    assert publication.preview(vault, regency, HOLIDAYS, 2026, today=CUT + 1).reports == 20


def test_an_outbox_tells_statistics_of_one_record_also_when_there_are_none(vault: sa.Connection, desk: Desk) -> None:
    assert told(vault, desk) == ()
    long = [replace(LESSON, title='"' * 100, weakness='"' * 600, fix="\u2013" * 200, process="lainnya")] * 10
    body = publication.build_year(Year(2026, 5, 100, (), tuple(long)))
    for year in range(2026, 2033):
        values = {"year": year, "day": CUT, "body": body | {"year": year}, "by": ONE, "approved": HEAD}
        vault.execute(sa.insert(publications).values(values))
    assert [each.year for each in told(vault, desk)] == [2028, 2029, 2030, 2031, 2032]


# --- lessons -----------------------------------------------------------------------------------------


def test_a_lesson_is_told_once_an_inspector_who_did_not_write_it_says_yes(vault: sa.Connection, desk: Desk) -> None:
    lessons.propose(vault, desk.home, LESSON, ONE, day=5)
    number = vault.scalar(sa.select(lesson_table.c.id))
    assert number and lessons.approved(vault) == ()
    for who, why in ((ONE, "sendiri"), (TWO, "hanya inspektur")):
        with pytest.raises(Refused, match=why):
            lessons.judge(vault, desk.home, number, who, approve=True, day=5)
    lessons.judge(vault, desk.home, number, HEAD, approve=True, day=5)
    assert lessons.approved(vault) == (LESSON,)
    assert publish(vault, desk).lessons == (LESSON,)
    for n in range(11):
        lessons.propose(vault, desk.home, replace(LESSON, title=f"Yang ke-{n}"), ONE, day=5)
        lessons.judge(vault, desk.home, number + n + 1, HEAD, approve=True, day=5)
    assert [each.title for each in lessons.approved(vault)] == [f"Yang ke-{n}" for n in range(10, 0, -1)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weakness": "Di Dinas Pendidikan satu orang memilih."}, "Dinas Pendidikan"),
        ({"fix": "Kepala SMA Negeri membandingkan harga."}, "SMA Negeri"),
        ({"title": "Pengadaan di ogan ilir"}, "Ogan Ilir"),
        ({"weakness": "Nomor 0812345678 dihubungi."}, "0812345678"),
        ({"weakness": "Pada 12 Maret uang diberikan."}, "12 Maret"),
        ({"weakness": "DINAS PENDIDIKAN memilih sendiri."}, "DINAS PENDIDIKAN"),
        ({"weakness": "Di SMPN 2 satu orang memilih."}, "SMPN 2"),
        ({"weakness": "Di Kec. Ilir Timur satu orang memilih."}, "Kec. Ilir"),
        ({"weakness": "Pada 03/05/2026 uang diberikan."}, "03/05/2026"),
        ({"fix": "Tertulis: uang diserahkan di parkiran belakang gedung."}, "5 kata berurutan"),
        ({"fix": ""}, "isi proses"),
        ({"title": "x" * 101}, "paling banyak"),
        ({"process": "rahasia"}, "pilih dulu"),
    ],
)
def test_a_lesson_that_could_lead_to_an_office_or_a_report_is_refused(
    vault: sa.Connection, desk: Desk, changes: dict[str, Any], why: str
) -> None:
    vault.exec_driver_sql(
        "INSERT INTO words (case_id, text) VALUES (1, 'Lalu uang diserahkan di parkiran belakang kantor itu.')"
    )
    with pytest.raises(Refused, match=why):
        lessons.propose(vault, desk.home, replace(LESSON, **changes), ONE, day=5)
    assert lessons.all_lessons(vault) == ()
    assert vault.scalar(sa.select(sa.func.count()).select_from(cases)) == 0


def test_who_has_a_conflict_with_a_case_learns_nothing_of_it_by_a_lesson_and_another_refuses_it(
    vault: sa.Connection, desk: Desk
) -> None:
    put(vault, [Made(10)])
    (case_id,) = vault.scalars(sa.select(cases.c.id)).all()
    search.take_in(vault)
    vault.exec_driver_sql(f"INSERT INTO words (case_id, text) VALUES ({case_id}, 'uang ditaruh di laci meja depan')")
    vault.execute(sa.insert(statements).values(case_id=case_id, reviewer=ONE, day=5, conflict=1))
    echo = replace(LESSON, weakness="Uang ditaruh di laci meja.")
    with pytest.raises(Refused, match="5 kata berurutan") as refused:
        lessons.propose(vault, desk.home, echo, TWO, day=5)
    assert "laci" not in str(refused.value)
    lessons.propose(vault, desk.home, echo, ONE, day=5)
    (found,) = lessons.all_lessons(vault)
    with pytest.raises(Refused, match="5 kata berurutan"):
        lessons.judge(vault, desk.home, found.id, HEAD, approve=True, day=5)
