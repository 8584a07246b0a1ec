"""Days as people write them."""

from __future__ import annotations

import datetime

from crypto.encoding import date_of

_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip


def written(day: int) -> str:
    """Return a day as people write it: 26 November 2026."""
    date: datetime.date = date_of(day)
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"
