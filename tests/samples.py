"""The samples of tests/files/cleaning, as its manifest lists them."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "files" / "cleaning"


@dataclass(frozen=True)
class Sample:
    name: str
    outcome: str
    program: str

    @property
    def data(self) -> bytes:
        return (FOLDER / self.name).read_bytes()

    @property
    def ending(self) -> str:
        return self.name.rpartition(".")[2]

    def __str__(self) -> str:
        return self.name


_ROWS = (FOLDER / "manifest.tsv").read_text("utf-8").splitlines()[1:]
SAMPLES = [Sample(*line.split("\t")) for line in _ROWS]
CLEANED = [s for s in SAMPLES if s.outcome == "cleaned"]


def of(*endings: str) -> list[Sample]:
    """Return the samples with one of these endings that can be cleaned."""
    return [s for s in CLEANED if s.ending in endings]


def named(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
