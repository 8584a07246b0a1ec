"""Chains of bundles as evidence: what can no longer be waiting at the drop box (formats §7).

A row is freed only when every collector has acknowledged it. So whoever has the whole chain of one collector has
every row that was ever freed, and the newest bundle of that chain says what still waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.encoding import date_of
from keys.ledger import CLOCK_SLACK_DAYS
from station.home import SERVER, Home
from station.past import Past
from station.tables import bundles, outboxes
from station.vault import read_meta


@dataclass(frozen=True, slots=True)
class Link:
    """What is remembered of one bundle."""

    seq: int
    day: int
    roster_version: int
    oldest_epoch: int
    applied: tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Chain:
    """The bundles to one station that were taken here, in order; never empty."""

    to: str
    links: tuple[Link, ...]

    @property
    def newest(self) -> Link:
        """The bundle with the highest number."""
        return self.links[-1]

    @property
    def day(self) -> int:
        """The greatest day that any of its bundles names."""
        return max(link.day for link in self.links)

    @property
    def first_unbroken(self) -> Link:
        """The bundle from which on none is missing."""
        first = self.newest
        for link in reversed(self.links):
            if link.seq < first.seq - 1:
                break
            first = link
        return first


@dataclass(frozen=True, slots=True)
class Chains:
    """All chains at a station, those of collectors first."""

    home: Home
    past: Past
    all: tuple[Chain, ...]
    outboxes: Mapping[int, bytes]
    is_copy: bool

    @classmethod
    def load(cls, transaction: sa.Connection, home: Home, past: Past) -> Chains:
        """Read what the vault remembers of bundles and outboxes."""
        links: dict[str, list[Link]] = {}
        for b in transaction.execute(sa.select(bundles).where(bundles.c.sender == SERVER).order_by(bundles.c.seq)):
            applied = (b.applied_seq, b.applied_hash)
            links.setdefault(b.to, []).append(Link(b.seq, b.day, b.roster_version, b.oldest_epoch, applied))
        chains = [Chain(to, tuple(found)) for to, found in links.items()]
        collectors = {s.id for s in home.roster.collectors}
        chains.sort(key=lambda chain: (chain.to not in collectors, chain.to != home.id, -chain.day))
        made = {o.seq: o.hash for o in transaction.execute(sa.select(outboxes))}
        return cls(home, past, tuple(chains), made, read_meta(transaction, "copied") is not None)

    @property
    def day(self) -> int:
        """The greatest day of any chain, 0 when there is none."""
        return max((chain.day for chain in self.all), default=0)

    def doubt(self, chain: Chain, reviewer: str, epoch: int, due: int, day: int) -> str:
        """Return why a chain does not show that no row of an epoch can still come for a reviewer; "" when it does.

        `due` is the day that the chain must have reached, `day` the day by this machine's clock.
        """
        since, newest = self.past.since(reviewer), chain.newest
        if not self.past.collected(chain.to, since, newest.roster_version):
            return f"stasiun {chain.to} bukan pengumpul selama {reviewer} menjadi penelaah"
        first = chain.first_unbroken
        whole = first.seq == 1 or first.roster_version < since
        if not whole and not (chain.to == self.home.id and self._made_all_outboxes(chain)):
            return f"bundel {first.seq - 1} untuk {chain.to} belum pernah sampai"
        if self.past.server_key(newest.roster_version) != self.home.roster.server_key:
            return f"bundel terbaru untuk {chain.to} memakai kunci lama kotak; tunggu bundel berikutnya"
        if newest.day > day + CLOCK_SLACK_DAYS:  # a drop box whose clock runs ahead has not seen those weeks yet
            return (
                f"bundel terbaru bertanggal {date_of(newest.day).isoformat()}, jam mesin ini menunjukkan "
                f"{date_of(day).isoformat()}: periksa kedua jam"
            )
        if newest.oldest_epoch <= epoch:
            return f"di kotak masih menunggu baris minggu {newest.oldest_epoch}; bawa outbox, lalu bundel berikutnya"
        if chain.day < due:
            return f"masa tunggu: bundel terbaru baru bertanggal {date_of(chain.day).isoformat()}"
        return ""

    def _made_all_outboxes(self, chain: Chain) -> bool:
        """Tell whether only this vault ever acknowledged: then rows of a bundle that never came come again."""
        whole = sorted(self.outboxes) == list(range(1, len(self.outboxes) + 1))
        known = all(seq == 0 or self.outboxes.get(seq) == hash_ for seq, hash_ in (x.applied for x in chain.links))
        return whole and known and not self.is_copy
