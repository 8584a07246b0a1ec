"""Which questions reached the drop box: silence counts from then on, and only as far as its bundles reach (0043)."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from crypto.encoding import date_of
from station.deadlines import NEVER, Facts
from station.errors import Refused
from station.home import SERVER, Home
from station.tables import asked, bundles, cases, outboxes


def note(transaction: sa.Connection, seq: int, served: Iterable[int]) -> None:
    """Note which of the cases that an outbox serves ask their reporter something in it."""
    query = sa.select(cases.c.id).where(cases.c.id.in_(list(served)), cases.c.status == "need_info")
    for case_id in transaction.scalars(query).all():
        transaction.execute(sa.insert(asked).values(case_id=case_id, seq=seq))


def forget(transaction: sa.Connection, case_id: int) -> None:
    """Forget how an earlier question of a case travelled: another one is asked."""
    transaction.execute(sa.delete(asked).where(asked.c.case_id == case_id))


def asked_since(transaction: sa.Connection, *only: sa.ColumnElement[bool]) -> dict[int, int]:
    """Return since when the question of each case has lain at the drop box, by case; one not known to is left out.

    It is the day of the first bundle that names such an outbox as taken: until then it may have lain in a drawer.
    """
    query = (
        sa.select(asked.c.case_id, sa.func.min(sa.func.max(outboxes.c.day, bundles.c.day)))
        .join(outboxes, outboxes.c.seq == asked.c.seq)
        .join(bundles, sa.and_(bundles.c.applied_seq == outboxes.c.seq, bundles.c.applied_hash == outboxes.c.hash))
        .where(bundles.c.sender == SERVER, *only)
        .group_by(asked.c.case_id)
    )
    return {row[0]: row[1] for row in transaction.execute(query)}


def must_be_silent(transaction: sa.Connection, home: Home, facts: Facts, days: int, *, day: int) -> None:
    """Refuse to call a reporter silent who was not asked, has days left, or whose answer may be on its way."""
    if facts.asked == NEVER:
        raise Refused(
            "pertanyaan ini belum terbukti sampai: belum ada bundel yang menyebut outbox-nya diterima kotak. "
            f"Jalankan kurir; {days} hari dihitung sejak itu"
        )
    end = max(facts.asked, facts.wrote) + days
    if end > day:
        raise Refused(f"pelapor masih punya {end - day} hari untuk menjawab")
    query = sa.select(sa.func.max(bundles.c.day)).where(bundles.c.sender == SERVER, bundles.c.to == home.id)
    if (transaction.scalar(query) or NEVER) < end:
        raise Refused(
            f"jawabannya mungkin masih di jalan: ambil dulu bundel tanggal {date_of(end).isoformat()} atau sesudahnya"
        )
