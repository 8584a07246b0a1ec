"""The desk: a station with a quorum of its reviewers present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine

from crypto.encoding import is_id
from crypto.errors import WrongPassphrase
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from keys.errors import QuorumNotMet
from keys.keyring import IDENTITY, Keyring, open_quorum
from keys.stationkeys import open_station_key
from station import swap
from station.errors import Refused
from station.home import Home
from station.vault import note_roster, open_vault


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that work on cases needs. Private keys live here and nowhere else."""

    home: Home
    vault: Engine = field(repr=False)
    rings: tuple[Keyring, ...] = field(repr=False)
    signing: SigningKey = field(repr=False)

    @property
    def present(self) -> str:
        """The ids of those who are present, as the log names them."""
        return "+".join(ring.reviewer for ring in self.rings)

    def opening_keys(self, epoch: int) -> dict[str, OpeningKey]:
        """Return the present reviewers' keys of one epoch, by reviewer; who has none is left out."""
        keys = ((ring.reviewer, ring.opening_key(epoch)) for ring in self.rings)
        return {reviewer: key for reviewer, key in keys if key is not None}

    def shares_fit(self) -> bool:
        """Tell whether the vault key is shared out to the roster's reviewers with the roster's quorum."""
        group = self.home.group
        found = {(share.k, share.n) for ring in self.rings if (share := ring.share()) is not None}
        return self.home.shares_fit() and found <= {(group.k, len(group.members))}

    def at(self, home: Home) -> Desk:
        """Return the desk under another roster; raises Refused when the signing key never was the station's."""
        return replace(self, home=home.held_by(self.signing.public))


@contextmanager
def open_desk(home: Home, passphrases: Mapping[str, str], *, leavers: bool = False) -> Iterator[Desk]:
    """Open keyrings, signing key and vault with reviewers' passphrases, by reviewer id.

    With `leavers`, reviewers whom the roster no longer names may be present, too: their weekly keys open rows
    of before, and they do not count towards the quorum. Raises QuorumNotMet or WrongPassphrase, RolledBack,
    VaultUnreadable, Refused for a reviewer who left or a signing key that is not the roster's, OSError.
    """
    with swap.at_work(home.folder):
        check_names(home, passphrases)
        left = sorted(set(passphrases) - set(home.members))
        if left and not leavers:
            raise Refused(f"{', '.join(left)} bukan penelaah unit ini menurut roster versi {home.roster.version}")
        members = {name: words for name, words in passphrases.items() if name not in left}
        rings, vault_key = open_quorum(home.keyring, members)
        signing = open_station_key(home.folder, vault_key, home.id)
        home = home.held_by(signing.public)
        rings += tuple(_open_leaver(home, name, passphrases[name]) for name in left)
        vault = open_vault(home.vault, vault_key)
        try:
            with vault.begin() as transaction:
                note_roster(transaction, home.roster.version)
            yield Desk(home, vault, rings, signing)
        finally:
            vault.dispose()


def check_names(home: Home, passphrases: Mapping[str, str]) -> None:
    """Refuse names of reviewers who have no keyring here, and names that are paths; raises QuorumNotMet."""
    if any(not is_id(name) or not (home.keyring / name / IDENTITY).is_file() for name in passphrases):
        raise QuorumNotMet("a reviewer of that name has no keyring on this station")


def demand_passphrase(home: Home, reviewer: str, words: str) -> None:
    """Demand that a passphrase is that of a reviewer of this unit; raises WrongPassphrase or Refused."""
    if reviewer not in home.members or not is_id(reviewer) or not (home.keyring / reviewer / IDENTITY).is_file():
        raise Refused("nama itu bukan penelaah di stasiun ini")
    Keyring.open(home.keyring / reviewer, reviewer, words)


def _open_leaver(home: Home, name: str, words: str) -> Keyring:
    try:
        return Keyring.open(home.keyring / name, name, words)
    except WrongPassphrase:
        raise WrongPassphrase(f"the passphrase of {name} does not open its keyring") from None
