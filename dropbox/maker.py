"""Make row headers for one upload in a process of its own.

Sealing holds the interpreter lock for 1 ms a row, while the second core has nothing to do. The process
knows public keys only; headers are made for bytes that are on their way, never ahead of an upload
(docs/decisions/0006). Each request names the directory of its submission: the process seals to that one or
declines, so that the rows of one submission never have different readers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

from crypto.encoding import Reader, canonical_json, parse_json
from crypto.errors import CryptoError
from crypto.row import COMMIT_BYTES, FRONT_BYTES, Decoys, Header, Readers, make_header
from dropbox.current import Current

_PR_SET_PDEATHSIG = 1
_HEADER_BYTES = FRONT_BYTES + COMMIT_BYTES + 32
_MAX_REQUEST = 4_096
_ACCEPTED, _DECLINED = b"\1", b"\0"


class HeaderMaker:
    """Asks the process when it is there, idle and of one mind; makes headers here otherwise."""

    def __init__(self, home: Path, current: Current, decoys: Decoys) -> None:
        self._home = home
        self._current = current
        self._decoys = decoys
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Fork the process. Call it before this process has threads."""
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            ours.close()
            _be_maker(theirs, Current(self._home, self._current.directory), self._decoys)
        theirs.close()
        self._socket = ours

    def make(
        self, digest: bytes, group_ids: Sequence[str], readers: Sequence[Readers], epoch: int, count: int
    ) -> list[Header]:
        """Return `count` headers from the process, or one made here when it is busy, gone, or of another directory.

        `readers` are those of the groups in the directory of this digest.
        """
        if count > 1 and self._socket is not None and self._lock.acquire(blocking=False):
            channel, self._socket = self._socket, None  # given back only when every header was taken out of it
            try:
                headers = self._ask(channel, digest, group_ids, epoch, count)
                self._socket = channel
                if headers:
                    return headers
            except (OSError, CryptoError):
                pass
            finally:
                self._lock.release()
        return [make_header(readers, epoch, self._decoys)]

    @staticmethod
    def _ask(channel: socket.socket, digest: bytes, group_ids: Sequence[str], epoch: int, count: int) -> list[Header]:
        """Return the headers, none when the process declines."""
        request = canonical_json({"directory": digest.hex(), "groups": list(group_ids), "epoch": epoch, "count": count})
        channel.sendall(struct.pack(">I", len(request)) + request)
        if _receive(channel, 1) != _ACCEPTED:
            return []
        return [_parse(_receive(channel, _HEADER_BYTES)) for _ in range(count)]


def _parse(data: bytes) -> Header:
    reader = Reader(data, "header")
    return Header(reader.take(FRONT_BYTES), reader.take(COMMIT_BYTES), reader.take(32))


def _receive(channel: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        more = channel.recv_into(view[got:])
        if not more:
            raise ConnectionResetError("the other side is gone")
        got += more
    return bytes(data)


def _be_maker(channel: socket.socket, current: Current, decoys: Decoys) -> None:
    """Answer requests until the other side is gone; never returns."""
    with contextlib.suppress(BaseException):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it ends with its worker
        os.closerange(3, channel.fileno())
        os.closerange(channel.fileno() + 1, 4_096)
        while True:
            (length,) = struct.unpack(">I", _receive(channel, 4))
            if length > _MAX_REQUEST:
                break
            _answer(channel, _receive(channel, length), current, decoys)
    os._exit(0)


def _answer(channel: socket.socket, data: bytes, current: Current, decoys: Decoys) -> None:
    """Make and send what one request asks for. Its keys and readers are gone when it returns (P2)."""
    request = parse_json(data, "request")
    wanted = bytes.fromhex(request["directory"])
    directory = current.directory if current.directory.digest == wanted else current.look()
    if directory.digest != wanted:
        channel.sendall(_DECLINED)
        return
    readers = directory.keys.readers(request["groups"], request["epoch"])
    channel.sendall(_ACCEPTED)
    for _ in range(request["count"]):
        made = make_header(readers, request["epoch"], decoys)
        channel.sendall(made.front + made.commit + made.body_key)
