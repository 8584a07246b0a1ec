"""Bundles and outboxes at the drop box: what moves, what is refused, and that a refusal changes nothing."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import web
from sqlalchemy import select
from test_dropbox_mailbox import bring_news, station_key
from web import waiting

from crypto import bundle, mailbox, medium
from crypto.bundle import FIRST_PREVIOUS, OUTBOX, Manifest, RecordHash, Taken
from crypto.encoding import date_of, today
from crypto.errors import BadSignature, Malformed, Tampered
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from dropbox.arena import overwrite
from dropbox.errors import Alarm, Full, Refused
from dropbox.mailboxes import kept_id
from dropbox.rounds import Rounds
from dropbox.services import Services
from dropbox.store import bundles, chains, exports, mailboxes
from dropbox.transport import receive, write_bundle
from keys.ledger import CLOCK_SLACK_DAYS

pytestmark = pytest.mark.both_databases
KEY = OpeningKey.generate().public


def records(services: Services, station: SigningKey, ids: Sequence[bytes] | None = None) -> list[tuple[str, bytes]]:
    sizes = services.directory.roster.sizes
    ids = sorted(os.urandom(16) for _ in range(sizes.mailboxes)) if ids is None else ids
    news = mailbox.News(1, today(), "received", ("sumsel",))
    rows = [("row", services.make_cover()) for _ in range(sizes.forwarded)]
    return rows + [("mailbox", i + mailbox.seal_news(news, KEY, i, station)) for i in ids]


def outbox(
    services: Services, folder: Path, key: SigningKey, content: Sequence[tuple[str, bytes]], *, seq: int = 1,
    acks: Sequence[Taken] = (), previous: bytes = FIRST_PREVIOUS, **changes: object,
) -> tuple[Path, Manifest]:  # fmt: skip
    total = RecordHash()
    for _, record in content:
        total.add(record)
    kinds = [kind for kind, _ in content]
    manifest = Manifest(
        type=OUTBOX, deployment=services.directory.roster.deployment, sender="sumsel", to="server", seq=seq,
        previous=previous, roster_version=1, day=today(),
        sections=tuple((kind, kinds.count(kind)) for kind in bundle.SECTION_ORDER), records=total.digest(),
        acks=tuple(acks),
    )  # fmt: skip
    manifest = replace(manifest, **changes)
    path = folder / f"outbox-sumsel-{seq:08d}.senyap"
    medium.write_file(path, [bundle.build_head(manifest, key), *(record for _, record in content)])
    return path, manifest


@pytest.fixture
def key(small: Path) -> SigningKey:
    return station_key(small, "sumsel")


def state(services: Services) -> tuple[object, ...]:
    """Everything that a refused outbox must not change."""
    with services.store.reading() as connection:
        boxes = connection.execute(select(mailboxes).order_by(mailboxes.c.id)).all()
        return (
            sorted(hashlib.sha256(r).digest() for r in waiting(services)), tuple(map(tuple, boxes)),
            tuple(map(tuple, connection.execute(select(chains)).all())),
            tuple(map(tuple, connection.execute(select(exports)).all())),
        )  # fmt: skip


def read_bundle(services: Services, path: Path) -> tuple[Manifest, list[bytes]]:
    with path.open("rb") as source:
        manifest = bundle.verify_transport(source, bundle.BUNDLE, services.directory.roster.server_key)
    with path.open("rb") as source:
        bundle.read_manifest(source, bundle.BUNDLE)
        return manifest, [record for kind, record in bundle.iter_records(source, manifest) if kind == "row"]


def test_a_bundle_holds_every_waiting_row_in_slot_order_and_changes_nothing(services: Services, tmp_path: Path) -> None:
    for _ in range(5):
        services.arena.put([], services.make_cover())
    before = waiting(services)
    path = write_bundle(services, "sumsel", tmp_path)
    manifest, rows = read_bundle(services, path)
    assert path.name == "bundle-00000001.senyap" and rows == before == waiting(services)
    assert (manifest.to, manifest.seq, manifest.previous) == ("sumsel", 1, FIRST_PREVIOUS)


def test_bundles_of_one_station_form_a_chain(services: Services, tmp_path: Path) -> None:
    first, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    second, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    other, _ = read_bundle(services, write_bundle(services, "kpk", tmp_path / "kpk"))
    assert second.seq == 2 and second.previous == first.hash
    assert other.seq == 1 and other.previous == FIRST_PREVIOUS


def test_rows_stay_until_the_collector_has_acknowledged_them_and_leave_again_until_then(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    services.arena.put([], services.make_cover())
    sent, rows = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    services.arena.put([], services.make_cover())
    path, manifest = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, sent.hash)])
    got = receive(services, path)
    assert got.freed == 1 and not set(rows) & set(waiting(services))
    again, later = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    assert again.applied == Taken(1, manifest.hash)
    assert len(later) == 1 + services.directory.roster.sizes.forwarded and not set(rows) & set(later)


def test_acknowledgements_of_a_station_that_is_no_collector_free_nothing(
    services: Services, tmp_path: Path, small
) -> None:
    services.arena.put([], services.make_cover())
    sent, _ = read_bundle(services, write_bundle(services, "palembang", tmp_path))
    other = station_key(small, "palembang")
    path, _ = outbox(
        services, tmp_path, other, records(services, other), acks=[Taken(1, sent.hash)], sender="palembang"
    )
    assert receive(services, path).freed == 0


def test_an_outbox_puts_its_mailboxes_in_the_table_and_drops_the_old_ones(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    first, one = outbox(services, tmp_path, key, old := records(services, key))
    receive(services, first)
    second, _ = outbox(services, tmp_path, key, new := records(services, key), seq=2, previous=one.hash)
    receive(services, second)
    with services.store.reading() as connection:
        table = {r.id: r.row for r in connection.execute(select(mailboxes))}
    assert table == {kept_id("sumsel", record[:16]): record[16:] for kind, record in new if kind == "mailbox"}
    assert not {kept_id("sumsel", record[:16]) for kind, record in old if kind == "mailbox"} & set(table)


def test_the_same_outbox_twice_is_nothing_to_do(services: Services, tmp_path: Path, key: SigningKey) -> None:
    path, _ = outbox(services, tmp_path, key, records(services, key))
    receive(services, path)
    before = state(services)
    assert receive(services, path).repeated and state(services) == before


def test_a_repeat_finishes_what_a_crash_before_freeing_left(
    services: Services, tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.arena.put([], services.make_cover())
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    path, _ = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, sent.hash)])
    with monkeypatch.context() as patch:
        patch.setattr("dropbox.transport._free", lambda *_: (_ for _ in ()).throw(OSError(5, "crash")))
        with pytest.raises(OSError, match="crash"):
            receive(services, path)
    assert receive(services, path).freed == 1


def test_a_repeat_finishes_freeing_that_broke_off_in_the_middle(
    services: Services, tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.arena.put([services.make_cover() for _ in range(5)])
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    path, _ = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, sent.hash)])
    made, make = [], services.make_cover

    def failing() -> bytes:
        made.append(1)
        if len(made) == 4:
            raise OSError(5, "crash")
        return make()

    with monkeypatch.context() as patch:
        patch.setattr("dropbox.transport.FREED_AT_ONCE", 2)
        patch.setattr(Services, "make_cover", lambda _services: failing())
        with pytest.raises(OSError, match="crash"):
            receive(services, path)
    assert services.arena.counts()[0] == 5 - 2 + services.directory.roster.sizes.forwarded
    assert receive(services, path).freed == 3


def test_a_bundle_that_has_no_room_is_not_recorded(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.arena.put([], services.make_cover())
    before, real = state(services), os.statvfs
    monkeypatch.setattr(os, "statvfs", lambda place: os.statvfs_result((*real(place)[:4], 1, *real(place)[5:])))
    with pytest.raises(OSError, match="make room first"):
        write_bundle(services, "sumsel", tmp_path / "stick")
    assert state(services) == before and not (tmp_path / "stick").exists()


def test_a_gap_is_taken_with_a_warning(services: Services, tmp_path: Path, key: SigningKey) -> None:
    path, _ = outbox(services, tmp_path, key, records(services, key), seq=3)
    assert receive(services, path).warnings == ("2 outboxes in between never came",)


@pytest.mark.parametrize(("defect", "error"), [("same_number", Alarm), ("older", Refused), ("fork", Alarm)])
def test_an_outbox_that_contradicts_one_taken_is_an_alarm_and_an_older_one_is_refused(
    services: Services, tmp_path: Path, key: SigningKey, defect: str, error: type[Refused]
) -> None:
    path, _ = outbox(services, tmp_path, key, records(services, key), seq=2)
    receive(services, path)
    before = state(services)
    seq = {"same_number": 2, "older": 1, "fork": 3}[defect]
    bad, _ = outbox(services, tmp_path / "bad", key, records(services, key), seq=seq, previous=b"x" * 64)
    with pytest.raises(error) as told:
        receive(services, bad)
    assert type(told.value) is error and state(services) == before


@pytest.mark.parametrize(
    ("defect", "error"),
    [
        ("foreign_deployment", Refused), ("not_for_the_server", Refused), ("unknown_station", Refused),
        ("signed_by_another", BadSignature), ("too_few_mailboxes", Refused), ("unsorted", Malformed),
        ("doubled_mailbox", Malformed), ("truncated", Malformed), ("trailing_byte", Malformed), ("flipped_bit", Tampered),
        ("not_an_outbox", Malformed), ("row_without_prefix", Malformed), ("missing", FileNotFoundError),
    ],
)  # fmt: skip
def test_a_bad_outbox_changes_nothing(
    services: Services, tmp_path: Path, key: SigningKey, defect: str, error: type[Exception]
) -> None:
    before = state(services)
    content = records(services, key)
    forwarded = services.directory.roster.sizes.forwarded
    changes: dict[str, object] = {}
    signer = key
    if defect == "foreign_deployment":
        changes["deployment"] = "demo-other"
    elif defect == "not_for_the_server":
        changes["to"] = "palembang"
    elif defect == "unknown_station":
        changes["sender"] = "nowhere"
    elif defect == "signed_by_another":
        signer = SigningKey.generate()
    elif defect == "too_few_mailboxes":
        content = content[:-1]
    elif defect == "unsorted":
        content[forwarded:] = reversed(content[forwarded:])
    elif defect == "row_without_prefix":
        content[0] = ("row", os.urandom(len(content[0][1])))
    elif defect == "doubled_mailbox":
        content[-1] = content[-2]
    path, _ = outbox(services, tmp_path, signer, content, **changes)
    data = bytearray(path.read_bytes())
    if defect == "truncated":
        del data[-1]
    elif defect == "trailing_byte":
        data += b"\0"
    elif defect == "flipped_bit":
        data[-5] ^= 1
    elif defect == "not_an_outbox":
        data[:4] = b"SNYB"
    path.write_bytes(data)
    if defect == "missing":
        path.unlink()
    with pytest.raises(error):
        receive(services, path)
    assert state(services) == before


def test_stations_that_name_the_same_places_do_not_meet(
    services: Services, tmp_path: Path, key: SigningKey, small
) -> None:
    many = services.directory.roster.sizes.mailboxes
    ids = sorted(os.urandom(16) for _ in range(many))
    path, _ = outbox(services, tmp_path, key, ours := records(services, key, ids))
    receive(services, path)
    other = station_key(small, "kpk")
    theirs, _ = outbox(services, tmp_path / "kpk", other, records(services, other, ids), sender="kpk")
    assert receive(services, theirs).warnings == ()
    with services.store.reading() as connection:
        table = {r.id: r.row for r in connection.execute(select(mailboxes))}
    sent = {kept_id("sumsel", record[:16]): record[16:] for kind, record in ours if kind == "mailbox"}
    assert len(table) == 2 * many and sent.items() <= table.items()


def test_a_full_arena_is_emptied_by_the_outbox_that_acknowledges_it(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    for _ in range(services.arena.counts()[1]):
        services.arena.put([], services.make_cover())
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    path, _ = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, sent.hash)])
    receive(services, path)
    forwarded = services.directory.roster.sizes.forwarded
    assert services.arena.counts()[0] == forwarded and len(waiting(services)) == forwarded


def test_a_medium_that_answers_a_second_reading_differently_changes_nothing(
    services: Services, tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = outbox(services, tmp_path, key, records(services, key))
    reads = []
    real = medium.read_file
    monkeypatch.setattr(medium, "read_file", lambda *a, **more: (reads.append(a), real(*a, **more))[1])
    receive(services, path)
    assert len(reads) == 1, "an outbox is read once"


def test_an_outbox_waits_when_its_forwarded_rows_find_no_room(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    for _ in range(62):
        services.arena.put([], services.make_cover())
    path, _ = outbox(services, tmp_path, key, records(services, key))
    before = state(services)
    with pytest.raises(Full):
        receive(services, path)
    assert state(services) == before


@pytest.mark.parametrize("claimed", [1, 2, 7])
def test_a_newest_bundle_that_this_drop_box_did_not_write_is_an_alarm_and_changes_nothing(
    services: Services, tmp_path: Path, key: SigningKey, claimed: int
) -> None:
    services.arena.put([], services.make_cover())
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    before = state(services)
    known = [Taken(1, sent.hash)] if claimed > 1 else []
    path, _ = outbox(services, tmp_path, key, records(services, key), acks=[*known, Taken(claimed, b"z" * 64)])
    with pytest.raises(Alarm, match=f"took a bundle {claimed} that this drop box did not write"):
        receive(services, path)
    assert state(services) == before


def test_an_older_acknowledgement_of_other_content_frees_nothing_and_warns(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    services.arena.put([], services.make_cover())
    write_bundle(services, "sumsel", tmp_path)
    services.arena.put([], services.make_cover())
    write_bundle(services, "sumsel", tmp_path)
    with services.store.reading() as connection:
        newest = connection.scalar(select(bundles.c.hash).where(bundles.c.seq == 2))
    path, _ = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, b"z" * 64), Taken(2, newest)])
    got = receive(services, path)
    assert got.warnings == ("bundle 1 was acknowledged with another content: nothing freed for it",)
    assert got.freed == 2, "bundle 2 held both rows"


def test_a_bundle_that_cannot_be_written_leaves_no_part_and_the_rows_leave_with_the_next(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.arena.put([], services.make_cover())
    real, calls = os.fsync, []

    def fail(fd: int) -> None:
        calls.append(fd)
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(medium.os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        write_bundle(services, "sumsel", tmp_path / "stick")
    monkeypatch.setattr(medium.os, "fsync", real)
    assert calls and list((tmp_path / "stick").iterdir()) == []
    manifest, rows = read_bundle(services, write_bundle(services, "sumsel", tmp_path / "stick"))
    assert manifest.seq == 2 and len(rows) == 1


@pytest.mark.one_database("sqlite")
def test_a_restored_home_is_another_chain_for_its_stations(
    services: Services, deployment: Path, tmp_path: Path
) -> None:
    services.store.engine.dispose()
    shutil.copy(deployment / "server" / "dropbox.db", tmp_path / "old.db")
    first, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path / "a"))
    services.store.engine.dispose()
    shutil.copy(tmp_path / "old.db", deployment / "server" / "dropbox.db")
    services.arena.put([], services.make_cover())
    second, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path / "b"))
    assert first.seq == second.seq and first.hash != second.hash, "a station sees this as a fork"


@pytest.mark.parametrize("when", ["before_the_ack", "after_the_ack"])
def test_a_slot_freed_by_a_broken_upload_takes_no_acknowledgement_along(
    services: Services, tmp_path: Path, key: SigningKey, when: str
) -> None:
    """A bundle leaves in the middle of an upload that then breaks off; its slot must not lose a later report."""
    taken = services.arena.put([services.make_cover()])
    sent, _ = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    services.arena.release(taken, services.make_cover)
    report = services.make_cover()
    if when == "before_the_ack":
        fill(services, report)
    path, one = outbox(services, tmp_path, key, records(services, key), acks=[Taken(1, sent.hash)])
    receive(services, path)
    if when == "after_the_ack":
        fill(services, report)
    assert report in waiting(services)
    second, rows = read_bundle(services, write_bundle(services, "sumsel", tmp_path))
    assert report in rows
    last, _ = outbox(
        services, tmp_path, key, records(services, key), seq=2, previous=one.hash, acks=[Taken(2, second.hash)]
    )
    receive(services, last)
    assert report not in waiting(services)


def fill(services: Services, row: bytes) -> None:
    """Write a row into every free slot but ten, so that it stands wherever one was freed."""
    waits, total = services.arena.counts()
    for _ in range(total - waits - 10):
        services.arena.put([], row)


def test_overwriting_a_row_forgets_its_travels(services: Services, tmp_path: Path) -> None:
    (slot,) = services.arena.put([], services.make_cover())
    write_bundle(services, "sumsel", tmp_path)
    with services.store.writing() as connection:
        overwrite(connection, [(slot, services.make_cover())])
        assert connection.execute(select(exports)).all() == []


def test_a_station_with_a_wrong_clock_changes_no_date_on_a_page(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    path, _ = outbox(services, tmp_path, key, records(services, key), day=today() + CLOCK_SLACK_DAYS)
    receive(services, path)
    assert services.rounds.schedule(today()).last == date_of(today())


def test_a_round_that_was_missed_stays_due_and_no_page_names_a_day_that_has_passed(services: Services) -> None:
    missed = Rounds(services.store, courier_days=3, started=today() - 5).schedule(today())
    assert (missed.due, missed.next, missed.late) == (date_of(today() - 2), date_of(today()), False)
    coming = Rounds(services.store, courier_days=3, started=today() - 2).schedule(today())
    assert coming.due == coming.next == date_of(today() + 1)


def test_a_mailbox_of_a_station_that_left_the_roster_shows_no_error(services: Services, client, small) -> None:
    words = web.report(client).words
    bring_news(services, small, words)
    with services.store.writing() as connection:
        connection.execute(mailboxes.update().values(station="gone"))
    assert web.open_box(client, words).status == 200
