"""What one running drop box consists of, put together once; pages reach it through `here()`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from flask import current_app, g

from crypto.encoding import epoch_of, today
from crypto.row import Decoys
from dropbox.arena import Arena
from dropbox.cleanroom import Cleanroom
from dropbox.clock import Sealing, clock_of, sealing_of, this_hour
from dropbox.current import Current
from dropbox.dialects import Place
from dropbox.directory import Directory
from dropbox.errors import Closed, Why
from dropbox.fieldkeys import FieldKeys, OwnKeys, SharedKeys
from dropbox.lanes import Lanes, WideLane
from dropbox.mailboxes import Mailboxes
from dropbox.maker import HeaderMaker
from dropbox.marks import greatest_day, remember_roster
from dropbox.memory import shared_memory
from dropbox.rounds import Rounds
from dropbox.sealing import RowWriter
from dropbox.sessions import SealedFields
from dropbox.settings import Settings
from dropbox.store import Store
from dropbox.tally import TALLY_BYTES, Tally
from dropbox.transportkey import is_unsettled, settle_key
from keys.roster import Group

_WAITING_WRITERS = 256
UPLOADS_AT_ONCE = 64


@dataclass(slots=True)
class Services:
    """The parts of a drop box. One instance a process, made before the workers fork."""

    settings: Settings
    current: Current
    store: Store
    arena: Arena
    mailboxes: Mailboxes
    rounds: Rounds
    fields: SealedFields
    report_lane: Lanes
    mailbox_lane: Lanes
    courier_lane: WideLane
    upload_lane: Lanes
    keeper_lane: WideLane
    tally: Tally = field(repr=False)
    decoys: Decoys = field(repr=False)
    maker: HeaderMaker = field(repr=False)
    cleanroom: Cleanroom = field(repr=False)

    @classmethod
    def open(cls, settings: Settings) -> Services:
        """Load keys, open the database and fill a new arena with cover.

        A transport key that a crash kept from its place is put there. Raises CryptoError, Refused, Closed or OSError.
        """
        home = settings.home
        current = Current.open(home)
        store = open_store(settings)
        current.accept = lambda new: remember_roster(store, new.roster)
        current.accept(current.directory)
        decoys = Decoys()
        memory = shared_memory(Path(settings.memory), home, TALLY_BYTES)
        tally = Tally(memory, _lanes(home, "tally", 1, _WAITING_WRITERS))
        services = cls(
            settings=settings,
            current=current,
            store=store,
            arena=Arena(store, tally),
            mailboxes=Mailboxes(store),
            rounds=Rounds(store, settings.courier_days, current.directory.roster.issued),
            fields=SealedFields(_field_keys(settings)),
            report_lane=_lanes(home, "report", settings.lanes, settings.max_waiting),
            mailbox_lane=_lanes(home, "mailbox", settings.lanes, settings.max_waiting),
            courier_lane=WideLane(open_courier_lane(home), partial(store.hold, Place.COURIER)),
            upload_lane=_lanes(home, "upload", UPLOADS_AT_ONCE, 0),
            keeper_lane=WideLane(_lanes(home, "keeper", 1, 0), partial(store.hold, Place.KEEPER)),
            tally=tally,
            decoys=decoys,
            maker=HeaderMaker(home, current, decoys),
            cleanroom=Cleanroom(home / "locks", settings.cleaner),
        )
        if is_unsettled(home, current.directory.roster):
            with services.courier_lane.enter():
                settle_key(home, current.reload().roster)
        services.fill_arena()
        return services

    @property
    def directory(self) -> Directory:
        """The directory in force. What works for one person takes `directory()`, which stays the same."""
        return self.current.directory

    def fill_arena(self) -> None:
        """Fill the arena with cover up to the roster's number of slots, whatever the clock says.

        An arena that is there already may stay smaller for a while; raises Closed for a new one without keys.
        """
        day = today()
        try:
            self.arena.set_up(self.directory.roster.sizes.slots, partial(self.directory.draw_cover, day, self.decoys))
        except Closed:
            if not self.arena.counts()[1]:
                raise

    def is_flooded(self) -> bool:
        """Tell whether so much comes, letters or files without one, that each form must answer a question."""
        fast = self.tally.letters(this_hour()) > 2 * self.settings.letters_an_hour
        return fast or self.arena.is_strained()

    def greatest_day(self) -> int:
        """Return the greatest day that this drop box has seen signed."""
        return greatest_day(self.store, self.directory.roster)

    def sealing(self, directory: Directory, day: int) -> Sealing:
        """Tell whether reports of this day can be taken."""
        return sealing_of(directory, day, greatest_day(self.store, directory.roster))

    def check_sealing(self, directory: Directory, day: int) -> None:
        """Raise Closed when nothing may be sealed on this day."""
        if (sealing := self.sealing(directory, day)) is not Sealing.READY:
            raise Closed(f"nothing may be sealed: {sealing}", Why.SHUT)

    def make_cover(self) -> bytes:
        """Seal one fresh cover row of this week; raises Closed when the clock is wrong or no group has keys."""
        directory, day = self.directory, today()
        clock = clock_of(day, greatest_day(self.store, directory.roster))
        if clock is not Sealing.READY:
            raise Closed(f"nothing may be sealed: {clock}", Why.SHUT)
        return directory.draw_cover(day, self.decoys)

    def writer(self, directory: Directory, groups: Sequence[Group], day: int) -> RowWriter:
        """Return a writer that seals to these groups of a directory, whatever comes into force meanwhile.

        Raises Closed.
        """
        self.check_sealing(directory, day)
        ids = tuple(group.id for group in groups)
        return RowWriter(
            arena=self.arena,
            group_ids=ids,
            readers=directory.readers(ids, day),
            day=day,
            epoch=epoch_of(day),
            directory_digest=directory.digest,
            maker=self.maker,
            make_cover=partial(directory.draw_cover, day, self.decoys),
        )

    def after_fork(self) -> None:
        """Give this process its own database connections and its own maker of headers."""
        self.store.after_fork()
        self.maker.start()


def open_store(settings: Settings) -> Store:
    """Open the database alone: for commands that need no keys of readers."""
    return Store(settings.database_url, _lanes(settings.home, "write", 1, _WAITING_WRITERS))


def open_courier_lane(home: Path) -> Lanes:
    """Return the lane of those who change chains, rosters and keys, one at a time on this machine."""
    return _lanes(home, "courier", 1, _WAITING_WRITERS)


def _field_keys(settings: Settings) -> FieldKeys:
    if settings.session_key:
        return SharedKeys.read(Path(settings.session_key))
    return OwnKeys(_lanes(settings.home, "fields", 1, _WAITING_WRITERS))


def here() -> Services:
    """Return the services of the running application."""
    services = current_app.extensions["senyap"]
    assert isinstance(services, Services)
    return services


def directory() -> Directory:
    """Return the directory of this request: the newest at its first use, the same one until its end."""
    if "directory" not in g:
        g.directory = here().current.look()
    found = g.directory
    assert isinstance(found, Directory)
    return found


def _lanes(home: Path, name: str, count: int, max_waiting: int) -> Lanes:
    return Lanes(home / "locks", name, count, max_waiting)
