"""Rosters and batches that reach a station: on a stick for themselves, or along with a bundle (formats §6, §7).

Each one carries its own signatures, so nobody's passphrase is needed to take it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from crypto import bundle, medium
from crypto.envelope import parse_envelope
from crypto.errors import CryptoError
from keys import rosterfile
from keys.errors import RolledBack
from keys.ledger import MAX_FILE_BYTES, Ledger, copy_ledger, take_file, take_files
from keys.roster import Roster
from keys.rosterfile import parse_roster, verify_roster
from station.errors import Alarm, Refused, StationError
from station.home import Home

MAX_FILE_RECORDS = 1_024  # of one bundle: they are held in memory, 256 MiB at the most
_TRIAL = ".trial"


@dataclass(frozen=True, slots=True)
class _Offered:
    """One file, and the roster that it claims to be, None for a batch."""

    name: str
    data: bytes = field(repr=False)
    roster: Roster | None = field(repr=False, default=None)

    @property
    def version(self) -> int:
        """The roster's version, 0 for a batch."""
        return self.roster.version if self.roster else 0


def take_all(ledger: Ledger, paths: Sequence[Path], *, day: int) -> Ledger:
    """Take rosters, oldest version first, and then batches; all of these files or none.

    Rosters of the past are passed over when a newer one follows them. The error carries the name of the file at
    fault as a note. Raises what `keys.ledger.take_file` raises, Alarm for a second roster of one version, Refused
    for an older one, OSError.
    """
    files = _in_order(ledger, [_read(path) for path in paths])
    with _trial(ledger) as trial:
        _take(trial, files, day)
    return _take(ledger, files, day)


def take_along(source: BinaryIO, home: Home, day: int) -> tuple[Home, tuple[str, ...]]:
    """Take the rosters and batches that a bundle brings, before it is verified: they may name the key for that.

    Returns the home as it is then, and a warning for each file that was refused. Raises Malformed, Refused, OSError.
    """
    manifest, _, _ = bundle.read_manifest(source, bundle.BUNDLE)
    count = dict(manifest.sections)["file"]
    if count > MAX_FILE_RECORDS:
        raise Refused(f"bundle: {count} file records, want {MAX_FILE_RECORDS} or fewer")
    if count or manifest.roster_version != home.roster.version:
        home = Home.load(home.folder)  # another program may have taken a roster meanwhile
    if not count:
        return home, ()
    ledger, warnings = take_files(home.ledger, bundle.read_files(source, manifest), today=day)
    return (home if ledger is home.ledger else Home.load(home.folder)), warnings


def _read(path: Path) -> _Offered:
    with _naming(path.name):
        data = medium.read_file(path, MAX_FILE_BYTES, follow=False)
        if data[:4] != rosterfile.MAGIC:
            return _Offered(path.name, data)
        return _Offered(path.name, data, parse_roster(parse_envelope(data, rosterfile.MAGIC, "roster").body))


def _in_order(ledger: Ledger, files: Sequence[_Offered]) -> list[_Offered]:
    rosters = sorted((file for file in files if file.version), key=lambda file: file.version)
    for file in rosters:
        with _naming(file.name):
            _check_fork(ledger, file)
    ours = ledger.roster.version
    if rosters and rosters[-1].version >= ours:
        rosters = [file for file in rosters if file.version >= ours]
    return [*rosters, *(file for file in files if not file.version)]


def _check_fork(ledger: Ledger, file: _Offered) -> None:
    """Raise Alarm for a roster that root holders signed beside one that this station has."""
    if file.roster is None or file.roster.deployment != ledger.roster.deployment:
        return
    at_hand = {roster.version: roster for roster in ledger.history()}
    ours = at_hand.get(file.version, file.roster)
    if ours.raw != file.roster.raw:
        verify_roster(file.data, previous=at_hand.get(file.version - 1), pin=ledger.pin, today=None)
        raise Alarm(
            f"roster: another roster of version {file.version} was signed beside the one here; tell the root holders"
        )


def _take(ledger: Ledger, files: Sequence[_Offered], day: int) -> Ledger:
    for file in files:
        with _naming(file.name):
            try:
                ledger = take_file(ledger, file.data, today=day)
            except RolledBack as error:  # given by hand, an old file is no alarm
                raise Refused(str(error)) from None
    return ledger


@contextmanager
def _trial(ledger: Ledger) -> Iterator[Ledger]:
    """Give a copy of the ledger that may be changed and is gone afterwards."""
    folder = ledger.folder / _TRIAL
    shutil.rmtree(folder, ignore_errors=True)
    try:
        copy_ledger(ledger, folder)
        yield replace(ledger, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Note the name of a file on the error about it."""
    try:
        yield
    except (CryptoError, StationError) as error:
        error.add_note(name)
        raise
