"""`senyap-station certificate`: issue a certificate of authorship, or verify one without anybody's passphrase."""

from __future__ import annotations

from pathlib import Path

import click

from crypto.claim import read_claim
from crypto.encoding import date_of, today, visible
from crypto.receipt import Mistyped
from station import certificate
from station.cli import FILE, FOLDER, Door, command
from station.errors import Refused
from station.home import Home


def install() -> None:
    """Add this command to `senyap-station`."""
    command("certificate")(certificate_)


@click.argument("case", required=False)
@click.option("--to", "folder", type=FOLDER, help="Where the PDF and its signature are written.")
@click.option("--name", "holder", default="", help="A name to be written in it; only when the reporter wants it.")
@click.option("--verify", "file", type=FILE, help="Verify this PDF; its .senyap file lies beside it.")
def certificate_(home: Home, door: Door, case: str | None, folder: Path | None, holder: str, file: Path | None) -> None:
    """Issue a certificate for the writer of a CASE, whose 24 words are asked for; or verify one with --verify."""
    if file is not None:
        _verify(home, file)
        return
    if case is None or folder is None:
        raise click.UsageError("want CASE and --to DIR, or --verify FILE")
    try:
        secret = read_claim(click.prompt("24 words", err=True))
    except Mistyped as error:
        raise Refused(str(error)) from None
    day = today()
    with door.open() as desk:
        with desk.vault.begin() as transaction:
            certificate.claim_fits(transaction, case, secret, by=desk.present, day=day)
        with desk.vault.begin() as transaction:
            by = desk.present  # each of them has just typed a passphrase for this command
            made = certificate.issue(transaction, desk, case, secret, folder, by=by, holder=holder, day=day)
            click.echo(str(made))


def _verify(home: Home, file: Path) -> None:
    found, group = certificate.verify(home.ledger, file)
    click.echo(f"asli: {visible(group.name_id)} ({found.station}) menerbitkannya {date_of(found.issued)}")
    click.echo(f"perkara {visible(found.case)}, laporan diterima {date_of(found.received)}")
    click.echo(f"sidik isi laporan {found.letter.hex()}, nomor surat {found.serial.hex()}")
    click.echo(f"nama: {visible(found.name) or '-'}")
