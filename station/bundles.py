"""Bundles on the shelf: taken from a stick, judged by their chain, kept byte for byte, passed on.

bundles/<to>/bundle-%08d.senyap     one chain of numbers for each (from, to)
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from crypto import bundle, medium
from crypto.bundle import FIRST_PREVIOUS, Manifest, RecordHash
from crypto.encoding import epoch_of
from crypto.errors import CryptoError, Malformed, Tampered
from crypto.row import ROW_BYTES
from crypto.signing import VerifyingKey
from keys.progress import CountedSource, Watch, counted, unwatched
from station import tables
from station.errors import Alarm, Refused
from station.home import SERVER, Home, check_number

MAX_SEQ = 99_999_999  # what a file name holds
MAX_DAY = 1_000_000
MOST_MISSING = 1_000  # bundles in one gap
_THREADS = 2
_AHEAD = 16  # rows in memory that wait to be hashed


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bundle stands in its chain: taken before, or new, perhaps after a gap."""

    repeat: bool
    missing: int = 0
    late: bool = False  # fills a gap: the bundle after it names its hash


@dataclass(frozen=True, slots=True)
class Copied:
    """A verified copy under a temporary name, and the SHA-512 of each of its rows in order."""

    manifest: Manifest
    path: Path
    digests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The verified head of a bundle, and the drop box's key that signed it."""

    manifest: Manifest
    signer: VerifyingKey


def open_bundle(path: Path) -> AbstractContextManager[BinaryIO]:
    """Open a bundle file, no link and no device; raises Malformed or OSError."""
    return medium.open_file(path, bundle.MAX_BYTES[bundle.BUNDLE], follow=False)


def read_head(source: BinaryIO, home: Home, hints: Sequence[str] = ()) -> Head:
    """Verify a bundle's signature and address before its records are touched.

    The drop box's key is that of the roster version that the manifest names; `hints` say why a newer roster
    was not taken. Raises BadSignature, BrokenChain, Malformed, or Refused for another deployment or station.
    """
    manifest, data, signature = bundle.read_manifest(source, bundle.BUNDLE)
    if manifest.deployment != home.roster.deployment:
        raise Refused("bundel ini milik lembaga lain. Jangan hapus apa pun di stik ini; kembalikan kepada pemiliknya")
    ours, theirs = home.roster.version, manifest.roster_version
    if theirs > ours:
        missing = f"versi {theirs}" if theirs == ours + 1 else f"versi {ours + 1} sampai {theirs}"
        why = "".join(f". {hint}" for hint in hints)
        raise Refused(
            f"bundel ini dibuat dengan roster versi {theirs}, stasiun ini punya versi {ours}; ambil dulu roster "
            f"{missing} (senyap-station roster BERKAS){why}"
        )
    roster = home.ledger.version(theirs)
    roster.server_key.verify(bundle.purpose(bundle.BUNDLE), data, signature)
    if manifest.sender != SERVER or not home.accepts(manifest.to, roster):
        raise Refused("bundel ini untuk stasiun lain; biarkan di stik, stasiun itu yang mengambilnya")
    check_number(manifest.seq, MAX_SEQ, "bundle")
    check_number(manifest.applied.seq, MAX_SEQ // 2, "bundle")  # our next outbox must stay above it
    check_number(manifest.day, MAX_DAY, "bundle")
    check_number(manifest.oldest_waiting_epoch, epoch_of(manifest.day), "bundle")  # nothing waits from weeks to come
    return Head(manifest, roster.server_key)


def find_place(transaction: sa.Connection, manifest: Manifest) -> Place:
    """Judge a bundle by the chain of those taken before; raises Alarm for a fork or a rollback."""
    b = tables.bundles
    chain = {
        found.seq: found
        for found in transaction.execute(sa.select(b).where(b.c.sender == manifest.sender, b.c.to == manifest.to))
    }
    seq, newest = manifest.seq, max(chain, default=0)
    if seq in chain:
        if chain[seq].hash != manifest.hash:
            raise Alarm(f"bundel {seq} sudah pernah diambil, dengan isi yang lain")
        return Place(repeat=True)
    _check_versions(chain, manifest)
    if seq < newest:
        named = seq + 1 in chain and chain[seq + 1].previous == manifest.hash
        if named and (seq - 1 not in chain or chain[seq - 1].hash == manifest.previous):
            return Place(repeat=False, late=True)
        raise Alarm(f"bundel {seq} tidak dikenal di sini, padahal bundel {newest} sudah diambil")
    before = chain[newest].hash if newest else FIRST_PREVIOUS
    if seq == newest + 1 and manifest.previous != before:
        raise Alarm(f"bundel {seq} bukan lanjutan dari yang sudah diambil di sini")
    if seq - newest > MOST_MISSING:
        raise Alarm(f"bundel {seq} datang setelah bundel {newest}; tidak ada kurir yang kehilangan sebanyak itu")
    return Place(repeat=False, missing=seq - newest - 1)


def check_key(head: Head, place: Place, home: Home) -> None:
    """Raise Alarm for a bundle after a gap that a former key of the drop box signed: a stolen one could burn a chain.

    What such a bundle held comes again with the next one.
    """
    if place.missing and head.signer.raw != home.roster.server_key.raw:
        raise Alarm(
            f"ada bundel yang terlewat sebelum bundel {head.manifest.seq}, dan yang ini ditandatangani kunci lama "
            "kotak; bawa bundel yang paling baru"
        )


def has_gap(transaction: sa.Connection, home: Home) -> bool:
    """Tell whether a bundle is missing between those that were taken of a chain that is passed on.

    What a lost bundle of our own chain held was never acknowledged and comes again with the next one.
    """
    b = tables.bundles
    span = sa.func.max(b.c.seq) - sa.func.min(b.c.seq) + 1
    chains = sa.select(b.c.to).where(b.c.to != home.id).group_by(b.c.sender, b.c.to)
    query = chains.having(sa.func.count() < span)
    return transaction.execute(query).first() is not None


def _check_versions(chain: Mapping[int, sa.Row[Any]], manifest: Manifest) -> None:
    """Refuse a bundle whose roster version goes down against its neighbours: an old key of the drop box made it."""
    seq, version = manifest.seq, manifest.roster_version
    below = max((s for s in chain if s < seq), default=0)
    above = min((s for s in chain if s > seq), default=0)
    if below and chain[below].roster_version > version:
        raise Alarm(f"bundel {seq} menyebut roster versi {version}, padahal bundel {below} sebelumnya lebih baru")
    if above and chain[above].roster_version < version:
        raise Alarm(f"bundel {seq} menyebut roster versi {version}, padahal bundel {above} sesudahnya lebih lama")


class _Copying:
    """A source that writes down what is read from it: a bundle of 2 GiB is read once and never held whole."""

    def __init__(self, source: bundle.Source, out: BinaryIO) -> None:
        self._source, self._out = source, out

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._out.write(data)
        return data


def _sha512(record: bytes) -> bytes:
    return hashlib.sha512(record).digest()


def _verify(source: bundle.Source, signer: VerifyingKey, pool: ThreadPoolExecutor) -> tuple[Manifest, list[bytes]]:
    """Make the checks of `crypto.bundle.verify_transport` and return the hashes of the records, too.

    They are needed to know rows again; hashing once and in threads halves the time before the first row.
    """
    manifest, data, signature = bundle.read_manifest(source, bundle.BUNDLE)
    signer.verify(bundle.purpose(bundle.BUNDLE), data, signature)
    running: deque[Future[bytes]] = deque()
    digests, total = [], RecordHash()
    for _, record in bundle.iter_records(source, manifest):
        running.append(pool.submit(_sha512, record))
        if len(running) > _AHEAD:
            digests.append(running.popleft().result())
    digests += [future.result() for future in running]
    if source.read(1):
        raise Malformed("bundle: longer than its manifest says")
    for digest in digests:
        total.add_digest(digest)
    if total.digest() != manifest.records:
        raise Tampered("bundle: records do not match the signed manifest")
    return manifest, digests


@contextmanager
def shelve(source: bundle.Source, head: Head, home: Home, watch: Watch = unwatched) -> Iterator[Copied]:
    """Copy and verify a bundle; it gets its name, synced, when the block ends without an error.

    The rows of the copy may be used inside the block; nothing of them may be committed before it ended.
    Raises BadSignature, Malformed, Tampered, Refused or OSError; then no file is left behind.
    """
    folder = home.bundles / head.manifest.to
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = bundle.bundle_name(head.manifest.seq)
    temporary = folder / f".{name}.{os.getpid()}.part"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as out, ThreadPoolExecutor(_THREADS) as pool:
            with watch(f"menyalin {name}", head.manifest.body_bytes) as advance:
                manifest, digests = _verify(_Copying(CountedSource(source, advance), out), head.signer, pool)
            out.flush()
            if manifest.hash != head.manifest.hash:
                raise Refused("bundel itu berubah selagi dibaca; jangan sentuh stiknya, lalu ulangi")
            syncing = pool.submit(os.fsync, fd)  # the disk works while the rows are opened
            yield Copied(manifest, temporary, tuple(digests[: dict(manifest.sections)["row"]]))
            syncing.result()
        temporary.rename(folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    medium.sync_folder(folder)


def is_shelved(home: Home, to: str, seq: int, manifest_hash: bytes) -> bool:
    """Tell whether a bundle that was taken lies on the shelf in full length; its records are not read."""
    try:
        with open_bundle(home.bundles / to / bundle.bundle_name(seq)) as source:
            manifest, _body, _signature = bundle.read_manifest(source, bundle.BUNDLE)
            whole = source.tell() + manifest.body_bytes
            return manifest.hash == manifest_hash and source.seek(0, os.SEEK_END) == whole
    except (OSError, CryptoError):
        return False


def is_sound(path: Path, manifest_hash: bytes) -> bool:
    """Tell whether a file is the bundle of this manifest, to its last byte; raises OSError.

    Who signed it was asked when it was taken: the hash in the vault says the rest.
    """
    try:
        with open_bundle(path) as source:
            manifest, _body, _signature = bundle.read_manifest(source, bundle.BUNDLE)
            total = RecordHash()
            for _, record in bundle.iter_records(source, manifest):
                total.add(record)
            return manifest.hash == manifest_hash and total.digest() == manifest.records and not source.read(1)
    except CryptoError:
        return False


def first_row(path: Path) -> int:
    """Return the offset of the first row of a verified copy; raises Malformed."""
    with path.open("rb") as source:
        bundle.read_manifest(source, bundle.BUNDLE)
        return source.tell()


def relay(home: Home, folder: Path, *, watch: Watch = unwatched) -> tuple[Path, ...]:
    """Copy the bundles of this collector, byte for byte and under the same names, for other stations.

    Raises Refused when this station is no collector or holds none, and what `verify_transport` raises.
    """
    home.must_serve()
    if not home.station.collector:
        raise Refused("stasiun ini bukan stasiun pengumpul: tidak ada bundel untuk stasiun lain")
    names = sorted((home.bundles / home.id).glob("bundle-*.senyap"))
    if not names:
        raise Refused("belum ada bundel yang diambil: jalankan kurir dulu")
    made = []
    for stored in names:
        size = stored.stat().st_size
        medium.check_room(folder, size)
        with open_bundle(stored) as source, watch(f"menulis {stored.name}", size) as advance:
            medium.write_file(folder / stored.name, counted(iter(lambda: source.read(ROW_BYTES), b""), advance))
        with medium.open_written(folder / stored.name) as copy, watch(f"membaca ulang {stored.name}", size) as advance:
            signer = read_head(copy, home).signer
            copy.seek(0)
            bundle.verify_transport(CountedSource(copy, advance), bundle.BUNDLE, signer)
        made.append(folder / stored.name)
    return tuple(made)
