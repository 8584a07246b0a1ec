"""station.toml: what a unit may set for its own station; without the file everything is as shipped."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from crypto import medium
from station.errors import BadSettings

SETTINGS = "station.toml"
LEAST_GRACE, MOST_GRACE = 7, 180  # days
_CAP = 65_536


@dataclass(frozen=True, slots=True)
class Settings:
    """`grace_days`: how long after its last day a week's key is kept at the least."""

    grace_days: int = 21


def load_settings(home: Path) -> Settings:
    """Read the settings of a home; raises BadSettings, Malformed (too large) or OSError."""
    path = home / SETTINGS
    try:
        value = tomllib.loads(medium.read_file(path, _CAP).decode("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise BadSettings(f"{SETTINGS}: not TOML") from None
    if unknown := set(value) - set(Settings.__slots__):
        raise BadSettings(f"{SETTINGS}: {len(unknown)} unknown names, known are {', '.join(Settings.__slots__)}")
    days = value.get("grace_days", Settings().grace_days)
    if type(days) is not int or not LEAST_GRACE <= days <= MOST_GRACE:
        raise BadSettings(f"{SETTINGS}: grace_days is not a whole number from {LEAST_GRACE} to {MOST_GRACE}")
    return Settings(days)
