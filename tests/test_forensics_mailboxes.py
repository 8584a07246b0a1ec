"""P4: copies of the database, however far apart, do not show which mailboxes are real. Real ones stay, decoys do not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from crypto.mailbox import ROW_BYTES, place
from dropbox.mailboxes import kept_id, replace_rows
from dropbox.services import Services
from dropbox.store import mailboxes

BOXES, REAL, OUTBOXES = 96, 24, 12
Place = Callable[[bytes, str, int], bytes]


def take(services: Services, real: list[bytes], seq: int, where: Place) -> set[bytes]:
    """Take one outbox; return the ids that the table has now."""
    ids = [where(box, "sumsel", seq) for box in real] + [os.urandom(16) for _ in range(BOXES - len(real))]
    with services.store.writing() as connection:
        replace_rows(connection, "sumsel", [(box, os.urandom(ROW_BYTES)) for box in sorted(ids)])
    return {kept_id("sumsel", box) for box in ids}


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


def test_a_station_cannot_take_the_place_of_a_row_of_another(services: Services) -> None:
    box, mine, theirs = os.urandom(16), os.urandom(ROW_BYTES), os.urandom(ROW_BYTES)
    for station, row in (("kpk", theirs), ("sumsel", mine), ("kpk", theirs)):
        with services.store.writing() as connection:
            replace_rows(connection, station, [(box, row)], {"sumsel", "kpk"})
    with services.store.reading() as connection:
        found = connection.execute(select(mailboxes.c.station, mailboxes.c.row)).all()
    assert sorted(map(tuple, found)) == [("kpk", theirs), ("sumsel", mine)]


def test_the_rows_of_a_station_that_has_left_go_with_the_next_outbox_of_any(services: Services) -> None:
    take(services, [], 1, place)
    with services.store.writing() as connection:
        replace_rows(connection, "kpk", [(os.urandom(16), os.urandom(ROW_BYTES))], {"kpk"})
        assert list(connection.scalars(select(mailboxes.c.station))) == ["kpk"]
