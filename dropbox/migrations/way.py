"""Bring a database from any revision to the newest one, or refuse it. `Store` asks for it when there is need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from dropbox.errors import Unusable


def scripts() -> ScriptDirectory:
    """Return the revisions that this program knows."""
    return ScriptDirectory(str(Path(__file__).parent))


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing within the caller's transaction; raises Unusable for one that is unknown."""
    known = scripts()

    def missing(revision: Any, _context: object) -> Any:
        return known._upgrade_revs("head", revision)  # as alembic's own command does; it has no public name

    try:
        with EnvironmentContext(Config(), known, fn=missing) as environment:
            environment.configure(connection=connection)
            environment.run_migrations()
    except CommandError:
        raise Unusable(
            "database: it was made by a newer program than this one. Nothing was changed: install the newer program, "
            "or restore the backup from before"
        ) from None
