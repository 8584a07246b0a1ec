"""What the commands of `senyap-dropbox` have in common: --home, one line for each refusal, an exit code."""

from __future__ import annotations

import errno
import os
import pwd
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from crypto import medium
from crypto.encoding import visible
from crypto.errors import CryptoError
from dropbox.errors import Alarm, BadSettings, Broken, DropboxError, Unusable
from dropbox.noted import note_alarm
from keys.errors import KeyAlarm

EXIT_WARNING, EXIT_USAGE, EXIT_REFUSED, EXIT_DISK, EXIT_ALARM = 1, 2, 3, 6, 7
_DISK_ERRORS = medium.FULL | {errno.EIO}
_DISK_ADVICE = (
    "Is the disk or stick full, does it fail, or is PostgreSQL not running? Mend that, then run this once more: "
    "what was stored is kept"
)
FOLDER = click.Path(path_type=Path, file_okay=False)
MEDIUM = click.Path(path_type=Path, file_okay=False, exists=True)  # one that is not plugged in is not invented
FILE = click.Path(path_type=Path)


def _whose(error: PermissionError) -> str:
    """Return which folder this user may not use, and how it becomes this user's; "" where no path is known."""
    if not isinstance(error.filename, str) or not error.filename:
        return ""
    path = Path(error.filename)
    try:
        folder = visible(str(path if path.is_dir() else path.parent))
    except PermissionError:  # it lies in a folder that this user may not look into
        folder = visible(str(path.parent))
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    return (
        f" in {folder}. It must be a folder of the user {user}. A stick or disk with FAT: "
        f"mount -o uid={user},umask=077 DEVICE {folder}. One with ext4, or a folder: chown {user} {folder}"
    )


def end(code: int, words: str) -> NoReturn:
    """End the program with words on stderr."""
    click.echo(words, err=True)
    raise SystemExit(code)


def said(error: Exception) -> str:
    """Return what went wrong, behind the name of the file that an error was noted for."""
    return ": ".join([*map(visible, getattr(error, "__notes__", ())), str(error)])


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Add --home and turn every refusal into one line and an exit code."""
    home = click.option("--home", envvar="SENYAP_HOME", required=True, type=FOLDER, help="Folder of this drop box.")
    return home(in_words(function))


def in_words(function: Callable[..., None]) -> Callable[..., None]:
    """Turn every refusal into one line and an exit code; an alarm is noted in the home, where the command has one."""

    @wraps(function)
    def run(**arguments: Any) -> None:
        try:
            function(**arguments)
        except (Alarm, KeyAlarm) as error:
            if "home" in arguments:
                note_alarm(arguments["home"], said(error))
            end(EXIT_ALARM, f"ALARM: {said(error)}. Nothing was changed. Tell the key holders before going on.")
        except Unusable as error:
            end(EXIT_DISK, str(error))
        except Broken as error:
            end(EXIT_DISK, f"cannot read or write the {error}. {_DISK_ADVICE}")
        except BadSettings as error:
            end(EXIT_USAGE, str(error))
        except (CryptoError, DropboxError) as error:
            end(EXIT_REFUSED, f"refused: {said(error)}")
        except FileNotFoundError as error:
            end(EXIT_USAGE, f"not found: {Path(error.filename or '').name}")
        except PermissionError as error:
            end(EXIT_DISK, f"cannot read or write: {error.strerror}{_whose(error)}")
        except OSError as error:
            advice = f". {_DISK_ADVICE}" if error.errno in _DISK_ERRORS else ""
            end(EXIT_DISK, f"cannot read or write: {error.strerror}{advice}")

    return run
