"""Weeks whose keys were lost before all that was sealed to them was read: reporters are asked to send again.

Nobody here knows how many reports these were, nor whose. So everybody is told, in words that are the drop box's own:
one reviewer names the weeks, an inspector who is another person agrees, and every outbox of a year says them, signed.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from crypto.encoding import epoch_of
from crypto.errors import Malformed
from crypto.statistics import MAX_LOST, MAX_LOST_WEEKS, LostWeeks, check_lost
from station import audit, vault
from station.audit import Deed
from station.errors import Refused
from station.fingerprint import fingerprint
from station.home import SERVER, Home
from station.lessons import must_sign_off
from station.tables import bundles, lost_weeks

SHOWN_DAYS = 365  # from the approval: a reporter who looks once a year is told
WEEKS_AHEAD = 8  # the drop box may seal to lost keys until new ones reach it


@dataclass(frozen=True, slots=True)
class Notice:
    """What was proposed or is told to everybody; `approved` is "" while it waits."""

    weeks: LostWeeks
    day: int
    by: str
    approved: str

    @property
    def digest(self) -> str:
        """Fingerprint of what an inspector must have read."""
        return fingerprint(first=self.weeks.first, last=self.weeks.last, day=self.day, by=self.by)


def suggest(transaction: sa.Connection, *, day: int) -> LostWeeks | None:
    """Return the weeks that a station restored from a backup lacks, None where it was not, or where they were told.

    What had come when the backup was made is in it; what was written since the newest bundle of then is not.
    """
    copied = vault.read_meta(transaction, "copied")
    if copied is None or all_notices(transaction):
        return None
    b = bundles.c
    newest = transaction.scalar(sa.select(sa.func.max(b.day)).where(b.sender == SERVER, b.day <= int(copied)))
    last = epoch_of(day)
    return LostWeeks(max(epoch_of(int(copied) if newest is None else newest), last - MAX_LOST_WEEKS + 1), last)


def propose(transaction: sa.Connection, home: Home, weeks: LostWeeks, by: str, *, day: int) -> None:
    """Keep weeks until an inspector approves them; raises Refused."""
    home.role_of(by)
    known = all_notices(transaction)
    if any(not each.approved for each in known):
        raise Refused("sebuah usulan sudah menunggu; setujui atau tolak dulu")
    try:
        check_lost(weeks)
    except Malformed:
        raise Refused(f"hari pertama harus sebelum hari terakhir, paling banyak {MAX_LOST_WEEKS} minggu") from None
    if weeks.last > epoch_of(day) + WEEKS_AHEAD:
        raise Refused(f"hari terakhir terlalu jauh: paling banyak {WEEKS_AHEAD} minggu dari sekarang")
    if any(each.weeks.first <= weeks.last and weeks.first <= each.weeks.last for each in known):
        raise Refused("sebagian minggu itu sudah diumumkan; tarik dulu yang lama, atau pilih minggu lain")
    if len(told(transaction, day=day)) == MAX_LOST:
        raise Refused(f"sudah ada {MAX_LOST} pengumuman; tarik dulu yang paling lama")
    values = {"first": weeks.first, "last": weeks.last, "day": day, "by": by, "approved": ""}
    transaction.execute(sa.insert(lost_weeks).values(values))
    audit.note(transaction, by, Deed.PROPOSED, day=day, detail=_name(weeks))


def judge(transaction: sa.Connection, home: Home, first: int, by: str, *, approve: bool, day: int) -> None:
    """Tell everybody what waits, drop it, or take back what was told; raises Refused.

    Whoever proposed it may drop it while it waits. For everything that reporters see or no longer see an inspector is
    needed who did not propose it.
    """
    found = next((each for each in all_notices(transaction) if each.weeks.first == first), None)
    if found is None or (approve and found.approved):
        raise Refused("usulan itu tidak menunggu lagi")
    if approve or found.approved:
        must_sign_off(home, by, found.by)
    else:
        home.role_of(by)
    here = lost_weeks.c.first == first
    if approve:
        transaction.execute(sa.update(lost_weeks).where(here).values(approved=by, day=day))
    else:
        transaction.execute(sa.delete(lost_weeks).where(here))
    audit.note(transaction, by, Deed.APPROVED if approve else Deed.DROPPED, day=day, detail=_name(found.weeks))


def told(transaction: sa.Connection, *, day: int) -> tuple[LostWeeks, ...]:
    """Return what an outbox of this day says."""
    return tuple(each.weeks for each in all_notices(transaction) if each.approved and day < each.day + SHOWN_DAYS)


def all_notices(transaction: sa.Connection) -> tuple[Notice, ...]:
    """Return those that wait and those that were approved, by their weeks."""
    rows = transaction.execute(sa.select(lost_weeks).order_by(lost_weeks.c.first))
    return tuple(Notice(LostWeeks(row.first, row.last), row.day, row.by, row.approved) for row in rows)


def _name(weeks: LostWeeks) -> str:
    return f"lost weeks {weeks.first} to {weeks.last}"
