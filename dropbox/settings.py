"""Settings of a drop box: one short TOML file in its home; an unknown key is refused."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from crypto import medium
from crypto.errors import Malformed
from dropbox.errors import BadSettings

MAX_SETTINGS_BYTES = 65_536
DATABASE = "dropbox.db"  # in a home, unless the settings name another one
_ONION = re.compile(r"[a-z2-7]{56}\.onion")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decides. Sizes of the arena stand in the signed roster, not here."""

    home: Path
    courier_days: int = 7
    database: str = field(default="", repr=False)  # it may hold a password
    onion: str = ""  # 56 letters and digits and .onion, as the pages show it and a header carries it
    memory: str = "/dev/shm"  # a folder that no disk holds, for counts that the processes share  # noqa: S108
    max_waiting: int = 48  # people in one process who may wait for key stretching, per lane
    letters_an_hour: int = 60  # more than twice as many in two hours, and each letter takes a small sum
    session_key: str = ""  # a file in memory, the same at each front end, that the keys of form fields come from
    cleaner: str = ""  # the socket of the process that cleans files; without it each worker starts its own
    lanes: int = 2  # key stretchings at once on the whole machine, for reports and for mailboxes each

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL: SQLite in the home unless the settings name another."""
        return self.database or f"sqlite:///{self.home / DATABASE}"


def load_settings(home: Path) -> Settings:
    """Read `settings.toml` of a home; raises BadSettings naming the key, or OSError."""
    try:
        values = tomllib.loads(medium.read_file(home / "settings.toml", MAX_SETTINGS_BYTES).decode("utf-8"))
    except (Malformed, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise BadSettings("settings.toml: not TOML, or no plain file of 64 KiB at most") from None
    known = {f.name: f.type for f in fields(Settings) if f.name != "home"}
    for name, value in values.items():
        if name not in known:
            raise BadSettings(f"settings.toml: unknown key {name!r}")
        if type(value).__name__ != known[name]:
            raise BadSettings(f"settings.toml: {name} is not of type {known[name]}")
    settings = Settings(home=home, **values)
    if settings.onion and not _ONION.fullmatch(settings.onion):
        raise BadSettings("settings.toml: onion must be 56 letters and digits and .onion, nothing before or after")
    if (
        not 1 <= settings.courier_days <= 60
        or not 1 <= settings.lanes <= 64
        or min(settings.max_waiting, settings.letters_an_hour) < 1
    ):
        raise BadSettings("settings.toml: courier_days, lanes, max_waiting or letters_an_hour is out of range")
    return settings
