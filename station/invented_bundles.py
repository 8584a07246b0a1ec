"""Bundles of invented letters for a training station, in the format of real ones (formats §2, §7).

The drop box is another house and not installed here. A bundle is rows of `crypto.row` under a signed manifest of
`crypto.bundle`; what a drop box does besides, to take reports from strangers, is not needed for it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crypto import bundle, medium
from crypto.bundle import BUNDLE, FIRST_PREVIOUS, Manifest, RecordHash, Taken, bundle_name
from crypto.encoding import epoch_of
from crypto.row import Decoys, seal_row
from crypto.signing import SigningKey
from station.home import SERVER, Home
from station.writing import WrittenLetter

COVER_ROWS = 3
_DICE = random.SystemRandom()


@dataclass(slots=True)
class InventedDropBox:
    """What sends bundles to a training station: one chain, signed with the key that its roster names."""

    home: Home
    signer: SigningKey = field(repr=False)
    _last: Manifest | None = None
    _applied: Taken = field(default_factory=lambda: Taken(0, FIRST_PREVIOUS))
    _decoys: Decoys = field(default_factory=Decoys, repr=False)

    def take(self, path: Path) -> None:
        """Take an outbox of the station, as the next bundle says; raises OSError."""
        with medium.open_file(path, bundle.MAX_BYTES[bundle.OUTBOX], follow=False) as source:
            manifest, _body, _signature = bundle.read_manifest(source, bundle.OUTBOX)
        self._applied = Taken(manifest.seq, manifest.hash)

    def write(self, letters: Sequence[WrittenLetter], folder: Path, day: int) -> Path:
        """Write the next bundle of the chain, as it leaves on a day, into a folder; raises OSError."""
        table, epoch, group = self.home.key_table(), epoch_of(day), self.home.group.id
        rows = [table.draw_cover(epoch, self._decoys) for _ in range(COVER_ROWS)]
        for letter in letters:
            week = epoch_of(letter.day)
            readers = table.readers((group,), week)
            rows += [seal_row(readers, week, record, self._decoys) for record in letter.records]
        _DICE.shuffle(rows)
        total = RecordHash()
        for row in rows:
            total.add(row)
        manifest = Manifest(
            type=BUNDLE,
            deployment=self.home.roster.deployment,
            sender=SERVER,
            to=self.home.id,
            seq=self._last.seq + 1 if self._last else 1,
            previous=self._last.hash if self._last else FIRST_PREVIOUS,
            roster_version=self.home.roster.version,
            day=day,
            sections=tuple((kind, len(rows) if kind == "row" else 0) for kind in bundle.SECTION_ORDER),
            records=total.digest(),
            applied=self._applied,
            oldest_waiting_epoch=min((epoch_of(letter.day) for letter in letters), default=epoch),
        )
        path = folder / bundle_name(manifest.seq)
        medium.write_file(path, [bundle.build_head(manifest, self.signer), *rows], mode=0o644)
        self._last = manifest
        return path
