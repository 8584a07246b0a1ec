"""The status machine, deadlines, and work on cases: nobody closes alone, nobody approves what is his own."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from conftest_station import Reporter, Stick, sit, weak, world  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st

from crypto import bundle
from crypto.bundle import FIRST_PREVIOUS, Taken
from crypto.encoding import date_of, today
from crypto.mailbox import STATUSES
from keys.roster import Role
from station import audit, casework, notes, retention, statements, working_days
from station.casework import Wish
from station.deadlines import NEVER, Deadline, Duty, Facts, deadline
from station.desk import Desk
from station.errors import BadSettings, Refused
from station.home import Home
from station.inbox import import_bundle
from station.outbox import make_outbox
from station.texts import OFFERED
from station.transitions import (
    CLOSED,
    EXTENDED,
    OPEN,
    PREVIOUS,
    TRANSITIONS,
    Needs,
    may_approve,
    transitions_from,
    who_may_approve,
)

ONE, TWO, THREE = "sumsel-1", "sumsel-2", "sumsel-3"
ROLES = {ONE: Role.VERIFIKATOR, TWO: Role.TELAAH, THREE: Role.INSPEKTUR}


@pytest.fixture
def reporter() -> Reporter:
    return Reporter()


BOTH = Needs.TEXT | Needs.NOTE


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reporter: Reporter, stick: Stick) -> Iterator[Desk]:
    monkeypatch.setattr(Home, "role_of", lambda _home, who: ROLES[who])
    with sit(world().copy_home("sumsel", tmp_path), ONE, TWO) as found:
        import_bundle(found, stick.write([world().letter_row(reporter.report())]))
        yield found


def take(desk: Desk, target: str, by: str, *, day: int | None = None, **more: str) -> bool:
    with desk.vault.begin() as transaction:
        return casework.take(transaction, desk.home, 1, Wish(target, by, **more), day=day or today())


def approve(desk: Desk, by: str) -> None:
    with desk.vault.begin() as transaction:
        casework.approve(transaction, desk.home, 1, by, day=today())


def status(desk: Desk) -> str:
    with desk.vault.begin() as transaction:
        return casework.facts_of(transaction, 1).status


def both(desk: Desk, target: str, by: str, other: str, **more: str) -> None:
    assert not take(desk, target, by, **more)
    approve(desk, other)


# --- the table ---------------------------------------------------------------------------------------


def test_the_table_reaches_every_status_and_leaves_every_status() -> None:
    targets = {each.target for each in TRANSITIONS}
    assert targets - {PREVIOUS, EXTENDED} == set(STATUSES) - {"received"}
    assert all(transitions_from(each) for each in STATUSES)
    assert all(each.sources <= set(STATUSES) for each in TRANSITIONS)


def test_nobody_closes_or_refers_a_case_alone_and_a_closing_names_its_outcome() -> None:
    for each in TRANSITIONS:
        if each.target in (*CLOSED, "referred"):
            assert each.approvers and each.details
            assert all(ONE not in who_may_approve(each, {ONE: role, TWO: role}, ONE) for role in Role)


def test_a_verifikator_never_decides() -> None:
    assert not any(may_approve(each, Role.VERIFIKATOR, other) for each in TRANSITIONS for other in Role)


def test_of_two_people_one_is_of_a_role_that_approves() -> None:
    for each in TRANSITIONS:
        for by, other in product(each.proposers, Role):
            if each.approvers and may_approve(each, other, by):
                assert {by, other} & each.approvers


def test_what_the_only_inspektur_proposes_a_telaah_may_approve(desk: Desk) -> None:
    take(desk, "screening", ONE)
    take(desk, "closed_not_actionable", THREE, detail="spam", text="Bukan laporan.")
    with pytest.raises(Refused, match="tidak berwenang"):
        approve(desk, ONE)
    approve(desk, TWO)
    assert status(desk) == "closed_not_actionable"


def test_an_extension_counts_the_deadline_anew_and_tells_the_reporter(desk: Desk) -> None:
    take(desk, "screening", ONE)
    take(desk, "review", ONE, text="Laporan Anda sedang ditelaah.")
    with pytest.raises(Refused, match="pesan untuk pelapor"):
        take(desk, EXTENDED, TWO, note="menunggu ahli")
    later = today() + 100

    def due() -> int:
        with desk.vault.begin() as transaction:
            found = deadline(casework.facts_of(transaction, 1), frozenset())
        assert found is not None and found.duty is Duty.REVIEW
        return found.day

    before = due()
    take(desk, EXTENDED, TWO, note="menunggu ahli", text="Kami memerlukan waktu lebih lama.", day=later)
    assert due() == before, "what waits for approval moves nothing"
    with desk.vault.begin() as transaction:
        casework.approve(transaction, desk.home, 1, THREE, day=later)
        step = casework.steps_of(transaction, 1)[-1]
    assert due() > later > before and status(desk) == "review"
    assert (step.source, step.target, step.detail, step.by, step.approved) == ("review", "review", EXTENDED, TWO, THREE)


def test_an_open_case_is_closed_by_the_table_or_not_at_all() -> None:
    assert set(OPEN) | set(CLOSED) == set(STATUSES)
    assert {source for each in TRANSITIONS if each.target in CLOSED for source in each.sources} <= set(OPEN)


# --- steps -------------------------------------------------------------------------------------------


def test_a_case_goes_its_whole_way_and_each_step_says_who_took_it(desk: Desk) -> None:
    take(desk, "screening", ONE)
    take(desk, "review", ONE)
    both(desk, "examination", TWO, THREE, note="ST 700/12")
    both(desk, "follow_up", TWO, THREE, note="LHP 9")
    both(desk, "closed_done", TWO, THREE, detail="terbukti", text="Terima kasih.")
    with desk.vault.begin() as transaction:
        found = casework.steps_of(transaction, 1)
    assert [(s.source, s.target, s.by, s.approved) for s in found] == [
        ("received", "screening", ONE, ""), ("screening", "review", ONE, ""), ("review", "examination", TWO, THREE),
        ("examination", "follow_up", TWO, THREE), ("follow_up", "closed_done", TWO, THREE),
    ]  # fmt: skip
    assert [s.note for s in found[2:4]] == ["ST 700/12", "LHP 9"] and found[-1].detail == "terbukti"
    assert status(desk) == "closed_done"


def test_what_waits_for_approval_changes_nothing_and_says_nothing_to_the_reporter(desk: Desk) -> None:
    take(desk, "screening", ONE)
    assert not take(desk, "closed_not_actionable", ONE, detail="duplikat", text="Sudah ada.")
    with desk.vault.begin() as transaction:
        assert casework.facts_of(transaction, 1).told == NEVER
        assert casework.waiting(transaction, 1) is not None
    assert status(desk) == "screening"
    with pytest.raises(Refused, match="sudah menunggu"):
        take(desk, "review", ONE)


@pytest.mark.parametrize(("by", "match"), [(ONE, "tidak dapat menyetujuinya sendiri"), (TWO, "tidak berwenang")])
def test_a_proposal_is_approved_by_another_person_of_a_role_that_may(desk: Desk, by: str, match: str) -> None:
    take(desk, "screening", ONE)
    take(desk, "closed_not_actionable", ONE, detail="spam", text="Bukan laporan.")
    with pytest.raises(Refused, match=match):
        approve(desk, by)
    assert status(desk) == "screening"
    approve(desk, THREE)
    assert status(desk) == "closed_not_actionable"


def test_an_inspektur_does_not_approve_what_is_his_own(desk: Desk) -> None:
    take(desk, "screening", ONE)
    take(desk, "closed_not_actionable", THREE, detail="spam", text="Bukan laporan.")
    with pytest.raises(Refused, match="sendiri"):
        approve(desk, THREE)


def test_a_proposal_that_is_refused_or_taken_back_stays_in_the_notes(desk: Desk) -> None:
    take(desk, "screening", ONE)
    for by, verb in ((THREE, "menolak"), (ONE, "menarik")):
        take(desk, "closed_not_actionable", ONE, detail="spam", text="Bukan laporan.")
        with desk.vault.begin() as transaction:
            with pytest.raises(Refused, match="alasannya"):
                casework.drop_proposal(transaction, desk.home, 1, by, " ", day=today())
            casework.drop_proposal(transaction, desk.home, 1, by, "belum jelas", day=today())
            assert casework.waiting(transaction, 1) is None
            assert notes.notes_of(transaction, 1)[-1].text.startswith(f"{verb} usulan {ONE}")
    with pytest.raises(Refused, match="tidak ada usulan"):
        approve(desk, THREE)


@pytest.mark.parametrize(
    ("target", "by", "more", "match"),
    [
        ("need_info", ONE, {}, "pesan untuk pelapor"),
        ("closed_not_actionable", ONE, {"detail": "spam"}, "pesan untuk pelapor"),
        ("closed_not_actionable", ONE, {"text": "x"}, "tidak ada untuk status"),
        ("closed_not_actionable", ONE, {"detail": "bosan", "text": "x"}, "tidak ada untuk status"),
        ("review", ONE, {"detail": "spam"}, "tidak ada untuk status"),
        ("closed_done", THREE, {"detail": "terbukti"}, "tidak ada untuk status"),
        ("referred", ONE, {"detail": "kpk", "note": "wewenang"}, "tidak berwenang"),
        ("referred", TWO, {"detail": "kpk"}, "isi dulu catatan"),
        ("need_info", ONE, {"text": "x" * 4001}, "4001 byte"),
    ],
)
def test_what_the_table_does_not_allow_changes_nothing(desk: Desk, target, by, more, match) -> None:
    take(desk, "screening", ONE)
    with pytest.raises(Refused, match=match):
        take(desk, target, by, **more)
    with desk.vault.begin() as transaction:
        assert len(casework.steps_of(transaction, 1)) == 1 and casework.waiting(transaction, 1) is None


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_question_that_only_says_that_there_is_one_is_none(desk: Desk, language: str) -> None:
    take(desk, "screening", ONE)
    offered = OFFERED[language]["need_info"]
    with pytest.raises(Refused, match="kalimat pembuka"):
        take(desk, "need_info", ONE, text=offered)
    take(desk, "need_info", ONE, text=f"{offered}Kapan itu?")


def test_nobody_says_too_little_who_was_never_asked(desk: Desk, stick: Stick, reporter: Reporter) -> None:
    take(desk, "screening", ONE)
    with pytest.raises(Refused, match="tanyakan dulu"):
        take(desk, "closed_not_actionable", ONE, **CLOSING)
    take(desk, "need_info", ONE, text="Kapan itu?")
    import_bundle(desk, stick.write([world().letter_row(reporter.follow_up("Tidak tahu."))]))
    assert not take(desk, "closed_not_actionable", ONE, **CLOSING), "an inspektur decides"


def test_a_letter_of_the_reporter_ends_the_wait_for_an_answer(desk: Desk, stick: Stick, reporter: Reporter) -> None:
    take(desk, "screening", ONE)
    take(desk, "review", ONE)
    take(desk, "need_info", ONE, text="Siapa saksinya?")
    assert status(desk) == "need_info"
    import_bundle(desk, stick.write([world().letter_row(reporter.follow_up("Pak Camat."))]))
    assert status(desk) == "review"
    with desk.vault.begin() as transaction:
        assert casework.steps_of(transaction, 1)[-1].by == casework.SYSTEM


CLOSING = {"detail": "info_tidak_cukup", "text": "Kami tidak dapat melanjutkan."}


def send(desk: Desk, folder: Path, *, day: int = 0) -> Taken:
    """Make an outbox so many days from now; return how a bundle names it."""
    with make_outbox(desk, folder, day=today() + day).open("rb") as source:
        made = bundle.read_manifest(source, bundle.OUTBOX)[0]
    return Taken(made.seq, made.hash)


def bring(desk: Desk, stick: Stick, taken: Taken, *, day: int) -> None:
    """Import a bundle that left the drop box so many days from now, when that was the last outbox it had taken."""
    import_bundle(desk, stick.write([], applied=taken, day=today() + day), day=today() + day)


def silent(desk: Desk, day: int) -> str:
    """Return why the case may not be closed for silence so many days from now, "" where it may; leave it open."""
    with desk.vault.connect() as connection, connection.begin() as transaction:
        try:
            wish = Wish("closed_not_actionable", ONE, **CLOSING)
            casework.take(connection, desk.home, 1, wish, day=today() + day)
        except Refused as error:
            return str(error)
        finally:
            transaction.rollback()
    return ""


def test_a_question_closes_a_case_only_sixty_days_after_the_drop_box_had_it(
    desk: Desk, stick: Stick, tmp_path: Path
) -> None:
    take(desk, "screening", ONE)
    take(desk, "need_info", ONE, text="Siapa saksinya?")
    assert "belum terbukti sampai" in silent(desk, 60), "it never left"
    lost, taken = send(desk, tmp_path), send(desk, tmp_path)
    bring(desk, stick, Taken(0, FIRST_PREVIOUS), day=61)
    assert "belum terbukti sampai" in silent(desk, 61), "nobody knows whether it arrived"
    bring(desk, stick, Taken(lost.seq, bytes(64)), day=61)
    assert "belum terbukti sampai" in silent(desk, 61), "an outbox of another vault"
    bring(desk, stick, taken, day=62)
    bring(desk, stick, taken, day=80)
    assert "masih punya 1 hari" in silent(desk, 62 + 59), "counted from the first bundle that says so"
    assert "masih di jalan" in silent(desk, 62 + 60), "no bundle of that day: an answer may wait at the box"
    bring(desk, stick, taken, day=62 + 59)
    assert "masih di jalan" in silent(desk, 62 + 60)
    bring(desk, stick, taken, day=62 + 60)
    assert silent(desk, 62 + 60) == ""
    assert not take(desk, "closed_not_actionable", ONE, day=today() + 62 + 60, **CLOSING)
    approve(desk, TWO)
    assert status(desk) == "closed_not_actionable"


def test_only_an_outbox_made_after_the_question_carried_it(desk: Desk, stick: Stick, tmp_path: Path) -> None:
    take(desk, "screening", ONE)
    early = send(desk, tmp_path)
    take(desk, "need_info", ONE, text="Siapa saksinya?")
    bring(desk, stick, early, day=0)
    bring(desk, stick, early, day=70)
    assert "belum terbukti sampai" in silent(desk, 70), "of the same day, but before it"
    first = send(desk, tmp_path)
    bring(desk, stick, first, day=70)
    bring(desk, stick, first, day=140)
    assert silent(desk, 140) == ""
    take(desk, PREVIOUS, ONE, note="tidak perlu lagi")
    take(desk, "need_info", ONE, text="Tahun berapa?")
    assert "belum terbukti sampai" in silent(desk, 140), "another question travels anew"


def test_the_list_says_whether_a_question_has_arrived(desk: Desk, stick: Stick, tmp_path: Path) -> None:
    take(desk, "screening", ONE)
    take(desk, "need_info", ONE, text="Siapa saksinya?")

    def due() -> Deadline | None:
        with desk.vault.begin() as transaction:
            assert casework.all_facts(transaction)[1] == casework.facts_of(transaction, 1)
            return deadline(casework.facts_of(transaction, 1), ())

    assert due() == Deadline(today() + 14, Duty.DELIVERY)
    bring(desk, stick, send(desk, tmp_path), day=5)
    assert due() == Deadline(today() + 65, Duty.ANSWER)


def test_a_conflict_of_interest_is_said_before_a_case_is_opened_and_stays(desk: Desk) -> None:
    with desk.vault.begin() as transaction:
        assert statements.stated(transaction, 1, (ONE, TWO)) == ((ONE, TWO), ())
        statements.state_conflict(transaction, desk.home, 1, ONE, conflict=False, day=today())
        statements.state_conflict(transaction, desk.home, 1, TWO, conflict=True, day=today())
        assert statements.stated(transaction, 1, (ONE, TWO)) == ((), (TWO,))
        with pytest.raises(Refused, match="sudah menyatakan"):
            statements.state_conflict(transaction, desk.home, 1, TWO, conflict=False, day=today())
        statements.state_conflict(transaction, desk.home, 1, ONE, conflict=True, day=today())
        assert statements.stated(transaction, 1, (ONE, TWO)) == ((), (ONE, TWO)), "one may be seen late"


def test_a_conflict_is_taken_back_by_two_of_whom_one_has_none_and_is_stated_anew(desk: Desk) -> None:
    with desk.vault.begin() as transaction:
        for who in (ONE, TWO):
            statements.state_conflict(transaction, desk.home, 1, who, conflict=True, day=today())
        for pair, why in (((TWO, TWO), "dua orang"), ((TWO, ONE), "benturan"), ((THREE, TWO), "tidak menyatakan")):
            with pytest.raises(Refused, match=why):
                statements.take_back(transaction, desk.home, 1, pair, day=today())
        assert statements.stated(transaction, 1, (ONE, TWO)) == ((), (ONE, TWO))
        statements.take_back(transaction, desk.home, 1, (TWO, THREE), day=today())
        assert statements.stated(transaction, 1, (ONE, TWO)) == ((TWO,), (ONE,))
        last = audit.entries(transaction)[-1]
        assert (last.who, last.deed, last.case, last.detail) == (f"{TWO}+{THREE}", "stated", 1, "taken back")


@pytest.mark.parametrize("conflict", [True, False], ids=["conflict", "control: none"])
def test_who_has_a_conflict_of_interest_decides_nothing_with_a_passphrase_alone(desk: Desk, conflict: bool) -> None:
    """Who approves, refuses or holds need not be present: the page's own check does not see that person."""
    take(desk, "screening", ONE)
    with desk.vault.begin() as transaction:
        statements.state_conflict(transaction, desk.home, 1, THREE, conflict=conflict, day=today())
    wish = Wish("closed_not_actionable", ONE, "duplikat", "Sudah ada.")

    def tried(work: Any, *rest: Any) -> bool:
        with desk.vault.connect() as connection, connection.begin() as transaction:
            try:
                if work is not casework.take:
                    casework.take(connection, desk.home, 1, wish, day=today())
                work(connection, desk.home, 1, *rest, day=today())
            except Refused as error:
                assert "benturan" in str(error)
                return False
            finally:
                transaction.rollback()
        return True

    for deed, rest in (
        (casework.approve, (THREE,)),
        (casework.drop_proposal, (THREE, "tidak perlu")),
        (casework.take, (replace(wish, by=THREE),)),
        (retention.hold, ((ONE, THREE), "perkara pengadilan")),
    ):
        assert tried(deed, *rest) is not conflict
    assert tried(casework.drop_proposal, ONE, "keliru"), "the proposer takes back what is his own"


def test_those_present_take_a_step_together_where_one_may_and_another_approves(desk: Desk) -> None:
    with desk.vault.begin() as transaction:
        wish = Wish("closed_not_actionable", "", "duplikat", "Sudah ada.")
        with pytest.raises(Refused, match=r"mengusulkan: .*; menyetujui: inspektur, orang lain"):
            casework.reply(transaction, desk.home, 1, (ONE, TWO), wish, day=today())
    with desk.vault.begin() as transaction:
        casework.reply(transaction, desk.home, 1, (ONE, THREE), wish, day=today())
        done = casework.steps_of(transaction, 1)[-1]
    assert (done.by, done.approved, done.target) == (ONE, THREE, "closed_not_actionable")


def test_notes_are_kept_in_order_and_never_empty(desk: Desk) -> None:
    with desk.vault.begin() as transaction:
        for text in ("satu", "dua"):
            notes.add_note(transaction, desk.home, 1, ONE, text, day=today())
        with pytest.raises(Refused, match="catatan"):
            notes.add_note(transaction, desk.home, 1, ONE, " \n", day=today())
        assert [note.text for note in notes.notes_of(transaction, 1)] == ["satu", "dua"]


# --- days --------------------------------------------------------------------------------------------

MONDAY = next(day for day in range(300, 320) if date_of(day).weekday() == 0)


def test_working_days_pass_over_weekends_and_holidays() -> None:
    assert working_days.add_working_days(MONDAY, 5, ()) == MONDAY + 7
    assert working_days.add_working_days(MONDAY, 5, {MONDAY + 1}) == MONDAY + 8
    assert working_days.count_working_days(MONDAY, MONDAY + 7, ()) == 5
    assert working_days.count_working_days(MONDAY + 7, MONDAY, ()) == 0
    counted = [working_days.count_working_days(MONDAY, MONDAY + 7, {day}) for day in (MONDAY, MONDAY + 1, MONDAY + 7)]
    assert counted == [5, 4, 4], "the last day counts, the first does not: so do holidays on them"


@given(st.integers(0, 5_000), st.integers(0, 90), st.sets(st.integers(0, 5_200), max_size=60))
def test_counting_undoes_adding(day: int, count: int, holidays: set[int]) -> None:
    until = working_days.add_working_days(day, count, holidays)
    assert working_days.count_working_days(day, until, holidays) == count


def test_the_shipped_holidays_are_dates_and_a_unit_may_have_its_own(tmp_path: Path) -> None:
    shipped = {date_of(day).isoformat() for day in working_days.load_holidays(tmp_path)}
    assert {"2026-08-17", "2026-12-25", "2027-01-01"} <= shipped
    (tmp_path / "libur.txt").write_text("# kami\n2026-12-01 Hari jadi\n\n")
    assert {date_of(day).isoformat() for day in working_days.load_holidays(tmp_path)} == {"2026-12-01"}
    (tmp_path / "libur.txt").write_text("# kami\n2026-13-01 Hari jadi\n")
    with pytest.raises(BadSettings, match="baris 2"):
        working_days.load_holidays(tmp_path)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (Facts("received", MONDAY, MONDAY), Deadline(MONDAY + 3, Duty.READ)),
        (Facts("screening", MONDAY, MONDAY + 1), Deadline(MONDAY + 7, Duty.SCREEN)),
        (Facts("need_info", MONDAY, MONDAY + 2, MONDAY + 2), Deadline(MONDAY + 16, Duty.DELIVERY)),
        (Facts("need_info", MONDAY, MONDAY + 2, MONDAY + 2, NEVER, MONDAY + 9), Deadline(MONDAY + 69, Duty.ANSWER)),
        (Facts("review", MONDAY, MONDAY + 2), Deadline(MONDAY + 42, Duty.FEEDBACK)),
        (Facts("review", MONDAY, MONDAY, MONDAY + 9), Deadline(MONDAY + 84, Duty.REVIEW)),
        (Facts("follow_up", MONDAY, MONDAY + 50, MONDAY + 50), Deadline(MONDAY + 110, Duty.NEWS)),
        (Facts("referred", MONDAY, MONDAY + 5, MONDAY + 5), Deadline(MONDAY + 90, Duty.NEWS)),
        (Facts("closed_done", MONDAY, MONDAY + 5, MONDAY + 5, MONDAY + 4), None),
        (Facts("closed_done", MONDAY, MONDAY + 5, MONDAY + 5, MONDAY + 7), Deadline(MONDAY + 21, Duty.OBJECTION)),
    ],
)
def test_each_status_has_its_deadline(facts: Facts, wanted: Deadline | None) -> None:
    assert deadline(facts, ()) == wanted


def test_only_what_the_inspectorate_owes_is_overdue() -> None:
    assert Deadline(MONDAY, Duty.READ).overdue(MONDAY, ()) == 0
    assert Deadline(MONDAY, Duty.READ).overdue(MONDAY + 8, ()) == 6
    assert not any(Deadline(MONDAY, duty).overdue(MONDAY + 8, ()) for duty in (Duty.ANSWER, Duty.DELIVERY))


def test_needs_are_named_once() -> None:
    assert {Needs.NOTHING, Needs.TEXT, Needs.NOTE, BOTH} == {each.needs for each in TRANSITIONS}


def test_the_page_on_statuses_is_the_table() -> None:
    text = (Path(__file__).parents[1] / "docs" / "statuses.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines() if "|" in line][2:]
    rows = rows[: len(TRANSITIONS)]
    for (source, target, by, approved, named, written), each in zip(rows, TRANSITIONS, strict=True):
        assert {word.strip("`") for word in source.removesuffix(", after 60 days").split(", ")} == each.sources
        named_otherwise = {PREVIOUS: "the status before", EXTENDED: "the same, its deadline counted anew"}
        assert target.strip("`") == named_otherwise.get(each.target, each.target)
        assert ("60 days" in source) == bool(each.silence_days)
        everybody = set(Role)
        assert (everybody if by.startswith("anybody") else {Role(w) for w in by.split(", ")}) == each.proposers
        assert (set() if approved == "-" else {Role(w) for w in approved.split(", ")}) == each.approvers
        assert (named == "-") == (not each.details)
        wanted = Needs.NOTHING if written == "-" else Needs.NOTE if written.startswith("a note") else Needs.TEXT
        wanted = BOTH if written == "a text, a note" else wanted
        assert wanted == each.needs


@given(st.integers(-400, 800), st.integers(-20, 400), st.frozensets(st.integers(-400, 1200), max_size=60))
def test_working_days_are_counted_as_one_would_on_a_calendar(since: int, span: int, holidays: frozenset[int]) -> None:
    days = [date_of(day).weekday() < 5 and day not in holidays for day in range(since + 1, since + span + 1)]
    assert working_days.count_working_days(since, since + span, holidays) == sum(days)
