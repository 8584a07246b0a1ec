"""The inbox: one bundle file in, cases out; all of it in one transaction, and the same file twice does nothing.

rosters and batches → signature and address → chain → copy, verify, sync → rows, in file order
→ letters: reports first → which weekly keys may go → commit → erase them
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from crypto import row
from crypto.bundle import Manifest
from crypto.encoding import epoch_of, today
from crypto.errors import Malformed
from crypto.letter import REPORT
from crypto.row import Kind, Record, Waiting
from crypto.xwing import OpeningKey
from keys.progress import Advance, Watch, unwatched
from station import attachments, audit, canaries, erasure, halts, letters, past_boxes, referral_inbox, tables, vault
from station.bundles import (
    Copied,
    Place,
    check_key,
    find_place,
    first_row,
    has_gap,
    is_shelved,
    open_bundle,
    read_head,
    shelve,
)
from station.case_copies import note_leads
from station.desk import Desk
from station.erasure import Swept
from station.held import Held, weeks_with_keys
from station.letters import Opened, parse_opened, take_letter
from station.openers import Openers, Result
from station.outbox import BACKED_UP
from station.rosters import take_along
from station.tables import NO_EPOCH, Outcome, seen_rows

CHUNK = 64
CHUNKS_AHEAD = 2  # of their rows, files and letters are in memory: at most 48 MiB


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import found. `incomplete` counts what still waits on this station, from any bundle.

    `new` letters are those of reporters; canaries are counted apart, and so is what other units passed on or told.
    `swept` says which weekly keys were erased at its end, and which are kept though they have ended.
    """

    new: int
    repeated: int
    cover: int
    foreign: int
    incomplete: int
    alarms: tuple[str, ...]
    canaries: int = 0
    forwarded: int = 0
    swept: Swept = field(default_factory=Swept, compare=False)


def import_bundle(desk: Desk, path: Path, *, day: int | None = None, watch: Watch = unwatched) -> Imported:
    """Take one bundle from a stick: its rosters and batches, its rows, and then erase the weekly keys that are due.

    Raises Refused, Alarm, BadSignature, BrokenChain, Malformed, Tampered, OSError: nothing of the bundle is
    imported then; rosters and batches, which are signed themselves, may have been taken.
    """
    day = today() if day is None else day
    with open_bundle(path) as source:
        home, warnings = take_along(source, desk.home, day)
        desk = desk.at(home)
        desk.home.must_serve()
        source.seek(0)
        head = read_head(source, desk.home, warnings)
        source.seek(0)
        with desk.vault.begin() as transaction:
            vault.note_roster(transaction, desk.home.roster.version)
            note_leads(transaction, desk.home, day)
            place = find_place(transaction, head.manifest)
            check_key(head, place, desk.home)
            m = head.manifest
            held = place.repeat and is_shelved(desk.home, m.to, m.seq, m.hash)
            run = _Run(desk, transaction, head.manifest, day)
            with Openers(desk.opening_keys, dict(head.manifest.sections)["row"]) as openers:
                with shelve(source, head, desk.home, watch) as copied:
                    run.retry_held()
                    with watch("membuka baris", len(copied.digests) * row.ROW_BYTES) as advance:
                        run.take_rows(copied, openers, advance)
                    run.take_letters()
                    run.close(place, held=held)
                    run.halt()
                    swept = erasure.judge(transaction, desk.home, day)
                    note_leads(transaction, desk.home, day)
                    audit.note(transaction, desk.present, audit.Deed.IMPORTED, day=day, detail=f"{m.to} {m.seq}")
            found = run.report(place)
    # Only now: an erased key must never be needed for what this import would have to do again.
    swept = replace(swept, erased=erasure.erase(desk.vault, desk.home))
    return replace(found, alarms=(*warnings, *found.alarms), swept=swept)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a chunk: what was known of it, and its outcome unless it must be opened."""

    digest: bytes
    offset: int
    known: Outcome | None
    outcome: Outcome | None
    tried: str
    tried_now: str
    epoch: int = NO_EPOCH


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some rows in file order, and what the openers will say of those that must be opened."""

    lines: list[_Line]
    futures: list[Future[list[Result]]]


class _Run:
    """One import: what was counted so far."""

    def __init__(self, desk: Desk, transaction: sa.Connection, manifest: Manifest, day: int) -> None:
        self._desk, self._transaction, self._manifest = desk, transaction, manifest
        self._today = day
        self._day = min(day, manifest.day)  # a wrong day in a bundle must not age what waits here
        self._keys: dict[int, Mapping[str, OpeningKey]] = {}
        self._halted = halts.halted(transaction, desk.home.id)
        self._held = Held(transaction, desk.rings, self._present)
        self._known: dict[bytes, Outcome] = {}  # rows of this very bundle
        self._letters: list[Opened] = []
        self._counts: Counter[Outcome] = Counter()
        self._new = self._canaries = 0
        self._alarms: list[str] = []
        self._no_key: Counter[int] = Counter()
        self._weeks = weeks_with_keys(transaction, desk.home)
        self._out_of_time = self._out_of_reach = 0

    def retry_held(self) -> None:
        """Open again what waited for more reviewers; a row that still waits stays."""
        for tried in self._held.retry():
            if isinstance(tried.result, Waiting):
                continue
            found = tried.result
            outcome = self._take_opened(tried.digest, found) if isinstance(found, Record) else found
            names = ",".join(sorted(tried.names)) if outcome is Outcome.FOREIGN else ""
            self._note([(tried.digest, outcome, names, tried.epoch)])
            self._known[tried.digest] = outcome
            self._count_row(outcome, None)

    def take_rows(self, copied: Copied, openers: Openers, advance: Advance) -> None:
        """Judge all rows of the bundle; while one chunk is opened, the next is looked up and sent off."""
        start = first_row(copied.path)
        sent: deque[_Chunk] = deque()
        with copied.path.open("rb") as source:
            for at in range(0, len(copied.digests), CHUNK):
                sent.append(self._send(source, start, copied, at, openers))
                if len(sent) > CHUNKS_AHEAD:
                    self._settle(source, sent.popleft(), advance)
            while sent:
                self._settle(source, sent.popleft(), advance)

    def _send(self, source: BinaryIO, start: int, copied: Copied, at: int, openers: Openers) -> _Chunk:
        """Look some rows up in the vault's memory and send those that must be opened to the openers."""
        digests = copied.digests[at : at + CHUNK]
        before = {
            seen.digest: (Outcome(seen.outcome), seen.tried)
            for seen in self._transaction.execute(sa.select(seen_rows).where(seen_rows.c.digest.in_(digests)))
        }
        lines, places = [], []
        for number, digest in enumerate(digests, at):
            offset = start + number * row.ROW_BYTES
            known, tried = before.get(digest, (None, ""))
            line = self._look(source, offset, digest, known, tried)
            lines.append(line)
            if line.outcome is None:
                places.append((offset, line.epoch))
        return _Chunk(lines, openers.submit(copied.path, places) if places else [])

    def _look(self, source: BinaryIO, offset: int, digest: bytes, known: Outcome | None, tried: str) -> _Line:
        """Judge a row by its prefix and by what is known; its outcome is None when it must be opened."""
        if known is not None and known is not Outcome.FOREIGN:
            return _Line(digest, offset, known, known, tried, tried)
        source.seek(offset)
        try:
            epoch = row.prefix_epoch(source.read(row.PREFIX_BYTES))
        except Malformed:
            return _Line(digest, offset, known, Outcome.QUARANTINED, tried, "")
        if not row.epoch_is_acceptable(epoch, epoch_of(self._manifest.day)):
            if epoch not in self._weeks:  # kept, it would be tried at every import for ever
                self._out_of_reach += 1
                return _Line(digest, offset, known, Outcome.FOREIGN, tried, tried)
            self._out_of_time += 1
            self._held.keep(digest, _read_row(source, offset), epoch, untried=True)
            return _Line(digest, offset, known, Outcome.HELD, tried, "", epoch)
        names = {name for name in tried.split(",") if name}
        present = self._present(epoch)
        if not present and not names:
            self._no_key[epoch] += 1
        if known is Outcome.FOREIGN and names.issuperset(present):
            return _Line(digest, offset, known, known, tried, tried, epoch)
        return _Line(digest, offset, known, None, tried, ",".join(sorted(names.union(present))), epoch)

    def _settle(self, source: BinaryIO, chunk: _Chunk, advance: Advance) -> None:
        """Take what the openers found in one chunk, in file order."""
        results = iter([result for future in chunk.futures for result in future.result()])
        notes = []
        for line in chunk.lines:
            result = next(results) if line.outcome is None else None
            if line.digest in self._known:
                continue  # the same row twice in one bundle
            outcome = line.outcome or self._take_result(source, line, result)
            self._known[line.digest] = outcome
            tried = line.tried_now if outcome is Outcome.FOREIGN or line.outcome is not None else ""
            if line.known is not outcome or tried != line.tried:
                notes.append((line.digest, outcome, tried, line.epoch))
            self._count_row(outcome, line.known)
        self._note(notes)
        advance(len(chunk.lines) * row.ROW_BYTES)

    def _take_result(self, source: BinaryIO, line: _Line, result: Result | None) -> Outcome:
        if isinstance(result, Waiting):
            self._held.keep(line.digest, _read_row(source, line.offset), line.epoch)
            return Outcome.HELD
        if isinstance(result, Record):
            return self._take_opened(line.digest, result)
        return Outcome.QUARANTINED if result is None else result

    def _present(self, epoch: int) -> Mapping[str, OpeningKey]:
        if epoch not in self._keys:
            self._keys[epoch] = self._desk.opening_keys(epoch)
        return self._keys[epoch]

    def _take_opened(self, digest: bytes, record: Record) -> Outcome:
        try:
            return self._take_record(digest, record)
        except Malformed:
            return Outcome.QUARANTINED

    def _take_record(self, digest: bytes, record: Record) -> Outcome:
        if record.kind is Kind.COVER:
            return Outcome.COVER
        if record.kind is Kind.ATTACHMENT:
            return attachments.keep_part(self._transaction, record, self._day)
        if record.kind is Kind.LETTER:
            opened = parse_opened(digest, record.data, self._day)
            if opened.letter.object_id != record.object_id:
                return Outcome.QUARANTINED
            self._letters.append(opened)
            return Outcome.LETTER
        taken = referral_inbox.take(self._transaction, self._desk.home, record, self._day)
        self._alarms += [taken.alarm] if taken.alarm else []
        return taken.outcome

    def _count_row(self, outcome: Outcome, known: Outcome | None) -> None:
        """Count what is final; letters found now are counted by `take_letters`."""
        if outcome is Outcome.LETTER:
            self._counts[Outcome.REPEAT] += known is Outcome.LETTER
        elif outcome is Outcome.FORWARDED and known is outcome:
            self._counts[Outcome.REPEAT] += 1
        else:
            self._counts[outcome] += 1

    def take_letters(self) -> None:
        """Apply the rules to all letters of the bundle: reports first, so that follow-ups find their case."""
        self._letters.sort(key=lambda opened: (opened.letter.type != REPORT, opened.letter.day))
        for opened in self._letters:
            verdicts = take_letter(self._transaction, opened, self._desk.home.station.group)
            for verdict in verdicts:
                if verdict.canary:
                    self._canaries += 1
                elif verdict.outcome is Outcome.LETTER:
                    self._new += 1
                else:
                    self._counts[verdict.outcome] += 1
                if verdict.alarm:
                    self._alarms.append(verdict.alarm)
                self._transaction.execute(
                    sa.update(seen_rows).where(seen_rows.c.digest == verdict.digest).values(outcome=verdict.outcome)
                )

    def close(self, place: Place, *, held: bool) -> None:
        """Check files, drop what waited too long, and take the bundle into its chain.

        `held`: it was taken before and lies on the shelf. The backups of before need not hold any other.
        """
        if damaged := attachments.settle(self._transaction):
            self._alarms.append(
                f"{damaged} berkas lengkap bagiannya, tetapi isinya bukan yang disebut suratnya. Tanyakan pelapornya"
            )
        if dropped := letters.drop_old(self._transaction, self._day):
            self._alarms.append(
                f"{dropped} pesan lanjutan dibuang tanpa dapat dibaca: selama {letters.HELD_DAYS} hari laporannya "
                "tidak datang, atau perkaranya sudah lama dihapus"
            )
        past_boxes.drop_old(self._transaction, self._day)
        m = self._manifest
        copied = int(vault.read_meta(self._transaction, BACKED_UP) or 0)
        if m.to == self._desk.home.id and not held and copied >= m.seq:
            vault.write_meta(self._transaction, BACKED_UP, str(m.seq - 1))
        if not place.repeat:
            self._transaction.execute(
                sa.insert(tables.bundles).values(
                    sender=m.sender,
                    to=m.to,
                    seq=m.seq,
                    hash=m.hash,
                    previous=m.previous,
                    day=m.day,
                    applied_seq=m.applied.seq,
                    applied_hash=m.applied.hash,
                    roster_version=m.roster_version,
                    oldest_epoch=m.oldest_waiting_epoch,
                )
            )
            if not place.missing and not self._held.count() and not has_gap(self._transaction, self._desk.home):
                attachments.drop_orphans(self._transaction, self._day)
        self._held.reseal()
        patience = self._desk.home.settings.canary_days
        self._alarms += canaries.alarms(
            self._transaction, station=self._desk.home.id, day=self._today, patience=patience
        )

    def halt(self) -> None:
        """Note which parcels of referrals a letter of this bundle has stopped."""
        stopped = halts.halted(self._transaction, self._desk.home.id) - self._halted
        halts.note(self._transaction, stopped, day=self._today)

    def report(self, place: Place) -> Imported:
        """Return the counts, with every alarm in words."""
        waiting = self._held.count() + letters.count_held(self._transaction)
        return Imported(
            new=self._new,
            repeated=self._counts[Outcome.REPEAT],
            cover=self._counts[Outcome.COVER],
            foreign=self._counts[Outcome.FOREIGN],
            incomplete=attachments.count_incomplete_letters(self._transaction) + waiting,
            alarms=(*self._chain_alarms(place), *self._row_alarms(), *self._alarms),
            canaries=self._canaries,
            forwarded=self._counts[Outcome.FORWARDED],
        )

    def _chain_alarms(self, place: Place) -> Iterator[str]:
        m, ours = self._manifest, self._desk.home.roster.version
        if place.missing:
            yield (
                f"{place.missing} bundel sebelum bundel {m.seq} belum pernah datang. Ambil bila stiknya tiba; bila "
                "tidak, isinya datang lagi"
            )
        if place.late:
            yield f"bundel {m.seq} datang terlambat dan mengisi yang kurang"
        if m.roster_version < ours:
            yield f"roster kotak, versi {m.roster_version}, lebih lama daripada versi {ours} di sini: bawa yang baru"
        if m.to == self._desk.home.id and m.applied.seq:
            known = self._transaction.scalar(
                sa.select(tables.outboxes.c.hash).where(tables.outboxes.c.seq == m.applied.seq)
            )
            if known != m.applied.hash:
                yield f"kotak menerima outbox {m.applied.seq} yang tidak dibuat brankas ini. Beri tahu pemegang kunci"

    def _row_alarms(self) -> Iterator[str]:
        if count := self._counts[Outcome.QUARANTINED]:
            yield f"{count} baris rusak atau salah bentuk dan disisihkan. Bila sering, beri tahu petugas server"
        if self._out_of_time:
            yield (
                f"{self._out_of_time} baris tertahan: minggunya jauh dari hari bundel ini. Periksa tanggal mesin ini "
                "dan kotak, lalu ambil lagi bundelnya"
            )
        if self._out_of_reach:
            yield (
                f"{self._out_of_reach} baris tetap tertutup: minggunya jauh dari hari bundel dan kuncinya tidak ada "
                "di sini. Bila sering, beri tahu petugas server"
            )
        for epoch, count in sorted(self._no_key.items()):
            yield f"{count} baris tetap tertutup: tidak ada kunci minggu {epoch} di sini. Ulangi dengan penelaah lain"

    def _note(self, notes: list[tuple[bytes, Outcome, str, int]]) -> None:
        if notes:
            statement = sa.insert(seen_rows).prefix_with("OR REPLACE")
            self._transaction.execute(
                statement, [dict(zip(("digest", "outcome", "tried", "epoch"), n, strict=True)) for n in notes]
            )


def _read_row(source: BinaryIO, offset: int) -> bytes:
    source.seek(offset)
    return source.read(row.ROW_BYTES)
