"""The machine that a drop box is installed on, as `doctor` sees it: files below a root, and what commands answer."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60  # for one command
UNIT = ("ActiveState", "SubState", "MainPID", "NRestarts", "FragmentPath", "DropInPaths", "NeedDaemonReload")
_READ_ONLY = frozenset({"/", "/etc", "/opt", "/usr", "/var", "/var/lib"})  # those that are mounts
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
Run = Callable[[list[str], os.stat_result | None], str | None]


def run(command: list[str], owner: os.stat_result | None) -> str | None:
    """Run a command, as the owner of a file when one is given; return its stdout, None when it says nothing there.

    Its exit code does not count: `status` ends with 1 and says why.
    """
    other = owner if os.geteuid() == 0 else None
    try:
        done = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd="/",
            user=other.st_uid if other else None,
            group=other.st_gid if other else None,
            extra_groups=[] if other else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout or None


@dataclass(frozen=True, slots=True)
class Process:
    """What the kernel says of a process. `status` are the fields of /proc/PID/status."""

    pid: int
    status: dict[str, str]
    core_limit: str  # hard limit, bytes
    read_only: bool  # the machine, for it
    own_network: bool

    @property
    def user(self) -> int:
        """The effective user."""
        return int(self.status["Uid"].split()[1])


class Machine:
    """Answers questions about one machine; `root` is another folder in tests, and `ask` other answers."""

    def __init__(self, root: Path = Path("/"), ask: Run = run) -> None:
        self.root = root
        self.ask = ask

    def path(self, name: str) -> Path:
        """Return where an absolute path lies."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str:
        """Return a file's text; raises OSError."""
        return self.path(name).read_text("utf-8", "replace")

    def owner_of_programs(self) -> int:
        """Return the user whom the root of the machine belongs to: root."""
        return self.root.stat().st_uid

    def user(self, name: str) -> int | None:
        """Return the number of a user, None when there is none; raises OSError."""
        for line in self.text("/etc/passwd").splitlines():
            who, _, number, *_rest = line.split(":")
            if who == name:
                return int(number)
        return None

    def writable_by_others(self, name: str) -> Iterator[str]:
        """Yield the paths below a folder that somebody else than root may change; raises OSError."""
        for folder, names, files in os.walk(self.path(name), onerror=_raise):
            for each in (*names, *files):
                place = Path(folder, each)
                found = place.lstat()
                loose = found.st_mode & 0o022 and not stat.S_ISLNK(found.st_mode)
                if found.st_uid != self.owner_of_programs() or loose:
                    yield f"/{place.relative_to(self.root)}"

    def is_in_memory(self, name: str) -> bool:
        """Tell whether a folder lies in memory, by the mounts that the kernel lists; raises OSError."""
        mounts = {line.split(" ")[1]: line.split(" ")[2] for line in self.text("/proc/self/mounts").splitlines()}
        places = [name, *map(str, Path(name).parents)]
        return next((mounts[place] in _IN_MEMORY for place in places if place in mounts), False)

    def unit(self, name: str) -> dict[str, str]:
        """Return what systemd says of a unit, by the names of UNIT; nothing when it does not answer."""
        said = self.ask(["systemctl", "show", "-p", ",".join(UNIT), f"{name}.service"], None) or ""
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def process(self, pid: int) -> Process:
        """Look at a process; raises OSError, also where only root may look."""
        lines = self.text(f"/proc/{pid}/status").splitlines()
        limits = [line for line in self.text(f"/proc/{pid}/limits").splitlines() if line.startswith("Max core file")]
        mounts = [line.split(" ") for line in self.text(f"/proc/{pid}/mountinfo").splitlines()]
        modes = {fields[4]: fields[5].split(",")[0] for fields in mounts if fields[4] in _READ_ONLY}
        nets = [self.path(f"/proc/{each}/ns/net").readlink() for each in (pid, 1)]
        return Process(
            pid=pid,
            status={name: value.strip() for name, _, value in (line.partition(":") for line in lines)},
            core_limit=limits[0].split()[5] if limits else "",
            read_only="/" in modes and set(modes.values()) == {"ro"},
            own_network=nets[0] != nets[1],
        )


def _raise(error: OSError) -> None:
    raise error


def quoted(path: str | os.PathLike[str]) -> str:
    """Return a path as one word of a command to copy, also where its name holds what no terminal shows."""
    name = os.fspath(path)
    if name.isprintable():
        return shlex.quote(name)
    letters = (chr(each) if chr(each).isalnum() and each < 128 else f"\\x{each:02x}" for each in os.fsencode(name))
    return f"$'{''.join(letters)}'"
