"""P4: copies of the database, however far apart, do not show which mailboxes are real. Real ones stay, decoys do not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from crypto.mailbox import ROW_BYTES, place
from dropbox.mailboxes import replace_rows
from dropbox.services import Services
from dropbox.store import mailboxes

BOXES, REAL, OUTBOXES = 96, 24, 12
Place = Callable[[bytes, str, int], bytes]


def take(services: Services, real: list[bytes], seq: int, where: Place) -> set[bytes]:
    """Take one outbox; return the ids in the table."""
    ids = [where(box, "sumsel", seq) for box in real] + [os.urandom(16) for _ in range(BOXES - len(real))]
    with services.store.writing() as connection:
        replace_rows(connection, "sumsel", [(box, os.urandom(ROW_BYTES)) for box in sorted(ids)])
    return set(ids)


def seen_again(services: Services, home: Path, where: Place) -> int:
    """Return how many ids of a first copy can be found anywhere in a copy made many outboxes later."""
    real = [os.urandom(16) for _ in range(REAL)]
    first = take(services, real, 1, where)
    data = (home / "dropbox.db").read_bytes()
    assert all(box in data for box in first), "the search finds what is there"
    for seq in range(2, OUTBOXES + 1):
        last = take(services, real, seq, where)
    later = (home / "dropbox.db").read_bytes()
    with services.store.reading() as connection:
        assert set(connection.scalars(select(mailboxes.c.id))) == last
    return sum(box in later for box in first)


def test_two_copies_have_no_mailbox_in_common(services: Services, deployment: Path) -> None:
    assert seen_again(services, deployment / "server", place) == 0


def test_control_mailboxes_under_one_name_for_ever_show_how_many_are_real(services: Services, deployment: Path) -> None:
    assert seen_again(services, deployment / "server", lambda box, _station, _seq: box) == REAL


def test_the_number_that_sqlite_gives_to_a_row_follows_the_ids_alone(services: Services, deployment: Path) -> None:
    real = [os.urandom(16) for _ in range(REAL)]
    for seq in range(1, 4):
        take(services, real, seq, place)
    with services.store.reading() as connection:
        found = connection.exec_driver_sql("SELECT id FROM mailboxes WHERE station = 'sumsel' ORDER BY rowid").all()
    ids = [bytes(box) for (box,) in found]
    assert len(ids) == BOXES and ids == sorted(ids), "real ones do not stand together"


def test_the_table_is_what_the_last_outbox_said_and_quarrels_are_left_alone(services: Services) -> None:
    ours = take(services, [], 1, place)
    theirs = next(iter(ours))
    with services.store.writing() as connection:
        new = [(theirs, os.urandom(ROW_BYTES)), (bytes(16), os.urandom(ROW_BYTES))]
        assert replace_rows(connection, "kpk", new, {"sumsel", "kpk"}) == 1
        assert dict(connection.execute(select(mailboxes.c.id, mailboxes.c.station)).all()) == {
            **dict.fromkeys(ours, "sumsel"), bytes(16): "kpk",
        }  # fmt: skip


def test_the_rows_of_a_station_that_has_left_go_with_the_next_outbox_of_any(services: Services) -> None:
    ours = take(services, [], 1, place)
    box = next(iter(ours))
    with services.store.writing() as connection:
        assert replace_rows(connection, "kpk", [(box, os.urandom(ROW_BYTES))], {"kpk"}) == 0
        assert connection.execute(select(mailboxes.c.id, mailboxes.c.station)).all() == [(box, "kpk")]
