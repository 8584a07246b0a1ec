"""deploy/station/install: a folder that is not the one that was gathered is refused, and what lies in the home stays."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from live import ROOT

INSTALL, GATHER = ROOT / "deploy" / "station" / "install", ROOT / "deploy" / "station" / "gather"
LISTED = {
    "./debs/Packages": b"Package: a\n",
    "./debs/a_1%3a2+b~1_amd64.deb": b"deb",
    "./install": INSTALL.read_bytes(),
    "./packages.txt": b"a\n",
    "./requirements.txt": b"kotak-senyap==0.1.0\n",
    "./wheels/kotak_senyap-0.1.0-py3-none-any.whl": b"wheel",
}
CHOSEN = "./wheels/kotak_senyap-0.1.0-py3-none-any.whl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A made-up folder of gather."""
    made = tmp_path / "stasiun"
    for name, data in LISTED.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(data)
    write_list(made)
    return made


def write_list(folder: Path) -> None:
    lines = [f"{hashlib.sha512((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in LISTED]
    (folder / "SHA512SUMS").write_text("".join(lines))


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def sourced(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run functions of the installer without its main."""
    return run("bash", "-c", f'source "{INSTALL}"; {script}', "bash", *arguments)


def words(folder: Path) -> str:
    digest = hashlib.sha512((folder / "SHA512SUMS").read_bytes()).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 40, 4))


def test_a_whole_folder_is_said_to_be_whole_with_its_fingerprint(folder: Path) -> None:
    done = run("bash", folder / "install", "--verify", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"utuh: {len(LISTED)} berkas. Sidik: {words(folder)}\n"


def test_the_fingerprint_is_what_two_commands_of_any_debian_show(folder: Path) -> None:
    shown = run("sha512sum", folder / "SHA512SUMS").stdout
    assert shown.startswith(words(folder).replace(" ", ""))


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"!")


def to_link(path: Path) -> None:
    """The same content, but somewhere that may say something else in a moment."""
    path.rename(path.parents[2] / "elsewhere")
    path.symlink_to(path.parents[2] / "elsewhere")


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def beside(name: str) -> Callable[[Path], None]:
    return lambda path: path.with_name(name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (change, f"berubah: {CHOSEN}"),
        (Path.unlink, f"hilang: {CHOSEN}"),
        (to_link, f"bukan berkas biasa: {CHOSEN}"),
        (to_pipe, f"bukan berkas biasa: {CHOSEN}"),
        (to_folder, f"hilang: {CHOSEN}"),
        (beside("new.whl"), "tidak dikenal: ./wheels/new.whl"),
        (beside(".hidden"), "tidak dikenal: ./wheels/.hidden"),
        (beside("two words"), "tidak dikenal: ./wheels/two words"),
        (lambda path: path.with_name("link").symlink_to("/etc"), "bukan berkas biasa: ./wheels/link"),
    ],
)
def test_one_file_changed_missing_or_extra_is_named_and_refused(
    folder: Path, spoil: Callable[[Path], object], said: str
) -> None:
    assert run("bash", INSTALL, "--verify", folder).returncode == 0
    spoil(folder / CHOSEN)
    for mode in ("--verify", "--check"):
        done = run("bash", INSTALL, mode, folder)
        assert done.returncode == 3 and said in done.stderr.splitlines(), done.stderr
        assert "Tidak ada yang dipasang" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("name", LISTED)
def test_every_file_counts(folder: Path, name: str) -> None:
    change(folder / name)
    assert run("bash", INSTALL, "--verify", folder).stderr.startswith(f"berubah: {name}\n")


def test_all_that_is_wrong_is_named_at_once(folder: Path) -> None:
    change(folder / "install")
    (folder / "packages.txt").unlink()
    (folder / "more").write_text("x")
    lines = run("bash", INSTALL, "--verify", folder).stderr.splitlines()
    assert lines[:3] == ["hilang: ./packages.txt", "tidak dikenal: ./more", "berubah: ./install"]


@pytest.mark.parametrize(
    "line",
    ["0" * 128 + "  ./../x", "0" * 128 + "  /etc/passwd", "0" * 127 + "  ./a", "0" * 128 + "  ./a b", "", "x"],
)
def test_a_list_that_gather_never_wrote_is_refused(folder: Path, line: str) -> None:
    with (folder / "SHA512SUMS").open("a") as out:
        out.write(line + "\n")
    done = run("bash", INSTALL, "--verify", folder)
    assert done.returncode == 3 and "bukan daftar dari gather" in done.stderr


def test_a_list_that_is_not_there_or_lies_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "SHA512SUMS").rename(tmp_path / "list")
    assert run("bash", INSTALL, "--verify", folder).returncode == 3
    (folder / "SHA512SUMS").symlink_to(tmp_path / "list")
    assert run("bash", INSTALL, "--verify", folder).returncode == 3


def test_a_file_that_is_listed_twice_is_refused(folder: Path) -> None:
    text = (folder / "SHA512SUMS").read_text()
    (folder / "SHA512SUMS").write_text(text + text.splitlines(keepends=True)[0])
    done = run("bash", INSTALL, "--verify", folder)
    assert done.returncode == 3 and "dua kali" in done.stderr


def test_the_paper_is_compared_whole_and_spaces_and_case_do_not_count(folder: Path) -> None:
    right = words(folder)
    for typed in (right, right.upper(), right.replace(" ", ""), f"  {right}\t"):
        assert sourced('compare "$1" "$2"', folder, typed).returncode == 0, typed
    wrong = ("1" if right[-1] == "0" else "0").join([right[:-1], ""])
    for typed in ("", "x", right[:4], wrong, f"{right} 0000"):
        done = sourced('compare "$1" "$2"', folder, typed)
        assert done.returncode == 3 and "tidak sama" in done.stderr, typed


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("--what", "."), ("--check",)])
def test_wrong_use_is_said(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(["bash", INSTALL, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("install: ")


needs_a_station = pytest.mark.skipif(
    os.geteuid() != 0 or 'VERSION_ID="12"' not in Path("/etc/os-release").read_text(),
    reason="needs root on a Debian 12",
)
A_STICK = """
cp() { %s; command cp "$@"; }
other() { echo evil >"$1/wheels/kotak_senyap-0.1.0-py3-none-any.whl"
    (cd "$1" && find . -type f ! -name SHA512SUMS -print0 | sort -z | xargs -0 sha512sum) >"$1.list"
    command cp "$1.list" "$1/SHA512SUMS"; }
steps() { echo "INSTALLED $(cat "$1/wheels/"*)"; }
main --fingerprint "$2" "$1"
"""


@needs_a_station
def test_a_stick_that_is_another_when_it_is_copied_is_refused(folder: Path) -> None:
    """What is installed is compared with what was typed, whatever the stick said at other times."""
    right = words(folder)
    done = sourced(A_STICK % 'other "$2"', folder, right)
    assert done.returncode == 3 and "INSTALLED" not in done.stdout and "tidak sama" in done.stderr
    assert words(folder) != right, "the stick did change"


@needs_a_station
def test_control_a_stick_that_stays_the_same_is_installed(folder: Path) -> None:
    done = sourced(A_STICK % ":", folder, words(folder))
    assert done.returncode == 0 and done.stdout.endswith("INSTALLED wheel\n"), done.stderr


@needs_a_station
def test_no_step_stands_on_the_stick(folder: Path) -> None:
    """A shell that stands there would have Python import the stick's `venv` and `station`."""
    script = 'cd "$1"; steps() { pwd; }; main --fingerprint "$2" .'
    done = sourced(script, folder, words(folder))
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "/", done.stderr


@pytest.mark.parametrize(
    "program",
    ["station/install", "station/gather", "install-server", "server-steps/program", "build-release", "server/launcher"],
)
def test_python_never_looks_into_the_current_folder(program: str) -> None:
    text = (ROOT / "deploy" / program).read_text()
    calls = re.findall(r"""python3?"? (.*-[mc] .*)""", text)
    safe = "-m dropbox" if "PYTHONSAFEPATH=1" in text else "-I "
    assert calls and all(call.startswith(("-I ", safe)) for call in calls), calls


# --- steps -------------------------------------------------------------------------------------------


def test_a_home_that_is_there_keeps_all_that_lies_in_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "vault.db").write_bytes(b"vault")
    (home / "vault.db").chmod(0o640)
    before = (home / "vault.db").stat()
    script = "home=$1; user=$(id -un); chown() { echo chown; }; "
    first = sourced(script + "check=yes; people", home)
    assert f"akan: folder {home}" in first.stdout and home.stat().st_mode & 0o777 == 0o755
    done = sourced(script + "people; echo again; people", home)
    assert done.returncode == 0, done.stderr
    assert f"dikerjakan: folder {home}" in done.stdout.split("again")[0]
    assert f"sudah: folder {home}" in done.stdout.split("again")[1]
    after = (home / "vault.db").stat()
    assert home.stat().st_mode & 0o777 == 0o700
    assert (after.st_mode, after.st_mtime_ns, after.st_ino) == (before.st_mode, before.st_mtime_ns, before.st_ino)
    assert (home / "vault.db").read_bytes() == b"vault"


def test_a_home_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").write_text("x")
    for name in ("link", "file"):
        assert sourced("home=$1; user=$(id -un); people", tmp_path / name).returncode == 3


def test_a_file_of_ours_is_written_once_and_again_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "a.conf"
    assert sourced('check=yes; put "$1" 644 "a=1"', path).stdout == f"akan: {path}\n" and not path.exists()
    for before, said in ((None, "dikerjakan"), ("a=1\n", "sudah"), ("a=2\n", "dikerjakan")):
        if before is not None:
            path.write_text(before)
        assert sourced('put "$1" 644 "a=1"', path).stdout == f"{said}: {path}\n"
        assert path.read_text() == "a=1\n" and path.stat().st_mode & 0o777 == 0o644


def test_a_version_that_is_older_than_the_one_in_use_is_refused(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "opt"
    script = 'place=$1; packages() { echo PACKAGES; exit; }; steps "$2" "$3" "$4"'
    for version, refused in (
        ("0.0.9", False),
        ("0.1.0rc1", False),
        ("0.1.0", False),
        ("0.1.1", True),
        ("0.10.0", True),
    ):
        shutil.rmtree(place, ignore_errors=True)
        assert sourced(script, place, folder, tmp_path, "").stdout == "PACKAGES\n", "nothing is in use yet"
        about = place / "x" / "lib" / "python3.11" / "site-packages" / f"kotak_senyap-{version}.dist-info"
        about.mkdir(parents=True)
        (place / "current").symlink_to(place / "x")
        done = sourced(script, place, folder, tmp_path, "")
        assert (done.returncode, done.stdout) == ((3, "") if refused else (0, "PACKAGES\n")), done.stderr
        assert ("--older" in done.stderr) == refused
        assert sourced(script, place, folder, tmp_path, "yes").stdout == "PACKAGES\n"


# --- gather ------------------------------------------------------------------------------------------


def test_gather_refuses_a_folder_with_anything_in_it(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    done = run("bash", GATHER, folder)
    assert done.returncode == 3 and "sudah ada isinya" in done.stderr and sorted(folder.rglob("*")) == before
    assert run("bash", GATHER).returncode == 2


def test_both_show_the_fingerprint_alike() -> None:
    body = [text.split("fingerprint() {\n")[1].split("\n}")[0] for text in (GATHER.read_text(), INSTALL.read_text())]
    assert body[0] == body[1]


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = run("shellcheck", INSTALL, GATHER, ROOT / "deploy" / "build-release")
    assert done.returncode == 0, done.stdout
