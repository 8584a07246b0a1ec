"""A terminal for tests: what a program draws on it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Collection, Sequence

from live import ROOT


def drawn(command: Sequence[str], *, on: Collection[str] = ("stdin", "stdout", "stderr"), columns: int = 80) -> str:
    """Run a program of which these streams are a terminal, the others nothing, to a good end; return what it drew."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    streams = {name: theirs if name in on else subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
    run = subprocess.Popen(command, cwd=ROOT, env=clean | {"PYTHONPATH": str(ROOT)}, **streams)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65_536):
            shown += piece
    except OSError:  # how Linux says that nobody writes there any more
        pass
    os.close(ours)
    assert run.wait() == 0
    return shown.decode().replace("\r\n", "\n")
