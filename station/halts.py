"""Parcels that stop on their way to another unit: the reporter wrote, or somebody takes back what has not left.

A letter may take a consent back, and no program can tell: so what has not left waits until two people have read it.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from station import audit, referral, referrals
from station.audit import Deed
from station.errors import Refused
from station.home import Home
from station.referral_tables import parcels
from station.referral_tables import referrals as referral_table
from station.referrals import Parcel, Referral
from station.statements import must_be_free, must_be_two
from station.transitions import may_approve, may_propose, transitions_from


def halted(transaction: sa.Connection, own: str) -> frozenset[int]:
    """Return the parcels of which rows wait because the reporter wrote; `own` is this station's id."""
    return referrals.overtaken(transaction, referrals.confirmed(transaction, own))


def note(transaction: sa.Connection, found: Collection[int], *, day: int) -> None:
    """Write down that these parcels have stopped."""
    query = sa.select(parcels.c.id, referral_table).join(referral_table).where(parcels.c.id.in_(found))
    for row in transaction.execute(query.order_by(parcels.c.id)):
        detail = f"{referrals.reference_name(row.reference)} {row.recipient}"
        audit.note(transaction, "-", Deed.HALTED, day=day, case=row.case_id, detail=detail)


def withdraw(transaction: sa.Connection, home: Home, case_id: int, parcel_id: int, *, by: str, day: int) -> None:
    """Let no further row of a parcel leave; one of which nothing has left is forgotten. Raises Refused."""
    found, parcel = _on_its_way(transaction, home, case_id, parcel_id)
    if parcel.begun:
        stopped = sa.update(parcels).where(parcels.c.id == parcel_id).values(approved=referrals.STOPPED)
        transaction.execute(stopped)
    else:
        referrals.forget_parcel(transaction, case_id, parcel_id)
    audit.note(transaction, by, Deed.DROPPED, day=day, case=case_id, detail=f"referred {found.name}")


def go_on(
    transaction: sa.Connection, home: Home, case_id: int, parcel_id: int, pair: tuple[str, str], read: int, *, day: int
) -> None:
    """Let the rest of a parcel leave, as two people who have read what the reporter wrote.

    `read`: the number of the newest letter when they did. Raises Refused where one has come since, without two who
    could refer the case, and where the parcel's ground does not hold any more.
    """
    home.must_serve()
    must_be_two(home, pair)
    must_be_free(transaction, case_id, *pair)
    found, parcel = _on_its_way(transaction, home, case_id, parcel_id)
    if not (parcel.overtaken and parcel.begun):
        raise Refused("kiriman ini tidak tertahan di jalan: muat ulang halamannya")
    if referrals.last_letter(transaction, case_id) != read:
        raise Refused("pelapor menulis lagi sejak halaman ini dibuka: baca suratnya, lalu putuskan lagi")
    step = next(each for each in transitions_from("referred") if each.target == "referred")
    first, second = (home.role_of(who) for who in pair)
    if not (may_propose(step, first) and may_approve(step, second, first)):
        raise Refused("yang melanjutkan kiriman: tim telaah atau inspektur; orang kedua: inspektur")
    limits = referral.limits_of(transaction, home, case_id)
    if why := referral.why_not(limits, found.recipient):
        raise Refused(why)
    passed = parcel.forwarded
    if limits.consent != passed.consent and passed.ground != "hukum":
        raise Refused("pelapor mengubah keinginannya: tarik sisa kiriman ini, dan susun lagi bila masih boleh")
    transaction.execute(sa.update(parcels).where(parcels.c.id == parcel_id).values(seen=read))
    audit.note(transaction, "+".join(pair), Deed.RESUMED, day=day, case=case_id, detail=found.name)


def _on_its_way(transaction: sa.Connection, home: Home, case_id: int, parcel_id: int) -> tuple[Referral, Parcel]:
    for found in referrals.referrals_of(transaction, case_id, home.id):
        for parcel in found.approved:
            if parcel.id == parcel_id and found.sealed and parcel.is_on_its_way:
                return found, parcel
    raise Refused("kiriman ini sudah diambil seluruhnya atau sudah ditarik: muat ulang halamannya")
