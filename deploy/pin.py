"""Write deploy/requirements-*.txt, one for each installation: libraries with versions and the hashes of their wheels.

Run it on a connected machine when a library is to be raised, read the difference, and commit it. What an
installation then takes is fixed to the byte: `pip install --require-hashes -r deploy/requirements-server.txt`.
"""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12")  # Debian 12, Ubuntu 24.04
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_34_x86_64")
EXTRAS = {"server": (), "station": ("station",), "postgresql": ("postgresql",)}
BUILD = "build"  # what makes the wheel of a release


def wanted(extras: tuple[str, ...]) -> list[str]:
    """Return the ranges that setup.cfg gives."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config["options"]["install_requires"].split("\n")
    for extra in extras:
        lines += config["options.extras_require"][extra].split("\n")
    return [line for line in lines if line.strip()]


def wanted_to_build() -> list[str]:
    """Return the ranges that pyproject.toml gives."""
    found: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    return found


def resolve(ranges: list[str], python: str) -> dict[str, tuple[str, str]]:
    """Return library → (version, sha256 of its wheel) for one version of Python."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--target", folder]
        command += ["--only-binary", ":all:", "--python-version", python, "--report", "-"]
        for platform in PLATFORMS:
            command += ["--platform", platform]
        done = subprocess.run([*command, *ranges], capture_output=True, check=True)  # noqa: S603
        report = json.loads(done.stdout)
    found = {}
    for item in report["install"]:
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        found[item["metadata"]["name"].lower()] = (item["metadata"]["version"], digest)
    return found


def main() -> None:
    """Write all of them."""
    installations = {name: wanted(extras) for name, extras in EXTRAS.items()} | {BUILD: wanted_to_build()}
    for name, ranges in installations.items():
        pins: dict[tuple[str, str], set[str]] = {}
        for python in PYTHONS:
            for library, (version, digest) in resolve(ranges, python).items():
                pins.setdefault((library, version), set()).add(digest)
        lines = ["# made by deploy/pin.py"]
        for (library, version), digests in sorted(pins.items()):
            hashes = " \\\n".join(f"    --hash=sha256:{digest}" for digest in sorted(digests))
            lines.append(f"{library}=={version} \\\n{hashes}")
        (ROOT / "deploy" / f"requirements-{name}.txt").write_text("\n".join(lines) + "\n", "ascii")


if __name__ == "__main__":
    main()
