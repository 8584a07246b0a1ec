"""A form that comes back: every mistake leads to its field, what was typed stays, and a broken line costs nothing."""

from __future__ import annotations

import fcntl
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from live import REPORT, Answer, LiveServer, copy_home
from relay import Relay
from states import QUESTIONS, STORY, Visit, staged

from dropbox import form
from dropbox.serve import WORKERS

pytestmark = pytest.mark.browser
TEXTS = [f for f in form.FIELDS if f.kind in ("text", "area")]
CHOICES = [f for f in form.FIELDS if f.kind in ("select", "radio", "checks")]
RETYPE = "(field, value) => { field.value = value }"


@pytest.fixture(scope="module")
def server(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = copy_home(small / "server", tmp_path_factory.mktemp("mistakes") / "server")
    with LiveServer(home) as server:
        yield server
    shutil.rmtree(home)


def fill(page: Any, text: str = STORY) -> None:
    page.select_option("#wilayah", "palembang")
    page.select_option("#jenjang_terlapor", "bupati")
    page.check("[name=kategori][value=pengadaan]")
    page.fill("#uraian", text)


def send(page: Any) -> int:
    """Press the button; return the status of the answer."""
    with page.expect_response(lambda _response: True) as answer:
        page.click("#kirim")
    page.wait_for_load_state()
    return int(answer.value.status)


def problems_lead_to(page: Any, wanted: list[str]) -> None:
    """Follow each line of the summary: it names these fields in this order, and the focus lands in each."""
    links = page.locator("#galat li a")
    assert [link.get_attribute("href") for link in links.all()] == ["#" + key for key in wanted]
    for number, key in enumerate(wanted):
        links.nth(number).focus()
        page.keyboard.press("Enter")
        if page.locator(f"fieldset#{key}").count():  # it takes no focus itself: the next Tab is in it
            page.keyboard.press("Tab")
        here = page.evaluate("document.activeElement.name")
        assert here == key, f"{key}: the focus is on {here}"
        tied = page.locator(f"#{key}").get_attribute("aria-describedby") or ""
        assert f"galat-{key}" in tied.split() and page.locator(f"#galat-{key}").is_visible()


def test_what_is_missing_is_named_and_everything_else_stays(page: Any, server: LiveServer) -> None:
    page.goto(server.url + "/lapor")
    optional = [f for f in TEXTS if not f.required]
    for field in optional:
        page.fill(f"#{field.key}", f"tulisan <di> {field.key}")
    assert send(page) == 422
    problems_lead_to(page, [f.key for f in form.FIELDS if f.required])
    assert [page.input_value(f"#{f.key}") for f in optional] == [f"tulisan <di> {f.key}" for f in optional]


def test_every_text_that_is_too_long_is_named_and_kept(page: Any, server: LiveServer) -> None:
    page.goto(server.url + "/lapor")
    fill(page)
    long = {f.key: ("panjang " * (f.limit // 8 + 1)).strip() + " & <lagi>" for f in TEXTS}
    for key, text in long.items():
        page.fill(f"#{key}", text)
    assert send(page) == 422
    problems_lead_to(page, list(long))
    assert {key: page.input_value(f"#{key}") for key in long} == long
    assert page.input_value("#wilayah") == "palembang" and page.is_checked("[name=kategori][value=pengadaan]")


@pytest.mark.parametrize("key", [f.key for f in TEXTS if f.least])
def test_a_text_that_is_too_short_is_named_and_kept(page: Any, server: LiveServer, key: str) -> None:
    page.goto(server.url + "/lapor")
    fill(page)
    page.fill(f"#{key}", "pendek")
    assert send(page) == 422
    problems_lead_to(page, [key])
    assert page.input_value(f"#{key}") == "pendek"


def test_every_choice_that_is_none_of_ours_is_named(page: Any, server: LiveServer) -> None:
    """As a page of another version sends it, or an extension that meddles."""
    page.goto(server.url + "/lapor")
    fill(page)
    for field in CHOICES:
        if field.kind == "select":
            page.locator(f"#{field.key} option").last.evaluate(RETYPE, "bukan-pilihan")
            page.select_option(f"#{field.key}", "bukan-pilihan")
        else:
            page.locator(f"[name={field.key}]").first.evaluate(RETYPE, "bukan-pilihan")
            page.locator(f"[name={field.key}]").first.check()
    assert send(page) == 422
    problems_lead_to(page, [f.key for f in CHOICES])
    assert page.input_value("#uraian") == STORY


def words_in(page: bytes) -> list[str]:
    return Answer(200, {}, page).words


def shown(page: Any) -> list[str]:
    return [re.sub(r"^\d+\s*", "", text) for text in page.locator("#kode-tanda-terima li").all_inner_texts()]


@pytest.mark.parametrize("passed", [0, 3_000], ids=["before the answer", "in the answer"])
def test_when_the_line_breaks_in_the_answer_a_reload_shows_the_same_code(
    page: Any, server: LiveServer, passed: int
) -> None:
    with Relay(server.port) as line:
        page.goto(line.url + "/lapor")
        fill(page, STORY + f" Putus sesudah {passed}.")
        line.cut(down=passed)
        send_into_nothing(page, seen=passed > 0)
        assert line.answered.wait(30), "the server has answered"
        stored = words_in(line.answer)
        assert page.locator("#kode-tanda-terima").count() == 0
        line.mend()
        page.reload()
        assert len(stored) == 8 and shown(page) == stored


def test_when_the_line_breaks_in_the_request_a_reload_sends_it_whole(
    page: Any, server: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Kuitansi nomor satu.\n" * 15_000)
    with Relay(server.port) as line:
        page.goto(line.url + "/lapor")
        fill(page, STORY + " " + "panjang " * 900)
        page.set_input_files("#lampiran", file)
        line.cut(up=200_000)
        send_into_nothing(page)
        assert line.answered.wait(30) and page.locator("#kode-tanda-terima").count() == 0
        line.mend()
        page.reload()
        words = shown(page)
        assert len(words) == 8 and re.search(r"a\.txt \(315\skB", page.inner_text("main"))
        assert server.post("/kotak", {"kode": " ".join(words)}).status == 200


def send_into_nothing(page: Any, *, seen: bool = False) -> None:
    """Press the button and wait until the browser gives up; it shows a page of its own unless it saw some of ours."""
    with page.expect_event("requestfailed"):
        page.locator("#kirim").click(no_wait_after=True)
    if not seen:
        page.wait_for_url("chrome-error://**")


def test_of_three_questions_two_are_answered_at_once(page: Any, small: Path, tmp_path: Path) -> None:
    with staged(small, tmp_path) as stage:
        code = " ".join(stage.server.report(REPORT).words)
        stage.answer(code, "need_info", QUESTIONS)
        visit = Visit(page, stage, "", code)
        visit.open()
        assert page.locator("[id^=pesan-]").evaluate_all("all => all.map(e => e.id)") == [
            "pesan-3",
            "pesan-2",
            "pesan-1",
        ]
        assert page.locator("#jawab-3").is_visible() and not page.locator("#jawab-2").is_visible()
        page.locator("#pesan-2 summary").focus()
        page.keyboard.press("Enter")
        page.fill("#jawab-2", "Di lemari bagian umum.")
        page.fill("#jawab-3", "Tidak tahu.")
        with page.expect_request("**/kotak/pesan") as sent:
            page.get_by_role("button", name="Kirim jawaban").click()
        assert page.locator("#terkirim").count() == 1
    answers = re.findall(rb'name="jawab-(\d)"\r\n\r\n([^\r]*)', sent.value.post_data_buffer)
    assert answers == [(b"3", b"Tidak tahu."), (b"2", b"Di lemari bagian umum."), (b"1", b"")]


def test_the_enter_key_in_a_line_sends_nothing_and_shows_the_report_first(page: Any, server: LiveServer) -> None:
    page.goto(server.url + "/lapor")
    page.select_option("#wilayah", "palembang")
    page.select_option("#jenjang_terlapor", "bupati")
    page.check("[name=kategori][value=pengadaan]")
    page.fill("#uraian", REPORT["uraian"])
    page.fill("#waktu", "tahun lalu")
    page.press("#waktu", "Enter")
    page.wait_for_url("**/lapor/periksa")
    assert "Belum terkirim." in page.inner_text("main") and "tahun lalu" in page.inner_text("dl")


def test_a_page_that_holds_what_was_typed_is_left_only_in_a_new_tab(page: Any, server: LiveServer) -> None:
    page.goto(server.url + "/lapor")
    page.fill("#uraian", REPORT["uraian"])
    links = page.locator("header nav a, header .brand, footer a")
    assert links.evaluate_all("all => all.map(a => a.target)") == ["_blank"] * links.count()
    with page.expect_popup():
        page.get_by_role("link", name="English").click()
    assert page.input_value("#uraian") == REPORT["uraian"]
    page.goto(server.url + "/")
    assert page.locator("header nav a[target]").count() == 0


@pytest.mark.parametrize("number", [1, 5, 8])
def test_the_mistyped_word_of_a_code_is_pointed_at(page: Any, server: LiveServer, number: int) -> None:
    words = server.report(REPORT).words
    page.goto(server.url + "/kotak")
    typed = " ".join([*words[: number - 1], "qqqqq", *words[number:]])
    page.fill("#kode", typed)
    page.locator("main form button").click()
    assert f"nomor {number} " in page.inner_text("#galat") and page.title().startswith("Galat")
    page.locator("#galat a").click()
    assert page.evaluate("document.activeElement.id") == "kode" and page.input_value("#kode") == typed


def waiting_for(lock: Path) -> int:
    """Count who stands in line for a lock, as the kernel lists them."""
    inode = lock.stat().st_ino
    lines = Path("/proc/locks").read_text().splitlines()
    return sum("->" in line and f":{inode} " in line for line in lines)


@contextmanager
def crowd(server: LiveServer) -> Iterator[None]:
    """Hold the one lane and let others send until no process has room for one more to wait."""
    lock = server.home / "locks" / "report-0.lock"
    lock.touch(mode=0o600)
    threads: list[threading.Thread] = []
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        while (before := waiting_for(lock)) < 2 * WORKERS:  # one who works and one who waits in each
            fields = REPORT | {"uraian": f"{REPORT['uraian']} Nomor {len(threads)}."}
            threads.append(threading.Thread(target=server.report, args=(fields,)))
            threads[-1].start()
            while threads[-1].is_alive() and waiting_for(lock) == before:
                threads[-1].join(0.01)
        yield
    for thread in threads:
        thread.join()


def test_a_server_without_room_says_so_at_once_and_keeps_the_text(page: Any, small: Path, tmp_path: Path) -> None:
    home = copy_home(small / "server", tmp_path / "server")
    (home / "settings.toml").write_text("lanes = 1\nmax_waiting = 1\n")
    with LiveServer(home) as server:
        page.goto(server.url + "/lapor")
        fill(page)
        page.fill("#terlapor", "Kepala bidang & rekan")
        with crowd(server):
            assert send(page) == 503
            assert "tunggu satu menit" in page.inner_text("#galat")
            assert page.input_value("#uraian") == STORY and page.input_value("#terlapor") == "Kepala bidang & rekan"
            assert page.input_value("#wilayah") == "palembang" and page.is_checked("[name=kategori][value=pengadaan]")
        assert send(page) == 200 and len(shown(page)) == 8
