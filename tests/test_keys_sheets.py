"""What is printed: one A4 page each, readable, nothing outside the margins, nothing that says who or when."""

import base64
import datetime
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from shamir_mnemonic.wordlist import WORDLIST
from test_keys_recovery import OF_THREE, ONE, SEED

from crypto.errors import Malformed
from crypto.receipt import wordlist
from keys import paper, sheets
from keys.recovery import join_seed
from keys.roster import Role
from keys.sheet_texts import day_of, printable

ROOT = Path(__file__).parents[1]
DPI = 150
DOT = DPI / 25.4  # pixels of a millimetre
WORDS, PARTS = ONE.split(), OF_THREE
FINGERPRINT = ("helium", "versi", "paspor", "limau", "antena", "bahasa", "rintik", "parkir")
LONGEST = ("transfer", "triwulan", "turnamen", "walaupun", "vegetasi", "vertikal", "visioner", "waralaba")
DAY = datetime.date(2026, 11, 24)


def onion_of(key: bytes) -> str:
    check = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
    return base64.b32encode(key + check + b"\x03").decode().lower() + ".onion"


EDITION = sheets.Edition(3, DAY, "4b1d 09ce 77aa f012 5e3c 8d90 ab41 c7e2 0f66 91d8")
ONION = onion_of(hashlib.sha256(b"kotak").digest())
SITE = "https://kotaksenyap.sumselprov.go.id"
RECOVERY: dict[str, Any] = {
    "deployment": "sumsel", "number": 2, "holder": "Siti Nurhaliza binti Abdul Karim", "words": WORDS, "sheet": 1,
    "sheets": 1, "needed": 1, "fingerprint": FINGERPRINT, "date": DAY,
}  # fmt: skip
CARD: dict[str, Any] = {
    "deployment": "sumsel", "reviewer": "oku-selatan-2", "unit": "Inspektorat Kabupaten Ogan Komering Ulu Selatan",
    "role": Role.TELAAH, "k": 2, "n": 3, "fingerprint": FINGERPRINT, "edition": EDITION,
    "keys_until": datetime.date(2027, 5, 23),
}  # fmt: skip
LONG = {"deployment": "W" * 32, "fingerprint": LONGEST}
MAKE: dict[str, Callable[[], bytes]] = {
    "recovery": lambda: sheets.recovery_sheet(**RECOVERY),
    "recovery-part": lambda: sheets.recovery_sheet(
        **RECOVERY | {"words": PARTS[1].split(), "sheet": 2, "sheets": 3, "needed": 2, "holder": ""}
    ),
    "recovery-long": lambda: sheets.recovery_sheet(
        **RECOVERY | LONG | {"holder": "W" * 300, "words": ["swimming"] * 33, "number": 255, "sheets": 5, "needed": 5}
        | {"date": datetime.date(2026, 9, 30)}
    ),
    "poster": lambda: sheets.poster(fingerprint=FINGERPRINT, edition=EDITION, onion=ONION),
    "poster-site": lambda: sheets.poster(fingerprint=LONGEST, edition=EDITION, onion=ONION, site=SITE),
    "poster-by-hand": lambda: sheets.poster(fingerprint=FINGERPRINT, edition=EDITION, onion=""),
    "poster-by-hand-site": lambda: sheets.poster(fingerprint=FINGERPRINT, edition=EDITION, onion="", site=SITE),
    "card": lambda: sheets.reviewer_card(**CARD),
    "card-alone": lambda: sheets.reviewer_card(**CARD | {"k": 1, "n": 2}),
    "card-long": lambda: sheets.reviewer_card(
        **CARD | LONG | {"reviewer": "w" * 24, "unit": "Inspektorat Kabupaten " * 20, "k": 10, "n": 12}
        | {"keys_until": datetime.date(2027, 9, 30)}
    ),
}  # fmt: skip
every_sheet = pytest.mark.parametrize("name", MAKE)


@cache
def made(name: str) -> bytes:
    return MAKE[name]()


@cache
def picture(name: str) -> Any:
    """Return a sheet as a printer would see it: one byte a dot, 255 is white."""
    with pypdfium2.PdfDocument(made(name)) as pdf:
        return pdf[0].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")


def text_of(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as pdf:
        return "\n".join(pdf[0].get_textpage().get_text_range().splitlines())


def flat(name: str) -> str:
    return " ".join(text_of(made(name)).split())


def white(image: Any, left: float, top: float, right: float, bottom: float) -> bool:
    """Say whether a box, in millimetres from the upper left corner, is empty."""
    box = (round(left * DOT), round(top * DOT), round(right * DOT), round(bottom * DOT))
    return bool(image.crop(box).getextrema() == (255, 255))


# --- the page --------------------------------------------------------------------------------------------


@every_sheet
def test_it_is_one_a4_page(name: str) -> None:
    with pypdfium2.PdfDocument(made(name)) as pdf:
        assert len(pdf) == 1
        assert [round(side / 72 * 25.4) for side in pdf[0].get_size()] == [210, 297]


@every_sheet
def test_nothing_stands_in_the_outer_8_mm(name: str) -> None:
    image = picture(name)
    assert not white(image, 0, 0, 210, 297)
    for box in ((0, 0, 210, 8), (0, 289, 210, 297), (0, 0, 8, 297), (202, 0, 210, 297)):
        assert white(image, *box)


@every_sheet
def test_text_keeps_to_its_column(name: str) -> None:
    image = picture(name)
    fold = 297 / 2
    for top, bottom in ((0, fold - 1), (fold + 1, 297)):
        assert white(image, 0, top, 21.5, bottom) and white(image, 188.5, top, 210, bottom)


@every_sheet
def test_no_line_of_text_runs_into_another(name: str) -> None:
    with pypdfium2.PdfDocument(made(name)) as pdf:
        page = pdf[0].get_textpage()
        boxes = [page.get_rect(i) for i in range(page.count_rects())]
    assert len(boxes) > 20
    for i, (left, bottom, right, top) in enumerate(boxes):
        for other_left, other_bottom, other_right, other_top in boxes[:i]:
            apart = left >= other_right or other_left >= right or bottom >= other_top or other_bottom >= top
            assert apart


@every_sheet
def test_it_is_black_on_white(name: str) -> None:
    with pypdfium2.PdfDocument(made(name)) as pdf:
        colours = pdf[0].render(scale=1).to_pil().convert("RGB").getcolors(1 << 24)
    assert all(red == green == blue for _, (red, green, blue) in colours)
    assert set(re.findall(rb"([\d. ]+) (?:rg|RG|g|G|k|K)\s", made(name))) <= {b"0 0 0", b"0"}


def test_the_quiet_zone_around_the_code_is_white() -> None:
    image = picture("poster")
    found = zxingcpp.read_barcodes(image)[0].position
    left, top = found.top_left.x / DOT, found.top_left.y / DOT
    right, bottom = found.bottom_right.x / DOT, found.bottom_right.y / DOT
    assert 40 < right - left < 44 and 40 < bottom - top < 44
    module = (right - left) / 37
    assert white(image, left - 4 * module, top, left - 0.3, bottom) and white(
        image, right + 0.3, top, right + 4 * module, bottom
    )
    assert white(image, left, bottom + 0.3, right, bottom + 4 * module) and white(
        image, left, top - 3 * module, right, top - 0.3
    )


# --- same input, same bytes; nothing else inside ---------------------------------------------------------


@every_sheet
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    assert MAKE[name]() == made(name)


def test_another_process_on_another_day_gives_the_same_bytes() -> None:
    code = (
        "import datetime, hashlib, sys, time; time.time = lambda: 2e9; from keys.sheets import Edition, poster;"
        f"edition = Edition(3, {DAY!r}, {EDITION.groups!r});"
        f"data = poster(fingerprint={FINGERPRINT!r}, edition=edition, onion={ONION!r}); print(hashlib.sha256(data).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(made("poster")).hexdigest()


@every_sheet
def test_nothing_in_the_file_says_what_made_it_or_when(name: str) -> None:
    with pypdfium2.PdfDocument(made(name)) as pdf:
        assert not any(pdf.get_metadata_dict().values())
    data = made(name)
    for word in (b"ReportLab", b"opensource", b"/Producer", b"/Creat", b"/Author", b"/Title", b"D:2", b"/XMP"):
        assert word not in data


def test_no_word_of_a_sheet_stands_outside_the_page() -> None:
    data = made("recovery-part")
    page = re.search(rb"stream\n.*?endstream", data, re.S)
    assert page
    outside = (data[: page.start()] + data[page.end() :]).lower()
    for word in {*PARTS[1].split(), "sumsel", "november"}:
        assert word.encode() not in re.findall(rb"[a-z]+", outside)


# --- recovery sheet --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "words"), [("recovery", WORDS), ("recovery-part", PARTS[1].split())])
def test_the_words_stand_on_the_sheet_in_order_beside_their_numbers(name: str, words: list[str]) -> None:
    found = re.findall(r"^(\d+) ([a-z]+)$", text_of(made(name)), re.M)
    assert found == [(str(number), word) for number, word in enumerate(words, 1)]


def table_of(data: bytes) -> str:
    """Return the words and numbers of a sheet as somebody would type them from the paper."""
    return "\n".join(line for line in text_of(data).splitlines() if re.fullmatch(r"\d+ [a-z]+", line))


def test_what_is_printed_gives_the_seed_back() -> None:
    assert join_seed([table_of(made("recovery"))]) == SEED
    pages = [
        sheets.recovery_sheet(**RECOVERY | {"words": line.split(), "sheet": at, "sheets": 3, "needed": 2})
        for at, line in enumerate(PARTS, 1)
    ]
    assert join_seed([table_of(pages[2]), table_of(pages[0])]) == SEED


def test_numbers_go_down_the_columns() -> None:
    with pypdfium2.PdfDocument(made("recovery")) as pdf:
        page = pdf[0].get_textpage()
        places = []
        for number in (1, 2, 12):
            found = page.search(f"{number} {WORDS[number - 1]}", match_whole_word=True).get_next()
            assert found is not None
            places.append(page.get_charbox(found[0] + found[1] - 1))
    (left, bottom, *_), (_, below, *_), (right, level, *_) = places
    assert left < right and below < bottom - 10 and abs(level - bottom) < 6


@pytest.mark.parametrize(
    "said",
    [
        "Lembar pemulihan kunci akar 2", "Recovery sheet of root key 2", "Siti Nurhaliza binti Abdul Karim", "sumsel",
        "24 November 2026", "1 dari 1", " ".join(FINGERPRINT), "adalah kunci akar itu sendiri", "amplop bersegel",
        "tidak di tempat yang sama dengan stik kunci", "Jangan pernah difoto, disalin, atau diketik di HP",
        "hubungi pemegang kunci akar yang lain. Kunci akar ini harus diganti.", "Nomor amplop", "Tanda tangan",
        "These 33 words are the root key itself", "Never photograph it, copy it, or type it into a phone",
        "call the other root holders", "This root key must be replaced", "Envelope number", "Signature",
        "Baca ke bawah, kolom demi kolom.",
    ],
)  # fmt: skip
def test_the_sheet_says_what_it_is_where_it_belongs_and_what_to_do(said: str) -> None:
    assert said in flat("recovery")


def test_a_sheet_of_several_says_how_many_are_needed() -> None:
    text = flat("recovery-part")
    assert "2 dari 3 lembar seperti ini" in text and "2 of 3 such sheets together" in text
    assert "terpisah dari stik kunci dan dari lembar lain" in text
    assert "kunci akar itu sendiri" not in text and "root key itself" not in text


def test_the_indonesian_text_is_larger() -> None:
    data = made("recovery").decode("latin-1")
    sizes = {
        line: float(size) for size, line in re.findall(r"/F\d ([\d.]+) Tf [\d.]+ TL ET\nBT [^(]*\((.*?)\) Tj", data)
    }
    assert sizes["Lembar pemulihan kunci akar 2"] > sizes["Recovery sheet of root key 2"]
    assert next(v for k, v in sizes.items() if "Dalam amplop" in k) > next(
        v for k, v in sizes.items() if "In a sealed" in k
    )
    assert min(sizes.values()) >= 8


def test_without_a_holder_there_is_a_line_to_write_on() -> None:
    assert not white(picture("recovery-part"), 24, 62, 100, 66)
    assert white(picture("recovery"), 24, 62.5, 100, 66)


# --- poster ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["poster", "poster-site"])
@pytest.mark.parametrize("shrink", [1, 2])
def test_the_code_holds_exactly_the_address(name: str, shrink: int) -> None:
    image = picture(name)
    found = zxingcpp.read_barcodes(image.resize((image.width // shrink, image.height // shrink)))
    assert [code.text for code in found] == [f"http://{ONION}/"]


@pytest.mark.parametrize("name", ["poster", "poster-site", "card", "card-long"])
def test_poster_and_card_name_the_roster_by_which_they_were_printed(name: str) -> None:
    page = flat(name)
    assert "Daftar kunci versi 3, 24 November 2026" in page and "Roster version 3, 24 November 2026" in page
    assert page.count(EDITION.groups) == (2 if name.startswith("card") else 1)


def test_the_address_can_be_typed_from_the_poster() -> None:
    lines = text_of(made("poster")).splitlines()
    at = next(i for i, line in enumerate(lines) if line == ONION[:14])
    assert "".join(lines[at : at + 4]) == ONION


def test_an_address_has_none_of_the_digits_that_the_poster_rules_out() -> None:
    assert not set("0189") & set(onion_of(bytes(32)) + base64.b32encode(bytes(range(256))).decode())
    assert "Angka 0, 1, 8, 9 tidak ada" in flat("poster")


@pytest.mark.parametrize("name", ["poster-by-hand", "poster-by-hand-site"])
def test_without_an_address_there_is_no_code_and_a_line_to_write_on(name: str) -> None:
    assert not zxingcpp.read_barcodes(picture(name))
    assert "Alamat, ditulis tangan oleh petugas · Address, written by hand by an officer" in flat(name)
    assert ".onion" not in flat(name) and "Kode ini berisi" not in flat(name)


def test_the_eight_words_stand_in_two_rows() -> None:
    for name, words in (("poster", FINGERPRINT), ("poster-site", LONGEST)):
        lines = text_of(made(name)).splitlines()
        at = lines.index(" ".join(words[:4]))
        assert lines[at + 1] == " ".join(words[4:])


@pytest.mark.parametrize("name", [n for n in MAKE if n.startswith("poster")])
@pytest.mark.parametrize(
    "said",
    [
        "Laporkan korupsi tanpa menyebut siapa Anda", "Report corruption without saying who you are",
        "Kotak pengaduan anonim Inspektorat Sumatera Selatan.", "Hanya Tor Browser yang dapat membuka alamat ini.",
        "Setiap halaman menampilkan delapan kata yang sama. Bila kata lain yang tampil, jangan menulis;",
        "If others are shown, do not write", "Jangan pindai dengan HP kantor. Jangan buka lewat wifi kantor.",
        "No office phone, no office wifi.",
    ],
)  # fmt: skip
def test_the_poster_says_what_it_is_how_to_reach_it_and_how_to_stay_safe(name: str, said: str) -> None:
    assert said in flat(name)


def test_an_ordinary_address_comes_with_what_it_gives_away() -> None:
    text = flat("poster-site")
    assert f"Tanpa Tor Browser · Without Tor Browser: {SITE}" in text
    assert "Operator internet dapat melihat bahwa Anda membukanya." in text
    assert "Without Tor Browser" not in flat("poster")


# --- reviewer's card -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "Kartu penelaah: telaah", "oku-selatan-2", "Inspektorat Kabupaten Ogan Komering Ulu Selatan", "2 dari 3 penelaah",
        "harus hadir bersama", "25 April 2027", "berakhir 23 Mei 2027", "Serahkan kunci baru sebelum 25 April 2027.",
        "Menulis frasa sandi di kartu ini, memotretnya,", "Lupa frasa sandi", "Stasiun dicuri", "Pindah tugas",
        "Reviewer's card: telaah", "2 of 3 reviewers", "must be there together", "they end 23 May 2027",
        "Write the passphrase on this card, photograph it,", "Passphrase forgotten", "Station stolen", "Leaving office",
        "lipat atau gunting di sini · fold or cut here",
    ],
)  # fmt: skip
def test_the_card_says_who_how_many_until_when_and_what_to_do(said: str) -> None:
    assert said in flat("card")


def test_each_half_of_the_card_can_stand_alone() -> None:
    with pypdfium2.PdfDocument(made("card")) as pdf:
        page = pdf[0].get_textpage()
        middle = 297 / 2 / 25.4 * 72
        halves = page.get_text_bounded(bottom=middle), page.get_text_bounded(top=middle)
    for half in halves:
        text = " ".join(half.split())
        assert "oku-selatan-2" in text and " ".join(FINGERPRINT) in text and "2027" in text
    assert "Kartu penelaah" in halves[0] and "Reviewer's card" in halves[1]


def test_the_fold_is_in_the_middle_of_the_page() -> None:
    image = picture("card")
    assert not white(image, 12, 148, 198, 149)
    assert white(image, 12, 140, 198, 144) and white(image, 12, 149.5, 198, 160)


def test_one_reviewer_is_enough_where_one_is() -> None:
    assert "1 dari 2 penelaah" in flat("card-alone") and "sudah cukup" in flat("card-alone")
    assert "harus hadir bersama" not in flat("card-alone")


@pytest.mark.parametrize(("weeks", "day"), [(0, "23 Mei 2027"), (1, "16 Mei 2027"), (8, "28 Maret 2027")])
def test_renewal_comes_as_many_weeks_before_as_asked(weeks: int, day: str) -> None:
    data = sheets.reviewer_card(**CARD | {"weeks_of_warning": weeks})
    assert f"Serahkan kunci baru sebelum {day}." in " ".join(text_of(data).split())


# --- names, lengths and days -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Siti", "Siti"), ("Éva Müller", "Éva Müller"), ("Nu\u0304r", "Nur"), ("Nūr", "Nur"), ("張偉", "??"), ("Ünal 張", "Ünal ?"),
        ("a\nb\tc", "a b c"), ("  a \u00a0 b ", "a b"), ("a\u200bb\u202e", "ab"), ("😀", "?"), ("\ud800", "?"), ("ﬁat", "fiat"),
        ("", ""), ("\x00", ""), ("“S.H.” – M.Si…", "“S.H.” – M.Si…"), ("<b>(x)\\", "<b>(x)\\"),
    ],
)  # fmt: skip
def test_a_name_is_shown_as_far_as_the_fonts_go(name: str, shown: str) -> None:
    assert printable(name) == shown


def test_a_name_in_any_script_is_printed() -> None:
    holder = "H. 張偉 (Nūr) \\ Éva “S.H.”"
    assert "H. ?? (Nur) \\ Éva “S.H.”" in text_of(sheets.recovery_sheet(**RECOVERY | {"holder": holder}))


def test_a_long_name_takes_smaller_type_and_a_second_line() -> None:
    holder = "Drs. H. Muhammad Abdurrahman Wahid Hasyim Siregar, S.H., M.Si., Ak., CA., CFrA."
    assert holder in " ".join(text_of(sheets.recovery_sheet(**RECOVERY | {"holder": holder})).split())


def test_a_name_without_end_is_cut_with_an_ellipsis() -> None:
    lines = [line for line in text_of(made("recovery-long")).splitlines() if line.startswith("WWW")]
    assert len(lines) == 2 and lines[-1].endswith("…")


@pytest.mark.parametrize("width", [10, 20, 40, 90])
def test_lines_are_never_wider_than_asked(width: float) -> None:
    text = f"Alamat {ONION} dan {SITE} serta kata yang pendek"
    lines = paper.wrap(text, 12, paper.PLAIN, width)
    assert all(paper.measure(line, 12, paper.PLAIN) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_no_short_last_line_stands_alone() -> None:
    text = "Bila lembar ini hilang, hari itu juga hubungi pemegang kunci akar yang lain."
    width = paper.measure(text[:-6], 12, paper.PLAIN)
    assert paper.wrap(text, 12, paper.PLAIN, width)[-1] == "lain."
    assert paper.measure(paper.paragraph(text, 12, paper.PLAIN, width)[-1], 12, paper.PLAIN) >= width / 3


def test_every_word_of_both_lists_fits_its_place() -> None:
    assert max(paper.measure(word, 17, paper.BOLD) for word in WORDLIST) < 166 / 3 - 12 - 2
    assert max(paper.measure(word, 21, paper.BOLD) for word in wordlist()) < 166 / 4 - 1
    widest = sorted(wordlist(), key=lambda word: paper.measure(word, 10, paper.BOLD))[-8:]
    assert paper.measure("  ".join(widest), 10, paper.BOLD) < 166


@pytest.mark.parametrize(
    ("date", "indonesian", "english"),
    [
        (datetime.date(2026, 1, 5), "5 Januari 2026", "5 January 2026"),
        (datetime.date(2027, 8, 17), "17 Agustus 2027", "17 August 2027"),
        (datetime.date(2026, 12, 31), "31 Desember 2026", "31 December 2026"),
    ],
)
def test_days_are_written_in_words(date: datetime.date, indonesian: str, english: str) -> None:
    assert (day_of(date).id, day_of(date).en) == (indonesian, english)


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"words": WORDS[:32]}, "recovery sheet: 32 words, want 33"),
        ({"words": [*WORDS, "acid"]}, "recovery sheet: 34 words, want 33"),
        ({"words": [*WORDS[:4], "Acid", *WORDS[5:]]}, "recovery sheet: word 5 is not made of 1 to 8 letters"),
        ({"words": [*WORDS[:32], "a" * 9]}, "recovery sheet: word 33 is not made of 1 to 8 letters"),
        ({"fingerprint": FINGERPRINT[:7]}, "fingerprint: 7 words, want 8"),
        ({"sheet": 2}, "recovery sheet: root 2, sheet 2 of 1, 1 needed"),
        ({"sheet": 0}, "recovery sheet: root 2, sheet 0 of 1, 1 needed"),
        ({"needed": 2}, "recovery sheet: root 2, sheet 1 of 1, 2 needed"),
        ({"needed": 0}, "recovery sheet: root 2, sheet 1 of 1, 0 needed"),
        ({"sheets": 6}, "recovery sheet: root 2, sheet 1 of 6, 1 needed"),
        ({"number": 256}, "recovery sheet: root 256, sheet 1 of 1, 1 needed"),
    ],
)
def test_a_recovery_sheet_that_makes_no_sense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(Malformed) as caught:
        sheets.recovery_sheet(**RECOVERY | wrong)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("onion", "message"),
    [
        (ONION[:-1], "61 characters"), (f"http://{ONION}", "69 characters"), (ONION.upper(), "62 characters"),
        ("0" + ONION[1:], "62 characters"), (f"{ONION}\n", "63 characters"),
        (("a" if ONION[0] != "a" else "b") + ONION[1:], "its checksum does not fit"),
        (ONION[1] + ONION[0] + ONION[2:], "its checksum does not fit"),
    ],
    ids=["short", "url", "upper", "digit", "line", "letter", "swapped"],
)  # fmt: skip
def test_a_mistyped_onion_address_is_not_printed(onion: str, message: str) -> None:
    with pytest.raises(Malformed, match=f"onion address: .*{message}"):
        sheets.poster(fingerprint=FINGERPRINT, edition=EDITION, onion=onion)


@pytest.mark.parametrize("site", ["https://" + "a" * 100, "https://contoh.id/\nx", "https://張偉.id"])
def test_an_address_that_cannot_be_shown_as_it_is_is_not_printed(site: str) -> None:
    with pytest.raises(Malformed, match=f"site: {len(site)} characters do not fit"):
        sheets.poster(fingerprint=FINGERPRINT, edition=EDITION, onion=ONION, site=site)


def test_an_address_of_sixty_characters_fits() -> None:
    site = "https://kotak-senyap.inspektorat.sumateraselatanprov.go.id/a"
    assert len(site) == 60
    assert site in text_of(sheets.poster(fingerprint=FINGERPRINT, edition=EDITION, onion=ONION, site=site))


@pytest.mark.parametrize("words", [FINGERPRINT[:7], (*FINGERPRINT, "acar"), (*FINGERPRINT[:7], "dua kata")])
def test_a_fingerprint_that_is_none_is_refused_everywhere(words: tuple[str, ...]) -> None:
    for make in (
        lambda: sheets.poster(fingerprint=words, edition=EDITION, onion=ONION),
        lambda: sheets.reviewer_card(**CARD | {"fingerprint": words}),
        lambda: sheets.recovery_sheet(**RECOVERY | {"fingerprint": words}),
    ):
        with pytest.raises(Malformed, match="fingerprint"):
            make()


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": 4}, {"weeks_of_warning": -1}], ids=str)
def test_a_card_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Malformed, match="reviewer's card"):
        sheets.reviewer_card(**CARD | wrong)
