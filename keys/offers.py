"""Files that somebody brings: rosters and batches, put in order, looked at for forks, taken all or none.

They authenticate themselves: whoever carries them can hold them back, never change them (formats §6).
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
from keys import batch, rosterfile
from keys.errors import Forked, RolledBack
from keys.ledger import MAX_FILE_BYTES, Ledger, copy_ledger, has_left, take_file
from keys.roster import Roster
from keys.rosterfile import parse_roster, verify_roster

_TRIAL = ".trial"
_IN_FOLDER = ("roster.senyap", "roster-*.senyap", "rosters/roster-*.senyap", "batches/[!.]*.senyap")


@dataclass(frozen=True, slots=True)
class Offer:
    """One file, and the roster that it claims to be, None for a batch.

    `name` is "" for one that came along; `found` is set for one that nobody named, but its folder.
    """

    name: str
    data: bytes = field(repr=False)
    roster: Roster | None = field(repr=False, default=None)
    found: bool = False

    @property
    def version(self) -> int:
        """The roster's version, 0 for a batch."""
        return self.roster.version if self.roster else 0


def read_offers(paths: Sequence[Path]) -> list[Offer]:
    """Read files, and of a folder, such as a stick, its rosters and batches. Raises Malformed or OSError."""
    offers = []
    for path in paths:
        if path.is_dir():
            inside = find_files(path)
            if not inside:
                with naming(path.name):
                    raise Malformed("folder: no rosters and no batches in it")
            offers += [replace(read_offer(file), found=True) for file in inside]
        else:
            offers.append(read_offer(path))
    return offers


def find_files(folder: Path) -> list[Path]:
    """Return the files of a folder whose names are those of rosters and batches, in order."""
    return sorted({file for pattern in _IN_FOLDER for file in folder.glob(pattern)})


def read_offer(path: Path) -> Offer:
    """Read a file, no link, from a stick; its name stands as a note on the error. Raises Malformed or OSError."""
    with naming(path.name):
        if path.is_dir():
            raise Malformed("file: not a regular file")
        return parse_offer(path.name, medium.read_file(path, MAX_FILE_BYTES, follow=False))


def parse_offer(name: str, data: bytes) -> Offer:
    """Tell a roster from a batch; nothing of it is verified yet. Raises Malformed."""
    if data[:4] == rosterfile.MAGIC:
        return Offer(name, data, parse_roster(parse_envelope(data, rosterfile.MAGIC, "roster").body))
    if data[:4] == batch.MAGIC:
        return Offer(name, data)
    raise Malformed("file: neither a roster nor a batch")


def in_order(ledger: Ledger, offers: Sequence[Offer]) -> list[Offer]:
    """Return rosters by version, then batches; rosters of the past are passed over when a newer one follows them.

    Raises Forked, or what `verify_roster` raises for a forged roster of a version at hand.
    """
    rosters = sorted((offer for offer in offers if offer.roster), key=lambda offer: offer.version)
    for offer in rosters:
        with naming(offer.name):
            check_fork(ledger, offer)
    ours = ledger.roster.version
    if rosters and rosters[-1].version >= ours:
        rosters = [offer for offer in rosters if offer.version >= ours]
    return [*rosters, *(offer for offer in offers if not offer.roster)]


def check_fork(ledger: Ledger, offer: Offer) -> None:
    """Raise Forked for a roster that root holders signed beside one that is at hand."""
    if offer.roster is None or offer.roster.deployment != ledger.roster.deployment:
        return
    at_hand = {roster.version: roster for roster in ledger.history()}
    if at_hand.get(offer.version, offer.roster).raw != offer.roster.raw:
        verify_roster(offer.data, previous=at_hand.get(offer.version - 1), pin=ledger.pin, today=None)
        raise Forked(f"roster: another roster of version {offer.version} was signed beside the one here")


def take_offers(ledger: Ledger, offers: Sequence[Offer], *, day: int) -> Ledger:
    """Take files one after the other; the error carries the name of the file at fault as a note.

    Batches of reviewers who have left are passed over. Raises what `keys.ledger.take_file` raises.
    """
    newest = max((offer.version for offer in offers), default=0)
    for offer in offers:
        if has_left(ledger, offer.data):
            continue  # a stick that was used before still carries it
        with naming(offer.name):  # a roster may have ended meanwhile when another one follows it
            try:
                ledger = take_file(ledger, offer.data, today=day, passing=offer.version < newest)
            except RolledBack:
                if not offer.found or offer.roster:
                    raise  # an old stick carries batches that have ended; one that somebody names is refused
    return ledger


def take_all(ledger: Ledger, paths: Sequence[Path], *, day: int) -> Ledger:
    """Take rosters, oldest version first, and then batches; all of these files or none. Raises as above, or Forked."""
    offers = in_order(ledger, read_offers(paths))
    with trial(ledger) as copy:
        take_offers(copy, offers, day=day)
    return take_offers(ledger, offers, day=day)


@contextmanager
def trial(ledger: Ledger) -> Iterator[Ledger]:
    """Give a copy of the ledger that may be changed and is gone afterwards."""
    folder = ledger.folder / _TRIAL
    shutil.rmtree(folder, ignore_errors=True)
    try:
        copy_ledger(ledger, folder)
        yield replace(ledger, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Note the name of a file on the error about it."""
    try:
        yield
    except CryptoError as error:
        if name:
            error.add_note(name)
        raise
