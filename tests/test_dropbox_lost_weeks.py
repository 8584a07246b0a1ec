"""Weeks whose keys a unit lost, at the drop box: told to everybody alike, in words that no station chooses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from test_dropbox_mailbox import bring_news, open_box, station_key
from test_dropbox_transport import outbox, records
from web import get, post, report

from crypto.bundle import FIRST_PREVIOUS, build_file_records
from crypto.encoding import date_of
from crypto.signing import SigningKey
from crypto.statistics import LostWeeks, Statistics, sign_statistics
from dropbox.headers import MAILBOX_PAGE
from dropbox.pages.mailbox import MAX_SHOWN_BYTES
from dropbox.services import Services
from dropbox.statistics import read_lost, take_statistics
from dropbox.store import statistics
from dropbox.transport import receive

NOTICE = re.compile(r'<div class="notice" id="kunci-hilang">.*?</div>', re.DOTALL)
WEEKS = LostWeeks(70, 72)
Tell = Callable[..., None]


@pytest.fixture
def key(small: Path) -> SigningKey:
    return station_key(small, "sumsel")


@pytest.fixture
def tell(services: Services, key: SigningKey) -> Tell:
    """Tell the drop box that keys of these weeks were lost."""

    def work(*weeks: LostWeeks) -> None:
        roster = services.directory.roster
        file = sign_statistics(Statistics(roster.deployment, "sumsel", (), weeks), key)
        with services.store.writing() as connection:
            assert take_statistics(connection, roster, "sumsel", [file], day=500) == []

    return work


def notice(answer: object) -> str:
    found = NOTICE.findall(answer.text)  # type: ignore[attr-defined]
    assert len(found) <= 1
    return found[0] if found else ""


@pytest.mark.both_databases
def test_weeks_come_with_an_outbox_and_go_with_a_later_one(services: Services, key: SigningKey, tmp_path: Path) -> None:
    roster, previous = services.directory.roster, FIRST_PREVIOUS
    for seq, weeks in enumerate([(WEEKS,), (WEEKS, LostWeeks(80, 80)), ()], 1):
        file = sign_statistics(Statistics(roster.deployment, "sumsel", (), weeks), key)
        files = [("file", r) for r in build_file_records(file)]
        path, manifest = outbox(services, tmp_path, key, [*records(services, key), *files], seq=seq, previous=previous)
        previous = manifest.hash
        assert receive(services, path).warnings == ()
        with services.store.reading() as connection:
            assert read_lost(connection, roster) == [(roster.group("sumsel"), each) for each in weeks]


def test_everybody_reads_the_same_whether_a_mailbox_has_news_or_was_never_used(
    client: FlaskClient, services: Services, small: Path, tell: Tell
) -> None:
    used, other = report(client).words, report(client).words
    bring_news(services, small, used, texts=["Kapan?"])
    pages = [lambda: get(client, "/"), lambda: get(client, "/kotak"), lambda: post(client, "/kotak", {"kode": "salah"}),
             lambda: open_box(client, used), lambda: open_box(client, other)]  # fmt: skip
    assert {notice(page()) for page in pages} == {""}
    tell(WEEKS)
    (text,) = {notice(page()) for page in pages}
    assert "Inspektorat Provinsi" in text and "10 Mei 2027 sampai 30 Mei 2027" in text
    assert (date_of(7 * 70), date_of(7 * 72 + 6)) == (date(2027, 5, 10), date(2027, 5, 30))
    assert "10 May 2027 to 30 May 2027" in notice(get(client, "/en/"))
    assert notice(get(client, "/lapor")) == "", "who writes is not disturbed"
    tell()
    assert {notice(page()) for page in pages} == {""}


def test_a_stranger_who_writes_the_database_says_nothing(client: FlaskClient, services: Services, tell: Tell) -> None:
    """The control is the same file by the station's own key."""
    tell(WEEKS)
    assert notice(get(client, "/"))
    forged = sign_statistics(
        Statistics(services.directory.roster.deployment, "sumsel", (), (WEEKS,)), SigningKey.generate()
    )
    with services.store.writing() as connection:
        connection.execute(update(statistics).values(file=forged))
    assert notice(get(client, "/")) == ""


def test_no_file_is_read_where_none_says_anything(
    client: FlaskClient, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr("dropbox.statistics.read_statistics", lambda _c, _r, station: read.append(station))
    tell()
    assert get(client, "/").status == 200 and read == []
    tell(WEEKS)
    assert get(client, "/").status == 200 and read == ["sumsel"]


def test_all_units_with_all_their_weeks_leave_a_mailbox_page_its_length(
    client: FlaskClient, services: Services, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18 units with 4 notices each, and as many words of officers as a page shows beside them."""
    words = report(client).words
    bring_news(services, small, words, texts=["Kapan?"] * 6)
    group = services.directory.roster.groups[0]
    monkeypatch.setattr(
        import_module("dropbox.pages.show"), "_lost", lambda: [(group, date(2027, 12, 30), date(2028, 12, 30))] * 72
    )
    page = open_box(client, words)
    assert notice(page).count("<li>") == 72 and len(page.body) == MAILBOX_PAGE
    assert len(page.text.strip().encode()) + MAX_SHOWN_BYTES <= MAILBOX_PAGE
