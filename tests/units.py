"""Two units with a station each, and what a drop box does between them: rows of one's outbox in the other's bundle."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from conftest_station import Reporter, Stick, sit, world

from crypto import bundle
from crypto.bundle import Taken
from crypto.encoding import today
from station import casework, referral, referrals
from station.casework import Wish
from station.desk import Desk
from station.inbox import Imported, import_bundle
from station.outbox import make_outbox
from station.referral import Draft

ONE, TWO, THREE = "sumsel-1", "sumsel-2", "sumsel-3"
K1, K2 = "kpk-1", "kpk-2"
TEXT = "Kepala dinas meminta sepuluh persen dari setiap kontrak jalan."
FIELDS = {
    "uraian": TEXT, "wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "kategori": "suap",
    "izin_teruskan": "boleh", "sumber": "mengalami",
}  # fmt: skip


@dataclass
class Unit:
    """One station with people at it, its bundles and its outboxes."""

    desk: Desk
    stick: Stick
    out: Path
    last: Path | None = None
    made: list[Path] = field(default_factory=list)

    def import_rows(self, *rows: bytes, applied: bool = True, **changes: Any) -> Imported:
        """Import the next bundle; `applied`: the drop box took the last outbox."""
        if applied and self.last is not None:
            with self.last.open("rb") as source:
                manifest, _, _ = bundle.read_manifest(source, bundle.OUTBOX)
            changes["applied"] = Taken(manifest.seq, manifest.hash)
        return import_bundle(self.desk, self.stick.write(rows, **changes))

    def outbox(self) -> list[bytes]:
        """Make the next outbox and return its forwarded rows."""
        self.last = make_outbox(self.desk, self.out)
        self.made.append(self.last)
        return sections(self.last)["row"]

    def do(self, work: Any, *rest: Any, **more: Any) -> Any:
        with self.desk.vault.begin() as transaction:
            return work(transaction, self.desk.home, *rest, **more)

    def take(self, target: str, by: str, *, case: int = 1, **more: str) -> None:
        self.do(casework.take, case, Wish(target, by, **more), day=today())

    def rows(self, table: sa.Table) -> list[Any]:
        with self.desk.vault.begin() as transaction:
            return list(transaction.execute(sa.select(table)).all())

    def referrals(self, case: int = 1) -> tuple[referrals.Referral, ...]:
        with self.desk.vault.begin() as transaction:
            return referrals.referrals_of(transaction, case, self.desk.home.id)


def sections(path: Path) -> dict[str, list[bytes]]:
    """Return the records of an outbox by their section."""
    found: dict[str, list[bytes]] = {"row": [], "mailbox": [], "file": []}
    with path.open("rb") as source:
        manifest, _, _ = bundle.read_manifest(source, bundle.OUTBOX)
        for kind, record in bundle.iter_records(source, manifest):
            found[kind].append(record)
    return found


@contextlib.contextmanager
def unit(folder: Path, group: str, *reviewers: str) -> Iterator[Unit]:
    """Open the desk of a fresh copy of a station."""
    home = world().copy_home(group, folder)
    with sit(home, *reviewers) as desk:
        yield Unit(desk, Stick(folder / f"stick-{group}", to=group), folder / f"out-{group}")


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {"recipient": "kpk", "fields": {"uraian": TEXT}, "reason": "Kewenangan KPK."}
    return Draft(**(values | changes))


def propose(origin: Unit, *, by: str = TWO, case: int = 1, cleaner: Any = None, **changes: Any) -> None:
    origin.do(referral.propose, case, draft(**changes), by=by, day=today(), cleaner=cleaner)


def approve(origin: Unit, *, by: str = THREE, case: int = 1, digest: str | None = None) -> None:
    with origin.desk.vault.begin() as transaction:
        found = referrals.prepared(transaction, case, origin.desk.home.id)
    digest = digest if digest is not None else referral.digest_of(found[1].body) if found else ""
    origin.do(referral.approve, case, by, digest, day=today())


def refer(origin: Unit, **changes: Any) -> None:
    propose(origin, **changes)
    approve(origin, case=changes.get("case", 1))


def take_report(origin: Unit, reporter: Reporter, *more: bytes, files: Any = (), **fields: str) -> None:
    """Let a report arrive and be looked at."""
    letter = reporter.report(fields=FIELDS | fields, files=files)
    origin.import_rows(world().letter_row(letter), *more)
    origin.take("screening", ONE)
