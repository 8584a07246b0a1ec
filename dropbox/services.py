"""What one running drop box consists of, put together once; pages reach it through `here()`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import current_app
from sqlalchemy import delete, insert, select

from crypto import medium
from crypto.encoding import epoch_of, today
from crypto.row import Decoys
from crypto.signing import SigningKey
from dropbox.arena import Arena
from dropbox.directory import Directory
from dropbox.lanes import Lanes
from dropbox.mailboxes import Mailboxes
from dropbox.maker import HeaderMaker
from dropbox.rounds import Rounds
from dropbox.sealing import RowWriter
from dropbox.sessions import SealedFields
from dropbox.settings import Settings
from dropbox.store import Store, chains
from keys.errors import RolledBack
from keys.roster import Group

_WAITING_WRITERS = 256


@dataclass(slots=True)
class Services:
    """The parts of a drop box. One instance a process, made before the workers fork."""

    settings: Settings
    directory: Directory
    store: Store
    arena: Arena
    mailboxes: Mailboxes
    rounds: Rounds
    fields: SealedFields
    report_lane: Lanes
    mailbox_lane: Lanes
    courier_lane: Lanes
    server_key: SigningKey = field(repr=False)
    decoys: Decoys = field(repr=False)
    maker: HeaderMaker = field(repr=False)

    @classmethod
    def open(cls, settings: Settings) -> Services:
        """Load keys, open the database and fill a new arena with cover; raises CryptoError, Closed or OSError."""
        home = settings.home
        directory = Directory.load(home)
        server_key = SigningKey.from_seed(medium.read_file(home / "server.key", 32))
        store = open_store(settings)
        decoys = Decoys()
        services = cls(
            settings=settings,
            directory=directory,
            store=store,
            arena=Arena(store),
            mailboxes=Mailboxes(store, directory.roster, server_key),
            rounds=Rounds(store, settings.courier_days, directory.roster.issued),
            fields=SealedFields(_lanes(home, "fields", 1, _WAITING_WRITERS)),
            report_lane=_lanes(home, "report", settings.lanes, settings.max_waiting),
            mailbox_lane=_lanes(home, "mailbox", settings.lanes, settings.max_waiting),
            courier_lane=_lanes(home, "courier", 1, _WAITING_WRITERS),
            server_key=server_key,
            decoys=decoys,
            maker=HeaderMaker(directory.keys.readers, decoys),
        )
        _remember_version(store, directory.roster.version)
        services.arena.set_up(directory.roster.sizes.slots, services.make_cover)
        return services

    def make_cover(self) -> bytes:
        """Seal one fresh cover row of this week."""
        return self.directory.keys.draw_cover(epoch_of(today()), self.decoys)

    def writer(self, groups: Sequence[Group], day: int) -> RowWriter:
        """Return a writer that seals to these groups; raises Closed."""
        ids = tuple(g.id for g in groups)
        readers = self.directory.readers(ids, day)
        return RowWriter(self.arena, ids, readers, day, epoch_of(day), self.maker, self.make_cover)

    def after_fork(self) -> None:
        """Give this process its own database connections and its own maker of headers."""
        self.store.after_fork()
        self.maker.start()


def _remember_version(store: Store, version: int) -> None:
    """Keep the highest roster version ever used; raises RolledBack when an older one was put back."""
    with store.writing() as connection:
        known = connection.scalar(select(chains.c.seq).where(chains.c.direction == "ros")) or 0
        if version < known:
            raise RolledBack(f"roster: version {version}, version {known} was in use before")
        if version > known:
            connection.execute(delete(chains).where(chains.c.direction == "ros"))
            connection.execute(insert(chains).values(peer="", direction="ros", seq=version, hash=b"", day=0))


def open_store(settings: Settings) -> Store:
    """Open the database alone: for commands that need no keys of readers."""
    return Store(settings.database_url, _lanes(settings.home, "write", 1, _WAITING_WRITERS))


def here() -> Services:
    """Return the services of the running application."""
    services = current_app.extensions["senyap"]
    assert isinstance(services, Services)
    return services


def _lanes(home: Path, name: str, count: int, max_waiting: int) -> Lanes:
    return Lanes(home / "locks", name, count, max_waiting)
