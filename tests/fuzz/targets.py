"""The targets by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from fuzz import (
    gif,
    jpeg,
    letters,
    multipart,
    odf,
    ooxml,
    pdf,
    planted,
    png,
    receipt,
    records,
    rosters,
    sealed,
    tables,
    transports,
    webp,
)

CORPUS = Path(__file__).parent / "corpus"
MODULES: dict[str, ModuleType] = {
    m.__name__.rpartition(".")[2]: m
    for m in (
        multipart,
        receipt,
        sealed,
        jpeg,
        png,
        webp,
        gif,
        ooxml,
        odf,
        pdf,
        letters,
        rosters,
        transports,
        records,
        tables,
        planted,
    )
}
CLEANERS = ("jpeg", "png", "webp", "gif", "ooxml", "odf", "pdf")
PARSERS = ("letters", "rosters", "transports", "records", "tables")
TARGETS = ("multipart", "receipt", "sealed", *CLEANERS, *PARSERS)


@dataclass(frozen=True)
class Entry:
    """One file of a corpus."""

    target: str
    path: Path

    def __str__(self) -> str:
        return f"{self.target}/{self.path.name}"


def one_of(target: str) -> Callable[[bytes], None]:
    """Return the function whose asserts are the invariants of a target."""
    found: Callable[[bytes], None] = MODULES[target].one
    return found


def corpus(target: str) -> list[Entry]:
    """Return the kept inputs of a target, in order."""
    folder = CORPUS / target
    return [Entry(target, path) for path in sorted(folder.iterdir())] if folder.is_dir() else []
