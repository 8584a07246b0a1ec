"""A closed room for one program that reads what strangers sent: no network, no home, no disk, no way to stay.

The room is bubblewrap's; the files go in and the answer comes out through memory. Nothing of them reaches a disk
(swap is another matter: see `station.swap`).
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from station import seccomp
from station.errors import NoSandbox

MIB = 2**20
NOBODY = 65_534
NEEDED = ("bwrap", "choom", "prlimit", seccomp.SYSTEM_PYTHON)
INSIDE = ("__init__", "frames", "kinds", "look", "odf_names", "office", "ooxml_names", "pages", "pictures", "tails",
          "texts", "verdicts", "wash")  # fmt: skip  # what runs in the room
PLACE = "/inside"
_BORROWED = ("/etc/fonts", "/etc/libreoffice", "/etc/ld.so.cache", "/etc/mime.types", "/etc/alternatives")
_START = f"import sys; sys.path.insert(0, {PLACE!r}); from station.inside import {{0}}; {{0}}.main(*sys.argv[1:])"
_COMPLAINT_BYTES = 4_096
_PIECE = 65_536
_LAST_SECONDS = 10.0  # for the kernel to end what was killed
_LOOK_SECONDS = 0.2  # between two looks at the memory of a room
_LEAST_LEFT, _LEAST_SHARE = 512 * MIB, 10  # what the machine keeps: so much, or this part of it if that is less
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_rooms: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may take. `memory` counts for each process and for all together, `processes` threads, too."""

    memory: int = 1024 * MIB
    processor_seconds: int = 30
    seconds: float = 45.0
    processes: int = 16
    scratch: int = 128 * MIB
    output: int = 64 * MIB
    open_files: int = 64
    sockets: bool = False


class End(Enum):
    """How a program ended."""

    DONE = "done"
    FAILED = "failed"
    TOO_LONG = "too long"
    TOO_MUCH = "too much"
    TOO_GREEDY = "too greedy"  # for memory


@dataclass(frozen=True, slots=True)
class Ended:
    """What came out: hostile bytes. A complaint is anything on standard error, cut."""

    how: End
    output: bytes = field(repr=False)
    complaint: bytes = field(repr=False)


def run_inside(module: str, arguments: Sequence[str], data: bytes, limits: Limits) -> Ended:
    """Run `main` of a module of `station.inside` on a file, which is `/inside/file` there; raises NoSandbox."""
    sources = {f"station/inside/{name}.py": _source(name) for name in INSIDE}
    handed = {**sources, "station/__init__.py": b"", "file": data}
    program = [seccomp.SYSTEM_PYTHON, "-I", "-B", "-c", _START.format(module), *arguments]
    return run(program, {f"{PLACE}/{name}": content for name, content in handed.items()}, limits)


def run(program: Sequence[str], handed: Mapping[str, bytes], limits: Limits) -> Ended:
    """Run a program with files in a room of its own; when this returns, no process of it is left. Raises NoSandbox."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        raise NoSandbox(f"the sandbox needs {', '.join(missing)}")
    nobody = NOBODY if os.geteuid() == 0 else None
    with ExitStack() as stack:
        in_memory = {path: stack.enter_context(_memory(content)) for path, content in handed.items()}
        filter_fd = stack.enter_context(_memory(seccomp.compiled(sockets=limits.sockets)))
        process = subprocess.Popen(  # noqa: S603
            command(program, in_memory, filter_fd, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[*in_memory.values(), filter_fd],
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            user=nobody,
            group=nobody,
            extra_groups=None if nobody is None else [],
        )
    with process:
        _rooms.add(process)
        try:
            return _watch(process, limits)
        except BaseException:  # also Ctrl-C: leaving would wait for a program that nobody reads any more
            _end(process)
            raise
        finally:
            _rooms.discard(process)


def end_all() -> None:
    """End what runs in other threads; there it looks like a program that failed."""
    for process in list(_rooms):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a room with all that is in it.

    A parent that is killed while it makes the room leaves a child that has not asked yet to die with it. So the
    parent is stopped first; then it begins nothing more, and the child, the first process of the room, is killed.
    """
    process.send_signal(signal.SIGSTOP)
    with suppress(ChildProcessError):
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    for child in _children(process.pid):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.kill()


def command(program: Sequence[str], in_memory: Mapping[str, int], filter_fd: int, limits: Limits) -> list[str]:
    """Return the command line; short of memory, the kernel ends this first (choom)."""
    handed = [word for path, fd in in_memory.items() for word in ("--perms", "0444", "--ro-bind-data", str(fd), path)]
    borrowed = [word for path in _BORROWED for word in ("--ro-bind-try", path, path)]
    # fmt: off
    return [
        "choom", "-n", "1000", "--",
        "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
        "--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",  # noqa: S108
        "--uid", str(NOBODY), "--gid", str(NOBODY), "--cap-drop", "ALL", "--hostname", "senyap",
        "--ro-bind", "/usr", "/usr", *(w for d in ("bin", "lib", "lib64") for w in ("--symlink", f"usr/{d}", f"/{d}")),
        *borrowed, "--proc", "/proc", "--dev", "/dev", *handed,
        "--size", str(limits.scratch), "--tmpfs", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/",  # noqa: S108
        "--chdir", "/tmp", "--seccomp", str(filter_fd), "--",  # noqa: S108
        *_bounds(limits), *program,
    ]
    # fmt: on


def _bounds(limits: Limits) -> list[str]:
    """Set inside, where processes are counted for this room alone and not for the whole user."""
    bounds = {
        "as": limits.memory,
        "cpu": limits.processor_seconds,
        "fsize": limits.scratch,
        "nproc": limits.processes,
        "nofile": limits.open_files,
        "core": 0,
        "memlock": 0,
        "msgqueue": 0,
    }
    return ["prlimit", *(f"--{name}={bound}:{bound}" for name, bound in bounds.items()), "--"]


@contextmanager
def _memory(content: bytes) -> Iterator[int]:
    fd = os.memfd_create("berkas", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(fd), "wb") as out:
            out.write(content)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def _source(name: str) -> bytes:
    return files("station").joinpath("inside", f"{name}.py").read_bytes()


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> Ended:
    """Read until both pipes end, or one limit is reached; then the room is empty: its first process died with it."""
    assert process.stdout and process.stderr
    kept = {process.stdout: bytearray(), process.stderr: bytearray()}
    most = {process.stdout: limits.output, process.stderr: _COMPLAINT_BYTES}
    how, deadline = End.DONE, time.monotonic() + limits.seconds
    with selectors.DefaultSelector() as ready:
        for pipe in kept:
            os.set_blocking(pipe.fileno(), False)
            ready.register(pipe, selectors.EVENT_READ)
        while ready.get_map():
            if how is End.DONE and time.monotonic() > deadline:
                how = End.TOO_LONG
            elif how is End.DONE and len(kept[process.stdout]) > limits.output:
                how = End.TOO_MUCH
            elif how is End.DONE and (_resident(process.pid) > limits.memory or _is_short(*_machine())):
                how = End.TOO_GREEDY
            if how is not End.DONE and process.poll() is None:
                _end(process)
                deadline = time.monotonic() + _LAST_SECONDS
            if how is not End.DONE and time.monotonic() > deadline:
                raise NoSandbox("a sandbox did not end when it was killed")
            for key, _ in ready.select(max(0.0, min(_LOOK_SECONDS, deadline - time.monotonic()))):
                _read(ready, key.fileobj, kept, most)  # type: ignore[arg-type]
    output, complaint = (bytes(kept[pipe]) for pipe in (process.stdout, process.stderr))
    if process.wait() and how is End.DONE:
        how = End.FAILED
    return Ended(how, output, complaint)


def _resident(pid: int) -> int:
    """Return how many bytes of memory a process and all below it hold; the limit of the kernel is for each alone."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        with suppress(OSError):  # it has ended
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE_BYTES
        waiting += _children(one)
    return total


def _machine() -> tuple[int, int]:
    """Return the bytes of memory of the machine, and how many could still be had."""
    words = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    found = {word[0]: int(word[1]) * 1024 for word in words if len(word) > 1}
    return found["MemTotal:"], found["MemAvailable:"]


def _is_short(total: int, left: int) -> bool:
    """Tell whether a room must end for the machine's sake: there is memory that counts for no process."""
    return left < min(_LEAST_LEFT, total // _LEAST_SHARE)


def _children(pid: int) -> list[int]:
    """Return the processes that a process has begun and that have not been waited for."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _read(
    ready: selectors.BaseSelector, pipe: BinaryIO, kept: Mapping[BinaryIO, bytearray], most: Mapping[BinaryIO, int]
) -> None:
    piece = os.read(pipe.fileno(), _PIECE)
    if not piece:
        ready.unregister(pipe)
    elif len(kept[pipe]) <= most[pipe]:
        kept[pipe] += piece
