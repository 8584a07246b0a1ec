"""`senyap-station training`: a station of invented cases, for reviewers who learn."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from crypto.encoding import today
from station.cli import FOLDER, Given, bare_command
from station.terminal import say
from station.training import Made, make_training


def install() -> None:
    """Add this command to `senyap-station`."""

    @click.argument("folder", type=FOLDER, metavar="DIR")
    def training(folder: Path) -> None:
        """Buat stasiun latihan di DIR, folder baru. Semua perkaranya karangan."""

    def run(given: Given, rest: Any) -> None:
        say("Membuat stasiun latihan (sekitar setengah menit) ...")
        made = make_training(rest["folder"], day=today())
        click.echo(str(rest["folder"]))
        say(_told(made))

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
