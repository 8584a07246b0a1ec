"""dropbox.restored: after a copy was put back no station sees a fork, no row is doubled, and no row is freed unread."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest_moved import Box, Station, filled, opened
from conftest_station import weak, world  # noqa: F401

from crypto.encoding import today
from dropbox.keeper import Keeper
from dropbox.marks import clear_mark, read_mark, set_mark
from dropbox.restored import RESTORED
from keys.rosterfile import fingerprint_words

STRANGE = "that this drop box did not write"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(Path(shutil.copytree(filled(), tmp_path / "server")))


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return tmp_path / "stick"


def words_on_the_poster(box: Box) -> str:
    return " ".join(fingerprint_words((box.home / "root.pin").read_bytes()))


def restored(box: Box, copy: Path, *options: str) -> Box:
    """Put a copy in the place of a drop box that is lost, with the key that lay there."""
    lost = box.home.with_name("lost")
    box.home.rename(lost)
    how = options or ("--key", str(lost / "server.key"))
    box.run("restore", copy, "--fingerprint", words_on_the_poster(Box(lost)), *how)
    return box


def put_back(box: Box, snapshot: Path) -> None:
    """Put a machine back by hand, as a provider does."""
    shutil.rmtree(box.home)
    shutil.copytree(snapshot, box.home)


def mark(box: Box) -> int | None:
    with opened(box.home) as services, services.store.reading() as connection:
        return read_mark(connection, RESTORED, "sumsel")


def test_an_older_copy_goes_on_where_its_station_stands_and_nothing_is_doubled(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    first = box.take("yang pertama")
    copy = box.path("backup", "--to", tmp_path / "copies")
    assert station.imports(box.path("bundle", "--to", stick))["new"] == 1
    box.run("receive", station.outbox(stick))
    box.take("yang kedua")
    assert station.imports(box.path("bundle", "--to", stick))["new"] == 1
    box.take("yang hilang")

    restored(box, copy)
    assert box.waiting() == {first}, "freed since, and waits again"
    refused = box.run("bundle", "--to", stick, code=3)
    assert (
        "restored from a backup; first receive an outbox of sumsel that was made after it had imported"
        in refused.stderr
    )
    got = box.run("receive", station.outbox(stick), code=1)
    assert (
        "the chain of sumsel goes on from its bundle 2" in got.stderr
        and "1 outboxes in between never came" in got.stderr
    )
    box.take("yang ketiga")
    bundle = box.path("bundle", "--to", stick)
    assert bundle.name == "bundle-00000003.senyap"
    got = station.imports(bundle)
    assert (got["new"], got["repeated"], got["alarms"]) == (1, 1, [])
    assert mark(box) == 3
    box.run("receive", station.outbox(stick))
    assert mark(box) is None and first not in box.waiting()
    assert station.texts() == ["yang kedua", "yang ketiga", "yang pertama"]
    assert station.imports(box.path("bundle", "--to", stick))["alarms"] == []


def test_a_machine_that_was_put_back_by_hand_and_used_is_a_fork_for_both_sides(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    snapshot = shutil.copytree(box.home, tmp_path / "snapshot")
    box.take("yang pertama")
    station.imports(box.path("bundle", "--to", stick))
    put_back(box, snapshot)
    second = box.take("yang kedua")
    said = station.imports(box.path("bundle", "--to", stick), code=7)
    assert "dengan isi yang lain" in str(said["alarms"]) and said["new"] == 0
    outbox = station.outbox(stick)
    assert STRANGE in box.run("receive", outbox, code=7).stderr

    restored(box, box.path("backup", "--to", tmp_path / "copies"))
    box.run("receive", outbox, code=1)
    assert second in box.waiting(), "an acknowledgement of the other bundle 1 frees nothing that went out with ours"
    assert station.imports(box.path("bundle", "--to", stick))["new"] == 1
    box.run("receive", station.outbox(stick))
    assert second not in box.waiting() and mark(box) is None
    assert station.texts() == ["yang kedua", "yang pertama"]


@pytest.mark.parametrize(("theirs", "ours"), [(1, 1), (2, 1), (1, 3)])
def test_bundles_of_ours_that_were_never_taken_are_forgotten_and_free_nothing(
    box: Box, station: Station, stick: Path, tmp_path: Path, theirs: int, ours: int
) -> None:
    """The station took bundles of the lost machine under the same numbers. Their hashes stand in every outbox to come."""
    snapshot = shutil.copytree(box.home, tmp_path / "snapshot")
    for _ in range(theirs):
        station.imports(box.path("bundle", "--to", stick))
    put_back(box, snapshot)
    row = box.take("hanya di sini")
    for _ in range(ours):
        box.run("bundle", "--to", tmp_path / "never imported")
    restored(box, box.path("backup", "--to", tmp_path / "copies"))
    for code in (1, 0):
        box.run("receive", station.outbox(stick), code=code)
        assert row in box.waiting()
    bundle = box.path("bundle", "--to", stick)
    assert bundle.name == f"bundle-{theirs + 1:08d}.senyap" and station.imports(bundle)["new"] == 1
    box.run("receive", station.outbox(stick))
    assert row not in box.waiting()


def test_a_machine_put_back_by_hand_at_the_same_number_is_no_fork(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    box.take("yang pertama")
    station.imports(box.path("bundle", "--to", stick))
    put_back(box, shutil.copytree(box.home, tmp_path / "snapshot"))
    box.take("yang kedua")
    assert station.imports(box.path("bundle", "--to", stick))["alarms"] == []
    box.run("receive", station.outbox(stick))


def test_a_machine_that_moves_goes_on_after_the_next_outbox_without_a_warning(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    box.take("yang pertama")
    station.imports(box.path("bundle", "--to", stick))
    restored(box, box.path("backup", "--to", tmp_path / "copies"))
    box.run("bundle", "--to", stick, code=3)
    box.run("receive", station.outbox(stick))
    box.take("yang kedua")
    assert station.imports(box.path("bundle", "--to", stick))["alarms"] == []
    box.run("receive", station.outbox(stick))
    assert mark(box) is None and station.texts() == ["yang kedua", "yang pertama"]


def test_an_outbox_made_before_the_last_stick_was_imported_costs_one_fork_and_no_row(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    copy = box.path("backup", "--to", tmp_path / "copies")
    box.take("yang pertama")
    late = box.path("bundle", "--to", tmp_path / "late")
    early = station.outbox(stick)
    restored(box, copy)
    box.run("receive", early)
    station.imports(late)
    box.take("yang kedua")
    station.imports(box.path("bundle", "--to", stick), code=7)
    assert "goes on from its bundle 1" in box.run("receive", station.outbox(stick), code=1).stderr
    assert station.imports(box.path("bundle", "--to", stick))["new"] == 1
    assert station.texts() == ["yang kedua", "yang pertama"]


def test_an_outbox_taken_before_the_copy_was_made_does_not_let_bundles_go(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    outbox = station.outbox(stick)
    box.run("receive", outbox)
    restored(box, box.path("backup", "--to", tmp_path / "copies"))
    assert "nothing to do" in box.run("receive", outbox).stderr
    box.run("bundle", "--to", stick, code=3)
    assert mark(box) == 0


def waited_for(box: Box) -> list[str]:
    """Return which stations `status` names as those that must come first."""
    said = box.run("status", "--json", code=7)  # the keeper is missed, too
    found = json.loads(said.stdout)["waits_for_outbox"]
    assert isinstance(found, list)
    return found


def test_each_station_has_a_mark_of_its_own(box: Box, station: Station, stick: Path, tmp_path: Path) -> None:
    restored(box, box.path("backup", "--to", tmp_path / "copies"))
    stations = [each.id for each in world().roster.stations]
    assert waited_for(box) == stations
    box.run("receive", station.outbox(stick))
    assert waited_for(box) == [each for each in stations if each != "sumsel"]
    box.run("bundle", "--to", stick)
    assert "an outbox of kpk" in box.run("bundle", "--to", stick, "--station", "kpk", code=3).stderr


def test_a_station_that_came_into_the_roster_after_the_copy_was_made_waits_like_the_others(
    box: Box, station: Station, stick: Path, tmp_path: Path
) -> None:
    copy = box.path("backup", "--to", tmp_path / "copies")
    box.take("yang pertama")
    station.imports(box.path("bundle", "--to", stick))
    restored(box, copy)
    with opened(box.home) as services, services.store.writing() as connection:
        clear_mark(connection, RESTORED, "sumsel")  # as if this copy's roster had not named it
    box.run("bundle", "--to", stick, code=3)
    assert "goes on from its bundle 1" in box.run("receive", station.outbox(stick), code=1).stderr
    assert station.imports(box.path("bundle", "--to", stick))["alarms"] == []
    box.run("receive", station.outbox(stick))
    assert mark(box) is None


def test_a_restored_machine_begins_with_fresh_counts_and_only_the_keeper_is_missed(
    box: Box, station: Station, tmp_path: Path
) -> None:
    with opened(box.home) as services, services.store.writing() as connection:
        set_mark(connection, "kpr", today() - 9)
    restored(box, box.path("backup", "--to", tmp_path / "copies"))
    said = box.run("status", code=7).stderr
    assert said.count("ALARM") == 1 and "the keeper was last at work" in said and "reports are taken" in said
    with opened(box.home) as services:
        assert (services.tally.file_rows(today()), services.tally.loose_rows(today())) == (0, 0)
        assert not services.is_flooded()
        Keeper(services).step()
    said = box.run("status", code=1).stderr  # keys of the test deployment end within four weeks
    assert "ALARM" not in said and "reports are taken" in said
