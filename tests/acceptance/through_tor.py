"""Connections through a SOCKS port of tor, and requests over them."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Iterable, Mapping

from live import Answer

NO_CLIENT_KEY, WRONG_CLIENT_KEY = 0xF4, 0xF5  # tor's own answers: authorisation is missing, or did not fit


class Refused(OSError):
    """SOCKS said no; `code` is why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"SOCKS answered 0x{code:02x}")
        self.code = code


def connect(port: int, host: str, *, to: int = 80, circuit: str = "", timeout: float = 120) -> socket.socket:
    """Open a connection to a port of a host; another name in `circuit` has tor make another circuit."""
    line = socket.create_connection(("127.0.0.1", port), timeout)
    try:
        name = (circuit or "-").encode()
        line.sendall(b"\x05\x01\x02")
        _take(line, 2)
        line.sendall(b"\x01" + bytes([len(name)]) + name + b"\x01-")
        _take(line, 2)
        target = host.encode()
        line.sendall(b"\x05\x01\x00\x03" + bytes([len(target)]) + target + struct.pack(">H", to))
        _version, code, _, _kind = _take(line, 4)
        if code:
            raise Refused(code)
        _take(line, 6)
        return line
    except BaseException:
        line.close()
        raise


def request(
    port: int,
    host: str,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    to: int = 80,
    circuit: str = "",
    timeout: float = 120,
) -> Answer:
    """Send one request to a host through SOCKS."""
    connection = http.client.HTTPConnection(host, to, timeout=timeout)
    connection.sock = connect(port, host, to=to, circuit=circuit, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def _take(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = line.recv(count - len(data))
        if not piece:
            raise ConnectionError("the SOCKS port closed the connection")
        data += piece
    return data
