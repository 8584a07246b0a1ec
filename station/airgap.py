"""Tell whether this machine is cut off from every network.

A radio without a link is no reason; an interface with a carrier, an address or a default route is.
Read from the kernel alone (ioctl and /proc/net): nothing is sent. /sys is left out on purpose, because
inside another network namespace it may still show the interfaces of the first one.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

SIOCGIFFLAGS, SIOCGIFADDR = 0x8913, 0x8915  # linux/sockios.h
IFF_LOOPBACK, IFF_RUNNING = 0x8, 0x40  # linux/if.h
RTF_UP, RTF_REJECT = 0x1, 0x200  # linux/route.h
LOOPBACK = "lo"
_IFREQ = struct.Struct("16s24x")


@dataclass(frozen=True, slots=True)
class Interface:
    """What the kernel says of one interface."""

    name: str
    flags: int
    has_ipv4: bool


def check(*, proc_net: Path = Path("/proc/net")) -> tuple[str, ...]:
    """Return the reasons, in words, why this machine is not air-gapped; none when it is.

    What cannot be looked at is a reason, too.
    """
    try:
        interfaces = list_interfaces()
        ipv6 = parse_if_inet6(_read(proc_net / "if_inet6"))
        routes = parse_route(_read(proc_net / "route")) + parse_ipv6_route(_read(proc_net / "ipv6_route"))
    except (OSError, ValueError, IndexError):
        return ("antarmuka jaringan mesin ini tidak dapat diperiksa",)
    return find_reasons(interfaces, ipv6, routes)


def find_reasons(
    interfaces: list[Interface], with_ipv6: tuple[str, ...], default_routes: tuple[str, ...]
) -> tuple[str, ...]:
    """Return one reason for each interface that is linked, addressed or a default route."""
    loopbacks = {LOOPBACK} | {i.name for i in interfaces if i.flags & IFF_LOOPBACK}
    reasons = []
    for interface in interfaces:
        if interface.name in loopbacks:
            continue
        if interface.flags & IFF_RUNNING:
            reasons.append(f"{interface.name} tersambung")
        if interface.has_ipv4:
            reasons.append(f"{interface.name} punya alamat IPv4")
    reasons += [f"{n} punya alamat IPv6" for n in dict.fromkeys(with_ipv6) if n not in loopbacks]
    reasons += [f"ada jalan keluar lewat {n}" for n in dict.fromkeys(default_routes) if n not in loopbacks]
    return tuple(reasons)


def parse_if_inet6(text: str) -> tuple[str, ...]:
    """Return the interfaces named in /proc/net/if_inet6: those that hold an IPv6 address. Raises IndexError."""
    return tuple(line.split()[5] for line in text.splitlines() if line.strip())


def parse_route(text: str) -> tuple[str, ...]:
    """Return the interfaces of usable IPv4 default routes in /proc/net/route. Raises ValueError or IndexError."""
    found = []
    for line in text.splitlines()[1:]:
        if not line.strip():
            continue
        name, destination, _, flags, *rest = line.split()
        usable = int(flags, 16) & RTF_UP and not int(flags, 16) & RTF_REJECT
        if int(destination, 16) == 0 and int(rest[3], 16) == 0 and usable:
            found.append(name)
    return tuple(found)


def parse_ipv6_route(text: str) -> tuple[str, ...]:
    """Return the interfaces of usable IPv6 default routes in /proc/net/ipv6_route.

    The kernel always lists a ::/0 route that rejects, on lo: it carries RTF_REJECT and leads nowhere.
    Raises ValueError or IndexError.
    """
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        words = line.split()
        destination, length, flags, name = words[0], words[1], int(words[8], 16), words[9]
        if int(destination, 16) == 0 and int(length, 16) == 0 and flags & RTF_UP and not flags & RTF_REJECT:
            found.append(name)
    return tuple(found)


def list_interfaces() -> list[Interface]:
    """Ask the kernel for the flags and IPv4 address of every interface; raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        found = []
        for _, name in socket.if_nameindex():
            with contextlib.suppress(_Gone):
                found.append(Interface(name, _flags(asker, name), _has_ipv4(asker, name)))
        return found


class _Gone(Exception):
    """The interface was unplugged while it was asked about."""


def _flags(asker: socket.socket, name: str) -> int:
    try:
        answer = fcntl.ioctl(asker.fileno(), SIOCGIFFLAGS, _IFREQ.pack(name.encode("ascii")))
    except OSError as error:
        if error.errno == 19:  # ENODEV
            raise _Gone from None
        raise
    (flags,) = struct.unpack_from("=H", answer, 16)
    return int(flags)


def _has_ipv4(asker: socket.socket, name: str) -> bool:
    try:
        fcntl.ioctl(asker.fileno(), SIOCGIFADDR, _IFREQ.pack(name.encode("ascii")))
    except OSError:
        return False  # EADDRNOTAVAIL: none is set
    return True


def _read(path: Path) -> str:
    """Return a /proc table; an absent one means that the kernel has no such protocol."""
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        return ""
