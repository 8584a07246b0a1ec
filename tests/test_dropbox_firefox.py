"""The journey of a reporter in Firefox ESR with scripts off: no request besides the page, and nothing left in the profile."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from firefox import PROGRAM, Firefox, plain_bytes
from live import LiveServer, copy_home
from relay import Relay

pytestmark = pytest.mark.browser
STORY = "Seseorang mengatur pemenang lelang jembatan sejak tahun lalu."
ANSWER = "Yang mengerjakan jembatan gantung di hulu."


@pytest.fixture(scope="module")
def line(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    home = copy_home(small / "server", tmp_path_factory.mktemp("firefox") / "server")
    with LiveServer(home) as server, Relay(server.port) as line:
        yield line
    shutil.rmtree(home)


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    assert PROGRAM, "firefox-esr is not installed; .ci/run says what the tests need"
    with Firefox(tmp_path / "profile") as firefox:
        yield firefox


class Reporter:
    """Somebody at this browser, who watches that each page is one request and leaves no cookie."""

    def __init__(self, firefox: Firefox, line: Relay) -> None:
        self.firefox, self.line = firefox, line
        line.requests.clear()

    def arrives(self, request: str) -> None:
        """See that the page here came with this request alone."""
        assert self.line.requests == [request]
        assert self.firefox.cookies() == [] and self.firefox.count("h1") == 1
        self.line.requests.clear()

    def opens(self, path: str) -> None:
        self.firefox.go(self.line.url + path)
        self.arrives("GET " + path)

    def presses(self, button: str, request: str) -> None:
        self.firefox.click(button)
        self.arrives(request)


def mend(who: Reporter) -> None:
    """Follow each line of the summary to the field that it names, and mend what is wrong there."""
    firefox = who.firefox
    assert firefox.attribute("#galat", "role") == "alert"
    links = [f"#galat li:nth-child({n}) a" for n in (1, 2)]
    assert [firefox.attribute(a, "href") for a in links] == ["#kategori", "#uraian"]
    firefox.click(links[1])
    assert firefox.focused() == "uraian" and firefox.style("#uraian", "outline-style") == "solid"
    assert firefox.attribute("#uraian", "aria-invalid") == "true" and firefox.count("#galat-uraian") == 1
    assert firefox.value("#uraian") == "pendek" and firefox.value("#waktu") == "Maret 2026", "what was typed stays"
    firefox.clear("#uraian")
    firefox.type("#uraian", STORY)
    firefox.click('[name=kategori][value="suap"]')


def words_of(firefox: Firefox, place: str) -> list[str]:
    return [text.lstrip("0123456789 ") for text in firefox.texts(place + " li")]


def test_a_report_is_written_mended_sent_and_followed_up(firefox: Firefox, line: Relay, tmp_path: Path) -> None:
    who = Reporter(firefox, line)
    file = tmp_path / "kuitansi hotel.txt"
    file.write_text("kuitansi")
    who.opens("/")
    assert firefox.attribute("html", "lang") == "id"
    who.presses('.buttons a[href="/lapor"]', "GET /lapor")
    firefox.select("wilayah", "palembang")
    firefox.select("jenjang_terlapor", "bupati")
    firefox.type("#uraian", "pendek")
    firefox.type("#waktu", "Maret 2026")
    firefox.type("#lampiran", str(file))
    who.presses("#kirim", "POST /lapor")
    mend(who)
    assert file.name in firefox.text("main form"), "a file that arrived whole is not chosen again"
    who.presses("#kirim", "POST /lapor")
    words = words_of(firefox, "#kode-tanda-terima")
    name = firefox.text("#nama-kotak")
    assert len(words) == 8 and file.name in firefox.text("main")
    who.opens("/kotak")
    firefox.type("#kode", " ".join([*words[:2], "salahketik", *words[3:]]))
    who.presses("main form button", "POST /kotak")
    assert "nomor 3" in firefox.text("#galat") and firefox.attribute("#kode", "aria-invalid") == "true"
    firefox.clear("#kode")
    firefox.type("#kode", " ".join(words))
    who.presses("main form button", "POST /kotak")
    assert firefox.attribute("#status", "data-status") == "none" and firefox.text("#nama-kotak") == name
    firefox.type("#pesan", ANSWER)
    firefox.type("#lampiran", str(file))
    who.presses("#kirim", "POST /kotak/pesan")
    assert firefox.count("#terkirim") == 1 and firefox.screenshot().startswith(b"\x89PNG")


def test_a_report_is_sent_in_english_after_a_look(firefox: Firefox, line: Relay) -> None:
    who = Reporter(firefox, line)
    who.opens("/")
    who.presses('nav [hreflang="en"]', "GET /en/")
    who.presses('.buttons a[href="/en/lapor"]', "GET /en/lapor")
    firefox.select("wilayah", "sumsel")
    firefox.select("jenjang_terlapor", "sekolah")
    firefox.click('[name=kategori][value="dana"]')
    firefox.type("#uraian", STORY + " Nomornya 0812-3456-7890.")
    firefox.enter("#waktu", "#ditandai")
    who.arrives("POST /en/lapor/periksa")
    assert firefox.text("mark") == "0812-3456-7890" and firefox.attribute("html", "lang") == "en"
    who.presses("#kirim", "POST /en/lapor")
    words = words_of(firefox, "#kode-tanda-terima")
    who.opens("/en/kotak")
    firefox.type("#kode", "\n".join(word[:4].upper() for word in words))
    who.presses("main form button", "POST /en/kotak")
    assert firefox.attribute("#status", "data-status") == "none"


def test_scripts_are_off_and_the_profile_keeps_no_cookie_no_storage_and_no_text(
    firefox: Firefox, line: Relay, tmp_path: Path
) -> None:
    other = "kalimat biasa di halaman orang lain"
    firefox.go("data:text/html,<p>tulisan</p><textarea></textarea><script>document.body.textContent='skrip'</script>")
    assert firefox.text("p") == "tulisan", "no script runs"
    firefox.type("textarea", other)
    typed = {"/lapor": ("#uraian", "#instansi", "#terlapor"), "/kotak": ("#kode",), "/en/lapor": ("#keamanan",)}
    texts = []
    for path, fields in typed.items():
        firefox.new_tab()
        firefox.go(line.url + path)
        for field in fields:
            texts.append(f"yang diketik di {field} {path}")
            firefox.type(field, texts[-1])
    firefox.close()
    kept = {file: plain_bytes(file) for file in firefox.profile.rglob("*") if file.is_file()}
    assert any(other.encode() in data for data in kept.values()), "control: Firefox keeps what is typed elsewhere"
    for file, data in kept.items():
        found = [t for t in texts if t.encode() in data or t.encode("utf-16-le") in data]
        assert found == [], file.relative_to(firefox.profile)
    with sqlite3.connect(f"file:{firefox.profile / 'cookies.sqlite'}?immutable=1", uri=True) as database:
        assert database.execute("SELECT count(*) FROM moz_cookies").fetchone() == (0,)
    assert [p.name for p in (firefox.profile / "storage" / "default").glob("http*")] == []
