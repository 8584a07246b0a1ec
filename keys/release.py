"""A release of this program: its files, the list of their hashes, and who signed that list (formats §6).

    release.senyap = magic "SNYV" │ length u32 │ canonical JSON │ 1 │ 0 │ signature 3373
    SHA512SUMS       one line a file: 128 hex digits, two spaces, "./", name

Public: a drop box and a station verify with what is installed there before they install anything newer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from crypto import medium
from crypto.encoding import b64, canonical_json, expect, parse_json, unb64
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import Malformed, Tampered
from crypto.signing import SigningKey
from keys.errors import BrokenChain, WrongClock
from keys.ledger import CLOCK_SLACK_DAYS
from keys.roster import Roster
from keys.rosterfile import check_current
from keys.wheel import check_wheel

MAGIC = b"SNYV"
PURPOSE = "senyap/v1/release"
SIGNATURE, SUMS, COMPONENTS = "release.senyap", "SHA512SUMS", "bom.cdx.json"
MAX_LIST_BYTES, MAX_RELEASE_FILE_BYTES = 65_536, 128 * 1024 * 1024
_LINE = re.compile(r"([0-9a-f]{128})  \./([A-Za-z0-9][A-Za-z0-9._+~-]{0,99})")
_WHEEL = re.compile(r"kotak_senyap-([0-9][0-9A-Za-z.+]{0,31})-py3-none-any\.whl")


@dataclass(frozen=True, slots=True)
class Release:
    """What a release key signs. `sums` is the SHA-512 of SHA512SUMS, `day` that of the signature, `key` its name."""

    deployment: str
    key: str
    version: str
    day: int
    sums: bytes


_SPEC: dict[str, type] = {"deployment": str, "key": str, "version": str, "day": int, "sums": str}


def sign_release(release: Release, key: SigningKey) -> bytes:
    """Build the signed file `release.senyap`."""
    value = {"deployment": release.deployment, "key": release.key, "version": release.version, "day": release.day}
    return build_envelope(canonical_json(value | {"sums": b64(release.sums)}), MAGIC, PURPOSE, {0: key})


def parse_release(body: bytes) -> Release:
    """Parse the JSON that a release key signs; raises Malformed."""
    value = expect(parse_json(body, "release"), "release", _SPEC)
    sums = unb64(value["sums"], 64, "release: sums")
    if not _WHEEL.fullmatch(wheel_name(value["version"])):
        raise Malformed("release: version is not as the format says")
    return Release(value["deployment"], value["key"], value["version"], value["day"], sums)


def verify_signature(data: bytes, roster: Roster) -> Release:
    """Parse `release.senyap` and verify it with the key that the roster gives its name.

    Raises Malformed, BrokenChain when the roster names no such key or is another deployment's, BadSignature.
    """
    envelope = parse_envelope(data, MAGIC, "release")
    release = parse_release(envelope.body)
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("release: want one signature, by signer 0")
    if release.deployment != roster.deployment:
        raise BrokenChain("release: signed for another deployment")
    keys = {each.name: each.key for each in roster.releases}
    if release.key not in keys:
        raise BrokenChain("release: signed by a key that the roster does not name")
    keys[release.key].verify(PURPOSE, envelope.body, envelope.signatures[0][1])
    return release


def verify_release(folder: Path, roster: Roster, *, today: int) -> Release:
    """Verify a folder of a release under a roster that was verified: signature, list, every file, the wheel.

    Raises what `verify_signature` and `check_files` raise, Expired when the roster has ended, WrongClock, Tampered
    when the list is not the one that was signed, OSError.
    """
    check_current(roster, today)
    release = verify_signature(medium.read_file(folder / SIGNATURE, MAX_LIST_BYTES, follow=False), roster)
    if release.day > today + CLOCK_SLACK_DAYS:
        raise WrongClock(f"clock: this machine shows day {today}, the release was signed on day {release.day}")
    if check_files(folder, release.sums)[0] != release.version:
        raise Tampered("release: its wheel is of another version than the one that was signed")
    return release


def list_hash(folder: Path) -> bytes:
    """Return the SHA-512 of the list in a folder; raises Malformed or OSError."""
    return hashlib.sha512(medium.read_file(folder / SUMS, MAX_LIST_BYTES, follow=False)).digest()


def check_files(folder: Path, signed: bytes | None = None) -> tuple[str, bytes]:
    """Compare a folder with its list and its wheel with its source; returns the wheel's version and the list's hash.

    Everything is read once: a stick may say something else when it is read again. Raises Malformed for a list that is
    none, Tampered when it is not the one whose hash was signed, or naming the file that is changed, missing or
    unknown, OSError.
    """
    data = medium.read_file(folder / SUMS, MAX_LIST_BYTES, follow=False)
    sums = hashlib.sha512(data).digest()
    if signed not in (None, sums):
        raise Tampered("release: SHA512SUMS is not the list that was signed")
    listed = _parse_list(data)
    version = _version_of(listed)
    there = {path.name for path in folder.iterdir()} - {SUMS, SIGNATURE}
    if odd := sorted(there ^ set(listed)):
        names = [name for name in odd if name in listed]
        raise Tampered(f"release: {names[0]} is missing" if names else "release: a file that the list does not name")
    found = {}
    for name, wanted in listed.items():
        found[name] = medium.read_file(folder / name, MAX_RELEASE_FILE_BYTES, follow=False)
        if hashlib.sha512(found[name]).hexdigest() != wanted:
            raise Tampered(f"release: {name} is not the file that was listed")
    check_wheel(found[wheel_name(version)], found[source_name(version)], version)
    return version, sums


def wheel_name(version: str) -> str:
    """Return the name of a release's wheel."""
    return f"kotak_senyap-{version}-py3-none-any.whl"


def source_name(version: str) -> str:
    """Return the name of a release's source archive."""
    return f"kotak-senyap-{version}.tar"


def _version_of(listed: Iterable[str]) -> str:
    """Return the version of a release whose list names wheel, source and list of components, and nothing else."""
    versions = [match[1] for name in listed if (match := _WHEEL.fullmatch(name))]
    if len(versions) != 1 or set(listed) != {wheel_name(versions[0]), source_name(versions[0]), COMPONENTS}:
        raise Malformed("release: want one wheel, the source of its version, bom.cdx.json, and no other file")
    return versions[0]


def _parse_list(data: bytes) -> dict[str, str]:
    matches = [_LINE.fullmatch(line) for line in data.decode("ascii", "replace").removesuffix("\n").split("\n")]
    listed = {match[2]: match[1] for match in matches if match}
    if not listed or len(listed) != len(matches) or {SUMS, SIGNATURE} & set(listed) or not data.endswith(b"\n"):
        raise Malformed("release: SHA512SUMS is not a list of files")
    return listed
