"""Make the keys of a training station: a deployment of one unit that nobody else knows, and no key of which can grow.

The roots' and the drop box's keys are never written: no roster, no bundle and no drop box can be made for it later.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from crypto.encoding import epoch_of
from crypto.signing import SigningKey
from keys import units
from keys.demo import ROOT_K, ROOTS, SIZES, WEEKS, make_batch, make_group, make_roster, make_unit
from keys.ledger import write_ledger
from keys.roster import TRAINING_PREFIX, Root
from keys.rosterfile import root_pin, sign_roster


@dataclass(frozen=True, slots=True)
class Training:
    """The passphrases of the reviewers, and the key with which the bundles that they learn from are signed."""

    passphrases: dict[str, str] = field(repr=False)
    server: SigningKey = field(repr=False)


def make_training(home: Path, *, since: int, day: int) -> Training:
    """Make the home of a training station of the province whose reviewers have worked since a day in the past.

    Their weekly keys begin then and end 26 weeks after `day`. Raises OSError.
    """
    deployment = f"{TRAINING_PREFIX}{secrets.token_hex(4)}"
    roots = {i: SigningKey.generate() for i in range(1, ROOTS + 1)}
    passphrases: dict[str, str] = {}
    rings, station_key = make_unit(home, units.PROVINCE, passphrases)
    weeks = epoch_of(day) - epoch_of(since) + WEEKS
    batches = [make_batch(deployment, ring, epoch_of(since), weeks) for ring in rings]
    groups = tuple(
        make_group(group, rings if group == units.PROVINCE else ()) for group in (*units.GOVERNMENTS, units.KPK)
    )
    root_set = tuple(Root(i, key.public) for i, key in roots.items())
    server = SigningKey.generate()
    roster = make_roster(deployment, since, SIZES, root_set, groups, {units.PROVINCE: station_key}, server)
    signed = sign_roster(roster, {i: roots[i] for i in sorted(roots)[:ROOT_K]})
    write_ledger(home, root_pin(root_set, ROOT_K), signed, batches)
    return Training(passphrases, server)
