"""What reviewers say of a conflict of interest, before they open a case for the first time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import sqlalchemy as sa

from station import audit
from station.audit import Deed
from station.errors import Refused
from station.home import Home
from station.tables import statements

# what people see of a report before they state anything: field -> its heading
SHOWN: Final[Mapping[str, str]] = {
    "wilayah": "Tempat kejadian",
    "jenjang_terlapor": "Siapa yang dilaporkan",
    "instansi": "Instansi",
    "terlapor": "Siapa yang terlibat",
    "pengecualian": "Tidak boleh menangani",
}


def state_conflict(
    transaction: sa.Connection, home: Home, case_id: int, reviewer: str, *, conflict: bool, day: int
) -> None:
    """Note what a reviewer says of a conflict of interest; one once stated goes only by `take_back`."""
    home.role_of(reviewer)
    known = _statement(transaction, case_id, reviewer)
    if known is not None and known and not conflict:
        raise Refused(f"{reviewer} sudah menyatakan benturan kepentingan untuk perkara ini")
    values = {"case_id": case_id, "reviewer": reviewer, "day": day, "conflict": int(conflict)}
    transaction.execute(sa.insert(statements).prefix_with("OR REPLACE").values(values))
    said = "conflict" if conflict else "none"
    audit.note(transaction, reviewer, Deed.STATED, day=day, case=case_id, detail=said)


def take_back(transaction: sa.Connection, home: Home, case_id: int, pair: tuple[str, str], *, day: int) -> None:
    """Forget a conflict of interest that the first of two people stated by mistake; raises Refused.

    The second one, who has none, agrees. What holds instead is stated anew before the case opens.
    """
    must_be_two(home, pair)
    who, other = pair
    if not _statement(transaction, case_id, who):
        raise Refused(f"{who} tidak menyatakan benturan kepentingan untuk perkara ini")
    must_be_free(transaction, case_id, other)
    mine = (statements.c.case_id == case_id, statements.c.reviewer == who)
    transaction.execute(sa.delete(statements).where(*mine))
    audit.note(transaction, "+".join(pair), Deed.STATED, day=day, case=case_id, detail="taken back")


def must_be_two(home: Home, pair: tuple[str, str]) -> None:
    """Demand two different reviewers of this unit; raises Refused."""
    for who in pair:
        home.role_of(who)
    if pair[0] == pair[1]:
        raise Refused("dua orang harus memutuskannya bersama")


def stated(
    transaction: sa.Connection, case_id: int, present: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who of those present has not stated anything yet, and who has a conflict."""
    known = {who: _statement(transaction, case_id, who) for who in present}
    return tuple(w for w in present if known[w] is None), tuple(w for w in present if known[w])


def barred_cases(transaction: sa.Connection, present: Collection[str]) -> frozenset[int]:
    """Return the cases with which somebody present has a conflict of interest."""
    query = sa.select(statements.c.case_id).where(statements.c.conflict == 1, statements.c.reviewer.in_(present))
    return frozenset(transaction.scalars(query))


def must_be_stated(transaction: sa.Connection, case_id: int, present: Collection[str]) -> None:
    """Demand that all those present have said that they have no conflict, before a case opens; raises Refused."""
    must_be_free(transaction, case_id, *present)
    if stated(transaction, case_id, present)[0]:
        raise Refused("pernyataan benturan kepentingan untuk perkara ini belum lengkap")


def must_be_free(transaction: sa.Connection, case_id: int, *people: str) -> None:
    """Refuse reviewers who stated a conflict: who decides with a passphrase alone need not be one of those present."""
    for who in people:
        if _statement(transaction, case_id, who):
            raise Refused(f"{who} menyatakan benturan kepentingan untuk perkara ini; orang lain harus memutuskan")


def _statement(transaction: sa.Connection, case_id: int, reviewer: str) -> bool | None:
    query = sa.select(statements.c.conflict).where(statements.c.case_id == case_id, statements.c.reviewer == reviewer)
    found = transaction.scalar(query)
    return None if found is None else bool(found)
