"""The desk: a station with a quorum of its reviewers present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from keys.errors import QuorumNotMet
from keys.keyring import Keyring, open_quorum
from keys.stationkeys import open_station_key
from station.errors import Refused
from station.home import Home
from station.vault import open_vault


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that work on cases needs. Private keys live here and nowhere else."""

    home: Home
    vault: Engine = field(repr=False)
    rings: tuple[Keyring, ...] = field(repr=False)
    signing: SigningKey = field(repr=False)

    def opening_keys(self, epoch: int) -> dict[str, OpeningKey]:
        """Return the present reviewers' keys of one epoch, by reviewer; who has none is left out."""
        keys = ((ring.reviewer, ring.opening_key(epoch)) for ring in self.rings)
        return {reviewer: key for reviewer, key in keys if key is not None}


@contextmanager
def open_desk(home: Home, passphrases: Mapping[str, str]) -> Iterator[Desk]:
    """Open keyrings, signing key and vault with reviewers' passphrases, by reviewer id.

    Raises QuorumNotMet or WrongPassphrase, VaultUnreadable, Refused when the signing key is not the
    roster's, OSError.
    """
    if any(Path(reviewer).name != reviewer for reviewer in passphrases):
        raise QuorumNotMet("a reviewer of that name has no keyring on this station")
    rings, vault_key = open_quorum(home.keyring, passphrases)
    signing = open_station_key(home.folder, vault_key, home.id)
    if signing.public.raw != home.station.key.raw:
        raise Refused("home: the station's signing key is not the one in the roster")
    vault = open_vault(home.vault, vault_key)
    try:
        yield Desk(home, vault, rings, signing)
    finally:
        vault.dispose()
