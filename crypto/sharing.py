"""Replicated XOR sharing of a 32-byte secret: any k of n members, never k-1 (formats §2).

parts   one for each (k-1)-subset of the members 0…n-1, in lexicographic order
part i  is withheld from exactly the members of subset i;  secret = XOR of all parts
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import comb

from crypto.encoding import Reader
from crypto.errors import Malformed

SECRET_BYTES = 32
RECORD_BYTES = 512
MAX_MEMBERS = 7
MAX_PARTS = 15  # what a 512-byte record holds


@dataclass(frozen=True, slots=True)
class Share:
    """What one member holds: the parts whose subset does not name this member."""

    group: int
    k: int
    n: int
    member: int
    parts: tuple[tuple[int, bytes], ...] = field(repr=False)


def parts_each(k: int, n: int) -> int:
    """Return how many parts one member of k-of-n holds."""
    return comb(n - 1, k - 1)


def check_quorum(k: int, n: int) -> None:
    """Refuse a k-of-n that no record can hold (4-of-7) or that makes no sense; raises Malformed."""
    if not 1 <= k <= n <= MAX_MEMBERS:
        raise Malformed(f"quorum: {k} of {n}, want 1 ≤ k ≤ n ≤ {MAX_MEMBERS}")
    if parts_each(k, n) > MAX_PARTS:
        raise Malformed(f"quorum: {k} of {n} needs {parts_each(k, n)} parts, a record holds {MAX_PARTS}")


@lru_cache(maxsize=64)
def _due(k: int, n: int) -> tuple[tuple[int, ...], ...]:
    subsets = list(itertools.combinations(range(n), k - 1))
    return tuple(tuple(i for i, s in enumerate(subsets) if m not in s) for m in range(n))


def split(
    secret: bytes, k: int, n: int, *, group: int = 0, random: Callable[[int], bytes] = os.urandom
) -> tuple[Share, ...]:
    """Split 32 bytes into n shares, in member order; raises Malformed for an impossible quorum."""
    check_quorum(k, n)
    if len(secret) != SECRET_BYTES:
        raise Malformed(f"secret: {len(secret)} bytes, want {SECRET_BYTES}")
    pieces = [random(SECRET_BYTES) for _ in range(comb(n, k - 1) - 1)]
    pieces.append(_xor([secret, *pieces]))
    return tuple(Share(group, k, n, m, tuple((i, pieces[i]) for i in _due(k, n)[m])) for m in range(n))


def join(shares: Sequence[Share]) -> bytes | None:
    """Return the secret when k members are present, None when fewer are.

    Raises Malformed when shares of one group disagree in k, n or a part, or one member comes twice.
    """
    if not shares:
        return None
    first = shares[0]
    parts: dict[int, bytes] = {}
    for share in shares:
        if (share.group, share.k, share.n) != (first.group, first.k, first.n):
            raise Malformed("shares: records of one group disagree in their quorum")
        for index, piece in share.parts:
            if parts.setdefault(index, piece) != piece:
                raise Malformed("shares: records of one group disagree in a part")
    if len({share.member for share in shares}) != len(shares):
        raise Malformed("shares: one member comes twice")
    if len(shares) < first.k:
        return None
    return _xor(list(parts.values()))


def build_share(share: Share) -> bytes:
    """Build the 512-byte record of one share."""
    head = bytes([share.group, share.k, share.n, share.member, len(share.parts), 0, 0, 0])
    return (head + b"".join(bytes([i]) + p for i, p in share.parts)).ljust(RECORD_BYTES, b"\0")


def parse_share(data: bytes) -> Share:
    """Parse a 512-byte record; raises Malformed unless it holds exactly the parts its member is due."""
    reader = Reader(data, "share")
    if len(data) != RECORD_BYTES:
        raise Malformed(f"share: {len(data)} bytes, want {RECORD_BYTES}")
    group, k, n, member, count = (reader.number("B") for _ in range(5))
    reader.zeros(3)
    check_quorum(k, n)
    if group > 7 or member >= n:
        raise Malformed("share: group or member out of range")
    if count != parts_each(k, n):
        raise Malformed(f"share: {count} parts, want {parts_each(k, n)}")
    parts = tuple((reader.number("B"), reader.take(SECRET_BYTES)) for _ in range(count))
    if tuple(i for i, _ in parts) != _due(k, n)[member]:
        raise Malformed("share: parts are not those its member is due")
    reader.zeros(RECORD_BYTES - 8 - count * (1 + SECRET_BYTES))
    return Share(group, k, n, member, parts)


def _xor(pieces: Sequence[bytes]) -> bytes:
    total = 0
    for piece in pieces:
        total ^= int.from_bytes(piece, "big")
    return total.to_bytes(SECRET_BYTES, "big")
