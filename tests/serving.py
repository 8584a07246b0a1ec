"""Serve a case desk for a browser, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from live import free_port
from werkzeug.serving import make_server

from station.session import Session
from station.web import create_desk


@contextmanager
def served(session: Session) -> Iterator[str]:
    """Serve the desk of a session; returns its address, and closes both at the end."""
    port = free_port()
    server = make_server("127.0.0.1", port, create_desk(session, port), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        session.close()
        server.server_close()
