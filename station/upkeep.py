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
    warn_of_rekey,
)
from station.errors import Refused, StationError, exit_code
from station.home import Home
from station.refusals import told
from station.rekey import rekey as rekey_home
from station.terminal import say, warn

RESTORED = """\
Stasiun dipulihkan. Yang perlu diketahui:
- Kunci mingguan tidak ada dalam cadangan. Laporan yang sudah diimpor tetap terbaca dengan kuorum.
- Laporan yang masih dalam perjalanan disegel ke kunci lama dan tidak dapat dibuka lagi: beri tahu pelapor lewat \
halaman depan kotak agar mengirim ulang.
- Buat penelaah baru dengan kunci baru: senyap-keys request; bawa permintaannya kepada pemegang kunci akar.
- Setelah roster baru tiba: senyap-station roster, lalu senyap-station rekey."""


def install() -> None:
    """Add these commands to `senyap-station`."""
    bare_command("roster", roster, _run_roster)
    bare_command("restore", restore, _run_restore)
    command("rekey")(rekey)
    command("keys")(keys)
    command("backup")(backup_)


@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
def roster(ledger: Ledger, files: tuple[Path, ...]) -> None:
    """Ambil roster dan kunci mingguan dari stik. Semua atau tidak sama sekali; tanpa frasa sandi."""
    try:
        after = rosters.take_all(ledger, files, day=today())
    except (StationError, CryptoError) as error:
        names = ", ".join(visible(name) for name in getattr(error, "__notes__", ()))
        say(f"{names}: {told(error)}" if names else told(error))
        say(f"tidak ada yang diterima; roster versi {ledger.roster.version} tetap berlaku")
        sys.exit(exit_code(error))
    known = {batch.raw for batch in ledger.batches}
    new = sum(batch.raw not in known for batch in after.batches)
    say(f"roster versi {after.roster.version} berlaku; {new} berkas kunci mingguan baru")
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
    """Bagi ulang kunci brankas menurut roster. Brankas mendapat kunci baru."""
    made = rekey_home(home.folder, door.passphrases(len(home.sharers)))
    say(f"kunci brankas baru: {made.k} dari {', '.join(made.members)}")
    if made.left:
        say(f"tidak lagi memegang bagian: {', '.join(made.left)}")
    say("cadangan lama masih terbuka dengan kunci lama: buat cadangan baru, musnahkan yang lama")


@click.option("--json", "as_json", is_flag=True, help="Keluaran untuk program lain.")
def keys(home: Home, door: Door, as_json: bool) -> None:
    """Daftar kunci mingguan; hapus yang sudah waktunya."""
    with door.open() as desk:
        status = erasure.review(desk.vault, desk.home, today())
    if as_json:
        print_json(screen.keys_json(status))
    else:
        click.echo(screen.keys_text(status))
    for line in screen.swept_lines(status.swept):
        say(line)


@click.option("--to", "folder", type=FOLDER, required=True, help="Tempat cadangan; bukan stik FAT.")
def backup_(home: Home, door: Door, folder: Path) -> None:
    """Buat cadangan di dalam DIR. Semua disalin, kecuali kunci mingguan."""
    with door.open() as desk:
        click.echo(str(backup.make_backup(desk, folder, door.open, day=today())))
    if backup.shares_disk(home, folder):
        warn(screen.SAME_DISK)


@click.argument("source", type=FOLDER, metavar="FROM")
def restore(source: Path, folder: Path) -> None:
    """Pulihkan stasiun dari cadangan FROM. --home menyebut folder kosong."""
    backup.restore(source, folder)
    say(RESTORED)


def _run_restore(given: Given, rest: Mapping[str, Any]) -> None:
    check_air_gap(Ledger.load(rest["source"]).roster.is_demo, given.allow_network)
    restore(folder=given.folder(), **rest)
