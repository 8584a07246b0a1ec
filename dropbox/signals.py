"""Signals that end the server, held back where nobody could act on them.

Between the fork and its own handlers a worker has those of its parent, which note a signal in a list that only the
parent reads. A signal that came then was lost, and the worker was killed 20 seconds later, requests and all.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@contextmanager
def held() -> Iterator[None]:
    """Hold the signals back in this thread, and in a process forked meanwhile; what came is delivered at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Deliver the signals that a forked process held back until now, and those to come."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
