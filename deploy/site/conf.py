"""The documentation as a site: `make site`. Its texts are those of docs/; neither build nor page fetches anything."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from pygments.lexers.special import TextLexer

project = "Kotak Senyap"
author = ""
html_title = project
extensions = ["myst_parser"]
exclude_patterns = ["runs"]
myst_heading_anchors = 4
language = "en"

html_theme = "alabaster"
pygments_style = "bw"
templates_path = ["templates"]
html_static_path = ["site.css"]
html_css_files = ["site.css"]
_ABOUT = '<span lang="id">Panduan dan dokumentasi.</span> <span lang="en">Guides and documentation.</span>'
html_theme_options = {"description": _ABOUT, "font_family": "sans-serif"}
html_theme_options |= {"page_width": "72rem", "sidebar_width": "17rem", "fixed_sidebar": False, "show_relbars": False}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_show_sphinx = html_show_copyright = html_show_sourcelink = html_copy_source = False
html_favicon = None

INDONESIAN = {"index", "ceremony", "guide-keyholder", "guide-reporter", "guide-reviewer", "incident"}
# below a heading: its section is in another language than the page
_OTHER_LANGUAGE = re.compile(r"<!-- lang: (id|en) -->")
_TITLE = re.compile(r'<a class="reference internal" href="([^"#]+)"')
_REACHABLE = {  # what scrolls sideways can be reached without a mouse; a heading of nothing is none
    "<pre>": '<pre tabindex="0">',
    "<table ": '<table tabindex="0" ',
    '<th class="head"><p></p></th>': "<td></td>",
}


def language_of(page: str) -> str:
    """Return the language of a page: that in its name, or of the originals that have none there."""
    if page.endswith((".id", ".en")):
        return page[-2:]
    return "id" if page in INDONESIAN else "en"


def _finish_page(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    context["language"] = language = language_of(page)
    contents = context["toctree"]
    context["toctree"] = lambda **wanted: _mark_titles(contents(**wanted), language)
    body = context.get("body", "")
    for plain, reachable in _REACHABLE.items():
        body = body.replace(plain, reachable)
    context["body"] = body


def _mark_sections(app: Any, doctree: nodes.document) -> None:
    """Let a section say that it is in another language than its page; docutils makes `lang` of such a class."""
    for raw in list(doctree.findall(nodes.raw)):
        if found := _OTHER_LANGUAGE.fullmatch(raw.astext().strip()):
            raw.parent["classes"].append(f"language-{found[1]}")
            raw.parent.remove(raw)


def _mark_titles(contents: str, language: str) -> str:
    """Let the titles of pages in the other language say so, in a list of contents."""

    def mark(link: re.Match[str]) -> str:
        theirs = language_of(PurePosixPath(link[1]).name.removesuffix(".html"))
        return link[0] if theirs == language else f'{link[0]} lang="{theirs}" hreflang="{theirs}"'

    return _TITLE.sub(mark, contents)


def setup(app: Any) -> None:
    """Let each page and each part in another language name its own, and show worked examples as they are."""
    app.add_lexer("example", TextLexer)
    app.add_lexer("settings", TextLexer)
    app.connect("doctree-read", _mark_sections)
    app.connect("html-page-context", _finish_page)
