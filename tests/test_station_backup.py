"""station.backup: a copy that opens with the quorum, holds no weekly key, and comes back whole."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from conftest_station import (  # noqa: F401
    Reporter,
    Stick,
    Terminal,
    give,
    sit,
    tree,
    weak,
    words_of,
    world,
)

from crypto import bundle, copies
from crypto.encoding import date_of, today
from crypto.errors import Exposed, Malformed, NotForThisKey, Tampered, WrongPassphrase
from crypto.row import open_row
from keys.errors import QuorumNotMet
from keys.keyring import Keyring, kept_epochs
from station import backup, cases, courier, outbox, screen, vault
from station.__main__ import main
from station.backup import make_backup, restore, shares_disk
from station.bundles import open_bundle as bundle_source
from station.desk import Desk, open_desk
from station.errors import BadSettings, Refused, VaultUnreadable
from station.home import Home
from station.inbox import import_bundle
from station.outbox import make_outbox
from station.settings import Settings

ALL = ("sumsel-1", "sumsel-2", "sumsel-3")
ME = ALL[:2]


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


@pytest.fixture
def home(tmp_path: Path, stick: Stick) -> Path:
    """A station with one case, whose bundle lies on its shelf."""
    home = world().copy_home("sumsel", tmp_path)
    for batch in home.glob("batches/*"):
        if not batch.name.startswith(("sumsel-", "kpk-")):
            batch.unlink()
    give(home, world().next_roster()[1])
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([world().letter_row(Reporter().report("jembatan"))]))
    (home / "request.senyap").write_bytes(b"asked")
    (home / "station.toml").write_text("grace_days = 30\n")
    (home / "bundles" / "sumsel" / ".bundle-00000002.senyap.77.part").write_bytes(b"unfinished")
    return home


def copy(home: Path, folder: Path, *, day: int | None = None) -> Path:
    with sit(home, *ME) as desk:
        return make_backup(desk, folder, lambda at: open_desk(at, words_of(*ME)), day=today() if day is None else day)


def reads(home: Path, *reviewers: str) -> str:
    with sit(home, *reviewers) as desk, desk.vault.begin() as transaction:
        return cases.show_case(transaction, "K-0001").fields["uraian"]


def test_a_backup_holds_everything_of_a_station_but_weekly_keys_and_temporary_files(home: Path, tmp_path: Path):
    before = tree(home)
    made = copy(home, tmp_path / "copies")
    assert made.name == f"backup-sumsel-{date_of(today()).isoformat()}-1"
    left_out = {name for name in before if "epoch-" in name or name.endswith(".part")}
    assert len(left_out) == 3 * 2 + 1
    found = tree(made)
    assert set(found) == (set(before) - left_out) | {"hashes.txt"}
    assert all(found[name] == before[name] for name in set(found) - {"hashes.txt", "vault.db"})
    assert "rosters/roster-00000001.senyap" in found and "bundles/sumsel/bundle-00000001.senyap" in found
    after = tree(home)
    changed = {name for name in after | before if after.get(name) != before.get(name)}
    assert changed == {"vault.db"}, "the vault notes what was copied, nothing else changes"
    assert [p.name for p in made.parent.iterdir()] == [made.name]
    assert not any(p.stat().st_mode & 0o077 for p in [made, *made.rglob("*")])


def test_no_seed_stands_anywhere_in_a_backup(home: Path, tmp_path: Path):
    made = tree(copy(home, tmp_path / "copies"))
    for path in home.glob("keyring/*/epoch-*.key"):
        ring = Keyring.open(path.parent, path.parent.name, world().passphrases[path.parent.name])
        sealed, seed = path.read_bytes(), ring.opening_key(int(path.stem[6:])).seed
        assert not any(piece in data for data in made.values() for piece in (seed, sealed, sealed[24:56]))
        assert any(sealed in data for data in tree(home).values()), "control: the station has it"


def test_the_next_backup_of_a_day_gets_the_next_number(home: Path, tmp_path: Path):
    assert [copy(home, tmp_path / "copies", day=323).name[-12:] for _ in range(2)] == ["2026-11-24-1", "2026-11-24-2"]


def test_one_reviewer_opens_no_backup_and_a_quorum_does(home: Path, tmp_path: Path):
    made = copy(home, tmp_path / "copies")
    for reviewer in ALL:
        with pytest.raises(QuorumNotMet, match="1 of the 2"), sit(made, reviewer):
            pass
    assert reads(made, "sumsel-2", "sumsel-3") == "jembatan"


def test_a_row_of_this_week_does_not_open_from_a_backup(home: Path, tmp_path: Path):
    row = world().letter_row(Reporter().report())
    made = copy(home, tmp_path / "copies")
    for folder, opens in ((home, True), (made, False)):
        rings = [Keyring.open(folder / "keyring" / r, r, world().passphrases[r]) for r in ALL]
        keys = [ring.opening_key(epoch) for ring in rings for epoch in kept_epochs(ring.folder)]
        if opens:
            assert open_row(row, keys).data
        else:
            with pytest.raises(NotForThisKey):
                open_row(row, keys)


def test_a_restored_station_shows_old_reports_and_opens_no_new_ones(home: Path, stick: Stick, tmp_path: Path):
    made = copy(home, tmp_path / "copies")
    back = restore(made, tmp_path / "new" / "home")
    assert back.folder == tmp_path / "new" / "home" and back.settings.grace_days == 30
    assert tree(back.folder) == {name: data for name, data in tree(made).items() if name != "hashes.txt"}
    assert reads(back.folder, *ME) == "jembatan"
    stick.last = replace(stick.last, seq=9)
    with sit(back.folder, *ME) as desk:
        found = import_bundle(desk, stick.write([world().letter_row(Reporter().report())], roster_version=2))
    assert found.new == 0 and any("tetap tertutup" in alarm for alarm in found.alarms)


def test_the_copy_knows_that_it_is_one_and_the_station_does_not(home: Path, tmp_path: Path):
    made = copy(home, tmp_path / "copies", day=400)
    for folder, mark in ((home, None), (made, "400")):
        with sit(folder, *ME) as desk, desk.vault.begin() as transaction:
            assert vault.read_meta(transaction, "copied") == mark


def test_what_others_write_meanwhile_is_in_the_copy_whole_or_not_at_all(home: Path, tmp_path: Path, monkeypatch):
    real, blocked = copies.copy_file, []

    def write_between(source: Path, target: Path, name: str) -> str:
        if name == "vault.db":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(vault, "LOCK_SECONDS", 0)
                with pytest.raises(VaultUnreadable, match="program lain sudah 0 detik menulis"), sit(home, *ME):
                    pass
            blocked.append(name)
        return real(source, target, name)

    monkeypatch.setattr(copies, "copy_file", write_between)
    assert reads(copy(home, tmp_path / "copies"), *ME) == "jembatan" and blocked


def test_files_that_come_while_it_runs_make_it_start_again(home: Path, tmp_path: Path, monkeypatch):
    real = copies.copy_file

    def add(source: Path, target: Path, name: str) -> str:
        (home / "rosters" / "roster-00000009.senyap").write_bytes(b"new")
        return real(source, target, name)

    monkeypatch.setattr(copies, "copy_file", add)
    with pytest.raises(Refused, match="ulangi perintah ini"):
        copy(home, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_medium_that_keeps_other_bytes_is_noticed_and_nothing_is_left(home: Path, tmp_path: Path, monkeypatch):
    real = copies.medium.write_file

    def bend(path: Path, pieces, **rest) -> None:
        data = pieces if isinstance(pieces, bytes) else b"".join(pieces)
        real(path, data[:-1] + bytes([data[-1] ^ 1]) if path.name == "share.pub" else data, **rest)

    monkeypatch.setattr(copies.medium, "write_file", bend)
    with pytest.raises(Tampered, match=r"share\.pub reads back as other bytes"):
        copy(home, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_that_the_quorum_does_not_open_is_no_backup(home: Path, tmp_path: Path):
    with sit(home, *ME) as desk:
        with pytest.raises(QuorumNotMet):
            make_backup(desk, tmp_path / "copies", lambda at: open_desk(at, words_of("sumsel-3")), day=1)
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_in_the_station_s_own_home_is_no_backup(home: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(home / "bundles")
    before = tree(home)
    for folder in (home, home / "copies", tmp_path / "link"):
        with pytest.raises(Refused, match="folder stasiun sendiri"):
            copy(home, folder)
    after = tree(home)
    assert {name for name in after | before if after.get(name) != before.get(name)} <= {"vault.db"}
    with sit(home, *ME) as desk, desk.vault.begin() as transaction:
        assert vault.read_meta(transaction, outbox.BACKED_UP) is None


@pytest.fixture
def memory(home: Path) -> Iterator[Path]:
    """A folder that is gone when the machine is off, and is another device than the home."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if Path(folder).stat().st_dev == home.stat().st_dev:
            pytest.skip("the tests themselves lie in memory")
        yield Path(folder)


def test_a_copy_in_memory_is_no_backup(home: Path, memory: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(memory)
    for folder in (memory, memory / "copies" / "deep", tmp_path / "link"):
        with pytest.raises(Refused, match="hanya ada di memori"):
            copy(home, folder)
    assert not list(memory.iterdir())
    with sit(home, *ME) as desk, desk.vault.begin() as transaction:
        assert vault.read_meta(transaction, outbox.BACKED_UP) is None


def test_a_home_in_memory_is_copied_there(memory: Path):
    there = world().copy_home("sumsel", memory)
    assert copy(there, memory / "copies").is_dir()


def on_a_visit(home: Path, disk: Path, stick: Path) -> Path:
    with sit(home, *ME) as desk:
        return make_backup(desk, disk, lambda at: open_desk(at, words_of(*ME)), day=today(), stick=stick)


def test_the_vault_does_not_leave_on_the_stick_of_the_courier(
    home: Path, memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The folder in memory stands for a stick that is plugged in; the last line is the control: another disk."""
    monkeypatch.setattr(backup, "_MEMORY", ())
    (memory / "stik").mkdir()
    for disk in (memory / "stik" / "x", memory / "beside", memory):
        with pytest.raises(Refused, match="di stik kurir"):
            on_a_visit(home, disk, memory / "stik")
    (tmp_path / "usb").mkdir()
    with pytest.raises(Refused, match="di stik kurir"):
        on_a_visit(home, tmp_path / "usb" / "x", tmp_path / "usb")
    assert [path.name for path in memory.iterdir()] == ["stik"] and not list((tmp_path / "usb").iterdir())
    assert on_a_visit(home, tmp_path / "disk", tmp_path / "usb").is_dir()
    assert on_a_visit(home, memory / "disk", tmp_path / "usb").is_dir()


def test_a_visit_at_a_terminal_puts_no_vault_on_its_stick(home: Path, stick: Stick, tmp_path: Path):
    (home / "station.toml").write_text("backup_before_ack = true\n")
    terminal = Terminal(tmp_path, "sumsel", ME, home)
    done = terminal.run("courier", str(stick.folder), "--backup", str(stick.folder))
    assert done.exit_code == 3 and "di stik kurir" in done.stderr and not list(stick.folder.glob("backup-*"))
    assert "belum dinyatakan tersimpan" in done.stderr and list(stick.folder.glob("outbox-*"))


def test_a_full_medium_leaves_no_half_backup(home: Path, tmp_path: Path, monkeypatch):
    real, calls = copies.copy_file, []

    def full(source: Path, target: Path, name: str) -> str:
        calls.append(name)
        if len(calls) > 5:
            raise OSError(28, "No space left on device")
        return real(source, target, name)

    monkeypatch.setattr(copies, "copy_file", full)
    with pytest.raises(OSError, match="No space"):
        copy(home, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_folder_that_others_may_read_is_no_place_for_a_backup(home: Path, tmp_path: Path, monkeypatch):
    real = copies.medium.write_file
    monkeypatch.setattr(copies.medium, "write_file", lambda path, pieces, **rest: real(path, pieces, mode=0o644))
    with pytest.raises(Exposed):
        copy(home, tmp_path / "copies")


# --- restore -----------------------------------------------------------------------------------------


def spoil(made: Path, name: str) -> None:
    data = bytearray((made / name).read_bytes())
    data[len(data) // 2] ^= 1
    (made / name).write_bytes(data)


@pytest.mark.parametrize(
    ("defect", "error", "words"),
    [
        (lambda made: spoil(made, "vault.db"), Tampered, r"vault\.db is not what"),
        (lambda made: spoil(made, "keyring/sumsel-1/identity.locked"), Tampered, "identity"),
        (lambda made: (made / "station.key").unlink(), FileNotFoundError, None),
        (lambda made: (made / "hashes.txt").unlink(), FileNotFoundError, None),
        (lambda made: (made / "hashes.txt").write_text("x"), Malformed, "not the list of a backup"),
        (lambda made: (made / "hashes.txt").write_text(""), Malformed, "5 files that every backup has"),
        (lambda made: list_also(made, "../../escaped"), Malformed, "not the list of a backup"),
        (lambda made: list_also(made, "keyring/sumsel-1/epoch-00000046.key"), Malformed, "not the list"),
        (lambda made: list_also(made, "roster.senyap", b"SNYR"), (Malformed, Tampered), None),
    ],
    ids=["vault", "identity", "no_key", "no_list", "bad_list", "empty_list", "path", "weekly_key", "roster"],
)
def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(home: Path, tmp_path: Path, defect, error, words):
    made = copy(home, tmp_path / "copies")
    defect(made)
    with pytest.raises(error, match=words):
        restore(made, tmp_path / "new")
    assert not (tmp_path / "new").exists() and not list(tmp_path.glob(".*"))


def list_also(made: Path, name: str, data: bytes = b"x") -> None:
    (made / name).write_bytes(data)
    lines = [x for x in (made / "hashes.txt").read_text().splitlines() if not x.endswith(f"  {name}")]
    (made / "hashes.txt").write_text("\n".join([*lines, f"{hashlib.sha512(data).hexdigest()}  {name}"]))


def test_a_home_that_holds_files_is_never_overwritten(home: Path, tmp_path: Path):
    made = copy(home, tmp_path / "copies")
    before = tree(home)
    with pytest.raises(Refused, match="folder kosong"):
        restore(made, home)
    assert tree(home) == before
    (tmp_path / "empty").mkdir()
    assert restore(made, tmp_path / "empty").id == "sumsel"


def test_backups_and_restored_homes_can_be_backed_up_again(home: Path, tmp_path: Path):
    back = restore(copy(home, tmp_path / "copies"), tmp_path / "new")
    again = copy(back.folder, tmp_path / "copies")
    assert again.name.endswith("-2") and reads(again, *ME) == "jembatan"


# --- the commands ------------------------------------------------------------------------------------


def test_a_copy_on_another_disk_needs_no_warning(home: Path):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:  # the control is the next test
        assert not shares_disk(Home.load(home), Path(other)) and shares_disk(Home.load(home), home.parent)
        assert not shares_disk(Home.load(home), Path(other) / "none")


def test_backup_and_restore_from_the_terminal(home: Path, tmp_path: Path):
    terminal = Terminal(tmp_path, "sumsel", ME, home)
    made = terminal.run("backup", "--to", str(tmp_path / "copies"))
    assert made.exit_code == 0 and made.stdout == f"{tmp_path}/copies/backup-sumsel-{date_of(today())}-1\n"
    assert "disk stasiun sendiri" in made.stderr
    words = Terminal(tmp_path, "sumsel", ME, tmp_path / "new")
    result = words.run("restore", made.stdout.strip())
    assert (result.exit_code, result.stdout) == (0, "")
    for text in ("Kunci mingguan tidak ada", "beri tahu pelapor", "senyap-keys request"):
        assert text in result.stderr
    assert words.run("show", "K-0001", "--no-conflict").exit_code == 0
    assert words.run("restore", made.stdout.strip()).exit_code == 3
    assert words.run("restore", str(tmp_path / "nowhere")).exit_code == 2


def test_restore_asks_for_an_air_gap_like_every_command(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = copy(home, tmp_path / "copies")
    monkeypatch.setattr("station.airgap.check", lambda: ("wlan0 tersambung",))
    result = CliRunner().invoke(main, ["restore", str(made), "--home", str(tmp_path / "new")])
    assert result.exit_code == 5 and not (tmp_path / "new").exists()


def test_a_backup_needs_the_quorum(home: Path, tmp_path: Path):
    result = Terminal(tmp_path, "sumsel", ("sumsel-1",), home).run("backup", "--to", str(tmp_path / "copies"))
    assert result.exit_code == 4 and not (tmp_path / "copies").exists()


def test_home_load_reads_a_backup_in_place(home: Path, tmp_path: Path):
    assert Home.load(copy(home, tmp_path / "copies")).roster.version == 2


def test_no_outbox_of_a_restored_station_bears_the_number_of_one_that_its_vault_does_not_know(
    home: Path, tmp_path: Path
) -> None:
    """Two outboxes with one number would have the places of their live mailboxes in common."""
    with sit(home, *ME) as desk:
        make_outbox(desk, tmp_path / "out")
        copy = make_backup(desk, tmp_path / "medium", lambda found: sit(found.folder, *ME), day=today())
        known = {make_outbox(desk, tmp_path / "out").name for _ in range(3)}
    restore(copy, tmp_path / "again")
    with sit(tmp_path / "again", *ME) as desk:
        made = [make_outbox(desk, tmp_path / "more").name for _ in range(2)]
    numbers = [int(name.split("-")[2].split(".")[0]) for name in made]
    assert not known & set(made) and numbers[0] > 1_000 and numbers[1] == numbers[0] + 1


# --- what is acknowledged ---------------------------------------------------------------------------------


def acknowledged(home: Path, folder: Path) -> list[int]:
    """Make the next outbox; return the numbers of the bundles that it acknowledges."""
    with sit(home, *ME) as desk:
        path = make_outbox(desk, folder)
        with bundle_source(path) as source:
            return [taken.seq for taken in bundle.read_manifest(source, bundle.OUTBOX)[0].acks]


def test_a_bundle_is_acknowledged_only_when_a_backup_holds_it(home: Path, stick: Stick, tmp_path: Path) -> None:
    assert acknowledged(home, tmp_path) == [1], "control: a demo may do without"
    (home / "station.toml").write_text("backup_before_ack = true\n")
    assert acknowledged(home, tmp_path) == []
    with sit(home, *ME) as desk:
        assert outbox.count_uncopied(desk) == 1
    copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [1]
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write(world().cover(1)))
    assert acknowledged(home, tmp_path) == [1], "the new one waits for the next backup"


def test_a_bundle_that_fills_a_gap_waits_for_a_backup_of_its_own(home: Path, stick: Stick, tmp_path: Path) -> None:
    (home / "station.toml").write_text("backup_before_ack = true\n")
    late, newest = stick.write(world().cover(1)), stick.write(world().cover(1))
    with sit(home, *ME) as desk:
        import_bundle(desk, newest)
    copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [1, 3], "control"
    with sit(home, *ME) as desk:
        assert "bundel 2 datang terlambat dan mengisi yang kurang" in import_bundle(desk, late).alarms
        assert outbox.count_uncopied(desk) == 2
    assert acknowledged(home, tmp_path) == [1]
    copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [1, 2, 3]


def rot(home: Path, how: str) -> Path:
    """Damage the first bundle on the shelf: cut it, lengthen it, or flip a bit of its last row."""
    path = home / "bundles" / "sumsel" / "bundle-00000001.senyap"
    data = path.read_bytes()
    path.write_bytes({"cut": data[:1000], "short": data[:-1], "long": data + b"x"}.get(
        how, data[:-1] + bytes([data[-1] ^ 1])
    ))  # fmt: skip
    return path


@pytest.mark.parametrize("how", ["cut", "short", "long", "flipped"])
def test_a_bundle_that_is_damaged_on_the_shelf_is_in_no_backup_and_not_acknowledged(
    home: Path, stick: Stick, tmp_path: Path, how: str
) -> None:
    (home / "station.toml").write_text("backup_before_ack = true\n")
    path = rot(home, how)
    with pytest.raises(Refused, match=r"bundles/sumsel/bundle-00000001.senyap rusak .* dari stik"):
        copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [] and not list((tmp_path / "disk").iterdir())
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.folder / path.name)
    assert acknowledged(home, tmp_path) == [], "whole again, and in no backup"
    copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [1]


@pytest.mark.parametrize("how", ["cut", "short", "long"])
def test_what_was_copied_and_is_damaged_since_is_acknowledged_no_more(
    home: Path, stick: Stick, tmp_path: Path, how: str
) -> None:
    assert acknowledged(home, tmp_path) == [1], "control"
    path = rot(home, how)
    assert acknowledged(home, tmp_path) == []
    path.unlink()
    (home / "station.toml").write_text("backup_before_ack = true\n")
    copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [], "a backup is made without it"
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.folder / path.name)
    assert acknowledged(home, tmp_path) == [], "it came back after that backup, which does not hold it"
    copy(home, tmp_path / "disk")
    assert acknowledged(home, tmp_path) == [1]


def test_a_bundle_of_another_manifest_under_the_same_number_is_not_acknowledged(home: Path, tmp_path: Path) -> None:
    other = Stick(tmp_path / "other").write(world().cover(2))
    (home / "bundles" / "sumsel" / "bundle-00000001.senyap").write_bytes(other.read_bytes())
    assert acknowledged(home, tmp_path) == []
    with pytest.raises(Refused, match="rusak"):
        copy(home, tmp_path / "disk")


def test_a_backup_that_fails_lets_nothing_be_acknowledged(home: Path, tmp_path: Path) -> None:
    (home / "station.toml").write_text("backup_before_ack = true\n")
    with sit(home, *ME) as desk, pytest.raises(WrongPassphrase):
        make_backup(desk, tmp_path / "disk", lambda other: open_desk(other, dict.fromkeys(ME, "salah")), day=today())
    assert acknowledged(home, tmp_path) == [] and not list((tmp_path / "disk").iterdir())


def test_a_restored_station_acknowledges_what_its_next_backup_holds(home: Path, tmp_path: Path) -> None:
    (home / "station.toml").write_text("backup_before_ack = true\n")
    copy(home, tmp_path / "disk")
    back = restore(next((tmp_path / "disk").iterdir()), tmp_path / "new").folder
    assert acknowledged(back, tmp_path) == []
    copy(back, tmp_path / "disk")
    assert acknowledged(back, tmp_path) == [1]


def test_outside_a_demo_a_backup_is_needed_unless_the_settings_say_otherwise(home: Path) -> None:
    found = Home.load(home)
    assert found.is_demo and not found.acks_need_backup
    real = replace(found, settings=Settings())
    with patch.object(Home, "is_demo", False):
        assert real.acks_need_backup
        assert not replace(real, settings=Settings(backup_before_ack=False)).acks_need_backup


def test_a_visit_copies_before_it_acknowledges_and_goes_on_when_the_disk_is_bad(
    home: Path, stick: Stick, tmp_path: Path
) -> None:
    (home / "station.toml").write_text("backup_before_ack = true\n")

    def visit(disk: Path) -> courier.Visit:
        with sit(home, *ME) as desk:

            def between(now: Desk) -> None:
                make_backup(now, disk, lambda other: open_desk(other, words_of(*ME)), day=today())

            return courier.visit(desk, stick.folder, between=between)

    (tmp_path / "file").write_text("no folder")
    done = visit(tmp_path / "file" / "disk")
    assert [left.name for left in done.left] == [courier.BACKUP] and done.outbox is not None
    assert done.uncopied == 1 and "belum dinyatakan tersimpan" in "\n".join(screen.visit_lines(done, today()))
    done = visit(tmp_path / "disk")
    assert not done.left and done.uncopied == 0


@pytest.mark.parametrize("text", ["backup_before_ack = 1", 'backup_before_ack = "ya"'])
def test_the_setting_is_true_or_false(home: Path, text: str) -> None:
    (home / "station.toml").write_text(text)
    with pytest.raises(BadSettings, match="backup_before_ack harus true atau false"):
        Home.load(home)
