"""Clean files in a process of its own: it has no key, no network, opens no file, and forks anew for each file.

The process is a fresh program, not a copy of the worker: nothing of the drop box is in its memory. Each file
comes over a socket of its own to a child that holds nothing else and ends with it. Where the settings name a
socket, another user runs that process (`listen`), and a worker starts none.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import encodings
import os
import pkgutil
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dropbox.cleaning import HEAD_BYTES, Cleaned, Outcome, clean
from dropbox.cleaning.images import image_kind
from dropbox.cleaning.limits import MAX_FILE_BYTES
from dropbox.errors import BadSettings, Busy
from dropbox.lanes import Lanes
from dropbox.process import harden

AT_ONCE = 2  # documents on the whole machine
PICTURES_AT_ONCE = 1  # besides them: a photo takes 0.1 s, and must not stand behind documents that take 60
MAX_WAITING = 32
MEMORY_BYTES = 768 * 2**20
PROCESSOR_SECONDS, LEAST_PROCESSOR_SECONDS = 60, 15
BYTES_A_SECOND = 200_000  # each second above the least takes so much of a file: small ones cannot take long
WAIT_SECONDS = 30  # for a lane: five files of one form stay within the deadline of a request (patience)
NICER = 10  # the pages come first
CHILD_SECONDS, ANSWER_SECONDS = 100, 110
HELD_BYTES = 384 * 10**6  # of files of one process that wait to be cleaned
_PR_SET_NO_NEW_PRIVS = 38
_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONSAFEPATH")  # of the worker's environment: it may hold secrets
_OUTCOMES = tuple(Outcome)
_PROGRAM = "import socket, sys; from dropbox.cleanroom import main; main(socket.socket(fileno=int(sys.argv[1])))"
_NOT_CLEANED = Cleaned(Outcome.CANNOT, None, "unknown")


class Cleanroom:
    """Hands files to the process, which is started at the first file and again when it is gone.

    With the path of a socket they go to the process that listens there.
    """

    def __init__(self, folder: Path, listener: str = "") -> None:
        self._listener = listener
        self._lanes = Lanes(folder, "clean", AT_ONCE, MAX_WAITING)
        self._picture_lanes = Lanes(folder, "clean-picture", PICTURES_AT_ONCE, MAX_WAITING)
        self._lock = threading.Lock()
        self._held = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def clean(self, data: bytes | bytearray) -> Cleaned:
        """Return what `dropbox.cleaning.clean` makes of a file; CANNOT when the process dies of it.

        Raises Busy when too many files wait, or this one waited too long.
        """
        lanes = self._picture_lanes if image_kind(bytes(data[:HEAD_BYTES])) else self._lanes
        with lanes.enter(WAIT_SECONDS):
            channel = self._send_channel()
            if channel is None:
                return _NOT_CLEANED
            with channel:
                try:
                    return _ask(channel, data)
                except (OSError, struct.error, IndexError, UnicodeDecodeError):
                    return _NOT_CLEANED

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Give an allowance for the bytes of one file until it is cleaned."""
        held = Held(self)
        try:
            yield held
        finally:
            held.release()

    def take(self, size: int) -> None:
        """Count bytes that are held; a negative size gives back. Raises Busy above the limit of this process."""
        with self._lock:
            if size > 0 and self._held + size > HELD_BYTES:
                raise Busy("too many files are held")
            self._held += size

    def close(self) -> None:
        """End the process."""
        with self._lock:
            control, self._control = self._control, None
            process, self._process = self._process, None
        if control is not None:
            control.close()
        if process is not None:
            process.wait()

    def _send_channel(self) -> socket.socket | None:
        """Return our end of a socket whose other end the process has taken; None when it cannot be reached."""
        if self._listener:
            return self._connect()
        for _ in range(2):  # the second time after a process that is gone
            ours, theirs = socket.socketpair()
            with theirs, contextlib.suppress(OSError):
                socket.send_fds(self._open(), [b"f"], [theirs.fileno()])
                return ours
            ours.close()
            self.close()
        return None

    def _connect(self) -> socket.socket | None:
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.settimeout(ANSWER_SECONDS)
            channel.connect(self._listener)
        except OSError:
            channel.close()
            return None
        return channel

    def _open(self) -> socket.socket:
        with self._lock:
            if self._control is None:
                self._control, theirs = socket.socketpair()
                with theirs:
                    self._process = subprocess.Popen(  # noqa: S603
                        [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
                        pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        # What is freed need not be wiped there: the child of each file ends with it.
                        env={k: os.environ[k] for k in _KEPT if k in os.environ} | {"PYTHONDONTWRITEBYTECODE": "1"},
                    )
            return self._control


class Held:
    """How much of the allowance one file uses."""

    def __init__(self, room: Cleanroom) -> None:
        self._room = room
        self._size = 0

    def grow(self, size: int) -> None:
        """Count `size` more bytes; raises Busy."""
        self._room.take(size)
        self._size += size

    def release(self) -> None:
        """Give everything back."""
        self._room.take(-self._size)
        self._size = 0


def _ask(channel: socket.socket, data: bytes | bytearray) -> Cleaned:
    end = time.monotonic() + ANSWER_SECONDS
    channel.settimeout(ANSWER_SECONDS)
    channel.sendall(struct.pack(">I", len(data)))
    channel.sendall(data)
    outcome, kind_size, size = struct.unpack(">BBI", _receive(channel, 6, end))
    if size > MAX_FILE_BYTES:  # one who took the cleaner over must not fill the memory of the pages
        raise ConnectionResetError("more than a cleaned file can be")
    kind = _receive(channel, kind_size, end).decode("ascii")
    cleaned = _receive(channel, size, end)
    return Cleaned(_OUTCOMES[outcome], cleaned if _OUTCOMES[outcome] is Outcome.CLEANED else None, kind)


def _receive(channel: socket.socket, size: int, end: float | None = None) -> bytes:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        if end is not None:
            channel.settimeout(max(0.001, end - time.monotonic()))
        more = channel.recv_into(view[got:])
        if not more:
            raise ConnectionResetError("the other side is gone")
        got += more
    return bytes(data)


def main(control: socket.socket) -> None:
    """Be the process: fork a child for each socket that comes, until the worker is gone."""
    _prepare()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)  # it ends with its worker; nobody waits for its children
    while True:
        said, found, _flags, _address = socket.recv_fds(control, 1, 1)
        if not said:
            return
        _fork_child(found[0])
        for descriptor in found:
            os.close(descriptor)


def listen(path: Path, ready: Callable[[], None]) -> None:
    """Be the process behind a socket in the file system: a child for each connection, until SIGTERM.

    Whoever may enter the folder of the socket may connect. Files that are being cleaned then are finished. Raises
    BadSettings when somebody listens there already, or OSError.
    """
    with socket.socket(socket.AF_UNIX) as door:
        _bind(door, path)
        _prepare()
        stopping = threading.Event()

        def stop(*_: object) -> None:
            stopping.set()
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)  # wakes the one who waits in accept

        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        ready()
        while not stopping.is_set():
            with contextlib.suppress(OSError):  # nobody there any more, or no child now: that file is not cleaned
                channel, _address = door.accept()
                with channel:
                    _fork_child(channel.fileno())
    path.unlink(missing_ok=True)
    with contextlib.suppress(ChildProcessError):
        os.wait()  # its children are reaped by the kernel: it returns when the last one has ended


def _bind(door: socket.socket, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        try:
            other.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()  # of one that was killed
        except FileNotFoundError:
            pass
        else:
            raise BadSettings("a cleaner listens on this socket already")
    door.bind(str(path))
    path.chmod(0o660)
    door.listen(MAX_WAITING)


def _prepare() -> None:
    harden()
    os.nice(NICER)
    for codec in pkgutil.iter_modules(encodings.__path__):  # a child can open no module any more
        with contextlib.suppress(LookupError, ImportError):
            codecs.lookup(codec.name)


def _fork_child(descriptor: int) -> None:
    """Fork a child for the file that comes over a socket; raises OSError where there is no room for one."""
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(BaseException):
            _be_child(descriptor)
        os._exit(0)


def _be_child(descriptor: int) -> None:
    """Clean the one file of a socket."""
    os.closerange(0, descriptor)
    os.closerange(descriptor + 1, 4_096)
    channel = socket.socket(fileno=descriptor)
    _limit()
    (size,) = struct.unpack(">I", _receive(channel, 4))  # no time limit: it needs poll, which needs descriptors
    seconds = min(PROCESSOR_SECONDS, LEAST_PROCESSOR_SECONDS + size // BYTES_A_SECOND)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    result = clean(_receive(channel, size))
    kind, data = result.kind.encode("ascii"), result.data or b""
    channel.sendall(struct.pack(">BBI", _OUTCOMES.index(result.outcome), len(kind), len(data)) + kind)
    channel.sendall(data)


def _limit() -> None:
    """Give up what cleaning does not need: new descriptors above all, and with them files and the network."""
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    signal.alarm(CHILD_SECONDS)
    for what, bound in (
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
    ):
        resource.setrlimit(what, (bound, bound))
