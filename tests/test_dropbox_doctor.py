"""`senyap-dropbox doctor`: an installation that is whole gives ok alone, and each thing that is wrong is named."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from live import ROOT
from shipped import settings_of, shipped
from test_server_installer import BEFORE

from dropbox import doctor
from dropbox.__main__ import main
from dropbox.clear_web import LOOK
from dropbox.doctor import CHECKS, GOOD, UNITS, Finding, Verdict, examine
from dropbox.firewall import AFRESH, LIST, afresh, differences, faults
from dropbox.machine import Machine, run

ADDRESS = f"{'a' * 56}.onion"
SERVER = ROOT / "deploy" / "server"
STATUS = {
    "deployment": "sumsel-1", "sealing": "ready", "late": False, "next_round": "2026-12-01", "late_stations": [], "ends": [],
    "alarms": [], "closed_groups": [], "fill": 0,
}  # fmt: skip
CLIENT = f"descriptor:x25519:{'A' * 52}\n"
FIREWALL = """table inet senyap {
\tset web4 {
\t\ttype ipv4_addr
\t}
\tchain in {
\t\ttype filter hook input priority filter; policy drop;
\t\tiifname "lo" accept
\t\tct state invalid drop
\t}
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t}
\tchain out {
\t\ttype filter hook output priority filter; policy drop;
\t\tmeta skuid 995 accept
\t}
}
"""
MOUNTS = "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n"


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class Whole:
    """A machine in a folder on which everything is as it should be, and what its commands answer."""

    def __init__(self, root: Path, server: Path) -> None:
        self.root = root
        self.answers: dict[str, str | None] = {"nft": FIREWALL, "unshare": f"begun\n{FIREWALL}", "timedatectl": "yes\n"}
        self.told: dict[str, str] = {}  # of a unit, besides
        self.units = {name: ("active", number) for number, name in enumerate(UNITS, 41)}
        self.status = dict(STATUS)
        self.home = root / "var/lib/senyap"
        self._program()
        self._home(server)
        self._kernel()
        for number, (name, user) in enumerate(UNITS.items(), 41):
            self._process(number, user, net=name != "senyap-tor")
        for name in ("senyap/web.sock", "senyap-cleaner/clean.sock"):
            path = root / "run" / name
            path.parent.mkdir(parents=True)
            path.parent.chmod(0o750)
            here = os.open(path.parent, os.O_PATH)  # the path of a socket is short
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(f"/proc/self/fd/{here}/{path.name}")
            os.close(here)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def _program(self) -> None:
        place = self.root / "opt/senyap/0.1.0-x"
        for name in ("program/keys/roster.py", "program/dropbox/serve.py"):
            self.write(f"opt/senyap/0.1.0-x/{name}", "x = 1\n")
        shutil.copytree(SERVER, place / "server")
        shutil.copy(ROOT / "deploy" / "server-files.txt", place)
        hashes = [f"{sha256(file.read_bytes()).hexdigest()}  ./{file.relative_to(place)}\n" for file in files_in(place)]
        (place / "hashes.txt").write_text("".join(hashes))
        (place / "complete").touch()
        (self.root / "opt/senyap/current").symlink_to(place)
        (self.root / "etc/systemd/system").mkdir(parents=True)
        (self.root / "etc/systemd/system/tor.service").symlink_to("/dev/null")
        for line in (SERVER / "places.txt").read_text().splitlines():
            if line and not line.startswith("#") and (SERVER / line.split()[0]).is_file() and "front" not in line:
                source, path, mode = line.split()
                self.write(path, (SERVER / source).read_text(), int(mode, 8))

    def _home(self, server: Path) -> None:
        shutil.copytree(server, self.home, ignore=shutil.ignore_patterns("dropbox.db", "locks"))
        self.home.chmod(0o700)
        self.write("var/lib/senyap/settings.toml", f'cleaner = "/run/senyap-cleaner/clean.sock"\nonion = "{ADDRESS}"\n')
        self.write("var/lib/senyap-tor/onion/hostname", f"{ADDRESS}\n")
        self.write("var/lib/senyap-tor/onion/hs_ed25519_secret_key", "x", 0o600)
        for name in ("senyap-tor", "senyap-tor/onion"):
            (self.root / "var/lib" / name).chmod(0o700)

    def _kernel(self) -> None:
        uid = os.geteuid()
        users = dict.fromkeys(("root", "senyap", "senyap-clean", "senyap-tor", "senyap-front"), uid)
        self.write("etc/passwd", "".join(f"{name}:x:{number}:0::/:/bin/sh\n" for name, number in users.items()))
        self.write("proc/self/mounts", MOUNTS)
        self.write("proc/swaps", "Filename Type Size Used Priority\n")
        for line in settings_of((SERVER / "sysctl.conf").read_text()):
            name, value = line.split(" = ")
            self.write(f"proc/sys/{name.replace('.', '/')}", f"{value}\n")
        self.write(
            "sys/kernel/security/apparmor/profiles",
            "senyap-dropbox (enforce)\nsenyap-tor (enforce)\nother (complain)\n",
        )
        net = self.root / "proc/1/ns/net"
        net.parent.mkdir(parents=True)
        net.symlink_to("net:[1]")

    def add_clear_web(self) -> None:
        """Put the clear web beside the rest, as the installer and whoever looks after the machine do."""
        for name, path in (("senyap-front.service", "etc/systemd/system"), ("nginx.conf", "etc/senyap")):
            self.write(f"{path}/{name}", (SERVER / name).read_text())
        (self.root / "etc/systemd/system/nginx.service").symlink_to("/dev/null")
        for name in ("fullchain.pem", "key.pem"):
            self.write(f"etc/senyap/tls/{name}", name, 0o600)
        self.write("run/credentials/senyap-front.service/fullchain.pem", "fullchain.pem")
        self.write("var/log/nginx/access.log", "")  # Debian's package makes an empty one
        self.units["senyap-front"] = ("active", 51)
        self._process(51, "senyap-front", net=False)
        edit("proc/51/status", f"CapEff:\t{0:016x}", f"CapEff:\t{1 << 10:016x}")(self)

    def _process(self, pid: int, user: str, *, net: bool) -> None:
        uid = os.geteuid()
        self.write(
            f"proc/{pid}/status",
            f"Name:\tx\nUid:\t{uid}\t{uid}\nNoNewPrivs:\t1\nSeccomp:\t2\nCapEff:\t{0:016x}\n",
        )
        self.write(f"proc/{pid}/limits", "Limit Soft Hard Units\nMax core file size        0        0        bytes\n")
        self.write(
            f"proc/{pid}/mountinfo",
            "1 0 8:1 / / ro,nosuid - ext4 /dev/vda rw\n3 1 8:1 /var /var ro - ext4 x rw\n2 1 8:1 / /tmp rw - tmpfs x rw\n",
        )
        (self.root / f"proc/{pid}/ns").mkdir()
        (self.root / f"proc/{pid}/ns/net").symlink_to(f"net:[{2 if net else 1}]")

    def ask(self, command: list[str], _owner: os.stat_result | None) -> str | None:
        if command[0] == "systemctl":
            name = command[-1].removesuffix(".service")
            state, pid = self.units.get(name, ("inactive", 0))
            return f"ActiveState={state}\nMainPID={pid}\nDropInPaths=\nNeedDaemonReload=no\n{self.told.get(name, '')}"
        if command[1:4] == ["-m", "dropbox", "status"]:
            return json.dumps(self.status)
        return self.answers[command[0]]

    def examine(self) -> list[Finding]:
        return examine(Machine(self.root, self.ask), self.home)

    def wrong(self) -> list[Finding]:
        return [each for each in self.examine() if each.verdict is not Verdict.OK]


@pytest.fixture
def whole(tmp_path: Path, small: Path) -> Whole:
    return Whole(tmp_path / "machine", small / "server")


def test_a_whole_installation_gives_one_good_line_for_each_check(whole: Whole) -> None:
    assert whole.examine() == [Finding(name, Verdict.OK, GOOD[name]) for name in CHECKS]


def edit(name: str, before: str, after: str) -> Callable[[Whole], None]:
    def change(whole: Whole) -> None:
        path = whole.root / name
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    return change


def write(name: str, text: str = "x", mode: int = 0o644) -> Callable[[Whole], None]:
    return lambda whole: whole.write(name, text, mode) and None  # type: ignore[func-returns-value]


def mode(name: str, bits: int) -> Callable[[Whole], None]:
    return lambda whole: (whole.root / name).chmod(bits)


def gone(name: str) -> Callable[[Whole], None]:
    return lambda whole: (whole.root / name).unlink()


def answer(program: str, said: str | None) -> Callable[[Whole], None]:
    return lambda whole: whole.answers.update({program: said})


def loaded(before: str, after: str, *, files: bool = False) -> Callable[[Whole], None]:
    """Let the kernel have another firewall than the files give, or the files give it, too."""
    assert before in FIREWALL
    said = FIREWALL.replace(before, after)
    return lambda whole: whole.answers.update({"nft": said} | ({"unshare": f"begun\n{said}"} if files else {}))


def told(**values: object) -> Callable[[Whole], None]:
    return lambda whole: whole.status.update(values)


def status_says(text: str) -> Callable[[Whole], None]:
    def change(whole: Whole) -> None:
        whole.ask = lambda command, owner: text if "status" in command else Whole.ask(whole, command, owner)  # type: ignore[method-assign]

    return change


def unit(name: str, said: str) -> Callable[[Whole], None]:
    return lambda whole: whole.told.update({name: f"{said}\n"})


def front(before: str, after: str) -> Callable[[Whole], None]:
    return edit("etc/senyap/nginx.conf", before, after)


def staff(before: str = "", after: str = "", *, client: str | None = CLIENT) -> Callable[[Whole], None]:
    """Put the way in for whoever looks after the machine beside the rest, with one thing in it changed."""

    def change(whole: Whole) -> None:
        text = (SERVER / "torrc-staff").read_text()
        assert before in text
        whole.write("etc/senyap/torrc.d/staff.conf", text.replace(before, after) if before else text)
        if client is not None:
            whole.write("var/lib/senyap-tor/staff/authorized_clients/me.auth", client, 0o600)

    return change


def network_of_the_machine(whole: Whole) -> None:
    path = whole.root / "proc/41/ns/net"
    path.unlink()
    path.symlink_to("net:[1]")


PROGRAM = "opt/senyap/0.1.0-x/program"


@pytest.mark.parametrize(
    ("spoil", "check", "said"),
    [
        (mode(f"{PROGRAM}/dropbox/serve.py", 0o666), "program", "not root's alone"),
        (write(f"{PROGRAM}/keys/keyring.py"), "program", "keyring.py does not belong"),
        (write(f"{PROGRAM}/station/vault.py"), "program", "vault.py does not belong"),
        (edit(f"{PROGRAM}/dropbox/serve.py", "x = 1", "x = 2"), "program", "1 files are not as they were installed, program/dropbox/serve.py first: rm /opt/senyap/0.1.0-x/complete"),
        (write("opt/senyap/0.1.0-x/lib/extra.pyc"), "program", "lib/extra.pyc first"),
        (gone(f"{PROGRAM}/keys/roster.py"), "program", "program/keys/roster.py first"),
        (gone("opt/senyap/0.1.0-x/hashes.txt"), "program", "hashes.txt first"),
        (edit("etc/nftables.conf", "policy drop", "policy accept"), "places", "/etc/nftables.conf"),
        (edit("etc/systemd/system/senyap-web.service", "PrivateNetwork=yes", ""), "places", "senyap-web.service"),
        (edit("etc/systemd/journald.conf.d/zz-senyap.conf", "volatile", "auto"), "places", "journald"),
        (gone("etc/sysctl.d/60-senyap.conf"), "places", "is not there"),
        (mode("usr/local/bin/senyap-dropbox", 0o777), "places", "changed by others"),
        (mode("var/lib/senyap", 0o755), "data", "mode 0700"),
        (write("var/lib/senyap/station.key"), "data", "station.key"),
        (write("var/lib/senyap/root-1.locked"), "data", "root-1.locked"),
        (write("var/lib/senyap/keyring/x"), "data", "keyring"),
        (write("var/lib/senyap/demo-passphrases.txt"), "data", "passphrases"),
        (mode("var/lib/senyap/server.key", 0o644), "data", "server.key may be read"),
        (edit("var/lib/senyap/settings.toml", "cleaner", "claener"), "settings", "unknown key"),
        (edit("var/lib/senyap/settings.toml", 'cleaner = "/run/senyap-cleaner/clean.sock"', ""), "settings", "beside the keys"),
        (edit("var/lib/senyap/settings.toml", "aaa.onion", "bbb.onion"), "settings", "is not the address"),
        (edit("proc/self/mounts", "tmpfs /dev/shm tmpfs", "tmpfs /dev/shm ext4"), "settings", "memory"),
        (lambda whole: whole.units.pop("senyap-keeper"), "units", "senyap-keeper does not run"),
        (unit("senyap-web", "DropInPaths=/etc/systemd/system/senyap-web.service.d/x.conf"), "units", "remove /etc/systemd/system/senyap-web.service.d/x.conf or know why"),
        (unit("senyap-web", "FragmentPath=/etc/systemd/system.control/senyap-web.service"), "units", "is read from /etc/systemd/system.control/senyap-web.service"),
        (unit("senyap-tor", "NeedDaemonReload=yes"), "units", "has not read senyap-tor as it is"),
        (unit("senyap-keeper", "ActiveState=activating\nMainPID=0\nSubState=auto-restart\nNRestarts=7"), "units", "senyap-keeper ends each time it is started, 7 times by now: systemctl status"),
        (edit("proc/42/status", "Seccomp:\t2", "Seccomp:\t0"), "units", "senyap-keeper: its system calls"),
        (edit("proc/43/status", "NoNewPrivs:\t1", "NoNewPrivs:\t0"), "units", "more rights"),
        (edit("proc/41/status", f"CapEff:\t{0:016x}", "CapEff:\t00000000000000ff"), "units", "rights of root"),
        (edit("proc/41/status", f"Uid:\t{os.geteuid()}\t{os.geteuid()}\n", "Uid:\t0\t9999\n"), "units", "as another user than senyap"),
        (edit("proc/44/limits", "size        0        0 ", "size  0 unlimited "), "units", "core dump"),
        (edit("proc/41/mountinfo", "/ / ro", "/ / rw"), "units", "not read-only"),
        (edit("proc/41/mountinfo", "/var ro", "/var rw"), "units", "not read-only"),
        (network_of_the_machine, "units", "senyap-web: it has a network"),
        (edit("proc/self/mounts", "tmpfs /run tmpfs", "tmpfs /run ext4"), "sockets", "memory"),
        (mode("run/senyap", 0o755), "sockets", "mode 0750"),
        (write("proc/swaps", "Filename\n/dev/sda2 partition 1 0 -2\n"), "memory", "swap on /dev/sda2"),
        (write("proc/swaps", "Filename\n/swapfile file 1 0 -2\n"), "memory", "swap on /swapfile"),
        (write("proc/swaps", "Filename\n/var/zram0 file 1 0 -2\n"), "memory", "swap on /var/zram0"),
        (write("proc/swaps", "Filename\n/dev/zram0 partition 1 0 -2\n"), "memory", "swap on /dev/zram0"),
        (write("proc/sys/kernel/core_pattern", "core\n"), "memory", "kernel.core_pattern is not `|/bin/false`"),
        (write("proc/sys/kernel/core_pattern", "|/bin/false-not /var/crash/%p\n"), "memory", "kernel.core_pattern is not"),
        (write("proc/sys/fs/suid_dumpable", "1\n"), "memory", "fs.suid_dumpable is not `0`"),
        (write("proc/sys/kernel/yama/ptrace_scope", "0\n"), "memory", "kernel.yama.ptrace_scope is not `2`"),
        (gone("proc/sys/kernel/kptr_restrict"), "memory", "the kernel has no kernel.kptr_restrict"),
        (gone("etc/systemd/system/tor.service"), "places", "tor.service of Debian may start"),
        (write("var/log/nginx/access.log", "x"), "journal", "/var/log/nginx"),
        (write("usr/lib/systemd/journald.conf.d/zzz.conf", "[Journal]\n Storage = persistent\n"), "journal", "/usr/lib/systemd/journald.conf.d/zzz.conf sets the journal in another way"),
        (write("var/log/journal/x/y"), "journal", "a journal lies on the disk"),
        (lambda whole: whole.units.update(rsyslog=("active", 7)), "journal", "rsyslog"),
        (lambda whole: whole.units.update({"syslog-ng": ("active", 7)}), "journal", "purge syslog-ng"),
        (answer("nft", None), "firewall", "the firewall is not loaded"),
        (loaded("output priority filter; policy drop;", "output priority filter; policy accept;"), "firewall", "in output and unnamed"),
        (loaded("\t\tmeta", "\t\taccept\n\t\tmeta"), "firewall", "`accept` in chain out is loaded and in no file"),
        (loaded("\t\tmeta", "\t\ttcp dport 25 accept\n\t\tmeta"), "firewall", "`tcp dport 25 accept` in chain out is loaded"),
        (loaded("\t\tct state invalid drop\n", ""), "firewall", "`ct state invalid drop` in chain in is in the files and not"),
        (loaded('iifname "lo" accept\n\t\tct state invalid drop', 'ct state invalid drop\n\t\tiifname "lo" accept'), "firewall", "another order"),
        (loaded("\t\tmeta", '\t\tcounter accept comment "mine"\n\t\tmeta', files=True), "firewall", "lets everything through"),
        (loaded("meta skuid 995", "meta skuid 995 log", files=True), "firewall", "writes addresses down"),
        (write("etc/senyap/firewall/in-x.nft", "", 0o666), "firewall", "in-x.nft may be changed by others"),
        (answer("unshare", "begun\n"), "firewall", "cannot be loaded again"),
        (edit("sys/kernel/security/apparmor/profiles", "dropbox (enforce)", "dropbox (complain)"), "apparmor", "senyap-dropbox"),
        (staff("HiddenServiceMaxStreams", "Log info file /var/log/tor\nHiddenServiceMaxStreams"), "onion", "staff.conf: `Log info file /var/log/tor` must go"),
        (staff("HiddenServiceMaxStreams", "safelogging 0\nHiddenServiceMaxStreams"), "onion", "`safelogging 0` must go"),
        (staff("HiddenServiceMaxStreams 8", "ControlPort 9051"), "onion", "`ControlPort 9051` must go"),
        (staff("HiddenServiceMaxStreams 8", ""), "onion", "`HiddenServiceMaxStreams 8` is missing"),
        (staff("127.0.0.1:22", "10.0.0.1:22"), "onion", "127.0.0.1:22` is missing"),
        (staff(client=None), "onion", "names nobody"),
        (staff(client="descriptor:x25519:short"), "onion", "names nobody"),
        (write("etc/senyap/torrc.d/a.conf/b", "SocksPort 9050"), "onion", "is no file"),
        (write("etc/senyap/torrc.d/a.txt", "", 0o666), "onion", "a.txt may be changed by others"),
        (mode("var/lib/senyap-tor", 0o755), "onion", "/var/lib/senyap-tor must be a folder of senyap-tor"),
        (mode("var/lib/senyap-tor/onion", 0o750), "onion", "chmod 0700 /var/lib/senyap-tor/onion"),
        (mode("var/lib/senyap-tor/onion/hs_ed25519_secret_key", 0o640), "onion", "chmod 0600 /var/lib/senyap-tor/onion/hs_ed"),
        (answer("timedatectl", "no\n"), "clock", "nobody sets the clock"),
        (told(sealing="clock-behind"), "health", "no report is taken: clock-behind"),
        (told(deployment="demo-1"), "health", "demo"),
        (told(late=True), "health", "2026-12-01"),
        (told(late_stations=["lahat"]), "health", "lahat"),
        (told(ends=["keys of pali end on 2026-12-13"]), "health", "keys of pali"),
        (told(closed_groups=["lahat"]), "health", "no keys of this week: lahat"),
        (told(fill=75), "health", "75 percent"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_else(
    whole: Whole, spoil: Callable[[Whole], object], check: str, said: str
) -> None:
    spoil(whole)
    found = whole.wrong()
    assert {each.check for each in found} == {check}
    assert any(said in each.words and each.verdict is Verdict.FIX for each in found), found


def test_a_way_in_for_whoever_looks_after_the_machine_is_no_harm(whole: Whole) -> None:
    staff("HiddenServicePort 22 127.0.0.1:22", "  HiddenServicePort  22 127.0.0.1:2222")(whole)
    whole.write("etc/senyap/torrc.d/empty.conf", "# SocksPort 9050\n")
    assert whole.wrong() == []


def test_encrypted_swap_and_swap_in_memory_are_no_harm(whole: Whole) -> None:
    whole.write("proc/swaps", "Filename\n/dev/dm-1 partition 1 0 -2\n/dev/zram0 partition 1 0 100\n")
    whole.write("sys/block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n")
    whole.write("sys/block/zram0/backing_dev", "none\n")
    assert whole.wrong() == []
    whole.write("sys/block/zram0/backing_dev", "/dev/sda3\n")
    assert [each.check for each in whole.wrong()] == ["memory"], "control: what does not fit is written to a disk"
    whole.write("sys/block/zram0/backing_dev", "none\n")
    whole.write("sys/block/dm-1/dm/uuid", "LVM-x\n")
    assert [each.check for each in whole.wrong()] == ["memory"], "control: a volume that is not encrypted"


def test_a_clear_web_of_which_nothing_else_was_installed_is_named(whole: Whole) -> None:
    whole.write("etc/senyap/nginx.conf", (SERVER / "nginx.conf").read_text())
    assert [" ".join(each.words.split()[:4]) for each in whole.wrong()] == [
        "nginx.service of Debian may", "/etc/systemd/system/senyap-front.service is not there:",
        "senyap-front does not run:", "/etc/senyap/tls/fullchain.pem is not there:", "/etc/senyap/tls/key.pem is not there:",
    ]  # fmt: skip
    shutil.rmtree(whole.root / "etc/senyap")
    whole.write("etc/senyap/torrc", (SERVER / "torrc").read_text())
    whole.add_clear_web()
    assert whole.wrong() == []


@pytest.mark.parametrize(
    ("spoil", "check", "said"),
    [
        (edit("proc/51/status", f"{1 << 10:016x}", f"{1 << 10 | 1:016x}"), "units", "senyap-front: it has rights of root"),
        (edit("proc/51/status", f"Uid:\t{os.geteuid()}\t{os.geteuid()}\n", "Uid:\t0\t9999\n"), "units", "than senyap-front"),
        (edit("proc/41/status", f"CapEff:\t{0:016x}", f"CapEff:\t{1 << 10:016x}"), "units", "senyap-web: it has rights"),
        (mode("etc/senyap/tls/key.pem", 0o640), "clear web", "chmod 0600 /etc/senyap/tls/key.pem"),
        (gone("etc/senyap/tls/key.pem"), "clear web", "key.pem is not there"),
        (write("etc/senyap/tls/fullchain.pem", "renewed", 0o600), "clear web", "not the one in use: systemctl restart senyap-front"),
        (mode("etc/senyap/nginx.conf", 0o664), "clear web", "root's alone to change"),
        (front("error_log /dev/null emerg;", "error_log /var/log/x;"), "clear web", "`error_log /var/log/x` must be `error_log /dev/null emerg`"),
        (front("error_log /dev/null emerg;", ""), "clear web", "`error_log /dev/null emerg` is missing."),
        (front("access_log off;", "access_log /var/log/x;"), "clear web", "`access_log /var/log/x` in http must be `access_log off`"),
        (front("ssl_protocols TLSv1.3;", "ssl_protocols TLSv1.2 TLSv1.3;"), "clear web", "must be `ssl_protocols TLSv1.3`"),
        (front("limit_conn visitor 32;", ""), "clear web", "`limit_conn visitor 32` is missing in http, server."),
        (front("ssl_reject_handshake on;", ""), "clear web", "is missing in http, server (default_server)"),
        (front("location / {", "location / { access_log /var/log/x;"), "clear web", "in http, server, location / must go"),
        (front("proxy_set_header Host $server_name;", "proxy_set_header Host $server_name; proxy_set_header X-Real-IP $remote_addr;"), "clear web", "X-Real-IP $remote_addr` in http must go"),
        (front("events {", "include /etc/nginx/conf.d/*.conf; events {"), "clear web", "`include /etc/nginx/conf.d/*.conf` must go"),
        (front("location / {", "location /status { stub_status; } location / {"), "clear web", "`location /status {…}` in http, server must go"),
        (front("map $binary_remote_addr $visitor {", "map $uri $visitor {"), "clear web", "$visitor {…}` is missing in http"),
        (front("server_name kotak.example.go.id;", ""), "clear web", "`server_name …` is missing in http, server"),
        (front("pid /run/senyap-front/nginx.pid;", "user www-data; pid /run/nginx.pid;"), "clear web", "`user www-data` must go"),
        (front("/run/credentials/senyap-front.service/key.pem", "/etc/ssl/key.pem"), "clear web", "ssl_certificate_key /etc/ssl/key.pem` in http, server must be"),
        (front("http {", "http"), "clear web", "is no configuration of nginx"),
        (front("lang=\"id\"", "lang=\"en\""), "clear web", "in http, server, location = /gangguan must be `return 503"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_clear_web_is_named_and_nothing_else(
    whole: Whole, spoil: Callable[[Whole], object], check: str, said: str
) -> None:
    whole.add_clear_web()
    assert whole.wrong() == []
    spoil(whole)
    found = whole.wrong()
    assert {each.check for each in found} == {check}
    assert any(said in each.words and each.verdict is Verdict.FIX for each in found), found


def test_a_clear_web_that_does_not_start_is_told_with_the_command_that_says_why(whole: Whole) -> None:
    """As the guides have it, which tests/test_clear_web.py runs: its unit writes nothing anywhere."""
    whole.add_clear_web()
    unit("senyap-front", "ActiveState=activating\nMainPID=0\nSubState=auto-restart\nNRestarts=7")(whole)
    (found,) = whole.wrong()
    said, _, look = found.words.partition(": ")
    assert said == "senyap-front ends each time it is started, 7 times by now" and look == LOOK
    assert all(
        f"`{LOOK}`" in (ROOT / "docs" / name).read_text() for name in ("guide-operator.md", "guide-operator.id.md")
    )


def test_what_is_whose_in_a_clear_web_is_its_owners(whole: Whole) -> None:
    """The name, the order, remarks and empty space; nothing of it weakens anything."""
    whole.add_clear_web()
    front("server_name kotak.example.go.id;", "server_name lapor.sumsel.go.id;")(whole)
    front("access_log off;\n", "# mine; {\n")(whole)
    front("http {", "http {\n  access_log   off ;")(whole)
    assert whole.wrong() == []


def test_a_clear_web_from_before_an_update_is_told_line_by_line(whole: Whole) -> None:
    whole.add_clear_web()
    whole.write("etc/senyap/nginx.conf", shipped("nginx.conf", BEFORE))
    found = [each.words for each in whole.wrong()]
    assert len(found) == 9 and all(
        "/opt/senyap/current/server/nginx.conf; then systemctl reload" in each for each in found
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("etc/systemd/journald.conf.d/zzz.conf", "[Journal]\n#Storage=persistent\nCompress=no\nStorage=volatile\n"),
        ("usr/lib/systemd/journald.conf.d/syslog.conf", "[Journal]\nForwardToSyslog=yes\n"),
    ],
)
def test_a_file_of_the_journal_that_changes_nothing_of_ours_is_fine(whole: Whole, name: str, text: str) -> None:
    """Ubuntu's syslog.conf is read before ours."""
    whole.write(name, text)
    assert whole.wrong() == []


def test_a_file_of_the_journal_that_another_of_its_name_hides_is_fine(whole: Whole) -> None:
    whole.write("usr/lib/systemd/journald.conf.d/zzz.conf", "[Journal]\nStorage=persistent\n")
    (whole.root / "etc/systemd/journald.conf.d/zzz.conf").symlink_to("/dev/null")
    assert whole.wrong() == []


def test_what_cannot_be_looked_at_is_said_and_counts(whole: Whole) -> None:
    (whole.root / "proc/41/status").unlink()
    (whole.root / "opt/senyap/current").unlink()
    shutil.rmtree(whole.root / "sys")
    whole.answers |= {"timedatectl": None, "unshare": None}
    found = {each.check: each.verdict for each in whole.wrong()}
    assert found == dict.fromkeys(
        ("program", "places", "units", "memory", "journal", "firewall", "apparmor", "clock"), Verdict.CANNOT_TELL
    )


def in_a_network(script: str) -> str:
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="only root gets a network of its own")
def test_the_shipped_firewall_is_whole_as_nft_lists_it_and_one_rule_more_is_not(tmp_path: Path) -> None:
    """The real nft in networks of the test's own; what sets hold, addresses of visitors, is never listed."""
    files = tmp_path / "nftables.conf"
    files.write_text(shipped("nftables.conf", {'"senyap-tor"': '"nobody"', "/etc/senyap/firewall": tmp_path}))
    (tmp_path / "out-apt.nft").write_text('meta skuid "games" accept\n')

    def look(more: str) -> list[str]:
        table = in_a_network(
            f"nft -f {files}; nft 'add element inet senyap web4 {{ 192.0.2.7 }}'; {more} {' '.join(LIST)}"
        )
        assert "192.0.2.7" not in table
        ask = [*AFRESH[:-1], AFRESH[-1].replace("/etc/nftables.conf", str(files))]
        fresh = afresh(Machine(tmp_path, lambda command, _: run(ask if command == AFRESH else command, None)))
        assert fresh
        return [*faults(Machine(tmp_path), table), *differences(table, fresh)]

    assert look("") == []
    assert look("nft add rule inet senyap out tcp dport 25 accept;") == [
        "`tcp dport 25 accept` in chain out is loaded and in no file: systemctl reload-or-restart nftables"
    ]
    assert len(look("nft insert rule inet senyap in counter accept;")) == 2


def test_a_name_that_somebody_chose_is_one_line_and_one_word_of_a_command(whole: Whole) -> None:
    whole.write("var/lib/senyap/a\nok: units: all is well.pass", "x")
    whole.write("var/lib/senyap/\x1b[2K;id .key", "x", 0o644)
    Path(os.fsdecode(os.fsencode(whole.home) + b"/\xff.pass")).write_text("x")
    said = [each.words for each in whole.wrong()]
    assert len(said) == 3 and all(words.isprintable() and words.isascii() for words in said)
    assert any(words.startswith(r"a\u{000A}ok: units: all is well.pass is a key") for words in said)
    (command,) = [words.rpartition(": ")[2] for words in said if "chmod" in words]
    subprocess.run(["bash", "-c", command], check=True)  # the file itself, and nothing that is named in its name
    assert stat.S_IMODE((whole.home / "\x1b[2K;id .key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (write("etc/passwd", "root:x:0:0::/:/bin/sh\nbad line\n"), "data"),
        (status_says("[" * 100_000), "health"),
        (lambda whole: whole.status.pop("ends"), "health"),
        (unit("senyap-web", "MainPID=x"), "units"),
    ],
)
def test_what_is_not_written_as_it_should_be_ends_one_check_and_not_the_others(
    whole: Whole, spoil: Callable[[Whole], object], check: str
) -> None:
    spoil(whole)
    found = whole.examine()
    assert {each.check for each in found} == set(CHECKS)
    assert [each.verdict for each in found if each.check == check] == [Verdict.CANNOT_TELL]


def test_what_a_check_found_before_it_could_not_go_on_is_said(whole: Whole) -> None:
    unit("senyap-web", "NeedDaemonReload=yes")(whole)
    (whole.root / "proc/42/status").unlink()
    assert [each.verdict for each in whole.wrong()] == [Verdict.FIX, Verdict.CANNOT_TELL]


def test_an_empty_folder_for_a_journal_is_no_journal(whole: Whole) -> None:
    (whole.root / "var/log/journal/0123").mkdir(parents=True)
    assert whole.wrong() == []


def test_a_full_disk_is_named(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 2**62)
    assert [each.check for each in whole.wrong()] == ["disk"]


def test_a_drop_box_that_cannot_be_opened_is_said(whole: Whole) -> None:
    whole.ask = lambda command, owner: None if "status" in command else Whole.ask(whole, command, owner)  # type: ignore[method-assign]
    assert [(each.check, each.verdict) for each in whole.wrong()] == [("health", Verdict.FIX)]


def test_the_command_says_one_line_a_finding_and_ends_with_1(
    whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "Machine", lambda: Machine(whole.root, whole.ask))
    done = CliRunner().invoke(main, ["doctor", "--home", str(whole.home)])
    assert done.exit_code == 0 and done.output.splitlines() == [f"ok: {name}: {GOOD[name]}" for name in CHECKS]
    whole.answers["timedatectl"] = None
    done = CliRunner().invoke(main, ["doctor", "--home", str(whole.home), "--json"])
    values = json.loads(done.output)
    assert done.exit_code == 1 and [v["verdict"] for v in values].count("cannot tell") == 1
    assert list(values[0]) == ["check", "verdict", "words"]
    assert CliRunner().invoke(main, ["doctor", "--home", str(tmp_path)]).exit_code == 2


def test_it_changes_nothing_and_says_nothing_of_rows(whole: Whole) -> None:
    def tree() -> dict[str, tuple[int, int]]:
        return {str(p): (p.lstat().st_mode, p.lstat().st_mtime_ns) for p in whole.root.rglob("*")}

    before = tree()
    said = " ".join(each.words for each in whole.examine())
    assert tree() == before
    assert not any(word in said for word in ("waiting", "slots", ADDRESS))
