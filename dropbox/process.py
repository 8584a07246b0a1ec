"""How a serving process must run: memory wiped when freed, no core dumps, not readable by others (P2).

The C library reads its settings at start only, so `serve` executes itself once more with them.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

_PR_SET_DUMPABLE = 4

# Freed memory is overwritten at once (perturb), small pieces too (no thread cache, no pymalloc arenas).
# Huge pages make the 64 MiB of Argon2id a quarter cheaper; buffers of rows come from the heap, because
# mapping and unmapping each of them cost a quarter of an upload's processor time (docs/performance.md).
_TUNABLES = {"tcache_count": 0, "perturb": 85, "hugetlb": 1, "mmap_threshold": 2**22, "trim_threshold": 2**22}
WIPING = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{name}={value}" for name, value in _TUNABLES.items()),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def harden() -> None:
    """Switch off core dumps and make the process unreadable to other processes of its user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused")


def is_wiping() -> bool:
    """Tell whether this process was started with the wiping environment."""
    return all(os.environ.get(name) == value for name, value in WIPING.items())


def restart_wiping() -> None:
    """Execute this very command again with the wiping environment; returns at once when it is set already."""
    if not is_wiping():
        arguments = [sys.executable, "-m", "dropbox", *sys.argv[1:]]
        os.execve(sys.executable, arguments, {**os.environ, **WIPING})  # noqa: S606
