"""The whole way: browser → drop box → stick → offline station → stick → answer read with the receipt code."""

import hashlib
import os
import random
import re
import shutil
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from live import REPORT, LiveServer, Upload
from offline import StationCommands, dropbox
from samples import named

from dropbox.cleaning import clean


def photo(size: int) -> bytes:
    """Return bytes that look like a photo: a JPEG head, then noise."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + random.Random(7).randbytes(size - 11)


def docx() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document>Kontrak</w:document>")
    return out.getvalue()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FIRST: list[Upload] = [
    ("foto lelang.jpg", photo(20_000_000), "image/jpeg"),
    ("kontrak.pdf", PDF, "application/pdf"),
    ("kontrak.docx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("pendek.txt", b"-", "text/plain"),
    ("kontrak.pdf", PDF + b"% versi dua\n", "application/pdf"),
]
SECOND: list[Upload] = [
    ("../../../etc/cron.d/x", b"jalur", "text/plain"),
    ("nul\0di tengah.txt", b"nul", "text/plain"),
    ("gambar\u202egpj.exe", b"arah", "application/octet-stream"),
    ("n" * 296 + ".txt", b"panjang", "text/plain"),
    ("文書資料", b"aksara", "application/pdf"),
]


@pytest.fixture
def place(demo: Path, tmp_path: Path) -> Path:
    """A copy of the whole demo without the stations that this journey does not visit."""
    place = tmp_path / "demo"
    place.mkdir()
    shutil.copytree(demo / "server", place / "server")
    for station in ("sumsel", "palembang"):
        shutil.copytree(demo / "stations" / station, place / "stations" / station)
    shutil.copy(demo / "demo-passphrases.txt", place)
    return place


def check_attachments(shown: dict, sent: list[Upload], saved: Path) -> None:
    assert [a["name"] for a in shown["attachments"]] == [name for name, _, _ in sent]
    for number, (attachment, (_, data, _)) in enumerate(zip(shown["attachments"], sent, strict=True), 1):
        digest = hashlib.sha256(data if isinstance(data, bytes) else b"").hexdigest()
        assert attachment["complete"] and attachment["sha256"] == digest
        assert hashlib.sha256((saved / f"{number:03d}.bin").read_bytes()).hexdigest() == digest
    assert sorted(p.name for p in saved.iterdir()) == [f"{n:03d}.bin" for n in range(1, len(sent) + 1)]


def test_a_report_with_files_is_read_answered_and_followed_up(place: Path, tmp_path: Path) -> None:
    home, stick = str(place / "server"), str(tmp_path / "stick")
    station = StationCommands(place, "sumsel", "sumsel-1", "sumsel-3")
    alone = StationCommands(place, "sumsel", "sumsel-2")
    excluded = StationCommands(place, "palembang", "palembang-1")
    fields = REPORT | {
        "wilayah": "palembang",
        "jenjang_terlapor": "pegawai-daerah",
        "jangan_dibuka": "inspektorat-daerah",
    }
    with LiveServer(place / "server") as server:
        first, second = server.report(fields, FIRST), server.report(fields, SECOND)
        assert first.status == second.status == 200

        bundle = dropbox("bundle", "--home", home, "--to", stick)
        alone.run("import", bundle, code=4)
        got = station.json("import", bundle)
        assert (got["new"], got["incomplete"], got["alarms"]) == (2, 0, [])
        again = station.json("import", bundle)
        assert again["new"] == 0 and again["repeated"] == 2
        for_them = dropbox("bundle", "--home", home, "--to", str(tmp_path / "theirs"), "--station", "palembang")
        assert excluded.json("import", for_them)["new"] == 0

        cases = {c["mailbox_name"]: c["case"] for c in station.json("list")}
        for answer, sent in ((first, FIRST), (second, SECOND)):
            name = re.search(r'id="nama-kotak">([a-z]+) ([a-z]+)<', answer.text)
            case = cases[f"{name[1]} {name[2]}"]
            saved = tmp_path / case
            shown = station.json("show", case, "--no-conflict", "--save-attachments", str(saved))
            assert (
                shown["fields"].items() > fields.items()
                and shown["readers"] == ["sumsel"]
                and shown["status"] == "received"
            )
            check_attachments(shown, sent, saved)

        case = cases[re.search(r'id="nama-kotak">([^<]+)<', first.text)[1]]
        station.run("reply", case, "--no-conflict", "--status", "need_info", "--text", "Dokumen itu tahun berapa?")
        outbox = station.run("outbox", "--to", stick)
        dropbox("receive", "--home", home, outbox)
        page = server.post("/kotak", {"kode": " ".join(first.words)})
        assert 'data-status="need_info"' in page.text and "Dokumen itu tahun berapa?" in page.text
        silent = server.post("/kotak", {"kode": " ".join(second.words)})
        assert 'data-status="received"' in silent.text and len(silent.body) == len(page.body)

        more = [("tambahan.csv", os.urandom(300_000), "text/csv")]
        sent = server.post("/kotak/pesan", {"sesi": page.hidden("sesi"), "pesan": "Tahun 2025."}, more)
        assert sent.status == 200 and 'id="terkirim"' in sent.text
        bundle = dropbox("bundle", "--home", home, "--to", stick)
        assert station.json("import", bundle)["new"] == 1
        for_them = dropbox("bundle", "--home", home, "--to", str(tmp_path / "theirs"), "--station", "palembang")
        assert excluded.json("import", for_them)["new"] == 0
        assert excluded.json("list") == []
        shown = station.json("show", case, "--no-conflict", "--save-attachments", str(tmp_path / "all"))
        assert shown["attachments"][-1]["name"] == "tambahan.csv" and shown["attachments"][-1]["complete"]
        assert "Tahun 2025." in str(shown)
        assert hashlib.sha256(more[0][1]).hexdigest() == shown["attachments"][-1]["sha256"]
        assert len(station.json("list")) == 2, "a follow-up is no new case"


@dataclass
class Person:
    """Somebody at a phone with scripts off."""

    page: Any
    url: str

    def report(self, upload: Path) -> str:
        """Write a report, once with a mistake in it, and return the eight words."""
        page = self.page
        page.goto(self.url + "/lapor")
        page.select_option("#wilayah", "palembang")
        page.select_option("#jenjang_terlapor", "bupati")
        page.click('button:has-text("Lihat siapa")')
        page.fill("#uraian", "pendek")
        page.set_input_files("#lampiran", upload)
        page.click('button:has-text("Kirim laporan")')
        page.check("input[name=kategori][value=suap]")
        page.fill("#uraian", "Seseorang meminta fee proyek dari rekanan sejak tahun lalu.")
        page.click('button:has-text("Kirim laporan")')
        words = [text.strip() for text in page.locator("#kode-tanda-terima li").all_inner_texts()]
        return "\n".join(re.sub(r"^\d+\s*", "", word) for word in words)

    def open_box(self, code: str) -> None:
        self.page.goto(self.url + "/kotak")
        self.page.fill("#kode", code)
        self.page.click("main button")

    def answer(self) -> None:
        self.page.fill("#pesan", "Yang mengerjakan jembatan.")
        self.page.click('button:has-text("Kirim pesan")')
        assert self.page.locator("#terkirim").is_visible()


@pytest.mark.browser
def test_a_person_with_scripts_off_reports_and_reads_the_answer(context: Any, place: Path, tmp_path: Path) -> None:
    home, stick = str(place / "server"), str(tmp_path / "stick")
    station = StationCommands(place, "sumsel", "sumsel-2", "sumsel-3")
    upload = tmp_path / "foto lelang.jpg"
    upload.write_bytes(named("exiftool-tags.jpg"))
    with LiveServer(place / "server") as server:
        person = Person(context.new_page(), server.url)
        code = person.report(upload)
        person.open_box(code)
        assert person.page.locator("#status").get_attribute("data-status") == "none"

        assert station.json("import", dropbox("bundle", "--home", home, "--to", stick))["new"] == 1
        (case,) = [c["case"] for c in station.json("list")]
        shown = station.json("show", case, "--no-conflict")
        (photo,) = shown["attachments"]
        assert photo["cleaned"] == "cleaned"
        assert photo["sha256"] == hashlib.sha256(clean(upload.read_bytes()).data or b"").hexdigest()
        words = "Rekanan yang mana?\nJika tidak aman, tulis “tidak tahu”."
        station.run("reply", case, "--no-conflict", "--status", "need_info", "--text", words)
        dropbox("receive", "--home", home, station.run("outbox", "--to", stick))

        person.open_box(code)
        assert person.page.locator("#status").get_attribute("data-status") == "need_info"
        assert "Rekanan yang mana?" in person.page.inner_text("#pesan-1")
        person.answer()
        assert context.cookies() == []
