"""`senyap-station`: import bundles, read and answer cases, write outboxes. Never on a machine with a network."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crypto.claim import read_claim
from crypto.encoding import today
from crypto.mailbox import STATUSES
from crypto.receipt import Mistyped
from keys.progress import bar
from station import (
    attachments,
    audit,
    audit_commands,
    backup,
    bundles,
    canaries,
    canary_commands,
    cases,
    casework,
    certificate,
    certificate_commands,
    courier,
    inbox,
    letters,
    outbox,
    retention,
    retention_commands,
    screen,
    serve,
    training_commands,
    upkeep,
)
from station.asking import ask_statements, no_conflict_option
from station.audit import Deed
from station.cli import FILE, FOLDER, MEDIUM, Door, command, main, print_json, warn_of_rekey
from station.desk import Desk
from station.errors import EXIT_ALARM, EXIT_WARNING, Refused, StationError
from station.home import Home
from station.refusals import told
from station.terminal import say, show_text, warn

upkeep.install()
canary_commands.install()
serve.install()
audit_commands.install()
certificate_commands.install()
retention_commands.install()
training_commands.install()


@command("import")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Keluaran untuk program lain.")
def import_(home: Home, door: Door, file: Path, as_json: bool) -> None:
    """Ambil satu bundel, FILE, dari stik."""
    with door.open(leavers=True) as desk:
        try:
            found = inbox.import_bundle(desk, file, watch=bar)
        except StationError as error:
            if as_json and error.exit_code == EXIT_ALARM:
                print_json(screen.imported_json(inbox.Imported(0, 0, 0, 0, 0, (told(error),))))
            raise
    if as_json:
        print_json(screen.imported_json(found))
    else:
        click.echo(screen.imported_text(found))
    _tell_import(home, found)
    if found.alarms:
        sys.exit(EXIT_WARNING)


def _tell_import(home: Home, found: inbox.Imported) -> None:
    """Say what an import did besides, and what was strange."""
    for line in screen.swept_lines(found.swept):
        say(line)
    if home.shares_fit() and not Home.load(home.folder).shares_fit():
        warn_of_rekey()
    for alarm in found.alarms:
        warn(alarm)


@command("list")
@click.option("--json", "as_json", is_flag=True, help="Keluaran untuk program lain.")
def list_(home: Home, door: Door, as_json: bool) -> None:
    """Daftar semua perkara; sebut yang akan dihapus."""
    with door.open() as desk, desk.vault.begin() as transaction:
        lines = cases.list_cases(transaction, home)
        held = letters.count_held(transaction)
        soon = frozenset() if as_json else retention.warn(transaction, home, today())  # what people read counts
        alarms = canaries.alarms(transaction, station=home.id, day=today(), patience=home.settings.canary_days)
    if as_json:
        print_json([screen.line_json(line) for line in lines])
    else:
        click.echo(screen.list_text(lines, soon))
        if soon:
            warn(screen.GOING.format(len(soon)))
        if held:
            say(f"{held} pesan lanjutan menunggu laporannya")
    for alarm in alarms:
        warn(alarm)
    if alarms:
        sys.exit(EXIT_WARNING)


@command("show")
@click.argument("case")
@click.option("--json", "as_json", is_flag=True, help="Keluaran untuk program lain.")
@click.option(
    "--save-attachments", "folder", type=FOLDER, help="Tulis berkas yang lengkap ke sana sebagai 001.bin, 002.bin …"
)
@no_conflict_option
def show(home: Home, door: Door, case: str, as_json: bool, folder: Path | None, no_conflict: bool) -> None:
    """Tampilkan satu perkara, CASE. Yang hadir dulu menyatakan bahwa tidak punya benturan kepentingan."""
    with door.open() as desk:
        ask_statements(desk, case, no_conflict=no_conflict)
        with desk.vault.begin() as transaction:
            found = cases.show_case(transaction, case)
            saved = attachments.save_files(transaction, found.id, folder) if folder is not None else ()
            for path in saved:
                place = path.stem.lstrip("0")
                audit.note(transaction, desk.present, Deed.SAVED, day=today(), case=found.id, detail=place)
    if as_json:
        print_json(screen.case_json(found))
    else:
        show_text(screen.case_text(found, home))
    for path in saved:
        say(str(path))


@command("reply")
@click.argument("case")
@click.option(
    "--status", type=click.Choice(STATUSES), metavar="STATUS", help="Status perkara yang baru; tanpa ini tetap."
)
@click.option("--detail", default="", help="Hasil, alasan atau penerima, bila statusnya memerlukan.")
@click.option("--note", default="", help="Untuk berkas perkara: dasar langkah ini.")
@click.option("--text", default="", help="Pesan untuk pelapor, paling banyak 4.000 byte.")
@click.option("--checked", is_flag=True, help="Tetap kirim teks yang diperingatkan: sudah dibaca lagi.")
@no_conflict_option
def reply(
    home: Home, door: Door, case: str, status: str | None, detail: str, note: str, text: str, checked: bool,
    no_conflict: bool,
) -> None:  # fmt: skip
    """Jawab perkara CASE, sebagai yang hadir. Outbox berikutnya membawanya."""
    wish = casework.Wish(status or "", "", detail, text, note, checked)
    with door.open() as desk:
        ask_statements(desk, case, no_conflict=no_conflict)
        with desk.vault.begin() as transaction:
            present, number = [ring.reviewer for ring in desk.rings], cases.show_case(transaction, case).id
            casework.reply(transaction, home, number, present, wish, day=today())
    say("tercatat untuk outbox berikutnya")


@command("claim")
@click.argument("case")
@no_conflict_option
def claim(home: Home, door: Door, case: str, no_conflict: bool) -> None:
    """Periksa 24 kata bukti untuk perkara CASE. Kata-kata itu diketik di terminal."""
    try:
        secret = read_claim(click.prompt("24 kata bukti", err=True))
    except Mistyped as error:
        raise Refused(told(error)) from None
    with door.open() as desk:
        ask_statements(desk, case, no_conflict=no_conflict)
        with desk.vault.begin() as transaction:
            fits = certificate.claim_fits(transaction, case, secret, by=desk.present, day=today())
    if not fits:
        raise Refused("kata bukti ini bukan milik penulis laporan itu")
    say("cocok: pemegang kata-kata ini menulis laporan itu")


@command("outbox")
@click.option("--to", "folder", type=FOLDER, required=True, help="Stiknya.")
def outbox_(home: Home, door: Door, folder: Path) -> None:
    """Tulis outbox berikutnya ke stik."""
    with door.open() as desk:
        click.echo(str(outbox.make_outbox(desk, folder)))
        with desk.vault.begin() as transaction:
            told = outbox.warnings(transaction, desk)
    for words in told:
        warn(words)
    if told:
        sys.exit(EXIT_WARNING)


@command("courier")
@click.argument("stick", type=MEDIUM)
@click.option("--backup", "disk", type=FOLDER, help="Disk kedua: salin stasiun ke sana sebelum outbox ditaruh.")
def courier_(home: Home, door: Door, stick: Path, disk: Path | None) -> None:
    """Kunjungan kurir: ambil bundel, taruh outbox. STICK: stik yang sudah terpasang."""
    day = today()

    def copy(desk: Desk) -> None:
        if disk is not None:
            say(f"cadangan: {backup.make_backup(desk, disk, door.open, day=day, stick=stick)}")

    with door.open(leavers=True) as desk:
        done = courier.visit(desk, stick, day=day, watch=bar, between=copy)
        with desk.vault.begin() as transaction:
            missed = canaries.alarms(transaction, station=home.id, day=day, patience=home.settings.canary_days)
            told = outbox.warnings(transaction, desk)
    click.echo(str(done.outbox))
    if disk is not None and backup.shares_disk(home, disk):
        warn(screen.SAME_DISK)
    for line in screen.visit_lines(done, day + outbox.DAYS_TO_NEXT):
        say(line)
    for _, found in done.imported:
        _tell_import(home, found)
    for alarm in told if done.imported else (*told, *missed):  # an import has named the others among its own
        warn(alarm)
    sys.exit(done.exit_code or (EXIT_WARNING if missed or told else 0))


@command("relay")
@click.option("--to", "folder", type=FOLDER, required=True, help="Stiknya.")
def relay(home: Home, door: Door, folder: Path) -> None:
    """Salin bundel untuk stasiun lain ke stik. Hanya di stasiun pengumpul."""
    for path in bundles.relay(home, folder, watch=bar):
        click.echo(str(path))


if __name__ == "__main__":
    main(prog_name="senyap-station")  # the name it is installed under
