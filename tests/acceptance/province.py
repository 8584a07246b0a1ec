"""The province's station of a demo deployment, with two of its reviewers."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest_moved import Station
from live import passphrases

QUORUM = ("sumsel-1", "sumsel-2")


class Province(Station):
    """Runs commands of a copy of that station in `folder`."""

    def __init__(self, deployment: Path, folder: Path) -> None:
        self.home = Path(shutil.copytree(deployment / "stations" / "sumsel", folder / "station"))
        self.keys = []
        for who, words in passphrases(deployment):
            if who in QUORUM:
                (folder / f"{who}.words").write_text(f"{words}\n")
                (folder / f"{who}.words").chmod(0o600)
                self.keys += ["--passphrase-file", f"{who}={folder / who}.words"]
