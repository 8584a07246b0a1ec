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
from keys.errors import RolledBack
from station.errors import VaultUnreadable

SCHEMA = "3"
_BEFORE = "2"  # lacked tables alone, which are made where they are missing
LOCK_SECONDS = 30
REPORTER = "reporter"
NO_EPOCH = -1  # of a row whose prefix is damaged


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

# schema · roster: the highest version this vault worked with · of a backup: copied, its day; copied-at, the number of
# the last outbox then
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
    sa.Column("roster_version", Int, nullable=False),
    sa.Column("oldest_epoch", Int, nullable=False),
)

# `tried`: for a foreign row, the reviewers whose keys were tried, so that others can try again; `epoch` is that
# of its prefix
seen_rows = sa.Table(
    "seen_rows",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("tried", Text, nullable=False, default=""),
    sa.Column("epoch", Int, nullable=False),
    sqlite_with_rowid=False,
)

held_rows = sa.Table(
    "held_rows",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("raw", Blob, nullable=False),
    sa.Column("epoch", Int, nullable=False),
    sa.Column("tried", Text, nullable=False),
)

# a share that a reviewer found in a held row, sealed to a later weekly key of that reviewer: that of `epoch`
held_shares = sa.Table(
    "held_shares",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("reviewer", Text, primary_key=True),
    sa.Column("epoch", Int, nullable=False),
    sa.Column("sealed", Blob, nullable=False),
)

# which weekly keys were erased, on what day, and the bundle that allowed it; written before the file goes
erased_keys = sa.Table(
    "erased_keys",
    metadata,
    sa.Column("reviewer", Text, primary_key=True),
    sa.Column("epoch", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("to", Text, nullable=False),
    sa.Column("seq", Int, nullable=False),
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

# cases whose reporter asked that the mailbox be given up, and on what day the request came
closed_boxes = sa.Table(
    "closed_boxes",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
)

# letters that the station knows beforehand (station.canaries): the hash of a text and of its runs of words, never
# the text; `fields`: where its recipe sends it; a bundle of a day after `due` must have brought it; `because`: what
# people found out; `settled`: of how many arrivals
canaries = sa.Table(
    "canaries",
    metadata,
    sa.Column("number", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("due", Int, nullable=False),
    sa.Column("fingerprint", Blob, nullable=False, unique=True),
    sa.Column("pieces", sa.JSON, nullable=False),
    sa.Column("fields", sa.JSON, nullable=False),
    sa.Column("files", Int, nullable=False),
    sa.Column("because", Text, nullable=False),
    sa.Column("settled", Int, nullable=False),
)

# cases that are no reports: a canary made them; `remarks`: what was strange about it
canary_cases = sa.Table(
    "canary_cases",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("number", Int, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("remarks", sa.JSON, nullable=False),
)

# what the list of cases is filtered by, as the first letter says it (station.search)
facets = sa.Table(
    "facets",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("unit", Text, nullable=False),
    sa.Column("kategori", Text, nullable=False),
    sa.Column("kerugian", Text, nullable=False),
)

outboxes = sa.Table(
    "outboxes",
    metadata,
    sa.Column("seq", Int, primary_key=True, autoincrement=False),
    sa.Column("hash", Blob, nullable=False),
    sa.Column("day", Int, nullable=False),
)


# --- what reviewers wrote. A step is never changed: the last one says since when a case stands as it does ---

# `by` took it, `approved` said yes to it where two were needed; `detail`: outcome, reason or recipient; `text`: to
# the reporter; `note`: for the file
steps = sa.Table(
    "steps",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("approved", Text, nullable=False),
)

# who did what to which case on which day (station.audit); an entry is never changed, each hashes the one before
log = sa.Table(
    "log",
    metadata,
    sa.Column("number", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("deed", Text, nullable=False),
    sa.Column("case_id", Int, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("hash", Blob, nullable=False),
)

# one at most for a case; it goes when it is approved, refused or taken back
proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("by", Text, nullable=False),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
)

# said before a case is opened for the first time; `conflict`: 1 where this reviewer must not read it
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("reviewer", Text, primary_key=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("conflict", Int, nullable=False),
)


def connect(path: Path, vault_key: bytes) -> dbapi2.Connection:
    """Return a bare connection to a vault; whether the key opens it shows at the first statement."""
    connection = dbapi2.connect(str(path), isolation_level=None, timeout=LOCK_SECONDS)
    # DELETE and secure_delete: no second file and no freed page keeps what was removed
    for pragma in (
        f'key = "{raw_key(vault_key)}"',
        "temp_store = MEMORY",
        "journal_mode = DELETE",
        "synchronous = EXTRA",
        "secure_delete = ON",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def raw_key(vault_key: bytes) -> str:
    """Return the database key of a vault key, as SQLCipher wants to be told it."""
    return f"x'{HKDFExpand(hashes.SHA512(), 32, label('senyap/v1/vault-db')).derive(vault_key).hex()}'"


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read, unless there is one; raises OSError, too, for a link."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))


def open_vault(path: Path, vault_key: bytes) -> sa.Engine:
    """Open the vault, or make an empty one, with the 32-byte vault key.

    Raises VaultUnreadable for another key, a damaged file or another schema, OSError.
    """
    make_file(path)
    engine = sa.create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: connect(path, vault_key),
        poolclass=NullPool,
        hide_parameters=True,
    )
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as transaction:
            metadata.create_all(transaction)
            _check_schema(transaction)
    except (dbapi2.DatabaseError, sa.exc.DatabaseError) as error:
        engine.dispose()
        if "not a database" in str(error) or "malformed" in str(error):
            raise VaultUnreadable("vault: this key does not open it, or it is damaged") from None
        if "locked" in str(error):
            raise VaultUnreadable(f"vault: another program has been writing for {LOCK_SECONDS} seconds") from None
        raise VaultUnreadable("vault: cannot be read or written") from None
    return engine


def note_roster(transaction: sa.Connection, version: int) -> None:
    """Remember the highest roster version the vault worked with; raises RolledBack for a lower one."""
    known = int(read_meta(transaction, "roster") or 0)
    if version < known:
        raise RolledBack(
            f"roster: version {version} lies in this station's folder, its vault has worked with version {known}; "
            "somebody put an old file back"
        )
    if version > known:
        write_meta(transaction, "roster", str(version))


def read_meta(transaction: sa.Connection, name: str) -> str | None:
    """Return what the vault says of itself under a name."""
    found = transaction.scalar(sa.select(meta.c.value).where(meta.c.name == name))
    return None if found is None else str(found)


def write_meta(transaction: sa.Connection, name: str, value: str) -> None:
    """Set what the vault says of itself under a name."""
    transaction.execute(sa.insert(meta).prefix_with("OR REPLACE").values(name=name, value=value))


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_schema(transaction: sa.Connection) -> None:
    found = read_meta(transaction, "schema")
    if found in (None, _BEFORE):
        write_meta(transaction, "schema", SCHEMA)
    elif found != SCHEMA:
        raise VaultUnreadable(f"vault: made by another version of this program (schema {found}, want {SCHEMA})")
