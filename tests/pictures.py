"""Take a picture of every page state, in both languages and two widths: python tests/pictures.py FOLDER."""

from __future__ import annotations

import functools
import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from browsers import CHROMIUM, FLAGS
from conftest import SMALL
from PIL import Image
from playwright.sync_api import sync_playwright
from states import Visit, staged, states

from dropbox.headers import stylesheet
from keys.demo import make_demo

LANGUAGES = {"id": "", "en": "/en"}
WIDTHS = (360, 1280)
MOST_HIGH = 2_600
DESK = "meja-"  # pictures of the case desk: tests/desk_pictures.py
DAY = 8 * 7  # Monday, 2 March 2026 in every run; words of codes and keys differ


def picture_names(state: str) -> set[str]:
    """Return the names of the files that show a state."""
    return {f"{state}-{language}-{width}.png" for language in LANGUAGES for width in WIDTHS}


def take(page: Any, file: Path) -> None:
    """Keep the page from its top, in few colours: text needs no more."""
    raw = page.screenshot(full_page=True)
    with Image.open(BytesIO(raw)) as whole:
        shown = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, MOST_HIGH)))
    shown.quantize(palette=palette(), dither=Image.Dither.NONE).save(file, optimize=True)


@functools.cache
def palette() -> Image.Image:
    """Return the colours of the light stylesheet, and for edges of letters a few between them and the paper."""
    colours = {name: _rgb(code) for name, code in re.findall(r"--(\w+):(#\w+)", stylesheet().split("@media", 1)[0])}
    mark = re.search(r"mark\{background:(#\w+)", stylesheet())
    assert mark
    paper = colours["paper"]
    between = [(colours[name], part) for name in ("ink", "act", "warn") for part in (0.35, 0.65)] + [
        (colours["ink"], 0.15)
    ]
    mixed = [
        tuple(round(c * part + p * (1 - part)) for c, p in zip(colour, paper, strict=True)) for colour, part in between
    ]
    found = [*colours.values(), _rgb(mark[1]), *mixed]
    assert len(found) == 16, "one more would double the size of each picture"
    image = Image.new("P", (1, 1))
    image.putpalette([channel for colour in found for channel in colour])
    return image


def _rgb(code: str) -> tuple[int, ...]:
    digits = code[1:] if len(code) == 7 else "".join(c * 2 for c in code[1:])
    return tuple(bytes.fromhex(digits))


def main(folder: Path) -> None:
    """Replace the pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        if not old.name.startswith(DESK):
            old.unlink()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as play:
        demo = Path(place, "demo")
        make_demo(demo, day=DAY, sizes=SMALL)
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for language, prefix in LANGUAGES.items():
            page = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
            with staged(demo, Path(place, language), day=DAY) as stage:
                for state in states(Visit(page, stage, prefix)):
                    for width in reversed(WIDTHS):  # the walk goes on at the width of a phone
                        page.set_viewport_size({"width": width, "height": 740})
                        take(page, folder / f"{state}-{language}-{width}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
