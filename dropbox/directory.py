"""Who can read, as this drop box knows it: the verified roster with the reviewers' weekly keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from crypto import medium
from crypto.encoding import epoch_of
from crypto.row import Readers
from dropbox.errors import Closed
from keys.batch import KeyTable, verify_batch
from keys.roster import Expired, Group, Roster, check_current, fingerprint_words, root_pin, verify_roster

_CAP = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Directory:
    """Loaded once before the workers start."""

    roster: Roster
    keys: KeyTable

    @classmethod
    def load(cls, home: Path) -> Directory:
        """Verify roster.senyap against root.pin and every file in batches/; raises CryptoError or OSError.

        A roster that has ended is loaded, too: rows that wait must still reach their stations. Nothing new
        is sealed under it.
        """
        pin = medium.read_file(home / "root.pin", 64)
        data = medium.read_file(home / "roster.senyap", _CAP)
        roster = verify_roster(data, previous=None, pin=pin, today=None)
        batches = [verify_batch(medium.read_file(p, _CAP), roster) for p in sorted((home / "batches").iterdir())]
        return cls(roster, KeyTable(roster, batches))

    @property
    def fingerprint(self) -> str:
        """The 8 words of the root set, as on every page and poster."""
        return " ".join(fingerprint_words(root_pin(self.roster.roots, self.roster.root_k)))

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
