"""Transports: a signed manifest, records of fixed sizes, nothing before and nothing behind."""

import hashlib
import io
import os
from dataclasses import replace

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import build_transport, signer

from crypto import bundle
from crypto.bundle import BUNDLE, OUTBOX, Manifest, Taken
from crypto.errors import BadSignature, CryptoError, Malformed, Tampered
from crypto.signing import VerifyingKey

QUICK = settings(max_examples=40, deadline=None)
FULL = bundle.MAX_FILE_BYTES
SERVER = signer("server")
HASHES = st.binary(min_size=64, max_size=64)
TAKEN = st.builds(Taken, st.integers(0, 2**40), HASHES)
NAMES = st.text("abc-", min_size=1, max_size=8)


@pytest.mark.parametrize("vector", vectors.load("bundle", "file") + vectors.load("outbox", "file"))
def test_vector_file(vector: vectors.Vector) -> None:
    source = io.BytesIO(vector["file"])
    with vector.outcome():
        manifest = bundle.verify_transport(source, vector.get("kind"), VerifyingKey.parse(vector["signer"]))
        assert manifest.sections == (("row", 0), ("mailbox", 1), ("file", 0))
        again = bundle.build_manifest(manifest)
        assert vector["file"][8 : 8 + len(again)] == again
        assert manifest.hash == hashlib.sha512(again).digest()
        assert len(vector["file"]) == 8 + len(again) + 3373 + manifest.body_bytes


@pytest.mark.parametrize("vector", vectors.load("bundle", "manifest") + vectors.load("outbox", "manifest"))
def test_vector_manifest(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert bundle.build_manifest(bundle.parse_manifest(vector["body"])) == vector["body"]


@QUICK
@given(st.sampled_from([BUNDLE, OUTBOX]), NAMES, NAMES, st.integers(1, 2**40), HASHES, st.integers(0, 99),
       st.tuples(*[st.integers(0, bundle.MAX_RECORDS)] * 3), st.lists(TAKEN, max_size=4), TAKEN)  # fmt: skip
def test_manifests_go_there_and_back(kind, sender, to, seq, previous, day, counts, acks, applied) -> None:
    manifest = Manifest(
        kind, "demo", sender, to, seq, previous, 3, day, tuple(zip(bundle.SECTION_ORDER, counts)), previous
    )
    extra = {"acks": tuple(acks)} if kind == OUTBOX else {"applied": applied, "oldest_waiting_epoch": day}
    manifest = replace(manifest, **extra)
    assert bundle.parse_manifest(bundle.build_manifest(manifest)) == manifest


def records(rows: int, mailboxes: int, files: int) -> list[tuple[str, bytes]]:
    out = []
    for kind, count in zip(bundle.SECTION_ORDER, (rows, mailboxes, files), strict=True):
        out += [(kind, os.urandom(16) * (bundle.RECORD_BYTES[kind] // 16)) for _ in range(count)]
    return out


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 0, 0), (0, 0, 1), (2, 3, 1)])
def test_a_transport_verifies_and_yields_its_records_in_order(counts: tuple[int, int, int]) -> None:
    made = records(*counts)
    data = build_transport(BUNDLE, made, SERVER, oldest_waiting_epoch=3, applied=Taken(9, bytes(range(64))))
    source = io.BytesIO(data)
    manifest = bundle.verify_transport(source, BUNDLE, SERVER.public)
    assert (manifest.oldest_waiting_epoch, manifest.applied) == (3, Taken(9, bytes(range(64))))
    source.seek(0)
    bundle.read_manifest(source, BUNDLE)
    assert list(bundle.iter_records(source, manifest)) == made
    assert source.read() == b""


def test_the_records_hash_is_written_as_the_format_says() -> None:
    made = [record for _, record in records(1, 1, 1)]
    fed, told = bundle.RecordHash(), bundle.RecordHash()
    digests = [fed.add(record) for record in made]
    for digest in digests:
        told.add_digest(digest)
    wanted = hashlib.sha512(b"".join(hashlib.sha512(record).digest() for record in made)).digest()
    assert fed.digest() == told.digest() == wanted


def test_a_transport_is_read_a_record_at_a_time() -> None:
    """No read asks for more than a record or a manifest, so that memory does not grow with the file."""

    class Counting(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size >= 0
            self.largest = max(self.largest, size)
            return super().read(size)

    source = Counting(build_transport(BUNDLE, records(4, 4, 2), SERVER))
    bundle.verify_transport(source, BUNDLE, SERVER.public)
    assert source.largest == 262_144


def test_the_signature_is_checked_before_any_record_is_read() -> None:
    data = build_transport(BUNDLE, records(1, 0, 0), signer("stranger"))
    source = io.BytesIO(data)
    with pytest.raises(BadSignature):
        bundle.verify_transport(source, BUNDLE, SERVER.public)
    assert source.tell() == len(data) - 262_144


@pytest.mark.parametrize("kind", ["row", "mailbox", "file"])
def test_records_swapped_repeated_or_dropped_are_refused(kind: str) -> None:
    made = records(2, 2, 2)
    data = build_transport(BUNDLE, made, SERVER)
    head = data[: len(data) - sum(len(r) for _, r in made)]
    at = [n for n, (k, _) in enumerate(made) if k == kind]
    swapped, repeated = list(made), list(made)
    swapped[at[0]], swapped[at[1]] = made[at[1]], made[at[0]]
    repeated[at[1]] = made[at[0]]
    for wrong, error in (
        (swapped, Tampered),
        (repeated, Tampered),
        (made[:-1], Malformed),
        ([*made, made[0]], Malformed),
    ):
        with pytest.raises(error):
            bundle.verify_transport(io.BytesIO(head + b"".join(r for _, r in wrong)), BUNDLE, SERVER.public)


def test_a_bundle_is_no_outbox_even_when_its_maker_signs_it_as_one() -> None:
    data = bytearray(build_transport(BUNDLE, [], SERVER))
    data[3:4] = b"O"
    with pytest.raises(Malformed):
        bundle.verify_transport(io.BytesIO(bytes(data)), OUTBOX, SERVER.public)


def test_a_signature_for_a_bundle_does_not_serve_for_an_outbox() -> None:
    manifest = bundle.parse_manifest(vectors.one("outbox", "manifest_accept")["body"])
    manifest = replace(
        manifest, sections=tuple((t, 0) for t in bundle.SECTION_ORDER), records=bundle.RecordHash().digest()
    )
    body = bundle.build_manifest(manifest)
    head = b"SNYO" + len(body).to_bytes(4, "big") + body
    good, wrong = (head + SERVER.sign(purpose, body) for purpose in ("senyap/v1/outbox", "senyap/v1/bundle"))
    assert bundle.verify_transport(io.BytesIO(good), OUTBOX, SERVER.public) == manifest
    with pytest.raises(BadSignature):
        bundle.verify_transport(io.BytesIO(wrong), OUTBOX, SERVER.public)


def test_a_manifest_above_64_kib_is_neither_built_nor_read(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = bundle.parse_manifest(vectors.one("outbox", "manifest_accept")["body"])
    long = replace(manifest, acks=tuple(Taken(n, bytes(64)) for n in range(700)))
    with pytest.raises(Malformed):
        bundle.build_manifest(long)
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "MAX_MANIFEST_BYTES", 10**6)
        head = bundle.build_head(long, SERVER)
        assert bundle.read_manifest(io.BytesIO(head), OUTBOX)[0] == long
    with pytest.raises(Malformed):
        bundle.read_manifest(io.BytesIO(head), OUTBOX)


def test_no_more_is_asked_of_a_file_than_a_manifest_may_hold() -> None:
    class Small(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and 0 <= size <= 65_536
            return super().read(size)

    with pytest.raises(Malformed):
        bundle.read_manifest(Small(b"SNYB\xff\xff\xff\xff" + bytes(100)), BUNDLE)


# --- files in records --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, FULL - 1, FULL, FULL + 1, 2 * FULL, 2 * FULL + 7])
def test_files_go_there_and_back_also_where_they_fill_their_records_exactly(size: int) -> None:
    data = os.urandom(16) * (size // 16) + bytes(size % 16)
    made = list(bundle.build_file_records(data))
    assert {len(record) for record in made} == {262_144}
    assert len(made) == size // FULL + 1
    assert list(bundle.join_file_records(made)) == [data]


@QUICK
@given(st.lists(st.sampled_from([0, 1, 5, FULL - 1, FULL, FULL + 3]), max_size=5))
def test_several_files_stay_apart(sizes: list[int]) -> None:
    files = [bytes([n + 1]) * size for n, size in enumerate(sizes)]
    made = [record for data in files for record in bundle.build_file_records(data)]
    assert list(bundle.join_file_records(made)) == files


def test_file_records_with_a_wrong_length_padding_or_no_end_are_refused() -> None:
    good = next(iter(bundle.build_file_records(b"data")))
    full = next(iter(bundle.build_file_records(bytes(FULL))))
    for wrong in (
        [good[:-1] + b"\1"], [b"\0\0\0\3" + good[4:]], [b"\xff" + good[1:]], [(FULL + 1).to_bytes(4, "big") + good[4:]],
        [full], [good, full], [full, good[:-1] + b"\1"],
    ):  # fmt: skip
        with pytest.raises(Malformed):
            list(bundle.join_file_records(wrong))
    assert list(bundle.join_file_records([])) == []


@QUICK
@given(st.integers(0, 30_000 * 8))
def test_any_flipped_bit_of_a_transport_is_refused(bit: int) -> None:
    data = bytearray(vectors.one("bundle", "accept")["file"])
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    with pytest.raises(CryptoError):
        bundle.verify_transport(io.BytesIO(bytes(data)), BUNDLE, SERVER.public)


def test_a_refusal_shows_no_name_from_the_manifest() -> None:
    body = vectors.one("bundle", "manifest_accept")["body"]
    for wrong in (body.replace(b'"seq":1', b'"seq":"rahasia"'), body.replace(b'"seq"', b'"rahasia"')):
        with pytest.raises(Malformed) as caught:
            bundle.parse_manifest(wrong)
        assert "rahasia" not in str(caught.value)
