"""What all commands of `senyap-keys` share: options, and refusals turned into words and exit codes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from crypto.errors import CryptoError, WrongPassphrase
from keys.errors import KeyAlarm, QuorumNotMet
from keys.plain import plain
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


def stop(code: int, words: str) -> NoReturn:
    """End with words on stderr and an exit code of docs/interface.md."""
    click.echo(plain(words), err=True)
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
            except KeyAlarm as error:
                stop(EXIT_ALARM, f"ALARM: {error}. Nothing was changed. Tell the root holders before going on.")
            except (WrongPassphrase, QuorumNotMet) as error:
                stop(EXIT_LOCKED, str(error))
            except CryptoError as error:
                stop(EXIT_REFUSED, f"refused: {error}")
            except click.Abort:
                stop(EXIT_REFUSED, prompts.pick("dihentikan", "stopped"))
            except FileExistsError as error:
                stop(EXIT_REFUSED, f"refused: {error.args[-1]}")
            except FileNotFoundError as error:
                stop(EXIT_USAGE, f"not found: {Path(error.filename or '').name}")
            except IsADirectoryError:
                stop(EXIT_USAGE, "a folder was given where a file is wanted")
            except OSError as error:
                stop(EXIT_DISK, f"cannot read or write: {error.strerror}; mend that and run this command again")

        return group.command(name)(_yes_option(_passphrase_option(run)) if asks else run)

    return decorate
