"""Take rosters and batches into the home: those that an operator brings, and those that came with an outbox.

They authenticate themselves: whoever carries them can hold them back, never change them (formats §6). A roster
that names another transport key than this drop box has would leave it unable to speak to its stations, so
files are tried aside before anything of the home changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crypto import statistics
from crypto.errors import CryptoError
from dropbox.errors import Refused
from dropbox.services import Services
from dropbox.transportkey import find_key, settle_key
from keys.ledger import Ledger, take_file, take_files
from keys.offers import Offer, check_fork, in_order, parse_offer, read_offers, take_offers, trial


@dataclass(frozen=True, slots=True)
class Admitted:
    """What came into force: the version of the roster and how many batches are new; `changed` is False for nothing."""

    version: int
    batches: int
    changed: bool
    warnings: tuple[str, ...] = ()


def admit(services: Services, paths: Sequence[Path], *, day: int) -> Admitted:
    """Take all these files, rosters by their version, then batches; or none of them.

    The error carries the name of the file at fault as a note. Raises Malformed, BadSignature, a RosterError,
    Forked among them, Refused for another transport key, or OSError.
    """
    with services.courier_lane.enter():
        ledger = services.current.reload().ledger
        files = in_order(ledger, read_offers(paths))
        with trial(ledger) as copy:
            find_key(ledger.folder, take_offers(copy, files, day=day).roster)
        return _finish(services, ledger, take_offers(ledger, files, day=day))


def admit_some(services: Services, found: Sequence[bytes], *, day: int) -> Admitted:
    """Take what is good of the files of an outbox; the rest gives warnings. The caller holds the courier's lane.

    Raises OSError.
    """
    ledger, warnings = services.directory.ledger, list[str]()
    files = []
    for data in found:
        if data[:4] == statistics.MAGIC:  # taken with the rest of the outbox, once that is verified
            continue
        try:
            files.append(parse_offer("", data))
        except CryptoError as error:
            warnings.append(str(error))
    rosters = [file for file in files if file.roster is not None and not _is_old(ledger, file, warnings)]
    usable = _usable(ledger, rosters, day, warnings) if rosters else []
    batches = [file for file in files if file.roster is None]
    after, more = take_files(ledger, [file.data for file in (*usable, *batches)], today=day)
    return replace(_finish(services, ledger, after), warnings=tuple(dict.fromkeys((*warnings, *map(str, more)))))


def _finish(services: Services, before: Ledger, after: Ledger) -> Admitted:
    if after is before:
        return Admitted(before.roster.version, 0, changed=False)
    directory = services.current.reload()
    settle_key(before.folder, directory.roster)
    known = {old.raw for old in before.batches}
    return Admitted(directory.roster.version, sum(b.raw not in known for b in after.batches), changed=True)


def _is_old(ledger: Ledger, file: Offer, warnings: list[str]) -> bool:
    """Tell whether a roster is not above the one in force; one beside it gives a warning."""
    try:
        check_fork(ledger, file)
    except CryptoError as error:
        warnings.append(str(error))
        return True
    return file.version <= ledger.roster.version


def _usable(ledger: Ledger, rosters: Sequence[Offer], day: int, warnings: list[str]) -> list[Offer]:
    """Return the rosters up to the last one that can be taken and names a transport key of this drop box."""
    taken: list[Offer] = []
    usable, refusal = 0, ""
    newest = max(file.version for file in rosters)
    with trial(ledger) as copy:
        for file in sorted(rosters, key=lambda file: file.version):
            try:
                copy = take_file(copy, file.data, today=day, passing=file.version < newest)
            except CryptoError as error:
                warnings.append(str(error))
                continue
            taken.append(file)
            try:
                find_key(ledger.folder, copy.roster)
                usable, refusal = len(taken), ""
            except Refused as error:
                refusal = str(error)
    if refusal:
        warnings.append(refusal)
    return taken[:usable]
