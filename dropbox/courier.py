"""One visit of the courier: take what lies on the stick, put there what is due (formats §7).

    STICK/outbox-<station>-NNNNNNNN.senyap      from the stations
    STICK/<station>/bundle-NNNNNNNN.senyap      for them

A file that was taken is removed: what it held is synced here by then. One that is refused stays, and stops nothing.
Bundles go when their station acknowledges them or a newer one.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crypto import medium
from crypto.bundle import BUNDLE_NAME, OUTBOX_NAME
from crypto.encoding import today, visible
from crypto.errors import CryptoError
from dropbox.admission import admit
from dropbox.errors import Alarm, Broken, Busy, DropboxError, Refused
from dropbox.rounds import Late
from dropbox.services import Services
from dropbox.transport import Received, receive, write_bundle
from keys.errors import KeyAlarm
from keys.offers import find_files
from keys.progress import Watch, unwatched


@dataclass(frozen=True, slots=True)
class Left:
    """What was refused: a file that stays on the stick, or a bundle that may not leave; and why."""

    name: str
    words: str
    is_alarm: bool = False
    is_disk: bool = False


@dataclass(slots=True)
class Visit:
    """What one visit did. `written` and `kept` hold stations with their bundles; those kept lay there already."""

    received: list[Received] = field(default_factory=list)
    written: list[tuple[str, Path]] = field(default_factory=list)
    kept: list[tuple[str, Path]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    version: int = 0  # of a roster that came into force, or whose batches did


def visit(
    services: Services, stick: Path, stations: Sequence[str] = (), *, day: int | None = None, watch: Watch = unwatched
) -> Visit:
    """Take rosters, batches and outboxes from a stick, then write the bundles that are due.

    Due are those for the stations named; without names for those whose outbox or folder is on the stick, for all
    collectors where there is none. A station whose outbox was an alarm gets none. Raises KeyError for an unknown
    station, OSError, Tampered when the medium lies.
    """
    day = today() if day is None else day
    for station in stations:
        services.directory.roster.station(station)
    done = Visit()
    there = {path.name for path in stick.iterdir() if path.is_dir() and not path.is_symlink()}
    _take_keys(services, stick, done, day)
    alarmed = _take_outboxes(services, stick, done, there, watch)
    known = services.directory.roster
    due = stations or [s.id for s in known.stations if s.id in there] or [s.id for s in known.collectors]
    for station in due:
        if station in alarmed:
            continue
        if (stick / station).is_symlink():  # it may lead to this machine's disk
            done.left.append(Left(f"no bundle for {station}", "its folder on the stick is a link"))
            continue
        before = set((stick / station).glob("bundle-*.senyap"))
        try:
            path = write_bundle(services, station, stick / station, day=day, keep=True, watch=watch)
        except Refused as error:
            done.left.append(Left(f"no bundle for {station}", str(error)))
        except OSError as error:
            if error.errno not in medium.FULL:
                raise
            done.left.append(Left(f"no bundle for {station}", f"the stick: {error.strerror}", is_disk=True))
        else:
            (done.kept if path in before else done.written).append((station, path))
    return done


def _take_keys(services: Services, stick: Path, done: Visit, day: int) -> None:
    files = find_files(stick)
    if not files:
        return
    try:
        got = admit(services, [stick], day=day)
    except (CryptoError, DropboxError) as error:
        names = ", ".join(getattr(error, "__notes__", ())) or "rosters and keys"
        done.left.append(Left(names, str(error), isinstance(error, KeyAlarm)))
    else:
        services.fill_arena()
        done.version = got.version if got.changed else 0


def _take_outboxes(services: Services, stick: Path, done: Visit, there: set[str], watch: Watch) -> set[str]:
    """Take all outboxes, add their stations to those there, and return the stations of which one was an alarm."""
    alarmed = set()
    for path in sorted(stick.glob("outbox-*.senyap")):  # by station, by number
        named = OUTBOX_NAME.fullmatch(path.name)
        if named is None:
            continue
        there.add(named["station"])
        try:
            done.received.append(receive(services, path, watch=watch))
        except (Busy, Broken):
            raise
        except (CryptoError, DropboxError) as error:
            is_alarm = isinstance(error, Alarm | KeyAlarm)
            alarmed |= {named["station"]} if is_alarm else set()
            done.left.append(Left(path.name, str(error), is_alarm))
        except OSError as error:  # one bad place on a stick stops nothing
            if error.errno in medium.FULL:  # said by our own disk
                raise
            done.left.append(Left(path.name, f"cannot be read: {error.strerror}"))
        else:
            alarmed.discard(done.received[-1].station)  # an older one lies beside it: it stays and is said
            path.unlink()
            medium.sync_folder(stick)
            _remove_passed(stick, done.received[-1])
    return alarmed


def _remove_passed(stick: Path, got: Received) -> None:
    """Remove a station's bundles up to the newest it acknowledges, damaged ones that it refused among them.

    What these held and it has not acknowledged comes again.
    """
    folder = stick / got.station
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in folder.glob("bundle-*.senyap"):
        named = BUNDLE_NAME.fullmatch(path.name)
        if named is not None and int(named["seq"]) <= got.acknowledged and path.is_file():
            path.unlink()
    medium.sync_folder(folder)


def lines_of(done: Visit, following: datetime.date, late: Sequence[Late]) -> list[str]:
    """Return what is said of a visit: what was taken, what was put, when to come again; then what stays behind."""
    taken = [
        f"outbox {got.seq} of {got.station} "
        + ("(taken before)" if got.repeated else f"({got.mailboxes} mailboxes, {got.freed} rows freed)")
        for got in done.received
    ]
    taken += [f"roster version {done.version} and its keys"] if done.version else []
    put = [f"{path.name} for {station} ({path.stat().st_size / 1e6:,.1f} MB)" for station, path in done.written]
    put += [f"{path.name} for {station} lies there already" for station, path in done.kept]
    behind = [f"{each.station} ({f'last came {each.last}' if each.last else 'never came'})" for each in late]
    return [
        f"taken: {'; '.join(taken) or 'nothing'}",
        f"put:   {'; '.join(put) or 'nothing'}",
        f"next:  come again by {following}" + (f"; late: {', '.join(behind)}" if behind else ""),
        *(f"warning: {words}" for got in done.received for words in got.warnings),
        *(f"refused: {visible(left.name)}: {left.words}" for left in done.left),
    ]
