"""A disk as a power cut may leave it, made from the system calls of one clean run.

What was synced is there. Of what was not, any part may be: writes whole, torn at sectors or missing; names made,
changed or gone up to any of the calls that changed them, in their order in each folder. A file's own sync keeps its
bytes and its size, never its name: that takes a sync of the folder.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forensics import wait_until

CALLS = (
    "?open,?creat,openat,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,truncate,ftruncate,fallocate,"
    "?rename,renameat,renameat2,?link,linkat,?unlink,unlinkat,?mkdir,mkdirat,?rmdir,fsync,fdatasync,sync_file_range,"
    "copy_file_range,sendfile,exit_group"
)
_STRING_BYTES = 600_000  # more than two rows
_BEGUN = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$", re.S)
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$", re.S)
_WHOLE = re.compile(r"^(\d+) +(\w+)\((.*)$", re.S)
_RESULT = re.compile(r"\) += (-?\d+)(.*)$", re.S)
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_FD = re.compile(r"^(\d+|AT_FDCWD)<(.*?)>")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `begun` is how many steps were over when it began: a sync covers those alone."""

    kind: str  # make, write, size, rename, unlink, folder, sync, said
    path: str
    begun: int
    data: bytes = field(repr=False, default=b"")
    at: int = 0
    other: str = ""  # the new name of a rename


def strace(out: Path, *more: str, calls: str = CALLS) -> list[str]:
    """Return the front of a command line that notes every call; the command keeps its own process id."""
    return [
        "strace", "-D", "-f", "-q", "-yy", "-xx", "-s", str(_STRING_BYTES), "--seccomp-bpf", "-e", f"trace={calls}",
        "-e", "signal=none", "-o", str(out), *more,
    ]  # fmt: skip


def run_traced(out: Path, command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command under strace to its end, the end of its log included."""
    front = [part for part in strace(out) if part != "-D"]
    return subprocess.run([*front, *command], env=dict(env), capture_output=True, text=True, timeout=300)


def await_end(log: Path, pid: int) -> None:
    """Wait until strace has noted the end of a process that it was put before."""
    wait_until(lambda: re.search(rf"^{pid} +\+\+\+ ", log.read_text("ascii")[-2_000:], re.M), "the end of the log")


def _text(hexed: str) -> bytes:
    return bytes.fromhex(hexed.replace("\\x", ""))


def _place(named: str) -> str:
    """Return the path of a descriptor; what strace writes of sockets stays as it is."""
    found = re.match(r"(?:\\x[0-9a-f]{2})+", named)
    return os.fsdecode(_text(found[0])) if found else named


class Log:
    """Reads what strace wrote into steps below some folders; what was sent elsewhere is kept as `said`."""

    def __init__(self, file: Path, *folders: Path) -> None:
        self._folders = [str(folder) for folder in folders]
        self._open: dict[str, tuple[str, str, int]] = {}  # thread → call that is not over, and when it began
        self._position: dict[tuple[str, str], int] = {}  # (descriptor, path) → where the next write goes
        self.steps: list[Step] = []
        with file.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                self._line(line.rstrip("\n"))

    def _line(self, line: str) -> None:
        if found := _BEGUN.match(line):
            self._open[found[1]] = (found[2], found[3], len(self.steps))
        elif found := _RESUMED.match(line):
            name, front, begun = self._open.pop(found[1])
            self._call(name, front + found[3], begun)
        elif found := _WHOLE.match(line):
            self._call(found[2], found[3], len(self.steps))

    def _ours(self, path: str) -> bool:
        return any(path == folder or path.startswith(folder + "/") for folder in self._folders)

    def _add(self, kind: str, path: str, begun: int, **rest: object) -> None:
        self.steps.append(Step(kind, path, begun, **rest))  # type: ignore[arg-type]

    def _call(self, name: str, rest: str, begun: int) -> None:
        if name == "exit_group":
            self._add("said", "exit", begun, at=int(rest.split(")")[0]))
            return
        result = _RESULT.search(rest)
        if result is None or int(result[1]) < 0:
            return
        done = int(result[1])
        arguments = rest[: result.start()]
        if name in ("fsync", "fdatasync", "write", "pwrite64", "sendto", "ftruncate", "writev", "pwritev", "sendmsg"):
            self._through_descriptor(name, arguments, done, begun)
        elif name in ("open", "openat", "creat"):
            self._opened(arguments, result[2], done, begun)
        elif (names := self._names(arguments)) and any(map(self._ours, names)):
            self._renamed(name, arguments, names, begun)

    def _through_descriptor(self, name: str, arguments: str, done: int, begun: int) -> None:
        target = _FD.match(arguments)
        if target is None:
            return
        path = _place(target[2])
        if name in ("fsync", "fdatasync"):
            if self._ours(path):
                self._add("sync", path, begun)
            return
        if name == "ftruncate":
            if self._ours(path):
                self._add("size", path, begun, at=int(arguments.rsplit(", ", 1)[1]))
            return
        strings = [(_text(found[1]), found[2]) for found in _STRING.finditer(arguments)]
        data = b"".join(text for text, _cut in strings)
        if not self._ours(path):
            self._add("said", path, begun, data=data[:200_000])
            return
        assert name in ("write", "pwrite64"), f"{name} to {path}: this call is not known here"
        assert len(data) >= done and not any(cut for _text, cut in strings), f"a write of {done} bytes was cut short"
        where = (target[1], path)
        at = int(arguments.rsplit(", ", 1)[1]) if name == "pwrite64" else self._position.get(where, 0)
        if name == "write":
            self._position[where] = at + done
        self._add("write", path, begun, data=data[:done], at=at)

    def _names(self, arguments: str) -> list[str]:
        """Return the paths that a call names, made absolute by the folder that stands before them."""
        names, folder = [], ""
        for found in re.finditer(r'(?:AT_FDCWD|\d+)<([^>]*)>|"((?:\\x[0-9a-f]{2})*)"', arguments):
            if found[1] is not None:
                folder = _place(found[1])
            else:
                names.append(os.path.normpath(os.path.join(folder, os.fsdecode(_text(found[2])))))
        return names

    def _opened(self, arguments: str, result: str, fd: int, begun: int) -> None:
        path = (self._names(arguments) or [""])[0]
        if not self._ours(path):
            return
        self._position[str(fd), path] = 0
        if "O_CREAT" in arguments:
            self._add("make", path, begun)
        if "O_TRUNC" in arguments:
            self._add("size", path, begun, at=0)
        assert "O_APPEND" not in arguments, f"{path} is written at its end: this is not known here"

    def _renamed(self, name: str, arguments: str, names: Sequence[str], begun: int) -> None:
        if name.startswith("rename"):
            old, new = names
            assert os.path.dirname(old) == os.path.dirname(new), "a rename between two folders is not known here"
            self._add("rename", old, begun, other=new)
        elif name.startswith("mkdir"):
            self._add("folder", names[0], begun)
        elif name == "rmdir" or "AT_REMOVEDIR" in arguments:
            self._add("said", names[0], begun)  # nothing depends on an empty folder
        elif name.startswith("unlink"):
            self._add("unlink", names[0], begun)
        else:
            raise AssertionError(f"{name} of {names[0]}: this call is not known here")


class Inode:
    """The bytes of one file: those that are safe, and writes and sizes that are not yet."""

    def __init__(self, data: bytes = b"") -> None:
        self.safe = bytearray(data)
        self.pending: list[tuple[int, Step]] = []

    def sync(self, begun: int) -> None:
        """Make safe what was over when the sync began."""
        for _number, step in (each for each in self.pending if each[0] < begun):
            _apply(self.safe, step, [(0, len(step.data))])
        self.pending = [each for each in self.pending if each[0] >= begun]

    def found(self, dice: random.Random, mood: str) -> bytes:
        """Return what may be found after the cut."""
        if not self.pending or mood == "nothing":
            return bytes(self.safe)
        out = bytearray(self.safe)
        last = dice.randrange(len(self.pending) + 1) if mood == "front" else len(self.pending)
        sector = dice.choice((512, 4096))
        for _number, step in self.pending[:last]:
            if mood in ("all", "front"):
                _apply(out, step, [(0, len(step.data))])
            elif step.kind == "size" or mood == "some":
                if dice.random() < 0.5:
                    _apply(out, step, [(0, len(step.data))])
            else:
                _apply(out, step, _torn(dice, step, sector))
        return bytes(out)


def _torn(dice: random.Random, step: Step, sector: int) -> list[tuple[int, int]]:
    share = dice.choice((0.1, 0.5, 0.9))
    starts = [0, *range(sector - step.at % sector, len(step.data), sector)]
    return [
        (start, min(len(step.data), start - (step.at + start) % sector + sector))
        for start in starts
        if dice.random() < share
    ]


def _apply(data: bytearray, step: Step, pieces: Sequence[tuple[int, int]]) -> None:
    if step.kind == "size":
        del data[step.at :]
        data.extend(bytes(step.at - len(data)))
        return
    for start, end in pieces:
        place = step.at + start
        data.extend(bytes(max(0, place - len(data))))
        data[place : step.at + end] = step.data[start:end]


class Disk:
    """Files and folders while the steps go by."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._inodes = {path: Inode(data) for path, data in files.items()}  # as a running program sees them
        self._safe = dict(self._inodes)  # as far as the folders are synced
        self._pending: dict[str, list[tuple[int, Step, Inode | None]]] = {}  # folder → changes of names

    def take(self, number: int, step: Step) -> None:
        """Let one step happen."""
        if step.kind == "sync":
            self._sync(step)
        elif step.kind in ("write", "size"):
            self._inodes[step.path].pending.append((number, step))
        elif step.kind == "make":
            if step.path not in self._inodes:
                self._inodes[step.path] = Inode()
                self._note(number, step, self._inodes[step.path])
        elif step.kind == "folder":
            self._note(number, step, None)
        elif step.kind == "rename":
            inode = self._inodes.pop(step.path)
            self._inodes[step.other] = inode
            self._note(number, step, inode)
        elif step.kind == "unlink":
            self._note(number, step, self._inodes.pop(step.path))

    def _note(self, number: int, step: Step, inode: Inode | None) -> None:
        self._pending.setdefault(os.path.dirname(step.path), []).append((number, step, inode))

    def _sync(self, step: Step) -> None:
        if step.path in self._inodes:
            self._inodes[step.path].sync(step.begun)
            return
        changes = self._pending.get(step.path, [])
        for _number, change, inode in (each for each in changes if each[0] < step.begun):
            _rename(self._safe, change, inode)
        self._pending[step.path] = [each for each in changes if each[0] >= step.begun]

    def found(self, dice: random.Random) -> dict[str, bytes]:
        """Return the files that may be found after a cut now, by path; a folder that is lost takes its files along."""
        mood = dice.choice(("nothing", "all", "front", "some", "torn", "torn"))
        names, lost = dict(self._safe), list[str]()
        for changes in self._pending.values():
            kept = {"nothing": 0, "all": len(changes)}.get(mood, dice.randrange(len(changes) + 1))
            if mood == "all" and dice.random() < 0.5:  # all bytes, and not the last names
                kept = dice.randrange(len(changes) + 1)
            for number, (_number, change, inode) in enumerate(changes):
                if number < kept:
                    _rename(names, change, inode)
                elif change.kind == "folder":
                    lost.append(change.path + "/")
        return {path: inode.found(dice, mood) for path, inode in names.items() if not any(map(path.startswith, lost))}

    def whole(self) -> dict[str, bytes]:
        """Return the files as a running program sees them: what is left when it is killed and the machine goes on."""
        dice = random.Random(0)
        return {path: inode.found(dice, "all") for path, inode in self._inodes.items()}


def _rename(names: dict[str, Inode], change: Step, inode: Inode | None) -> None:
    if change.kind == "make" and inode is not None:
        names[change.path] = inode
    elif change.kind == "unlink":
        names.pop(change.path, None)
    elif change.kind == "rename" and inode is not None:
        names.pop(change.path, None)
        names[change.other] = inode


def snapshot(*folders: Path) -> dict[str, bytes]:
    """Return all files below some folders, by path."""
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def lay_out(found: Mapping[str, bytes], below: Path, to: Path) -> Path:
    """Write found files of one folder to another place."""
    front = str(below) + "/"
    for path, data in found.items():
        if path.startswith(front):
            place = to / path.removeprefix(front)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "wb") as out:
                out.write(data)
    return to


def without_syncs(steps: Sequence[Step], below: Path) -> Iterator[Step]:
    """Yield the steps of a program that never syncs anything in one folder: the control."""
    for step in steps:
        yield Step("said", "", step.begun) if step.kind == "sync" and step.path.startswith(str(below)) else step
