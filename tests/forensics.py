"""How the forensic tests look at a running server: its system calls, its memory, the files it leaves."""

from __future__ import annotations

import array
import contextlib
import itertools
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest
from live import ROOT, Answer, LiveServer, free_port
from werkzeug.wrappers import Request, Response

from dropbox.serve import WORKERS

DEADLINE_SECONDS = 60
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a process that is not dumpable")


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Look again and again until something has happened; fails in words after a minute."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"never came: {what}"
        select.select([], [], [], 0.005)


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [pid, *map(int, children)]


def all_pids(server: LiveServer) -> list[int]:
    """Wait until all processes run; return the arbiter, its workers and each worker's maker of headers."""
    wait_until(lambda: len(workers_of(server)) == WORKERS and len(server.pids) == 1 + 2 * WORKERS, "all processes")
    return server.pids


def workers_of(server: LiveServer) -> list[int]:
    """Return the processes that answer requests."""
    assert server.process
    return family(server.process.pid)[1:]


def cpu_ticks(pid: int) -> int:
    """Return the processor time of a process, user and system, in clock ticks."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def as_shown(page: Answer) -> list[str]:
    """Return each two neighbouring words of a receipt code with what stands between them on the page."""
    words, text, found = page.words, page.text, []
    at = text.index('id="kode-tanda-terima"')
    for first, second in itertools.pairwise(words):
        at = text.index(f">{first}<", at) + 1
        found.append(text[at : text.index(f">{second}<", at) + 1 + len(second)])
    return found


# --- system calls ------------------------------------------------------------------------------------

_CALLS = (
    "write,pwrite64,writev,pwritev,pwritev2,sendfile,splice,tee,vmsplice,copy_file_range,sendto,sendmsg,sendmmsg,"
    "?open,?creat,openat,openat2,memfd_create,mmap,shmget"
)
_STRING_BYTES = 300_000  # more than a row
_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
_TARGET = re.compile(r"^\d+<(.*?)>(?:\(deleted\))?(?:, |\)|$)")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call as strace wrote it."""

    name: str
    arguments: str = field(repr=False)

    @property
    def target(self) -> str:
        """The file or socket that a write goes to."""
        found = _TARGET.match(self.arguments)
        return found[1] if found else ""

    @property
    def path(self) -> str:
        """The path that an open names."""
        found = re.search(r'"((?:[^"\\]|\\.)*)"', self.arguments)
        return found[1] if found else ""

    @property
    def makes_or_writes(self) -> bool:
        """Tell whether an open may create or change a file."""
        flags = self.arguments.rsplit('", ', 1)[-1]
        return self.name == "creat" or bool(re.search(r"O_(CREAT|TMPFILE|WRONLY|RDWR|TRUNC|APPEND)", flags))


class Trace:
    """strace on running processes and on every thread that they start."""

    def __init__(self, pids: Sequence[int], out: Path, *, calls: str = _CALLS, more: Sequence[str] = ()) -> None:
        self._pids, self._out, self._filter = list(pids), out, ["-e", f"trace={calls}", *more]
        self.calls: list[Call] = []

    def __enter__(self) -> Trace:
        attach = [part for pid in self._pids for part in ("-p", str(pid))]
        self._strace = subprocess.Popen(
            ["strace", "-f", "-qq", "-yy", "-s", str(_STRING_BYTES), *self._filter, "-e", "signal=none",
             "-o", str(self._out), *attach],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._attached, "strace on every thread")
        return self

    def _attached(self) -> bool:
        assert self._strace.poll() is None, "strace ended: is another tracer attached, or tracing forbidden?"
        ours = f"TracerPid:\t{self._strace.pid}\n"
        threads = [task for pid in self._pids for task in Path(f"/proc/{pid}/task").iterdir()]
        return all(ours in (task / "status").read_text() for task in threads)

    def __exit__(self, *_: object) -> None:
        self._strace.terminate()
        try:
            self._strace.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._strace.kill()
            raise
        with self._out.open(encoding="utf-8", errors="replace") as lines:
            found = (_LINE.match(line) for line in lines)
            self.calls = [Call(m[1], m[2]) for m in found if m]

    def writes_of(self, *words: str) -> set[str]:
        """Return where any of these words was written to."""
        return {
            f"{call.name} {call.target}"
            for call in self.calls
            if not _opens(call) and call.name != "mmap" and any(word in call.arguments for word in words)
        }

    def opened_for_writing(self) -> set[str]:
        """Return the paths of files that were made or opened for writing."""
        return {call.path for call in self.calls if _opens(call) and call.makes_or_writes}

    def unnamed_files(self) -> list[str]:
        """Return calls that make a file without a name: O_TMPFILE and memory files."""
        return [c.name for c in self.calls if "O_TMPFILE" in c.arguments or c.name in ("memfd_create", "shmget")]

    def shared_maps(self) -> set[str]:
        """Return files that were mapped so that writing memory writes them."""
        writable = [c.arguments for c in self.calls if c.name == "mmap" and "PROT_WRITE" in c.arguments]
        shared = [a for a in writable if "MAP_SHARED" in a and "MAP_ANONYMOUS" not in a]
        return {a.split("<", 1)[-1].split(">", 1)[0] for a in shared}


def _opens(call: Call) -> bool:
    return call.name in ("open", "creat", "openat", "openat2")


# --- memory ------------------------------------------------------------------------------------------

_MAP = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)")
_AROUND = 48
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Hit:
    """One place in a process's memory that holds a needle."""

    needle: str
    pid: int
    mapping: str
    address: int
    around: bytes


@dataclass(frozen=True, slots=True)
class Near:
    """Two byte strings, the second within `gap` bytes after the first, whatever stands between them."""

    first: bytes
    second: bytes
    gap: int = 32


Needle = bytes | Near


def scan_memory(pids: Sequence[int], needles: Mapping[str, Needle]) -> list[Hit]:
    """Look for byte strings in all memory of processes that was ever written to and is in use."""
    return [hit for pid in pids for hit in _scan(pid, needles)]


def _scan(pid: int, needles: Mapping[str, Needle]) -> Iterator[Hit]:
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
        for start, end, name in _mappings(pid):
            for first, last in _used(pagemap, start, end):
                try:
                    memory.seek(first)
                    data = memory.read(last - first)
                except OSError:
                    continue  # unmapped since
                for needle, wanted in needles.items():
                    for at, to in _find(data, wanted):
                        yield Hit(needle, pid, name, first + at, data[max(0, at - _AROUND) : to + _AROUND])


def _find(data: bytes, needle: Needle) -> Iterator[tuple[int, int]]:
    raw = needle if isinstance(needle, bytes) else needle.first
    at = data.find(raw)
    while at >= 0:
        end = at + len(raw)
        if isinstance(needle, Near):
            found = data.find(needle.second, end, end + needle.gap + len(needle.second))
            end = found + len(needle.second) if found >= 0 else -1
        if end >= 0:
            yield at, end
        at = data.find(raw, at + 1)


def _used(pagemap: BinaryIO, start: int, end: int) -> list[tuple[int, int]]:
    """Return the runs of pages that lie in memory or swap; reading the others would only make zeros."""
    pagemap.seek(start // _PAGE * 8)
    entries = array.array("Q", pagemap.read((end - start) // _PAGE * 8))
    runs: list[tuple[int, int]] = []
    for number, entry in enumerate(entries):
        if entry >> 62:  # bit 63 present, bit 62 swapped
            at = start + number * _PAGE
            runs[-1:] = [(runs[-1][0], at + _PAGE)] if runs and runs[-1][1] == at else [*runs[-1:], (at, at + _PAGE)]
    return runs


def _mappings(pid: int) -> list[tuple[int, int, str]]:
    """Return start, end and name of the writable mappings; what cannot be written holds what was on disk."""
    found = [_MAP.match(line) for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return [(int(m[1], 16), int(m[2], 16), m[4] or "anonymous") for m in found if m and m[3].startswith("rw")]


def counts(hits: Sequence[Hit]) -> dict[str, int]:
    """Count hits by needle."""
    return {needle: sum(h.needle == needle for h in hits) for needle in sorted({h.needle for h in hits})}


# --- the control: how forms are usually taken --------------------------------------------------------


def spooling_app(environ: dict[str, object], start_response: Callable[..., object]) -> object:
    """Take a form with Werkzeug's own parser, which spools files to disk; says how much came."""
    request = Request(environ)
    size = sum(len(part.read()) for part in request.files.values())
    return Response(f"{len(request.form.get('uraian', ''))} {size}")(environ, start_response)


@contextlib.contextmanager
def spooling_server(folder: Path) -> Iterator[tuple[int, list[int]]]:
    """Run `spooling_app` under gunicorn as the drop box runs; gives its port and pids."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
         "--workers", str(WORKERS), "--threads", "8", "--log-level", "error", "forensics:spooling_app"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: len(family(process.pid)) == 1 + WORKERS and _answers(port), "the control server")
        yield port, family(process.pid)
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def _answers(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0
