"""A referral at the desk in a real browser: what leaves is chosen and edited, read by another person, printed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from browsers import axe_source, violations
from conftest_station import Reporter, Stick, attach, sit, weak, world  # noqa: F401
from serving import served
from units import K1, ONE, THREE, TWO, Unit, approve, propose, refer, take_report, unit

from crypto import forwarded
from crypto.attachment import PART_BYTES
from station import audit, casework, referrals
from station.cleaning import Cleaned
from station.referral_tables import parcels
from station.session import Session
from station.statements import state_conflict
from station.tables import REPORTER, letters, messages

TODAY = 0
SHOTS = os.environ.get("SHOTS", "")  # a folder for pictures of these pages


def state_all(desk: Any, case: int, *people: str) -> None:
    with desk.vault.begin() as transaction:
        for who in people:
            state_conflict(transaction, desk.home, case, who, conflict=False, day=TODAY)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    data = b"isi berkas"
    file = attach(data, "foto saya.pdf")
    reporter = Reporter()
    with unit(tmp_path, "sumsel", ONE, TWO) as origin:
        take_report(origin, reporter, *world().part_rows(file, data), files=[file], izin_teruskan="tanya",
                    jangan_dibuka="palembang")  # fmt: skip
        origin.import_rows(world().letter_row(reporter.follow_up("Boleh diteruskan. Saya Budi.")))
        state_all(origin.desk, 1, ONE, TWO, THREE)
    return tmp_path / "sumsel"


@pytest.fixture
def kpk_home(tmp_path: Path) -> Path:
    """KPK's station with a case that came from sumsel."""
    with unit(tmp_path / "o", "sumsel", ONE, TWO) as origin, unit(tmp_path / "k", "kpk", K1) as kpk:
        take_report(origin, Reporter())
        refer(origin)
        kpk.import_rows(*origin.outbox())
        state_all(kpk.desk, 1, K1)
    return tmp_path / "k" / "kpk"


def serve(folder: Path) -> Iterator[tuple[Session, str]]:
    session = Session(folder, look=lambda: ())
    with served(session) as address:
        yield session, address


@pytest.fixture
def at_sumsel(home: Path) -> Iterator[tuple[Session, str]]:
    yield from serve(home)


@pytest.fixture
def at_kpk(kpk_home: Path) -> Iterator[tuple[Session, str]]:
    yield from serve(kpk_home)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def open_desk(page: Any, address: str, *people: str) -> None:
    page.goto(address)
    for who in people:
        page.select_option("#penelaah", who)
        page.fill("#frasa", world().passphrases[who])
        page.click('button:text-is("Hadir")')
    page.wait_for_url("**/perkara")


def check(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    page.evaluate(axe_source())
    assert violations(page) == []


def fill(page: Any, **more: str) -> None:
    page.select_option("#penerima", "kpk")
    page.check('input[name="dasar"][value="jawaban"]')
    page.fill("#dasar-teks", "Surat pelapor: boleh.")
    page.fill("#alasan", "Menjadi wewenang KPK.")
    page.fill('textarea[name="teks-1"]', "Boleh diteruskan.")
    page.check('input[name="berkas"][value="1"]')
    page.select_option("#oleh", TWO)
    page.fill("#frasa", world().passphrases[TWO])
    for name, text in more.items():
        page.fill(f"#{name}", text)
    page.click('button:text-is("Usulkan")')


pytestmark = pytest.mark.browser


@pytest.mark.browser
def test_a_letter_that_may_point_at_its_writer_is_not_chosen_by_itself(page: Any, home: Path) -> None:
    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        said = sa.insert(messages).values(case_id=1, day=TODAY, sender=REPORTER)
        transaction.execute(said.values(text="NIK saya 1671012345678901. Saya bendahara di sana."))
    for _session, address in serve(home):
        open_desk(page, address, ONE, TWO)
        page.goto(f"{address}/perkara/K-0001/pelimpahan")
        assert [page.is_checked(f'input[name="surat"][value="{n}"]') for n in (1, 2)] == [True, False]
        assert "1671012345678901" in page.inner_text("p.late") and page.locator("p.late").count() == 1
        check(page, "menunjuk")


def test_a_case_is_passed_on_by_two_people_who_see_what_leaves(page: Any, at_sumsel: tuple[Session, str]) -> None:
    session, address = at_sumsel
    open_desk(page, address, ONE, TWO)
    page.goto(f"{address}/perkara/K-0001")
    assert not page.locator('section > details > summary:text-is("Diteruskan")').count(), "not as a bare step"
    page.click("text=Teruskan ke KPK atau unit lain")
    main = page.inner_text("main")
    assert "ingin ditanya dulu" in main and "Inspektorat Kota Palembang: unit itu tidak boleh membuka" in main
    assert page.locator('#penerima option[value="palembang"]').get_attribute("disabled") is not None
    assert page.locator('input[name="dasar"][value="izin"]').is_disabled()
    assert page.locator('input[name="isian"][value="uraian"]').is_checked()
    assert not page.locator('input[name="isian"][value="sumber"]').is_checked(), "what points to the writer"
    assert not page.locator('input[name="berkas"]').is_checked()
    check(page, "form")
    fill(page, alasan="")
    assert "alasan pelimpahan" in page.inner_text('[role="alert"]')
    assert page.locator('textarea[name="teks-1"]').input_value() == "Boleh diteruskan.", "it is kept"
    assert page.locator("#dasar-teks").input_value() == "Surat pelapor: boleh."
    fill(page)
    card = page.inner_text('section[aria-label="Usulan menunggu"]')
    assert "Boleh diteruskan." in card and "Budi" not in card and "lampiran-1." in card and "mengalami" not in card
    assert "ibersihkan" in card
    check(page, "proposal")
    page.goto(f"{address}/perkara/K-0001")
    assert "Setujui" not in page.inner_text("main"), "approved only where it is read"
    check(page, "case-waiting")
    page.click("text=Baca persis apa yang akan dikirim")
    for field in ("#tolak-alasan", "#frasa-penilai"):
        page.select_option("#penilai", THREE)
        page.fill("#frasa-penilai", world().passphrases[THREE])
        page.fill("#tolak-alasan", "belum lengkap")
        with page.expect_navigation():
            page.press(field, "Enter")
        assert "tekan salah satu tombolnya" in page.inner_text('[role="alert"]'), "Enter approves nothing"
        assert page.input_value("#tolak-alasan") == "belum lengkap" and page.input_value("#penilai") == THREE
    page.fill("#frasa-penilai", world().passphrases[THREE])
    page.click('button:text-is("Setujui")')
    assert "0 dari 2 baris" in page.inner_text("main") and "Belum ada tanda terima" in page.inner_text("main")
    assert not page.locator('input[name="surat"][value="1"]').is_checked(), "it went already"
    check(page, "approved")
    with page.expect_download() as caught:
        page.click("text=Cetak surat pengantar")
    assert Path(caught.value.path()).read_bytes().startswith(b"%PDF")
    page.goto(f"{address}/perkara/K-0001")
    assert "Diteruskan" in page.inner_text(".card") and "belum ada tanda terima" in page.inner_text("main")
    with session.desk() as desk, desk.vault.begin() as transaction:
        (row,) = transaction.execute(sa.select(parcels)).all()
    passed = forwarded.parse_body(row.body)
    assert isinstance(passed, forwarded.Forwarded) and [s.text for s in passed.said] == ["Boleh diteruskan."]


@pytest.mark.parametrize("locked", [False, True], ids=["control: it stays open", "somebody locks it"])
def test_the_desk_is_free_while_files_are_cleaned(
    page: Any, at_sumsel: tuple[Session, str], monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    session, address = at_sumsel
    free: list[bool] = []

    def look() -> None:
        with session.desk() as desk, desk.vault.begin() as transaction:
            free.append(referrals.prepared(transaction, 1, desk.home.id) is None)
        if locked:
            session.close()

    def wash(data: bytes, _media_type: str) -> Cleaned:
        other = threading.Thread(target=look)
        other.start()
        other.join(20)  # it is at once; where somebody holds the desk it would wait for us
        free.append(not other.is_alive())
        return Cleaned("cleaned", "Dibersihkan: dua keterangan.", data + b" bersih", ending="pdf")

    monkeypatch.setattr("station.pages.referral.CLEANER", wash)
    open_desk(page, address, ONE, TWO)
    page.goto(f"{address}/perkara/K-0001/pelimpahan")
    fill(page)
    page.wait_for_load_state()
    assert free == [True, True], "once for each file"
    if locked:
        assert "meja terkunci" in page.inner_text("main")
        open_desk(page, address, ONE, TWO)
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert (referrals.prepared(transaction, 1, desk.home.id) is None) is locked
    if not locked:
        assert "Dibersihkan: dua keterangan." in page.inner_text('section[aria-label="Usulan menunggu"]')


def test_a_proposal_is_approved_on_no_other_page(page: Any, at_sumsel: tuple[Session, str]) -> None:
    session, address = at_sumsel
    open_desk(page, address, ONE, TWO)
    page.goto(f"{address}/perkara/K-0001/pelimpahan")
    fill(page)
    page.evaluate(
        """([who, words]) => { const form = document.querySelector('form[action$=putusan]');
        form.action = '/perkara/K-0001/usulan'; form.oleh.value = who; form.frasa.value = words; }""",
        [THREE, world().passphrases[THREE]],
    )
    page.click('button:text-is("Setujui")')
    assert "disetujui di halamannya" in page.inner_text('[role="alert"]')
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert casework.facts_of(transaction, 1).status == "screening"
        assert referrals.prepared(transaction, 1, desk.home.id) is not None


def test_what_a_letter_overtook_is_held_back_and_withdrawn(page: Any, at_sumsel: tuple[Session, str]) -> None:
    session, address = at_sumsel
    open_desk(page, address, ONE, TWO)
    with session.desk() as desk:
        origin = Unit(desk, Stick(session.folder / "s"), session.folder / "o")
        propose(origin, ground="jawaban", basis="Boleh.")
        approve(origin)
        with desk.vault.begin() as transaction:
            transaction.execute(sa.update(parcels).values(seen=0))  # as if a letter had come since
    page.goto(f"{address}/perkara/K-0001")
    assert "tertahan: pelapor menulis lagi" in page.inner_text("main")
    page.goto(f"{address}/perkara/K-0001/pelimpahan")
    assert "Boleh diteruskan. Saya Budi." in page.inner_text('section[aria-label^="Pelimpahan"]'), "what came since"
    check(page, "held-back")
    page.click('button:text-is("Tarik kiriman")')
    page.wait_for_selector("h2:text-is('Teruskan')")
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert referrals.referrals_of(transaction, 1, desk.home.id) == ()


def test_a_case_that_came_from_another_unit_says_so_and_is_worked_on(page: Any, at_kpk: tuple[Session, str]) -> None:
    _session, address = at_kpk
    open_desk(page, address, K1)
    check(page, "list-at-recipient")
    page.goto(f"{address}/perkara/K-0001")
    main = page.inner_text("main")
    assert (
        "Diteruskan oleh Inspektorat Provinsi Sumatera Selatan" in main and "RJK-" in main and "Verifikasi awal" in main
    )
    check(page, "case-at-recipient")
    page.goto(f"{address}/perkara/K-0001/pelimpahan")
    assert "hanya unit asal" in page.inner_text("main")
    check(page, "no-passing-on")


def test_what_the_recipient_says_is_offered_for_the_reporter_and_sent_by_nobody_but_a_reviewer(
    page: Any, tmp_path: Path
) -> None:
    with unit(tmp_path / "o", "sumsel", ONE, TWO) as origin, unit(tmp_path / "k", "kpk", K1) as kpk:
        take_report(origin, Reporter())
        propose(origin)
        approve(origin)
        kpk.import_rows(*origin.outbox())
        kpk.take("screening", K1)
        kpk.do(casework.answer, 1, "Kami menelaah.", by=K1, day=TODAY)
        origin.import_rows(*kpk.outbox())
        state_all(origin.desk, 1, ONE, TWO)
    for session, address in serve(tmp_path / "o" / "sumsel"):
        open_desk(page, address, ONE, TWO)
        page.goto(f"{address}/perkara/K-0001")
        assert "di sana: Verifikasi awal" in page.inner_text("main")
        page.click("text=Lihat pelimpahan")
        check(page, "news")
        page.click("text=Sampaikan kepada pelapor")
        box = page.locator('textarea[id^="kabar-"]')
        assert "Kami menelaah." in box.input_value() and "verifikasi awal" in box.input_value()
        with session.desk() as desk, desk.vault.begin() as transaction:
            assert not transaction.execute(sa.select(messages)).all()
        page.click('details[open] button:text-is("Simpan untuk dikirim")')
        assert "Kami menelaah." in page.inner_text('section[aria-label="Laporan"]')


def test_a_message_that_points_at_the_reporter_is_looked_at_again_here_too(
    page: Any, at_sumsel: tuple[Session, str]
) -> None:
    session, address = at_sumsel
    open_desk(page, address, ONE, TWO)
    page.goto(f"{address}/perkara/K-0001/pelimpahan")
    fill(page, pesan="Sebutkan nama dan nomor telepon Anda.")
    page.wait_for_selector('text="Periksa lagi"')
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert casework.waiting(transaction, 1) is None
    check(page, "warned")
    page.check('[name="diperiksa"]')
    fill(page, pesan="Sebutkan nama dan nomor telepon Anda.")
    page.wait_for_selector('section[aria-label="Usulan menunggu"]')


def halt_on_its_way(folder: Path) -> None:
    """Refer a case with a file, let its first rows leave, and have the reporter write before and after."""
    reporter, data = Reporter(), os.urandom(4 * PART_BYTES + 1)
    file = attach(data)
    with unit(folder, "sumsel", ONE, TWO) as origin:
        take_report(origin, reporter, *world().part_rows(file, data), files=[file])
        origin.import_rows(world().letter_row(reporter.follow_up("Surat sebelum pelimpahan.")))
        refer(origin, files=[1])
        origin.outbox()
        note = attach(b"catatan", "<i>catatan.txt")
        wrote = reporter.follow_up("<b>Jangan</b> diteruskan.\nSaya takut & ragu.", files=[note])
        origin.import_rows(world().letter_row(wrote), *world().part_rows(note, b"catatan"))
        state_all(origin.desk, 1, ONE, TWO)


def test_the_rest_of_a_parcel_waits_for_two_people_and_is_taken_back_by_one(page: Any, tmp_path: Path) -> None:
    halt_on_its_way(tmp_path)

    def go_on(second: str, words: str = "", *, free: bool = False) -> None:
        if page.locator("details[open] >> button:text-is('Lanjutkan')").count() == 0:
            page.click('summary:text-is("Lanjutkan kiriman")')
        box = page.locator('form[action$="/lanjut"]')
        for place, field, who in (("oleh", "frasa", TWO), ("bersama", "frasa-kedua", second)):
            box.locator(f'[name="{place}"]').select_option(who)
            box.locator(f'[name="{field}"]').fill(words if words and who == second else world().passphrases[who])
        box.locator('[name="bebas-kedua"]').set_checked(free)
        with page.expect_navigation():
            box.locator('button:text-is("Lanjutkan")').click()

    for session, address in serve(tmp_path / "sumsel"):
        open_desk(page, address, ONE, TWO)
        page.goto(f"{address}/perkara/K-0001")
        assert "tertahan: pelapor menulis lagi" in page.inner_text("main")
        page.goto(f"{address}/perkara/K-0001/pelimpahan")
        came = page.locator('section[aria-label^="Pelimpahan"] .timeline').last
        said = came.inner_text()
        assert "<b>Jangan</b> diteruskan.\nSaya takut & ragu." in said and "<i>catatan.txt" in said, "as it was written"
        assert came.locator("li > .words").count() == 1 and "sebelum pelimpahan" not in said, "that one was read before"
        check(page, "halted")
        came.get_by_text("Lihat").click()
        assert "catatan.txt" in page.inner_text("main"), "its file opens as from the case"
        page.go_back()
        for second, words, free, problem in (
            (THREE, "salah", True, "tidak cocok"), (THREE, "", False, "belum menyatakan"),
            (ONE, "", True, "yang melanjutkan"),
        ):  # fmt: skip
            go_on(second, words, free=free)
            assert problem in page.inner_text('[role="alert"]')
        check(page, "halted-refused")
        with session.desk() as desk, desk.vault.begin() as transaction:  # a stick of the courier, in between
            letter = transaction.execute(sa.select(letters).order_by(letters.c.id.desc()).limit(1)).one()._asdict()
            transaction.execute(sa.insert(letters).values(**letter | {"id": letter["id"] + 1}))
        go_on(THREE, free=True)
        assert "sejak halaman ini dibuka" in page.inner_text('[role="alert"]')
        assert came.locator("li > .words").count() == 2, "and there it stands"
        go_on(THREE, free=True)
        assert "Tertahan" not in page.inner_text("main")
        page.click('button:text-is("Tarik sisanya")')
        page.wait_for_selector("text=Ditarik di jalan: 3 dari 6 baris sudah berangkat")
        assert "Jangan" not in page.inner_text('section[aria-label^="Pelimpahan"]')
        assert page.locator('button:text-is("Kirim ulang")').count() == 0
        check(page, "stopped")
        page.goto(f"{address}/perkara/K-0001")
        assert "ditarik di jalan" in page.inner_text("main")
        with session.desk() as desk, desk.vault.begin() as transaction:
            found = [(e.who, e.deed) for e in audit.entries(transaction)]
        assert found[-2:] == [(f"{TWO}+{THREE}", "resumed"), (f"{ONE}+{TWO}", "dropped")]
