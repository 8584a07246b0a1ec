"""P4 is not promised for rows in PostgreSQL: what its tables, its log and its files tell, so that nobody believes otherwise.

These tests assert leaks. One that begins to fail says that docs/threat-model.md promises too little.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import use_database
from live import forget
from postgres import ABSENT, Postgres, is_installed
from test_forensics_arena import LIMIT, real_row, spearman

from dropbox.services import Services
from dropbox.settings import load_settings

REPORTS = 30
MARKS = (32, 5_000, 10_000, 15_000)  # where in a row to look: one of them may lie across two pages of the log


@dataclass(frozen=True)
class Scene:
    """A stopped cluster that took reports, and what only the test knows."""

    cluster: Postgres
    rows: list[bytes]  # in the order of their writes
    slots: list[int]
    before: list[bytes]  # what had been in these slots
    told: dict[str, list[int]]  # by query: slots as the running server orders them


QUERIES = {
    "transactions of rows": "SELECT id FROM rows WHERE id IN ({}) ORDER BY xmin::text::bigint",
    "places of rows": "SELECT id FROM rows WHERE id IN ({}) ORDER BY ctid",
    "transactions of states": "SELECT id FROM slots WHERE id IN ({}) ORDER BY xmin::text::bigint",
    "places of states": "SELECT id FROM slots WHERE id IN ({}) ORDER BY ctid",
}


@pytest.fixture(scope="module")
def scene(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Take reports into a new database, in an order drawn as always, and stop the server cleanly."""
    if not is_installed():
        pytest.skip(ABSENT)
    cluster = Postgres(wal_keep_size="1GB")  # as where a second server follows, or the log is archived
    name = cluster.make()
    home = Path(shutil.copytree(small / "server", tmp_path_factory.mktemp("server") / "server"))
    use_database(home, cluster.url(name))
    services = Services.open(load_settings(home))
    old = dict(services.arena.waiting_rows(range(64)))
    rows = [real_row(services) for _ in range(REPORTS)]
    slots = [services.arena.put([], row)[0] for row in rows]
    services.store.engine.dispose()
    chosen = ",".join(map(str, slots))
    told = {
        what: list(map(int, cluster.sql(query.format(chosen), name=name).split())) for what, query in QUERIES.items()
    }
    toast = cluster.sql("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'rows'", name=name).strip()
    pieces = cluster.sql(
        f"SELECT chunk_id, encode(substr(chunk_data, 33, 32), 'hex') FROM {toast} WHERE chunk_seq = 0 ORDER BY chunk_id",
        name=name,
    )
    marks = {row[32:64].hex(): slot for row, slot in zip(rows, slots, strict=True)}
    told["numbers of TOAST"] = [marks[mark] for _id, mark in (s.split("|") for s in pieces.split()) if mark in marks]
    cluster.stop()
    yield Scene(cluster, rows, slots, [old[slot] for slot in slots], told)
    cluster.start()
    cluster.close()
    forget(home)


@pytest.mark.parametrize("what", ["transactions of rows", "transactions of states", "numbers of TOAST"])
def test_known_limit_the_server_tells_the_exact_order_of_reports(scene: Scene, what: str) -> None:
    """States alone do, too: rows in a file beside PostgreSQL would not hide it."""
    assert scene.told[what] == scene.slots


@pytest.mark.parametrize("what", ["places of rows", "places of states"])
def test_known_limit_places_in_the_tables_tell_the_order(scene: Scene, what: str) -> None:
    assert spearman([scene.slots.index(slot) for slot in scene.told[what]]) > LIMIT


def test_control_the_slots_themselves_tell_no_order(scene: Scene) -> None:
    assert spearman(scene.slots) < LIMIT


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_known_limit_the_log_on_the_disk_holds_the_rows_in_the_order_of_writes(scene: Scene) -> None:
    log = content(scene.cluster.data / "pg_wal")
    found = [min(at for start in MARKS if (at := log.find(row[start : start + 64])) >= 0) for row in scene.rows]
    assert found == sorted(found)


def test_known_limit_the_log_on_the_disk_holds_the_moment_of_each_write(scene: Scene) -> None:
    """A moment for each transaction, to the microsecond: P5 says that none is kept."""
    moments = [
        m[0] for line in scene.cluster.wal("-r", "Transaction") if (m := re.search(r"COMMIT \d{4}-.*\.\d{6}", line))
    ]
    assert len(moments) >= REPORTS and moments == sorted(moments)


def test_known_limit_rows_that_were_overwritten_are_still_on_the_disk(scene: Scene) -> None:
    files = content(scene.cluster.data / "base")
    assert sum(row[32:96] in files for row in scene.before) == REPORTS
