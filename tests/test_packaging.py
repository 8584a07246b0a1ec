"""It runs from a checkout, an editable install and a wheel, with templates and texts."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from live import ROOT

CHECK = """
import dropbox, keys.demo, station, sys
from pathlib import Path
from dropbox.settings import load_settings
from dropbox.paths import templates_folder
assert (templates_folder() / "base.html").is_file() and (templates_folder() / "look.css").is_file()
from crypto.receipt import wordlist
assert len(wordlist()) == 2048
from dropbox import create_app
client = create_app(load_settings(Path(sys.argv[1]))).test_client()
for path in ("/", "/lapor", "/kotak", "/kunci"):
    assert client.get(path).status_code == 200, path
assert b"Who can read" in client.get("/en/kunci").data
print(Path(dropbox.__file__).parent)
"""


def check(python: str | Path, home: Path, cwd: Path, path: str = "") -> Path:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | ({"PYTHONPATH": path} if path else {})
    done = subprocess.run([str(python), "-c", CHECK, str(home)], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def build(tmp_path: Path, *extra: str) -> Path:
    """Make an environment that sees this one's dependencies, and install the project into it alone."""
    target = tmp_path / "env"
    venv.create(target, system_site_packages=False, with_pip=False, symlinks=True)
    site = next((target / "lib").glob("python*")) / "site-packages"
    own = [p for p in sys.path if p.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(p for p in own if p) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(target / "bin" / "python"), "install", "-q", "--no-deps",
         "--no-build-isolation", "--disable-pip-version-check", "--force-reinstall", *extra],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target / "bin" / "python"


@pytest.fixture
def home(deployment: Path) -> Path:
    return deployment / "server"


def test_it_runs_from_a_checkout(home: Path, tmp_path: Path) -> None:
    assert check(sys.executable, home, tmp_path, str(ROOT)) == ROOT / "dropbox"


def sources(tmp_path: Path) -> Path:
    """Copy what git tracks, so that a build leaves nothing in the checkout."""
    copy = tmp_path / "source"
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if names.returncode:
        pytest.skip("git is not installed, or this is no checkout")
    for name in names.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    return copy


@pytest.mark.parametrize("way", ["editable", "wheel"])
def test_it_runs_installed(home: Path, tmp_path: Path, way: str) -> None:
    copy = sources(tmp_path)
    python = build(tmp_path, *(["-e", str(copy)] if way == "editable" else [str(copy)]))
    where = check(python, home, tmp_path)
    assert (where == copy / "dropbox") == (way == "editable")
    if way == "wheel":
        for house in ("crypto", "keys", "dropbox", "station"):
            packaged, pages = where.parent / house, copy / "templates" / house
            data = [path for path in (copy / house).rglob("*") if path.suffix in (".txt", ".json", ".css", ".mo")]
            missing = [path for path in data if not (packaged / path.relative_to(copy / house)).is_file()]
            found = [path for path in pages.rglob("*.*") if path.is_file()]
            missing += [path for path in found if not (packaged / "templates" / path.relative_to(pages)).is_file()]
            assert not missing, "package_data in setup.cfg forgets these"
    for command in ("senyap-keys", "senyap-dropbox", "senyap-station"):
        done = subprocess.run([python.parent / command, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
