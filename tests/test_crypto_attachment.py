"""Files of a submission: a key of their own, which opens their parts, each in its place and nowhere else."""

import json
import os
from dataclasses import replace

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import DAY, EPOCH, opener, small_attachment, small_report
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

from crypto import attachment, row
from crypto.attachment import (
    MAX_ATTACHMENT_BYTES,
    PART_BYTES,
    attachment_json,
    new_key,
    open_part,
    parse_attachment,
    parts_of,
    seal_part,
)
from crypto.errors import Malformed, Tampered
from crypto.letter import build_letter

QUICK = settings(max_examples=60, deadline=None)
KEYS = st.binary(min_size=32, max_size=32)
NAMES = st.binary(min_size=16, max_size=16)
NUMBERS = st.integers(0, 2**32 - 1)
KEY, NAME = bytes(range(32)), bytes(range(16))


@pytest.mark.parametrize("vector", vectors.load("part"))
def test_vector(vector: vectors.Vector) -> None:
    part = int(vector.get("part"))
    with vector.outcome():
        data = open_part(vector["key"], vector["object_id"], part, vector["sealed"])
        assert data == vector["data"]
        assert seal_part(vector["key"], vector["object_id"], part, data) == vector["sealed"]


@QUICK
@given(KEYS, NAMES, NUMBERS, st.binary(max_size=300))
def test_parts_go_there_and_back(key: bytes, name: bytes, part: int, data: bytes) -> None:
    sealed = seal_part(key, name, part, data)
    assert len(sealed) == len(data) + 16
    assert open_part(key, name, part, sealed) == data


@QUICK
@given(KEYS, NAMES, NUMBERS, st.binary(max_size=300), st.data())
def test_any_other_key_file_or_number_opens_nothing(key: bytes, name: bytes, part: int, data: bytes, draw) -> None:
    sealed = seal_part(key, name, part, data)
    other_key = draw.draw(KEYS.filter(lambda k: k != key))
    other_name = draw.draw(NAMES.filter(lambda n: n != name))
    other_part = draw.draw(NUMBERS.filter(lambda p: p != part))
    for wrong in ((other_key, name, part), (key, other_name, part), (key, name, other_part)):
        with pytest.raises(Tampered):
            open_part(*wrong, sealed)


@QUICK
@given(st.binary(max_size=100), st.data())
def test_any_altered_bit_and_any_other_length_is_refused(data: bytes, draw) -> None:
    sealed = seal_part(KEY, NAME, 3, data)
    bit = draw.draw(st.integers(0, len(sealed) * 8 - 1))
    altered = bytearray(sealed)
    altered[bit // 8] ^= 1 << bit % 8
    cut = sealed[: draw.draw(st.integers(0, len(sealed) - 1))]
    for wrong in (bytes(altered), cut, sealed + draw.draw(st.binary(min_size=1, max_size=20))):
        with pytest.raises(Tampered):
            open_part(KEY, NAME, 3, wrong)


def test_swapped_parts_of_one_file_are_refused() -> None:
    sealed = [seal_part(KEY, NAME, part, bytes([part]) * 40) for part in range(3)]
    assert [open_part(KEY, NAME, part, s)[0] for part, s in enumerate(sealed)] == [0, 1, 2]
    for part, swapped in enumerate([sealed[1], sealed[2], sealed[0]]):
        with pytest.raises(Tampered):
            open_part(KEY, NAME, part, swapped)


def test_a_full_part_fills_a_row_and_a_fuller_one_is_refused() -> None:
    assert (PART_BYTES, attachment.TAG_BYTES) == (248_800, 16)
    full = os.urandom(PART_BYTES)
    sealed = seal_part(KEY, NAME, 0, full)
    assert len(sealed) == row.MAX_DATA_BYTES
    record = row.Record(row.Kind.ATTACHMENT, NAME, 0, 1, sealed)
    assert open_part(KEY, NAME, 0, row.parse_record(row.build_record(record)).data) == full
    with pytest.raises(Malformed):
        seal_part(KEY, NAME, 0, full + b"x")


def test_parts_are_sealed_as_the_format_says() -> None:
    sealed = seal_part(KEY, NAME, 258, b"data")
    nonce = bytes(22) + b"\x01\x02"
    assert crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, b"senyap/v1/part\0" + NAME, nonce, KEY) == b"data"


def test_a_row_of_a_file_whose_letter_never_came_tells_its_readers_nothing() -> None:
    """Those it was sealed to see that there is a part, its number and its length; not a byte of it."""
    reader, secret = opener("prov-1 45"), b"DAFTAR SUAP " * 1000
    key = new_key()
    record = row.Record(row.Kind.ATTACHMENT, NAME, 0, 0, seal_part(key, NAME, 0, secret))
    opened = row.open_row(row.seal_row([row.Readers(1, (reader.public,))], EPOCH, record, row.Decoys(2)), [reader])
    assert isinstance(opened, row.Record) and len(opened.data) == len(secret) + 16
    assert key not in row.build_record(opened) and b"SUAP" not in opened.data
    for guess in (bytes(32), NAME * 2, new_key()):
        with pytest.raises(Tampered):
            open_part(guess, NAME, 0, opened.data)


def test_a_file_key_is_32_random_bytes_and_never_comes_twice() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100 and {len(k) for k in keys} == {32}


@pytest.mark.parametrize(
    ("size", "parts"),
    [(0, 1), (1, 1), (248_799, 1), (248_800, 1), (248_801, 2), (497_600, 2), (497_601, 3), (25_000_000, 101)],
)
def test_a_file_takes_the_rows_its_size_needs(size: int, parts: int) -> None:
    assert parts_of(size) == parts
    assert max(0, parts - 1) * PART_BYTES <= size <= parts * PART_BYTES


@QUICK
@given(NAMES, KEYS, KEYS, st.text(st.characters(codec="utf-8"), max_size=30), st.integers(0, MAX_ATTACHMENT_BYTES),
       st.sampled_from(attachment.CLEANED))  # fmt: skip
def test_attachments_go_there_and_back(name_id, sha256, key, name: str, size: int, cleaned: str) -> None:
    made = attachment.Attachment(name_id, name, "image/png", size, parts_of(size), sha256, key, cleaned)
    assert parse_attachment(json.loads(json.dumps(attachment_json(made)))) == made


@pytest.mark.parametrize("name", list(attachment_json(small_attachment())))
def test_a_name_of_an_attachment_is_there_once_and_of_its_type(name: str) -> None:
    good = attachment_json(small_attachment())
    assert parse_attachment(good) == small_attachment()
    without = {k: v for k, v in good.items() if k != name}
    for wrong in (without, good | {name: None}, good | {name: True}, good | {name: [1]}, {**good, "more": 1}):
        with pytest.raises(Malformed):
            parse_attachment(wrong)


@pytest.mark.parametrize("item", [[], "x", 1, None, {}])
def test_what_is_no_attachment_is_refused(item: object) -> None:
    with pytest.raises(Malformed):
        parse_attachment(item)


def test_an_attachment_shows_neither_key_nor_name() -> None:
    made = replace(small_attachment(), object_id=NAME, sha256=b"s" * 32)
    shown = repr(made) + repr(small_report(attachments=(made,), day=DAY))
    for secret in (made.key, made.name, made.object_id, made.sha256):
        assert (secret if isinstance(secret, str) else repr(secret)) not in shown
    assert made.key.hex() not in shown and "300000" in shown


def test_refusals_show_neither_key_nor_name_nor_content() -> None:
    good = attachment_json(small_attachment())
    for wrong in (good | {"key": good["key"][:-4]}, good | {"parts": 9}, good | {"cleaned": "foto"}):
        with pytest.raises(Malformed) as caught:
            parse_attachment(wrong)
        assert not [s for s in ("foto", good["key"][:8]) if s in str(caught.value)]
    with pytest.raises(Tampered) as lost:
        open_part(KEY, NAME, 0, b"kuitansi" * 4)
    assert "kuitansi" not in str(lost.value) and lost.value.__cause__ is None
    with pytest.raises(Malformed) as long:
        seal_part(KEY, NAME, 0, b"kuitansi" * PART_BYTES)
    assert "kuitansi" not in str(long.value)


def test_the_key_is_in_the_letter() -> None:
    value = json.loads(build_letter(small_report()))
    assert parse_attachment(value["attachments"][0]).key == small_attachment().key
