"""The drop box runs from exactly the files that are shipped to it, and cannot import a private module (P3)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live import REPORT, ROOT, LiveServer
from released import sign, write_release
from test_layers import PUBLIC_KEYS

from keys.ledger import Ledger

LIST = ROOT / "deploy" / "server-files.txt"
PRIVATE = ("keys.demo", "keys.keyring", "keys.units", "keys.__main__", "station", "station.vault", "station.inbox")


def install(target: Path) -> Path:
    """Copy what the list names, as the install step does."""
    for line in LIST.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        source = ROOT / line
        files = [p for p in source.iterdir() if p.is_file()] if line.endswith("/") else [source]
        for file in files:
            place = target / file.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
    return target


def run(code: str, where: Path) -> subprocess.CompletedProcess[str]:
    """Run code that sees these files and the libraries, but no installed copy of this project."""
    paths = [str(where), *(p for p in sys.path if p.endswith("site-packages"))]
    code = f"import sys; sys.path[:0] = {paths!r}\n{code}"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", code], cwd=where, env=env, capture_output=True, text=True, timeout=60
    )


def test_the_shipped_files_serve_pages_and_take_a_report(small: Path, tmp_path: Path) -> None:
    where = install(tmp_path / "installed")
    home = tmp_path / "home"
    shutil.copytree(small / "server", home)
    with LiveServer(home, root=where) as server:
        assert server.get("/en/kunci").status == 200
        assert len(server.report(REPORT).words) == 8
        maps = [Path(f"/proc/{pid}/environ").read_bytes() for pid in server.pids]
        assert all(str(where).encode() in environ for environ in maps), "the server ran from the shipped files"


@pytest.mark.parametrize("module", PRIVATE)
def test_no_private_module_can_be_imported_there(tmp_path: Path, module: str) -> None:
    where = install(tmp_path / "installed")
    assert run("import dropbox, dropbox.serve, keys.batch", where).returncode == 0
    done = run(f"import {module}", where)
    assert done.returncode != 0 and "ModuleNotFoundError" in done.stderr
    assert run(f"import {module}", ROOT).returncode == 0, "control: the module exists in the checkout"


def test_the_shipped_files_verify_the_next_release(small: Path, tmp_path: Path) -> None:
    where, release = install(tmp_path / "installed"), write_release(tmp_path / "release")
    ledger = Ledger.load(small / "server")
    paper = ["--fingerprint", " ".join(ledger.fingerprint), "--roster-version", "1"]
    words = (
        "from keys.release_check import main",
        f"raise SystemExit(main({[str(release), '--roster', str(small / 'server'), *paper]!r}))",
    )
    for signed, said in ((False, "Tidak dapat dibaca"), (True, "a key that the roster does not name")):
        if signed:
            sign(release, deployment=ledger.roster.deployment)
        done = run("\n".join(words), where)
        assert done.returncode in (3, 6) and said in done.stderr


def test_the_shipped_files_hold_no_word_of_private_keys(tmp_path: Path) -> None:
    where = install(tmp_path / "installed")
    names = {str(p.relative_to(where)) for p in where.rglob("*.py")}
    assert not any(name.startswith(("station/", "tests/")) or "keyring" in name or "demo" in name for name in names)
    of_keys = {name.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".") for name in names}
    assert {name for name in of_keys if name.split(".")[0] == "keys"} == set(PUBLIC_KEYS)


def test_a_server_home_holds_one_private_key_and_it_opens_no_row(small: Path) -> None:
    home = small / "server"
    names = {p.name for p in home.rglob("*") if p.is_file() and p.parent.name not in ("locks", "batches")}
    assert names == {"dropbox.db", "roster.senyap", "root.pin", "server.key", "settings.toml"}
