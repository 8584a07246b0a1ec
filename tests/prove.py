"""Prove the promises: run the tests that docs/threat-model.md names, and print one line for each promise.

`python tests/prove.py [--document FILE] [--root FOLDER] [--only P8]`. Exit code 0: every promise passed; 1: something
failed or is missing; 2: nothing failed, but a test was skipped whole, so its promise was not tried.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CELL = re.compile(r"(?<!\\)\|")
COLUMNS = 5  # promise number, promise, how, test, what is not promised
SHOWN = 64  # characters of a promise in its line
FAIL, SKIP, PASS = "fail", "skip", "pass"


@dataclass(frozen=True)
class Promise:
    """One row of the table; `tests` are names as pytest takes them, relative to the root."""

    number: str
    text: str
    how: str
    tests: tuple[str, ...]
    limits: str


@dataclass(frozen=True)
class Result:
    """What came of one test: the name of its file and its own, and why it was skipped."""

    file: str
    name: str
    state: str
    seconds: float
    reason: str = ""

    def belongs_to(self, wanted: str) -> bool:
        """Tell whether a name in the table stands for this test."""
        file, _, name = wanted.partition("::")
        return self.file == file and name in ("", self.name, self.name.partition("[")[0])


@dataclass(frozen=True)
class Outcome:
    """What came of a promise."""

    promise: Promise
    results: tuple[Result, ...]

    @property
    def missing(self) -> list[str]:
        """Names of which no test ran."""
        return [n for n in self.promise.tests if not any(r.belongs_to(n) for r in self.results)]

    @property
    def untried(self) -> list[str]:
        """Names whose tests were all skipped."""
        found = {n: {r.state for r in self.results if r.belongs_to(n)} for n in self.promise.tests}
        return [name for name, states in found.items() if states == {SKIP}]

    @property
    def state(self) -> str:
        """The word of its line."""
        if not self.promise.tests or self.missing or any(r.state == FAIL for r in self.results):
            return FAIL
        return SKIP if self.untried else PASS

    def line(self) -> str:
        """Say it in one line that begins with the number."""
        text = self.promise.text if len(self.promise.text) <= SHOWN else self.promise.text[: SHOWN - 1].rstrip() + "…"
        tried = [r for r in self.results if r.state != SKIP]
        seconds = sum(r.seconds for r in self.results)
        said = [f"{len(tried)} test{'' if len(tried) == 1 else 's'}, {seconds:.0f} s"]
        said += ["no test is named"] if not self.promise.tests else []
        said += [f"missing: {', '.join(self.missing)}"] if self.missing else []
        said += [f"failed: {', '.join(r.name for r in self.results if r.state == FAIL)}"] if self.failed else []
        skipped = [r for r in self.results if r.state == SKIP]
        reasons = "; ".join(dict.fromkeys(r.reason for r in skipped))
        said += [f"{len(skipped)} skipped because {reasons}"] if skipped else []
        return f"{self.promise.number:<4}{self.state}  {text:<{SHOWN}}  {'; '.join(said)}"

    @property
    def failed(self) -> bool:
        """Tell whether a test failed."""
        return any(r.state == FAIL for r in self.results)


def read_promises(text: str) -> list[Promise]:
    """Return the rows of the table, in order; raises ValueError for a row that has other columns."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
        if not cells or not re.fullmatch(r"P\d+", cells[0]):
            continue
        if len(cells) != COLUMNS:
            raise ValueError(f"{cells[0]}: {len(cells)} columns, want {COLUMNS}")
        tests = dict.fromkeys(re.findall(r"`(tests/[^`]+)`", cells[3]))
        found.append(Promise(cells[0], cells[1], cells[2], tuple(tests), cells[4]))
    return found


def exists(root: Path, wanted: str) -> bool:
    """Tell whether a name in the table is a test file, or a function of one."""
    file, _, name = wanted.partition("::")
    path = root / file
    if not path.is_file():
        return False
    return not name or any(
        isinstance(node, ast.FunctionDef) and node.name == name.partition("[")[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def run(root: Path, names: Iterable[str], marker: str, *options: str) -> list[Result]:
    """Run tests of one marker; what pytest says goes to standard error."""
    names = list(dict.fromkeys(names))
    if not names:
        return []
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", marker, "--continue-on-collection-errors", *options]
        subprocess.run([*command, f"--junitxml={report}", *names], cwd=root, stdout=sys.stderr, check=False)
        cases = ET.parse(report).iter("testcase") if report.is_file() else ()
        return [read_case(root, case) for case in cases]


def read_case(root: Path, case: ET.Element) -> Result:
    """Read what pytest wrote of one test."""
    file = case.get("classname", "").replace(".", "/")
    while file and not (root / f"{file}.py").is_file():  # the test is in a class
        file = file.rpartition("/")[0]
    skipped = case.find("skipped")
    bad = case.find("failure") is not None or case.find("error") is not None
    state = FAIL if bad else SKIP if skipped is not None else PASS
    reason = skipped.get("message", "") if skipped is not None else ""
    return Result(f"{file}.py", case.get("name", ""), state, float(case.get("time", "0")), reason)


def prove(promises: list[Promise], root: Path, *options: str) -> list[Outcome]:
    """Run what the promises name: a file without its slow tests, and tests named one by one, slow or not."""
    named = [name for promise in promises for name in promise.tests if exists(root, name)]
    single = [name for name in named if "::" in name]
    # timings are taken when nothing else runs
    results = run(root, named, "not slow", *options) + run(root, single, "slow")
    return [Outcome(p, tuple(r for r in results if any(r.belongs_to(n) for n in p.tests))) for p in promises]


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "threat-model.md")
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--only", nargs="*", metavar="P8", help="these promises alone")
    parser.add_argument("--workers", type=int, default=0, help="tests that run at once; needs pytest-xdist")
    given = parser.parse_args()
    promises = read_promises(given.document.read_text("utf-8"))
    if given.only:
        promises = [p for p in promises if p.number in given.only]
    options = ["-n", str(given.workers), "--dist", "loadfile"] if given.workers else []
    outcomes = prove(promises, given.root, *options)
    for outcome in outcomes:
        print(outcome.line())
    states = [outcome.state for outcome in outcomes]
    print(
        f"{states.count(PASS)} pass, {states.count(FAIL)} fail, {states.count(SKIP)} skipped, of {len(states)} promises"
    )
    return 1 if FAIL in states or not states else 2 if SKIP in states else 0


if __name__ == "__main__":
    sys.exit(main())
