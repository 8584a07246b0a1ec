"""The ledger: every home verifies its public files from the pin; what is refused changes nothing."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from desks import (
    Breaks,
    after,
    batch_of,
    first_file,
    make_ledger,
    member,
    picture,
    pin_of,
    root_set,
    signed,
    with_group,
)
from make_vectors import DAY, EPOCH, opener, signer, small_batch, small_roster

from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import BadSignature, CryptoError, Malformed
from keys import ledger as ledgers
from keys.batch import sign_batch
from keys.errors import BrokenChain, Expired, KeyAlarm, RolledBack, TooFewSignatures, WrongClock
from keys.ledger import (
    Ledger,
    copy_ledger,
    in_order,
    repin,
    take_batch,
    take_file,
    take_files,
    take_roster,
    write_ledger,
)
from keys.offers import take_all
from keys.roster import Roster
from keys.rosterfile import fingerprint_words, parse_roster

FIRST = small_roster()


def grow(ledger: Ledger, *signers: int, **changes: object) -> Ledger:
    """Put a successor with these changes in force."""
    return take_roster(ledger, signed(after(ledger.roster, **changes), *signers), today=DAY)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: what is tested here is not a power cut of the machine."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path / "home")


@pytest.fixture
def long_chain(ledger: Ledger) -> Ledger:
    """Roots 1 2 3 → 1 2 4 (version 3) → 2 4 5 (version 5), with a plain version between and at the end."""
    ledger = grow(ledger)
    ledger = grow(ledger, 1, 2, roots=root_set(1, 2, 4))
    ledger = grow(ledger, 1, 4)
    ledger = grow(ledger, 2, 4, roots=root_set(2, 4, 5))
    return grow(ledger, 4, 5)


def assert_unchanged(
    ledger: Ledger, data: bytes, error: type[CryptoError], today: int = DAY, match: str | None = None
) -> None:
    """Demand this very refusal, and that nothing on disk has changed."""
    before = picture(ledger.folder)
    with pytest.raises(error, match=match) as caught:
        take_file(ledger, data, today=today)
    assert type(caught.value) is error
    assert picture(ledger.folder) == before
    assert Ledger.load(ledger.folder) == ledger


# --- loading ------------------------------------------------------------------------------------------


def test_a_home_loads_from_its_pin(ledger: Ledger) -> None:
    assert (ledger.roster, len(ledger.batches)) == (FIRST, 6)
    assert ledger.fingerprint == fingerprint_words(pin_of(FIRST))
    assert ledger.table().readers(["prov"], EPOCH)[0].k == 2


def test_root_holders_are_replaced_twice_and_pin_and_words_stay(long_chain: Ledger) -> None:
    again = Ledger.load(long_chain.folder)
    assert (again.roster.version, [r.id for r in again.roster.roots]) == (6, [2, 4, 5])
    assert (again.pin, again.fingerprint) == (pin_of(FIRST), fingerprint_words(pin_of(FIRST)))
    assert again == long_chain


def test_a_home_that_is_pinned_to_a_later_root_set_loads_too(long_chain: Ledger, tmp_path: Path) -> None:
    for later in (root_set(1, 2, 4), root_set(2, 4, 5)):
        copy = Path(shutil.copytree(long_chain.folder, tmp_path / f"later-{later[0].id}"))
        (copy / "root.pin").write_bytes(pin_of(replace(FIRST, roots=later)))
        assert Ledger.load(copy).roster == long_chain.roster


def test_a_forged_middle_roster_is_refused(long_chain: Ledger) -> None:
    """Roots 4 and 5, who came later, rewrite version 3."""
    path = long_chain.folder / "rosters" / "roster-00000003.senyap"
    second = long_chain.version(2)
    path.write_bytes(signed(after(second, roots=root_set(2, 4, 5)), 4, 5))
    with pytest.raises(TooFewSignatures):
        Ledger.load(long_chain.folder)


def test_a_middle_roster_with_another_body_breaks_the_chain(long_chain: Ledger) -> None:
    path = long_chain.folder / "rosters" / "roster-00000004.senyap"
    third = long_chain.version(3)
    path.write_bytes(signed(after(third, expires=DAY + 300), 1, 2))
    with pytest.raises(BrokenChain, match="does not follow"):
        Ledger.load(long_chain.folder)


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_a_missing_middle_roster_is_refused(long_chain: Ledger, version: int) -> None:
    (long_chain.folder / "rosters" / f"roster-{version:08d}.senyap").unlink()
    if version == 2:  # version 1 fits the pin, but is followed by 3
        (long_chain.folder / "rosters" / "roster-00000001.senyap").unlink()
    with pytest.raises(BrokenChain):
        Ledger.load(long_chain.folder)


def test_without_the_rosters_before_it_a_later_root_set_is_not_the_pinned_one(long_chain: Ledger) -> None:
    shutil.rmtree(long_chain.folder / "rosters")
    with pytest.raises(BrokenChain, match="pinned"):
        Ledger.load(long_chain.folder)


def test_a_pin_of_another_length_is_malformed(ledger: Ledger) -> None:
    for size in (0, 63, 65):
        (ledger.folder / "root.pin").write_bytes(bytes(size))
        with pytest.raises(Malformed):
            Ledger.load(ledger.folder)


def test_another_pin_is_refused_and_without_one_nothing_is_trusted(ledger: Ledger) -> None:
    (ledger.folder / "root.pin").write_bytes(bytes(64))
    with pytest.raises(BrokenChain):
        Ledger.load(ledger.folder)
    (ledger.folder / "root.pin").unlink()
    with pytest.raises(FileNotFoundError):
        Ledger.load(ledger.folder)


def test_a_roster_that_has_ended_is_loaded_all_the_same(tmp_path: Path) -> None:
    data = signed(replace(FIRST, issued=1, expires=2))
    write_ledger(tmp_path, pin_of(FIRST), data, [])
    assert Ledger.load(tmp_path).roster.expires == 2


def test_files_of_others_in_the_folders_are_passed_over(ledger: Ledger) -> None:
    for name in ("batches/README.senyap", "batches/._prov-1-00000045.senyap", "batches/prov-1-00000045.senyap.part",
                 "batches/note.txt", "rosters/note.txt", ".roster.senyap.1234.part"):  # fmt: skip
        path = ledger.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not ours")
    assert Ledger.load(ledger.folder) == ledger


def test_a_batch_that_was_altered_at_rest_is_refused(ledger: Ledger) -> None:
    path = ledger.folder / "batches" / f"prov-1-{EPOCH:08d}.senyap"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BadSignature):
        Ledger.load(ledger.folder)


# --- the past -----------------------------------------------------------------------------------------


def test_each_version_is_found_by_the_hashes_newest_first(long_chain: Ledger) -> None:
    assert [r.version for r in long_chain.history()] == [6, 5, 4, 3, 2, 1]
    assert long_chain.version(1) == FIRST
    assert [r.id for r in long_chain.version(3).roots] == [1, 2, 4]


@pytest.mark.parametrize("version", [0, 7])
def test_a_version_that_is_not_at_hand_is_said(long_chain: Ledger, version: int) -> None:
    with pytest.raises(BrokenChain, match=f"version {version} is not at hand, in force is 6"):
        long_chain.version(version)


def test_history_ends_where_the_files_end(long_chain: Ledger) -> None:
    (long_chain.folder / "rosters" / "roster-00000002.senyap").unlink()
    assert [r.version for r in long_chain.history()] == [6, 5, 4, 3]


def test_an_older_roster_that_is_not_the_one_that_was_replaced_is_refused(ledger: Ledger) -> None:
    second = grow(ledger)
    (second.folder / "rosters" / "roster-00000001.senyap").write_bytes(signed(replace(FIRST, expires=DAY + 9)))
    with pytest.raises(BrokenChain, match="not the one that was replaced"):
        second.version(1)


def test_files_after_a_version_are_what_somebody_lacks(long_chain: Ledger, tmp_path: Path) -> None:
    assert list(long_chain.files_after(6)) == []
    late = make_ledger(tmp_path / "late")
    for data in long_chain.files_after(1):
        late = take_roster(late, data, today=DAY)
    assert late.roster == long_chain.roster


# --- taking rosters -----------------------------------------------------------------------------------


def test_the_same_roster_again_is_nothing_to_do(ledger: Ledger) -> None:
    before = picture(ledger.folder)
    assert take_roster(ledger, first_file(), today=DAY) is ledger
    assert take_roster(ledger, signed(FIRST, 2, 3), today=DAY) is ledger  # signed by others
    assert picture(ledger.folder) == before


def test_the_next_roster_is_put_in_force_and_the_old_one_kept(ledger: Ledger) -> None:
    second = grow(ledger)
    assert Ledger.load(ledger.folder) == second
    assert (ledger.folder / "rosters" / "roster-00000001.senyap").read_bytes() == first_file()


def test_another_roster_of_the_version_in_force_is_refused_and_the_root_holders_are_named(ledger: Ledger) -> None:
    assert_unchanged(ledger, signed(replace(FIRST, expires=DAY + 99)), BrokenChain, match="another roster of version 1")


def test_a_gap_says_which_versions_are_missing(ledger: Ledger) -> None:
    second = after(ledger.roster)
    assert_unchanged(ledger, signed(replace(second, version=3)), BrokenChain, match="version 3, take version 2 first")
    assert_unchanged(
        ledger, signed(replace(second, version=5)), BrokenChain, match="version 5, take version 2 to 4 first"
    )


def test_an_older_roster_is_rolled_back(ledger: Ledger) -> None:
    assert_unchanged(grow(ledger), first_file(), RolledBack)


def test_a_roster_of_another_deployment_is_refused(ledger: Ledger) -> None:
    for version in (1, 2, 9):
        other = replace(after(ledger.roster, deployment="others"), version=version)
        assert_unchanged(ledger, signed(other), BrokenChain, match="another deployment")


def test_a_roster_that_does_not_follow_is_refused(ledger: Ledger) -> None:
    assert_unchanged(
        ledger, signed(replace(after(ledger.roster), previous=bytes(64))), BrokenChain, match="does not follow"
    )


def test_a_roster_that_was_signed_by_too_few_is_refused(ledger: Ledger) -> None:
    assert_unchanged(
        ledger, signed(after(ledger.roster), 1), TooFewSignatures, match="1 signatures of its old root set"
    )
    fresh = after(ledger.roster, roots=root_set(4, 5, 6))
    assert_unchanged(ledger, signed(fresh, 4, 5), TooFewSignatures, match="old")
    assert_unchanged(ledger, signed(fresh, 1, 2), TooFewSignatures, match="own")


def test_a_roster_from_the_future_is_refused_and_the_clock_is_named(ledger: Ledger) -> None:
    tomorrow = signed(after(ledger.roster, issued=DAY + 3))
    assert_unchanged(
        ledger, tomorrow, WrongClock, match=f"day {DAY + 3}, today is day {DAY}; check this machine's clock"
    )
    assert take_roster(ledger, tomorrow, today=DAY + 1).roster.version == 2  # two days are nobody's fault


def test_a_roster_that_has_ended_is_not_taken(ledger: Ledger) -> None:
    data = signed(after(ledger.roster, expires=DAY + 5))
    assert_unchanged(ledger, data, Expired, today=DAY + 6)
    assert take_roster(ledger, data, today=DAY + 5).roster.version == 2


def test_a_reviewer_who_stays_keeps_the_key(ledger: Ledger) -> None:
    """Root holders who put their own key under a reviewer's id would read along unseen."""
    mine = replace(member("spy"), id="kota-1")
    groups = with_group(ledger.roster, "kota", members=(mine, member("kota-2")))
    assert_unchanged(
        ledger, signed(after(ledger.roster, groups=groups)), KeyAlarm, match="another key for reviewer kota-1"
    )


@pytest.mark.parametrize("data", [b"", b"SNYR", b"SNYX" + bytes(99), first_file()[:-1], first_file() + b"\0"])
def test_bytes_that_are_no_roster_are_malformed(ledger: Ledger, data: bytes) -> None:
    assert_unchanged(ledger, data, Malformed)


# --- taking batches -----------------------------------------------------------------------------------


def test_a_batch_is_taken_once_and_stands_on_disk(ledger: Ledger) -> None:
    data = batch_of("kota-1", EPOCH + 2)
    next_ledger = take_batch(ledger, data, today=DAY)
    assert len(next_ledger.batches) == 7
    assert take_batch(next_ledger, data, today=DAY) is next_ledger
    assert {b.raw for b in Ledger.load(ledger.folder).batches} == {b.raw for b in next_ledger.batches}


def test_a_second_key_for_an_epoch_is_an_alarm(ledger: Ledger) -> None:
    keys = (opener("other 1").public, opener("other 2").public)
    data = sign_batch(small_batch(reviewer="kota-1", first_epoch=EPOCH + 1, keys=keys), signer("kota-1"))
    assert_unchanged(ledger, data, KeyAlarm, match="second key")


def test_a_key_of_another_reviewer_or_epoch_is_an_alarm(ledger: Ledger) -> None:
    for keys in ((opener("prov-1 45").public,), (opener("kota-1 45").public,)):
        data = sign_batch(small_batch(reviewer="kota-1", first_epoch=EPOCH + 2, keys=keys), signer("kota-1"))
        assert_unchanged(ledger, data, KeyAlarm, match="stands elsewhere")


def test_a_batch_that_repeats_a_key_is_an_alarm(ledger: Ledger) -> None:
    data = sign_batch(small_batch(keys=(opener("x").public, opener("x").public)), signer("prov-1"))
    assert_unchanged(ledger, data, KeyAlarm, match="one key stands for two epochs")


def test_a_batch_of_a_stranger_is_refused(ledger: Ledger) -> None:
    assert_unchanged(ledger, batch_of("prov-9"), BrokenChain, match="not in the roster")


def test_a_batch_that_another_signed_is_refused(ledger: Ledger) -> None:
    data = sign_batch(small_batch(first_epoch=EPOCH + 2), signer("kota-1"))
    assert_unchanged(ledger, data, BadSignature)


def test_a_batch_for_a_roster_to_come_is_refused(ledger: Ledger) -> None:
    assert_unchanged(ledger, batch_of("kota-1", EPOCH + 2, 2, 2), BrokenChain, match="roster version 2, in use is 1")


def test_the_same_keys_signed_once_more_are_nothing_to_do(ledger: Ledger) -> None:
    again = sign_batch(ledger.batches[0], signer(ledger.batches[0].reviewer))
    assert again != ledger.batches[0].raw
    assert take_batch(ledger, again, today=DAY) is ledger


def test_a_part_of_known_keys_takes_none_of_them_away(ledger: Ledger) -> None:
    """A shorter batch from the same epoch on has the same file name."""
    short = batch_of("kota-1", EPOCH, 1)
    assert take_batch(ledger, short, today=DAY) is ledger
    assert Ledger.load(ledger.folder) == ledger


def test_a_longer_batch_takes_the_place_of_a_shorter_one(ledger: Ledger) -> None:
    longer = take_batch(ledger, batch_of("kota-1", EPOCH, 5), today=DAY)
    again = Ledger.load(ledger.folder)
    assert len(again.batches) == len(longer.batches) == 6
    assert again.table().last_epoch("kota") == longer.table().last_epoch("kota") == EPOCH + 1  # kota-2's ends first
    assert {b.last_epoch for b in again.batches if b.reviewer == "kota-1"} == {EPOCH + 4}


def test_a_batch_that_ended_long_ago_is_refused(ledger: Ledger) -> None:
    data = batch_of("kota-1", EPOCH - 20)
    assert_unchanged(ledger, data, RolledBack, match=f"ended with epoch {EPOCH - 19}, this is epoch {EPOCH}")
    last = (EPOCH - 19 + ledgers.KEEP_EPOCHS) * 7 + 6
    assert take_batch(ledger, data, today=last) is not ledger


def test_batches_of_who_leaves_go_with_them(ledger: Ledger) -> None:
    left = grow(ledger, groups=with_group(FIRST, "kota", k=1, members=(member("kota-2"),)))
    assert not list((ledger.folder / "batches").glob("kota-1-*"))
    assert Ledger.load(ledger.folder) == left
    assert_unchanged(left, batch_of("kota-1"), BrokenChain)


def test_a_crash_before_the_leavers_batches_are_gone_is_survived(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ledgers, "_prune", lambda ledger: ledger)  # the power went before it
        grow(ledger, groups=with_group(FIRST, "kota", k=1, members=(member("kota-2"),)))
    assert list((ledger.folder / "batches").glob("kota-1-*"))
    again = Ledger.load(ledger.folder)
    assert {b.reviewer for b in again.batches if b.reviewer.startswith("kota")} == {"kota-2"}
    grow(again)
    assert not list((ledger.folder / "batches").glob("kota-1-*"))


def test_ended_batches_go_by_the_signed_day_and_not_by_the_clock(ledger: Ledger) -> None:
    """A clock that is a year ahead takes nobody's keys away."""
    year = grow(ledger, expires=DAY + 800)
    ahead = take_roster(year, signed(after(year.roster)), today=DAY + 365)
    assert len(Ledger.load(ledger.folder).batches) == len(ahead.batches) == 6
    over = DAY + 7 * (ledgers.KEEP_EPOCHS + 2)
    late = take_roster(ahead, signed(after(ahead.roster, issued=over)), today=over)
    assert late.batches == () == Ledger.load(ledger.folder).batches


def test_group_ids_with_hyphens_do_not_confuse_file_names(tmp_path: Path) -> None:
    names = ("muara-enim-1", "muara-enim-10", "muara-00000045")
    group = replace(FIRST.groups[3], id="muara-enim", k=1, members=tuple(map(member, names)))
    routing = {
        **FIRST.routing,
        "sunyi": {"pegawai": replace(FIRST.routing["sunyi"]["pegawai"], readers=("muara-enim",))},
    }
    roster = replace(FIRST, groups=(*FIRST.groups[:3], group), routing=routing)
    write_ledger(tmp_path, pin_of(roster), signed(roster), [batch_of(n) for n in names])
    assert {b.reviewer for b in Ledger.load(tmp_path).batches} == set(names)


# --- files that came with a transport -----------------------------------------------------------------


def test_files_are_taken_rosters_first_whatever_their_order(long_chain: Ledger, tmp_path: Path) -> None:
    late = make_ledger(tmp_path / "late", [])
    files = [batch_of("kota-1", EPOCH, 2, 1), *reversed(list(long_chain.files_after(0))), batch_of("prov-1", version=1)]
    taken, warnings = take_files(late, files, today=DAY)
    assert (taken.roster, len(taken.batches), warnings) == (long_chain.roster, 2, ())
    assert in_order(files)[:6] == list(long_chain.files_after(0))


def test_one_bad_file_stops_no_other_and_is_warned_about_once(ledger: Ledger) -> None:
    bad = [b"SNYX", b"", b"SNYR" + bytes(9), batch_of("prov-9"), batch_of("prov-9", EPOCH, 1)]
    taken, warnings = take_files(ledger, [*bad, batch_of("kota-1", EPOCH + 2)], today=DAY)
    assert len(taken.batches) == 7
    told = [str(warning) for warning in warnings]
    assert [w for w in told if "neither" in w] and len([w for w in told if "not in the roster" in w]) == 1
    assert len(told) == len(set(told)) == 3


def test_older_rosters_and_batches_of_who_has_left_are_passed_over(ledger: Ledger) -> None:
    left = grow(ledger, groups=with_group(FIRST, "kota", k=1, members=(member("kota-2"),)))
    assert take_files(left, [first_file(), batch_of("kota-1")], today=DAY) == (left, ())


def test_another_roster_of_the_version_in_force_is_warned_about(ledger: Ledger) -> None:
    fork = signed(replace(FIRST, expires=DAY + 99))
    taken, warnings = take_files(ledger, [fork], today=DAY)
    assert taken is ledger and "another roster of version 1" in str(warnings[0])


def test_a_batch_whose_reviewer_is_no_text_is_only_a_warning(ledger: Ledger) -> None:
    body = b'{"count":1,"deployment":"vectors","first_epoch":45,"keys":[],"reviewer":[],"roster_version":1}'
    data = build_envelope(body, b"SNYK", "senyap/v1/batch", {0: signer("prov-1")})
    assert len(take_files(ledger, [data], today=DAY)[1]) == 1


# --- full disks and copies ----------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 2])
def test_a_full_disk_leaves_the_roster_in_force(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    data = signed(after(ledger.roster))
    with monkeypatch.context() as patched:
        Breaks(patched, at)
        with pytest.raises(OSError, match="No space"):
            take_roster(ledger, data, today=DAY)
    assert Ledger.load(ledger.folder) == ledger
    assert not list(ledger.folder.rglob("*.part"))
    assert take_roster(ledger, data, today=DAY).roster.version == 2  # and again, when there is room


def test_a_full_disk_leaves_the_root_set_loadable_when_it_changes(
    long_chain: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Roster 6 stands twice then: in force and kept."""
    data = signed(after(long_chain.roster), 4, 5)
    with monkeypatch.context() as patched:
        Breaks(patched, 2)
        with pytest.raises(OSError):
            take_roster(long_chain, data, today=DAY)
    assert (long_chain.folder / "rosters" / "roster-00000006.senyap").is_file()
    assert Ledger.load(long_chain.folder) == long_chain


def test_a_full_disk_takes_no_batch(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        Breaks(patched, 1)
        with pytest.raises(OSError):
            take_batch(ledger, batch_of("kota-1", EPOCH + 2), today=DAY)
    assert Ledger.load(ledger.folder) == ledger


def test_a_copy_has_the_past_and_the_batches(long_chain: Ledger, tmp_path: Path) -> None:
    copy_ledger(long_chain, tmp_path / "stick")
    copied = Ledger.load(tmp_path / "stick")
    assert (copied.roster, copied.batches, copied.pin) == (long_chain.roster, long_chain.batches, long_chain.pin)
    assert [r.version for r in copied.history()] == [6, 5, 4, 3, 2, 1]


def test_a_copy_never_takes_the_place_of_newer_or_of_other_files(ledger: Ledger, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    copy_ledger(grow(make_ledger(tmp_path / "newer")), stick)
    before = picture(stick)
    with pytest.raises(RolledBack, match="version 2 lies there"):
        copy_ledger(ledger, stick)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "root.pin").write_bytes(bytes(64))
    with pytest.raises(BrokenChain, match="another root set"):
        copy_ledger(ledger, tmp_path / "other")
    assert picture(stick) == before and list(picture(tmp_path / "other")) == ["root.pin"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "..", "", "a/b", "x\n"])
def test_an_id_that_is_a_path_makes_no_file(tmp_path: Path, name: str) -> None:
    data = sign_batch(small_batch(reviewer=name), signer("prov-1"))
    with pytest.raises(Malformed, match="reviewer's id"):
        write_ledger(tmp_path / "home", pin_of(FIRST), first_file(), [data])
    assert not list(tmp_path.rglob("*.senyap"))


def test_rosters_are_read_with_a_cap(ledger: Ledger) -> None:
    (ledger.folder / "roster.senyap").write_bytes(bytes(ledgers.MAX_FILE_BYTES + 1))
    with pytest.raises(Malformed, match="5242880 or fewer"):
        Ledger.load(ledger.folder)


def test_a_ledger_shows_no_keys(ledger: Ledger) -> None:
    assert isinstance(ledger.roster, Roster)
    assert repr(ledger.batches[0].raw)[:40] not in repr(ledger)


# --- what came up when it was attacked -----------------------------------------------------------------


def test_a_home_that_missed_a_roster_which_has_ended_takes_it_on_the_way_to_the_next(
    ledger: Ledger, tmp_path: Path
) -> None:
    short = signed(after(ledger.roster, issued=DAY, expires=DAY + 30))
    second = parse_roster(parse_envelope(short, b"SNYR", "roster").body)
    third = signed(after(second, issued=DAY + 20, expires=DAY + 400))
    late = DAY + 40
    with pytest.raises(Expired):
        take_roster(ledger, short, today=late)
    home = make_ledger(tmp_path / "other")
    for name, data in (("2", short), ("3", third)):
        (tmp_path / name).write_bytes(data)
    assert take_all(home, [tmp_path / "3", tmp_path / "2"], day=late).roster.version == 3
    along, warnings = take_files(ledger, [third, short], today=late)
    assert (along.roster.version, warnings) == (3, ())


def test_a_batch_of_a_far_week_and_a_flood_of_batches_are_refused(ledger: Ledger) -> None:
    assert_unchanged(ledger, batch_of("kpk-1", EPOCH + 106), WrongClock, match="check the clocks")
    for week in range(EPOCH + 10, EPOCH + 10 + ledgers.MOST_BATCHES - 1):
        ledger = take_batch(ledger, batch_of("kpk-1", week, weeks=1), today=DAY)
    before = picture(ledger.folder)
    with pytest.raises(KeyAlarm, match="batches of one reviewer"):
        take_batch(ledger, batch_of("kpk-1", EPOCH + 60, weeks=1), today=DAY)
    assert picture(ledger.folder) == before


def test_a_stick_that_still_carries_the_batch_of_somebody_who_left_is_taken(ledger: Ledger, tmp_path: Path) -> None:
    gone = signed(after(ledger.roster, groups=with_group(ledger.roster, "kota", members=(member("kota-1"),))))
    for name, data in (("roster", gone), ("left", batch_of("kota-2")), ("stays", batch_of("kota-1", EPOCH + 2))):
        (tmp_path / name).write_bytes(data)
    taken = take_all(ledger, [tmp_path / name for name in ("roster", "left", "stays")], day=DAY)
    assert taken.roster.version == 2 and {b.reviewer for b in taken.batches} >= {"kota-1"}
    assert "kota-2" not in {b.reviewer for b in taken.batches}
    (tmp_path / "stranger").write_bytes(batch_of("asing-1"))
    with pytest.raises(BrokenChain, match="not in the roster"):
        take_all(taken, [tmp_path / "stranger"], day=DAY)


# --- a new pin ----------------------------------------------------------------------------------------


def test_a_home_is_pinned_anew_to_the_root_set_of_today(long_chain: Ledger) -> None:
    assert long_chain.pinned.version == 1
    new = repin(long_chain)
    assert (
        new.fingerprint == fingerprint_words(pin_of(replace(FIRST, roots=root_set(2, 4, 5)))) != long_chain.fingerprint
    )
    assert Ledger.load(long_chain.folder) == new
    assert new.pinned.version == 5, "the first roster of that root set"
    assert [r.version for r in new.history()] == [6, 5, 4, 3, 2, 1]
    assert repin(new) == new


def test_a_full_disk_leaves_the_old_pin(long_chain: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    Breaks(monkeypatch, 1)
    with pytest.raises(OSError, match="No space"):
        repin(long_chain)
    monkeypatch.undo()
    assert Ledger.load(long_chain.folder) == long_chain
