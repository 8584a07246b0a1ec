"""The commands of who signs releases: `release-key` makes a key, `sign-release` signs a folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from crypto import medium, passphrase
from crypto.encoding import is_id, today
from crypto.errors import WrongPassphrase
from crypto.signing import SigningKey
from keys.cli import FILE, FOLDER, STICK, command, home_option, refuse, to_option
from keys.ledger import Ledger
from keys.prompts import Prompts
from keys.release import SIGNATURE, Release, check_files, list_hash, sign_release
from keys.request import ReleaseRequest, request_file, request_words, sign_request
from keys.roster import ReleaseKey
from keys.words import ten_groups

_CAP = 4_096


def install(main: click.Group) -> None:
    """Add the commands of this module."""
    _install_key(main)
    _install_sign(main)


def locked_file(name: str) -> str:
    """Return the file name of a release key: its signing seed under a passphrase."""
    return f"release-{name}.locked"


def open_key(path: Path, name: str, words: str) -> SigningKey:
    """Unlock a release key; raises WrongPassphrase (also for another key's file), Malformed or OSError."""
    locked = medium.read_file(path, _CAP)
    try:
        return SigningKey.from_seed(passphrase.unlock(words, locked, _purpose(name)))
    except WrongPassphrase:
        raise WrongPassphrase(f"the passphrase does not open the release key {name}") from None


def _purpose(name: str) -> str:
    return f"senyap/v1/release-key/{name}"


def _install_key(main: click.Group) -> None:
    @command(main, "release-key")
    @home_option
    @to_option
    @click.option("--name", required=True, help="The key's name in the roster: one never given.")
    @click.option("--own", type=STICK, default=None, help="The own stick of who signs; else that of --to.")
    def release_key(prompts: Prompts, home: Path, stick: Path, name: str, own: Path | None) -> None:
        """Make a key that signs releases, and the request to be admitted."""
        ledger = Ledger.load(home)
        if not is_id(name):
            raise click.UsageError("--name wants lower-case letters, digits and hyphens, at most 24")
        if any(name == each.name for roster in ledger.history() for each in roster.releases):
            refuse(prompts, f"Ditolak: nama {name} pernah dipakai; pilih yang lain.",
                   f"Refused: the name {name} was given before; take another.")  # fmt: skip
        path = (own or stick) / locked_file(name)
        if path.exists():
            refuse(prompts, f"Ditolak: {path.name} sudah ada di sana; pakai stik lain.",
                   f"Refused: there is a {path.name} already; take another stick.")  # fmt: skip
        words = prompts.new_passphrase(f"release-{name}")
        key = SigningKey.generate()
        request = ReleaseRequest(ledger.roster.deployment, ledger.roster.version, ReleaseKey(name, key.public))
        data = sign_request(request, {0: key})
        asked = stick / request_file(request)
        medium.write_file(asked, data, mode=0o644)
        medium.write_file(path, passphrase.lock(words, key.seed, _purpose(name)))
        prompts.say(
            f"{path.name} tinggal pada pemegangnya; hanya permintaannya yang pergi ke meja.\n"
            "Bacakan delapan kata ini kepada pemegang kunci akar:",
            f"{path.name} stays with its holder; the request alone goes to the desk.\n"
            "Read these eight words out to the root holders:",
        )
        click.echo("\n    " + " ".join(request_words(data)) + "\n", err=True)
        click.echo(f"{asked}\n{path}")


def _install_sign(main: click.Group) -> None:
    @command(main, "sign-release")
    @home_option
    @click.option("--key", "key_file", type=FILE, required=True, help="The locked release key.")
    @click.option("--name", required=True, help="Its name in the roster.")
    @click.argument("folder", type=FOLDER)
    def sign(prompts: Prompts, home: Path, key_file: Path, name: str, folder: Path) -> None:
        """Sign a FOLDER of deploy/build-release, after every file in it was compared with its list."""
        roster = Ledger.load(home).roster
        named = {each.name: each.key for each in roster.releases}
        if name not in named:
            refuse(prompts, f"Ditolak: daftar versi {roster.version} tidak menyebut kunci rilis {name}.",
                   f"Refused: roster version {roster.version} names no release key {name}.")  # fmt: skip
        version, sums = check_files(folder)
        key_file.stat()  # a stick that is not there is said before anybody types
        groups = ten_groups(sums)
        prompts.say(
            f"Versi {version}. Sepuluh kelompok dari daftarnya, juga tampil di mesin pembuatnya:\n\n    {groups}\n",
            f"Version {version}. Ten groups of its list, which the machine that built it shows, too:\n\n    {groups}\n",
        )
        prompts.agree("Sama, dan dua orang membuatnya dari klon yang berbeda. Tandatangani",
                      "The same, and two people built it from clones of their own. Sign")  # fmt: skip
        key = prompts.unlocked(f"release-{name}", partial(open_key, key_file, name))
        if key.public.raw != named[name].raw:
            refuse(
                prompts, f"Ditolak: kunci ini bukan {name} di daftar.", f"Refused: this is not {name} of the roster."
            )
        if list_hash(folder) != sums:
            refuse(prompts, "Ditolak: folder itu berubah sementara ini.", "Refused: the folder changed meanwhile.")
        made = Release(roster.deployment, name, version, today(), sums)
        medium.write_file(folder / SIGNATURE, sign_release(made, key), mode=0o644)
        click.echo(str(folder / SIGNATURE))
