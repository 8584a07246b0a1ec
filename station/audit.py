"""The log of who did what to which case on which day: append-only, chained by hashes, read by an auditor alone.

Entries stand in the vault, written with what they tell of in one transaction. What leaves is a file sealed to the
auditor's key and signed by the station: the auditor reads it with a passphrase of his own and never opens the vault.
No entry holds a word of a report.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crypto.encoding import canonical_json, expect, label, parse_json
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import Malformed, Tampered
from crypto.signing import SigningKey, VerifyingKey
from crypto.xwing import OpeningKey, SealingKey
from station.tables import log
from station.vault import read_meta, write_meta

MAGIC = b"SNYA"
PURPOSE = "senyap/v1/audit"
FIRST = bytes(64)
_HEAD = "log-head"  # in the vault's meta: number and hash of the last entry
PART_ENTRIES = 5_000  # in one exported file
_MOST_BYTES = 4 * 1024 * 1024  # of an envelope


class Deed(enum.StrEnum):
    """What can stand in the log."""

    OPENED = "opened"  # the desk, by these reviewers
    CLOSED = "closed"
    STATED = "stated"  # that there is no conflict of interest, or one; or that one is taken back
    TOOK = "took"  # a step
    PROPOSED = "proposed"
    APPROVED = "approved"
    DROPPED = "dropped"  # a proposal
    ANSWERED = "answered"
    CHECKED = "checked"  # a message that had been warned of, and was sent
    CLAIMED = "claimed"  # somebody showed words of proof: they fit, or fail
    CERTIFIED = "certified"  # that these words fit; the number of the certificate
    NOTED = "noted"
    IMPORTED = "imported"  # a bundle
    SENT = "sent"  # an outbox
    TYPED = "typed"  # a report that came on paper or by a visit
    HELD = "held"  # a case, beyond its time
    LIFTED = "lifted"  # that hold
    PURGED = "purged"  # a closed case, or a copy of one that another station answers, when its time had come
    EXPORTED = "exported"  # the log itself
    SAVED = "saved"  # an original outside the vault; its place in the case
    PASSED = "passed"  # a cleaned copy
    REFERRED = "referred"  # what was approved to go to another unit
    RESENT = "resent"
    HALTED = "halted"  # a parcel on its way: the reporter wrote
    RESUMED = "resumed"  # two people let the rest of it go
    PRINTED = "printed"  # a covering letter
    CAME = "came"  # a case that another unit passed on
    HEARD = "heard"  # where a case stands with its recipient


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `case` is 0 where it is about none; `detail` names statuses or numbers, never words."""

    number: int
    day: int
    who: str
    deed: str
    case: int
    detail: str
    hash: bytes


def note(transaction: sa.Connection, who: str, deed: Deed, *, day: int, case: int = 0, detail: str = "") -> None:
    """Append one entry."""
    number, before = _last(transaction)
    fields = (number + 1, day, who, deed.value, case, detail)
    digest = chained(before, *fields)
    transaction.execute(
        sa.insert(log).values(number=number + 1, day=day, who=who, deed=deed.value, case_id=case, detail=detail,
                              hash=digest)
    )  # fmt: skip
    write_meta(transaction, _HEAD, f"{number + 1} {digest.hex()}")


def entries(transaction: sa.Connection, after: int = 0) -> tuple[Entry, ...]:
    """Return the entries above a number, oldest first."""
    query = sa.select(log).where(log.c.number > after).order_by(log.c.number)
    return tuple(
        Entry(row.number, row.day, row.who, row.deed, row.case_id, row.detail, row.hash)
        for row in transaction.execute(query)
    )


def check(transaction: sa.Connection) -> int:
    """Follow the chain from its first entry to the head that the vault remembers; return how many there are.

    Raises Tampered where an entry was changed, taken out, put in, or cut off the end.
    """
    found = entries(transaction)
    check_chain(found)
    number, digest = _last(transaction)
    if (found[-1].number, found[-1].hash) != (number, digest) if found else number != 0:
        raise Tampered("log: it ends elsewhere than the vault remembers")
    return len(found)


def check_chain(found: Sequence[Entry], first: int = 1, before: bytes = FIRST) -> None:
    """Demand that entries follow each other without a gap from a number and the hash before it; raises Tampered."""
    for place, entry in enumerate(found, first):
        if entry.number != place:
            raise Tampered(f"log: entry {place} is missing")
        fields = (entry.number, entry.day, entry.who, entry.deed, entry.case, entry.detail)
        if chained(before, *fields) != entry.hash:
            raise Tampered(f"log: entry {entry.number} was changed")
        before = entry.hash


def chained(before: bytes, *fields: object) -> bytes:
    """Return the 64-byte hash of an entry that follows another one."""
    return hashlib.sha512(label("senyap/v1/audit-entry") + before + canonical_json({"e": list(fields)})).digest()


def export(found: Sequence[Entry], station: str, auditor: SealingKey, signing: SigningKey) -> list[bytes]:
    """Seal a whole log to the auditor and sign it, in parts that follow each other; there is at least one."""
    return [_export_part(found, at, station, auditor, signing) for at in range(0, max(len(found), 1), PART_ENTRIES)]


def _export_part(found: Sequence[Entry], at: int, station: str, auditor: SealingKey, signing: SigningKey) -> bytes:
    lines = [[e.number, e.day, e.who, e.deed, e.case, e.detail, e.hash.hex()] for e in found[at : at + PART_ENTRIES]]
    part = {
        "station": station,
        "before": (found[at - 1].hash if at else FIRST).hex(),
        "total": found[-1].number if found else 0,
        "entries": lines,
    }
    sealed = auditor.seal(_info(station), canonical_json(part))
    if len(sealed) > _MOST_BYTES:
        raise Malformed(f"log: {len(sealed)} bytes, want {_MOST_BYTES} or fewer")
    return build_envelope(sealed, MAGIC, PURPOSE, {0: signing})


@dataclass(frozen=True, slots=True)
class _Part:
    """One exported file: the hash of the entry before it, and how many entries the whole log had."""

    before: bytes
    total: int
    entries: tuple[Entry, ...]

    @property
    def first(self) -> int:
        return self.entries[0].number if self.entries else 1


def read_export(files: Iterable[bytes], station: str, key: VerifyingKey, auditor: OpeningKey) -> tuple[Entry, ...]:
    """Verify, open and follow an exported log, whose files may come in any order.

    Raises Malformed (also for files of two exports), BadSignature, NotForThisKey for another auditor's, Tampered (also
    for entries that are missing: it says which).
    """
    parts = sorted((_open_part(data, station, key, auditor) for data in files), key=lambda part: part.first)
    if len({part.total for part in parts}) != 1:
        raise Malformed("log: want the files of one export")
    wanted, before = 1, FIRST
    for part in parts:
        if part.first < wanted:
            raise Malformed(f"log: entry {part.first} stands in two files")
        _demand(wanted, part.first - 1)
        if part.before != before:
            raise Tampered(f"log: entry {part.first} does not follow the one before")
        check_chain(part.entries, part.first, before)
        if part.entries:
            wanted, before = part.entries[-1].number + 1, part.entries[-1].hash
    _demand(wanted, parts[0].total)
    if wanted - 1 != parts[0].total:
        raise Tampered(f"log: it goes beyond entry {parts[0].total}, where it ends")
    return tuple(entry for part in parts for entry in part.entries)


def _demand(first: int, last: int) -> None:
    if first <= last:
        raise Tampered(f"log: entries {first} to {last} are missing")


def _open_part(data: bytes, station: str, key: VerifyingKey, auditor: OpeningKey) -> _Part:
    envelope = parse_envelope(data, MAGIC, "log")
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("log: want one signature, by signer 0")
    key.verify(PURPOSE, envelope.body, envelope.signatures[0][1])
    opened = parse_json(auditor.open(_info(station), envelope.body), "log")
    value = expect(opened, "log", {"station": str, "before": str, "total": int, "entries": list})
    if value["station"] != station:
        raise Malformed("log: of another station")
    entries = tuple(_parse(item) for item in value["entries"])
    return _Part(_hash(value["before"]), value["total"], entries)


def _parse(item: Any) -> Entry:
    if type(item) is not list or [type(x) for x in item] != [int, int, str, str, int, str, str]:
        raise Malformed("log: an entry is not number, day, who, deed, case, detail, hash")
    number, day, who, deed, case, detail, digest = item
    return Entry(number, day, who, deed, case, detail, _hash(digest))


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Malformed("log: a hash is not hex") from None


def _last(transaction: sa.Connection) -> tuple[int, bytes]:
    number, _, digest = (read_meta(transaction, _HEAD) or f"0 {FIRST.hex()}").partition(" ")
    return int(number), bytes.fromhex(digest)


def _info(station: str) -> bytes:
    return label("senyap/v1/audit-log") + station.encode("ascii")
