"""A closed case goes when its time has come and the list has said so, whole; an open or a held one never; and a fast
clock removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, attach, sit, weak, world  # noqa: F401
from test_station_casework import ONE, ROLES, THREE, TWO

from crypto import mailbox
from crypto.encoding import today
from crypto.letter import Letter
from keys.ledger import take_file
from station import (
    audit,
    case_copies,
    casework,
    listing,
    notes,
    outbox,
    referral,
    retention,
    retention_tables,
    screen,
    search,
    statements,
    tables,
)
from station.attachments import files_of, read_file
from station.cases import list_cases, show_case
from station.casework import Wish
from station.desk import Desk
from station.errors import Refused
from station.home import Home
from station.inbox import Imported, import_bundle
from station.listing import Wanted
from station.retention import hold, lift, purge
from station.settings import Settings

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


def warn(desk: Desk, day: int, seen: int | None = None, *, home: Home | None = None) -> frozenset[int]:
    """Look at the list on a day, `seen` being that of the newest bundle."""
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.bundles).values(day=day if seen is None else seen))
        return retention.warn(transaction, home or desk.home, day)


def go_warned(desk: Desk, day: int) -> tuple[int, ...]:
    """Look at the list 30 days before a day, and purge on it."""
    warn(desk, day - 30)
    return go(desk, day)


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
    assert warn(desk, today() + YEAR - 30) == {1}
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
    assert go_warned(desk, today() + YEAR) == (1,)
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
    assert warn(desk, today() + YEAR - 30) == {1}
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
    assert go_warned(desk, today() + 9 * YEAR) == ()
    with desk.vault.begin() as transaction:
        with pytest.raises(Refused, match="dua orang"):
            lift(transaction, desk.home, 1, (TWO, TWO), day=today())
        lift(transaction, desk.home, 1, PAIR, day=today())
        assert [e.deed for e in audit.entries(transaction)][-2:] == ["held", "lifted"]
    assert go_warned(desk, today() + 9 * YEAR) == (1,)


def test_the_list_says_a_month_before_what_goes(desk: Desk) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        assert retention.soon(transaction, desk.home, today() + YEAR - 31) == frozenset()
        assert retention.soon(transaction, desk.home, today() + YEAR - 30) == {1}
        wanted = Wanted(ending=True)
        found = listing.entries(transaction, desk.home, wanted, today=today() + YEAR - 30, holidays=())
        assert [entry.name for entry in found] == ["K-0001"]


def test_a_closed_case_goes_only_when_the_list_has_said_so_for_30_days(desk: Desk) -> None:
    close(desk)
    late = today() + YEAR
    assert warn(desk, late - 31) == frozenset() and go(desk, late + YEAR) == (), "nobody has looked"
    assert warn(desk, late + YEAR) == {1} and go(desk, late + YEAR + 29) == ()
    assert warn(desk, late + YEAR + 29) == {1}, "another look starts nothing anew"
    assert go(desk, late + YEAR + 30) == (1,)


def kept_for(desk: Desk, days: int) -> Desk:
    """Return the desk of a station that keeps cases for so many days."""
    return replace(desk, home=replace(desk.home, settings=Settings(retention_days=days)))


def test_a_shorter_setting_removes_nothing_before_the_list_has_said_so(desk: Desk) -> None:
    close(desk)
    closed = today()
    assert warn(desk, closed + 200) == frozenset(), "control: it stays for a year"
    shorter = kept_for(desk, 90)
    assert go(shorter, closed + 200) == ()
    assert warn(shorter, closed + 200) == {1}
    assert go(shorter, closed + 229) == () and go(shorter, closed + 230) == (1,)


@pytest.mark.parametrize("look", [go, warn], ids=["an outbox", "the list"])
def test_what_the_list_said_by_another_setting_counts_for_nothing(desk: Desk, look: Any) -> None:
    close(desk)
    closed, shorter = today(), kept_for(desk, 90)
    assert warn(shorter, closed + 60) == {1}
    assert not look(desk, closed + 70), "the year holds again"
    assert go(shorter, closed + 200) == (), "of these days the list said nothing"
    assert warn(shorter, closed + 200) == {1}
    assert go(shorter, closed + 229) == () and go(shorter, closed + 230) == (1,)


def test_a_letter_after_the_closing_counts_the_time_anew(desk: Desk, reporter: Reporter, stick: Stick) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        first = retention.ends(transaction, desk.home)[1]
    import_bundle(desk, stick.write([world().letter_row(reporter.follow_up("masih berlangsung"))]))
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.letters).values(arrived=today() + 100))
        assert retention.ends(transaction, desk.home)[1] == first + 100


LATE = "Saya diancam. Ada bukti baru."


def arrive(desk: Desk, stick: Stick, *made: Letter, day: int) -> Imported:
    return import_bundle(desk, stick.write([world().letter_row(each) for each in made], day=day), day=day)


def age(desk: Desk) -> None:
    """Make what the first case went through a year and a day older; the list has said for 30 days that it goes."""
    with desk.vault.begin() as transaction:
        for table, column in ((tables.steps, "day"), (tables.messages, "day"), (tables.letters, "arrived")):
            past = sa.update(table).where(table.c.case_id == 1)
            transaction.execute(past.values({column: table.c[column] - YEAR - 1}))
        said = sa.insert(retention_tables.warnings)
        transaction.execute(said.values(case_id=1, due=today() - 1, day=today() - 31))


def test_a_letter_that_was_confirmed_before_a_case_went_makes_a_case_whose_mailbox_is_the_old_one(
    desk: Desk, reporter: Reporter, stick: Stick, tmp_path: Path
) -> None:
    """It left the drop box after the bundle of the visit on which the case went."""
    close(desk)
    age(desk)
    outbox.make_outbox(desk, tmp_path, day=today())
    with desk.vault.begin() as transaction:
        assert transaction.scalars(sa.select(tables.purged.c.case_id)).all() == [1]
    file = attach(b"bukti")
    found = arrive(desk, stick, reporter.follow_up(LATE, files=[file]), reporter.follow_up(LATE), day=today())
    assert (found.new, found.repeated, found.alarms) == (2, 0, ())
    with desk.vault.begin() as transaction:
        case = show_case(transaction, "K-0003")
        assert (case.follows, case.fields, case.readers, case.language) == (1, {"pesan": LATE}, ("sumsel",), "id")
        assert (case.status, case.mailbox_name, len(case.attachments)) == ("received", "", 1)
        said = screen.case_text(case, desk.home)
        assert "Menyusul K-0001" in said and "Surat lanjutan\n    " + LATE in said
        search.take_in(transaction)
        assert search.find(transaction, "diancam") == {3}
        listed = listing.entries(transaction, desk.home, Wanted(), today=today(), holidays=())
        assert {entry.name for entry in listed} == {"K-0002", "K-0003"}
        assert transaction.execute(sa.select(tables.past_boxes)).all() == []
        limits = referral.limits_of(transaction, desk.home, 3)
        assert limits.consent == "tanya" and "palembang" in limits.barred, "what the reporter wished went"
        box = transaction.execute(sa.select(tables.cases).where(tables.cases.c.id == 3)).one()
        assert box.mailbox == reporter.mailbox and 3 in [row.id for row in outbox._live(transaction, desk)]
        row = outbox._seal(transaction, desk, box, 9, today())
    assert mailbox.open_news(row, reporter.reply, reporter.mailbox, [desk.home.station.key]).status == "received"
    assert arrive(desk, stick, reporter.follow_up("lagi"), day=today()).new == 1
    with desk.vault.begin() as transaction:
        assert [m.text for m in show_case(transaction, "K-0003").messages][-1] == "lagi"


def test_the_mailbox_of_a_case_that_went_says_nothing_of_it_and_goes_after_180_days(
    desk: Desk, reporter: Reporter, stick: Stick
) -> None:
    close(desk)
    went = today()
    age(desk)
    assert go(desk, went) == (1,)
    with desk.vault.begin() as transaction:
        (kept,) = transaction.execute(sa.select(tables.past_boxes)).all()
        assert kept == (reporter.mailbox, 1, went, reporter.reply.public.raw, reporter.thread, ["sumsel"], "id")
    arrive(desk, stick, day=went + 179)
    import_bundle(desk, stick.write([], day=went + 5000), day=went + 179)
    import_bundle(desk, stick.write([], day=went + 179), day=went + 5000)
    with desk.vault.begin() as transaction:
        assert len(transaction.execute(sa.select(tables.past_boxes)).all()) == 1, "one wrong clock removes nothing"
    arrive(desk, stick, day=went + 180)
    with desk.vault.begin() as transaction:
        assert transaction.execute(sa.select(tables.past_boxes)).all() == []


def test_a_letter_that_comes_later_still_is_dropped_with_a_word(desk: Desk, reporter: Reporter, stick: Stick) -> None:
    close(desk)
    age(desk)
    go(desk, today())
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.past_boxes).values(day=today() - 180))
    arrive(desk, stick, day=today())
    late = arrive(desk, stick, reporter.follow_up(LATE), day=today())
    assert (late.new, late.incomplete, late.alarms) == (0, 1, ())
    assert arrive(desk, stick, day=today() + 89).alarms == ()
    (alarm,) = arrive(desk, stick, day=today() + 90).alarms
    assert alarm.startswith("1 pesan lanjutan dibuang") and "diancam" not in alarm
    assert arrive(desk, stick, day=today() + 90).alarms == ()


@pytest.mark.parametrize("wrong", ["mac", "key", "report"])
def test_nobody_without_the_code_takes_the_mailbox_of_a_case_that_went(
    desk: Desk, reporter: Reporter, stick: Stick, wrong: str
) -> None:
    close(desk)
    age(desk)
    go(desk, today())
    forged = {
        "mac": replace(reporter.follow_up(LATE), thread_mac=bytes(64)),
        "key": reporter.follow_up(LATE, reply_key_hash=bytes(32)),
        "report": reporter.report(thread_key=bytes(32)),
    }[wrong]
    found = arrive(desk, stick, forged, day=today())
    assert found.new == 0 and len(found.alarms) == 1 and found.alarms[0].startswith("tidak diterima")
    assert arrive(desk, stick, reporter.follow_up(LATE), day=today()).new == 1


def test_a_report_to_the_mailbox_of_a_case_that_went_follows_it_too(
    desk: Desk, reporter: Reporter, stick: Stick
) -> None:
    close(desk)
    age(desk)
    go(desk, today())
    assert arrive(desk, stick, reporter.report("sekali lagi"), day=today()).new == 1
    with desk.vault.begin() as transaction:
        case = show_case(transaction, "K-0003")
        assert (case.follows, case.fields["uraian"]) == (1, "sekali lagi")


def test_a_mailbox_that_was_given_up_stays_so_and_its_letter_is_read(
    desk: Desk, reporter: Reporter, stick: Stick
) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        transaction.execute(sa.insert(tables.closed_boxes).values(case_id=1, day=today()))
    age(desk)
    go(desk, today())
    arrive(desk, stick, reporter.follow_up(LATE), day=today())
    with desk.vault.begin() as transaction:
        assert show_case(transaction, "K-0003").box_closed
        assert [row.id for row in outbox._live(transaction, desk)] == [2]


def test_a_file_that_another_case_names_stays_until_that_goes_too(desk: Desk, stick: Stick) -> None:
    """Whoever reads a report, another unit that passes it on for one, can name its files."""
    data = b"bukti asli" * 99
    file, w = attach(data), world()
    second, third = (Reporter().report(text, files=[file]) for text in ("asli", "menyebut berkas yang sama"))
    rows = [*w.part_rows(file, data), w.letter_row(second), w.letter_row(third)]
    assert import_bundle(desk, stick.write(rows)).new == 2
    for gone, case_id in enumerate((4, 3)):
        with desk.vault.begin() as transaction:
            assert [read_file(transaction, each) for each in files_of(transaction, 3)] == [data]
            left = sa.select(sa.func.count()).where(tables.parts.c.object_id == file.object_id)
            assert transaction.scalar(left) == 1
        close(desk, case_id)
        assert go_warned(desk, today() + YEAR + gone) == (case_id,)
    with desk.vault.begin() as transaction:
        assert transaction.scalar(left) == 0


def test_what_comes_after_a_case_went_is_found_by_its_words(desk: Desk, stick: Stick) -> None:
    """Numbers of letters that went are given out again."""
    close(desk, 2)
    assert go_warned(desk, today() + YEAR) == (2,)
    import_bundle(desk, stick.write([world().letter_row(Reporter().report("semen untuk jembatan"))]))
    with desk.vault.begin() as transaction:
        search.take_in(transaction)
        assert search.find(transaction, "jembatan") == {3}, "a case's own number is never given out again"


def test_an_outbox_serves_no_mailbox_of_a_case_that_went(desk: Desk, tmp_path: Path) -> None:
    close(desk)
    with desk.vault.begin() as transaction:
        assert [row.id for row in outbox._live(transaction, desk)] == [2, 1], "the open one first"
        transaction.execute(sa.update(tables.bundles).values(day=today() + 10 * YEAR))
        transaction.execute(sa.update(tables.steps).values(day=today() - 2 * YEAR))
        transaction.execute(sa.update(tables.messages).values(day=today() - 2 * YEAR))
        transaction.execute(sa.update(tables.letters).values(arrived=today() - 2 * YEAR))
        said = sa.insert(retention_tables.warnings)
        transaction.execute(said.values(case_id=1, due=today() - YEAR, day=today() - 30))
    outbox.make_outbox(desk, tmp_path)
    with desk.vault.begin() as transaction:
        assert [row.id for row in outbox._live(transaction, desk)] == [2]


# --- copies of cases that another station answers ----------------------------------------------------


@pytest.fixture
def second() -> Reporter:
    """Somebody who wrote to two units; the first of them answers."""
    return Reporter(["palembang", "sumsel"])


@pytest.fixture
def copy(desk: Desk, stick: Stick, second: Reporter) -> int:
    """The number of a copy with the marker in it: K-0003."""
    assert arrive(desk, stick, second.report(f"Cerita {SECRET}"), day=today()).new == 1
    with desk.vault.begin() as transaction:
        assert not casework.leads(transaction, desk.home, 3)
        notes.add_note(transaction, desk.home, 3, ONE, f"catatan {SECRET}", day=today())
        # of the first case, which this station leads, the marker would stand in the same tables
        retention._remove(transaction, 1, today())
        search.take_in(transaction)
        search.forget(transaction, [1])
    return 3


def test_a_copy_of_a_case_that_another_station_answers_goes_too_down_to_its_last_word(desk: Desk, copy: int) -> None:
    places = remains(desk)
    assert {"letters", "notes", "words_content"} <= set(places), "control"
    assert warn(desk, today() + YEAR - 30) == {copy}
    assert go(desk, today() + YEAR - 1) == () and remains(desk) == places
    assert go(desk, today() + YEAR) == (copy,) and remains(desk) == []
    with desk.vault.begin() as transaction:
        (*_, last) = audit.entries(transaction)
        assert (last.who, last.deed, last.case, last.detail) == ("-", "purged", copy, "copy")
        assert [line.case for line in list_cases(transaction, desk.home)] == ["K-0002"], "open, and led here"
        assert purge(transaction, desk.home, day=today() + 2 * YEAR) == (), "it goes once"


def test_a_clock_alone_removes_no_copy_and_a_letter_counts_its_time_anew(
    desk: Desk, stick: Stick, second: Reporter, copy: int
) -> None:
    assert warn(desk, today() + YEAR - 30) == {copy}
    assert go(desk, today() + 10 * YEAR, seen=today() + YEAR - 1) == ()
    assert go(desk, today() + YEAR - 1, seen=today() + 10 * YEAR) == ()
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.bundles).values(day=today()))
    arrive(desk, stick, second.follow_up("masih berlangsung"), day=today() + 5)
    assert go(desk, today() + YEAR + 5) == (), "the list said so of an earlier end"
    assert warn(desk, today() + YEAR - 25) == {copy}
    assert go(desk, today() + YEAR + 4) == ()
    assert go(desk, today() + YEAR + 5) == (copy,)


def test_a_copy_goes_only_when_the_list_has_said_so_for_30_days(desk: Desk, copy: int) -> None:
    late = today() + YEAR
    assert warn(desk, late - 31) == frozenset() and go(desk, late + YEAR) == (), "nobody has looked"
    assert warn(desk, late + YEAR) == {copy} and go(desk, late + YEAR + 29) == ()
    assert warn(desk, late + YEAR + 29) == {copy}, "another look starts nothing anew"
    assert go(desk, late + YEAR + 30) == (copy,)


def test_what_a_fast_clock_makes_the_list_say_is_no_warning(desk: Desk, copy: int) -> None:
    late = today() + YEAR
    assert warn(desk, late, seen=today()) == {copy} and warn(desk, today(), seen=late) == frozenset()
    assert go(desk, late) == ()
    assert warn(desk, late) == {copy} and go(desk, late + 30) == (copy,)


def test_a_clock_that_was_set_back_makes_no_lead_station_long_known(desk: Desk, stick: Stick, copy: int) -> None:
    late = today() + YEAR
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.bundles).values(day=late))
        case_copies.note_leads(transaction, now_led_by(desk, "no station"), 0)
        case_copies.note_leads(transaction, desk.home, 0)
    assert warn(desk, late) == frozenset() and warn(desk, late + YEAR - 30) == {copy}
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.bundles).values(day=today()))
        case_copies.note_leads(transaction, desk.home, today())
        assert case_copies.answered_since(transaction, desk.home)["palembang"] == today(), "it had run fast"


def test_two_people_hold_a_copy_and_the_list_warns_of_it_a_month_before(desk: Desk, copy: int) -> None:
    def listed(day: int) -> list[str]:
        wanted = Wanted(ending=True)
        return [e.name for e in listing.entries(transaction, desk.home, wanted, today=day, holidays=())]

    with desk.vault.begin() as transaction:
        assert retention.ends(transaction, desk.home, copy) == {copy: today() + YEAR}
        assert (listed(today() + YEAR - 31), listed(today() + YEAR - 30)) == ([], ["K-0003"])
        hold(transaction, desk.home, copy, PAIR, "perkara pengadilan 7/2027", day=today())
        assert listed(today() + YEAR) == []
    assert go(desk, today() + 9 * YEAR) == ()
    with desk.vault.begin() as transaction:
        lift(transaction, desk.home, copy, PAIR, day=today())
    assert warn(desk, today() + 9 * YEAR) == {copy} and go(desk, today() + 9 * YEAR + 29) == ()
    assert go(desk, today() + 9 * YEAR + 30) == (copy,)


def test_a_copy_that_was_held_is_warned_of_anew(desk: Desk, copy: int) -> None:
    late = today() + YEAR
    assert warn(desk, late - 10) == {copy}
    with desk.vault.begin() as transaction:
        hold(transaction, desk.home, copy, PAIR, "perkara pengadilan 7/2027", day=late)
        lift(transaction, desk.home, copy, PAIR, day=late)
    assert go(desk, late + 90) == ()


def test_a_letter_to_a_copy_that_went_is_read_as_a_new_copy_which_goes_again(
    desk: Desk, stick: Stick, second: Reporter, copy: int
) -> None:
    desk = kept_for(desk, 90)
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.cases).where(tables.cases.c.id == copy).values(day=today() - 90))
        transaction.execute(sa.update(tables.letters).values(arrived=today() - 90))
        transaction.execute(sa.update(retention_tables.answering).values(since=today() - 90))
        transaction.execute(sa.insert(retention_tables.warnings).values(case_id=copy, due=today(), day=today() - 30))
    assert go(desk, today()) == (copy,)
    assert arrive(desk, stick, second.follow_up(LATE), day=today() + 7).new == 1
    with desk.vault.begin() as transaction:
        case = show_case(transaction, "K-0004")
        assert (case.follows, case.readers, case.fields) == (copy, ("palembang", "sumsel"), {"pesan": LATE})
        assert 4 not in [row.id for row in outbox._live(transaction, desk)], "the other station sends the news"
    assert warn(desk, today() + 7 + 60) == {4}
    assert go(desk, today() + 7 + 89) == () and go(desk, today() + 7 + 90) == (4,)


def now_led_by(desk: Desk, what: str) -> Home:
    """Return the home under another roster: who answers what the first reader got has changed."""
    roster = desk.home.roster
    if what == "no station":
        return with_roster(desk, stations=tuple(s for s in roster.stations if s.group != "palembang"))
    if what == "no reviewers":
        return with_roster(
            desk, groups=tuple(replace(g, members=()) if g.id == "palembang" else g for g in roster.groups)
        )
    if what in ("another of theirs", "another key of theirs"):
        change = {"id": "palembang-kedua"} if what == "another of theirs" else {"key": desk.home.station.key}
        stations = (replace(s, **change) if s.group == "palembang" else s for s in roster.stations)
        return with_roster(desk, stations=tuple(stations))
    own = [replace(s, lead=False) if s.id == desk.home.id else s for s in roster.stations]
    if what == "another of ours":
        own += [replace(desk.home.station, id="sumsel-kedua", lead=True)]
    return with_roster(desk, stations=tuple(own))


def with_roster(desk: Desk, **changes: Any) -> Home:
    made = replace(desk.home.roster, **changes)
    station = next(s for s in made.stations if s.id == desk.home.id)
    return replace(desk.home, ledger=replace(desk.home.ledger, roster=made), station=station)


def outlived(desk: Desk, home: Home) -> tuple[int, ...]:
    """Return what goes in all the time that anybody could wait for."""
    gone: tuple[int, ...] = ()
    with desk.vault.begin() as transaction:
        for day in (today() + 9 * YEAR, today() + 18 * YEAR, today() + 27 * YEAR):
            transaction.execute(sa.update(tables.bundles).values(day=day))
            retention.warn(transaction, home, day)
            transaction.execute(sa.update(tables.bundles).values(day=day + 30))
            gone += purge(transaction, home, day=day + 30)
    return gone


@pytest.mark.parametrize(
    ("what", "gone"),
    [
        ("no station", ()),
        ("no reviewers", ()),
        ("nobody of ours", (3,)),
        ("another of ours", (3,)),
        ("another of theirs", (3,)),
    ],
)
def test_what_nobody_else_answers_or_this_station_led_stays(
    desk: Desk, copy: int, what: str, gone: tuple[int, ...]
) -> None:
    """The copy may be the only one; and what this station led is on no other machine, whoever leads now."""
    assert outlived(desk, now_led_by(desk, what)) == gone


def test_a_case_that_somebody_worked_on_here_stays_though_another_station_answers_it_now(desk: Desk, copy: int) -> None:
    with desk.vault.begin() as transaction:
        casework.take(transaction, desk.home, 2, Wish("screening", ONE), day=today())
        transaction.execute(sa.delete(retention_tables.led_cases))
    assert outlived(desk, now_led_by(desk, "another of ours")) == (copy,)


def test_a_case_of_a_time_when_nobody_noted_who_leads_is_one_that_this_station_led(desk: Desk, copy: int) -> None:
    """A vault of an older program: the rosters at hand say it."""
    with desk.vault.begin() as transaction:
        transaction.execute(sa.delete(retention_tables.led_cases))
        transaction.execute(sa.delete(retention_tables.answering))
        transaction.execute(sa.delete(tables.meta).where(tables.meta.c.name == case_copies.NOTED))
        case_copies.note_leads(transaction, desk.home, today())
    assert outlived(desk, now_led_by(desk, "another of ours")) == (copy,)


@pytest.mark.parametrize("since", ["no station", "no reviewers", "another of theirs", "another key of theirs"])
def test_time_starts_anew_when_another_station_answers(desk: Desk, copy: int, since: str) -> None:
    """What a unit's new, empty station answers may be nowhere but here."""
    late = today() + YEAR
    assert warn(desk, late - 30) == {copy}, "control: under the first roster it would go"
    with desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.bundles).values(day=late))
        assert purge(transaction, now_led_by(desk, since), day=late) == ()
    assert go(desk, late + 1) == (), "the first roster again: that station has not answered all along"
    assert warn(desk, late + YEAR - 30) == frozenset() and go(desk, late + YEAR) == ()
    assert warn(desk, late + YEAR) == {copy} and go(desk, late + YEAR + 30) == (copy,)


def test_who_leads_is_read_from_every_roster_since_the_last_visit(desk: Desk, stick: Stick) -> None:
    """Three rosters on one stick: by the second this station leads what it has, by the third no longer."""
    w, ours, ledger = world(), desk.home.id, desk.home.ledger
    others = tuple(replace(s, lead=s.lead and s.id != ours) for s in w.roster.stations)
    first, one = w.next_roster(stations=others)
    second, two = w.next_roster(first, stations=w.roster.stations)
    _third, three = w.next_roster(second, stations=others)
    with desk.vault.begin() as transaction:  # as if what is here had come under the first of them
        transaction.execute(sa.delete(retention_tables.led_cases))
    for data in (one, two, three):
        ledger = take_file(ledger, data, today=today())
    desk = desk.at(Home.load(desk.home.folder))
    assert not desk.home.station.lead and arrive(desk, stick, Reporter().report("sesudah"), day=today()).new == 1
    with desk.vault.begin() as transaction:
        found = transaction.scalars(sa.select(retention_tables.led_cases.c.case_id)).all()
    assert found == [1, 2], "what came under the third is a copy"
