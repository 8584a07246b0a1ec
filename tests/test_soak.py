"""Reporters, couriers, kills and damaged sticks together: afterwards every receipt is accounted for."""

from pathlib import Path

import pytest
from soak import SEED, Soak, check


def test_in_a_minute_of_bad_luck_no_receipt_is_lost_and_no_letter_doubled(tmp_path: Path) -> None:
    check(Soak(tmp_path, 60, SEED, 400))


@pytest.mark.slow
def test_in_twenty_minutes_of_bad_luck_no_receipt_is_lost_and_no_letter_doubled(tmp_path: Path) -> None:
    check(Soak(tmp_path, 1200, SEED, 2000))
