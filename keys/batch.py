"""Epoch key batches: each reviewer's sealing key of each week, signed by that reviewer (formats §6)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from crypto.encoding import b64, canonical_json, expect, expect_list, parse_json, unb64
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import Malformed
from crypto.row import MAX_EPOCH, OBJECT_ID_BYTES, Decoys, Kind, Readers, Record, seal_row
from crypto.signing import SigningKey, VerifyingKey
from crypto.xwing import PUBLIC_BYTES, SealingKey
from keys.errors import BrokenChain, Expired, KeyAlarm
from keys.roster import Roster

MAGIC = b"SNYK"
PURPOSE = "senyap/v1/batch"
MAX_EPOCHS = 106  # two years of weeks
_MOST_DRAWS = 1_000
_DICE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive epochs of one reviewer, from `first_epoch` on."""

    deployment: str
    reviewer: str
    first_epoch: int
    keys: tuple[SealingKey, ...]
    roster_version: int
    raw: bytes = field(repr=False, default=b"", compare=False)

    @property
    def last_epoch(self) -> int:
        """The last epoch that has a key."""
        return self.first_epoch + len(self.keys) - 1


def sign_batch(batch: Batch, key: SigningKey) -> bytes:
    """Build the signed file of a batch."""
    body = canonical_json(
        {
            "deployment": batch.deployment,
            "reviewer": batch.reviewer,
            "first_epoch": batch.first_epoch,
            "count": len(batch.keys),
            "keys": [b64(k.raw) for k in batch.keys],
            "roster_version": batch.roster_version,
        }
    )
    return build_envelope(body, MAGIC, PURPOSE, {0: key})


def verify_batch(data: bytes, roster: Roster) -> Batch:
    """Parse a batch and verify it against the roster; raises Malformed, BadSignature, BrokenChain, KeyAlarm."""
    return verify_batch_of(data, roster, {m.id: m.key for m in roster.members.values()})


def verify_batch_of(data: bytes, roster: Roster, signers: Mapping[str, VerifyingKey]) -> Batch:
    """Verify a batch of reviewers who are not in the roster yet; `signers` are their keys. Raises as above."""
    envelope = parse_envelope(data, MAGIC, "batch")
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("batch: want one signature, by signer 0")
    batch = parse_batch(envelope.body)
    if batch.deployment != roster.deployment:
        raise BrokenChain("batch: of another deployment")
    if batch.roster_version > roster.version:
        raise BrokenChain(f"batch: made for roster version {batch.roster_version}, in use is {roster.version}")
    signer = signers.get(batch.reviewer)
    if signer is None:
        raise BrokenChain("batch: its reviewer is not in the roster")
    signer.verify(PURPOSE, envelope.body, envelope.signatures[0][1])
    return replace(batch, raw=data)


@lru_cache(maxsize=256)  # public keys; loading each takes a trial seal, and a home is loaded again for each change
def parse_batch(body: bytes) -> Batch:
    """Parse the JSON body; raises Malformed, or KeyAlarm when one key stands for two epochs."""
    value = expect(
        parse_json(body, "batch"),
        "batch",
        {"deployment": str, "reviewer": str, "first_epoch": int, "count": int, "keys": list, "roster_version": int},
    )
    texts = expect_list(value["keys"], "batch: keys", str)
    if len(texts) != value["count"] or not 1 <= len(texts) <= MAX_EPOCHS:
        raise Malformed(f"batch: {len(texts)} keys, want {value['count']} and 1 to {MAX_EPOCHS}")
    if value["first_epoch"] > MAX_EPOCH - MAX_EPOCHS:
        raise Malformed("batch: first_epoch is out of range")
    if len(set(texts)) != len(texts):
        raise KeyAlarm("batch: one key stands for two epochs")
    keys = tuple(SealingKey.parse(unb64(text, PUBLIC_BYTES, "batch: key")) for text in texts)
    return Batch(value["deployment"], value["reviewer"], value["first_epoch"], keys, value["roster_version"])


class KeyTable:
    """The sealing keys of all reviewers in force under one roster."""

    def __init__(self, roster: Roster, batches: Iterable[Batch] = ()) -> None:
        self.roster = roster
        self._keys: dict[tuple[str, int], SealingKey] = {}
        self._seen: dict[bytes, tuple[str, int]] = {}
        for batch in batches:
            self.add(batch)

    def add(self, batch: Batch) -> None:
        """Take a verified batch; the same key again is nothing, another key for an epoch is a KeyAlarm."""
        for offset, key in enumerate(batch.keys):
            place = (batch.reviewer, batch.first_epoch + offset)
            if self._keys.get(place, key).raw != key.raw:
                raise KeyAlarm(f"batch: a second key for epoch {place[1]} of one reviewer")
            if self._seen.get(key.raw, place) != place:
                raise KeyAlarm("batch: a key that stands elsewhere already")
        for offset, key in enumerate(batch.keys):
            place = (batch.reviewer, batch.first_epoch + offset)
            self._keys[place] = key
            self._seen[key.raw] = place

    def readers(self, group_ids: Iterable[str], epoch: int) -> tuple[Readers, ...]:
        """Return what a row is sealed to: all members of each group, never a part of them.

        Raises Expired when any member's key of this epoch is missing.
        """
        out = []
        for group_id in group_ids:
            group = self.roster.group(group_id)
            keys = [self._keys.get((m.id, epoch)) for m in group.members]
            present = tuple(key for key in keys if key is not None)
            if not present or len(present) != len(keys):
                raise Expired(f"batch: {len(present)} of {len(keys)} keys of one group for epoch {epoch}")
            out.append(Readers(group.k, present))
        return tuple(out)

    def last_epoch(self, group_id: str) -> int:
        """Return the last epoch in which every member of a group has a key, or -1."""
        members = [m.id for m in self.roster.group(group_id).members]
        epochs = [{e for (who, e) in self._keys if who == m} for m in members]
        common = set.intersection(*epochs) if epochs else set()
        return max(common, default=-1)

    def lapsed(self, epoch: int) -> frozenset[str]:
        """Return the groups with reviewers of whom one at least has no key of this epoch."""
        return frozenset(g.id for g in self.roster.groups if any((m.id, epoch) not in self._keys for m in g.members))

    def draw_cover(self, epoch: int, decoys: Decoys) -> bytes:
        """Seal one cover row to real readers, drawn from the routing by the roster's weights.

        A draw that a report could not be sealed for is drawn again. Raises Expired when all are.
        """
        weights, lapsed = self.roster.cover_weights, self.lapsed(epoch)
        for _ in range(_MOST_DRAWS):
            area, level = _draw(weights["areas"]), _draw(weights["levels"])
            excluded = self.roster.excluded(area, [_draw(weights["exclusions"])])
            chosen = self.roster.route(area, level, excluded, lapsed)
            if chosen and not lapsed.intersection(chosen):
                record = Record(Kind.COVER, os.urandom(OBJECT_ID_BYTES), 0, 0, b"")
                return seal_row(self.readers(chosen, epoch), epoch, record, decoys)
        raise Expired("cover: the weighted routes lead to no group whose keys are in force")


def _draw(weights: Mapping[str, int]) -> str:
    return _DICE.choices(list(weights), list(weights.values()))[0]
