"""Sharing: k of n join, k−1 hold nothing, and a record holds exactly what its member is due."""

import itertools
from dataclasses import replace
from functools import reduce
from math import comb

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import sharing
from crypto.errors import Malformed
from crypto.sharing import Share, build_share, join, parse_share, split

QUICK = settings(max_examples=60, deadline=None)
QUORUMS = [(k, n) for n in range(1, 8) for k in range(1, n + 1) if (k, n) != (4, 7)]
SECRET = bytes(range(32))


def xor(pieces: list[bytes]) -> bytes:
    return reduce(lambda a, b: bytes(x ^ y for x, y in zip(a, b, strict=True)), pieces)


@pytest.mark.parametrize("vector", vectors.load("sharing"))
def test_vector(vector: vectors.Vector) -> None:
    with vector.outcome():
        share = parse_share(vector["data"])
        k, n = map(int, vector.get("quorum").split())
        assert (share.k, share.n, share.member) == (k, n, int(vector.get("member")))
        assert share.group == int(vector.get("group"))
        assert build_share(share) == vector["data"]
        if k == 1:
            assert join([share]) == vector["secret"]


@pytest.mark.parametrize(("k", "n"), QUORUMS)
def test_exactly_the_subsets_of_k_or_more_join(k: int, n: int) -> None:
    shares = split(SECRET, k, n)
    for size in range(n + 1):
        for present in itertools.combinations(shares, size):
            assert join(present) == (SECRET if size >= k else None)


@pytest.mark.parametrize(("k", "n"), QUORUMS)
def test_k_minus_one_members_lack_a_part_that_is_uniformly_random(k: int, n: int) -> None:
    """The part numbered by exactly these members is absent; every other secret fits what they hold."""
    shares = split(SECRET, k, n)
    subsets = list(itertools.combinations(range(n), k - 1))
    whole = {index: piece for share in shares for index, piece in share.parts}
    assert sorted(whole) == list(range(len(subsets)))
    assert xor(list(whole.values())) == SECRET
    for number, absent in enumerate(subsets):
        held = {index: piece for m in absent for index, piece in shares[m].parts}
        assert number not in held
        if held:
            other = xor([SECRET, whole[number], bytes([1] * 32)])  # any other secret has its own missing part
            assert whole.keys() - held.keys() >= {number} and other != whole[number]


def test_the_part_that_is_missing_differs_from_split_to_split() -> None:
    for k, n in ((1, 1), (2, 2), (2, 3), (3, 5)):
        first, second = (dict(p for s in split(SECRET, k, n) for p in s.parts) for _ in range(2))
        if k > 1:
            assert all(first[i] != second[i] for i in first)
        assert xor(list(first.values())) == xor(list(second.values())) == SECRET


@pytest.mark.parametrize(("k", "n"), QUORUMS)
def test_every_part_is_drawn_but_one_which_completes_the_secret(k: int, n: int) -> None:
    drawn: list[bytes] = []

    def draw(size: int) -> bytes:
        drawn.append(bytes([len(drawn) + 1]) * size)
        return drawn[-1]

    parts = dict(p for s in split(SECRET, k, n, random=draw) for p in s.parts)
    assert len(drawn) == comb(n, k - 1) - 1
    assert [parts[i] for i in range(len(drawn))] == drawn
    assert parts[len(drawn)] == xor([SECRET, *drawn])


@pytest.mark.parametrize(("k", "n"), [(4, 7), (0, 3), (4, 3), (1, 0), (1, 8), (8, 8), (-1, 2)])
def test_an_impossible_quorum_is_refused(k: int, n: int) -> None:
    with pytest.raises(Malformed):
        split(SECRET, k, n)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_has_32_bytes(size: int) -> None:
    with pytest.raises(Malformed):
        split(bytes(size), 2, 3)


@QUICK
@given(st.sampled_from(QUORUMS), st.binary(min_size=32, max_size=32), st.integers(0, 7), st.randoms())
def test_records_go_there_and_back_and_join(quorum: tuple[int, int], secret: bytes, group: int, dice) -> None:
    records = [build_share(share) for share in split(secret, *quorum, group=group)]
    assert {len(record) for record in records} == {sharing.RECORD_BYTES}
    shares = [parse_share(record) for record in records]
    assert join(dice.sample(shares, quorum[0])) == secret


@QUICK
@given(st.sampled_from(QUORUMS), st.integers(0, 511), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_gives_another_share(quorum: tuple[int, int], at: int, change: int) -> None:
    share = split(SECRET, *quorum)[-1]
    record = bytearray(build_share(share))
    record[at] ^= change
    try:
        other = parse_share(bytes(record))
    except Malformed:
        return
    assert other != share and build_share(other) == bytes(record)


def test_records_of_one_group_must_agree() -> None:
    a, b, c = split(SECRET, 2, 3)
    index, piece = b.parts[0]
    for wrong in (
        replace(b, k=1),
        replace(b, n=4),
        replace(b, group=1),
        replace(b, member=0),
        replace(c, parts=((c.parts[0][0], bytes(32)), *c.parts[1:])),
    ):
        with pytest.raises(Malformed):
            join([a, b, wrong] if wrong.member == 2 else [a, wrong])
    assert (index, piece) in b.parts


def test_nobody_joins_nothing() -> None:
    assert join([]) is None


def test_one_member_twice_does_not_make_two() -> None:
    share = split(SECRET, 2, 3)[0]
    with pytest.raises(Malformed):
        join([share, share])


def test_a_share_does_not_show_its_parts() -> None:
    share = Share(0, 1, 1, 0, ((0, b"r" * 32),))
    assert "rrrr" not in repr(share)
    with pytest.raises(Malformed) as caught:
        parse_share(build_share(share)[:-1] + b"\x01")
    assert "rrrr" not in str(caught.value)
