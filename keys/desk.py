"""The root holders' desk: a roster is proposed, shown in words, signed by one holder after the other, put in force.

    roster-NNNNNNNN.proposal      a roster with fewer signatures than it needs, to be carried to the next holder
    roster-NNNNNNNN.senyap        with all of them: for the drop box and the stations

A root set that changes is signed by the old one and by the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crypto import medium
from crypto.encoding import epoch_of
from crypto.envelope import Envelope, build_envelope, parse_envelope
from crypto.errors import BadSignature
from crypto.signing import SigningKey
from keys import batch as batches
from keys.batch import Batch, KeyTable, parse_batch, verify_batch
from keys.errors import BrokenChain, RolledBack
from keys.ledger import MAX_FILE_BYTES, Ledger, batch_name, refuse_other_keys, take_batch, take_roster
from keys.roster import Root, Roster
from keys.rosterfile import MAGIC, PURPOSE, parse_roster, sign_roster


@dataclass(frozen=True, slots=True)
class Proposal:
    """The next roster with the signatures it has so far, and the batches that come into force with it."""

    roster: Roster
    data: bytes = field(repr=False)
    batches: tuple[bytes, ...] = field(repr=False, default=())
    missing: int = 0  # signatures that are still needed

    @property
    def name(self) -> str:
        """The file name: `.proposal` until all signatures are there."""
        return f"roster-{self.roster.version:08d}.{'proposal' if self.missing else 'senyap'}"


def propose(ledger: Ledger, roster: Roster, batch_files: Iterable[bytes] = ()) -> Proposal:
    """Build an unsigned proposal; raises Malformed, BrokenChain or KeyAlarm when it could never be put in force."""
    data = sign_roster(roster, {})
    files = tuple(batch_files)
    parsed = parse_roster(parse_envelope(data, MAGIC, "roster").body)
    _refuse_swaps(ledger.roster, parsed)
    table = _table(ledger, parsed)
    for file in files:
        table.add(verify_batch(file, parsed))
    return Proposal(parsed, data, files, _missing(ledger.roster, parsed, data))


def read_proposal(ledger: Ledger, path: Path) -> Proposal:
    """Read a proposal that was carried here, and the batches beside it.

    Batches of people whom it does not name, and of weeks that are over, are not its own. Raises BrokenChain or
    RolledBack when it does not follow the roster in force, BadSignature when a signature on it or on a batch is
    not good, KeyAlarm, Malformed, OSError.
    """
    data = medium.read_file(path, MAX_FILE_BYTES)
    envelope = parse_envelope(data, MAGIC, "roster")
    roster = parse_roster(envelope.body)
    old = ledger.roster
    if roster.deployment != old.deployment:
        raise BrokenChain("proposal: of another deployment")
    if envelope.body == old.raw:
        raise RolledBack(f"proposal: version {old.version} is in force here already")
    if roster.version <= old.version:
        raise RolledBack(f"proposal: version {roster.version}, want {old.version + 1}")
    if roster.version != old.version + 1 or roster.previous != old.hash:
        raise BrokenChain(f"proposal: version {roster.version} does not follow version {old.version} of this desk")
    _refuse_swaps(old, roster)
    known = {root.id: root for root in (*old.roots, *roster.roots)}
    for number, signature in envelope.signatures:
        if number not in known:
            raise BadSignature(f"proposal: signed by {number}, who is no root holder")
        known[number].key.verify(PURPOSE, envelope.body, signature)
    files = _batches_beside(ledger, roster, path.parent / "batches")
    return Proposal(roster, data, files, _missing(old, roster, data))


def sign_proposal(ledger: Ledger, proposal: Proposal, signers: Mapping[int, SigningKey]) -> Proposal:
    """Add signatures; raises BadSignature for a key that is not that holder's in the old or new root set."""
    envelope = parse_envelope(proposal.data, MAGIC, "roster")
    roots = {root.id: root for root in (*ledger.roster.roots, *proposal.roster.roots)}
    for number, key in signers.items():
        if number not in roots or roots[number].key.raw != key.public.raw:
            raise BadSignature(f"roster: the key given for root holder {number} is not the one in the roster")
    data = _add_signatures(envelope, signers)
    return Proposal(proposal.roster, data, proposal.batches, _missing(ledger.roster, proposal.roster, data))


def helps(ledger: Ledger, proposal: Proposal, number: int) -> bool:
    """Tell whether a signature of this root holder brings a proposal nearer to its end."""
    signed = {n for n, _ in parse_envelope(proposal.data, MAGIC, "roster").signatures}
    return _lacking(ledger.roster, proposal.roster, signed | {number}) < proposal.missing


def closed_groups(ledger: Ledger, proposal: Proposal, epoch: int) -> tuple[str, ...]:
    """Return the groups that nothing could be sealed to in this week, if the proposal were in force."""
    table = _table(ledger, proposal.roster)
    for data in proposal.batches:
        table.add(verify_batch(data, proposal.roster))
    return tuple(sorted(table.lapsed(epoch)))


def may_sign(ledger: Ledger, proposal: Proposal) -> tuple[Root, ...]:
    """Return the root holders, old and new, who have not signed yet."""
    signed = {number for number, _ in parse_envelope(proposal.data, MAGIC, "roster").signatures}
    everybody = {root.id: root for root in (*ledger.roster.roots, *proposal.roster.roots)}
    return tuple(root for number, root in sorted(everybody.items()) if number not in signed)


def write_proposal(proposal: Proposal, folder: Path) -> tuple[Path, ...]:
    """Write a proposal, or a finished roster, with its batches into a folder to be carried; returns the paths.

    The roster is written last: where it is, its batches are.
    """
    paths = []
    for data in proposal.batches:
        paths.append(folder / "batches" / batch_name(_batch(data)))
        medium.write_file(paths[-1], data, mode=0o644)
    medium.write_file(folder / proposal.name, proposal.data, mode=0o644)
    return folder / proposal.name, *paths


def put_in_force(ledger: Ledger, proposal: Proposal, *, today: int) -> Ledger:
    """Take a finished proposal and its batches into the desk's own ledger; raises what `take_roster` raises."""
    ledger = take_roster(ledger, proposal.data, today=today)
    for data in proposal.batches:
        if _batch(data).last_epoch >= epoch_of(today):
            ledger = take_batch(ledger, data, today=today)
    return ledger


def _add_signatures(envelope: Envelope, signers: Mapping[int, SigningKey]) -> bytes:
    """Sign a body and put the signatures between those that are there, ids ascending."""
    fresh = parse_envelope(build_envelope(envelope.body, MAGIC, PURPOSE, signers), MAGIC, "roster")
    both = dict(envelope.signatures) | dict(fresh.signatures)
    head = build_envelope(envelope.body, MAGIC, PURPOSE, {})[:-1]
    return head + bytes([len(both)]) + b"".join(bytes([number]) + both[number] for number in sorted(both))


def _missing(old: Roster, new: Roster, data: bytes) -> int:
    """Return how many more signatures are needed; one that counts in both root sets counts once."""
    return _lacking(old, new, {number for number, _ in parse_envelope(data, MAGIC, "roster").signatures})


def _lacking(old: Roster, new: Roster, signed: set[int]) -> int:
    before, after = {r.id for r in old.roots}, {r.id for r in new.roots}
    lacking_old = max(0, old.root_k - len(signed & before))
    lacking_new = max(0, new.root_k - len(signed & after))
    shared = len((before & after) - signed)
    return max(lacking_old, lacking_new, lacking_old + lacking_new - shared)


def _refuse_swaps(old: Roster, new: Roster) -> None:
    """Refuse another key under a name that stays: for a reviewer KeyAlarm, for a root holder BrokenChain."""
    refuse_other_keys(old, new)
    before = {root.id: root.key.raw for root in old.roots}
    for root in new.roots:
        if before.get(root.id, root.key.raw) != root.key.raw:
            raise BrokenChain(f"roster: another key for root holder {root.id}; a new holder needs another number")
    named = {x.name: x.key.raw for x in old.releases}
    for each in new.releases:
        if named.get(each.name, each.key.raw) != each.key.raw:
            raise BrokenChain(f"roster: another key under the name {each.name}; a new release key needs another name")


def _table(ledger: Ledger, roster: Roster) -> KeyTable:
    return KeyTable(roster, [b for b in ledger.batches if b.reviewer in roster.members])


def _batches_beside(ledger: Ledger, roster: Roster, folder: Path) -> tuple[bytes, ...]:
    table, kept = _table(ledger, roster), []
    for path in sorted(folder.glob("[!.]*.senyap")):
        data = medium.read_file(path, MAX_FILE_BYTES)
        made = _batch(data)
        if made.reviewer in roster.members and made.last_epoch >= epoch_of(roster.issued):
            table.add(verify_batch(data, roster))
            kept.append(data)
    return tuple(kept)


def _batch(data: bytes) -> Batch:
    return parse_batch(parse_envelope(data, batches.MAGIC, "batch").body)
