"""Rosters and batches that reach a station: on a stick for themselves, or along with a bundle (formats §6, §7).

Each one carries its own signatures, so nobody's passphrase is needed to take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from crypto import bundle
from keys import offers
from keys.errors import RolledBack
from keys.ledger import Ledger, take_files
from station.errors import Refused
from station.home import Home
from station.refusals import told

MAX_FILE_RECORDS = 1_024  # of one bundle: they are held in memory, 256 MiB at the most


def take_all(ledger: Ledger, paths: Sequence[Path], *, day: int) -> Ledger:
    """Take all of these files or none; the error carries the name of the file at fault as a note.

    Raises what `keys.offers.take_all` raises, Refused for an older roster, OSError.
    """
    try:
        return offers.take_all(ledger, paths, day=day)
    except RolledBack as error:  # given by hand, an old file is no alarm
        refusal = Refused(told(error))
        for note in getattr(error, "__notes__", ()):
            refusal.add_note(note)
        raise refusal from None


def take_along(source: BinaryIO, home: Home, day: int) -> tuple[Home, tuple[str, ...]]:
    """Take the rosters and batches that a bundle brings, before it is verified: they may name the key for that.

    Returns the home as it is then, and a warning for each file that was refused. Raises Malformed, Refused, OSError.
    """
    manifest, _, _ = bundle.read_manifest(source, bundle.BUNDLE)
    count = dict(manifest.sections)["file"]
    if count > MAX_FILE_RECORDS:
        raise Refused(
            f"bundel ini membawa {count} potong berkas, paling banyak {MAX_FILE_RECORDS}; bawa stik ini ke kotak"
        )
    if count or manifest.roster_version != home.roster.version:
        home = Home.load(home.folder)  # another program may have taken a roster meanwhile
    if not count:
        return home, ()
    ledger, refused = take_files(home.ledger, bundle.read_files(source, manifest), today=day)
    return (home if ledger is home.ledger else Home.load(home.folder)), tuple(map(told, refused))
