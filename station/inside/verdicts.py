"""What the rules for office files say of an element, and how they read names and paths."""

from __future__ import annotations

import re
from dataclasses import dataclass

KEEP, DROP, UNWRAP = "keep", "drop", "unwrap"
NOWHERE = "about:blank"
_PATH = re.compile(
    r"(?i)file:|(?<![a-z])[a-z]:[\\/]+[\w.%~-]|^\\\\|(?<![\\\w])\\\\[\w.%-]+\\"
    r"|(?<![\w/])/(home|users|user|media|mnt)/[\w.%-]"
)


def names_a_place(text: str) -> bool:
    """Say whether a text holds a path on somebody's machine or network."""
    return bool(_PATH.search(text))


def split(tag: str) -> tuple[str, str]:
    """Return namespace and local name."""
    uri, _, name = tag.rpartition("}")
    return uri.lstrip("{"), name


def local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag.rpartition("}")[2]


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


@dataclass(slots=True)
class Part:
    """The part that is being read: its name, the members beside it, and what was taken out so far."""

    name: str
    names: set[str]
    told: list[str]

    def tell(self, what: str, value: str | None) -> None:
        """Take note of what was taken out."""
        if value and value.strip():
            self.told.append(f"{self.name}: {what}: {' '.join(value.split())}")
