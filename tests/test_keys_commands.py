"""`senyap-keys` as root holders, units and strangers use it: exit codes, files, words in both languages."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from desks import Breaks, after, picture, pin_of
from make_vectors import DAY, EPOCH, opener, roots, signer, small_roster
from test_keys_sheets import text_of

from crypto import medium, passphrase
from crypto.encoding import b64, date_of
from crypto.signing import SigningKey
from keys import __main__ as program
from keys import public_commands, root_commands, unit_commands, units
from keys.batch import Batch, sign_batch
from keys.keyring import Keyring
from keys.ledger import Ledger, take_roster, write_ledger
from keys.prompts import Prompts
from keys.recovery import split_seed
from keys.request import ServerRequest, request_words, sign_request
from keys.rootkeys import open_root, write_root
from keys.roster import Group, Member, Roster, Station
from keys.rosterfile import fingerprint_words, sign_roster
from keys.sheet_texts import day_of
from keys.stationkeys import make_station

ROOT = Path(__file__).parents[1]
PHRASES = {
    name: " ".join(words)
    for name, words in {
        "root-1": ("gelombang", "kertas", "rotan", "mentega", "sumpit", "pelana", "obor"),
        "root-2": ("lentera", "bubur", "jangkar", "kelapa", "terompet", "serbuk", "palu"),
        "root-3": ("kacang", "perahu", "gunting", "lilin", "tembaga", "sabun", "wortel"),
        "root-4": ("anyaman", "cangkir", "beludru", "topeng", "ragi", "pasak", "kemiri"),
        "sumsel-1": ("kendi", "rantai", "benang", "cuka", "tongkat", "arang", "lumut"),
        "sumsel-2": ("meriam", "kunyit", "papan", "gergaji", "selada", "kapur", "tali"),
        "sumsel-3": ("ketapel", "bakul", "mangkuk", "ranting", "soda", "pipa", "kerang"),
        "lahat-1": ("jagung", "kerikil", "pelampung", "tinta", "mawar", "sendok", "rakit"),
        "lahat-2": ("gamelan", "kancing", "lobak", "perunggu", "tikar", "sirup", "paku"),
    }.items()
}
WEEKS = 3


def base_roster(rings: list[Keyring], station: bytes) -> Roster:
    """sumsel 1 of 2 with a station; lahat and kpk without reviewers."""
    people = tuple(Member(r.reviewer, r.signing.public) for r in rings)
    routing = units.routing()
    return small_roster(
        deployment="percobaan", routing={a: routing[a] for a in ("lahat", "sumsel", "tidak-tahu")},
        groups=tuple(Group(g, *units.names_of(g), 1, people if g == "sumsel" else ()) for g in ("sumsel", "lahat", "kpk")),
        stations=(Station("sumsel", "sumsel", SigningKey.from_seed(station).public, True, True),),
        province="sumsel", fallback="kpk",
        cover_weights={"areas": {"sumsel": 6, "lahat": 2}, "levels": {"desa": 1}, "exclusions": {"tidak-ada": 1}},
    )  # fmt: skip


@dataclass
class World:
    """Two root holders' desks, a station, files with passphrases, and everything that was ever printed."""

    folder: Path
    printed: list[str] = field(default_factory=list)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def run(self, *args: object, typed: str = "", code: int = 0, phrases: bool = True, plugged: bool = True) -> Result:
        """Run a command and demand an exit code; passphrases come from files unless they are typed.

        `plugged`: the stick is there.
        """
        words = [str(a) for a in args]
        if plugged and "--to" in words and not (stick := Path(words[words.index("--to") + 1])).exists():
            stick.mkdir(parents=True)
        if phrases and words[0] in ("request", "renew", "admit", "sign", "roster", "root-key", "recover-root"):
            words += [f"--passphrase-file={name}={self.folder}/words/{name}" for name in PHRASES]
        if "--language" not in words and words[0] != "ceremony":
            words += ["--language", "en"]
        result = CliRunner().invoke(program.main, words, input=typed)
        self.printed += [result.stdout, result.stderr]
        assert result.exit_code == code, (result.exit_code, result.stderr, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def ledger(self, name: str) -> Ledger:
        return Ledger.load(self.folder / name)

    def words_of(self, path: Path) -> str:
        return " ".join(request_words(path.read_bytes()))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One fixed day, no waiting for the disk, short batches, and 64 KiB instead of 64 MiB."""
    make_quick(monkeypatch)


def make_quick(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(os, "fsync", lambda fd: None)
    patched.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)
    for module in (program, public_commands, root_commands, unit_commands):
        patched.setattr(module, "today", lambda: DAY)
    original = unit_commands.found_unit
    patched.setattr(unit_commands, "found_unit", lambda *a, **k: original(*a, **k, weeks=WEEKS))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the deployment once; tests work in copies."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        make_quick(patched)
        for name, words in PHRASES.items():
            medium.write_file(folder / "words" / name, f"{words}\n".encode())
        home = folder / "station"
        rings = [Keyring.create(home / "keyring" / n, n, PHRASES[n]) for n in ("sumsel-1", "sumsel-2")]
        station = make_station(home, "sumsel", {ring.reviewer: ring.signing.public for ring in rings}, 1)
        roster = base_roster(rings, station.seed)
        batches = []
        for ring in rings:
            keys = tuple(k.public for k in ring.make_epochs(range(EPOCH, EPOCH + WEEKS)))
            batches.append(sign_batch(Batch("percobaan", ring.reviewer, EPOCH, keys, 1), ring.signing))
        for place in ("desk-a", "desk-b", "station", "server"):
            write_ledger(folder / place, pin_of(roster), sign_roster(roster, roots(1, 2)), batches)
        for number, place in ((1, "desk-a"), (2, "desk-b"), (3, "safe")):
            write_root(folder / place / "roots", number, signer(f"root {number}"), PHRASES[f"root-{number}"])
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Iterator[World]:
    """A copy of the deployment; whatever was printed in a test is searched for secrets at its end."""
    found = World(Path(shutil.copytree(made, tmp_path / "world")))
    yield found
    printed = "\n".join(found.printed)
    for words in PHRASES.values():
        assert words not in printed
    for key in (*(signer(f"root {n}") for n in (1, 2, 3)), signer("server")):
        assert key.seed.hex() not in printed and b64(key.seed) not in printed


@pytest.fixture
def asked(world: World) -> Path:
    """The request of a new unit, lahat, on a stick."""
    world.run("request", "--home", world / "lahat", "--to", world / "stick", "--group", "lahat",
              "--from", world / "desk-a", "--fingerprint", " ".join(world.ledger("desk-a").fingerprint))  # fmt: skip
    return world / "stick" / "request-lahat.senyap"


def admit(world: World, file: Path, *more: object, **given: object) -> Result:
    args = ("--home", world / "desk-a", "--to", world / "out", "--yes", "--words", world.words_of(file))
    return world.run("admit", *args, *more, file, **given)  # type: ignore[arg-type]


ALL_ROOTS = tuple(f"--root={n}={{0}}/{place}/roots/root-{n}.locked" for n, place in ((1, "desk-a"), (2, "desk-b")))


def both_roots(world: World) -> tuple[str, ...]:
    return tuple(text.format(world.folder) for text in ALL_ROOTS)


# --- the whole way ------------------------------------------------------------------------------------


def test_a_unit_is_asked_for_admitted_signed_at_two_desks_carried_and_verified(world: World, asked: Path) -> None:
    words = world.run("words", asked).stdout.strip()
    assert words == world.words_of(asked)

    first = admit(world, asked, code=1)
    assert "1 more signatures" in first.stderr and "(2, 3): senyap-keys sign" in first.stderr
    paths = [Path(line) for line in first.stdout.splitlines()]
    assert [p.name for p in paths] == ["roster-00000002.proposal", *(f"lahat-{n}-{EPOCH:08d}.senyap" for n in (1, 2))]
    assert world.ledger("desk-a").roster.version == 1

    second = world.run("sign", "--home", world / "desk-b", "--to", world / "out", "--yes", paths[0])
    files = [Path(line) for line in second.stdout.splitlines()]
    assert files[0].name == "roster-00000002.senyap" and world.ledger("desk-b").roster.version == 2

    for home in ("desk-a", "station", "server", "lahat"):
        world.run("take", "--home", world / home, *reversed(files))  # in any order
        ledger = world.ledger(home)
        assert ledger.roster == world.ledger("desk-b").roster
        assert [len(r.members) for r in ledger.table().readers(["sumsel", "lahat"], EPOCH)] == [2, 2]
    fingerprint = " ".join(ledger.fingerprint)
    report = world.run("verify", world.folder, "--fingerprint", fingerprint, code=1)  # keys end soon: a warning
    assert "lahat   2 of 2" in report.stdout and "! lahat: weekly keys end on" in report.stderr
    assert "version 2" in report.stdout and "version 1," not in report.stdout


def test_a_unit_works_on_changes_itself_and_renews(world: World, asked: Path) -> None:
    home, out = world / "station", world / "out"
    world.run("request", "--home", home, "--to", out, "--group", "sumsel", "--add", 1, "--k", 2)
    admit(world, out / "request-sumsel.senyap", *both_roots(world))
    files = sorted(out.glob("roster-*.senyap")) + sorted((out / "batches").iterdir())
    world.run("take", "--home", home, *files)
    assert [m.id for m in world.ledger("station").roster.group("sumsel").members] == [
        "sumsel-1",
        "sumsel-2",
        "sumsel-3",
    ]
    one = world.run(
        "renew", "--home", home, "--to", world / "keys", "--reviewer", "sumsel-3", "--language", "en", code=1
    )
    assert "Not renewed yet: sumsel-1, sumsel-2" in one.stderr and "sumsel-3: keys until 20" in one.stderr
    rest = world.run("renew", "--home", home, "--to", world / "keys")
    assert "sumsel-1: keys until 20" in rest.stderr
    carried = [Path(line) for line in rest.stdout.splitlines()]
    world.run("take", "--home", world / "desk-a", *carried)
    assert world.ledger("desk-a").table().last_epoch("sumsel") == EPOCH + 25  # sumsel-3 began this week

    asks = ("request", "--home", home, "--to", out, "--group", "sumsel", "--k", 1)
    typed = "".join(f"{PHRASES[name]}\n" for name in ("sumsel-2", "sumsel-3"))
    here = ("--reviewer", "sumsel-2", "--reviewer", "sumsel-3")  # sumsel-1 is away
    world.run(*asks, *here, phrases=False, typed=typed)
    assert admit(world, out / "request-sumsel.senyap", *both_roots(world)).exit_code == 0
    refused = world.run(*asks, "--reviewer", "sumsel-9", code=3)
    assert "sumsel-9 is no reviewer who stays here; those are sumsel-1, sumsel-2, sumsel-3" in refused.stderr


# --- what is refused, by exit code --------------------------------------------------------------------


def assert_nothing_changed(world: World, before: dict[str, bytes]) -> None:
    assert picture(world.folder) == before


@pytest.mark.parametrize("typed", ["", "kata " * 8, None])
def test_wrong_words_are_refused_and_nothing_is_written(world: World, asked: Path, typed: str | None) -> None:
    words = world.words_of(asked).split()
    typed = " ".join(words[1:] + words[:1]) if typed is None else typed
    before = picture(world.folder)
    result = world.run(
        "admit", "--home", world / "desk-a", "--to", world / "out", "--yes", "--words", typed, asked, code=3
    )
    assert "the words do not fit this file" in result.stderr
    assert_nothing_changed(world, before)


def test_an_altered_request_is_refused_before_words_are_asked_for(world: World, asked: Path) -> None:
    data = bytearray(asked.read_bytes())
    data[-1] ^= 1
    asked.write_bytes(bytes(data))
    before = picture(world.folder)
    result = world.run("admit", "--home", world / "desk-a", "--to", world / "out", "--yes", asked, code=3)
    assert "\nsenyap/v1/request: signature does not verify" in result.stderr and "kata" not in result.stderr
    assert_nothing_changed(world, before)


def test_a_request_is_admitted_once(world: World, asked: Path) -> None:
    admit(world, asked, *both_roots(world))
    before = picture(world.folder)
    again = admit(world, asked, *both_roots(world), code=3)
    assert "changed what it asks about" in again.stderr
    assert_nothing_changed(world, before)


def test_a_wrong_passphrase_is_four_and_nothing_is_written(world: World, asked: Path) -> None:
    (world / "words" / "root-1").write_text(PHRASES["root-2"])
    before = picture(world.folder)
    result = admit(world, asked, code=4)
    assert "the passphrase does not open the key of root holder 1" in result.stderr
    assert_nothing_changed(world, before)


def test_a_wrong_root_file_is_said_in_words(world: World, asked: Path) -> None:
    before = picture(world.folder)
    other = admit(world, asked, f"--root=1={world.folder}/desk-b/roots/root-2.locked", code=4)
    assert "key of root holder 1" in other.stderr
    assert_nothing_changed(world, before)
    evil = write_root(world / "evil", 1, signer("stranger"), PHRASES["root-1"])  # swapped on the stick
    before = picture(world.folder)
    swapped = admit(world, asked, f"--root=1={evil}", code=3)
    assert "the key given for root holder 1 is not the one in the roster" in swapped.stderr
    stranger = admit(world, asked, f"--root=9={evil}", code=3)
    assert "no root holder 9 in the roster, neither old nor new" in stranger.stderr
    assert_nothing_changed(world, before)


def test_a_missing_file_is_two(world: World, asked: Path) -> None:
    before = picture(world.folder)
    assert "Not found: root-1.locked" in admit(world, asked, f"--root=1={world.folder}/no/root-1.locked", code=2).stderr
    assert "Not found: none.senyap" in world.run("words", world / "none.senyap", code=2).stderr
    assert "Not found: root.pin" in world.run("take", "--home", world / "no", asked, code=2).stderr
    assert (
        "Not found: none"
        in world.run("sign", "--home", world / "desk-a", "--to", world / "out", world / "none", code=2).stderr
    )
    assert_nothing_changed(world, before)


@pytest.mark.parametrize("option", ["1", "=x", "1=", "one=x", "²=x", "-1=x", "1=a --root=1=b"])
def test_odd_root_options_are_two(world: World, option: str) -> None:
    parts = f"--root={option}".split()
    refused = world.run("roster", "extend", "--home", world / "desk-a", "--to", world / "out", "--yes", *parts, code=2)
    assert "--root wants N" in refused.stderr


def test_a_full_disk_is_six_and_leaves_no_partial_file(
    world: World, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stick first, then the desk: whatever write fails, doing it again finishes it."""
    before = picture(world / "desk-a")
    with monkeypatch.context() as patched:
        writes = Breaks(patched, 10**6)
        admit(World(Path(shutil.copytree(world.folder, world / "copy"))), world / "copy/stick/request-lahat.senyap",
              *both_roots(world))  # fmt: skip
    for at in range(1, writes.writes + 1):
        with monkeypatch.context() as patched:
            Breaks(patched, at)
            result = admit(world, asked, *both_roots(world), code=6)
        assert "Cannot read or write (No space left on device)" in result.stderr and not result.stdout
        assert not list(world.folder.rglob("*.part"))
        if at <= 5:
            assert picture(world / "desk-a").items() >= before.items() and world.ledger("desk-a").roster.version == 1
        else:
            break  # the roster is in force here, its batches lie on the stick
    assert (at, writes.writes) == (6, 7)
    world.run("take", "--home", world / "desk-a", *sorted((world / "out" / "batches").iterdir()))
    assert world.ledger("desk-a").table().readers(["lahat"], EPOCH)


def test_an_alarm_is_seven(world: World) -> None:
    path = world / "stick" / "request-server.senyap"
    station = signer("server")
    medium.write_file(path, sign_request(ServerRequest("percobaan", 1, station.public), {0: station}))
    before = picture(world.folder)
    result = world.run("admit", "--home", world / "desk-a", "--to", world / "out", "--yes", path, code=7)
    assert "ALARM: " in result.stderr and "\nrequest: a key that stands in the roster already\n" in result.stderr
    ring = Keyring.open(world / "station" / "keyring" / "sumsel-1", "sumsel-1", PHRASES["sumsel-1"])
    second = Batch("percobaan", "sumsel-1", EPOCH, (opener("other").public,), 1)
    (world / "b").write_bytes(sign_batch(second, ring.signing))
    assert "ALARM" in world.run("take", "--home", world / "desk-a", world / "b", code=7).stderr
    (world / "b").unlink()
    assert_nothing_changed(world, before)


def test_who_does_not_agree_signs_nothing(world: World) -> None:
    before = picture(world.folder)
    args = ("roster", "extend", "--home", world / "desk-a", "--to", world / "out")
    for typed in ("n\n", "\n", ""):
        assert "stopped" in world.run(*args, typed=typed, code=3).stderr
    assert "Sign this [yes/no]" in world.run(*args, "--language", "en", typed="n\n", code=3).stderr
    assert_nothing_changed(world, before)
    world.run(*args, *both_roots(world), typed="y\n")
    assert world.ledger("desk-a").roster.version == 2


def test_a_stick_folder_that_is_not_there_is_made(world: World) -> None:
    out = world / "a" / "b" / "c"
    world.run("roster", "extend", "--home", world / "desk-a", "--to", out, "--yes", *both_roots(world))
    assert (out / "roster-00000002.senyap").stat().st_mode & 0o777 == 0o644


def test_a_file_in_place_of_a_stick_is_two(world: World) -> None:
    (world / "file").write_bytes(b"x")
    refused = world.run("publish", "--home", world / "desk-a", "--to", world / "file", code=2)
    assert "is a file" in refused.stderr and (world / "file").read_bytes() == b"x"


def test_a_proposal_without_a_root_key_at_hand_is_two(world: World, asked: Path) -> None:
    proposal = admit(world, asked, code=1).stdout.splitlines()[0]
    args = ("sign", "--to", world / "out", "--yes")
    shutil.rmtree(world / "desk-b" / "roots")
    assert "give --root NUMBER=FILE" in world.run(*args, "--home", world / "desk-b", proposal, code=2).stderr
    spare = f"--root=3={world.folder}/safe/roots/root-3.locked"
    world.run(*args, "--home", world / "desk-b", spare, proposal)
    assert world.ledger("desk-b").roster.version == 2


def test_what_is_signed_is_shown_first_in_both_languages(world: World, asked: Path) -> None:
    args = ("admit", "--home", world / "desk-a", "--to", world / "out", "--words", world.words_of(asked))
    indonesian = world.run(*args, "--language", "id", asked, typed="n\n", code=3).stderr
    english = world.run(*args, "--language", "en", asked, typed="n\n", code=3).stderr
    assert "Yang berubah bagi pelapor" in indonesian and "What changes for the reporter" in english
    assert "lahat-1 ikut membuka laporan bagi Inspektorat Kabupaten Lahat" in indonesian
    assert "A report for Inspectorate of the Regency of Lahat opens for 2 of 2 reviewers together." in english
    assert "  ! Inspectorate of the Regency of Lahat: while one reviewer is absent" in english
    assert "read by Inspectorate of the Province of Sumatera Selatan before, now by" in english


def test_a_request_whose_weekly_keys_have_ended_is_shown_as_closed(
    world: World, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (program, public_commands, root_commands, unit_commands):
        monkeypatch.setattr(module, "today", lambda: DAY + 7 * WEEKS)
    shown = admit(world, asked, "--language", "en", code=1).stderr
    assert "  ! lahat: keys of this week are missing" in shown and "  ! sumsel: keys of this week are missing" in shown


# --- a new unit ---------------------------------------------------------------------------------------


def found(world: World, *more: object, **given: object) -> Result:
    args = ("--home", world / "lahat", "--to", world / "stick", "--group", "lahat")
    return world.run("request", *args, *more, **given)  # type: ignore[arg-type]


def test_a_new_unit_checks_the_poster_before_it_makes_keys(world: World) -> None:
    before = picture(world.folder)
    wrong = " ".join(fingerprint_words(bytes(64)))
    for extra, typed in ((("--fingerprint", wrong), ""), ((), wrong + "\n")):
        result = found(world, "--from", world / "desk-a", *extra, typed=typed, code=3)
        assert "not those of the poster" in result.stderr
    assert_nothing_changed(world, before)


def test_an_attackers_stick_gives_no_new_unit(world: World) -> None:
    """Its folder is whole in itself, but its root set is the attacker's."""
    real = world.ledger("desk-a")
    evil = {i: signer(f"evil {i}") for i in (1, 2, 3)}
    roster = after(real.roster, roots=tuple(root.__class__(i, key.public) for root, (i, key) in
                                            zip(real.roster.roots, evil.items(), strict=True)))  # fmt: skip
    write_ledger(world / "evil", pin_of(roster), sign_roster(roster, evil), [b.raw for b in real.batches])
    medium.write_file(world / "evil/rosters/roster-00000001.senyap", (world / "desk-a/roster.senyap").read_bytes())
    before = picture(world.folder)
    words = " ".join(real.fingerprint)
    assert "not those of the poster" in found(world, "--from", world / "evil", "--fingerprint", words, code=3).stderr
    shutil.copy(world / "desk-a" / "root.pin", world / "evil" / "root.pin")
    assert "old root set" in found(world, "--from", world / "evil", "--fingerprint", words, code=3).stderr
    assert picture(world.folder).keys() == before.keys() and not (world / "lahat").exists()


def test_a_new_unit_wants_the_public_files_and_a_group_that_is_free(world: World) -> None:
    assert "--from FOLDER" in found(world, code=2).stderr
    words = ("--fingerprint", " ".join(world.ledger("desk-a").fingerprint), "--from", world / "desk-a")
    assert "4 of 7" in found(world, *words, "--reviewers", 7, "--k", 4, code=3).stderr
    assert "quorum: 3 of 2" in found(world, *words, "--k", 3, code=3).stderr
    home = ("request", "--home", world / "new", "--to", world / "stick", *words)
    assert "no group desa" in world.run(*home, "--group", "desa", code=3).stderr
    assert "no group ../x" in world.run(*home, "--group", "../x", code=3).stderr
    assert (
        "sumsel has reviewers already"
        in world.run(*home, "--group", "sumsel", "--reviewers", 1, code=3, typed="").stderr
    )
    assert not list((world / "stick").iterdir()) and not (world / "new").exists()


def test_a_weak_passphrase_in_a_file_is_two_and_one_that_cannot_be_read_too(world: World) -> None:
    words = ("--fingerprint", " ".join(world.ledger("desk-a").fingerprint), "--from", world / "desk-a")
    (world / "words" / "lahat-2").write_text("rahasia")
    assert "lahat-2: Too short" in found(world, *words, code=2).stderr
    (world / "words" / "lahat-2").write_bytes(b"\xff\xfe")
    assert "the passphrase file of lahat-2 cannot be read" in found(world, *words, code=2).stderr
    (world / "words" / "lahat-2").unlink()
    assert "cannot be read" in found(world, *words, code=2).stderr
    assert not (world / "lahat").exists()


def test_passphrases_are_typed_twice_and_offered_ones_may_be_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = "sabun tali obor rakit kendi pelana"
    monkeypatch.setattr("keys.prompts.generate_passphrase", lambda: offered)
    words = " ".join(world.ledger("desk-a").fingerprint)
    own = "tujuh belut menari di atas kulkas ungu"
    typed = "\n".join([words, offered, "pendek", own, own + "x", own, own, ""])
    result = found(world, "--from", world / "desk-a", "--language", "en", typed=typed, phrases=False)
    assert "Take the printed poster" in result.stderr and "Too short" in result.stderr
    assert "The two are not the same" in result.stderr
    assert own not in result.output and result.stderr.count(offered) == 2
    for name, phrase in (("lahat-1", offered), ("lahat-2", own)):
        assert Keyring.open(world / "lahat" / "keyring" / name, name, phrase)


def test_a_typed_passphrase_opens_and_is_not_shown(world: World) -> None:
    """The runner echoes what is typed unless its prompt hides it; the fixture looks for it."""
    args = ("roster", "extend", "--home", world / "desk-a", "--to", world / "out", "--yes")
    world.run(*args, typed=PHRASES["root-1"] + "\n", code=1, phrases=False)
    assert (world / "out" / "roster-00000002.proposal").is_file()


def test_control_keys_in_a_typed_passphrase_are_four(world: World) -> None:
    before = picture(world.folder)
    args = ("roster", "extend", "--home", world / "desk-a", "--to", world / "out", "--yes")
    result = world.run(*args, typed="\x1b[A\x1b[B\n", code=4, phrases=False)
    assert "has a key in it that is no letter" in result.stderr
    assert_nothing_changed(world, before)


def test_a_founded_unit_carries_its_request_once_more(world: World, asked: Path) -> None:
    data = asked.read_bytes()
    asked.unlink()
    found(world, "--again")
    assert asked.read_bytes() == data
    asked.unlink()
    world.run("request", "--home", world / "lahat", "--to", world / "stick", "--group", "../evil", "--again")
    assert asked.read_bytes() == data  # the name is that of the request
    assert "Not found" in world.run("request", "--home", world / "desk-a", "--to", world / "stick", "--group", "sumsel",
                                    "--again", code=2).stderr  # fmt: skip
    assert "no station lahat; take the roster that admits it first" in found(world, code=3).stderr


def test_a_unit_that_works_is_asked_what_it_wants(world: World) -> None:
    args = ("request", "--home", world / "station", "--to", world / "out", "--group", "sumsel")
    before = picture(world.folder)
    assert "nothing is asked for" in world.run(*args, code=2).stderr
    assert "nothing is asked for" in world.run(*args, "--k", 1, code=2).stderr
    other = ("request", "--home", world / "station", "--to", world / "out", "--group", "lahat")
    assert "this is a station of sumsel, not of lahat" in world.run(*other, "--add", 1, code=3).stderr
    assert "not reviewers of sumsel" in world.run(*args, "--remove", "lahat-1", code=3).stderr
    assert "quorum: 3 of 2" in world.run(*args, "--k", 3, code=3).stderr
    assert_nothing_changed(world, before)
    (world / "words" / "sumsel-1").write_text("another")
    assert "passphrase of sumsel-1" in world.run(*args, "--remove", "sumsel-2", code=4).stderr


# --- roles --------------------------------------------------------------------------------------------


def changes_of(world: World) -> tuple[object, ...]:
    return "request", "--home", world / "station", "--to", world / "out", "--group", "sumsel"


def roles_at(world: World, home: str, group: str) -> dict[str, str]:
    return {m.id: m.role.value for m in world.ledger(home).roster.group(group).members}


def test_a_role_alone_is_asked_for_shown_and_put_into_the_roster(world: World) -> None:
    before = roles_at(world, "desk-a", "sumsel")
    asked = world.run(*changes_of(world), "--role", "sumsel-1=verifikator")
    assert "Roles that are asked for: sumsel-1 verifikator, sumsel-2 inspektur." in asked.stderr
    shown = admit(world, world / "out" / "request-sumsel.senyap", *both_roots(world))
    sentence = "  - sumsel-1 changes role: inspektur (decides) before, verifikator (first check) now.\n"
    assert sentence in shown.stderr
    assert roles_at(world, "desk-a", "sumsel") == before | {"sumsel-1": "verifikator"}


def test_who_joins_gets_the_role_that_is_asked_for_and_else_reviews(world: World) -> None:
    world.run(*changes_of(world), "--add", 1)
    assert "sumsel-3 takes part" in (shown := admit(world, world / "out" / "request-sumsel.senyap", code=1).stderr)
    assert "as telaah (reviews)" in shown
    world.run(*changes_of(world), "--add", 1, "--role", "sumsel-3=inspektur", "--role", "sumsel-2=telaah")
    shown = admit(world, world / "out" / "request-sumsel.senyap", code=1).stderr
    assert "as inspektur (decides)" in shown and "sumsel-2 changes role" in shown


def test_a_new_unit_says_its_roles_before_anybody_chooses_a_passphrase(world: World, asked: Path) -> None:
    admit(world, asked, *both_roots(world))
    assert roles_at(world, "desk-a", "lahat") == {"lahat-1": "telaah", "lahat-2": "inspektur"}
    shutil.rmtree(world / "lahat")
    words = ("--fingerprint", " ".join(world.ledger("desk-b").fingerprint), "--from", world / "desk-b")
    result = found(world, *words, "--role", "lahat-1=inspektur", "--role", "lahat-2=verifikator")
    assert "Roles that are asked for: lahat-1 inspektur, lahat-2 verifikator." in result.stderr


@pytest.mark.parametrize(
    "given",
    [("sumsel-1=kepala",), ("sumsel-1=Telaah",), ("sumsel-1=",), ("sumsel-1",), ("=telaah",), ("",),
     ("sumsel-1=telaah=telaah",), ("sumsel-1=telaah", "sumsel-1=verifikator")],
)  # fmt: skip
def test_a_role_that_is_none_is_two_and_the_roles_are_named(world: World, given: tuple[str, ...]) -> None:
    before = picture(world.folder)
    options = [f"--role={pair}" for pair in given]
    for args in (changes_of(world), (*changes_of(world), "--again"), (*changes_of(world), "--add", 1)):
        result = world.run(*args, *options, code=2)
        flat = " ".join(result.stderr.split())
        assert "--role wants REVIEWER=ROLE, each reviewer once; the roles are verifikator, telaah, inspektur" in flat
    (world / "out").rmdir()
    assert_nothing_changed(world, before)


def test_a_role_for_nobody_of_the_unit_and_one_that_changes_nothing(world: World) -> None:
    before = picture(world.folder)
    stranger = world.run(*changes_of(world), "--role", "sumsel-3=telaah", code=3)
    assert "a role for sumsel-3; the reviewers will be sumsel-1, sumsel-2" in stranger.stderr
    same = world.run(*changes_of(world), "--role", "sumsel-1=inspektur", code=2)
    assert "nothing is asked for" in same.stderr
    words = ("--fingerprint", " ".join(world.ledger("desk-a").fingerprint), "--from", world / "desk-a")
    assert "a role for sumsel-1" in found(world, *words, "--role", "sumsel-1=telaah", code=3).stderr
    assert not (world / "lahat").exists()
    for folder in ("out", "stick"):
        (world / folder).rmdir()
    assert_nothing_changed(world, before)


def test_joining_after_an_interrupted_try_asks_for_the_passphrase_given_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("request", "--home", world / "station", "--to", world / "out", "--group", "sumsel", "--add", 1)
    with monkeypatch.context() as patched:
        Breaks(patched, 5)
        world.run(*args, code=6)
    (world / "words" / "sumsel-3").write_text("x")  # weak, and another
    assert "passphrase of sumsel-3 does not open its keyring" in world.run(*args, code=4).stderr
    (world / "words" / "sumsel-3").write_text(PHRASES["sumsel-3"])
    world.run(*args)
    assert (world / "out" / "request-sumsel.senyap").is_file()


def test_renewing_refuses_strangers_and_wrong_passphrases(world: World) -> None:
    args = ("renew", "--home", world / "station", "--to", world / "keys")
    before = picture(world.folder)
    assert "lahat-1 is no reviewer of sumsel" in world.run(*args, "--reviewer", "lahat-1", code=4).stderr
    assert "../x is no reviewer" in world.run(
        *args, "--reviewer", "../x", f"--passphrase-file=../x={world.folder}/words/root-1", code=4).stderr  # fmt: skip
    (world / "words" / "sumsel-2").write_text("another")
    assert "passphrase of sumsel-2" in world.run(*args, code=4).stderr
    shutil.copytree(world / "station", world / "empty")
    shutil.rmtree(world / "empty" / "keyring")
    (world / "empty" / "keyring" / "stranger").mkdir(parents=True)
    nobody = world.run("renew", "--home", world / "empty", "--to", world / "keys", code=3)
    assert "names nobody whose keys lie on this station" in nobody.stderr
    shutil.rmtree(world / "empty")
    shutil.copy(world / "words" / "root-1", world / "words" / "sumsel-2")
    after_ = picture(world.folder)
    assert {k: v for k, v in after_.items() if "words" not in k} == {
        k: v for k, v in before.items() if "words" not in k
    }


# --- changes of the roster ----------------------------------------------------------------------------

VERBS = {
    ("remove-reviewer", "sumsel-2"): "sumsel-2 can no longer open",
    ("remove-reviewer", "sumsel-2", "--k", "1"): "1 of 1 reviewers",
    ("quorum", "sumsel", "2"): "2 of 2 reviewers",
    ("add-group", "kikim", "Inspektorat Kikim", "Inspectorate of Kikim"): "Inspectorate of Kikim joins the system",
    ("remove-group", "lahat"): "leaves the system",
    ("remove-root", "3", "--root-k", "2"): "Root holders: out 3, in none; 2 of 2",
    ("extend",): "Roster version 2 holds until",
    ("extend", "--days", "100"): "Roster version 2 holds until",
}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_each_change_is_shown_signed_and_in_force(world: World, verb: tuple[str, ...]) -> None:
    result = world.run("roster", verb[0], "--home", world / "desk-a", "--to", world / "out", "--yes", "--language", "en",
                       *both_roots(world), *verb[1:])  # fmt: skip
    assert VERBS[verb] in result.stderr and "The new roster is in force here" in result.stderr
    assert result.stdout == f"{world / 'out' / 'roster-00000002.senyap'}\n"
    assert world.ledger("desk-a").roster.version == 2
    assert take_roster(world.ledger("server"), (world / "out" / "roster-00000002.senyap").read_bytes(), today=DAY)


def test_stations_come_and_go(world: World, asked: Path) -> None:
    admit(world, asked, *both_roots(world))
    args = ("--home", world / "desk-a", "--to", world / "out", "--yes", *both_roots(world))
    assert [s.id for s in world.ledger("desk-a").roster.collectors] == ["sumsel", "lahat"]
    refused = world.run("roster", "collector", "lahat", "no", *args, code=3)
    assert "collectors of 1 groups, want 2" in refused.stderr
    world.run("roster", "revoke-station", "lahat", *args)
    assert world.ledger("desk-a").roster.group("lahat").members == ()
    assert "collectors of 0 groups" in world.run("roster", "remove-station", "sumsel", *args, code=3).stderr


def test_the_only_station_is_revoked_and_everything_closes_until_the_unit_has_new_keys(world: World) -> None:
    args = ("--home", world / "desk-a", "--to", world / "out", "--yes", *both_roots(world))
    said = world.run("roster", "revoke-station", "sumsel", *args, "--language", "en").stderr
    assert "nobody (the form closes)" in said
    roster = world.ledger("desk-a").roster
    assert (roster.stations, dict(roster.members)) == ((), {})


@pytest.mark.parametrize(("verb", "code"), [
    (("remove-reviewer", "sumsel-9"), 3), (("quorum", "sumsel", "3"), 3), (("quorum", "lahat", "1"), 3),
    (("quorum", "sumsel", "9"), 2), (("add-group", "lahat", "a", "b"), 3), (("add-group", "../x", "a", "b"), 3),
    (("remove-group", "sumsel"), 3), (("remove-root", "9", "--root-k", "1"), 3), (("remove-root", "1"), 2),
    (("remove-station", "x"), 3), (("collector", "sumsel", "maybe"), 2),
    (("extend", "--days", "29"), 2), (("extend", "--days", "801"), 2),
])  # fmt: skip
def test_impossible_changes_are_refused_and_nothing_is_written(world: World, verb: tuple[str, ...], code: int) -> None:
    before = picture(world.folder)
    world.run("roster", verb[0], "--home", world / "desk-a", "--to", world / "out", "--yes", *both_roots(world),
              *verb[1:], code=code)  # fmt: skip
    assert_nothing_changed(world, before)


def test_names_from_the_command_line_and_from_others_cannot_write_on_the_terminal(world: World) -> None:
    """The runner strips what it knows of such characters, so what stands in their place is looked for."""
    evil = "Inspektorat\x1b[2J\x1b[1;1H\n  - tidak ada"
    desks = [("--home", world / desk, "--to", world / "out") for desk in ("desk-a", "desk-b")]
    made = world.run("roster", "add-group", *desks[0], "--yes", "kikim", evil, evil, code=1)
    signed = world.run("sign", *desks[1], world / "out" / "roster-00000002.proposal", typed="n\n", code=3)
    for shown in (made, signed):
        assert "Inspektorat\ufffd[2J\ufffd[1;1H\ufffd  - tidak ada" in shown.stderr
    refused = world.run("roster", "remove-station", "\x1b[2J", *desks[0], code=3)
    assert "no station \ufffd[2J" in refused.stderr


# --- root holders -------------------------------------------------------------------------------------


def make_root(world: World, *more: object, **given: object) -> Result:
    args = ("root-key", "--home", world / "desk-a", "--to", world / "new", "--holder", "Ibu Sari\x1b[2J")
    return world.run(*args, *more, **given)  # type: ignore[arg-type]


def test_a_lost_root_holder_is_replaced_and_the_new_one_signs(world: World) -> None:
    result = make_root(world, "--sheets", 3)
    names = [f"root-4-sheet-{n}.pdf" for n in (1, 2, 3)] + ["request-root-4.senyap", "root-4.locked"]
    assert [Path(line).name for line in result.stdout.splitlines()] == names
    modes = {p.name: p.stat().st_mode & 0o777 for p in (world / "new").iterdir()}
    assert modes.pop("request-root-4.senyap") == 0o644 and set(modes.values()) == {0o600}
    assert "then erase the files" in result.stderr and "\x1b" not in result.stderr
    file = world / "new" / "request-root-4.senyap"
    assert world.words_of(file) in result.stderr

    assert "--replaces NUMBER" in admit(world, file, code=2).stderr
    admit(world, file, "--replaces", 3, *both_roots(world))
    ledger = world.ledger("desk-a")
    assert [r.id for r in ledger.roster.roots] == [1, 2, 4]
    assert ledger.fingerprint == world.ledger("server").fingerprint

    new = f"--root=4={world.folder}/new/root-4.locked"
    world.run("roster", "extend", "--home", world / "desk-a", "--to", world / "out", "--yes", both_roots(world)[0], new)
    assert world.ledger("desk-a").roster.version == 3
    again = admit(world, file, "--replaces", 1, code=7)
    assert "stands in the roster already" in again.stderr


def test_a_new_holders_key_and_paper_never_go_to_the_stick_of_the_request(world: World) -> None:
    (world / "mine").mkdir()
    result = make_root(world, "--own", world / "mine")
    assert sorted(p.name for p in (world / "mine").iterdir()) == ["root-4-sheet-1.pdf", "root-4.locked"]
    assert [p.name for p in (world / "new").iterdir()] == ["request-root-4.senyap"]
    assert "root-4.locked stays with its holder" in result.stderr
    make_root(world, "--own", world / "not-plugged", code=2)


def test_a_root_holder_is_added_and_numbers_are_never_given_twice(world: World) -> None:
    make_root(world)
    third = f"--root=3={world.folder}/safe/roots/root-3.locked"
    admit(world, world / "new" / "request-root-4.senyap", "--root-k", 3, *both_roots(world), third)
    assert world.ledger("desk-a").roster.root_k == 3
    assert "number 4 is not free; given before: 1, 2, 3, 4" in make_root(world, "--number", 4, code=3).stderr
    # who is in both sets is asked first; a key that does not help is not asked for
    shutil.copytree(world / "safe" / "roots", world / "desk-a" / "roots", dirs_exist_ok=True)
    shutil.copytree(world / "desk-b" / "roots", world / "desk-a" / "roots", dirs_exist_ok=True)
    shutil.copy(world / "new" / "root-4.locked", world / "desk-a" / "roots")
    (world / "words" / "root-4").write_text("not asked for")
    world.run("roster", "remove-root", "4", "--root-k", 2, "--home", world / "desk-a", "--to", world / "out", "--yes")
    assert [r.id for r in world.ledger("desk-a").roster.roots] == [1, 2, 3]
    gone = make_root(world, "--number", 4, code=3)
    assert "number 4 is not free" in gone.stderr


def test_a_root_key_that_waits_to_be_admitted_is_not_overwritten(world: World) -> None:
    make_root(world)
    before = picture(world.folder)
    assert "there is a root-4.locked already" in make_root(world, code=3).stderr
    assert_nothing_changed(world, before)


def test_a_full_disk_while_a_root_key_is_made_leaves_no_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(1, 4):
        with monkeypatch.context() as patched:
            Breaks(patched, at)
            result = make_root(world, code=6)
        assert not result.stdout and not list(world.folder.rglob("root-4.locked*"))
    make_root(world)


def test_a_root_key_comes_back_from_paper(world: World) -> None:
    one, two, three = split_seed(signer("root 1").seed, needed=2, sheets=3)
    (world / "sheet-1").write_text(one.upper())
    (world / "sheet-2").write_text(" ".join(w[:4] for w in three.split()))
    args = ("recover-root", "--home", world / "desk-a", "--number", 1)
    world.run(*args, "--to", world / "a", "--sheet", world / "sheet-1", "--sheet", world / "sheet-2")
    typed = world.run(*args, "--to", world / "b", "--language", "en", typed=f"2\n{two}\n{one}\n")
    assert "How many sheets are here" in typed.stderr
    for stick in ("a", "b"):
        path = world / stick / "root-1.locked"
        assert open_root(path, 1, PHRASES["root-1"]) == signer("root 1") and path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["two words swapped", "another holder", "one sheet", "no sheet", "nonsense"])
def test_sheets_that_do_not_fit_are_refused_and_nothing_is_written(world: World, damage: str) -> None:
    one, two, _ = (line.split() for line in split_seed(signer("root 1").seed, needed=2, sheets=3))
    at = next(n for n in range(7, 32) if one[n] != one[n + 1])
    one[at], one[at + 1] = (one[at + 1], one[at]) if damage == "two words swapped" else (one[at], one[at + 1])
    typed = {"one sheet": f"1\n{' '.join(two)}\n", "no sheet": "0\n", "nonsense": "1\nsatu dua tiga\n"}.get(
        damage, f"2\n{' '.join(one)}\n{' '.join(two)}\n"
    )
    number = 2 if damage == "another holder" else 1
    before = picture(world.folder)
    result = world.run(
        "recover-root", "--home", world / "desk-a", "--number", number, "--to", world / "a", typed=typed, code=3
    )
    assert "Refused." in result.stderr
    assert_nothing_changed(world, before)


def test_a_root_holder_nobody_knows_is_not_recovered(world: World) -> None:
    args = ("recover-root", "--home", world / "desk-a", "--to", world / "a", "--number")
    assert "knows no root holder 9" in world.run(*args, 9, code=3).stderr
    world.run(*args, 256, code=2)


# --- public files and paper ---------------------------------------------------------------------------


def test_public_files_are_published_and_never_put_over_newer_ones(world: World) -> None:
    result = world.run("publish", "--home", world / "desk-a", "--to", world / "pub")
    assert result.stdout == f"{world / 'pub'}\n" and Ledger.load(world / "pub").roster == world.ledger("desk-a").roster
    assert not list((world / "pub").rglob("*.locked"))
    world.run("roster", "extend", "--home", world / "desk-b", "--to", world / "out", "--yes", *both_roots(world))
    world.run("publish", "--home", world / "desk-b", "--to", world / "pub")
    assert [r.version for r in Ledger.load(world / "pub").history()] == [2, 1]
    before = picture(world.folder)
    assert (
        "version 2 lies there" in world.run("publish", "--home", world / "desk-a", "--to", world / "pub", code=3).stderr
    )
    assert_nothing_changed(world, before)


def test_what_is_published_and_printed_names_the_roster_that_a_release_is_verified_by(world: World) -> None:
    world.run("roster", "extend", "--home", world / "desk-a", "--to", world / "out", "--yes", *both_roots(world))
    roster = world.ledger("desk-a").roster
    groups = " ".join(re.findall("....", roster.hash.hex())[:10])
    said = world.run("publish", "--home", world / "desk-a", "--to", world / "pub").stderr
    assert f"Roster version 2, {day_of(date_of(roster.issued)).en}" in said and groups in said
    words = " ".join(world.ledger("pub").fingerprint)
    shown = world.run("verify", world / "pub", "--fingerprint", words, code=1).stdout  # keys end soon
    assert f"Its ten groups: {groups}" in shown, "the paper is compared with this"
    world.run("poster", "--home", world / "desk-a", "--to", world / "paper", "--onion", "")
    world.run("card", "--home", world / "desk-a", "--to", world / "paper", "sumsel-1")
    for name in ("poster.pdf", "card-sumsel-1.pdf"):
        page = text_of((world / "paper" / name).read_bytes())
        assert "Roster version 2, " in page and groups in page


def test_taking_refuses_what_is_no_roster_and_a_proposal(world: World, asked: Path) -> None:
    proposal = admit(world, asked, code=1).stdout.splitlines()[0]
    before = picture(world.folder)
    args = ("take", "--home", world / "server")
    assert "neither a roster nor a batch" in world.run(*args, asked, code=3).stderr
    assert "1 signatures of its old root set, want 2" in world.run(*args, proposal, code=3).stderr
    (world / "empty").mkdir()
    assert "no rosters and no batches in it" in world.run(*args, world / "empty", code=3).stderr
    assert_nothing_changed(world, before)


def test_poster_and_card_are_drawn(world: World) -> None:
    result = world.run("poster", "--home", world / "desk-a", "--to", world / "paper", "--onion", "")
    assert result.stdout == f"{world / 'paper' / 'poster.pdf'}\n"
    world.run("card", "--home", world / "desk-a", "--to", world / "paper", "sumsel-1")
    for name in ("poster.pdf", "card-sumsel-1.pdf"):
        assert (world / "paper" / name).read_bytes().startswith(b"%PDF")
    for who in ("lahat-1", "../x"):
        refused = world.run("card", "--home", world / "desk-a", "--to", world / "paper", who, code=3)
        assert f"knows no reviewer {who}" in refused.stderr
    assert len(list((world / "paper").iterdir())) == 2


def test_a_stranger_verifies_and_is_refused_with_other_words(world: World) -> None:
    words = world.run("fingerprint", world / "server", phrases=False).stdout.strip()
    asked_ = world.run("verify", world / "server", typed=f"{words}\n", code=1)
    assert "Type the eight words of the poster." in asked_.stderr and "sumsel  1 of 2" in asked_.stdout
    english = world.run("verify", world / "server", "--language", "en", "--fingerprint", words, code=1)
    assert "Signed by holders 1, 2" in english.stdout and "! sumsel: weekly keys end on" in english.stderr
    refused = world.run("verify", world / "server", "--fingerprint", "kata " * 8, code=3)
    assert "no root set here has these eight words" in refused.stderr and not refused.stdout
    (world / "server" / "root.pin").write_bytes(bytes(63))
    world.run("fingerprint", world / "server", phrases=False, code=3)


def test_words_typed_wrongly_are_asked_for_again_and_nothing_changes_in_between(world: World) -> None:
    words = world.run("fingerprint", world / "server", phrases=False).stdout.strip()
    before = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    for wrong in range(4):
        code = 1 if wrong < 3 else 3  # 1: keys end soon
        asked_ = world.run("verify", world / "server", typed=f"{'kata ' * 8}\n" * wrong + f"{words}\n", code=code)
        assert asked_.stderr.count("Eight words: ") == min(wrong + 1, 3)
        assert asked_.stderr.count("They do not fit yet.") == min(wrong, 2)
        assert ("sumsel  1 of 2" in asked_.stdout) == (wrong < 3)
    assert "no root set here has these eight words" in asked_.stderr
    given = world.run("verify", world / "server", "--fingerprint", "kata " * 8, code=3)
    assert "Eight words" not in given.stderr, "a program is not asked"
    assert {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()} == before


def test_a_world_without_faults_is_verified_without_a_warning(world: World) -> None:
    ring = [Keyring.open(world / "station/keyring" / n, n, PHRASES[n]) for n in ("sumsel-1", "sumsel-2")]
    for keyring in ring:
        keys = tuple(k.public for k in keyring.make_epochs(range(EPOCH + WEEKS, EPOCH + 9)))
        data = sign_batch(Batch("percobaan", keyring.reviewer, EPOCH + WEEKS, keys, 1), keyring.signing)
        (world / "b").write_bytes(data)
        world.run("take", "--home", world / "server", world / "b")
    words = " ".join(world.ledger("server").fingerprint)
    assert world.run("verify", world / "server", "--fingerprint", words).stderr.startswith("VERIFIED: ")


def test_the_program_runs_as_a_module() -> None:
    run = subprocess.run([sys.executable, "-m", "keys", "words", "nothing"], cwd=ROOT, capture_output=True, check=False)
    assert (run.returncode, run.stdout, run.stderr.strip()) == (2, b"", b"Tidak ditemukan: nothing")


# --- at the terminal ----------------------------------------------------------------------------------


def at_desk(world: World, *verb: object) -> tuple[object, ...]:
    """Return a command at the first holder's desk with that holder's key."""
    key = f"1={world.folder}/desk-a/roots/root-1.locked"
    return (*verb, "--home", world / "desk-a", "--to", world / "out", "--root", key)


def test_a_slip_in_a_passphrase_or_in_the_eight_words_may_be_mended_at_once(world: World, asked: Path) -> None:
    words = " ".join(request_words(asked.read_bytes()))
    slip = " ".join(reversed(words.split()))
    typed = f"{slip}\n{words}\nya\nsalah\n{PHRASES['root-1']}\n"
    args = at_desk(world, "admit", asked)
    result = world.run(*args, typed=typed, code=1, phrases=False)
    assert "They do not fit yet" in result.stderr and "It does not fit" in result.stderr
    assert (world / "out" / "roster-00000002.proposal").is_file()


def test_three_slips_end_it_and_nothing_is_written(world: World, asked: Path) -> None:
    before = picture(world.folder)
    args = at_desk(world, "admit", asked)
    words = " ".join(request_words(asked.read_bytes()))
    assert "do not fit this file" in world.run(*args, typed="satu\n" * 3 + "ya\n", code=3).stderr
    world.run(*args, typed=f"{words}\nya\n" + "salah\n" * 3, code=4, phrases=False)
    assert_nothing_changed(world, before)


@pytest.mark.parametrize(("answer", "code"), [("ya", 1), ("y", 1), ("YES", 1), ("bukan\nya", 1), ("tidak", 3), ("", 3)])
def test_yes_and_no_are_taken_in_both_languages(world: World, answer: str, code: int) -> None:
    args = at_desk(world, "roster", "extend")
    world.run(*args, typed=f"{answer}\n", code=code)
    assert (world / "out" / "roster-00000002.proposal").exists() is (code == 1)


def test_whoever_signs_sees_which_roster_this_desk_knows(world: World) -> None:
    args = at_desk(world, "roster", "extend")
    assert "This desk knows roster version 1" in world.run(*args, typed="tidak\n", code=3).stderr


def test_a_root_holder_who_is_not_there_is_not_replaced_before_words_are_read_out(world: World) -> None:
    made = world.run("root-key", "--home", world / "desk-a", "--to", world / "keys", "--holder", "Ibu X").stdout
    asked = next(line for line in made.split() if line.endswith("request-root-4.senyap"))
    args = (
        "admit",
        asked,
        "--home",
        world / "desk-a",
        "--to",
        world / "out",
        "--replaces",
        9,
        "--root",
        f"1={world.folder}/desk-a/roots/root-1.locked",
    )
    assert "no root holder 9" in world.run(*args, code=3).stderr


@pytest.mark.parametrize("command", [("publish",), ("roster", "extend", "--yes"), ("renew",)])
def test_a_stick_that_is_not_plugged_in_is_two_and_no_folder_is_made(world: World, command: tuple[str, ...]) -> None:
    home = world / ("station" if command == ("renew",) else "desk-a")
    result = world.run(*command, "--home", home, "--to", world / "media" / "stik", code=2, plugged=False)
    assert "does not exist" in result.stderr and not (world / "media").exists()


def test_the_next_person_sits_down_before_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def typed(text: str, **_more: object) -> str:
        shown.append(text)
        return next(word.strip() for word in reversed(shown) if len(word.split()) == 6) if "Type" in text else ""

    monkeypatch.setattr("keys.prompts.sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("keys.prompts.click.prompt", typed)
    monkeypatch.setattr("keys.prompts.click.echo", lambda text="", **_more: shown.append(str(text)))
    assert len(Prompts("en").new_passphrase("lahat-1").split()) == 6
    turn, enter = shown.index("It is the turn of lahat-1. Only that person looks at the screen."), shown.index("Enter")
    words = next(at for at, text in enumerate(shown) if len(text.split()) == 6)
    assert turn < enter < words


def test_the_posters_words_are_nobodys_passphrase(world: World) -> None:
    """Whoever answers the wrong question twice would choose words that hang on the wall."""
    words = " ".join(world.ledger("desk-a").fingerprint)
    for slip in (words, words.replace(" ", ""), words.upper()):
        (world / "words" / "lahat-2").write_text(slip)
        result = found(world, "--from", world / "desk-a", "--fingerprint", words, code=2)
        assert "lahat-2: " in result.stderr
    assert not (world / "lahat" / "station.id").exists()


def test_too_few_present_is_said_before_anybody_chooses_a_passphrase(world: World) -> None:
    args = ("request", "--home", world / "station", "--to", world / "out", "--group", "sumsel", "--add", 2)
    everybody = [o for m in world.ledger("station").roster.group("sumsel").members for o in ("--remove", m.id)]
    refused = world.run(*args, *everybody, code=4, phrases=False)
    assert "0 of the 1 reviewers needed are present and stay" in refused.stderr
    assert "passphrase" not in refused.stderr.casefold()


def test_a_stick_that_is_missing_is_said_before_the_first_passphrase(world: World) -> None:
    first, missing = both_roots(world)[0], f"--root=2={world.folder}/no/root-2.locked"
    args = ("roster", "extend", "--home", world / "desk-a", "--to", world / "out", first, missing, "--yes")
    refused = world.run(*args, code=2, phrases=False)
    assert "Not found: root-2.locked" in refused.stderr and "Passphrase of" not in refused.stderr


def test_a_key_file_that_is_there_is_not_recovered_over(world: World) -> None:
    (world / "out").mkdir(exist_ok=True)
    (world / "out" / "root-2.locked").write_bytes(b"old")
    refused = world.run("recover-root", "--home", world / "desk-a", "--to", world / "out", "--number", 2, code=3)
    assert "root-2.locked already" in refused.stderr and (world / "out" / "root-2.locked").read_bytes() == b"old"
    assert "How many sheets" not in refused.stderr


def test_a_whole_stick_is_taken_by_a_desk_that_missed_versions(world: World, asked: Path) -> None:
    """One without a folder for batches, then one of `publish` with all rosters, then the same once more."""
    for version in (2, 3):
        world.run("roster", "extend", *at_desk(world)[:2], "--to", world / f"v{version}", "--yes", *both_roots(world))
    take = ("take", "--home", world / "desk-b")
    assert "take version 2 first" in world.run(*take, world / "v3", code=3).stderr
    assert world.ledger("desk-b").roster.version == 1
    world.run("publish", "--home", world / "desk-a", "--to", world / "all")
    for _again in range(2):
        world.run(*take, world / "all")
        assert world.ledger("desk-b").roster.version == 3
    refused = world.run(*take, world / "v2", code=3)
    assert "not newer than what is here" in refused.stderr


def test_an_ended_batch_on_an_old_stick_is_passed_over_and_a_named_one_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("publish", "--home", world / "desk-a", "--to", world / "old")
    later = 7 * (EPOCH + WEEKS + 10)
    monkeypatch.setattr("keys.public_commands.today", lambda: later)
    take = ("take", "--home", world / "desk-b")
    for batch in (world / "desk-b" / "batches").iterdir():
        batch.unlink()
    (ended,) = list((world / "old" / "batches").iterdir())[:1]
    assert "its keys ended" in world.run(*take, ended, code=3).stderr
    world.run(*take, world / "old")
    assert world.ledger("desk-b").batches == ()
