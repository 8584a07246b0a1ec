"""`make prove`: the table of promises is whole, and what fails, is missing or was skipped is never shown as a pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from prove import exists, read_promises

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
PROMISES = read_promises(DOCUMENT)
LIMITS = set(re.findall(r"^- \*\*(.+?)\.?\*\*", DOCUMENT, re.M))


def test_every_promise_stands_there_once_and_says_how() -> None:
    assert [p.number for p in PROMISES] == [f"P{n}" for n in range(1, len(PROMISES) + 1)] and len(PROMISES) >= 19
    assert all(p.text and p.how and p.limits for p in PROMISES)


def test_every_promise_names_tests_that_exist() -> None:
    assert [p.number for p in PROMISES if not p.tests] == []
    assert [name for p in PROMISES for name in p.tests if not exists(ROOT, name)] == []
    assert not exists(ROOT, "tests/test_prove.py::test_that_nobody_wrote") and not exists(ROOT, "tests/test_nothing.py")


def test_every_limit_belongs_to_a_promise_and_every_limit_that_a_promise_names_is_explained() -> None:
    named = {name for p in PROMISES for name in re.findall(r"\*([^*]+)\*", p.limits)}
    assert named == LIMITS


TESTS = """
import time
import pytest

def test_good(): pass
def test_bad(): assert False, "planted"
def test_absent(): pytest.skip("no such program")

@pytest.mark.parametrize("side", ["a", "b"])
def test_two(side):
    if side == "b": pytest.skip("no b here")

class TestKind:
    def test_inside(self): pass

@pytest.fixture
def broken():
    yield
    raise OSError("planted in the end")

def test_ends_badly(broken): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.slow
def test_slow_and_bad(): assert False, "a file does not stand for it"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(TESTS)
    (tmp_path / "tests" / "test_whole.py").write_text("import pytest\ndef test_here(): pass\n"
                                                      "@pytest.mark.slow\ndef test_slow(): assert False\n")  # fmt: skip
    (tmp_path / "tests" / "test_broken.py").write_text("import nothing_of_that_name\ndef test_here(): pass\n")
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\naddopts = -m 'not slow'\nmarkers =\n    slow: slow\n")
    return tmp_path


def proved(project: Path, *cells: str) -> tuple[int, list[str]]:
    """Prove promises whose column of tests says this; return the exit code and the lines."""
    document = project / "promises.md"
    document.write_text("".join(f"| P{n} | It holds | so | {cell} | much |\n" for n, cell in enumerate(cells, 1)))
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "prove.py", "--document", document, "--root", project],
        capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def test_what_holds_passes_and_is_counted(project: Path) -> None:
    code, lines = proved(
        project, "`tests/test_whole.py`", "`tests/test_one.py::test_good`, `tests/test_one.py::test_slow`"
    )
    assert code == 0 and re.fullmatch(r"P1  pass  It holds +1 test, \d s", lines[0])
    assert re.fullmatch(r"P2  pass  It holds +2 tests, \d s", lines[1])
    assert lines[2:] == ["2 pass, 0 fail, 0 skipped, of 2 promises"]


def test_a_planted_failing_promise_is_shown_as_a_fail(project: Path) -> None:
    code, lines = proved(
        project, "`tests/test_whole.py`", "`tests/test_one.py::test_good`, `tests/test_one.py::test_bad`"
    )
    assert code == 1 and lines[0].startswith("P1  pass")
    assert lines[1].startswith("P2  fail  It holds") and lines[1].endswith("failed: test_bad")


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("a good intention", "no test is named"),
        ("`tests/test_one.py::test_that_nobody_wrote`", "missing: tests/test_one.py::test_that_nobody_wrote"),
        ("`tests/test_whole.py`, `tests/test_gone.py`", "missing: tests/test_gone.py"),
        ("`tests/test_one.py::test_ends_badly`", "failed: test_ends_badly"),
        ("`tests/test_whole.py::test_slow`", "failed: test_slow"),
        ("`tests/test_whole.py`, `tests/test_broken.py`", "1 test, 0 s; missing: tests/test_broken.py"),
    ],
)
def test_what_is_missing_or_broken_is_a_fail(project: Path, cell: str, why: str) -> None:
    code, lines = proved(project, cell)
    assert code == 1 and lines[0].startswith("P1  fail") and why in lines[0]


def test_a_promise_whose_test_was_skipped_is_no_pass_and_says_why(project: Path) -> None:
    code, lines = proved(project, "`tests/test_whole.py`, `tests/test_one.py::test_absent`")
    assert code == 2 and lines[0].startswith("P1  skip") and lines[0].endswith("1 skipped because no such program")


def test_a_test_that_is_skipped_in_part_passes_and_says_so(project: Path) -> None:
    code, lines = proved(project, "`tests/test_one.py::test_two`")
    assert code == 0 and lines[0].startswith("P1  pass") and lines[0].endswith("1 skipped because no b here")


def test_no_table_is_no_proof(project: Path) -> None:
    assert proved(project)[0] == 1


def test_a_row_with_other_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="P1: 4 columns, want 5"):
        read_promises("| P1 | it holds | `tests/test_x.py` | nothing |\n")
