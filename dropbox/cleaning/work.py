"""What one file may still ask for while it is cleaned: time, and documents inside documents."""

from __future__ import annotations

from time import monotonic

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_DEPTH, MAX_SECONDS


class Work:
    """The allowance of one call of `clean`; documents inside share their parent's time."""

    def __init__(self, until: float | None = None, depth: int = 0) -> None:
        self._until = monotonic() + MAX_SECONDS if until is None else until
        self._depth = depth

    def check(self) -> None:
        """Raise CleaningError when the time is over."""
        if monotonic() > self._until:
            raise CleaningError("it takes too long")

    def inside(self) -> Work:
        """Return the allowance of a document inside this one. Raises CleaningError when it lies too deep."""
        if self._depth >= MAX_DEPTH:
            raise CleaningError("documents lie too deep in each other")
        return Work(self._until, self._depth + 1)
