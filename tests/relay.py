"""A line between browser and server: it notes each request, and it can break off after a number of bytes and stay dead."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from types import TracebackType

_REQUEST = re.compile(rb"(?:^|\r\n)((?:GET|HEAD|POST) /[^ ]*) HTTP/1\.1\r\n")
PIECE = 64 * 1024


class Relay:
    """Listens on a port of its own and passes every connection on to the server's."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}  # direction → bytes that still pass
        self._dead = False
        self._open: set[socket.socket] = set()
        self.requests: list[str] = []
        self.answer = b""  # what was said on the connection that broke off, whether it was passed on or not
        self.answered = threading.Event()  # set when the server has ended a connection that was cut

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self, *, up: int | None = None, down: int | None = None) -> None:
        """Let so many more bytes of request or answer pass, then break off and let nothing through until `mend`."""
        with self._lock:
            self._left = {name: count for name, count in (("up", up), ("down", down)) if count is not None}
            self.answered.clear()

    def mend(self) -> None:
        with self._lock:
            self._left, self._dead = {}, False

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._listener.close()
        for each in list(self._open):
            _shut(each)

    def _accept(self) -> None:
        while True:
            try:
                browser, _address = self._listener.accept()
            except OSError:
                return
            if self._dead:
                browser.close()
                continue
            server = socket.create_connection(self._target)
            self._open |= {browser, server}
            for way in (("up", browser, server), ("down", server, browser)):
                threading.Thread(target=self._pump, args=way, daemon=True).start()

    def _pump(self, way: str, source: socket.socket, sink: socket.socket) -> None:
        said = bytearray()
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                said += piece
                if self._dead:  # a browser tries again at once on another connection
                    _shut(source, sink)
                    return
                passed = self._pass(way, piece)
                sink.sendall(piece[:passed])
                if passed < len(piece):
                    self._break(way, source, sink, said)
                    return
        with contextlib.suppress(OSError):  # the other direction may still be speaking
            sink.shutdown(socket.SHUT_WR)

    def _pass(self, way: str, piece: bytes) -> int:
        """Return how many of these bytes go on."""
        with self._lock:
            if way == "up":
                self.requests += [found.decode("ascii") for found in _REQUEST.findall(piece)]
            passed = min(len(piece), self._left.get(way, len(piece)))
            if way in self._left:
                self._left[way] -= passed
                self._dead = passed < len(piece)
            return passed

    def _break(self, way: str, source: socket.socket, sink: socket.socket, said: bytearray) -> None:
        """End the browser's half at once; what the server still says is read to its end and goes nowhere."""
        browser, server = (source, sink) if way == "up" else (sink, source)
        _shut(browser)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)
            while way == "down" and (piece := server.recv(PIECE)):
                said += piece
        self.answer = bytes(said)
        self.answered.set()


def _shut(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
