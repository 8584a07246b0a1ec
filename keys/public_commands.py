"""The commands for public files: `publish`, `take`, `repin`."""

from __future__ import annotations

from pathlib import Path

import click

from crypto.encoding import today
from keys.cli import FILE, command, home_option, to_option
from keys.ledger import Ledger, copy_ledger, repin
from keys.offers import take_all
from keys.prompts import Prompts
from keys.sheets import Edition


def install(main: click.Group) -> None:
    """Add the commands of this module."""

    @command(main, "publish", asks=False)
    @home_option
    @to_option
    def publish(prompts: Prompts, home: Path, stick: Path) -> None:
        """Copy the public files to a stick: for the drop box, a station, a new unit, another root holder."""
        ledger = Ledger.load(home)
        copy_ledger(ledger, stick)
        click.echo(str(stick))
        edition = Edition.of(ledger.roster)
        prompts.say(
            f"{edition.said.id}, sepuluh kelompok:\n\n    {edition.groups}\n\nTulis di kertas, dan bawa terpisah dari "
            "stik: pemeriksaan rilis menanyakan versinya.",
            f"{edition.said.en}, ten groups:\n\n    {edition.groups}\n\nWrite them on paper, and carry that apart "
            "from the stick: whoever verifies a release is asked for the version.",
        )

    @command(main, "repin")
    @home_option
    def repin_(prompts: Prompts, home: Path) -> None:
        """Pin these public files to the root set of today: its eight words then stand on pages and new posters."""
        ledger = Ledger.load(home)
        pinned = repin(ledger)
        old = " ".join(ledger.fingerprint)
        prompts.say(f"Kata-kata lama: {old}", f"The old words: {old}")
        prompts.say(
            "Salin root.pin ini ke rumah server dan stasiun, lalu cetak poster baru. Kata-kata baru:",
            "Copy this root.pin to the homes of drop box and stations, then print posters. The new words:",
        )
        click.echo(" ".join(pinned.fingerprint))

    @command(main, "take", asks=False)
    @home_option
    @click.argument("files", nargs=-1, required=True, type=FILE)
    def take(prompts: Prompts, home: Path, files: tuple[Path, ...]) -> None:
        """Take rosters and batches into these public files: FILES in whatever order, or a folder that holds them."""
        ledger = take_all(Ledger.load(home), files, day=today())
        click.echo(f"roster version {ledger.roster.version}, {len(ledger.batches)} batches", err=True)
