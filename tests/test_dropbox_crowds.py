"""A person among many: the sum of a flood and a place for files, in a browser with scripts off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from live import REPORT, LiveServer, copy_home
from states import STORY
from test_dropbox_flood import SUMS
from test_dropbox_mistakes import fill, problems_lead_to, send

pytestmark = pytest.mark.browser
PHOTO = Path(__file__).parent / "files" / "cleaning" / "exiftool-tags.jpg"


def answer(page: Any) -> str:
    """Work out the sum that stands on the page, as a person does."""
    first, second = re.search(r"(\w+) (?:ditambah|plus) (\w+)\?", page.inner_text("#banjir")).groups()  # type: ignore[union-attr]
    return str(SUMS[first] + SUMS[second])


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_in_a_flood_a_person_answers_a_sum_and_loses_nothing(
    page: Any, small: Path, tmp_path: Path, prefix: str
) -> None:
    home = copy_home(small / "server", tmp_path / "server")
    with (home / "settings.toml").open("a") as settings:
        settings.write("letters_an_hour = 1\n")
    with LiveServer(home) as server:
        for number in range(3):
            assert len(server.report(REPORT | {"uraian": f"{REPORT['uraian']} {number}"}).words) == 8
        page.goto(f"{server.url}{prefix}/lapor")
        fill(page)
        page.set_input_files("#lampiran", PHOTO)
        page.fill("#hitung", "3")
        assert send(page) == 422 and page.input_value("#uraian") == STORY
        problems_lead_to(page, ["lampiran", "hitung"])
        page.set_input_files("#lampiran", PHOTO)
        page.fill("#hitung", answer(page))
        assert send(page) == 200 and PHOTO.name in page.inner_text("main")
        words = [text.lstrip("0123456789 ") for text in page.locator("#kode-tanda-terima li").all_inner_texts()]
        page.goto(f"{server.url}{prefix}/kotak")
        page.fill("#kode", " ".join(words))
        page.click("main form button")
        page.fill("#pesan", "Ada yang baru.")
        page.fill("#hitung", answer(page))
        assert send(page) == 200 and page.locator("#terkirim").count() == 1


def test_without_a_place_for_files_the_page_comes_at_once_and_the_text_alone_passes(
    page: Any, small: Path, tmp_path: Path
) -> None:
    full = "import dropbox.services as services; services.UPLOADS_AT_ONCE = 0; "
    big = tmp_path / "rekaman.bin"
    big.write_bytes(bytes(8_000_000))
    with LiveServer(copy_home(small / "server", tmp_path / "server"), wiping=False, first=full) as server:
        page.goto(server.url + "/lapor")
        fill(page)
        page.check("#asli")
        page.set_input_files("#lampiran", big)
        assert send(page) == 503
        assert page.input_value("#uraian") == STORY and page.is_checked("#asli")
        assert page.locator("#galat").count() == 1
        assert send(page) == 200 and page.locator("#kode-tanda-terima li").count() == 8
