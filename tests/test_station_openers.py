"""station.openers: the processes that hold reviewers' keys end with the station, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from live import ROOT

PROGRAM = """
import os, sys
from station import openers
os.cpu_count = lambda: 2
{change}
with openers.Openers(lambda epoch: {{}}, openers.FEW_ROWS) as pool:
    print(*pool._pool._processes, flush=True)
    sys.stdin.read()
"""


def killed(change: str = "") -> tuple[subprocess.Popen[str], list[int]]:
    """Kill a station while its processes wait; return it and their numbers. They hold its standard output."""
    station = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(change=change)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert station.stdout
    numbers = [int(word) for word in station.stdout.readline().split()]
    assert len(numbers) == 2
    station.kill()
    station.wait()
    return station, numbers


def test_processes_with_keys_end_when_the_station_is_killed():
    station, _numbers = killed()
    said, _ = station.communicate(timeout=120)  # ends when nobody holds the pipe any more
    assert said == ""


def test_control_without_it_they_stay_with_the_keys():
    station, numbers = killed("openers.end_with = lambda parent: None")
    try:
        assert [os.kill(number, 0) for number in numbers] == [None, None]
    finally:
        for number in numbers:
            os.kill(number, signal.SIGKILL)
    station.communicate(timeout=120)
