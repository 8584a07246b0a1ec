"""The documentation as a site: every text is in it, built without a network, and no page asks anybody for anything."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from browsers import CHROMIUM, FLAGS, PHONE, axe_source, violations
from live import ROOT

DOCS, CONF = ROOT / "docs", ROOT / "deploy" / "site"
needs_sphinx = pytest.mark.skipif(not (find_spec("sphinx") and find_spec("myst_parser")), reason="Sphinx is missing")
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object|link)\b[^>]*?(?:src|href|data)=["']([^"']+)""", re.I
)
FETCHED = re.compile(r"""(?:@import\s+|url\()\s*["']?([^"')]+)""")


def build(to: Path, docs: Path = DOCS) -> subprocess.CompletedProcess[str]:
    """Build as `make site` does, in a network of its own without any card."""
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-c",
        CONF,
        "-d",
        to / "trees",
        docs,
        to / "site",
    ]
    apart = ["unshare", "-rn", "--"] if can_be_apart() else []
    return subprocess.run([*apart, *command], capture_output=True, text=True, timeout=300)


def can_be_apart() -> bool:
    return shutil.which("unshare") is not None and not subprocess.run(["unshare", "-rn", "true"]).returncode


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not can_be_apart():
        pytest.skip("no network namespace can be made here")
    to = tmp_path_factory.mktemp("built")
    done = build(to)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return to / "site"


def pages() -> list[str]:
    return sorted(str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md"))


def test_every_text_is_in_the_contents() -> None:
    listed = re.findall(r"^```\{toctree\}\n(.*?)^```$", (DOCS / "index.md").read_text("utf-8"), re.M | re.S)
    named = [line for text in listed for line in text.splitlines() if line and not line.startswith(":")]
    found = [str(p.relative_to(DOCS).with_suffix("")) for n in named for p in sorted(DOCS.glob(f"{n}.md"))]
    assert sorted([*found, "index"]) == pages(), "each once, none left out"


@needs_sphinx
def test_every_text_is_a_page_in_its_language(site: Path) -> None:
    for page in pages():
        html = (site / f"{page}.html").read_text("utf-8")
        assert re.search(r'<html lang="(id|en)"', html), page
    for page, language in (("guide-reviewer", "id"), ("guide-reviewer.en", "en"), ("guide-operator.id", "id")):
        assert f'<html lang="{language}"' in (site / f"{page}.html").read_text("utf-8")


SMALL_WORDS = {
    "id": {"yang", "dan", "tidak", "untuk", "dengan", "dari", "ini", "itu", "atau", "sudah", "bila", "panduan"},
    "en": {"the", "and", "not", "for", "with", "from", "this", "that", "or", "is", "of", "guide"},
}


class Spoken(HTMLParser):
    """What a screen reader reads out of a page, in the language that it takes it for: one text for each block."""

    WITHOUT_END = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta"})
    BLOCKS = frozenset({"p", "li", "td", "th", "h1", "h2", "h3", "dd", "dt"})
    # names, and words of the other language
    NOT_PROSE = frozenset({"code", "pre", "em", "script", "style", "title", "form"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.blocks: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        language = dict(attrs).get("lang") or (self.open[-1][1] if self.open else "")
        if tag not in self.WITHOUT_END:
            self.open.append((tag, language))
        if tag in self.BLOCKS:
            self.blocks.append((language, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in {each for each, _ in self.open}:
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.blocks and self.open and not self.NOT_PROSE & {tag for tag, _ in self.open}:
            language = self.open[-1][1]
            if self.blocks[-1][0] != language:
                self.blocks.append((language, ""))
            self.blocks[-1] = (language, self.blocks[-1][1] + data)


def misread(html: str) -> list[str]:
    """Return the blocks that have at least two small words of the other language, and more than of their own."""
    found = []
    for language, text in Spoken(html).blocks:
        words = re.findall(r"[a-z]+", text.lower())
        own, other = (
            sum(word in SMALL_WORDS[each] for word in words) for each in (language, "en" if language == "id" else "id")
        )
        if other > max(own, 1):
            found.append(f"{language}: {' '.join(text.split())[:90]}")
    return found


@needs_sphinx
def test_every_part_of_a_page_is_read_out_in_its_language(site: Path) -> None:
    parts = {
        name: (site / f"{name}.html").read_text("utf-8")
        for name in ("guide-station", "ceremony", "incident", "index", "guide-reporter", "guide-reporter.en")
    }
    assert {page: found for page in pages() if (found := misread((site / f"{page}.html").read_text("utf-8")))} == {}
    for name in ("guide-station", "ceremony", "incident", "index"):
        plain = re.sub(r'(<section[^>]*) lang="(?:id|en)"', r"\1", parts[name])
        assert len(misread(plain)) >= (1 if name == "index" else 5), f"control: {name} without the attribute"
    assert re.search(r'href="guide-reporter.en.html" lang="en"', parts["guide-reporter"]), "in the contents, too"
    assert re.search(r'href="guide-reporter.html" lang="id"', parts["guide-reporter.en"])


def asked_for(site: Path) -> set[str]:
    """Return what pages and styles load from elsewhere; a link that somebody may follow is none of it."""
    found = {address for path in site.rglob("*.html") for address in LOADED.findall(path.read_text("utf-8"))}
    found |= {address for path in site.rglob("*.css") for address in FETCHED.findall(path.read_text("utf-8"))}
    return {address for address in found if re.match(r"(?:[a-z]+:)?//", address, re.I)}


@needs_sphinx
def test_no_page_loads_anything_from_elsewhere(site: Path, tmp_path: Path) -> None:
    assert asked_for(site) == set()
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    (copy / "x.html").write_text('<script defer src="https://cdn.example/x.js"></script>')
    (copy / "x.css").write_text("@import 'https://fonts.example/x.css'; p { background: url(//x.example/y.png) }")
    assert len(asked_for(copy)) == 3, "control: these are seen"


@needs_sphinx
def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# A\n\n[b](#a)\n")
    assert build(tmp_path / "good", docs).returncode == 0
    (docs / "index.md").write_text("# A\n\n[b](#nowhere)\n")
    assert "nowhere" in build(tmp_path / "bad", docs).stderr


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.browser
@needs_sphinx
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["360", "1280"])
@pytest.mark.parametrize("name", ["index", "guide-reporter", "guide-keyholder", "formats", "performance"])
def test_a_page_opens_from_the_disk(site: Path, chromium: Any, name: str, size: dict[str, int]) -> None:
    page, asked = chromium.new_page(viewport=size), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{site}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    page.evaluate(axe_source())
    assert violations(page) == []
    assert asked and all(url.startswith("file://") for url in asked)
    page.close()


@pytest.mark.browser
@needs_sphinx
def test_the_search_works_from_the_disk(site: Path, chromium: Any) -> None:
    page = chromium.new_page()
    page.goto(f"file://{site}/search.html?q=kurir")
    page.wait_for_selector("ul.search li")
    found = page.evaluate("[...document.querySelectorAll('ul.search li a')].map(link => link.getAttribute('href'))")
    assert any(link.startswith("guide-operator") for link in found), found
    page.close()
