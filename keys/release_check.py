"""Verify a release with public files alone: `python -I -m keys.release_check FOLDER …`.

Part of the public half, so that it runs where the drop box runs; deploy/verify-release calls it in a checkout. Without
-I the current folder stands first where Python looks for modules, and that may be the stick: then it refuses to run.
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
from keys.errors import BrokenChain, RolledBack
from keys.ledger import MAX_FILE_BYTES, Ledger
from keys.release import verify_release
from keys.roster import Roster
from keys.rosterfile import MAGIC, fingerprint_words, parse_roster, root_pin, verify_roster
from keys.words import same_words

EXIT_USAGE, EXIT_REFUSED, EXIT_DISK = 2, 3, 6


def trusted_roster(place: Path, fingerprint: str, least: int) -> Roster:
    """Return the roster of a folder or a file, by two things on paper: never by the pin that lies beside it alone.

    These are the eight words of the poster and `least`, the lowest version that counts: an older roster still names
    keys that were taken out. Whoever took over the pages of a drop box can write into its home, and would have their
    own release verified there. Raises BrokenChain, RolledBack, what `Ledger.load` raises, OSError.
    """
    if place.is_dir():
        ledger = Ledger.load(place)
        if not same_words(fingerprint, ledger.fingerprint):
            raise BrokenChain("roster: this folder is not pinned to these eight words")
        roster = ledger.roster
    else:
        roster = _single(place, fingerprint)
    if roster.version < least:
        raise RolledBack(f"roster: version {roster.version}, want {least} or a newer one")
    return roster


def _single(place: Path, fingerprint: str) -> Roster:
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
    parser.add_argument("--roster", type=Path, required=True, help="a home or another public folder, or a roster file")
    parser.add_argument("--fingerprint", metavar="WORDS", required=True, help="the eight words of the poster")
    newest = "the newest version that was published"
    parser.add_argument("--roster-version", type=int, metavar="N", required=True, help=newest)
    parser.add_argument("--language", choices=("id", "en"), default="id")
    given = parser.parse_args(arguments)
    english = given.language == "en"
    try:
        roster = trusted_roster(given.roster, given.fingerprint, given.roster_version)
        release = verify_release(given.folder, roster, today=today())
    except CryptoError as error:
        print("Refused; do not install this." if english else "Ditolak; jangan pasang ini.", file=sys.stderr)
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    except OSError as error:
        words = f"Cannot read: {error.strerror}" if english else f"Tidak dapat dibaca: {error.strerror}"
        print(words, Path(error.filename or "").name, file=sys.stderr)
        return EXIT_DISK
    day, since = date_of(release.day), date_of(roster.issued)
    print(
        f"VERIFIED: version {release.version}, signed on {day} by release key {release.key} of {release.deployment}, "
        f"roster {roster.version} of {since}"
        if english
        else f"TERVERIFIKASI: versi {release.version}, ditandatangani {day} oleh kunci rilis {release.key} "
        f"dari {release.deployment}, daftar kunci {roster.version} tertanggal {since}"
    )
    return 0


def start() -> int:
    """Run the command as a program; refused when Python would look for modules in the current folder."""
    if not (sys.flags.isolated or sys.flags.safe_path):
        print("Ditolak: mulai dengan python -I -m keys.release_check", file=sys.stderr)
        print("Refused: start it with python -I -m keys.release_check", file=sys.stderr)
        return EXIT_USAGE
    return main()


if __name__ == "__main__":
    raise SystemExit(start())
