"""The case desk's lock: who is present, and when it closes by itself.

Closed, nothing is in memory. Open, the quorum's keys are. Idle, they are still there and any of those present lifts
the lock, within an hour. That hour, a network, a sleep of the machine or people close it for good.
"""

from __future__ import annotations

import enum
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from crypto.encoding import today
from crypto.errors import Tampered
from station import airgap, audit, presence, space
from station.audit import Deed
from station.desk import Desk, demand_passphrase, open_desk
from station.errors import NotAirGapped, Refused
from station.home import Home
from station.refusals import sentence

IDLE_SECONDS = 600.0
LOCKED_SECONDS = 3600.0  # that an idle lock lasts: then those who were present have gone
LOOK_SECONDS = 60.0  # between two looks at the network
SLEPT_SECONDS = 5.0


class State(enum.Enum):
    """How far the desk is open."""

    CLOSED = "closed"
    IDLE = "idle"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds that run while the machine is awake, seconds that run always, and those of the calendar."""

    awake: Callable[[], float] = time.monotonic
    always: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    calendar: Callable[[], float] = time.time

    def now(self) -> tuple[float, float, float]:
        """Return what all of them show."""
        return self.awake(), self.always(), self.calendar()

    def slept(self) -> float:
        """Return how long the machine has slept since it was started."""
        return self.always() - self.awake()


@dataclass(slots=True)
class _Open:
    """What there is only while the desk is open."""

    desk: Desk
    closing: ExitStack = field(repr=False)
    browser: str = field(repr=False)  # the browser that opened it knows this, no other one does
    forms: str = field(repr=False)


class Session:
    """One desk at one machine. Everything runs under one lock: a station has one screen."""

    def __init__(
        self,
        folder: Path,
        *,
        allow_network: bool = False,
        clocks: Clocks | None = None,
        look: Callable[[], tuple[str, ...]] = airgap.check,
    ) -> None:
        self.folder = folder
        self.why = ""  # in words, why it closed
        self.warning = ""  # in words, what is wrong with the log
        self.at_lock: Callable[[], None] = lambda: None  # forgets what was made of reports
        self._allow_network, self._look, self._clocks = allow_network, look, clocks or Clocks()
        self._mutex = threading.RLock()
        self._given: dict[str, str] = {}
        self._open: _Open | None = None
        self._idle = False
        self._touched, self._slept = self._clocks.now(), self._clocks.slept()

    @property
    def home(self) -> Home:
        """The station's folder, as its roster has it now."""
        with self._mutex:
            return self._open.desk.home if self._open else Home.load(self.folder)

    @property
    def state(self) -> State:
        """How far it is open now."""
        with self._mutex:
            self._notice()
            if self._open is None:
                return State.CLOSED
            return State.IDLE if self._idle else State.OPEN

    @property
    def present(self) -> tuple[str, ...]:
        """Who has typed a passphrase: all of the quorum when it is open."""
        with self._mutex:
            return tuple(ring.reviewer for ring in self._open.desk.rings) if self._open else tuple(self._given)

    @property
    def forms(self) -> str:
        """What each form of this opening carries, so that no other page can send one."""
        with self._mutex:
            return self._open.forms if self._open else ""

    def knows(self, browser: str) -> bool:
        """Tell whether this is the browser that opened the desk."""
        with self._mutex:
            return self._open is not None and secrets.compare_digest(browser.encode(), self._open.browser.encode())

    def enter(self, reviewer: str, words: str) -> str:
        """Take a reviewer's passphrase; with the last one of the quorum open the desk.

        Returns what the browser must show from then on, "" before. Raises WrongPassphrase, Refused for somebody
        unknown, NotAirGapped, and what `open_desk` raises.
        """
        with self._mutex:
            self._notice()
            self.check_network()
            home = Home.load(self.folder)
            if self._open is None and (why := presence.blocked(home)):
                raise Refused(why)
            self.verify(reviewer, words)
            if self._open is not None:
                return self._lift(reviewer)
            self._given[reviewer] = words
            self.touch()
            if presence.lacking(home, self._given):
                return ""
            given, self._given = self._given, {}
            with ExitStack() as stack:
                desk = stack.enter_context(open_desk(home, given))
                self._open = _Open(desk, stack.pop_all(), secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            self.why, self._idle = "", False
            self.touch()
            try:
                with space.wanted():
                    self._log(Deed.OPENED)
            except BaseException:  # nobody works at a desk whose opening is not in the log
                self.close()
                raise
            return self._open.browser

    def verify(self, reviewer: str, words: str) -> None:
        """Demand that a passphrase is that of a reviewer of this unit; raises WrongPassphrase or Refused."""
        demand_passphrase(self.home, reviewer, words)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Work at the open desk; raises Refused when it is not open, DiskFull when its vault has no room."""
        with self._mutex:
            if self.state is not State.OPEN or self._open is None:
                raise Refused("meja terkunci")
            with space.wanted():
                yield self._open.desk

    def renew(self) -> None:
        """Take over a roster that an import has brought; close when it does not name somebody who is present."""
        with self._mutex:
            if self._open is None:
                return
            self._open.desk = self._open.desk.at(Home.load(self.folder))
            home = self._open.desk.home
            if gone := [who for who in self.present if who not in home.members]:
                self.close(
                    f"{', '.join(gone)} bukan lagi penelaah unit ini menurut roster versi {home.roster.version}. Yang "
                    "tinggal harus hadir lagi."
                )

    def touch(self) -> None:
        """Note that somebody works here."""
        with self._mutex:
            self._touched = self._clocks.now()

    @property
    def left(self) -> float:
        """How many seconds it stays open if nobody does anything."""
        with self._mutex:
            return max(0.0, IDLE_SECONDS - self._idle_for()[0])

    def close(self, why: str = "") -> None:
        """Forget all keys and passphrases."""
        with self._mutex:
            self._given, self._idle = {}, False
            self.why = why or self.why
            self.at_lock()
            if self._open is not None:
                with suppress(SQLAlchemyError, OSError):  # a full disk must not keep it open
                    self._log(Deed.CLOSED)
                gone, self._open = self._open, None
                gone.closing.close()

    def watch(self, stop: threading.Event) -> None:
        """Look at network, sleep and idle time until told to stop."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Look once: a network closes the desk."""
        with self._mutex:
            self._notice()
            try:
                self.check_network()
            except NotAirGapped as error:
                self.close(str(error))

    def check_network(self) -> None:
        """Demand that this machine has no network, unless the demo allows one; raises NotAirGapped."""
        if self._allow_network:
            return
        if reasons := self._look():
            raise NotAirGapped(
                "Mesin ini terhubung ke jaringan (" + "; ".join(reasons) + "). Cabut kabel, lepas kartu wifi dan "
                "bluetooth, lalu buka lagi.",
                reasons,
            )

    def _log(self, deed: Deed) -> None:
        if self._open is not None:
            with self._open.desk.vault.begin() as transaction:
                if deed is Deed.OPENED:
                    self.warning = _trouble(transaction)
                audit.note(transaction, self._open.desk.present, deed, day=today())

    def _lift(self, reviewer: str) -> str:
        if self._open is None or reviewer not in self.present:
            raise Refused("hanya yang hadir dapat membuka kunci ini; untuk orang lain: kunci penuh, lalu buka lagi")
        self._idle = False
        self._open.browser, self._open.forms = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.touch()
        return self._open.browser

    def _notice(self) -> None:
        """Close after a sleep, lock after idle minutes, close what has been locked for an hour."""
        slept = self._clocks.slept()
        if slept - self._slept > SLEPT_SECONDS:
            self.close("Mesin ini tertidur; semua harus hadir lagi.")
        self._slept = slept
        idle = self._idle_for()
        if idle[0] > IDLE_SECONDS:
            self._idle = self._open is not None
            self._given.clear()  # of those who waited for a quorum that never came
            self.at_lock()
        if self._idle and max(idle) > IDLE_SECONDS + LOCKED_SECONDS:  # whichever clock was stopped or set back
            self.close("Terkunci lebih dari satu jam; semua harus hadir lagi.")

    def _idle_for(self) -> tuple[float, ...]:
        """Return for how long nobody has worked here, by each clock."""
        return tuple(now - then for now, then in zip(self._clocks.now(), self._touched, strict=True))


def _trouble(transaction: sa.Connection) -> str:
    try:
        audit.check(transaction)
    except Tampered as error:
        return sentence(error)
    return ""
