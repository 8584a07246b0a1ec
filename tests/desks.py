"""What the tests of `keys` share: small public folders, made from the keys of tests/make_vectors.py."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from make_vectors import EPOCH, opener, roots, signer, small_batch, small_roster

from crypto import medium
from keys.batch import sign_batch
from keys.ledger import Ledger, write_ledger
from keys.roster import Group, Member, Root, Roster
from keys.rosterfile import root_pin, sign_roster, verify_roster

WEEKS = 2


@cache
def batch_of(reviewer: str, first: int = EPOCH, weeks: int = WEEKS, version: int = 1) -> bytes:
    """Return the signed batch of a test reviewer: the same bytes at each call."""
    keys = tuple(opener(f"{reviewer} {epoch}").public for epoch in range(first, first + weeks))
    batch = small_batch(reviewer=reviewer, first_epoch=first, keys=keys, roster_version=version)
    return sign_batch(batch, signer(reviewer))


@cache
def first_file() -> bytes:
    """Return the first roster, signed by roots 1 and 2: the same bytes at each call."""
    return sign_roster(small_roster(), roots(1, 2))


@cache
def first() -> Roster:
    """Return that roster as everybody reads it, with the bytes that were signed."""
    return verify_roster(first_file(), previous=None, pin=pin_of(small_roster()), today=None)


def pin_of(roster: Roster) -> bytes:
    return root_pin(roster.roots, roster.root_k)


def make_ledger(folder: Path, batches: Iterable[bytes] | None = None) -> Ledger:
    """Write and load the public folder of the small deployment, by default with everybody's batch."""
    made = [batch_of(name) for name in small_roster().members] if batches is None else list(batches)
    write_ledger(folder, pin_of(small_roster()), first_file(), made)
    return Ledger.load(folder)


def after(old: Roster, **changes: Any) -> Roster:
    """Return the successor of a roster, unsigned."""
    return replace(old, version=old.version + 1, previous=old.hash, raw=b"", **changes)


def signed(roster: Roster, *numbers: int) -> bytes:
    return sign_roster(roster, roots(*(numbers or (1, 2))))


def root_set(*numbers: int) -> tuple[Root, ...]:
    return tuple(Root(n, signer(f"root {n}").public) for n in numbers)


def member(name: str) -> Member:
    return Member(name, signer(name).public)


def with_group(old: Roster, group_id: str, **changes: Any) -> tuple[Group, ...]:
    return tuple(replace(g, **changes) if g.id == group_id else g for g in old.groups)


def picture(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, half-written ones included."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class Breaks:
    """Lets the n-th write and all later ones fail, as a full disk does. `writes` counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.writes, self._at, self._write = 0, at, medium.write_file
        monkeypatch.setattr(medium, "write_file", self._maybe)

    def _maybe(self, path: Path, pieces: Any, *, mode: int = 0o600) -> None:
        self.writes += 1
        if self.writes >= self._at:
            raise OSError(28, "No space left on device", str(path))
        self._write(path, pieces, mode=mode)
