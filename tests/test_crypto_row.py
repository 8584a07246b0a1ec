"""Rows: 262,144 bytes that open for k of n, for nobody else, and in one way only."""

import itertools
import os
import struct
from dataclasses import replace

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import EPOCH, opener

from crypto import row, sharing
from crypto.encoding import label
from crypto.errors import CryptoError, Malformed, NotForThisKey, Tampered
from crypto.row import Kind, Readers, Record, Waiting
from crypto.xwing import OpeningKey

QUICK = settings(max_examples=15, deadline=None)
DECOYS = row.Decoys(3)
RECORD = Record(Kind.LETTER, bytes(range(16)), 0, 1, b"what the reporter says")
KEYS = [opener(f"reader {i}") for i in range(8)]


def readers(k: int, *members: int) -> Readers:
    return Readers(k, tuple(KEYS[m].public for m in members))


@pytest.mark.parametrize("vector", vectors.load("row", "open"))
def test_vector(vector: vectors.Vector) -> None:
    keys = [OpeningKey.from_seed(vector[f"seed_{name}"]) for name in vector.get("keys").split()]
    with vector.outcome():
        found = row.open_row(vector["row"], keys)
        if vector.expect == "Waiting":
            assert isinstance(found, Waiting) and len(found.shares) == len(keys)
        else:
            assert row.build_record(found)[:64] == vector["record_head"]
            assert found.data == vector["data"]
            assert row.row_epoch(vector["row"]) == EPOCH


@pytest.mark.parametrize("vector", vectors.load("row", "record"))
def test_vector_record(vector: vectors.Vector) -> None:
    size = int(vector.get("pad", str(row.RECORD_BYTES)))
    data = vector["record"].ljust(size, b"\0")
    with vector.outcome():
        if vector["record"][:1] == b"\0":
            data = data[:28].ljust(size, b"\0")
        assert row.build_record(row.parse_record(data)) == data


def test_the_sizes_are_those_of_the_format() -> None:
    assert (row.ROW_BYTES, row.SLOT_BYTES, row.FRONT_BYTES) == (262_144, 1_648, 32 + 13_184)
    assert (row.BODY_BYTES, row.RECORD_BYTES, row.MAX_DATA_BYTES) == (248_896, 248_880, 248_816)
    sealed = row.seal_row([readers(1, 0)], EPOCH, RECORD, DECOYS)
    assert len(sealed) == row.ROW_BYTES
    assert sealed[:32] == b"SNYP\x01\x01" + struct.pack(">I", EPOCH) + bytes(22)


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5), (7, 7), (1, 7), (5, 7)])
def test_exactly_k_readers_open(k: int, n: int) -> None:
    sealed = row.seal_row([readers(k, *range(n))], EPOCH, RECORD, DECOYS)
    assert row.open_row(sealed, KEYS[:k]) == RECORD
    assert row.open_row(sealed, KEYS[n - k : n]) == RECORD
    assert row.open_row(sealed, KEYS[:n]) == RECORD
    if k > 1:
        for few in itertools.islice(itertools.combinations(KEYS[:n], k - 1), 5):
            assert isinstance(row.open_row(sealed, few), Waiting)


def test_each_group_opens_alone_and_the_groups_do_not_add_up() -> None:
    sealed = row.seal_row([readers(2, 0, 1, 2), readers(3, 3, 4, 5)], EPOCH, RECORD, DECOYS)
    assert row.open_row(sealed, [KEYS[0], KEYS[2]]) == RECORD
    assert row.open_row(sealed, [KEYS[3], KEYS[4], KEYS[5]]) == RECORD
    waiting = row.open_row(sealed, [KEYS[0], KEYS[3], KEYS[4]])
    assert isinstance(waiting, Waiting)
    assert sorted((s.group, s.member) for s in waiting.shares) == [(0, 0), (1, 0), (1, 1)]


def test_shares_that_are_known_already_count_like_found_ones() -> None:
    sealed = row.seal_row([readers(2, 0, 1, 2)], EPOCH, RECORD, DECOYS)
    first, second = (row.find_share(sealed, KEYS[i]) for i in (0, 1))
    assert row.open_row(sealed, [KEYS[2]], [first]) == row.open_row(sealed, [], [first, second]) == RECORD
    for keys in ([], [KEYS[7]]):
        waiting = row.open_row(sealed, keys, [first])
        assert isinstance(waiting, Waiting) and waiting.shares == (first,)
    with pytest.raises(Malformed, match="one member comes twice"):
        row.open_row(sealed, [KEYS[0]], [first])


def test_a_known_share_of_another_row_opens_nothing() -> None:
    sealed, other = (row.seal_row([readers(2, 0, 1)], EPOCH, RECORD, DECOYS) for _ in range(2))
    with pytest.raises((Tampered, Malformed)):
        row.open_row(sealed, [KEYS[0]], [row.find_share(other, KEYS[1])])


def test_an_excluded_reader_finds_nothing_in_any_slot() -> None:
    sealed = row.seal_row([readers(1, 0)], EPOCH, RECORD, DECOYS)
    for key in KEYS[1:]:
        with pytest.raises(NotForThisKey):
            row.open_row(sealed, [key])


@pytest.mark.parametrize("groups", [[], [Readers(1, ())], [readers(1, 0, 1, 2, 3, 4), readers(1, 5, 6, 7, 0)],
                                    [readers(3, 0, 1)], [readers(0, 0)], [readers(4, 0, 1, 2, 3, 4, 5, 6)]])  # fmt: skip
def test_readers_that_no_row_can_hold_are_refused(groups: list[Readers]) -> None:
    with pytest.raises(Malformed):
        row.make_header(groups, EPOCH, DECOYS)


def test_eight_readers_fill_a_row() -> None:
    sealed = row.seal_row([readers(2, 0, 1, 2), readers(4, 3, 4, 5, 6, 7)], EPOCH, RECORD, DECOYS)
    assert row.open_row(sealed, KEYS[4:8]) == RECORD


def test_a_row_cannot_open_differently_for_two_readers() -> None:
    """A sealer who gives two groups two keys is caught: together at once, apart by the commitment."""
    front, first, second = forge(os.urandom(32), os.urandom(32))
    for secret, key, other in ((first, KEYS[0], KEYS[1]), (second, KEYS[1], KEYS[0])):
        body_key, commit = row._body_keys(front, secret)
        sealed = row.seal_body(row.Header(front, commit, body_key), RECORD)
        assert row.open_row(sealed, [key]) == RECORD
        with pytest.raises(Tampered):
            row.open_row(sealed, [other])
        with pytest.raises(Malformed):
            row.open_row(sealed, [key, other])


def forge(first: bytes, second: bytes) -> tuple[bytes, bytes, bytes]:
    prefix = (b"SNYP\x01\x01" + struct.pack(">I", EPOCH)).ljust(32, b"\0")
    shares = [sharing.split(first, 1, 1, group=0)[0], sharing.split(second, 1, 1, group=1)[0]]
    return prefix + seal_slots(prefix, list(zip(KEYS, shares, strict=False))), first, second


def seal_slots(prefix: bytes, given_shares: list) -> bytes:
    info = label("senyap/v1/row-slot") + prefix
    slots = [key.public.seal(info, sharing.build_share(share)) for key, share in given_shares]
    slots += [DECOYS.draw().seal(info, bytes(512)) for _ in range(8 - len(slots))]
    return b"".join(slots)


def test_the_commitment_is_checked_even_where_the_body_would_open() -> None:
    sealed = row.seal_row([readers(1, 0)], EPOCH, RECORD, DECOYS)
    at = row.FRONT_BYTES
    for wrong in (bytes(32), sealed[at + 1 : at + 33]):
        with pytest.raises(Tampered):
            row.open_row(sealed[:at] + wrong + sealed[at + 32 :], [KEYS[0]])


def test_a_key_in_two_slots_is_malformed() -> None:
    prefix = (b"SNYP\x01\x01" + struct.pack(">I", EPOCH)).ljust(32, b"\0")
    a, b = sharing.split(os.urandom(32), 2, 2)
    sealed = (prefix + seal_slots(prefix, [(KEYS[0], a), (KEYS[0], b)])).ljust(row.ROW_BYTES, b"\0")
    with pytest.raises(Malformed):
        row.open_row(sealed, [KEYS[0]])


def test_shares_of_one_group_that_disagree_are_malformed_for_this_row() -> None:
    prefix = (b"SNYP\x01\x01" + struct.pack(">I", EPOCH)).ljust(32, b"\0")
    a = sharing.split(os.urandom(32), 2, 2)[0]
    b = sharing.split(os.urandom(32), 2, 3)[1]
    twice = replace(a, member=0)
    for wrong in (b, twice):
        sealed = (prefix + seal_slots(prefix, [(KEYS[0], a), (KEYS[1], wrong)])).ljust(row.ROW_BYTES, b"\0")
        with pytest.raises(Malformed):
            row.open_row(sealed, KEYS[:2])


def test_a_slot_that_holds_a_filler_for_a_real_reader_is_malformed() -> None:
    prefix = (b"SNYP\x01\x01" + struct.pack(">I", EPOCH)).ljust(32, b"\0")
    info = label("senyap/v1/row-slot") + prefix
    slots = KEYS[0].public.seal(info, bytes(512)) + seal_slots(prefix, [])[row.SLOT_BYTES :]
    with pytest.raises(Malformed):
        row.open_row((prefix + slots).ljust(row.ROW_BYTES, b"\0"), [KEYS[0]])


@QUICK
@given(st.integers(0, row.ROW_BYTES * 8 - 1) | st.integers(0, (row.FRONT_BYTES + 40) * 8))
def test_any_flipped_bit_of_a_row_is_refused(bit: int) -> None:
    sealed = bytearray(vectors.one("row", "accept_two_of_three")["row"])
    sealed[bit // 8] ^= 1 << bit % 8
    keys = [opener(f"prov-{i} 45") for i in (1, 2, 3)]
    with pytest.raises(CryptoError):
        row.open_row(bytes(sealed), keys)


def test_swapped_slots_are_refused() -> None:
    sealed = vectors.one("row", "accept_two_of_three")["row"]
    slots = [sealed[32 + i * 1648 : 32 + (i + 1) * 1648] for i in range(8)]
    swapped = sealed[:32] + b"".join([slots[1], slots[0], *slots[2:]]) + sealed[row.FRONT_BYTES :]
    with pytest.raises(Tampered):
        row.open_row(swapped, [opener("kota-1 45")])


@QUICK
@given(
    st.sampled_from(list(Kind)),
    st.binary(max_size=80),
    st.integers(0, 2**32 - 1),
    st.integers(0, 3),
    st.integers(0, 2**32 - 1),
)
def test_rows_go_there_and_back(kind: Kind, data: bytes, part: int, more: int, epoch: int) -> None:
    parts = min(part + more, 2**32 - 1) if more else 0
    record = Record(kind, os.urandom(16), part, parts if parts > part else 0, data)
    sealed = row.seal_row([readers(2, 0, 1)], epoch, record, DECOYS)
    assert row.open_row(sealed, KEYS[:2]) == record
    assert row.row_epoch(sealed) == epoch


def test_a_full_record_goes_there_and_back_and_a_fuller_one_is_refused() -> None:
    full = replace(RECORD, data=os.urandom(row.MAX_DATA_BYTES))
    assert row.parse_record(row.build_record(full)) == full
    with pytest.raises(Malformed):
        row.build_record(replace(full, data=full.data + b"x"))
    for size in (0, 15, 17):
        with pytest.raises(Malformed):
            row.build_record(replace(RECORD, object_id=bytes(size)))


def test_slots_are_shuffled() -> None:
    """Over 40 rows the one real slot stands in more than two places (chance of a false alarm: under 2⁻⁷⁰)."""
    places = set()
    for _ in range(40):
        front = row.make_header([readers(1, 0)], EPOCH, DECOYS).front
        info = label("senyap/v1/row-slot") + front[:32]
        for i in range(8):
            try:
                KEYS[0].open(info, front[32 + i * 1648 : 32 + (i + 1) * 1648])
            except NotForThisKey:
                continue
            places.add(i)
    assert len(places) > 2


def test_all_eight_slots_are_tried_wherever_the_reader_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    real = OpeningKey.open
    monkeypatch.setattr(OpeningKey, "open", lambda *a: tried.append(1) or real(*a))
    for _ in range(3):
        row.find_share(row.seal_row([readers(1, 0)], EPOCH, RECORD, DECOYS), KEYS[0])
    assert len(tried) == 24


def test_two_rows_of_one_record_share_no_bytes_behind_the_prefix() -> None:
    first, second = (row.seal_row([readers(1, 0)], EPOCH, RECORD, DECOYS) for _ in range(2))
    assert first[:32] == second[:32]
    same = sum(a == b for a, b in zip(first[32:], second[32:], strict=True))
    assert same < len(first) / 256 * 1.5


def test_the_prefix_alone_tells_the_epoch() -> None:
    prefix = row.make_header([readers(1, 0)], EPOCH, DECOYS).front[:32]
    assert row.prefix_epoch(prefix) == EPOCH
    for wrong in (prefix[:31], b"", b"SNYB" + prefix[4:], prefix[:4] + b"\2" + prefix[5:], prefix[:31] + b"\1"):
        with pytest.raises(Malformed):
            row.prefix_epoch(wrong)


def test_epochs_from_eight_back_to_one_ahead_are_acceptable() -> None:
    assert [e for e in range(30, 60) if row.epoch_is_acceptable(e, 45)] == list(range(37, 47))


def test_unused_slots_are_real_boxes_sealed_to_throw_away_keys() -> None:
    """Random bytes would not do: an ML-KEM ciphertext can be told from them."""

    class Known(row.Decoys):
        def __init__(self) -> None:
            self._keys = [KEYS[7].public]

    header = row.make_header([readers(2, 0, 1, 2)], EPOCH, Known())
    info = label("senyap/v1/row-slot") + header.front[:32]
    slots = [header.front[32 + i * 1648 : 32 + (i + 1) * 1648] for i in range(8)]
    opened = []
    for slot in slots:
        try:
            opened.append(KEYS[7].open(info, slot))
        except NotForThisKey:
            continue
    assert opened == [bytes(512)] * 5


def test_decoys_are_keys_that_nobody_keeps() -> None:
    pool = row.Decoys(4)
    assert len({pool.draw().raw for _ in range(200)}) == 4
    assert not [name for name in vars(pool) if "seed" in name or isinstance(vars(pool)[name], OpeningKey)]
    assert all(not hasattr(key, "seed") for key in pool._keys)


def test_records_and_headers_do_not_show_what_they_hold() -> None:
    header = row.make_header([readers(1, 0)], EPOCH, DECOYS)
    assert repr(header.body_key) not in repr(header)
    assert "reporter" not in repr(RECORD) and repr(RECORD.object_id) not in repr(RECORD)
    with pytest.raises(Malformed) as caught:
        row.parse_record(row.build_record(RECORD)[:-1] + b"x")
    assert "reporter" not in str(caught.value)
