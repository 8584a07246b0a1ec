"""Rows that wait: for more reviewers of their unit, or because they are of a week far from their bundle's.

A reviewer who was present has looked for a share. What was found is kept, sealed once more to that reviewer's
newest weekly key, so that the key of the row's own week can be erased (formats §7). Opening still takes k reviewers:
a kept share opens for its owner alone.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from crypto import row
from crypto.encoding import label
from crypto.errors import NotForThisKey
from crypto.row import Waiting
from crypto.sharing import Share, build_share, parse_share
from crypto.xwing import OpeningKey, SealingKey
from keys.keyring import Keyring, epoch_file, kept_epochs
from station.home import Home
from station.openers import Result, open_one
from station.tables import Outcome, erased_keys, held_rows, held_shares


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one held row, and whose keys have been tried on it by now."""

    digest: bytes
    epoch: int
    result: Result = field(repr=False)
    names: frozenset[str]


def count_tried(transaction: sa.Connection) -> int:
    """Return how many rows wait for more reviewers than have looked at them."""
    query = sa.select(sa.func.count()).select_from(held_rows).where(held_rows.c.tried != "")
    return transaction.scalar(query) or 0


def weeks_with_keys(transaction: sa.Connection, home: Home) -> frozenset[int]:
    """Return the epochs of which a key lies here, or was made by a reviewer of this unit and never erased here.

    A row of any other week is sealed to nobody here, or to keys that are gone: it opens on no day.
    """
    gone = {(each.reviewer, each.epoch) for each in transaction.execute(sa.select(erased_keys))}
    made = {
        (batch.reviewer, epoch)
        for batch in home.ledger.batches
        if batch.reviewer in home.members
        for epoch in range(batch.first_epoch, batch.last_epoch + 1)
    }
    kept = {epoch for folder in home.keyring.iterdir() if folder.is_dir() for epoch in kept_epochs(folder)}
    return frozenset(kept | {epoch for _, epoch in made - gone})


class Held:
    """The held rows of a vault, before the reviewers who are present."""

    def __init__(
        self,
        transaction: sa.Connection,
        rings: tuple[Keyring, ...],
        find_keys: Callable[[int], Mapping[str, OpeningKey]],
    ) -> None:
        self._transaction, self._rings, self._find_keys = transaction, rings, find_keys
        self._newest: dict[str, tuple[int, SealingKey]] = {}

    def retry(self) -> Iterator[Tried]:
        """Try every held row again; who comes back as Waiting stays, any other was let go."""
        for digest in self._transaction.scalars(sa.select(held_rows.c.digest)).all():
            found = self._transaction.execute(sa.select(held_rows).where(held_rows.c.digest == digest)).one()
            tried = self._open(found)
            if not isinstance(tried.result, Waiting):
                self._transaction.execute(sa.delete(held_rows).where(held_rows.c.digest == digest))
                self._transaction.execute(sa.delete(held_shares).where(held_shares.c.digest == digest))
            yield tried

    def keep(self, digest: bytes, raw: bytes, epoch: int, *, untried: bool = False) -> None:
        """Keep a row raw, with the shares that the present reviewers find in it unless it is `untried`."""
        held = sa.insert(held_rows).prefix_with("OR IGNORE")
        self._transaction.execute(held.values(digest=digest, raw=raw, epoch=epoch, tried=""))
        if not untried:
            self._take_shares(digest, raw, self._find_keys(epoch))

    def reseal(self) -> None:
        """Seal the kept shares of the present reviewers to their newest weekly keys."""
        for ring in self._rings:
            newest = max(kept_epochs(ring.folder), default=None)
            old = sa.select(held_shares).where(held_shares.c.reviewer == ring.reviewer, held_shares.c.epoch != newest)
            for kept in self._transaction.execute(old).all() if newest is not None else ():
                share = _open_share(ring, kept)
                if share is not None:
                    self._store(kept.digest, ring, share)

    def count(self) -> int:
        """Return how many rows are held."""
        return self._transaction.scalar(sa.select(sa.func.count()).select_from(held_rows)) or 0

    def _open(self, found: sa.Row[Any]) -> Tried:
        """Try one row with the present reviewers' kept shares, and with the keys of those who have none."""
        keys = self._find_keys(found.epoch)
        kept = self._transaction.execute(sa.select(held_shares).where(held_shares.c.digest == found.digest)).all()
        rings = {ring.reviewer: ring for ring in self._rings}
        opened = {k.reviewer: _open_share(rings[k.reviewer], k) for k in kept if k.reviewer in rings}
        known = {name: share for name, share in opened.items() if share is not None}
        fresh = {name: key for name, key in keys.items() if name not in known}
        result = open_one(found.raw, fresh, tuple(known.values()))
        if result is Outcome.FOREIGN and (kept or not keys):
            result = Waiting(())  # somebody who is away has a share, or nobody here could look
        if isinstance(result, Waiting):
            self._take_shares(found.digest, found.raw, fresh)
        return Tried(found.digest, found.epoch, result, _names(found.tried) | set(keys))

    def _take_shares(self, digest: bytes, raw: bytes, keys: Mapping[str, OpeningKey]) -> None:
        """Note whose keys were tried on a row, and keep the shares they found."""
        for ring in self._rings:
            if ring.reviewer in keys:
                with contextlib.suppress(NotForThisKey):
                    self._store(digest, ring, row.find_share(raw, keys[ring.reviewer]))
        of_row = held_rows.c.digest == digest
        before = _names(self._transaction.scalar(sa.select(held_rows.c.tried).where(of_row)) or "")
        tried = ",".join(sorted(before.union(keys)))
        self._transaction.execute(sa.update(held_rows).where(of_row).values(tried=tried))

    def _store(self, digest: bytes, ring: Keyring, share: Share) -> None:
        epoch, key = self._newest_key(ring)
        sealed = key.seal(_info(digest), build_share(share))
        statement = sa.insert(held_shares).prefix_with("OR REPLACE")
        self._transaction.execute(statement.values(digest=digest, reviewer=ring.reviewer, epoch=epoch, sealed=sealed))

    def _newest_key(self, ring: Keyring) -> tuple[int, SealingKey]:
        """Return a reviewer's newest weekly key; the caller has just used one, so there is one."""
        if ring.reviewer not in self._newest:
            epoch = kept_epochs(ring.folder)[-1]
            key = ring.opening_key(epoch)
            if key is None:
                raise FileNotFoundError(
                    errno.ENOENT, "a weekly key went while it was in use", epoch_file(ring.folder, epoch)
                )
            self._newest[ring.reviewer] = epoch, key.public
        return self._newest[ring.reviewer]


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in text.split(",") if name)


def _open_share(ring: Keyring, kept: sa.Row[Any]) -> Share | None:
    """Return a share that was kept for a reviewer, None when its key is gone."""
    key = ring.opening_key(kept.epoch)
    if key is None:
        return None
    try:
        return parse_share(key.open(_info(kept.digest), kept.sealed))
    except NotForThisKey:
        return None


def _info(digest: bytes) -> bytes:
    return label("senyap/v1/held-share") + digest
