"""The words for what is published, as the desk's preview shows them."""

from __future__ import annotations

from keys.units import GOVERNMENTS
from station.questions import question
from station.texts import DETAIL_WORDS

_TABLES = {
    "area": "Tempat kejadian",
    "regency": "Kabupaten dan kota dengan 20 laporan atau lebih",
    "category": "Jenis masalah",
    "loss": "Perkiraan kerugian",
    "outcome": "Hasil",
    "recipient": "Diteruskan kepada",
    "reason": "Alasan tidak dapat ditindaklanjuti",
    "read": "Dibaca pertama kali",
    "feedback": "Umpan balik pertama",
    "due": "Yang masih berjalan",
}
_CELLS = {
    "area": {"sumsel": "Provinsi", "regencies": "Kabupaten dan kota", "tidak-tahu": "Tidak tahu"},
    "outcome": {
        "open": "Masih berjalan", "referred": "Diteruskan", "closed_not_actionable": "Tidak dapat ditindaklanjuti",
    },
    "read": {"3": "dalam 3 hari kerja", "10": "dalam 4 sampai 10 hari kerja", "more": "lebih lama, atau belum"},
    "feedback": {"30": "dalam 30 hari kerja", "60": "dalam 31 sampai 60 hari kerja", "more": "lebih lama, atau belum"},
    "due": {"open": "berjalan, belum lewat", "late": "lewat batas waktu"},
}  # fmt: skip


def table_words(name: str) -> str:
    """Return what a table of the statistics counts by."""
    return _TABLES[name]


def cell_words(table: str, cell: str) -> str:
    """Return the words for a cell of a table."""
    known = {"category": question("kategori").choices, "loss": question("nilai").choices, "regency": GOVERNMENTS}
    return known.get(table, _CELLS.get(table, {})).get(cell) or DETAIL_WORDS.get(cell, cell)
