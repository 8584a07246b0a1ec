"""Small releases for tests: a wheel and a source of a few files, listed and signed."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from make_vectors import DAY, DEPLOYMENT, signer

from keys.release import Release, list_hash, sign_release

SOURCE = {
    "setup.cfg": b"[options.entry_points]\nconsole_scripts =\n    senyap-keys = keys.__main__:main\n",
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
    f"{ABOUT}/METADATA": b"Name: kotak-senyap\n",
    f"{ABOUT}/entry_points.txt": b"[console_scripts]\nsenyap-keys = keys.__main__:main\n",
}


def write_release(folder: Path, *, wheel: dict[str, bytes] = WHEEL, source: dict[str, bytes] = SOURCE) -> Path:
    """Write a release of a few files: wheel, source, list of hashes."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "kotak_senyap-0.1.0-py3-none-any.whl", "w") as packed:
        for name, data in wheel.items():
            packed.writestr(name, data)
    with tarfile.open(folder / "kotak-senyap-0.1.0.tar", "w") as archive:
        for name, data in source.items():
            member = tarfile.TarInfo(f"kotak-senyap-0.1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    (folder / "bom.cdx.json").write_bytes(b"{}")
    list_again(folder)
    return folder


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
