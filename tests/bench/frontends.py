"""One and two front ends with their rows on PostgreSQL: reports a second and MB a second, all on this one machine."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import use_database
from deployment import Site, run_load
from live import LiveServer
from postgres import Postgres

from dropbox.process import WIPING

MEGA = 1_000_000


@dataclass(frozen=True)
class FrontEnds:
    """Front ends that serve, and the load that they take together."""

    servers: list[LiveServer]

    def reports(self, clients: int, count: int, text_bytes: int) -> tuple[float, int]:
        """Return reports a second with so many clients in all, and how many were refused."""
        each = len(self.servers)
        done = self._all("reports", clients=clients // each, count=count // each, text_bytes=text_bytes)
        shown = sum(r["status"] == 200 and len(r["words"]) == 8 for one in done for r in one["reports"])
        return shown / max(one["seconds"] for one in done), count // each * each - shown

    def upload(self, files: int, file_bytes: int) -> float:
        """Return MB a second when each front end takes one report with files at the same time."""
        done = self._all("upload", files=files, file_bytes=file_bytes)
        if not all(one["shown"] for one in done):
            raise RuntimeError(f"upload was answered {[one['status'] for one in done]} without a receipt")
        return sum(one["bytes"] for one in done) / MEGA / max(one["seconds"] for one in done)

    def _all(self, job: str, **arguments: Any) -> list[dict[str, Any]]:
        done: list[dict[str, Any]] = []
        threads = [
            threading.Thread(target=lambda server=server: done.append(run_load(server.port, job, **arguments)))
            for server in self.servers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(done) != len(self.servers):
            raise RuntimeError(f"{job}: a front end took no load")
        return done


@contextmanager
def on_postgres(folder: Path, slots: int, count: int, first: str) -> Iterator[FrontEnds]:
    """Serve one new deployment by so many front ends that share a PostgreSQL, whose files lie in a folder on a disk."""
    folder.mkdir(mode=0o755, parents=True)
    site = Site.make(folder / "demo", slots)
    with ExitStack() as stack:
        cluster = Postgres(folder, shared_buffers="256MB", max_wal_size="4GB")
        stack.callback(cluster.close)
        url, servers = cluster.url(cluster.make()), []
        for number in range(count):
            home = Path(shutil.copytree(site.home, folder / f"server{number}"))
            use_database(home, url)
            servers.append(stack.enter_context(LiveServer(home, env=WIPING, first=first)))
        yield FrontEnds(servers)
