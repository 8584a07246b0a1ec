"""Send forms to the application in this process, as a browser would, and open what it stored."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

from flask.testing import FlaskClient
from live import BOUNDARY, REPORT, Answer, Upload, multipart, passphrases
from sqlalchemy import Connection, select

from crypto import letter as letters
from crypto import mailbox, row
from crypto.errors import NotForThisKey
from crypto.receipt import Receipt
from dropbox.chain import last_of
from dropbox.mailboxes import replace_rows
from dropbox.services import Services
from dropbox.store import rows, slots
from keys.keyring import Keyring

Fields = Mapping[str, str | list[str]] | list[tuple[str, str]]


def get(client: FlaskClient, path: str) -> Answer:
    answer = client.get(path)
    return Answer(answer.status_code, dict(answer.headers), answer.data)


def post(
    client: FlaskClient,
    path: str,
    fields: Fields,
    files: Iterable[Upload] = (),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    answer = client.post(path, data=multipart(fields, files), content_type=kind, headers=dict(headers or {}))
    return Answer(answer.status_code, dict(answer.headers), answer.data)


def put_news(connection: Connection, station: str, secrets: Receipt, row: bytes) -> None:
    """Make a row the only one of a station, where its newest outbox would have put it."""
    seq = last_of(connection, station, "in").seq
    replace_rows(connection, station, [(mailbox.place(secrets.mailbox, station, seq), row)])


def report(client: FlaskClient, files: Iterable[Upload] = (), **changes: str | list[str]) -> Answer:
    """Send a complete report with a fresh form; `changes` replace or add fields."""
    seed = get(client, "/lapor").hidden("benih")
    return post(client, "/lapor", {"benih": seed, **REPORT, **changes}, files)


def open_box(client: FlaskClient, words: Iterable[str]) -> Answer:
    return post(client, "/kotak", {"kode": " ".join(words)})


@functools.cache
def ring(demo: Path, station: str, reviewer: str) -> Keyring:
    """Open one demo reviewer's keyring (0.2 s, kept)."""
    words = dict(passphrases(demo))[reviewer]
    return Keyring.open(demo / "stations" / station / "keyring" / reviewer, reviewer, words)


def waiting(services: Services) -> list[bytes]:
    """Return the rows that wait for the courier."""
    with services.store.reading() as connection:
        query = select(rows.c.row).join(slots, slots.c.id == rows.c.id).where(slots.c.waiting == 1).order_by(slots.c.id)
        return list(connection.scalars(query))


def opened(services: Services, demo: Path, station: str, *reviewers: str) -> list[row.Record]:
    """Open the waiting rows with these reviewers; rows for others are left out."""
    found = []
    for sealed in waiting(services):
        epoch = row.row_epoch(sealed)
        keys = [key for r in reviewers if (key := ring(demo, station, r).opening_key(epoch))]
        try:
            record = row.open_row(sealed, keys)
        except NotForThisKey:
            continue
        if isinstance(record, row.Record):
            found.append(record)
    return found


def letters_of(records: Iterable[row.Record]) -> list[letters.Letter]:
    return [letters.parse_letter(r.data) for r in records if r.kind is row.Kind.LETTER]
