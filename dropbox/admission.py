"""Take rosters and batches into the home: those that an operator brings, and those that came with an outbox.

They authenticate themselves: whoever carries them can hold them back, never change them (formats §6). A roster
that names another transport key than this drop box has would leave it unable to speak to its stations, so
files are tried aside before anything of the home changes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from crypto import medium
from crypto.envelope import parse_envelope
from crypto.errors import CryptoError, Malformed
from dropbox.errors import Alarm, Refused
from dropbox.services import Services
from dropbox.transportkey import find_key, settle_key
from keys import batch, rosterfile
from keys.ledger import MAX_FILE_BYTES, Ledger, take_file, take_files
from keys.roster import Roster
from keys.rosterfile import parse_roster, verify_roster

_TRIAL, _ROSTER = ".trial", "roster.senyap"


@dataclass(frozen=True, slots=True)
class Admitted:
    """What came into force: the version of the roster and how many batches are new; `changed` is False for nothing."""

    version: int
    batches: int
    changed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Offered:
    """One file, and the roster that it claims to be, None for a batch."""

    name: str
    data: bytes = field(repr=False)
    roster: Roster | None = field(repr=False, default=None)


def admit(services: Services, paths: Sequence[Path], *, day: int) -> Admitted:
    """Take all these files, rosters by their version, then batches; or none of them.

    The error carries the name of the file at fault as a note. Raises Malformed, BadSignature, a RosterError,
    Refused for another transport key, Alarm for a second roster of one version, or OSError.
    """
    with services.courier_lane.enter():
        ledger = services.current.reload().ledger
        files = _in_order(ledger, [_read(path) for path in paths])
        with _trial(ledger) as trial:
            find_key(ledger.folder, _take(trial, files, day).roster)
        return _finish(services, ledger, _take(ledger, files, day))


def admit_some(services: Services, found: Sequence[bytes], *, day: int) -> Admitted:
    """Take what is good of the files of an outbox; the rest gives warnings. The caller holds the courier's lane.

    Raises OSError.
    """
    ledger, warnings = services.directory.ledger, list[str]()
    files = []
    for data in found:
        try:
            files.append(_offer("", data))
        except CryptoError as error:
            warnings.append(str(error))
    rosters = [file for file in files if file.roster is not None and not _is_old(ledger, file, warnings)]
    usable = _usable(ledger, rosters, day, warnings) if rosters else []
    batches = [file for file in files if file.roster is None]
    after, more = take_files(ledger, [file.data for file in (*usable, *batches)], today=day)
    return replace(_finish(services, ledger, after), warnings=tuple(dict.fromkeys((*warnings, *more))))


def _finish(services: Services, before: Ledger, after: Ledger) -> Admitted:
    if after is before:
        return Admitted(before.roster.version, 0, changed=False)
    directory = services.current.reload()
    settle_key(before.folder, directory.roster)
    known = {old.raw for old in before.batches}
    return Admitted(directory.roster.version, sum(b.raw not in known for b in after.batches), changed=True)


def _read(path: Path) -> _Offered:
    with _naming(path.name):
        if path.is_dir():
            raise Malformed("file: not a regular file")
        return _offer(path.name, medium.read_file(path, MAX_FILE_BYTES))


def _offer(name: str, data: bytes) -> _Offered:
    if data[:4] == rosterfile.MAGIC:
        return _Offered(name, data, parse_roster(parse_envelope(data, rosterfile.MAGIC, "roster").body))
    if data[:4] == batch.MAGIC:
        return _Offered(name, data)
    raise Malformed("file: neither a roster nor a batch")


def _in_order(ledger: Ledger, files: Sequence[_Offered]) -> list[_Offered]:
    """Return rosters by version, then batches; rosters of the past are passed over when a newer one follows them."""
    rosters = sorted((f for f in files if f.roster is not None), key=_version)
    newest = max(map(_version, rosters), default=0)
    for file in rosters:
        with _naming(file.name):
            _check_fork(ledger, file)
    if newest >= ledger.roster.version:
        rosters = [file for file in rosters if _version(file) >= ledger.roster.version]
    return [*rosters, *(f for f in files if f.roster is None)]


def _version(file: _Offered) -> int:
    return file.roster.version if file.roster is not None else 0


def _check_fork(ledger: Ledger, file: _Offered) -> None:
    """Raise Alarm for a roster that root holders signed beside one that this drop box has."""
    roster = file.roster
    if roster is None or roster.deployment != ledger.roster.deployment or roster.version > ledger.roster.version:
        return
    at_hand = {known.version: known for known in ledger.history()}
    ours = at_hand.get(roster.version)
    if ours is not None and ours.raw != roster.raw:
        verify_roster(file.data, previous=at_hand.get(roster.version - 1), pin=ledger.pin, today=None)
        raise Alarm(f"roster: another roster of version {roster.version} was signed beside the one in use")


def _is_old(ledger: Ledger, file: _Offered, warnings: list[str]) -> bool:
    """Tell whether a roster is not above the one in force; one beside it gives a warning."""
    try:
        _check_fork(ledger, file)
    except (CryptoError, Alarm) as error:
        warnings.append(str(error))
        return True
    return _version(file) <= ledger.roster.version


def _take(ledger: Ledger, files: Sequence[_Offered], day: int) -> Ledger:
    for file in files:
        with _naming(file.name):
            ledger = take_file(ledger, file.data, today=day)
    return ledger


def _usable(ledger: Ledger, rosters: Sequence[_Offered], day: int, warnings: list[str]) -> list[_Offered]:
    """Return the rosters up to the last one that can be taken and names a transport key of this drop box."""
    taken: list[_Offered] = []
    usable, refusal = 0, ""
    with _trial(ledger) as trial:
        for file in sorted(rosters, key=_version):
            try:
                trial = take_file(trial, file.data, today=day)
            except CryptoError as error:
                warnings.append(str(error))
                continue
            taken.append(file)
            try:
                find_key(ledger.folder, trial.roster)
                usable, refusal = len(taken), ""
            except Refused as error:
                refusal = str(error)
    if refusal:
        warnings.append(refusal)
    return taken[:usable]


@contextmanager
def _trial(ledger: Ledger) -> Iterator[Ledger]:
    """Give a copy of the ledger that may be changed and is gone afterwards."""
    folder = ledger.folder / _TRIAL
    shutil.rmtree(folder, ignore_errors=True)
    try:
        medium.write_file(folder / _ROSTER, medium.read_file(ledger.folder / _ROSTER, MAX_FILE_BYTES))
        yield replace(ledger, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Note the name of a file on the error about it."""
    try:
        yield
    except (CryptoError, Refused) as error:
        if name:
            error.add_note(name)
        raise
