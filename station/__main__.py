"""`senyap-station`: import bundles, read and answer cases, write outboxes. Never on a machine with a network."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlcipher3 import dbapi2

from crypto import medium
from crypto.encoding import today
from crypto.errors import CryptoError
from crypto.mailbox import STATUSES
from station import airgap, attachments, bundles, cases, inbox, letters, outbox, screen
from station.desk import Desk, open_desk
from station.errors import EXIT_ALARM, EXIT_USAGE, EXIT_WARNING, NotAirGapped, StationError, exit_code
from station.home import Home

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Given:
    """What was given on the command line, before or after the command's name."""

    home: Path | None = None
    passphrase_files: tuple[str, ...] = field(default=(), repr=False)
    allow_network: bool = False

    def join(self, later: Given) -> Given:
        """Return both, the later one first where only one can stand."""
        return Given(
            later.home or self.home,
            self.passphrase_files + later.passphrase_files,
            self.allow_network or later.allow_network,
        )


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --home, --passphrase-file and --allow-network to a command."""
    for option in (
        click.option("--allow-network", is_flag=True, help="Demo only: work on a machine that has a network."),
        click.option("--passphrase-file", "passphrase_files", multiple=True, metavar="REVIEWER=FILE",
                     help="Read a reviewer's passphrase from a file; repeatable."),
        click.option("--home", type=_FOLDER, help="The station's folder (or SENYAP_HOME)."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
@_with_options
@click.pass_context
def main(context: click.Context, home: Path | None, passphrase_files: tuple[str, ...], allow_network: bool) -> None:
    """Work on reports at a Kotak Senyap station, a machine that is never online."""
    forbid_core_dumps()
    context.obj = Given(home, passphrase_files, allow_network)


def forbid_core_dumps() -> None:
    """Keep this process' memory out of files and away from other processes of this user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of `main` whose function gets the verified home and a way to open the desk."""

    def decorate(function: Callable[..., None]) -> click.Command:
        def run(
            given: Given, /, home: Path | None, passphrase_files: tuple[str, ...], allow_network: bool, **rest: Any
        ) -> None:
            _guard(function, given.join(Given(home, passphrase_files, allow_network)), rest)

        functools.update_wrapper(run, function)  # click reads help and arguments from there
        return main.command(name)(_with_options(click.pass_obj(run)))

    return decorate


def _guard(function: Callable[..., None], given: Given, rest: Mapping[str, Any]) -> None:
    """Run one command and turn every refusal into words on stderr and an exit code."""
    try:
        folder = given.home or os.environ.get("SENYAP_HOME")
        if not folder:
            raise click.UsageError("missing --home DIR (or SENYAP_HOME)")
        home = Home.load(Path(folder))
        _check_air_gap(home, given.allow_network)
        if home.has_ended():
            click.echo(
                "PERINGATAN: roster sudah berakhir; laporan tetap terbaca, jawaban menunggu roster baru", err=True
            )
        function(home, lambda: open_desk(home, _passphrases(home, given.passphrase_files)), **rest)
    except (StationError, CryptoError) as error:
        click.echo(f"{error}", err=True)
        sys.exit(exit_code(error))
    except FileNotFoundError as error:
        click.echo(f"not found: {Path(error.filename or '').name}", err=True)
        sys.exit(EXIT_USAGE)
    except OSError as error:
        click.echo(f"disk: {error.strerror}", err=True)
        sys.exit(exit_code(error))
    except (sa.exc.SQLAlchemyError, dbapi2.Error) as error:
        click.echo("vault: cannot be read or written", err=True)
        sys.exit(exit_code(error))


def _check_air_gap(home: Home, allowed: bool) -> None:
    if allowed:
        if not home.is_demo:
            raise NotAirGapped("--allow-network is for demo deployments only")
        click.echo("PERINGATAN: stasiun demo; mesin ini boleh terhubung ke jaringan (--allow-network)", err=True)
        return
    reasons = airgap.check()
    if reasons:
        raise NotAirGapped("this machine is not air-gapped: " + "; ".join(reasons), reasons)


def _passphrases(home: Home, files: tuple[str, ...]) -> dict[str, str]:
    """Read passphrases from files, or ask for as many reviewers as the unit's quorum."""
    given: dict[str, str] = {}
    for item in files:
        reviewer, mark, name = item.partition("=")
        if not mark or not reviewer or not name or reviewer in given:
            raise click.UsageError("--passphrase-file wants REVIEWER=FILE, each reviewer once")
        try:
            given[reviewer] = medium.read_file(Path(name), 4096).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise click.UsageError("a passphrase file cannot be read") from None
    while not files and len(given) < home.group.k:
        reviewer = click.prompt("Penelaah (reviewer)", err=True)
        given[reviewer] = click.prompt("Frasa sandi (passphrase)", hide_input=True, err=True)
    return given


Opener = Callable[[], AbstractContextManager[Desk]]


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value))  # ASCII only: nothing in it can steer a terminal


@_command("import")
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True)
def import_(home: Home, opener: Opener, file: Path, as_json: bool) -> None:
    """Take a bundle FILE from a stick."""
    with opener() as desk:
        try:
            found = inbox.import_bundle(desk, file)
        except StationError as error:
            if as_json and error.exit_code == EXIT_ALARM:
                _print_json(screen.imported_json(inbox.Imported(0, 0, 0, 0, 0, (str(error),))))
            raise
    if as_json:
        _print_json(screen.imported_json(found))
    else:
        click.echo(screen.imported_text(found))
    for alarm in found.alarms:
        click.echo(f"PERINGATAN: {alarm}", err=True)
    if found.alarms:
        sys.exit(EXIT_WARNING)


@_command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(home: Home, opener: Opener, as_json: bool) -> None:
    """List all cases."""
    with opener() as desk, desk.vault.begin() as transaction:
        lines = cases.list_cases(transaction, home)
        held = letters.count_held(transaction)
    if as_json:
        _print_json([screen.line_json(line) for line in lines])
    else:
        click.echo(screen.list_text(lines))
        if held:
            click.echo(f"{held} pesan lanjutan menunggu laporannya", err=True)


@_command("show")
@click.argument("case")
@click.option("--json", "as_json", is_flag=True)
@click.option("--save-attachments", "folder", type=_FOLDER, help="Write whole files there as 001.bin, 002.bin …")
def show(home: Home, opener: Opener, case: str, as_json: bool, folder: Path | None) -> None:
    """Show one CASE."""
    with opener() as desk, desk.vault.begin() as transaction:
        found = cases.show_case(transaction, case)
        saved = attachments.save_files(transaction, found.id, folder) if folder is not None else ()
    if as_json:
        _print_json(screen.case_json(found))
    else:
        click.echo(screen.case_text(found))
    for path in saved:
        click.echo(str(path), err=True)


@_command("reply")
@click.argument("case")
@click.option("--status", type=click.Choice(STATUSES), help="The case's new status; left out: unchanged.")
@click.option("--text", default="", help="A message to the reporter, at most 4,000 bytes.")
def reply(home: Home, opener: Opener, case: str, status: str | None, text: str) -> None:
    """Answer a CASE; the next outbox carries it."""
    with opener() as desk, desk.vault.begin() as transaction:
        cases.reply(transaction, home, case, status=status, text=text, day=today())
    click.echo("tercatat untuk outbox berikutnya", err=True)


@_command("outbox")
@click.option("--to", "folder", type=_FOLDER, required=True, help="The stick.")
def outbox_(home: Home, opener: Opener, folder: Path) -> None:
    """Write the next outbox to a stick."""
    with opener() as desk:
        click.echo(str(outbox.make_outbox(desk, folder)))
        left = outbox.count_unserved(desk)
    if left:
        click.echo(f"warning: {left} cases have no mailbox yet; they follow with the next outboxes", err=True)
        sys.exit(EXIT_WARNING)


@_command("relay")
@click.option("--to", "folder", type=_FOLDER, required=True, help="The stick.")
def relay(home: Home, opener: Opener, folder: Path) -> None:
    """Copy this collector's bundles to a stick, byte for byte, for the other stations."""
    for path in bundles.relay(home, folder):
        click.echo(str(path))


if __name__ == "__main__":
    main()
