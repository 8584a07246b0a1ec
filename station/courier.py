"""One visit of the courier: take the bundles on the stick that are for this station, put the outbox there (formats §7).

    STICK/bundle-NNNNNNNN.senyap, STICK/<station>/bundle-NNNNNNNN.senyap      from the drop box
    STICK/outbox-<station>-NNNNNNNN.senyap                                    for it

A bundle that was taken is removed from this station's folder: it lies on the shelf by then. One at the top stays, for
others: a collector may pass it on. A file that is refused stays, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from crypto import bundle, medium
from crypto.bundle import BUNDLE_NAME, OUTBOX_NAME, Manifest, bundle_name
from crypto.encoding import today
from crypto.errors import CryptoError
from keys.offers import find_files
from keys.progress import Watch, unwatched
from station import held, rosters, space, tables
from station.bundles import is_shelved, open_bundle
from station.desk import Desk
from station.errors import EXIT_ALARM, DiskFull, Refused, StationError, exit_code
from station.home import SERVER, Home
from station.inbox import Imported, import_bundle
from station.outbox import count_uncopied, make_outbox
from station.refusals import told

BACKUP = "cadangan"
_UNREADABLE = "stik ini tidak terbaca di bagian itu, mungkin rusak. Bawa ke kotak untuk disalin lagi"


@dataclass(frozen=True, slots=True)
class Left:
    """What was not taken and stays on the stick: its name, why, and the exit code that it asks for."""

    name: str
    words: str
    exit_code: int

    @classmethod
    def of(cls, name: str, error: StationError | CryptoError) -> Left:
        """Say why a file was refused, and what to do about it."""
        return cls(name, told(error), exit_code(error))


@dataclass(slots=True)
class Visit:
    """What one visit did. `others` counts bundles that are for other stations."""

    imported: list[tuple[int, Imported]] = field(default_factory=list)  # number of the bundle, what it brought
    left: list[Left] = field(default_factory=list)
    others: int = 0
    version: int = 0  # of a roster that came into force
    outbox: Path | None = None
    uncopied: int = 0  # bundles that are not acknowledged yet, for want of a backup
    held: int = 0  # rows that wait for more reviewers

    @property
    def exit_code(self) -> int:
        """The gravest of all that was left, or of a warning."""
        codes = {left.exit_code for left in self.left}
        warned = any(found.alarms for _, found in self.imported)
        return EXIT_ALARM if EXIT_ALARM in codes else max(codes, default=int(warned or bool(self.uncopied)))


def visit(
    desk: Desk,
    stick: Path,
    *,
    day: int | None = None,
    watch: Watch = unwatched,
    between: Callable[[Desk], object] = lambda _desk: None,
) -> Visit:
    """Take rosters, batches and bundles from a stick, do what comes between (a backup), write the next outbox.

    Raises Refused for a folder of the station's own, DiskFull, what `make_outbox` raises, OSError; what was taken stays
    taken.
    """
    day = today() if day is None else day
    if stick.resolve().is_relative_to(desk.home.folder.resolve()):
        raise Refused("folder itu ada di dalam folder stasiun sendiri; sebut folder stiknya")
    done = Visit()
    with space.wanted(space.AT_VISIT, space.AT_VISIT):
        _take_keys(desk.home, stick, done, day)
    for path, manifest in _bundles_on(stick, done):
        desk = _now(desk)
        if not desk.home.accepts(manifest.to, desk.home.roster):
            done.others += 1
            continue
        try:
            with space.wanted(space.AT_VISIT, space.AT_VISIT):
                done.imported.append((manifest.seq, import_bundle(desk, path, day=day, watch=watch)))
        except DiskFull:  # our own: no other bundle has room either
            raise
        except (StationError, CryptoError) as error:
            done.left.append(Left.of(path.name, error))
            continue
        except OSError as error:
            if error.errno in medium.FULL:  # said by our own disk
                raise
            done.left.append(Left(path.name, _UNREADABLE, exit_code(error)))
            continue
        if path.parent.name == manifest.to == desk.home.id and _is_shelved(desk.home, manifest, path):
            path.unlink()
            medium.sync_folder(path.parent)
        else:
            done.others += 1
    desk = _now(desk)
    try:
        between(desk)
    except (StationError, CryptoError) as error:  # an outbox leaves all the same
        done.left.append(Left.of(BACKUP, error))
    except OSError as error:
        done.left.append(Left(BACKUP, f"disk itu tidak dapat ditulis: {space.reason(error)}", exit_code(error)))
    with space.wanted(space.AT_VISIT, space.ON_STICK):
        done.outbox = make_outbox(desk, stick, day=day)
    done.uncopied = count_uncopied(desk)
    with desk.vault.begin() as transaction:
        done.held = held.count_tried(transaction)
    _remove_old(desk, stick)
    return done


def _now(desk: Desk) -> Desk:
    """Return the desk under the roster in force: a bundle may have brought another."""
    return desk.at(Home.load(desk.home.folder))


def _take_keys(home: Home, stick: Path, done: Visit, day: int) -> None:
    if not find_files(stick):
        return
    try:
        after = rosters.take_all(home.ledger, [stick], day=day)
    except (StationError, CryptoError) as error:
        names = ", ".join(getattr(error, "__notes__", ())) or "roster dan kunci"
        done.left.append(Left.of(names, error))
    else:
        done.version = after.roster.version if after.roster.version != home.roster.version else 0


def _bundles_on(stick: Path, done: Visit) -> Iterator[tuple[Path, Manifest]]:
    """Yield the bundles on a stick and in its folders, by addressee and number; nothing of them is verified yet."""
    found = []
    for path in [*stick.glob("bundle-*.senyap"), *stick.glob("*/bundle-*.senyap")]:
        if not BUNDLE_NAME.fullmatch(path.name) or (path.parent != stick and path.parent.is_symlink()):
            continue
        try:
            with open_bundle(path) as source:
                manifest, _body, _signature = bundle.read_manifest(source, bundle.BUNDLE)
        except CryptoError as error:
            done.left.append(Left.of(path.name, error))
        except OSError as error:
            done.left.append(Left(path.name, _UNREADABLE, exit_code(error)))
        else:
            found.append((manifest.to, manifest.seq, path, manifest))
    for *_, path, manifest in sorted(found, key=lambda each: each[:3]):
        yield path, manifest


def _is_shelved(home: Home, manifest: Manifest, path: Path) -> bool:
    """Tell whether this very bundle lies on the shelf of this station, and `path` is another file than that."""
    shelved = home.bundles / manifest.to / bundle_name(manifest.seq)
    try:
        return is_shelved(home, manifest.to, manifest.seq, manifest.hash) and not path.samefile(shelved)
    except OSError:
        return False


def _remove_old(desk: Desk, stick: Path) -> None:
    """Remove outboxes of this station that the drop box has taken, as a bundle says."""
    b = tables.bundles
    query = sa.select(sa.func.max(b.c.applied_seq)).where(b.c.sender == SERVER, b.c.to == desk.home.id)
    with desk.vault.begin() as transaction:
        applied = transaction.scalar(query) or 0
    for path in stick.glob(f"outbox-{desk.home.id}-*.senyap"):
        named = OUTBOX_NAME.fullmatch(path.name)
        if named is not None and named["station"] == desk.home.id and int(named["seq"]) <= applied and path.is_file():
            path.unlink()
    medium.sync_folder(stick)
