"""Weeks whose keys a station lost: proposed by one, told by an inspector, in every outbox of a year."""

# ruff: noqa: F811, F401
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest_station import sit, weak, world
from test_station_desk import ONE, THREE, TWO, address, check, client, hands, home, open_desk, page, reporters, session

from crypto.encoding import date_of, epoch_of, today
from crypto.statistics import MAX_LOST, LostWeeks, verify_statistics
from station import audit, lost_weeks, publication
from station.backup import make_backup, restore
from station.desk import Desk
from station.desk import open_desk as open_home
from station.errors import Refused
from station.session import Session

DAY = 700
WEEKS = LostWeeks(97, 99)


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    with sit(home, ONE, TWO) as found:
        yield found


def propose(desk: Desk, weeks: LostWeeks = WEEKS, by: str = ONE, day: int = DAY) -> None:
    with desk.vault.begin() as transaction:
        lost_weeks.propose(transaction, desk.home, weeks, by, day=day)


def judge(desk: Desk, by: str, *, approve: bool = True, first: int = WEEKS.first, day: int = DAY) -> None:
    with desk.vault.begin() as transaction:
        lost_weeks.judge(transaction, desk.home, first, by, approve=approve, day=day)


def told(desk: Desk, day: int = DAY) -> tuple[LostWeeks, ...]:
    """Return what an outbox of a day tells everybody."""
    with desk.vault.begin() as transaction:
        file = publication.statistics_file(transaction, desk, day=day)
    return verify_statistics(file, desk.home.id, desk.home.roster.deployment, desk.home.station.key).lost


def test_one_proposes_and_an_inspector_who_is_another_tells_everybody(desk: Desk) -> None:
    propose(desk)
    assert told(desk) == ()
    with pytest.raises(Refused, match="sudah menunggu"):
        propose(desk, LostWeeks(50, 51))
    with pytest.raises(Refused, match="hanya inspektur"):
        judge(desk, TWO)
    judge(desk, THREE)
    assert told(desk) == (WEEKS,)
    with pytest.raises(Refused, match="tidak menunggu"):
        judge(desk, THREE)
    with desk.vault.begin() as transaction:
        assert [(x.who, x.deed, x.detail) for x in audit.entries(transaction)[-2:]] == [
            (ONE, "proposed", "lost weeks 97 to 99"), (THREE, "approved", "lost weeks 97 to 99")]  # fmt: skip


def test_an_inspector_who_proposed_it_cannot_tell_it_nor_take_it_back(desk: Desk) -> None:
    propose(desk, by=THREE)
    with pytest.raises(Refused, match="sendiri"):
        judge(desk, THREE)
    judge(desk, THREE, approve=False)
    propose(desk)
    judge(desk, THREE)
    for who in (ONE, TWO):
        with pytest.raises(Refused):
            judge(desk, who, approve=False)
    assert told(desk) == (WEEKS,)
    judge(desk, THREE, approve=False)
    assert told(desk) == ()


def test_it_is_told_for_a_year_from_the_approval(desk: Desk) -> None:
    propose(desk)
    judge(desk, THREE, day=DAY + 5)
    assert told(desk, DAY + 5 + 364) == (WEEKS,) and told(desk, DAY + 5 + 365) == ()


@pytest.mark.parametrize(
    ("weeks", "why"),
    [
        (LostWeeks(99, 98), "sebelum hari terakhir"),
        (LostWeeks(38, 98), "paling banyak 60 minggu"),
        (LostWeeks(100, 109), "terlalu jauh"),
        (LostWeeks(99, 101), "sudah diumumkan"),
        (LostWeeks(90, 120), "terlalu jauh"),
    ],
)
def test_weeks_that_cannot_be_are_refused_and_nothing_changes(desk: Desk, weeks: LostWeeks, why: str) -> None:
    propose(desk)
    judge(desk, THREE)
    with pytest.raises(Refused, match=why):
        propose(desk, weeks)
    assert told(desk) == (WEEKS,)


def test_a_fifth_notice_waits_until_one_is_taken_back_or_over(desk: Desk) -> None:
    for n in range(MAX_LOST):
        propose(desk, LostWeeks(80 + n, 80 + n))
        judge(desk, THREE, first=80 + n)
    with pytest.raises(Refused, match="sudah ada 4"):
        propose(desk)
    propose(desk, day=DAY + 365)


def test_a_restored_station_names_the_weeks_that_it_lacks_until_they_are_told(home: Path, tmp_path: Path) -> None:
    newest = today()  # the day of the bundle in this home
    with sit(home, ONE, TWO) as desk:
        with desk.vault.begin() as transaction:
            assert lost_weeks.suggest(transaction, day=newest + 30) is None, "it has its keys"
        words = {who: world().passphrases[who] for who in (ONE, TWO)}
        made = make_backup(desk, tmp_path / "copies", lambda other: open_home(other, words), day=newest + 9)
    restore(made, tmp_path / "new")
    with sit(tmp_path / "new", ONE, TWO) as desk:
        with desk.vault.begin() as transaction:
            found = lost_weeks.suggest(transaction, day=newest + 30)
            far = lost_weeks.suggest(transaction, day=newest + 3_000)
        assert found == LostWeeks(epoch_of(newest), epoch_of(newest + 30))
        assert far is not None and far.last - far.first == 59, "as many as one notice holds"
        propose(desk, found, day=newest + 30)
        with desk.vault.begin() as transaction:
            assert lost_weeks.suggest(transaction, day=newest + 30) is None


@pytest.mark.browser
def test_two_people_tell_it_at_the_desk(page: Any, address: str, session: Session) -> None:
    open_desk(page, address)
    page.click("text=Kurir")
    page.click("text=Kunci mingguan hilang?")
    check(page)
    first, last = date_of(today() - 14), date_of(today())

    def sign(place: str, who: str, button: str, words: str | None = None) -> None:
        page.select_option(f"#oleh-{place}", who)
        page.fill(f"#frasa-{place}", words or world().passphrases[who])
        with page.expect_navigation():
            page.click(f'button:text-is("{button}")')

    page.fill("#dari", str(last))
    page.fill("#sampai", str(first))
    sign("usul", ONE, "Usulkan")
    assert "sebelum hari terakhir" in page.inner_text('[role="alert"]') and page.input_value("#dari") == str(last)
    page.fill("#dari", str(first))
    page.fill("#sampai", str(last))
    sign("usul", ONE, "Usulkan", "salah")
    assert "tidak cocok" in page.inner_text('[role="alert"]') and page.input_value("#sampai") == str(last)
    sign("usul", ONE, "Usulkan")
    check(page)
    place = f"minggu-{epoch_of(today() - 14)}"
    sign(place, TWO, "Umumkan")
    assert "hanya inspektur" in page.inner_text('[role="alert"]')
    sign(place, THREE, "Umumkan")
    assert f"diusulkan {ONE}, disetujui {THREE}" in page.inner_text("main")
    check(page)
    with session.desk() as desk:
        assert told(desk, today()) == (LostWeeks(epoch_of(today() - 14), epoch_of(today())),)
