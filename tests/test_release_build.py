"""A release has the same bytes from two clones, folders, umasks, dates and locales; its list of components is whole."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from live import ROOT

from keys.release import check_files

PINS = sorted((ROOT / "deploy").glob("requirements-*.txt"))


def git(*words: object, cwd: Path = ROOT) -> str:
    done = subprocess.run(["git", *map(str, words)], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("git is not installed, or this is no checkout")
    return done.stdout


def clone(to: Path, umask: int) -> Path:
    before = os.umask(umask)
    try:
        git("clone", "-q", "--no-hardlinks", ROOT, to)
    finally:
        os.umask(before)
    return to


def build(clone: Path, out: Path, umask: int, **env: str) -> dict[str, bytes]:
    before = os.umask(umask)
    try:
        done = subprocess.run(
            [clone / "deploy" / "build-release", out], env=dict(os.environ) | {"BUILD_PYTHON": sys.executable} | env,
            cwd="/", capture_output=True, text=True,
        )  # fmt: skip
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out)
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clones")
    return clone(folder / "one", 0o022), clone(folder / "a much longer name" / "two", 0o077)


A_DAY, ANOTHER = "1700000000", "1800000000"
ELSEWHERE = {"LC_ALL": "C.UTF-8", "LANG": "id_ID.UTF-8", "TZ": "Asia/Jakarta", "PYTHONHASHSEED": "7"}


def test_two_clones_give_the_same_bytes(clones: tuple[Path, Path], tmp_path: Path) -> None:
    git("config", "tar.umask", "0077", cwd=clones[1])
    for path in clones[1].rglob("*.py"):
        os.utime(path, (1, 1))
    one = build(clones[0], tmp_path / "1", 0o022, SOURCE_DATE_EPOCH=A_DAY)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "setuptools.py").write_text("raise SystemExit('another setuptools')\n")
    there = ELSEWHERE | {"PYTHONPATH": str(tmp_path / "odd"), "SOURCE_DATE_EPOCH": ANOTHER}
    two = build(clones[1], tmp_path / "deep" / "er" / "2", 0o077, **there)
    assert sorted(one) == [
        "SHA512SUMS",
        "bom.cdx.json",
        "kotak-senyap-0.1.0.tar",
        "kotak_senyap-0.1.0-py3-none-any.whl",
    ]
    assert [name for name in one if one[name] != two[name]] == []
    assert check_files(tmp_path / "1")[0] == "0.1.0"


def test_control_without_the_date_of_the_commit_they_differ(clones: tuple[Path, Path], tmp_path: Path) -> None:
    """What the caller's environment says shines through, as a clock would."""
    found = []
    for number, (source, day) in enumerate(zip(clones, (A_DAY, ANOTHER), strict=True)):
        copy = clone(tmp_path / f"clone-{number}", 0o022)
        script = copy / "deploy" / "build-release"
        text = script.read_text()
        line = "    SOURCE_DATE_EPOCH=$(git_here log -1 --format=%ct)\n"
        assert text.count(line) == 1
        script.write_text(text.replace(line, "").replace("git_here diff --quiet HEAD --", "true"))
        found.append(build(copy, tmp_path / str(number), 0o022, SOURCE_DATE_EPOCH=day))
        assert source.is_dir()
    assert [name for name in sorted(found[0]) if found[0][name] != found[1][name]] == [
        "SHA512SUMS", "bom.cdx.json", "kotak_senyap-0.1.0-py3-none-any.whl",
    ]  # fmt: skip


def test_a_changed_checkout_or_a_full_folder_is_refused(clones: tuple[Path, Path], tmp_path: Path) -> None:
    copy = clone(tmp_path / "clone", 0o022)
    program = copy / "deploy" / "build-release"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert subprocess.run([program, tmp_path / "full"], capture_output=True).returncode == 3
    (copy / "README.md").write_text("x")
    done = subprocess.run([program, tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 3 and "belum di-commit" in done.stderr and not (tmp_path / "out").exists()
    assert subprocess.run([program], capture_output=True).returncode == 2


# --- the list of components ---------------------------------------------------------------------------


def bom() -> dict:
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "bom.py", "0.1.0", "a" * 40, A_DAY], capture_output=True, check=True
    )
    return json.loads(done.stdout)


def test_every_pin_and_every_package_is_a_component() -> None:
    made = bom()
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert made["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    parts = {part["bom-ref"]: part for part in made["components"]}
    assert len(parts) == len(made["components"])
    pinned = 0
    for path in PINS:
        text = path.read_text()
        for block in re.findall(r"^\S+==(?:.*\\\n)*.*$", text, re.M):
            name, version = re.match(r"(\S+)==(\S+)", block).groups()
            part = parts[f"pkg:pypi/{name.replace('_', '-')}@{version}"]
            hashes = {digest["content"] for digest in part["hashes"]}
            assert set(re.findall(r"sha256:([0-9a-f]{64})", block)) <= hashes
            assert {"name": "senyap:installation", "value": path.stem.removeprefix("requirements-")} in part[
                "properties"
            ]
            pinned += 1
    assert pinned == sum(path.read_text().count("==") for path in PINS) > 60
    for path in (ROOT / "deploy").glob("*/packages.txt"):
        for name in path.read_text().split("\n"):
            assert not name or name.startswith("#") or f"pkg:deb/debian/{name}?distro=bookworm" in parts


def test_every_library_has_a_line_about_its_licence_and_no_line_is_left_over() -> None:
    lines = (ROOT / "deploy" / "licences.txt").read_text().splitlines()[1:]
    pinned = {name for path in PINS for name in re.findall(r"^([a-z0-9._-]+)==", path.read_text(), re.M)}
    assert sorted(line.split(" ", 1)[0] for line in lines) == sorted(pinned)
    told = [part for part in bom()["components"] if part["purl"].startswith("pkg:pypi") and "licenses" in part]
    assert len(told) == len(pinned) - sum(line.endswith(" -") for line in lines)


def test_the_list_names_no_place_and_no_machine() -> None:
    text = json.dumps(bom())
    assert "http" not in text and str(ROOT) not in text and os.uname().nodename not in text
