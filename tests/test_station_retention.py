"""A closed case goes when its time has come, whole; an open or a held one never; and a fast clock removes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, attach, sit, weak, world  # noqa: F401
from test_station_casework import ONE, ROLES, THREE, TWO

from crypto.encoding import today
from station import audit, casework, listing, notes, outbox, retention, search, statements, tables
from station.cases import list_cases, show_case
from station.casework import Wish
from station.desk import Desk
from station.errors import Refused
from station.home import Home
from station.inbox import import_bundle
from station.listing import Wanted
from station.retention import hold, lift, purge

SECRET = "zwqkxsecretmarker"
YEAR = 365
PAIR = (TWO, THREE)


@pytest.fixture
def reporter() -> Reporter:
    return Reporter()


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reporter: Reporter, stick: Stick) -> Iterator[Desk]:
    monkeypatch.setattr(Home, "role_of", lambda _home, who: ROLES[who])
    file, w = attach(SECRET.encode() * 9), world()
    asked = {"uraian": f"Cerita {SECRET}", "wilayah": "palembang", "kategori": "suap"}
    with sit(w.copy_home("sumsel", tmp_path), ONE, TWO) as found:
        rows = [w.letter_row(reporter.report(fields=asked, files=[file])), *w.part_rows(file, SECRET.encode() * 9)]
        import_bundle(found, stick.write([*rows, w.letter_row(Reporter().report("perkara lain"))]))
        yield found


def close(desk: Desk, case_id: int = 1) -> None:
    """Work on a case as people do, with words of the report in each place, and close it."""
    day = today()
    with desk.vault.begin() as transaction:
        statements.state_conflict(transaction, desk.home, case_id, ONE, conflict=False, day=day)
        casework.take(transaction, desk.home, case_id, Wish("screening", ONE), day=day)
        notes.add_note(transaction, desk.home, case_id, ONE, f"catatan {SECRET}", day=day)
        wish = Wish("closed_not_actionable", ONE, "duplikat", f"Sudah ada. {SECRET}", f"dasar {SECRET}")
        casework.take(transaction, desk.home, case_id, wish, day=day)
        casework.approve(transaction, desk.home, case_id, THREE, day=day)


def go(desk: Desk, day: int, seen: int | None = None) -> tuple[int, ...]:
    """Purge on a day, `seen` being that of the newest bundle."""
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.bundles).values(day=day if seen is None else seen))
        return purge(transaction, desk.home, day=day)


def remains(desk: Desk) -> list[str]:
    """Return the tables of the vault, those of the index too, in which the marker stands."""
    found = []
    with desk.vault.begin() as transaction:
        search.take_in(transaction)
    with desk.vault.begin() as transaction:
        for name in transaction.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
            for row in transaction.exec_driver_sql(f'SELECT * FROM "{name}"'):
                said = b"\n".join(c if isinstance(c, bytes) else str(c).encode() for c in row)
                if SECRET.encode() in said or SECRET[1:].encode() in said:
                    found.append(name)
    return sorted(set(found))


def test_a_closed_case_goes_down_to_its_last_word(desk: Desk) -> None:
    close(desk)
    places = remains(desk)
    assert {"letters", "messages", "notes", "steps", "words_content", "words_data"} <= set(places), "control"
    assert go(desk, today() + YEAR - 1) == () and remains(desk) == places
    assert go(desk, today() + YEAR) == (1,)
    assert remains(desk) == []
    with desk.vault.begin() as transaction:
        left = {
            name: transaction.scalar(sa.select(sa.func.count()).select_from(tables.metadata.tables[name]))
            for name in ("letters", "attachments", "parts", "messages", "notes", "proposals", "statements")
        }
        assert left == dict.fromkeys(left, 0) | {"letters": 1}, "that of the other case"
    with desk.vault.begin() as transaction:
        case = transaction.execute(sa.select(tables.cases).where(tables.cases.c.id == 1)).one()
        assert (case.reply_key, case.thread_key, case.claim, case.mailbox_name) == (b"", b"", b"", "")
        with pytest.raises(Refused, match="masa simpannya habis"):
            show_case(transaction, "K-0001")
        assert [line.case for line in list_cases(transaction, desk.home)] == ["K-0002"]
        found = listing.entries(transaction, desk.home, Wanted(), today=today(), holidays=())
        assert [entry.name for entry in found] == ["K-0002"]
        assert audit.entries(transaction)[-1].deed == "purged" and audit.check(transaction)
        assert purge(transaction, desk.home, day=today() + 2 * YEAR) == (), "it goes once"


def test_what_statistics_count_stays(desk: Desk) -> None:
    close(desk)
    go(desk, today() + YEAR)
    with desk.vault.begin() as transaction:
        assert [(s.target, s.note) for s in casework.steps_of(transaction, 1)] == [
            ("screening", ""), ("closed_not_actionable", ""),
        ]  # fmt: skip
        kept = transaction.execute(sa.select(tables.facets).where(tables.facets.c.case_id == 1)).one()
        assert (kept.unit, kept.kategori) == ("palembang", "suap")


def test_an_open_case_never_goes(desk: Desk) -> None:
    assert go(desk, today() + 50 * YEAR) == ()


def test_a_case_goes_only_when_the_drop_box_has_seen_that_day_too(desk: Desk) -> None:
    """A clock that somebody set forward by ten years would else empty the vault."""
    close(desk)
    assert go(desk, today() + 10 * YEAR, seen=today() + YEAR - 1) == ()
    assert go(desk, today() + YEAR - 1, seen=today() + 10 * YEAR) == ()
    assert go(desk, today() + YEAR, seen=today() + YEAR) == (1,)


def test_a_hold_takes_two_people_and_keeps_a_case(desk: Desk) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        with pytest.raises(Refused, match="dua orang"):
            hold(transaction, desk.home, 1, (TWO, TWO), "perkara pengadilan", day=today())
        with pytest.raises(Refused, match="alasan"):
            hold(transaction, desk.home, 1, PAIR, " ", day=today())
        hold(transaction, desk.home, 1, PAIR, "perkara pengadilan 7/2027", day=today())
        with pytest.raises(Refused, match="sudah ditahan"):
            hold(transaction, desk.home, 1, PAIR, "lagi", day=today())
    assert go(desk, today() + 9 * YEAR) == ()
    with desk.vault.begin() as transaction:
        with pytest.raises(Refused, match="dua orang"):
            lift(transaction, desk.home, 1, (TWO, TWO), day=today())
        lift(transaction, desk.home, 1, PAIR, day=today())
        assert [e.deed for e in audit.entries(transaction)][-2:] == ["held", "lifted"]
    assert go(desk, today() + 9 * YEAR) == (1,)


def test_the_list_says_a_month_before_what_goes(desk: Desk) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        assert retention.soon(transaction, desk.home, today() + YEAR - 31) == frozenset()
        assert retention.soon(transaction, desk.home, today() + YEAR - 30) == {1}
        wanted = Wanted(ending=True)
        found = listing.entries(transaction, desk.home, wanted, today=today() + YEAR - 30, holidays=())
        assert [entry.name for entry in found] == ["K-0001"]


def test_a_letter_after_the_closing_counts_the_time_anew(desk: Desk, reporter: Reporter, stick: Stick) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        first = retention.ends(transaction, desk.home)[1]
    import_bundle(desk, stick.write([world().letter_row(reporter.follow_up("masih berlangsung"))]))
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.letters).values(arrived=today() + 100))
        assert retention.ends(transaction, desk.home)[1] == first + 100


def test_what_comes_after_a_case_went_is_found_by_its_words(desk: Desk, stick: Stick) -> None:
    """Numbers of letters that went are given out again."""
    close(desk, 2)
    assert go(desk, today() + YEAR) == (2,)
    import_bundle(desk, stick.write([world().letter_row(Reporter().report("semen untuk jembatan"))]))
    with desk.vault.begin() as transaction:
        search.take_in(transaction)
        assert search.find(transaction, "jembatan") == {3}, "a case's own number is never given out again"


def test_an_outbox_serves_no_mailbox_of_a_case_that_went(desk: Desk, tmp_path: Path) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        assert [row.id for row in outbox._live(transaction, desk)] == [1, 2]
        transaction.execute(sa.update(tables.bundles).values(day=today() + 10 * YEAR))
        transaction.execute(sa.update(tables.steps).values(day=today() - 2 * YEAR))
        transaction.execute(sa.update(tables.messages).values(day=today() - 2 * YEAR))
        transaction.execute(sa.update(tables.letters).values(arrived=today() - 2 * YEAR))
    outbox.make_outbox(desk, tmp_path)
    with desk.vault.begin() as transaction:
        assert [row.id for row in outbox._live(transaction, desk)] == [2]
