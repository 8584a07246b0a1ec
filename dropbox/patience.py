"""How long a sender may take: a deadline for each request, and a watch that ends the connections past it.

A thread waits in `recv` for a sender who drips one byte a second, and no read ends by itself. The deadline leaves room
for the slowest honest link: 100 MB at 20 kB/s over Tor, with pauses.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from dropbox import signals

HEAD_SECONDS = 60.0  # until the head of a request is here
BODY_SECONDS = 300.0  # for any body, and for the answer
SLOWEST = 10_000.0  # bytes a second: each that came gives time for more, a length that was only declared gives none


class Watch:
    """Deadlines of the connections of one process; one thread ends what is late."""

    def __init__(self) -> None:
        self._ends: dict[socket.socket, float] = {}
        self._changed = threading.Condition()

    def start(self) -> None:
        """Start the thread; call it in the process that serves."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    @contextmanager
    def request(self, connection: socket.socket) -> Iterator[None]:
        """Watch a connection while a request is read and answered."""
        self.allow(connection, HEAD_SECONDS)
        try:
            yield
        finally:
            with self._changed:
                self._ends.pop(connection, None)

    def allow(self, connection: socket.socket, seconds: float) -> None:
        """Give a connection this long from now."""
        with self._changed:
            self._ends[connection] = time.monotonic() + seconds
            self._changed.notify()

    def extend(self, connection: socket.socket, seconds: float) -> None:
        """Give a connection that is watched so much more."""
        with self._changed:
            if connection in self._ends:
                self._ends[connection] += seconds  # later only: the thread need not look at once

    def _run(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                for connection in [c for c, end in self._ends.items() if end <= now]:
                    del self._ends[connection]
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in it
                first = min(self._ends.values(), default=None)
                self._changed.wait(None if first is None else max(0.0, first - now))


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker with a deadline for each request."""

    def init_process(self) -> None:
        """Start the watch in this process."""
        self.watch = Watch()
        self.watch.start()
        super().init_process()

    def init_signals(self) -> None:
        """Take the handlers of a worker, then the signals that came while there were none."""
        super().init_signals()
        signals.let_through()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End as for SIGTERM: take no more visitors, finish the requests under way.

        gunicorn's own handler takes the lock of the thread pool. A signal that comes while this very thread holds it,
        as it hands over a request or at the second signal of one Ctrl-C, made the worker wait for itself.
        """
        self.handle_exit(sig, frame)

    def handle(self, conn: Any) -> Any:
        """Read and answer one request, watched from its first byte."""
        with self.watch.request(conn.sock):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head is here; a longer body is given more time as it comes."""
        self.watch.allow(conn.sock, BODY_SECONDS)
        source, read = req.unreader, req.unreader.chunk

        def read_and_extend(*wanted: Any) -> bytes:
            data: bytes = read(*wanted)
            self.watch.extend(conn.sock, len(data) / SLOWEST)
            return data

        source.chunk = read_and_extend
        try:
            return super().handle_request(req, conn)
        finally:
            del source.chunk
