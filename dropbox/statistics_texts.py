"""The words for what stations tell everybody: tables, cells, processes."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _

from crypto.statistics import Table
from dropbox.form import CATEGORIES, LOSSES, Text

TABLES: Mapping[str, Text] = {
    "area": _("Tempat kejadian"),
    "regency": _("Kabupaten dan kota dengan 20 laporan atau lebih"),
    "category": _("Jenis masalah"),
    "loss": _("Perkiraan kerugian"),
    "outcome": _("Hasil"),
    "recipient": _("Diteruskan kepada"),
    "reason": _("Mengapa tidak dapat ditindaklanjuti"),
    "read": _("Dibaca pertama kali"),
    "feedback": _("Umpan balik pertama"),
    "due": _("Yang masih berjalan"),
}
_CELLS: Mapping[str, Mapping[str, Text]] = {
    "area": {"sumsel": _("Provinsi"), "regencies": _("Kabupaten dan kota"), "tidak-tahu": _("Tidak tahu")},
    "category": dict(CATEGORIES),
    "loss": dict(LOSSES),
    "outcome": {
        "open": _("Masih berjalan"),
        "terbukti": _("Terbukti"),
        "terbukti_sebagian": _("Terbukti sebagian"),
        "tidak_terbukti": _("Tidak terbukti"),
        "perbaikan_pencegahan": _("Perbaikan dan pencegahan"),
        "referred": _("Diteruskan ke lembaga lain"),
        "closed_not_actionable": _("Tidak dapat ditindaklanjuti"),
    },
    "recipient": {
        "kpk": _("KPK (pemberantasan korupsi)"),
        "polri": _("Kepolisian"),
        "kejaksaan": _("Kejaksaan"),
        "itjen_kemendagri": _("Inspektorat Jenderal Kemendagri"),
        "inspektorat_lain": _("Inspektorat lain"),
        "bpkp": _("BPKP (pengawas keuangan)"),
        "instansi_lain": _("Instansi lain"),
    },
    "reason": {
        "bukan_kewenangan": _("Bukan kewenangan unit ini"),
        "info_tidak_cukup": _("Informasi tidak cukup"),
        "sudah_ditangani": _("Sudah ditangani"),
        "duplikat": _("Sama dengan laporan lain"),
        "bukan_pelanggaran": _("Bukan pelanggaran"),
        "spam": _("Bukan laporan"),
    },
    "read": {
        "3": _("Dalam 3 hari kerja"),
        "10": _("Dalam 4 sampai 10 hari kerja"),
        "more": _("Lebih lama, atau belum"),
    },
    "feedback": {
        "30": _("Dalam 30 hari kerja"),
        "60": _("Dalam 31 sampai 60 hari kerja"),
        "more": _("Lebih lama, atau belum"),
    },
    "due": {"open": _("Berjalan, belum lewat"), "late": _("Lewat batas waktu")},
}
PROCESSES: Mapping[str, Text] = {
    "pengadaan": _("Pengadaan dan e-katalog"),
    "bos": _("Dana BOS dan sekolah"),
    "desa": _("Dana desa"),
    "hibah": _("Hibah dan bantuan sosial"),
    "perjalanan": _("Perjalanan dinas dan honor"),
    "perizinan": _("Perizinan"),
    "layanan": _("Layanan kepada masyarakat"),
    "kepegawaian": _("Kepegawaian dan mutasi"),
    "aset": _("Aset dan barang"),
    "pendapatan": _("Pajak dan retribusi daerah"),
    "lainnya": _("Proses lain"),
}


def lines_of(table: Table, areas: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return the cells of a table in words, in the order of the words; one that is not known under its own name."""
    names: Mapping[str, Text] = areas if table.name == "regency" else _CELLS.get(table.name, {})
    places = {slug: place for place, slug in enumerate(names)}
    cells = sorted(table.cells, key=lambda cell: places.get(cell[0], len(places)))
    return [(str(names.get(name, name)), count) for name, count in cells]
