"""Batches: a reviewer's keys of coming weeks, signed by that reviewer; a second key is an alarm."""

import itertools
from dataclasses import replace

import pytest
import vectors
from make_vectors import EPOCH, opener, signer, small_batch, small_roster

from crypto import row
from crypto.envelope import build_envelope
from crypto.errors import BadSignature, CryptoError
from crypto.signing import SigningKey
from keys import batch as batches
from keys.batch import Batch, KeyTable, sign_batch, verify_batch
from keys.errors import Expired, KeyAlarm, RosterError

ROSTER = small_roster()


def batch_of(reviewer: str, first: int = EPOCH, weeks: int = 2) -> Batch:
    keys = tuple(opener(f"{reviewer} {epoch}").public for epoch in range(first, first + weeks))
    return small_batch(reviewer=reviewer, first_epoch=first, keys=keys)


def whole_table(roster=ROSTER) -> KeyTable:
    return KeyTable(roster, [batch_of(m.id) for g in roster.groups for m in g.members])


@pytest.mark.parametrize("vector", vectors.load("batch", "file"))
def test_vector_file(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert verify_batch(vector["file"], ROSTER) == small_batch()


@pytest.mark.parametrize("vector", vectors.load("batch", "body"))
def test_vector_body(vector: vectors.Vector) -> None:
    """Sign what the vector says, so that the body's own defect is what is refused."""
    key = SigningKey.from_seed(vector["signer_seed"])
    data = build_envelope(vector["body"], b"SNYK", "senyap/v1/batch", {0: key})
    with vector.outcome():
        assert verify_batch(data, ROSTER) == small_batch()


def test_a_batch_goes_there_and_back_and_keeps_its_file() -> None:
    for weeks in (1, 2, 106):
        made = batch_of("kota-2", 7, weeks)
        data = sign_batch(made, signer("kota-2"))
        read = verify_batch(data, ROSTER)
        assert (read, read.raw, read.last_epoch) == (made, data, 6 + weeks)


def test_a_key_of_small_order_is_refused_when_it_is_loaded() -> None:
    """All-zero X25519 parts load and fail only at sealing: every key is sealed to once on trial."""
    vector = vectors.one("batch", "key_x25519_part_all_zero")
    with pytest.raises(CryptoError) as caught:
        batches.parse_batch(vector["body"])
    assert "sealed" in str(caught.value)


def test_a_batch_made_under_an_older_roster_is_taken() -> None:
    data = sign_batch(small_batch(), signer("prov-1"))
    assert verify_batch(data, replace(ROSTER, version=9)) == small_batch()


def test_a_reviewer_who_left_the_roster_is_refused() -> None:
    data = sign_batch(small_batch(), signer("prov-1"))
    without = replace(ROSTER, groups=ROSTER.groups[1:])
    with pytest.raises(batches.BrokenChain):
        verify_batch(data, without)


def test_a_roster_signature_does_not_serve_for_a_batch() -> None:
    body = vectors.one("batch", "body_accept")["body"]
    with pytest.raises(BadSignature):
        verify_batch(build_envelope(body, b"SNYK", "senyap/v1/roster", {0: signer("prov-1")}), ROSTER)


# --- the table of all keys ---------------------------------------------------------------------------


def test_the_table_gives_all_members_of_each_group_in_order() -> None:
    prov, kota = whole_table().readers(["prov", "kota"], EPOCH)
    assert (prov.k, [k.raw for k in prov.members]) == (2, [opener(f"prov-{i} {EPOCH}").public.raw for i in (1, 2, 3)])
    assert (kota.k, len(kota.members)) == (1, 2)


def test_the_same_batch_again_is_nothing() -> None:
    table = whole_table()
    table.add(batch_of("prov-1"))
    assert table.readers(["prov"], EPOCH) == whole_table().readers(["prov"], EPOCH)


def test_overlapping_batches_that_agree_are_taken() -> None:
    table = whole_table()
    table.add(batch_of("prov-1", EPOCH + 1, 5))
    assert table.last_epoch("prov") == EPOCH + 1


def test_a_second_key_for_an_epoch_is_an_alarm_and_changes_nothing() -> None:
    table = whole_table()
    before = table.readers(["prov"], EPOCH)
    changed = replace(batch_of("prov-1", EPOCH, 3), keys=(
        opener(f"prov-1 {EPOCH}").public, opener("another").public, opener("third").public))  # fmt: skip
    with pytest.raises(KeyAlarm):
        table.add(changed)
    assert table.readers(["prov"], EPOCH) == before
    assert ("prov-1", EPOCH + 2) not in table._keys


def test_a_key_that_stands_for_another_epoch_or_reviewer_is_an_alarm() -> None:
    for reviewer, first in (("prov-1", EPOCH + 7), ("kota-1", EPOCH + 7)):
        table = whole_table()
        with pytest.raises(KeyAlarm):
            table.add(small_batch(reviewer=reviewer, first_epoch=first))


def test_a_group_with_one_missing_key_is_expired_never_a_part_of_it() -> None:
    table = KeyTable(ROSTER, [batch_of(r) for r in ("prov-1", "prov-2", "kota-1", "kota-2")])
    assert len(table.readers(["kota"], EPOCH)) == 1
    for groups, epoch in ((["prov"], EPOCH), (["kota", "prov"], EPOCH), (["kota"], EPOCH + 2), (["kota"], EPOCH - 1)):
        with pytest.raises(Expired):
            table.readers(groups, epoch)


def test_a_group_without_reviewers_reads_nothing() -> None:
    with pytest.raises(Expired):
        whole_table().readers(["sunyi"], EPOCH)
    assert whole_table().last_epoch("sunyi") == -1


def test_the_last_epoch_is_the_last_one_that_all_members_share() -> None:
    table = whole_table()
    table.add(batch_of("kota-1", EPOCH + 2, 4))
    assert table.last_epoch("kota") == EPOCH + 1
    table.add(batch_of("kota-2", EPOCH + 2, 2))
    assert table.last_epoch("kota") == EPOCH + 3
    assert KeyTable(ROSTER).last_epoch("kota") == -1


# --- cover rows --------------------------------------------------------------------------------------


def test_a_cover_row_is_a_real_row_of_kind_0_for_real_readers() -> None:
    roster = small_roster(cover_weights={"areas": {"kota": 1}, "levels": {"bupati": 1}, "exclusions": {"tidak-ada": 1}})
    table, decoys = whole_table(roster), row.Decoys(2)
    covers = [table.draw_cover(EPOCH, decoys) for _ in range(2)]
    for cover in covers:
        record = row.open_row(cover, [opener(f"prov-{i} {EPOCH}") for i in (1, 3)])
        assert isinstance(record, row.Record)
        assert (record.kind, record.part, record.parts, record.data) == (row.Kind.COVER, 0, 0, b"")
        with pytest.raises(row.NotForThisKey):
            row.open_row(cover, [opener(f"kota-1 {EPOCH}")])
    assert covers[0] != covers[1]


def test_cover_rows_follow_the_weights_of_the_routing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights 3 : 1 for pegawai (kota) and sekolah (kota and prov); an exclusion of kota one time in four."""
    weights = {"areas": {"kota": 1}, "levels": {"pegawai": 3, "sekolah": 1},
               "exclusions": {"tidak-ada": 3, "inspektorat-daerah": 1}}  # fmt: skip
    roster = small_roster(cover_weights=weights)
    drawn: list[tuple[str, ...]] = []
    table = whole_table(roster)
    real = table.readers
    monkeypatch.setattr(batches, "seal_row", lambda *a: b"")
    monkeypatch.setattr(table, "readers", lambda groups, epoch: drawn.append(tuple(groups)) or real(groups, epoch))
    for _ in range(4_000):
        table.draw_cover(EPOCH, row.Decoys(0))
    shares = {groups: drawn.count(groups) / len(drawn) for groups in set(drawn)}
    wanted = {("kota",): 9 / 16, ("kota", "prov"): 3 / 16, ("prov",): 4 / 16}
    assert shares.keys() == wanted.keys()
    assert all(abs(shares[groups] - wanted[groups]) < 0.05 for groups in wanted)  # six standard deviations


def test_cover_rows_do_not_go_to_a_group_that_has_no_keys() -> None:
    table = KeyTable(ROSTER, [batch_of(r) for r in ("prov-1", "prov-2", "prov-3")])
    with pytest.raises(Expired):
        for _ in itertools.repeat(None, 50):
            table.draw_cover(EPOCH, row.Decoys(1))


def test_alarms_are_roster_errors_of_their_own_and_name_no_reviewer() -> None:
    assert issubclass(KeyAlarm, RosterError)
    table = whole_table()
    with pytest.raises(KeyAlarm) as caught:
        table.add(replace(batch_of("prov-1"), keys=(opener("a").public, opener("b").public)))
    assert "prov-1" not in str(caught.value)
