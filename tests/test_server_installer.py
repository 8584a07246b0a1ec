"""deploy/install-server, step by step in a folder: what is there already stays, and nobody is locked out.

The whole of it runs on a machine that boots: tests/acceptance/test_server.py.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from live import ROOT
from shipped import shipped
from test_layers import MAX_FILE_LINES
from test_server_files import install as as_listed

INSTALL = ROOT / "deploy" / "install-server"
DEBIAN = "ID=debian\nVERSION_ID=12\n"
SETTINGS = "# mine\ncourier_days = 3\n"


def run(*arguments: object, root: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    whole = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")} | env
    if root is not None:
        whole["SENYAP_ROOT"] = str(root)
    return subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env=whole
    )


def sourced(root: Path, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run functions of the installer without its main; users are those of this machine."""
    pretend = (
        "chown() { :; }; id() { :; }; install() { local a=() each; for each; do "
        '[[ $each == senyap ]] && each=$(command id -un); a+=("$each"); done; command install "${a[@]}"; }; '
    )
    return run("bash", "-c", f'source "{INSTALL}"; {pretend}{script}', "bash", *arguments, root=root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a machine on which nothing of the drop box is."""
    made = tmp_path / "root"
    (made / "etc").mkdir(parents=True)
    (made / "etc" / "os-release").write_text(DEBIAN)
    return made


def test_exactly_the_files_of_the_list_are_shipped(root: Path, tmp_path: Path) -> None:
    said = sourced(root, "shipped").stdout.split()
    listed = as_listed(tmp_path / "listed")
    wanted = {str(p.relative_to(listed)) for p in listed.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert set(said) == wanted and len(said) == len(wanted) > 100


def test_a_program_is_named_by_all_that_it_consists_of(root: Path, tmp_path: Path) -> None:
    def name(project: Path) -> str:
        return sourced(root, f'project="{project}"; name_of_program').stdout.strip()

    before = name(ROOT)
    assert before.startswith("0.1.0-") and name(ROOT) == before
    for changed in ("dropbox/serve.py", "templates/dropbox/base.html", "deploy/server/nftables.conf"):
        copy = tmp_path / Path(changed).stem
        for each in ("crypto", "keys", "dropbox", "templates", "deploy", "setup.cfg"):
            (shutil.copytree if (ROOT / each).is_dir() else shutil.copy)(
                ROOT / each, copy / each if (ROOT / each).is_dir() else copy
            )
        assert name(copy) == before
        (copy / changed).write_text((copy / changed).read_text() + "\n")
        assert name(copy) != before, changed


def test_a_file_of_ours_is_written_once_and_again_when_it_differs(root: Path, tmp_path: Path) -> None:
    source, path = tmp_path / "source", root / "etc" / "a.conf"
    source.write_text("a=1\n")
    assert sourced(root, 'check=yes; put "$1" "$2" 644', source, path).stdout == "would: /etc/a.conf\n"
    assert not path.exists()
    for before, said in ((None, "done"), ("a=1\n", "already"), ("a=2\n", "done")):
        if before is not None:
            path.write_text(before)
        assert sourced(root, 'put "$1" "$2" 644', source, path).stdout == f"{said}: /etc/a.conf\n"
        assert path.read_text() == "a=1\n" and path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o666)
    assert sourced(root, 'put "$1" "$2" 644', source, path).stdout.startswith("done")


def test_the_firewall_of_before_is_kept_once(root: Path, tmp_path: Path) -> None:
    path = root / "etc" / "nftables.conf"
    path.write_text("theirs\n")
    for text in ("ours 1\n", "ours 2\n"):
        (tmp_path / "source").write_text(text)
        sourced(root, 'put "$1" "$2" 755', tmp_path / "source", path)
        assert path.read_text() == text and path.with_name("nftables.conf.before-senyap").read_text() == "theirs\n"


def test_the_program_of_before_stays_and_older_ones_go(root: Path) -> None:
    place = root / "opt" / "senyap"
    for name in ("one", "two", "three"):
        (place / name).mkdir(parents=True)
        sourced(root, 'point_at "$1"', place / name)
    assert sorted(p.name for p in place.iterdir()) == ["current", "previous", "three", "two"]
    assert (place / "current").readlink().name == "three" and (place / "previous").readlink().name == "two"


def test_a_home_is_copied_once_and_its_settings_get_the_cleaner(root: Path, tmp_path: Path) -> None:
    (root / "var" / "lib").mkdir(parents=True)
    source, home = tmp_path / "server", root / "var" / "lib" / "senyap"
    (source / "locks").mkdir(parents=True)
    (source / "root.pin").write_text("pin")
    (source / "settings.toml").write_text(SETTINGS)
    script = 'data "$1" ""'
    assert sourced(root, f"check=yes; {script}", source).returncode == 0 and not home.exists()
    first = sourced(root, script, source)
    assert first.returncode == 0, first.stderr
    assert not (home / "locks").exists() and (home / "root.pin").read_text() == "pin"
    values = tomllib.loads((home / "settings.toml").read_text())
    assert values == {"courier_days": 3, "cleaner": "/run/senyap-cleaner/clean.sock"}
    (source / "root.pin").write_text("another")
    before = (home / "settings.toml").read_bytes()
    again = sourced(root, script, source)
    assert "done: the drop box" not in again.stdout and "is left alone" in again.stdout
    assert (home / "root.pin").read_text() == "pin" and (home / "settings.toml").read_bytes() == before


def test_a_home_can_come_after_the_program(root: Path, tmp_path: Path) -> None:
    """The program restores a copy, so on a new machine it is there first; it has left settings in an empty home."""
    (root / "var" / "lib").mkdir(parents=True)
    source, home = tmp_path / "restored", root / "var" / "lib" / "senyap"
    source.mkdir()
    (source / "root.pin").write_text("pin")
    (source / "settings.toml").write_text(SETTINGS)
    assert "done: settings.toml" in sourced(root, 'data "" ""').stdout and not (home / "root.pin").exists()
    said = sourced(root, 'data "$1" ""', source)
    assert f"done: the drop box of {source}" in said.stdout and (home / "root.pin").read_text() == "pin"
    assert tomllib.loads((home / "settings.toml").read_text())["courier_days"] == 3
    (home / "root.pin").unlink()
    (home / "dropbox.db").write_text("rows")
    again = sourced(root, 'data "$1" ""', source)
    assert "is left alone" in again.stdout and not (home / "root.pin").exists()


def test_settings_that_are_named_take_the_place_of_those_that_are_there(root: Path, tmp_path: Path) -> None:
    (root / "var" / "lib").mkdir(parents=True)
    (tmp_path / "mine.toml").write_text(SETTINGS)
    said = [sourced(root, 'data "" "$1"', tmp_path / "mine.toml") for _ in range(2)]
    assert ["done: settings.toml" in each.stdout for each in said] == [True, False], said
    values = tomllib.loads((root / "var/lib/senyap/settings.toml").read_text())
    assert values["courier_days"] == 3 and "cleaner" in values


@pytest.fixture
def taken(root: Path) -> Path:
    """A home that belongs to nobody, as it does to senyap on a machine; and a file that only root may read."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    home = root / "var" / "lib" / "senyap"
    home.mkdir(parents=True)
    os.chown(home, NOBODY, NOBODY)
    for folder in (root, root / "var", root / "var" / "lib", *list(root.parents)[:-1]):
        folder.chmod(folder.stat().st_mode | 0o111)
    (root / "key").write_text("# a secret\n")
    (root / "key").chmod(0o600)
    return home


NOBODY = 65534
AS_NOBODY = f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups"


@pytest.mark.parametrize(("rights", "leaks"), [(AS_NOBODY, False), ("", True)], ids=["as it is", "control: as root"])
def test_root_follows_no_link_of_the_home(root: Path, taken: Path, rights: str, leaks: bool) -> None:
    """The one who took the pages over puts the link there at the last moment, after each look at it."""
    (taken / "settings.toml").symlink_to(root / "key")
    as_senyap = f'as_senyap() {{ [[ $1 == test ]] || {rights} "$@"; }}'
    done = sourced(root, f'{as_senyap}; data "" ""')
    assert ("a secret" in (taken / "settings.toml").read_text()) and (done.returncode == 0) is leaks
    assert (taken / "settings.toml").is_symlink() is not leaks
    assert leaks or "is no file of settings" in done.stderr


@pytest.mark.parametrize("what", ["link", "pipe", "folder", "large"])
def test_what_is_no_file_of_settings_stops_the_installer(root: Path, taken: Path, what: str) -> None:
    place = taken / "settings.toml"
    {
        "link": lambda: place.symlink_to("/etc/hostname"),
        "pipe": lambda: os.mkfifo(place, 0o666),
        "folder": place.mkdir,
        "large": lambda: place.write_text("#" * 70_000),
    }[what]()
    done = sourced(root, 'data "" ""')
    assert done.returncode == 3 and "settings.toml is no file of settings" in done.stderr


def test_settings_are_not_named_from_a_home_that_somebody_else_writes(root: Path, taken: Path) -> None:
    (taken / "mine.toml").write_text(SETTINGS)
    done = sourced(root, 'data "" "$1"', taken / "mine.toml")
    assert done.returncode == 3 and "copy it elsewhere" in done.stderr


@pytest.mark.parametrize(("units", "left"), [("", ""), ("senyap-front", ""), ("senyap-web senyap-front", "senyap-web")])
def test_a_front_without_a_certificate_is_not_restarted_and_nothing_else_is_forgotten(
    root: Path, units: str, left: str
) -> None:
    done = sourced(root, f'restart=({units}); restart_without senyap-front; echo "${{#restart[@]}} ${{restart[*]}}"')
    assert done.stdout.strip() == f"{len(left.split())} {left}".strip(), done.stderr


def test_a_journal_on_the_disk_is_erased_and_that_is_said(root: Path) -> None:
    kept = root / "var" / "log" / "journal" / "1" / "system.journal"
    kept.parent.mkdir(parents=True)
    kept.write_text("x")
    assert sourced(root, "check=yes; journal").stdout.startswith("would: ") and kept.exists()
    assert sourced(root, "journal").stdout.startswith("done: ") and not kept.exists()
    assert sourced(root, "journal").stdout.startswith("already: ")


def test_units_of_debian_are_masked_before_their_packages_come(root: Path) -> None:
    units = root / "etc" / "systemd" / "system"
    said = sourced(root, "check=yes; strangers yes")
    assert said.stdout.count("would: ") == 2 and not units.exists()
    pretend = 'dpkg-query() { :; }; apt-get() { [[ "$1 $2" != "-q -y" ]] || ls "$root/etc/systemd/system" >&2; }; '
    script = pretend + "people() { exit; }; " + 'install_all "" "" "" "$1" "" ""'
    first = sourced(root, script, "")
    assert "tor.service" in first.stderr and "nginx.service" not in first.stderr, (
        "without a clear web it is not installed"
    )
    assert "nginx.service" in sourced(root, script, "yes").stderr, "it was there when apt was called"
    assert {p.name: str(p.readlink()) for p in units.iterdir()} == dict.fromkeys(
        ("tor.service", "nginx.service"), "/dev/null"
    )
    assert sourced(root, "strangers yes").stdout.count("already: ") == 2


def test_a_unit_that_somebody_else_made_is_not_overwritten(root: Path) -> None:
    theirs = root / "etc" / "systemd" / "system" / "nginx.service"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    done = sourced(root, "strangers yes")
    assert done.returncode == 3 and "look who made it" in done.stderr and theirs.read_text() == "theirs"


def test_what_a_web_server_wrote_down_before_is_erased(root: Path) -> None:
    logs = root / "var" / "log" / "nginx"
    logs.mkdir(parents=True)
    (logs / "error.log").write_text("")
    assert sourced(root, "web_logs").stdout.startswith("already: "), "the package makes an empty one"
    (logs / "access.log").write_text("192.0.2.1")
    assert sourced(root, "check=yes; web_logs").stdout.startswith("would: ") and (logs / "access.log").exists()
    assert sourced(root, "web_logs").stdout.startswith("done: ") and list(logs.iterdir()) == []
    assert sourced(root, "web_logs").stdout.startswith("already: ")


BEFORE = {  # what nginx.conf had while its first process was root
    "# Two are enough": "user www-data;\n# Two are enough", "/run/senyap-front/nginx.pid": "/run/nginx.pid",
    "_temp_path /run/senyap-front/": "_temp_path /run/senyap-front-",
    "/run/credentials/senyap-front.service/": "/etc/senyap/tls/",
}  # fmt: skip
OWN = {"kotak.example.go.id": "lapor.sumsel.go.id", "keepalive_timeout 5s": "keepalive_timeout 4s"}


def folders_of_before_and_now(root: Path, tmp_path: Path) -> tuple[Path, Path, Path, str, str]:
    """Return a folder of the program of before, that of this one, a configuration made from the first, and both as they should be."""
    now = ROOT / "deploy" / "server"
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "nginx.conf").write_text(shipped("nginx.conf", BEFORE))
    there = root / "etc" / "senyap" / "nginx.conf"
    there.parent.mkdir(exist_ok=True)
    there.write_text(shipped("nginx.conf", BEFORE | OWN))
    return tmp_path / "before", now, there, there.read_text(), shipped("nginx.conf", OWN)


def test_the_clear_web_of_before_fits_its_unit_after_an_update_and_after_the_way_back(
    root: Path, tmp_path: Path
) -> None:
    before, now, there, old, new = folders_of_before_and_now(root, tmp_path)
    assert sourced(root, 'check=yes; front_lines "$1"', now).stdout.startswith("would: ") and there.read_text() == old
    script = 'usermod() { echo "$@"; }; front_lines "$1"; echo "${restart[@]}"'
    done = sourced(root, script, now)
    assert done.stdout.startswith("done: /etc/senyap/nginx.conf: user") and done.stdout.endswith("senyap-front\n")
    assert there.read_text() == new, "what its owner changed stays"
    assert there.with_name("nginx.conf.before-senyap").read_text() == old and "-aG" not in done.stdout
    again = sourced(root, script, now)
    assert again.stdout == "already: /etc/senyap/nginx.conf fits its unit\n\n" and there.read_text() == new
    back = sourced(root, script, before)
    assert sorted(there.read_text().splitlines()) == sorted(old.splitlines()), back.stderr
    assert "-aG senyap-web www-data" in back.stdout, "nginx of that program reaches the pages again"
    assert sourced(root, script, before).stdout.startswith("already: ")


def test_whoever_has_a_clear_web_gets_its_user_with_an_update(root: Path) -> None:
    pretend = 'getent() { :; }; person() { echo "person $1"; }; id() { echo www-data senyap-web; }; gpasswd() { echo "$@" >&2; }; '
    assert "senyap-front" not in sourced(root, pretend + 'people ""').stdout
    (root / "etc" / "senyap").mkdir()
    (root / "etc" / "senyap" / "nginx.conf").write_text("")
    done = sourced(root, pretend + 'people ""')
    assert "person senyap-front" in done.stdout and "done: www-data out of group senyap-web" in done.stdout
    assert done.stderr == "-d www-data senyap-web\n"


def test_a_home_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "var" / "lib").mkdir(parents=True)
    (root / "var" / "lib" / "senyap").symlink_to(tmp_path)
    assert sourced(root, 'data "" ""').returncode == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--what"], 2), (["/nonexistent"], 2), (["--wheels", "/nonexistent"], 2), (["--config", "/nonexistent"], 2)],
)
def test_wrong_use_is_said(root: Path, arguments: list[str], code: int) -> None:
    done = run(INSTALL, *arguments, root=root)
    assert done.returncode == code and done.stderr.startswith("install-server: ")


def test_another_system_is_refused(root: Path) -> None:
    assert run(INSTALL, "--check", root=root).returncode == 0
    (root / "etc" / "os-release").write_text("ID=debian\nVERSION_ID=11\n")
    done = run(INSTALL, "--check", root=root)
    assert done.returncode == 3 and "no Debian 12" in done.stderr


def test_check_changes_nothing(root: Path) -> None:
    before = sorted(root.rglob("*"))
    done = run(INSTALL, "--check", "--clear-web", "--ssh", root=root)
    assert done.returncode == 0 and "nothing was changed" in done.stdout and sorted(root.rglob("*")) == before
    for path in ("in-clear-web.nft", "in-ssh.nft", "out-time.nft", "senyap-web.service", "senyap-front.service"):
        assert path in done.stdout


def in_use(root: Path, version: str) -> None:
    """Make a program of this version the one in use."""
    program = root / "opt" / "senyap" / f"{version}-0123456789ab"
    program.mkdir(parents=True)
    current = root / "opt" / "senyap" / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(program)


def test_a_version_that_is_older_than_the_one_in_use_is_refused_and_changes_nothing(root: Path) -> None:
    for version, code in (("0.0.9", 0), ("0.1.0rc1", 0), ("0.1.0", 0), ("0.1.1", 3), ("0.10.0", 3), ("1.0", 3)):
        in_use(root, version)
        before = sorted(root.rglob("*"))
        done = run(INSTALL, "--check", root=root)
        assert done.returncode == code and sorted(root.rglob("*")) == before, version
        assert ("--rollback" in done.stderr) == ("--older" in done.stderr) == bool(code)
        assert bool(done.stdout) == (not code), "not even a step that would be"
        assert run(INSTALL, "--check", "--older", root=root).returncode == 0
    if os.geteuid() == 0:
        done = run(INSTALL, root=root)
        assert done.returncode == 3 and "0.1.0 is older than 1.0" in done.stderr and sorted(root.rglob("*")) == before


def test_what_comes_before_a_release_does_not_take_its_place(root: Path) -> None:
    in_use(root, "0.1.0")
    done = sourced(root, 'version_here() { echo 0.1.0rc1; }; refuse_older ""')
    assert done.returncode == 3 and "0.1.0rc1 is older than 0.1.0" in done.stderr


def test_versions_are_ordered_as_releases_follow_each_other(root: Path) -> None:
    follow = [
        "0.1.0.dev1",
        "0.1.0.dev2",
        "0.1.0a1",
        "0.1.0b1",
        "0.1.0rc1",
        "0.1.0rc2",
        "0.1.0",
        "0.1.1",
        "0.9",
        "0.10",
        "1.0+x",
    ]
    script = 'dpkg --compare-versions "$(ordered "$1")" lt "$(ordered "$2")"'
    for earlier, later in itertools.pairwise(follow):
        assert sourced(root, script, earlier, later).returncode == 0, later
        assert sourced(root, script, later, earlier).returncode == 1, later


def test_whoever_comes_by_ssh_is_not_locked_out(root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    done = run(INSTALL, root=root, SSH_CONNECTION="192.0.2.1 5 192.0.2.2 22")
    assert done.returncode == 3 and "--ssh" in done.stderr and not (root / "opt").exists()


def test_without_a_program_before_there_is_no_way_back(root: Path) -> None:
    done = run(INSTALL, "--check", "--rollback", root=root)
    assert done.returncode == 3 and "no program before" in done.stderr


def test_uninstall_takes_our_files_and_leaves_data_and_the_firewall_of_before(root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    program = root / "opt" / "senyap" / "one"
    shutil.copytree(ROOT / "deploy" / "server", program / "server")
    (root / "opt" / "senyap" / "current").symlink_to(program)
    for name in ("etc/systemd/system/senyap-web.service", "usr/local/bin/senyap-dropbox", "var/lib/senyap/server.key"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "etc/nftables.conf").write_text("ours")
    (root / "etc/senyap").mkdir()
    (root / "etc/senyap/nginx.conf").write_text("mine")
    (root / "etc/nftables.conf.before-senyap").write_text("theirs")
    done = run(INSTALL, "--uninstall", root=root)
    assert done.returncode == 0 and "left: /var/lib/senyap" in done.stdout, done.stderr
    assert "left: /etc/senyap/nginx.conf, and the key of the clear web" in done.stdout
    assert not (root / "opt/senyap").exists() and not (root / "usr/local/bin/senyap-dropbox").exists()
    assert not (root / "etc/systemd/system/senyap-web.service").exists()
    assert (root / "var/lib/senyap/server.key").read_text() == "x"
    assert (root / "etc/nftables.conf").read_text() == "theirs"
    assert run(INSTALL, "--uninstall", root=root).returncode == 0


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = run("shellcheck", "-x", INSTALL)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [INSTALL, *sorted(INSTALL.with_name("server-steps").iterdir())], ids=lambda p: p.name)
def test_no_file_of_it_grows_beyond_what_can_be_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES
