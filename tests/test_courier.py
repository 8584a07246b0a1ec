"""The courier's rounds between a real drop box and a real station, on sticks that get lost, damaged, doubled and mixed up.

Whatever happened on the way, a clean round afterwards ends in the same: each report is one case, and each reporter's
code opens its news.
"""

import contextlib
import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from live import passphrases
from web import open_box, report

from crypto import bundle
from dropbox import courier as box_side
from dropbox.__main__ import main as box_command
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.store import chains, exports
from dropbox.transport import write_bundle
from station import cases, tables
from station import courier as station_side
from station.__main__ import main as station_command
from station.bundles import relay
from station.desk import Desk, open_desk
from station.errors import EXIT_ALARM, EXIT_DISK, EXIT_REFUSED, Refused
from station.home import Home
from station.screen import visit_lines


@pytest.fixture
def desk(deployment: Path) -> Iterator[Desk]:
    words = dict(passphrases(deployment))
    with open_desk(
        Home.load(deployment / "stations" / "sumsel"), {r: words[r] for r in ("sumsel-1", "sumsel-2")}
    ) as found:
        yield found


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


class Rounds:
    """Reporters, both ends of the way, and what each of them must find in the end."""

    def __init__(self, client: FlaskClient, services: Services, desk: Desk) -> None:
        self.client, self.services, self.desk = client, services, desk
        self.codes: list[list[str]] = []

    def report(self) -> None:
        answer = report(self.client, uraian=f"Laporan nomor {len(self.codes)} tentang lelang jalan.")
        assert answer.status == 200
        self.codes.append(answer.words)

    def at_box(self, stick: Path, *stations: str) -> box_side.Visit:
        return box_side.visit(self.services, stick, stations)

    def at_station(self, stick: Path) -> station_side.Visit:
        return station_side.visit(self.desk, stick)

    def go_round(self, stick: Path) -> tuple[box_side.Visit, station_side.Visit, box_side.Visit]:
        return self.at_box(stick), self.at_station(stick), self.at_box(stick)

    def check(self) -> None:
        """Demand one case for each report, and news behind each code."""
        with self.desk.vault.begin() as transaction:
            lines = cases.list_cases(transaction, self.desk.home)
        assert len(lines) == len(self.codes) and all(line.letters == 1 for line in lines)
        for words in self.codes:
            assert 'data-status="received"' in open_box(self.client, words).text


@pytest.fixture
def rounds(client: FlaskClient, services: Services, desk: Desk) -> Rounds:
    found = Rounds(client, services, desk)
    found.report()
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).digest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def test_a_round_on_one_stick_brings_reports_there_and_news_back(rounds: Rounds, stick: Path) -> None:
    first, there, back = rounds.go_round(stick)
    assert [station for station, _ in first.written] == ["sumsel"] and not first.received
    assert [(number, found.new) for number, found in there.imported] == [(1, 1)] and there.exit_code == 0
    assert [(got.station, got.seq, got.freed) for got in back.received] == [("sumsel", 1, 1)]
    assert list(files(stick)) == ["sumsel/bundle-00000002.senyap"], "what was taken is gone, what is due lies there"
    rounds.check()


def test_a_visit_is_told_in_three_lines(rounds: Rounds, stick: Path) -> None:
    _, there, back = rounds.go_round(stick)
    following = rounds.services.rounds.schedule(rounds.desk.home.roster.issued).next
    lines = box_side.lines_of(back, following, ())
    assert len(lines) == 3 and lines[0] == "taken: outbox 1 of sumsel (32 mailboxes, 1 rows freed)"
    assert (
        lines[1].startswith("put:   bundle-00000002.senyap for sumsel (")
        and lines[2] == f"next:  come again by {following}"
    )
    assert there.outbox is not None and there.outbox.name == "outbox-sumsel-00000001.senyap"


def test_a_visit_twice_with_the_same_stick_writes_no_second_bundle(rounds: Rounds, stick: Path) -> None:
    rounds.at_box(stick)
    before = files(stick)
    again = rounds.at_box(stick)
    assert files(stick) == before and [station for station, _ in again.kept] == ["sumsel"] and not again.written
    rounds.report()
    assert [path.name for _, path in rounds.at_box(stick).written] == ["bundle-00000002.senyap"]
    rounds.go_round(stick)
    rounds.check()


def test_a_stick_serves_the_stations_that_were_on_it(rounds: Rounds, stick: Path) -> None:
    made = rounds.at_box(stick, "palembang", "sumsel")
    assert [station for station, _ in made.written] == ["palembang", "sumsel"]
    rounds.at_station(stick)
    back = rounds.at_box(stick)
    assert {station for station, _ in (*back.written, *back.kept)} == {"sumsel", "palembang"}


def test_an_unknown_station_is_refused_before_anything_happens(rounds: Rounds, stick: Path) -> None:
    with pytest.raises(KeyError):
        rounds.at_box(stick, "sumsel", "nowhere")
    assert not files(stick)


# What happens to a stick between the drop box and the station, and what the station then says of it.
def lose(stick: Path, _rounds: Rounds) -> None:
    shutil.rmtree(stick / "sumsel")


def double(stick: Path, _rounds: Rounds) -> None:
    shutil.copy(only(stick, "sumsel/bundle-*"), stick)


def cut_short(stick: Path, _rounds: Rounds) -> None:
    with only(stick, "sumsel/bundle-*").open("r+b") as file:
        file.truncate(200_000)


def cut_to_nothing(stick: Path, _rounds: Rounds) -> None:
    only(stick, "sumsel/bundle-*").write_bytes(b"")


def flip(stick: Path, _rounds: Rounds) -> None:
    with only(stick, "sumsel/bundle-*").open("r+b") as file:
        file.seek(-100_000, 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))


def half_write(stick: Path, _rounds: Rounds) -> None:
    path = only(stick, "sumsel/bundle-*")
    path.rename(path.with_name(f".{path.name}.0123456789abcdef.part"))


def for_another(stick: Path, rounds: Rounds) -> None:
    write_bundle(rounds.services, "palembang", stick / "palembang")


FAULTS: dict[str, tuple[Callable[[Path, Rounds], None], int, int]] = {
    # what happens, how many bundles the station imports, its exit code
    "lost": (lose, 0, 0),
    "doubled": (double, 2, 0),
    "truncated": (cut_short, 0, EXIT_REFUSED),
    "emptied": (cut_to_nothing, 0, EXIT_REFUSED),
    "a bit flipped": (flip, 0, EXIT_REFUSED),
    "half written": (half_write, 0, 0),
    "with another station's": (for_another, 1, 0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bundle_that_fails_on_the_way_changes_nothing_and_a_clean_round_mends_it(
    rounds: Rounds, stick: Path, fault: str
) -> None:
    happens, imported, code = FAULTS[fault]
    rounds.at_box(stick)
    happens(stick, rounds)
    there = rounds.at_station(stick)
    assert len(there.imported) == imported and there.exit_code == code
    assert sum(found.new for _, found in there.imported) == bool(imported)
    assert len(there.left) == (code == EXIT_REFUSED) and all("Rusak di jalan" in left.words for left in there.left)
    assert there.outbox is not None, "news leave all the same"
    rounds.report()
    rounds.go_round(stick)
    rounds.check()


@pytest.mark.parametrize("fault", ["lost", "doubled", "truncated", "half written"])
def test_an_outbox_that_fails_on_the_way_changes_nothing_and_a_clean_round_mends_it(
    rounds: Rounds, stick: Path, fault: str
) -> None:
    rounds.at_box(stick)
    rounds.at_station(stick)
    path = only(stick, "outbox-*")
    before = box_state(rounds.services)
    if fault == "lost":
        path.unlink()
    elif fault == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif fault == "half written":
        path.rename(stick / f".{path.name}.0123456789abcdef.part")
    else:
        aside = stick.parent / path.name
        shutil.copy(path, aside)
        rounds.at_box(stick)
        shutil.copy(aside, stick)
    back = rounds.at_box(stick)
    assert [left.name for left in back.left] == ([path.name] if fault == "truncated" else [])
    if fault == "doubled":
        assert [got.repeated for got in back.received] == [True]
    else:
        assert not back.received and box_state(rounds.services) == before
    rounds.report()
    rounds.go_round(stick)
    rounds.check()


def box_state(services: Services) -> tuple[object, ...]:
    """What a refused outbox must not change: the incoming chains, and what is acknowledged."""
    with services.store.reading() as connection:
        taken = connection.execute(sa.select(chains).where(chains.c.direction == "in")).all()
        return tuple(map(tuple, taken)), connection.scalar(sa.select(sa.func.sum(exports.c.acknowledged)))


def test_bundles_on_two_sticks_may_arrive_in_any_order(rounds: Rounds, stick: Path, tmp_path: Path) -> None:
    rounds.at_box(stick)
    rounds.report()
    other = tmp_path / "other"
    other.mkdir()
    rounds.at_box(other)
    first = rounds.at_station(other)
    assert first.imported[0][1].new == 2 and "belum pernah datang" in first.imported[0][1].alarms[0]
    second = rounds.at_station(stick)
    assert second.imported[0][1].new == 0 and "datang terlambat" in second.imported[0][1].alarms[0]
    for each in (stick, other):
        rounds.at_box(each)
    rounds.check()


def test_outboxes_on_two_sticks_may_arrive_in_any_order(rounds: Rounds, stick: Path, tmp_path: Path) -> None:
    rounds.at_box(stick)
    rounds.at_station(stick)
    other = tmp_path / "other"
    other.mkdir()
    rounds.at_station(other)
    assert rounds.at_box(other).received[0].warnings == ("1 outboxes in between never came",)
    late = rounds.at_box(stick)
    assert [left.is_alarm for left in late.left] == [False] and "sticks have crossed" in late.left[0].words
    assert [station for station, _ in (*late.written, *late.kept)] == ["sumsel"], "everything else goes on"
    rounds.go_round(stick)
    assert not list(stick.glob("outbox-*")), "its station took it away"
    rounds.check()


def test_a_fork_is_an_alarm_and_the_stations_other_work_goes_on(
    rounds: Rounds, stick: Path, deployment: Path, tmp_path: Path
) -> None:
    """Two machines with the drop box's key: the second one's bundle is refused whole."""
    shutil.copytree(deployment / "server", tmp_path / "twin" / "server")
    rounds.go_round(stick)
    twin = Services.open(load_settings(tmp_path / "twin" / "server"))
    forged = tmp_path / "forged"
    forged.mkdir()
    twin.arena.put([], twin.make_cover())
    box_side.visit(twin, forged, ["sumsel"])
    with rounds.desk.vault.begin() as transaction:
        before = transaction.execute(sa.select(tables.bundles)).all()
    there = rounds.at_station(forged)
    assert (
        there.exit_code == EXIT_ALARM
        and "ALARM: bundel 1 sudah pernah diambil" in there.left[0].words
        and not there.imported
    )
    assert there.left[0].name in {path.name for path in (forged / "sumsel").iterdir()}, "the evidence stays"
    with rounds.desk.vault.begin() as transaction:
        assert transaction.execute(sa.select(tables.bundles)).all() == before
    twin.store.engine.dispose()


def test_a_bundle_of_another_deployment_is_refused_by_name(rounds: Rounds, stick: Path) -> None:
    rounds.at_box(stick)
    path = only(stick, "sumsel/bundle-*")
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"deployment":"demo-', b'"deployment":"demx-', 1))
    there = rounds.at_station(stick)
    assert there.exit_code == EXIT_REFUSED and "milik lembaga lain" in there.left[0].words


def test_a_rotten_bundle_is_written_once_more_by_the_drop_box(rounds: Rounds, stick: Path) -> None:
    rounds.at_box(stick)
    flip(stick, rounds)
    rounds.at_box(stick)
    with only(stick, "sumsel/bundle-*").open("rb") as source:
        assert bundle.verify_transport(source, bundle.BUNDLE, rounds.desk.home.roster.server_key).seq == 1
    rounds.go_round(stick)
    rounds.check()


def test_an_outbox_stays_on_the_stick_until_a_bundle_says_that_it_was_taken(rounds: Rounds, stick: Path) -> None:
    rounds.at_station(stick)
    rounds.at_station(stick)
    assert sorted(path.name for path in stick.glob("outbox-*")) == [
        "outbox-sumsel-00000001.senyap", "outbox-sumsel-00000002.senyap",
    ]  # fmt: skip
    kept = stick.parent / "kept"
    shutil.copytree(stick, kept)
    rounds.at_box(stick)
    for path in kept.iterdir():
        shutil.copy(path, stick)
    rounds.at_station(stick)
    assert [path.name for path in stick.glob("outbox-*")] == ["outbox-sumsel-00000003.senyap"]


def test_files_with_other_names_are_left_alone(rounds: Rounds, stick: Path) -> None:
    for name in ("outbox-sumsel-1.senyap", "bundle-1.senyap", "foto.jpg", "outbox-SUMSEL-00000001.senyap"):
        (stick / name).write_bytes(b"x")
    before = files(stick)
    assert not any(visit.left for visit in rounds.go_round(stick)), "nothing is said of them either"
    assert before.items() <= files(stick).items()
    rounds.check()


def test_a_station_of_which_nothing_came_for_three_rounds_is_listed(rounds: Rounds, stick: Path) -> None:
    rounds.go_round(stick)
    day, ids = rounds.desk.home.roster.issued, ["sumsel", "palembang"]
    assert rounds.services.rounds.late_stations(day, ids) == ()
    every = rounds.services.settings.courier_days
    late = rounds.services.rounds.late_stations(day + 3 * every + 1, ids)
    assert [(each.station, each.last is None) for each in late] == [("sumsel", False), ("palembang", True)]
    lines = box_side.lines_of(box_side.Visit(), rounds.services.rounds.schedule(day).next, late)
    assert "late: sumsel (last came 20" in lines[2] and "palembang (never came)" in lines[2]


def test_what_takes_long_is_watched_to_its_last_byte(rounds: Rounds, stick: Path) -> None:
    done: dict[str, list[int]] = {}

    def watch(what: str, total: int):  # type: ignore[no-untyped-def]
        done[what] = [total, 0]

        def advance(more: int) -> None:
            done[what][1] += more

        return contextlib.nullcontext(advance)

    box_side.visit(rounds.services, stick, watch=watch)
    station_side.visit(rounds.desk, stick, watch=watch)
    box_side.visit(rounds.services, stick, watch=watch)
    assert {"writing bundle-00000001.senyap", "reading back bundle-00000001.senyap", "menyalin bundle-00000001.senyap",
            "membuka baris", "making cover"} <= set(done)  # fmt: skip
    for what, (total, counted) in done.items():
        assert counted == total or total <= counted <= total + 70_000, what  # the head is read, too


# Sticks that somebody prepared
def test_a_folder_that_leads_to_the_shelf_takes_nothing_from_it(rounds: Rounds, stick: Path) -> None:
    rounds.at_box(stick)
    rounds.at_station(stick)
    shelf = rounds.desk.home.bundles / "sumsel"
    before = files(shelf)
    shutil.rmtree(stick / "sumsel")
    (stick / "sumsel").symlink_to(shelf)
    rounds.at_station(stick)
    assert before and files(shelf) == before
    with pytest.raises(Refused, match="folder stasiun sendiri"):
        rounds.at_station(rounds.desk.home.bundles)
    assert files(shelf) == before


def test_bundles_that_a_collector_passes_on_stay_on_its_stick(rounds: Rounds, stick: Path, tmp_path: Path) -> None:
    rounds.at_box(stick)
    rounds.at_station(stick)
    for_others = tmp_path / "others"
    relay(rounds.desk.home, for_others)
    before = files(for_others)
    rounds.at_station(for_others)
    assert before and before.items() <= files(for_others).items()


def test_the_drop_box_writes_no_bundle_through_a_link(rounds: Rounds, stick: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (stick / "sumsel").symlink_to(elsewhere)
    done = rounds.at_box(stick)
    assert not done.written and not files(elsewhere)
    assert done.left and "is a link" in done.left[0].words


def test_an_outbox_that_is_a_folder_or_a_link_stops_nothing(rounds: Rounds, stick: Path, tmp_path: Path) -> None:
    rounds.at_box(stick)
    rounds.at_station(stick)
    (stick / "outbox-kpk-00000001.senyap").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (stick / "outbox-kpk-00000002.senyap").symlink_to(tmp_path / "secret")
    done = rounds.at_box(stick, "sumsel")
    assert [got.station for got in done.received] == ["sumsel"] and len(done.left) == 2
    assert (tmp_path / "secret").exists()
    rounds.go_round(stick)
    rounds.check()


def test_an_older_outbox_beside_the_newest_is_said_and_the_bundle_is_written(
    rounds: Rounds, stick: Path, tmp_path: Path
) -> None:
    rounds.at_station(stick)
    kept = tmp_path / "kept"
    shutil.copytree(stick, kept)
    rounds.at_station(stick)
    rounds.at_box(stick)
    rounds.at_station(stick)
    shutil.copy(kept / "outbox-sumsel-00000001.senyap", stick)
    done = rounds.at_box(stick)
    assert [left.is_alarm for left in done.left] == [False]
    assert [station for station, _ in done.written] == ["sumsel"], "the newest one came, so nothing is in doubt"


def test_names_on_a_stick_cannot_steer_a_terminal(rounds: Rounds, stick: Path) -> None:
    (stick / "roster-\x1b[2J.senyap").write_bytes(b"x")
    done = rounds.at_box(stick)
    lines = box_side.lines_of(done, rounds.services.rounds.schedule(rounds.desk.home.roster.issued).next, ())
    assert done.left and all(c.isprintable() for line in lines for c in line)
    there = rounds.at_station(stick)
    shown = visit_lines(there, rounds.desk.home.roster.issued)
    assert there.left and all(c.isprintable() for line in shown for c in line)


def test_a_part_of_a_stick_that_cannot_be_read_stops_nothing(
    rounds: Rounds, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds.at_box(stick)

    def unreadable(*_rest: object, **_more: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(station_side, "import_bundle", unreadable)
        there = rounds.at_station(stick)
    assert there.exit_code == EXIT_DISK and there.outbox is not None and only(stick, "sumsel/bundle-*").exists()
    with monkeypatch.context() as patch:
        patch.setattr(box_side, "receive", unreadable)
        back = rounds.at_box(stick)
    assert "cannot be read" in back.left[0].words and back.kept and only(stick, "outbox-*").exists()
    rounds.go_round(stick)
    rounds.check()


def test_a_stick_that_is_not_plugged_in_is_not_invented(rounds: Rounds, tmp_path: Path) -> None:
    missing = tmp_path / "media" / "stick"
    for command in (box_command, station_command):
        home = rounds.services.settings.home if command is box_command else rounds.desk.home.folder
        done = CliRunner().invoke(command, ["courier", "--home", str(home), str(missing)])
        words = "does not exist" if command is box_command else "STICK: folder atau berkas itu tidak ada"
        assert done.exit_code == 2 and words in done.output and not missing.exists()


def test_a_damaged_bundle_goes_from_the_stick_when_a_later_one_was_taken(rounds: Rounds, stick: Path) -> None:
    rounds.at_box(stick)
    flip(stick, rounds)
    rounds.report()  # so the next one is another
    rounds.at_box(stick)
    there = rounds.at_station(stick)
    assert [left.name for left in there.left] == ["bundle-00000001.senyap"]
    (stick / "sumsel" / "bundle-0000000x.senyap").write_bytes(b"not ours")
    rounds.at_box(stick)
    assert {path.name for path in (stick / "sumsel").iterdir()} == {"bundle-0000000x.senyap", "bundle-00000003.senyap"}
    rounds.check()


def test_what_was_taken_is_said_though_the_stick_is_full(
    rounds: Rounds, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds.go_round(stick)
    rounds.report()
    rounds.at_station(stick)

    def full(*_rest: object) -> None:
        raise OSError(errno.ENOSPC, "17.0 MB are to be written and 1.0 MB are free there: make room first")

    with monkeypatch.context() as patch:
        patch.setattr("crypto.medium.check_room", full)
        done = CliRunner().invoke(box_command, ["courier", "--home", str(rounds.services.settings.home), str(stick)])
    assert done.exit_code == EXIT_DISK and "taken: outbox 2 of sumsel" in done.output
    assert "no bundle for sumsel: the stick: 17.0 MB are to be written" in done.output
    rounds.go_round(stick)
    rounds.check()


def test_an_alarm_is_told_again_until_it_is_settled(rounds: Rounds, stick: Path) -> None:
    home = str(rounds.services.settings.home)

    def run(*words: str) -> Result:
        return CliRunner().invoke(box_command, [words[0], "--home", home, *words[1:]])

    rounds.at_station(stick)
    kept = stick.parent / "twin"
    shutil.copytree(rounds.desk.home.folder, kept)
    assert run("courier", str(stick)).exit_code == 0 and run("alarms").output == ""
    rounds.at_station(stick)
    run("courier", str(stick))
    shutil.rmtree(stick)
    stick.mkdir()
    words = dict(passphrases(rounds.desk.home.folder.parents[1]))
    with open_desk(Home.load(kept), {r: words[r] for r in ("sumsel-1", "sumsel-2")}) as twin:
        station_side.visit(twin, stick)
    refused = only(stick, "outbox-*")
    (rounds.services.settings.home / "alarms.txt").mkdir()  # nothing can be written there
    hidden = run("courier", str(stick))
    assert hidden.exit_code == EXIT_ALARM and "ALARM" in hidden.output
    (rounds.services.settings.home / "alarms.txt").rmdir()
    for _ in range(2):
        assert run("courier", str(stick)).exit_code == EXIT_ALARM
    assert run("receive", str(refused)).exit_code == EXIT_ALARM
    told = run("status")
    assert told.exit_code == EXIT_ALARM and f"{refused.name}: outbox: number 2 with other content" in told.output
    assert len(run("alarms").output.splitlines()) == 2, "the same twice is noted once"
    assert len(run("alarms", "--settle").output.splitlines()) == 2
    assert run("alarms").output == "" and "number 2" not in run("status").output
