"""Removal of what identifies a person or a device from a file: bytes in, bytes out, no I/O.

`clean` and a first look are all that others call. Rules, kind by kind: docs/decisions/0021-what-cleaning-keeps.md.
"""

from __future__ import annotations

from dropbox.cleaning.cleaner import Cleaned, Outcome, clean
from dropbox.cleaning.kinds import HEAD_BYTES, may_be_cleaned

__all__ = ["HEAD_BYTES", "Cleaned", "Outcome", "clean", "may_be_cleaned"]
