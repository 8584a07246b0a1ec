"""Run the station's commands as a reviewer types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from live import ROOT, passphrases


class StationCommands:
    """`senyap-station` with these reviewers present."""

    def __init__(self, demo: Path, station: str, *reviewers: str, home: Path | None = None) -> None:
        self.home = home or demo / "stations" / station
        words = dict(passphrases(demo))
        self.options = ["--home", str(self.home), "--allow-network"]
        for reviewer in reviewers:
            file = demo / f"{reviewer}.pass"
            file.write_text(words[reviewer] + "\n")
            file.chmod(0o600)
            self.options += ["--passphrase-file", f"{reviewer}={file}"]

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run one command, demand its exit code, return what it printed to stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "station", arguments[0], *self.options, *arguments[1:]],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
        return done.stdout.strip()

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))


def dropbox(*arguments: str, code: int = 0) -> str:
    """Run `senyap-dropbox` and return what it printed to stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "dropbox", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    return done.stdout.strip()
