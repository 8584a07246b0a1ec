"""`senyap-station training`: a station of invented cases, for reviewers who learn."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from crypto.encoding import today
from station.cli import FOLDER, Given, bare_command
from station.training import Made, make_training


def install() -> None:
    """Add this command to `senyap-station`."""

    @click.argument("folder", type=FOLDER, metavar="DIR")
    def training(folder: Path) -> None:
        """Make a training station with invented cases in DIR, a new folder."""

    def run(given: Given, rest: Any) -> None:
        click.echo("Membuat stasiun latihan (sekitar setengah menit) ...", err=True)
        made = make_training(rest["folder"], day=today())
        click.echo(str(rest["folder"]))
        click.echo(_told(made), err=True)

    bare_command("training", training, run)


def _told(made: Made) -> str:
    people = "\n".join(f"   {who}   {words}" for who, words in made.passphrases.items())
    return f"""
LATIHAN: semua perkara karangan. Frasa sandi, dua orang cukup:

{people}

Buka mejanya dengan perintah ini, lalu http://127.0.0.1:8090 di peramban mesin ini:

   senyap-station serve --home {shlex.quote(str(made.home))}

Di bawah "Kurir" ketik stik latihan: {made.stick.resolve()}
Di mesin yang punya jaringan tambahkan --allow-network. Selesai berlatih: hapus folder itu."""
