"""What all commands of `senyap-station` share: their options, the air gap, and refusals as words and exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlcipher3 import dbapi2

from crypto import medium
from crypto.encoding import is_id
from crypto.errors import CryptoError
from keys.memory import forbid_core_dumps
from keys.prompts import Prompts
from station import airgap
from station.desk import Desk, open_desk
from station.errors import EXIT_USAGE, NotAirGapped, StationError, exit_code
from station.home import Home
from station.refusals import sentence
from station.terminal import say, warn
from station.usage import Group, Misused

FOLDER = click.Path(path_type=Path, file_okay=False)
MEDIUM = click.Path(path_type=Path, file_okay=False, exists=True)  # one that is not plugged in is not invented
FILE = click.Path(path_type=Path)


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

    def folder(self) -> Path:
        """Return the station's folder, given or from the environment; raises Misused."""
        found = self.home or os.environ.get("SENYAP_HOME")
        if not found:
            raise Misused("--home FOLDER belum disebut (atau SENYAP_HOME)")
        return Path(found)


class Door:
    """Opens the desk with the passphrases of this run; they are read from files, or asked for once."""

    def __init__(self, home: Home, files: tuple[str, ...]) -> None:
        self.home, self._files = home, files
        self._given: dict[str, str] = {}

    @contextmanager
    def open(self, home: Home | None = None, *, leavers: bool = False) -> Iterator[Desk]:
        """Open the desk of this home, or of a copy of it; raises what `open_desk` raises."""
        with open_desk(home or self.home, self.passphrases(), leavers=leavers) as desk:
            if home is None and self.home.shares_fit() and not desk.shares_fit():
                warn_of_rekey()
            yield desk

    def passphrases(self, most: int = 0) -> Mapping[str, str]:
        """Return the passphrases by reviewer.

        Asked at the terminal, they are as many as the unit's quorum, or `most`; an empty name ends it sooner.
        """
        if not self._given:
            self._given = self._read() if self._files else self._ask(most or self.home.group.k)
        return self._given

    def _read(self) -> dict[str, str]:
        given: dict[str, str] = {}
        for item in self._files:
            reviewer, mark, name = item.partition("=")
            if not mark or not reviewer or not name or reviewer in given:
                raise Misused("--passphrase-file harus PENELAAH=BERKAS, tiap penelaah sekali")
            try:
                given[reviewer] = medium.read_file(Path(name), 4096).decode("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise Misused("sebuah berkas frasa sandi tidak dapat dibaca") from None
        return given

    def _ask(self, most: int) -> dict[str, str]:
        given: dict[str, str] = {}
        here = sorted(path.name for path in self.home.keyring.iterdir() if is_id(path.name))
        say(f"Penelaah di stasiun ini: {', '.join(here)}. Enter tanpa nama bila semua sudah hadir.")
        until = f"(paling banyak {most})" if most > self.home.group.k else f"dari {most}"
        while len(given) < most:
            asked = f"Penelaah ke-{len(given) + 1} {until}"
            reviewer = click.prompt(asked, default="", show_default=False, err=True).strip()
            if not reviewer:
                break
            if reviewer not in here or reviewer in given:  # what was typed may be a passphrase: it is not repeated
                Prompts.clear()
                say(f"Nama itu tidak ada di sini, atau sudah hadir. Ketik salah satu: {', '.join(here)}.")
                continue
            given[reviewer] = click.prompt(f"Frasa sandi {reviewer}", hide_input=True, err=True)
        return given


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --home, --passphrase-file and --allow-network to a command."""
    for option in (
        click.option("--allow-network", is_flag=True, help="Hanya demo dan latihan: boleh ada jaringan."),
        click.option("--passphrase-file", "passphrase_files", multiple=True, metavar="REVIEWER=FILE",
                     help="Frasa sandi seorang penelaah dari berkas; boleh diulang."),
        click.option("--home", type=FOLDER, help="Folder stasiun (atau SENYAP_HOME)."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group(cls=Group, options_metavar="[PILIHAN]", subcommand_metavar="PERINTAH ...")
@_with_options
@click.pass_context
def main(context: click.Context, home: Path | None, passphrase_files: tuple[str, ...], allow_network: bool) -> None:
    """Kerjakan laporan di stasiun Kotak Senyap, mesin yang tidak pernah terhubung ke jaringan."""
    forbid_core_dumps()
    context.obj = Given(home, passphrase_files, allow_network)


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of `main` whose function gets the verified home and a door to its desk."""

    def decorate(function: Callable[..., None]) -> click.Command:
        def run(given: Given, rest: Mapping[str, Any]) -> None:
            home = Home.load(given.folder())
            check_air_gap(home.is_demo, given.allow_network)
            if home.is_training:
                warn("latihan: semua perkara karangan")
            if home.has_ended():
                warn("roster sudah berakhir; laporan tetap terbaca, jawaban menunggu roster baru")
            if not home.shares_fit() and not home.taken_out and name != "rekey":
                warn_of_rekey()
            function(home, Door(home, given.passphrase_files), **rest)

        return bare_command(name, function, run)

    return decorate


def bare_command(
    name: str, function: Callable[..., None], run: Callable[[Given, Mapping[str, Any]], None]
) -> click.Command:
    """Make a command of `main` with help and arguments of `function`; `run` does it, without a home that is ready."""

    def guarded(
        given: Given, /, home: Path | None, passphrase_files: tuple[str, ...], allow_network: bool, **rest: Any
    ) -> None:
        with refusing():
            run(given.join(Given(home, passphrase_files, allow_network)), rest)

    functools.update_wrapper(guarded, function)  # click reads help and arguments from there
    return main.command(name, options_metavar="[PILIHAN]")(_with_options(click.pass_obj(guarded)))


@contextmanager
def refusing() -> Iterator[None]:
    """Turn every refusal into words on stderr and an exit code."""
    try:
        yield
    except FileNotFoundError as error:
        say(f"tidak ada: {Path(error.filename or '').name}")
        sys.exit(EXIT_USAGE)
    except (StationError, CryptoError, OSError, sa.exc.SQLAlchemyError, dbapi2.Error) as error:
        say(sentence(error))
        sys.exit(exit_code(error))


def check_air_gap(is_demo: bool, allowed: bool) -> None:
    """Refuse to work on a machine with a network, which a demo may allow; raises NotAirGapped."""
    if allowed:
        if not is_demo:
            raise NotAirGapped("--allow-network hanya untuk demo dan latihan; lepas pilihan itu")
        warn("stasiun demo; mesin ini boleh terhubung ke jaringan (--allow-network)")
        return
    reasons = airgap.check()
    if reasons:
        raise NotAirGapped(
            "mesin ini terhubung ke jaringan: " + "; ".join(reasons) + ". Stasiun bekerja hanya tanpa jaringan: cabut "
            "kabel, lepas kartu wifi dan bluetooth, lalu ulangi.",
            reasons,
        )


def warn_of_rekey() -> None:
    """Say that the vault is not shared out as the roster says."""
    warn("pembagian kunci brankas tidak sesuai roster; jalankan senyap-station rekey")


def print_json(value: Any) -> None:
    """Print one line of ASCII: nothing in it can steer a terminal."""
    click.echo(json.dumps(value))
