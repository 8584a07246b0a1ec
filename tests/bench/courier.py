"""What the courier's media and the cover cost: bundles, an outbox with many mailboxes, a day of cover."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from deployment import STATION, Site
from sqlalchemy import select

from crypto.encoding import today
from dropbox.arena import set_waiting
from dropbox.store import slots
from dropbox.transport import receive, write_bundle
from station.outbox import make_outbox

MEGA = 1_000_000


@dataclass(frozen=True)
class Moved:
    """Bytes that were moved, in how many seconds, and how long a bare copy of them took, synced."""

    size: int
    seconds: float
    copy_seconds: float

    @property
    def rate(self) -> float:
        """MB a second."""
        return self.size / MEGA / self.seconds

    @property
    def copy_rate(self) -> float:
        """MB a second of the bare copy."""
        return self.size / MEGA / self.copy_seconds


def copy_seconds(path: Path) -> float:
    """Copy a file beside itself and sync it: what any courier must do at least."""
    started = time.perf_counter()
    with path.open("rb") as source, path.with_suffix(".copy").open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
    seconds = time.perf_counter() - started
    path.with_suffix(".copy").unlink()
    return seconds


def time_bundle(site: Site, rows: int) -> Moved:
    """Let so many slots wait, write the bundle, verified; afterwards they are free again."""
    services = site.services()
    with services.store.writing() as connection:
        chosen = list(connection.scalars(select(slots.c.id).limit(rows)))
        set_waiting(connection, chosen, 1)
    started = time.perf_counter()
    path = write_bundle(services, STATION, site.folder / "stick")
    seconds = time.perf_counter() - started
    with services.store.writing() as connection:
        set_waiting(connection, chosen, 0)
    moved = Moved(path.stat().st_size, seconds, copy_seconds(path))
    path.unlink()
    services.store.engine.dispose()
    return moved


def time_receive(site: Site) -> tuple[Moved, int]:
    """Take an outbox with as many mailboxes as the roster says; returns their number, too."""
    with site.desk() as desk:
        path = make_outbox(desk, site.folder / "stick")
    services = site.services()
    started = time.perf_counter()
    got = receive(services, path)
    moved = Moved(path.stat().st_size, time.perf_counter() - started, copy_seconds(path))
    services.store.engine.dispose()
    return moved, got.mailboxes


def cover_of_a_day(site: Site, rows: int) -> tuple[float, float]:
    """Write so many rows of cover; returns seconds of processor time and bytes written to the disk, for each."""
    services = site.services()
    day = today()
    services.tally.begin_day(day, rows, 0)
    before, written = time.process_time(), _written()
    for _ in range(rows):
        assert services.arena.put_cover(services.make_cover(), day), "no cover was due"
    used = time.process_time() - before
    services.store.engine.dispose()
    return used / rows, (_written() - written) / rows


def _written() -> int:
    for line in Path("/proc/self/io").read_text("ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/self/io: no write_bytes")
