"""Why a file is passed over. Never seen outside: `clean` turns it into an outcome."""

from __future__ import annotations


class CleaningError(Exception):
    """The file cannot be cleaned safely. The message names a rule, never a part of the file."""
