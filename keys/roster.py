"""The roster: who may read, who signs, who answers, and which report goes where (formats §6).

Public and signed by the root holders. The drop box takes nothing else's word for a reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crypto.errors import Malformed
from crypto.signing import VerifyingKey

DEMO_PREFIX, TRAINING_PREFIX = "demo-", "latihan-"  # no ceremony gives such a name
AREA_INSPECTORATE, PROVINCE_INSPECTORATE = "inspektorat-daerah", "inspektorat-provinsi"  # what a reporter may exclude
NOBODY = "tidak-ada"  # said in so many words: nobody is excluded


@dataclass(frozen=True, slots=True)
class Root:
    """One holder of a root key."""

    id: int
    key: VerifyingKey


class Role(StrEnum):
    """What a reviewer does with a report at the station. To open one all roles count alike: any k of the unit."""

    VERIFIKATOR = "verifikator"  # first check
    TELAAH = "telaah"  # the team that reviews
    INSPEKTUR = "inspektur"  # decides


@dataclass(frozen=True, slots=True)
class Member:
    """One reviewer; the key signs this reviewer's batches."""

    id: str
    key: VerifyingKey
    role: Role = Role.INSPEKTUR


@dataclass(frozen=True, slots=True)
class Group:
    """A unit that reads: any k of its members together. Without members it is legal and cannot read."""

    id: str
    name_id: str
    name_en: str
    k: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Station:
    """An offline machine. Collectors' acknowledgements free rows; the lead station of a group answers."""

    id: str
    group: str
    key: VerifyingKey
    lead: bool
    collector: bool


@dataclass(frozen=True, slots=True)
class ReleaseKey:
    """A key that signs releases of this program; it admits nobody and reads nothing."""

    name: str
    key: VerifyingKey


@dataclass(frozen=True, slots=True)
class Route:
    """For one area and level: who reads, who reads instead when none of them may, who never may.

    `lapsed`: a group whose keys have ended counts as one without reviewers; else it is closed.
    """

    readers: tuple[str, ...]
    instead: tuple[str, ...]
    never: tuple[str, ...]
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Sizes:
    """The constant numbers of the arena and of each outbox (formats §7)."""

    slots: int
    daily_cover: int
    mailboxes: int
    forwarded: int


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster that was parsed; `verify_roster` is what makes it trusted."""

    deployment: str
    version: int
    previous: bytes
    issued: int
    expires: int
    roots: tuple[Root, ...]
    root_k: int
    groups: tuple[Group, ...]
    stations: tuple[Station, ...]
    server_key: VerifyingKey
    routing: Mapping[str, Mapping[str, Route]]
    province: str
    fallback: str
    cover_weights: Mapping[str, Mapping[str, int]]
    min_suite: int
    sizes: Sizes
    releases: tuple[ReleaseKey, ...] = ()
    raw: bytes = field(repr=False, default=b"", compare=False)

    def group(self, group_id: str) -> Group:
        """Return a group by id; raises KeyError."""
        return {g.id: g for g in self.groups}[group_id]

    @property
    def group_ids(self) -> frozenset[str]:
        """Ids of all groups."""
        return frozenset(g.id for g in self.groups)

    def station(self, station_id: str) -> Station:
        """Return a station by id; raises KeyError."""
        return {s.id: s for s in self.stations}[station_id]

    @property
    def collectors(self) -> tuple[Station, ...]:
        """The stations whose acknowledgements free rows."""
        return tuple(s for s in self.stations if s.collector)

    @property
    def members(self) -> Mapping[str, Member]:
        """All reviewers, by id."""
        return {m.id: m for g in self.groups for m in g.members}

    def group_of(self, reviewer: str) -> Group:
        """Return the group of a reviewer; raises KeyError."""
        return {m.id: g for g in self.groups for m in g.members}[reviewer]

    @property
    def is_demo(self) -> bool:
        """Tell whether this is a deployment for trying: only there may safety rules for machines be waived."""
        return self.deployment.startswith((DEMO_PREFIX, TRAINING_PREFIX))

    @property
    def is_training(self) -> bool:
        """Tell whether every case of this deployment is invented, for reviewers who learn."""
        return self.deployment.startswith(TRAINING_PREFIX)

    @property
    def hash(self) -> bytes:
        """SHA-512 of the signed body: what the next version names as `previous`."""
        return hashlib.sha512(self.raw).digest()

    def excluded(self, area: str, wishes: Collection[str]) -> frozenset[str]:
        """Turn a reporter's wishes into group ids: the area's own inspectorate, the province's, or a group id."""
        named = {AREA_INSPECTORATE: "" if area == self.province else area, PROVINCE_INSPECTORATE: self.province}
        return frozenset(named.get(wish, wish) for wish in wishes) & self.group_ids

    def route(
        self, area: str, level: str, excluded: Collection[str] = (), lapsed: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Return the ids of the groups that will read; empty when no permitted group can.

        A group that is excluded, never permitted, or without reviewers is left out; `instead` steps in
        only when nobody is left. `lapsed` names groups whose keys have ended: they are left out where the
        route says so, and else are returned, so that the caller sees that nothing may be sealed.
        Raises KeyError for an unknown area or level.
        """
        route = self.routing[area][level]
        barred = set(excluded) | set(route.never) | (set(lapsed) if route.lapsed else set())
        for choice in (route.readers, route.instead):
            chosen = tuple(g for g in choice if g not in barred and self.group(g).members)
            if chosen:
                return chosen
        return ()


def default_roles(n: int) -> tuple[Role, ...]:
    """Return the roles of a new unit's reviewers in their order: somebody always decides, who is last."""
    if n < 3:
        return (Role.TELAAH, Role.INSPEKTUR)[2 - n :]
    return (Role.VERIFIKATOR, *(Role.TELAAH,) * (n - 2), Role.INSPEKTUR)


def parse_role(text: str, what: str) -> Role:
    """Return the role of that name; raises Malformed."""
    try:
        return Role(text)
    except ValueError:
        raise Malformed(f"{what}: a role is none of {', '.join(Role)}") from None
