"""Put invented cases straight into a vault, as many as wanted: what counting needs, without rows and letters."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from station.tables import canary_cases, cases, facets, messages, steps

CATEGORIES = ("suap", "pungli", "pengadaan", "aset", "dana", "pembalasan")
AREAS = ("sumsel", "sumsel", "palembang", "lahat", "tidak-tahu")
LOSSES = ("<10jt", "10-50jt", "50-200jt", "tidak-tahu")


@dataclass
class Made:
    """One case: when it came, what it says, and its steps and messages as (day, status, detail) and days."""

    day: int
    category: str = "suap"
    area: str = "sumsel"
    loss: str = "10-50jt"
    steps: list[tuple[int, str, str]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    readers: tuple[str, ...] = ("sumsel",)
    canary: bool = False


def put(transaction: sa.Connection, made: Iterable[Made]) -> None:
    """Write these cases behind those that are there."""
    first = (transaction.scalar(sa.select(sa.func.max(cases.c.id))) or 0) + 1
    rows: dict[sa.Table, list[dict[str, Any]]] = {cases: [], facets: [], steps: [], messages: [], canary_cases: []}
    for number, case in enumerate(made, first):
        status = case.steps[-1][1] if case.steps else "received"
        rows[cases].append({
            "id": number, "mailbox": os.urandom(16), "reply_key": b"", "thread_key": b"", "claim": b"",
            "mailbox_name": "x", "status": status, "language": "id", "readers": list(case.readers), "day": case.day,
        })  # fmt: skip
        rows[facets].append({"case_id": number, "unit": case.area, "kategori": case.category, "kerugian": case.loss})
        before = "received"
        for day, target, detail in case.steps:
            rows[steps].append({
                "case_id": number, "day": day, "source": before, "target": target, "detail": detail, "note": "",
                "by": "sumsel-1", "approved": "",
            })  # fmt: skip
            before = target
        rows[messages] += [{"case_id": number, "day": d, "sender": "sumsel", "text": "t"} for d in case.told]
        if case.canary:
            rows[canary_cases].append({"case_id": number, "number": 1, "day": case.day, "remarks": []})
    for table, values in rows.items():
        if values:
            transaction.execute(sa.insert(table), values)


def drawn(count: int, start: int, end: int, seed: int = 1) -> list[Made]:
    """Draw cases that arrived from one day to another and went some way."""
    luck, found = random.Random(seed), []
    for _ in range(count):
        day = luck.randint(start, end)
        made = Made(day, luck.choice(CATEGORIES), luck.choice(AREAS), luck.choice(LOSSES))
        for status, detail in (
            ("screening", ""), ("review", ""), ("examination", ""),
            luck.choice([("closed_done", "terbukti"), ("closed_done", "tidak_terbukti"), ("referred", "kpk"),
                         ("closed_not_actionable", "duplikat")]),
        ):  # fmt: skip
            if luck.random() < 0.15:
                break
            day += luck.randint(0, 30)
            made.steps.append((day, status, detail))
        if luck.random() < 0.8:
            made.told.append(made.day + luck.randint(1, 60))
        found.append(made)
    return found
