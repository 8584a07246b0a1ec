"""Bring a database from any revision to the newest one, or back to an older one, or refuse it. `Store` asks for it."""

from __future__ import annotations

from collections.abc import Callable
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
    _walk(connection, known, lambda revision: known._upgrade_revs("head", revision))  # no public name does this


def go_back(connection: Connection, target: str) -> None:
    """Undo the revisions after `target` within the caller's transaction, rows and all else untouched.

    Raises Unusable when one of them cannot be undone, or `target` is none of those before.
    """
    known = scripts()
    every = list(known.walk_revisions())  # the newest first
    before = next((place for place, each in enumerate(every) if each.revision == target), None)
    if before is None:
        raise Unusable(f"database: there is no revision {target} before this one. Nothing was changed")
    later = every[:before]
    if any(not hasattr(each.module, "downgrade") for each in later):
        raise Unusable(
            "database: what a newer revision changed cannot be undone. Nothing was changed: stay with this program, or "
            "restore the backup from before"
        )
    _walk(connection, known, lambda revision: known._downgrade_revs(target, revision))


def _walk(connection: Connection, known: ScriptDirectory, steps: Callable[[Any], Any]) -> None:
    def run(revision: Any, _context: object) -> Any:
        return steps(revision)

    try:
        with EnvironmentContext(Config(), known, fn=run) as environment:
            environment.configure(connection=connection)
            environment.run_migrations()
    except CommandError:
        raise Unusable(
            "database: it was made by a newer program than this one. Nothing was changed: install the newer program, "
            "or restore the backup from before"
        ) from None
