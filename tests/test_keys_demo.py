"""The demo deployment: every file where others look for it, and every rule of a real one."""

import itertools
import re
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from crypto import passphrase, row
from crypto.encoding import epoch_of, today
from crypto.errors import WrongPassphrase
from crypto.receipt import wordlist
from crypto.signing import SigningKey
from keys import demo as demos
from keys import units
from keys.__main__ import main
from keys.batch import KeyTable, verify_batch
from keys.errors import QuorumNotMet
from keys.keyring import Keyring, open_quorum
from keys.roster import Roster, default_roles
from keys.rosterfile import fingerprint_words, root_pin, verify_roster

GROUPS = (*units.GOVERNMENTS, units.KPK)


def passphrases(demo: Path) -> dict[str, str]:
    lines = (demo / "demo-passphrases.txt").read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def roster_of(home: Path) -> Roster:
    pin = (home / "root.pin").read_bytes()
    return verify_roster((home / "roster.senyap").read_bytes(), previous=None, pin=pin, today=today())


def test_the_folders_are_where_the_interface_puts_them(demo: Path) -> None:
    assert sorted(p.name for p in demo.iterdir()) == ["demo-passphrases.txt", "keys", "server", "stations"]
    assert sorted(p.name for p in (demo / "stations").iterdir()) == sorted(GROUPS)
    assert sorted(p.name for p in (demo / "server").iterdir()) == [
        "batches", "root.pin", "roster.senyap", "server.key", "settings.toml",
    ]  # fmt: skip
    for group in GROUPS:
        home = demo / "stations" / group
        assert sorted(p.name for p in home.iterdir()) == [
            "batches", "keyring", "root.pin", "roster.senyap", "station.id", "station.k", "station.key",
        ]  # fmt: skip
        assert (home / "station.id").read_text() == group


def test_every_file_is_for_its_owner_only(demo: Path) -> None:
    modes = {stat.S_IMODE(p.stat().st_mode) for p in demo.rglob("*") if p.is_file()}
    assert modes == {0o600}


def test_the_folders_that_hold_files_are_for_their_owner_only(demo: Path) -> None:
    holding = {p.parent for p in demo.rglob("*.key")} | {p.parent for p in demo.rglob("*.locked")}
    inner = {p for p in holding if p.name.startswith(("sumsel-", "kpk-", "roots"))}
    assert inner and {stat.S_IMODE(p.stat().st_mode) for p in inner} == {0o700}


def test_every_folder_is_for_its_owner_only(demo: Path) -> None:
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (demo, *demo.rglob("*")) if p.is_dir()}
    assert modes == {0o700}


def test_reviewers_and_quorums_are_those_of_the_interface(demo: Path) -> None:
    words = passphrases(demo)
    assert [w for w in words if w.startswith("sumsel-")] == ["sumsel-1", "sumsel-2", "sumsel-3"]
    assert {w for w in words if w.startswith(("palembang-", "kpk-"))} == {
        "palembang-1",
        "palembang-2",
        "kpk-1",
        "kpk-2",
    }
    roster = roster_of(demo / "server")
    assert {g.id: (g.k, len(g.members)) for g in roster.groups} == {
        g: (2, 3) if g == "sumsel" else (1, 2) for g in GROUPS
    }
    assert all(tuple(m.role for m in g.members) == default_roles(len(g.members)) for g in roster.groups)
    assert set(words) == {m.id for g in roster.groups for m in g.members}


def test_passphrases_are_six_different_draws_from_the_list(demo: Path) -> None:
    words = passphrases(demo)
    assert len(set(words.values())) == len(words)
    assert all(len(w.split()) == 6 and set(w.split()) <= set(wordlist()) for w in words.values())


def test_the_roster_verifies_and_is_everywhere_the_same(demo: Path) -> None:
    roster = roster_of(demo / "server")
    assert re.fullmatch(r"demo-[0-9a-f]{8}", roster.deployment)
    assert tomllib.loads((demo / "server" / "settings.toml").read_text()) == {"courier_days": 7}
    homes = [demo / "server", demo / "keys", *(demo / "stations" / g for g in GROUPS)]
    for name in ("roster.senyap", "root.pin"):
        assert len({(home / name).read_bytes() for home in homes}) == 1
    assert [s.id for s in roster.collectors] == ["sumsel"]
    assert roster.routing == units.routing()
    assert roster.server_key == SigningKey.from_seed((demo / "server" / "server.key").read_bytes()).public


def test_the_batches_verify_and_give_every_group_26_weeks(demo: Path) -> None:
    roster = roster_of(demo / "server")
    files = sorted((demo / "server" / "batches").iterdir())
    table = KeyTable(roster, [verify_batch(f.read_bytes(), roster) for f in files])
    first = epoch_of(roster.issued)
    assert {table.last_epoch(g) for g in GROUPS} == {first + demos.WEEKS - 1}
    assert all(re.fullmatch(rf"[a-z-]+-\d-{first:08d}\.senyap", f.name) for f in files)
    names = {f.name for f in files}
    for group in GROUPS:
        assert {f.name for f in (demo / "stations" / group / "batches").iterdir()} == names


def test_a_row_to_every_route_opens_with_the_keys_on_the_stations(demo: Path) -> None:
    roster, words = roster_of(demo / "server"), passphrases(demo)
    table = KeyTable(roster, [verify_batch(f.read_bytes(), roster) for f in (demo / "server" / "batches").iterdir()])
    epoch, record = epoch_of(roster.issued), row.Record(row.Kind.LETTER, bytes(16), 0, 1, b"x")
    sealed = row.seal_row(table.readers(["palembang", "sumsel"], epoch), epoch, record, row.Decoys(3))
    keys = {}
    for who in ("palembang-2", "sumsel-1", "sumsel-3", "kpk-1"):
        ring = Keyring.open(demo / "stations" / who[:-2] / "keyring" / who, who, words[who])
        keys[who] = ring.opening_key(epoch)
    assert row.open_row(sealed, [keys["palembang-2"]]) == record
    assert row.open_row(sealed, [keys["sumsel-1"], keys["sumsel-3"]]) == record
    assert isinstance(row.open_row(sealed, [keys["sumsel-1"]]), row.Waiting)
    with pytest.raises(row.NotForThisKey):
        row.open_row(sealed, [keys["kpk-1"]])


def test_k_minus_one_passphrases_of_each_unit_open_nothing_and_k_open_its_station(demo: Path) -> None:
    roster, words = roster_of(demo / "server"), passphrases(demo)
    for group in roster.groups:
        home, members = demo / "stations" / group.id, [m.id for m in group.members]
        for few in itertools.combinations(members, group.k - 1):
            with pytest.raises(QuorumNotMet):
                open_quorum(home / "keyring", {who: words[who] for who in few})
        rings, vault = open_quorum(home / "keyring", {who: words[who] for who in members[-group.k :]})
        seed = passphrase.open_with_key(vault, (home / "station.key").read_bytes(), f"senyap/v1/station/{group.id}")
        assert SigningKey.from_seed(seed).public == roster.station(group.id).key
        assert [ring.signing.public for ring in rings] == [m.key for m in group.members[-group.k :]]


def test_every_pair_of_the_provinces_reviewers_joins_one_vault_key(demo: Path) -> None:
    words = passphrases(demo)
    keyring = demo / "stations" / "sumsel" / "keyring"
    keys = {
        open_quorum(keyring, {a: words[a], b: words[b]})[1]
        for a, b in itertools.combinations([f"sumsel-{i}" for i in (1, 2, 3)], 2)
    }
    assert len(keys) == 1


def test_the_passphrase_of_one_reviewer_does_not_open_another(demo: Path) -> None:
    words = passphrases(demo)
    with pytest.raises(WrongPassphrase):
        open_quorum(demo / "stations" / "kpk" / "keyring", {"kpk-1": words["kpk-2"]})


def test_the_root_keys_are_locked_and_are_those_of_the_pin(demo: Path) -> None:
    folder, roster = demo / "keys" / "roots", roster_of(demo / "keys")
    lines = dict(line.split("\t") for line in (folder / "demo-passphrases.txt").read_text().splitlines())
    for root in roster.roots:
        locked = (folder / f"root-{root.id}.locked").read_bytes()
        seed = passphrase.unlock(lines[f"root-{root.id}"], locked, f"senyap/v1/root/{root.id}")
        assert SigningKey.from_seed(seed).public == root.key
    assert (len(roster.roots), roster.root_k) == (3, 2)
    assert (demo / "keys" / "root.pin").read_bytes() == root_pin(roster.roots, roster.root_k)


def test_the_server_holds_no_private_key_but_its_own_signing_seed(demo: Path) -> None:
    names = {p.name for p in (demo / "server").rglob("*") if p.is_file()}
    assert not [n for n in names if n.endswith(".locked") or n.startswith("epoch-") or n == "share.sealed"]
    assert [n for n in names if n.endswith(".key")] == ["server.key"]


def test_a_demo_is_made_only_once(demo: Path) -> None:
    before = {p: p.read_bytes() for p in sorted(demo.rglob("*")) if p.is_file()}
    with pytest.raises(FileExistsError):
        demos.make_demo(demo)
    result = CliRunner().invoke(main, ["demo", str(demo)])
    assert result.exit_code == 3
    assert {p: p.read_bytes() for p in sorted(demo.rglob("*")) if p.is_file()} == before


@pytest.mark.parametrize("part", ["server", "keys", "stations"])
def test_a_demo_that_was_begun_is_not_mixed_with_another(tmp_path: Path, part: str) -> None:
    (tmp_path / part).mkdir()
    with pytest.raises(FileExistsError):
        demos.make_demo(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [part]


def test_the_command_prints_its_folder_and_the_fingerprint_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "keys.__main__.make_demo", lambda folder: demos.Made(pin=bytes(64), passphrases={"a": "rahasia"})
    )
    result = CliRunner().invoke(main, ["demo", str(tmp_path / "x")])
    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path / 'x'}\n"
    assert " ".join(fingerprint_words(bytes(64))) in result.stderr
    assert "rahasia" not in result.output


def test_a_disk_that_refuses_is_exit_code_6(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise PermissionError(13, "permission denied")

    monkeypatch.setattr("keys.__main__.make_demo", fail)
    assert CliRunner().invoke(main, ["demo", str(tmp_path)]).exit_code == 6


def test_what_was_made_does_not_show_passphrases() -> None:
    assert "rahasia" not in repr(demos.Made(pin=b"", passphrases={"a": "rahasia"}))
    assert demos.print_words(bytes(64)) == " ".join([wordlist()[0]] * 8)
