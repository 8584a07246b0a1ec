"""Revisions of the database's tables, one file each under `versions/`, and the way to the newest (formats §7).

A store that is at the newest one loads none of this: looking costs one query, alembic half a second.
"""

from __future__ import annotations

NEWEST = "0003"  # the last of versions/: a database that says so needs nothing
