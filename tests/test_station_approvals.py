"""Two people, one screen: what is approved is what that page showed, and only by pressing the button that says so."""

# ruff: noqa: F811, F401
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from re import search
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import weak, world
from many_cases import Made, put
from test_station_desk import (
    HERE,
    ONE,
    OURS,
    THREE,
    TWO,
    address,
    check,
    client,
    hands,
    home,
    open_desk,
    page,
    reporters,
    session,
)
from test_station_statistics_page import CUT
from test_station_stats import LESSON

from crypto.encoding import epoch_of, today
from crypto.statistics import LostWeeks
from station import casework, lessons, lost_weeks, publication
from station.casework import Wish
from station.desk import Desk
from station.session import Session
from station.statements import state_conflict

Work = Callable[[sa.Connection, Desk], None]
WISH = Wish("closed_not_actionable", ONE, "duplikat", "Laporan ini sudah ada.")


def step(wish: Wish) -> tuple[Work, Work]:
    """Return how a step is proposed, and taken back."""

    def propose(transaction: sa.Connection, desk: Desk) -> None:
        casework.take(transaction, desk.home, 1, wish, day=today())

    def drop(transaction: sa.Connection, desk: Desk) -> None:
        casework.drop_proposal(transaction, desk.home, 1, ONE, "keliru", day=today())

    return propose, drop


def lesson(title: str) -> tuple[Work, Work]:
    def propose(transaction: sa.Connection, desk: Desk) -> None:
        lessons.propose(transaction, desk.home, replace(LESSON, title=title), ONE, day=CUT + 1)

    def drop(transaction: sa.Connection, desk: Desk) -> None:
        lessons.judge(transaction, desk.home, 1, ONE, approve=False, day=CUT + 1)

    return propose, drop


def year(reports: int) -> tuple[Work, Work]:
    def propose(transaction: sa.Connection, desk: Desk) -> None:
        put(transaction, [Made(10)] * reports)
        publication.propose(transaction, desk, frozenset(), 2026, ONE, day=CUT + 1)

    def drop(transaction: sa.Connection, desk: Desk) -> None:
        publication.judge(transaction, desk.home, ONE, approve=False, day=CUT + 1)

    return propose, drop


def weeks_lost(transaction: sa.Connection, desk: Desk) -> None:
    week = epoch_of(today())
    lost_weeks.propose(transaction, desk.home, LostWeeks(week - 1, week), ONE, day=today())


def step_taken(transaction: sa.Connection) -> bool:
    return casework.facts_of(transaction, 1).status == WISH.target


def lesson_told(transaction: sa.Connection) -> bool:
    return bool(lessons.approved(transaction))


def year_told(transaction: sa.Connection) -> bool:
    return bool(publication.published(transaction))


@pytest.mark.parametrize("swapped", [True, False], ids=["swapped", "control: the same"])
@pytest.mark.parametrize(
    ("page", "action", "first", "second", "is_done", "more"),
    [
        ("/perkara/K-0001", "/perkara/K-0001/usulan", step(WISH),
         step(replace(WISH, detail="spam", text="Ini bukan laporan.")), step_taken, {}),
        ("/statistik/umum", "/statistik/pelajaran/putusan", lesson("Satu orang memilih"), lesson("Toko milik paman"),
         lesson_told, {"nomor": "1"}),
        ("/statistik/umum", "/statistik/umum/putusan", year(10), year(30), year_told, {}),
    ],
    ids=["step", "lesson", "year"],
)  # fmt: skip
def test_what_was_swapped_after_it_was_read_is_not_approved(
    client: Any, session: Session, monkeypatch: pytest.MonkeyPatch, swapped: bool, page: str, action: str,
    first: tuple[Work, Work], second: tuple[Work, Work], is_done: Callable[[sa.Connection], bool], more: dict[str, str],
) -> None:  # fmt: skip
    monkeypatch.setattr("station.pages.publication.today", lambda: CUT + 1)

    def do(work: Work) -> None:
        with session.desk() as desk, desk.vault.begin() as transaction:
            work(transaction, desk)

    with session.desk() as desk, desk.vault.begin() as transaction:
        for who in (ONE, TWO):
            state_conflict(transaction, desk.home, 1, who, conflict=False, day=today())
        casework.open_first(transaction, desk.home, 1, ONE, day=today())
    do(first[0])
    shown = client.get(page, **HERE).text
    form = shown[shown.index(f'action="{action}"') :]
    read = search(r'name="isi" value="([0-9a-f]{64})"', form)
    if swapped:
        do(first[1])
        do(second[0])
    data = {"tanda": session.forms, "oleh": THREE, "frasa": world().passphrases[THREE], "putusan": "setuju", "bebas": "ya",
            "isi": read[1] if read else ""}  # fmt: skip
    answer = client.post(action, data=data | more, headers=OURS, **HERE)
    assert ("bukan lagi yang Anda baca" in unescape(answer.text)) is swapped
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert is_done(transaction) is not swapped


def waiting(transaction: sa.Connection) -> list[bool]:
    """Tell of all that waits whether it was approved."""
    notices = [bool(each.approved) for each in lost_weeks.all_notices(transaction)]
    found = [*notices, *(bool(each.approved) for each in lessons.all_lessons(transaction))]
    found += [False] * (casework.waiting(transaction, 1) is not None)
    return found + [False] * (publication.waiting(transaction) is not None)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "form", "propose", "fields"),
    [
        ("/perkara/K-0001", "/perkara/K-0001/usulan", step(WISH)[0], ("#alasan", "#frasa-penilai")),
        ("/statistik/umum", "/statistik/pelajaran/putusan", lesson("Satu orang memilih")[0], ("#frasa-pelajaran-1",)),
        ("/statistik/umum", "/statistik/umum/putusan", year(10)[0], ("#frasa-putusan",)),
        ("/kunci-hilang", "/kunci-hilang/putusan", weeks_lost, (f"#frasa-minggu-{epoch_of(today()) - 1}",)),
    ],
    ids=["step", "lesson", "year", "lost weeks"],
)
def test_enter_decides_nothing_and_keeps_what_was_typed(
    page: Any, address: str, session: Session, monkeypatch: pytest.MonkeyPatch, path: str, form: str, propose: Work,
    fields: tuple[str, ...],
) -> None:  # fmt: skip
    monkeypatch.setattr("station.pages.publication.today", lambda: CUT + 1)
    open_desk(page, address)
    with session.desk() as desk, desk.vault.begin() as transaction:
        for who in (ONE, TWO):
            state_conflict(transaction, desk.home, 1, who, conflict=False, day=today())
        casework.open_first(transaction, desk.home, 1, ONE, day=today())
        propose(transaction, desk)
    for field in fields:
        page.goto(f"{address}{path}")
        box = page.locator(f'form[action="{form}"]')
        if not box.is_visible():
            page.click('summary:has-text("Nilai")')
        box.locator("select").select_option(THREE)
        box.locator('[name="frasa"]').fill(world().passphrases[THREE])
        if box.locator('[name="alasan"]').count():
            box.locator('[name="alasan"]').fill("belum lengkap")
        with page.expect_navigation():
            page.press(field, "Enter")
        assert "tekan salah satu tombolnya" in page.inner_text('[role="alert"]')
        if box.locator('[name="alasan"]').count():
            assert box.locator('[name="alasan"]').input_value() == "belum lengkap"
            assert box.locator("select").input_value() == THREE
        assert box.locator('[name="frasa"]').input_value() == ""
        check(page)
        with session.desk() as desk, desk.vault.begin() as transaction:
            assert waiting(transaction) == [False]
    if not box.is_visible():
        page.click('summary:has-text("Nilai")')
    box.locator("select").select_option(THREE)
    box.locator('[name="frasa"]').fill(world().passphrases[THREE])
    if box.locator('[name="bebas"]').count():
        box.locator('[name="bebas"]').check()
    with page.expect_navigation():
        box.locator("button:visible", has_text="Setujui").or_(box.locator("button", has_text="Umumkan")).click()
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert waiting(transaction) in ([], [True]), "control: the button approves"
