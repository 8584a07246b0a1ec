"""A target with a mistake in it, which shows that the fuzzer finds mistakes."""

from __future__ import annotations

MAX_LEN = 64
WORDS = ()


def one(data: bytes) -> None:
    """Fail on one beginning, reached byte by byte."""
    if data[:1] == b"K":  # noqa: SIM102 - one branch for each byte is what coverage sees
        if data[1:2] == b"\x9d":
            assert data[2:3] != b"#", "the planted mistake"
