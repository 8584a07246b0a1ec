"""Forward secrecy: an old row opens with nothing that is left, and no key goes that a row may still need."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, Terminal, give, sit, tree, weak, words_of, world  # noqa: F401

from crypto.bundle import Taken
from crypto.encoding import label
from crypto.errors import NotForThisKey
from crypto.letter import Letter, build_letter
from crypto.row import Kind, Record, open_row, seal_row
from crypto.sharing import parse_share
from crypto.signing import SigningKey
from keys.batch import KeyTable, verify_batch
from keys.keyring import Keyring, kept_epochs
from keys.stationkeys import KEYRING
from station import tables, vault
from station.desk import Desk
from station.erasure import review
from station.errors import BadSettings
from station.home import Home
from station.inbox import Imported, import_bundle
from station.outbox import make_outbox
from station.rekey import rekey
from station.screen import swept_lines

ALL = ("sumsel-1", "sumsel-2", "sumsel-3")
ME = ALL[:2]
GRACE = 21


def week() -> int:
    """The week whose keys the tests want to see go."""
    return world().epoch


def due() -> int:
    """The first day on which they may."""
    return 7 * week() + 6 + GRACE


@dataclass
class Scene:
    """A station through the weeks: one home, one chain of bundles."""

    home: Path
    stick: Stick
    present: tuple[str, ...] = ME

    def take(self, rows: Sequence[bytes] = (), day: int | None = None, *, clock: int | None = None,
             present: tuple[str, ...] | None = None, **changes: Any) -> Imported:  # fmt: skip
        """Import the next bundle of a day; the station's clock agrees unless `clock` is given."""
        day = 7 * week() + 2 if day is None else day
        return self.load(self.stick.write(rows, day=day, **changes), day if clock is None else clock, present)

    def load(self, path: Path, clock: int, present: tuple[str, ...] | None = None) -> Imported:
        names = self.present if present is None else present
        with sit(self.home, *names, leavers=True) as desk:
            return import_bundle(desk, path, day=clock)

    def skip(self, day: int, **changes: Any) -> Path:
        """Make a bundle that does not arrive."""
        return self.stick.write([], day=day, **changes)

    def kept(self, *reviewers: str) -> set[str]:
        """Return who still has the key of the week."""
        return {r for r in reviewers or names(self.home) if week() in kept_epochs(self.home / KEYRING / r)}

    def late(self, **changes: Any) -> Imported:
        """Take a bundle on the day when the keys are due."""
        return self.take(day=due(), **changes)


def names(home: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in (home / KEYRING).iterdir()))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(world().copy_home("sumsel", tmp_path), Stick(tmp_path / "stick"))


@pytest.fixture
def regency(tmp_path: Path) -> Scene:
    """A station that is no collector, and its own chain."""
    home = world().copy_home("palembang", tmp_path)
    return Scene(home, Stick(tmp_path / "stick", to="palembang"), ("palembang-1",))


def relayed(regency: Scene, tmp_path: Path) -> Scene:
    """The collector's chain as it reaches that station."""
    return Scene(regency.home, Stick(tmp_path / "relayed"), regency.present)


def reasons(found: Imported, reviewer: str) -> str:
    """Return why a reviewer's key of the week is kept."""
    (kept,) = [k for k in found.swept.kept if (k.reviewer, k.epoch) == (reviewer, week())]
    return "; ".join(kept.reasons)


def erased(found: Imported) -> set[str]:
    return {reviewer for reviewer, epoch in found.swept.erased if epoch == week()}


def letter_row(letter: Letter, k: int, epoch: int | None = None) -> bytes:
    """Seal a letter so that k of the three reviewers are needed."""
    epoch = week() if epoch is None else epoch
    readers = replace(world().table.readers(["sumsel"], epoch)[0], k=k)
    return seal_row([readers], epoch, Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter)), world().decoys)


# --- the image ---------------------------------------------------------------------------------------


def everything_opens(home: Path, row: bytes, reviewers: Sequence[str]) -> bool:
    """Try to open a row with all that lies in a copy of a station and every passphrase: keys, kept shares, the vault."""
    rings = [Keyring.open(home / KEYRING / r, r, world().passphrases[r]) for r in reviewers if r in names(home)]
    keys = [(ring.reviewer, ring.opening_key(epoch)) for ring in rings for epoch in kept_epochs(ring.folder)]
    with ExitStack() as stack:
        desk = stack.enter_context(sit(home, *ME))
        with desk.vault.begin() as transaction:
            kept = transaction.execute(sa.select(tables.held_shares)).all()
    shares = {}
    for held in kept:
        for owner, key in keys:
            try:
                data = key.open(label("senyap/v1/held-share") + held.digest, held.sealed)
            except NotForThisKey:
                continue
            shares[owner] = parse_share(data)
    for owners in ([], list(shares)):  # a share may be both kept and in the row
        fresh = [key for owner, key in keys if owner not in owners]
        try:
            if isinstance(open_row(row, fresh, [shares[o] for o in owners]), Record):
                return True
        except NotForThisKey:
            continue
    return False


def test_after_the_grace_an_old_row_opens_with_nothing_that_is_left(scene: Scene, tmp_path: Path):
    opened, waiting = letter_row(Reporter().report("lama"), 2), letter_row(Reporter().report("lebih lama"), 3)
    later = letter_row(Reporter().report("baru"), 2, week() + 1)
    assert scene.take([opened, waiting]).new == 1
    assert scene.take([later], 7 * week() + 8, present=ALL).new == 2
    shutil.copytree(scene.home, before := tmp_path / "before")
    found = scene.late()
    assert erased(found) == set(ALL) and len(found.swept.erased) == 3
    shutil.copytree(scene.home, after := tmp_path / "after")
    for row in (opened, waiting):
        assert everything_opens(before, row, ALL), "control: with the image from before it opens"
        assert not everything_opens(after, row, ALL)
    assert everything_opens(after, later, ALL), "the week that has not run out still opens"
    with sit(scene.home, *ME) as desk, desk.vault.begin() as transaction:
        assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.cases)) == 3


def test_no_copy_of_a_key_stays_behind_in_vault_bundles_or_files(scene: Scene):
    row = letter_row(Reporter().report(), 2)
    scene.take([row])
    files = {r: scene.home / KEYRING / r / f"epoch-{week():08d}.key" for r in ALL}
    opened = {r: os.open(path, os.O_RDONLY) for r, path in files.items()}
    sealed = {r: path.read_bytes() for r, path in files.items()}
    secrets = []
    for r in ALL:
        key = Keyring.open(scene.home / KEYRING / r, r, world().passphrases[r]).opening_key(week())
        secrets += [key.seed, sealed[r], sealed[r][24:56]]
    with sit(scene.home, *ME) as desk:
        dump = everything_in(desk)
    assert len(dump) > 1000, "control: the vault was read"
    assert erased(scene.late()) == set(ALL)
    with sit(scene.home, *ME) as desk:
        dump = everything_in(desk)
    for where in (dump, *tree(scene.home).values()):
        assert not any(secret in where for secret in secrets)
    for r, fd in opened.items():  # overwritten, not just unlinked
        left = os.read(fd, 100)
        os.close(fd)
        assert len(left) == len(sealed[r]) and left != sealed[r] and left[24:56] != sealed[r][24:56]


def everything_in(desk: Desk) -> bytes:
    out = b""
    with desk.vault.begin() as transaction:
        for table in tables.metadata.sorted_tables:
            for row in transaction.execute(sa.select(table)):
                out += b"".join(x if isinstance(x, bytes) else repr(x).encode() for x in row)
    return out


def test_a_share_that_was_kept_opens_the_row_after_the_weeks_key_has_gone(scene: Scene, tmp_path: Path):
    row = letter_row(Reporter().report("menunggu"), 3)
    assert scene.take([row]).incomplete == 1
    assert erased(scene.late()) == set(ME)
    shutil.copytree(scene.home, image := tmp_path / "image")
    assert everything_opens(image, row, ALL) and not everything_opens(image, row, ME)
    found = scene.take(day=due() + 1, present=ALL)
    assert (found.new, found.incomplete, erased(found)) == (1, 0, {"sumsel-3"})
    assert not everything_opens(scene.home, row, ALL)


# --- what holds a key back ---------------------------------------------------------------------------


def test_a_reviewer_on_holiday_keeps_the_key_while_a_row_waits(scene: Scene):
    scene.take([letter_row(Reporter().report(), 3)])
    found = scene.late()
    assert scene.kept() == {"sumsel-3"} and "1 baris tertahan belum dicoba" in reasons(found, "sumsel-3")
    assert [k.reviewer for k in found.swept.kept if k.due] == ["sumsel-3"]
    found = scene.take(day=due() + 100, present=ALL)
    assert found.new == 1 and scene.kept() == set()


def test_two_reviewers_on_holiday_lose_nothing(scene: Scene):
    """One of the new reviewers has no keys of that week: the row needs two of those who are away."""
    new, batch = world().join(scene.home, "sumsel-4", range(week() + 1, week() + 3))
    row = letter_row(Reporter().report(), 2)
    give(scene.home, world().next_roster(groups=world().groups([*world().members(), new]))[1], batch)
    rekey(scene.home, words_of(*ME))
    assert scene.take([row], roster_version=2, present=("sumsel-1", "sumsel-4")).incomplete == 1
    found = scene.late(roster_version=2, present=("sumsel-1", "sumsel-4"))
    assert scene.kept(*ALL) == {"sumsel-2", "sumsel-3"} and erased(found) == {"sumsel-1"}
    found = scene.take(day=due() + 60, roster_version=2, present=("sumsel-1", "sumsel-2"))
    assert found.new == 1 and scene.kept(*ALL) == set()


def test_when_k_was_raised_those_who_are_present_give_their_share_and_the_third_keeps_the_key(scene: Scene):
    second, data = world().next_roster(groups=world().groups(world().members(), k=3))
    ledger = give(scene.home, data).ledger
    table = KeyTable(second, [verify_batch(b.raw, second) for b in ledger.batches])
    letter = Reporter().report()
    record = Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter))
    row = seal_row(table.readers(["sumsel"], week()), week(), record, world().decoys)
    assert scene.take([row], roster_version=2).incomplete == 1
    scene.late(roster_version=2)
    assert scene.kept() == {"sumsel-3"}
    rekey(scene.home, words_of(*ME))
    assert scene.take(day=due() + 7, roster_version=2, present=ALL).new == 1
    assert scene.kept() == set()


def test_a_share_sealed_to_the_same_key_holds_it_until_there_is_a_newer_one(scene: Scene):
    for reviewer in ME:
        (scene.home / KEYRING / reviewer / f"epoch-{week() + 1:08d}.key").unlink()
    scene.take([letter_row(Reporter().report(), 3)])
    found = scene.late()
    assert scene.kept() == set(ALL) and "masih disegel ke kunci ini" in reasons(found, "sumsel-1")
    ring = Keyring.open(scene.home / KEYRING / "sumsel-1", "sumsel-1", world().passphrases["sumsel-1"])
    ring.make_epochs([week() + 9])
    found = scene.take(day=due() + 1, present=("sumsel-2", "sumsel-3"))
    assert found.new == 0 and "sumsel-1" in scene.kept(), "who is away cannot seal anew"
    found = scene.take(day=due() + 2)
    assert "sumsel-1" not in scene.kept() and found.new == 0
    assert scene.take(day=due() + 3, present=ALL).new == 1


def test_kept_shares_move_on_to_ever_newer_keys(scene: Scene):
    scene.take([letter_row(Reporter().report(), 3)])
    for reviewer in ME:
        ring = Keyring.open(scene.home / KEYRING / reviewer, reviewer, world().passphrases[reviewer])
        ring.make_epochs([week() + 30])
    last = 7 * (week() + 1) + 6 + GRACE
    found = scene.take(day=last)
    assert {(r, e) for r, e in found.swept.erased} == {(r, week() + n) for r in ME for n in (0, 1)} | {
        ("sumsel-3", week() + 1)
    }
    assert scene.take(day=last + 1, present=ALL).new == 1


def test_a_held_row_that_somebody_waits_for_is_never_taken_for_foreign(scene: Scene):
    new, batch = world().join(scene.home, "sumsel-4")
    give(scene.home, world().next_roster(groups=world().groups([*world().members(), new]))[1], batch)
    rekey(scene.home, words_of(*ME))
    row = letter_row(Reporter().report(), 3)
    assert scene.take([row], roster_version=2).incomplete == 1
    hidden = scene.home / KEYRING / "sumsel-3"
    hidden.rename(scene.home.parent / "sumsel-3")
    for key in [*scene.home.glob(f"{KEYRING}/sumsel-1/epoch-*"), *scene.home.glob(f"{KEYRING}/sumsel-2/epoch-*")]:
        key.rename(scene.home.parent / f"{key.parent.name}-{key.name}")
    found = scene.take(roster_version=2, present=("sumsel-1", "sumsel-4"))
    assert found.incomplete == 1 and found.foreign == 0
    for key in scene.home.parent.glob("sumsel-?-epoch-*"):
        key.rename(scene.home / KEYRING / key.name[:8] / key.name[9:])
    (scene.home.parent / "sumsel-3").rename(hidden)
    assert scene.take(roster_version=2, present=ALL).new == 1


def test_rows_that_nobody_could_try_hold_the_keys_of_those_who_could(scene: Scene):
    away = {}
    for reviewer in ME:
        key = scene.home / KEYRING / reviewer / f"epoch-{week():08d}.key"
        away[key] = key.read_bytes()
        key.unlink()
    path = scene.stick.write([letter_row(Reporter().report(), 2)], day=7 * week() + 2)
    assert scene.load(path, 7 * week() + 2).foreign == 1
    found = scene.late()
    assert scene.kept() == {"sumsel-3"}
    assert "1 baris belum dicoba dengan kunci minggu ini: impor lagi" in reasons(found, "sumsel-3")
    for key, data in away.items():
        key.write_bytes(data)
        key.chmod(0o600)
    found = scene.load(path, due(), ("sumsel-1", "sumsel-3"))
    assert found.new == 1 and scene.kept() == set()


def test_foreign_rows_are_judged_for_all_by_one_who_was_a_reviewer_with_them(scene: Scene):
    scene.take([*world().cover(1), letter_row(Reporter(["kpk"]).report(), 2)])
    foreign = world().seal(Record(Kind.COVER, os.urandom(16), 0, 0, b""), ["kpk"])
    assert scene.take([foreign]).foreign == 1
    assert erased(scene.late()) == set(ALL)


def test_an_old_bundle_given_again_after_its_keys_have_gone_is_only_a_repeat(scene: Scene):
    foreign = world().seal(Record(Kind.COVER, os.urandom(16), 0, 0, b""), ["kpk"])
    path = scene.stick.write([foreign, letter_row(Reporter().report(), 2)], day=7 * week() + 2)
    scene.load(path, 7 * week() + 2)
    scene.late()
    assert scene.kept() == set()
    assert scene.load(path, due()) == Imported(0, 1, 0, 1, 0, ())


def test_a_foreign_row_that_only_a_newcomer_tried_is_not_judged_for_the_others(scene: Scene):
    new, batch = world().join(scene.home, "sumsel-4")
    give(scene.home, world().next_roster(groups=world().groups([*world().members(), new]))[1], batch)
    rekey(scene.home, words_of(*ME))
    away = scene.home / KEYRING / "sumsel-1" / f"epoch-{week():08d}.key"
    away.rename(scene.home.parent / "away")
    assert scene.take([letter_row(Reporter().report(), 2)], present=("sumsel-1", "sumsel-4")).foreign == 1
    found = scene.late(roster_version=2, present=("sumsel-1", "sumsel-4"))
    assert scene.kept() == {"sumsel-2", "sumsel-3"} and erased(found) == {"sumsel-4"}
    assert "belum dicoba" in reasons(found, "sumsel-2")


def test_rows_of_a_week_far_from_their_bundles_day_hold_the_keys_until_they_were_tried(scene: Scene):
    found = scene.take([letter_row(Reporter().report(), 2)], due() + 70)
    assert found.new == 0 and scene.kept() == set(ALL)
    assert "1 baris tertahan belum dicoba" in reasons(found, "sumsel-1")
    found = scene.take(day=due() + 71)
    assert found.new == 1 and erased(found) == set(ALL)


def test_what_still_waits_at_the_drop_box_holds_the_keys(scene: Scene):
    scene.take()
    found = scene.late(oldest_waiting_epoch=week())
    assert scene.kept() == set(ALL) and f"baris minggu {week()}" in reasons(found, "sumsel-2")
    assert erased(scene.take(day=due(), oldest_waiting_epoch=week() + 1)) == set(ALL)


def test_before_the_time_of_grace_has_passed_nothing_goes(scene: Scene):
    found = scene.take(day=due() - 1)
    assert scene.kept() == set(ALL) and not any(k.due for k in found.swept.kept)
    assert erased(scene.late()) == set(ALL)


def test_many_weeks_that_wait_for_one_thing_are_one_warning(scene: Scene):
    for reviewer in ALL:
        ring = Keyring.open(scene.home / KEYRING / reviewer, reviewer, world().passphrases[reviewer])
        ring.make_epochs(range(week() + 2, week() + 26))
    found = scene.take(day=due() + 365, clock=7 * week() + 5)
    lines = swept_lines(found.swept)
    assert len(lines) == 3 and all(f"minggu {week()}-{week() + 25} belum dihapus" in line for line in lines)
    assert "periksa kedua jam" in lines[0]


def test_the_clock_of_the_station_does_not_permit(scene: Scene):
    found = scene.take(day=due() - 1, clock=due() + 365)
    assert scene.kept() == set(ALL) and "masa tunggu: bundel terbaru" in reasons(found, "sumsel-1")
    assert [k.due for k in found.swept.kept] == [True] * 6


def test_a_station_clock_a_year_behind_holds_everything_back(scene: Scene):
    found = scene.take(day=due() + 1, clock=due() + 1 - 365)
    assert scene.kept() == set(ALL) and "jam mesin ini" in reasons(found, "sumsel-1")
    assert [k.reviewer for k in found.swept.kept if k.due] == list(ALL), "people are told"


def test_a_station_clock_a_day_short_holds_back_too(scene: Scene):
    found = scene.take(day=due(), clock=due() - 1)
    assert scene.kept() == set(ALL) and "masa tunggu: jam mesin ini" in reasons(found, "sumsel-1")


def test_a_drop_box_whose_clock_was_a_year_ahead_erases_no_key_of_next_year(scene: Scene):
    scene.take(day=7 * week() + 370, clock=7 * week() + 5, oldest_waiting_epoch=week() + 50)
    assert len(kept_epochs(scene.home / KEYRING / "sumsel-1")) == 2
    found = scene.take(day=7 * week() + 13, clock=7 * week() + 13)
    assert len(kept_epochs(scene.home / KEYRING / "sumsel-1")) == 2 and "jam mesin ini" in reasons(found, "sumsel-1")


def test_a_bundle_from_the_future_is_no_evidence_even_when_the_keys_are_due(scene: Scene):
    found = scene.take(day=due() + 365, clock=due() + 5)
    assert scene.kept() == set(ALL) and "periksa kedua jam" in reasons(found, "sumsel-1")
    assert erased(scene.take(day=due() + 6)) == set(ALL)


# --- chains ------------------------------------------------------------------------------------------


def test_a_gap_in_the_own_chain_is_harmless_while_this_vault_made_every_outbox(scene: Scene, tmp_path: Path):
    table = world().table
    scene.take()
    with sit(scene.home, *ME) as desk:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("station.home.Home.key_table", lambda self: table)
            make_outbox(desk, tmp_path / "out")
            with desk.vault.begin() as transaction:
                made = transaction.execute(sa.select(tables.outboxes)).one()
    scene.skip(due() - 2)
    found = scene.late(applied=Taken(1, made.hash))
    assert found.alarms == (
        "1 bundel sebelum bundel 3 belum pernah datang. Ambil bila stiknya tiba; bila tidak, isinya datang lagi",
    ) and erased(found) == set(ALL)


def test_a_first_bundle_that_is_not_the_first_is_harmless_in_the_own_chain(scene: Scene):
    scene.skip(due() - 2)
    assert erased(scene.late()) == set(ALL)


def test_a_gap_holds_the_keys_when_another_vault_made_an_outbox_and_a_late_bundle_closes_it(scene: Scene):
    scene.take(applied=Taken(1, b"\1" * 64))
    missing = scene.skip(due() - 2, applied=Taken(1, b"\1" * 64))
    found = scene.late(applied=Taken(1, b"\1" * 64))
    assert scene.kept() == set(ALL) and "bundel 2 untuk sumsel belum pernah sampai" in reasons(found, "sumsel-1")
    found = scene.load(missing, due())
    assert found.alarms[0].startswith("bundel 2 datang terlambat") and erased(found) == set(ALL)


def test_one_foreign_outbox_in_the_past_is_remembered(scene: Scene, tmp_path: Path):
    """A vault from an old image makes the same numbers again: the newest bundle alone would not show it."""
    table = world().table
    scene.take(applied=Taken(1, b"\1" * 64))
    with sit(scene.home, *ME) as desk, pytest.MonkeyPatch.context() as patch:
        patch.setattr("station.home.Home.key_table", lambda self: table)
        with desk.vault.begin() as transaction:
            transaction.execute(sa.insert(tables.outboxes).values(seq=1, hash=b"\2" * 64, day=1))
        make_outbox(desk, tmp_path / "out")
        with desk.vault.begin() as transaction:
            hashes = dict(transaction.execute(sa.select(tables.outboxes.c.seq, tables.outboxes.c.hash)).all())
    scene.skip(due() - 2)
    scene.late(applied=Taken(2, hashes[2]))
    assert scene.kept() == set(ALL)


def test_a_hole_in_the_outboxes_makes_a_gap_harmful(scene: Scene):
    scene.take()
    with sit(scene.home, *ME) as desk, desk.vault.begin() as transaction:
        transaction.execute(sa.insert(tables.outboxes).values(seq=4, hash=b"\4" * 64, day=1))
    scene.skip(due() - 2)
    scene.late(applied=Taken(4, b"\4" * 64))
    assert scene.kept() == set(ALL)


def test_in_a_vault_from_a_backup_a_gap_is_never_harmless(scene: Scene):
    scene.take()
    with sit(scene.home, *ME) as desk, desk.vault.begin() as transaction:
        vault.write_meta(transaction, "copied", "1")
    scene.skip(due() - 2)
    found = scene.late()
    assert scene.kept() == set(ALL) and "belum pernah sampai" in reasons(found, "sumsel-1")


def test_the_own_chain_of_a_station_that_does_not_collect_shows_nothing(regency: Scene, tmp_path: Path):
    regency.take()
    found = regency.late()
    assert regency.kept() == {"palembang-1", "palembang-2"}
    assert "stasiun palembang bukan pengumpul" in reasons(found, "palembang-1")
    passed_on = relayed(regency, tmp_path)
    passed_on.take()
    assert erased(passed_on.late()) == {"palembang-1", "palembang-2"}


def test_a_gap_in_a_relayed_chain_holds_the_keys_until_it_is_closed(regency: Scene, tmp_path: Path):
    passed_on = relayed(regency, tmp_path)
    passed_on.take()
    missing = passed_on.skip(due() - 2)
    found = passed_on.late()
    assert regency.kept() == {"palembang-1", "palembang-2"}
    assert "bundel 2 untuk sumsel belum pernah sampai" in reasons(found, "palembang-1")
    assert erased(passed_on.load(missing, due())) == {"palembang-1", "palembang-2"}


def test_a_relayed_chain_that_begins_before_a_reviewer_came_is_whole_for_that_reviewer(regency: Scene, tmp_path: Path):
    new, batch = world().join(regency.home, "palembang-3")
    groups = world().groups([*world().members(group="palembang"), new], k=1, group="palembang")
    give(regency.home, world().next_roster(groups=groups)[1], batch)
    passed_on = relayed(regency, tmp_path)
    passed_on.skip(7 * week())
    passed_on.take()
    found = passed_on.late(roster_version=2)
    assert erased(found) == {"palembang-3"} and "bundel 1 untuk sumsel" in reasons(found, "palembang-1")


def test_a_chain_that_begins_after_a_reviewer_came_is_not_whole_for_that_reviewer(regency: Scene, tmp_path: Path):
    new, batch = world().join(regency.home, "palembang-3")
    groups = world().groups([*world().members(group="palembang"), new], k=1, group="palembang")
    give(regency.home, world().next_roster(groups=groups)[1], batch)
    passed_on = relayed(regency, tmp_path)
    passed_on.skip(7 * week())
    passed_on.take(roster_version=2)
    assert erased(passed_on.late(roster_version=2)) == set()


def test_a_station_that_became_a_collector_later_has_missed_rows_before(regency: Scene):
    stations = tuple(replace(s, collector=s.collector or s.id == "palembang") for s in world().roster.stations)
    give(regency.home, world().next_roster(stations=stations)[1])
    regency.take()
    found = regency.late(roster_version=2)
    assert regency.kept() == {"palembang-1", "palembang-2"}
    assert "bukan pengumpul selama palembang-1" in reasons(found, "palembang-1")


def test_a_bundle_of_the_drop_boxs_old_key_is_no_evidence(scene: Scene):
    key = SigningKey.generate()
    give(scene.home, world().next_roster(server_key=key.public)[1])
    found = scene.late()
    assert scene.kept() == set(ALL) and "kunci lama kotak" in reasons(found, "sumsel-1")
    assert erased(scene.take(day=due() + 1, roster_version=2, signer=key)) == set(ALL)


def test_without_any_bundle_of_a_collector_nothing_goes(scene: Scene):
    with sit(scene.home, *ME) as desk:
        found = review(desk.vault, desk.home, due())
    assert scene.kept() == set(ALL)
    assert "belum ada bundel dari stasiun pengumpul" in found.swept.kept[0].reasons[0]


def test_when_older_rosters_are_not_at_hand_nobody_else_can_judge_and_no_chain_is_whole(scene: Scene):
    give(scene.home, world().next_roster()[1])
    (scene.home / "rosters" / "roster-00000001.senyap").unlink()
    scene.late(roster_version=2)
    assert scene.kept() == set(ALL)


# --- settings, log, crash ----------------------------------------------------------------------------


def test_the_time_of_grace_is_a_setting_of_the_station(scene: Scene):
    (scene.home / "station.toml").write_text("grace_days = 7\n")
    scene.take(day=7 * week() + 6 + 6)
    assert scene.kept() == set(ALL)
    assert erased(scene.take(day=7 * week() + 6 + 7)) == set(ALL)


@pytest.mark.parametrize(
    "text", ["grace_days = 6", "grace_days = 181", 'grace_days = "21"', "grace_days = true", "grace = 21", "x", "\xff"]
)
def test_other_settings_are_refused(scene: Scene, tmp_path: Path, text: str):
    (scene.home / "station.toml").write_text(text, encoding="latin-1")
    with pytest.raises(BadSettings, match=r"station\.toml"):
        Home.load(scene.home)
    assert Terminal(tmp_path, "sumsel", ME, scene.home).run("list").exit_code == 2


def log(scene: Scene) -> set[tuple[str, int, int, str, int]]:
    with sit(scene.home, *ME) as desk, desk.vault.begin() as transaction:
        return {tuple(row) for row in transaction.execute(sa.select(tables.erased_keys))}


def test_every_erasure_is_in_the_log_with_its_day_and_bundle(scene: Scene):
    scene.take()
    scene.late(clock=due() + 1)
    assert log(scene) == {(r, week(), due() + 1, "sumsel", 2) for r in ALL}


def test_a_crash_after_the_commit_leaves_keys_that_the_next_run_erases(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    scene.take([letter_row(Reporter().report(), 3)])
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("station.erasure.medium.erase_file", lambda path: 1 / 0)
        scene.late()
    assert scene.kept() == set(ALL) and {row[0] for row in log(scene)} == set(ME)
    with sit(scene.home, *ME) as desk:
        found = review(desk.vault, desk.home, 0)  # whatever the clock says: it was decided
    assert {r for r, _ in found.swept.erased} == set(ME) and scene.kept() == {"sumsel-3"}
    assert scene.take(day=due() + 1, present=ALL).new == 1


def test_a_crash_before_the_commit_erases_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    scene.take([letter_row(Reporter().report(), 3)])
    before = tree(scene.home / KEYRING)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("station.inbox._Run.report", lambda *_: 1 / 0)
        scene.late()
    assert tree(scene.home / KEYRING) == before and log(scene) == set()


# --- who left, who is to come ------------------------------------------------------------------------


def test_who_left_goes_when_nothing_is_sealed_to_them_any_more(scene: Scene):
    folder = scene.home / KEYRING / "sumsel-3"
    give(scene.home, world().next_roster(groups=world().groups(world().members(*ME)))[1])
    scene.late(roster_version=2)
    assert week() not in kept_epochs(folder) and (folder / "identity.locked").exists()
    scene.take(day=due() + 7, roster_version=2)
    assert kept_epochs(folder) == () and (folder / "identity.locked").exists(), "the vault may still need the share"
    rekey(scene.home, words_of(*ME))
    (folder / ".identity.locked.0011.part").write_bytes(b"x")
    scene.take(day=due() + 8, roster_version=2)
    assert not folder.exists() and names(scene.home) == ME


def test_who_left_can_still_open_a_row_that_nobody_else_can(scene: Scene):
    give(scene.home, world().next_roster(groups=world().groups(world().members(*ME)))[1])
    rekey(scene.home, words_of(*ME))
    assert scene.take([letter_row(Reporter().report(), 3)], roster_version=2).incomplete == 1
    scene.late(roster_version=2)
    assert scene.kept() == {"sumsel-3"}
    assert scene.take(day=due() + 1, roster_version=2, present=ALL).new == 1
    assert scene.kept() == set()


def test_keys_of_a_reviewer_who_is_in_no_roster_yet_are_left_alone(scene: Scene):
    world().join(scene.home, "sumsel-4")
    empty, _ = world().join(scene.home, "sumsel-5")
    for key in scene.home.glob(f"{KEYRING}/{empty.id}/epoch-*"):
        key.unlink()
    assert erased(scene.late()) == set(ALL)
    assert scene.kept() == {"sumsel-4"} and (scene.home / KEYRING / "sumsel-5" / "identity.locked").exists()


# --- what is said ------------------------------------------------------------------------------------


def commands(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: int) -> Terminal:
    monkeypatch.setattr("station.inbox.today", lambda: day)
    monkeypatch.setattr("station.upkeep.today", lambda: day)
    return Terminal(tmp_path, "sumsel", ME, scene.home)


def test_an_import_says_what_went_and_what_stays_too_long_and_its_exit_code_stays(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scene.take([letter_row(Reporter().report(), 3)])
    terminal = commands(scene, tmp_path, monkeypatch, due())
    result = terminal.run("import", str(scene.stick.write([], day=due())), "--json")
    assert result.exit_code == 0 and set(json.loads(result.stdout)) == {
        "new", "repeated", "cover", "foreign", "incomplete", "alarms", "canaries", "forwarded"
    }  # fmt: skip
    assert "2 kunci mingguan dihapus" in result.stderr
    assert f"PERINGATAN: kunci sumsel-3 untuk minggu {week()} belum dihapus: 1 baris tertahan" in result.stderr


def test_keys_lists_what_is_kept_and_why(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world().join(scene.home, "sumsel-4")
    scene.take([letter_row(Reporter().report(), 3)])
    scene.skip(due())
    terminal = commands(scene, tmp_path, monkeypatch, due() + 7)
    found = json.loads(terminal.run("keys", "--json").stdout)
    assert (found["grace_days"], found["erased"]) == (GRACE, [])
    states = {x["reviewer"]: (x["state"], x["epochs"]) for x in found["reviewers"]}
    assert states == {r: ("member", [week(), week() + 1]) for r in ALL} | {"sumsel-4": ("new", [week(), week() + 1])}
    (ended,) = [x["ended"] for x in found["reviewers"] if x["reviewer"] == "sumsel-3"]
    assert [(k["epoch"], k["until"], k["due"]) for k in ended] == [(week() + n, due() + 7 * n, True) for n in (0, 1)]
    assert all(k["reasons"] for k in ended)
    text = terminal.run("keys").stdout
    assert f"minggu {week()}-{week() + 1}" in text and "terlambat" in text and "belum di roster" in text


def test_keys_erases_what_is_due(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    scene.take(day=due(), clock=due() - 1)
    assert scene.kept() == set(ALL)
    found = json.loads(commands(scene, tmp_path, monkeypatch, due()).run("keys", "--json").stdout)
    assert [x["reviewer"] for x in found["erased"]] == list(ALL) and scene.kept() == set()
    assert all(x["epochs"] == [week() + 1] for x in found["reviewers"])
