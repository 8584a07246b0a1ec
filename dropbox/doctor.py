"""`senyap-dropbox doctor`: look at the whole installation and say what to mend. It changes nothing and reads no row."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from crypto import medium
from crypto.encoding import visible
from dropbox import clear_web as front
from dropbox import firewall as walls
from dropbox import installed, journald, kernel
from dropbox import onion as tor
from dropbox.cli import EXIT_WARNING, command
from dropbox.errors import BadSettings
from dropbox.machine import Machine, quoted
from dropbox.settings import load_settings

PROGRAM = "/opt/senyap/current"
UNITS = {
    "senyap-web": "senyap",
    "senyap-keeper": "senyap",
    "senyap-cleaner": "senyap-clean",
    "senyap-tor": "senyap-tor",
}
WITH_NETWORK = ("senyap-tor", front.UNIT)
STRANGERS = ("tor", "nginx")  # Debian's own units; the web server writes visitors down
ONION = f"{tor.STATE}/onion/hostname"
WRITERS = ("rsyslog", "syslog-ng")  # of logs
LEAST_FREE = 2**30  # bytes: a copy being made, a journal of the database, an update
_AGAIN = "run deploy/install-server again"
_OF_STATIONS = re.compile(
    r"station\.(key|id)|keyring|stations|roots|.*\.locked|.*passphrases.*|.*\.pass|vault\.db", re.S
)


class Verdict(StrEnum):
    """What becomes of a look."""

    OK = "ok"
    FIX = "fix"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. The words name a place and what to do, never anything of a report."""

    check: str
    verdict: Verdict
    words: str


Said = Iterator[tuple[Verdict, str]]
Check = Callable[[Machine, Path], Said]


def examine(machine: Machine, home: Path) -> list[Finding]:
    """Run every check; one that finds nothing to mend is one line, one that may not look says so."""
    return [
        Finding(name, verdict, visible(words))
        for name, check in CHECKS.items()
        for verdict, words in _run(check, machine, home) or [(Verdict.OK, GOOD[name])]
    ]


def _run(check: Check, machine: Machine, home: Path) -> list[tuple[Verdict, str]]:
    """Return what a check said; what it met and did not expect ends it alone, and is never quoted."""
    said = []
    try:
        for each in check(machine, home):
            said.append(each)
    except OSError as error:
        where = Path(error.filename).name if error.filename else "it"
        advice = ": run it as root" if isinstance(error, PermissionError) else ""
        said.append(_cannot_tell(f"{where}: {error.strerror}{advice}"))
    except (ValueError, LookupError, TypeError, RecursionError):
        said.append(_cannot_tell("something there is not written as it should be: look at it by hand"))
    return said


def _fix(words: str) -> tuple[Verdict, str]:
    return Verdict.FIX, words


def _cannot_tell(words: str) -> tuple[Verdict, str]:
    return Verdict.CANNOT_TELL, words


# --- what is installed -------------------------------------------------------------------------------


def program(machine: Machine, home: Path) -> Said:
    """Only what belongs on a drop box, and nobody but root may change it."""
    place = machine.path(PROGRAM).resolve()
    name = f"/{place.relative_to(machine.root.resolve())}"
    if loose := sorted(machine.writable_by_others(name)):
        yield _fix(f"{len(loose)} files of the program are not root's alone, {loose[0]} first: {_AGAIN}")
    listed = set(machine.text(f"{name}/server-files.txt").splitlines())
    paths = (path.relative_to(place / "program") for path in sorted((place / "program").rglob("*.py")))
    more = [path for path in paths if not {path.as_posix(), f"{path.parent.as_posix()}/"} & listed]
    if more or any(path.startswith("station") for path in listed) or any(place.glob("lib/*/site-packages/station*")):
        which = more[0] if more else "station"
        yield _fix(f"{which} does not belong on a drop box: remove /opt/senyap and {_AGAIN}")
    if other := list(installed.changes(machine, name)):
        yield _fix(
            f"{len(other)} files are not as they were installed, {other[0]} first: rm {name}/complete and {_AGAIN}"
        )


def places(machine: Machine, home: Path) -> Said:
    """Each file of the installation is as it was shipped, and Debian's own units cannot start."""
    for unit in STRANGERS if front.exists(machine) else STRANGERS[:1]:
        mask = machine.path(f"/etc/systemd/system/{unit}.service")
        if not mask.is_symlink() or str(mask.readlink()) != "/dev/null":
            yield _fix(f"{unit}.service of Debian may start: {_AGAIN}")
    for line in machine.text(f"{PROGRAM}/server/places.txt").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        source, path, mode = line.split()
        shipped, there = machine.path(f"{PROGRAM}/server/{source}"), machine.path(path)
        if not shipped.is_file() or (source == f"{front.UNIT}.service" and not front.exists(machine)):
            continue
        if not there.is_file():
            yield _fix(f"{path} is not there: {_AGAIN}")
        elif there.read_bytes() != shipped.read_bytes():
            yield _fix(f"{path} is not as it was shipped: {_AGAIN}")
        elif stat.S_IMODE(there.stat().st_mode) != int(mode, 8) or there.stat().st_uid != machine.owner_of_programs():
            yield _fix(f"{path} may be changed by others than root: {_AGAIN}")


def data(machine: Machine, home: Path) -> Said:
    """The home is the drop box's alone, and no key of anybody else lies in it."""
    found, owner = home.stat(), machine.user("senyap")
    if stat.S_IMODE(found.st_mode) != 0o700 or found.st_uid != owner:
        yield _fix(f"{home} must belong to senyap, mode 0700: chown senyap: {quoted(home)}; chmod 0700 {quoted(home)}")
    for path in sorted(home.rglob("*")):
        if _OF_STATIONS.fullmatch(path.name):
            yield _fix(f"{path.relative_to(home)} is a key or a file of a station: it must never lie here. Erase it")
        elif path.lstat().st_uid != owner:
            yield _fix(f"{path.relative_to(home)} does not belong to senyap: chown -R senyap: {quoted(home)}")
        elif path.suffix == ".key" and stat.S_IMODE(path.lstat().st_mode) != 0o600:
            yield _fix(f"{path.name} may be read by others: chmod 0600 {quoted(path)}")


def settings(machine: Machine, home: Path) -> Said:
    """The settings can be read, and name the cleaner and the onion address."""
    try:
        known = load_settings(home)
    except BadSettings as error:
        yield _fix(str(error))
        return
    if not known.cleaner:
        yield _fix(
            'settings.toml: without cleaner = "/run/senyap-cleaner/clean.sock" files are cleaned beside the keys'
        )
    if not machine.is_in_memory(known.memory):
        yield _fix("settings.toml: memory must name a folder in memory (tmpfs)")
    if known.database:
        yield _cannot_tell("settings.toml: database names another one; look at docs/scale.md for what it shows")
    address = machine.text(ONION).strip()
    if known.onion != address:
        yield _fix(f'settings.toml: onion is not the address of {ONION}; write onion = "…" as it stands there')


# --- what runs ---------------------------------------------------------------------------------------


def units(machine: Machine, home: Path) -> Said:
    """Each unit runs, as its own user, inside its walls."""
    there = UNITS | ({front.UNIT: front.USER} if front.exists(machine) else {})
    for name, user in there.items():
        told = machine.unit(name)
        if not told:
            yield _cannot_tell("systemd does not answer")
            return
        pid = int(told.get("MainPID") or 0)
        shipped = f"/etc/systemd/system/{name}.service"
        read = told.get("FragmentPath") or shipped
        if read != shipped:
            yield _fix(f"{name} is read from {read}: remove that or know why; then systemctl daemon-reload")
        if more := told.get("DropInPaths"):
            yield _fix(f"{name} is not as it was shipped: remove {more} or know why; then systemctl daemon-reload")
        if told.get("NeedDaemonReload") == "yes":
            yield _fix(f"systemd has not read {name} as it is: systemctl daemon-reload; systemctl restart {name}")
        if told.get("ActiveState") != "active" or not pid:
            look = front.LOOK if name == front.UNIT else f"systemctl status {name}"
            again = told.get("SubState") == "auto-restart"
            how = f"ends each time it is started, {told.get('NRestarts')} times by now" if again else "does not run"
            yield _fix(f"{name} {how}: {look}")
            continue
        process, rights = machine.process(pid), front.RIGHTS if name == front.UNIT else 0
        wrong = {
            f"it runs as another user than {user}": process.user != machine.user(user),
            "its system calls are not filtered": process.status.get("Seccomp") != "2",
            "it may get more rights": process.status.get("NoNewPrivs") != "1",
            "it has rights of root": int(process.status.get("CapEff", "1"), 16) & ~rights != 0,
            "it may leave a core dump": process.core_limit != "0",
            "the machine's files are not read-only for it": not process.read_only,
            "it has a network": name not in WITH_NETWORK and not process.own_network,
        }
        yield from (
            _fix(f"{name}: {words}. Look for drop-ins: systemctl cat {name}") for words, is_so in wrong.items() if is_so
        )


def sockets(machine: Machine, home: Path) -> Said:
    """The two sockets lie in memory, behind folders that few may enter."""
    for name, user in (("/run/senyap/web.sock", "senyap"), ("/run/senyap-cleaner/clean.sock", "senyap-clean")):
        folder = str(Path(name).parent)
        found = machine.path(folder).stat()
        if not machine.is_in_memory(folder):
            yield _fix(f"{folder} does not lie in memory")
        if stat.S_IMODE(found.st_mode) != 0o750 or found.st_uid != machine.user(user):
            yield _fix(f"{folder} must be {user}'s, mode 0750: restart its unit")
        if not stat.S_ISSOCK(machine.path(name).stat().st_mode):
            yield _fix(f"{name} is no socket: restart its unit")


def memory(machine: Machine, home: Path) -> Said:
    """What is in memory stays there: no swap that anybody could read, no core dump."""
    for name in kernel.open_swaps(machine):
        yield _fix(f"swap on {name} is not encrypted: swapoff -a, and take it out of /etc/fstab")
    yield from map(_fix, kernel.switches(machine, f"{PROGRAM}/server/sysctl.conf"))


def journal(machine: Machine, home: Path) -> Said:
    """The journal is in memory, and nothing else keeps a log."""
    if any(path.is_file() for path in machine.path("/var/log/journal").rglob("*")):
        yield _fix("a journal lies on the disk: rm -r /var/log/journal; systemctl restart systemd-journald")
    if any(path.is_file() and path.stat().st_size for path in machine.path("/var/log/nginx").rglob("*")):
        yield _fix(f"a web server wrote visitors down in /var/log/nginx: {_AGAIN}")
    for name in WRITERS:
        if machine.unit(name).get("ActiveState") == "active":
            yield _fix(f"{name} writes a second log to the disk: apt-get purge {name}")
    for path in journald.later_files(machine, f"{PROGRAM}/server/journald.conf"):
        yield _fix(f"{path} sets the journal in another way: remove it; systemctl restart systemd-journald")


def firewall(machine: Machine, home: Path) -> Said:
    """The firewall is loaded as its files have it, and drops whatever it does not name."""
    there = walls.loaded(machine)
    if there is None and os.geteuid() != 0:
        yield _cannot_tell("only root may look at the firewall: run it as root")
    elif there is None:
        yield _fix("the firewall is not loaded: systemctl enable --now nftables; systemctl restart nftables")
    else:
        yield from map(_fix, walls.faults(machine, there))
        fresh = walls.afresh(machine)
        if fresh is None:
            yield _cannot_tell(
                "whether the files give what is loaded: this machine gives root no network to load them in"
            )
        else:
            yield from map(_fix, walls.differences(there, fresh))


def apparmor(machine: Machine, home: Path) -> Said:
    """The profiles are in force, where the kernel has AppArmor."""
    if not machine.path("/sys/kernel/security/apparmor").is_dir():
        yield _cannot_tell("this kernel has no AppArmor, or does not show it; the units' other walls stand")
        return
    known = machine.text("/sys/kernel/security/apparmor/profiles")
    for name in ("senyap-dropbox", "senyap-tor"):
        if f"{name} (enforce)" not in known:
            yield _fix(f"AppArmor does not know {name}: apparmor_parser -r /etc/apparmor.d/senyap")


def clear_web(machine: Machine, home: Path) -> Said:
    """Where there is a clear web, it is set as it was shipped, and keeps no log: one of errors names visitors, too."""
    if machine.unit("nginx").get("ActiveState") == "active":
        yield _fix("nginx runs with a configuration of its own: systemctl disable --now nginx; ours is senyap-front")
    if not front.exists(machine):
        return
    yield from map(_fix, front.certificate(machine))
    yield from map(_fix, front.configuration(machine, f"{PROGRAM}/server/nginx.conf"))


def onion(machine: Machine, home: Path) -> Said:
    """Tor opens nothing but what was shipped, and nobody else reaches the keys of its addresses."""
    yield from map(_fix, tor.additions(machine, f"{PROGRAM}/server/torrc-staff"))
    yield from map(_fix, tor.keys(machine))


# --- how it is ---------------------------------------------------------------------------------------


def clock(machine: Machine, home: Path) -> Said:
    """Somebody sets the clock."""
    said = machine.ask(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], None)
    if said is None:
        yield _cannot_tell("timedatectl does not answer; compare the date by hand")
    elif said.strip() != "yes":
        yield _fix(
            "nobody sets the clock: systemctl enable --now systemd-timesyncd, and look whether it reaches a server"
        )


def health(machine: Machine, home: Path) -> Said:
    """Reports are taken, keys and roster hold, and the courier comes."""
    asked = [sys.executable, "-m", "dropbox", "status", "--json", "--home", str(home)]
    try:
        known: dict[str, Any] = json.loads(machine.ask(asked, home.stat()) or "")
    except ValueError:
        yield _fix("the drop box cannot be opened: senyap-dropbox status says why")
        return
    if known["sealing"] != "ready":
        yield _fix(f"no report is taken: {known['sealing']}. senyap-dropbox status says what to do")
    if known["deployment"].startswith("demo-"):
        yield _fix("this is a demo: all its keys were made in one folder. Nothing real may be sent here")
    if known["late"]:
        yield _fix(f"the courier was due on {known['next_round']}")
    yield from (_fix(f"nothing came of {station} for three rounds") for station in known["late_stations"])
    yield from (_fix(words) for words in (*known["ends"], *known["alarms"]))
    if known["closed_groups"]:
        yield _fix(f"no keys of this week: {', '.join(known['closed_groups'])}. Ask for new batches")
    if known["fill"]:
        yield _fix(f"{known['fill']} percent of the slots wait: bring a bundle to a collector")


def disk(machine: Machine, home: Path) -> Said:
    """There is room for what an update, a copy or the database needs."""
    if shutil.disk_usage(home).free < LEAST_FREE:
        yield _fix(f"less than {LEAST_FREE // 2**20} MiB are free where {home} lies")


CHECKS: dict[str, Check] = {
    "program": program, "places": places, "data": data, "settings": settings, "units": units, "sockets": sockets,
    "memory": memory, "journal": journal, "firewall": firewall, "apparmor": apparmor, "onion": onion,
    "clear web": clear_web, "clock": clock, "health": health, "disk": disk,
}  # fmt: skip
GOOD = {
    "program": "the program is root's alone, and holds nothing of a station",
    "places": "units, firewall, torrc and the rest are as they were shipped",
    "data": "the home is senyap's alone, and holds no key of anybody else",
    "settings": "the settings name the cleaner and the onion address",
    "units": "every unit runs, as its own user inside its walls",
    "sockets": "the sockets lie in memory, and few may reach them",
    "memory": "no open swap, no core dump, and the kernel set as shipped",
    "journal": "the journal lies in memory alone",
    "firewall": "the firewall is loaded as its files have it, and drops what it does not name",
    "apparmor": "the AppArmor profiles are in force",
    "onion": "Tor offers what was shipped, and its keys are its own alone",
    "clear web": "no clear web, or one that is set as it was shipped and keeps no log",
    "clock": "the clock is set by a server",
    "health": "reports are taken, keys hold, the courier comes",
    "disk": "there is room on the disk",
}


@click.command()
@command
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(home: Path, as_json: bool) -> None:
    """Look at the whole installation and say what to mend, a line each. As root it sees everything."""
    medium.read_file(home / "root.pin", 4_096)  # refuse a folder that is no drop box
    found = examine(Machine(), home)
    if as_json:
        click.echo(json.dumps([{"check": f.check, "verdict": f.verdict.value, "words": f.words} for f in found]))
    else:
        for each in found:
            click.echo(f"{each.verdict.value}: {each.check}: {each.words}")
    if any(each.verdict is not Verdict.OK for each in found):
        raise SystemExit(EXIT_WARNING)
