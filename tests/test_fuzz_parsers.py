"""Every `parse_*` of the four houses is reached by a target of the fuzzer, whose corpus has something that it accepts."""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from fuzz import targets
from fuzz.parsed import SECRET, value_of

from crypto.errors import Malformed
from keys.errors import KeyAlarm
from station import airgap

ROOT = Path(__file__).parents[1]
HOUSES = ("crypto", "keys", "dropbox", "station")
Place = tuple[str, str]  # file below the root, name of the function


def parsers() -> set[Place]:
    """Return every function of a house whose name begins with parse_."""
    return {
        (str(path.relative_to(ROOT)), node.name)
        for house in HOUSES
        for path in (ROOT / house).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("parse_")
    }


def place_of(code: CodeType) -> Place:
    path = Path(code.co_filename)
    return (str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "", code.co_name)


@contextmanager
def watched() -> Iterator[set[Place]]:
    """Note each function that returns a value meanwhile; one that raises returns none."""
    returned: set[CodeType] = set()

    def note(frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and value is not None:
            returned.add(frame.f_code)

    found: set[Place] = set()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
        found |= {place_of(code) for code in returned}


def test_every_parser_is_reached_and_accepts_something() -> None:
    with watched() as accepted:
        for target in targets.TARGETS:
            for entry in targets.corpus(target) if target not in targets.CLEANERS else ():
                targets.one_of(target)(entry.path.read_bytes())
    there = parsers()
    assert len(there) >= 21
    assert there - accepted == set(), "a parser without a fuzzer: see docs/fuzzing.md for how to add one"


def test_control_without_the_target_of_tables_its_parsers_are_missed() -> None:
    with watched() as accepted:
        for entry in targets.corpus("letters"):
            targets.one_of("letters")(entry.path.read_bytes())
    assert ("crypto/letter.py", "parse_letter") in accepted
    assert ("station/working_days.py", "parse_holidays") in parsers() - accepted


def test_an_error_that_is_not_named_or_shows_the_input_is_a_finding() -> None:
    def fails(error: Exception) -> None:
        raise error

    with pytest.raises(OSError, match="a disk"):
        value_of(fails, OSError("a disk"), Malformed)
    with pytest.raises(AssertionError, match="shows what was in the file"):
        value_of(fails, Malformed(f"letter: {SECRET}"), Malformed)
    with pytest.raises(AssertionError, match="a child"):
        value_of(fails, type("Forged", (KeyAlarm,), {})("x"), KeyAlarm)
    assert value_of(fails, Malformed("letter: 3 bytes"), Malformed) is None


def test_a_table_of_the_kernel_that_cannot_be_read_keeps_the_station_shut(tmp_path: Path) -> None:
    for name in ("if_inet6", "route", "ipv6_route"):
        (tmp_path / name).write_text("not as the kernel writes it\n" * 2)
    assert airgap.check(proc_net=tmp_path) == ("antarmuka jaringan mesin ini tidak dapat diperiksa",)
