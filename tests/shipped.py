"""Configuration files of the server as they are shipped, with the paths and ports of a test in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from live import ROOT

SERVER = ROOT / "deploy" / "server"


def shipped(name: str, changes: Mapping[str, object]) -> str:
    """Return a file of deploy/server with texts replaced; each must stand in it, so that nothing is tested beside it."""
    text = (SERVER / name).read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, str(new))
    return text


def settings_of(text: str) -> list[str]:
    """Return the lines of a torrc that set something."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def torrc(folder: Path, socket: Path) -> str:
    """Return the shipped torrc for a state folder and the socket of a drop box."""
    places = {"/var/lib/senyap-tor": folder, "/run/senyap/web.sock": socket, "/etc/senyap/torrc.d": folder / "torrc.d"}
    return shipped("torrc", places)


def staff_torrc(folder: Path, target: str) -> str:
    """Return the shipped staff onion service for the same state folder; `target` is in the place of ssh."""
    return shipped("torrc-staff", {"\nHiddenServiceDir /var/lib/senyap-tor": f"\nHiddenServiceDir {folder}",
                                   "127.0.0.1:22": target})  # fmt: skip
