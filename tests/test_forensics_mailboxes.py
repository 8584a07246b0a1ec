"""P4: a copy of the database does not show since when a mailbox is there. Real ones stay, decoys come and go."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, insert, select, update
from test_forensics_arena import LIMIT, spearman

from crypto.mailbox import ROW_BYTES
from dropbox.mailboxes import replace_rows
from dropbox.services import Services
from dropbox.store import mailboxes

BOXES, REAL, BIRTHS, ROUNDS = 96, 24, 8, 12
Replace = Callable[[Connection, str, Sequence[tuple[bytes, bytes]]], object]


def age(services: Services, replace: Replace) -> dict[bytes, int]:
    """Take outboxes in which decoys come and go; return the round in which each mailbox came."""
    born = {os.urandom(16): 0 for _ in range(BOXES)}
    real = set(list(born)[:REAL])
    for number in range(1, ROUNDS + 1):
        for box in random.SystemRandom().sample([box for box in born if box not in real], BIRTHS):
            del born[box]
        born |= {os.urandom(16): number for _ in range(BIRTHS)}
        rows = [(box, os.urandom(ROW_BYTES)) for box in sorted(born)]
        with services.store.writing() as connection:
            replace(connection, "sumsel", rows)
    return born


def places(services: Services, home: Path) -> dict[bytes, int]:
    """Return where the row of each mailbox begins in the file."""
    data = (home / "dropbox.db").read_bytes()
    with services.store.reading() as connection:
        return {found.id: data.index(found.row[:64]) for found in connection.execute(select(mailboxes))}


def numbers(services: Services) -> dict[bytes, int]:
    """Return the number that SQLite gave to the row of each mailbox."""
    with services.store.reading() as connection:
        found = connection.exec_driver_sql("SELECT id, rowid FROM mailboxes WHERE station = 'sumsel'").all()
    return {bytes(box): number for box, number in found}


def by_age(born: dict[bytes, int], where: dict[bytes, int]) -> float:
    """Return how far the order of the file agrees with the order of coming, in standard deviations."""
    chance = random.SystemRandom()
    in_order = sorted(born, key=lambda box: (born[box], chance.random()))
    ranks = {box: rank for rank, box in enumerate(sorted(where, key=where.__getitem__))}
    return spearman([ranks[box] for box in in_order])


def change_in_place(connection: Connection, station: str, new: Sequence[tuple[bytes, bytes]]) -> None:
    there = set(connection.scalars(select(mailboxes.c.id)))
    connection.execute(mailboxes.delete().where(mailboxes.c.id.in_(there - {box for box, _ in new})))
    for box, row in new:
        if box in there:
            connection.execute(update(mailboxes).where(mailboxes.c.id == box).values(row=row))
        else:
            connection.execute(insert(mailboxes).values(id=box, station=station, row=row))


def test_the_file_does_not_tell_since_when_a_mailbox_is_there(services: Services, deployment: Path) -> None:
    born = age(services, replace_rows)
    assert by_age(born, places(services, deployment / "server")) < LIMIT
    assert by_age(born, numbers(services)) < LIMIT


def test_control_rows_that_are_changed_in_place_stand_in_the_order_of_their_coming(
    services: Services, deployment: Path
) -> None:
    born = age(services, change_in_place)
    assert by_age(born, numbers(services)) > LIMIT


def test_the_table_is_what_the_last_outbox_said_and_quarrels_are_left_alone(services: Services) -> None:
    born = age(services, replace_rows)
    theirs = next(iter(born))
    with services.store.writing() as connection:
        assert (
            replace_rows(connection, "kpk", [(theirs, os.urandom(ROW_BYTES)), (bytes(16), os.urandom(ROW_BYTES))]) == 1
        )
        assert dict(connection.execute(select(mailboxes.c.id, mailboxes.c.station)).all()) == {
            **dict.fromkeys(born, "sumsel"), bytes(16): "kpk",
        }  # fmt: skip
