"""The folder of one station: its name, the roster it trusts, and the public keys of all reviewers.

station.id · root.pin · roster.senyap · rosters/ · batches/   public (keys.ledger)
station.key · keyring/<reviewer>/                             sealed
vault.db · bundles/<to>/bundle-NNNNNNNN.senyap                made by the station
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto import medium
from crypto.encoding import today
from crypto.errors import Malformed
from keys.batch import KeyTable
from keys.ledger import Ledger
from keys.roster import Group, Roster, Station
from keys.stationkeys import KEYRING, STATION_ID
from station.errors import Refused

SERVER = "server"  # the drop box's name in `from` and `to`


@dataclass(frozen=True, slots=True)
class Home:
    """The public half of a station's folder, verified."""

    ledger: Ledger
    station: Station

    @classmethod
    def load(cls, folder: Path) -> Home:
        """Read and verify a station's folder. A roster that has ended still lets its reviewers read.

        Raises OSError, Refused when the roster does not know the station, or what `Ledger.load` raises.
        """
        ledger = Ledger.load(folder)
        name = medium.read_file(folder / STATION_ID, 64)
        try:
            station = ledger.roster.station(name.decode("ascii").strip())
        except (UnicodeDecodeError, KeyError):
            raise Refused("home: its station is not in the roster") from None
        return cls(ledger, station)

    @property
    def folder(self) -> Path:
        """The station's folder."""
        return self.ledger.folder

    @property
    def id(self) -> str:
        """The station's id."""
        return self.station.id

    @property
    def roster(self) -> Roster:
        """The roster in force."""
        return self.ledger.roster

    def has_ended(self, day: int | None = None) -> bool:
        """Tell whether the roster's last day has passed: then nothing is answered until a new one is here."""
        return (today() if day is None else day) > self.roster.expires

    @property
    def is_demo(self) -> bool:
        """Tell whether this is a deployment for trying: only there may the air gap be waived."""
        return self.roster.is_demo

    @property
    def group(self) -> Group:
        """The unit whose reviewers work here."""
        return self.roster.group(self.station.group)

    @property
    def keyring(self) -> Path:
        """Where the reviewers' sealed keys lie."""
        return self.folder / KEYRING

    @property
    def vault(self) -> Path:
        """The SQLCipher file."""
        return self.folder / "vault.db"

    @property
    def bundles(self) -> Path:
        """Where bundles are kept, byte for byte, one folder for each addressee."""
        return self.folder / "bundles"

    def accepts(self, to: str) -> bool:
        """Tell whether a bundle to `to` may be imported here: our own, or one a collector passes on."""
        if to == self.id:
            return True
        return not self.station.collector and to in {s.id for s in self.roster.collectors}

    def leads(self, readers: tuple[str, ...]) -> bool:
        """Tell whether this station answers a report of these readers: the lead station of the first does."""
        return self.station.lead and readers[0] == self.station.group

    def key_table(self) -> KeyTable:
        """Return the keys of all reviewers."""
        return self.ledger.table()


def check_number(value: int, most: int, what: str) -> int:
    """Demand a number that every column and file name can hold; raises Malformed."""
    if not 0 <= value <= most:
        raise Malformed(f"{what}: number is out of range")
    return value
