"""Progress of what may take long: a bar with rate and time left, on a terminal, once two seconds have passed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tqdm import tqdm

from crypto.bundle import Source

SECONDS = 2.0
Advance = Callable[[int], object]  # so many bytes more are done
Watch = Callable[[str, int], AbstractContextManager[Advance]]  # what is done, and how many bytes it is in all

tqdm.monitor_interval = 0  # else a thread that goes on after the bar: programs of ours fork


@contextmanager
def bar(what: str, total: int) -> Iterator[Advance]:
    """Draw a bar on stderr while the block runs; nothing where stderr is no terminal, or before two seconds."""
    size = shutil.get_terminal_size()  # a console that does not tell its size has one all the same
    with tqdm(
        total=total, desc=what, unit="B", unit_scale=True, delay=SECONDS, leave=False, disable=None, ascii=True,
        ncols=size.columns, nrows=size.lines, file=sys.stderr,
    ) as drawn:  # fmt: skip
        yield drawn.update


@contextmanager
def unwatched(_what: str, _total: int) -> Iterator[Advance]:
    """Watch nothing: for programs and tests."""
    yield lambda _bytes: None


def counted(pieces: Iterable[bytes], advance: Advance) -> Iterator[bytes]:
    """Pass pieces on, each of them counted once whoever takes them has come back for the next."""
    for piece in pieces:
        yield piece
        advance(len(piece))


@dataclass(frozen=True, slots=True)
class CountedSource:
    """A file whose bytes are counted as they are read."""

    source: Source
    advance: Advance

    def read(self, size: int) -> bytes:
        """Read at most so many bytes."""
        data = self.source.read(size)
        self.advance(len(data))
        return data
