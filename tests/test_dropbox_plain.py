"""The pages without their stylesheet, as a text browser or somebody who switched it off meets them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from states import Visit, staged, states
from test_dropbox_pages_browser import focused, send_with_keyboard

pytestmark = pytest.mark.browser

# What is written below must be read in this order; what cannot be seen or reached is named.
ODD = """() => {
  const wrong = [], at = e => [...document.querySelectorAll('body *')].indexOf(e);
  const first = (a, b) => { const x = document.querySelector(a), y = document.querySelector(b);
    if (x && y && at(x) > at(y)) wrong.push(a + ' behind ' + b) };
  first('.skip', 'header'); first('header', 'main'); first('h1', 'form'); first('#galat', 'form');
  first('main', 'footer');
  for (const e of document.querySelectorAll('a, button, summary, textarea, select, input:not([type=hidden])')) {
    if (!e.checkVisibility()) { if (!e.closest('details:not([open])') && !e.hidden) wrong.push('unseen: ' + e.outerHTML.slice(0, 80)); continue }
    const box = e.getBoundingClientRect();
    if (!box.width || box.right < 1 || box.left > innerWidth) wrong.push('outside: ' + e.outerHTML.slice(0, 80));
    e.focus();
    if (document.activeElement !== e) wrong.push('no focus: ' + e.outerHTML.slice(0, 80));
  }
  for (const e of document.querySelectorAll('textarea, select, input[type=text], input[type=file]'))
    if (at(e.labels[0]) > at(e)) wrong.push('label behind: ' + e.name);
  return wrong }"""


@pytest.fixture
def bare(context: Any) -> Any:
    """A page whose stylesheet is taken out on the way."""

    def strip(route: Any) -> None:
        answer = route.fetch()
        text, count = re.subn(r"<style>.*?</style>", "", answer.text(), flags=re.S)
        assert count == 1
        route.fulfill(response=answer, body=text)

    page = context.new_page()
    page.route(re.compile("^http:"), strip)
    return page


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_without_a_stylesheet_everything_is_reached_in_a_sane_order(
    bare: Any, small: Path, tmp_path: Path, prefix: str
) -> None:
    wrong = {}
    with staged(small, tmp_path) as stage:
        for name in states(Visit(bare, stage, prefix)):
            assert bare.evaluate("document.styleSheets.length") == 0
            if found := bare.evaluate(ODD):
                wrong[name] = found
    assert wrong == {}


def test_without_a_stylesheet_a_report_is_sent_with_the_keyboard(bare: Any, small: Path, tmp_path: Path) -> None:
    with staged(small, tmp_path) as stage:
        bare.goto(stage.server.url + "/lapor")
        bare.keyboard.press("Tab")
        assert focused(bare)["name"] == "#isi"
        bare.keyboard.press("Enter")
        bare.keyboard.press("Tab")
        assert bare.evaluate("document.activeElement.closest('main') !== null"), "the header was skipped"
        send_with_keyboard(bare)
        bare.wait_for_selector("#kode-tanda-terima")
        assert bare.locator("#kode-tanda-terima li").count() == 8
