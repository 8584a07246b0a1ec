"""The keys that seal form fields: two at a time, others every 4 hours (formats §5).

One front end draws its own, in memory that its workers share. Several behind one name derive theirs from one secret
that the operator put into the memory of each: so they agree without a word to each other.
"""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto import medium
from crypto.encoding import label
from crypto.errors import Malformed
from dropbox.errors import BadSettings
from dropbox.lanes import Lanes
from dropbox.memory import is_memory

PERIOD_SECONDS: Final = 4 * 3600
LEAST_BYTES, MOST_BYTES = 32, 4096  # of the operator's file
_ADVICE = "it must lie in memory (tmpfs), be this user's alone (0600) and hold 32 random bytes or more"


class FieldKeys(Protocol):
    """Where the keys of a moment come from."""

    def at(self, moment: float) -> Sequence[bytes]:
        """Return the key of this period, with which fields are sealed, then the others that open."""


class OwnKeys:
    """Random keys in memory shared with every process forked later, backed by no file."""

    def __init__(self, lane: Lanes) -> None:
        self._memory = mmap.mmap(-1, 4096)
        self._lane = lane
        self._memory[:72] = struct.pack(">Q", 0) + os.urandom(64)

    def at(self, moment: float) -> Sequence[bytes]:
        """Return (current, last); the first to notice a new period replaces them for every process."""
        period = int(moment) // PERIOD_SECONDS
        if int.from_bytes(self._memory[:8], "big") < period:
            with self._lane.enter():
                kept = int.from_bytes(self._memory[:8], "big")
                if kept < period:  # never backwards: that would end every session
                    last = self._memory[8:40] if kept == period - 1 else os.urandom(32)
                    self._memory[:72] = struct.pack(">Q", period) + os.urandom(32) + last
        return self._memory[8:40], self._memory[40:72]


class SharedKeys:
    """Keys of one secret, the same at every front end that has it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def read(cls, path: Path) -> SharedKeys:
        """Read the operator's file; raises BadSettings when a disk holds it, others may read it, or it is short."""
        try:
            found = path.lstat()
            alone = found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077
            secret = medium.read_file(path, MOST_BYTES, follow=False) if alone and is_memory(path.parent) else b""
        except (OSError, Malformed):
            secret = b""
        if len(secret) < LEAST_BYTES:
            raise BadSettings(f"settings.toml: session_key names no usable file; {_ADVICE}")
        return cls(secret)

    def at(self, moment: float) -> Sequence[bytes]:
        """Return (current, last, next): the clock of another front end may be some seconds ahead."""
        period = int(moment) // PERIOD_SECONDS
        return tuple(self._key(number) for number in (period, period - 1, period + 1))

    def _key(self, period: int) -> bytes:
        info = label("senyap/v1/field-key") + struct.pack(">Q", period)
        return HKDF(hashes.SHA512(), 32, None, info).derive(self._secret)
