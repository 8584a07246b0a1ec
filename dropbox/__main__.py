"""`senyap-dropbox`: serve the pages, exchange bundles and outboxes with the stations, take rosters and keys."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import click

from crypto import medium
from crypto.encoding import date_of, today
from crypto.errors import BadSignature, CryptoError, Malformed
from dropbox import cleanroom, create_app, upkeep
from dropbox.admission import admit
from dropbox.cli import (
    EXIT_ALARM,
    EXIT_DISK,
    EXIT_REFUSED,
    EXIT_USAGE,
    EXIT_WARNING,
    FILE,
    FOLDER,
    MEDIUM,
    command,
    end,
    in_words,
    said,
)
from dropbox.clock import Sealing
from dropbox.courier import lines_of, visit
from dropbox.errors import Busy
from dropbox.health import FILLS, health_of
from dropbox.keeper import Keeper
from dropbox.noted import note_alarm
from dropbox.process import harden, restart_wiping
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.transport import receive as receive_outbox
from dropbox.transport import write_bundle
from dropbox.transportkey import make_next
from keys.errors import BrokenChain, Expired, KeyAlarm, RolledBack, TooFewSignatures
from keys.progress import bar
from keys.request import ServerRequest, request_file, request_words, sign_request

_ADVICE: dict[type[Exception], str] = {
    Malformed: "It is damaged or is something else: copy it again",
    BadSignature: "It was changed on the way, or is not from whom it names: get it again",
    TooFewSignatures: "Let one more root holder sign it",
    RolledBack: "Take the newest one",
    BrokenChain: "Get the files for this deployment, none left out in between",
    Expired: "Ask the root holders for the next one; check this machine's clock",
}


def _stations(services: Services) -> str:
    return ", ".join(station.id for station in services.directory.roster.stations)


@click.group()
def main() -> None:
    """Run a Kotak Senyap drop box."""


@main.command()
@command
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="Address and port, or unix:PATH.")
def serve(home: Path, listen: str) -> None:
    """Serve the pages until SIGTERM or Ctrl-C."""
    restart_wiping()
    harden()
    from dropbox import serve as server

    settings = load_settings(home)
    Services.open(settings).store.engine.dispose()  # refuse here, in words, before any worker starts
    address = listen if listen.startswith("unix:") else f"http://{listen}"
    server.run(lambda: create_app(settings), listen, lambda: click.echo(f"READY {address}"))


@main.command()
@command
def keeper(home: Path) -> None:
    """Write cover by schedule until SIGTERM, so that a disk does not show which days brought reports."""
    harden()
    services = Services.open(load_settings(home))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with services.keeper_lane.enter_now():
            click.echo(f"KEEPER {services.directory.roster.sizes.daily_cover} rows a day", err=True)
            Keeper(services).run(stop)
    except Busy:
        end(EXIT_WARNING, "a keeper is at work already: nothing to do")


@main.command()
@in_words
@click.option("--listen", "address", required=True, help="unix:PATH of the socket; its folder says who may send files.")
def cleaner(address: str) -> None:
    """Clean files that come over a socket until SIGTERM: for another user than the one who serves."""
    kind, _, path = address.partition(":")
    if kind != "unix" or not path:
        end(EXIT_USAGE, "--listen must be unix:PATH")
    cleanroom.listen(Path(path), lambda: click.echo(f"CLEANER {address}", err=True))


@main.command()
@command
@click.option("--to", "folder", required=True, type=FOLDER, help="Folder on the stick.")
@click.option("--station", default=None, help="Station that the bundle is for; by default the first collector.")
def bundle(home: Path, folder: Path, station: str | None) -> None:
    """Write the next bundle into a folder and print its path."""
    services = Services.open(load_settings(home))
    wanted = station or next((s.id for s in services.directory.roster.collectors), "")
    try:
        path = write_bundle(services, wanted, folder, watch=bar)
    except KeyError:
        end(EXIT_USAGE, f"no station of that name; known: {_stations(services)}")
    click.echo(str(path))
    waiting, total = services.arena.counts()
    click.echo(f"{waiting} of {total} slots wait; nothing is freed before the station's outbox comes back", err=True)


@main.command()
@command
@click.argument("file", type=FILE)
def receive(home: Path, file: Path) -> None:
    """Take an outbox: answers for reporters, acknowledgements that free rows, and the rosters and keys in it."""
    services = Services.open(load_settings(home))
    before = services.directory.roster.version
    try:
        got = receive_outbox(services, file, watch=bar)
    finally:  # a roster stays in force though the outbox around it be refused
        if services.directory.roster.version != before:
            click.echo(f"roster version {services.directory.roster.version} is in force", err=True)
    if got.repeated:
        click.echo(f"outbox {got.seq} of {got.station} was taken before: nothing to do", err=True)
    else:
        click.echo(f"outbox {got.seq} of {got.station}: {got.mailboxes} mailboxes, {got.freed} rows freed", err=True)
    for warning in got.warnings:
        click.echo(f"warning: {warning}", err=True)
    if got.warnings:
        raise SystemExit(EXIT_WARNING)


@main.command()
@command
@click.argument("stick", type=MEDIUM)
@click.option("--station", "stations", multiple=True, help="Station that the stick goes to; repeatable.")
def courier(home: Path, stick: Path, stations: tuple[str, ...]) -> None:
    """Do the whole exchange on one plugged-in STICK: take what is there, put what is due."""
    services, day = Services.open(load_settings(home)), today()
    try:
        done = visit(services, stick, stations, day=day, watch=bar)
    except KeyError:
        end(EXIT_USAGE, f"no station of that name; known: {_stations(services)}")
    for _station, path in (*done.written, *done.kept):
        click.echo(str(path))
    late = services.rounds.late_stations(day, [s.id for s in services.directory.roster.stations])
    for line in lines_of(done, services.rounds.schedule(day).next, late):
        click.echo(line, err=True)
    alarms = [left for left in done.left if left.is_alarm]
    for left in alarms:
        note_alarm(home, f"{left.name}: {left.words}")
    if alarms:
        end(EXIT_ALARM, "ALARM: see above. Nothing of that file was taken. Tell the key holders before going on.")
    if done.left:
        raise SystemExit(EXIT_DISK if any(left.is_disk for left in done.left) else EXIT_REFUSED)
    if any(got.warnings for got in done.received):
        raise SystemExit(EXIT_WARNING)


@main.command()
@command
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
def roster(home: Path, files: tuple[Path, ...]) -> None:
    """Take rosters and batches, all of them or none. A running server takes them over by itself."""
    services = Services.open(load_settings(home))
    try:
        got = admit(services, files, day=today())
    except CryptoError as error:
        advice = next((words for kind, words in _ADVICE.items() if isinstance(error, kind)), "")
        if isinstance(error, KeyAlarm) or not advice:
            raise
        end(EXIT_REFUSED, f"refused: {said(error)}. {advice}")
    services.fill_arena()
    if not got.changed:
        click.echo(f"nothing to do: roster version {got.version} and these keys are in force", err=True)
        return
    click.echo(f"roster version {got.version} is in force, {got.batches} new batches", err=True)
    health = health_of(services, today())
    if health.sealing is not Sealing.READY:
        click.echo(f"warning: {health.words}", err=True)
        raise SystemExit(EXIT_WARNING)


@main.command("new-key")
@command
@click.option("--to", "folder", required=True, type=FOLDER, help="Folder on the stick.")
def new_key(home: Path, folder: Path) -> None:
    """Make the next transport key and write the request that asks the root holders for it."""
    services = Services.open(load_settings(home))
    with services.courier_lane.enter():
        key = make_next(home)
    known = services.directory.roster
    request = ServerRequest(known.deployment, known.version, key.public)
    path, signed = folder / request_file(request), sign_request(request, {0: key})
    medium.write_file(path, signed, mode=0o644)
    click.echo(str(path))
    click.echo(" ".join(request_words(signed)), err=True)
    click.echo("Read these eight words to the root holders; the key is used once a roster names it", err=True)


@main.command()
@command
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(home: Path, as_json: bool) -> None:
    """Say whether reports are taken, how full the arena is, when the courier last came, and what ends soon."""
    services, day = Services.open(load_settings(home)), today()
    waiting, total = services.arena.counts()
    schedule, health = services.rounds.schedule(day), health_of(services, day)
    known = services.directory.roster
    late = services.rounds.late_stations(day, [s.id for s in known.stations])
    ends = min((services.directory.keys.last_epoch(g.id) for g in known.groups if g.members), default=-1)
    values = {
        "deployment": known.deployment,
        "slots": total,
        "waiting": waiting,
        "last_round": schedule.last.isoformat() if schedule.last else None,
        "next_round": schedule.due.isoformat(),
        "late": schedule.late,
        "late_stations": [each.station for each in late],
        "keys_until": date_of(ends * 7 + 6).isoformat(),
        "roster_until": date_of(known.expires).isoformat(),
        "fingerprint": services.directory.fingerprint,
        "sealing": health.sealing.value,
        "greatest_day": date_of(health.greatest_day).isoformat(),
        "closed_groups": list(health.closed),
        "ends": list(health.ends),
        "fill": health.fill,
        "alarms": list(health.alarms),
        "waits_for_outbox": list(health.waited_for),
    }
    if as_json:
        click.echo(json.dumps(values))
    else:
        for name, value in values.items():
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{name.replace('_', ' '):<14} {'-' if shown in (None, '') else shown}")
        click.echo(health.words, err=True)
        click.echo("waiting slots hold reports, files and decoys: only a station can tell which", err=True)
        if schedule.due < date_of(day):
            click.echo(f"warning: the courier was due on {schedule.due}", err=True)
        if health.fill:
            click.echo(f"warning: {FILLS[health.fill]}", err=True)
        if health.waited_for:
            owed = ", ".join(health.waited_for)
            click.echo(f"warning: restored from a copy: first an outbox must come of {owed}", err=True)
    if health.alarms:
        end(EXIT_ALARM, "\n".join(f"ALARM: {words}" for words in health.alarms))
    if schedule.late or not health.is_good:
        raise SystemExit(EXIT_WARNING)


upkeep.install(main)

if __name__ == "__main__":
    main(prog_name="senyap-dropbox")  # the name it is installed under: the launcher starts it as a module
