"""What the tests of crash points share: a drop box in the middle of its life, and what must hold after any crash."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import web
from conftest_station import Terminal, weak_passphrases, world
from live import ROOT, forget
from sqlalchemy import select, text

from crypto import bundle as transports
from crypto.errors import CryptoError
from dropbox import create_app, store
from dropbox.services import Services, open_store
from dropbox.settings import load_settings
from dropbox.transport import receive, write_bundle

FILE = ("bukti.bin", os.urandom(300_000), "application/pdf")  # 2 rows
LONG_FILE = ("panjang.bin", os.urandom(17 * 248_800 - 5), "application/pdf")  # 17 rows: the first 16 are a batch
TEXTS = ("Laporan pertama dari sini.", "Laporan kedua dari sini.")  # of the town
# The arena draws slots by chance; for a point to come again they must be drawn alike.
SAME_SLOTS = "import random, dropbox.arena as a; a._SHUFFLER = random.Random(1); "
# All moments of the keeper's day are now: a real one would be waited for up to three hours.
COVER_NOW = "import dropbox.keeper as k; k._RANDOM.uniform = lambda low, high: low or high; "
NO_SYNCS = (
    "import dropbox.dialects as d; d.Sqlite.PRAGMAS = tuple(p.replace('EXTRA', 'OFF') for p in d.Sqlite.PRAGMAS); "
)
NO_FOLDER_SYNCS = NO_SYNCS.replace("'OFF'", "'FULL'")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def command(*arguments: str | Path, first: str = SAME_SLOTS) -> list[str]:
    """Return the command line of `senyap-dropbox`, with code that runs before it."""
    code = first + "from dropbox.__main__ import main; main(prog_name='senyap-dropbox')"
    return [sys.executable, "-c", code, *map(str, arguments)]


@dataclass(frozen=True, slots=True)
class Town:
    """A drop box and its station, at the moments from which the tests go on; copy before changing anything.

    `server` has taken an outbox already and holds the report "kedua", which has left for no station. `exported` is
    that box after its second bundle, `outbox` what the station answers to it: it frees rows and brings another table
    of mailboxes. `station` has imported all of that; `station_before` nothing of the second bundle.
    """

    server: Path
    exported: Path
    outbox: Path
    station: Path
    station_before: Path
    words: tuple[str, ...] = field(repr=False)  # of the first report


def make_town(folder: Path) -> Town:
    """Let a drop box and a station work for two rounds."""
    with weak_passphrases():
        return _make_town(folder)


def _make_town(folder: Path) -> Town:
    home, station = folder / "server", folder / "sumsel"
    shutil.copytree(world().folder / "server", home)
    shutil.copytree(world().folder / "stations" / "sumsel", station)
    app = create_app(load_settings(home))
    services, client = app.extensions["senyap"], app.test_client()
    terminal = Terminal(folder, "sumsel", ("sumsel-1", "sumsel-2"), station)
    try:
        words = tuple(web.report(client, [FILE], uraian=TEXTS[0]).words)
        answer(terminal, write_bundle(services, "sumsel", folder / "stick"), "K-0001")
        receive(services, _outbox(terminal, folder / "stick"))
        web.report(client, [FILE], uraian=TEXTS[1])
        services.store.engine.dispose()
        shutil.copytree(home, folder / "at-rest")
        shutil.copytree(station, folder / "sumsel-before")
        answer(terminal, write_bundle(services, "sumsel", folder / "stick"), "K-0002")
        outbox = _outbox(terminal, folder / "stick")
    finally:
        services.cleanroom.close()
        services.store.engine.dispose()
        forget(home)
    return Town(folder / "at-rest", home, outbox, station, folder / "sumsel-before", words)


def answer(terminal: Terminal, bundle: Path, case: str) -> None:
    """Import a bundle and answer a case."""
    assert terminal.run("import", str(bundle)).exit_code == 0
    assert terminal.run("reply", case, "--no-conflict", "--text", "Sudah dibaca.").exit_code == 0


def _outbox(terminal: Terminal, stick: Path) -> Path:
    done = terminal.run("outbox", "--to", str(stick))
    assert done.exit_code == 0, done.output
    return Path(done.stdout.strip())


# --- what must hold ----------------------------------------------------------------------------------

State = Mapping[str, str]  # table → a digest of all its rows


def state_of(home: Path) -> State:
    """Open the database of a home as the product does, and return what is in it; fails when it is not sound."""
    opened = open_store(load_settings(home))
    try:
        with opened.reading() as connection:
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok", "the database is damaged"
            return {name: _digest(connection.execute(select(table))) for name, table in store.metadata.tables.items()}
    finally:
        opened.engine.dispose()


def _digest(found: Iterable[Any]) -> str:
    digests = []
    for row in found:
        digest = hashlib.sha256()
        for value in row:
            digest.update(value if isinstance(value, bytes) else repr(value).encode())
            digest.update(b"|")
        digests.append(digest.digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def opened_services(home: Path) -> Services:
    """Open a home whole, as each start does; raises what refuses it."""
    try:
        return Services.open(load_settings(home))
    finally:
        forget(home)


def stick_problem(home: Path, stick: Path) -> str:
    """Return what is wrong with the bundles on a stick: each must be whole and its export recorded."""
    for path in sorted(stick.glob("bundle-*.senyap")) if stick.is_dir() else ():
        try:
            manifest = _verified(path.read_bytes())
        except CryptoError as error:
            return f"{path.name} is on the stick and not whole: {error}"
        opened = open_store(load_settings(home))
        try:
            with opened.reading() as connection:
                table = store.bundles
                recorded = connection.scalar(
                    select(table.c.hash).where(table.c.peer == manifest.to, table.c.seq == manifest.seq)
                )
        finally:
            opened.engine.dispose()
        if recorded != manifest.hash:
            return f"{path.name} is on the stick and its export is not recorded"
    return ""


@functools.cache
def _verified(data: bytes) -> transports.Manifest:
    return transports.verify_transport(io.BytesIO(data), transports.BUNDLE, world().server.public)


class Reader:
    """A station that imports what a drop box has, as often as asked, from the same beginning."""

    def __init__(self, folder: Path, station: Path) -> None:
        self.home = Path(shutil.copytree(station, folder / "station"))
        self.terminal = Terminal(folder, "sumsel", ("sumsel-1", "sumsel-2"), self.home)

    def take(self, bundle: Path) -> dict[str, object]:
        """Import a bundle; only a gap may be strange: a crash behind the record of a bundle leaves one."""
        done = self.terminal.run("import", str(bundle), "--json")
        found = json.loads(done.stdout)
        assert done.exit_code in (0, 1) and all("belum pernah datang" in alarm for alarm in found["alarms"]), found
        return found

    def texts(self) -> list[str]:
        """Return the text of each case and of each message of a reporter, sorted; every file must be whole."""
        said = []
        for case in json.loads(self.terminal.run("list", "--json").stdout):
            shown = json.loads(self.terminal.run("show", case["case"], "--no-conflict", "--json").stdout)
            said.append(shown["fields"]["uraian"])
            said += [message["text"] for message in shown["messages"] if message["from"] == "reporter"]
            assert all(file["complete"] for file in shown["attachments"]), "a file of a letter is not whole"
        return sorted(said)


def texts_after(home: Path, station: Path, folder: Path) -> list[str]:
    """Write the next bundle of a home and return what a station has read when it has imported it, once and again."""
    folder.mkdir()
    services = opened_services(home)
    try:
        path = write_bundle(services, "sumsel", folder / "stick")
    finally:
        services.store.engine.dispose()
    reader = Reader(folder, station)
    reader.take(path)
    again = reader.take(path)
    assert again["new"] == 0, "a letter came twice"
    return reader.texts()


# --- points ------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True, slots=True)
class Point:
    """After so many steps of a moment, and a seed for what chance decides."""

    moment: str
    step: int
    seed: int

    def __str__(self) -> str:
        return f"{self.moment}:{self.step}:{self.seed}"

    @property
    def dice(self) -> random.Random:
        return random.Random(str(self))


def some(chosen: list[Any]) -> list[Any]:
    """Return what was drawn; a replay that names none of it passes the test over, and nothing else may."""
    if not chosen and "KOTAK_POINTS" in os.environ:
        pytest.skip("KOTAK_POINTS names none of these")
    assert chosen, "no point was drawn: the test would say nothing"
    return chosen


def points(moment: str, turns: Sequence[int], steps: int, count: int, seed: int) -> list[Point]:
    """Draw points of a moment, or take those that KOTAK_POINTS names; every other one lies at a turn."""
    if "KOTAK_POINTS" in os.environ:
        found = (re.fullmatch(rf"{moment}:(\d+):(\d+)", word) for word in os.environ["KOTAK_POINTS"].split())
        return sorted(Point(moment, int(each[1]), int(each[2])) for each in found if each)
    dice = random.Random(f"{moment} {seed}")
    places = [dice.choice(turns) if number % 2 else dice.randint(0, steps) for number in range(count)]
    return sorted(Point(moment, place, dice.randrange(10**6)) for place in places)
