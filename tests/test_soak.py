"""Reporters, couriers, kills and damaged sticks together: afterwards every receipt is accounted for."""

import os
from pathlib import Path

import pytest
from soak import Soak

SEED = int(os.environ.get("SOAK_SEED", "0")) or int.from_bytes(os.urandom(4), "big")


def check(soak: Soak) -> None:
    soak.run()
    told = ", ".join(f"{what}: {count}" for what, count in sorted(soak.told.items()))
    print(
        f"seed {SEED}: {len(soak.sent)} reports, {soak.receipts} receipts shown, {len(soak.lost)} lost, "
        f"{len(soak.doubled)} doubled, {len(soak.torn)} torn, {len(soak.silent)} without news; {told}"
    )
    assert not any(what.startswith("broken") for what in soak.told), told
    assert soak.receipts and not (soak.lost or soak.doubled or soak.torn or soak.silent), SEED


def test_in_a_minute_of_bad_luck_no_receipt_is_lost_and_no_letter_doubled(tmp_path: Path) -> None:
    check(Soak(tmp_path, 60, SEED, 400))


@pytest.mark.slow
def test_in_twenty_minutes_of_bad_luck_no_receipt_is_lost_and_no_letter_doubled(tmp_path: Path) -> None:
    check(Soak(tmp_path, 1200, SEED, 2000))
