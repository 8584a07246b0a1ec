"""Releases: a key that the roster names signs the list of files; a changed file, another key, a removed key are refused."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import vectors
from click.testing import CliRunner, Result
from desks import make_ledger
from make_vectors import DAY, DEPLOYMENT, roots, signer, small_roster
from released import ABOUT, SOURCE, WHEEL, list_again, sign, write_release

from crypto import medium, passphrase
from crypto.encoding import date_of
from crypto.envelope import build_envelope
from crypto.errors import BadSignature, CryptoError, Malformed, Tampered
from keys import __main__ as program
from keys import release_check, release_commands, root_commands
from keys.changes import add_release_key, next_roster, remove_release_key
from keys.consequences import consequences
from keys.errors import BrokenChain, Expired, KeyAlarm, WrongClock
from keys.ledger import Ledger, take_roster
from keys.release import MAGIC, PURPOSE, Release, check_files, verify_release, verify_signature
from keys.request import ReleaseRequest, request_words, sign_request, verify_request
from keys.rootkeys import write_root
from keys.roster import ReleaseKey, Roster
from keys.rosterfile import RELEASES, fingerprint_words, parse_roster, root_pin, sign_roster

ROOT = Path(__file__).parents[1]
NAMED = ReleaseKey("utama", signer("release").public)
ROSTER = small_roster(releases=(NAMED,))
WORDS = "gerabah pelita tembikar kolam rumbia senja talas"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)
    for module in (program, root_commands, release_commands, release_check):
        monkeypatch.setattr(module, "today", lambda: DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sign(write_release(tmp_path / "release"))


def refused(folder: Path, error: type[CryptoError], match: str, roster: Roster = ROSTER, today: int = DAY) -> None:
    with pytest.raises(error, match=match) as caught:
        verify_release(folder, roster, today=today)
    assert type(caught.value) is error


# --- the format ---------------------------------------------------------------------------------------


def raw(vector: vectors.Vector) -> bytes:
    if "file" in vector.fields:
        return vector["file"]
    key = vector["signer_seed"]
    return build_envelope(vector["body"], MAGIC, PURPOSE, {0: signer("release").from_seed(key)})


@pytest.mark.parametrize("vector", vectors.load("release", "file") + vectors.load("release", "body"))
def test_vector(vector: vectors.Vector) -> None:
    with vector.outcome():
        made = verify_signature(raw(vector), ROSTER)
        assert made == Release(DEPLOYMENT, "utama", "0.1.0", DAY, hashlib.sha512(b"a list").digest())


@pytest.mark.parametrize("vector", vectors.load("roster", "releases"))
def test_vector_of_a_roster_with_a_release_key(vector: vectors.Vector) -> None:
    assert parse_roster(vector["body"]) == ROSTER
    assert sign_roster(ROSTER, {})[8:-1] == vector["body"]


def test_a_roster_without_release_keys_has_the_bytes_it_always_had() -> None:
    old = vectors.one("roster", "body_accept")["body"]
    assert sign_roster(small_roster(), {})[8:-1] == old and RELEASES.encode() not in old
    assert sign_roster(replace(ROSTER, releases=()), {})[8:-1] == old


# --- a folder -----------------------------------------------------------------------------------------


def test_a_signed_folder_is_verified(folder: Path) -> None:
    made = verify_release(folder, ROSTER, today=DAY)
    assert (made.version, made.key, made.day) == ("0.1.0", "utama", DAY)


@pytest.mark.parametrize("name", ["kotak_senyap-0.1.0-py3-none-any.whl", "kotak-senyap-0.1.0.tar", "bom.cdx.json"])
def test_one_bit_of_any_file_is_seen_and_named(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))
    refused(folder, Tampered, f"{name} is not the file that was listed")
    list_again(folder)  # whoever changes a file lists it anew, too
    refused(folder, Tampered, "SHA512SUMS is not the list that was signed")


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda f: (f / "bom.cdx.json").unlink(), "bom.cdx.json is missing"),
        (lambda f: (f / "more.whl").write_bytes(b"x"), "a file that the list does not name"),
        (lambda f: (f / "folder").mkdir(), "a file that the list does not name"),
        (lambda f: (f / "SHA512SUMS").write_text("x\n"), "not the list that was signed"),
    ],
)
def test_what_is_missing_or_new_is_seen(folder: Path, spoil: Callable[[Path], object], match: str) -> None:
    spoil(folder)
    refused(folder, Tampered, match)


def test_a_link_is_no_file(folder: Path) -> None:
    (folder / "bom.cdx.json").rename(folder.parent / "bom")
    (folder / "bom.cdx.json").symlink_to(folder.parent / "bom")
    refused(folder, Malformed, "a link, want a regular file")


@pytest.mark.parametrize("line", ["x", "0" * 128 + "  ./../roster.senyap", "0" * 128 + "  ./release.senyap", ""])
def test_a_list_that_is_none_is_refused(folder: Path, line: str) -> None:
    (folder / "SHA512SUMS").write_text(f"{line}\n")
    sign(folder)
    refused(folder, Malformed, "not a list of files")


def test_a_key_that_the_roster_does_not_name_is_refused(folder: Path) -> None:
    refused(sign(folder, "release 2", "kedua"), BrokenChain, "a key that the roster does not name")
    refused(sign(folder, "release 2", "utama"), BadSignature, "does not verify")
    refused(sign(folder, "root 1", "utama"), BadSignature, "does not verify")
    refused(folder, BrokenChain, "a key that the roster does not name", small_roster())


def test_what_a_removed_key_signed_is_refused(folder: Path) -> None:
    later = next_roster(ROSTER, remove_release_key("utama"), day=DAY)
    assert verify_release(folder, ROSTER, today=DAY), "control: before it was removed"
    refused(folder, BrokenChain, "a key that the roster does not name", later)


def test_days_are_compared(folder: Path) -> None:
    refused(folder, Expired, "ended", today=ROSTER.expires + 1)
    refused(sign(folder, day=DAY + 3), WrongClock, "signed on day")
    assert verify_release(sign(folder, day=DAY + 2), ROSTER, today=DAY)


# --- the wheel ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wheel", "match"),
    [
        ({"keys/roster.py": b"ROSTER = 2\n"}, "keys/roster.py is not in the source"),
        ({"keys/more.py": b""}, "keys/more.py is not in the source"),
        ({"sitecustomize.py": b"import os\n"}, "sitecustomize.py is not in the source"),
        ({"start.pth": b"import os\n"}, "start.pth is not in the source"),
        ({"deploy/server-files.txt": SOURCE["deploy/server-files.txt"]}, "is not in the source"),
        ({"kotak_senyap-0.1.0.data/scripts/x": b""}, "is not in the source"),
        ({f"{ABOUT}/direct_url.json": b"{}"}, "is none of its own data"),
        ({f"{ABOUT}/entry_points.txt": b"[console_scripts]\nls = keys.__main__:main\n"}, "its commands are not those"),
    ],
)
def test_a_wheel_holds_nothing_but_its_source(tmp_path: Path, wheel: dict[str, bytes], match: str) -> None:
    folder = sign(write_release(tmp_path / "release", wheel=WHEEL | wheel))
    refused(folder, Tampered, match)  # though its key signed it


@pytest.mark.parametrize("name", ["crypto/__init__.py", "keys/roster.py", "dropbox/templates/base.html"])
def test_a_wheel_without_a_file_of_the_drop_box_is_refused(tmp_path: Path, name: str) -> None:
    wheel = {other: data for other, data in WHEEL.items() if other != name}
    missing = name.replace("dropbox/templates", "templates/dropbox")
    refused(sign(write_release(tmp_path / "release", wheel=wheel)), Tampered, f"{missing} is missing")


@pytest.mark.parametrize("name", ["kotak_senyap-0.1.0-py3-none-any.whl", "kotak-senyap-0.1.0.tar"])
def test_what_is_no_archive_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"no archive")
    list_again(folder)
    refused(sign(folder), Malformed, "no archive")


def test_a_folder_without_its_source_is_refused(folder: Path) -> None:
    (folder / "kotak-senyap-0.1.0.tar").unlink()
    list_again(folder)
    refused(sign(folder), Malformed, "want one wheel, and the source")


# --- the roster ---------------------------------------------------------------------------------------


def asked(name: str = "kedua", key: str = "release 2", version: int = 1) -> ReleaseRequest:
    return ReleaseRequest(DEPLOYMENT, version, ReleaseKey(name, signer(key).public))


def test_a_key_is_asked_for_named_and_taken_out_and_never_comes_back() -> None:
    first = parse_roster(sign_roster(small_roster(), {})[8:-1])
    second = parse_roster(sign_roster(next_roster(first, add_release_key(asked()), day=DAY), {})[8:-1])
    assert [each.name for each in second.releases] == ["kedua"]
    third = parse_roster(sign_roster(next_roster(second, remove_release_key("kedua"), day=DAY), {})[8:-1])
    assert not third.releases and RELEASES.encode() not in third.raw
    again = asked(version=3)
    with pytest.raises(KeyAlarm, match="an earlier roster had"):
        verify_request(sign_request(again, {0: signer("release 2")}), third, [third, second, first])
    named = asked(key="release 3", version=3)
    with pytest.raises(BrokenChain, match="given before"):
        verify_request(sign_request(named, {0: signer("release 3")}), third, [third, second, first])


def test_a_change_is_said_in_words_before_it_is_signed() -> None:
    second = next_roster(small_roster(), add_release_key(asked()), day=DAY)
    said = consequences(small_roster(), second)
    assert any("key kedua signs are accepted from now on" in s.en and s.warning for s in said)
    assert any("kunci kedua tidak diterima lagi" in s.id for s in consequences(second, small_roster()))
    other = replace(second, releases=(ReleaseKey("kedua", signer("release").public),))
    assert any("another key" in s.en and s.warning for s in consequences(second, other))


# --- the commands -------------------------------------------------------------------------------------


def run(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(program.main, [*map(str, words), "--language", "en"])
    assert done.exit_code == code, (done.exit_code, done.stderr, done.exception)
    assert WORDS not in done.stdout + done.stderr
    return done


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk whose root holders 1 and 2 are at hand, and a file with the passphrase of the release key."""
    desk = make_ledger(tmp_path / "desk").folder
    for number in (1, 2):
        lock_root(desk, number)
    medium.write_file(tmp_path / "words", f"{WORDS}\n".encode())
    return desk


def lock_root(desk: Path, number: int) -> None:
    write_root(desk / "roots", number, signer(f"root {number}"), f"{WORDS} {number}")
    medium.write_file(desk.parent / f"words-{number}", f"{WORDS} {number}\n".encode())


def test_the_whole_way_from_a_key_to_a_verified_release(desk: Path, tmp_path: Path) -> None:
    stick, own = tmp_path / "stick", tmp_path / "own"
    stick.mkdir(), own.mkdir()
    phrase = ("--passphrase-file", f"release-utama={tmp_path}/words")
    signing = [f"--passphrase-file=root-{n}={tmp_path}/words-{n}" for n in (1, 2)]
    run("release-key", "--home", desk, "--to", stick, "--own", own, "--name", "utama", *phrase)
    assert {p.name for p in stick.iterdir()} == {"request-release-utama.senyap"}
    assert (own / "release-utama.locked").stat().st_mode & 0o777 == 0o600
    run("release-key", "--home", desk, "--to", stick, "--own", own, "--name", "utama", *phrase, code=3)  # is there

    folder = write_release(tmp_path / "release")
    sign_words = ("sign-release", "--home", desk, "--key", own / "release-utama.locked", "--name", "utama", "--yes")
    refused_ = run(*sign_words, folder, *phrase, code=3)
    assert "names no release key utama" in refused_.stderr and not (folder / "release.senyap").exists()

    request = stick / "request-release-utama.senyap"
    words = " ".join(request_words(request.read_bytes()))
    admitted = run("admit", "--home", desk, "--to", stick, "--yes", "--words", words, *signing, request)
    assert "key utama signs are accepted from now on" in admitted.stderr

    made = run(*sign_words, folder, *phrase)
    assert made.stdout.strip() == str(folder / "release.senyap") and "Version 0.1.0" in made.stderr
    check = [str(folder), "--roster", str(desk), "--language", "en"]
    assert release_check.main(check) == 0
    fingerprint = " ".join(Ledger.load(desk).fingerprint)
    assert release_check.main([*check, "--fingerprint", fingerprint]) == 0
    assert release_check.main([*check, "--fingerprint", fingerprint.upper().replace(" ", "-")]) == 0
    assert release_check.main([*check, "--fingerprint", "kata " * 8]) == 3
    alone = [str(folder), "--roster", str(desk / "roster.senyap")]
    assert release_check.main(alone) == 3, "a file without the words of a poster proves nothing"
    assert release_check.main([*alone, "--fingerprint", fingerprint]) == 0

    seen = run("verify", desk, "--fingerprint", fingerprint, code=1).stdout
    assert "\nRelease keys: utama\n" in seen

    run("roster", "remove-release-key", "--home", desk, "--to", stick, "--yes", *signing, "utama")
    assert release_check.main(check) == 3


def test_a_spoiled_folder_is_not_signed(desk: Path, tmp_path: Path) -> None:
    ledger = Ledger.load(desk)
    data = sign_roster(next_roster(ledger.roster, add_release_key(asked("utama", "release")), day=DAY), roots(1, 2))
    take_roster(ledger, data, today=DAY)
    for key, name in (("release", "right"), ("release 2", "wrong")):
        medium.write_file(tmp_path / name, passphrase.lock(WORDS, signer(key).seed, "senyap/v1/release-key/utama"))
    folder = write_release(tmp_path / "release", wheel=WHEEL | {"start.pth": b""})
    given = ("--home", desk, "--name", "utama", "--yes", "--passphrase-file", f"release-utama={tmp_path}/words")
    assert (
        "start.pth is not in the source"
        in run("sign-release", *given, "--key", tmp_path / "right", folder, code=3).stderr
    )
    shutil.rmtree(folder)
    write_release(folder)
    assert "not utama" in run("sign-release", *given, "--key", tmp_path / "wrong", folder, code=3).stderr
    assert not (folder / "release.senyap").exists()
    run("sign-release", *given, "--key", tmp_path / "right", folder)
    assert verify_release(folder, Ledger.load(desk).roster, today=DAY).key == "utama"


def test_the_checking_program_says_what_is_wrong_and_nothing_of_places(
    folder: Path, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release_check.main([str(folder), "--roster", str(desk)]) == 3
    said = capsys.readouterr()
    assert said.err.startswith("Ditolak; jangan pasang ini.\n") and str(folder) not in said.err and not said.out
    assert release_check.main([str(folder), "--roster", str(folder / "none")]) == 3  # no words given
    assert release_check.main([str(folder / "none"), "--roster", str(desk)]) == 6


def test_deploy_verify_release_runs_from_a_checkout(folder: Path, desk: Path) -> None:
    program_ = [sys.executable, ROOT / "deploy" / "verify-release", folder, "--roster", desk, "--language", "en"]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(program_, env=env, cwd="/", capture_output=True, text=True)
    assert done.returncode == 3 and done.stderr.startswith("Refused; do not install this.")


def test_a_day_is_shown_as_a_date(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = sign_roster(ROSTER, roots(1, 2))
    medium.write_file(tmp_path / "roster", data)
    words = " ".join(fingerprint_words(root_pin(ROSTER.roots, ROSTER.root_k)))
    assert release_check.main([str(folder), "--roster", str(tmp_path / "roster"), "--fingerprint", words]) == 0
    assert capsys.readouterr().out == (
        f"TERVERIFIKASI: versi 0.1.0, ditandatangani {date_of(DAY)} oleh kunci rilis utama dari {DEPLOYMENT}\n"
    )


def test_check_files_alone_says_the_version(folder: Path) -> None:
    (folder / "release.senyap").unlink()
    assert check_files(folder) == "0.1.0"
