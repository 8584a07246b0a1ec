"""station.previews: a corpus of hostile files, made here; each harms nothing and is spoken of in words."""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_files import OFFICE, docx, paragraph, pdf, png, zipped
from samples import SAMPLES, named

from station import answers, previews, reasons, sandbox
from station.errors import NoSandbox, NotShown
from station.previews import Preview, make_preview
from station.sandbox import End, Ended

MISSING = [name for name in (*sandbox.NEEDED, "pdftoppm") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}")
WRITER = Path("/usr/lib/libreoffice/program/soffice.bin")
needs_office = pytest.mark.skipif(not WRITER.is_file(), reason="LibreOffice is not installed")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Whatever a test opened: afterwards no process of it is there, and no file of it is open."""
    descriptors = set(os.listdir("/proc/self/fd"))
    yield
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    assert children.read_text() == ""
    assert set(os.listdir("/proc/self/fd")) <= descriptors


def look(data: bytes, name: str = "berkas", media_type: str = "application/octet-stream") -> Preview:
    return make_preview(data, name, media_type)


def is_refused(preview: Preview, why: str) -> bool:
    assert (preview.kind, preview.pages, preview.text, preview.count) == ("none", (), "", 0)
    return why in preview.words and preview.words.startswith("Berkas ini tidak dapat ditampilkan: ")


def sides(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    return struct.unpack_from(">II", png, 16)


# --- what is shown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if s.ending in ("jpg", "png", "gif", "webp", "bmp", "tiff")], ids=str
)
def test_pictures_are_shown(sample):
    seen = look(sample.data, sample.name)
    assert (seen.kind, seen.count, len(seen.pages)) == ("pixels", 1, 1), seen.words
    assert min(sides(seen.pages[0])) > 1
    assert "piksel" in seen.words


def test_a_large_picture_is_made_small_and_upright():
    from PIL import Image

    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (4_000, 1_000), "red").save(out, "JPEG", exif=exif)
    seen = look(out.getvalue())
    assert sides(seen.pages[0]) == (400, 1_600)
    assert Image.open(io.BytesIO(seen.pages[0])).getpixel((200, 800))[0] > 200


def test_a_scan_of_several_pages_is_shown_as_pages():
    from PIL import Image

    out, pages = io.BytesIO(), [Image.new("L", (60, 40), shade) for shade in range(0, 250, 10)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    seen = look(out.getvalue(), "pindaian.tif", "image/tiff")
    assert (seen.count, len(seen.pages)) == (25, 20)
    assert "20 dari 25 halaman" in seen.words


def test_a_pdf_is_shown():
    seen = look(named("reportlab.pdf"), "a.pdf", "application/pdf")
    assert (seen.kind, seen.count, len(seen.pages)) == ("pixels", 2, 2)
    assert seen.words == "PDF, 2 halaman."


def test_pages_of_every_size_stay_within_bounds():
    seen = look(pdf(1, "0 0 14400 7200"))
    assert sides(seen.pages[0]) == (1_600, 800)


@needs_office
@pytest.mark.parametrize("name", ["word-like.docx", "libreoffice-sheet.xls", "libreoffice-slides.odp"])
def test_office_files_are_shown(name: str):
    seen = look(named(name), name)
    assert seen.kind == "pixels" and seen.count >= 1, seen.words
    assert reasons.NOT_SO not in seen.words


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_is_shown(encoding: str):
    assert look("Rp 5.000 untuk café\n".encode(encoding)).text == "Rp 5.000 untuk café\n"


def test_what_hides_in_text_is_made_visible():
    seen = look("gaji\u202egpj.exe\u200b\x1b[2J akhir\r\n\tbaris".encode())
    assert seen.kind == "text"
    assert seen.text == "gaji\\u{202E}gpj.exe\\u{200B}\\u{001B}[2J akhir\n    baris"


def test_long_text_is_cut():
    seen = look("é".encode() * 100_000)
    assert len(seen.text.encode()) == answers.MOST_TEXT_BYTES
    assert "hanya 64 KiB pertama" in seen.words


@pytest.mark.parametrize("letter", [b"a", b"\r\n", b"\x01", b"\xff", "\U0001f4c4".encode()])
def test_of_a_long_text_only_what_is_shown_is_read(monkeypatch: pytest.MonkeyPatch, letter: bytes):
    lengths: list[int] = []
    real = answers.visible
    monkeypatch.setattr(answers, "visible", lambda text, **given: lengths.append(len(text)) or real(text, **given))
    text, cut = answers.text_of(letter * 4_000_000)
    assert cut and answers.MOST_TEXT_BYTES - 4 < len(text.encode()) <= answers.MOST_TEXT_BYTES
    assert len(lengths) == 1 and lengths[0] <= 2 * answers.MOST_TEXT_BYTES + 4
    assert answers.text_of(letter * 1_000)[1] is False


def test_an_answer_of_many_frames_is_refused():
    begun, ended, empty = (tag + bytes(4) for tag in (b"B", b"E", b"N"))
    most = answers.MOST_FRAMES
    assert len(answers.answer_of(Ended(End.DONE, begun + empty * (most - 2) + ended, b"")).frames) == most
    with pytest.raises(NotShown, match="complained"):
        answers.answer_of(Ended(End.DONE, begun + empty * (most - 1) + ended, b""))


MAIL = """From: =?utf-8?q?B=C3=BAdi?= <budi@contoh.example>
To: kotak@contoh.example
Date: Thu, 26 Nov 2026 10:00:00 +0700
Subject: Kuitansi
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=xx

--xx
Content-Type: text/html; charset=utf-8

<style>p{}</style><p>Halo<script>jahat()</script></p><img src="http://contoh.example/1.png">
--xx
Content-Type: application/pdf
Content-Disposition: attachment; filename="../../etc/passwd\u202e"
Content-Transfer-Encoding: base64

JVBERi0=
--xx--
"""


def test_mail_is_shown_as_text():
    seen = look(MAIL.encode(), "surat.eml", "message/rfc822")
    assert (seen.kind, seen.words) == ("text", "Surat elektronik.")
    assert "Dari: Búdi <budi@contoh.example>" in seen.text
    assert "Perihal: Kuitansi" in seen.text and "Halo" in seen.text
    assert "jahat" not in seen.text and "http" not in seen.text and "p{}" not in seen.text
    assert re.search(r"Lampiran: \S*passwd\S* \(5 bita\)", seen.text)
    assert "\u202e" not in seen.text


def test_a_false_name_is_pointed_out():
    assert reasons.NOT_SO in look(pdf(1), "foto.jpg", "application/pdf").words
    assert reasons.NOT_SO in look(pdf(1), "surat.pdf", "image/png").words
    assert reasons.NOT_SO not in look(pdf(1), "surat.pdf", "application/pdf; x=1").words


@pytest.mark.parametrize(
    "name", ["../../../../etc/passwd", "/dev/shm/x.pdf", "-rf", "a\0b", "\n", "$(touch x).pdf", ""]
)
def test_names_are_never_paths(name: str):
    assert look(pdf(1), name).kind == "pixels"


# --- what is not -------------------------------------------------------------------------------------

NOT_RENDERED = {
    "empty": (b"", "kosong"),
    "nested zip bomb": (zipped({"a.zip": zipped({"b": bytes(20_000_000)}) * 20}), "arsip"),
    "rar": (b"Rar!\x1a\x07\x01\0", "arsip"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "arsip"),
    "m3u": (b"#EXTM3U\nhttp://contoh.example/a.mp3\n", "daftar putar"),
    "pls": (b"[playlist]\nFile1=http://contoh.example/a.mp3\n", "daftar putar"),
    "asx": (b"<asx version=3><entry><ref href='http://contoh.example'/></entry></asx>", "daftar putar"),
    "svg": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><image href='http://contoh.example/a'/></svg>", "SVG"),
    "svg without a head": (b"<!-- x --><svg><script>alert(1)</script></svg>", "SVG"),
    "program": (b"MZ\x90\0" + bytes(100), "program"),
    "elf": (b"\x7fELF" + bytes(100), "program"),
    "script": (b"#!/bin/sh\nrm -rf /\n", "program"),
    "jar": (zipped({"META-INF/MANIFEST.MF": b"x"}), "program"),
    "sound": (b"ID3\x04\0\0\0\0\0\0" + bytes(100), "rekaman suara"),
    "film": (b"\0\0\0\x18ftypmp42" + bytes(100), "video"),
    "noise": (bytes(range(256)) * 4, "tidak dikenal"),
    "png of 50,000 x 50,000": (png(50_000, 50_000, 400), "50000 × 50000 piksel"),
    "png that ends early": (png(2_000, 2_000)[:100], "rusak"),
    "png of one point": (png(1, 1), "satu titik"),
    "png of one row": (png(500, 1), "satu titik"),
    "jpeg of a head alone": (b"\xff\xd8\xff\xe0" + bytes(30), "rusak"),
    "gif of a head alone": (b"GIF89a", "rusak"),
    "pdf of a head alone": (b"%PDF-1.7\n", "melaporkan kesalahan"),
    "pdf cut": (pdf(50)[:-700], "melaporkan kesalahan"),
    "pdf of one point": (pdf(1, "0 0 0.5 0.5"), "ukuran halamannya"),
    "pdf as large as a field": (pdf(1, "0 0 200000 200000"), "ukuran halamannya"),
    "pdf of a thread": (pdf(1, "0 0 2 14000"), "satu titik"),
}  # fmt: skip


@pytest.mark.parametrize("which", NOT_RENDERED)
def test_it_is_said_what_is_not_shown(which: str):
    data, why = NOT_RENDERED[which]
    assert is_refused(look(data), why), look(data).words


def test_a_picture_that_inflates_is_refused_by_its_size():
    bomb = png(50_000, 50_000)  # 312 MB of rows in 300 kB
    assert len(bomb) < 1_000_000
    assert is_refused(look(bomb), "50000 × 50000 piksel, terlalu besar")


def test_a_pdf_of_100_000_pages_shows_the_first():
    seen = look(pdf(100_000))
    assert (seen.count, len(seen.pages)) == (100_000, 20)
    assert seen.words == "PDF, 20 dari 100000 halaman ditampilkan."


@needs_office
def test_a_document_that_inflates_is_refused():
    assert is_refused(look(docx(paragraph("a"), **{"word/besar.xml": bytes(301_000_000)}), "a.docx"), "mengembang")


@needs_office
def test_entities_that_multiply_meet_a_limit():
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    seen = look(docx(paragraph("&a11;"), f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>'), "a.docx")
    assert seen.kind == "none" and seen.words.startswith("Berkas ini tidak dapat ditampilkan: "), seen.words


@pytest.mark.parametrize(
    ("data", "remark"),
    [
        (pdf(1) + zipped({"a": b"b"}), "zip"),
        (png(40, 40) + zipped({"a": b"b"}), "zip"),
        (png(40, 40) + b"<script>alert(1)</script>", "script"),
    ],
    ids=["pdf and zip", "png and zip", "png and page"],
)
def test_a_file_with_two_faces_is_named(data: bytes, remark: str):
    seen = look(data)
    assert seen.kind == "pixels", seen.words
    assert reasons.ALSO[remark] in seen.words


def test_a_picture_that_is_a_script_too_is_named():
    head = b"GIF89a/*" + b"\x04\0\x80\0\0\0\0\0\xff\xff\xff"  # 10,799 wide: the comment begins in its width
    seen = look(head + b",\0\0\0\0\x2f\x2a\x04\0\0\x02\x02\x44\x01\0;*/=1;alert(1)")
    assert seen.words.startswith("Berkas ini tidak dapat ditampilkan: ") or reasons.ALSO["script"] in seen.words
    assert reasons.ALSO["script"] in look(named("pillow-animated.gif") + b"<script>").words


# --- remote content ----------------------------------------------------------------------------------


def linked(port: int) -> bytes:
    link = f'<Relationship Id="r9" Type="{OFFICE}/image" Target="http://127.0.0.1:{port}/x.png" TargetMode="External"/>'
    draw = "http://schemas.openxmlformats.org/drawingml/2006"
    picture = (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{draw}/wordprocessingDrawing"><wp:extent cx="900000" cy="900000"/>'
        f'<wp:docPr id="1" name="x"/><a:graphic xmlns:a="{draw}/main"><a:graphicData uri="{draw}/picture"><pic:pic '
        f'xmlns:pic="{draw}/picture"><pic:nvPicPr><pic:cNvPr id="1" name="x"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        '<a:blip r:link="r9"/></pic:blipFill><pic:spPr/></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )
    return docx(paragraph("Halo") + picture, relations=link)


@needs_office
@pytest.mark.parametrize("open_door", [False, True], ids=["as it is", "control: network, no filter, no setting"])
def test_a_linked_picture_is_not_fetched(monkeypatch: pytest.MonkeyPatch, open_door: bool):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        if open_door:
            _open_door(monkeypatch)
        seen = look(linked(listener.getsockname()[1]), "a.docx")
        try:
            listener.accept()[0].close()
            came = True
        except BlockingIOError:
            came = False
        assert came is open_door, seen.words


def _open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    real, source = sandbox.command, sandbox._source

    def command(*given):
        words = real(*given)
        at = words.index("--seccomp")
        words = [*words[:at], *words[at + 2 :]]
        return [w for word in words for w in ([word, "--share-net"] if word == "--unshare-all" else [word])]

    monkeypatch.setattr(sandbox, "command", command)
    monkeypatch.setattr(
        sandbox, "_source", lambda name: source(name).replace(b"<value>true</value>", b"<value>false</value>")
    )


# --- what comes out is not believed ------------------------------------------------------------------


def frames(*given: tuple[bytes, bytes]) -> bytes:
    return b"".join(struct.pack(">cI", tag, len(data)) + data for tag, data in ((b"B", b""), *given, (b"E", b"")))


def answering(monkeypatch: pytest.MonkeyPatch, output: bytes, how: End = End.DONE, complaint: bytes = b"") -> Preview:
    monkeypatch.setattr(previews, "run_inside", lambda *given: Ended(how, output, complaint))
    return look(b"x")


def page(width: int, height: int, pixels: bytes) -> tuple[bytes, bytes]:
    return b"P", struct.pack(">II", width, height) + pixels


KIND = (b"K", b"png")
LIES = {
    "a dot": (frames(KIND, page(1, 1, bytes(3))), "satu titik"),
    "too few pixels": (frames(KIND, page(10, 10, bytes(299))), "melaporkan kesalahan"),
    "too many pixels": (frames(KIND, page(10, 10, bytes(301))), "melaporkan kesalahan"),
    "too wide": (frames(KIND, page(1_601, 2, bytes(1_601 * 6))), "melaporkan kesalahan"),
    "too many pages": (frames(KIND, *[page(2, 2, bytes(12))] * 21), "melaporkan kesalahan"),
    "no page": (frames(KIND), "melaporkan kesalahan"),
    "no end": (frames(KIND, page(2, 2, bytes(12)))[:-5], "berhenti di tengah jalan"),
    "more after the end": (frames(KIND) + b"P\0\0\0\0", "berhenti di tengah jalan"),
    "an unknown kind": (frames((b"K", b"../x")), "melaporkan kesalahan"),
    "an unknown refusal": (frames(KIND, (b"W", b"\x1b[2J")), "melaporkan kesalahan"),
    "numbers that are none": (frames(KIND, (b"W", b"huge 1 \xd9\xa3")), "melaporkan kesalahan"),
    "nothing": (b"", "ruang tertutup"),
}


@pytest.mark.parametrize("which", LIES)
def test_lies_of_a_program_that_was_taken_over(monkeypatch: pytest.MonkeyPatch, which: str):
    output, why = LIES[which]
    seen = answering(monkeypatch, output)
    assert is_refused(seen, why), seen.words
    assert seen.words.isprintable()


def test_an_honest_answer_counts(monkeypatch: pytest.MonkeyPatch):
    seen = answering(monkeypatch, frames(KIND, page(2, 3, bytes(range(18)))))
    assert (seen.kind, sides(seen.pages[0])) == ("pixels", (2, 3))
    from PIL import Image

    assert Image.open(io.BytesIO(seen.pages[0])).convert("RGB").tobytes() == bytes(range(18))


@pytest.mark.parametrize(
    ("how", "complaint", "why"),
    [
        (End.DONE, b"warning: nothing much\n", "melaporkan kesalahan"),
        (End.DONE, b"Command Line Error: Incorrect password", "kata sandi"),
        (End.FAILED, b"MemoryError", "memori"),
        (End.FAILED, b"", "berhenti di tengah jalan"),
        (End.TOO_LONG, b"", "waktu"),
        (End.TOO_MUCH, b"", "terlalu besar"),
    ],
)
def test_any_complaint_is_a_failure(monkeypatch: pytest.MonkeyPatch, how: End, complaint: bytes, why: str):
    whole = frames(KIND, page(2, 2, bytes(12)))
    assert is_refused(answering(monkeypatch, whole, how, complaint), why)


def test_a_locked_document_is_named():
    assert is_refused(look(named("locked.odt"), "a.odt"), "kata sandi")


def test_too_large_a_file_is_not_even_handed_in(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(previews, "run_inside", None)
    assert is_refused(look(bytes(25_000_001)), "terlalu besar")


def test_without_a_sandbox_nothing_is_opened(monkeypatch: pytest.MonkeyPatch):
    def nothing(*_given: object) -> Ended:
        raise NoSandbox("no")

    monkeypatch.setattr(previews, "run_inside", nothing)
    assert is_refused(look(b"Halo"), "ruang tertutup")


def test_words_of_content_stay_out_of_what_is_logged():
    mark = secrets.token_hex(8)
    seen = look(mark.encode(), mark)
    assert seen.text == mark and mark not in repr(seen) and mark not in seen.words
