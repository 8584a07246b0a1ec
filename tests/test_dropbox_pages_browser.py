"""The pages in a real browser with scripts off: requests, traces, keyboard, and what stays behind."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from live import ROOT, LiveServer, copy_home
from pictures import DESK, picture_names
from states import Visit, staged, states

from dropbox.paths import templates_folder

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = copy_home(small / "server", tmp_path_factory.mktemp("browser") / "server")
    with LiveServer(home) as server:
        yield server.url
    shutil.rmtree(home)


def fill(page: Any, text: str = "Seseorang mengatur pemenang lelang sejak tahun lalu.") -> None:
    page.select_option("#wilayah", "palembang")
    page.select_option("#jenjang_terlapor", "bupati")
    page.check("[name=kategori][value=pengadaan]")
    page.fill("#uraian", text)


def send(page: Any) -> None:
    page.locator("#kirim, main > form > button:not([hidden])").first.click()


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_page_is_one_request_without_cookies_or_complaints(
    context: Any,
    page: Any,
    app: Flask,
    small: Path,
    tmp_path: Path,
    prefix: str,
) -> None:
    """And every address and every template of the application is among the states."""
    strays: list[str] = []
    complaints: list[str] = []
    served: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    names = []

    def note(request: Any) -> None:
        served.add(f"{request.method} {request.url.replace(stage.server.url, '')}")
        if not request.is_navigation_request():
            strays.append(request.url)

    context.on("request", note)
    with staged(small, tmp_path) as stage:
        for name in states(Visit(page, stage, prefix)):
            spoken = [c for c in complaints if not re.search("status of [45]", c)]  # Chromium names every 404 and 422
            assert strays == [] and spoken == [] and context.cookies() == [], name
            assert context.storage_state() == {"cookies": [], "origins": []}, name
            names.append(name)
        templates = stage.templates()
    assert len(names) == len(set(names)), "each state has a name of its own"
    assert templates == whole_pages()
    missing = {view: addresses for view, addresses in views(app, prefix).items() if not addresses & served}
    assert missing == {}
    shown = {name for state in names for name in picture_names(state)}
    kept = {file.name for file in (ROOT / "docs" / "images").iterdir() if not file.name.startswith(DESK)}
    assert shown == kept, "make images makes them anew"


def whole_pages() -> set[str]:
    """Return the templates that are pages, not parts of others."""
    texts = {file.name: file.read_text("utf-8") for file in templates_folder().glob("*.html")}
    parts = {name for text in texts.values() for name in re.findall(r"{% (?:extends|import|include) '([^']+)'", text)}
    return set(texts) - parts


def views(app: Flask, prefix: str) -> dict[tuple[str, str], set[str]]:
    """Return method and name of everything that answers in one language, with the addresses where it does."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("en." if prefix else "id."):
            assert not rule.arguments
            for method in (rule.methods or set()) & {"GET", "POST"}:
                name = app.view_functions[rule.endpoint].__name__
                found.setdefault((method, name), set()).add(f"{method} {rule.rule}")
    assert len(found) > 10
    return found


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


def send_with_keyboard(page: Any) -> None:
    """Fill what is required and send it, from a form that has just been opened."""
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


def test_a_report_is_written_and_sent_with_the_keyboard_alone(page: Any, url: str) -> None:
    page.goto(url + "/lapor")
    page.keyboard.press("Tab")
    assert focused(page)["name"] == "#isi"
    page.keyboard.press("Enter")
    send_with_keyboard(page)
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
    page.wait_for_selector("#nama-kotak")
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
