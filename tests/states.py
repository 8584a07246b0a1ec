"""Every state of every page that a reporter can meet, in one list: checks of looks and the pictures of docs/images use it.

A new state is one more `yield` of a name in one of the walks below, or one more walk in `WALKS`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live import ROOT, LiveServer
from samples import named
from sqlalchemy import delete, insert
from test_dropbox_mailbox import station_key
from web import put_news

from crypto import mailbox, receipt
from crypto.encoding import epoch_of, today
from crypto.signing import SigningKey
from crypto.statistics import Lesson, LostWeeks, Statistics, Table, Year, sign_statistics
from dropbox.services import open_store
from dropbox.settings import load_settings
from dropbox.store import statistics
from keys.roster import Roster
from keys.rosterfile import verify_roster

ONION = "senyap" + "kotak234" * 6 + "ab.onion"
LONG_NAME = "kuitansi-perjalanan-dinas-" * 5 + ".pdf"
SMALL_FILE = {"name": LONG_NAME, "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
BILL = {"name": "kuitansi hotel.pdf", "mimeType": "application/pdf", "buffer": named("libreoffice-text.pdf")}
STORY = "Seseorang mengatur pemenang lelang jembatan sejak tahun lalu.\nSyaratnya dibuat supaya satu perusahaan saja bisa ikut."
QUESTIONS = (
    "Tahun anggaran berapa?",
    "Di kantor mana berita acaranya disimpan?",
    "Siapa rekanannya?\nJika tidak aman, tulis “tidak tahu”.",
)
ADDRESSES = {
    "beranda": "/",
    "panduan": "/panduan",
    "lapor": "/lapor",
    "kotak": "/kotak",
    "kotak-hilang": "/kotak/hilang",
    "latihan": "/kotak/latihan",
    "klaim": "/kotak/klaim",
    "kunci": "/kunci",
    "statistik-belum": "/statistik",
    "tidak-ada": "/tidak-ada",
}


TOLD = (
    Year(2026, 5, 130, (
        Table("area", (("regencies", 55), ("sumsel", 60)), 15),
        Table("category", (("dana", 20), ("pengadaan", 45), ("pungli", 30)), 35),
        Table("loss", (("10-50jt", 40), ("50-200jt", 25), ("tidak-tahu", 55)), 10),
        Table("outcome", (("closed_not_actionable", 35), ("open", 25), ("terbukti", 30), ("tidak_terbukti", 30)), 10),
        Table("reason", (("bukan_kewenangan", 15), ("info_tidak_cukup", 20))),
        Table("read", (("10", 30), ("3", 90)), 10), Table("feedback", (("30", 85), ("60", 25), ("more", 20))),
        Table("due", (("late", 10), ("open", 15))),
    ), (
        Lesson("pengadaan", "Harga pembanding", "Satu orang memilih penyedia dan memeriksa barangnya.",
               "Dua orang dari bagian yang berbeda memilih dan memeriksa."),
        Lesson("perjalanan", "Kuitansi penginapan", "Kuitansi dibayar tanpa dicocokkan.",
               "Bukti dicocokkan dengan penginapan sebelum dibayar."),
    )),
    Year(2027, 5, 0),
)  # fmt: skip


@dataclass
class Stage:
    """A server that meets troubles on demand, and a station that answers."""

    demo: Path
    server: LiveServer
    day: int

    @property
    def folder(self) -> Path:
        return self.server.home.parent

    def trouble(self, word: str) -> None:
        """Let the server meet this trouble from now on; an empty word ends it."""
        (self.folder / "trouble").write_text(word)

    def templates(self) -> set[str]:
        """Return the names of the templates shown until now."""
        return set((self.folder / "templates").read_text().split())

    def roster(self) -> Roster:
        home = self.server.home
        pin = (home / "root.pin").read_bytes()
        return verify_roster((home / "roster.senyap").read_bytes(), previous=None, pin=pin, today=self.day)

    def answer(self, code: str, status: str, texts: Sequence[str] = (), *, due: int = 7, forged: bool = False) -> None:
        """Bring news of this case, as a courier does."""
        secrets = receipt.derive(receipt.read_code(code)[0].code, self.roster().deployment)
        messages = tuple(mailbox.Message(self.day, "sumsel", text) for text in texts)
        arrival = mailbox.Arrival(b"o" * 16, b"h" * 32, self.day, 2, 2)
        news = mailbox.News(4, self.day, status, ("sumsel",), messages, (arrival,), self.day + due)
        key = SigningKey.generate() if forged else station_key(self.demo, "sumsel")
        row = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, key)
        store = open_store(load_settings(self.server.home))
        with store.writing() as connection:
            put_news(connection, "sumsel", secrets, row)
        store.engine.dispose()

    def tell(self, told: bool = True, *, lost: bool = False) -> None:
        """Keep what two stations tell everybody, as an outbox brings it; or forget it."""
        last = epoch_of(self.day)
        weeks = (LostWeeks(last - 2, last),) if lost else ()
        roster = self.roster()
        store = open_store(load_settings(self.server.home))
        with store.writing() as connection:
            connection.execute(delete(statistics))
            for station in ("sumsel", "palembang") if told else ():
                told_all = Statistics(roster.deployment, station, TOLD, weeks)
                file = sign_statistics(told_all, station_key(self.demo, station))
                connection.execute(insert(statistics).values(station=station, file=file, lost=int(lost)))
        store.engine.dispose()


@contextmanager
def staged(demo: Path, folder: Path, *, day: int | None = None) -> Iterator[Stage]:
    """Serve a copy of a small demo from a process that `faults` was loaded into."""
    home = Path(shutil.copytree(demo / "server", folder / "server"))
    (home / "settings.toml").write_text(f'onion = "{ONION}"\n')
    first = (
        f"import sys; sys.path.append({str(ROOT / 'tests')!r}); import faults; faults.install({str(folder)!r}, {day}); "
    )
    with LiveServer(home, wiping=False, first=first) as server:
        yield Stage(demo, server, today() if day is None else day)
    shutil.rmtree(home)


@dataclass
class Visit:
    """One reporter's browser page, in one language. `page` is reached over https as far as the server can tell."""

    page: Any
    stage: Stage
    prefix: str
    code: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.over("https")

    def over(self, scheme: str) -> None:
        """Say what a proxy in front of the server would say of the connection."""
        self.page.set_extra_http_headers({"X-Forwarded-Proto": scheme})

    def go(self, path: str) -> None:
        self.page.goto(self.stage.server.url + self.prefix + path)

    def fill(self, text: str = STORY) -> None:
        self.page.select_option("#wilayah", "palembang")
        self.page.select_option("#jenjang_terlapor", "bupati")
        self.page.check("[name=kategori][value=pengadaan]")
        self.page.fill("#uraian", text)

    def send(self) -> None:
        self.page.locator("#kirim, main > form > button:not([hidden])").first.click()

    def open(self) -> None:
        self.go("/kotak")
        self.page.fill("#kode", self.code)
        self.send()

    def words(self, place: str) -> str:
        """Return the words of a code without their numbers, as a person types them."""
        return " ".join(text.lstrip("0123456789 ") for text in self.page.locator(f"{place} li").all_inner_texts())


def addresses(visit: Visit) -> Iterator[str]:
    """What an address alone leads to."""
    for name, path in ADDRESSES.items():
        visit.go(path)
        yield name
    visit.over("http")
    visit.go("/")
    yield "beranda-terbuka"
    visit.over("https")


def practice(visit: Visit) -> Iterator[str]:
    """The practice page, wrong and right."""
    visit.go("/kotak/latihan")
    words = visit.words("#kode-contoh")
    visit.page.fill("#kode", "zzz " + words)
    visit.send()
    yield "latihan-galat"
    visit.page.fill("#kode", words)
    visit.send()
    yield "latihan-benar"


def form(visit: Visit) -> Iterator[str]:
    """From an empty form over everything that can go wrong to the receipt."""
    page = visit.page
    visit.go("/lapor")
    page.locator("#siapa-membaca button").click()
    yield "lapor-siapa-dini"
    visit.fill("pendek")
    page.fill("#waktu", "2024 " * 60)
    page.set_input_files("#lampiran", [BILL])
    visit.send()
    yield "lapor-galat"
    assert page.locator("#galat-uraian").count() == page.locator("#galat-waktu").count() == 1
    page.locator("#siapa-membaca button").click()
    yield "lapor-siapa"
    page.fill("#uraian", STORY)
    page.fill("#waktu", "")
    page.fill("#terlapor", "Nomornya 0812-3456-7890.")
    visit.send()
    yield "periksa-ditandai"
    assert page.locator("mark").inner_text() == "0812-3456-7890"
    page.get_by_role("button").first.click()
    yield "lapor-ubah"
    assert page.input_value("#uraian") == STORY
    page.fill("#uraian", STORY + " " + "y" * 200)
    page.fill("#terlapor", "Kepala bidang jalan")
    page.locator("button[formaction$=periksa]:not([hidden])").click()
    yield "periksa"
    assert page.locator("mark").count() == 0
    visit.send()
    yield "terima"
    visit.code = visit.words("#kode-tanda-terima")
    assert page.locator("main .button").get_attribute("target") == "_blank", "the receipt must stay where it is"


def closed(visit: Visit) -> Iterator[str]:
    """A report that nobody may read."""
    visit.go("/lapor")
    visit.fill()
    visit.page.select_option("#jenjang_terlapor", "pegawai-daerah")
    for barred in visit.page.locator("[name=jangan_dibuka]").all():
        barred.check()
    visit.send()
    yield "lapor-tanpa-pembaca"
    assert visit.page.locator("#galat").count() == 1


def box(visit: Visit) -> Iterator[str]:
    """A mailbox before the first courier."""
    page = visit.page
    visit.go("/kotak")
    page.fill("#kode", "zzz " + visit.code)
    visit.send()
    yield "kotak-galat"
    visit.open()
    yield "kotak-belum"
    page.fill("#pesan", "z" * 300)
    page.set_input_files("#lampiran", [SMALL_FILE])
    visit.send()
    yield "kotak-pesan-ditandai"
    assert page.locator("#ditandai").count() == 1
    visit.send()
    yield "kotak-terkirim"
    assert page.locator("#terkirim").count() == 1
    page.fill("#pesan", " ")
    visit.send()
    yield "kotak-pesan-galat"
    assert page.locator("#galat-pesan").count() == 1
    page.fill("#pesan", STORY)
    page.locator("[name=sesi]").last.evaluate("field => { field.value = 'lama' }")
    visit.send()
    yield "kotak-sesi-berakhir"
    assert page.input_value("#pesan") == STORY and page.input_value("#kode") == ""


def news(visit: Visit) -> Iterator[str]:
    """A mailbox with answers, in each tone."""
    page = visit.page
    visit.stage.answer(visit.code, "need_info", QUESTIONS)
    visit.open()
    yield "kotak-kabar"
    assert page.locator("[id^=jawab-]").count() == 3
    page.locator("#lainnya summary").click()
    yield "kotak-lainnya"
    page.check("[name=tutup]")
    page.locator("#lainnya button").click()
    yield "kotak-hapus"
    assert page.locator("#terkirim").count() == 1
    visit.open()
    page.locator("#pesan-2 summary").click()
    page.fill("#jawab-2", "Kertasnya " * 520)
    page.fill("#jawab-3", "Tidak tahu.")
    page.locator("main form button").first.click()
    yield "kotak-jawaban-galat"
    assert page.locator("#galat-jawab-2").count() == 1 and page.input_value("#jawab-3") == "Tidak tahu."
    visit.stage.answer(visit.code, "review", QUESTIONS[:1], due=-1)
    visit.open()
    yield "kotak-terlambat"
    assert page.locator("#terlambat").count() == 1
    visit.stage.answer(visit.code, "closed_done", ("Terima kasih. Temuan Anda benar.",))
    visit.open()
    yield "kotak-selesai"
    visit.stage.answer(visit.code, "review", QUESTIONS[:1], forged=True)
    visit.open()
    yield "kotak-palsu"
    assert page.locator(".errors").count() == 1 and page.locator("#pesan-1").count() == 0


def claim(visit: Visit) -> Iterator[str]:
    """The words that prove who wrote a report."""
    page = visit.page
    visit.go("/kotak/klaim")
    page.fill("#kode", "zzz")
    visit.send()
    yield "klaim-galat"
    page.fill("#kode", visit.code)
    visit.send()
    yield "klaim-kata"
    assert page.locator("#kata-bukti li").count() == 24


def crowds(visit: Visit) -> Iterator[str]:
    """A flood, and an arena that is full."""
    page, trouble = visit.page, visit.stage.trouble
    trouble("banjir")
    visit.go("/lapor")
    visit.fill()
    yield "lapor-banjir"
    visit.send()
    yield "lapor-banjir-galat"
    assert page.locator("#galat-hitung").count() == 1 and page.input_value("#uraian") == STORY
    for word, name in (("penuh-lampiran", "lapor-lampiran-penuh"), ("penuh", "lapor-penuh")):
        trouble(word)
        visit.go("/lapor")
        visit.fill()
        page.set_input_files("#lampiran", [SMALL_FILE])
        page.check("#asli")
        visit.send()
        yield name
        assert page.locator("#galat").count() == 1 and page.input_value("#uraian") == STORY
    trouble("")


def troubles(visit: Visit) -> Iterator[str]:
    """What is not the reporter's doing."""
    page, trouble = visit.page, visit.stage.trouble
    trouble("sibuk")
    visit.go("/lapor")
    visit.fill()
    visit.send()
    yield "lapor-sibuk"
    assert page.input_value("#uraian") == STORY
    visit.open()
    yield "kotak-sibuk"
    assert page.input_value("#kode") == visit.code
    trouble("rusak")
    visit.go("/lapor")
    visit.fill()
    visit.send()
    yield "galat-500"
    for word, path, name in (
        ("tutup", "/", "beranda-tutup"),
        ("tutup", "/lapor", "lapor-tutup"),
        ("terlambat", "/", "beranda-terlambat"),
        ("onion", "/", "beranda-onion"),
    ):
        trouble(word)
        visit.go(path)
        yield name
    trouble("")
    page.set_content(
        f'<form method=post action="{visit.stage.server.url}{visit.prefix}/lapor"><button>x</button></form>'
    )
    page.locator("button").click()
    yield "galat-400"


def told(visit: Visit) -> Iterator[str]:
    """What units tell everybody: two years, one of them small."""
    visit.stage.tell()
    visit.go("/statistik?tahun=2026")
    yield "statistik"
    assert visit.page.locator("meter").count() > 10
    visit.go("/statistik")
    yield "statistik-kecil"
    assert visit.page.locator("meter").count() == 0
    visit.stage.tell(lost=True)
    visit.go("/")
    yield "beranda-kunci-hilang"
    assert visit.page.locator("#kunci-hilang li").count() == 2
    visit.go("/kotak")
    yield "kotak-kunci-hilang"
    visit.stage.tell(False)


WALKS: tuple[Callable[[Visit], Iterator[str]], ...] = (
    addresses,
    practice,
    form,
    closed,
    box,
    news,
    claim,
    told,
    crowds,
    troubles,
)


def states(visit: Visit) -> Iterator[str]:
    """Walk through every state; yields its name when its page has arrived."""
    for walk in WALKS:
        for name in walk(visit):
            visit.page.wait_for_load_state()  # a page that is still arriving has no element to measure
            yield name
