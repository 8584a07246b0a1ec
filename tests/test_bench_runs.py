"""The benchmark runs and loses nothing. Its figures are for a quiet machine, not for a test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from postgres import ABSENT, is_installed

RUN = Path(__file__).parent / "bench" / "run.py"


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    out = tmp_path_factory.mktemp("bench") / "figures.json"
    done = subprocess.run(
        [sys.executable, str(RUN), "--quick", "--json", str(out)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {figure["name"]: figure["value"] for figure in json.loads(out.read_text())}


def test_the_quick_benchmark_refuses_and_loses_no_report(figures: dict[str, float]) -> None:
    assert figures["reports refused"] == figures["receipts shown whose letter was lost"] == 0


def test_the_quick_benchmark_measures_everything_that_the_long_one_does(figures: dict[str, float]) -> None:
    for start in (
        "floor: ", "reports of 2 kB, 16 clients", "upload, ", "opening a mailbox with 25", "station: import",
        "bundle of 256 rows", "receive of an outbox with 64 mailboxes", "cover: processor time", "cover: written", "desk, 50 cases: search",
    ):  # fmt: skip
        assert any(name.startswith(start) and value > 0 for name, value in figures.items()), start


@pytest.mark.skipif(not is_installed(), reason=ABSENT)
@pytest.mark.parametrize("words", ["1 front end", "2 front ends"])
def test_the_quick_benchmark_measures_front_ends_on_postgresql(figures: dict[str, float], words: str) -> None:
    names = f"PostgreSQL, {words}: reports, 16 clients", f"PostgreSQL, {words}: one upload at each"
    assert all(figures[name] > 0 for name in names)
