"""What stations tell everybody, at the drop box: taken with an outbox, never taken back, shown as it was signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from test_dropbox_mailbox import station_key
from test_dropbox_transport import outbox, records
from web import get

from crypto.bundle import FIRST_PREVIOUS, build_file_records
from crypto.encoding import today
from crypto.errors import Malformed
from crypto.signing import SigningKey
from crypto.statistics import TABLES, Lesson, Statistics, Table, Year, sign_statistics
from dropbox import statistics as taking
from dropbox import statistics_texts
from dropbox.noted import noted_alarms
from dropbox.services import Services
from dropbox.statistics import read_statistics, stations_with_statistics, take_statistics
from dropbox.store import mailboxes, statistics
from dropbox.transport import Received, receive
from station import lessons, public_texts
from station.transitions import OUTCOMES, REASONS, RECIPIENTS

LATE = 3650  # ten years on: every year of these tests is over
FIRST = Year(2026, 5, 35, (Table("category", (("pengadaan", 20), ("suap", 5)), 10),))
NEXT = [Year(2026 + n, 5, 40 + 5 * n, (Table("area", (("sumsel", 40 + 5 * n),)),)) for n in range(1, 8)]
Tell = Callable[..., list[str]]


@pytest.fixture
def key(small: Path) -> SigningKey:
    return station_key(small, "sumsel")


def signed(services: Services, key: SigningKey, *years: Year, **changes: str) -> bytes:
    return sign_statistics(replace(Statistics(services.directory.roster.deployment, "sumsel", years), **changes), key)


def kept(services: Services) -> list[bytes]:
    with services.store.reading() as connection:
        return list(connection.scalars(select(statistics.c.file)))


@pytest.fixture
def tell(services: Services, key: SigningKey) -> Tell:
    """Tell the drop box these years, in ten years; return its warnings."""

    def work(*years: Year, files: Sequence[bytes] = (), day: int = LATE) -> list[str]:
        with services.store.writing() as connection:
            data = files or [signed(services, key, *years)]
            return take_statistics(connection, services.directory.roster, "sumsel", data, day=day)

    return work


def shown(services: Services) -> tuple[Year, ...] | None:
    with services.store.reading() as connection:
        found = read_statistics(connection, services.directory.roster, "sumsel")
    return None if found is None else found.years


@pytest.mark.both_databases
def test_statistics_come_with_an_outbox_and_a_newer_file_takes_their_place(
    services: Services, key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Year, "cut", property(lambda year: year.year - 2026))
    assert shown(services) is None
    content = records(services, key)
    previous = FIRST_PREVIOUS
    for seq, years in enumerate([(), (FIRST,), (FIRST, NEXT[0])], 1):
        files = [("file", r) for r in build_file_records(signed(services, key, *years))]
        path, manifest = outbox(services, tmp_path, key, [*content, *files], seq=seq, previous=previous)
        previous = manifest.hash
        assert receive(services, path).warnings == () and shown(services) == years
        assert receive(services, path).repeated
    with services.store.reading() as connection:
        assert stations_with_statistics(connection, services.directory.roster) == ["sumsel"]
    assert len(kept(services)) == 1


def test_a_refused_file_is_an_alarm_that_stays_and_stops_nothing_of_the_outbox(
    services: Services, key: SigningKey, tmp_path: Path
) -> None:
    """A year of the future: its quarter has not passed by this machine's clock."""
    files = [("file", r) for r in build_file_records(signed(services, key, replace(FIRST, year=2100)))]
    path, _ = outbox(services, tmp_path, key, [*records(services, key), *files])
    got: Received = receive(services, path)
    assert any("ALARM: statistics of sumsel" in words and "quarter" in words for words in got.warnings)
    assert "statistics of sumsel" in noted_alarms(services.settings.home)[0]
    with services.store.reading() as connection:
        assert len(connection.execute(select(mailboxes.c.id)).all()) == got.mailboxes
    assert kept(services) == []


def test_an_outbox_without_statistics_leaves_those_from_before(
    services: Services, key: SigningKey, tell: Tell, tmp_path: Path
) -> None:
    assert tell(FIRST) == []
    path, _ = outbox(services, tmp_path, key, records(services, key))
    assert receive(services, path).warnings == () and shown(services) == (FIRST,)


@pytest.mark.parametrize(
    ("years", "why"),
    [
        ((), "newest year is missing"),
        ((FIRST,), "newest year is missing"),
        ((replace(FIRST, reports=40), NEXT[0]), "something else"),
        ((FIRST, replace(NEXT[0], lessons=(Lesson("bos", "a", "b", "c"),))), "something else"),
        ((NEXT[0],), "a year is missing"),
        ((NEXT[0], NEXT[1]), "a year is missing"),
    ],
)
def test_a_year_that_was_published_is_never_changed_or_taken_back(
    services: Services, tell: Tell, years: tuple[Year, ...], why: str
) -> None:
    assert tell(FIRST, NEXT[0]) == []
    before = kept(services)
    assert why in tell(*years)[0]
    assert kept(services) == before and shown(services) == (FIRST, NEXT[0])


def test_no_year_is_put_before_one_that_was_published(services: Services, tell: Tell) -> None:
    assert tell(FIRST, NEXT[1]) == []
    assert "put before" in tell(FIRST, NEXT[0], NEXT[1])[0]
    assert shown(services) == (FIRST, NEXT[1])


def test_a_full_file_leaves_its_oldest_years_behind(services: Services, tell: Tell) -> None:
    assert tell(FIRST, *NEXT[:4]) == []
    assert tell(*NEXT[:5]) == []
    assert tell(*NEXT[2:7]) == []
    assert shown(services) == tuple(NEXT[2:7])


def test_the_years_of_another_station_key_or_deployment_are_refused(
    services: Services, key: SigningKey, tell: Tell, small: Path
) -> None:
    good = signed(services, key, FIRST)
    for file, why in (
        (signed(services, SigningKey.generate(), FIRST), "statistics of sumsel"),
        (signed(services, key, FIRST, station="lahat"), "another station"),
        (signed(services, key, FIRST, deployment="others"), "deployment"),
        (good[:-1], "bytes"),
    ):
        assert why in tell(files=[file])[0]
    assert "more than one" in tell(files=[good, good])[0]
    assert kept(services) == []


def test_a_year_is_refused_until_the_day_after_its_quarter(services: Services, tell: Tell) -> None:
    assert "quarter" in tell(FIRST, day=FIRST.cut)[0]
    assert tell(FIRST, day=FIRST.cut + 1) == []


def test_control_without_the_comparison_a_changed_year_is_taken(
    services: Services, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "_contradiction", lambda *_: "")
    assert tell(FIRST) == [] and tell(replace(FIRST, reports=40)) == []
    assert shown(services) == (replace(FIRST, reports=40),)


def test_what_the_database_holds_is_shown_only_with_the_stations_signature(
    services: Services, key: SigningKey, tell: Tell
) -> None:
    """Whoever writes into the database, or gives a copy back, cannot speak for a station."""
    assert tell(FIRST) == []
    forged = signed(services, SigningKey.generate(), FIRST)
    with services.store.writing() as connection:
        connection.execute(update(statistics).values(file=forged))
    assert shown(services) is None
    with services.store.writing() as connection:
        connection.execute(update(statistics).values(file=b"rubbish"))
    assert shown(services) is None
    assert tell(FIRST) == [] and shown(services) == (FIRST,)


def test_today_no_year_of_these_tests_could_come(services: Services, tell: Tell) -> None:
    """Guards the tests above: they say their own day."""
    assert today() <= LATE
    with pytest.raises(Malformed):
        sign_statistics(Statistics("x", "y", (FIRST, FIRST)), SigningKey.generate())


# --- the page ----------------------------------------------------------------------------------------


def test_without_statistics_the_page_says_so(client: FlaskClient) -> None:
    assert "Belum ada statistik" in get(client, "/statistik").text
    assert "No statistics yet" in get(client, "/en/statistik").text


def test_the_page_shows_the_newest_year_and_those_before_it_on_demand(client: FlaskClient, tell: Tell) -> None:
    assert tell(FIRST, NEXT[0]) == []
    assert "2027</h2>" in get(client, "/statistik").text
    old = get(client, "/statistik?unit=sumsel&tahun=2026").text
    assert "2026</h2>" in old and "20 (57 %)" in old and "disamarkan bersama" in old
    for odd in ("?unit=lahat", "?unit=<script>", "?tahun=2999", "?tahun=x&unit=&unit=sumsel"):
        answer = get(client, f"/statistik{odd}")
        assert answer.status == 200 and "2027</h2>" in answer.text and "<script" not in answer.text


def test_the_words_of_a_lesson_are_text(client: FlaskClient, tell: Tell) -> None:
    lesson = Lesson("bos", "<b>x</b>", '"><script>', "&amp;")
    assert tell(replace(FIRST, lessons=(lesson,))) == []
    page = get(client, "/statistik").text
    assert "&lt;b&gt;x&lt;/b&gt;" in page and "<script" not in page and "&amp;amp;" in page


def test_the_longest_statistics_are_a_short_page(client: FlaskClient, tell: Tell) -> None:
    cells = tuple((f"{n:032d}", 5_000_000) for n in range(32))
    lesson = Lesson("x" * 32, '"' * 100, "&" * 600, '"' * 600)
    assert tell(Year(2026, 5, 5, tuple(Table(t, cells, 5) for t in TABLES), (lesson,) * 10)) == []
    answer = get(client, "/statistik")
    assert answer.status == 200 and len(answer.body) <= 256 * 1024


def test_a_page_costs_one_verification_however_often_it_is_asked_for(
    client: FlaskClient, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tell(FIRST) == []
    count = []
    real = taking.verify_statistics
    monkeypatch.setattr(taking, "verify_statistics", lambda *words: count.append(1) or real(*words))
    for _ in range(5):
        assert "2026</h2>" in get(client, "/statistik").text
    assert len(count) == 1


def test_every_table_and_every_process_of_the_station_has_words_in_both_languages() -> None:
    assert set(statistics_texts.TABLES) == set(TABLES) == set(public_texts._TABLES)
    assert set(statistics_texts.PROCESSES) == set(lessons.PROCESSES)
    known = {name: set(cells) for name, cells in statistics_texts._CELLS.items()}
    assert known["outcome"] == {*OUTCOMES, "open", "referred", "closed_not_actionable"}
    assert known["reason"] == set(REASONS) and known["recipient"] == set(RECIPIENTS)
    for name in ("area", "read", "feedback", "due"):
        assert known[name] == set(public_texts._CELLS[name])
