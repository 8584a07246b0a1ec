"""The folder of one station: its name, the roster it trusts, and the public keys of all reviewers.

station.id · root.pin · roster.senyap · batches/*.senyap      public
station.key · keyring/<reviewer>/                             sealed
vault.db · bundles/<to>/bundle-NNNNNNNN.senyap                made by the station
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto import medium
from crypto.encoding import today
from crypto.errors import Malformed
from keys.batch import KeyTable, verify_batch
from keys.roster import Group, Roster, Station, verify_roster
from station.errors import Refused

DEMO_PREFIX = "demo-"
SERVER = "server"  # the drop box's name in `from` and `to`
_CAP = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """The public half of a station's folder, verified."""

    folder: Path
    id: str
    roster: Roster
    station: Station

    @classmethod
    def load(cls, folder: Path) -> Home:
        """Read and verify a station's folder. A roster that has ended still lets its reviewers read.

        Raises OSError, Refused when the roster does not know the station, or what `verify_roster` raises.
        """
        pin = medium.read_file(folder / "root.pin", 64)
        data = medium.read_file(folder / "roster.senyap", _CAP)
        roster = verify_roster(data, previous=None, pin=pin, today=None)
        name = medium.read_file(folder / "station.id", 64)
        try:
            station = roster.station(name.decode("ascii").strip())
        except (UnicodeDecodeError, KeyError):
            raise Refused("home: its station is not in the roster") from None
        return cls(folder, station.id, roster, station)

    def has_ended(self, day: int | None = None) -> bool:
        """Tell whether the roster's last day has passed: then nothing is answered until a new one is here."""
        return (today() if day is None else day) > self.roster.expires

    @property
    def is_demo(self) -> bool:
        """Tell whether this is a deployment for trying: only there may the air gap be waived."""
        return self.roster.deployment.startswith(DEMO_PREFIX)

    @property
    def group(self) -> Group:
        """The unit whose reviewers work here."""
        return self.roster.group(self.station.group)

    @property
    def keyring(self) -> Path:
        """Where the reviewers' sealed keys lie."""
        return self.folder / "keyring"

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
        """Load every batch; raises OSError, Malformed, BadSignature or a RosterError."""
        table = KeyTable(self.roster)
        for path in sorted((self.folder / "batches").glob("*.senyap")):
            table.add(verify_batch(medium.read_file(path, _CAP), self.roster))
        return table


def check_number(value: int, most: int, what: str) -> int:
    """Demand a number that every column and file name can hold; raises Malformed."""
    if not 0 <= value <= most:
        raise Malformed(f"{what}: number is out of range")
    return value
