"""What all commands of `senyap-keys` share: options, and refusals turned into words and exit codes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from crypto.errors import CryptoError, WrongPassphrase
from keys.advice import advice
from keys.errors import KeyAlarm, QuorumNotMet
from keys.prompts import LANGUAGES, Prompts, read_pairs

EXIT_WARNING, EXIT_USAGE, EXIT_REFUSED, EXIT_LOCKED, EXIT_DISK, EXIT_ALARM = 1, 2, 3, 4, 6, 7
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path)
STICK = click.Path(path_type=Path, file_okay=False, exists=True)  # one that is not plugged in is no new folder

home_option = click.option("--home", envvar="SENYAP_HOME", required=True, type=FOLDER, help="The folder to work in.")
to_option = click.option(
    "--to", "stick", required=True, type=STICK, help="The stick, which must be there: what is to be carried away."
)
words_option = click.option(
    "--words", default=None, help="The eight words that the maker reads out; asked for if missing."
)

_yes_option = click.option("--yes", is_flag=True, help="Ask for no confirmation: for scripts.")
_passphrase_option = click.option(
    "--passphrase-file",
    "passphrase_files",
    multiple=True,
    metavar="NAME=FILE",
    help="Read a passphrase from a file; repeatable.",
)


def refuse(prompts: Prompts, indonesian: str, english: str, *, code: int = EXIT_REFUSED) -> NoReturn:
    """End with words in this person's language on stderr and an exit code of docs/interface.md."""
    prompts.say(indonesian, english)
    raise SystemExit(code)


def command(group: click.Group, name: str, *, asks: bool = True) -> Callable[[Callable[..., None]], click.Command]:
    """Add a command whose function gets `prompts` and whose refusals become one line and an exit code.

    `asks`: whether it asks for passphrases or a yes, which options can answer.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @click.option("--language", type=click.Choice(LANGUAGES), default="id", show_default=True)
        @functools.wraps(function)
        def run(language: str, passphrase_files: tuple[str, ...] = (), yes: bool = False, **rest: Any) -> None:
            prompts = Prompts(language, read_pairs(passphrase_files, "--passphrase-file"), yes)
            try:
                function(prompts=prompts, **rest)
            except CryptoError as error:
                _explain(prompts, error)
            except click.Abort:
                refuse(prompts, "dihentikan", "stopped")
            except OSError as error:
                _explain_disk(prompts, error)

        return group.command(name)(_yes_option(_passphrase_option(run)) if asks else run)

    return decorate


def _explain(prompts: Prompts, error: CryptoError) -> NoReturn:
    """Say what to do, then the detail, which is English."""
    code = EXIT_ALARM if isinstance(error, KeyAlarm) else EXIT_REFUSED
    code = EXIT_LOCKED if isinstance(error, WrongPassphrase | QuorumNotMet) else code
    refuse(prompts, f"{advice(error, 'id')}\n{error}", f"{advice(error, 'en')}\n{error}", code=code)


def _explain_disk(prompts: Prompts, error: OSError) -> NoReturn:
    name = Path(error.filename or "").name
    if isinstance(error, FileExistsError):
        refuse(prompts, f"Ditolak, sudah ada: {error.args[-1]}", f"Refused: {error.args[-1]}")
    if isinstance(error, FileNotFoundError):
        refuse(prompts, f"Tidak ditemukan: {name}", f"Not found: {name}", code=EXIT_USAGE)
    if isinstance(error, IsADirectoryError):
        refuse(prompts, "Itu folder, bukan berkas.", "That is a folder, not a file.", code=EXIT_USAGE)
    refuse(prompts, f"Tidak dapat membaca atau menulis ({error.strerror}); perbaiki, lalu ulangi perintah ini.",
           f"Cannot read or write ({error.strerror}); mend that, then run this again.", code=EXIT_DISK)  # fmt: skip
