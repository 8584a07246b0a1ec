"""The life of a roster: each change is a function from the roster in force to the next one (formats §6).

Nothing is signed here. A change that the format forbids is refused when the next roster is parsed, before anybody
signs it (`keys.desk`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crypto.encoding import MAX_ID, is_id
from crypto.errors import Malformed
from keys import units
from keys.errors import BrokenChain, WrongClock
from keys.request import ReleaseRequest, RootRequest, ServerRequest, UnitRequest
from keys.roster import Group, Roster, Route, Station

ROSTER_DAYS = 400

Change = Callable[[Roster], Roster]


def next_roster(old: Roster, change: Change, *, day: int, days: int = ROSTER_DAYS) -> Roster:
    """Return the successor of a roster with one change, issued on `day` and holding for `days`; it is unsigned.

    Raises WrongClock when `day` lies before the day of the roster in force.
    """
    if day < old.issued:
        raise WrongClock(f"clock: this machine shows day {day}, the roster was issued on day {old.issued}")
    changed = change(old)
    return replace(changed, version=old.version + 1, previous=old.hash, issued=day, expires=day + days, raw=b"")


def keep_all(old: Roster) -> Roster:
    """Change nothing: the roster only holds longer."""
    return old


def admit_unit(request: UnitRequest, *, collector: bool | None = None) -> Change:
    """Put a unit's reviewers, quorum and station as its request says.

    `collector`: whether its station's acknowledgements count; None keeps what is, and lets a new station count
    when the format asks for a second collector.
    """

    def change(old: Roster) -> Roster:
        group = replace(old.group(request.group), k=request.k, members=request.members)
        known = {s.id: s for s in old.stations}
        others = tuple(s for s in old.stations if s.id != request.station)
        wanted = collector
        if wanted is None:
            before = known.get(request.station)
            wanted = before.collector if before else len({s.group for s in others if s.collector}) < 2
        lead = not any(s.lead and s.group == request.group for s in others)
        station = Station(request.station, request.group, request.station_key, lead, wanted)
        return replace(_with_group(old, group), stations=(*others, station))

    return change


def replace_server_key(request: ServerRequest) -> Change:
    """Put the drop box's next transport key."""
    return lambda old: replace(old, server_key=request.key)


def replace_root(number: int, request: RootRequest) -> Change:
    """Let a new root holder take the place of another; numbers are never given twice."""

    def change(old: Roster) -> Roster:
        _root(old, number)
        _unused(old, request.root.id)
        roots = tuple(r for r in old.roots if r.id != number)
        return replace(old, roots=tuple(sorted((*roots, request.root), key=lambda r: r.id)))

    return change


def add_root(request: RootRequest, root_k: int) -> Change:
    """Add a root holder and say how many must sign from now on."""

    def change(old: Roster) -> Roster:
        _unused(old, request.root.id)
        return replace(old, roots=tuple(sorted((*old.roots, request.root), key=lambda r: r.id)), root_k=root_k)

    return change


def remove_root(number: int, root_k: int) -> Change:
    """Take a root holder out and say how many must sign from now on."""

    def change(old: Roster) -> Roster:
        _root(old, number)
        return replace(old, roots=tuple(r for r in old.roots if r.id != number), root_k=root_k)

    return change


def add_release_key(request: ReleaseRequest) -> Change:
    """Name a key that signs releases; names are never given twice."""

    def change(old: Roster) -> Roster:
        if request.release.name in {x.name for x in old.releases}:
            raise BrokenChain(f"roster: a release key {request.release.name} is there already; take another name")
        return replace(old, releases=(*old.releases, request.release))

    return change


def remove_release_key(name: str) -> Change:
    """Take a release key out: what it signed is refused from now on."""

    def change(old: Roster) -> Roster:
        if name not in {x.name for x in old.releases}:
            raise BrokenChain(f"roster: no release key {name}")
        return replace(old, releases=tuple(x for x in old.releases if x.name != name))

    return change


def remove_reviewer(reviewer: str, *, k: int | None = None, leaver_helps: bool = False) -> Change:
    """Take a reviewer out; `k` says how many must be together from now on, None: as many as before.

    Where fewer stay than the unit's vault opens for, nobody could work at its station any more, though reports
    would still be taken for it: that is refused, unless `leaver_helps` says that the one who leaves will be there
    when the vault is shared out anew.

    When the last reviewer of a unit goes, the unit stays, without reviewers, and its stations go, too: nobody could
    work at them.
    """

    def change(old: Roster) -> Roster:
        try:
            group = old.group_of(reviewer)
        except KeyError:
            raise BrokenChain(f"roster: no reviewer {reviewer}") from None
        left = tuple(m for m in group.members if m.id != reviewer)
        wanted = (group.k if k is None else k) if left else 1
        if wanted > len(left) and left:
            raise Malformed(f"quorum: {wanted} of {len(left)}; say with --k how many must be together from now on")
        if left and len(left) < group.k and not leaver_helps:
            raise Malformed(
                f"quorum: {len(left)} of the {group.k} who open the vault of {group.id} would stay; if {reviewer} "
                "comes to the re-keying, say --leaver-helps, else revoke the station and let the unit begin anew"
            )
        stations = tuple(s for s in old.stations if left or s.group != group.id)
        return replace(_with_group(old, replace(group, k=wanted, members=left)), stations=stations)

    return change


def set_quorum(group_id: str, k: int) -> Change:
    """Change how many reviewers of a unit must be together."""

    def change(old: Roster) -> Roster:
        group = _group(old, group_id)
        if not group.members:
            raise BrokenChain(f"roster: {group_id} has no reviewers; its request says how many must be together")
        return _with_group(old, replace(group, k=k))

    return change


def add_group(group_id: str, name_id: str, name_en: str) -> Change:
    """Add a unit without reviewers, and the area of that name with the routes of a regency."""

    def change(old: Roster) -> Roster:
        if group_id in old.group_ids:
            raise BrokenChain(f"roster: group {group_id} is there already")
        if group_id == units.UNKNOWN_AREA:
            raise BrokenChain(f"roster: {group_id} is what a reporter chooses who does not know the area")
        if not is_id(f"{group_id}-99"):
            raise Malformed(f"roster: a unit's id is at most {MAX_ID - 3} lower-case letters, digits and hyphens")
        routing = {**old.routing, group_id: units.regency_routes(group_id)}  # an area that lost its unit gets it back
        areas = {**old.cover_weights["areas"]}
        areas.setdefault(group_id, 2)
        groups = (*old.groups, Group(group_id, name_id, name_en, 1, ()))
        return replace(old, groups=groups, routing=routing, cover_weights={**old.cover_weights, "areas": areas})

    return change


def remove_group(group_id: str) -> Change:
    """Take a unit out. Its area stays: who reads instead of it reads alone from now on."""

    def change(old: Roster) -> Roster:
        _group(old, group_id)
        if group_id in (old.province, old.fallback):
            raise BrokenChain(f"roster: {group_id} is the province or the fallback group and must stay")
        return replace(
            old,
            groups=tuple(g for g in old.groups if g.id != group_id),
            stations=tuple(s for s in old.stations if s.group != group_id),
            routing={a: {lv: _without(r, group_id) for lv, r in x.items()} for a, x in old.routing.items()},
        )

    return change


def remove_station(station_id: str) -> Change:
    """Take a station out that is no longer used; its unit's reviewers stay."""

    def change(old: Roster) -> Roster:
        _station(old, station_id)
        return replace(old, stations=tuple(s for s in old.stations if s.id != station_id))

    return change


def revoke_station(station_id: str) -> Change:
    """Take a stolen station out, and with it the reviewers of its unit: their keys lay on it."""

    def change(old: Roster) -> Roster:
        station = _station(old, station_id)
        group = replace(old.group(station.group), k=1, members=())
        return replace(_with_group(old, group), stations=tuple(s for s in old.stations if s.id != station_id))

    return change


def set_collector(station_id: str, collector: bool) -> Change:
    """Say whether a station's acknowledgements free rows."""

    def change(old: Roster) -> Roster:
        station = replace(_station(old, station_id), collector=collector)
        return replace(old, stations=tuple(station if s.id == station_id else s for s in old.stations))

    return change


def _with_group(old: Roster, group: Group) -> Roster:
    return replace(old, groups=tuple(group if g.id == group.id else g for g in old.groups))


def _without(route: Route, group_id: str) -> Route:
    readers, instead, never = (
        tuple(g for g in names if g != group_id) for names in (route.readers, route.instead, route.never)
    )
    return replace(route, readers=readers, instead=instead, never=never)


def _group(old: Roster, group_id: str) -> Group:
    try:
        return old.group(group_id)
    except KeyError:
        raise BrokenChain(f"roster: no group {group_id}") from None


def _station(old: Roster, station_id: str) -> Station:
    try:
        return old.station(station_id)
    except KeyError:
        raise BrokenChain(f"roster: no station {station_id}") from None


def _root(old: Roster, number: int) -> None:
    if number not in {r.id for r in old.roots}:
        raise BrokenChain(f"roster: no root holder {number}")


def _unused(old: Roster, number: int) -> None:
    if number in {r.id for r in old.roots}:
        raise BrokenChain(f"roster: a root holder {number} is there already; the new one needs another number")
