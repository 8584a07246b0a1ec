"""The root holders' desk: what is shown is what is signed, by one holder after the other, old and new."""

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from desks import Breaks, after, batch_of, first, make_ledger, member, picture, root_set, signed, with_group
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import DAY, EPOCH, opener, roots, signer, small_batch, unit_change

from crypto import medium
from crypto.errors import BadSignature, CryptoError, Malformed
from keys import changes, desk
from keys.batch import sign_batch
from keys.changes import next_roster
from keys.desk import (
    Proposal,
    closed_groups,
    helps,
    may_sign,
    propose,
    put_in_force,
    read_proposal,
    sign_proposal,
    write_proposal,
)
from keys.errors import BrokenChain, Expired, KeyAlarm, RolledBack, TooFewSignatures
from keys.ledger import Ledger
from keys.roster import Roster
from keys.rosterfile import sign_roster

FIRST = first()
ASKED = unit_change()


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: what is tested here is not a power cut of the machine."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path / "desk-a")


@pytest.fixture
def proposal(ledger: Ledger) -> Proposal:
    """Prov-4 comes, prov-3 goes; nobody has signed yet."""
    return propose(ledger, next_roster(ledger.roster, changes.admit_unit(ASKED), day=DAY), ASKED.batches)


def carry(proposal: Proposal, folder: Path) -> Path:
    return write_proposal(proposal, folder)[0]


def refuse(ledger: Ledger, path: Path, error: type[CryptoError], match: str) -> None:
    with pytest.raises(error, match=match) as caught:
        read_proposal(ledger, path)
    assert type(caught.value) is error


# --- from desk to desk --------------------------------------------------------------------------------


def test_two_holders_at_two_places_sign_in_turn_and_both_put_the_same_in_force(
    ledger: Ledger, proposal: Proposal, tmp_path: Path
) -> None:
    other = make_ledger(tmp_path / "desk-b")
    assert (proposal.missing, proposal.name) == (2, "roster-00000002.proposal")
    one = sign_proposal(ledger, proposal, roots(1))
    assert (one.missing, [r.id for r in may_sign(ledger, one)]) == (1, [2, 3])

    there = read_proposal(other, carry(one, tmp_path / "stick"))
    assert there == one
    both = sign_proposal(other, there, roots(3))
    assert (both.missing, both.name) == (0, "roster-00000002.senyap")
    second = put_in_force(other, both, today=DAY)
    assert "prov-4" in second.roster.members and second.table().readers(["prov"], EPOCH)

    back = read_proposal(ledger, carry(both, tmp_path / "stick"))
    assert put_in_force(ledger, back, today=DAY).roster == second.roster == Ledger.load(ledger.folder).roster


def test_a_third_signature_may_be_added_and_ids_ascend(ledger: Ledger, proposal: Proposal) -> None:
    for order in itertools.permutations((1, 2, 3)):
        made = proposal
        for number in order:
            made = sign_proposal(ledger, made, roots(number))
        assert put_in_force(ledger, made, today=DAY).roster.version == 2
        shutil.rmtree(ledger.folder)
        ledger = make_ledger(ledger.folder)


def test_what_is_written_has_its_batches_and_the_roster_comes_last(
    ledger: Ledger, proposal: Proposal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        Breaks(patched, 2)
        with pytest.raises(OSError):
            write_proposal(proposal, tmp_path / "full")
    assert not list((tmp_path / "full").glob("roster*"))
    paths = write_proposal(proposal, tmp_path / "stick")
    assert [p.name for p in paths] == ["roster-00000002.proposal", f"prov-4-{EPOCH:08d}.senyap"]
    assert {p.stat().st_mode & 0o777 for p in paths} == {0o644}


def test_putting_in_force_twice_changes_nothing(ledger: Ledger, proposal: Proposal) -> None:
    both = sign_proposal(ledger, proposal, roots(1, 2))
    second = put_in_force(ledger, both, today=DAY)
    before = picture(ledger.folder)
    assert put_in_force(second, both, today=DAY) is second
    assert picture(ledger.folder) == before


def test_too_few_signatures_are_never_in_force(ledger: Ledger, proposal: Proposal) -> None:
    before = picture(ledger.folder)
    with pytest.raises(TooFewSignatures):
        put_in_force(ledger, sign_proposal(ledger, proposal, roots(3)), today=DAY)
    assert picture(ledger.folder) == before


def test_a_crash_between_roster_and_batches_is_finished_by_doing_it_again(
    ledger: Ledger, proposal: Proposal, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = sign_proposal(ledger, proposal, roots(1, 2))
    with monkeypatch.context() as patched:
        Breaks(patched, 3)
        with pytest.raises(OSError):
            put_in_force(ledger, both, today=DAY)
    half = Ledger.load(ledger.folder)
    assert half.roster.version == 2
    assert put_in_force(half, both, today=DAY).table().readers(["prov"], EPOCH)


# --- what is refused ----------------------------------------------------------------------------------


def test_an_altered_proposal_is_refused(ledger: Ledger, proposal: Proposal, tmp_path: Path) -> None:
    path = carry(sign_proposal(ledger, proposal, roots(1)), tmp_path)
    data = path.read_bytes()
    at = data.index(b'"expires":') + 10
    path.write_bytes(data[:at] + b"9" + data[at + 1 :])
    refuse(ledger, path, BadSignature, "does not verify")
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    refuse(ledger, path, BadSignature, "does not verify")
    path.write_bytes(data[:-1])
    refuse(ledger, path, Malformed, "want")


def test_a_proposal_that_nobody_signed_can_be_altered_and_is_shown_as_what_it_says(
    ledger: Ledger, proposal: Proposal, tmp_path: Path
) -> None:
    """What is read is what is shown and signed: there is no second copy of it."""
    spy = replace(proposal.roster, groups=with_group(FIRST, "kpk", members=(member("spy"),)), raw=b"")
    path = tmp_path / "roster-00000002.proposal"
    path.write_bytes(sign_roster(spy, {}))
    read = read_proposal(ledger, path)
    assert "spy" in read.roster.members
    assert sign_proposal(ledger, read, roots(1)).roster == read.roster


def test_a_stranger_or_a_wrong_number_is_refused(ledger: Ledger, proposal: Proposal, tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(sign_roster(proposal.roster, {9: signer("stranger")}))
    refuse(ledger, path, BadSignature, "signed by 9, who is no root holder")
    path.write_bytes(sign_roster(proposal.roster, {2: signer("root 1")}))
    refuse(ledger, path, BadSignature, "does not verify")


def test_the_key_of_another_holder_does_not_sign(ledger: Ledger, proposal: Proposal) -> None:
    for signers in ({1: signer("root 2")}, {9: signer("root 1")}, {1: signer("stranger")}):
        with pytest.raises(BadSignature, match="key given for root holder"):
            sign_proposal(ledger, proposal, signers)


def test_a_proposal_for_another_version_or_deployment_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "p"
    for roster, error, match in (
        (replace(after(FIRST), version=3), BrokenChain, "version 3 does not follow version 1 of this desk"),
        (replace(after(FIRST), previous=bytes(64)), BrokenChain, "does not follow"),
        (replace(FIRST, expires=DAY + 1, raw=b""), RolledBack, "version 1, want 2"),
        (FIRST, RolledBack, "version 1 is in force here already"),
        (after(FIRST, deployment="others"), BrokenChain, "another deployment"),
    ):
        path.write_bytes(signed(roster))
        refuse(ledger, path, error, match)


def test_a_stale_proposal_is_refused_when_another_came_first(
    ledger: Ledger, proposal: Proposal, tmp_path: Path
) -> None:
    path = carry(sign_proposal(ledger, proposal, roots(1)), tmp_path / "stick")
    second = put_in_force(ledger, sign_proposal(ledger, propose(ledger, after(FIRST)), roots(1, 2)), today=DAY)
    refuse(second, path, RolledBack, "version 2, want 3")


def test_another_key_under_a_name_that_stays_is_refused_before_anybody_signs(ledger: Ledger, tmp_path: Path) -> None:
    spy = after(FIRST, groups=with_group(FIRST, "kpk", members=(replace(member("spy"), id="kpk-1"),)))
    holder = after(FIRST, roots=(*root_set(1, 2), replace(root_set(4)[0], id=3)))
    for roster, error in ((spy, KeyAlarm), (holder, BrokenChain)):
        with pytest.raises(error, match="another key for"):
            propose(ledger, roster)
        (tmp_path / "p").write_bytes(sign_roster(roster, {}))
        refuse(ledger, tmp_path / "p", error, "another key for")


@pytest.mark.parametrize("change", [changes.remove_station("prov"), changes.set_quorum("prov", 4)])
def test_what_the_format_forbids_is_refused_before_anybody_signs(ledger: Ledger, change: changes.Change) -> None:
    old = replace(FIRST, stations=FIRST.stations[:1])
    with pytest.raises(Malformed):
        propose(ledger, next_roster(old, change, day=DAY))


def test_an_ended_proposal_is_not_put_in_force(ledger: Ledger, proposal: Proposal) -> None:
    both = sign_proposal(ledger, proposal, roots(1, 2))
    with pytest.raises(Expired):
        put_in_force(ledger, both, today=DAY + 401)
    assert Ledger.load(ledger.folder) == ledger


# --- batches beside it --------------------------------------------------------------------------------


def beside(stick: Path, name: str, data: bytes) -> None:
    medium.write_file(stick / "batches" / name, data)


def test_batches_of_other_people_and_other_files_are_not_its_own(
    ledger: Ledger, proposal: Proposal, tmp_path: Path
) -> None:
    path = carry(proposal, tmp_path)
    beside(tmp_path, "spy-00000045.senyap", batch_of("spy"))
    beside(tmp_path, "._prov-4-00000045.senyap", b"what another system leaves behind")
    beside(tmp_path, "note.txt", b"x")
    beside(tmp_path, "kota-1-00000001.senyap", batch_of("kota-1", 1))  # over
    assert read_proposal(ledger, path) == proposal


def test_a_batch_that_somebody_else_put_there_is_refused_before_anybody_signs(
    ledger: Ledger, proposal: Proposal, tmp_path: Path
) -> None:
    forged = sign_batch(small_batch(reviewer="prov-4", keys=(opener("spy").public,)), signer("spy"))
    second = sign_batch(small_batch(reviewer="kota-1", keys=(opener("spy").public,)), signer("kota-1"))
    twice = sign_batch(small_batch(reviewer="prov-4", keys=(opener("spy").public,) * 2), signer("prov-4"))
    for number, (data, error) in enumerate(
        ((forged, BadSignature), (second, KeyAlarm), (twice, KeyAlarm), (b"SNYK", Malformed))
    ):
        stick = tmp_path / str(number)
        path = carry(proposal, stick)
        beside(stick, "x.senyap", data)
        with pytest.raises(error):
            read_proposal(ledger, path)


def test_another_key_in_the_batches_of_a_request_is_an_alarm(ledger: Ledger) -> None:
    same = sign_batch(small_batch(reviewer="prov-4", keys=(opener("kota-1 45").public,)), signer("prov-4"))
    roster = next_roster(FIRST, changes.admit_unit(ASKED), day=DAY)
    with pytest.raises(KeyAlarm, match="stands elsewhere"):
        propose(ledger, roster, [same])
    with pytest.raises(BrokenChain, match="not in the roster"):
        propose(ledger, roster, [batch_of("spy")])


def test_an_ended_batch_stops_nothing_once_the_roster_is_signed(ledger: Ledger, proposal: Proposal) -> None:
    both = sign_proposal(ledger, proposal, roots(1, 2))
    late = DAY + 7 * 20
    assert put_in_force(ledger, both, today=late).roster.version == 2


def test_groups_whose_keys_would_be_missing_are_named(ledger: Ledger, proposal: Proposal) -> None:
    assert closed_groups(ledger, proposal, EPOCH) == ()
    assert closed_groups(ledger, proposal, EPOCH + 2) == ("kota", "kpk", "prov")
    assert closed_groups(ledger, replace(proposal, batches=()), EPOCH) == ("prov",)


# --- how many are missing -----------------------------------------------------------------------------


def brute_force(old: Roster, new: Roster, had: set[int]) -> int:
    """Return the size of the smallest set of holders whose signatures finish the roster."""
    before, after_ = {r.id for r in old.roots}, {r.id for r in new.roots}
    others = sorted((before | after_) - had)
    for size in range(len(others) + 1):
        for chosen in itertools.combinations(others, size):
            everybody = had | set(chosen)
            if len(everybody & before) >= old.root_k and len(everybody & after_) >= new.root_k:
                return size
    raise AssertionError("nobody can finish it")


SETS = st.sets(st.integers(1, 6), min_size=1, max_size=5)


@settings(max_examples=400, deadline=None)
@given(SETS, SETS, st.sets(st.integers(1, 6)), st.data())
def test_missing_is_the_least_number_that_finishes_it(
    before: set[int], behind: set[int], signed_: set[int], data: st.DataObject
) -> None:
    old = replace(FIRST, roots=root_set(*sorted(before)), root_k=data.draw(st.integers(1, len(before))))
    new = replace(FIRST, roots=root_set(*sorted(behind)), root_k=data.draw(st.integers(1, len(behind))))
    had = signed_ & (before | behind)
    assert desk._lacking(old, new, had) == brute_force(old, new, had)


def test_both_root_sets_sign_a_change_of_all_three(ledger: Ledger, tmp_path: Path) -> None:
    made = propose(ledger, after(FIRST, roots=root_set(3, 4, 5)))
    assert made.missing == 3  # 3 counts twice
    assert [r.id for r in may_sign(ledger, made)] == [1, 2, 3, 4, 5]
    made = sign_proposal(ledger, made, roots(1, 2))
    assert (made.missing, [n for n in range(1, 7) if helps(ledger, made, n)]) == (2, [3, 4, 5])
    made = sign_proposal(ledger, made, roots(4, 5))
    assert made.missing == 0
    second = put_in_force(ledger, made, today=DAY)
    assert [r.id for r in Ledger.load(second.folder).roster.roots] == [3, 4, 5]


@settings(max_examples=100, deadline=None)
@given(SETS, SETS, st.data())
def test_whoever_helps_is_enough_in_any_order(before: set[int], behind: set[int], data: st.DataObject) -> None:
    """Signing with each key that helps, and no other, ends with the least number of passphrases."""
    old = replace(FIRST, roots=root_set(*sorted(before)), root_k=data.draw(st.integers(1, len(before))))
    new = replace(FIRST, roots=root_set(*sorted(behind)), root_k=data.draw(st.integers(1, len(behind))))
    had: set[int] = set()
    for number in data.draw(st.permutations(sorted(before | behind))):
        if desk._lacking(old, new, had | {number}) < desk._lacking(old, new, had):
            had.add(number)
    assert desk._lacking(old, new, had) == 0 and len(had) == brute_force(old, new, set())
