"""Releases: a key that the roster names signs the list of files; a changed file, another key, a removed key are refused."""

import hashlib
import io
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import vectors
from click.testing import CliRunner, Result
from desks import make_ledger
from make_vectors import DAY, DEPLOYMENT, roots, signer, small_roster
from released import ABOUT, SOURCE, SOURCE_FILE, TOP, WHEEL, WHEEL_FILE, list_again, sign, write_release, write_tar

from crypto import medium, passphrase
from crypto.encoding import date_of
from crypto.envelope import build_envelope
from crypto.errors import BadSignature, CryptoError, Malformed, Tampered
from keys import __main__ as program
from keys import release_check, release_commands, root_commands
from keys.archives import MAX_UNPACKED_BYTES
from keys.changes import add_release_key, next_roster, remove_release_key
from keys.consequences import consequences
from keys.errors import BrokenChain, Expired, KeyAlarm, WrongClock
from keys.ledger import Ledger, take_roster, write_ledger
from keys.release import MAGIC, PURPOSE, Release, check_files, list_hash, verify_release, verify_signature
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


ABOUT_ENTRY, PLAIN = f"{ABOUT}/entry_points.txt", WHEEL[f"{ABOUT}/entry_points.txt"]
METADATA = WHEEL[f"{ABOUT}/METADATA"]


def metadata(old: bytes, new: bytes) -> dict[str, bytes]:
    assert METADATA.count(old) == 1
    return {f"{ABOUT}/METADATA": METADATA.replace(old, new)}


@pytest.mark.parametrize(
    ("wheel", "match"),
    [
        ({"keys/roster.py": b"ROSTER = 2\n"}, "keys/roster.py is not in the source"),
        ({"keys/more.py": b""}, "keys/more.py is not in the source"),
        ({"sitecustomize.py": b"import os\n"}, "sitecustomize.py is not in the source"),
        ({"start.pth": b"import os\n"}, "start.pth is not in the source"),
        ({"deploy/server-files.txt": SOURCE["deploy/server-files.txt"]}, "is not in the source"),
        ({"kotak_senyap-0.1.0.data/scripts/x": b""}, "is not in the source"),
        ({f"{ABOUT}/direct_url.json": b"{}"}, "direct_url.json is not what"),
        ({ABOUT_ENTRY: b"[console_scripts]\nls = keys.__main__:main\n"}, "entry_points.txt is not what"),
        ({ABOUT_ENTRY: PLAIN + b"# x\x0csenyap-keys = http.server:test\n"}, "entry_points.txt is not what"),
        ({ABOUT_ENTRY: PLAIN + "# x\u2028python = os:abort\n".encode()}, "entry_points.txt is not what"),
        ({ABOUT_ENTRY: PLAIN + b"# \x0c[gui_scripts]\x0c../../x = os:abort\n"}, "entry_points.txt is not what"),
        ({ABOUT_ENTRY: PLAIN + b"\n"}, "entry_points.txt is not what"),
        (metadata(b"Requires-Dist: click<9,>=8.1\n", b"Requires-Dist: evil\n"), "METADATA is not what"),
        (metadata(b"\n\n# Kotak", b"\nRequires-Dist: evil\n\n# Kotak"), "METADATA is not what"),
        (metadata(b"\n\n# Kotak", b"\nrequires-dist: evil\n\n# Kotak"), "METADATA is not what"),
        (metadata(b"\n\n# Kotak", b"\nDynamic: a\x0bRequires-Dist: evil\n\n# Kotak"), "METADATA is not what"),
        (metadata(b"Version: 0.1.0", b"Version: 0.2.0"), "METADATA is not what"),
        (metadata(b"Name: kotak-senyap", b"Name: nacl"), "METADATA is not what"),
        (metadata(b">=3.11", b">=2.7"), "METADATA is not what"),
        (metadata(b"Senyap.", b"Berisik."), "METADATA is not what"),
        ({f"{ABOUT}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"}, "WHEEL is not what"),
        ({f"{ABOUT}/top_level.txt": b"nacl\n"}, "top_level.txt is not what"),
        ({f"{ABOUT}/licenses/LICENSE": b"none\n"}, "licenses/LICENSE is not what"),
        ({f"{ABOUT}/RECORD": b"../../../bin/python,,\n"}, "RECORD is not what"),
    ],
)
def test_a_wheel_holds_nothing_but_its_source(tmp_path: Path, wheel: dict[str, bytes], match: str) -> None:
    folder = sign(write_release(tmp_path / "release", wheel=WHEEL | wheel))
    refused(folder, Tampered, match)  # though its key signed it


@pytest.mark.parametrize("name", [name for name in WHEEL if not name.endswith(".html")])
def test_a_wheel_without_one_of_its_files_is_refused(tmp_path: Path, name: str) -> None:
    wheel = {other: data for other, data in WHEEL.items() if other != name}
    said = f"{name} is missing" if ABOUT not in name else f"{name.removeprefix(ABOUT + '/')} is not what"
    refused(sign(write_release(tmp_path / "release", wheel=wheel)), Tampered, said)


def test_what_the_drop_box_runs_is_in_the_wheel_though_setup_cfg_forgot_it(tmp_path: Path) -> None:
    wheel = {name: data for name, data in WHEEL.items() if not name.endswith(".html")}
    source = SOURCE | {"setup.cfg": SOURCE["setup.cfg"].replace(b"*.html", b"*.htm")}
    folder = write_release(tmp_path / "release", wheel=wheel, source=source)
    refused(sign(folder), Tampered, "dropbox/templates/base.html is missing")


@pytest.mark.parametrize(
    ("old", "new", "error", "match"),
    [
        (b"version = 0.1.0", b"version = 0.1.1", Tampered, "of another project or version"),
        (b"name = kotak-senyap", b"name = nacl", Tampered, "of another project or version"),
        (b"[metadata]", b"[other]", Malformed, "no setup.cfg"),
        (b"[metadata]", b"metadata", Malformed, "no setup.cfg"),
        (b"console_scripts =", b"console_scripts = # \x0c", Malformed, "a character that no line"),
        (b"console_scripts =", b"gui_scripts =\n    x = os:abort\nconsole_scripts =", Malformed, "no plain command"),
        (b"click>=8.1,<9", b"evil @ https://evil.example/x.whl", Malformed, "not known here"),
    ],
)
def test_a_setup_that_is_another_or_not_understood_is_refused(
    tmp_path: Path, old: bytes, new: bytes, error: type[CryptoError], match: str
) -> None:
    assert SOURCE["setup.cfg"].count(old) == 1
    source = SOURCE | {"setup.cfg": SOURCE["setup.cfg"].replace(old, new)}
    refused(sign(write_release(tmp_path / "release", source=source)), error, match)


@pytest.mark.parametrize(
    "name",
    [
        "kotak_senyap-9.9-1-py3-none-any.whl", "kotak_senyap-9.9-py3-none-linux_x86_64.whl", "requirements.txt", "install",
        "Kotak_Senyap-9.9-py3-none-any.whl", "kotak_senyap-9.9-py3-none-any.whl", "kotak-senyap-0.2.0.tar",
    ],
)  # fmt: skip
def test_a_release_has_four_files_and_no_more(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"more")
    list_again(folder)
    refused(sign(folder), Malformed, "and no other file")


# --- the archives -------------------------------------------------------------------------------------

EVIL = b"EVIL = 1\n"
MEMBERS = [(f"{TOP}/{name}", data) for name, data in SOURCE.items()]
OTHERS = [(name, data) for name, data in MEMBERS if not name.endswith("vault.py")]
LINK = (tarfile.LNKTYPE, f"{TOP}/x.txt")


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ([*MEMBERS, ("other/station/vault.py", EVIL)], "does not lie in its one folder"),
        ([*MEMBERS, (f"{TOP}/station/vault.py", EVIL)], "stands twice"),
        ([*OTHERS, (f"{TOP}/station/vault.py", EVIL), (f"{TOP}/x.txt", b""), (f"{TOP}/station/vault.py", LINK)],
         "neither file nor folder"),
        ([*MEMBERS, (f"{TOP}/s", (tarfile.SYMTYPE, "/etc"))], "neither file nor folder"),
        ([*MEMBERS, (f"{TOP}/crypto/../evil.pth", EVIL)], "does not lie in its one folder"),
        ([*MEMBERS, (f"{TOP}//evil.pth", EVIL)], "does not lie in its one folder"),
        ([*MEMBERS, (f"/{TOP}/evil.pth", EVIL)], "does not lie in its one folder"),
        ([*MEMBERS, (f"{TOP}/a\nb", EVIL)], "does not lie in its one folder"),
        ([*MEMBERS, (f"{TOP}/station/vault.py/x", EVIL)], "a file is a folder"),
        ([], "no setup.cfg"),
    ],
)  # fmt: skip
def test_a_source_that_two_programs_would_unpack_in_two_ways_is_refused(
    folder: Path, members: list[tuple[str, bytes | tuple[bytes, str]]], match: str
) -> None:
    write_tar(folder, members)
    list_again(folder)
    refused(sign(folder), Malformed, match)


def test_a_source_with_folders_of_its_own_is_read_as_git_writes_it(folder: Path) -> None:
    directory = (tarfile.DIRTYPE, "")
    write_tar(folder, [(f"{TOP}/", directory), (f"{TOP}/keys", directory), *MEMBERS])
    list_again(folder)
    assert verify_release(sign(folder), ROSTER, today=DAY).version == "0.1.0"


def header(
    name: str,
    size: int,
    *,
    magic: bytes = b"ustar\x0000",
    mode: int = 0o644,
    owner: int = 0,
    kind: bytes = b"0",
    prefix: str = "",
    link: str = "",
) -> bytes:
    """Return the header of a member, its sum right, whatever it says."""
    block = bytearray(512)
    for at, field in (
        (0, name.encode()), (100, b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, owner, owner, size, 0)), (156, kind),
        (157, link.encode()), (257, magic), (345, prefix.encode()),
    ):  # fmt: skip
        block[at : at + len(field)] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def packed_path(path: str) -> bytes:
    """Return the extended header that gives the next member another name."""
    size = next(n for n in range(8, 200) if len(f"{n} path={path}\n") == n)
    return header("pax", size, kind=b"x") + f"{size} path={path}\n".encode().ljust(512, b"\0")


SCRIPT = b"#!/bin/sh\n".ljust(512, b"\0")
INSTALLER = f"{TOP}/deploy/install-server"


@pytest.mark.parametrize(
    ("member", "match"),
    [
        (header(INSTALLER, 10, magic=b"ustar  \0", prefix=f"{TOP}/docs") + SCRIPT, "header that git does not write"),
        (header(INSTALLER, 10, magic=b"\0" * 8) + SCRIPT, "header that git does not write"),
        (header(INSTALLER, 10, mode=0o4755) + SCRIPT, "rights or an owner"),
        (header(INSTALLER, 10, mode=0o777) + SCRIPT, "rights or an owner"),
        (header(INSTALLER, 10, owner=1000) + SCRIPT, "rights or an owner"),
        (header(INSTALLER, 10, kind=b"7") + SCRIPT, "neither file nor folder"),
        (header(INSTALLER, 10, kind=b"\0") + SCRIPT, "neither file nor folder"),
        (header(INSTALLER, 10, link="x") + SCRIPT, "neither file nor folder"),
        (packed_path(f"{TOP}/docs/more/") + header("more", 10) + SCRIPT, "header that git does not write"),
    ],
)
def test_a_header_that_another_program_reads_in_another_way_is_refused(folder: Path, member: bytes, match: str) -> None:
    path = folder / SOURCE_FILE
    plain = path.read_bytes().rstrip(b"\0")
    plain = plain.ljust(-(-len(plain) // 512) * 512, b"\0")
    path.write_bytes(plain + header(INSTALLER, 10) + SCRIPT + b"\0" * 1024)
    list_again(folder)
    assert verify_release(sign(folder), ROSTER, today=DAY), "control: a plain header is read"
    path.write_bytes(plain + member + b"\0" * 1024)
    list_again(folder)
    refused(sign(folder), Malformed, match)


def spoiled_member(data: bytes) -> bytes:
    """Break the one stream of a wheel that is packed, without touching sizes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("keys/roster.py", b"#" * 3000)
    whole = bytearray(made.getvalue())
    at = whole.find(b"keys/roster.py") + len(b"keys/roster.py")
    whole[at : at + 3] = b"\xff\xff\xff"
    return bytes(whole)


def set_bytes(data: bytes, magic: bytes, offset: int, value: bytes) -> bytes:
    at = data.rfind(magic) + offset
    return data[:at] + value + data[at + len(value) :]


def renamed(data: bytes) -> bytes:
    """Give a member a second name, in its line of the directory alone: newer programs take that one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr(info := zipfile.ZipInfo("crypto/__init__.py"), b"")
        name = b"evil.pth"
        info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"crypto/__init__.py")) + name
    return made.getvalue()


def grown(data: bytes) -> bytes:
    """A wheel whose one file would take more room than any of ours."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("keys/roster.py", bytes(MAX_UNPACKED_BYTES + 1))
    return made.getvalue()


def linked(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        link = zipfile.ZipInfo("keys/roster.py")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, b"/etc/passwd")
    return made.getvalue()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"#!/bin/sh\nevil\n" + data,
        lambda data: data + b"\n",
        lambda data: b"no archive",
        lambda data: b"",
        lambda data: data.replace(b"station/vault.py", b"station/vaulT.py", 1),
        lambda data: set_bytes(data, b"PK\x01\x02", 8, b"\x01"),  # encrypted, as the directory says
        lambda data: set_bytes(set_bytes(data, b"PK\x01\x02", 8, b"\x01"), b"PK\x03\x04", 6, b"\x01"),
        lambda data: set_bytes(data, b"PK\x01\x02", 10, b"\x63"),
        lambda data: set_bytes(data, b"PK\x01\x02", 24, b"\xff\xff\xff\x00"),
        lambda data: set_bytes(data, b"PK\x05\x06", 8, b"\x01\x00"),
        lambda data: data[:200],
        spoiled_member,
        grown,
        linked,
        renamed,
    ],
)
def test_a_wheel_that_is_no_plain_archive_is_refused_and_nothing_breaks(
    folder: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path = folder / WHEEL_FILE
    path.write_bytes(spoil(path.read_bytes()))
    list_again(folder)
    refused(sign(folder), Malformed, "^wheel: ")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_wheel_with_a_name_twice_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / WHEEL_FILE, "a") as packed:
        packed.writestr("crypto/__init__.py", EVIL)
    list_again(folder)
    refused(sign(folder), Malformed, "one name stands twice")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"no archive",
        lambda data: b"",
        lambda data: data + b"trailing" * 1024,
        lambda data: data[: data.rfind(b"<html>")],
        lambda data: data + data,
        lambda data: b"\x1f\x8b" + data,
        lambda data: data.replace(b"ustar", b"nstar"),
    ],
)
def test_a_source_that_is_no_plain_archive_is_refused_and_nothing_breaks(
    folder: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path = folder / SOURCE_FILE
    path.write_bytes(spoil(path.read_bytes()))
    list_again(folder)
    refused(sign(folder), Malformed, "^source: ")


def test_a_folder_without_its_source_is_refused(folder: Path) -> None:
    (folder / "kotak-senyap-0.1.0.tar").unlink()
    list_again(folder)
    refused(sign(folder), Malformed, "want one wheel, the source")


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


def test_the_whole_way_from_a_key_to_a_verified_release(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    fingerprint = " ".join(Ledger.load(desk).fingerprint)
    assert release_check.main([*check, "--fingerprint", fingerprint, "--roster-version", "2"]) == 0
    loud = fingerprint.upper().replace(" ", "-")
    assert release_check.main([*check, "--fingerprint", loud, "--roster-version", "2"]) == 0
    assert release_check.main([*check, "--fingerprint", "kata " * 8, "--roster-version", "2"]) == 3

    seen = run("verify", desk, "--fingerprint", fingerprint, code=1).stdout
    assert "\nRelease keys: utama\n" in seen

    run("roster", "remove-release-key", "--home", desk, "--to", stick, "--yes", *signing, "utama")
    assert release_check.main([*check, "--fingerprint", fingerprint, "--roster-version", "2"]) == 3


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


def places(desk: Path, tmp_path: Path) -> tuple[dict[str, Path], str]:
    """Where a roster may come from: both versions as a file and as a folder of public files, and the poster's words."""
    pin = root_pin(ROSTER.roots, ROSTER.root_k)
    named = {"old": ROSTER, "new": next_roster(ROSTER, remove_release_key("utama"), day=DAY)}
    found = {}
    for name, roster in named.items():
        data = sign_roster(roster, roots(1, 2))
        found[name] = tmp_path / name
        medium.write_file(found[name], data)
    found["folder"] = tmp_path / "public"
    write_ledger(found["folder"], pin, found["old"].read_bytes())
    return found, " ".join(fingerprint_words(pin))


@pytest.mark.parametrize("kind", ["old", "folder"])
def test_every_place_wants_two_things_from_paper_our_own_home_too(
    folder: Path, desk: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    found, words = places(desk, tmp_path)
    check = [str(folder), "--roster", str(found[kind]), "--language", "en"]
    monkeypatch.setenv("SENYAP_HOME", str(found[kind]))
    poster, version = ("--fingerprint", words), ("--roster-version", "1")
    assert release_check.main([*check, *poster, *version]) == 0, "control: with both it is verified"
    capsys.readouterr()
    for given in ((), poster, version):
        with pytest.raises(SystemExit, match="2"):
            release_check.main([*check, *given])
        assert "the following arguments are required" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["old", "folder"])
def test_an_older_roster_that_still_names_a_removed_key_is_refused(
    folder: Path, desk: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, words = places(desk, tmp_path)
    poster = ("--fingerprint", words, "--roster-version", "2", "--language", "en")
    assert release_check.main([str(folder), "--roster", str(found[kind]), *poster]) == 3
    assert "version 1, want 2 or a newer one" in capsys.readouterr().err
    assert release_check.main([str(folder), "--roster", str(found["new"]), *poster]) == 3
    assert "a key that the roster does not name" in capsys.readouterr().err


def test_a_home_that_somebody_pinned_anew_is_refused(folder: Path, desk: Path, tmp_path: Path) -> None:
    """Whoever takes over the pages may write into the home: pin, roster and release are theirs, the poster is not."""
    words = places(desk, tmp_path)[1]
    theirs = small_roster(root_k=1, releases=ROSTER.releases)
    pin = root_pin(theirs.roots, theirs.root_k)
    write_ledger(tmp_path / "theirs", pin, sign_roster(theirs, roots(1)))
    check = [str(folder), "--roster", str(tmp_path / "theirs"), "--roster-version", "1", "--fingerprint"]
    assert release_check.main([*check, words]) == 3
    assert release_check.main([*check, " ".join(fingerprint_words(pin))]) == 0, "control: by its own words it would do"


def test_the_checking_program_says_what_is_wrong_and_nothing_of_places(
    folder: Path, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = ["--fingerprint", " ".join(Ledger.load(desk).fingerprint), "--roster-version", "1"]
    assert release_check.main([str(folder), "--roster", str(desk), *paper]) == 3
    said = capsys.readouterr()
    assert said.err.startswith("Ditolak; jangan pasang ini.\n") and str(folder) not in said.err and not said.out
    assert release_check.main([str(folder), "--roster", str(folder / "none"), *paper]) == 6
    assert release_check.main([str(folder / "none"), "--roster", str(desk), *paper]) == 6


def test_deploy_verify_release_runs_from_a_checkout(folder: Path, desk: Path) -> None:
    paper = ["--fingerprint", " ".join(Ledger.load(desk).fingerprint), "--roster-version", "1", "--language", "en"]
    program_ = [sys.executable, "-I", ROOT / "deploy" / "verify-release", folder, "--roster", desk, *paper]
    done = subprocess.run(program_, cwd="/", capture_output=True, text=True)
    assert done.returncode == 3 and done.stderr.startswith("Refused; do not install this.")
    assert (ROOT / "deploy" / "verify-release").read_text().startswith("#!/usr/bin/env -S python3 -I\n")


def on_a_stick(tmp_path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Start the check in a shell that stands on a stick with a `keys` of its own."""
    stick = tmp_path / "stick"
    (stick / "keys").mkdir(parents=True)
    (stick / "keys" / "__init__.py").touch()
    (stick / "keys" / "release_check.py").write_text("print('TERVERIFIKASI: versi 9.9')\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, *flags, "-m", "keys.release_check", ".", "--roster", "."]
    return subprocess.run(command, cwd=stick, env=env, capture_output=True, text=True)


def test_the_program_of_a_stick_does_not_verify_itself(tmp_path: Path) -> None:
    for flag in ("-I", "-P"):
        done = on_a_stick(tmp_path / flag, flag)
        assert done.returncode and "TERVERIFIKASI" not in done.stdout, done.stdout


def test_control_without_the_flag_the_program_of_the_stick_runs(tmp_path: Path) -> None:
    assert on_a_stick(tmp_path).stdout.startswith("TERVERIFIKASI")


def test_the_check_refuses_to_start_where_it_would_look_into_the_current_folder(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-m", "keys.release_check", "--help"]
    loose = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert loose.returncode == 2 and "python -I -m keys.release_check" in loose.stderr and not loose.stdout
    safe = subprocess.run(
        command, cwd=ROOT, env=env | {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert safe.returncode == 0, "control"


def test_no_text_starts_a_check_without_the_flag() -> None:
    texts = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "keys").glob("release*.py"), ROOT / "deploy" / "verify-release"]
    said = [re.search(r"python\S* (.*)-m keys\.release_check", text.read_text("utf-8")) for text in texts]
    assert len(hits := [hit[1] for hit in said if hit]) > 3 and set(hits) == {"-I "}


def test_a_day_is_shown_as_a_date_and_the_roster_by_version_and_date(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = sign_roster(ROSTER, roots(1, 2))
    medium.write_file(tmp_path / "roster", data)
    words = " ".join(fingerprint_words(root_pin(ROSTER.roots, ROSTER.root_k)))
    check = [str(folder), "--roster", str(tmp_path / "roster"), "--fingerprint", words, "--roster-version", "1"]
    assert release_check.main(check) == 0
    assert capsys.readouterr().out == (
        f"TERVERIFIKASI: versi 0.1.0, ditandatangani {date_of(DAY)} oleh kunci rilis utama dari {DEPLOYMENT}, "
        f"daftar kunci 1 tertanggal {date_of(ROSTER.issued)}\n"
    )


def test_check_files_alone_says_the_version(folder: Path) -> None:
    (folder / "release.senyap").unlink()
    assert check_files(folder) == ("0.1.0", list_hash(folder))


def test_a_stick_that_says_something_else_when_it_is_read_again_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list that was compared with the signature is the one that the files are compared with."""
    other = write_release(tmp_path / "other", source=SOURCE | {"more.txt": EVIL})
    read, seen = medium.read_file, []

    def moody(path: Path, cap: int, *, follow: bool = True) -> bytes:
        seen.append(path.name)
        changed = "SHA512SUMS" in seen[:-1] and path.name != "release.senyap"
        return read(other / path.name if changed else path, cap, follow=follow)

    monkeypatch.setattr(medium, "read_file", moody)
    refused(folder, Tampered, "is not the file that was listed")
