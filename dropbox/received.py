"""What arrived of one form."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from crypto.attachment import Attachment
from dropbox.cleanroom import Cleanroom
from dropbox.form import Problem
from dropbox.sealing import RowWriter


@dataclass(slots=True)
class Received:
    """One form as it arrived. Without a cleanroom no file is cleaned, and each counts as one that cannot be."""

    cleanroom: Cleanroom | None = field(default=None, repr=False)
    typed: dict[str, list[str]] = field(default_factory=dict, repr=False)
    kept: tuple[Attachment, ...] = field(default=(), repr=False)  # of earlier tries, known before the first file
    files: list[Attachment] = field(default_factory=list, repr=False)
    problems: list[Problem] = field(default_factory=list, repr=False)
    writer: RowWriter | None = field(default=None, repr=False)
    dropped: bool = False  # a file was not kept and must be chosen again
    full: bool = False  # a file found no room
    closed: bool = False  # nothing can be sent now, whatever its sender does
    place: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)  # among those who upload
