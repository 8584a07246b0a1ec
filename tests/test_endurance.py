"""For minutes: a crowd of slow and fast reporters, a clock that jumps by 90 days, a front end that is killed."""

import os
from pathlib import Path

import pytest
from endurance import ALONE, BOTH, Crowd, Jumps, OneDies, faketime_library
from postgres import ABSENT, Postgres, is_installed
from soak import SEED, check

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("ENDURANCE_SECONDS", "600"))
LIBRARY = faketime_library()


def test_a_hundred_slow_and_sixteen_fast_reporters_are_all_served_and_none_is_lost(tmp_path: Path) -> None:
    crowd = Crowd(tmp_path, SECONDS, SEED, slow=100, fast=16)
    check(crowd)
    print(f"{SECONDS:.0f} s, 100 slow and 16 fast: {len(crowd.refused)} refused; {crowd.told_times()}")
    assert crowd.refused == [] and len(crowd.sent) == crowd.receipts
    assert crowd.told["slow reports"] >= 100 and crowd.told["fast reports"] >= 16


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")
def test_a_clock_that_jumps_ninety_days_seals_nothing_and_loses_nothing(tmp_path: Path) -> None:
    assert LIBRARY
    jumps = Jumps(tmp_path / "soak", SEED, LIBRARY, (90, -90, 90, -90))
    check(jumps)
    print(*jumps.rounds, sep="\n")
    assert len(jumps.rounds) == 4 and jumps.told["answers 503"] > 0


@pytest.mark.skipif(not is_installed(), reason=ABSENT)
def test_of_two_front_ends_one_is_killed_under_load_and_no_receipt_is_lost(postgres: Postgres, tmp_path: Path) -> None:
    pair = OneDies(tmp_path / "soak", SEED, postgres)
    check(pair)
    print(f"receipts of the front end that stays and of the killed one: {pair.shown}")
    died, end = pair.shown["when it died"], pair.shown["in the end"]
    assert min(died) >= BOTH and end[0] >= died[0] + ALONE
