"""A drop box and its station with few weeks of keys, for what happens to machines: copied, moved, put back."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from conftest_station import Reporter, Terminal, world
from live import forget
from sqlalchemy import select

from dropbox.__main__ import main
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.store import rows, slots


@cache
def filled() -> Path:
    """Return the world's drop box with a full arena, made once in a process."""
    home = Path(tempfile.mkdtemp(prefix="moved-test-")) / "server"
    atexit.register(shutil.rmtree, home.parent, ignore_errors=True)
    shutil.copytree(world().folder / "server", home)
    with opened(home):
        pass
    return home


@contextmanager
def opened(home: Path) -> Iterator[Services]:
    """Open a drop box as another process would, and leave no connection open."""
    services = Services.open(load_settings(home))
    try:
        yield services
    finally:
        services.cleanroom.close()
        services.store.engine.dispose()
        forget(home)


class Box:
    """Runs commands of one drop box."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str | Path, typed: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [*map(str, arguments), "--home", str(self.home)], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr)
        forget(self.home)
        return result

    def path(self, *arguments: str | Path) -> Path:
        return Path(self.run(*arguments).stdout.strip())

    def take(self, text: str) -> bytes:
        """Confirm a report; return its row."""
        row = world().letter_row(Reporter().report(text))
        with opened(self.home) as services:
            services.arena.put([], row)
        return row

    def waiting(self) -> set[bytes]:
        with opened(self.home) as services, services.store.reading() as connection:
            query = select(rows.c.row).join(slots, slots.c.id == rows.c.id).where(slots.c.waiting == 1)
            return set(connection.scalars(query))


class Station(Terminal):
    """The station of the province with its quorum, and what it has read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "sumsel", ("sumsel-1", "sumsel-2"))

    def imports(self, bundle: Path, code: int = 0) -> Any:
        done = self.run("import", str(bundle), "--json")
        assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def outbox(self, folder: Path) -> Path:
        done = self.run("outbox", "--to", str(folder))
        assert done.exit_code == 0, done.stderr
        return Path(done.stdout.strip())

    def texts(self) -> list[str]:
        cases = json.loads(self.run("list", "--json").stdout)
        return sorted(
            json.loads(self.run("show", c["case"], "--no-conflict", "--json").stdout)["fields"]["uraian"] for c in cases
        )
