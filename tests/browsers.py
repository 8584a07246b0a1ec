"""What tests in Chromium share: where it is, how it is started, and axe."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
PHONE = {"width": 360, "height": 740}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def axe_source() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def violations(page: Any, *without: str) -> list[str]:
    """Return what breaks WCAG 2.2 AA as far as a program can tell; axe must stand in the page already."""
    passes, found = page.evaluate(
        """([tags, without]) => axe.run(document, {runOnly: tags, rules:
            Object.fromEntries(without.map(rule => [rule, {enabled: false}]))}).then(
            r => [r.passes.length, r.violations.map(v => v.id + ": " + v.nodes[0].html.slice(0, 120))])""",
        [TAGS, list(without)],
    )
    assert passes > 5, "axe looked at nothing"
    return list(found)
