"""The table of what stations tell everybody."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the table, unless a database that lost its number has it."""
    op.create_table(
        "statistics",
        sa.Column("station", sa.String(24), primary_key=True),
        sa.Column("file", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Drop the table: each station's next outbox brings its file again."""
    op.drop_table("statistics")
