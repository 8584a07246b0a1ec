"""The ledger: the public folder of a home, from the pinned root set to the keys of today (formats §6).

    root.pin                                the root set this home was told to trust, 64 bytes
    roster.senyap                           the roster in force
    rosters/roster-NNNNNNNN.senyap          those before it
    batches/<reviewer>-NNNNNNNN.senyap      the reviewers' weekly keys, by first epoch

Drop box, stations and root holders keep the same files and verify them in the same way. What is taken
in is verified against what is there; a refusal changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from crypto import medium
from crypto.encoding import MAX_NUMBER, epoch_of, is_id, parse_json
from crypto.envelope import parse_envelope
from crypto.errors import CryptoError, Malformed
from keys import batch as batches
from keys import rosterfile
from keys.batch import MAX_EPOCHS, Batch, KeyTable, verify_batch
from keys.errors import BrokenChain, KeyAlarm, RolledBack, WrongClock
from keys.roster import Roster
from keys.rosterfile import check_current, fingerprint_words, parse_roster, root_pin, verify_roster

PIN_BYTES = 64
MAX_FILE_BYTES = 5 * 1024 * 1024
CLOCK_SLACK_DAYS = 2  # two machines may disagree by that much about the day
MOST_BATCHES = 16  # of one reviewer: a few are in force at a time, a flood would fill every bundle
KEEP_EPOCHS = 9  # an ended batch stays as long as a row of its last week may be opened
_PIN, _ROSTER, _ROSTERS, _BATCHES = "root.pin", "roster.senyap", "rosters", "batches"


@dataclass(frozen=True, slots=True)
class Ledger:
    """A verified public folder. Get one with `load`; `take_roster`, `take_batch` and `take_files` return the next."""

    folder: Path
    pin: bytes
    roster: Roster
    batches: tuple[Batch, ...] = field(repr=False, default=())

    @classmethod
    def load(cls, folder: Path) -> Ledger:
        """Read and verify a public folder; a roster that has ended is loaded, too.

        Raises OSError, Malformed, BrokenChain, TooFewSignatures, BadSignature or KeyAlarm.
        """
        pin = medium.read_file(folder / _PIN, PIN_BYTES)
        if len(pin) != PIN_BYTES:
            raise Malformed(f"root.pin: {len(pin)} bytes, want {PIN_BYTES}")
        roster = _load_roster(folder, pin)
        found = [verify_batch(medium.read_file(p, MAX_FILE_BYTES), roster) for p in _batch_files(folder, roster)]
        KeyTable(roster, found)
        return cls(folder, pin, roster, tuple(found))

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """The 8 words of the pinned root set: they stay the same when a root holder is replaced."""
        return fingerprint_words(self.pin)

    @property
    def pinned(self) -> Roster:
        """The first roster of the pinned root set, as far as rosters are at hand."""
        return min(
            (r for r in self.history() if root_pin(r.roots, r.root_k) == self.pin),
            key=lambda roster: roster.version,
            default=self.roster,
        )

    def table(self) -> KeyTable:
        """Return the keys of all reviewers."""
        return KeyTable(self.roster, self.batches)

    def version(self, wanted: int) -> Roster:
        """Return a roster of this chain by its version; raises BrokenChain when it is not at hand.

        Older ones are followed back by their hashes from the roster in force, which is verified.
        """
        for roster in self.history():
            if roster.version == wanted:
                return roster
        raise BrokenChain(f"roster: version {wanted} is not at hand, in force is {self.roster.version}")

    def history(self) -> Iterator[Roster]:
        """Yield the roster in force and those before it, as far as they are at hand, newest first."""
        roster = self.roster
        while True:
            yield roster
            path = _old_roster(self.folder, roster.version - 1)
            if not path.is_file():
                return
            before = parse_roster(
                parse_envelope(medium.read_file(path, MAX_FILE_BYTES), rosterfile.MAGIC, "roster").body
            )
            if before.hash != roster.previous:
                raise BrokenChain(f"roster: version {before.version} at hand is not the one that was replaced")
            roster = before

    def files_after(self, version: int) -> Iterator[bytes]:
        """Yield the files of the rosters above a version, oldest first: what somebody lacks who has that one."""
        for number in range(version + 1, self.roster.version):
            yield medium.read_file(_old_roster(self.folder, number), MAX_FILE_BYTES)
        if version < self.roster.version:
            yield medium.read_file(self.folder / _ROSTER, MAX_FILE_BYTES)


def batch_name(batch: Batch) -> str:
    """Return the file name of a batch; raises Malformed when its reviewer's id is none, and so might be a path."""
    if not is_id(batch.reviewer):
        raise Malformed("batch: its reviewer's id is not lower-case letters, digits and hyphens")
    return f"{batch.reviewer}-{batch.first_epoch:08d}.senyap"


def write_ledger(folder: Path, pin: bytes, roster: bytes, batch_files: Iterable[bytes] = ()) -> None:
    """Write a new public folder; nothing is verified before it is loaded."""
    for data in batch_files:
        made = batches.parse_batch(parse_envelope(data, batches.MAGIC, "batch").body)
        medium.write_file(_batch_file(folder, made), data)
    medium.make_folder(folder / _BATCHES)
    medium.write_file(folder / _PIN, pin)
    medium.write_file(folder / _ROSTER, roster)


def copy_ledger(ledger: Ledger, folder: Path) -> None:
    """Write the whole public folder to another place, rosters of the past included.

    Raises BrokenChain when another deployment's public files lie there, RolledBack when newer ones do, OSError.
    """
    if (folder / _PIN).is_file() and medium.read_file(folder / _PIN, MAX_FILE_BYTES) != ledger.pin:
        raise BrokenChain("public files of another root set lie there; take an empty folder")
    if (folder / _ROSTER).is_file():
        there = _version_of(medium.read_file(folder / _ROSTER, MAX_FILE_BYTES))
        if there > ledger.roster.version:
            raise RolledBack(f"roster: version {there} lies there, in force here is {ledger.roster.version}; take it")
    for old in sorted((ledger.folder / _ROSTERS).glob("roster-*.senyap")):
        medium.write_file(folder / _ROSTERS / old.name, medium.read_file(old, MAX_FILE_BYTES))
    roster = medium.read_file(ledger.folder / _ROSTER, MAX_FILE_BYTES)
    write_ledger(folder, ledger.pin, roster, [b.raw for b in ledger.batches])


def repin(ledger: Ledger) -> Ledger:
    """Pin a public folder to the root set in force; raises OSError. The rosters of the past stay readable."""
    pin = root_pin(ledger.roster.roots, ledger.roster.root_k)
    if pin != ledger.pin:
        medium.write_file(ledger.folder / _PIN, pin)
    return replace(ledger, pin=pin)


def take_roster(ledger: Ledger, data: bytes, *, today: int, passing: bool = False) -> Ledger:
    """Put the next roster in force; the same one again is nothing to do.

    `today` is a day number; `passing` as for `verify_next`. Raises Malformed, BrokenChain, RolledBack,
    TooFewSignatures, Expired, WrongClock, KeyAlarm or OSError, and then nothing is changed.
    """
    roster = verify_next(ledger, data, today=today, passing=passing)
    if roster is ledger.roster:
        return ledger
    old = medium.read_file(ledger.folder / _ROSTER, MAX_FILE_BYTES)
    if parse_envelope(old, rosterfile.MAGIC, "roster").body != ledger.roster.raw:
        raise BrokenChain("roster: another program has just put one in force here; start again")
    medium.write_file(_old_roster(ledger.folder, ledger.roster.version), old)
    medium.write_file(ledger.folder / _ROSTER, data)
    kept = tuple(b for b in ledger.batches if b.reviewer in roster.members)
    return _prune(replace(ledger, roster=roster, batches=kept))


def verify_next(ledger: Ledger, data: bytes, *, today: int, passing: bool = False) -> Roster:
    """Return the roster of a file that `take_roster` would put in force, the one in force itself for the same body.

    `passing`: another one follows at once, so that this one may have ended meanwhile. Writes nothing; raises what
    `take_roster` raises.
    """
    body = parse_envelope(data, rosterfile.MAGIC, "roster").body
    if body == ledger.roster.raw:
        return ledger.roster
    named = parse_roster(body)
    if named.version == ledger.roster.version and named.deployment == ledger.roster.deployment:
        raise BrokenChain(f"roster: another roster of version {named.version} is in force; tell the root holders")
    first, last = ledger.roster.version + 1, named.version - 1
    if first <= last and named.deployment == ledger.roster.deployment:
        missing = str(first) if first == last else f"{first} to {last}"
        raise BrokenChain(f"roster: version {named.version}, take version {missing} first")
    roster = verify_roster(data, previous=ledger.roster, pin=None, today=None)
    if roster.issued > today + CLOCK_SLACK_DAYS:
        raise WrongClock(f"roster: issued on day {roster.issued}, today is day {today}; check this machine's clock")
    if not passing:
        check_current(roster, today)
    refuse_other_keys(ledger.roster, roster)
    return roster


def refuse_other_keys(old: Roster, new: Roster) -> None:
    """Demand that whoever stays keeps the key: another one needs another id. Raises KeyAlarm."""
    before = old.members
    for member in new.members.values():
        if member.id in before and before[member.id].key.raw != member.key.raw:
            raise KeyAlarm(f"roster: another key for reviewer {member.id}; a new key needs a new id")


def take_batch(ledger: Ledger, data: bytes, *, today: int) -> Ledger:
    """Take a reviewer's batch; the same one again is nothing to do.

    Raises Malformed, BadSignature, BrokenChain, KeyAlarm, RolledBack or OSError, and then nothing is changed.
    """
    if any(b.raw == data for b in ledger.batches):
        return ledger
    batch = verify_batch(data, ledger.roster)
    ledger.table().add(batch)
    theirs = [b for b in ledger.batches if b.reviewer == batch.reviewer]
    have = {epoch for b in theirs for epoch in range(b.first_epoch, b.last_epoch + 1)}
    if have.issuperset(range(batch.first_epoch, batch.last_epoch + 1)):
        return ledger  # the same keys once more, or a part of them
    if batch.last_epoch > epoch_of(today) + MAX_EPOCHS:
        raise WrongClock(
            f"batch: its keys reach to epoch {batch.last_epoch}, this is epoch {epoch_of(today)}; check the clocks"
        )
    if len(theirs) >= MOST_BATCHES:
        raise KeyAlarm(f"batch: {len(theirs)} batches of one reviewer are here already, want {MOST_BATCHES} or fewer")
    if batch.last_epoch + KEEP_EPOCHS < epoch_of(today):
        raise RolledBack(f"batch: its keys ended with epoch {batch.last_epoch}, this is epoch {epoch_of(today)}")
    medium.write_file(_batch_file(ledger.folder, batch), data)  # in place of a shorter one from the same epoch on
    names = (batch.reviewer, batch.first_epoch)
    kept = tuple(b for b in ledger.batches if (b.reviewer, b.first_epoch) != names)
    return _prune(replace(ledger, batches=(*kept, batch)))


def take_file(ledger: Ledger, data: bytes, *, today: int, passing: bool = False) -> Ledger:
    """Take a roster or a batch, whichever it is; raises what `take_roster` and `take_batch` raise."""
    if data[:4] == rosterfile.MAGIC:
        return take_roster(ledger, data, today=today, passing=passing)
    if data[:4] == batches.MAGIC:
        return take_batch(ledger, data, today=today)
    raise Malformed("file: neither a roster nor a batch")


def take_files(ledger: Ledger, files: Iterable[bytes], *, today: int) -> tuple[Ledger, tuple[CryptoError, ...]]:
    """Take what came with a transport: rosters oldest first, then batches; returns what was refused.

    Rosters older than the one in force and batches of reviewers who have left are passed over; one bad file
    stops no other. Raises OSError.
    """
    refused: list[CryptoError] = []
    ordered = in_order(files)
    newest = max(map(_version_of, ordered), default=0)
    for data in ordered:
        version = _version_of(data)
        if 0 < version < ledger.roster.version:
            continue
        ledger = _try(ledger, data, today, refused, passing=version < newest)
    return ledger, tuple(refused)


def in_order(files: Iterable[bytes]) -> list[bytes]:
    """Sort files so that they can be taken one by one: rosters oldest first, then the rest as it came."""
    return sorted(files, key=lambda data: _version_of(data) if data[:4] == rosterfile.MAGIC else MAX_NUMBER)


def _try(ledger: Ledger, data: bytes, today: int, refused: list[CryptoError], *, passing: bool) -> Ledger:
    try:
        return take_file(ledger, data, today=today, passing=passing)
    except CryptoError as error:
        if str(error) not in map(str, refused) and not has_left(ledger, data):
            refused.append(error.with_traceback(None))  # it would keep the file in memory
        return ledger


def has_left(ledger: Ledger, data: bytes) -> bool:
    """Tell whether a file is a batch of somebody who stood in a roster at hand and stands there no more."""
    try:
        name = str(parse_json(parse_envelope(data, batches.MAGIC, "batch").body, "batch").get("reviewer"))
        return name not in ledger.roster.members and any(name in old.members for old in ledger.history())
    except CryptoError:
        return False


def _version_of(data: bytes) -> int:
    """Return the version that a roster file claims, 0 when it is not one."""
    try:
        return parse_roster(parse_envelope(data, rosterfile.MAGIC, "roster").body).version
    except CryptoError:
        return 0


def _load_roster(folder: Path, pin: bytes) -> Roster:
    """Verify the roster in force from the pin, through those before it when its root set is a later one."""
    data = medium.read_file(folder / _ROSTER, MAX_FILE_BYTES)
    newest = parse_roster(parse_envelope(data, rosterfile.MAGIC, "roster").body)
    if root_pin(newest.roots, newest.root_k) == pin:
        return verify_roster(data, previous=None, pin=pin, today=None)
    roster: Roster | None = None
    for path in sorted((folder / _ROSTERS).glob("roster-*.senyap")):
        older = medium.read_file(path, MAX_FILE_BYTES)
        body = parse_roster(parse_envelope(older, rosterfile.MAGIC, "roster").body)
        if body.version >= newest.version:
            break
        if roster is not None:
            roster = verify_roster(older, previous=roster, pin=None, today=None)
        elif root_pin(body.roots, body.root_k) == pin:
            roster = verify_roster(older, previous=None, pin=pin, today=None)
    if roster is None:
        raise BrokenChain("roster: neither its root set nor one before it is the pinned one")
    return verify_roster(data, previous=roster, pin=None, today=None)


def _prune(ledger: Ledger) -> Ledger:
    """Remove batches that nothing needs any more: of reviewers who have left, and long ended.

    Ended by the day that the root holders signed last: a wrong clock must not take anybody's keys away.
    """
    kept = tuple(b for b in ledger.batches if b.last_epoch + KEEP_EPOCHS >= epoch_of(ledger.roster.issued))
    names = {_batch_file(ledger.folder, b).name for b in kept}
    for path in sorted((ledger.folder / _BATCHES).glob("*.senyap")):
        if path.name not in names:
            path.unlink()
    return replace(ledger, batches=kept)


def _old_roster(folder: Path, version: int) -> Path:
    return folder / _ROSTERS / f"roster-{version:08d}.senyap"


def _batch_file(folder: Path, batch: Batch) -> Path:
    return folder / _BATCHES / batch_name(batch)


def _batch_files(folder: Path, roster: Roster) -> list[Path]:
    """Return the batches of reviewers in the roster: a crash may have left those of one who has just left."""
    found = sorted((folder / _BATCHES).glob("*.senyap"))
    return [path for path in found if path.stem.rpartition("-")[0] in roster.members]
