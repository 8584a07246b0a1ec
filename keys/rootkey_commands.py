"""The commands of one root holder: `root-key` makes a key, `recover-root` makes it again from paper."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from crypto import medium
from crypto.encoding import date_of, today
from crypto.signing import SigningKey
from keys import sheets
from keys.cli import FILE, STICK, command, home_option, refuse, to_option
from keys.ledger import Ledger
from keys.prompts import Prompts
from keys.recovery import MOST_SHEETS, check_root, join_seed, split_seed
from keys.request import RootRequest, request_file, request_words, sign_request
from keys.rootkeys import root_file, write_root
from keys.roster import Root

MOST_ROOT = 255


def install(main: click.Group) -> None:
    """Add the commands of this module."""
    _install_root_key(main)
    _install_recovery(main)


def _install_root_key(main: click.Group) -> None:
    @command(main, "root-key")
    @home_option
    @to_option
    @click.option(
        "--number", type=click.IntRange(1, MOST_ROOT), default=None, help="By default the next one never used."
    )
    @click.option("--holder", required=True, help="The holder's name, for the paper alone.")
    @click.option("--own", type=STICK, default=None, help="The holder's own stick: key and sheets; else that of --to.")
    @click.option("--sheets", "count", type=click.IntRange(1, 5), default=1, show_default=True, help="Recovery sheets.")
    def root_key(
        prompts: Prompts, home: Path, stick: Path, own: Path | None, number: int | None, holder: str, count: int
    ) -> None:
        """Make a new root holder's key, its recovery sheets and the request to be admitted."""
        ledger = Ledger.load(home)
        used = {root.id for roster in ledger.history() for root in roster.roots}
        number = max(used) + 1 if number is None else number
        if number in used or number > MOST_ROOT:
            given = ", ".join(map(str, sorted(used)))
            refuse(prompts, f"Ditolak: nomor {number} tidak bebas; pernah dipakai: {given}.",
                   f"Refused: number {number} is not free; given before: {given}.")  # fmt: skip
        own = own or stick
        _refuse_overwriting(prompts, own, number)
        words = prompts.new_passphrase(f"root-{number}", about=(holder,))
        key = SigningKey.generate()
        request = RootRequest(ledger.roster.deployment, ledger.roster.version, Root(number, key.public))
        data = sign_request(request, {0: key})
        paths = [*_write_sheets(ledger, key, number, holder, count, own), stick / request_file(request)]
        medium.write_file(paths[-1], data, mode=0o644)
        paths.append(write_root(own, number, key, words))  # last: where the key is, the rest is
        prompts.say(
            f"Cetak lembar pemulihan di printer tanpa jaringan, lalu hapus berkasnya: lembar itu membuka kunci.\n"
            f"{root_file(number)} tinggal pada pemegangnya; hanya permintaannya yang pergi ke meja.\n"
            "Bacakan delapan kata ini kepada pemegang kunci akar:",
            f"Print the recovery sheets on a printer without a network, then erase the files: a sheet opens the key.\n"
            f"{root_file(number)} stays with its holder; the request alone goes to the desk.\n"
            "Read these eight words out to the root holders:",
        )
        click.echo("\n    " + " ".join(request_words(data)) + "\n", err=True)
        for path in paths:
            click.echo(str(path))


def _install_recovery(main: click.Group) -> None:
    @command(main, "recover-root")
    @home_option
    @to_option
    @click.option("--number", type=click.IntRange(1, MOST_ROOT), required=True)
    @click.option("--sheet", "files", multiple=True, type=FILE, help="A sheet's words in a file; asked for if missing.")
    def recover_root(prompts: Prompts, home: Path, stick: Path, number: int, files: tuple[Path, ...]) -> None:
        """Make a root holder's key file again from the words on paper."""
        keys = {root.id: root.key for root in Ledger.load(home).roster.roots}
        if number not in keys:
            refuse(prompts, f"Ditolak: daftar tidak mengenal pemegang kunci akar {number}.",
                   f"Refused: the roster knows no root holder {number}.")  # fmt: skip
        _refuse_overwriting(prompts, stick, number)
        typed = [medium.read_file(file, 8_192).decode("utf-8", "replace") for file in files] or _ask_sheets(prompts)
        key = check_root(join_seed(typed), keys[number])
        words = prompts.new_passphrase(f"root-{number}")
        click.echo(str(write_root(stick, number, key, words)))


def _refuse_overwriting(prompts: Prompts, folder: Path, number: int) -> None:
    if (folder / root_file(number)).exists():
        refuse(prompts, f"Ditolak: {root_file(number)} sudah ada di sana; pakai stik lain.",
               f"Refused: there is a {root_file(number)} already; take another stick.")  # fmt: skip


def _write_sheets(
    ledger: Ledger, key: SigningKey, number: int, holder: str, count: int, folder: Path
) -> Iterable[Path]:
    needed = count // 2 + 1
    for sheet, line in enumerate(split_seed(key.seed, needed=needed, sheets=count), 1):
        path = folder / f"root-{number}-sheet-{sheet}.pdf"
        pdf = sheets.recovery_sheet(
            deployment=ledger.roster.deployment,
            number=number,
            holder=holder,
            words=line.split(),
            sheet=sheet,
            sheets=count,
            needed=needed,
            fingerprint=ledger.fingerprint,
            date=date_of(today()),
        )
        medium.write_file(path, pdf)
        yield path


def _ask_sheets(prompts: Prompts) -> list[str]:
    """Ask for the words on paper; whatever happens, they do not stay on the screen."""
    try:
        asked = prompts.pick("Berapa lembar yang Anda pegang (angka)", "How many sheets are here (a number)")
        while not (count := str(click.prompt(asked, err=True)).strip()).isdecimal() or int(count) > MOST_SHEETS:
            prompts.clear()  # somebody may have typed the words here
        asked = prompts.pick("Kata-kata lembar", "The words of sheet")
        return [str(click.prompt(f"{asked} {number}", err=True)) for number in range(1, int(count) + 1)]
    finally:
        prompts.clear()
