"""Who can read, as this drop box knows it: the verified roster with the reviewers' weekly keys."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from crypto.encoding import epoch_of
from crypto.row import Decoys, Readers
from crypto.signing import SigningKey
from dropbox.errors import Closed, Why
from dropbox.transportkey import find_key
from keys.batch import KeyTable
from keys.errors import Expired
from keys.ledger import Ledger
from keys.roster import Group, Roster
from keys.rosterfile import check_current


@dataclass(frozen=True, slots=True)
class Directory:
    """One roster with its keys, and the drop box's own key. Never changed: a newer one replaces it.

    `digest` is the same in two processes exactly when they would seal to the same readers.
    """

    ledger: Ledger = field(repr=False)
    keys: KeyTable = field(repr=False)
    server_key: SigningKey = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def load(cls, home: Path) -> Directory:
        """Verify the public folder of this home; raises CryptoError, Refused or OSError.

        A roster that has ended is loaded, too: rows that wait must still reach their stations. Nothing new
        is sealed under it.
        """
        ledger = Ledger.load(home)
        parts = [ledger.roster.raw, *sorted(batch.raw for batch in ledger.batches)]
        digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
        return cls(ledger, ledger.table(), find_key(home, ledger.roster), digest)

    @property
    def roster(self) -> Roster:
        """The roster in force."""
        return self.ledger.roster

    @property
    def can_sign(self) -> bool:
        """Tell whether the roster names the key at hand: without it no station would take a bundle."""
        return self.server_key.public == self.roster.server_key

    @property
    def fingerprint(self) -> str:
        """The 8 words of the pinned root set, as on every page and poster."""
        return " ".join(self.ledger.fingerprint)

    def route(self, area: str, level: str, wishes: Collection[str], day: int) -> tuple[Group, ...]:
        """Return the groups that will read a report of this day, the leading one first.

        Raises Closed when nobody may, or when one of them has no keys of this week and nobody steps in.
        """
        lapsed = self.keys.lapsed(epoch_of(day))
        excluded = self.roster.excluded(area, wishes)
        chosen = self.roster.route(area, level, excluded, lapsed)
        if lapsed.intersection(chosen) or (not chosen and self.roster.route(area, level, excluded)):
            raise Closed("keys of a chosen group are not in force", Why.LAPSED)
        if not chosen:
            raise Closed("no permitted group can read")
        return tuple(self.roster.group(g) for g in chosen)

    def absent(self, area: str, level: str, wishes: Collection[str], day: int) -> tuple[Group, ...]:
        """Return the groups that would read such a report if they had reviewers with keys of this week."""
        route = self.roster.routing[area][level]
        barred = set(route.never) | self.roster.excluded(area, wishes)
        gone = set(route.readers) - barred - self.key_holders(epoch_of(day))
        return tuple(g for g in self.roster.groups if g.id in gone)

    def key_holders(self, epoch: int) -> frozenset[str]:
        """Return the groups that have reviewers, and all of them keys of a week."""
        return frozenset(g.id for g in self.roster.groups if g.members) - self.keys.lapsed(epoch)

    def barred(self, area: str, level: str, wishes: Collection[str]) -> tuple[Group, ...]:
        """Return the groups that cannot open such a report whatever happens."""
        ids = set(self.roster.routing[area][level].never) | self.roster.excluded(area, wishes)
        return tuple(g for g in self.roster.groups if g.id in ids)

    def readers(self, group_ids: Collection[str], day: int) -> tuple[Readers, ...]:
        """Return what rows of this day are sealed to; raises Closed when keys are missing or have ended."""
        try:
            check_current(self.roster, day)
        except Expired:
            raise Closed("the roster has ended", Why.SHUT) from None
        try:
            return self.keys.readers(group_ids, epoch_of(day))
        except (Expired, KeyError):
            raise Closed("keys of a chosen group are not in force", Why.LAPSED) from None

    def draw_cover(self, day: int, decoys: Decoys) -> bytes:
        """Seal one cover row of this day's week; raises Closed when no weighted group has keys."""
        try:
            return self.keys.draw_cover(epoch_of(day), decoys)
        except Expired:
            raise Closed("no group has keys of this week", Why.SHUT) from None

    def key_ends(self, day: int) -> dict[str, int]:
        """Return for each group that can read on a day the last day until which it can without new keys."""
        this = epoch_of(day)
        can = self.key_holders(this)
        ends: dict[str, int] = {}
        for epoch in itertools.count(this + 1):
            if not can:
                break
            ended = can & self.keys.lapsed(epoch)
            ends |= dict.fromkeys(ended, epoch * 7 - 1)
            can -= ended
        return ends
