"""What the units tell everybody: one year of one unit on a page."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from crypto.encoding import date_of
from dropbox import form
from dropbox.pages.show import show
from dropbox.services import directory, here
from dropbox.statistics import read_statistics, stations_with_statistics
from dropbox.statistics_texts import PROCESSES, TABLES, lines_of


def install(pages: Blueprint) -> None:
    """Add the page of this module."""
    pages.get("/statistik")(statistics)


def statistics() -> Response:
    """Show the year and the unit that the address asks for, by default the newest of the province."""
    roster = directory().roster
    with here().store.reading() as connection:
        stations = stations_with_statistics(connection, roster)
        wanted = request.args.get("unit", "")
        station = wanted if wanted in stations else next(iter(stations), "")
        found = read_statistics(connection, roster, station) if station else None
    years = {str(year.year): year for year in reversed(found.years)} if found else {}
    year = years.get(request.args.get("tahun", "")) or next(iter(years.values()), None)
    areas = form.area_options(roster, g.language)
    return show(
        "statistik.html",
        units=[(each, roster.group(roster.station(each).group)) for each in stations],
        station=station,
        years=list(years),
        year=year,
        cut=date_of(year.cut) if year else None,
        tables=[(TABLES[table.name], table, lines_of(table, dict(areas))) for table in year.tables] if year else [],
        processes=PROCESSES,
    )
