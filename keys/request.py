"""Requests: what a unit, a drop box, a new root holder or who signs releases asks the root holders to put in.

Whoever asks has made the keys, and only their public halves travel. The root holders compare the 8 words of
a request with its maker, by telephone or in person, before they admit it (formats §6).

    magic "SNYQ" │ length u32 │ canonical JSON │ count u8 │ count × (signer id u8 │ signature 3373)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crypto.encoding import b64, canonical_json, expect, expect_list, is_id, label, parse_json, unb64
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import BadSignature, Malformed
from crypto.receipt import CODE_WORDS, words_of
from crypto.sharing import check_quorum
from crypto.signing import PUBLIC_BYTES, SigningKey, VerifyingKey
from keys.batch import Batch, verify_batch_of
from keys.errors import BrokenChain, KeyAlarm, TooFewSignatures
from keys.roster import Member, ReleaseKey, Root, Roster, parse_role

MAGIC = b"SNYQ"
PURPOSE = "senyap/v1/request"
UNIT, SERVER, ROOT, RELEASE = "unit", "server", "root", "release"
STATION_SIGNER = 0  # in a unit's request; its members follow as 1, 2, 3 …


@dataclass(frozen=True, slots=True)
class UnitRequest:
    """How a unit wants to stand in the roster: its reviewers with their roles, any `k` of them together, its station.

    `batches` are signed files of `keys.batch`, one at least of each reviewer who is new.
    """

    deployment: str
    roster_version: int
    group: str
    k: int
    members: tuple[Member, ...]
    station: str
    station_key: VerifyingKey
    batches: tuple[bytes, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """The next transport key of the drop box."""

    deployment: str
    roster_version: int
    key: VerifyingKey


@dataclass(frozen=True, slots=True)
class RootRequest:
    """A new root holder's number and key."""

    deployment: str
    roster_version: int
    root: Root


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A new key that signs releases, under a name never given."""

    deployment: str
    roster_version: int
    release: ReleaseKey


Request = UnitRequest | ServerRequest | RootRequest | ReleaseRequest


def sign_request(request: Request, signers: Mapping[int, SigningKey]) -> bytes:
    """Build the signed file. A unit's signers: 0 the station, 1 … its members; otherwise 0 is the new key."""
    return build_envelope(canonical_json(_to_json(request)), MAGIC, PURPOSE, signers)


def request_file(request: Request) -> str:
    """Return the file name of a request."""
    if isinstance(request, UnitRequest):
        return f"request-{request.group}.senyap"
    if isinstance(request, ReleaseRequest):
        return f"request-release-{request.release.name}.senyap"
    return "request-server.senyap" if isinstance(request, ServerRequest) else f"request-root-{request.root.id}.senyap"


def read_request(data: bytes) -> Request:
    """Parse a request file without verifying it; raises Malformed, or KeyAlarm when one key stands twice."""
    return parse_request(parse_envelope(data, MAGIC, "request").body)


def request_words(data: bytes) -> tuple[str, ...]:
    """Return the 8 words of a request file that its maker and the root holders compare; raises Malformed."""
    body = parse_envelope(data, MAGIC, "request").body
    digest = hashlib.sha512(label("senyap/v1/request-words") + body).digest()
    return words_of(int.from_bytes(digest[:11], "big"), CODE_WORDS)


def parse_request(body: bytes) -> Request:
    """Parse the JSON body and check every rule that needs no signature; raises Malformed or KeyAlarm."""
    value = parse_json(body, "request")
    kind = value.get("type")
    common: dict[str, type] = {"type": str, "deployment": str, "roster_version": int}
    if kind == UNIT:
        spec = {"group": str, "k": int, "members": list, "station": str, "station_key": str, "batches": list}
        return _parse_unit(expect(value, "request", common | spec))
    if kind == SERVER:
        expect(value, "request", common | {"key": str})
        return ServerRequest(value["deployment"], value["roster_version"], _key(value["key"]))
    if kind == ROOT:
        expect(value, "request", common | {"id": int, "key": str})
        if value["id"] > 255:
            raise Malformed(f"request: root id {value['id']}, want 255 or less")
        return RootRequest(value["deployment"], value["roster_version"], Root(value["id"], _key(value["key"])))
    if kind == RELEASE:
        expect(value, "request", common | {"name": str, "key": str})
        if not is_id(value["name"]):
            raise Malformed("request: a name is not lower-case letters, digits and hyphens")
        release = ReleaseKey(value["name"], _key(value["key"]))
        return ReleaseRequest(value["deployment"], value["roster_version"], release)
    raise Malformed("request: type is neither unit, server, root nor release")


def verify_request(data: bytes, roster: Roster, earlier: Iterable[Roster] = ()) -> Request:
    """Parse a request and verify it against the roster in force.

    Every new key proves itself with a signature; what a unit that has reviewers asks for also needs
    signatures of k of them. `earlier` are the rosters before it, as far as they are at hand: what was taken out
    never comes back, and what a later roster has decided is not undone by an older request.
    Raises Malformed, BadSignature, BrokenChain, KeyAlarm, TooFewSignatures.
    """
    envelope = parse_envelope(data, MAGIC, "request")
    request = parse_request(envelope.body)
    if request.deployment != roster.deployment:
        raise BrokenChain("request: of another deployment")
    if request.roster_version > roster.version:
        raise BrokenChain(f"request: made for roster version {request.roster_version}, in use is {roster.version}")
    before = [old for old in earlier if old.version < roster.version]
    if isinstance(request, UnitRequest):
        _verify_unit(request, envelope.body, dict(envelope.signatures), roster)
    else:
        key = _single_key(request)
        if [signer for signer, _ in envelope.signatures] != [0]:
            raise Malformed("request: want one signature, by signer 0")
        key.verify(PURPOSE, envelope.body, envelope.signatures[0][1])
        _refuse_known({key.raw}, roster)
    _refuse_overtaken(request, roster, before)
    _refuse_returned(request, roster, before)
    return request


def _single_key(request: ServerRequest | RootRequest | ReleaseRequest) -> VerifyingKey:
    if isinstance(request, ServerRequest):
        return request.key
    return request.root.key if isinstance(request, RootRequest) else request.release.key


def request_batches(request: UnitRequest, roster: Roster) -> tuple[Batch, ...]:
    """Verify the batches of a unit's request with its members' keys; raises what `verify_batch` raises."""
    signers = {m.id: m.key for m in request.members}
    return tuple(verify_batch_of(data, roster, signers) for data in request.batches)


def _verify_unit(request: UnitRequest, body: bytes, signatures: Mapping[int, bytes], roster: Roster) -> None:
    if request.group not in roster.group_ids:
        raise BrokenChain("request: its group is not in the roster; add the group first")
    group = roster.group(request.group)
    keys = {number: m.key for number, m in enumerate(request.members, 1)} | {STATION_SIGNER: request.station_key}
    if not set(signatures) <= set(keys):
        raise Malformed("request: signed by somebody whom it does not name")
    for signer, signature in signatures.items():
        keys[signer].verify(PURPOSE, body, signature)
    known = {m.id: m.key.raw for m in group.members}
    stations = {s.id: s for s in roster.stations}
    same_station = request.station in stations and stations[request.station].key.raw == request.station_key.raw
    new = {number for number, m in enumerate(request.members, 1) if known.get(m.id) != m.key.raw}
    if missing := (new | (set() if same_station else {STATION_SIGNER})) - set(signatures):
        raise BadSignature(f"request: {len(missing)} of its new keys did not sign it")
    old = [n for n in signatures if n != STATION_SIGNER and n not in new]
    if group.members and len(old) < group.k:
        raise TooFewSignatures(f"request: signed by {len(old)} of this unit's reviewers, want {group.k}")
    if request.station in stations and stations[request.station].group != request.group:
        raise BrokenChain("request: its station belongs to another unit")
    _refuse_reused(request, new, roster)
    _refuse_known({keys[n].raw for n in new} | (set() if same_station else {request.station_key.raw}), roster)
    have = {b.reviewer for b in request_batches(request, roster)}
    if lacking := {m.id for n, m in enumerate(request.members, 1) if n in new} - have:
        raise Malformed(f"request: {len(lacking)} of its new reviewers bring no weekly keys")


def _refuse_reused(request: UnitRequest, new: set[int], roster: Roster) -> None:
    for number, member in enumerate(request.members, 1):
        if number in new and member.id in roster.members:
            raise KeyAlarm("request: another key for a reviewer of the roster; a new reviewer needs a new id")


def _refuse_known(keys: set[bytes], roster: Roster) -> None:
    if keys & _keys_of(roster):
        raise KeyAlarm("request: a key that stands in the roster already")


def _refuse_overtaken(request: Request, roster: Roster, before: Iterable[Roster]) -> None:
    """Refuse a request when what it asks about was changed after it was made: it would undo that change."""
    for old in before:
        if old.version >= request.roster_version and _subject(request, old) != _subject(request, roster):
            raise BrokenChain(
                f"request: made for roster version {request.roster_version}, and version {old.version + 1} or a later "
                "one changed what it asks about; let its maker make a new one"
            )


def _subject(request: Request, roster: Roster) -> object:
    """Return what a request is about, as a roster has it; a new root holder changes nobody's place."""
    if isinstance(request, UnitRequest):
        return [(g.k, g.members) for g in roster.groups if g.id == request.group]
    return roster.server_key.raw if isinstance(request, ServerRequest) else None


def _refuse_returned(request: Request, roster: Roster, before: Iterable[Roster]) -> None:
    """Refuse keys, ids and numbers that an earlier roster had and that were taken out."""
    keys, names, stations, number, release = set[bytes](), set[str](), set[str](), None, None
    if isinstance(request, UnitRequest):
        keys = {m.key.raw for m in request.members} | {request.station_key.raw}
        names = {m.id for m in request.members} - set(roster.members)
        stations = {request.station} - {s.id for s in roster.stations}
    else:
        keys = {_single_key(request).raw}
        number = request.root.id if isinstance(request, RootRequest) else None
        release = request.release.name if isinstance(request, ReleaseRequest) else None
    for old in before:
        if (keys - _keys_of(roster)) & _keys_of(old):
            raise KeyAlarm("request: a key that an earlier roster had; what was taken out never comes back")
        given = number in {r.id for r in old.roots} or release in {x.name for x in old.releases}
        if given or names & set(old.members) or stations & {s.id for s in old.stations}:
            raise BrokenChain("request: an id or number that was given before; ask for one with a new one")


def _keys_of(roster: Roster) -> set[bytes]:
    known = {m.key.raw for m in roster.members.values()} | {s.key.raw for s in roster.stations}
    known |= {r.key.raw for r in roster.roots} | {x.key.raw for x in roster.releases}
    return known | {roster.server_key.raw}


def _parse_unit(value: dict[str, Any]) -> UnitRequest:
    members = []
    for item in value["members"]:
        expect(item, "request: member", {"id": str, "key": str, "role": str})
        members.append(Member(item["id"], _key(item["key"]), parse_role(item["role"], "request: member")))
    ids = [value["group"], value["station"], *(m.id for m in members)]
    if not all(is_id(name) for name in ids):
        raise Malformed("request: an id is not lower-case letters, digits and hyphens")
    if len({m.id for m in members}) != len(members):
        raise Malformed("request: one reviewer stands twice")
    keys = [m.key.raw for m in members] + [_key(value["station_key"]).raw]
    if len(set(keys)) != len(keys):
        raise KeyAlarm("request: one key stands twice")
    if not members:
        raise Malformed("request: a unit without reviewers")
    check_quorum(value["k"], len(members))
    batches = tuple(unb64(b, None, "request: batch") for b in expect_list(value["batches"], "request: batches", str))
    return UnitRequest(
        deployment=value["deployment"],
        roster_version=value["roster_version"],
        group=value["group"],
        k=value["k"],
        members=tuple(members),
        station=value["station"],
        station_key=_key(value["station_key"]),
        batches=batches,
    )


def _to_json(request: Request) -> dict[str, Any]:
    common: dict[str, Any] = {"deployment": request.deployment, "roster_version": request.roster_version}
    if isinstance(request, ServerRequest):
        return common | {"type": SERVER, "key": b64(request.key.raw)}
    if isinstance(request, RootRequest):
        return common | {"type": ROOT, "id": request.root.id, "key": b64(request.root.key.raw)}
    if isinstance(request, ReleaseRequest):
        return common | {"type": RELEASE, "name": request.release.name, "key": b64(request.release.key.raw)}
    return common | {
        "type": UNIT,
        "group": request.group,
        "k": request.k,
        "members": [{"id": m.id, "key": b64(m.key.raw), "role": m.role.value} for m in request.members],
        "station": request.station,
        "station_key": b64(request.station_key.raw),
        "batches": [b64(data) for data in request.batches],
    }


def _key(text: str) -> VerifyingKey:
    return VerifyingKey.parse(unb64(text, PUBLIC_BYTES, "request: key"))
