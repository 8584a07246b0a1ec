"""How every state of every page looks and reads: contrast, forced colours, narrow and enlarged, and how long it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from browsers import PHONE, axe_source, violations
from states import Visit, staged, states

pytestmark = pytest.mark.browser
MEDIA = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}
TYPICAL_BYTES = 64 * 1024

# Controls and boxes that only a colour of their own would show; colours of our own are gone when colours are forced.
UNSEEN = """() => {
  const seen = e => { const s = getComputedStyle(e);
    return ['top', 'right', 'bottom', 'left'].some(w => s.getPropertyValue(`border-${w}-style`) !== 'none'
        && parseFloat(s.getPropertyValue(`border-${w}-width`)) >= 1
        && s.getPropertyValue(`border-${w}-color`) !== getComputedStyle(document.body).backgroundColor) };
  const wrong = [...document.querySelectorAll('button, .button, .errors, .notice, textarea, select, input[type=text]')]
    .filter(e => e.checkVisibility() && !seen(e)).map(e => 'no border: ' + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll('a, button, summary, textarea, select, input:not([type=hidden])')) {
    if (!e.checkVisibility()) continue;
    e.focus({focusVisible: true, preventScroll: true});
    const s = getComputedStyle(e);
    if (document.activeElement !== e || s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2)
      wrong.push('no outline: ' + e.outerHTML.slice(0, 80));
    e.blur();
  }
  return wrong }"""
LOW = """() => [...document.querySelectorAll('a:not(p a, li a), button, select, textarea, summary, .errors li a,'
  + 'input[type=text], input[type=file], fieldset label')]
  .filter(e => e.offsetHeight && e.offsetHeight < 44).map(e => e.outerHTML.slice(0, 80))"""
UNTIED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(e => !e.labels.length || !e.labels[0].textContent.trim()).map(e => 'no label: ' + e.name)
  .concat([...document.querySelectorAll('[aria-describedby]')].flatMap(e =>
    e.getAttribute('aria-describedby').split(' ').filter(id => !document.getElementById(id))))
  .concat([...document.querySelectorAll('a[href^="#"]')].map(e => e.getAttribute('href').slice(1))
    .filter(id => !document.getElementById(id)))
  .concat([...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
ENLARGE = "size => { document.documentElement.style.fontSize = size }"


@dataclass
class Looks:
    """What was seen in one state: a name of a look → what is wrong with it."""

    wrong: dict[str, Any] = field(default_factory=dict)
    length: int = 0


def look(page: Any, axe: str) -> Looks:
    looks = Looks()
    page.evaluate(axe)
    for name, media in MEDIA.items():
        page.emulate_media(**media)
        # Forced colours are the person's own, and axe reads a text fill that then is not painted.
        looks.wrong[f"axe {name}"] = violations(page, *(["color-contrast"] if name == "forced" else []))
    looks.wrong["forced"] = page.evaluate(UNSEEN)
    page.emulate_media(**MEDIA["light"])
    looks.wrong["focus"] = [text for text in page.evaluate(UNSEEN) if text.startswith("no outline")]
    for width, size in ((360, ""), (320, ""), (640, "200%")):
        page.set_viewport_size({"width": width, "height": 740})
        page.evaluate(ENLARGE, size)
        looks.wrong[f"width {width} {size}".strip()] = page.evaluate(TOO_WIDE)
        if not size:
            looks.wrong[f"targets {width}"] = page.evaluate(LOW)
    page.evaluate(ENLARGE, "")
    page.set_viewport_size(PHONE)
    looks.wrong["labels"] = page.evaluate(UNTIED)
    looks.wrong["landmarks"] = [s for s in ("h1", "main") if page.locator(s).count() != 1]
    return looks


@pytest.fixture(scope="module", params=["", "/en"], ids=["id", "en"])
def looks(
    request: Any, browser: Any, small: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Looks]]:
    """Walk once through every state; axe needs the scripts that the pages do not have, so here they are on."""
    axe, found, lengths = axe_source(), {}, []
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("response", lambda response: lengths.append(int(response.headers["content-length"])))
    with staged(small, tmp_path_factory.mktemp("looks")) as stage:
        for name in states(Visit(page, stage, request.param)):
            found[name] = look(page, axe)
            found[name].length = lengths[-1]
    page.set_content("<!doctype html><html><body><img src=x><input><button style='border:0'>x</button></body></html>")
    page.evaluate(axe)
    assert len(violations(page)) >= 3 and page.evaluate(UNSEEN), "control: what is wrong is found"
    yield found
    context.close()


def faults(looks: dict[str, Looks], start: str) -> list[tuple[str, str, Any]]:
    """Return what is wrong in looks whose name starts so."""
    kinds = [(state, kind, wrong) for state, each in looks.items() for kind, wrong in each.wrong.items()]
    assert any(kind.startswith(start) for _state, kind, _wrong in kinds)
    return [found for found in kinds if found[1].startswith(start) and found[2]]


@pytest.mark.parametrize("scheme", list(MEDIA))
def test_axe_finds_nothing_on_any_page_in_any_state(looks: dict[str, Looks], scheme: str) -> None:
    """WCAG 2.2 AA as far as a program can tell, in light, dark and forced colours."""
    assert faults(looks, f"axe {scheme}") == []


@pytest.mark.parametrize("kind", ["forced", "focus"])
def test_buttons_boxes_and_the_focus_are_seen_without_our_colours(looks: dict[str, Looks], kind: str) -> None:
    assert faults(looks, kind) == []


@pytest.mark.parametrize("kind", ["width", "targets"])
def test_no_page_scrolls_sideways_and_every_target_is_44_pixels(looks: dict[str, Looks], kind: str) -> None:
    """At 360 and 320 pixels, and with letters of twice the size at 640."""
    assert faults(looks, kind) == []


@pytest.mark.parametrize("kind", ["labels", "landmarks"])
def test_every_question_is_labelled_and_every_problem_is_tied_to_its_field(looks: dict[str, Looks], kind: str) -> None:
    assert faults(looks, kind) == []


def test_every_page_is_short(looks: dict[str, Looks]) -> None:
    assert {state: each.length for state, each in looks.items() if each.length > TYPICAL_BYTES} == {}
