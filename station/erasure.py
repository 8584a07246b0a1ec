"""Forward secrecy: when the key of a past week may go, and that it goes (formats §7).

A reviewer's key of a week is erased when no row of that week can still need it: none can come any more (a chain of
bundles shows it), none that came waits for this reviewer, and the time of grace has passed. A clock of this machine
never permits, it can only hold back. What was decided is committed with the import; only then the files go. So a
crash in between leaves keys that are named in the vault as erased, and the next run erases them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crypto import medium
from crypto.encoding import date_of
from keys.keyring import SHARE, epoch_file, kept_epochs
from station.chains import Chains
from station.home import Home
from station.past import Past
from station.tables import Outcome, erased_keys, held_rows, held_shares, seen_rows


@dataclass(frozen=True, slots=True)
class Kept:
    """One reviewer's key of a week that has ended, and in words what it waits for.

    `until` is the first day on which it may go; `due`: that day has come.
    """

    reviewer: str
    epoch: int
    until: int
    due: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """What was erased, as (reviewer, epoch), and what is kept though its week has ended."""

    erased: tuple[tuple[str, int], ...] = ()
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """One keyring on this station: `state` is member, left or new (in no roster yet)."""

    reviewer: str
    state: str
    epochs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """All weekly keys on this station after what was due went."""

    grace_days: int
    swept: Swept
    reviewers: tuple[Holder, ...]


def review(vault: sa.Engine, home: Home, day: int) -> Status:
    """Erase what is due and return what is left; raises OSError."""
    with vault.begin() as transaction:
        swept = judge(transaction, home, day)
    swept = replace(swept, erased=erase(vault, home))
    past = Past(home.ledger.history(), home.group.id)
    holders = []
    for reviewer in reviewers_of(home):
        left = "left" if past.terms(reviewer) else "new"
        state = "member" if reviewer in home.members else left
        holders.append(Holder(reviewer, state, kept_epochs(home.keyring / reviewer)))
    return Status(home.settings.grace_days, swept, tuple(holders))


def judge(transaction: sa.Connection, home: Home, day: int) -> Swept:
    """Decide on every key of a week that has ended, and note in the vault which ones go.

    `day` is the day by this machine's clock. Nothing is erased yet: `erase` does it after the commit.
    """
    past = Past(home.ledger.history(), home.group.id)
    chains = Chains.load(transaction, home, past)
    rows = _Rows.load(transaction)
    gone = _logged(transaction)
    kept = []
    for reviewer in reviewers_of(home):
        if not past.terms(reviewer):
            continue  # not in a roster yet: nothing was sealed to these keys
        for epoch in kept_epochs(home.keyring / reviewer):
            if (reviewer, epoch) in gone or last_day(epoch) >= max(day, chains.day):
                continue
            due = last_day(epoch) + home.settings.grace_days
            proof, doubt = _prove(chains, reviewer, epoch, due, day)
            reasons = [doubt] if doubt else []
            if day < due:
                reasons.append(f"masa tunggu: jam mesin ini baru menunjukkan {date_of(day).isoformat()}")
            reasons += rows.doubts(past, reviewer, epoch)
            if reasons:
                kept.append(Kept(reviewer, epoch, due, due <= max(day, chains.day), tuple(reasons)))
            else:
                to, seq = proof
                note = sa.insert(erased_keys).prefix_with("OR IGNORE")
                transaction.execute(note.values(reviewer=reviewer, epoch=epoch, day=day, to=to, seq=seq))
    return Swept(kept=tuple(kept))


def erase(vault: sa.Engine, home: Home) -> tuple[tuple[str, int], ...]:
    """Erase the keys that the vault names as erased and that are still here, and keyrings nobody needs any more.

    Returns (reviewer, epoch) of each key. Any number of times; raises OSError.
    """
    with vault.begin() as transaction:
        gone = _logged(transaction)
    erased = []
    for reviewer in reviewers_of(home):
        folder = home.keyring / reviewer
        for epoch in kept_epochs(folder):
            if (reviewer, epoch) in gone:
                medium.erase_file(epoch_file(folder, epoch))
                erased.append((reviewer, epoch))
    _retire(home)
    return tuple(erased)


def reviewers_of(home: Home) -> tuple[str, ...]:
    """Return the reviewers who have a keyring on this station."""
    return tuple(sorted(path.name for path in home.keyring.iterdir() if path.is_dir()))


def last_day(epoch: int) -> int:
    """Return the last day of an epoch."""
    return 7 * epoch + 6


def _retire(home: Home) -> None:
    """Erase the keyrings of reviewers who left, when neither rows nor the vault can need them any more."""
    idle = [
        folder
        for reviewer in reviewers_of(home)
        if reviewer not in home.members
        and not kept_epochs(folder := home.keyring / reviewer)
        and not (folder / SHARE).exists()
    ]
    past = Past(home.ledger.history() if idle else (), home.group.id)
    for folder in idle:
        if past.terms(folder.name):  # who is in no roster has yet to come
            for path in sorted(folder.iterdir()):
                medium.erase_file(path)
            folder.rmdir()
            medium.sync_folder(home.keyring)


def _prove(chains: Chains, reviewer: str, epoch: int, due: int, day: int) -> tuple[tuple[str, int], str]:
    """Return the bundle (to, seq) that shows that no row can come any more, or why none does."""
    doubts = []
    for chain in chains.all:
        doubt = chains.doubt(chain, reviewer, epoch, due, day)
        if not doubt:
            return (chain.to, chain.newest.seq), ""
        doubts.append(doubt)
    return ("", 0), next(iter(doubts), "belum ada bundel dari stasiun pengumpul")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the vault says of rows that came, as far as weekly keys may still be needed for them."""

    held: tuple[sa.Row[Any], ...]  # epoch, tried, how many
    shares: Mapping[tuple[str, int], int]  # (owner, epoch of the key they are sealed to) → how many
    foreign: tuple[sa.Row[Any], ...]  # epoch, tried, how many

    @classmethod
    def load(cls, transaction: sa.Connection) -> _Rows:
        """Count them, by epoch and by whose keys were tried."""
        h, s, f = held_rows.c, held_shares.c, seen_rows.c
        number = sa.func.count().label("number")
        held = sa.select(h.epoch, h.tried, number).group_by(h.epoch, h.tried)
        shares = sa.select(s.reviewer, s.epoch, number).group_by(s.reviewer, s.epoch)
        foreign = sa.select(f.epoch, f.tried, number).where(f.outcome == Outcome.FOREIGN).group_by(f.epoch, f.tried)
        return cls(
            tuple(transaction.execute(held)),
            {(found.reviewer, found.epoch): found.number for found in transaction.execute(shares)},
            tuple(transaction.execute(foreign)),
        )

    def doubts(self, past: Past, reviewer: str, epoch: int) -> list[str]:
        """Return in words which rows may still need a reviewer's key of an epoch."""
        found = []
        beside = past.served_beside(reviewer)
        if held := sum(x.number for x in self.held if x.epoch == epoch and reviewer not in x.tried.split(",")):
            found.append(f"{held} baris tertahan belum dicoba dengan kunci ini: impor lagi bersama {reviewer}")
        if shares := self.shares.get((reviewer, epoch), 0):
            found.append(
                f"bagian untuk {shares} baris tertahan masih disegel ke kunci ini: impor lagi bersama {reviewer}"
            )
        if foreign := sum(x.number for x in self.foreign if x.epoch == epoch and beside.isdisjoint(x.tried.split(","))):
            found.append(
                f"{foreign} baris belum dicoba dengan kunci minggu ini: impor lagi bundelnya bersama {reviewer}"
            )
        return found


def _logged(transaction: sa.Connection) -> frozenset[tuple[str, int]]:
    return frozenset((e.reviewer, e.epoch) for e in transaction.execute(sa.select(erased_keys)))
