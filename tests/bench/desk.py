"""What the case desk takes with many cases: pages as the browser gets them, beside SQLite's own time for their queries."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from conftest_station import Reporter
from deployment import STATION, Site
from flask.testing import FlaskClient

from crypto.encoding import today
from crypto.letter import build_letter
from crypto.receipt import wordlist
from keys.units import GOVERNMENTS
from station import search
from station.letters import parse_opened, take_letter
from station.questions import question
from station.session import Session
from station.web import COOKIE, create_desk

PORT = 8090
WORDS_A_REPORT = 120


@dataclass(frozen=True)
class Page:
    """Milliseconds of one page: 95 of 100 tries were no longer, and of its queries alone."""

    name: str
    milliseconds: float
    queries: float


def fill(site: Site, count: int) -> None:
    """Put so many reports into the vault by the rules for letters; sealing and opening are left out."""
    draw, words = random.Random(7), wordlist()
    areas, kinds, losses = list(GOVERNMENTS), list(question("kategori").choices), list(question("nilai").choices)
    with site.desk() as desk, desk.vault.begin() as transaction:
        for _ in range(count):
            told = " ".join(draw.choices(words, k=WORDS_A_REPORT))
            fields = {"uraian": told, "wilayah": draw.choice(areas), "kategori": draw.choice(kinds)}
            letter = Reporter().report(fields=fields | {"nilai": draw.choice(losses)})
            opened = parse_opened(os.urandom(64), build_letter(letter), today() - draw.randrange(200))
            take_letter(transaction, opened, desk.home.station.group)
        search.take_in(transaction)


@contextmanager
def browser(site: Site) -> Iterator[tuple[FlaskClient, Session]]:
    """Open the desk with the quorum; the client shows what a browser would."""
    session = Session(site.folder / "stations" / STATION, allow_network=True)
    client = create_desk(session, PORT).test_client()
    shown = [session.enter(who, words) for who, words in site.passphrases.items()]
    client.set_cookie(client.application.extensions[COOKIE], shown[-1], domain="127.0.0.1")
    yield client, session
    session.close()


def time_pages(site: Site, tries: int) -> list[Page]:
    """Ask for the pages that reviewers wait for."""
    word = wordlist()[0]
    paths = {
        "list": "/perkara",
        "list, filtered": "/perkara?status=received&kategori=suap&lewat=1",
        "search": f"/perkara?cari={word}",
        "search, two words": f"/perkara?cari={word}+{wordlist()[1]}",
    }
    with browser(site) as (client, session):
        return [_time(client, session, name, path, tries) for name, path in paths.items()]


def _time(client: FlaskClient, session: Session, name: str, path: str, tries: int) -> Page:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    origin = f"http://127.0.0.1:{PORT}"
    with session.desk() as desk:
        sa.event.listen(desk.vault, "before_cursor_execute", note)
        if client.get(path, base_url=origin).status_code != 200:
            raise RuntimeError(f"desk: {name} was not shown")
        sa.event.remove(desk.vault, "before_cursor_execute", note)
        reads = [(statement, parameters) for statement, parameters in asked if statement.startswith("SELECT")]
        whole = _p95(lambda: client.get(path, base_url=origin), tries)
        with desk.vault.connect() as connection:
            bare = connection.connection.driver_connection
            queries = _p95(lambda: [bare.execute(*read).fetchall() for read in reads], tries)
    return Page(name, whole, queries)


def _p95(work: Any, tries: int) -> float:
    times = []
    for _ in range(tries):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return sorted(times)[min(tries - 1, int(tries * 0.95))]
