"""The commands of `senyap-station` that look after the station itself: rosters, keys, copies."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from crypto.encoding import today, visible
from crypto.errors import CryptoError
from keys.ledger import Ledger
from station import backup, erasure, rosters, screen
from station.cli import (
    FILE,
    FOLDER,
    Door,
    Given,
    bare_command,
    check_air_gap,
    command,
    print_json,
    warn,
    warn_of_rekey,
)
from station.errors import Refused, StationError, exit_code
from station.home import Home
from station.rekey import rekey as rekey_home

RESTORED = """\
Stasiun dipulihkan. Yang perlu diketahui:
- Kunci mingguan tidak ada dalam cadangan. Laporan yang sudah diimpor tetap terbaca dengan kuorum.
- Laporan yang masih dalam perjalanan disegel ke kunci lama dan tidak dapat dibuka lagi: beri tahu pelapor lewat
  halaman depan kotak agar mengirim ulang.
- Buat penelaah baru dengan kunci baru: senyap-keys request; bawa permintaannya kepada pemegang kunci akar.
- Setelah roster baru tiba: senyap-station roster, lalu senyap-station rekey.
(The weekly keys are gone: reports on their way are lost. Make new reviewers' keys with senyap-keys request.)"""


def install() -> None:
    """Add these commands to `senyap-station`."""
    bare_command("roster", roster, _run_roster)
    bare_command("restore", restore, _run_restore)
    command("rekey")(rekey)
    command("keys")(keys)
    command("backup")(backup_)


@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
def roster(ledger: Ledger, files: tuple[Path, ...]) -> None:
    """Take rosters and batches of weekly keys from a stick, all or none. Needs no passphrase."""
    try:
        after = rosters.take_all(ledger, files, day=today())
    except (StationError, CryptoError) as error:
        names = ", ".join(visible(name) for name in getattr(error, "__notes__", ()))
        click.echo(f"{names}: {error}" if names else str(error), err=True)
        click.echo(f"tidak ada yang diterima; roster versi {ledger.roster.version} tetap berlaku", err=True)
        sys.exit(exit_code(error))
    known = {batch.raw for batch in ledger.batches}
    new = sum(batch.raw not in known for batch in after.batches)
    click.echo(f"roster versi {after.roster.version} berlaku; {new} berkas kunci mingguan baru", err=True)
    _tell(ledger, after)


def _tell(before: Ledger, after: Ledger) -> None:
    """Say what the rosters now at hand mean for this station."""
    try:
        home = Home.load(after.folder)
    except Refused as error:  # a new station that waits for its roster
        warn(str(error))
        return
    if home.taken_out:
        warn(f"stasiun ini dikeluarkan dari roster pada versi {home.taken_out}; isinya masih dapat dibaca")
    elif not home.shares_fit() or _quorum(before, home) != home.group.k:
        warn_of_rekey()


def _quorum(ledger: Ledger, home: Home) -> int:
    """Return how many of this unit had to be together by the roster before; today's number when it was not in it."""
    return next((g.k for g in ledger.roster.groups if g.id == home.group.id and g.members), home.group.k)


def _run_roster(given: Given, rest: Mapping[str, Any]) -> None:
    ledger = Ledger.load(given.folder())
    check_air_gap(ledger.roster.is_demo, given.allow_network)
    roster(ledger, **rest)


def rekey(home: Home, door: Door) -> None:
    """Give the vault a new key, shared out to the reviewers of the roster."""
    made = rekey_home(home.folder, door.passphrases(len(home.sharers)))
    click.echo(f"kunci brankas baru: {made.k} dari {', '.join(made.members)}", err=True)
    if made.left:
        click.echo(f"tidak lagi memegang bagian: {', '.join(made.left)}", err=True)
    click.echo("cadangan lama masih terbuka dengan kunci lama: buat cadangan baru, musnahkan yang lama", err=True)


@click.option("--json", "as_json", is_flag=True)
def keys(home: Home, door: Door, as_json: bool) -> None:
    """List the weekly keys on this station, and erase those that are due."""
    with door.open() as desk:
        status = erasure.review(desk.vault, desk.home, today())
    if as_json:
        print_json(screen.keys_json(status))
    else:
        click.echo(screen.keys_text(status))
    for line in screen.swept_lines(status.swept):
        click.echo(line, err=True)


@click.option("--to", "folder", type=FOLDER, required=True, help="Where copies are kept; not a FAT stick.")
def backup_(home: Home, door: Door, folder: Path) -> None:
    """Copy everything but the weekly keys into a new folder below DIR."""
    with door.open() as desk:
        click.echo(str(backup.make_backup(desk, folder, door.open, day=today())))
    if backup.shares_disk(home, folder):
        warn(screen.SAME_DISK)


@click.argument("source", type=FOLDER, metavar="FROM")
def restore(source: Path, folder: Path) -> None:
    """Make the home of a station from a backup; --home names an empty folder."""
    backup.restore(source, folder)
    click.echo(RESTORED, err=True)


def _run_restore(given: Given, rest: Mapping[str, Any]) -> None:
    check_air_gap(Ledger.load(rest["source"]).roster.is_demo, given.allow_network)
    restore(folder=given.folder(), **rest)
