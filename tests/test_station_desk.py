"""The case desk in a real browser: opened by a quorum, worked at, closed by itself; and who is kept out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from browsers import axe_source, violations
from conftest_station import Reporter, Stick, attach, reply, sit, weak, world  # noqa: F401
from desk_pictures import PAGES, WIDTHS
from live import ROOT
from pictures import DESK
from serving import served

from crypto.encoding import today
from crypto.letter import build_letter
from station import casework, notes, referral, tables
from station.attachments import expect_files
from station.inbox import import_bundle
from station.listing import Wanted, entries, named
from station.outbox import make_outbox
from station.referral_tables import referrals
from station.retention_tables import warnings
from station.session import IDLE_SECONDS, LOCKED_SECONDS, Clocks, Session, State
from station.statements import state_conflict, stated
from station.web import create_desk

ONE, TWO, THREE = "sumsel-1", "sumsel-2", "sumsel-3"
TEXT = "Kepala dinas meminta sepuluh persen dari setiap kontrak jalan di Kecamatan Ilir."


@dataclass
class Hands:
    """Clocks and a network that a test turns by hand."""

    awake: float = 0.0
    asleep: float = 0.0
    calendar: float = 0.0
    reasons: tuple[str, ...] = ()
    clocks: Clocks = field(init=False)

    def __post_init__(self) -> None:
        self.clocks = Clocks(lambda: self.awake, lambda: self.awake + self.asleep, lambda: self.awake + self.calendar)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def reporters() -> list[Reporter]:
    return [Reporter(), Reporter(), Reporter(["palembang", "sumsel"])]


@pytest.fixture
def home(tmp_path: Path, reporters: list[Reporter]) -> Path:
    folder, stick = world().copy_home("sumsel", tmp_path), Stick(tmp_path / "stick")
    one, two, three = reporters
    asked = {"uraian": TEXT, "wilayah": "sumsel", "kategori": "suap", "nilai": "50-200jt", "instansi": "Dinas PU"}
    letters = [
        one.report(fields=asked, files=[attach(b"isi")]),
        two.report(fields=asked | {"uraian": "<script>alert(1)</script> beras bantuan hilang", "kategori": "aset"}),
        three.report("Dana desa dipakai sendiri."),
    ]
    with sit(folder, ONE, TWO) as desk:
        import_bundle(desk, stick.write([world().letter_row(letter) for letter in letters]))
    return folder


@pytest.fixture
def session(home: Path, hands: Hands) -> Session:
    return Session(home, clocks=hands.clocks, look=lambda: hands.reasons)


@pytest.fixture
def address(session: Session) -> Iterator[str]:
    with served(session) as found:
        yield found


@pytest.fixture
def page(address: str, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def enter(page: Any, who: str, words: str | None = None) -> None:
    page.select_option("#penelaah", who)
    page.fill("#frasa", words or world().passphrases[who])
    page.click('button:text-is("Hadir")')


def open_desk(page: Any, address: str) -> None:
    page.goto(address)
    enter(page, ONE)
    enter(page, TWO)
    page.wait_for_url("**/perkara")


def open_case(page: Any, address: str, name: str = "K-0001") -> None:
    page.goto(f"{address}/perkara/{name}")
    for who in (ONE, TWO):
        page.check(f'input[name="benturan-{who}"][value="tidak"]')
    page.click('button:text-is("Nyatakan")')


def step(page: Any, summary: str, **fields: str) -> None:
    """Fill the form of a step and send it."""
    box = page.locator("section > details", has=page.locator(f'summary:text-is("{summary}")'))
    if box.get_attribute("open") is None:
        box.locator("summary").first.click()
    for name, text in fields.items():
        field = box.locator(f'[name="{name}"]')
        field.select_option(text) if name in ("oleh", "hasil") else field.fill(text)
    box.locator("button:not([formaction])").click()


def check(page: Any) -> None:
    page.evaluate(axe_source())
    assert violations(page) == []


pytestmark = pytest.mark.browser


def test_two_people_open_the_desk_and_work_on_a_case_to_its_answer(page: Any, address: str, session: Session) -> None:
    page.goto(address)
    check(page)
    enter(page, ONE, "salah sekali")
    assert "tidak cocok" in page.inner_text("main") and session.state is State.CLOSED
    enter(page, ONE)
    assert "Kurang 1 orang" in page.inner_text("main") and session.state is State.CLOSED
    enter(page, TWO)
    page.wait_for_url("**/perkara")
    assert page.locator("tbody tr").count() == 3 and "dijawab unit lain" in page.inner_text("main")
    check(page)
    page.click("text=K-0001")
    assert TEXT not in page.inner_text("main"), "not before the statements"
    check(page)
    open_case(page, address)
    assert TEXT in page.inner_text("main") and "Verifikasi awal" in page.inner_text("main")
    check(page)
    page.fill("#pesan", "Kapan itu terjadi?")
    page.click('button:text-is("Simpan untuk dikirim")')
    assert "Kapan itu terjadi?" in page.inner_text('section[aria-label="Laporan"]')
    step(page, "Penelaahan")
    assert "Penelaahan" in page.inner_text(".card")
    step(page, "Menunggu jawaban pelapor", pesan="")
    assert "tulis dulu pesan" in page.inner_text('[role="alert"]')
    step(page, "Menunggu jawaban pelapor", pesan="Siapa saksinya?")
    assert "Menunggu jawaban pelapor" in page.inner_text(".card")


def test_a_closing_waits_for_another_person_with_a_passphrase_of_his_own(
    page: Any, address: str, session: Session
) -> None:
    open_desk(page, address)
    open_case(page, address)
    label = "Ditutup: tidak dapat ditindaklanjuti"
    wish = {"oleh": ONE, "hasil": "duplikat", "pesan": "Sama dengan yang lain."}
    step(page, label, frasa=world().passphrases[TWO], **wish)
    assert "tidak cocok" in page.inner_text('[role="alert"]')
    assert page.locator("details[open] textarea").first.input_value() == "Sama dengan yang lain.", "it is kept"
    page.goto(page.url.removesuffix("/langkah"))
    step(page, label, frasa=world().passphrases[ONE], **wish)
    assert "Usulan menunggu" in page.inner_text("main")
    check(page)

    def judge(who: str, words: str) -> None:
        page.select_option("#penilai", who)
        page.fill("#frasa-penilai", words)
        page.click('button:text-is("Setujui")')

    judge(ONE, world().passphrases[ONE])
    assert "tidak dapat menyetujuinya sendiri" in page.inner_text('[role="alert"]')
    judge(THREE, world().passphrases[ONE])
    assert "tidak cocok" in page.inner_text('[role="alert"]')
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert casework.facts_of(transaction, 1).status == "screening"
    judge(THREE, world().passphrases[THREE])
    assert f"{THREE} belum menyatakan" in page.inner_text('[role="alert"]'), "who was not present when it was opened"
    page.check('[name="bebas"]')
    judge(THREE, world().passphrases[THREE])
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert stated(transaction, 1, (THREE,)) == ((), ())
    assert "Ditutup: tidak dapat ditindaklanjuti" in page.inner_text(".card")
    assert f"oleh {ONE}, disetujui {THREE}" in page.inner_text("main")


def test_a_reviewer_with_a_conflict_of_interest_does_not_see_the_case(page: Any, address: str) -> None:
    open_desk(page, address)
    page.goto(f"{address}/perkara/K-0001")
    page.check(f'input[name="benturan-{ONE}"][value="tidak"]')
    assert not page.is_visible(f"#frasa-{ONE}")
    page.check(f'input[name="benturan-{TWO}"][value="ya"]')
    check(page)
    page.click('button:text-is("Nyatakan")')
    assert f"frasa sandi {TWO}" in page.inner_text('[role="alert"]') and page.is_visible(f"#frasa-{TWO}")
    page.fill(f"#frasa-{TWO}", world().passphrases[TWO])
    page.click('button:text-is("Nyatakan")')
    assert "menyatakan punya benturan" in page.inner_text("main") and TEXT not in page.content()
    page.goto(f"{address}/perkara/K-0001")
    assert TEXT not in page.content()


def test_a_conflict_stated_by_mistake_is_taken_back_by_two_people(page: Any, address: str, session: Session) -> None:
    open_desk(page, address)
    with session.desk() as desk, desk.vault.begin() as transaction:
        state_conflict(transaction, desk.home, 1, ONE, conflict=False, day=today())
        state_conflict(transaction, desk.home, 1, TWO, conflict=True, day=today())
    page.goto(f"{address}/perkara/K-0001")
    page.click('summary:text-is("Pernyataan itu keliru")')
    assert page.locator("#oleh-tarik option").all_inner_texts() == [f"{TWO}, tim telaah"]
    assert page.locator("#bersama option").all_inner_texts() == [f"{ONE}, verifikator", f"{THREE}, inspektur"]
    check(page)

    def take_back(words: str) -> None:
        page.select_option("#bersama", ONE)
        page.fill("#frasa-tarik", words)
        page.fill("#frasa-kedua", world().passphrases[ONE])
        with page.expect_navigation():
            page.click('button:text-is("Tarik pernyataan")')

    take_back(world().passphrases[ONE])
    assert "tidak cocok" in page.inner_text("main") and page.is_visible("#frasa-tarik")
    take_back(world().passphrases[TWO])
    assert page.locator("fieldset legend").all_inner_texts() == [TWO], "who states it anew"
    page.check(f'input[name="benturan-{TWO}"][value="tidak"]')
    page.click('button:text-is("Nyatakan")')
    assert TEXT in page.inner_text("main")


def test_who_has_a_conflict_is_not_shown_whom_a_report_accuses_while_others_have_yet_to_state(
    client: Any, session: Session
) -> None:
    assert "Dinas PU" in client.get("/perkara/K-0001", **HERE).text
    with session.desk() as desk, desk.vault.begin() as transaction:
        state_conflict(transaction, desk.home, 1, TWO, conflict=True, day=today())
    assert "Dinas PU" not in client.get("/perkara/K-0001", **HERE).text


def test_cases_are_found_by_words_and_filters(page: Any, address: str) -> None:
    open_desk(page, address)
    for query, wanted in (
        ("cari=kontrak+jal", ["K-0001"]), ("cari=BERAS", ["K-0002"]), ("cari=nihil", []), ("kategori=aset", ["K-0002"]),
        ("berkas=on", ["K-0001"]), ("status=received", ["K-0001", "K-0002", "K-0003"]), ("lewat=on", []),
        ("unit=lahat", []), ('cari="%27)+OR+1', []), ("cari=k-0003", ["K-0003"]), ("cari=0003", ["K-0003"]),
        ("cari=K-0009", []), ("cari=RJK-00000000", []),
    ):  # fmt: skip
        page.goto(f"{address}/perkara?{query}")
        assert page.locator("tbody a").all_inner_texts() == wanted, query
    assert "Lihat semua" in page.inner_text("main")


def test_a_case_is_found_by_the_name_of_its_mailbox_and_of_its_referral(home: Path) -> None:
    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.cases).where(tables.cases.c.id == 3).values(mailbox_name="mikro cerobong"))
        transaction.execute(
            sa.insert(referrals).values(case_id=1, recipient="kpk", sealed=1, reference=b"\x0a\x1b\x2c\x3d" + bytes(12))
        )
        for words, wanted in (
            (" Mikro  CEROBONG ", {3}), ("mikro", set()), ("RJK-0A1B2C3D", {1}),
            ("rjk-0a1b2c", set()), ("7", set()),
        ):  # fmt: skip
            assert named(transaction, words) == wanted, words


@pytest.mark.parametrize("later", [0, 5], ids=["on the day of the report", "days later"])
def test_a_letter_that_nobody_has_answered_is_marked_until_somebody_does(home: Path, later: int) -> None:
    holidays: frozenset[int] = frozenset()
    day = today() + later

    def marked() -> list[tuple[int, int]]:
        found = entries(transaction, desk.home, Wanted(), today=day, holidays=holidays)
        return [(each.id, each.wrote) for each in found if each.wrote]

    def say(sender: str, text: str, when: int = day) -> None:
        transaction.execute(sa.insert(tables.messages).values(case_id=1, day=when, sender=sender, text=text))

    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction, patch("station.search.take_in"):
        say("sumsel", "Kapan?")
        assert marked() == []
        letter = {"case_id": 1, "object_id": b"o" * 16, "content": b"c" * 32, "raw": b"{}", "arrived": day, "told": 0}
        transaction.execute(sa.insert(tables.letters).values(letter))
        say(tables.REPORTER, "Kemarin.")
        assert marked() == [(1, day)]
        say("sumsel", "Terima kasih.", day - 1)  # the drop box's clock runs ahead of this one
        assert marked() == []
        say(tables.REPORTER, "Satu lagi.")
        assert marked() == [(1, day)]
        transaction.execute(sa.update(tables.cases).where(tables.cases.c.id == 1).values(status="closed_done"))
        assert marked() == []


def test_what_another_unit_passed_on_with_a_case_is_no_new_letter(home: Path) -> None:
    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        said = {"case_id": 1, "day": today(), "sender": tables.REPORTER, "text": "Dari unit asal."}
        transaction.execute(sa.insert(tables.messages).values(said))
        found = entries(transaction, desk.home, Wanted(), today=today(), holidays=frozenset())
        assert [each.id for each in found if each.wrote] == []


def test_letters_without_an_answer_are_found_without_a_query_for_each_case(home: Path) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
        asked.append(statement)

    def queries(cases: int) -> int:
        day = today() + 1
        letter = {"content": b"c" * 32, "raw": b"{}", "arrived": day, "told": 0}
        rows = [letter | {"case_id": n + 1, "object_id": bytes([n]) * 16} for n in range(cases)]
        transaction.execute(sa.insert(tables.letters), rows)
        who = ("sumsel", tables.REPORTER)
        said = [{"case_id": n + 1, "day": day, "sender": each, "text": "x"} for n in range(cases) for each in who]
        transaction.execute(sa.insert(tables.messages), said)
        asked.clear()
        entries(transaction, desk.home, Wanted(), today=today(), holidays=frozenset())
        return len(asked)

    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction, patch("station.search.take_in"):
        sa.event.listen(desk.vault, "before_cursor_execute", note)
        assert queries(1) == queries(3)


def test_a_long_list_comes_in_pages_that_keep_the_filter(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.pages.inbox.PAGE", 2)
    first = client.get("/perkara?status=received", **HERE).text
    assert "3 perkara" in first and "K-0003" not in first and "Sebelumnya" not in first
    assert 'href="/perkara?status=received&amp;mulai=2"' in first
    second = client.get("/perkara?status=received&mulai=2", **HERE).text
    assert "K-0003" in second and "K-0001" not in second and "Berikutnya" not in second
    for odd in ("-5", "x", "99"):
        assert client.get(f"/perkara?mulai={odd}", **HERE).status_code == 200


def test_the_words_of_a_report_are_text_and_never_a_page(page: Any, address: str) -> None:
    open_desk(page, address)
    alarms: list[str] = []
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    open_case(page, address, "K-0002")
    assert "<script>alert(1)</script>" in page.inner_text("main") and not alarms


def test_a_form_that_was_sent_says_so_and_is_not_sent_twice(page: Any, address: str) -> None:
    open_desk(page, address)
    page.goto(f"{address}/kurir")
    page.fill("#stik", "/media/stik")
    twice = """() => {
        const button = document.querySelector('main form button'), stopped = []
        addEventListener('submit', event => stopped.push(event.defaultPrevented))
        button.click(); button.click()
        return [button.textContent, ...stopped]
    }"""
    with page.expect_navigation():
        assert page.evaluate(twice) == ["Sebentar…", False, True]
    assert page.inner_text("main form button") == "Ambil dan taruh"


def test_the_stick_is_exchanged_at_the_desk(page: Any, address: str, tmp_path: Path) -> None:
    open_desk(page, address)
    page.goto(f"{address}/kurir")
    check(page)
    page.fill("#stik", str(tmp_path / "none"))
    page.click('button:text-is("Ambil dan taruh")')
    assert "tidak ada" in page.inner_text('[role="alert"]')
    (tmp_path / "usb").mkdir()
    page.fill("#stik", str(tmp_path / "usb"))
    page.click('button:text-is("Ambil dan taruh")')
    assert "ditaruh: outbox-sumsel-00000001.senyap" in page.inner_text('[role="status"]')
    assert (tmp_path / "usb" / "outbox-sumsel-00000001.senyap").is_file()


# --- closing -----------------------------------------------------------------------------------------


def test_ten_idle_minutes_lock_the_desk_and_one_of_those_present_lifts_it(
    page: Any, address: str, session: Session, hands: Hands
) -> None:
    open_desk(page, address)
    open_case(page, address)
    hands.awake += IDLE_SECONDS + 1
    page.goto(f"{address}/perkara/K-0001")
    assert session.state is State.IDLE and TEXT not in page.content() and "Meja terkunci" in page.inner_text("main")
    assert page.locator("#penelaah option").all_inner_texts() == [ONE, TWO]
    check(page)
    enter(page, TWO)
    page.wait_for_url("**/perkara")
    assert session.state is State.OPEN


def test_somebody_who_was_not_present_lifts_no_lock(session: Session, hands: Hands) -> None:
    for who in (ONE, TWO):
        browser = session.enter(who, world().passphrases[who])
    hands.awake += IDLE_SECONDS + 1
    assert session.state is State.IDLE
    with pytest.raises(Exception, match="hanya yang hadir"):
        session.enter(THREE, world().passphrases[THREE])
    assert session.state is State.IDLE
    assert session.enter(ONE, world().passphrases[ONE]) != browser and not session.knows(browser)


@pytest.mark.parametrize(
    ("clock", "after", "wanted"),
    [
        ("awake", LOCKED_SECONDS - 1, State.IDLE),
        ("awake", LOCKED_SECONDS + 1, State.CLOSED),
        ("calendar", LOCKED_SECONDS + 1, State.CLOSED),
        ("calendar", -9 * LOCKED_SECONDS, State.IDLE),
    ],
    ids=["control: within the hour", "an hour", "an hour of the day alone", "a day set back"],
)
def test_an_idle_lock_is_lifted_within_an_hour_and_then_all_must_come_again(
    session: Session, hands: Hands, clock: str, after: float, wanted: State
) -> None:
    """Else one of those present comes back at night and is the quorum alone."""
    for who in (ONE, TWO):
        session.enter(who, world().passphrases[who])
    hands.awake += IDLE_SECONDS + 0.5
    assert session.state is State.IDLE
    setattr(hands, clock, getattr(hands, clock) + after)
    session.look()  # as the watcher does: nobody needs to ask for a page
    kept = session._open is not None
    assert session.state is wanted and kept is (wanted is State.IDLE)
    session.enter(TWO, world().passphrases[TWO])
    assert session.state is (State.OPEN if kept else State.CLOSED) and ("satu jam" in session.why) is not kept


def test_a_calendar_that_is_set_while_people_work_closes_nothing(session: Session, hands: Hands) -> None:
    for who in (ONE, TWO):
        session.enter(who, world().passphrases[who])
    hands.calendar += 100 * LOCKED_SECONDS
    assert session.state is State.OPEN


@pytest.mark.parametrize("what", ["network", "sleep", "people"])
def test_a_network_a_sleep_or_people_close_it_for_good(session: Session, hands: Hands, what: str) -> None:
    for who in (ONE, TWO):
        session.enter(who, world().passphrases[who])
    session.look()
    assert session.state is State.OPEN
    if what == "network":
        hands.reasons = ("eth0 tersambung",)
        session.look()
    elif what == "sleep":
        hands.asleep += 60
    else:
        session.close()
    assert session.state is State.CLOSED and session.present == ()
    with pytest.raises(Exception, match="terkunci"), session.desk():
        pass
    if what == "network":
        assert "eth0" in session.why
        with pytest.raises(Exception, match="eth0"):
            session.enter(ONE, world().passphrases[ONE])


def test_no_passphrase_stays_when_the_desk_is_open(session: Session) -> None:
    session.enter(ONE, world().passphrases[ONE])
    assert world().passphrases[ONE] in session._given.values()
    session.enter(TWO, world().passphrases[TWO])
    assert not session._given


def test_a_passphrase_that_waits_for_others_is_forgotten_after_ten_minutes(session: Session, hands: Hands) -> None:
    session.enter(ONE, world().passphrases[ONE])
    hands.awake += IDLE_SECONDS - 1
    assert session.state is State.CLOSED and session.present == (ONE,)
    hands.awake += 2
    assert session.state is State.CLOSED and session.present == () and not session._given
    assert session.enter(TWO, world().passphrases[TWO]) == "", "it begins again"


@pytest.fixture
def strict(address: str, browser: Any) -> Iterator[Any]:
    """A page whose policy holds, with a clock that a test turns by hand, at a case with a note half written."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.clock.install()
    open_desk(page, address)
    open_case(page, address)
    with page.expect_response("**/hadir"):  # answered, before a test lets time pass
        page.fill("#catatan", "Baru separuh")
    yield page
    context.close()


def jump(page: Any, hands: Hands, seconds: float) -> None:
    """Let time pass for the desk and then for the page."""
    hands.awake += seconds
    page.clock.fast_forward(int(seconds * 1000))


def test_a_page_leaves_when_the_desk_has_locked_and_not_while_another_tab_is_in_use(
    strict: Any, address: str, session: Session, hands: Hands
) -> None:
    jump(strict, hands, IDLE_SECONDS - 60)
    other = strict.context.new_page()
    other.goto(f"{address}/perkara")
    with strict.expect_response("**/hadir") as answer:
        jump(strict, hands, 70)
    assert answer.value.status == 200 and session.left == IDLE_SECONDS - 70, "asking is no activity"
    assert strict.input_value("#catatan") == "Baru separuh" and "/perkara/K-0001" in strict.url
    jump(strict, hands, IDLE_SECONDS - 60)
    strict.wait_for_url("**/buka")
    assert session.state is State.IDLE and TEXT not in strict.content()


def test_typing_keeps_the_desk_open_and_says_so_once_a_minute(strict: Any, session: Session, hands: Hands) -> None:
    asked: list[str] = []
    strict.on("request", lambda request: asked.append(request.method) if request.url.endswith("/hadir") else None)
    for _ in range(3):
        jump(strict, hands, IDLE_SECONDS - 100)
        with strict.expect_response("**/hadir") as answer:
            strict.press("#catatan", "x")
        assert answer.value.status == 200 and session.left == IDLE_SECONDS
        strict.press("#catatan", "y")
    assert asked == ["POST"] * 3 and session.state is State.OPEN
    assert strict.input_value("#catatan").count("xy") == 3
    jump(strict, hands, IDLE_SECONDS + 2)
    strict.wait_for_url("**/buka")


def test_a_page_that_gets_no_answer_leaves(strict: Any) -> None:
    strict.route("**/hadir", lambda route: route.abort())
    strict.clock.fast_forward(int(IDLE_SECONDS + 2) * 1000)
    strict.wait_for_url("**/perkara")
    assert TEXT not in strict.content()


def test_a_page_may_ask_one_address_and_no_other(strict: Any, address: str) -> None:
    reach = "at => fetch(at).then(() => true, () => false)"
    assert [strict.evaluate(reach, at) for at in ("/hadir", "/perkara", "/hadir/x", "http://127.0.0.1:9/hadir")] == [
        True, False, False, False,
    ]  # fmt: skip


def test_the_desk_is_taken_along_to_another_browser(page: Any, address: str) -> None:
    """Its own script must not lead away from the door while somebody types there."""
    open_desk(page, address)
    other = page.context.browser.new_context().new_page()
    other.goto(address)
    assert "terbuka di jendela lain" in other.inner_text("main")
    enter(other, TWO)
    other.wait_for_url("**/perkara")
    assert "K-0001" in other.inner_text("main")
    page.goto(f"{address}/perkara")
    assert page.url == f"{address}/buka"
    other.context.close()


def test_two_desks_of_one_machine_do_not_shut_each_other(page: Any, address: str, tmp_path: Path) -> None:
    """A cookie is sent to every port of a name: reviewers who practise have both desks in one browser."""
    other = Session(world().copy_home("sumsel", tmp_path / "other"), look=lambda: ())
    with served(other) as there:
        for desk in (address, there):
            open_desk(page, desk)
        for desk in (address, there, address):
            page.goto(f"{desk}/perkara")
            assert page.url == f"{desk}/perkara", "the door would be shown in its place"
        page.click('button:text-is("Kunci")')
        page.goto(f"{there}/perkara")
        assert page.url == f"{there}/perkara"


# --- who is kept out ---------------------------------------------------------------------------------


@pytest.fixture
def client(session: Session) -> Any:
    app = create_desk(session, 8090)
    for who in (ONE, TWO):
        browser = session.enter(who, world().passphrases[who])
    client = app.test_client()
    client.set_cookie("meja-8090", browser, domain="127.0.0.1")
    yield client
    session.close()


HERE = {"base_url": "http://127.0.0.1:8090"}
OURS = {"Origin": "http://127.0.0.1:8090"}


def test_the_browser_that_opened_it_gets_the_list(client: Any) -> None:
    answer = client.get("/perkara", **HERE)
    assert answer.status_code == 200 and "K-0001" in answer.text
    assert (
        answer.headers["Cache-Control"] == "no-store"
        and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("path", ["/perkara", "/perkara/K-0001", "/kurir"])
def test_another_browser_gets_the_door(client: Any, path: str) -> None:
    for cookie in ("", "guess"):
        client.set_cookie("meja-8090", cookie, domain="127.0.0.1")
        answer = client.get(path, **HERE)
        assert answer.status_code == 302 and answer.headers["Location"] == "/buka"


def test_the_door_tells_another_browser_nothing_of_the_opening(client: Any, session: Session) -> None:
    own = client.get("/perkara", **HERE).text
    assert session.forms in own and "<script>" in own and "/kurir" in own, "control"
    for cookie in ("", "guess"):
        client.set_cookie("meja-8090", cookie, domain="127.0.0.1")
        for answer in (client.get("/buka", **HERE), client.post("/buka", **HERE)):  # the door, and a refusal
            assert session.forms not in answer.text and "<script>" not in answer.text and "/kurir" not in answer.text


def test_another_name_for_this_machine_gets_nothing(client: Any) -> None:
    for name in ("http://evil.example:8090", "http://127.0.0.1", "http://127.0.0.1:8091"):
        assert client.get("/perkara", base_url=name).status_code == 400


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_a_form_of_another_page_changes_nothing(client: Any, session: Session, headers: dict[str, str]) -> None:
    data = {"tanda": session.forms, "catatan": "x", "oleh": ONE}
    assert client.post("/perkara/K-0001/catatan", data=data, headers=headers, **HERE).status_code == 400
    assert client.post("/kunci", data=data, headers=headers, **HERE).status_code == 400
    assert session.state is State.OPEN


def test_a_form_without_the_sign_of_this_opening_changes_nothing(client: Any, session: Session) -> None:
    for sign in ("", "guess"):
        answer = client.post("/kunci", data={"tanda": sign}, headers=OURS, **HERE)
        assert answer.status_code == 400 and session.state is State.OPEN
    answer = client.post("/kunci", data={"tanda": session.forms}, headers=OURS, **HERE)
    assert answer.status_code == 302 and session.state is State.CLOSED


def test_only_the_browser_that_opened_it_says_that_somebody_is_here(
    client: Any, session: Session, hands: Hands
) -> None:
    hands.awake += 100
    assert client.get("/hadir", **HERE).text == "500" and session.left == 500.0
    assert client.post("/hadir", data={"tanda": "guess"}, headers=OURS, **HERE).status_code == 400
    assert client.post("/hadir", data={"tanda": session.forms}, **HERE).status_code == 400
    assert session.left == 500.0
    assert client.post("/hadir", data={"tanda": session.forms}, headers=OURS, **HERE).text == "600"
    client.set_cookie("meja-8090", "guess", domain="127.0.0.1")
    assert client.get("/hadir", **HERE).status_code == 302


def test_a_case_is_not_worked_on_before_the_statements(client: Any, session: Session) -> None:
    data = {"tanda": session.forms, "catatan": "x", "oleh": ONE, "pesan": "x", "langkah": "screening"}
    for verb in ("catatan", "jawab", "langkah"):
        client.post(f"/perkara/K-0001/{verb}", data=data, headers=OURS, **HERE)
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert not casework.steps_of(transaction, 1) and not notes.notes_of(transaction, 1)


def shown(client: Any, session: Session, name: str = "K-0001") -> str:
    """Return the page of a case with which nobody present has a conflict."""
    data = {"tanda": session.forms, f"benturan-{ONE}": "tidak", f"benturan-{TWO}": "tidak"}
    client.post(f"/perkara/{name}/benturan", data=data, headers=OURS, **HERE)
    return client.get(f"/perkara/{name}", **HERE).text


def test_a_page_calls_units_and_places_by_their_names(client: Any, session: Session) -> None:
    with session.desk() as desk, desk.vault.begin() as transaction:
        reply(transaction, desk, "", "Kapan kira-kira?")
    page, unit = shown(client, session), "Inspektorat Provinsi Sumatera Selatan"
    assert f"dapat dibuka oleh {unit}" in page and f"<li><b>{unit}</b>, " in page
    assert "dibuka oleh sumsel" not in page and "<b>sumsel</b>" not in page


def test_a_case_that_follows_a_deleted_one_says_so(client: Any, session: Session) -> None:
    with session.desk() as desk, desk.vault.begin() as transaction:
        transaction.execute(sa.insert(tables.followed_cases).values(case_id=2, number=77))
    assert "Menyusul" not in shown(client, session, "K-0001")
    assert "<b>Menyusul K-0077</b>, yang sudah dihapus" in shown(client, session, "K-0002")


HIDDEN = "\u202efdp\U000e0042\u200b"
SPELLED = r"\u{202E}fdp\u{E0042}\u{200B}"


def test_what_nobody_would_see_is_spelled_on_every_page(
    client: Any, session: Session, reporters: list[Reporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People approve what they read: of a report, a letter, a file's name, another unit's note, a parcel, a proposal."""
    letter = reporters[0].report(
        fields={"uraian": f"a{HIDDEN}b\nbaris 👨\u200d👩", f"x{HIDDEN}": "y", "wilayah": HIDDEN}
    )
    with session.desk() as desk, desk.vault.begin() as transaction:
        values = {"case_id": 1, "day": 0}
        transaction.execute(
            sa.update(tables.letters).where(tables.letters.c.case_id == 1).values(raw=build_letter(letter))
        )
        transaction.execute(sa.update(tables.attachments).values(name=f"berkas{HIDDEN}"))
        for sender in ("reporter", "sumsel"):
            transaction.execute(sa.insert(tables.messages).values(**values, sender=sender, text=f"pesan{HIDDEN}"))
        transaction.execute(sa.insert(tables.notes).values(**values, by=f"kpk{HIDDEN}", text=f"catatan{HIDDEN}"))
        copy = {
            "case_id": 1,
            "object_id": bytes(16),
            "content": b"",
            "arrived": 0,
            "raw": build_letter(letter),
            "told": 0,
        }
        number = transaction.scalar(sa.insert(tables.letters).values(**copy).returning(tables.letters.c.id))
        expect_files(transaction, number, reporters[0].follow_up(files=[attach(b"b", f"foto{HIDDEN}")]))
    page = shown(client, session)
    assert "👨\u200d👩" in page and f"a{SPELLED}b\nbaris" in page
    for kind in ("x", "berkas", "foto", "pesan", "kpk", "catatan"):
        assert f"{kind}{SPELLED}" in page
    assert page.count(f"pesan{SPELLED}") == 2 and page.count(f"foto{SPELLED}") == 2
    monkeypatch.setattr(referral, "_must_be_seen", lambda _parcel: None)
    with session.desk() as desk, desk.vault.begin() as transaction:
        casework.take(transaction, desk.home, 1, casework.Wish("review", TWO), day=0)
        made = referral.Draft(
            "kpk", {"uraian": f"isi{HIDDEN}"}, {1: f"surat{HIDDEN}"}, (), "hukum", f"dasar{HIDDEN}", f"alasan{HIDDEN}",
            f"kabar{HIDDEN}", checked=True,
        )  # fmt: skip
        referral.propose(transaction, desk.home, 1, made, by=TWO, day=0)
    approval, page_ = client.get("/perkara/K-0001/pelimpahan", **HERE).text, shown(client, session)
    for kind in ("isi", "surat", "dasar", "alasan", "kabar"):
        assert f"{kind}{SPELLED}" in approval
    for each in (page, page_, approval, client.get("/perkara", **HERE).text):
        assert not any(c in each for c in HIDDEN if not c.isascii())


def test_what_does_not_exist_is_said_and_no_trace_is_shown(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/perkara/K-0099", **HERE).status_code == 404
    assert client.get("/perkara/../etc", **HERE).status_code == 404

    def broken(*_rest: object, **_more: object) -> None:
        raise ValueError(TEXT)

    monkeypatch.setattr("station.pages.inbox.entries", broken)
    answer = client.get("/perkara", **HERE)
    assert answer.status_code == 500 and TEXT not in answer.text and "Traceback" not in answer.text


def test_an_answer_of_the_desk_leaves_with_the_next_outbox(client: Any, session: Session, tmp_path: Path) -> None:
    for who in (ONE, TWO):
        data = {"tanda": session.forms, f"benturan-{who}": "tidak"}
        client.post("/perkara/K-0001/benturan", data=data, headers=OURS, **HERE)
    client.get("/perkara/K-0001", **HERE)
    data = {"tanda": session.forms, "pesan": "Kapan itu?"}
    assert client.post("/perkara/K-0001/jawab", data=data, headers=OURS, **HERE).status_code == 302
    with session.desk() as desk:
        assert make_outbox(desk, tmp_path / "out").is_file()
        with desk.vault.begin() as transaction:
            assert casework.facts_of(transaction, 1).status == "screening"


def test_a_closed_case_says_when_it_goes_and_two_people_hold_it(page: Any, address: str, session: Session) -> None:
    open_desk(page, address)
    open_case(page, address)
    with session.desk() as desk, desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.cases).where(tables.cases.c.id == 1).values(status="closed_done"))
    page.goto(f"{address}/perkara/K-0001")
    assert "Dihapus dari stasiun ini mulai" in page.inner_text("main")
    check(page)

    def decide(summary: str, first: str, second: str, why: str | None = None, free: str = "") -> None:
        box = page.locator("details", has=page.locator(f'summary:text-is("{summary}")'))
        if box.get_attribute("open") is None:
            box.locator("summary").click()
        for place, who in (("oleh", first), ("bersama", second)):
            box.locator(f'[name="{place}"]').select_option(who)
        box.locator('[name="frasa"]').fill(world().passphrases[first])
        box.locator('[name="frasa-kedua"]').fill(world().passphrases[second])
        if why is not None:
            box.locator('[name="alasan"]').fill(why)
        if free:
            box.locator(f'[name="{free}"]').check()
        box.locator("button:not([formaction])").click()

    decide("Tahan: jangan dihapus", ONE, ONE, "perkara 7/2027")
    page.wait_for_selector('[role="alert"]:has-text("dua orang")')
    assert page.input_value("#alasan-simpan") == "perkara 7/2027", "what was typed stands there again"
    decide("Tahan: jangan dihapus", ONE, THREE)
    page.wait_for_selector(f'[role="alert"]:has-text("{THREE} belum menyatakan")')
    check(page)
    decide("Tahan: jangan dihapus", ONE, THREE, free="bebas-kedua")
    page.wait_for_selector('text="perkara 7/2027"')
    assert f"oleh {ONE} dan {THREE}" in page.inner_text("main")
    check(page)
    decide("Lepas penahanan", THREE, TWO)
    page.wait_for_selector("text=Dihapus dari stasiun ini mulai")


def test_a_visit_of_the_courier_makes_a_backup_first_when_one_is_asked_for(
    page: Any, address: str, home: Path, tmp_path: Path
) -> None:
    (home / "station.toml").write_text("backup_before_ack = true\n")
    open_desk(page, address)
    page.goto(f"{address}/kurir")
    assert "1 bundel masih menunggu" in page.inner_text("main")
    check(page)
    (tmp_path / "usb").mkdir()

    def visit(disk: Path = tmp_path / "disk", **words: str) -> None:
        page.fill('[name="stik"]', str(tmp_path / "usb"))
        page.fill("#cadangan", str(disk))
        for who in (ONE, TWO):
            page.fill(f"#frasa-{who}", words.get(who) or world().passphrases[who])
        with page.expect_navigation():
            page.click('button:text-is("Ambil dan taruh")')

    visit(**{ONE: "salah"})
    assert "tidak dibuat: cadangan" in page.inner_text("main") and "1 bundel masih menunggu" in page.inner_text("main")
    assert page.input_value("#cadangan") == str(tmp_path / "disk")
    visit(tmp_path / "usb" / "vault")
    assert "di stik kurir" in page.inner_text("main") and not (tmp_path / "usb" / "vault").exists()
    visit()
    assert "cadangan dibuat dan dibaca ulang" in page.inner_text("main")
    assert "disk stasiun sendiri" in page.inner_text("main")
    assert "masih menunggu" not in page.inner_text("main") and len(list((tmp_path / "disk").iterdir())) == 1


def test_each_page_of_the_desk_has_its_picture() -> None:
    wanted = {f"{DESK}{name}-{width}.png" for name in ("buka", *PAGES) for width in WIDTHS}
    assert wanted == {file.name for file in (ROOT / "docs" / "images").glob(f"{DESK}*.png")}, "make images makes them"


@pytest.mark.parametrize("conflict", ["ya", "tidak"], ids=["conflict", "control: none"])
def test_words_are_not_looked_for_in_a_case_that_somebody_present_must_not_read(
    client: Any, session: Session, conflict: str
) -> None:
    """Whoever is accused could else ask for a name and see which case holds it."""
    data = {"tanda": session.forms, f"benturan-{ONE}": "tidak", f"benturan-{TWO}": conflict}
    data[f"frasa-{TWO}"] = world().passphrases[TWO]
    client.post("/perkara/K-0001/benturan", data=data, headers=OURS, **HERE)
    assert ("K-0001" in client.get("/perkara?cari=sepuluh+persen", **HERE).text) is (conflict == "tidak")
    assert "K-0001" in client.get("/perkara", **HERE).text, "that there is such a case is no secret"


@pytest.mark.parametrize("words", [ONE, "", TWO], ids=["that of another", "none", "control: her own"])
def test_nobody_states_a_conflict_of_interest_for_another_one(client: Any, session: Session, words: str) -> None:
    """It shuts the case for that person, so one person could else shut it for all others, and for good."""
    data = {"tanda": session.forms, f"benturan-{ONE}": "tidak", f"benturan-{TWO}": "ya"}
    data[f"frasa-{TWO}"] = world().passphrases.get(words, "")
    client.post("/perkara/K-0001/benturan", data=data, headers=OURS, **HERE)
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert stated(transaction, 1, (ONE, TWO)) == (((), (TWO,)) if words == TWO else ((ONE, TWO), ()))


@pytest.mark.parametrize(
    ("first", "second"), [(ONE, THREE), (TWO, ONE), (TWO, THREE)], ids=["not hers", "not his", "control: both"]
)
def test_a_conflict_is_taken_back_with_the_passphrases_of_both(
    client: Any, session: Session, first: str, second: str
) -> None:
    with session.desk() as desk, desk.vault.begin() as transaction:
        state_conflict(transaction, desk.home, 1, TWO, conflict=True, day=today())
    data = {"tanda": session.forms, "oleh": TWO, "bersama": THREE}
    data |= {"frasa": world().passphrases[first], "frasa-kedua": world().passphrases[second]}
    client.post("/perkara/K-0001/benturan/tarik", data=data, headers=OURS, **HERE)
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert stated(transaction, 1, (TWO,))[1] == (() if (first, second) == (TWO, THREE) else (TWO,))


@pytest.mark.parametrize("verdict", ["tahan", "lepas"])
@pytest.mark.parametrize(
    ("place", "said", "is_done"),
    [("oleh", "", False), ("oleh", "bebas-kedua", False), ("oleh", "bebas", True),
     ("bersama", "", False), ("bersama", "bebas", False), ("bersama", "bebas-kedua", True)],
    ids=["first: nothing", "first: the other's", "control: first", "second: nothing", "second: the other's",
         "control: second"],
)  # fmt: skip
def test_who_holds_a_case_or_lets_it_go_states_that_no_conflict_stands_in_the_way(
    client: Any, session: Session, verdict: str, place: str, said: str, is_done: bool
) -> None:
    """The two sign with passphrases alone: neither need have been there when the case was opened."""
    shown(client, session)
    with session.desk() as desk, desk.vault.begin() as transaction:
        if verdict == "lepas":
            kept = {"case_id": 1, "day": today(), "by": ONE, "approved": TWO, "why": "perkara 7/2027"}
            transaction.execute(sa.insert(tables.holds).values(kept))
    phrases = {"oleh": "frasa", "bersama": "frasa-kedua"}
    data = {"tanda": session.forms, "putusan": verdict, "alasan": "perkara 7/2027", said: "ya"}
    for at, phrase in phrases.items():
        who = THREE if at == place else ONE
        data |= {at: who, phrase: world().passphrases[who]}
    answer = client.post("/perkara/K-0001/simpan", data=data, headers=OURS, **HERE)
    assert (answer.status_code == 302) is is_done
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert stated(transaction, 1, (THREE,)) == (((), ()) if is_done else ((THREE,), ()))
        assert (transaction.scalar(sa.select(tables.holds.c.day)) is None) is ((verdict == "lepas") is is_done)


def test_a_copy_of_what_another_unit_answers_says_when_it_goes(
    client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Unit lain menjawab perkara ini. Salinannya di sini akan dihapus mulai"
    assert said in shown(client, session, "K-0003") and said not in shown(client, session, "K-0002")
    assert "akan dihapus" not in client.get("/perkara", **HERE).text
    monkeypatch.setattr("station.retention.WARN_DAYS", 365)
    listed = client.get("/perkara", **HERE).text
    assert "1 perkara akan dihapus dalam 30 hari" in listed and listed.count("<b>akan dihapus</b>") == 1
    with session.desk() as desk, desk.vault.begin() as transaction:
        said = transaction.execute(sa.select(warnings)).all()
    assert said == [(3, today() + 365, today())], "from now on it has been said"
    assert "K-0003" in (found := client.get("/perkara?habis=1", **HERE).text) and "K-0002" not in found
