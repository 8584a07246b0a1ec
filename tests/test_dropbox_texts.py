"""What people read: every text in both languages, in the tone of the house, in colours that can be read."""

import datetime
import re
from itertools import product
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import force_locale, format_date
from live import REPORT
from web import get, open_box, post, report

from crypto.mailbox import STATUSES
from dropbox import statuses
from dropbox.headers import PAGE_STEP, stylesheet
from dropbox.translations import make

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%")
NEVER = re.compile(r"!|\b(success\w*|berhasil|sukses|please|silakan|oops|maaf|sorry|password|login|chat)\b", re.I)
SAME_IN_BOTH = {"Unit"}
PAGES = ("/", "/lapor", "/kotak", "/kunci", "/tidak-ada")
DOCS = Path(__file__).parents[1] / "docs"
GUIDES = {"id": DOCS / "guide-reporter.md", "en": DOCS / "guide-reporter.en.md"}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return make.read_catalogue()


def pairs(catalogue: Catalog) -> list[tuple[str, str]]:
    return [(str(m.id), str(m.string)) for m in catalogue if m.id]


def test_every_text_has_an_english_one(catalogue: Catalog) -> None:
    assert len(pairs(catalogue)) > 200
    assert [m.id for m in catalogue if m.id and (m.fuzzy or not str(m.string).strip())] == []
    assert [a for a, b in pairs(catalogue) if a == b and a not in SAME_IN_BOTH] == []


def test_the_catalogue_holds_exactly_the_texts_in_the_code(catalogue: Catalog) -> None:
    fresh = make.update(catalogue, make.texts())
    assert {m.id for m in fresh} == {m.id for m in catalogue}
    assert make.po_bytes(fresh) == make.PO.read_bytes(), "run python dropbox/translations/make.py"


def test_the_compiled_catalogue_is_that_of_the_source(catalogue: Catalog) -> None:
    assert make.mo_bytes(catalogue) == make.MO.read_bytes(), "run python dropbox/translations/make.py"
    assert make.questions_bytes(catalogue) == make.QUESTIONS.read_bytes(), "run python dropbox/translations/make.py"


def test_catalogues_hold_no_dates_and_no_line_numbers() -> None:
    for path in (make.PO, make.MO):
        assert not re.search(rb"Date:|Generated-By|#: .*:\d", path.read_bytes())


def test_a_new_text_is_found_and_reported_as_missing(catalogue: Catalog) -> None:
    found = make.update(catalogue, [*make.texts(), ("dropbox/new.py", "Teks baru")])
    assert found["Teks baru"].string == "" and found["Kirim laporan"].string == "Send report"


def test_both_languages_have_the_same_placeholders(catalogue: Catalog) -> None:
    different = [a for a, b in pairs(catalogue) if sorted(PLACEHOLDER.findall(a)) != sorted(PLACEHOLDER.findall(b))]
    assert different == []


def test_no_text_shouts_or_uses_a_word_to_avoid(catalogue: Catalog) -> None:
    assert [t for pair in pairs(catalogue) for t in pair if NEVER.search(t)] == []
    assert NEVER.search("Laporan berhasil dikirim") and NEVER.search("Sent successfully") and NEVER.search("Done!")


def test_every_status_has_a_name_and_a_text_in_both_languages(app: Flask) -> None:
    assert set(statuses.NAMES) == set(statuses.TEXTS) == set(STATUSES)
    for texts in (statuses.NAMES, statuses.TEXTS):
        read = {}
        for language in ("id", "en"):
            with app.test_request_context("/"), force_locale(language):
                read[language] = {status: str(texts[status]) for status in STATUSES}
                assert all(read[language].values()) and len(set(read[language].values())) == len(STATUSES)
        assert all(read["id"][status] != read["en"][status] for status in STATUSES)


def test_dates_follow_the_language_of_the_page(app: Flask) -> None:
    day = datetime.date(2026, 12, 1)
    for language, shown in (("id", "1 Desember 2026"), ("en", "1 December 2026")):
        with app.test_request_context("/"):
            g.language = language
            assert format_date(day, "d MMMM yyyy") == shown


def test_english_pages_hold_no_indonesian_text(client: FlaskClient, catalogue: Catalog) -> None:
    long = [(a, b) for a, b in pairs(catalogue) if len(a) > 12 and "%" not in a and a not in b]
    words = report(client).words
    wrong = {**REPORT, "uraian": "pendek", "waktu": "x" * 300, "wilayah": "mana"}
    texts = [get(client, "/en" + path).text for path in PAGES]
    texts.append(post(client, "/en/lapor", wrong).text)
    texts.append(post(client, "/en/lapor/siapa", REPORT).text)
    texts.append(post(client, "/en/kotak", {"kode": " ".join(words)}).text)
    texts.append(post(client, "/en/kotak", {"kode": "zzz"}).text)
    for text in texts:
        assert '<html lang="en">' in text
        assert [a for a, _ in long if a in text] == []
    assert "Too short: 6 characters, at least 20." in texts[5]
    assert "Belum ada kabar" in open_box(client, words).text and "No news yet" in texts[7]


def test_the_title_of_a_page_says_nothing_of_a_report(client: FlaskClient) -> None:
    for path, prefix in product(PAGES, ("", "/en")):
        title = re.search("<title>(.*?)</title>", get(client, prefix + path).text)
        assert title and not re.search("korupsi|lapor|corruption|report", title[1], re.I)


def test_the_empty_form_fits_one_step_with_room_for_notice_and_onion_address(client: FlaskClient) -> None:
    for prefix in ("", "/en"):
        body = get(client, prefix + "/lapor").body
        assert len(body) == PAGE_STEP and len(body.rstrip()) < PAGE_STEP - 500


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_has_a_contrast_of_7_to_1_in_both_schemes() -> None:
    schemes = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", stylesheet())]
    assert len(schemes) == 2
    for scheme in schemes:
        assert contrast(scheme["on"], scheme["act"]) >= 7
        for text, ground in product(("ink", "soft", "act", "warn"), ("paper", "card")):
            assert contrast(scheme[text], scheme[ground]) >= 7, (text, ground)
    assert contrast("#777", "#fff") < 7


def test_the_stylesheet_is_small_and_loads_nothing() -> None:
    assert len(stylesheet().encode("utf-8")) <= 6_000
    assert not re.search(r"url\(|@import|@font-face|https?:|</", stylesheet())


def test_templates_hold_no_script_no_style_attribute_and_no_foreign_address() -> None:
    for path in sorted(Path(make.ROOT, "templates", "dropbox").glob("*.html")):
        text = path.read_text("utf-8")
        assert not re.search(r"<script|<img|<iframe|\bstyle=|\bon\w+=\"|https?://|//\w", text), path.name


@pytest.mark.parametrize("language", ["id", "en"])
def test_what_the_guide_for_reporters_names_stands_on_a_page(catalogue: Catalog, language: str) -> None:
    """Every label in bold, without what is advice or the name of something else."""
    advice = {
        "id": {"Tulis di kertas, dua kata setiap baris.", "Kode hilang?", "Tidak aman menyimpan kode?",
               "Suatu hari ingin dikenal"},
        "en": {"Write on paper, two words a line.", "Write them on paper, two words a line.", "Code lost?",
               "Not safe to keep the code?", "Do you want to be known one day"},
    }[language]  # fmt: skip
    texts = [str(m.id if language == "id" else m.string).casefold() for m in catalogue if m.id]
    bold = re.findall(r"\*\*([^*]+)\*\*", GUIDES[language].read_text("utf-8"))
    named = {" ".join(words.split()) for words in bold} - advice
    assert len(named) > 10
    assert {words for words in named if not any(words.casefold() in text for text in texts)} == set()
