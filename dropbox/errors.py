"""The refusals of the drop box. Online every refusal looks alike; no message holds what a person typed."""

from __future__ import annotations

from enum import Enum


class DropboxError(Exception):
    """Root of every refusal made by `dropbox`."""


class BadSettings(DropboxError):
    """The settings file names something unknown or impossible."""


class Busy(DropboxError):
    """Too many are waiting for the same thing; the person may try again in a minute."""


class Why(Enum):
    """What is closed: a reporter is told what can be done about it, and nothing else."""

    NOBODY = "these choices leave nobody who may read"
    LAPSED = "a unit that would read has no keys of this week"
    SHUT = "nothing at all may be sealed now"


class Closed(DropboxError):
    """Nothing may be sealed now: keys have ended, the clock is wrong, or nobody permitted can read."""

    def __init__(self, words: str, why: Why = Why.NOBODY) -> None:
        super().__init__(words)
        self.why = why


class Full(DropboxError):
    """The arena has no room for this."""


class FilesFull(Full):
    """There is no room for more files, though there may be for a letter."""


class Broken(DropboxError):
    """The database cannot write or read now."""


class Unusable(Broken):
    """A database is not as it must be; the words say what to do."""


class BadRequest(DropboxError):
    """The request breaks the HTTP contract in a way no form of ours produces."""


class Refused(DropboxError):
    """A transport or roster is not one this drop box may take."""


class Alarm(Refused):
    """A transport or roster contradicts one already taken: fork, rollback, or replay with other content."""
