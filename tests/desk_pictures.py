"""Take a picture of each page of the case desk, at a training station: python tests/desk_pictures.py FOLDER."""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from browsers import CHROMIUM, FLAGS
from pictures import DESK
from PIL import Image
from playwright.sync_api import sync_playwright
from serving import served

from crypto.encoding import today
from station.session import Session
from station.training import make_training
from station.training_plots import PLOTS

WIDTHS = (360, 1280)
MOST_HIGH = 3_000
COLOURS = 32
WORDS = "Kapan rapat itu, dan siapa yang hadir selain panitia?\n\n- Cukup bulannya.\n- **Jangan** sebut nama Anda."
PAGES = {  # name of the picture → address; {status} stands for the first case of a status
    "daftar": "/perkara",
    "pernyataan": "/perkara/{received}",
    "perkara": "/perkara/{review}",
    "pemeriksaan": "/perkara/{examination}",
    "berkas": "/perkara/{examination}/berkas/1",
    "tutup": "/perkara/{closed_not_actionable}",
    "pelimpahan": "/perkara/{review}/pelimpahan",
    "bukti": "/perkara/{review}/bukti",
    "ketik": "/ketik",
    "kurir": "/kurir",
    "statistik": "/statistik",
    "umum": "/statistik/umum",
    "kunci-hilang": "/kunci-hilang",
}


def take(page: Any, folder: Path, name: str) -> None:
    """Keep the page from its top at each width, in few colours."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        with Image.open(BytesIO(page.screenshot(full_page=True))) as whole:
            shown = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, MOST_HIGH)))
        shown.quantize(COLOURS, dither=Image.Dither.NONE).save(folder / f"{DESK}{name}-{width}.png", optimize=True)
    page.set_viewport_size({"width": WIDTHS[-1], "height": 900})


def main(folder: Path) -> None:
    """Replace the pictures of the desk in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{DESK}*.png"):
        old.unlink()
    cases = {plot.ends: f"K-{number:04d}" for number, plot in reversed(list(enumerate(PLOTS, 1)))}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as play:
        made = make_training(Path(place, "latihan"), day=today())
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        with served(Session(made.home, allow_network=True)) as address:
            page.goto(address)
            take(page, folder, "buka")
            for who, words in list(made.passphrases.items())[:2]:
                page.select_option("#penelaah", who)
                page.fill("#frasa", words)
                with page.expect_navigation():
                    page.click('button:text-is("Hadir")')
            for name, path in PAGES.items():
                page.goto(address + path.format(**cases))
                if name == "perkara":
                    page.fill("#pesan", WORDS)
                    with page.expect_navigation():
                        page.locator('[formaction$="/pesan/lihat"]').last.click()
                take(page, folder, name)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
