"""The pages in a real browser with scripts off: requests, traces, width, keyboard, and what stays behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import LiveServer, copy_home

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
PATHS = ("/", "/panduan", "/lapor", "/kotak", "/kotak/hilang", "/kotak/latihan", "/kunci", "/tidak-ada")
PHONE = {"width": 360, "height": 740}
LONG_NAME = "x" * 120 + ".pdf"

axe_playwright_python = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def url(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = copy_home(small / "server", tmp_path_factory.mktemp("browser") / "server")
    with LiveServer(home) as server:
        yield server.url
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def play() -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        yield play


@pytest.fixture(scope="module")
def browser(play: Any) -> Iterator[Any]:
    chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Any:
    return context.new_page()


def fill(page: Any, text: str = "Seseorang mengatur pemenang lelang sejak tahun lalu.") -> None:
    page.select_option("#wilayah", "palembang")
    page.select_option("#jenjang_terlapor", "bupati")
    page.check("[name=kategori][value=pengadaan]")
    page.fill("#uraian", text)


def send(page: Any) -> None:
    page.locator("#kirim, main > form > button").first.click()


def states(page: Any, url: str, prefix: str, files: list[dict[str, Any]]) -> Iterator[str]:
    """Walk through every state that a reporter meets before the first answer; yields its name."""
    for path in PATHS:
        page.goto(url + prefix + path)
        yield path
    page.goto(url + prefix + "/lapor")
    page.locator("#siapa-membaca button").click()
    yield "asked too early"
    fill(page, "pendek")
    page.fill("#waktu", "2024 " * 60)
    page.set_input_files("#lampiran", files)
    send(page)
    yield "form with problems"
    assert page.locator("#galat-uraian").count() == page.locator("#galat-waktu").count() == 1
    page.locator("#siapa-membaca button").click()
    yield "who reads"
    page.fill("#uraian", "y" * 400)
    page.fill("#waktu", "")
    page.fill("#terlapor", "Nomornya 0812-3456-7890.")
    send(page)
    yield "looked at"
    assert page.locator("mark").inner_text() == "0812-3456-7890"
    page.get_by_role("button").first.click()
    yield "changed"
    assert page.input_value("#uraian") == "y" * 400
    send(page)
    yield "looked at again"
    send(page)
    yield "receipt"
    code = " ".join(page.locator("#kode-tanda-terima li").all_inner_texts())
    trial = page.locator("main .button")
    assert trial.get_attribute("target") == "_blank", "the receipt must stay where it is"
    page.goto(page.url.rsplit("/lapor", 1)[0] + "/kotak")
    page.fill("#kode", "zzz " + code)
    send(page)
    yield "mistyped"
    page.fill("#kode", code)
    send(page)
    yield "no news"
    page.fill("#pesan", "z" * 300)
    page.set_input_files("#lampiran", files)
    send(page)
    yield "message looked at"
    assert page.locator("#ditandai").count() == 1
    send(page)
    yield "message sent"
    assert page.locator("#terkirim").count() == 1


SMALL_FILE = [{"name": LONG_NAME, "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}]


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_page_is_one_request_without_cookies_or_complaints(
    context: Any, page: Any, url: str, prefix: str
) -> None:
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    seen = 0
    for name in states(page, url, prefix, SMALL_FILE):
        spoken = [c for c in complaints if "status of 4" not in c]  # Chromium names every 404 and 422
        assert len(requests) == (2 if name in ("asked too early", "mistyped") else 1), (name, requests)
        assert spoken == [] and context.cookies() == [], name
        assert context.storage_state() == {"cookies": [], "origins": []}, name
        requests.clear()
        seen += 1
    assert seen == len(PATHS) + 11


@pytest.mark.parametrize(("prefix", "width"), [("", 360), ("/en", 320)])
def test_no_page_scrolls_sideways_and_every_target_is_44_pixels(page: Any, url: str, prefix: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    for name in states(page, url, prefix, SMALL_FILE):
        page.wait_for_load_state()  # a page that is still arriving has no element to measure
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        low = page.evaluate(
            """() => [...document.querySelectorAll('a:not(p a, li a), button, select, textarea, summary, .errors li a,'
               + 'input[type=text], input[type=file], fieldset label')]
               .filter(e => e.offsetHeight && e.offsetHeight < 44).map(e => e.outerHTML.slice(0, 80))"""
        )
        assert low == [], name


@pytest.mark.parametrize(("prefix", "scheme"), [("", "light"), ("/en", "dark")])
def test_axe_finds_nothing_on_any_page_in_any_state(browser: Any, url: str, prefix: str, scheme: str) -> None:
    """WCAG 2.2 AA as far as a program can tell; axe itself needs the scripts that the pages do not have."""
    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(10_000)
    for name in states(page, url, prefix, SMALL_FILE):
        page.wait_for_load_state()
        found = page.evaluate(
            axe
            + """;axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(
                r => [r.passes.length, r.violations.map(v => v.id + ": " + v.nodes[0].html.slice(0, 120))])"""
        )
        assert found[0] > 10 and found[1] == [], (name, found)
    page.set_content("<!doctype html><html><body><img src=x><input></body></html>")
    control = page.evaluate(axe + """;axe.run().then(r => r.violations.length)""")
    assert control >= 3, "control: axe does find what is wrong"
    context.close()


def test_every_question_is_labelled_and_every_problem_is_tied_to_its_field(page: Any, url: str) -> None:
    for name in states(page, url, "", SMALL_FILE):
        wrong = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
               .filter(e => !e.labels.length || !e.labels[0].innerText.trim()).map(e => e.name)
               .concat([...document.querySelectorAll('[aria-describedby]')].flatMap(e =>
                 e.getAttribute('aria-describedby').split(' ').filter(id => !document.getElementById(id))))
               .concat([...document.querySelectorAll('a[href^="#"]')].map(e => e.getAttribute('href').slice(1))
                 .filter(id => !document.getElementById(id)))"""
        )
        assert wrong == [], name
        assert page.locator("h1").count() == page.locator("main").count() == 1, name


def focused(page: Any) -> dict[str, str]:
    found = page.evaluate(
        """() => { const e = document.activeElement, s = getComputedStyle(e);
           return {name: e.name || e.getAttribute('href') || e.innerText, value: e.value || '', outline: s.outlineStyle,
                   formaction: e.getAttribute('formaction') || ''} }"""
    )
    assert isinstance(found, dict)
    return found


def tab_to(page: Any, name: str) -> None:
    """Press Tab until a field has the focus; each stop on the way must show that it has it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = focused(page)
        assert here["outline"] != "none", here
        if here["name"] == name and not here["formaction"]:
            return
    raise AssertionError(f"Tab does not reach {name}")


def test_a_report_is_written_and_sent_with_the_keyboard_alone(page: Any, url: str) -> None:
    page.goto(url + "/lapor")
    page.keyboard.press("Tab")
    assert focused(page)["name"] == "#isi"
    page.keyboard.press("Enter")
    tab_to(page, "wilayah")
    page.keyboard.press("ArrowDown")
    tab_to(page, "jenjang_terlapor")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tab_to(page, "jangan_dibuka")
    tab_to(page, "kategori")
    page.keyboard.press("Space")
    tab_to(page, "uraian")
    page.keyboard.type("Seseorang mengatur pemenang lelang.")
    tab_to(page, "lampiran")
    tab_to(page, "Kirim laporan")
    page.keyboard.press("Enter")
    page.wait_for_selector("#kode-tanda-terima")
    words = page.locator("#kode-tanda-terima li").all_inner_texts()
    tab_to(page, "/kotak")
    page.goto(url + "/kotak")
    tab_to(page, "kode")
    page.keyboard.type(" ".join(words))
    tab_to(page, "Buka kotak")
    page.keyboard.press("Enter")
    page.wait_for_selector("#status")
    assert page.locator("#status").get_attribute("data-status") == "none"


def test_code_words_stand_in_four_lines_of_two_and_the_name_apart(page: Any, url: str) -> None:
    page.goto(url + "/lapor")
    fill(page)
    send(page)
    boxes = [item.bounding_box() for item in page.locator("#kode-tanda-terima li").all()]
    assert len(boxes) == 8
    for left, right in zip(boxes[::2], boxes[1::2], strict=True):
        assert left["y"] == right["y"] and left["x"] < right["x"]
    assert sorted({b["y"] for b in boxes}) == [b["y"] for b in boxes[::2]]
    name = page.locator("#nama-kotak").bounding_box()
    assert name["y"] > boxes[-1]["y"] + 200


def test_a_reload_of_the_form_brings_a_new_seed_and_no_text(page: Any, url: str) -> None:
    page.goto(url + "/lapor")
    first = page.locator("[name=benih]").input_value()
    page.fill("#uraian", "tulisan yang tidak boleh tinggal")
    page.reload()
    assert page.locator("[name=benih]").input_value() not in ("", first)
    assert page.locator("#uraian").input_value() == ""


def test_going_back_shows_neither_the_text_nor_the_code(page: Any, url: str) -> None:
    page.goto(url + "/lapor")
    first = page.locator("[name=benih]").input_value()
    fill(page, "tulisan yang tidak boleh tinggal")
    page.goto(url + "/")
    page.go_back()
    assert page.locator("#uraian").input_value() == ""
    assert page.locator("[name=benih]").input_value() != first
    page.goto(url + "/kotak")
    page.fill("#kode", "sungai kompas merdu")
    page.goto(url + "/")
    page.go_back()
    assert page.locator("#kode").input_value() == ""
