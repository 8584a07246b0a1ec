"""What stations tell everybody: taken with an outbox, kept signed, shown as it was signed (formats §7)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from sqlalchemy import Connection, delete, insert, select

from crypto.errors import CryptoError
from crypto.signing import VerifyingKey
from crypto.statistics import MAX_YEARS, LostWeeks, Statistics, parse_statistics, verify_statistics
from dropbox.store import statistics
from keys.roster import Group, Roster

ALARM = "ALARM: statistics of {}: {}; those from before stay. Ask the station"


def take_statistics(
    connection: Connection, roster: Roster, station: str, files: Sequence[bytes], *, day: int
) -> list[str]:
    """Keep the file of a verified outbox's station; what is refused stops nothing and is told in warnings.

    A year that was published is never changed, taken back or put before a later one.
    """
    if not files:
        return []
    if len(files) > 1:
        return [ALARM.format(station, "more than one file")]
    try:
        new = verify_statistics(files[0], station, roster.deployment, roster.station(station).key)
    except CryptoError as error:
        return [ALARM.format(station, error)]
    if any(year.cut >= day for year in new.years):
        return [ALARM.format(station, "a year came before a whole quarter had passed")]
    known = connection.scalar(select(statistics.c.file).where(statistics.c.station == station))
    if known is not None:
        with suppress(CryptoError):  # a file that is damaged here says nothing against a good one
            if why := _contradiction(parse_statistics(known), new):
                return [ALARM.format(station, why)]
        connection.execute(delete(statistics).where(statistics.c.station == station))
    connection.execute(insert(statistics).values(station=station, file=files[0], lost=int(bool(new.lost))))
    return []


def _contradiction(old: Statistics, new: Statistics) -> str:
    """Say in words what a newer file takes back of an older one, "" for nothing."""
    if not old.years:
        return ""
    before, after = {each.year: each for each in old.years}, {each.year: each for each in new.years}
    if not after or max(after) < max(before):
        return "the newest year is missing"
    if any(after[year] != before[year] for year in before.keys() & after.keys()):
        return "a year says something else than when it was published"
    oldest = min(after) if len(after) == MAX_YEARS else min(before)  # only a full file leaves out its oldest years
    if any(year >= oldest for year in before.keys() - after.keys()):
        return "a year is missing"
    if any(year < max(before) for year in after.keys() - before.keys()):
        return "a year was put before one that was published"
    return ""


def stations_with_statistics(connection: Connection, roster: Roster) -> list[str]:
    """Return the ids of the roster's stations that have sent a file, those of the province first."""
    known = set(connection.scalars(select(statistics.c.station)))
    found = [station for station in roster.stations if station.id in known]
    return [station.id for station in sorted(found, key=lambda each: each.group != roster.province)]


def read_statistics(connection: Connection, roster: Roster, station: str) -> Statistics | None:
    """Return what a station has told; None where it has sent nothing, or nothing that its key of today signed."""
    data = connection.scalar(select(statistics.c.file).where(statistics.c.station == station))
    return None if data is None else _verified(data, station, roster.deployment, roster.station(station).key)


def read_lost(connection: Connection, roster: Roster) -> list[tuple[Group, LostWeeks]]:
    """Return the weeks whose keys units have lost, in the roster's order of stations."""
    speaking = set(connection.scalars(select(statistics.c.station).where(statistics.c.lost == 1)))
    files = [(x, read_statistics(connection, roster, x.id)) for x in roster.stations if x.id in speaking]
    return [(roster.group(station.group), weeks) for station, told in files if told for weeks in told.lost]


@lru_cache(maxsize=64)
def _verified(data: bytes, station: str, deployment: str, key: VerifyingKey) -> Statistics | None:
    """Verify once what every visitor reads: a stranger's copy of the database must not speak for a station."""
    try:
        return verify_statistics(data, station, deployment, key)
    except CryptoError:
        return None
