"""Start gunicorn around the application: 2 workers × 192 threads, no access log, nothing said of requests."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

import gunicorn.http.wsgi
import gunicorn.util
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from dropbox import headers, signals
from dropbox.errors import BadSettings

WORKERS, THREADS = 2, 192  # a thread costs little; 200 senders that drip their bytes leave half of them
_PAGE = headers.pad(
    b"<!doctype html><title>400</title><p>Kiriman tidak dapat dibaca. The request cannot be read.", headers.PAGE_STEP
)
_LINES = {**headers.CLOSED, "Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(_PAGE))}
_MALFORMED = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n" + b"".join(
    f"{name}: {value}\r\n".encode("ascii") for name, value in _LINES.items()
) + b"\r\n" + _PAGE  # fmt: skip


class SilentLogger(Logger):  # type: ignore[misc]
    """Logs starts, stops and the class of an error; never an address, a path or a text."""

    def setup(self, cfg: Any) -> None:
        """Set up the error log alone."""
        super().setup(cfg)
        self.access_log.disabled = True

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log the class of the exception and nothing else."""
        kind = sys.exc_info()[0]
        self.error_log.error("error while answering: %s", kind.__name__ if kind else "unknown")

    def error(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log that there was an error; even its text may hold what somebody sent."""
        self.error_log.error("error in the server")

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log nothing: warnings hold addresses and what somebody sent."""

    def debug(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log nothing: debug messages hold addresses and paths."""

    def access(self, *_: Any) -> None:
        """Log nothing."""


class PatientArbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's parent of the workers; a signal that meets a worker half made is kept for it."""

    def spawn_worker(self) -> Any:
        """Fork a worker; it lets signals through once it has handlers of its own."""
        with signals.held():
            return super().spawn_worker()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with the settings of this project."""

    def __init__(self, make_app: Callable[[], Flask], listen: str, ready: Callable[[], None]) -> None:
        self._make_app = make_app
        self._listen = listen
        self._ready = ready
        self._app: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set every option; nothing is read from files or the command line."""
        options = {
            "bind": self._listen,
            "worker_class": "dropbox.patience.PatientWorker",
            "workers": WORKERS,
            "threads": THREADS,
            "worker_connections": THREADS,  # a worker that is full leaves the next visitor to the other one
            "preload_app": True,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "error",
            "logger_class": SilentLogger,
            "keepalive": 5,
            "timeout": 120,
            "graceful_timeout": 20,
            "limit_request_line": 1024,
            "limit_request_fields": 64,
            "proc_name": "senyap-dropbox",
            "when_ready": lambda _server: self._ready(),
            "post_fork": lambda _server, _worker: self._after_fork(),
            "post_request": lambda _worker, _request, _environ, _response: gc.collect(),
        }
        if "control_socket_disable" in self.cfg.settings:  # newer servers open one in the home of the user
            options["control_socket_disable"] = True
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application once, before the workers fork."""
        if self._app is None:
            self._app = self._make_app()
        return self._app

    def run(self) -> None:
        """Serve until a signal ends it; raises SystemExit."""
        PatientArbiter(self).run()

    def _after_fork(self) -> None:
        if self._app is not None:
            self._app.extensions["senyap"].after_fork()
        # A rendered page stays in a reference cycle with what was typed until the collector runs: it runs
        # after every request. What the parent made is put aside first, so that a run takes 0.1 ms.
        gc.collect()
        gc.freeze()


def run(make_app: Callable[[], Flask], listen: str, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; raises BadSettings where another program listens already."""
    logging.raiseExceptions = False
    _check_free(listen)
    _hide_server()
    Server(make_app, listen, ready).run()


def _check_free(listen: str) -> None:
    """Raise BadSettings for an address that is taken: gunicorn would try five times, in eleven lines."""
    host, _, port = listen.rpartition(":")
    if listen.startswith("unix:") or not port.isdecimal():
        return
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host.strip("[]"), int(port)), family=family).close()
    except OSError as error:
        raise BadSettings(
            f"cannot listen on {listen}: {os.strerror(error.errno or 0)}; name another one with --listen"
        ) from None


def _hide_server() -> None:
    """Answer without a Server header, and a malformed request with one fixed page: gunicorn has no option for it."""
    original = gunicorn.http.wsgi.Response.default_headers

    def without_server(response: Any) -> list[str]:
        return [line for line in original(response) if not line.startswith("Server:")]

    def fixed_error(connection: socket.socket, status: int, *_: Any) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(_MALFORMED)

    gunicorn.http.wsgi.Response.default_headers = without_server
    gunicorn.util.write_error = fixed_error
