"""The folder of one station: its name, the roster it trusts, and the public keys of all reviewers.

station.id · station.k · root.pin · roster.senyap · rosters/ · batches/   public (keys.ledger)
station.key · keyring/<reviewer>/                             sealed
station.toml                                                  optional (station.settings)
vault.db · bundles/<to>/bundle-NNNNNNNN.senyap                made by the station
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from crypto import medium
from crypto.encoding import today
from crypto.errors import Malformed
from crypto.signing import VerifyingKey
from keys.batch import KeyTable
from keys.keyring import SHARE
from keys.ledger import Ledger
from keys.roster import Group, Role, Roster, Station
from keys.stationkeys import KEYRING, STATION_ID, STATION_K
from station.errors import Refused
from station.settings import Settings, load_settings

SERVER = "server"  # the drop box's name in `from` and `to`


@dataclass(frozen=True, slots=True)
class Home:
    """The public half of a station's folder, verified.

    `group` is the unit whose reviewers work here. `taken_out` is the version of the roster that no longer names
    this station, 0 when it is named; then `station` and `group` are as the last roster had them that did.
    """

    ledger: Ledger
    station: Station
    group: Group
    settings: Settings = field(default_factory=Settings)
    taken_out: int = 0

    @classmethod
    def load(cls, folder: Path) -> Home:
        """Read and verify a station's folder. A roster that has ended still lets its reviewers read.

        Raises OSError, BadSettings, Refused when no roster at hand knows the station, or what `Ledger.load` raises.
        """
        ledger = Ledger.load(folder)
        name = medium.read_file(folder / STATION_ID, 64).decode("ascii", "replace").strip()
        for roster in ledger.history():
            found = {s.id: s for s in roster.stations}.get(name)
            if found is not None:
                taken_out = 0 if roster.version == ledger.roster.version else roster.version + 1
                return cls(ledger, found, roster.group(found.group), load_settings(folder), taken_out)
        raise Refused(
            "stasiun ini tidak ada di roster mana pun di sini; minta roster yang memuatnya kepada pemegang kunci"
        )

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
    def acks_need_backup(self) -> bool:
        """Tell whether a bundle is acknowledged only when a backup holds it."""
        wanted = self.settings.backup_before_ack
        return not self.is_demo if wanted is None else wanted

    @property
    def is_training(self) -> bool:
        """Tell whether all cases here are invented, for reviewers who learn."""
        return self.roster.is_training

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

    @property
    def members(self) -> tuple[str, ...]:
        """Ids of the unit's reviewers, in roster order."""
        return tuple(member.id for member in self.group.members)

    def name_of(self, group: str) -> str:
        """Return how people call a unit; one that the roster no longer knows is called by its id."""
        return self.roster.group(group).name_id if group in self.roster.group_ids else group

    def role_of(self, reviewer: str) -> Role:
        """Return a reviewer's role by the roster in force; raises Refused for somebody whom it does not name."""
        found = {member.id: member.role for member in self.group.members}
        if reviewer not in found:
            raise Refused(f"{reviewer} bukan penelaah unit ini menurut roster")
        return found[reviewer]

    @property
    def sharers(self) -> tuple[str, ...]:
        """Ids of those who hold a share of the vault key."""
        return tuple(sorted(path.parent.name for path in self.keyring.glob(f"*/{SHARE}")))

    def shares_fit(self) -> bool:
        """Tell whether the vault key is shared out as the roster says: to its reviewers, any k of them."""
        try:
            k = medium.read_file(self.folder / STATION_K, 2)
        except FileNotFoundError:
            return False
        return set(self.sharers) == set(self.members) and k == str(self.group.k).encode("ascii")

    def must_serve(self) -> None:
        """Refuse to work for a station that was taken out of the roster; raises Refused."""
        if self.taken_out:
            raise Refused(
                f"stasiun ini dikeluarkan dari roster pada versi {self.taken_out}: yang ada di sini tetap dapat dibaca "
                "(list, show), tetapi tidak ada yang diambil atau dijawab dari sini. Yang di stik tetap di sana; "
                "laporan baru dibaca unit lain. Hubungi pemegang kunci"
            )

    def held_by(self, key: VerifyingKey) -> Home:
        """Return this home as it is for the holder of a signing key.

        Where the roster has another key for this station since, it was taken out. Raises Refused when the key
        was never this station's.
        """
        if self.station.key.raw == key.raw:
            return self
        for roster in self.ledger.history():
            if any(s.id == self.id and s.key.raw == key.raw for s in roster.stations):
                return replace(self, taken_out=roster.version + 1)
        raise Refused("kunci stasiun ini bukan yang tertulis di roster. Jangan hapus apa pun; beri tahu pemegang kunci")

    def accepts(self, to: str, roster: Roster) -> bool:
        """Tell whether a bundle to `to` made under `roster` may be imported: our own, or one a collector passes on."""
        return to in {self.id, *(s.id for s in (*self.roster.collectors, *roster.collectors))}

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
