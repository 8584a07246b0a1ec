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
_MOST_BYTES = 4 * 1024 * 1024  # of an envelope


class Deed(enum.StrEnum):
    """What can stand in the log."""

    OPENED = "opened"  # the desk, by these reviewers
    CLOSED = "closed"
    STATED = "stated"  # that there is no conflict of interest, or one
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
    PURGED = "purged"  # a closed case, when its time had come
    EXPORTED = "exported"  # the log itself
    SAVED = "saved"  # an original outside the vault; its place in the case
    PASSED = "passed"  # a cleaned copy
    REFERRED = "referred"  # what was approved to go to another unit
    RESENT = "resent"
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


def check_chain(found: Sequence[Entry]) -> None:
    """Demand that entries follow each other without a gap from the first one; raises Tampered."""
    before = FIRST
    for place, entry in enumerate(found, 1):
        if entry.number != place:
            raise Tampered(f"log: entry {place} is missing")
        fields = (entry.number, entry.day, entry.who, entry.deed, entry.case, entry.detail)
        if chained(before, *fields) != entry.hash:
            raise Tampered(f"log: entry {entry.number} was changed")
        before = entry.hash


def chained(before: bytes, *fields: object) -> bytes:
    """Return the 64-byte hash of an entry that follows another one."""
    return hashlib.sha512(label("senyap/v1/audit-entry") + before + canonical_json({"e": list(fields)})).digest()


def export(found: Iterable[Entry], station: str, auditor: SealingKey, signing: SigningKey) -> bytes:
    """Seal a whole log to the auditor and sign it."""
    lines = [[e.number, e.day, e.who, e.deed, e.case, e.detail, e.hash.hex()] for e in found]
    sealed = auditor.seal(_info(station), canonical_json({"station": station, "entries": lines}))
    if len(sealed) > _MOST_BYTES:
        raise Malformed(f"log: {len(sealed)} bytes, want {_MOST_BYTES} or fewer")
    return build_envelope(sealed, MAGIC, PURPOSE, {0: signing})


def read_export(data: bytes, station: str, key: VerifyingKey, auditor: OpeningKey) -> tuple[Entry, ...]:
    """Verify, open and follow an exported log.

    Raises Malformed, BadSignature, NotForThisKey for another auditor's, Tampered.
    """
    envelope = parse_envelope(data, MAGIC, "log")
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("log: want one signature, by signer 0")
    key.verify(PURPOSE, envelope.body, envelope.signatures[0][1])
    value = expect(
        parse_json(auditor.open(_info(station), envelope.body), "log"), "log", {"station": str, "entries": list}
    )
    if value["station"] != station:
        raise Malformed("log: of another station")
    found = tuple(_parse(item) for item in value["entries"])
    check_chain(found)
    return found


def _parse(item: Any) -> Entry:
    if type(item) is not list or [type(x) for x in item] != [int, int, str, str, int, str, str]:
        raise Malformed("log: an entry is not number, day, who, deed, case, detail, hash")
    number, day, who, deed, case, detail, digest = item
    try:
        return Entry(number, day, who, deed, case, detail, bytes.fromhex(digest))
    except ValueError:
        raise Malformed("log: a hash is not hex") from None


def _last(transaction: sa.Connection) -> tuple[int, bytes]:
    number, _, digest = (read_meta(transaction, _HEAD) or f"0 {FIRST.hex()}").partition(" ")
    return int(number), bytes.fromhex(digest)


def _info(station: str) -> bytes:
    return label("senyap/v1/audit-log") + station.encode("ascii")
