"""A machine that is on: looked into from outside while its script stands still, switched off, or cut off."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from forensics import family, wait_until

SECONDS = 900
JOURNAL = "run/log/journal"
GATES = REACHED, ONWARD = ("reached", "onward")
HOLD = f"hold() {{ echo >/srv/{REACHED}; read -r _ </srv/{ONWARD}; }}\n"


class Running:
    """The machine behind a systemd-nspawn that runs."""

    def __init__(self, root: Path, process: subprocess.Popen[bytes], console: Path) -> None:
        self._root, self._process, self._console = root, process, console
        # Both ends: opening waits for nobody, and a gate that nobody else holds is not at its end.
        self._gates = {name: os.open(root / "srv" / name, os.O_RDWR | os.O_NONBLOCK) for name in GATES}

    def reached(self) -> None:
        """Wait until the script says `hold`."""
        deadline = time.monotonic() + SECONDS
        while not select.select([self._gates[REACHED]], [], [], 1)[0]:
            assert self._process.poll() is None and time.monotonic() < deadline, (
                f"it did not come there: {self._said()}"
            )
        os.read(self._gates[REACHED], 1)

    def onward(self) -> None:
        """Let the script go on."""
        os.write(self._gates[ONWARD], b"\n")

    def ended(self) -> tuple[int, str]:
        """Wait until the machine is off; return the exit code of its script and all that it said."""
        self._process.wait(SECONDS)
        code = self._root / "srv" / "code"
        assert code.is_file(), f"it did not come to its end: {self._said()}"
        return int(code.read_text()), (self._root / "srv" / "said").read_text("utf-8", "replace")

    def _said(self) -> str:
        said = self._root / "srv" / "said"
        places = [self._console, *([said] if said.is_file() else [])]
        return "\n".join(place.read_text("utf-8", "replace")[-3000:] for place in places)

    @property
    def first(self) -> int:
        """Its first process, by the number that it has out here."""
        found = [pid for pid in family(self._process.pid)[1:] if _numbers(pid)[-1:] == ["1"]]
        assert len(found) == 1, f"not one first process: {found}"
        return found[0]

    def there(self, path: str) -> Path:
        """Return where a path of the machine is for us, folders in its memory too."""
        return Path(f"/proc/{self.first}/root") / path.lstrip("/")

    def pids(self, unit: str) -> list[int]:
        """Return all processes of a unit, by the numbers that they have out here."""
        room, found = os.readlink(f"/proc/{self.first}/ns/pid"), list[int]()
        for place in Path("/proc").glob("[0-9]*"):
            try:
                groups = (place / "cgroup").read_text()
                if os.readlink(place / "ns" / "pid") == room and f"/{unit}.service\n" in groups:
                    found.append(int(place.name))
            except OSError:
                continue  # gone since
        return sorted(found)

    def holding(self, words: Sequence[str]) -> dict[str, set[str]]:
        """Return where any of these words stands: files on its disk and in its memory, but /srv, and `journal`."""
        tree, wanted = self.there("/"), [part for word in words for part in ("-e", word)]
        find = ["find", "-H", *(tree / name for name in ("", "run", "tmp", "dev/shm")), "-xdev", "-path", tree / "srv", "-prune",
                "-o", "-type", "f", "-exec", "grep", "-aoHF", *wanted, "{}", "+"]  # fmt: skip
        found: dict[str, set[str]] = {}
        for command, place in (
            (find, ""),
            (["journalctl", "-q", "--no-pager", "-o", "export", "-D", tree / JOURNAL], JOURNAL),
        ):
            told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
            for line in told.stdout.splitlines():
                where = place or line.partition(":")[0].removeprefix(f"{tree}/")
                for word in (word for word in words if word in line):
                    found.setdefault(word, set()).add("journal" if where.startswith(JOURNAL) else where)
        return found

    def pull_the_plug(self) -> None:
        """End it at once, as a machine without power ends: nothing in it is asked, or told."""
        os.kill(self.first, signal.SIGKILL)
        self._process.wait(60)

    def switch_off(self) -> None:
        """End it if it still runs, and let go of it."""
        if self._process.poll() is None:
            wait_until(
                lambda: self._process.poll() is not None or len(family(self._process.pid)) > 1, "its first process"
            )
            if self._process.poll() is None:
                self.pull_the_plug()
        for gate in self._gates.values():
            os.close(gate)
        self._gates = {}


def _numbers(pid: int) -> list[str]:
    """Return the numbers that a process has, out here first."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return line.split()[1:]
    return []
