"""Open the rows of a bundle on all processors: trying slots is pure computation and holds the interpreter lock."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from types import TracebackType

from crypto import row
from crypto.errors import Malformed, NotForThisKey, Tampered
from crypto.row import Record, Waiting
from crypto.sharing import Share
from crypto.xwing import OpeningKey
from keys.memory import end_with
from station.tables import Outcome

FEW_ROWS = 64  # below this, starting processes costs more than it gains
MOST_PROCESSES = 4
FindKeys = Callable[[int], Mapping[str, OpeningKey]]
Result = Record | Waiting | Outcome  # an outcome is FOREIGN or QUARANTINED


def open_one(raw: bytes, keys: Mapping[str, OpeningKey], known: Sequence[Share] = ()) -> Result:
    """Open one row with the keys of its epoch and shares known of it; not ours or not well formed is an outcome."""
    try:
        return row.open_row(raw, tuple(keys.values()), known)
    except NotForThisKey:
        return Outcome.FOREIGN
    except (Malformed, Tampered):
        return Outcome.QUARANTINED


class Openers:
    """Processes that read rows of one file by their place and open them. Enter it before threads are started."""

    def __init__(self, find_keys: FindKeys, rows: int) -> None:
        self._keys = _Keys(find_keys)
        self._processes = min(MOST_PROCESSES, os.cpu_count() or 1) if rows >= FEW_ROWS else 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Openers:
        if self._processes > 1:
            # forked: the keys are inherited and cross no pipe
            fork = multiprocessing.get_context("fork")
            self._pool = ProcessPoolExecutor(self._processes, fork, _begin, (self._keys, os.getpid()))
            self._pool.submit(os.getpid).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, path: Path, places: Sequence[tuple[int, int]]) -> list[Future[list[Result]]]:
        """Open rows at (offset, epoch); the results of all futures together are in the order given."""
        if self._pool is None:
            done: Future[list[Result]] = Future()
            done.set_result(_open_places(path, places, self._keys))
            return [done]
        share = -(-len(places) // self._processes) or 1
        parts = [places[at : at + share] for at in range(0, len(places), share)]
        return [self._pool.submit(_work, path, part) for part in parts]


class _Keys:
    """Present reviewers' keys, looked up once for each epoch."""

    def __init__(self, find: FindKeys) -> None:
        self._find = find
        self._known: dict[int, Mapping[str, OpeningKey]] = {}

    def __call__(self, epoch: int) -> Mapping[str, OpeningKey]:
        if epoch not in self._known:
            self._known[epoch] = self._find(epoch)
        return self._known[epoch]


_keys_here: _Keys | None = None


def _begin(keys: _Keys, parent: int) -> None:
    global _keys_here
    end_with(parent)  # killed with the station, it would wait for ever, with the keys
    _keys_here = keys


def _work(path: Path, places: Sequence[tuple[int, int]]) -> list[Result]:
    if _keys_here is None:
        raise RuntimeError("the process was started without keys")
    return _open_places(path, places, _keys_here)


def _open_places(path: Path, places: Sequence[tuple[int, int]], keys: _Keys) -> list[Result]:
    results: list[Result] = []
    with path.open("rb") as source:
        for offset, epoch in places:
            source.seek(offset)
            results.append(open_one(source.read(row.ROW_BYTES), keys(epoch)))
    return results
