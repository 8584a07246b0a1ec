"""The tables of the vault for what goes with time: what the list said of it, and which cases are copies."""

from __future__ import annotations

import sqlalchemy as sa

from station.tables import Blob, Int, Text, metadata

# cases that this station has led, by any roster that was in force since they came
led_cases = sa.Table(
    "led_cases",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
)

# who answers for each unit: `stations`: hash of the names and keys of its lead stations, b"" where nobody can;
# `since`: the day on which this vault first knew
answering = sa.Table(
    "answering",
    metadata,
    sa.Column("group", Text, primary_key=True),
    sa.Column("stations", Blob, nullable=False),
    sa.Column("since", Int, nullable=False),
)

# cases of which the list says that they go from the day `due` on, and the `day` on which it first said that
warnings = sa.Table(
    "warnings",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("due", Int, nullable=False),
    sa.Column("day", Int, nullable=False),
)
