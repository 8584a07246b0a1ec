"""The refusals of the station. Messages never hold a word of a report, a key, a passphrase or a path."""

from __future__ import annotations

from typing import ClassVar

from crypto.errors import CryptoError, WrongPassphrase
from keys.errors import KeyAlarm, QuorumNotMet, RolledBack

EXIT_WARNING, EXIT_USAGE, EXIT_REFUSED, EXIT_LOCKED, EXIT_NETWORK, EXIT_DISK, EXIT_ALARM = 1, 2, 3, 4, 5, 6, 7


class StationError(Exception):
    """Root of every refusal made by `station`; `exit_code` is what a command ends with."""

    exit_code: ClassVar[int] = EXIT_REFUSED


class Refused(StationError):
    """Input that this station does not take: another deployment, another station, an unknown case."""


class BadSettings(StationError):
    """station.toml does not say what it may say."""

    exit_code = EXIT_USAGE


class NotAirGapped(StationError):
    """This machine has, or could have, a network. `reasons` say what was found."""

    exit_code = EXIT_NETWORK

    def __init__(self, message: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons


class VaultUnreadable(StationError):
    """The vault is damaged, or was made with another key."""

    exit_code = EXIT_DISK


class DiskFull(StationError):
    """A disk has no room; the message says which, that nothing is lost, and what to do."""

    exit_code = EXIT_DISK


class Alarm(StationError):
    """A fork, a rollback, or a replay with other content: nothing was imported, people must look."""

    exit_code = EXIT_ALARM


class NoSandbox(StationError):
    """Files of strangers cannot be looked at: a program or a right that the sandbox needs is missing."""


class NotShown(StationError):
    """A file is not shown or not cleaned; the message is a word of `station.reasons`. Never leaves previews."""


def exit_code(error: Exception) -> int:
    """Return the exit code of docs/interface.md for an error of ours, of `crypto`, or of the disk."""
    if isinstance(error, StationError):
        return error.exit_code
    if isinstance(error, WrongPassphrase | QuorumNotMet):
        return EXIT_LOCKED
    if isinstance(error, KeyAlarm | RolledBack):
        return EXIT_ALARM
    if isinstance(error, CryptoError):
        return EXIT_REFUSED
    return EXIT_DISK
