"""dropbox/directives: a configuration of nginx is read as nginx reads it, and what another one sets elsewise is said."""

from __future__ import annotations

import re

import pytest
from shipped import SERVER

from dropbox.directives import Block, differences, parse

SHIPPED = (SERVER / "nginx.conf").read_text("utf-8")


def lines_of(block: Block) -> int:
    return len(block.lines) + sum(1 + lines_of(inner) for _, inner in block.blocks)


def test_every_line_of_the_shipped_file_is_read_and_differs_from_nothing() -> None:
    found = parse(SHIPPED)
    set_here = [line for line in SHIPPED.splitlines() if re.match(r"\s*[^\s#}]", line)]
    assert lines_of(found) == len(set_here) > 70
    assert list(differences(found, parse(SHIPPED))) == []


@pytest.mark.parametrize("number", range(lines_of(parse(SHIPPED))))
def test_no_directive_can_be_taken_out_unseen(number: int) -> None:
    def without(block: Block, at: int) -> int:
        """Take out the line or the block of this number; return what is left to count."""
        if 0 <= at < len(block.lines):
            block.lines.pop(at)
            return -1
        at -= len(block.lines)
        for place, (_, inner) in enumerate(block.blocks):
            if at == 0:
                block.blocks.pop(place)
            if at <= 0:
                return -1
            at = without(inner, at - 1)
        return at

    there = parse(SHIPPED)
    without(there, number)
    assert len(list(differences(parse(SHIPPED), there, frozenset({"server_name"})))) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a  b\n c; # d;", Block(["a b c"])),
        ('a \'b; {\' "c\\"}" d#e;', Block(['a \'b; {\' "c\\"}" d#e'])),
        ("a ${b};", Block(["a ${b}"])),
        ("a { b c; d { } } e;", Block(["e"], [("a", Block(["b c"], [("d", Block())]))])),
    ],
)
def test_words_quotes_remarks_and_blocks(text: str, found: Block) -> None:
    assert parse(text) == found


@pytest.mark.parametrize("text", ["a", "a {", "}", "a; }", ";", "a { b }", "a 'b;", "{ }}"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("x 2; a { y; y; }", []),
        ("a { y; y; } x 3;", ["`x 3` must be `x 2`"]),
        ("x 2; x 2; a { y; y; }", ["`x 2` must go"]),
        ("x 2; a { y; }", ["`y` is missing in a"]),
        ("x 2; a { y; y; z { q; } }", ["`z {…}` in a must go"]),
        ("x 2;", ["`a {…}` is missing"]),
        ("x 2; a { y; y; } a { }", ["`a {…}` must go"]),
        ("x 2; a { y; y; " + "w" * 90 + "; }", [f"`{'w' * 69}…` in a must go"]),
    ],
)
def test_each_difference_is_one_sentence(there: str, said: list[str]) -> None:
    assert list(differences(parse("x 2; a { y; y; }"), parse(there))) == said


def test_what_is_free_may_differ_and_must_be_there_once() -> None:
    def said(there: str) -> list[str]:
        return list(differences(parse("name a;"), parse(there), frozenset({"name"})))

    assert said("name b c;") == []
    assert said("name b; name c;") == ["`name …` must go"]
    assert said("name;") == ["`name` must be `name …`"] and said("") == ["`name …` is missing"]
