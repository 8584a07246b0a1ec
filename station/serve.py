"""`senyap-station serve`: the case desk at 127.0.0.1, for the browser of this machine alone."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from keys.memory import forbid_core_dumps
from station.cli import Given, bare_command, check_air_gap
from station.errors import BadSettings
from station.home import Home
from station.session import Session
from station.web import create_desk

HOST, PORT = "127.0.0.1", 8090


class _Silent(WSGIRequestHandler):
    """Keeps no line of what was asked for: an address names a case."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def install() -> None:
    """Add this command to `senyap-station`."""

    @click.option(
        "--port",
        type=click.IntRange(1024, 65_535),
        default=PORT,
        show_default=True,
        help="Pintu lain bila yang biasa dipakai.",
    )
    def serve(port: int) -> None:
        """Buka meja perkara di peramban mesin ini. Alamatnya http://127.0.0.1:8090."""

    def run(given: Given, rest: Any) -> None:
        home = Home.load(given.folder())
        check_air_gap(home.is_demo, given.allow_network)
        serve_desk(given.folder(), rest["port"], allow_network=given.allow_network)

    bare_command("serve", serve, run)


def serve_desk(folder: Path, port: int, *, allow_network: bool) -> None:
    """Serve until SIGTERM or Ctrl-C; raises BadSettings where the port is taken."""
    forbid_core_dumps()
    session, stop = Session(folder, allow_network=allow_network), threading.Event()
    try:
        server = make_server(HOST, port, create_desk(session, port), threaded=True, request_handler=_Silent)
    except (OSError, SystemExit):  # it says why by itself, and ends
        raise BadSettings(f"port {port} sudah dipakai; sebut yang lain dengan --port") from None
    watcher = threading.Thread(target=session.watch, args=(stop,), daemon=True)
    watcher.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    click.echo(f"READY http://{HOST}:{port}")
    sys.stdout.flush()
    try:
        server.serve_forever()
    finally:
        stop.set()
        session.close()
        server.server_close()
