"""station.inbox: what is taken, what is refused, and that a second time changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, attach, sit, weak, world  # noqa: F401

from crypto.bundle import Taken
from crypto.encoding import today
from crypto.errors import BadSignature, Malformed, Tampered
from crypto.letter import build_letter
from crypto.medium import write_file
from crypto.row import Kind, Record, seal_row
from crypto.signing import SigningKey
from keys.keyring import epoch_file
from station import cases, openers, tables
from station.desk import Desk
from station.errors import Alarm, Refused
from station.inbox import Imported, import_bundle
from station.openers import FEW_ROWS


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = world().copy_home("sumsel", tmp_path)
    with sit(home, "sumsel-1", "sumsel-2") as opened:
        yield opened


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


def show(desk: Desk, name: str = "K-0001") -> cases.Case:
    with desk.vault.begin() as transaction:
        return cases.show_case(transaction, name)


def count(desk: Desk, table: sa.Table) -> int:
    with desk.vault.begin() as transaction:
        return transaction.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def is_untouched(desk: Desk) -> bool:
    watched = (tables.bundles, tables.seen_rows, tables.cases, tables.letters, tables.parts, tables.held_rows)
    files = [p for p in desk.home.bundles.rglob("*") if p.is_file()]
    return not any(count(desk, table) for table in watched) and not files


def test_a_report_among_cover_and_foreign_rows_becomes_a_case(desk: Desk, stick: Stick):
    w = world()
    cover = [w.seal(Record(Kind.COVER, os.urandom(16), 0, 0, b"")) for _ in range(3)]
    foreign = [w.seal(Record(Kind.COVER, os.urandom(16), 0, 0, b""), ["kpk"]) for _ in range(2)]
    found = import_bundle(desk, stick.write([*cover, *foreign, w.letter_row(Reporter().report("sungai keruh"))]))
    assert found == Imported(new=1, repeated=0, cover=3, foreign=2, incomplete=0, alarms=())
    case = show(desk)
    assert (case.name, case.status, case.readers) == ("K-0001", "received", ("sumsel",))
    assert case.fields["uraian"] == "sungai keruh"


def test_importing_twice_counts_the_same_and_changes_nothing(desk: Desk, stick: Stick):
    file = attach(b"x" * 10)
    rows = [*world().cover(2), world().letter_row(Reporter().report(files=[file])), *world().part_rows(file, b"x" * 10)]
    path = stick.write(rows)
    first = import_bundle(desk, path)
    watched = (tables.bundles, tables.seen_rows, tables.cases, tables.letters, tables.parts, tables.messages)
    before = [count(desk, table) for table in watched]
    second = import_bundle(desk, path)
    assert second == replace(first, new=0, repeated=1)
    assert [count(desk, table) for table in watched] == before


def test_the_bundle_is_kept_byte_for_byte(desk: Desk, stick: Stick):
    path = stick.write(world().cover(2))
    import_bundle(desk, path)
    kept = desk.home.bundles / "sumsel" / path.name
    assert kept.read_bytes() == path.read_bytes()
    assert [p.name for p in kept.parent.iterdir()] == [path.name]
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("defect", "error"),
    [
        (lambda data: data[:-1], Malformed),
        (lambda data: data[:3000], Malformed),
        (lambda data: b"", Malformed),
        (lambda data: data + b"\0", Malformed),
        (lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:], Tampered),
        (lambda data: data[:400] + bytes([data[400] ^ 1]) + data[401:], (Malformed, BadSignature)),
        (lambda data: data[:1500] + bytes([data[1500] ^ 1]) + data[1501:], (Malformed, BadSignature)),
        (lambda data: b"SNYO" + data[4:], Malformed),
    ],
    ids=["last_byte_cut", "cut_in_head", "empty", "trailing_byte", "row_byte_flipped", "manifest_byte_flipped",
         "signature_byte_flipped", "magic_of_an_outbox"],
)  # fmt: skip
def test_a_damaged_bundle_is_refused_and_leaves_nothing(desk: Desk, stick: Stick, defect, error):
    path = stick.write([world().letter_row(Reporter().report())])
    path.write_bytes(defect(path.read_bytes()))
    with pytest.raises(error):
        import_bundle(desk, path)
    assert is_untouched(desk)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"deployment": "demo-elsewhere"}, Refused),
        ({"to": "palembang"}, Refused),
        ({"to": "../../etc"}, Refused),
        ({"sender": "sumsel"}, Refused),
        ({"signer": SigningKey.generate()}, BadSignature),
        ({"seq": 100_000_000}, Malformed),
        ({"day": 2**70}, Malformed),
        ({"applied": Taken(2**63, bytes(64))}, Malformed),
    ],
    ids=["elsewhere", "to_palembang", "to_a_path", "of_a_station", "of_another_key", "seq", "day", "applied"],
)
def test_a_bundle_of_others_is_refused_and_leaves_nothing(desk: Desk, stick: Stick, change, error):
    with pytest.raises(error):
        import_bundle(desk, stick.write([world().letter_row(Reporter().report())], **change))
    assert is_untouched(desk)


def test_a_link_a_pipe_and_a_folder_are_no_bundle(desk: Desk, stick: Stick, tmp_path: Path):
    (tmp_path / "link").symlink_to(stick.write([]))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder"):
        with pytest.raises((Malformed, IsADirectoryError)):
            import_bundle(desk, tmp_path / name)
    assert is_untouched(desk)


def test_a_file_larger_than_any_bundle_is_refused_unread(desk: Desk, stick: Stick):
    path = stick.write([])
    os.truncate(path, 5 * 1024**3)
    with pytest.raises(Malformed, match="or fewer"):
        import_bundle(desk, path)


def test_another_bundle_of_a_known_number_is_a_fork(desk: Desk, stick: Stick, tmp_path: Path):
    path = stick.write([world().letter_row(Reporter().report())])
    import_bundle(desk, path)
    with pytest.raises(Alarm, match="dengan isi yang lain"):
        import_bundle(desk, Stick(tmp_path / "other").write([world().letter_row(Reporter().report())]))
    assert count(desk, tables.cases) == 1
    assert (desk.home.bundles / "sumsel" / path.name).read_bytes() == path.read_bytes()


def test_the_next_number_after_another_bundle_is_a_fork(desk: Desk, stick: Stick):
    import_bundle(desk, stick.write([]))
    with pytest.raises(Alarm, match="bukan lanjutan"):
        import_bundle(desk, stick.write([world().letter_row(Reporter().report())], previous=bytes(63) + b"\1"))
    assert count(desk, tables.cases) == 0


def test_a_first_bundle_that_follows_another_is_a_fork(desk: Desk, stick: Stick):
    with pytest.raises(Alarm, match="bukan lanjutan"):
        import_bundle(desk, stick.write([], previous=b"\1" * 64))


def test_a_gap_is_imported_with_a_warning(desk: Desk, stick: Stick):
    import_bundle(desk, stick.write([]))
    stick.write([])
    found = import_bundle(desk, stick.write([world().letter_row(Reporter().report())]))
    assert found.new == 1
    assert found.alarms == (
        "1 bundel sebelum bundel 3 belum pernah datang. Ambil bila stiknya tiba; bila tidak, isinya datang lagi",
    )


def test_an_older_bundle_never_seen_is_a_rollback_unless_its_successor_names_it(
    desk: Desk, stick: Stick, tmp_path: Path
):
    first = stick.write([])
    import_bundle(desk, first)
    after_first = replace(stick.last)
    second = stick.write([world().letter_row(Reporter().report())])
    import_bundle(desk, stick.write([]))
    with pytest.raises(Alarm, match="bundel 2 tidak dikenal di sini"):
        import_bundle(desk, Stick(tmp_path / "other", last=after_first).write(world().cover()))
    found = import_bundle(desk, second)
    assert (found.new, found.alarms) == (1, ("bundel 2 datang terlambat dan mengisi yang kurang",))


def test_a_replayed_older_bundle_is_only_a_repeat(desk: Desk, stick: Stick):
    first = stick.write([world().letter_row(Reporter().report())])
    import_bundle(desk, first)
    import_bundle(desk, stick.write([]))
    assert import_bundle(desk, first) == Imported(0, 1, 0, 0, 0, ())


def test_a_row_that_is_still_waiting_in_the_next_bundle_is_a_repeat(desk: Desk, stick: Stick):
    row = world().letter_row(Reporter().report())
    import_bundle(desk, stick.write([row]))
    assert import_bundle(desk, stick.write([row])) == Imported(0, 1, 0, 0, 0, ())


def test_an_outbox_that_this_vault_did_not_make_is_warned_of(desk: Desk, stick: Stick):
    found = import_bundle(desk, stick.write([], applied=Taken(7, b"\7" * 64)))
    assert [alarm.split(" yang ")[0] for alarm in found.alarms] == ["kotak menerima outbox 7"]


def test_an_excluded_unit_finds_foreign_rows_only(tmp_path: Path, stick: Stick):
    rows = [world().letter_row(Reporter().report("tentang palembang")), *world().cover(0)]
    path = stick.write(rows)
    with sit(world().copy_home("palembang", tmp_path), "palembang-1") as desk:
        found = import_bundle(desk, path)
        assert found == Imported(0, 0, 0, 1, 0, ())
        assert count(desk, tables.cases) == count(desk, tables.held_rows) == 0


def test_a_damaged_row_is_quarantined_and_the_rest_is_imported(desk: Desk, stick: Stick):
    w = world()
    good = w.letter_row(Reporter().report())
    not_json = w.seal(Record(Kind.LETTER, os.urandom(16), 0, 1, b"bukan json"))
    forwarded = w.seal(Record(Kind.FORWARDED, os.urandom(16), 0, 1, b""))
    far_part = w.seal(Record(Kind.ATTACHMENT, os.urandom(16), 4_000_000_000, 0, b""))
    sealed = w.seal(Record(Kind.COVER, os.urandom(16), 0, 0, b""))
    bad_body = sealed[:-1] + bytes([sealed[-1] ^ 1])
    no_row = bytes(262_144)
    too_old = w.seal(Record(Kind.COVER, os.urandom(16), 0, 0, b""), epoch=w.epoch - 9)
    path = stick.write([not_json, forwarded, far_part, bad_body, good, no_row, too_old])
    found = import_bundle(desk, path)
    assert found.new == 1
    assert [alarm[:13] for alarm in found.alarms] == ["5 baris rusak", "1 baris tetap"]
    assert replace(import_bundle(desk, path), alarms=()) == replace(found, new=0, repeated=1, alarms=())


def test_a_letter_with_a_number_no_column_holds_is_quarantined(desk: Desk, stick: Stick):
    rows = [world().letter_row(Reporter().report(day=2**80)), world().letter_row(Reporter().report())]
    found = import_bundle(desk, stick.write(rows))
    assert found.new == 1
    assert found.alarms[0].startswith("1 baris rusak")


def test_a_row_that_needs_more_reviewers_waits_and_opens_when_they_come(tmp_path: Path, stick: Stick):
    w = world()
    both = w.table.readers(["sumsel"], w.epoch)[0]
    stricter = replace(both, k=3)
    letter = Reporter().report()
    row = seal_row([stricter], w.epoch, Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter)), w.decoys)
    home, path = w.copy_home("sumsel", tmp_path), stick.write([row])
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        assert import_bundle(desk, path) == Imported(0, 0, 0, 0, 1, ())
        assert import_bundle(desk, path) == Imported(0, 0, 0, 0, 1, ())
    with sit(home, "sumsel-1", "sumsel-2", "sumsel-3") as desk:
        assert import_bundle(desk, stick.write([])) == Imported(1, 0, 0, 0, 0, ())
        assert count(desk, tables.held_rows) == 0
        assert import_bundle(desk, path) == Imported(0, 1, 0, 0, 0, ())


def test_a_row_foreign_to_one_reviewer_is_tried_again_by_another(tmp_path: Path):
    w = world()
    both = w.table.readers(["palembang"], w.epoch)[0]
    letter = Reporter(["palembang"]).report()
    record = Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter))
    row = seal_row([replace(both, members=both.members[1:])], w.epoch, record, w.decoys)
    home, path = w.copy_home("palembang", tmp_path), Stick(tmp_path / "stick").write([row])
    with sit(home, "palembang-1") as desk:
        assert import_bundle(desk, path) == Imported(0, 0, 0, 1, 0, ())
        assert import_bundle(desk, path) == Imported(0, 0, 0, 1, 0, ())
    with sit(home, "palembang-2") as desk:
        assert import_bundle(desk, path).new == 1


def test_rows_of_a_week_without_a_key_are_not_passed_over_in_silence(tmp_path: Path, stick: Stick):
    home = world().copy_home("sumsel", tmp_path)
    kept = []
    for key in sorted(home.glob(f"keyring/*/epoch-{world().epoch:08d}.key")):
        kept.append((key, key.read_bytes()))
        key.unlink()
    path = stick.write([world().letter_row(Reporter().report())])
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        found = import_bundle(desk, path)
        assert found.new == 0 and found.alarms[0].startswith("1 baris tetap tertutup: tidak ada kunci minggu")
    for key, data in kept:
        write_file(key, data)
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        assert import_bundle(desk, path) == Imported(1, 0, 0, 0, 0, ())


def test_a_crash_before_the_commit_leaves_a_bundle_that_can_be_imported(desk: Desk, stick: Stick, monkeypatch):
    path = stick.write([world().letter_row(Reporter().report())])
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("station.inbox._Run.report", lambda *_: 1 / 0)
        import_bundle(desk, path)
    assert count(desk, tables.bundles) == count(desk, tables.cases) == 0
    assert import_bundle(desk, path).new == 1


def test_a_full_disk_leaves_no_partial_file(desk: Desk, stick: Stick, monkeypatch):
    path = stick.write(world().cover(2))

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("station.bundles.os.fsync", full)
        import_bundle(desk, path)
    assert is_untouched(desk)


def test_a_station_that_does_not_collect_takes_what_a_collector_passes_on(tmp_path: Path, stick: Stick):
    reporter = Reporter(["palembang", "sumsel"])
    path = stick.write([world().letter_row(reporter.report())])
    with sit(world().copy_home("palembang", tmp_path), "palembang-2") as desk:
        assert import_bundle(desk, path).new == 1
        own = Stick(tmp_path / "own", to="palembang").write([])
        assert import_bundle(desk, own) == Imported(0, 0, 0, 0, 0, ())  # another chain: its number 1 is no fork
    with sit(world().copy_home("kpk", tmp_path), "kpk-1") as desk:
        with pytest.raises(Refused):
            import_bundle(desk, Stick(tmp_path / "not-a-collector", to="palembang").write([]))


def test_a_large_bundle_is_opened_by_several_processes_with_the_same_result(desk: Desk, stick: Stick, tmp_path: Path):
    file = attach(b"y" * 600_000)
    damaged = bytearray(world().cover()[0])
    damaged[20] = 1
    rows = [
        *world().cover(FEW_ROWS),
        *world().part_rows(file, b"y" * 600_000),
        world().letter_row(Reporter().report(files=[file])),
        world().letter_row(Reporter(("kpk",)).report()),
        bytes(damaged),
    ]
    again = rows[3]
    path = stick.write([*rows, again])
    parallel = import_bundle(desk, path)
    other = world().copy_home("sumsel", tmp_path / "other")
    with patch.object(openers, "FEW_ROWS", 10**6), sit(other, "sumsel-1", "sumsel-2") as alone:
        assert import_bundle(alone, path) == parallel
    assert (parallel.new, parallel.incomplete, len(parallel.alarms)) == (1, 0, 1)
    assert parallel.cover + parallel.foreign == FEW_ROWS + 1
    assert [a.state for a in show(desk).attachments] == [tables.FileState.WHOLE]


def test_a_report_in_a_bundle_with_a_wrong_day_is_held_and_opened_by_the_next_import(desk: Desk, stick: Stick):
    letter = world().letter_row(Reporter().report("sungai keruh"))
    path = stick.write([letter], day=today() + 7 * 20)
    found = import_bundle(desk, path)
    assert found.new == 0 and found.incomplete == 1 and found.alarms[0].startswith("1 baris tertahan")
    again = import_bundle(desk, path)
    assert again.new == 1 and show(desk).fields["uraian"] == "sungai keruh"
    assert count(desk, tables.held_rows) == 0


def far_rows(count: int, epoch: int) -> list[bytes]:
    """Return rows of a week, as anybody with the public keys can make them."""
    return [world().seal(Record(Kind.COVER, os.urandom(16), 0, 0, b""), epoch=epoch) for _ in range(count)]


@pytest.mark.parametrize("has_key", [False, True], ids=["no key", "control: a key"])
def test_rows_of_a_week_that_nobody_here_has_a_key_of_are_not_kept_and_tried_for_ever(
    desk: Desk, stick: Stick, has_key: bool
) -> None:
    """A drop box that wants to fill a vault can date 8,192 rows a visit a hundred years ahead: 2 GiB."""
    epoch = world().epoch + 1 if has_key else world().epoch + 5_000
    found = import_bundle(desk, stick.write(far_rows(20, epoch), day=today() - 7 * 20))
    assert count(desk, tables.held_rows) == (20 if has_key else 0)
    assert (found.incomplete, found.foreign) == ((20, 0) if has_key else (0, 20))
    assert [alarm.split(":")[0] for alarm in found.alarms] == [
        f"20 baris {'tertahan' if has_key else 'tetap tertutup'}"
    ]
    again = import_bundle(desk, stick.write([]))
    assert (count(desk, tables.held_rows), again.foreign) == (0, 20 if has_key else 0), "tried once and let go"


def take_away(desk: Desk, epoch: int) -> dict[Path, Path]:
    """Put all keys of a week elsewhere; return where, by where they were."""
    keys = [epoch_file(folder, epoch) for folder in desk.home.keyring.iterdir()]
    away = {key: key.with_suffix(".away") for key in keys}
    for key, place in away.items():
        key.rename(place)
    return away


def test_a_row_that_was_not_kept_opens_from_its_bundle_once_its_key_is_here(desk: Desk, stick: Stick) -> None:
    """Keys of the week that were away when it was imported: nobody erased them."""
    letter, week = Reporter().report("sungai keruh"), world().epoch
    path = stick.write([world().letter_row(letter)], day=today() + 7 * 20)
    away = take_away(desk, week)
    bare = replace(desk, home=replace(desk.home, ledger=replace(desk.home.ledger, batches=())))
    with patch("station.inbox.take_along", lambda _source, home, _day: (bare.home, ())):
        found = import_bundle(bare, path)
    assert (found.new, found.foreign, count(desk, tables.held_rows)) == (0, 1, 0)
    for key, place in away.items():
        place.rename(key)
    assert import_bundle(desk, path).new == 0 and count(desk, tables.held_rows) == 1
    assert import_bundle(desk, path).new == 1


def test_a_key_that_a_reviewer_has_and_this_station_lacks_keeps_a_row(desk: Desk, stick: Stick) -> None:
    """Its batch is at hand: the keyring may come back with the reviewer."""
    path = stick.write([world().letter_row(Reporter().report())], day=today() + 7 * 20)
    take_away(desk, world().epoch)
    assert import_bundle(desk, path).incomplete == 1 and count(desk, tables.held_rows) == 1
