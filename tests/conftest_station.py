"""What the station's tests share: one demo deployment with few weeks of keys, reporters, rows and bundles."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from crypto import passphrase
from crypto.attachment import PART_BYTES, Attachment, parts_of, seal_part
from crypto.bundle import BUNDLE, FIRST_PREVIOUS, Manifest, RecordHash, build_head
from crypto.encoding import epoch_of, today
from crypto.letter import FOLLOW_UP, REPORT, Letter, build_letter, mailbox_of, seal_thread
from crypto.row import Decoys, Kind, Record, seal_row
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from keys import demo
from keys.batch import KeyTable
from keys.roster import Sizes
from station.desk import Desk, open_desk
from station.home import Home

SIZES = Sizes(slots=64, daily_cover=8, mailboxes=32, births=4, forwarded=3)


@dataclass(slots=True)
class World:
    """A demo deployment and what its server can do."""

    folder: Path
    passphrases: dict[str, str]
    server: SigningKey
    table: KeyTable
    decoys: Decoys = field(default_factory=Decoys)

    @property
    def epoch(self) -> int:
        return epoch_of(today())

    def copy_home(self, group: str, to: Path) -> Path:
        shutil.copytree(self.folder / "stations" / group, to / group)
        return to / group

    def cover(self, count: int = 1) -> list[bytes]:
        return [self.table.draw_cover(self.epoch, self.decoys) for _ in range(count)]

    def seal(self, record: Record, readers: Sequence[str] = ("sumsel",), epoch: int | None = None) -> bytes:
        groups = self.table.readers(readers, self.epoch)
        return seal_row(groups, self.epoch if epoch is None else epoch, record, self.decoys)

    def letter_row(self, letter: Letter, readers: Sequence[str] | None = None) -> bytes:
        record = Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter))
        return self.seal(record, letter.readers if readers is None else readers)

    def part_rows(self, attachment: Attachment, data: bytes, readers: Sequence[str] = ("sumsel",)) -> list[bytes]:
        pieces = [data[at : at + PART_BYTES] for at in range(0, max(1, len(data)), PART_BYTES)]
        return [
            self.seal(Record(Kind.ATTACHMENT, name, i, 0, seal_part(attachment.key, name, i, piece)), readers)
            for name in [attachment.object_id]
            for i, piece in enumerate(pieces)
        ]


def weak_passphrases() -> AbstractContextManager[object]:
    """Make Argon2id cheap: its strength is tested with `crypto.passphrase`, here it would cost a minute."""
    return patch.multiple(passphrase, ARGON2_MEMORY_KIB=64, ARGON2_PASSES=1)


@pytest.fixture(autouse=True)
def weak() -> Iterator[None]:
    """Open the demo's weak keyrings in every test of a module that imports this."""
    with weak_passphrases():
        yield


@cache
def world() -> World:
    """Make the deployment once in a process; two weeks of keys are enough."""
    folder = Path(tempfile.mkdtemp(prefix="station-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with weak_passphrases(), patch.object(demo, "WEEKS", 2):
        made = demo.make_demo(folder / "demo", sizes=SIZES)
    home = Home.load(folder / "demo" / "stations" / "sumsel")
    server = SigningKey.from_seed((folder / "demo" / "server" / "server.key").read_bytes())
    return World(folder / "demo", made.passphrases, server, home.key_table())


@contextmanager
def sit(home: Path, *reviewers: str) -> Iterator[Desk]:
    """Open the desk of a copied home with the given reviewers."""
    with open_desk(Home.load(home), {r: world().passphrases[r] for r in reviewers}) as desk:
        yield desk


class Reporter:
    """Someone with a receipt code; Argon2 is left out because the station never sees the code."""

    def __init__(self, readers: Sequence[str] = ("sumsel",)) -> None:
        self.reply = OpeningKey.generate()
        self.thread, self.claim = os.urandom(32), os.urandom(32)
        self.readers = tuple(readers)

    @property
    def mailbox(self) -> bytes:
        return mailbox_of(self.reply.public.raw)

    def report(self, text: str = "isi laporan", files: Sequence[Attachment] = (), **changes: Any) -> Letter:
        made = Letter(
            type=REPORT,
            object_id=os.urandom(16),
            fields={"uraian": text, "wilayah": "sumsel"},
            language="id",
            day=today(),
            readers=self.readers,
            mailbox=self.mailbox,
            attachments=tuple(files),
            reply_key=self.reply.public.raw,
            thread_key=self.thread,
            claim=self.claim,
            mailbox_name="sungai kompas",
        )
        return replace(made, **changes)

    def follow_up(self, text: str = "tambahan", files: Sequence[Attachment] = (), **changes: Any) -> Letter:
        made = Letter(
            type=FOLLOW_UP,
            object_id=os.urandom(16),
            fields={"pesan": text},
            language="id",
            day=today(),
            readers=self.readers,
            mailbox=self.mailbox,
            attachments=tuple(files),
            reply_key_hash=hashlib.sha256(self.reply.public.raw).digest(),
        )
        return seal_thread(replace(made, **changes), self.thread)


def attach(data: bytes, name: str = "bukti.pdf", **changes: Any) -> Attachment:
    """Describe a file."""
    made = Attachment(
        os.urandom(16),
        name,
        "application/pdf",
        len(data),
        parts_of(len(data)),
        hashlib.sha256(data).digest(),
        os.urandom(32),
        "cleaned",
    )
    return replace(made, **changes)


@dataclass(slots=True)
class Stick:
    """The server's chain of bundles to one station, written into a folder."""

    folder: Path
    to: str = "sumsel"
    last: Manifest | None = None

    def write(self, rows: Sequence[bytes], **changes: Any) -> Path:
        """Write the next bundle; `changes` bend its manifest, `signer` its signature."""
        signer = changes.pop("signer", world().server)
        total = RecordHash()
        for row in rows:
            total.add(row)
        manifest = Manifest(
            type=BUNDLE,
            deployment=world().table.roster.deployment,
            sender="server",
            to=self.to,
            seq=self.last.seq + 1 if self.last else 1,
            previous=self.last.hash if self.last else FIRST_PREVIOUS,
            roster_version=1,
            day=today(),
            sections=(("row", len(rows)), ("mailbox", 0), ("file", 0)),
            records=total.digest(),
        )
        self.last = replace(manifest, **changes)
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"bundle-{self.last.seq:08d}.senyap"
        path.write_bytes(build_head(self.last, signer) + b"".join(rows))
        return path
