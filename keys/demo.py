"""Make a whole demo deployment: every key of every party in one folder, for trying and testing only."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crypto import medium
from crypto.encoding import epoch_of, today
from crypto.signing import SigningKey
from keys import units
from keys.batch import Batch, sign_batch
from keys.keyring import Keyring
from keys.ledger import write_ledger
from keys.rootkeys import write_root
from keys.roster import DEMO_PREFIX, Group, Member, Root, Roster, Sizes, Station, default_roles
from keys.rosterfile import fingerprint_words, root_pin, sign_roster
from keys.stationkeys import make_station
from keys.strength import generate_passphrase

WEEKS = 26
ROOTS, ROOT_K = 3, 2
QUORUMS = {units.PROVINCE: (2, 3)}
OTHER_QUORUM = (1, 2)
ROSTER_DAYS = 400
SIZES = Sizes(slots=1024, daily_cover=64, mailboxes=256, forwarded=16)


_SETTINGS = b"courier_days = 7            # days between two rounds of the courier\n"
_PARTS = ("demo-passphrases.txt", "keys", "stations", "server")


@dataclass(slots=True)
class Made:
    """What the demo made, for the caller to print."""

    pin: bytes
    passphrases: dict[str, str] = field(default_factory=dict, repr=False)


def make_demo(folder: Path, *, day: int | None = None, sizes: Sizes = SIZES) -> Made:
    """Build server/, keys/, stations/<group>/ and demo-passphrases.txt below `folder`.

    Everything is made aside and moved in at the end: an interrupted run leaves no half deployment.
    Raises FileExistsError when the folder holds a deployment already.
    """
    if any((folder / name).exists() for name in _PARTS):
        raise FileExistsError(f"{folder}: holds a deployment already")
    aside = folder / ".making"
    shutil.rmtree(aside, ignore_errors=True)
    made = _make(aside, today() if day is None else day, sizes)
    for name in _PARTS:
        (aside / name).rename(folder / name)
    aside.rmdir()
    return made


def _make(folder: Path, day: int, sizes: Sizes) -> Made:
    deployment = f"{DEMO_PREFIX}{secrets.token_hex(4)}"
    made = Made(pin=b"")
    roots = {i: SigningKey.generate() for i in range(1, ROOTS + 1)}
    station_keys: dict[str, SigningKey] = {}
    groups, batches = [], []
    for group in (*units.GOVERNMENTS, units.KPK):
        rings, station_keys[group] = make_unit(folder / "stations" / group, group, made.passphrases)
        groups.append(make_group(group, rings))
        batches += [make_batch(deployment, ring, epoch_of(day), WEEKS) for ring in rings]
    server_key = SigningKey.generate()
    root_set = tuple(Root(i, key.public) for i, key in roots.items())
    made.pin = root_pin(root_set, ROOT_K)
    roster = make_roster(deployment, day, sizes, root_set, tuple(groups), station_keys, server_key)
    signed = sign_roster(roster, {i: roots[i] for i in sorted(roots)[:ROOT_K]})
    for home in (folder / "server", folder / "keys", *(folder / "stations" / group for group in station_keys)):
        write_ledger(home, made.pin, signed, batches)
    medium.write_file(folder / "server" / "server.key", server_key.seed)
    medium.write_file(folder / "server" / "settings.toml", _SETTINGS)
    _write_roots(folder / "keys", roots)
    lines = "".join(f"{who}\t{words}\n" for who, words in made.passphrases.items())
    medium.write_file(folder / "demo-passphrases.txt", lines.encode("utf-8"))
    return made


def make_unit(home: Path, group: str, passphrases: dict[str, str]) -> tuple[list[Keyring], SigningKey]:
    """Make the keyrings of a unit's reviewers and its station; note their passphrases. Return both kinds of keys."""
    k, n = QUORUMS.get(group, OTHER_QUORUM)
    rings = []
    for number in range(1, n + 1):
        reviewer = f"{group}-{number}"
        passphrases[reviewer] = generate_passphrase()
        rings.append(Keyring.create(home / "keyring" / reviewer, reviewer, passphrases[reviewer]))
    return rings, make_station(home, group, {ring.reviewer: ring.signing.public for ring in rings}, k)


def make_group(group: str, rings: Sequence[Keyring] = ()) -> Group:
    """Return a unit of the province as a roster names it; without keyrings it cannot read."""
    name_id, name_en = units.names_of(group)
    k, _ = QUORUMS.get(group, OTHER_QUORUM)
    people = zip(rings, default_roles(len(rings)), strict=True)
    return Group(group, name_id, name_en, k, tuple(Member(r.reviewer, r.signing.public, role) for r, role in people))


def make_batch(deployment: str, ring: Keyring, first_epoch: int, weeks: int) -> bytes:
    """Make a reviewer's keys of some weeks and sign them."""
    keys = ring.make_epochs(range(first_epoch, first_epoch + weeks))
    batch = Batch(deployment, ring.reviewer, first_epoch, tuple(key.public for key in keys), 1)
    return sign_batch(batch, ring.signing)


def make_roster(
    deployment: str,
    day: int,
    sizes: Sizes,
    roots: tuple[Root, ...],
    groups: tuple[Group, ...],
    stations: Mapping[str, SigningKey],
    server: SigningKey,
) -> Roster:
    """Return the first roster of such a deployment, unsigned."""
    return Roster(
        deployment=deployment,
        version=1,
        previous=bytes(64),
        issued=day,
        expires=day + ROSTER_DAYS,
        roots=roots,
        root_k=ROOT_K,
        groups=groups,
        stations=tuple(Station(g, g, key.public, True, g == units.PROVINCE) for g, key in stations.items()),
        server_key=server.public,
        routing=units.routing(),
        province=units.PROVINCE,
        fallback=units.KPK,
        cover_weights=units.COVER_WEIGHTS,
        min_suite=1,
        sizes=sizes,
    )


def _write_roots(folder: Path, roots: Mapping[int, SigningKey]) -> None:
    lines = []
    for number, key in roots.items():
        words = generate_passphrase()
        write_root(folder / "roots", number, key, words)
        lines.append(f"root-{number}\t{words}\n")
    medium.write_file(folder / "roots" / "demo-passphrases.txt", "".join(lines).encode("utf-8"))


def print_words(pin: bytes) -> str:
    """Return the fingerprint words of a root pin as one line."""
    return " ".join(fingerprint_words(pin))
