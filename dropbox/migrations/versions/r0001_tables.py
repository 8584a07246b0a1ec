"""The tables as they stood when revisions began. A database from before has them already and is taken over."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make the tables that are not there."""
    for name, columns in _TABLES.items():
        op.create_table(name, *columns, if_not_exists=True)


_TABLES: Final[dict[str, tuple[sa.schema.SchemaItem, ...]]] = {
    "slots": (sa.Column("id", sa.Integer, primary_key=True), sa.Column("waiting", sa.Integer, nullable=False)),
    "rows": (sa.Column("id", sa.Integer, primary_key=True), sa.Column("row", sa.LargeBinary, nullable=False)),
    "mailboxes": (
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("station", sa.String(24), nullable=False),
        sa.Column("row", sa.LargeBinary, nullable=False),
    ),
    "chains": (
        sa.Column("peer", sa.String(24)),
        sa.Column("direction", sa.String(3)),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary(64), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("peer", "direction"),
    ),
    "bundles": (
        sa.Column("peer", sa.String(24)),
        sa.Column("seq", sa.Integer),
        sa.Column("hash", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("peer", "seq"),
    ),
    "exports": (
        sa.Column("peer", sa.String(24)),
        sa.Column("seq", sa.Integer),
        sa.Column("slot", sa.Integer),
        sa.Column("row_hash", sa.LargeBinary(64), nullable=False),
        sa.Column("acknowledged", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("peer", "seq", "slot"),
    ),
}
