"""The vault: one SQLCipher file that holds every word of every report.

Its key is expanded from the vault key that only a quorum of reviewers can join. Its tables: station.tables.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2

from crypto.encoding import label
from keys.errors import RolledBack
from station import (
    referral_tables,  # noqa: F401 - its tables belong to every vault
    retention_tables,  # noqa: F401 - and these
    space,
)
from station.errors import DiskFull, VaultUnreadable
from station.tables import REPORTER, letters, meta, metadata

SCHEMA = "4"
_BEFORE = "2", "3"  # of letters they know no `told`; tables that they lack are made where they are missing
LOCK_SECONDS = 30


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

    Raises VaultUnreadable for another key, a damaged file or another schema, DiskFull, OSError.
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
        with closing(connect(path, vault_key)) as connection:
            _renew_letters(connection)
        with engine.begin() as transaction:
            metadata.create_all(transaction)
            for table in metadata.sorted_tables:
                for index in table.indexes:  # of a table that was there before
                    index.create(transaction, checkfirst=True)
            _check_schema(transaction)
    except (dbapi2.DatabaseError, sa.exc.DatabaseError) as error:
        engine.dispose()
        if "not a database" in str(error) or "malformed" in str(error):
            raise VaultUnreadable(
                "brankas (vault.db) rusak, atau kuncinya lain; isinya tidak berubah. Jangan hapus apa pun: panggil "
                "yang merawat mesin, cadangan terakhir dapat dipulihkan (senyap-station restore)"
            ) from None
        if "locked" in str(error):
            raise VaultUnreadable(
                f"program lain sudah {LOCK_SECONDS} detik menulis ke brankas; tunggu sampai selesai, lalu ulangi"
            ) from None
        if space.is_full(error):
            raise DiskFull(space.HERE) from None
        raise VaultUnreadable(space.VAULT) from None
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


def _renew_letters(connection: dbapi2.Connection) -> None:
    """Make the table of letters of an older vault anew: it took one letter of a content for each case.

    What was written to the reporter on the day a letter came counts as written later: a letter is rather shown twice
    than lost.
    """
    connection.execute("PRAGMA foreign_keys = OFF")  # files refer to letters by number; it has no effect inside
    connection.execute("BEGIN IMMEDIATE")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(letters)")]
    known = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() if columns else None
    if known is None or known[0] not in _BEFORE or "told" in columns:
        connection.execute("ROLLBACK")
        return
    told = "SELECT count(*) FROM messages m WHERE m.case_id = old.case_id AND m.sender != ? AND m.day < old.arrived"
    made = str(sa.schema.CreateTable(letters).compile(dialect=sqlite.dialect()))
    connection.execute(made.replace("CREATE TABLE letters", "CREATE TABLE new_letters"))
    names = "id, case_id, object_id, content, arrived, raw"
    copy = f"INSERT INTO new_letters ({names}, told) SELECT {names}, ({told}) FROM letters old"  # noqa: S608
    connection.execute(copy, (REPORTER,))
    connection.execute("DROP TABLE letters")
    connection.execute("ALTER TABLE new_letters RENAME TO letters")  # of this name, files go on to refer to it
    connection.execute("COMMIT")


def _check_schema(transaction: sa.Connection) -> None:
    found = read_meta(transaction, "schema")
    if found in (None, *_BEFORE):
        write_meta(transaction, "schema", SCHEMA)
    elif found != SCHEMA:
        raise VaultUnreadable(
            f"brankas ini dibuat versi lain dari program ini (bentuk {found}, di sini {SCHEMA}); isinya tidak berubah. "
            "Panggil yang merawat mesin: pasang versi program yang membuatnya, atau yang lebih baru"
        )
