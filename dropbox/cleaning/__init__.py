"""Removal of what identifies a person or a device from a file: bytes in, bytes out, no I/O.

`clean` is all that others call. Rules, kind by kind: docs/decisions/0021-what-cleaning-keeps.md.
"""

from __future__ import annotations

from dropbox.cleaning.cleaner import Cleaned, Outcome, clean

__all__ = ["Cleaned", "Outcome", "clean"]
