"""What stands beside a report on the page of its case: hints for those who read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from station.arrivals import arrivals
from station.cases import Case
from station.guard import letters_of
from station.hints import elements, is_actionable, tracks
from station.similar import similar


def hints(transaction: sa.Connection, case: Case, present: Sequence[str]) -> dict[str, Any]:
    """Return what the hints' templates show."""
    found = elements(case.fields, len(case.attachments))
    return {
        "elements": found,
        "actionable": is_actionable(found),
        "tracks": tracks(letters_of(transaction, case.id)),
        "similar": similar(transaction, case.id, present),
        "arrivals": arrivals(transaction, case.id),
    }
