"""What the rosters at hand say of the past: who was a reviewer of this unit, who a collector, and when."""

from __future__ import annotations

from collections.abc import Iterable

from crypto.signing import VerifyingKey
from keys.roster import Roster

UNKNOWN = 0  # a first version that cannot be told, because older rosters are not at hand


class Past:
    """All rosters at hand, by version, as one unit looks at them."""

    def __init__(self, rosters: Iterable[Roster], group_id: str) -> None:
        self._rosters = {roster.version: roster for roster in rosters}
        self._terms: dict[str, set[int]] = {}
        for version, roster in self._rosters.items():
            for group in roster.groups:
                if group.id == group_id:
                    for member in group.members:
                        self._terms.setdefault(member.id, set()).add(version)

    def terms(self, reviewer: str) -> frozenset[int]:
        """Return the versions that name somebody as a reviewer of this unit."""
        return frozenset(self._terms.get(reviewer, ()))

    def since(self, reviewer: str) -> int:
        """Return the first version that names a reviewer of this unit, UNKNOWN when an older one may have."""
        first, oldest = min(self._terms[reviewer]), min(self._rosters)
        return UNKNOWN if first == oldest and oldest > 1 else first

    def served_beside(self, reviewer: str) -> frozenset[str]:
        """Return who was a reviewer whenever this one was: what is sealed to this one is sealed to them, too."""
        if self.since(reviewer) == UNKNOWN:
            return frozenset((reviewer,))
        return frozenset(name for name, terms in self._terms.items() if terms >= self._terms[reviewer])

    def collected(self, station: str, first: int, last: int) -> bool:
        """Tell whether a station is known to have been a collector in all versions from `first` to `last`."""
        versions = range(max(first, 1), last + 1)
        return all(v in self._rosters and station in {s.id for s in self._rosters[v].collectors} for v in versions)

    def server_key(self, version: int) -> VerifyingKey | None:
        """Return the drop box's key of a version, None when that is not at hand."""
        return self._rosters[version].server_key if version in self._rosters else None
