"""A Debian 12 in a folder that boots: systemd as its first process, loopback alone, and what it may install beside it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bare import absent as no_bare_machine
from bare import archive
from live import ROOT
from running import GATES, HOLD, Running

BOOT = ["systemd-nspawn", "-q", "--private-network", "--register=no", "--keep-unit", "-b"]
UNIT = """
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
ExecStart=/bin/sh -c 'bash /srv/step >/srv/said 2>&1; echo $? >/srv/code; sync; systemctl --no-block poweroff'
[Install]
WantedBy=multi-user.target
"""
PACKAGES = ["python3", "python3-venv", "tor", "nftables", "apparmor", "systemd-timesyncd", "procps", "nginx-light"]
LAYER = ("systemd", "systemd-sysv", "dbus")


def absent() -> str:
    """Return why none can be made here, "" when one can."""
    more = "" if shutil.which("systemd-nspawn") else "systemd-nspawn (systemd-container)"
    return ", ".join(filter(None, (no_bare_machine(), more)))


class Booted:
    """The machine. `debs` and `wheels` are gathered on this one, for it has no network."""

    def __init__(self, root: Path, layer: Sequence[str] = LAYER) -> None:
        self.root = root
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={','.join(layer)}", "bookworm", root, archive()],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self._gather_debs(root / "srv" / "debs")
        self._gather_wheels(root / "srv" / "wheels")
        (root / "etc/apt/sources.list").write_text("deb [trusted=yes] file:/srv/debs ./\n")
        (root / "etc/systemd/system/step.service").write_text(UNIT)
        wants = root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / "step.service").symlink_to("../step.service")

    def _gather_debs(self, folder: Path) -> None:
        state = folder.with_name("apt")
        for name in ("lists/partial", "archives/partial"):
            (state / name).mkdir(parents=True)
        options = {
            "Debug::NoLocking": "1", "APT::Sandbox::User": "", "Dir::State::lists": state / "lists",
            "Dir::State::status": self.root / "var/lib/dpkg/status", "Dir::Cache": state,
            "Dir::Cache::archives": state / "archives",
        }  # fmt: skip
        apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
        subprocess.run([*apt, "update"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [*apt, "install", "-y", "--no-install-recommends", "--download-only", *PACKAGES],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        (state / "archives").rename(folder)
        listed = []
        for deb in sorted(folder.glob("*.deb")):
            told = subprocess.run(["dpkg-deb", "-f", deb], check=True, capture_output=True, text=True).stdout
            digest = subprocess.run(["sha256sum", deb], check=True, capture_output=True, text=True).stdout.split()[0]
            listed.append(f"{told}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n\n")
        (folder / "Packages").write_text("".join(listed))
        shutil.rmtree(state)

    def _gather_wheels(self, folder: Path) -> None:
        pins = ROOT / "deploy" / "requirements-server.txt"
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary", ":all:",
             "--no-deps", "--require-hashes", "-d", folder, "-r", pins],
            check=True,
        )  # fmt: skip

    def put_project(self, name: str) -> Path:
        """Unpack what git has of the project, and what is not committed yet, into /srv/NAME."""
        folder = self.root / "srv" / name
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "crypto", "keys", "dropbox", "templates", "deploy", "setup.cfg"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        for each in listed.stdout.splitlines():
            if (ROOT / each).is_file():
                (folder / each).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / each, folder / each)
        return folder

    def copy(self, root: Path) -> Booted:
        """Return another machine that is as this one is now."""
        subprocess.run(["cp", "-aT", self.root, root], check=True)
        made = Booted.__new__(Booted)
        made.root = root
        return made

    def boot(self, script: str) -> tuple[int, str]:
        """Boot, run a script of bash as root, switch off; return its exit code and all that it said."""
        with self.running(script) as live:
            return live.ended()

    @contextlib.contextmanager
    def running(self, script: str) -> Iterator[Running]:
        """Boot, and give the machine while the script runs; where it says `hold` it stands still for whoever is here."""
        srv = self.root / "srv"
        for name in ("said", "code", *GATES):
            (srv / name).unlink(missing_ok=True)
        for name in GATES:
            os.mkfifo(srv / name)
        (srv / "step").write_text(HOLD + script)
        with self.root.with_name(f"{self.root.name}-console").open("wb") as console:
            process = subprocess.Popen(
                [*BOOT, "-D", self.root], stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        live = Running(self.root, process, Path(console.name))
        try:
            yield live
        finally:
            live.switch_off()


def steps_of(said: str, word: str) -> list[str]:
    """Return what the installer said behind `done`, `already` or `would`."""
    return re.findall(rf"^{word}: (.*)$", said, re.M)
