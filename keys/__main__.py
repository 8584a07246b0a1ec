"""`senyap-keys`: make, change and check the keys of a deployment. Everything but `demo` runs on offline machines."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from crypto import medium
from crypto.encoding import today
from keys import public_commands, release_commands, root_commands, sheets, unit_commands
from keys.ceremony.terminal import run_ceremony
from keys.cli import EXIT_WARNING, FOLDER, command, home_option, refuse, to_option
from keys.demo import make_demo
from keys.ledger import PIN_BYTES, Ledger
from keys.memory import forbid_core_dumps
from keys.prompts import LANGUAGES, Prompts
from keys.rosterfile import fingerprint_words
from keys.unit import keys_until
from keys.verification import Report, report_text, verify_deployment


@click.group()
def main() -> None:
    """Make and check the keys of a Kotak Senyap deployment."""
    forbid_core_dumps()


@command(main, "demo", asks=False)
@click.argument("folder", type=FOLDER)
def demo(prompts: Prompts, folder: Path) -> None:
    """Build a demo deployment below FOLDER: all keys in one place, for trying only."""
    made = make_demo(folder)
    click.echo(f"root fingerprint: {' '.join(fingerprint_words(made.pin))}", err=True)
    click.echo(f"passphrases of all demo reviewers: {folder / 'demo-passphrases.txt'}", err=True)
    click.echo(str(folder))


@command(main, "fingerprint", asks=False)
@click.argument("home", type=FOLDER)
def fingerprint(prompts: Prompts, home: Path) -> None:
    """Print the root fingerprint words that the home of a drop box or a station is pinned to."""
    pin = medium.read_file(home / "root.pin", PIN_BYTES)
    if len(pin) != PIN_BYTES:
        refuse(
            prompts, f"Ditolak: root.pin tidak {PIN_BYTES} bita.", f"Refused: root.pin does not have {PIN_BYTES} bytes."
        )
    click.echo(" ".join(fingerprint_words(pin)))


@main.command("ceremony")
@home_option
@click.option("--language", type=click.Choice(LANGUAGES), default=None, help="Asked for first when left out.")
def ceremony(home: Path, language: str | None) -> None:
    """Begin a deployment: root holders, drop box, first unit, paper. May be interrupted at any step."""
    raise SystemExit(run_ceremony(home, language))


@command(main, "verify", asks=False)
@click.argument("folder", type=FOLDER)
@click.option("--fingerprint", "words", default=None, help="The eight words of the poster; asked for if missing.")
def verify(prompts: Prompts, folder: Path, words: str | None) -> None:
    """Verify everything public in FOLDER as a stranger would, from the printed words alone."""

    def check(given: str) -> Report:
        return verify_deployment(folder, given, today=today())

    ask = "Ketik delapan kata dari poster.", "Type the eight words of the poster."
    report = prompts.checked_words(*ask, check) if words is None else check(words)
    click.echo(report_text(report, language=prompts.language))
    for warning in report.warnings:
        click.echo(f"! {warning}", err=True)
    if report.warnings:
        count = len(report.warnings)
        prompts.say(
            f"TERVERIFIKASI, dengan {count} peringatan di atas.", f"VERIFIED, with {count} warnings, see above."
        )
        raise SystemExit(EXIT_WARNING)
    prompts.say("TERVERIFIKASI: semuanya cocok dengan delapan kata itu.", "VERIFIED: all of it fits the eight words.")


@command(main, "poster", asks=False)
@home_option
@to_option
@click.option("--onion", default="", help="The onion address; left out: a line to write it on.")
@click.option("--site", default="", help="The address of the clear site, if there is one.")
def poster(prompts: Prompts, home: Path, stick: Path, onion: str, site: str) -> None:
    """Draw the public poster with fingerprint, address and QR code."""
    path = stick / "poster.pdf"
    ledger = Ledger.load(home)
    edition = sheets.Edition.of(ledger.roster)
    pdf = sheets.poster(fingerprint=ledger.fingerprint, edition=edition, onion=onion, site=site)
    medium.write_file(path, pdf, mode=0o644)
    click.echo(str(path))


@command(main, "card", asks=False)
@home_option
@to_option
@click.argument("reviewer")
def card(prompts: Prompts, home: Path, stick: Path, reviewer: str) -> None:
    """Draw a REVIEWER's card."""
    ledger = Ledger.load(home)
    if reviewer not in ledger.roster.members or keys_until(ledger, reviewer) == "-":
        refuse(prompts, f"Ditolak: daftar di sini tidak mengenal penelaah {reviewer} yang punya kunci mingguan.",
               f"Refused: the roster here knows no reviewer {reviewer} with weekly keys.")  # fmt: skip
    group = ledger.roster.group_of(reviewer)
    pdf = sheets.reviewer_card(
        deployment=ledger.roster.deployment,
        reviewer=reviewer,
        unit=group.name_id,
        role=ledger.roster.members[reviewer].role,
        k=group.k,
        n=len(group.members),
        fingerprint=ledger.fingerprint,
        edition=sheets.Edition.of(ledger.roster),
        keys_until=datetime.date.fromisoformat(keys_until(ledger, reviewer)),
    )
    path = stick / f"card-{reviewer}.pdf"
    medium.write_file(path, pdf)
    click.echo(str(path))


root_commands.install(main)
public_commands.install(main)
unit_commands.install(main)
release_commands.install(main)

if __name__ == "__main__":
    main(prog_name="senyap-keys")  # the name it is installed under
