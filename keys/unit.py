"""What a unit does with its own keys, offline: ask to join, ask for a change, renew the weekly keys.

Nobody makes another's keys: they are made here, under passphrases that their reviewers choose. What leaves the
machine is a request or a batch, signed and public.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crypto import medium
from crypto.encoding import date_of, epoch_of
from crypto.errors import WrongPassphrase
from crypto.sharing import check_quorum
from keys.batch import Batch, sign_batch
from keys.errors import BrokenChain, QuorumNotMet
from keys.keyring import IDENTITY, Keyring, kept_epochs
from keys.ledger import Ledger, copy_ledger, take_batch
from keys.request import UnitRequest, sign_request
from keys.roster import Group, Member, Role, Roster, Station, default_roles
from keys.rosterfile import check_clock
from keys.stationkeys import KEYRING, STATION_ID, make_station

REQUEST = "request.senyap"  # in the home: what was asked last, so that it can be carried again
WEEKS = 26
RENEW_WEEKS_BEFORE = 13  # sooner there is nothing to do


def free_reviewers(ledger: Ledger, group_id: str, count: int) -> tuple[str, ...]:
    """Return ids for new reviewers of a unit; an id that stood in any roster at hand is never given again.

    Raises BrokenChain for an unknown group.
    """
    _group(ledger.roster, group_id)
    used = {m for roster in ledger.history() for m in roster.members}
    return _free(group_id, count, used)


def free_station(ledger: Ledger, group_id: str) -> str:
    """Return an id for a new station of a unit: the unit's own, or one with a number when that was used."""
    used = {s.id for roster in ledger.history() for s in roster.stations}
    return group_id if group_id not in used else _free(group_id, 1, used)[0]


def founding_roles(names: Sequence[str], asked: Mapping[str, Role]) -> dict[str, Role]:
    """Return the role of each reviewer of a new unit: the usual one where none is asked for. Raises BrokenChain."""
    return _assigned(dict(zip(names, default_roles(len(names)), strict=True)), asked)


def changed_roles(
    group: Group, leaving: Collection[str], joining: Collection[str], asked: Mapping[str, Role]
) -> dict[str, Role]:
    """Return everybody's role after a change: who stays keeps it, who joins reviews, unless something else is asked.

    Raises BrokenChain for a role of somebody who will be no reviewer.
    """
    usual = {m.id: m.role for m in group.members if m.id not in leaving} | dict.fromkeys(joining, Role.TELAAH)
    return _assigned(usual, asked)


def found_unit(
    home: Path,
    public: Ledger,
    group_id: str,
    k: int,
    passphrases: Mapping[str, str],
    *,
    day: int,
    roles: Mapping[str, Role] | None = None,
    weeks: int = WEEKS,
) -> bytes:
    """Make a new station home with all its keys and return the request to join.

    `public` is the ledger to join, verified and compared with the printed fingerprint; `passphrases` maps the
    new reviewers' ids, in order, to their passphrases; `roles` are those that are not as `default_roles` gives them.
    Everything is made aside and moved in whole.
    Raises FileExistsError when the home is in use, BrokenChain for an unknown group or one that works already,
    WrongClock or Expired when the machine's day does not fit the roster, Malformed, OSError.
    """
    check_clock(public.roster, day)
    home = home.resolve()
    group = check_founding(home, public, group_id, k, len(passphrases))
    given = founding_roles(tuple(passphrases), roles or {})
    aside = home.with_name(f".{home.name}.making")
    shutil.rmtree(aside, ignore_errors=True)  # of an interrupted try: nothing of it was ever shown
    medium.make_folder(aside)
    copy_ledger(public, aside)
    rings = [Keyring.create(aside / KEYRING / name, name, words) for name, words in passphrases.items()]
    station = free_station(public, group_id)
    signing = make_station(aside, station, {ring.reviewer: ring.signing.public for ring in rings}, k)
    epochs = range(epoch_of(day), epoch_of(day) + weeks)
    batches = tuple(_make_batch(public.roster, ring, epochs) for ring in rings)
    request = UnitRequest(
        deployment=public.roster.deployment,
        roster_version=public.roster.version,
        group=group.id,
        k=k,
        members=tuple(Member(ring.reviewer, ring.signing.public, given[ring.reviewer]) for ring in rings),
        station=station,
        station_key=signing.public,
        batches=batches,
    )
    data = sign_request(request, {0: signing} | {n: ring.signing for n, ring in enumerate(rings, 1)})
    medium.write_file(aside / REQUEST, data)
    aside.rename(home)
    medium.sync_folder(home.parent)
    return data


def check_founding(home: Path, public: Ledger, group_id: str, k: int, count: int) -> Group:
    """Return the group that a new station is founded for; raises what `found_unit` raises before it makes a key."""
    if home.exists() and any(home.iterdir()):
        raise FileExistsError(f"{home.name}: holds files already; a new station wants an empty folder")
    group = _group(public.roster, group_id)
    if group.members:
        raise BrokenChain(
            f"request: {group.id} has reviewers already; ask for a change at its station, or, when that is lost, "
            "let the root holders revoke it first"
        )
    check_quorum(k, count)
    return group


def ask_change(
    home: Path,
    present: Mapping[str, str],
    *,
    day: int,
    joining: Mapping[str, str] | None = None,
    leaving: Collection[str] = (),
    roles: Mapping[str, Role] | None = None,
    k: int | None = None,
    weeks: int = WEEKS,
) -> bytes:
    """Make the keys of reviewers who join a unit that works already, and return the request for the change.

    `present` are passphrases of reviewers who stay or leave: as many as the unit's quorum must sign. `roles` are those
    that change, and those of who joins to do something else than to review. The vault is
    shared out anew only when the new roster is here (`senyap-station rekey`). Raises QuorumNotMet,
    WrongPassphrase, BrokenChain for somebody unknown, WrongClock or Expired, Malformed, OSError.
    """
    ledger = Ledger.load(home)
    check_clock(ledger.roster, day)
    station = station_of(home, ledger.roster)
    group = ledger.roster.group(station.group)
    if unknown := set(leaving) - {m.id for m in group.members}:
        raise BrokenChain(f"request: {len(unknown)} of those who leave are not reviewers of {group.id}")
    stay = [m for m in group.members if m.id not in leaving]
    rings = {name: _open(home, group, name, words) for name, words in present.items()}
    if (signing := len([m for m in stay if m.id in rings])) < group.k:
        raise QuorumNotMet(
            f"{signing} of the {group.k} reviewers needed are present and stay; "
            "if they cannot be, the root holders take people out with senyap-keys roster"
        )
    k = group.k if k is None else k
    check_quorum(k, len(stay) + len(joining or {}))
    given = changed_roles(group, leaving, joining or {}, roles or {})
    new = [_join(home, name, words) for name, words in (joining or {}).items()]
    epochs = range(epoch_of(day), epoch_of(day) + weeks)
    batches = tuple(_make_batch(ledger.roster, ring, epochs) for ring in new)
    request = UnitRequest(
        deployment=ledger.roster.deployment,
        roster_version=ledger.roster.version,
        group=group.id,
        k=k,
        members=(
            *(replace(m, role=given[m.id]) for m in stay),
            *(Member(ring.reviewer, ring.signing.public, given[ring.reviewer]) for ring in new),
        ),
        station=station.id,
        station_key=station.key,
        batches=batches,
    )
    known = {ring.reviewer: ring.signing for ring in (*rings.values(), *new)}
    signers = {n: known[m.id] for n, m in enumerate(request.members, 1) if m.id in known}
    data = sign_request(request, signers)
    medium.write_file(home / REQUEST, data)
    return data


def renew(home: Path, passphrases: Mapping[str, str], *, day: int, weeks: int = WEEKS) -> tuple[Batch, ...]:
    """Make the next weekly keys of the given reviewers; returns their batches in force and to come.

    The new keys begin where the last ones end, or with this week when those have ended. Who has keys for more
    than 13 weeks to come gets no new ones. Each batch stands in the home's ledger before it is returned.
    Raises WrongPassphrase, QuorumNotMet for somebody unknown, WrongClock or Expired, OSError.
    """
    ledger = Ledger.load(home)
    check_clock(ledger.roster, day)
    group = ledger.roster.group(station_of(home, ledger.roster).group)
    rings = {name: _open(home, group, name, words) for name, words in passphrases.items()}
    for name, ring in rings.items():
        _refuse_lost(ledger, ring, epoch_of(day))
        last = max((b.last_epoch for b in ledger.batches if b.reviewer == name), default=-1)
        if last - epoch_of(day) >= RENEW_WEEKS_BEFORE:
            continue
        first = _first_epoch(ring, max(last + 1, epoch_of(day)))
        data = _make_batch(ledger.roster, ring, range(first, first + weeks))
        ledger = take_batch(ledger, data, today=day)
    return tuple(b for b in ledger.batches if b.reviewer in passphrases and b.last_epoch >= epoch_of(day))


def keys_until(ledger: Ledger, reviewer: str) -> str:
    """Return the last day of a reviewer's weekly keys as YYYY-MM-DD, or "-" when there are none."""
    last = max((b.last_epoch for b in ledger.batches if b.reviewer == reviewer), default=None)
    return "-" if last is None else date_of(last * 7 + 6).isoformat()


def station_of(home: Path, roster: Roster) -> Station:
    """Return what the roster says of this station; raises BrokenChain when it says nothing."""
    name = medium.read_file(home / STATION_ID, 64).decode("ascii", "replace")
    try:
        return roster.station(name)
    except KeyError:
        raise BrokenChain(f"roster: no station {name}; take the roster that admits it first") from None


def _refuse_lost(ledger: Ledger, ring: Keyring, epoch: int) -> None:
    """Refuse to go on where seeds of weeks to come are not here: the station came from a backup.

    A second key for a week can never be made, so only a new reviewer helps.
    """
    coming = {e for b in ledger.batches if b.reviewer == ring.reviewer for e in range(b.first_epoch, b.last_epoch + 1)}
    if lost := {e for e in coming if e > epoch} - set(kept_epochs(ring.folder)):
        raise BrokenChain(
            f"{ring.reviewer}: the keys of {len(lost)} weeks to come are not on this station; "
            f"ask for a new reviewer in this one's place (senyap-keys request --add 1 --remove {ring.reviewer})"
        )


def _assigned(usual: Mapping[str, Role], asked: Mapping[str, Role]) -> dict[str, Role]:
    if unknown := sorted(set(asked) - set(usual)):
        raise BrokenChain(f"request: a role for {unknown[0]}; the reviewers will be {', '.join(usual)}")
    return {**usual, **asked}


def _free(group_id: str, count: int, used: Collection[str]) -> tuple[str, ...]:
    numbers = (n for n in itertools.count(1) if f"{group_id}-{n}" not in used)
    return tuple(f"{group_id}-{next(numbers)}" for _ in range(count))


def _first_epoch(ring: Keyring, wanted: int) -> int:
    """Return the first epoch from `wanted` on before which no seed was erased: such a one is never made again.

    Seeds are made in a row, so one that is missing below another was erased, whatever the clock and the batches at
    hand say.
    """
    kept = kept_epochs(ring.folder)
    erased = set(range(wanted, max(kept, default=0))) - set(kept)
    return max(erased, default=wanted - 1) + 1


def _make_batch(roster: Roster, ring: Keyring, epochs: Sequence[int]) -> bytes:
    """Sign the keys of these epochs; those that an interrupted try has left are used again."""
    keys = tuple((ring.opening_key(epoch) or ring.make_epochs([epoch])[0]).public for epoch in epochs)
    return sign_batch(Batch(roster.deployment, ring.reviewer, epochs[0], keys, roster.version), ring.signing)


def _join(home: Path, name: str, words: str) -> Keyring:
    """Make a keyring beside those that are there, or open the one that an interrupted try has left."""
    if was_begun(home, name):
        return _unlock(home, name, words)
    return Keyring.create(home / KEYRING / name, name, words)


def was_begun(home: Path, name: str) -> bool:
    """Tell whether an interrupted try has made this reviewer's keyring: it opens with the passphrase given then."""
    return (home / KEYRING / name / IDENTITY).is_file()


def _unlock(home: Path, name: str, words: str) -> Keyring:
    try:
        return Keyring.open(home / KEYRING / name, name, words)
    except WrongPassphrase:
        raise WrongPassphrase(f"the passphrase of {name} does not open its keyring") from None


def _group(roster: Roster, group_id: str) -> Group:
    if group_id not in roster.group_ids:
        raise BrokenChain(f"roster: no group {group_id}; known are {', '.join(sorted(roster.group_ids))}")
    return roster.group(group_id)


def _open(home: Path, group: Group, name: str, words: str) -> Keyring:
    if name not in {m.id for m in group.members} or not was_begun(home, name):
        raise QuorumNotMet(f"{name} is no reviewer of {group.id} on this station")
    ring = _unlock(home, name, words)
    if ring.signing.public.raw != {m.id: m.key.raw for m in group.members}[name]:
        raise BrokenChain(f"the keyring of {name} is not the one in the roster")
    return ring
