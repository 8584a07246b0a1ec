"""station.toml: what a unit may set for its own station; without the file everything is as shipped."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from crypto import medium
from station.errors import BadSettings

SETTINGS = "station.toml"
LIMITS = {"grace_days": (7, 180), "canary_days": (1, 90), "retention_days": (90, 3650)}
_CAP = 65_536


@dataclass(frozen=True, slots=True)
class Settings:
    """`grace_days`: how long after its last day a week's key is kept at the least.

    `canary_days`: how many days after a canary's day may pass without a newer bundle before that is an alarm.

    `retention_days`: how long after the last step, letter or message a closed case, or a copy of another station's, is
    kept.

    `backup_before_ack`: whether a bundle is acknowledged only when a backup holds it; None: everywhere but in a demo.
    """

    grace_days: int = 21
    canary_days: int = 14
    retention_days: int = 365
    backup_before_ack: bool | None = None


def load_settings(home: Path) -> Settings:
    """Read the settings of a home; raises BadSettings, Malformed (too large) or OSError."""
    path = home / SETTINGS
    try:
        value = tomllib.loads(medium.read_file(path, _CAP).decode("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise BadSettings(
            f"{SETTINGS}: isinya tidak terbaca (bukan TOML); betulkan, atau keluarkan berkas itu"
        ) from None
    if unknown := set(value) - set(Settings.__slots__):
        raise BadSettings(
            f"{SETTINGS}: {len(unknown)} nama tidak dikenal; yang dikenal {', '.join(Settings.__slots__)}"
        )
    for name, days in value.items():
        if name == "backup_before_ack":
            if type(days) is not bool:
                raise BadSettings(f"{SETTINGS}: {name} harus true atau false")
            continue
        least, most = LIMITS[name]
        if type(days) is not int or not least <= days <= most:
            raise BadSettings(f"{SETTINGS}: {name} harus bilangan bulat dari {least} sampai {most}")
    return Settings(**value)
