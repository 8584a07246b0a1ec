"""The onion services as `doctor` sees them: what is added to the shipped torrc, and who may reach their keys."""

from __future__ import annotations

import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dropbox.machine import Machine, quoted

ADDED = "/etc/senyap/torrc.d"
STATE, USER = "/var/lib/senyap-tor", "senyap-tor"
_PORT = re.compile(r"HiddenServicePort [0-9]+ 127\.0\.0\.1:[0-9]+")  # ssh may listen at another port
_ANY_PORT = "HiddenServicePort 22 127.0.0.1:22"
_CLIENT = re.compile(r"descriptor:x25519:[A-Za-z2-7]{52}")  # Tor passes over any other line, and then lets everybody in


def additions(machine: Machine, shipped: str) -> Iterator[str]:
    """Yield what the files that torrc takes in set otherwise than the staff's, whose path is given; raises OSError."""
    folder = machine.path(ADDED)
    if not folder.is_dir():
        return
    if loose := sorted(machine.writable_by_others(ADDED)):
        yield f"{loose[0]} may be changed by others than root: chown -R root: {ADDED}; chmod -R go-w {ADDED}"
    wanted = _settings(machine.text(shipped))
    for place in sorted(each for each in folder.iterdir() if each.name.endswith(".conf")):
        name = f"{ADDED}/{place.name}"
        if not place.is_file():
            yield f"{name} is no file, and Tor would take in what lies there: remove it"
            continue
        there = _settings(machine.text(name))
        if not there:
            continue
        for line in (there - wanted).elements():
            yield f"{name}: `{line[:70]}` must go. As it was shipped: {shipped}; then systemctl restart {USER}"
        for line in (wanted - there).elements():
            yield f"{name}: `{line}` is missing. As it was shipped: {shipped}; then systemctl restart {USER}"
        yield from _clients(machine, there)


def _settings(text: str) -> Counter[str]:
    """Return the lines that set something, with one space between their words and the port of ssh as it was shipped."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return Counter(_ANY_PORT if _PORT.fullmatch(line) else line for line in lines if line and line[0] != "#")


def _clients(machine: Machine, there: Counter[str]) -> Iterator[str]:
    """Yield each of its onion services that Tor opens to everybody who knows the address; raises OSError."""
    for line in there:
        word, _, service = line.partition(" ")
        if word.lower() == "hiddenservicedir" and not any(_allowed(machine, service)):
            yield f"{service}/authorized_clients names nobody, so Tor lets everybody in: put a NAME.auth there, 0600"


def _allowed(machine: Machine, service: str) -> Iterator[Path]:
    folder, owner = machine.path(f"{service}/authorized_clients"), machine.user(USER)
    for place in folder.iterdir() if folder.is_dir() else ():
        is_read = place.suffix == ".auth" and place.is_file() and place.stat().st_uid == owner
        if is_read and _CLIENT.fullmatch(place.read_text("utf-8", "replace").rstrip()):
            yield place


def keys(machine: Machine) -> Iterator[str]:
    """Yield each folder and key that others than Tor may reach: who has a key is the drop box; raises OSError."""
    owner = machine.user(USER)
    for name, wanted in ((STATE, 0o700), (f"{STATE}/onion", 0o700)):
        found = machine.path(name).lstat()
        if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) != wanted or found.st_uid != owner:
            yield f"{name} must be a folder of {USER}, mode 0700: chown {USER}: {name}; chmod 0700 {name}"
    for service in sorted(each for each in machine.path(STATE).iterdir() if each.is_dir()):
        for key in sorted(each for each in service.iterdir() if each.name.startswith("hs_ed25519_")):
            found, name = key.lstat(), f"{STATE}/{service.name}/{key.name}"
            if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != 0o600 or found.st_uid != owner:
                yield f"{name} must be {USER}'s, mode 0600: chown {USER}: {quoted(name)}; chmod 0600 {quoted(name)}"
