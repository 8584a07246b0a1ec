"""Small releases for tests: a wheel and a source of a few files, listed and signed."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from make_vectors import DAY, DEPLOYMENT, signer

from keys.release import Release, list_hash, sign_release

SETUP = b"""[metadata]
name = kotak-senyap
version = 0.1.0

[options]
python_requires = >=3.11
packages =
    crypto
    keys
    dropbox.templates
    station
package_dir =
    dropbox.templates = templates/dropbox
install_requires =
    click>=8.1,<9

[options.extras_require]
station =
    segno>=1.6; python_version < "3.14" and sys_platform == "linux"

[options.entry_points]
console_scripts =
    senyap-keys = keys.__main__:main

[options.package_data]
dropbox.templates = *.html, *.css
"""
SOURCE = {
    "setup.cfg": SETUP,
    "README.md": b"# Kotak\n\nSenyap.\n",
    "LICENSE": b"GPL\n",
    "deploy/server-files.txt": b"# a list\ncrypto/\nkeys/roster.py\ntemplates/dropbox/\n",
    "crypto/__init__.py": b"",
    "keys/roster.py": b"ROSTER = 1\n",
    "station/vault.py": b"VAULT = 1\n",
    "templates/dropbox/base.html": b"<html>",
}
ABOUT = "kotak_senyap-0.1.0.dist-info"
WHEEL = {
    "crypto/__init__.py": b"",
    "keys/roster.py": b"ROSTER = 1\n",
    "station/vault.py": b"VAULT = 1\n",
    "dropbox/templates/base.html": b"<html>",
    f"{ABOUT}/licenses/LICENSE": b"GPL\n",
    f"{ABOUT}/METADATA": b"""Metadata-Version: 2.4
Name: kotak-senyap
Version: 0.1.0
Requires-Python: >=3.11
Requires-Dist: click<9,>=8.1
Provides-Extra: station
Requires-Dist: segno>=1.6; (python_version < "3.14" and sys_platform == "linux") and extra == "station"

# Kotak

Senyap.
""",
    f"{ABOUT}/WHEEL": b"Wheel-Version: 1.0\nGenerator: setuptools (80.9.0)\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n",
    f"{ABOUT}/entry_points.txt": b"[console_scripts]\nsenyap-keys = keys.__main__:main\n",
    f"{ABOUT}/top_level.txt": b"crypto\ndropbox\nkeys\nstation\n",
}
WHEEL_FILE, SOURCE_FILE, TOP = "kotak_senyap-0.1.0-py3-none-any.whl", "kotak-senyap-0.1.0.tar", "kotak-senyap-0.1.0"


def record(wheel: dict[str, bytes]) -> bytes:
    """Return the RECORD of a wheel, as whoever builds one would write it."""
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for name, data in wheel.items()}
    lines = [f"{name},sha256={digests[name].decode().rstrip('=')},{len(data)}\n" for name, data in wheel.items()]
    return "".join([*lines, f"{ABOUT}/RECORD,,\n"]).encode()


def write_release(folder: Path, *, wheel: dict[str, bytes] = WHEEL, source: dict[str, bytes] = SOURCE) -> Path:
    """Write a release of a few files: wheel with its RECORD, source, list of components, list of hashes."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / WHEEL_FILE, "w") as packed:
        for name, data in (wheel | {f"{ABOUT}/RECORD": wheel.get(f"{ABOUT}/RECORD", record(wheel))}).items():
            packed.writestr(name, data)
    write_tar(folder, [(f"{TOP}/{name}", data) for name, data in source.items()])
    (folder / "bom.cdx.json").write_bytes(b"{}")
    list_again(folder)
    return folder


def write_tar(folder: Path, members: list[tuple[str, bytes | tuple[bytes, str]]]) -> None:
    """Write the source of a release from names and contents; type and target make a link."""
    with tarfile.open(folder / SOURCE_FILE, "w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            if isinstance(data, tuple):
                member.type, member.linkname = data
                archive.addfile(member)
            else:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))


def list_again(folder: Path) -> None:
    """Write the list of hashes anew."""
    names = sorted(p.name for p in folder.iterdir() if p.name not in ("SHA512SUMS", "release.senyap"))
    lines = [f"{hashlib.sha512((folder / name).read_bytes()).hexdigest()}  ./{name}\n" for name in names]
    (folder / "SHA512SUMS").write_text("".join(lines))


def sign(folder: Path, key: str = "release", name: str = "utama", day: int = DAY, deployment: str = DEPLOYMENT) -> Path:
    """Sign a folder with a test key, under a name."""
    made = Release(deployment, name, "0.1.0", day, list_hash(folder))
    (folder / "release.senyap").write_bytes(sign_release(made, signer(key)))
    return folder
