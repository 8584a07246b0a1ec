"""`senyap-dropbox`: serve the pages and exchange bundles and outboxes with the stations."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from crypto.encoding import date_of, today
from crypto.errors import CryptoError
from dropbox import create_app
from dropbox.errors import Alarm, BadSettings, Broken, DropboxError
from dropbox.process import harden, restart_wiping
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.transport import receive as receive_outbox
from dropbox.transport import write_bundle

EXIT_WARNING, EXIT_USAGE, EXIT_REFUSED, EXIT_DISK, EXIT_ALARM = 1, 2, 3, 6, 7
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _stop(code: int, words: str) -> NoReturn:
    click.echo(words, err=True)
    raise SystemExit(code)


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Add --home and turn every refusal into one line and an exit code."""

    @click.option("--home", envvar="SENYAP_HOME", required=True, type=_FOLDER, help="Folder of this drop box.")
    @wraps(function)
    def run(**arguments: Any) -> None:
        try:
            function(**arguments)
        except Alarm as error:
            _stop(EXIT_ALARM, f"ALARM: {error}. Nothing was changed. Tell the key holders before going on.")
        except Broken as error:
            _stop(EXIT_DISK, str(error))
        except BadSettings as error:
            _stop(EXIT_USAGE, str(error))
        except (CryptoError, DropboxError) as error:
            _stop(EXIT_REFUSED, f"refused: {error}")
        except FileNotFoundError as error:
            _stop(EXIT_USAGE, f"not found: {Path(error.filename or '').name}")
        except OSError as error:
            _stop(EXIT_DISK, f"cannot read or write: {error.strerror}")

    return run


@click.group()
def main() -> None:
    """Run a Kotak Senyap drop box."""


@main.command()
@_command
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="Address and port, or unix:PATH.")
def serve(home: Path, listen: str) -> None:
    """Serve the pages until SIGTERM."""
    restart_wiping()
    harden()
    from dropbox import serve as server

    settings = load_settings(home)
    Services.open(settings).store.engine.dispose()  # refuse here, in words, before any worker starts
    address = listen if listen.startswith("unix:") else f"http://{listen}"
    server.run(lambda: create_app(settings), listen, lambda: click.echo(f"READY {address}"))


@main.command()
@_command
@click.option("--to", "folder", required=True, type=_FOLDER, help="Folder on the stick.")
@click.option("--station", default=None, help="Station that the bundle is for; by default the first collector.")
def bundle(home: Path, folder: Path, station: str | None) -> None:
    """Write the next bundle into a folder and print its path."""
    services = Services.open(load_settings(home))
    wanted = station or services.directory.roster.collectors[0].id
    try:
        path = write_bundle(services, wanted, folder)
    except KeyError:
        _stop(
            EXIT_USAGE, f"no station of that name; known: {', '.join(s.id for s in services.directory.roster.stations)}"
        )
    click.echo(str(path))
    waiting, total = services.arena.counts()
    click.echo(f"{waiting} of {total} slots wait; nothing is freed before the station's outbox comes back", err=True)


@main.command()
@_command
@click.argument("file", type=click.Path(path_type=Path))
def receive(home: Path, file: Path) -> None:
    """Take an outbox: answers for reporters, and acknowledgements that free rows."""
    services = Services.open(load_settings(home))
    got = receive_outbox(services, file)
    if got.repeated:
        click.echo(f"outbox {got.seq} of {got.station} was taken before: nothing to do", err=True)
        return
    click.echo(f"outbox {got.seq} of {got.station}: {got.mailboxes} mailboxes, {got.freed} rows freed", err=True)
    for warning in got.warnings:
        click.echo(f"warning: {warning}", err=True)
    if got.warnings:
        raise SystemExit(EXIT_WARNING)


@main.command()
@_command
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(home: Path, as_json: bool) -> None:
    """Say how full the arena is, when the courier last came, and when keys end."""
    services = Services.open(load_settings(home))
    waiting, total = services.arena.counts()
    schedule = services.rounds.schedule(today())
    roster = services.directory.roster
    ends = min((services.directory.keys.last_epoch(g.id) for g in roster.groups if g.members), default=-1)
    values = {
        "deployment": roster.deployment,
        "slots": total,
        "waiting": waiting,
        "last_round": schedule.last.isoformat() if schedule.last else None,
        "next_round": schedule.next.isoformat(),
        "late": schedule.late,
        "keys_until": date_of(ends * 7 + 6).isoformat(),
        "roster_until": date_of(roster.expires).isoformat(),
        "fingerprint": services.directory.fingerprint,
    }
    if as_json:
        click.echo(json.dumps(values))
    else:
        for name, value in values.items():
            click.echo(f"{name.replace('_', ' '):<14} {'-' if value is None else value}")
        click.echo("waiting slots hold reports, files and decoys: only a station can tell which", err=True)
    soon = date_of(today() + 28).isoformat()
    if schedule.late or waiting * 2 > total or min(str(values["keys_until"]), str(values["roster_until"])) < soon:
        raise SystemExit(EXIT_WARNING)


if __name__ == "__main__":
    sys.exit(main())
