"""station.cleaning: metadata is shown and removed, or it is said that it was not."""

from __future__ import annotations

import io
import shutil
import zipfile
import zlib

import pytest
from hostile_files import docx, paragraph, png
from samples import named

from station import cleaning, reasons, sandbox
from station.cleaning import Cleaned, clean
from station.sandbox import End, Ended

MISSING = [name for name in (*sandbox.NEEDED, "mat2", "exiftool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}")
MARKS = (b"Zulkarnain", b"SN9917355", b"penanda.example", b"Penandawati")


def inflated(data: bytes) -> bytes:
    """All that a file holds, the streams of PDF and the members of ZIP unpacked."""
    out = [data]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            out += [archive.read(name) for name in archive.namelist()]
    for piece in data.split(b"stream")[1::2]:
        try:
            out.append(zlib.decompressobj().decompress(piece.lstrip(b"\r\n")))
        except zlib.error:
            continue
    return b"".join(out)


def hidden(data: bytes) -> set[bytes]:
    return {mark for mark in MARKS if mark in inflated(data)}


CLEANED = [
    "pillow-exif.jpg", "phone-motion.jpg", "pillow-mpf.jpg", "exiftool-tags.png", "phone-tail.png", "exiftool-tags.gif",
    "pillow.tiff", "img2pdf.pdf", "cairo.pdf", "pikepdf-xmp.pdf", "pypdf-attachment.pdf", "pandoc.odt",
]  # fmt: skip


@pytest.mark.parametrize("name", CLEANED)
def test_metadata_is_shown_and_removed(name: str):
    before = named(name)
    done = clean(before, "")
    assert (done.state, hidden(before) != set()) == ("cleaned", True), done.words
    assert done.data is not None and hidden(done.data) == set()
    assert any("Zulkarnain" in line or "SN9917355" in line for line in done.found)
    assert done.words.startswith(f"Dibersihkan: {len(done.found)} keterangan")


def test_a_photo_is_still_upright():
    from PIL import Image

    turned = named("pillow-turned-6.jpg")
    done = clean(turned, "image/jpeg")
    assert done.data is not None
    assert Image.open(io.BytesIO(turned)).getexif()[0x0112] == 6
    assert Image.open(io.BytesIO(done.data)).size == Image.open(io.BytesIO(turned)).size[::-1]


def test_photos_in_a_pdf_lose_what_they_know():
    """The light way leaves it in: the control is the sample's own photo, which is cleaned only with its page."""
    done = clean(named("img2pdf.pdf"), "application/pdf")
    assert "Halamannya menjadi gambar" in done.words
    assert "Halamannya menjadi gambar" not in clean(named("cairo.pdf"), "application/pdf").words


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "kosong"),
        (named("phone.heic"), "tidak dapat dibersihkan"),
        (named("archive.zip"), "tidak dapat dibersihkan"),
        (named("libreoffice-text.doc"), "tidak dapat dibersihkan"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "tidak dapat dibersihkan"),
        (named("word-like.docx"), "bagian yang tidak dikenal"),
        (named("libreoffice-text.odt"), "komentar dan nama penulisnya"),
        (named("pillow-animated.png"), "hanya gambar pertamanya"),
        (b"%PDF-1.7\n", "rusak"),
        (png(2_000, 2_000)[:100], "rusak"),
    ],
)
def test_it_is_said_what_is_not_cleaned(data: bytes, why: str):
    done = clean(data, "")
    assert (done.state, done.data) == ("not_cleaned", None)
    assert done.words.startswith("Tidak dibersihkan: ") and why in done.words, done.words


def test_what_was_found_is_told_even_when_it_stays():
    done = clean(named("word-like.docx"), "")
    assert done.state == "not_cleaned"
    assert any("Dinas Penanda" in line for line in done.found)


def test_a_document_that_inflates_meets_a_limit():
    done = clean(docx(paragraph("a"), **{"word/besar.xml": bytes(700_000_000)}), "")
    assert (done.state, done.data) == ("not_cleaned", None)


def test_a_claim_that_is_not_so_is_pointed_out():
    assert reasons.NOT_SO in clean(named("img2pdf.pdf"), "image/png").words


def frames(*given: tuple[bytes, bytes]) -> bytes:
    return b"".join(tag + len(data).to_bytes(4, "big") + data for tag, data in ((b"B", b""), *given, (b"E", b"")))


def answering(monkeypatch: pytest.MonkeyPatch, output: bytes, complaint: bytes = b"") -> Cleaned:
    monkeypatch.setattr(cleaning, "run_inside", lambda *given: Ended(End.DONE, output, complaint))
    return clean(b"x", "")


def test_lies_of_a_program_that_was_taken_over(monkeypatch: pytest.MonkeyPatch):
    found = (b"F", "nama\x1b[2J\u202e: x".encode())
    assert answering(monkeypatch, frames((b"K", b"pdf"), found)).state == "not_cleaned"
    assert answering(monkeypatch, frames((b"K", b"pdf"), (b"D", b"x"), (b"D", b"x"))).state == "not_cleaned"
    assert answering(monkeypatch, frames((b"K", b"pdf"), (b"D", b"x")), b"warning").state == "not_cleaned"
    assert answering(monkeypatch, frames((b"D", b"x"))[:-5]).state == "not_cleaned"
    done = answering(monkeypatch, frames((b"K", b"pdf"), found, (b"D", b"x")))
    assert done.found == ("nama\\u{001B}[2J\\u{202E}: x",)
    assert len(answering(monkeypatch, frames(*[(b"F", b"a: b")] * 900, (b"D", b"x"))).found) == 201


def test_no_more_is_read_of_an_answer_than_is_shown(monkeypatch: pytest.MonkeyPatch):
    """Counted, not timed: what is made visible, and how many frames are taken apart."""
    lengths: list[int] = []

    def counting(text: str) -> str:
        lengths.append(len(text))
        return text

    monkeypatch.setattr(cleaning, "visible", counting)
    done = answering(monkeypatch, frames(*[(b"F", b"\x01" * 100_000)] * 300, (b"D", b"x")))
    assert (done.state, len(done.found), lengths) == ("cleaned", 201, [1_200] * 200)
    lengths.clear()
    done = answering(monkeypatch, frames(*[(b"F", b"a: b")] * 5_000, (b"D", b"x")))
    assert (done.state, done.found, lengths) == ("not_cleaned", (), [])
    assert "melaporkan kesalahan" in done.words
