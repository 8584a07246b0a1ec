"""What a message of the officers may become on a page: five tags, and never a link, a picture or a page of its own."""

from __future__ import annotations

import html
import re

import bleach
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.prose.message import TAGS, render

PIECES = st.lists(
    st.sampled_from(
        ["**", "*", "- ", "1. ", "12) ", "\n", "\n\n", " ", "<b>", "</p>", "<script>", "&amp;", "&", "[a](b)", "![x](y)",
         "http://a.b", "# ", "> ", "`", "kata", "“", "'", '"', "<img src=x onerror=y>", "١. ", "_", "__", "~~", "|"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(PIECES)
def test_nothing_but_the_five_tags_comes_out(text: str) -> None:
    """A well-kept cleaner of HTML, which has another parser, finds nothing to take away."""
    made = render(text)
    assert bleach.clean(made, tags=TAGS, attributes={"li": ["value"]}, strip_comments=False) == made


@given(PIECES)
def test_no_word_is_lost_or_moved(text: str) -> None:
    shown = html.unescape(re.sub(r"<[^>]*>", "", render(text)))
    kept = re.sub(r"[\s*]", "", re.sub(r"(?m)^[^\S\n]*(?:[-*•]|\d{1,3}[.)]) +(?=\S)", "", text))
    assert re.sub(r"[\s*]", "", shown) == kept


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Kapan itu?", "<p>Kapan itu?</p>"),
        ("satu\ndua\n\ntiga", "<p>satu\ndua</p><p>tiga</p>"),
        ("Kami ingin tahu:\n- kapan\n- di mana\nTerima kasih.",
         "<p>Kami ingin tahu:</p><ul><li>kapan</li><li>di mana</li></ul><p>Terima kasih.</p>"),
        ("1. kapan\n3. di mana", '<ol><li value="1">kapan</li><li value="3">di mana</li></ol>'),
        ("- a\n1. b", '<ul><li>a</li></ul><ol><li value="1">b</li></ol>'),
        ("**Penting**: jangan **hubungi** siapa pun", "<p><b>Penting</b>: jangan <b>hubungi</b> siapa pun</p>"),
        ("2 ** 3 ** 4, **tidak ditutup", "<p>2 ** 3 ** 4, **tidak ditutup</p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("[klik](http://a.b) <b>x</b>", "<p>[klik](http://a.b) &lt;b&gt;x&lt;/b&gt;</p>"),
        ("-5 derajat, 1.5 juta", "<p>-5 derajat, 1.5 juta</p>"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_message_is_shown_as_its_few_marks_say(text: str, wanted: str) -> None:
    assert render(text) == wanted


@pytest.mark.parametrize("piece", ["**", "**a", "- a\n", "1. '\n", "* ", "\n", "**a**", "&"])
def test_the_worst_message_of_four_thousand_bytes_stays_small(piece: str) -> None:
    """A page of answers has 40,000 bytes for them: the newest one always fits."""
    assert len(render((piece * 4_000)[:4_000]).encode()) < 39_000
