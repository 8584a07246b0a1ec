"""deploy/server/torrc and torrc-staff: Tor takes them, and each line says why it is there."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from shipped import SERVER, settings_of, staff_torrc, torrc

TOR = shutil.which("tor")
needs_tor = pytest.mark.skipif(TOR is None, reason="tor is not installed")
FILES = ("torrc", "torrc-staff")


def verify(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Let tor read a configuration, nothing else, and have it show what it took."""
    assert TOR
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    (folder / "torrc").write_text(text)
    return subprocess.run(
        [TOR, "-f", str(folder / "torrc"), "--defaults-torrc", "/dev/null", "--verify-config"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@needs_tor
@pytest.mark.parametrize("staff", [False, True])
def test_tor_takes_it_and_says_nothing_of_it(tmp_path: Path, staff: bool) -> None:
    state = tmp_path / "state"
    (state / "torrc.d").mkdir(parents=True)
    state.chmod(0o700)
    if staff:
        (state / "torrc.d" / "staff.conf").write_text(staff_torrc(state, "127.0.0.1:22"))
    done = verify(tmp_path, torrc(state, tmp_path / "web.sock"))
    assert done.returncode == 0 and "Configuration was valid" in done.stdout
    warned = [line for line in done.stdout.splitlines() if "[warn]" in line and "as root" not in line]
    assert warned == [] and done.stderr == ""
    assert ("staff.conf" in done.stdout) is staff


@needs_tor
def test_without_the_folder_of_more_services_it_is_taken_too(tmp_path: Path) -> None:
    assert verify(tmp_path, torrc(tmp_path / "state", tmp_path / "web.sock")).returncode == 0


@needs_tor
def test_it_says_when_it_is_ready_and_ends_when_it_is_told(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (tmp_path / "torrc").write_text(torrc(state, tmp_path / "web.sock") + "DisableNetwork 1\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, TemporaryDirectory(prefix="senyap-") as short:
        told.bind(f"{short}/notify")
        told.settimeout(60)
        process = subprocess.Popen(
            [TOR or "", "-f", str(tmp_path / "torrc"), "--defaults-torrc", "/dev/null"],
            env={**os.environ, "NOTIFY_SOCKET": f"{short}/notify"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while b"READY=1" not in told.recv(4096):
                pass
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^SigBlk:\s+0+$", status, re.M), "it hears every signal"
            process.terminate()
            process.wait(60)  # however: one that has just started may stumble over its own threads at its end
        finally:
            process.kill()
            process.wait()
    assert (state / "onion" / "hostname").read_text().strip().endswith(".onion")


@needs_tor
def test_control_a_word_that_tor_does_not_know_is_refused(tmp_path: Path) -> None:
    text = torrc(tmp_path / "state", tmp_path / "web.sock")
    done = verify(tmp_path, text.replace("HiddenServicePoWDefensesEnabled", "HiddenServicePoWDefences"))
    assert done.returncode != 0 and "HiddenServicePoWDefences" in done.stdout


@pytest.mark.parametrize("name", FILES)
def test_each_line_has_its_reason_above_it(name: str) -> None:
    before = ""
    for line in (SERVER / name).read_text("utf-8").splitlines():
        assert not line or line.startswith("#") or before.startswith("# "), line
        before = line


def test_it_is_an_onion_service_and_nothing_else() -> None:
    lines = settings_of((SERVER / "torrc").read_text("utf-8"))
    names = [line.split()[0] for line in lines]
    assert "SocksPort 0" in lines and "ClientOnly 1" in lines
    assert not {
        "ControlPort",
        "ControlSocket",
        "ORPort",
        "DirPort",
        "MetricsPort",
        "User",
        "HiddenServiceSingleHopMode",
    } & {*names}
    assert [line for line in lines if line.startswith("HiddenServicePort")] == [
        "HiddenServicePort 80 unix:/run/senyap/web.sock"
    ]


def test_nothing_is_kept_of_visitors() -> None:
    lines = settings_of((SERVER / "torrc").read_text("utf-8"))
    assert [line for line in lines if line.startswith("Log ")] == ["Log err stderr"] and "SafeLogging 1" in lines


def test_the_staff_service_is_off_and_has_a_folder_of_its_own() -> None:
    public = (SERVER / "torrc").read_text("utf-8")
    assert not [line for line in settings_of(public) if "staff" in line]
    staff = settings_of((SERVER / "torrc-staff").read_text("utf-8"))
    assert staff[0] == "HiddenServiceDir /var/lib/senyap-tor/staff" and staff[0] not in public
