"""What the kernel of the machine does with memory, as `doctor` sees it: swap, and the switches of sysctl.conf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dropbox.machine import Machine

INSTALLED = "/etc/sysctl.d/60-senyap.conf"
_DEVICE = re.compile(r"/dev/([a-z]+-?[0-9]+)")
_NOWHERE = frozenset({"", "none"})  # what a swap in memory is written to when it is full


def open_swaps(machine: Machine) -> Iterator[str]:
    """Yield each swap that is neither in memory nor encrypted; raises OSError."""
    for line in machine.text("/proc/swaps").splitlines()[1:]:
        device = line.split()[0]
        found = _DEVICE.fullmatch(device)
        if not found or not (_in_memory(machine, found[1]) or _encrypted(machine, found[1])):
            yield device


def _in_memory(machine: Machine, name: str) -> bool:
    place = machine.path(f"/sys/block/{name}")
    behind = place / "backing_dev"
    return name.startswith("zram") and place.is_dir() and not (behind.is_file() and _text(behind) not in _NOWHERE)


def _encrypted(machine: Machine, name: str) -> bool:
    uuid = machine.path(f"/sys/block/{name}/dm/uuid")
    return uuid.is_file() and uuid.read_text("utf-8", "replace").startswith("CRYPT-")


def _text(place: Path) -> str:
    return place.read_text("utf-8", "replace").strip()


def switches(machine: Machine, shipped: str) -> Iterator[str]:
    """Yield each switch of the shipped file, whose path is given, that the kernel has otherwise; raises OSError."""
    for line in machine.text(shipped).splitlines():
        name, _, wanted = (part.strip() for part in line.partition("="))
        if not wanted or name[0] in "#;":
            continue
        place = machine.path(f"/proc/sys/{name.replace('.', '/')}")
        if not place.is_file():
            yield f"the kernel has no {name}: what it would keep away is not kept away"
        elif " ".join(_text(place).split()) != wanted:
            yield f"{name} is not `{wanted}`: sysctl -p {INSTALLED}, and look for a later file in /etc/sysctl.d"
