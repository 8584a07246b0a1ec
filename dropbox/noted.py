"""Alarms of the courier that nobody has settled yet: `status` tells them again, a scrolled-away line is not enough."""

from __future__ import annotations

import contextlib
from pathlib import Path

from crypto import medium
from crypto.encoding import date_of, today, visible

_NAME = "alarms.txt"  # public: what was wrong with a file on a stick, never what was in it
_CAP = 65_536
_MOST = 50  # lines; the first ones tell how it began


def note_alarm(home: Path, words: str) -> None:
    """Keep an alarm, once, with its day. Where that cannot be written the alarm is said all the same."""
    line = f"{date_of(today()).isoformat()}  {visible(words)}"
    with contextlib.suppress(OSError):
        known = noted_alarms(home)
        if line not in known and len(known) < _MOST:
            medium.write_file(home / _NAME, "".join(f"{each}\n" for each in (*known, line)).encode("utf-8"))


def noted_alarms(home: Path) -> tuple[str, ...]:
    """Return the alarms that were not settled: day and words each; raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        kept = medium.read_file(home / _NAME, _CAP).decode("utf-8", "replace")
        return tuple(line for line in kept.splitlines() if line)
    return ()


def settle_alarms(home: Path) -> tuple[str, ...]:
    """Forget the alarms noted and return them; raises OSError."""
    known = noted_alarms(home)
    (home / _NAME).unlink(missing_ok=True)
    medium.sync_folder(home)
    return known
