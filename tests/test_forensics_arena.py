"""P4: a copy of the database files shows no number, order, day, size or recipient of reports.

What a copy shows is looked at in the file itself. Each test has a control in which the protection is off.
"""

from __future__ import annotations

import math
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SMALL, Clock, root_keys
from test_dropbox_keeper import pass_day

from crypto.encoding import today
from crypto.row import PREFIX_BYTES, ROW_BYTES, SLOT_BYTES, SLOTS, Kind, Record, make_header, seal_body
from dropbox.arena import Arena
from dropbox.keeper import Keeper
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.tally import Tally
from keys.rosterfile import sign_roster, verify_roster

QUOTA, SLOTS_OF_ARENA = 40, 512
LIMIT = 4.5  # standard deviations: by chance alone once in 100,000 runs
SAMPLES = 60
Q, COEFFICIENTS, BITS = 3_329, 3 * 256, 10  # ML-KEM-768: the first 960 bytes of a ciphertext are so many numbers


@pytest.fixture(scope="module")
def filled(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drop box with an arena of 128 MiB, filled with cover."""
    home = Path(shutil.copytree(demo / "server", tmp_path_factory.mktemp("arena") / "server"))
    pin = (home / "root.pin").read_bytes()
    roster = verify_roster((home / "roster.senyap").read_bytes(), previous=None, pin=pin, today=today())
    sizes = replace(SMALL, slots=SLOTS_OF_ARENA, daily_cover=QUOTA)
    (home / "roster.senyap").write_bytes(sign_roster(replace(roster, sizes=sizes), root_keys(demo)))
    Services.open(load_settings(home)).store.engine.dispose()
    return home


@pytest.fixture
def yard(filled: Path, tmp_path: Path) -> Iterator[Services]:
    services = Services.open(load_settings(Path(shutil.copytree(filled, tmp_path / "server"))))
    yield services
    services.store.engine.dispose()


def real_row(services: Services, group: str = "sumsel", kind: Kind = Kind.LETTER) -> bytes:
    """Seal a letter, as a report does."""
    readers = services.directory.readers((group,), today())
    header = make_header(readers, today() // 7, services.decoys)
    return seal_body(header, Record(kind, random.randbytes(16), 0, 1, b'{"uraian":"Begini."}' * 50))


def database(services: Services) -> Path:
    return services.settings.home / "dropbox.db"


# --- the order of writes -------------------------------------------------------------------------------


def spearman(ranks: Sequence[int]) -> float:
    """Return the rank correlation of a sequence of distinct numbers with their order, in standard deviations."""
    count, place = len(ranks), {value: at for at, value in enumerate(sorted(ranks))}
    distance = sum((at - place[value]) ** 2 for at, value in enumerate(ranks))
    return abs(1 - 6 * distance / (count * (count**2 - 1))) * math.sqrt(count - 1)


def offsets_of(services: Services, written: list[bytes]) -> list[int]:
    content = database(services).read_bytes()
    found = [content.find(row[:64]) for row in written]
    assert -1 not in found and len(set(found)) == len(found)
    return found


def write_in_order(services: Services, count: int) -> list[bytes]:
    written = [real_row(services) for _ in range(count)]
    for row in written:
        services.arena.put([], row)
    return written


def test_where_a_row_lies_does_not_tell_when_it_was_written(yard: Services) -> None:
    assert spearman(offsets_of(yard, write_in_order(yard, 150))) < LIMIT


def test_control_slots_taken_in_turn_tell_the_order(yard: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arena, "choose", staticmethod(lambda free, count: sorted(free)[:count]))
    assert spearman(offsets_of(yard, write_in_order(yard, 50))) > LIMIT


SEEDED = "import random; from dropbox import arena; arena._SHUFFLER = random.Random(0); "


@pytest.mark.parametrize("before", ["", SEEDED], ids=["as it is", "control: drawn from a seed"])
def test_slots_are_drawn_anew_in_each_process(before: str) -> None:
    """Whoever knew the seed would know the order, however random it looks."""
    code = f"{before}from dropbox.arena import Arena; print(Arena.choose(range(4096), 16))"
    first, second = (subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(2))
    assert (first.stdout == second.stdout) is bool(before)


def test_the_order_in_the_table_of_states_tells_nothing_either(yard: Services) -> None:
    """States are a number for each slot, in the order of slots; none is written in another place than before."""
    before = database(yard).stat().st_size
    written = write_in_order(yard, 50)
    with sqlite3.connect(f"file:{database(yard)}?mode=ro", uri=True) as db:
        assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
        states = db.execute("SELECT rowid, id, waiting FROM slots ORDER BY rowid").fetchall()
        assert [rowid for rowid, _id, _state in states] == [id for _rowid, id, _state in states]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert sum(state for _rowid, _id, state in states) == len(written)
    assert database(yard).stat().st_size == before, "nothing was added to the file"
    assert [p.name for p in yard.settings.home.glob("dropbox.db*")] == ["dropbox.db"], "no journal is left"
    assert tables == {"slots", "rows", "mailboxes", "chains", "bundles", "exports", "statistics", "alembic_version"}


def test_control_a_journal_that_stays_holds_rows_in_the_order_of_writes(yard: Services, tmp_path: Path) -> None:
    copy = Path(shutil.copy(database(yard), tmp_path / "copy.db"))
    written = [real_row(yard) for _ in range(8)]
    with sqlite3.connect(copy) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        for slot, row in zip(random.sample(range(SLOTS_OF_ARENA), 8), written, strict=True):
            db.execute("UPDATE rows SET row = ? WHERE id = ?", (row, slot))
            db.commit()
        log = copy.with_name("copy.db-wal").read_bytes()
    found = [log.find(row[:64]) for row in written]
    assert -1 not in found and found == sorted(found)


# --- how many slots a day changes ----------------------------------------------------------------------


@pytest.mark.parametrize("reports", [0, 1, 30])
def test_two_copies_a_day_apart_differ_in_as_many_slots(yard: Services, clock: Clock, reports: int) -> None:
    at = {float(second): 1 for second in range(1_000, 1_000 + reports * 900, 900)}
    assert pass_day(yard, clock, at) == QUOTA and yard.arena.counts()[0] == QUOTA


def test_control_without_cover_the_number_of_reports_is_the_number_of_changes(
    yard: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tally, "cover_is_due", lambda _self, _day: False)
    assert pass_day(yard, clock, {1_000.0: 3}) == 3


def test_a_report_of_60_mib_shows_as_a_day_and_cover_goes_on_after_it(yard: Services, clock: Clock) -> None:
    """That much is said in the threat model; what must not be is a day on which each new row is real."""
    keeper = Keeper(yard, clock)
    keeper.step()
    files = [real_row(yard, kind=Kind.ATTACHMENT) for _ in range(240)]
    for at in range(0, 240, 16):
        yard.arena.put(files[at : at + 16])
    yard.arena.put([], real_row(yard))
    assert pass_day(yard, clock, None, keeper) == 0, "the day's cover stands back"
    yard.arena.release(range(SLOTS_OF_ARENA), yard.make_cover)
    found = [pass_day(yard, clock, {50_000.0: 2}, keeper) for _ in range(3)]
    assert found == [QUOTA // 2] * 3, "reports do not show in them"


# --- how many transactions the header counts ------------------------------------------------------------


def transactions(services: Services) -> int:
    """Return the file change counter: SQLite counts every transaction that wrote, for as long as the file is there."""
    return int.from_bytes(database(services).read_bytes()[24:28], "big")


def counted_in_a_day(services: Services, clock: Clock, files: int) -> int:
    keeper = Keeper(services, clock)
    keeper.step()
    before = transactions(services)
    if files:
        services.arena.put([real_row(services, kind=Kind.ATTACHMENT) for _ in range(files)])
        services.arena.put([], real_row(services), before=files)
    pass_day(services, clock, None, keeper)
    return transactions(services) - before


@pytest.mark.parametrize("files", [0, 1, 9])
def test_the_header_counts_as_many_transactions_with_files_as_without(yard: Services, clock: Clock, files: int) -> None:
    assert counted_in_a_day(yard, clock, files) == QUOTA


def test_control_rows_of_one_transaction_show_as_transactions_that_are_missing(
    yard: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tally, "owes_transaction", lambda _self, _day: False)
    assert counted_in_a_day(yard, clock, 9) == QUOTA - 8


# --- what a row looks like -----------------------------------------------------------------------------


def numbers_of(row: bytes) -> Iterator[int]:
    """Yield the numbers of ten bits that stand where each slot's ciphertext begins."""
    for slot in range(SLOTS):
        start = PREFIX_BYTES + slot * SLOT_BYTES
        stream = int.from_bytes(row[start : start + COEFFICIENTS * BITS // 8], "little")
        for _ in range(COEFFICIENTS):
            yield stream & (2**BITS - 1)
            stream >>= BITS


def preimages() -> list[int]:
    """Return for each number of ten bits how many of the numbers below q are rounded to it."""
    found = [0] * 2**BITS
    for x in range(Q):
        found[((x << BITS) + Q // 2) // Q % 2**BITS] += 1
    return found


LIKELY = [math.log(count * 2**BITS / Q) for count in preimages()]


def likelihood(row: bytes) -> float:
    """Return how much likelier these numbers are as ciphertexts of ML-KEM than as random bytes, as a logarithm."""
    return sum(LIKELY[number] for number in numbers_of(row))


def accuracy(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return how often a threshold learned from the first halves tells the second halves apart, either way round."""
    half = len(ours) // 2
    middle = (sum(ours[:half]) + sum(theirs[:half])) / (2 * half)
    right = sum(x > middle for x in ours[half:]) + sum(x <= middle for x in theirs[half:])
    return max(right, 2 * half - right) / (2 * half)


@pytest.fixture(scope="module")
def samples(filled: Path) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Rows of cover, and letters for groups of one, two and more reviewers."""
    services = Services.open(load_settings(filled))
    groups = ("sumsel", "palembang", "kpk", "oki")
    yield (
        [services.make_cover() for _ in range(2 * SAMPLES)],
        [real_row(services, groups[number % len(groups)]) for number in range(2 * SAMPLES)],
    )
    services.store.engine.dispose()


def most_by_chance() -> float:
    return 0.5 + LIMIT * 0.5 / math.sqrt(2 * SAMPLES)


def test_numbers_inside_the_ciphertexts_do_not_tell_a_letter_from_cover(
    samples: tuple[list[bytes], list[bytes]],
) -> None:
    cover, letters = ([likelihood(row) for row in rows] for rows in samples)
    assert accuracy(letters, cover) < most_by_chance()


def test_control_the_same_numbers_tell_random_bytes_from_a_row(samples: tuple[list[bytes], list[bytes]]) -> None:
    noise = [random.randbytes(ROW_BYTES) for _ in range(2 * SAMPLES)]
    assert accuracy([likelihood(row) for row in samples[1]], [likelihood(row) for row in noise]) > 0.97


def byte_score(row: bytes, weights: Sequence[float]) -> float:
    return sum(weight * row.count(value) for value, weight in enumerate(weights))


def learn_bytes(one: Sequence[bytes], two: Sequence[bytes]) -> list[float]:
    """Return for each byte how much more often it stands in rows of the first kind."""
    counts = [[sum(row.count(value) for row in rows) + 1 for value in range(256)] for rows in (one, two)]
    return [math.log(a / b) for a, b in zip(*counts, strict=True)]


def test_the_bytes_of_a_row_do_not_tell_a_letter_from_cover(samples: tuple[list[bytes], list[bytes]]) -> None:
    cover, letters = samples
    weights = learn_bytes(letters[:SAMPLES], cover[:SAMPLES])
    scores = [[byte_score(row, weights) for row in rows] for rows in (letters, cover)]
    assert accuracy(*scores) < most_by_chance()


def test_control_the_same_bytes_tell_a_letter_that_is_not_padded_with_what_looks_random(
    samples: tuple[list[bytes], list[bytes]],
) -> None:
    cover, letters = samples
    letters = [row[:-1_000] + b'{"uraian":"Begini."}' * 50 for row in letters]
    weights = learn_bytes(letters[:SAMPLES], cover[:SAMPLES])
    assert accuracy(*([byte_score(row, weights) for row in rows] for rows in (letters, cover))) > 0.97


def test_behind_the_prefix_of_its_week_no_place_has_a_byte_of_its_own(
    samples: tuple[list[bytes], list[bytes]],
) -> None:
    cover, letters = samples
    assert len({row[:PREFIX_BYTES] for row in (*cover, *letters)}) == 1
    for rows in samples:
        for place in (*range(PREFIX_BYTES, PREFIX_BYTES + 64), ROW_BYTES - 1):
            assert len({row[place] for row in rows}) > 40
