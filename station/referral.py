"""Pass a case on to another unit: what goes along is chosen, edited, proposed by one person and approved by another.

The reporter's wish counts (`izin_teruskan`), and a unit that the reporter barred is never a recipient. Nothing that
opens or names the mailbox leaves: of a letter only the fields chosen here, as text.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

import sqlalchemy as sa

from crypto.attachment import Attachment, new_key, parts_of
from crypto.encoding import readable
from crypto.errors import Malformed
from crypto.forwarded import (
    FROM_REPORTER,
    FROM_UNIT,
    MAX_FILES,
    REFERENCE_BYTES,
    Forwarded,
    Said,
    build_body,
)
from crypto.letter import REPORT, Letter, parse_letter
from crypto.row import OBJECT_ID_BYTES
from keys.roster import Group
from station import audit, casework, referrals
from station.attachments import File, files_of, read_file
from station.audit import Deed
from station.canaries import number_of
from station.casework import Wish
from station.errors import Refused
from station.home import Home
from station.questions import question
from station.referral_tables import parcel_files, parcel_rows, parcels
from station.referral_tables import referrals as referral_table
from station.referrals import last_letter, prepared, reference_name
from station.tables import REPORTER, FileState, cases, letters, messages
from station.texts import CONSENT_WORDS, GROUND_WORDS
from station.transitions import RECIPIENTS

CONSENT, EXCLUDED, AREA, LEVEL = "izin_teruskan", "jangan_dibuka", "wilayah", "jenjang_terlapor"
# What helps to guess who wrote, or says how it was sent: left out unless somebody chooses it.
SHY = frozenset({"sumber", "lingkar_tahu", "keamanan", "pernah_lapor", "laporan_lama", "bahasa", "pengecualian",
                 EXCLUDED, CONSENT})  # fmt: skip
OTHER_UNIT = "inspektorat_lain"
MOST_BYTES = 32 * 1024 * 1024
MOST_WORDS = 4_000  # characters of a reason or a ground
NOT_CLEANED = "tidak dibersihkan di meja ini"
_SUFFIX = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".txt",
                     ".mp3", ".mp4", ".m4a", ".wav", ".zip"})  # fmt: skip


class Washed(Protocol):
    """What became of a file's metadata; without data it was not cleaned, and `words` say why."""

    @property
    def data(self) -> bytes | None:
        """The cleaned file."""

    @property
    def words(self) -> str:
        """In Indonesian."""

    @property
    def ending(self) -> str:
        """What the name of such a file ends in."""


Cleaner = Callable[[bytes, str], Washed]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to pass on. `fields` and `messages` hold the texts as edited, by name and by number."""

    recipient: str
    fields: Mapping[str, str] = field(repr=False, default_factory=dict)
    messages: Mapping[int, str] = field(repr=False, default_factory=dict)
    files: Sequence[int] = ()
    ground: str = "izin"
    basis: str = field(repr=False, default="")
    reason: str = field(repr=False, default="")
    text: str = field(repr=False, default="")  # to the reporter
    checked: bool = False  # that text was looked at again after a warning


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reporter said, in all reports of the case: the strictest wish, and the units that may not read."""

    consent: str
    barred: frozenset[str]
    readers: frozenset[str]
    no_report: bool = False  # it went: nobody knows any more whom the reporter barred


def limits_of(transaction: sa.Connection, home: Home, case_id: int) -> Limits:
    """Return what limits a referral of a case. No answer counts as the wish to be asked first."""
    raws = transaction.scalars(sa.select(letters.c.raw).where(letters.c.case_id == case_id).order_by(letters.c.id))
    reports = [letter for raw in raws if (letter := parse_letter(raw)).type == REPORT]
    if not reports:
        return Limits("tanya", home.roster.group_ids - {home.roster.fallback}, frozenset(), no_report=True)
    wishes = {letter.fields.get(CONSENT, "tanya") for letter in reports}
    consent = next((wish for wish in ("jangan", "tanya") if wish in wishes), "boleh")
    if not wishes <= {"jangan", "tanya", "boleh"}:
        consent = "tanya" if consent == "boleh" else consent
    barred = frozenset[str]().union(*(_barred(home, letter) for letter in reports))
    return Limits(consent, barred, frozenset(reader for letter in reports for reader in letter.readers))


def units(transaction: sa.Connection, home: Home, case_id: int) -> dict[Group, str]:
    """Return the other units of the roster that have reviewers; with each why it may not be chosen, or ""."""
    limits = limits_of(transaction, home, case_id)
    groups = [group for group in home.roster.groups if group.members and group.id != home.group.id]
    return {group: why_not(limits, group.id) for group in groups}


def ready(transaction: sa.Connection, home: Home, case_id: int, draft: Draft) -> tuple[File, ...]:
    """Return the files that a draft names, when it may be proposed; cleaning them takes long and may come before that.

    Raises Refused where something is missing, barred, or against the reporter's wish.
    """
    if number_of(transaction, case_id):
        raise Refused("kenari bukan laporan: tidak ada yang diteruskan")
    if referrals.origin_of(transaction, case_id) is not None:
        raise Refused("perkara ini diteruskan oleh unit lain: hanya unit asal yang dapat meneruskannya lagi")
    if prepared(transaction, case_id, home.id) is not None:
        raise Refused("sebuah usulan sudah menunggu untuk perkara ini; setujui, tolak atau tarik dulu")
    if draft.recipient not in home.roster.group_ids and draft.recipient not in RECIPIENTS:
        raise Refused("pilih dulu penerimanya")
    _check(transaction, home, case_id, draft, draft.recipient in home.roster.group_ids)
    _check_texts(transaction, case_id, draft)
    return _chosen(transaction, case_id, draft)


def propose(
    transaction: sa.Connection, home: Home, case_id: int, draft: Draft, *, by: str, day: int,
    cleaner: Cleaner | None = None,
) -> None:  # fmt: skip
    """Write down exactly what would leave, and propose it; another person approves it by `approve`.

    Raises Refused as `ready` does, and what `casework.take` does.
    """
    files = ready(transaction, home, case_id, draft)
    referral = _referral(transaction, case_id, draft.recipient, sealed=draft.recipient in home.roster.group_ids)
    washed = [_wash(transaction, file, number, cleaner) for number, file in enumerate(files, 1)]
    contents = [(data, words) for _, data, words in washed]
    forwarded = _compose(transaction, home, case_id, draft, referral, day, tuple(each[0] for each in washed))
    _must_be_seen(forwarded)
    try:
        body = build_body(forwarded)
    except Malformed:
        raise Refused("isinya terlalu panjang untuk satu kiriman: pilih lebih sedikit, sisanya menyusul") from None
    sources = {"fields": sorted(draft.fields), "messages": [str(n) for n in sorted(draft.messages)],
               "files": [str(n) for n in draft.files]}  # fmt: skip
    made = sa.insert(parcels).values(
        referral_id=referral.id, body=body, sources=sources, seen=last_letter(transaction, case_id), approved=0
    )
    parcel_id = transaction.scalar(made.returning(parcels.c.id))
    for number, (data, words) in enumerate(contents):
        transaction.execute(sa.insert(parcel_files).values(parcel_id=parcel_id, number=number, data=data, words=words))
    detail = draft.recipient if draft.recipient in RECIPIENTS else OTHER_UNIT
    note = f"{reference_name(referral.reference)} kepada {home.name_of(draft.recipient)}. {_said_of(forwarded)}"
    casework.take(transaction, home, case_id, Wish("referred", by, detail, draft.text, note, draft.checked), day=day)


def approve(transaction: sa.Connection, home: Home, case_id: int, by: str, digest: str, *, day: int) -> None:
    """Let go what was proposed: `digest` is that of what this person has read.

    Raises Refused where something else waits, a unit has been barred since, and as `casework.approve` does.
    """
    found = prepared(transaction, case_id, home.id)
    if found is None or digest_of(found[1].body) != digest:
        raise Refused("yang menunggu bukan lagi yang Anda baca; muat ulang halamannya")
    referral, _parcel = found
    if referral.sealed and (why := why_not(limits_of(transaction, home, case_id), referral.recipient)):
        raise Refused(why)
    casework.approve(transaction, home, case_id, by, day=day)
    audit.note(transaction, by, Deed.REFERRED, day=day, case=case_id, detail=f"{referral.name} {referral.recipient}")


def send_again(transaction: sa.Connection, home: Home, case_id: int, referral_id: int, *, by: str, day: int) -> None:
    """Queue all rows of a referral that left again: its recipient never said that it came. Raises Refused."""
    found = next((r for r in referrals.referrals_of(transaction, case_id, home.id) if r.id == referral_id), None)
    if found is None or not found.sealed or all(parcel.stopped for parcel in found.approved):
        raise Refused("pelimpahan ini tidak ada, atau kirimannya sudah ditarik")
    mine = sa.select(parcels.c.id).where(parcels.c.referral_id == referral_id, parcels.c.approved == referrals.LET_GO)
    again = sa.update(parcel_rows).where(parcel_rows.c.parcel_id.in_(mine), parcel_rows.c.sent != 0)
    transaction.execute(again.values(sent=referrals.AGAIN))
    audit.note(transaction, by, Deed.RESENT, day=day, case=case_id, detail=found.name)


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a parcel's body in hex: it covers the hash of each file."""
    return hashlib.sha256(body).hexdigest()


def _check(transaction: sa.Connection, home: Home, case_id: int, draft: Draft, sealed: bool) -> None:
    limits = limits_of(transaction, home, case_id)
    if sealed:
        if not home.roster.group(draft.recipient).members or draft.recipient == home.group.id:
            raise Refused("unit itu tidak dapat membaca kiriman: pilih penerima lain")
        if why := why_not(limits, draft.recipient):
            raise Refused(why)
    if not (draft.fields or draft.messages or draft.files):
        raise Refused("pilih dulu apa yang diteruskan")
    if not draft.reason.strip():
        raise Refused("tulis dulu alasan pelimpahan")
    if max(len(draft.reason), len(draft.basis)) > MOST_WORDS:
        raise Refused(f"alasan atau dasar terlalu panjang: paling banyak {MOST_WORDS} huruf")
    if draft.ground == "izin" and limits.consent == "tanya":
        raise Refused("pelapor ingin ditanya dulu: tulis jawabannya, atau dasar hukum yang mewajibkan pelimpahan")
    if draft.ground == "izin" and limits.consent == "jangan":
        raise Refused("pelapor tidak mengizinkan: tulis dasar hukum yang mewajibkan, atau jawabannya yang baru")
    if draft.ground not in ("izin", "jawaban", "hukum"):
        raise Refused("pilih dulu dasar pelimpahan")
    if draft.ground != "izin" and not draft.basis.strip():
        raise Refused("tulis dulu jawaban pelapor atau dasar hukumnya dengan kata-kata")
    wrote = sa.select(messages.c.id).where(messages.c.case_id == case_id, messages.c.sender == REPORTER)
    if draft.ground == "jawaban" and transaction.scalar(wrote.limit(1)) is None:
        raise Refused("pelapor belum menulis apa pun sejak laporannya: tanyakan dulu")


def why_not(limits: Limits, group: str) -> str:
    """Return why nothing may go to a unit, in words, "" where it may."""
    if group in limits.barred and limits.no_report:
        return "laporannya sudah dihapus: tidak diketahui lagi apakah pelapor mengecualikan unit itu"
    if group in limits.barred:
        return "unit itu tidak boleh membuka laporan ini, menurut pelapor atau roster: tidak dapat dipilih"
    if group in limits.readers:
        return "unit itu sudah menerima laporan ini dari pelapor"
    return ""


def _barred(home: Home, letter: Letter) -> frozenset[str]:
    area, level = letter.fields.get(AREA, ""), letter.fields.get(LEVEL, "")
    wishes = [wish for wish in letter.fields.get(EXCLUDED, "").split(",") if wish]
    route = home.roster.routing.get(area, {}).get(level)
    return home.roster.excluded(area, wishes) | frozenset(route.never if route is not None else ())


def _referral(transaction: sa.Connection, case_id: int, recipient: str, *, sealed: bool) -> sa.Row[tuple[object, ...]]:
    t = referral_table
    same = sa.select(t).where(t.c.case_id == case_id, t.c.recipient == recipient)
    if (found := transaction.execute(same).first()) is not None:
        return found
    values = {"recipient": recipient, "sealed": int(sealed), "reference": os.urandom(REFERENCE_BYTES)}
    return transaction.execute(sa.insert(t).values(case_id=case_id, **values).returning(t)).one()


def _compose(
    transaction: sa.Connection, home: Home, case_id: int, draft: Draft, referral: sa.Row[tuple[object, ...]],
    day: int, attachments: tuple[Attachment, ...],
) -> Forwarded:  # fmt: skip
    case = transaction.execute(sa.select(cases).where(cases.c.id == case_id)).one()
    return Forwarded(
        object_id=os.urandom(OBJECT_ID_BYTES),
        deployment=home.roster.deployment,
        origin=home.group.id,
        recipient=draft.recipient,
        reference=referral.reference,
        day=day,
        arrived=case.day,
        language=case.language,
        fields={name: text.replace("\r\n", "\n").strip() for name, text in draft.fields.items()},
        said=_said(transaction, case_id, draft),
        attachments=attachments,
        consent=limits_of(transaction, home, case_id).consent,
        ground=draft.ground,
        basis=draft.basis.replace("\r\n", "\n").strip(),
        reason=draft.reason.replace("\r\n", "\n").strip(),
    )


def _check_texts(transaction: sa.Connection, case_id: int, draft: Draft) -> None:
    raw = transaction.scalar(sa.select(letters.c.raw).where(letters.c.case_id == case_id).order_by(letters.c.id))
    known = parse_letter(raw or b"").fields
    texts = {**draft.fields, **{str(number): text for number, text in draft.messages.items()}}
    if not draft.fields.keys() <= known.keys():
        raise Refused("satu isian yang dipilih bukan dari laporan ini; muat ulang halamannya")
    if not all(text.strip() for text in texts.values()):
        raise Refused("satu isian yang dipilih kosong: tulis isinya, atau jangan pilih")


def _said(transaction: sa.Connection, case_id: int, draft: Draft) -> tuple[Said, ...]:
    query = sa.select(messages).where(messages.c.case_id == case_id, messages.c.id.in_(draft.messages))
    rows = transaction.execute(query.order_by(messages.c.id)).all()
    if len(rows) != len(draft.messages):
        raise Refused("satu pesan yang dipilih bukan dari perkara ini; muat ulang halamannya")
    return tuple(
        Said(
            row.day,
            FROM_REPORTER if row.sender == REPORTER else FROM_UNIT,
            draft.messages[row.id].replace("\r\n", "\n").strip(),
        )
        for row in rows
    )


def _chosen(transaction: sa.Connection, case_id: int, draft: Draft) -> tuple[File, ...]:
    known = {file.id: file for file in files_of(transaction, case_id)}
    chosen = [known[number] for number in draft.files if number in known]
    if len(chosen) != len(draft.files) or any(file.state is not FileState.WHOLE for file in chosen):
        raise Refused("satu berkas yang dipilih belum lengkap atau rusak: jangan pilih dulu")
    if len(chosen) > MAX_FILES or sum(file.size for file in chosen) > MOST_BYTES:
        raise Refused(
            f"paling banyak {MAX_FILES} berkas dan {MOST_BYTES // 1024**2} MB sekali kirim: sisanya menyusul, atau "
            "diserahkan langsung bersama surat pengantar"
        )
    return tuple(chosen)


def _wash(
    transaction: sa.Connection, file: File, number: int, cleaner: Cleaner | None
) -> tuple[Attachment, bytes, str]:
    """Return a file as it leaves: cleaned where that works, under a name and a key of its own."""
    data, words, cleaned = read_file(transaction, file), NOT_CLEANED, file.cleaned
    suffix = PurePosixPath(file.name).suffix.lower()
    suffix = suffix if suffix in _SUFFIX else ".bin"
    if cleaner is not None:
        washed = cleaner(data, file.media_type)
        words = washed.words
        if washed.data is not None:
            data, cleaned, suffix = washed.data, "cleaned", f".{washed.ending}"
    described = Attachment(
        os.urandom(OBJECT_ID_BYTES), f"lampiran-{number}{suffix}", file.media_type, len(data), parts_of(len(data)),
        hashlib.sha256(data).digest(), new_key(), cleaned,
    )  # fmt: skip
    return described, data, words


def _must_be_seen(forwarded: Forwarded) -> None:
    """Refuse to pass on characters that nobody sees: another person must read all that leaves."""
    texts = [(question(name).label, name + text) for name, text in forwarded.fields.items()]
    texts += [("surat dan pesan", one.text) for one in forwarded.said]
    texts += [("dasar", forwarded.basis), ("alasan", forwarded.reason), ("bahasa", forwarded.language)]
    if places := dict.fromkeys(readable(place) for place, text in texts if readable(text) != text):
        raise Refused(
            f"ada huruf yang tidak terlihat di: {', '.join(places)}. Di bawah ditulis sebagai \\u{{…}}: hapus, atau "
            "jangan pilih, lalu usulkan lagi"
        )


def _said_of(forwarded: Forwarded) -> str:
    """Return what is written down of a referral: why, and on what ground. The contents stand in the parcel."""
    wish, ground = CONSENT_WORDS[forwarded.consent], GROUND_WORDS[forwarded.ground]
    basis = f" ({forwarded.basis})" if forwarded.basis else ""
    return f"Pelapor {wish}; dasar: {ground}{basis}. Alasan: {forwarded.reason}"
