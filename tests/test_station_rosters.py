"""Rosters and batches at a station: by hand, with a bundle, with an outbox; who may work under which roster."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
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

from crypto import bundle, statistics
from crypto.bundle import OUTBOX
from crypto.encoding import today
from crypto.errors import BadSignature, Malformed
from crypto.signing import SigningKey
from keys.batch import Batch, sign_batch
from keys.errors import BrokenChain, QuorumNotMet, RolledBack
from keys.keyring import Keyring
from keys.ledger import take_roster
from keys.roster import Station
from station import cases, rosters, tables
from station.__main__ import main
from station.bundles import relay
from station.desk import open_desk
from station.errors import Alarm, Refused
from station.home import Home
from station.inbox import import_bundle
from station.outbox import make_outbox
from station.rekey import rekey

ME = ("sumsel-1", "sumsel-2")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return world().copy_home("sumsel", tmp_path)


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


def run(terminal: Terminal, folder: Path, *files: bytes) -> tuple[int, str, str]:
    """Give files to `senyap-station roster`; return exit code, stdout, stderr."""
    names = []
    for number, data in enumerate(files):
        (folder / f"{number}.senyap").write_bytes(data)
        names.append(str(folder / f"{number}.senyap"))
    result = terminal.run("roster", *names)
    return result.exit_code, result.stdout, result.stderr


def public(home: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree(home).items() if name.endswith(".senyap") or name == "root.pin"}


# --- by hand -----------------------------------------------------------------------------------------


def test_rosters_in_any_order_and_a_new_reviewers_batch_are_taken_without_a_passphrase(home: Path, tmp_path: Path):
    new, batch = world().join(home, "sumsel-4")
    second, first_file = world().next_roster()
    _, second_file = world().next_roster(second, groups=world().groups([*world().members(), new]))
    terminal = Terminal(tmp_path, "sumsel", (), home)
    code, out, err = run(terminal, tmp_path, batch, second_file, first_file)
    assert (code, out) == (0, "")
    assert "roster versi 3 berlaku; 1 berkas kunci mingguan baru" in err and "rekey" in err
    assert Home.load(home).ledger.table().last_epoch("sumsel") == world().epoch + 1
    code, _, err = run(terminal, tmp_path, batch, first_file, second_file)
    assert code == 0 and "roster versi 3 berlaku; 0 berkas" in err


def bad_batch(**changes) -> bytes:
    ring = Keyring.open(
        world().folder / "stations/sumsel/keyring/sumsel-1", "sumsel-1", world().passphrases["sumsel-1"]
    )
    keys = tuple(ring.opening_key(world().epoch + n).public for n in (0, 1))
    plain = Batch(world().roster.deployment, "sumsel-1", world().epoch, keys, 1)
    return sign_batch(replace(plain, **changes), ring.signing)


def two_keys_for_one_week() -> bytes:
    other = world().table.readers(["kpk"], world().epoch)[0].members[0]
    return bad_batch(keys=(other, *[r.members[0] for r in world().table.readers(["sumsel"], world().epoch)]))


REFUSALS = {
    "signed_by_too_few": (lambda: world().next_roster(signers=1)[1], 3, "baru ditandatangani 1 dari 2 pemegang kunci"),
    "another_of_the_version_in_force": (
        lambda: world().next_roster(version=1, previous=bytes(64), expires=world().roster.expires + 1)[1],
        7,
        "ALARM: ada dua roster berbeda untuk versi 1",
    ),
    "a_forged_one_of_the_version_in_force": (
        lambda: world().next_roster(version=1, previous=bytes(64), expires=10**6, signers=1)[1],
        3,
        "baru ditandatangani 1 dari 2 orang yang disebutnya sendiri",
    ),
    "two_versions_ahead": (lambda: world().next_roster(version=3)[1], 3, "Sebelum roster versi 3, ambil dulu versi 2"),
    "it_follows_another": (lambda: world().next_roster(previous=bytes(64))[1], 3, "bukan lanjutan versi 1"),
    "of_another_deployment": (lambda: world().next_roster(deployment="demo-x")[1], 3, "milik lembaga lain"),
    "it_has_ended": (lambda: world().next_roster(issued=1, expires=today() - 1)[1], 3, "Roster ini berakhir pada"),
    "from_the_future": (
        lambda: world().next_roster(issued=today() + 300, expires=today() + 500)[1],
        3,
        "Betulkan tanggal mesin ini",
    ),
    "one_key_for_two_weeks": (
        lambda: bad_batch(keys=(world().table.readers(["sumsel"], world().epoch)[0].members[0],) * 2),
        7,
        "ALARM: berkas ini memberi satu kunci mingguan untuk dua minggu",
    ),
    "a_second_key_for_a_week": (two_keys_for_one_week, 7, "ALARM: berkas ini memberi kunci kedua untuk minggu"),
    "a_batch_for_a_later_roster": (
        lambda: bad_batch(roster_version=2),
        3,
        "dibuat untuk roster versi 2, di sini berlaku versi 1",
    ),
    "a_batch_of_a_stranger": (lambda: bad_batch(reviewer="nobody"), 3, "milik orang yang tidak ada di roster"),
    "a_batch_signed_by_another": (lambda: bad_batch(reviewer="sumsel-2"), 3, "rusak atau berubah di jalan"),
    "neither": (lambda: b"SNYX" + bytes(100), 3, "bukan roster dan bukan kunci mingguan"),
    "cut": (lambda: world().next_roster()[1][:-1], 3, "Roster ini rusak atau tidak lengkap"),
}


@pytest.mark.parametrize("defect", REFUSALS)
def test_each_bad_file_is_refused_in_its_own_words_and_changes_nothing(home: Path, tmp_path: Path, defect: str):
    make, code, words = REFUSALS[defect]
    before = tree(home)
    found, _, err = run(Terminal(tmp_path, "sumsel", (), home), tmp_path, make())
    assert (found, tree(home)) == (code, before)
    assert words in err and "0.senyap: " in err and "roster versi 1 tetap berlaku" in err


def test_no_two_refusals_have_the_same_words():
    assert len({words for _, _, words in REFUSALS.values()}) == len(REFUSALS)


def test_an_older_roster_given_by_hand_is_refused_and_no_alarm(home: Path, tmp_path: Path):
    give(home, world().next_roster()[1])
    before, old = tree(home), (world().folder / "server" / "roster.senyap").read_bytes()
    code, _, err = run(Terminal(tmp_path, "sumsel", (), home), tmp_path, old)
    assert code == 3 and "versi 1, di sini berikutnya versi 3" in err and tree(home) == before


def test_another_roster_of_a_version_of_the_past_is_an_alarm(home: Path, tmp_path: Path):
    second, data = world().next_roster()
    give(home, data, world().next_roster(second)[1])
    before = tree(home)
    _, other = world().next_roster(expires=world().roster.expires + 1)
    code, _, err = run(Terminal(tmp_path, "sumsel", (), home), tmp_path, other)
    assert code == 7 and "dua roster berbeda untuk versi 2" in err and tree(home) == before


def test_one_bad_file_stops_all_and_is_named(home: Path, tmp_path: Path):
    before = tree(home)
    for bad, code in ((b"x", 3), (two_keys_for_one_week(), 7)):
        found, _, err = run(Terminal(tmp_path, "sumsel", (), home), tmp_path, world().next_roster()[1], bad)
        assert found == code and "1.senyap: " in err and tree(home) == before


def test_a_link_on_a_stick_is_not_followed_and_a_missing_file_ends_with_2(home: Path, tmp_path: Path):
    (tmp_path / "real").write_bytes(world().next_roster()[1])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    terminal = Terminal(tmp_path, "sumsel", (), home)
    result = terminal.run("roster", str(tmp_path / "link"))
    assert result.exit_code == 3 and "bukan berkas biasa" in result.stderr
    assert terminal.run("roster", str(tmp_path / "nothing")).exit_code == 2
    assert Home.load(home).roster.version == 1


def test_two_programs_that_take_the_same_roster_leave_a_whole_history(home: Path):
    first, (_, data) = Home.load(home).ledger, world().next_roster()
    give(home, data)
    before = tree(home)
    with pytest.raises(BrokenChain, match="another program"):
        take_roster(first, data, today=today())
    assert tree(home) == before and Home.load(home).ledger.version(1) == world().roster


def test_a_full_disk_while_a_roster_is_written_leaves_the_old_one(home: Path, monkeypatch: pytest.MonkeyPatch):
    before = tree(home)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("crypto.medium.os.fsync", full)
        give(home, world().next_roster()[1])
    assert tree(home) == before


def test_a_new_station_takes_the_roster_that_admits_it(home: Path, tmp_path: Path):
    (home / "station.id").write_text("sumsel-8")
    with pytest.raises(Refused, match="tidak ada di roster"):
        Home.load(home)
    new = Station("sumsel-8", "sumsel", SigningKey.generate().public, False, False)
    _, other = world().next_roster(issued=today() - 1)
    _, data = world().next_roster(stations=(*world().roster.stations, new))
    terminal = Terminal(tmp_path, "sumsel", (), home)
    code, _, err = run(terminal, tmp_path, data)
    assert code == 0 and "not in the roster" not in err and Home.load(home).id == "sumsel-8"
    assert run(terminal, tmp_path, other)[0] == 7


# --- with a bundle -----------------------------------------------------------------------------------


def test_a_bundle_may_bring_the_roster_that_names_the_key_it_is_signed_with(home: Path, stick: Stick):
    key = SigningKey.generate()
    _, data = world().next_roster(server_key=key.public)
    row = world().letter_row(Reporter().report())
    with sit(home, *ME) as desk:
        with pytest.raises(BadSignature):
            import_bundle(desk, Stick(stick.folder).write([row], files=[data], roster_version=2))
        found = import_bundle(desk, stick.write([row], files=[data], roster_version=2, signer=key))
        assert (found.new, found.alarms) == (1, ())
    assert Home.load(home).roster.version == 2


def test_a_bundle_under_a_roster_that_is_missing_is_refused_with_its_number(home: Path, stick: Stick):
    _, data = world().next_roster()
    with sit(home, *ME) as desk:
        with pytest.raises(
            Refused, match=r"roster versi 4, stasiun ini punya versi 2; ambil dulu roster versi 3 sampai 4"
        ):
            import_bundle(desk, stick.write([], files=[data], roster_version=4))
        with pytest.raises(Refused, match=r"ambil dulu roster versi 3 .*baru ditandatangani 1 dari 2"):
            second = Home.load(home).roster
            _, bad = world().next_roster(second, signers=1)
            import_bundle(desk, Stick(stick.folder).write([], files=[bad], roster_version=3))
        with desk.vault.begin() as transaction:
            assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.bundles)) == 0
    assert Home.load(home).roster.version == 2


def test_a_refused_file_in_a_bundle_is_an_alarm_and_the_rest_is_imported(home: Path, stick: Stick):
    rows, files = [world().letter_row(Reporter().report())], [two_keys_for_one_week(), b"halo"]
    with sit(home, *ME) as desk:
        found = import_bundle(desk, stick.write(rows, files=files))
    assert found.new == 1
    assert [alarm[:20] for alarm in found.alarms] == ["ALARM: berkas ini me", "Berkas ini bukan ros"]


def test_a_bundle_with_more_files_than_memory_is_refused(home: Path, stick: Stick, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rosters, "MAX_FILE_RECORDS", 2)
    with sit(home, *ME) as desk, pytest.raises(Refused, match="membawa 3 potong berkas, paling banyak 2"):
        import_bundle(desk, stick.write([], files=[b"a", b"b", b"c"]))


def test_an_older_bundle_is_verified_with_the_key_of_its_own_time(home: Path, stick: Stick):
    key = SigningKey.generate()
    give(home, world().next_roster(server_key=key.public)[1])
    with sit(home, *ME) as desk:
        (alarm,) = import_bundle(desk, stick.write([])).alarms
        assert "lebih lama daripada versi 2 di sini" in alarm
        with pytest.raises(BadSignature):
            import_bundle(desk, stick.write([], signer=key))


def test_a_stolen_old_key_signs_no_bundle_after_one_of_the_new_key(home: Path, stick: Stick):
    key = SigningKey.generate()
    give(home, world().next_roster(server_key=key.public)[1])
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([], roster_version=2, signer=key))
        with pytest.raises(Alarm, match="menyebut roster versi 1, padahal bundel 1 sebelumnya lebih baru"):
            import_bundle(desk, stick.write([world().letter_row(Reporter().report())]))
        stick.last = replace(stick.last, seq=4)
        with pytest.raises(Alarm, match="menyebut roster versi 1, padahal bundel 1"):
            import_bundle(desk, stick.write([]))
        with desk.vault.begin() as transaction:
            assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.cases)) == 0


def test_a_former_key_signs_no_bundle_behind_a_gap(home: Path, stick: Stick):
    """Control: the same bundle without the gap is taken."""
    give(home, world().next_roster(server_key=SigningKey.generate().public)[1])
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([]))
        first = stick.last
        with pytest.raises(Alarm, match="ditandatangani kunci lama"):
            import_bundle(desk, stick.write([], seq=3))
        stick.last = first
        assert import_bundle(desk, stick.write([])).new == 0


def test_a_bundle_that_waits_for_weeks_to_come_is_malformed(home: Path, stick: Stick):
    with sit(home, *ME) as desk, pytest.raises(Malformed):
        import_bundle(desk, stick.write([], oldest_waiting_epoch=world().epoch + 1))


def test_a_changed_quorum_asks_for_a_rekey(home: Path, tmp_path: Path):
    path = tmp_path / "roster"
    path.write_bytes(world().next_roster(groups=world().groups(world().members(), k=3))[1])
    result = CliRunner().invoke(main, ["--allow-network", "--home", str(home), "roster", str(path)])
    assert result.exit_code == 0 and "rekey" in result.stderr
    assert not Home.load(home).shares_fit(), "asked for again by each command until it is done"
    rekey(home, words_of(*ME))
    assert Home.load(home).shares_fit()


def test_a_number_far_ahead_is_an_alarm_and_burns_no_chain(home: Path, stick: Stick):
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([]))
        first = stick.last
        with pytest.raises(Alarm, match="tidak ada kurir yang kehilangan"):
            import_bundle(desk, stick.write([], seq=99_999_999))
        stick.last = first
        assert import_bundle(desk, stick.write([])).alarms == ()


def test_a_late_bundle_of_a_newer_roster_than_the_one_after_it_is_an_alarm(home: Path, stick: Stick):
    give(home, world().next_roster()[1])
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([]))
        late = stick.write([], roster_version=2)
        import_bundle(desk, stick.write([], roster_version=1))
        with pytest.raises(Alarm, match="menyebut roster versi 2, padahal bundel 3 sesudahnya lebih lama"):
            import_bundle(desk, late)


def test_relayed_bundles_are_each_verified_with_their_own_key(home: Path, stick: Stick, tmp_path: Path):
    key = SigningKey.generate()
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([]))
        _, data = world().next_roster(server_key=key.public)
        import_bundle(desk, stick.write([], files=[data], roster_version=2, signer=key))
    assert len(relay(Home.load(home), tmp_path / "out")) == 2


# --- with an outbox ----------------------------------------------------------------------------------


def carried(path: Path) -> tuple[bytes, ...]:
    key = world().roster.station("sumsel").key
    with path.open("rb") as source:
        bundle.verify_transport(source, OUTBOX, key)
        source.seek(0)
        manifest, _, _ = bundle.read_manifest(source, OUTBOX)
        return tuple(file for file in bundle.read_files(source, manifest) if file[:4] != statistics.MAGIC)


def test_an_outbox_carries_the_rosters_that_the_drop_box_lacks_and_its_own_weekly_keys(
    home: Path, stick: Stick, tmp_path: Path
):
    first = (home / "roster.senyap").read_bytes()
    second, second_file = world().next_roster()
    _, third_file = world().next_roster(second)
    after = give(home, second_file, third_file)
    own = {b.raw for b in after.ledger.batches if b.reviewer.startswith("sumsel-")}
    with sit(home, *ME) as desk:
        out = tmp_path / "out"
        files = carried(make_outbox(desk, out))
        assert files[:3] == (first, second_file, third_file) and set(files[3:]) == own and len(own) == 3
        import_bundle(desk, stick.write([], roster_version=2))
        assert carried(make_outbox(desk, out))[:2] == (third_file, files[3])
        import_bundle(desk, stick.write([], roster_version=3))
        assert set(carried(make_outbox(desk, out))) == own
        import_bundle(desk, Stick(tmp_path / "other", to="sumsel", last=stick.last).write([], roster_version=3))


def test_ended_batches_and_those_of_leavers_are_not_carried(home: Path, tmp_path: Path, monkeypatch):
    _, data = world().next_roster(groups=world().groups(world().members("sumsel-1", "sumsel-2")))
    give(home, data)
    table = world().table
    monkeypatch.setattr("station.home.Home.key_table", lambda self: table)
    cover = world().cover()[0]
    monkeypatch.setattr(type(table), "draw_cover", lambda self, epoch, decoys: cover)
    with sit(home, *ME) as desk:
        assert len(carried(make_outbox(desk, tmp_path / "out"))) == 2 + 2
        assert len(carried(make_outbox(desk, tmp_path / "out", day=today() + 21))) == 2


# --- which roster, and who ---------------------------------------------------------------------------


def test_an_older_roster_put_back_in_the_folder_is_noticed_by_the_vault(home: Path, tmp_path: Path):
    old = (home / "roster.senyap").read_bytes()
    give(home, world().next_roster()[1])
    with sit(home, *ME):
        pass
    (home / "roster.senyap").write_bytes(old)
    with pytest.raises(RolledBack, match=r"version 1 lies .* has worked with version 2"), sit(home, *ME):
        pass
    with pytest.raises(RolledBack):
        rekey(home, words_of(*ME))
    result = Terminal(tmp_path, "sumsel", ME, home).run("list")
    assert result.exit_code == 7 and "seseorang menaruh berkas lama" in result.stderr


def test_a_roster_that_came_with_a_bundle_is_remembered_by_the_same_import(home: Path, stick: Stick):
    old = (home / "roster.senyap").read_bytes()
    with sit(home, *ME) as desk:
        import_bundle(desk, stick.write([], files=[world().next_roster()[1]], roster_version=2))
    (home / "roster.senyap").write_bytes(old)
    with pytest.raises(RolledBack), sit(home, *ME):
        pass


def without(station: str) -> tuple[Station, ...]:
    return tuple(s for s in world().roster.stations if s.id != station)


def test_a_station_that_was_taken_out_can_be_read_and_does_nothing_else(tmp_path: Path, stick: Stick):
    home = world().copy_home("palembang", tmp_path)
    report = world().letter_row(Reporter(["palembang"]).report("jembatan"))
    terminal = Terminal(tmp_path, "palembang", ("palembang-1",), home)
    assert terminal.run("import", str(stick.write([report]))).exit_code == 0
    second, data = world().next_roster(stations=without("palembang"))
    code, _, err = run(terminal, tmp_path, data)
    assert code == 0 and "dikeluarkan dari roster pada versi 2" in err
    assert (
        json.loads(terminal.run("show", "K-0001", "--no-conflict", "--json").stdout)["fields"]["uraian"] == "jembatan"
    )
    assert terminal.run("list").exit_code == terminal.run("keys").exit_code == 0
    for command in (
        ("import", str(stick.write([], roster_version=2))),
        ("outbox", "--to", str(tmp_path / "out")),
        ("reply", "K-0001", "--text", "x"),
        ("relay", "--to", str(tmp_path / "out")),
        ("rekey",),
    ):
        result = terminal.run(*command)
        assert result.exit_code == 3 and "dikeluarkan dari roster pada versi 2" in result.stderr, command
    assert not (tmp_path / "out").exists()
    third, third_file = world().next_roster(second)
    assert give(home, third_file).taken_out == 2
    give(home, world().next_roster(third, stations=world().roster.stations)[1])
    assert terminal.run("import", str(stick.write([], roster_version=4))).exit_code == 1


def test_a_station_that_learns_from_a_bundle_that_it_was_taken_out_imports_nothing(tmp_path: Path, stick: Stick):
    home = world().copy_home("palembang", tmp_path)
    _, data = world().next_roster(stations=without("palembang"))
    with sit(home, "palembang-1") as desk:
        with pytest.raises(Refused, match="dikeluarkan dari roster pada versi 2"):
            import_bundle(desk, stick.write([], files=[data], roster_version=2))
        with desk.vault.begin() as transaction:
            assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.bundles)) == 0


def test_a_station_whose_key_was_replaced_is_taken_out_too(tmp_path: Path, stick: Stick):
    home = world().copy_home("palembang", tmp_path)
    other = replace(world().roster.station("palembang"), key=SigningKey.generate().public)
    give(home, world().next_roster(stations=(*without("palembang"), other))[1])
    with sit(home, "palembang-1") as desk:
        with desk.vault.begin() as transaction:
            assert cases.list_cases(transaction, desk.home) == ()
        with pytest.raises(Refused, match="dikeluarkan dari roster pada versi 2"):
            import_bundle(desk, stick.write([]))
        with pytest.raises(Refused, match="dikeluarkan"):
            make_outbox(desk, tmp_path / "out")
    with pytest.raises(Refused, match="dikeluarkan"):
        rekey(home, words_of("palembang-1"))


def test_a_reviewer_who_left_may_only_help_with_an_import(home: Path, stick: Stick, tmp_path: Path):
    give(home, world().next_roster(groups=world().groups(world().members("sumsel-1", "sumsel-2")))[1])
    with pytest.raises(Refused, match="sumsel-3 bukan penelaah unit ini menurut roster versi 2"):
        with sit(home, *ME, "sumsel-3"):
            pass
    with sit(home, *ME, "sumsel-3", leavers=True) as desk:
        assert {ring.reviewer for ring in desk.rings} == {*ME, "sumsel-3"}
    with pytest.raises(QuorumNotMet, match="1 of the 2"), sit(home, "sumsel-1", "sumsel-3", leavers=True):
        pass
    terminal = Terminal(tmp_path, "sumsel", (*ME, "sumsel-3"), home)
    for command in (("list",), ("outbox", "--to", str(tmp_path / "out")), ("keys",)):
        assert terminal.run(*command).exit_code == 3
    assert terminal.run("import", str(stick.write([], roster_version=2))).exit_code == 0


def test_a_wrong_passphrase_of_a_reviewer_who_left_is_named(home: Path):
    give(home, world().next_roster(groups=world().groups(world().members("sumsel-1", "sumsel-2")))[1])
    given = words_of(*ME) | {"sumsel-3": "salah salah salah"}
    with pytest.raises(Exception, match="the passphrase of sumsel-3"), open_desk(Home.load(home), given, leavers=True):
        pass


@pytest.mark.parametrize("change", ["member", "k"])
def test_every_command_says_when_the_vault_must_be_shared_out_anew(home: Path, tmp_path: Path, change: str):
    terminal = Terminal(tmp_path, "sumsel", ME, home)
    assert "rekey" not in terminal.run("list").stderr
    stay = world().members(*ME) if change == "member" else world().members()
    give(home, world().next_roster(groups=world().groups(stay, k=2 if change == "member" else 3))[1])
    for command in (("list",), ("keys",), ("outbox", "--to", str(tmp_path / "out"))):
        result = terminal.run(*command)
        assert result.exit_code == 0 and "jalankan senyap-station rekey" in result.stderr
        assert result.stderr.count("rekey") == 1


def test_the_import_that_brings_a_change_of_reviewers_says_so(home: Path, stick: Stick, tmp_path: Path):
    _, data = world().next_roster(groups=world().groups(world().members(*ME)))
    terminal = Terminal(tmp_path, "sumsel", ME, home)
    result = terminal.run("import", str(stick.write([], files=[data], roster_version=2)))
    assert result.exit_code == 0 and "jalankan senyap-station rekey" in result.stderr
