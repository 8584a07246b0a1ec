"""Referrals as the vault remembers them: to whom, what exactly, how far it has come, and what was heard since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from crypto.forwarded import Forwarded, ReferralStatus, parse_body
from station.errors import Refused
from station.referral_tables import parcel_files, parcel_rows, parcels, referral_news, referrals, referred_cases
from station.tables import bundles, letters, outboxes

BODY = -1  # in the place of a file: the row that holds the signed text
AGAIN = -1  # in the place of an outbox: it left, and is to leave again
LET_GO, STOPPED = 1, 2  # of a parcel, by two people; what had not left by then stays


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is passed on at once. `washed`: what was done to the metadata of each file; rows that left, and arrived.

    `begun`: something of it has left. `overtaken`: the reporter wrote before the drop box had all of it; what waits
    stays here until people have read that. `stopped`: what had not left then never will. `seen`: the newest letter that
    people had read when they let it go, or go on.
    """

    id: int
    body: bytes = field(repr=False)
    forwarded: Forwarded = field(repr=False)
    sources: Mapping[str, list[str]]
    washed: tuple[str, ...]
    approved: bool
    rows: int
    left: int
    arrived: int
    begun: bool = False
    overtaken: bool = False
    stopped: bool = False
    seen: int = 0

    @property
    def is_on_its_way(self) -> bool:
        """Tell whether rows of it wait, or left and are not known to have come to the drop box."""
        return self.approved and not self.stopped and self.arrived < self.rows


@dataclass(frozen=True, slots=True)
class Referral:
    """One recipient of a case. `news`: where it stands there, None before the first word; `came`: on what day."""

    id: int
    case_id: int
    recipient: str
    sealed: bool
    reference: bytes = field(repr=False)
    parcels: tuple[Parcel, ...]
    news: ReferralStatus | None
    came: int

    @property
    def name(self) -> str:
        """What both units call it."""
        return reference_name(self.reference)

    @property
    def approved(self) -> tuple[Parcel, ...]:
        """The parcels that two persons let go."""
        return tuple(parcel for parcel in self.parcels if parcel.approved)

    @property
    def is_received(self) -> bool:
        """Tell whether the recipient said that it has every parcel."""
        return self.news is not None and self.news.received >= len(self.approved)


def reference_name(reference: bytes) -> str:
    """Return how people write a reference of 16 bytes: RJK-0A1B2C3D."""
    return f"RJK-{reference[:4].hex().upper()}"


def confirmed(transaction: sa.Connection, own: str) -> frozenset[int]:
    """Return the numbers of this station's outboxes of which a bundle said that the drop box took them."""
    same = sa.and_(bundles.c.applied_seq == outboxes.c.seq, bundles.c.applied_hash == outboxes.c.hash)
    return frozenset(transaction.scalars(sa.select(outboxes.c.seq).join(bundles, same).where(bundles.c.to == own)))


def referrals_of(transaction: sa.Connection, case_id: int, own: str) -> tuple[Referral, ...]:
    """Return the referrals of a case, oldest first; `own` is this station's id."""
    taken, found = confirmed(transaction, own), []
    for row in transaction.execute(sa.select(referrals).where(referrals.c.case_id == case_id)).all():
        heard = sa.select(referral_news).where(referral_news.c.referral_id == row.id)
        last = transaction.execute(heard.order_by(referral_news.c.came.desc(), referral_news.c.number.desc())).first()
        news = parse_body(last.body) if last is not None else None
        found.append(
            Referral(
                row.id,
                row.case_id,
                row.recipient,
                bool(row.sealed),
                row.reference,
                _parcels(transaction, row.id, taken),
                news if isinstance(news, ReferralStatus) else None,
                last.came if last is not None else 0,
            )
        )
    return tuple(found)


def prepared(transaction: sa.Connection, case_id: int, own: str) -> tuple[Referral, Parcel] | None:
    """Return what waits for another person, None when nothing does."""
    for referral in referrals_of(transaction, case_id, own):
        for parcel in referral.parcels:
            if not parcel.approved:
                return referral, parcel
    return None


def must_be_prepared(transaction: sa.Connection, case_id: int) -> None:
    """Raise Refused for a referral of which nobody has said what it holds."""
    if _waiting(transaction, case_id) is None:
        raise Refused("pelimpahan disiapkan di meja perkara, halaman Pelimpahan: di sana dipilih apa yang dikirim")


def decide(transaction: sa.Connection, case_id: int, *, approved: bool) -> None:
    """Let what waits go, or forget it; nothing where no referral waits.

    Raises Refused where the reporter has written since it was proposed: the letter may take a consent back.
    """
    found = _waiting(transaction, case_id)
    if found is None:
        return
    if approved:
        if last_letter(transaction, case_id) != found.seen:
            raise Refused("pelapor menulis lagi sejak usulan ini dibuat: baca suratnya, tarik usulannya, susun lagi")
        transaction.execute(sa.update(parcels).where(parcels.c.id == found.id).values(approved=LET_GO))
        if found.sealed:
            _queue(transaction, found.id)
        return
    forget_parcel(transaction, case_id, found.id)


def overtaken(transaction: sa.Connection, taken: frozenset[int]) -> frozenset[int]:
    """Return the approved parcels that were not whole at the drop box when the reporter wrote again.

    The letter may take a consent back, and it comes with the very visit that would take the parcel along, or the rest
    of it. `taken` are the outboxes that the drop box took.
    """
    newest = sa.select(sa.func.max(letters.c.id)).where(letters.c.case_id == referrals.c.case_id).scalar_subquery()
    waits = sa.select(parcel_rows.c.parcel_id).where(parcel_rows.c.sent.not_in(taken))
    query = sa.select(parcels.c.id).join(referrals).where(parcels.c.approved == LET_GO, referrals.c.sealed == 1)
    query = query.where(parcels.c.id.in_(waits), parcels.c.seen != sa.func.coalesce(newest, 0))
    return frozenset(transaction.scalars(query))


def forget_parcel(transaction: sa.Connection, case_id: int, parcel_id: int) -> None:
    """Remove a parcel, and its referral when it has no other."""
    for table in (parcel_files, parcel_rows):
        transaction.execute(sa.delete(table).where(table.c.parcel_id == parcel_id))
    transaction.execute(sa.delete(parcels).where(parcels.c.id == parcel_id))
    used = sa.select(parcels.c.referral_id)
    transaction.execute(sa.delete(referrals).where(referrals.c.case_id == case_id, referrals.c.id.not_in(used)))


def last_letter(transaction: sa.Connection, case_id: int) -> int:
    """Return the number of the newest letter of a case, 0 when it has none."""
    return transaction.scalar(sa.select(sa.func.max(letters.c.id)).where(letters.c.case_id == case_id)) or 0


def origin_of(transaction: sa.Connection, case_id: int) -> Forwarded | None:
    """Return what came first of a case that another unit passed on, None for a case of this unit."""
    body = transaction.scalar(sa.select(referred_cases.c.body).where(referred_cases.c.case_id == case_id))
    passed = parse_body(body) if body is not None else None
    return passed if isinstance(passed, Forwarded) else None


def body_of(parcel_body: bytes) -> Forwarded:
    """Return what a stored parcel says; raises Malformed."""
    passed = parse_body(parcel_body)
    if not isinstance(passed, Forwarded):
        raise TypeError("a parcel holds what is passed on")
    return passed


def _parcels(transaction: sa.Connection, referral_id: int, taken: frozenset[int]) -> tuple[Parcel, ...]:
    made, late = list[Parcel](), overtaken(transaction, taken)
    for row in transaction.execute(sa.select(parcels).where(parcels.c.referral_id == referral_id)).all():
        files = sa.select(parcel_files.c.words).where(parcel_files.c.parcel_id == row.id)
        sent = list(transaction.scalars(sa.select(parcel_rows.c.sent).where(parcel_rows.c.parcel_id == row.id)))
        made.append(
            Parcel(
                row.id,
                row.body,
                body_of(row.body),
                row.sources,
                tuple(transaction.scalars(files.order_by(parcel_files.c.number))),
                bool(row.approved),
                len(sent),
                sum(seq > 0 for seq in sent),
                sum(seq in taken for seq in sent),
                any(sent),
                row.id in late,
                row.approved == STOPPED,
                row.seen,
            )
        )
    return tuple(made)


def _waiting(transaction: sa.Connection, case_id: int) -> Any:
    query = sa.select(parcels.c.id, parcels.c.seen, referrals.c.sealed).join(referrals)
    return transaction.execute(query.where(referrals.c.case_id == case_id, parcels.c.approved == 0)).first()


def _queue(transaction: sa.Connection, parcel_id: int) -> None:
    forwarded = body_of(transaction.scalar(sa.select(parcels.c.body).where(parcels.c.id == parcel_id)) or b"")
    places = [(BODY, 0)] + [(n, part) for n, a in enumerate(forwarded.attachments) for part in range(a.parts)]
    values = [{"parcel_id": parcel_id, "file": file, "part": part, "sent": 0} for file, part in places]
    transaction.execute(sa.insert(parcel_rows), values)
