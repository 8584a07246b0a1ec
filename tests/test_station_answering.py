"""Answering at the desk, in a real browser: a look before saving, usual questions, warnings, hints, and the certificate."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import axe_source, violations
from conftest_station import Reporter, Stick, attach, sit, weak, world  # noqa: F401
from serving import served
from test_station_desk import ONE, TWO, enter, open_case, step

from crypto.claim import claim_words
from crypto.prose.message import render
from station import audit
from station.audit import Deed
from station.cases import show_case
from station.certificate import verify
from station.inbox import import_bundle
from station.session import Session
from station.web import create_desk

SECRET = os.urandom(32)
STORY = (
    "Saya bendahara di sana. Uang setoran pedagang sayur Pasar Cinde diminta tiap Senin pukul 14.35 oleh kepala bidang."
)
MARKED = "Kami **perlu** tahu:\n- kapan\n- di <b>mana</b>\n\nTerima kasih & salam."

pytestmark = pytest.mark.browser


@pytest.fixture
def session(tmp_path: Path) -> Session:
    folder, stick = world().copy_home("sumsel", tmp_path), Stick(tmp_path / "stick")
    one, two = Reporter(), Reporter()
    one.claim = hashlib.sha256(SECRET).digest()
    asked = {
        "uraian": STORY,
        "wilayah": "sumsel",
        "kategori": "pungli",
        "lingkar_tahu": "2-5",
        "keamanan": "jangan telepon kantor dulu ya",
    }
    letters = [
        one.report(fields=asked),
        two.report(
            fields=asked | {"uraian": "Pedagang sayur Pasar Cinde menyetor uang tiap Senin.", "lingkar_tahu": "umum"},
            language="en",
        ),
        one.follow_up("tambahan", files=[attach(b"isi", "nota.jpg")]),
    ]
    with sit(folder, ONE, TWO) as desk:
        import_bundle(desk, stick.write([world().letter_row(letter) for letter in letters]))
    return Session(folder, look=lambda: ())


@pytest.fixture
def address(session: Session) -> Iterator[str]:
    with served(session) as found:
        yield found


@pytest.fixture
def page(address: str, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(address)
    enter(page, ONE)
    enter(page, TWO)
    page.wait_for_url("**/perkara")
    open_case(page, address)
    page.wait_for_selector("#pesan")
    yield page
    context.close()


def check(page: Any, name: str) -> None:
    page.evaluate(axe_source())
    assert violations(page) == []
    if folder := os.environ.get("PICTURES"):
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


def said(session: Session, case: str = "K-0001") -> list[str]:
    with session.desk() as desk, desk.vault.begin() as transaction:
        return [m.text for m in show_case(transaction, case).messages if m.sender != "reporter"]


def deeds(session: Session) -> list[str]:
    with session.desk() as desk, desk.vault.begin() as transaction:
        return [entry.deed for entry in audit.entries(transaction)]


def test_a_message_is_looked_at_as_the_reporter_will_see_it_and_then_saved(page: Any, session: Session) -> None:
    page.fill("#pesan", MARKED)
    page.locator('form[action$="/jawab"] button:text-is("Lihat dulu")').click()
    page.wait_for_url("**/pesan/lihat")
    shown = page.locator(".preview")
    assert shown.inner_html() == render(MARKED) and shown.locator("li").all_inner_texts() == ["kapan", "di <b>mana</b>"]
    assert f"{len(MARKED)} byte; sisa {4_000 - len(MARKED)}." in page.inner_text("main")
    assert page.input_value("#pesan") == MARKED and said(session) == []
    check(page, "lihat")
    page.click('button:text-is("Simpan untuk dikirim")')
    page.wait_for_url("**/K-0001?tersimpan=1")
    assert said(session) == [MARKED] and page.locator(".timeline .words b").inner_text() == "perlu"


def test_a_message_that_is_too_long_is_kept_and_says_by_how_much(page: Any, session: Session) -> None:
    for button, where in (("Lihat dulu", "/pesan/lihat"), ("Simpan untuk dikirim", "/jawab")):
        page.fill("#pesan", "é" * 2_003)
        page.locator(f'form[action$="/jawab"] button:text-is("{button}")').click()
        page.wait_for_url(f"**{where}")
        assert "terlalu panjang, kurangi 6." in page.inner_text("main")
        assert page.input_value("#pesan") == "é" * 2_003 and said(session) == []


def test_a_usual_question_is_put_in_and_nothing_else_is_lost(page: Any, address: str, session: Session) -> None:
    page.fill("#pesan", "Terima kasih.")
    box = page.locator('form[action$="/jawab"]')
    box.locator("summary").click()
    box.locator('[name="kalimat"]').select_option("0")
    box.locator('button:text-is("Sisipkan")').click()
    page.wait_for_url("**/pesan/sisip")
    assert page.input_value("#pesan").startswith("Terima kasih.\n\nKapan kira-kira") and said(session) == []
    assert "Periksa lagi" not in page.inner_text("main")
    open_case(page, address, "K-0002")
    page.wait_for_selector("#pesan")
    assert "Roughly when did it happen?" in page.locator("#kalimat-pesan option").first.text_content()


def test_a_message_that_asks_who_the_reporter_is_waits_for_a_tick(page: Any, session: Session) -> None:
    page.fill("#pesan", "Siapa nama Anda?")
    page.click('button:text-is("Simpan untuk dikirim")')
    page.wait_for_url("**/jawab")
    assert "meminta jati diri" in page.inner_text('[role="alert"]') and said(session) == []
    assert page.input_value("#pesan") == "Siapa nama Anda?" and Deed.CHECKED not in deeds(session)
    check(page, "periksa")
    page.check('[name="diperiksa"]')
    page.click('button:text-is("Simpan untuk dikirim")')
    page.wait_for_url("**/K-0001?tersimpan=1")
    assert said(session) == ["Siapa nama Anda?"] and Deed.CHECKED in deeds(session)


def test_a_step_is_looked_at_and_warned_of_too(page: Any, session: Session) -> None:
    label = "Menunggu jawaban pelapor"
    step(page, label, pesan="Sebagai bendahara, Anda menyimpan uang setoran pedagang sayur Pasar Cinde?")
    page.wait_for_url("**/langkah")
    assert said(session) == [] and "mengulang kalimat pelapor" in page.inner_text('[role="alert"]')
    box = page.locator("section > details[open]")
    box.locator('button:text-is("Lihat dulu")').click()
    page.wait_for_url("**/pesan/lihat")
    box = page.locator("section > details[open]")
    assert box.locator("q").count() >= 2 and "Sebagai bendahara" in box.locator("textarea").first.input_value()
    check(page, "langkah")
    box.locator('[name="diperiksa"]').check()
    box.locator('button:text-is("Lakukan")').click()
    page.wait_for_url("**/K-0001?tersimpan=1")
    assert label in page.inner_text(".card") and len(said(session)) == 1


def test_enter_in_a_step_does_the_step_and_not_the_look(page: Any, session: Session) -> None:
    """A browser presses the first button of a form: helpers stand behind it."""
    for form in page.locator("form", has=page.locator('button:text-is("Lihat dulu")')).all():
        assert form.locator("button").first.get_attribute("formaction") is None


def test_hints_say_what_is_missing_what_points_at_the_reporter_and_what_resembles_it(page: Any) -> None:
    text = page.inner_text('section[aria-label="Laporan"]')
    assert "Belum dapat ditelaah" in text and "siapa: belum ada" in text and "di mana: ada" in text
    for words in ("Saya bendahara", "pukul 14.35", "2–5 orang", "jangan telepon kantor dulu"):
        assert words in text.split("Yang dapat menunjuk pelapor")[1].split("Pesan")[0]
    assert "Perkara yang mirip" in text and page.locator('a[href="/perkara/K-0002"]').count() == 1
    assert "Surat lanjutan, ditulis" in text and text.count("nota.jpg") == 2
    check(page, "perkara")


def test_the_words_of_a_claim_are_checked_and_certified(
    page: Any, address: str, session: Session, tmp_path: Path
) -> None:
    page.click('a[href$="/bukti"]')
    page.wait_for_selector("#kata")
    check(page, "bukti")
    for typed, problem in (("satu dua", "tidak terbaca"), (" ".join(claim_words(bytes(32))), "bukan milik penulis")):
        page.fill("#kata", typed)
        page.click('button:text-is("Periksa")')
        page.wait_for_selector('[role="alert"]')
        assert problem in page.inner_text('[role="alert"]') and page.input_value("#kata") == typed
    page.fill("#kata", " ".join(claim_words(SECRET)))
    page.click('button:text-is("Periksa")')
    page.wait_for_selector('[role="status"]')
    assert "Cocok" in page.inner_text('[role="status"]') and Deed.CERTIFIED not in deeds(session)
    check(page, "bukti-cocok")
    page.fill("#nama", "Nurhayati")
    (tmp_path / "usb").mkdir()

    def ask(folder: Path, phrase: str) -> str:
        page.fill("#folder", str(folder))
        page.select_option("#oleh-surat", ONE)
        page.fill("#frasa-surat", phrase)
        with page.expect_navigation():
            page.click('button:text-is("Terbitkan surat bukti")')
        return str(page.inner_text('[role="alert"], [role="status"]'))

    own = world().passphrases[ONE]
    assert "tidak ada" in ask(tmp_path / "none", own) and page.input_value("#nama") == "Nurhayati"
    assert "milik stasiun sendiri" in ask(session.folder / "bundles", own)
    for wrong in ("", world().passphrases[TWO]):
        assert "tidak cocok" in ask(tmp_path / "usb", wrong) and page.input_value("#frasa-surat") == ""
    assert Deed.CERTIFIED not in deeds(session) and not list(tmp_path.glob("usb/*"))
    check(page, "bukti-frasa")
    assert "Surat bukti ditulis" in ask(tmp_path / "usb", own)
    assert page.input_value("#kata") == "", "words that are used do not stay on the screen"
    (pdf,) = (tmp_path / "usb").glob("*.pdf")
    with session.desk() as desk:
        assert verify(desk.home.ledger, pdf)[0].name == "Nurhayati"
    assert "24 kata bukti" in said(session)[0]
    check(page, "bukti-terbit")


def test_nothing_of_it_is_done_before_the_statements(session: Session) -> None:
    app = create_desk(session, 8090)
    for who in (ONE, TWO):
        browser = session.enter(who, world().passphrases[who])
    client = app.test_client()
    client.set_cookie("meja-8090", browser, domain="127.0.0.1")
    here, ours = {"base_url": "http://127.0.0.1:8090"}, {"Origin": "http://127.0.0.1:8090"}
    data = {
        "tanda": session.forms,
        "pesan": "x",
        "kalimat": "0",
        "kata": " ".join(claim_words(SECRET)),
        "putusan": "terbitkan",
        "oleh": ONE,
        "frasa": world().passphrases[ONE],
    }
    for path in ("pesan/lihat", "pesan/sisip", "bukti"):
        answer = client.post(f"/perkara/K-0001/{path}", data=data | {"folder": "/tmp"}, headers=ours, **here)
        assert STORY not in answer.text and "setoran" not in answer.text, path
    assert client.get("/perkara/K-0001/bukti", **here).status_code == 302
    assert client.get("/perkara/K-0099/bukti", **here).status_code in (302, 404)
    assert Deed.CLAIMED not in deeds(session) and Deed.CERTIFIED not in deeds(session)
    session.close()
