"""Bars on a terminal, and silence everywhere else."""

import subprocess
import sys

from live import ROOT
from terminals import drawn

CODE = """
import itertools, time
ticks = itertools.count()
time.time = lambda: next(ticks) * {tick}  # each look at the clock is so many seconds later
from keys import progress
with progress.bar("menyalin", 4_000_000) as advance:
    for piece in progress.counted([bytes(1_000_000)] * 4, advance):
        pass
print("selesai")
"""


def run_on_a_terminal(code: str) -> str:
    """Run code whose stderr is a terminal; return what it drew."""
    return drawn([sys.executable, "-c", code], on=["stderr"])


def test_a_bar_says_what_how_far_how_fast_and_how_long_still() -> None:
    shown = run_on_a_terminal(CODE.format(tick=1))
    assert "menyalin" in shown and "50%" in shown and "MB/s" in shown and "2.00M/4.00M" in shown and "<" in shown


def test_nothing_is_drawn_before_two_seconds() -> None:
    assert run_on_a_terminal(CODE.format(tick=0.01)).strip() == ""


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    code = CODE.format(tick=1)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("selesai\n", "")


def test_no_thread_stays_behind() -> None:
    code = CODE.format(tick=1) + "import sys, threading; print(threading.active_count(), 'thread', file=sys.stderr)"
    assert "1 thread\n" in run_on_a_terminal(code)
