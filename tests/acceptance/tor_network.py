"""A Tor network on the loopback interface: one authority, three relays, and the clients and onion services of a test."""

from __future__ import annotations

import base64
import os
import re
import select
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from live import free_port

TOR, GENCERT = shutil.which("tor"), shutil.which("tor-gencert")
WHY_NOT = (
    "tor is not installed" if not (TOR and GENCERT)
    else "only root may run every part of the network" if os.geteuid() != 0
    else ""
)  # fmt: skip
SECONDS = 600  # until a network stands, or a first page comes
RELAYS = ("relay0", "relay1", "relay2")
_VOTES = """\
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo nobody@example.invalid
ExitPolicy reject *:*
V3AuthNIntervalsValid 3
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval {interval}
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
"""


def until(happened: Callable[[], object], what: str, seconds: float = SECONDS) -> float:
    """Look again and again until something has happened; returns how long it took, fails in words."""
    start = time.monotonic()
    while not happened():
        assert time.monotonic() - start < seconds, f"never came: {what}"
        select.select([], [], [], 0.05)
    return time.monotonic() - start


class Node:
    """One tor process with a folder of its own."""

    def __init__(self, folder: Path, torrc: str) -> None:
        self.folder, self.port, self.metrics_port = folder, 0, 0
        (folder / "torrc").write_text(torrc)
        self.said = folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Node:
        assert TOR
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(
                [TOR, "-f", str(self.folder / "torrc"), "--defaults-torrc", "/dev/null"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def is_up(self) -> bool:
        """Tell whether it has the whole network; fails when it has died."""
        assert self._process and self._process.poll() is None, f"{self.folder.name} died: {self.said.read_text()}"
        return "Bootstrapped 100%" in self.log()

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def metrics(self) -> dict[str, float]:
        """Return the figures of its onion services, summed over labels other than the reason of a failure."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=20) as answer:
            lines = re.findall(r"^(tor_hs_\w+)(?:\{[^}]*\})? ([0-9.eE+-]+)$", answer.read().decode(), re.M)
        found: dict[str, float] = {}
        for name, value in lines:
            found[name.removeprefix("tor_hs_")] = found.get(name.removeprefix("tor_hs_"), 0.0) + float(value)
        return found


class TorNetwork:
    """Stands when it is entered; everything in it is stopped, one by one, when it is left.

    `interval` is the number of seconds between two consensuses; an onion service's period is 24 of them.
    """

    def __init__(self, folder: Path, *, interval: int = 10) -> None:
        folder.mkdir(mode=0o700)
        self.folder, self._interval = folder, interval
        self.nodes: dict[str, Node] = {}
        self._directory = ""

    def __enter__(self) -> TorNetwork:
        try:
            directory_port = self._add_authority()
            for name in RELAYS:
                exits = (
                    "ExitRelay 1\nExitPolicyRejectPrivate 0\nExitPolicy accept 127.0.0.0/8:*\nExitPolicy reject *:*\n"
                )
                self._add(name, f"Address 127.0.0.1\nSocksPort 0\nORPort 127.0.0.1:{free_port()}\n{exits}")
            for node in self.nodes.values():
                node.start()
            # A client that begins with half a network looks for the other half late.
            until(lambda: self._listed(directory_port) >= {"auth", *RELAYS}, "a consensus of all relays")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        for node in reversed(self.nodes.values()):
            node.stop()

    def client(self, name: str, more: str = "") -> Node:
        """Start a client; its SOCKS port is `port`."""
        port = free_port()
        node = self._add(name, f"SocksPort 127.0.0.1:{port} ExtendedErrors\n{more}")
        node.port = port
        return node.start()

    def service(self, name: str, torrc: str) -> Node:
        """Start a tor from a torrc as it is shipped: only the lines of this network are added, and figures."""
        folder = self._folder(name)
        metrics = free_port()
        figures = f"MetricsPort 127.0.0.1:{metrics}\nMetricsPortPolicy accept 127.0.0.1\n"
        node = self.nodes[name] = Node(folder, torrc + "\n" + self.lines + f"Log notice file {folder}/log\n" + figures)
        node.metrics_port = metrics
        return node.start()

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        return folder

    @property
    def lines(self) -> str:
        """What makes any tor of this machine one of this network."""
        # No node of such a network can be reached from outside; else each waits for that. Four nodes are too few for
        # layers of guards: with them an onion service finds no second hop.
        alone = "TestingTorNetwork 1\nAssumeReachable 1\nPathsNeededToBuildCircuits 0.67\nVanguardsLiteEnabled 0\n"
        return alone + self._directory

    def _add(self, name: str, torrc: str, folder: Path | None = None) -> Node:
        folder = folder or self._folder(name)
        own = f"DataDirectory {folder}\nNickname {name}\nLog notice file {folder}/log\nShutdownWaitLength 0\n"
        node = self.nodes[name] = Node(folder, self.lines + own + torrc)
        return node

    def _add_authority(self) -> int:
        assert TOR and GENCERT
        folder, relay_port, port = self._folder("auth"), free_port(), free_port()
        keys = folder / "keys"
        keys.mkdir(mode=0o700)
        certificate = keys / "authority_certificate"
        subprocess.run(
            [GENCERT, "--create-identity-key", "--passphrase-fd", "0", "-m", "12", "-a", f"127.0.0.1:{port}",
             "-i", keys / "authority_identity_key", "-s", keys / "authority_signing_key", "-c", certificate],
            input=b"\n", check=True, capture_output=True,
        )  # fmt: skip
        subprocess.run(
            [TOR, "--list-fingerprint", "--DataDirectory", folder, "--ORPort", "1", "--Nickname", "auth",
             "--defaults-torrc", "/dev/null", "-f", "/nonexistent", "--ignore-missing-torrc",
             "--DirAuthority", "x 127.0.0.1:1 " + "F" * 40],
            check=False, capture_output=True,
        )  # fmt: skip
        signer = re.search(r"^fingerprint (\w+)", certificate.read_text(), re.M)
        own = (folder / "fingerprint").read_text().split(" ", 1)[1].strip().replace(" ", "")
        assert signer
        self._directory = (
            f"DirAuthority auth orport={relay_port} no-v2 v3ident={signer[1]} 127.0.0.1:{port} {own}\n"
        )  # fmt: skip
        ports = f"Address 127.0.0.1\nSocksPort 0\nORPort 127.0.0.1:{relay_port}\nDirPort 127.0.0.1:{port}\n"
        self._add("auth", ports + _VOTES.format(interval=self._interval), folder)
        return port

    def _listed(self, port: int) -> set[str]:
        url = f"http://127.0.0.1:{port}/tor/status-vote/current/consensus-microdesc"
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                return set(re.findall(r"^r (\S+) ", answer.read().decode(), re.M))
        except OSError:
            return set()


def client_key() -> tuple[str, str]:
    """Return private and public key of a client as tor writes them, base32 without padding."""
    key = X25519PrivateKey.generate()
    pair = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    private, public = (base64.b32encode(raw).decode().rstrip("=") for raw in pair)
    return private, public
