"""Many reporters, a courier, and bad luck: processes are killed and sticks damaged while all of it goes on.

What a reporter was shown is noted; afterwards each of it must be found once, whole, at the station.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from live import REPORT, ROOT, LiveServer, Upload, random_word
from offline import StationCommands

from dropbox.process import WIPING
from keys import demo
from keys.roster import Sizes
from station import cases
from station.cases import Case
from station.desk import Desk, open_desk
from station.home import Home
from station.outbox import count_unserved
from station.tables import FileState

REPORTERS = 16
SLOTS, DAILY_COVER, FORWARDED = 1024, 256, 4  # slots: unless a kind of soak asks for more
# Uploads that a kill broke off count as files without a letter: the question that a flood brings is for people.
NO_QUESTION = "import dropbox.arena as arena; arena.FILES_A_DAY = arena.LITTERED_FROM = 1; "
TRIES = 200  # of one form, by one reporter
CLEAN_ROUNDS = 12
BOXES = 40  # that are opened with their codes in the end
SEED = int(os.environ.get("SOAK_SEED", "0")) or int.from_bytes(os.urandom(4), "big")


@dataclass(slots=True)
class Sent:
    """What one reporter wrote, and the code once it was shown."""

    token: str
    file: bytes = field(repr=False, default=b"")
    forms: int = 0  # fresh forms that were sent: each of them may have been stored, though its answer was lost
    words: list[str] = field(default_factory=list)
    name: str = ""  # of the mailbox

    @property
    def files(self) -> list[Upload]:
        """What is attached."""
        return [("bukti.bin", self.file, "application/octet-stream")] if self.file else []


class Soak:
    """One deployment in a folder, for so many seconds and at most so many reports, each of which finds a mailbox.

    Each program of the drop box has `env` in its environment.
    """

    slots = SLOTS

    def __init__(
        self, folder: Path, seconds: float, seed: int, most: int, env: Mapping[str, str] | None = None
    ) -> None:
        self.folder, self.seconds, self.most = folder, seconds, most
        self.dice, self.env = random.Random(seed), dict(env or {})
        self.sent: list[Sent] = []
        self.told: Counter[str] = Counter()
        self.over = threading.Event()
        self.receipts = 0
        self.lost: list[Sent] = []
        self.torn: list[Sent] = []
        self.doubled: list[str] = []
        self.silent: list[Sent] = []
        sizes = Sizes(self.slots, DAILY_COVER, 2 * most, FORWARDED)  # a form that a kill broke off may be a case, too
        weeks, demo.WEEKS = demo.WEEKS, 2
        try:
            self.passphrases = demo.make_demo(folder / "demo", sizes=sizes).passphrases
        finally:
            demo.WEEKS = weeks
        with (folder / "demo" / "server" / "settings.toml").open("a", encoding="ascii") as settings:
            settings.write("letters_an_hour = 1_000_000\n")  # a flood's question is for people
        self.server = self.make_server(folder / "demo" / "server")
        self.station = StationCommands(folder / "demo", "sumsel", "sumsel-1", "sumsel-2")
        self.keeper: subprocess.Popen[bytes] | None = None
        self.sticks = [folder / "stick-1", folder / "stick-2"]
        self._lock = threading.Lock()

    def make_server(self, home: Path) -> LiveServer:
        """Return the drop box that reporters talk to, not started yet."""
        return LiveServer(home, env={**WIPING, **self.env}, first=NO_QUESTION)

    def run(self) -> None:
        """Let everything happen, then let clean rounds bring home what is still on its way."""
        with self.server, self._kept():
            threads = [threading.Thread(target=self._watched, args=(work,)) for work in self._works()]
            for thread in threads:
                thread.start()
            self.over.wait(self.seconds)
            self.over.set()
            for thread in threads:
                thread.join()
            self._revive()
            for stick in self.sticks:
                shutil.rmtree(stick, ignore_errors=True)
            self._go_home()
            self._account()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        self.start_keeper()
        try:
            yield
        finally:
            if self.keeper is not None:
                self.keeper.kill()
                self.keeper.wait()

    def _works(self) -> list[Callable[[], None]]:
        return [*(self._report for _ in range(REPORTERS)), self._carry, self._kill]

    def _watched(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # a thread that dies quietly would make the test pass
            self.note(f"broken: {type(error).__name__}: {error}")
            self.over.set()

    def note(self, what: str) -> None:
        with self._lock:
            self.told[what] += 1

    def start_keeper(self) -> None:
        home = str(self.folder / "demo" / "server")
        self.keeper = subprocess.Popen(
            [sys.executable, "-m", "dropbox", "keeper", "--home", home], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    # Reporters
    def _report(self) -> None:
        while not self.over.is_set():
            with self._lock:
                if len(self.sent) >= self.most:
                    return
                sent = Sent(random_word(), self.dice.randbytes(self.dice.choice((0, 0, 0, 300_000, 700_000))))
                self.sent.append(sent)
            self._send(sent)

    def _send(self, sent: Sent) -> None:
        """Send one form until a receipt is shown: as somebody does whose page does not come."""
        seed = ""
        for _ in range(TRIES):
            try:
                if not seed:
                    seed = self.server.get("/lapor").hidden("benih")
                    sent.forms += 1
                answer = self.server.post("/lapor", self._form(sent, seed), sent.files)
            except (http.client.HTTPException, OSError, AssertionError):
                self.note("answers that did not come")
            else:
                if answer.status == 200 and 'id="kode-tanda-terima"' in answer.text:
                    name = re.search(r'id="nama-kotak">([^<]+)<', answer.text)
                    assert name, "a receipt without a name"
                    sent.words, sent.name = answer.words, name[1]
                    return
                self.note(f"answers {answer.status}")
                seed = ""  # after a restart the page is an old one: a fresh form, as the answer carries it
            if self.over.wait(0.5):
                return

    def _form(self, sent: Sent, seed: str) -> dict[str, str | list[str]]:
        return {"benih": seed, **REPORT, "uraian": f"{sent.token} mengatur lelang."}

    # The courier
    def _carry(self) -> None:
        while not self.over.is_set():
            with self._lock:
                stick, box_dies, station_dies = (
                    self.dice.choice(self.sticks), self.dice.random() < 0.3, self.dice.random() < 0.3,
                )  # fmt: skip
            self._visit_box(stick, box_dies)
            self._damage(stick)
            self._visit_station(stick, station_dies)
            self._damage(stick)

    def _visit_box(self, stick: Path, dies: bool) -> None:
        home = str(self.folder / "demo" / "server")
        command = [sys.executable, "-m", "dropbox", "courier", "--home", home, str(stick), "--station", "sumsel"]
        self._visit("box", command, stick, dies, self.env)

    def _visit_station(self, stick: Path, dies: bool) -> None:
        command = [sys.executable, "-m", "station", "courier", *self.station.options, str(stick)]
        self._visit("station", command, stick, dies, {})

    def _visit(self, place: str, command: list[str], stick: Path, dies: bool, env: Mapping[str, str]) -> None:
        stick.mkdir(exist_ok=True)
        with self._lock:
            wait = self.dice.uniform(0.3, 4.0)
        running = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **env},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            _, words = running.communicate(timeout=wait if dies else 300)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate(timeout=120)  # nothing that it started outlives it
            self.note(f"{place}: killed")
            return
        self.note(f"{place}: exit {running.returncode}")
        if running.returncode not in (0, 1, 3) and "older than" not in words:
            raise AssertionError(f"{place}: {words}")
        if running.returncode in (3, 7):  # a person reads that and takes another stick
            shutil.rmtree(stick)

    def _damage(self, stick: Path) -> None:
        """Let something happen to a stick, or nothing."""
        files = sorted(path for path in stick.rglob("*.senyap") if path.is_file())
        with self._lock:
            fault = self.dice.choice(("nothing", "nothing", "nothing", "lose", "cut", "flip", "half", "put back"))
            chosen = self.dice.choice(files) if files else None
            at = self.dice.random()
        kept = self.folder / "kept"
        if chosen is None or fault == "nothing":
            return
        self.note(f"stick: {fault}")
        size = chosen.stat().st_size
        if fault == "lose":
            shutil.rmtree(stick)
        elif fault == "cut":
            os.truncate(chosen, int(size * at))
        elif fault == "flip":
            with chosen.open("r+b") as file:
                file.seek(int((size - 1) * at))
                byte = file.read(1)
                file.seek(-1, 1)
                file.write(bytes([byte[0] ^ 0x10]))
        elif fault == "half":
            chosen.rename(chosen.with_name(f".{chosen.name}.0123456789abcdef.part"))
        else:
            if (old := kept / chosen.name).exists():
                shutil.copy(old, chosen.parent / old.name)
            kept.mkdir(exist_ok=True)
            shutil.copy(chosen, kept)

    # Bad luck
    def _kill(self) -> None:
        while True:
            with self._lock:
                wait, what = self.dice.uniform(3, 9), self.dice.choice(("worker", "worker", "all", "keeper"))
            if self.over.wait(wait):
                return
            self.note(f"kill: {what}")
            if what == "keeper" and self.keeper is not None:
                self.keeper.kill()
                self.keeper.wait()
                self.start_keeper()
                continue
            pids = self.server.pids
            chosen = pids if what == "all" else pids[1:2]
            for pid in chosen:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:  # it went with its parent
                    continue
            if what == "all":
                self._revive()

    def _revive(self) -> None:
        """Start the server again when it is dead."""
        process = self.server.process
        assert process is not None
        if process.poll() is None and self.server.pids[1:]:
            return
        process.kill()
        process.wait()
        self.server.start()

    def _go_home(self) -> None:
        """Go rounds on which nothing happens, until every case has its mailbox."""
        stick = self.folder / "clean"
        for _ in range(CLEAN_ROUNDS):
            self._visit_box(stick, False)
            self._visit_station(stick, False)
            self._visit_box(stick, False)
            with self._desk() as desk:
                if not count_unserved(desk):
                    return

    def _account(self) -> None:
        """Compare what reporters were shown with what the station has and what their codes open."""
        found: dict[str, list[Case]] = {}
        with self._desk() as desk, desk.vault.begin() as transaction:
            for line in cases.list_cases(transaction, desk.home):
                case = cases.show_case(transaction, line.case)
                found.setdefault(case.fields["uraian"].split()[0], []).append(case)
        forms = {sent.token: sent.forms for sent in self.sent}
        self.doubled = [token for token, there in found.items() if len(there) > forms.get(token, 0)]
        shown = [sent for sent in self.sent if sent.words]
        self.receipts = len(shown)
        for sent in shown:
            theirs = [case for case in found.get(sent.token, []) if case.mailbox_name == sent.name]
            self.lost += [sent] if not theirs else []
            self.doubled += [sent.token] if len(theirs) > 1 else []
            self.torn += [sent for case in theirs if not is_whole(sent, case)]
        for sent in self.dice.sample(shown, min(BOXES, len(shown))):
            page = self.server.post("/kotak", {"kode": " ".join(sent.words)})
            if page.status != 200 or 'data-status="received"' not in page.text:
                self.silent.append(sent)

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        words = {who: self.passphrases[who] for who in ("sumsel-1", "sumsel-2")}
        with open_desk(Home.load(self.station.home), words) as desk:
            yield desk


def is_whole(sent: Sent, case: Case) -> bool:
    """Tell whether a case has the file that was sent with it, or none where there was none."""
    wanted = [hashlib.sha256(sent.file).digest()] if sent.file else []
    return [a.sha256 for a in case.attachments if a.state is FileState.WHOLE] == wanted


def check(soak: Soak) -> None:
    """Run it; every receipt is a case at the station, once and whole, and its code opens a box with news."""
    soak.run()
    told = ", ".join(f"{what}: {count}" for what, count in sorted(soak.told.items()))
    print(
        f"seed {SEED}: {len(soak.sent)} reports, {soak.receipts} receipts shown, {len(soak.lost)} lost, "
        f"{len(soak.doubled)} doubled, {len(soak.torn)} torn, {len(soak.silent)} without news; {told}"
    )
    assert not any(what.startswith("broken") for what in soak.told), told
    assert soak.receipts and not (soak.lost or soak.doubled or soak.torn or soak.silent), SEED
