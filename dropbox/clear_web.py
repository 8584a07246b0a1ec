"""The clear web as `doctor` sees it: nginx of the drop box, its certificate, and whether that is the one in use."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from dropbox.directives import differences, parse
from dropbox.machine import Machine

CONFIGURATION = "/etc/senyap/nginx.conf"
UNIT, USER = "senyap-front", "senyap-front"
RIGHTS = 1 << 10  # CAP_NET_BIND_SERVICE
OWN = frozenset({"server_name"})  # what whoever looks after the machine writes there
# Its unit says nothing of why nginx does not start, and what nginx looks for in /run is there only while it runs.
LOOK = (
    "unshare -m sh -c 'mount -t tmpfs none /run && mkdir -p /run/senyap-front /run/credentials && "
    "ln -s /etc/senyap/tls /run/credentials/senyap-front.service && nginx -t -e stderr -c /etc/senyap/nginx.conf'"
)
_FILES, _COPIES = "/etc/senyap/tls", f"/run/credentials/{UNIT}.service"
_CHAIN, _KEY = "fullchain.pem", "key.pem"


def exists(machine: Machine) -> bool:
    """Tell whether this drop box has one; raises OSError."""
    return machine.path(CONFIGURATION).is_file()


def configuration(machine: Machine, shipped: str) -> Iterator[str]:
    """Yield each directive that is not as in the shipped file, whose path is given; raises OSError."""
    place = machine.path(CONFIGURATION)
    found = place.stat()
    if found.st_uid != machine.owner_of_programs() or found.st_mode & 0o022:
        yield f"{CONFIGURATION} must be root's alone to change: chown root: {CONFIGURATION}; chmod 0644 {CONFIGURATION}"
    wanted = parse(machine.text(shipped))
    try:
        there = parse(machine.text(CONFIGURATION))
    except ValueError as error:
        yield f"{CONFIGURATION} is no configuration of nginx: look at {error}, and compare it with {shipped}"
        return
    for words in differences(wanted, there, OWN):
        yield f"{CONFIGURATION}: {words}. As it was shipped: {shipped}; then systemctl reload {UNIT}"


def certificate(machine: Machine) -> Iterator[str]:
    """Yield what to mend of key and chain; raises OSError, also where only root may look."""
    for name in (_CHAIN, _KEY):
        place = machine.path(f"{_FILES}/{name}")
        if not place.is_file():
            yield f"{_FILES}/{name} is not there: put it there, root's alone, then systemctl restart {UNIT}"
            continue
        found, forbidden = place.stat(), 0o077 if name == _KEY else 0o022
        if found.st_uid != machine.owner_of_programs() or stat.S_IMODE(found.st_mode) & forbidden:
            yield f"{_FILES}/{name} must be root's alone: chown root: {_FILES}/{name}; chmod 0600 {_FILES}/{name}"
    there, used = machine.path(f"{_FILES}/{_CHAIN}"), machine.path(f"{_COPIES}/{_CHAIN}")
    if there.is_file() and used.is_file() and there.read_bytes() != used.read_bytes():
        yield f"the certificate in {_FILES} is not the one in use: systemctl restart {UNIT}"
