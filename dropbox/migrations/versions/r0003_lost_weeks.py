"""Whether a station's file names weeks whose keys were lost: each page asks, and reads no file where none does."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Add the column, unless a database that lost its number has it."""
    if "lost" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("statistics")}:
        op.add_column("statistics", sa.Column("lost", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the column: each station's next file says it again."""
    op.drop_column("statistics", "lost")
