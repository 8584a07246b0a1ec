"""A private PostgreSQL for tests: one cluster for a session, a database of its own for each test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from live import free_port

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), Path("/nonexistent"))
ABSENT = "PostgreSQL is not installed; .ci/run says what the tests need"
MEMORY = Path("/dev/shm")  # a sync there costs nothing; what is durable is not what these tests ask


def is_installed() -> bool:
    return (BIN / "postgres").is_file() and (BIN / "initdb").is_file()


class Postgres:
    """One cluster on a socket in its own folder, run by this user, or by nobody where this user is root."""

    def __init__(self, folder: Path | None = None, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="senyap-pg-", dir=folder or (MEMORY if MEMORY.is_dir() else None)))
        self.data, self.port, self._numbers = self.folder / "data", free_port(), itertools.count()
        self._as: dict[str, Any] = {"cwd": "/"}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.folder.chmod(0o755)
        self._run("initdb", "-D", self.data, "-U", "senyap", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "log_statement": "none",
            "max_connections": "100",
            **settings,
        }
        self.start()

    def start(self) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._log = (self.folder / "log").open("a")
        self._process = subprocess.Popen(
            [BIN / "postgres", "-D", self.data, "-k", self.folder, "-p", str(self.port), *options],
            stderr=self._log, stdout=self._log, **self._as,
        )  # fmt: skip
        while subprocess.run([BIN / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]).returncode:
            assert self._process.poll() is None, (self.folder / "log").read_text()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT at once but clean, SIGQUIT as a crash."""
        self._process.send_signal(how)
        self._process.wait(60)
        self._log.close()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, name: str, host: str = "") -> str:
        return f"postgresql+psycopg://senyap@/{name}?host={host or self.folder}&port={self.port}"

    def make(self, template: str = "template0") -> str:
        """Make a database, a copy of another one; return its name."""
        name = f"box{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def sql(self, *statements: str, name: str = "postgres") -> str:
        """Run statements by psql; return what it prints, columns apart by |."""
        commands = [part for statement in statements for part in ("-c", statement)]
        return self._run("psql", "-h", self.folder, "-p", self.port, "-U", "senyap", "-d", name, "-AtqX", *commands)

    def _run(self, program: str, *arguments: object) -> str:
        done = subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True, **self._as)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wal(self, *options: str) -> list[str]:
        """Return the lines of pg_waldump for everything that is left in pg_wal; the cluster should be stopped."""
        files: Sequence[str] = sorted(p.name for p in (self.data / "pg_wal").iterdir() if len(p.name) == 24)
        done = subprocess.run(
            [BIN / "pg_waldump", "-p", self.data / "pg_wal", *options, files[0], files[-1]],
            capture_output=True, text=True, **self._as,
        )  # fmt: skip
        return done.stdout.splitlines()
