"""Copies of cases that another station answers: which cases are some, and what their time counts from.

A copy may be the last of its kind, and no machine knows what another one holds. So nothing that this station has ever
led is a copy, and time starts anew whenever another station answers (docs/decisions/0046).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from keys.ledger import Ledger
from keys.roster import Roster
from station.home import SERVER, Home
from station.retention_tables import answering, led_cases
from station.tables import bundles, cases, steps
from station.transitions import OPEN
from station.vault import read_meta, write_meta

NOTED = "leads"  # in the vault: the roster version and the newest case as of which it is noted who leads
_FIRST_READER = sa.func.json_extract(cases.c.readers, "$[0]")


def note_leads(transaction: sa.Connection, home: Home, day: int) -> None:
    """Note which cases this station leads, and since when which stations answer, by every roster since the last time.

    Called before an import makes cases and after it: what comes under a new roster was never led by an older one.
    Raises BrokenChain, OSError.
    """
    version, case_id = map(int, (read_meta(transaction, NOTED) or "0 0").split())
    since = max(day, _newest_day(transaction) or day)  # a clock that was set back must not make it long ago
    for roster in _rosters_from(home.ledger, version):
        _note_led(transaction, roster, home.id, case_id if roster.version == version else 0)
        _note_answering(transaction, roster, since)
    newest = transaction.scalar(sa.select(sa.func.max(cases.c.id))) or 0
    write_meta(transaction, NOTED, f"{home.roster.version} {newest}")


def sure_day(transaction: sa.Connection, day: int) -> int | None:
    """Return `day`, no later than that of the newest bundle, which the drop box signed; None before the first."""
    newest = _newest_day(transaction)
    return None if newest is None else min(day, newest)


def answered_since(transaction: sa.Connection, home: Home) -> dict[str, int]:
    """Return the units for which another station answers by the roster in force, and since what day it does."""
    now = _answering(home.roster)
    if home.station.lead:
        now.pop(home.station.group, None)
    rows = transaction.execute(sa.select(answering)).all()
    return {row.group: row.since for row in rows if row.stations and now.get(row.group) == row.stations}


def are_copies(groups: Iterable[str]) -> sa.ColumnElement[bool]:
    """Tell of open cases whether others answer for their first reader, and this station never led or worked on them."""
    return sa.and_(
        cases.c.status.in_(OPEN),
        _FIRST_READER.in_(sorted(groups)),
        cases.c.id.not_in(sa.select(steps.c.case_id)),
        cases.c.id.not_in(sa.select(led_cases.c.case_id)),
    )


def find(transaction: sa.Connection, since: Mapping[str, int], *only: sa.ColumnElement[bool]) -> dict[int, int]:
    """Return the copies of which something holds, and since when the present lead station answers each."""
    query = sa.select(cases.c.id, _FIRST_READER).where(*only, are_copies(since))
    return {case: since[group] for case, group in transaction.execute(query)}


def _newest_day(transaction: sa.Connection) -> int | None:
    newest: int | None = transaction.scalar(sa.select(sa.func.max(bundles.c.day)).where(bundles.c.sender == SERVER))
    return newest


def _rosters_from(ledger: Ledger, version: int) -> list[Roster]:
    """Return the rosters at hand from a version on, oldest first."""
    found: list[Roster] = []
    for roster in ledger.history():
        found.insert(0, roster)
        if roster.version <= version:
            break
    return found


def _note_led(transaction: sa.Connection, roster: Roster, own: str, after: int) -> None:
    leading = {station.group for station in roster.stations if station.id == own and station.lead}
    known = sa.select(led_cases.c.case_id)
    led = sa.select(cases.c.id).where(
        cases.c.id > after, cases.c.status.in_(OPEN), _FIRST_READER.in_(leading), cases.c.id.not_in(known)
    )
    transaction.execute(sa.insert(led_cases).from_select(["case_id"], led))


def _note_answering(transaction: sa.Connection, roster: Roster, since: int) -> None:
    known, now = {row.group: row for row in transaction.execute(sa.select(answering)).all()}, _answering(roster)
    for group in known.keys() | now.keys():
        stations, row = now.get(group, b""), known.get(group)
        if row is None or row.stations != stations or row.since > since:  # else the clock ran fast that day
            values = {"group": group, "stations": stations, "since": since}
            transaction.execute(sa.insert(answering).prefix_with("OR REPLACE").values(values))


def _answering(roster: Roster) -> dict[str, bytes]:
    """Return a hash of the lead stations of each unit that has reviewers and such a station, by unit."""
    found: dict[str, bytes] = {}
    for group in (group.id for group in roster.groups if group.members):
        leads = sorted((s.id, s.key.raw) for s in roster.stations if s.lead and s.group == group)
        if leads:
            found[group] = hashlib.sha256(b"".join(name.encode("ascii") + b"\0" + key for name, key in leads)).digest()
    return found
