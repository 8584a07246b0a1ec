"""`senyap-station auditor | log | audit`: make the auditor's key, export the log, read an exported one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from crypto import medium, passphrase
from crypto.encoding import date_of, today, visible
from crypto.xwing import OpeningKey, SealingKey
from keys.strength import generate_passphrase
from station import audit
from station.audit import Deed, Entry
from station.cases import case_name
from station.cli import FILE, FOLDER, Door, Given, bare_command, check_air_gap, command
from station.errors import Refused
from station.home import Home
from station.terminal import say

PUBLIC, LOCKED = "auditor.pub", "auditor.locked"
_CAP, _LOG_CAP = 4_096, 8 * 1024 * 1024


def install() -> None:
    """Add these commands to `senyap-station`."""
    command("auditor")(auditor)
    command("log")(log)
    bare_command("audit", audit_, _run_audit)


def auditor(home: Home, door: Door) -> None:
    """Buat kunci baru untuk pengawas. Ia membaca catatan, tidak pernah laporan; yang lama tidak berlaku lagi."""
    key, words = OpeningKey.generate(), generate_passphrase()
    with door.open() as desk, desk.vault.begin() as transaction:
        audit.check(transaction)
        audit.note(transaction, desk.present, Deed.EXPORTED, day=today(), detail="auditor")
        medium.write_file(home.folder / LOCKED, passphrase.lock(words, key.seed, _purpose(home)))
        medium.write_file(home.folder / PUBLIC, key.public.raw)
    click.echo(words)
    say("Frasa sandi pengawas. Hanya dia yang menyimpannya; tidak ada salinannya di sini.")


@click.option("--to", "folder", required=True, type=FOLDER, help="Folder di stik pengawas.")
def log(home: Home, door: Door, folder: Path) -> None:
    """Ekspor seluruh catatan untuk pengawas. Hanya dia dapat membacanya; stasiun menandatanganinya."""
    try:
        key = SealingKey.parse(medium.read_file(home.folder / PUBLIC, _CAP))
    except FileNotFoundError:
        raise Refused("belum ada kunci pengawas: senyap-station auditor") from None
    with door.open() as desk, desk.vault.begin() as transaction:
        audit.check(transaction)
        audit.note(transaction, desk.present, Deed.EXPORTED, day=today())
        found = audit.entries(transaction)
        parts = audit.export(found, home.id, key, desk.signing)
    for number, data in enumerate(parts, 1):
        last = min(number * audit.PART_ENTRIES, found[-1].number)
        path = folder / f"log-{home.id}-{last:08d}.senyap"
        medium.write_file(path, data, mode=0o644)
        click.echo(str(path))


@click.argument("files", type=FILE, nargs=-1, required=True)
def audit_(home: Home, files: tuple[Path, ...]) -> None:
    """Baca catatan yang diekspor, sebagai pengawas. FILES: semua berkas satu ekspor; tanpa penelaah."""


def _run_audit(given: Given, rest: Mapping[str, Any]) -> None:
    home = Home.load(given.folder())
    check_air_gap(home.is_demo, given.allow_network)
    parts = [medium.read_file(file, _LOG_CAP) for file in rest["files"]]
    locked = medium.read_secret(home.folder / LOCKED, _CAP)
    words = click.prompt("Frasa sandi pengawas", hide_input=True, err=True)
    key = OpeningKey.from_seed(passphrase.unlock(words, locked, _purpose(home)))
    for entry in audit.read_export(parts, home.id, home.station.key, key):
        click.echo(_line(entry))


def _line(entry: Entry) -> str:
    case = case_name(entry.case) if entry.case else "-"
    cells = (str(entry.number), date_of(entry.day).isoformat(), case, entry.deed, entry.who, entry.detail)
    return "  ".join(visible(cell) for cell in cells).rstrip()


def _purpose(home: Home) -> str:
    return f"senyap/v1/auditor/{home.id}"
