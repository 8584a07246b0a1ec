"""The refusals of the drop box. Online every refusal looks alike; no message holds what a person typed."""


class DropboxError(Exception):
    """Root of every refusal made by `dropbox`."""


class BadSettings(DropboxError):
    """The settings file names something unknown or impossible."""


class Busy(DropboxError):
    """Too many are waiting for the same thing; the person may try again in a minute."""


class Closed(DropboxError):
    """Nothing may be sealed now: keys have ended, or nobody permitted can read."""


class Full(DropboxError):
    """The arena has no room for this."""


class Broken(DropboxError):
    """The database cannot write or read now."""


class BadRequest(DropboxError):
    """The request breaks the HTTP contract in a way no form of ours produces."""


class Refused(DropboxError):
    """A transport or roster is not one this drop box may take."""


class Alarm(Refused):
    """A transport contradicts one already taken: fork, rollback, or replay with other content."""
