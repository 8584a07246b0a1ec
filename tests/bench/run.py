"""`python tests/bench/run.py [--quick] [--json FILE]`: figures of a whole deployment, beside their floors and aims.

Everything is made for the run and removed after it; nothing but loopback is used. Figures of a machine
that does other things meanwhile are worth little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from courier import cover_of_a_day, time_bundle, time_receive  # noqa: E402
from deployment import Meter, Site, run_floors, run_load  # noqa: E402
from desk import fill, time_pages  # noqa: E402
from frontends import on_postgres  # noqa: E402
from live import LiveServer  # noqa: E402
from postgres import ABSENT, is_installed  # noqa: E402

from crypto.attachment import MAX_ATTACHMENT_BYTES  # noqa: E402
from crypto.row import ROW_BYTES  # noqa: E402
from dropbox.process import WIPING  # noqa: E402

MEGA, MEBI = 1_000_000, 1 << 20
TEXT_BYTES = 2_000
DAILY_COVER = 256  # rows, as the founding roster has it
NO_RATION = "import dropbox.arena as arena; arena.FILES_A_DAY = 1; "  # a day of the bench has many large uploads


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    slots: int
    reports: tuple[tuple[int, int], ...]  # clients, reports
    files: int
    file_bytes: int
    uploads: int
    logins: int
    replies: tuple[int, ...] = (0, 1, 25)
    bundles: tuple[int, ...] = (256, 4096)
    mailboxes: int = 4096
    cover: int = 128
    cases: int = 10_000
    pages: int = 40


FULL = Plan(4096, ((1, 20), (4, 60), (16, 160)), 4, MAX_ATTACHMENT_BYTES, 3, 40)
QUICK = Plan(
    256, ((1, 2), (4, 8), (16, 16)), 2, 2_000_000, 1, 4, bundles=(16, 256), mailboxes=64, cover=16, cases=50, pages=3
)


@dataclass(frozen=True)
class Figure:
    """One line of the table. `floor` is what the parts alone take, in the unit of `value`."""

    name: str
    value: float
    unit: str
    aim: str = ""
    met: bool | None = None
    floor: float | None = None

    def line(self) -> str:
        ratio = f"{max(self.value / self.floor, self.floor / self.value):.2f}x" if self.floor and self.value else ""
        floor = f"{self.floor:.4g}" if self.floor else ""
        verdict = {None: "", True: "ok", False: "missed"}[self.met]
        return f"{self.name:<44} {self.value:>10.4g} {self.unit:<6} {floor:>9} {ratio:>7}  {self.aim:<14} {verdict}"


class Bench:
    """One run."""

    def __init__(self, site: Site, plan: Plan, quick: bool) -> None:
        self.site, self.plan = site, plan
        self.floors = run_floors(site.home, quick)
        self.figures: list[Figure] = []
        self.shown: list[dict[str, object]] = []

    def add(
        self, name: str, value: float, unit: str, aim: str = "", met: bool | None = None, floor: float | None = None
    ) -> None:
        self.figures.append(Figure(name, value, unit, aim, met, floor))
        print(self.figures[-1].line(), flush=True)

    def show_floors(self) -> None:
        f = self.floors
        self.add("floor: key stretchings, 2 threads", f["stretch_rate"], "1/s")
        self.add("floor: one key stretching alone", f["stretch_seconds"] * 1000, "ms")
        self.add("floor: sealing one row", f["seal_seconds"] * 1000, "ms")
        self.add("floor: SQLite, batches of rows, synced", f["database_rate"], "MB/s")
        self.add("floor: SHA-256 and XChaCha20-Poly1305", f["cipher_rate"], "MB/s")
        self.add("floor: parsing the form alone", f["parse_rate"], "MB/s")
        self.add("floor: one slot tried with one key", f["opening_seconds"] * 1e6, "us")

    def run_reports(self, server: LiveServer) -> None:
        """Reports a second, and whether each receipt shown has its letter at the station."""
        refused = 0
        for clients, count in self.plan.reports:
            with Meter(server) as meter:
                done = run_load(server.port, "reports", clients=clients, count=count, text_bytes=TEXT_BYTES)
            shown = [r for r in done["reports"] if r["status"] == 200 and len(r["words"]) == 8]
            refused += count - len(shown)
            self.shown += shown
            rate, aim = len(shown) / done["seconds"], ">= 10/s" if clients == 16 else ""
            name = f"reports of 2 kB, {clients} clients"
            self.add(name, rate, "1/s", aim, rate >= 10 if aim else None, self.floors["stretch_rate"])
            worst = max(r["seconds"] for r in done["reports"])
            self.add(f"  longest of {count}", worst, "s")
            self.add("  processor time for one", meter.cpu_seconds / count * 1000, "ms")
        self.add("reports refused", refused, "", "0", refused == 0)
        found = self.site.carry_out()
        lost = {r["token"] for r in self.shown} - self.site.texts().keys()
        self.add("receipts shown whose letter was lost", len(lost), "", "0", not lost)
        self.add("alarms at the import", len(found.alarms), "", "0", not found.alarms)

    def run_uploads(self, server: LiveServer) -> None:
        """One report with large files, several times; the median counts."""
        plan, rates, cpu, growth, whole = self.plan, [], [], [], []
        for _ in range(plan.uploads):
            with Meter(server) as meter:
                done = run_load(server.port, "upload", files=plan.files, file_bytes=plan.file_bytes)
            if not done["shown"]:
                raise RuntimeError(f"upload was answered {done['status']} without a receipt")
            rates.append(done["bytes"] / MEGA / done["seconds"])
            cpu.append(meter.cpu_seconds)
            growth.append(meter.growth_until(done["sent"]) / MEBI)
            whole.append(meter.growth_until() / MEBI)
        size = f"{plan.files} files of {plan.file_bytes:,} bytes"
        rate, f = statistics.median(rates), self.floors
        self.add(f"upload, {size}", rate, "MB/s", ">= 100 MB/s", rate >= 100, f["database_rate"])
        self.add("  best of the tries", max(rates), "MB/s")
        self.add("  processor time", statistics.median(cpu), "s")
        self.add("  memory growth while files arrive, largest", max(growth), "MiB", "<= 32 MiB", max(growth) <= 32)
        self.add("  the same with key stretching (64 MiB)", max(whole), "MiB")
        found = self.site.carry_out()
        complete = found.new == plan.uploads and not found.incomplete and not found.alarms
        self.add("  letters at the station, all files whole", found.new, "", str(plan.uploads), complete)
        self.site.carry_back()

    def run_logins(self, server: LiveServer) -> None:
        """Opening a mailbox with few and with many answers in it."""
        cases, stretch = self.site.texts(), 1000 * self.floors["stretch_seconds"]
        chosen = list(zip(self.plan.replies, self.shown, strict=False))
        for replies, report in chosen:
            self.site.reply(cases[str(report["token"])], replies)
        self.site.carry_back()
        for replies, report in chosen:
            words = report["words"]
            assert isinstance(words, list)
            done = run_load(server.port, "logins", code=" ".join(words), count=self.plan.logins)
            if done["statuses"] != [200] or done["messages"] != replies:
                raise RuntimeError(f"mailbox: {done['statuses']}, {done['messages']} messages, want {replies}")
            times = sorted(1000 * t for t in done["times"])
            half, most = statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.95))]
            name = f"opening a mailbox with {replies} replies"
            self.add(f"{name}, median", half, "ms", "<= 250 ms", half <= 250, stretch)
            self.add(f"{name}, 95 %", most, "ms", "<= 250 ms", most <= 250)

    def run_import(self) -> None:
        """A bundle of the whole arena, imported by two reviewers."""
        found, seconds = self.site.time_import()
        total = self.plan.slots
        floor = self.floors["slots"] * total * 2 * self.floors["opening_seconds"]
        name = f"station: import of {total:,} rows"
        self.add(name, seconds, "s", "<= 1.5x floor", seconds <= 1.5 * floor, floor)
        self.add("  alarms", len(found.alarms), "", "0", not found.alarms)

    def run_courier(self, folder: Path) -> None:
        """Bundles, an outbox with many mailboxes, and a day of cover; a bare copy of the same bytes is the floor."""
        site = Site.make(folder, self.plan.slots, mailboxes=self.plan.mailboxes)
        for rows in self.plan.bundles:
            moved = time_bundle(site, rows)
            self.add(f"bundle of {rows:,} rows, written and read back", moved.rate, "MB/s", floor=moved.copy_rate)
        moved, mailboxes = time_receive(site)
        self.add(f"receive of an outbox with {mailboxes:,} mailboxes", moved.seconds, "s", floor=moved.copy_seconds)
        cpu, written = cover_of_a_day(site, self.plan.cover)
        self.add(f"cover: processor time of {DAILY_COVER} rows a day", cpu * DAILY_COVER, "s",
                 floor=self.floors["seal_seconds"] * DAILY_COVER)  # fmt: skip
        self.add(f"cover: written for {DAILY_COVER} rows a day", written * DAILY_COVER / MEGA, "MB",
                 floor=DAILY_COVER * ROW_BYTES / MEGA)  # fmt: skip

    def run_desk(self, folder: Path) -> None:
        """The case desk with many cases; the floor is SQLite's own time for the queries of the same page."""
        site = Site.make(folder, 64)
        fill(site, self.plan.cases)
        for page in time_pages(site, self.plan.pages):
            self.add(f"desk, {self.plan.cases:,} cases: {page.name}, 95 %", page.milliseconds, "ms", floor=page.queries)

    def run_front_ends(self, folder: Path) -> None:
        """The same load with the rows on PostgreSQL, taken by one front end and by two."""
        if not is_installed():
            print(f"front ends on PostgreSQL: left out; {ABSENT}")
            return
        plan, (clients, count) = self.plan, self.plan.reports[-1]
        for number, words in ((1, "1 front end"), (2, "2 front ends")):
            with on_postgres(folder / str(number), plan.slots, number, NO_RATION) as front_ends:
                rate, refused = front_ends.reports(clients, count, TEXT_BYTES)
                self.add(
                    f"PostgreSQL, {words}: reports, {clients} clients", rate, "1/s", floor=self.floors["stretch_rate"]
                )
                self.add("  refused", refused, "", "0", refused == 0)
                rates = [front_ends.upload(plan.files, plan.file_bytes) for _ in range(max(1, plan.uploads // number))]
                self.add(f"PostgreSQL, {words}: one upload at each", statistics.median(rates), "MB/s")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a whole deployment.")
    parser.add_argument("--quick", action="store_true", help="a smoke form: do little, in seconds")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory(prefix="senyap-bench-") as folder:
        site = Site.make(Path(folder) / "demo", plan.slots)
        print(f"{'what':<44} {'value':>10} {'':<6} {'floor':>9} {'ratio':>7}  aim")
        bench = Bench(site, plan, options.quick)
        bench.show_floors()
        with LiveServer(site.home, env=WIPING, first=NO_RATION) as server:
            bench.run_reports(server)
            bench.run_logins(server)
            bench.run_uploads(server)
        bench.run_import()
        bench.run_courier(Path(folder) / "courier")
        bench.run_desk(Path(folder) / "desk")
        Path(folder).chmod(0o755)  # the server may run as another user
        bench.run_front_ends(Path(folder) / "postgresql")
    if options.json:
        options.json.write_text(json.dumps([asdict(f) for f in bench.figures], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
