"""Reports that came on paper or by a visit, typed in: cases like any other, with a mailbox whose code is handed over.

The letter is made as the drop box makes one and taken by the same rules. The code is shown once and kept nowhere.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from crypto import medium, receipt
from crypto.attachment import MAX_ATTACHMENT_BYTES
from crypto.encoding import visible
from crypto.errors import Malformed
from keys.roster import AREA_INSPECTORATE, PROVINCE_INSPECTORATE
from keys.units import GOVERNMENTS, PROVINCE
from station import attachments, audit, letters
from station.audit import Deed
from station.cases import case_name
from station.desk import Desk
from station.errors import Refused
from station.questions import question
from station.tables import cases, closed_boxes, paper_cases
from station.tables import letters as letter_table
from station.writing import Writer

REQUIRED = ("wilayah", "jenjang_terlapor", "kategori", "uraian")
BARRED = "jangan_dibuka"
FREE = ("instansi", "terlapor", "waktu", "nilai", "bukti_lokasi", BARRED, "izin_teruskan", "lingkar_tahu", "keamanan")
ASKED = (*REQUIRED, *FREE)
WAYS = {"surat": "surat", "datang": "datang sendiri", "telepon": "telepon"}
MAX_CHARACTERS = 20_000
MAX_FILES = 5


@dataclass(frozen=True, slots=True)
class Scan:
    """A file that came with the paper."""

    name: str = field(repr=False)
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """A case that was typed in, and the eight words for its reporter, () where nobody takes them."""

    case: str
    code: tuple[str, ...] = field(repr=False)
    name: str = field(repr=False)


def type_in(
    transaction: sa.Connection, desk: Desk, fields: Mapping[str, str], scans: Sequence[Scan], *, way: str, by: str,
    hand_over: bool, language: str, day: int,
) -> Typed:  # fmt: skip
    """Make a case of what somebody brought; raises Refused where something is missing or too long."""
    desk.home.must_serve()
    desk.home.role_of(by)
    if way not in WAYS:
        raise Refused("pilih dulu bagaimana laporan ini tiba")
    told = {name: text for name in ASKED if (text := _clean(name, fields.get(name, "")))}
    if missing := [name for name in REQUIRED if name not in told]:
        raise Refused(f"isi dulu yang wajib: {', '.join(question(name).label for name in missing)}")
    own = {PROVINCE_INSPECTORATE} if desk.home.group.id == PROVINCE else set()
    own |= {AREA_INSPECTORATE} if desk.home.group.id == told["wilayah"] != PROVINCE else set()
    if own & set(told.get(BARRED, "").split(",")):
        raise Refused("pelapor tidak mau unit ini membukanya: jangan diketik di sini, serahkan kepada unit lain")
    writer = Writer(desk.home.roster.deployment, desk.home.group.id, language)
    try:
        written = writer.report(told, scans, day)
    except Malformed:  # each answer has its room, all together do not
        raise Refused("laporan ini terlalu panjang: pendekkan ceritanya, sertakan sisanya sebagai pindaian") from None
    raw = written.records[-1].data
    opened = letters.parse_opened(hashlib.sha512(raw).digest(), raw, day)
    same = sa.select(letter_table.c.case_id).where(letter_table.c.content == opened.letter.content)
    if (known := transaction.scalar(same)) is not None:  # a page that was sent twice
        raise Refused(f"laporan yang sama persis sudah ada: {case_name(known)}")
    for record in written.records[:-1]:
        attachments.keep_part(transaction, record, day)
    letters.take_letter(transaction, opened, desk.home.group.id)
    attachments.settle(transaction)
    case_id = transaction.scalar(sa.select(cases.c.id).where(cases.c.mailbox == opened.letter.mailbox)) or 0
    transaction.execute(sa.insert(paper_cases).values(case_id=case_id, day=day, way=way, by=by, told=int(hand_over)))
    if not hand_over:  # nobody holds the code: what would be written there is read by nobody
        transaction.execute(sa.insert(closed_boxes).values(case_id=case_id, day=day))
    audit.note(transaction, by, Deed.TYPED, day=day, case=case_id, detail=way)
    code = receipt.code_words(writer.code) if hand_over else ()
    return Typed(case_name(case_id), code, opened.letter.mailbox_name)


def way_of(transaction: sa.Connection, case_id: int) -> sa.Row[tuple[object, ...]] | None:
    """Return how a case came, when it was typed in: way, by, told (whether the code was handed over)."""
    return transaction.execute(sa.select(paper_cases).where(paper_cases.c.case_id == case_id)).one_or_none()


def read_scans(folder: Path) -> tuple[Scan, ...]:
    """Read the files of a folder, at most 5 of 25 MB each, by name; raises Refused, OSError."""
    if not folder.is_dir():
        raise Refused("folder pindaian itu tidak ada")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and _is_plain(path))
    if not 0 < len(paths) <= MAX_FILES:
        raise Refused(f"folder itu berisi {len(paths)} berkas; sediakan 1 sampai {MAX_FILES}")
    for path in paths:
        if path.stat().st_size > MAX_ATTACHMENT_BYTES:
            raise Refused(f"{visible(path.name)} terlalu besar: paling banyak {MAX_ATTACHMENT_BYTES // 1_000_000} MB")
    return tuple(Scan(path.name, medium.read_file(path, MAX_ATTACHMENT_BYTES)) for path in paths)


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _clean(name: str, text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_CHARACTERS:
        raise Refused(f"{question(name).label}: paling banyak {MAX_CHARACTERS} huruf")
    choices = GOVERNMENTS if name == "wilayah" else question(name).choices
    if choices and text and not set(text.split(",")) <= set(choices):
        raise Refused(f"{question(name).label}: pilihan itu tidak ada")
    return text
