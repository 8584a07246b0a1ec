"""The documentation as a site: `make site`. Its texts are those of docs/; neither build nor page fetches anything."""

from __future__ import annotations

from typing import Any

from pygments.lexers.special import TextLexer

project = "Kotak Senyap"
author = ""
extensions = ["myst_parser"]
exclude_patterns = ["runs"]
myst_heading_anchors = 4
language = "en"

html_theme = "alabaster"
pygments_style = "bw"
templates_path = ["templates"]
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_theme_options = {"description": "Panduan dan dokumentasi. Guides and documentation.", "font_family": "sans-serif"}
html_theme_options |= {"page_width": "72rem", "sidebar_width": "17rem", "fixed_sidebar": False, "show_relbars": False}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_show_sphinx = html_show_copyright = html_show_sourcelink = html_copy_source = False
html_favicon = None

INDONESIAN = {"index", "ceremony", "guide-keyholder", "guide-reporter", "guide-reviewer", "guide-station", "incident"}
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
    context["language"] = language_of(page)
    body = context.get("body", "")
    for plain, reachable in _REACHABLE.items():
        body = body.replace(plain, reachable)
    context["body"] = body


def setup(app: Any) -> None:
    """Let each page name its language, and show worked examples as they are."""
    app.add_lexer("example", TextLexer)
    app.add_lexer("settings", TextLexer)
    app.connect("html-page-context", _finish_page)
