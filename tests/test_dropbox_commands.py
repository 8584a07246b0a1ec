"""What `senyap-dropbox` says where it is started wrongly, or may not use a folder: its own name, and what to type."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live import ROOT

from crypto import medium
from dropbox.cli import in_words

NOBODY = 65534


@pytest.fixture
def disk() -> Iterator[Path]:
    """A mounted disk that belongs to root, seen by somebody who is not: permissions do not hold for root itself."""
    folder = Path(tempfile.mkdtemp(prefix="disk-"))  # every folder above it may be passed by everybody
    folder.chmod(0o755)
    (folder / "copies").mkdir(mode=0o700)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    else:
        (folder / "copies").chmod(0o000)
    try:
        yield folder / "copies"
    finally:
        if is_root:
            os.seteuid(0)
        (folder / "copies").chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    "deed",
    [
        lambda disk: list(disk.iterdir()),
        lambda disk: (disk / "backup-2026-11-26-1").mkdir(),
        lambda disk: medium.write_file(disk / "bundle-00000001.senyap", b"x"),
    ],
    ids=["list it", "make a folder there", "write a file there"],
)
def test_a_folder_of_somebody_else_is_named_with_what_to_type(
    disk: Path, deed: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        in_words(lambda: deed(disk))()
    said, user = capsys.readouterr().err, pwd.getpwuid(os.geteuid()).pw_name
    assert ended.value.code == 6 and said.startswith(f"cannot read or write: Permission denied in {disk}. ")
    assert f"mount -o uid={user},umask=077 DEVICE {disk}." in said and said.endswith(f"chown {user} {disk}\n")


@pytest.mark.parametrize(("house", "usage"), [("dropbox", "Usage"), ("station", "Pemakaian"), ("keys", "Usage")])
def test_a_command_names_itself_as_the_guides_do_however_it_was_started(house: str, usage: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", house, "nothing"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 2 and run.stderr.startswith(f"{usage}: senyap-{house} ")
