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
from click.testing import CliRunner, Result

from crypto import passphrase
from crypto.attachment import PART_BYTES, Attachment, parts_of, seal_part
from crypto.bundle import BUNDLE, FIRST_PREVIOUS, Manifest, RecordHash, build_file_records, build_head
from crypto.encoding import epoch_of, today
from crypto.envelope import parse_envelope
from crypto.letter import FOLLOW_UP, REPORT, Letter, build_letter, mailbox_of, seal_thread
from crypto.row import Decoys, Kind, Record, seal_row
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from keys import demo, rosterfile
from keys.batch import Batch, KeyTable, sign_batch
from keys.keyring import Keyring
from keys.ledger import take_file
from keys.roster import Group, Member, Roster, Sizes
from keys.rosterfile import parse_roster, sign_roster
from station import casework
from station.__main__ import main
from station.desk import Desk, open_desk
from station.home import Home

SIZES = Sizes(slots=64, daily_cover=8, mailboxes=32, forwarded=3)


@dataclass(slots=True)
class World:
    """A demo deployment and what its server can do."""

    folder: Path
    passphrases: dict[str, str]
    server: SigningKey
    table: KeyTable
    decoys: Decoys = field(default_factory=Decoys)
    roots: dict[int, SigningKey] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        return epoch_of(today())

    @property
    def roster(self) -> Roster:
        return self.table.roster

    def next_roster(self, before: Roster | None = None, *, signers: int = 2, **changes: Any) -> tuple[Roster, bytes]:
        """Sign the roster that follows one, as the root holders do; return it with its file."""
        before = before or self.roster
        made = replace(before, **{"version": before.version + 1, "previous": before.hash} | changes)
        data = sign_roster(made, {i: self.roots[i] for i in sorted(self.roots)[:signers]})
        return parse_roster(parse_envelope(data, rosterfile.MAGIC, "roster").body), data

    def groups(self, members: Sequence[Member], k: int = 2, group: str = "sumsel") -> tuple[Group, ...]:
        """Return all groups of the first roster, one of them with other reviewers."""
        return tuple(replace(g, members=tuple(members), k=k) if g.id == group else g for g in self.roster.groups)

    def members(self, *names: str, group: str = "sumsel") -> list[Member]:
        """Return reviewers of the first roster by id, or all of a group."""
        return [m for m in self.roster.group(group).members if m.id in names or not names]

    def join(self, home: Path, reviewer: str, epochs: Sequence[int] = ()) -> tuple[Member, bytes]:
        """Make the keyring of a new reviewer at a station; return how it stands in the roster, and a batch."""
        self.passphrases[reviewer] = f"kata sandi {reviewer}"
        ring = Keyring.create(home / "keyring" / reviewer, reviewer, self.passphrases[reviewer])
        weeks = list(epochs or range(self.epoch, self.epoch + 2))
        keys = tuple(key.public for key in ring.make_epochs(weeks))
        batch = sign_batch(Batch(self.roster.deployment, reviewer, weeks[0], keys, 1), ring.signing)
        return Member(reviewer, ring.signing.public), batch

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
    return World(folder / "demo", made.passphrases, server, home.key_table(), roots=_root_keys(folder / "demo"))


def _root_keys(folder: Path) -> dict[int, SigningKey]:
    keys = {}
    for line in (folder / "keys" / "roots" / "demo-passphrases.txt").read_text().splitlines():
        who, _, words = line.partition("\t")
        locked = (folder / "keys" / "roots" / f"{who}.locked").read_bytes()
        number = int(who.removeprefix("root-"))
        with weak_passphrases():
            keys[number] = SigningKey.from_seed(passphrase.unlock(words, locked, f"senyap/v1/root/{number}"))
    return keys


@contextmanager
def sit(home: Path, *reviewers: str, leavers: bool = False) -> Iterator[Desk]:
    """Open the desk of a copied home with the given reviewers."""
    with open_desk(Home.load(home), words_of(*reviewers), leavers=leavers) as desk:
        yield desk


def words_of(*reviewers: str) -> dict[str, str]:
    """Return passphrases by reviewer."""
    return {reviewer: world().passphrases[reviewer] for reviewer in reviewers}


def give(home: Path, *files: bytes) -> Home:
    """Take rosters and batches into a home; return it as it is then."""
    ledger = Home.load(home).ledger
    for data in files:
        ledger = take_file(ledger, data, today=today())
    return Home.load(home)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with what is in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


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
        files = [record for file in changes.pop("files", ()) for record in build_file_records(file)]
        total = RecordHash()
        for record in (*rows, *files):
            total.add(record)
        manifest = Manifest(
            type=BUNDLE,
            deployment=world().table.roster.deployment,
            sender="server",
            to=self.to,
            seq=self.last.seq + 1 if self.last else 1,
            previous=self.last.hash if self.last else FIRST_PREVIOUS,
            roster_version=1,
            day=today(),
            sections=(("row", len(rows)), ("mailbox", 0), ("file", len(files))),
            records=total.digest(),
        )
        changes.setdefault("oldest_waiting_epoch", epoch_of(changes.get("day", manifest.day)))
        self.last = replace(manifest, **changes)
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"bundle-{self.last.seq:08d}.senyap"
        path.write_bytes(build_head(self.last, signer) + b"".join((*rows, *files)))
        return path


class Terminal:
    """Runs commands of one station."""

    def __init__(self, folder: Path, group: str, reviewers: tuple[str, ...], home: Path | None = None) -> None:
        self.home = home or world().copy_home(group, folder)
        self.keys: list[str] = []
        for reviewer in reviewers:
            (folder / f"{reviewer}.words").write_text(world().passphrases[reviewer] + "\n")
            self.keys += ["--passphrase-file", f"{reviewer}={folder / reviewer}.words"]

    def run(self, *arguments: str, typed: str | None = None, before: tuple[str, ...] = ()) -> Result:
        options = ["--allow-network", "--home", str(self.home), *(() if typed else self.keys)]
        result = CliRunner().invoke(main, [*before, *arguments, *options], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result


def reply(transaction: Any, desk: Desk, status: str = "", text: str = "", *, case: int = 1, **more: Any) -> None:
    """Answer a case as those who are present, as `senyap-station reply` does."""
    wish = casework.Wish(status, "", text=text, **more)
    casework.reply(transaction, desk.home, case, [ring.reviewer for ring in desk.rings], wish, day=today())
