"""`senyap-station certificate`: issue a certificate of authorship, or verify one without anybody's passphrase."""

from __future__ import annotations

from pathlib import Path

import click

from crypto.claim import read_claim
from crypto.encoding import date_of, today, visible
from crypto.receipt import Mistyped
from station import certificate
from station.asking import ask_statements, no_conflict_option
from station.cli import FILE, FOLDER, Door, command
from station.errors import Refused
from station.home import Home
from station.refusals import told
from station.terminal import show_text
from station.usage import Misused


def install() -> None:
    """Add this command to `senyap-station`."""
    command("certificate")(certificate_)


@click.argument("case", required=False)
@click.option("--to", "folder", type=FOLDER, help="Ke mana PDF dan tanda tangannya ditulis.")
@click.option("--name", "holder", default="", help="Nama di dalamnya; hanya bila pelapor menghendaki.")
@click.option("--verify", "file", type=FILE, help="Periksa PDF ini; berkas .senyap ada di sampingnya.")
@no_conflict_option
def certificate_(
    home: Home, door: Door, case: str | None, folder: Path | None, holder: str, file: Path | None, no_conflict: bool
) -> None:
    """Terbitkan atau periksa surat bukti pelapor. Untuk CASE 24 kata buktinya ditanyakan; --verify memeriksa."""
    if file is not None:
        _verify(home, file)
        return
    if case is None or folder is None:
        raise Misused("sebut perkara (CASE) dan --to FOLDER, atau --verify BERKAS")
    try:
        secret = read_claim(click.prompt("24 kata bukti", err=True))
    except Mistyped as error:
        raise Refused(told(error)) from None
    day = today()
    with door.open() as desk:
        ask_statements(desk, case, no_conflict=no_conflict)
        with desk.vault.begin() as transaction:
            certificate.claim_fits(transaction, case, secret, by=desk.present, day=day)
        with desk.vault.begin() as transaction:
            by = desk.present  # each of them has just typed a passphrase for this command
            made = certificate.issue(transaction, desk, case, secret, folder, by=by, holder=holder, day=day)
            click.echo(str(made))


def _verify(home: Home, file: Path) -> None:
    found, group = certificate.verify(home.ledger, file)
    show_text(f"asli: {visible(group.name_id)} ({found.station}) menerbitkannya {date_of(found.issued)}")
    show_text(f"perkara {visible(found.case)}, laporan diterima {date_of(found.received)}")
    show_text(f"sidik isi laporan {found.letter.hex()}, nomor surat {found.serial.hex()}")
    show_text(f"nama: {visible(found.name) or '-'}")
