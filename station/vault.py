"""The vault: one SQLCipher file that holds every word of every report.

Its key is expanded from the vault key that only a quorum of reviewers can join. Rows of a bundle are
kept here in the clear of SQLCipher; the bundle itself lies beside it, still sealed.
"""

from __future__ import annotations

import enum
import os
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2

from crypto.encoding import label
from station.errors import VaultUnreadable

SCHEMA = "1"
LOCK_SECONDS = 30
REPORTER = "reporter"


class Outcome(enum.StrEnum):
    """What became of one row. Stored, so that the same row is never judged twice."""

    COVER = "cover"
    FOREIGN = "foreign"
    PART = "part"
    LETTER = "letter"
    REPEAT = "repeat"
    HELD = "held"  # waits for more reviewers
    ORPHAN = "orphan"  # a follow-up that waits for its report
    QUARANTINED = "quarantined"
    REFUSED = "refused"


class FileState(enum.IntEnum):
    """How far an attachment has come."""

    WAITING = 0
    WHOLE = 1
    DAMAGED = 2  # all parts are there and their hash is wrong


metadata = sa.MetaData()
Int, Text, Blob = sa.Integer, sa.Text, sa.LargeBinary

meta = sa.Table("meta", metadata, sa.Column("name", Text, primary_key=True), sa.Column("value", Text, nullable=False))

bundles = sa.Table(
    "bundles",
    metadata,
    sa.Column("sender", Text, primary_key=True),
    sa.Column("to", Text, primary_key=True),
    sa.Column("seq", Int, primary_key=True, autoincrement=False),
    sa.Column("hash", Blob, nullable=False),
    sa.Column("previous", Blob, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("applied_seq", Int, nullable=False),
    sa.Column("applied_hash", Blob, nullable=False),
)

# `tried`: for a foreign row, the reviewers whose keys were tried, so that others can try again
seen_rows = sa.Table(
    "seen_rows",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("tried", Text, nullable=False, default=""),
    sqlite_with_rowid=False,
)

held_rows = sa.Table(
    "held_rows",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("raw", Blob, nullable=False),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("mailbox", Blob, nullable=False, unique=True),
    sa.Column("reply_key", Blob, nullable=False),
    sa.Column("thread_key", Blob, nullable=False),
    sa.Column("claim", Blob, nullable=False),
    sa.Column("mailbox_name", Text, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("language", Text, nullable=False),
    sa.Column("readers", sa.JSON, nullable=False),
    sa.Column("day", Int, nullable=False),
)

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("object_id", Blob, nullable=False),
    sa.Column("content", Blob, nullable=False),
    sa.Column("arrived", Int, nullable=False),
    sa.Column("raw", Blob, nullable=False),
    sa.UniqueConstraint("case_id", "content"),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("letter_id", sa.ForeignKey("letters.id"), nullable=False),
    sa.Column("object_id", Blob, nullable=False, index=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("media_type", Text, nullable=False),
    sa.Column("size", Int, nullable=False),
    sa.Column("parts", Int, nullable=False),
    sa.Column("sha256", Blob, nullable=False),
    sa.Column("key", Blob, nullable=False),
    sa.Column("cleaned", Text, nullable=False),
    sa.Column("state", Int, nullable=False),
)

parts = sa.Table(
    "parts",
    metadata,
    sa.Column("object_id", Blob, primary_key=True),
    sa.Column("part", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("data", Blob, nullable=False),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("sender", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
)

held_letters = sa.Table(
    "held_letters",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("mailbox", Blob, nullable=False, index=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("raw", Blob, nullable=False),
)

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    sa.Column("id", Blob, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=True, unique=True),  # NULL: cover
    sa.Column("born", Int, nullable=False),
)

outboxes = sa.Table(
    "outboxes",
    metadata,
    sa.Column("seq", Int, primary_key=True, autoincrement=False),
    sa.Column("hash", Blob, nullable=False),
    sa.Column("day", Int, nullable=False),
)


def open_vault(path: Path, vault_key: bytes) -> sa.Engine:
    """Open the vault, or make an empty one, with the 32-byte vault key.

    Raises VaultUnreadable for another key or a damaged file, OSError.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    key = HKDFExpand(hashes.SHA512(), 32, label("senyap/v1/vault-db")).derive(vault_key)

    def connect() -> dbapi2.Connection:
        connection = dbapi2.connect(str(path), isolation_level=None, timeout=LOCK_SECONDS)
        # DELETE and secure_delete: no second file and no freed page keeps what was removed
        for pragma in (
            f"key = \"x'{key.hex()}'\"",
            "temp_store = MEMORY",
            "journal_mode = DELETE",
            "synchronous = EXTRA",
            "secure_delete = ON",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = sa.create_engine("sqlite://", module=dbapi2, creator=connect, poolclass=NullPool, hide_parameters=True)
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as transaction:
            metadata.create_all(transaction)
            _check_schema(transaction)
    except (dbapi2.DatabaseError, sa.exc.DatabaseError) as error:
        engine.dispose()
        if "not a database" in str(error) or "malformed" in str(error):
            raise VaultUnreadable("vault: this key does not open it, or it is damaged") from None
        raise VaultUnreadable("vault: cannot be read or written") from None
    return engine


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_schema(transaction: sa.Connection) -> None:
    found = transaction.scalar(sa.select(meta.c.value).where(meta.c.name == "schema"))
    if found is None:
        transaction.execute(sa.insert(meta).values(name="schema", value=SCHEMA))
    elif found != SCHEMA:
        raise VaultUnreadable(f"vault: schema {found}, want {SCHEMA}")
