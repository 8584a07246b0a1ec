"""Who can read, as this drop box knows it: the verified roster with the reviewers' weekly keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from crypto.encoding import epoch_of
from crypto.row import Readers
from dropbox.errors import Closed
from keys.batch import KeyTable
from keys.errors import Expired
from keys.ledger import Ledger
from keys.roster import Group, Roster
from keys.rosterfile import check_current


@dataclass(frozen=True, slots=True)
class Directory:
    """Loaded once before the workers start."""

    ledger: Ledger = field(repr=False)
    keys: KeyTable = field(repr=False)

    @classmethod
    def load(cls, home: Path) -> Directory:
        """Verify the public folder of this home; raises CryptoError or OSError.

        A roster that has ended is loaded, too: rows that wait must still reach their stations. Nothing new
        is sealed under it.
        """
        ledger = Ledger.load(home)
        return cls(ledger, ledger.table())

    @property
    def roster(self) -> Roster:
        """The roster in force."""
        return self.ledger.roster

    @property
    def fingerprint(self) -> str:
        """The 8 words of the pinned root set, as on every page and poster."""
        return " ".join(self.ledger.fingerprint)

    def route(self, area: str, level: str, wishes: Collection[str]) -> tuple[Group, ...]:
        """Return the groups that will read a report, the leading one first; raises Closed when nobody may."""
        chosen = self.roster.route(area, level, self.roster.excluded(area, wishes))
        if not chosen:
            raise Closed("no permitted group can read")
        return tuple(self.roster.group(g) for g in chosen)

    def barred(self, area: str, level: str, wishes: Collection[str]) -> tuple[Group, ...]:
        """Return the groups that cannot open such a report whatever happens."""
        ids = set(self.roster.routing[area][level].never) | self.roster.excluded(area, wishes)
        return tuple(g for g in self.roster.groups if g.id in ids)

    def readers(self, group_ids: Collection[str], day: int) -> tuple[Readers, ...]:
        """Return what rows of this day are sealed to; raises Closed when keys are missing or have ended."""
        try:
            check_current(self.roster, day)
            return self.keys.readers(group_ids, epoch_of(day))
        except (Expired, KeyError):
            raise Closed("keys of a chosen group are not in force") from None
