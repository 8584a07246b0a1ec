"""The desk's statistics in a real browser: pictures beside tables, and a year that two people publish."""

# ruff: noqa: F811, F401
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsers import PHONE
from conftest_station import sit, weak, world
from many_cases import drawn, put
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

from crypto.statistics import Year
from station import lessons, publication
from station.session import Session

CUT = Year(2026, 5, 0).cut


@pytest.fixture
def full(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home with three hundred cases more, on the day after the first quarter of 2027."""
    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        put(transaction, drawn(300, 0, 300))
    for name in ("statistics", "publication"):
        monkeypatch.setattr(f"station.pages.{name}.today", lambda: CUT + 1)
    return home


def sign(page: Any, place: str, who: str, button: str, words: str | None = None) -> None:
    page.select_option(f"#oleh-{place}", who)
    page.fill(f"#frasa-{place}", words or world().passphrases[who])
    with page.expect_navigation():
        page.click(f'button:text-is("{button}")')


@pytest.mark.browser
def test_each_picture_stands_beside_a_table_with_its_numbers(full: Path, page: Any, address: str) -> None:
    open_desk(page, address)
    complaints: list[str] = []  # Chromium asks for an icon that nobody has
    page.on("console", lambda message: complaints.append(message.text) if "404" not in message.text else None)
    page.click("text=Statistik")
    page.wait_for_selector("h1:text-is('Statistik')")
    assert page.locator("svg.plot").count() == 4 == page.locator(".pair table").count()
    for pair in page.locator(".pair").all():
        labels = pair.locator("svg text").all_text_contents()
        column = "td:nth-of-type(2)" if "Tengah" in pair.inner_text() else "td:nth-of-type(1)"
        assert pair.locator("tbody tr").count() > 1
        for row in pair.locator("tbody tr").all():
            assert (
                row.locator("th").inner_text()[:40] in " ".join(labels) and row.locator(column).inner_text() in labels
            )
        assert pair.locator("svg [style], svg style, svg script").count() == 0
    check(page)
    page.set_viewport_size(PHONE)
    check(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] and complaints == []


@pytest.mark.browser
def test_a_year_is_previewed_proposed_by_one_and_published_by_another(
    full: Path,
    page: Any,
    address: str,
    session: Session,
) -> None:
    open_desk(page, address)
    page.goto(f"{address}/statistik/umum")
    assert "Pratinjau: tahun 2026" in page.inner_text("main")
    assert "Dapat diumumkan sejak 1 April 2027" in page.inner_text("main")
    seen = page.inner_text("#pratinjau")
    assert "disamarkan bersama" in seen or "Laporan: 300" in seen
    check(page)
    sign(page, "usul", ONE, "Usulkan tahun 2026", "salah")
    assert "tidak cocok" in page.inner_text('[role="alert"]')
    sign(page, "usul", ONE, "Usulkan tahun 2026")
    assert page.inner_text("#pratinjau") == seen and "Menunggu persetujuan" in page.inner_text("main")
    check(page)
    sign(page, "putusan", TWO, "Umumkan tahun 2026")
    assert "hanya inspektur" in page.inner_text('[role="alert"]')
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert publication.published(transaction) == ()
    sign(page, "putusan", THREE, "Umumkan tahun 2026")
    assert f"diusulkan {ONE}, disetujui {THREE}" in page.inner_text("main")
    assert "Belum ada tahun yang dapat diumumkan" in page.inner_text("main")
    assert "Tahun 2027 dapat diumumkan mulai 1 April 2028" in page.inner_text("main")
    check(page)


@pytest.mark.browser
def test_a_lesson_that_says_too_much_keeps_what_was_typed_and_a_good_one_waits(
    full: Path,
    page: Any,
    address: str,
    session: Session,
) -> None:
    open_desk(page, address)
    page.goto(f"{address}/statistik/umum")
    page.select_option("#proses", "pengadaan")
    page.fill("#judul", "Harga pembanding")
    page.fill("#kelemahan", "Dinas Pendidikan memilih sendiri.")
    page.fill("#perbaikan", "Dua orang memilih.")
    sign(page, "pelajaran", ONE, "Simpan untuk inspektur")
    assert "Dinas Pendidikan" in page.inner_text('[role="alert"]')
    assert page.input_value("#kelemahan") == "Dinas Pendidikan memilih sendiri."
    assert page.input_value("#proses") == "pengadaan"
    page.fill("#kelemahan", "Satu orang memilih sendiri.")
    sign(page, "pelajaran", ONE, "Simpan untuk inspektur")
    page.click("summary:has-text('Nilai')")
    sign(page, "pelajaran-1", THREE, "Setujui")
    assert f"disetujui {THREE}" in page.inner_text("main")
    check(page)
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert [each.title for each in lessons.approved(transaction)] == ["Harga pembanding"]


def test_an_empty_station_says_so(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.pages.statistics.stats.by_quarter", lambda *_: [])
    answer = client.get("/statistik", **HERE)
    assert answer.status_code == 200 and "Belum ada laporan" in answer.text
    assert "Belum ada tahun" in client.get("/statistik/umum", **HERE).text


def test_nothing_is_published_without_a_passphrase_of_its_own(
    full: Path,
    client: Any,
    session: Session,
) -> None:
    for path in ("umum/usul", "umum/putusan", "pelajaran", "pelajaran/putusan"):
        data = {"tanda": session.forms, "oleh": THREE, "frasa": world().passphrases[ONE], "tahun": "2026",
                "putusan": "setuju"}  # fmt: skip
        answer = client.post(f"/statistik/{path}", data=data, headers=OURS, **HERE)
        assert "tidak cocok" in answer.text
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert publication.waiting(transaction) is None and lessons.all_lessons(transaction) == ()
