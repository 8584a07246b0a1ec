"""The file of a roster: its bytes, its rules, its signatures, and the pin of its root set (formats §6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from crypto.encoding import MAX_ID, b64, canonical_json, expect, expect_list, is_id, label, parse_json, unb64
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import BadSignature, Malformed
from crypto.receipt import CODE_WORDS, words_of
from crypto.row import SLOTS, SUITE
from crypto.sharing import check_quorum
from crypto.signing import PUBLIC_BYTES, SigningKey, VerifyingKey
from keys.errors import BrokenChain, Expired, RolledBack, TooFewSignatures, WrongClock
from keys.roster import Group, Member, ReleaseKey, Root, Roster, Route, Sizes, Station, parse_role

MAGIC = b"SNYR"
PURPOSE = "senyap/v1/roster"
RELEASES = "releases"
MOST_RELEASE_KEYS = 8
_DEPLOYMENT = re.compile(r"[ -~]{1,32}")


def root_pin(roots: tuple[Root, ...], root_k: int) -> bytes:
    """Return the 64-byte hash of a root set: what servers and stations pin and posters print."""
    body = canonical_json({"roots": [{"id": r.id, "key": b64(r.key.raw)} for r in roots], "root_k": root_k})
    return hashlib.sha512(label("senyap/v1/root-set") + body).digest()


def fingerprint_words(pin: bytes) -> tuple[str, ...]:
    """Return the first 88 bits of a root pin as 8 words."""
    return words_of(int.from_bytes(pin[:11], "big"), CODE_WORDS)


def verify_roster(data: bytes, *, previous: Roster | None, pin: bytes | None, today: int | None) -> Roster:
    """Parse and verify a roster, from a pin (first one seen) or as successor of the one in use.

    A successor needs root_k signatures of the old roots and root_k of its own, so that a root holder
    can be replaced without new pins. With `today` None its end is not checked: what was received under a
    roster must stay readable after it. Raises Malformed, BrokenChain, RolledBack, TooFewSignatures, Expired.
    """
    envelope = parse_envelope(data, MAGIC, "roster")
    roster = parse_roster(envelope.body)
    if previous is not None:
        if roster.deployment != previous.deployment:
            raise BrokenChain("roster: of another deployment")
        if roster.version <= previous.version:
            raise RolledBack(f"roster: version {roster.version}, want {previous.version + 1}")
        if roster.version != previous.version + 1 or roster.previous != previous.hash:
            raise BrokenChain(f"roster: version {roster.version} does not follow version {previous.version}")
        _check_signatures(envelope.body, envelope.signatures, previous.roots, previous.root_k, "old")
    elif pin is None or root_pin(roster.roots, roster.root_k) != pin:
        raise BrokenChain("roster: its root set is not the pinned one")
    _check_signatures(envelope.body, envelope.signatures, roster.roots, roster.root_k, "own")
    if today is not None:
        check_current(roster, today)
    return roster


def check_current(roster: Roster, today: int) -> None:
    """Refuse a roster whose last day has passed; raises Expired."""
    if today > roster.expires:
        raise Expired(f"roster: ended on day {roster.expires}, today is day {today}")


def check_clock(roster: Roster, today: int) -> None:
    """Refuse to make keys under a roster by a clock that shows a day before it was issued, or after it has ended.

    Raises WrongClock or Expired: keys of the wrong weeks would be published for ever.
    """
    if today < roster.issued:
        raise WrongClock(f"clock: this machine shows day {today}, the roster was issued on day {roster.issued}")
    if today > roster.expires:
        raise Expired(f"clock: this machine shows day {today}, the roster ended on day {roster.expires}; "
                      "check the clock, or let the root holders extend it")  # fmt: skip


def sign_roster(roster: Roster, signers: Mapping[int, SigningKey]) -> bytes:
    """Build the envelope of a roster; `signers` maps root ids to their keys."""
    return build_envelope(canonical_json(_to_json(roster)), MAGIC, PURPOSE, signers)


def _check_signatures(
    body: bytes, signatures: tuple[tuple[int, bytes], ...], roots: tuple[Root, ...], k: int, whose: str
) -> None:
    keys = {root.id: root.key for root in roots}
    good = 0
    for signer, signature in signatures:
        if signer in keys:
            try:
                keys[signer].verify(PURPOSE, body, signature)
            except BadSignature:
                continue
            good += 1
    if good < k:
        raise TooFewSignatures(f"roster: {good} signatures of its {whose} root set, want {k}")


@lru_cache(maxsize=64)  # public, and the same few are read again for every change and every step of a chain
def parse_roster(body: bytes) -> Roster:
    """Parse the JSON body and check every rule that needs no signature; raises Malformed."""
    value = parse_json(body, "roster")
    value = expect(value, "roster", _SPEC | (_OPTIONAL if RELEASES in value else {}))
    roster = Roster(
        deployment=value["deployment"],
        version=value["version"],
        previous=unb64(value["previous"], 64, "roster: previous"),
        issued=value["issued"],
        expires=value["expires"],
        roots=tuple(_parse_root(item) for item in value["roots"]),
        root_k=value["root_k"],
        groups=tuple(_parse_group(item) for item in value["groups"]),
        stations=tuple(_parse_station(item) for item in value["stations"]),
        server_key=_key(value["server_key"]),
        routing=_parse_routing(value["routing"]),
        province=_id(value["province"]),
        fallback=_id(value["fallback"]),
        cover_weights=_parse_weights(value["cover_weights"]),
        min_suite=value["min_suite"],
        sizes=Sizes(**expect(value["sizes"], "roster: sizes", dict.fromkeys(Sizes.__slots__, int))),
        releases=_parse_releases(value.get(RELEASES)),
        raw=body,
    )
    _check_rules(roster)
    return roster


def _check_rules(r: Roster) -> None:
    if not _DEPLOYMENT.fullmatch(r.deployment):
        raise Malformed("roster: deployment id is not 1 to 32 printable ASCII characters")
    ids = [root.id for root in r.roots]
    if ids != sorted(set(ids)) or not 1 <= r.root_k <= len(ids) or max(ids) > 255:
        raise Malformed("roster: root ids or root_k are not as the format says")
    if r.issued > r.expires or r.version < 1:
        raise Malformed("roster: version or days are not as the format says")
    members = [m for g in r.groups for m in g.members]
    keys = [m.key.raw for m in members] + [s.key.raw for s in r.stations] + [root.key.raw for root in r.roots]
    keys += [r.server_key.raw, *(x.key.raw for x in r.releases)]
    for what, items in (
        ("group", [g.id for g in r.groups]),
        ("reviewer", [m.id for m in members]),
        ("station", [s.id for s in r.stations]),
        ("release key", [x.name for x in r.releases]),
        ("key", keys),
    ):
        if len(set(items)) != len(items):
            raise Malformed(f"roster: one {what} stands twice")
    known = r.group_ids
    named = {s.group for s in r.stations} | {r.province, r.fallback}
    routes = [route for levels in r.routing.values() for route in levels.values()]
    named |= {g for route in routes for g in (*route.readers, *route.instead, *route.never)}
    if named - known:
        raise Malformed("roster: names a group that it does not define")
    barred = {g for route in routes for g in route.never} | {r.province} | (set(r.routing) & known)
    if r.fallback in barred:
        raise Malformed("roster: the fallback group is one that a report may exclude")
    for route in routes:
        for choice in (route.readers, route.instead):
            if sum(len(r.group(g).members) for g in choice) > SLOTS:
                raise Malformed(f"roster: a route has more than {SLOTS} readers")
    weights = r.cover_weights
    if any(level not in r.routing.get(area, {}) for area in weights["areas"] for level in weights["levels"]):
        raise Malformed("roster: a cover weight names no route")
    if members and not any(r.route(area, level) for area in weights["areas"] for level in weights["levels"]):
        raise Malformed("roster: the weighted routes reach nobody")
    _check_collectors(r)
    if r.min_suite > SUITE:
        raise Malformed(f"roster: asks for suite {r.min_suite}, this program knows {SUITE}")


def _check_collectors(r: Roster) -> None:
    """Demand two collectors of different groups as soon as two groups have a station; a demo may have one.

    A roster without any reviewer and station is legal: it closes the form until new keys are there.
    """
    wanted = max(min(1, len(r.members)), min(1 if r.is_demo else 2, len({s.group for s in r.stations})))
    found = len({s.group for s in r.collectors})
    if found < wanted:
        raise Malformed(f"roster: collectors of {found} groups, want {wanted} or more")


_SPEC: dict[str, type] = {
    "deployment": str, "version": int, "previous": str, "issued": int, "expires": int, "roots": list,
    "root_k": int, "groups": list, "stations": list, "server_key": str, "routing": dict, "province": str,
    "fallback": str, "cover_weights": dict, "min_suite": int, "sizes": dict,
}  # fmt: skip
_OPTIONAL: dict[str, type] = {RELEASES: list}  # absent when empty: a roster without it keeps its bytes


def _to_json(r: Roster) -> dict[str, Any]:
    releases = {RELEASES: [{"name": x.name, "key": b64(x.key.raw)} for x in r.releases]} if r.releases else {}
    return releases | {
        "deployment": r.deployment,
        "version": r.version,
        "previous": b64(r.previous),
        "issued": r.issued,
        "expires": r.expires,
        "roots": [{"id": x.id, "key": b64(x.key.raw)} for x in r.roots],
        "root_k": r.root_k,
        "groups": [
            {"id": g.id, "names": {"id": g.name_id, "en": g.name_en}, "k": g.k,
             "members": [{"id": m.id, "key": b64(m.key.raw), "role": m.role.value} for m in g.members]}
            for g in r.groups
        ],
        "stations": [
            {"id": s.id, "group": s.group, "key": b64(s.key.raw), "lead": int(s.lead),
             "collector": int(s.collector)} for s in r.stations
        ],
        "server_key": b64(r.server_key.raw),
        "routing": {
            area: {lv: {"readers": list(x.readers), "instead": list(x.instead), "never": list(x.never),
                        "lapsed": int(x.lapsed)} for lv, x in levels.items()} for area, levels in r.routing.items()
        },
        "province": r.province,
        "fallback": r.fallback,
        "cover_weights": {axis: dict(weights) for axis, weights in r.cover_weights.items()},
        "min_suite": r.min_suite,
        "sizes": {name: getattr(r.sizes, name) for name in Sizes.__slots__},
    }  # fmt: skip


def _id(text: Any) -> str:
    if type(text) is not str or not is_id(text):
        raise Malformed(f"roster: an id is not 1 to {MAX_ID} lower-case letters, digits and hyphens")
    return text


def _key(text: Any) -> VerifyingKey:
    return VerifyingKey.parse(unb64(text, PUBLIC_BYTES, "roster: key"))


def _parse_root(item: Any) -> Root:
    expect(item, "root", {"id": int, "key": str})
    return Root(item["id"], _key(item["key"]))


def _parse_group(item: Any) -> Group:
    expect(item, "group", {"id": str, "names": dict, "k": int, "members": list})
    expect(item["names"], "group: names", {"id": str, "en": str})
    members = []
    for m in item["members"]:
        expect(m, "member", {"id": str, "key": str, "role": str})
        members.append(Member(_id(m["id"]), _key(m["key"]), parse_role(m["role"], "member")))
    if members:
        check_quorum(item["k"], len(members))
    return Group(_id(item["id"]), item["names"]["id"], item["names"]["en"], item["k"], tuple(members))


def _parse_station(item: Any) -> Station:
    expect(item, "station", {"id": str, "group": str, "key": str, "lead": int, "collector": int})
    if item["lead"] > 1 or item["collector"] > 1:
        raise Malformed("station: lead and collector are 0 or 1")
    return Station(_id(item["id"]), _id(item["group"]), _key(item["key"]), item["lead"] == 1, item["collector"] == 1)


def _parse_releases(items: list[Any] | None) -> tuple[ReleaseKey, ...]:
    if items is None:
        return ()
    if not 1 <= len(items) <= MOST_RELEASE_KEYS:
        raise Malformed(f"roster: {len(items)} release keys, want 1 to {MOST_RELEASE_KEYS}, or no list of them")
    for item in items:
        expect(item, "release key", {"name": str, "key": str})
    return tuple(ReleaseKey(_id(item["name"]), _key(item["key"])) for item in items)


def _parse_routing(value: dict[str, Any]) -> dict[str, dict[str, Route]]:
    routing: dict[str, dict[str, Route]] = {}
    for area, levels in value.items():
        if type(levels) is not dict:
            raise Malformed("routing: an area holds no levels")
        routing[area] = {}
        for level, item in levels.items():
            expect(item, "route", {"readers": list, "instead": list, "never": list, "lapsed": int})
            if item["lapsed"] > 1:
                raise Malformed("route: lapsed is 0 or 1")
            parts = (tuple(expect_list(item[n], f"route: {n}", str)) for n in ("readers", "instead", "never"))
            readers, instead, never = parts
            routing[area][level] = Route(readers, instead, never, item["lapsed"] == 1)
    return routing


def _parse_weights(value: dict[str, Any]) -> dict[str, dict[str, int]]:
    expect(value, "cover weights", {"areas": dict, "levels": dict, "exclusions": dict})
    for weights in value.values():
        if not weights or any(type(w) is not int or w < 1 for w in weights.values()):
            raise Malformed("cover weights: not positive integers")
    return value
