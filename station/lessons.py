"""Lessons of prevention: what was weak in a process and what was changed. They are for everybody, and name no office.

One reviewer writes, an inspector who is another person approves. A text that could lead to an office or to a report is
refused before anybody else sees it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.errors import Malformed
from crypto.statistics import MAX_LESSONS, Lesson, check_lesson
from keys.roster import Role
from keys.units import GOVERNMENTS
from station import audit, search
from station.audit import Deed
from station.errors import Refused
from station.fingerprint import fingerprint
from station.home import Home
from station.statements import barred_cases
from station.tables import lessons

PROCESSES = {
    "pengadaan": "Pengadaan dan e-katalog",
    "bos": "Dana BOS dan sekolah",
    "desa": "Dana desa",
    "hibah": "Hibah dan bantuan sosial",
    "perjalanan": "Perjalanan dinas dan honor",
    "perizinan": "Perizinan",
    "layanan": "Layanan kepada masyarakat",
    "kepegawaian": "Kepegawaian dan mutasi",
    "aset": "Aset dan barang",
    "pendapatan": "Pajak dan retribusi daerah",
    "lainnya": "Proses lain",
}
ECHO_WORDS = 5  # in a row, as in a report
_WORD = re.compile(r"\w+")
_KINDS = "Dinas Badan Kantor Sekretariat Kecamatan Kelurahan Desa Puskesmas Bagian Bidang Bupati Camat"
_OFFICE = re.compile(
    rf"\b(?:(?:{'|'.join(f'{kind}|{kind.upper()}' for kind in _KINDS.split())}|"
    r"Wali Kota|WALI KOTA|RSUD|UPTD?|SMAN?|SMKN?|SMPN?|SDN?|MTsN?|MTSN?|MAN|PT|CV)\s+|"
    r"(?:Kec|Kel|Kab|Ds|Jl)\.\s*)[A-Z0-9]\w*"
)
_NUMBER = re.compile(
    r"\d{5,}|\b\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}\b"
    r"|\b\d{1,2}\s+(?:Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Sep|Okt|Nov|Des)\w*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Noted:
    """A lesson in the vault; `approved` is "" while it waits."""

    id: int
    day: int
    lesson: Lesson
    by: str
    approved: str

    @property
    def digest(self) -> str:
        """Fingerprint of what an inspector must have read: the number of one that was deleted is given out again."""
        x = self.lesson
        return fingerprint(process=x.process, title=x.title, weakness=x.weakness, fix=x.fix, by=self.by)


def propose(transaction: sa.Connection, home: Home, lesson: Lesson, by: str, *, day: int) -> None:
    """Keep a lesson until another person approves it; raises Refused for one that says too much, or nothing."""
    home.role_of(by)
    try:
        check_lesson(lesson)
    except Malformed:
        raise Refused(
            "isi proses, judul (paling banyak 100 huruf), kelemahan dan perbaikan (masing-masing paling banyak 600 "
            "huruf, tanpa baris baru)"
        ) from None
    if lesson.process not in PROCESSES:
        raise Refused("pilih dulu prosesnya")
    _must_be_general(transaction, lesson, by)
    values = {"process": lesson.process, "title": lesson.title, "weakness": lesson.weakness, "fix": lesson.fix}
    made = sa.insert(lessons).values(day=day, by=by, approved="", **values).returning(lessons.c.id)
    number = transaction.execute(made).scalar_one()
    audit.note(transaction, by, Deed.PROPOSED, day=day, detail=f"lesson {number}")


def judge(transaction: sa.Connection, home: Home, number: int, by: str, *, approve: bool, day: int) -> None:
    """Approve a lesson that waits, as an inspector who did not write it, or drop one; raises Refused."""
    found = next((each for each in all_lessons(transaction) if each.id == number), None)
    if found is None:
        raise Refused("pelajaran itu tidak ada lagi")
    if approve:
        must_sign_off(home, by, found.by)
        if found.approved:
            raise Refused("pelajaran ini sudah disetujui")
        _must_be_general(transaction, found.lesson, by)
        transaction.execute(sa.update(lessons).where(lessons.c.id == number).values(approved=by))
    else:
        home.role_of(by)
        transaction.execute(sa.delete(lessons).where(lessons.c.id == number))
    audit.note(transaction, by, Deed.APPROVED if approve else Deed.DROPPED, day=day, detail=f"lesson {number}")


def must_sign_off(home: Home, by: str, proposer: str) -> None:
    """Demand an inspector who is not the proposer; raises Refused."""
    if by == proposer:
        raise Refused(f"{by} mengusulkan ini dan tidak dapat menyetujuinya sendiri; orang lain harus menilai")
    if home.role_of(by) is not Role.INSPEKTUR:
        raise Refused(f"{by} ({home.role_of(by)}) tidak berwenang menyetujui: hanya inspektur")


def all_lessons(transaction: sa.Connection) -> tuple[Noted, ...]:
    """Return those that wait and those that were approved, newest first."""
    return tuple(
        Noted(row.id, row.day, Lesson(row.process, row.title, row.weakness, row.fix), row.by, row.approved)
        for row in transaction.execute(sa.select(lessons).order_by(lessons.c.id.desc()))
    )


def approved(transaction: sa.Connection) -> tuple[Lesson, ...]:
    """Return the newest lessons that may be published, ten at most."""
    return tuple(each.lesson for each in all_lessons(transaction) if each.approved)[:MAX_LESSONS]


def _must_be_general(transaction: sa.Connection, lesson: Lesson, by: str) -> None:
    """Refuse a lesson that says too much; who has a conflict with a case is not told what stands in it."""
    if found := traces(lesson):
        raise Refused(f"dapat menunjuk kantor atau orang: {'; '.join(found)}. Tulis lebih umum")
    if _echoes(transaction, lesson, barred_cases(transaction, [by])):
        raise Refused(
            f"{ECHO_WORDS} kata berurutan di dalamnya berasal dari sebuah laporan. Tulis dengan kata-kata lain"
        )


def traces(lesson: Lesson) -> list[str]:
    """Return what in a lesson could lead to an office or a person."""
    found: list[str] = []
    for text in (lesson.title, lesson.weakness, lesson.fix):
        found += [match[0] for pattern in (_OFFICE, _NUMBER) for match in pattern.finditer(text)]
        places = {name.partition(" ")[2] for name in GOVERNMENTS.values()}
        found += sorted(place for place in places if re.search(rf"\b{place}\b", text, re.IGNORECASE))
    return list(dict.fromkeys(found))


def _echoes(transaction: sa.Connection, lesson: Lesson, unread: Collection[int]) -> bool:
    """Tell whether a run of its words stands so in a report, a message or a note of another case than these."""
    search.take_in(transaction)
    for text in (lesson.title, lesson.weakness, lesson.fix):
        words = _WORD.findall(text)
        runs = (" ".join(words[at : at + ECHO_WORDS]) for at in range(len(words) - ECHO_WORDS + 1))
        if any(search.places(transaction, run) - set(unread) for run in runs):
            return True
    return False
