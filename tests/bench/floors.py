"""What the parts cost alone, measured in the same run: no design built of them can be faster.

Run in a process of its own, with the memory settings of the shipped server. Prints JSON.
"""

from __future__ import annotations

import hashlib
import io
import json
import mmap
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from load import BOUNDARY, FIELDS, text_part
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from crypto.encoding import epoch_of, today
from crypto.errors import NotForThisKey
from crypto.receipt import derive
from crypto.row import BODY_BYTES, MAX_DATA_BYTES, ROW_BYTES, SLOT_BYTES, SLOTS, Decoys, Kind, Record, seal_row
from crypto.xwing import OpeningKey
from dropbox.arena import Arena
from dropbox.directory import Directory
from dropbox.intake import read_form
from dropbox.lanes import Lanes
from dropbox.sealing import BATCH_ROWS
from dropbox.store import Store
from dropbox.tally import TALLY_BYTES, Tally

MEGA = 1_000_000
CORES = 2


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def stretch_rate(count: int) -> float:
    """Key stretchings a second, on as many threads as there are cores."""

    def stretch() -> None:
        for _ in range(count):
            derive(os.urandom(10), "bench")

    def both() -> None:
        threads = [threading.Thread(target=stretch) for _ in range(CORES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    derive(bytes(10), "bench")
    return CORES * count / timed(both)


def stretch_seconds(count: int) -> float:
    """One key stretching while nothing else goes on."""
    return timed(lambda: [derive(os.urandom(10), "bench") for _ in range(count)]) / count


def seal_seconds(home: Path, count: int) -> float:
    """Sealing one row to the province's readers, in one thread."""
    directory, day, decoys = Directory.load(home), today(), Decoys()
    readers = directory.readers(["sumsel"], day)
    record = Record(Kind.ATTACHMENT, bytes(16), 0, 0, os.urandom(MAX_DATA_BYTES))
    return timed(lambda: [seal_row(readers, epoch_of(day), record, decoys) for _ in range(count)]) / count


def database_rate(batches: int) -> float:
    """MB of rows a second that SQLite takes in batches like those of an upload, each synced."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/bench.db", Lanes(Path(folder), "write", 1, 1))
        arena = Arena(store, Tally(mmap.mmap(-1, TALLY_BYTES), Lanes(Path(folder), "tally", 1, 1)))
        row = os.urandom(ROW_BYTES)
        arena.set_up(3 * batches * BATCH_ROWS, lambda: row)
        new = [os.urandom(ROW_BYTES) for _ in range(BATCH_ROWS)]
        seconds = timed(lambda: [arena.put(new) for _ in range(batches)])
        store.engine.dispose()
    return batches * BATCH_ROWS * ROW_BYTES / MEGA / seconds


def cipher_rate(total: int) -> float:
    """MB a second through SHA-256 and XChaCha20-Poly1305, one after the other."""
    piece, digest = os.urandom(BODY_BYTES - 16), hashlib.sha256()
    count = max(1, total // len(piece))

    def work() -> None:
        for _ in range(count):
            digest.update(piece)
            crypto_aead_xchacha20poly1305_ietf_encrypt(piece, b"", bytes(24), bytes(32))

    return count * len(piece) / MEGA / timed(work)


def parse_rate(total: int) -> float:
    """MB a second through the form parser alone; the files are dropped."""
    head = b'--%s\r\nContent-Disposition: form-data; name="lampiran"; filename="a"\r\n\r\n' % BOUNDARY
    body = (
        b"".join(text_part(k, v) for k, v in FIELDS.items()) + head + os.urandom(total) + b"\r\n--%s--\r\n" % BOUNDARY
    )
    return total / MEGA / timed(lambda: read_form(io.BytesIO(body), BOUNDARY, lambda _typed: None))


def opening_seconds(count: int) -> float:
    """One trial of one slot with one key that does not fit: what an import does 8 times a row and reviewer."""
    key, sealed = OpeningKey.generate(), OpeningKey.generate().public.seal(b"", bytes(SLOT_BYTES - 1136))

    def work() -> None:
        for _ in range(count):
            try:
                key.open(b"", sealed)
            except NotForThisKey:
                continue

    return timed(work) / count


def main(home: Path, quick: bool) -> None:
    size = 10 * MEGA if quick else 100 * MEGA
    values = {
        "stretch_rate": stretch_rate(2 if quick else 12),
        "stretch_seconds": stretch_seconds(3 if quick else 15),
        "seal_seconds": seal_seconds(home, 20 if quick else 300),
        "database_rate": database_rate(2 if quick else 16),
        "cipher_rate": cipher_rate(size),
        "parse_rate": parse_rate(min(size, 25 * MEGA)),
        "opening_seconds": opening_seconds(200 if quick else 4000),
        "slots": SLOTS,
    }
    print(json.dumps(values))


if __name__ == "__main__":
    main(Path(sys.argv[1]), quick=sys.argv[2:] == ["--quick"])
