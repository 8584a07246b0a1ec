"""Verify a release with public files alone: `python -m keys.release_check FOLDER --roster PLACE`.

Part of the public half, so that it runs where the drop box runs; deploy/verify-release calls it in a checkout.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from crypto import medium
from crypto.encoding import date_of, today
from crypto.envelope import parse_envelope
from crypto.errors import CryptoError
from keys.errors import BrokenChain
from keys.ledger import MAX_FILE_BYTES, Ledger
from keys.release import verify_release
from keys.roster import Roster
from keys.rosterfile import MAGIC, fingerprint_words, parse_roster, root_pin, verify_roster
from keys.words import same_words

EXIT_REFUSED, EXIT_DISK = 3, 6


def trusted_roster(place: Path, fingerprint: str | None) -> Roster:
    """Return the roster of a home, by its pin, or of one file, by the eight words of the poster.

    With words a home's pin must have them, too. Raises BrokenChain, what `Ledger.load` raises, OSError.
    """
    if place.is_dir():
        ledger = Ledger.load(place)
        if fingerprint is not None and not same_words(fingerprint, ledger.fingerprint):
            raise BrokenChain("roster: this folder is not pinned to these eight words")
        return ledger.roster
    if fingerprint is None:
        raise BrokenChain("roster: a single file wants --fingerprint, the eight words of the poster")
    data = medium.read_file(place, MAX_FILE_BYTES)
    parsed = parse_roster(parse_envelope(data, MAGIC, "roster").body)
    pin = root_pin(parsed.roots, parsed.root_k)
    if not same_words(fingerprint, fingerprint_words(pin)):
        raise BrokenChain("roster: its root set has other words; if a root holder was replaced, name the whole folder")
    return verify_roster(data, previous=None, pin=pin, today=None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 2 usage, 3 refused, 6 a disk that cannot be read."""
    parser = argparse.ArgumentParser(prog="verify-release", description="Verify a release before it is installed.")
    parser.add_argument("folder", type=Path, help="the folder of the release")
    parser.add_argument("--roster", type=Path, required=True, help="a home, or another public folder, or a roster file")
    parser.add_argument("--fingerprint", metavar="WORDS", help="the eight words of the poster")
    parser.add_argument("--language", choices=("id", "en"), default="id")
    given = parser.parse_args(arguments)
    english = given.language == "en"
    try:
        roster = trusted_roster(given.roster, given.fingerprint)
        release = verify_release(given.folder, roster, today=today())
    except CryptoError as error:
        print("Refused; do not install this." if english else "Ditolak; jangan pasang ini.", file=sys.stderr)
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    except OSError as error:
        words = f"Cannot read: {error.strerror}" if english else f"Tidak dapat dibaca: {error.strerror}"
        print(words, Path(error.filename or "").name, file=sys.stderr)
        return EXIT_DISK
    day = date_of(release.day)
    print(
        f"VERIFIED: version {release.version}, signed on {day} by release key {release.key} of {release.deployment}"
        if english
        else f"TERVERIFIKASI: versi {release.version}, ditandatangani {day} oleh kunci rilis {release.key} "
        f"dari {release.deployment}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
