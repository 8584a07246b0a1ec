"""Bundles out, outboxes in: the drop box's side of the courier (formats §7)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select, update

from crypto import bundle, medium, statistics
from crypto.bundle import Manifest, RecordHash, join_file_records
from crypto.encoding import epoch_of, today
from crypto.errors import CryptoError, Malformed
from crypto.letter import MAILBOX_BYTES
from crypto.row import ROW_BYTES, row_epoch
from dropbox.admission import admit_some
from dropbox.arena import free_slots, overwrite, place, set_waiting
from dropbox.chain import advance, last_of
from dropbox.clock import Sealing
from dropbox.directory import Directory
from dropbox.errors import Alarm, Closed, Full, Refused
from dropbox.mailboxes import replace_rows
from dropbox.marks import NAMED, VERSION, raise_day, read_mark, set_mark
from dropbox.noted import note_alarm
from dropbox.restored import check_may_send, follow_station
from dropbox.services import Services
from dropbox.statistics import take_statistics
from dropbox.store import bundles, chains, exports, rows, slots
from keys.errors import WrongClock
from keys.ledger import CLOCK_SLACK_DAYS
from keys.progress import Advance, CountedSource, Watch, counted, unwatched

FREED_AT_ONCE = 64  # rows


@dataclass(frozen=True, slots=True)
class Received:
    """What an outbox changed; `acknowledged`: the newest bundle that it acknowledges."""

    station: str
    seq: int
    mailboxes: int
    freed: int
    acknowledged: int
    repeated: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outbox:
    """A verified outbox, in memory: it is small, and a medium may answer a second reading differently."""

    manifest: Manifest
    told: list[bytes] = field(repr=False)
    forwarded: list[bytes] = field(repr=False)
    news: list[tuple[bytes, bytes]] = field(repr=False)


def write_bundle(
    services: Services,
    station: str,
    folder: Path,
    *,
    day: int | None = None,
    keep: bool = False,
    watch: Watch = unwatched,
) -> Path:
    """Write bundle-NNNNNNNN.senyap for a station into a folder: every waiting row it has not acknowledged.

    Rosters that the station may lack and all batches in force go along. The export is recorded before the stick
    is written, and only when the stick has room; the arena does not change. The file is read back and verified.
    With `keep`, the last bundle is left where it lies there, whole, and holds the same. Raises KeyError for an
    unknown station, Refused after a restore or without a key, OSError, Tampered when the medium lies.
    """
    day = today() if day is None else day
    with services.courier_lane.enter():
        directory = services.current.look()
        directory.roster.station(station)
        if not directory.can_sign:
            raise Refused(
                "bundle: the transport key is lost, the next one is not in force yet; "
                "have the root holders sign request-server.senyap (senyap-dropbox new-key) and take their roster"
            )
        last = _newest_in(services, station, folder) if keep else None
        with services.store.reading() as connection:
            check_may_send(connection, station)
            named = read_mark(connection, NAMED, station) or 0
        files = list(itertools.chain.from_iterable(map(bundle.build_file_records, _files(directory, named, day))))
        manifest, wanted = _export(services, directory, station, day, files, folder, last, watch)
        path = folder / bundle.bundle_name(manifest.seq)
        if manifest == last:
            with contextlib.suppress(CryptoError):  # damaged since: the same is written once more
                return _read_back(path, directory, watch)
        head = bundle.build_head(manifest, directory.server_key)
        stored = (row for _slot, row in services.arena.waiting_rows(wanted))
        with watch(f"writing {path.name}", manifest.body_bytes) as count:
            medium.write_file(path, counted(itertools.chain([head], stored, files), count), mode=0o644)
        return _read_back(path, directory, watch)


def _read_back(path: Path, directory: Directory, watch: Watch) -> Path:
    with medium.open_written(path) as source, watch(f"reading back {path.name}", path.stat().st_size) as count:
        bundle.verify_transport(CountedSource(source, count), bundle.BUNDLE, directory.roster.server_key)
    return path


def _newest_in(services: Services, station: str, folder: Path) -> Manifest | None:
    """Return the manifest of the last bundle when it lies in a folder."""
    with services.store.reading() as connection:
        last = last_of(connection, station, "out")
    try:
        path, cap = folder / bundle.bundle_name(last.seq), bundle.MAX_BYTES[bundle.BUNDLE]
        with medium.open_file(path, cap, follow=False) as source:
            manifest, _body, _signature = bundle.read_manifest(source, bundle.BUNDLE)
    except (FileNotFoundError, Malformed):
        return None
    return manifest if manifest.hash == last.hash else None


def _export(
    services: Services, directory: Directory, station: str, day: int, files: Sequence[bytes], folder: Path,
    last: Manifest | None, watch: Watch,
) -> tuple[Manifest, list[int]]:  # fmt: skip
    """Make the next manifest and record what goes out; where the last one says the same, that one, unrecorded."""
    is_ready = services.sealing(directory, day) is Sealing.READY
    with services.store.writing() as connection:
        wanted = _unacknowledged(connection, station)
        with watch(f"reading rows for {station}", len(wanted) * ROW_BYTES) as count:
            hashes, oldest = _hash_rows(connection, wanted, epoch_of(day), count)
        manifest = _manifest(directory, connection, station, day, hashes, files, oldest)
        if last is not None and replace(last, seq=manifest.seq, previous=manifest.previous) == manifest:
            return last, wanted
        medium.check_room(folder, manifest.body_bytes + 2 * bundle.MAX_MANIFEST_BYTES)
        _record(connection, station, manifest, dict(zip(wanted, hashes, strict=True)))
        if is_ready:
            raise_day(connection, day)  # stations erase keys by this day: no report may be sealed before it again
    return manifest, wanted


def _files(directory: Directory, named: int, day: int) -> Iterator[bytes]:
    """Yield the rosters above the one that a station named last, as far as at hand, and every batch in force."""
    oldest = directory.roster.version
    with contextlib.suppress(CryptoError):  # an older one that is damaged here is not sent, nor those before it
        for roster in directory.ledger.history():
            oldest = roster.version
            if oldest <= named + 1:
                break
    yield from directory.ledger.files_after(max(named, oldest - 1))
    yield from (batch.raw for batch in directory.ledger.batches if batch.last_epoch >= epoch_of(day))


def receive(services: Services, path: Path, *, watch: Watch = unwatched) -> Received:
    """Take an outbox: store mailbox rows and forwarded rows, then free what every collector acknowledged.

    The file is read once, before anything is locked or changed. Its rosters and batches come first: they
    authenticate themselves, one may name the key that verifies the rest, and they stay when the rest is refused.
    The rest is atomic. The same outbox again is nothing to do. Raises Refused, Alarm, WrongClock, CryptoError,
    Full or OSError, and then none of the rest is changed.
    """
    with services.courier_lane.enter():
        day = today()
        data = medium.read_file(path, bundle.MAX_BYTES[bundle.OUTBOX], follow=False)
        services.current.look()
        refused = _take_files(services, data, day)
        outbox = _read(services.directory, data)
        manifest = outbox.manifest
        if manifest.day > day + CLOCK_SLACK_DAYS:
            raise WrongClock(f"outbox: day {manifest.day}, today is day {day}; check both clocks")
        with services.store.writing() as connection:
            repeated, warnings = _check_chain(connection, manifest)
            alarms: list[str] = []
            raise_day(connection, min(manifest.day, day))
            if not repeated:
                alarms = take_statistics(connection, services.directory.roster, manifest.sender, outbox.told, day=day)
                warnings += alarms
                warnings += _acknowledge(connection, manifest)
                _store(services, connection, outbox)
                advance(connection, manifest.sender, "in", manifest)
                known = min(manifest.roster_version, services.directory.roster.version)
                set_mark(connection, NAMED, known, manifest.sender)
        for words in alarms:
            note_alarm(services.settings.home, words)
        # Only now, with the mailbox rows synced, may acknowledged rows go; a repeat finishes what a crash left.
        freed, waiting = _free(services, watch)
    count = 0 if repeated else len(outbox.news)
    warned, acknowledged = (*refused, *warnings, *waiting), max((ack.seq for ack in manifest.acks), default=0)
    return Received(manifest.sender, manifest.seq, count, freed, acknowledged, repeated, warned)


def _take_files(services: Services, data: bytes, day: int) -> tuple[str, ...]:
    """Take the rosters and batches of an outbox that is not verified yet; return warnings."""
    source = io.BytesIO(data)
    manifest, _body, _signature = bundle.read_manifest(source, bundle.OUTBOX)
    try:
        files = bundle.read_files(source, manifest)
    except Malformed as error:  # where the outbox is cut off, its verification says so
        return (str(error),)
    return admit_some(services, files, day=day).warnings if files else ()


def _unacknowledged(connection: Connection, station: str) -> list[int]:
    done = select(exports.c.slot).where(exports.c.peer == station, exports.c.acknowledged == 1)
    wanted = select(slots.c.id).where(slots.c.waiting == 1, slots.c.id.not_in(done)).order_by(slots.c.id)
    return list(connection.scalars(wanted))


def _hash_rows(connection: Connection, wanted: Sequence[int], epoch: int, count: Advance) -> tuple[list[bytes], int]:
    hashes, oldest = [], epoch
    for slot in wanted:
        row = connection.scalar(select(rows.c.row).where(rows.c.id == slot)) or b""
        hashes.append(hashlib.sha512(row).digest())
        oldest = min(oldest, int.from_bytes(row[6:10], "big"))
        count(len(row))
    return hashes, oldest


def _manifest(
    directory: Directory, connection: Connection, station: str, day: int, hashes: Sequence[bytes],
    files: Sequence[bytes], oldest: int,
) -> Manifest:  # fmt: skip
    total = RecordHash()
    for digest in hashes:
        total.add_digest(digest)
    for record in files:
        total.add(record)
    last, applied = last_of(connection, station, "out"), last_of(connection, station, "in")
    return Manifest(
        type=bundle.BUNDLE,
        deployment=directory.roster.deployment,
        sender="server",
        to=station,
        seq=last.seq + 1,
        previous=last.hash,
        roster_version=directory.roster.version,
        day=day,
        sections=(("row", len(hashes)), ("mailbox", 0), ("file", len(files))),
        records=total.digest(),
        applied=applied,
        oldest_waiting_epoch=oldest,
    )


def _record(connection: Connection, station: str, manifest: Manifest, sent: dict[int, bytes]) -> None:
    advance(connection, station, "out", manifest)
    connection.execute(insert(bundles).values(peer=station, seq=manifest.seq, hash=manifest.hash))
    if sent:
        values = [
            {"peer": station, "seq": manifest.seq, "slot": slot, "row_hash": digest, "acknowledged": 0}
            for slot, digest in sent.items()
        ]
        connection.execute(insert(exports), values)


def _read(directory: Directory, data: bytes) -> _Outbox:
    """Verify an outbox with the key of the station that it names, and every record of it."""
    roster = directory.roster
    source = io.BytesIO(data)
    named, _body, _signature = bundle.read_manifest(source, bundle.OUTBOX)
    start = source.tell()
    try:
        station = roster.station(named.sender)
    except KeyError:
        raise Refused("outbox: its station is not in the roster") from None
    source.seek(0)
    manifest = bundle.verify_transport(source, bundle.OUTBOX, station.key)
    if manifest.deployment != roster.deployment or manifest.to != "server":
        raise Refused("outbox: of another deployment, or not for the server")
    counts = dict(manifest.sections)
    if counts["mailbox"] != roster.sizes.mailboxes or counts["row"] != roster.sizes.forwarded:
        raise Refused("outbox: not the number of records that the roster says")
    source.seek(start)
    records = list(bundle.iter_records(source, manifest))
    forwarded = [record for kind, record in records if kind == "row"]
    news = [(record[:MAILBOX_BYTES], record[MAILBOX_BYTES:]) for kind, record in records if kind == "mailbox"]
    files = [record for kind, record in records if kind == "file"]
    for row in forwarded:
        row_epoch(row)
    ids = [mailbox for mailbox, _row in news]
    if ids != sorted(set(ids)):
        raise Malformed("outbox: mailboxes are not sorted by id")
    return _Outbox(manifest, _told(files), forwarded, news)


def _told(records: list[bytes]) -> list[bytes]:
    """Return the statistics among file records; none where these do not fit together, which is warned of elsewhere."""
    try:
        return [file for file in join_file_records(records) if file[:4] == statistics.MAGIC]
    except Malformed:
        return []


def _check_chain(connection: Connection, manifest: Manifest) -> tuple[bool, list[str]]:
    last = last_of(connection, manifest.sender, "in")
    if manifest.seq == last.seq and manifest.hash == last.hash:
        return True, []
    if manifest.seq < last.seq:
        raise Refused(
            f"outbox: number {manifest.seq} is older than number {last.seq}, which was taken and says everything: two "
            "sticks have crossed. There is nothing to do, its station takes it off the stick"
        )
    if manifest.seq == last.seq:
        raise Alarm(f"outbox: number {manifest.seq} with other content than the one taken before")
    if manifest.seq == last.seq + 1 and manifest.previous != last.hash:
        raise Alarm(f"outbox: number {manifest.seq} does not follow the one taken before")
    missing = manifest.seq - last.seq - 1
    return False, [f"{missing} outboxes in between never came"] if missing else []


def _store(services: Services, connection: Connection, outbox: _Outbox) -> None:
    """Store mailbox rows, and forwarded rows in free slots.

    Where these are too few, in slots that were acknowledged, too, so that a full arena can be emptied. Raises Full.
    """
    roster = services.directory.roster
    # where another front end has a newer roster, it may name stations that this one does not know
    is_newest = roster.version >= (read_mark(connection, VERSION) or 0)
    stations = {station.id for station in roster.stations} if is_newest else None
    replace_rows(connection, outbox.manifest.sender, outbox.news, stations)
    if outbox.forwarded:
        free = free_slots(connection)
        if len(free) < len(outbox.forwarded):
            free += _acknowledged_slots(services, connection)
        if len(free) < len(outbox.forwarded):
            raise Full("no free slots for the rows of this outbox: fetch a bundle first")
        place(connection, services.arena.choose(free, len(outbox.forwarded)), outbox.forwarded)


def _acknowledge(connection: Connection, manifest: Manifest) -> list[str]:
    warnings = follow_station(connection, manifest)
    for ack in manifest.acks:
        sent = connection.scalar(
            select(bundles.c.hash).where(bundles.c.peer == manifest.sender, bundles.c.seq == ack.seq)
        )
        if sent is None:
            continue  # acknowledged and forgotten long ago
        if sent != ack.hash:
            warnings.append(f"bundle {ack.seq} was acknowledged with another content: nothing freed for it")
            continue
        connection.execute(
            update(exports).where(exports.c.peer == manifest.sender, exports.c.seq == ack.seq).values(acknowledged=1)
        )
    return warnings


def _acknowledged_slots(services: Services, connection: Connection) -> list[int]:
    """Return the waiting slots whose row every collector has acknowledged."""
    collectors = [s.id for s in services.directory.roster.collectors]
    query = (
        select(exports.c.slot)
        .join(slots, slots.c.id == exports.c.slot)
        .where(slots.c.waiting == 1, exports.c.acknowledged == 1, exports.c.peer.in_(collectors))
        .group_by(exports.c.slot)
        .having(func.count(exports.c.peer.distinct()) == len(collectors))
    )
    return list(connection.scalars(query))


def _free(services: Services, watch: Watch) -> tuple[int, tuple[str, ...]]:
    """Overwrite with fresh cover and free each waiting row that every collector has acknowledged.

    Some at a time: reporters wait for none of it long, and where it breaks off the next outbox goes on. Where no
    cover may be sealed they wait for the next outbox, with a warning.
    """
    with services.store.reading() as connection:
        candidates = _acknowledged_slots(services, connection)
    # Rows that a bundle took along change only here, and the courier's lane is held: nothing moves meanwhile.
    with watch("making cover", len(candidates) * ROW_BYTES) as count:
        for at in range(0, len(candidates), FREED_AT_ONCE):
            some = candidates[at : at + FREED_AT_ONCE]
            try:
                cover = list(counted((services.make_cover() for _ in some), count))
            except Closed as error:
                return at, (f"{len(candidates) - at} acknowledged rows are freed with a later outbox: {error}",)
            with services.store.writing() as connection:
                overwrite(connection, zip(some, cover, strict=True))
                set_waiting(connection, some, 0)
    with services.store.writing() as connection:
        _forget_bundles(connection)
    return len(candidates), ()


def _forget_bundles(connection: Connection) -> None:
    """Drop the record of bundles of which no exported row is left, the newest of each station excepted."""
    newest = select(chains.c.seq).where(chains.c.peer == bundles.c.peer, chains.c.direction == "out").scalar_subquery()
    left = select(exports.c.slot).where(exports.c.peer == bundles.c.peer, exports.c.seq == bundles.c.seq).exists()
    connection.execute(delete(bundles).where(~left, bundles.c.seq < newest))
