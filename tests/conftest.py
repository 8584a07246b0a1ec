"""What several test files share: demo deployments, made once, because they take seconds."""

import shutil
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsers import CHROMIUM, FLAGS, PHONE
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from live import forget
from postgres import ABSENT, Postgres, is_installed

from crypto import passphrase
from crypto.encoding import today
from crypto.signing import SigningKey
from dropbox import arena, create_app
from dropbox.keeper import DAY_SECONDS
from dropbox.services import Services
from dropbox.settings import load_settings
from keys.demo import make_demo
from keys.roster import Sizes
from keys.rosterfile import sign_roster, verify_roster

SMALL = Sizes(slots=64, daily_cover=8, mailboxes=32, forwarded=4)
WITH_STATION = ("sumsel", "palembang", "kpk")
settings.register_profile("untimed", deadline=None)  # a busy machine is no defect
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Take away what the drop boxes of a test counted in memory: its folder goes, and this would stay."""
    made = getattr(item, "funcargs", {}).get("tmp_path")
    homes = [pin.parent for pin in made.rglob("root.pin")] if made else []
    yield
    for home in homes:
        forget(home)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Take away what the drop boxes that tests share counted in memory."""
    made = getattr(session.config, "_tmp_path_factory", None)
    for pin in made.getbasetemp().rglob("root.pin") if made is not None else ():
        forget(pin.parent)


class Clock:
    """A clock that is set by hand, on a day of this week: keys of others are not there."""

    def __init__(self) -> None:
        self.day, self.second = today(), 0.0

    def __call__(self) -> float:
        start = -(today(0.0)) * DAY_SECONDS  # day 0 in Unix time
        return start + self.day * DAY_SECONDS + self.second


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one whole demo deployment. It is shared: copy it before changing anything in it."""
    folder = tmp_path_factory.mktemp("demo") / "home"
    make_demo(folder)
    return folder


def root_keys(demo: Path, wanted: int = 2) -> dict[int, SigningKey]:
    """Unlock root keys of a demo."""
    keys = {}
    for line in (demo / "keys" / "roots" / "demo-passphrases.txt").read_text().splitlines()[:wanted]:
        who, _, words = line.partition("\t")
        number = int(who.removeprefix("root-"))
        locked = (demo / "keys" / "roots" / f"{who}.locked").read_bytes()
        keys[number] = SigningKey.from_seed(passphrase.unlock(words, locked, f"senyap/v1/root/{number}"))
    return keys


@pytest.fixture(scope="session")
def small(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with an arena of 64 slots, already filled. It is shared: use `home` or copy it."""
    return resized(demo, tmp_path_factory.mktemp("small") / "home", SMALL)


def resized(demo: Path, folder: Path, sizes: Sizes) -> Path:
    """Make `folder` the demo with an arena of other sizes, already filled, and a few stations."""
    pin = (demo / "server" / "root.pin").read_bytes()
    roster = verify_roster((demo / "server" / "roster.senyap").read_bytes(), previous=None, pin=pin, today=today())
    signed = sign_roster(replace(roster, sizes=sizes), root_keys(demo))
    shutil.copytree(demo / "server", folder / "server")
    for name in WITH_STATION:
        shutil.copytree(demo / "stations" / name, folder / "stations" / name)
    shutil.copy(demo / "demo-passphrases.txt", folder)
    for place in folder.rglob("roster.senyap"):
        place.write_bytes(signed)
    Services.open(load_settings(folder / "server")).store.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this session alone."""
    if not is_installed():
        pytest.skip(ABSENT)
    cluster = Postgres()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def postgres_small(small: Path, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with a filled arena of 64 slots, to copy."""
    home = Path(shutil.copytree(small / "server", tmp_path_factory.mktemp("postgres") / "server"))
    name = postgres.make()
    use_database(home, postgres.url(name))
    Services.open(load_settings(home)).store.engine.dispose()
    return name


def use_database(home: Path, url: str) -> None:
    """Let a home use a database; what it had before is gone."""
    (home / "dropbox.db").unlink(missing_ok=True)
    file = home / "settings.toml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("database")]
    file.write_text("\n".join([*kept, f'database = "{url}"', ""]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `both_databases` once on each, unless they are marked as those of one."""
    if metafunc.definition.get_closest_marker("both_databases") and "database" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("one_database")
        metafunc.parametrize("database", only.args if only else ("sqlite", "postgresql"), indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a test's own database on PostgreSQL; empty for SQLite in its home."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield ""
        return
    postgres = request.getfixturevalue("postgres")
    name = postgres.make(request.getfixturevalue("postgres_small"))
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def deployment(small: Path, tmp_path: Path, database: str) -> Path:
    """A copy of the small demo that a test may change: server/, stations/, demo-passphrases.txt."""
    copy = Path(shutil.copytree(small, tmp_path / "deployment"))
    if database:
        use_database(copy / "server", database)
    return copy


@pytest.fixture
def app(deployment: Path) -> Iterator[Flask]:
    """The application of a small demo, in this process."""
    made = create_app(load_settings(deployment / "server"))
    yield made
    made.extensions["senyap"].cleanroom.close()
    made.extensions["senyap"].store.engine.dispose()


@pytest.fixture
def services(app: Flask) -> Services:
    """The parts of that application."""
    found = app.extensions["senyap"]
    assert isinstance(found, Services)
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that speaks to it without a network."""
    return app.test_client()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for the tests of a file."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "chromium is not installed; .ci/run says what the tests need"
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A phone with scripts off."""
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Any:
    return context.new_page()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock set by hand; the arena goes by its day."""
    found = Clock()
    monkeypatch.setattr(arena, "today", lambda: found.day)
    return found
