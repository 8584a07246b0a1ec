"""The intake form, once, as data: page, checks and letter are made from it.

Nothing asks who the reporter is. Field names are part of the HTTP contract (docs/interface.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _

from keys.roster import AREA_INSPECTORATE, NOBODY, PROVINCE_INSPECTORATE, Roster

Text = Any  # a string or a lazily translated one
Options = tuple[tuple[str, Text], ...]
AREA, LEVEL, EXCLUDED = "wilayah", "jenjang_terlapor", "jangan_dibuka"
ROUTING = (AREA, LEVEL, EXCLUDED)
FILES, SEED, KEPT, DROPPED, CHECKED, AS_IS = "lampiran", "benih", "berkas", "buang", "diperiksa", "asli"
QUESTION, SUM = "soal", "hitung"
UNKNOWN = "tidak-tahu"


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `limit` and `least` count characters."""

    key: str
    kind: str  # select, radio, checks, text, area
    label: Text
    hint: Text = ""
    required: bool = False
    limit: int = 0
    least: int = 0
    options: Options = field(default=())
    examples: Mapping[str, Text] = field(default_factory=dict)  # option → what it means here
    section: Text = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What must be mended in which field, in the reporter's language."""

    key: str
    message: Text


LEVELS: Options = (
    ("gubernur", _("Gubernur atau wakil gubernur")),
    ("pimpinan-provinsi", _("Sekda, inspektur, atau DPRD provinsi")),
    ("pegawai-provinsi", _("Pejabat atau pegawai Pemprov lainnya")),
    ("bupati", _("Bupati, wali kota, atau wakilnya")),
    ("pimpinan-daerah", _("Sekda, kepala dinas, inspektur, atau DPRD kabupaten/kota")),
    ("pegawai-daerah", _("Pegawai kabupaten/kota lainnya")),
    ("desa", _("Kepala desa atau perangkat desa")),
    ("sekolah", _("Sekolah")),
    ("bumd", _("BUMD (badan usaha milik daerah)")),
    ("swasta", _("Swasta atau penyedia")),
    (UNKNOWN, _("Tidak tahu")),
)
EXCLUSIONS: Options = (
    (AREA_INSPECTORATE, _("Inspektorat kabupaten/kota di wilayah itu")),
    (PROVINCE_INSPECTORATE, _("Inspektorat Provinsi")),
)
CATEGORIES: Options = (
    ("suap", _("Meminta atau menerima uang, hadiah, “fee proyek”, atau jatah pokir")),
    ("pungli", _("Pungutan liar: sekolah, perizinan, layanan, mutasi")),
    ("pengadaan", _("Pengadaan diatur, fiktif, digelembungkan, atau e-katalog diarahkan")),
    ("aset", _("Uang, barang, atau aset daerah dipakai sendiri atau hilang")),
    ("perjalanan", _("Perjalanan dinas, honor, atau kuitansi fiktif")),
    ("dana", _("Dana desa, dana BOS, BOK, hibah, atau bansos")),
    ("jabatan", _("Jual beli jabatan, titipan, rekrutmen honorer atau PPPK")),
    ("benturan", _("Benturan kepentingan: keluarga atau perusahaan sendiri")),
    ("menutupi", _("Menutup-nutupi, merusak bukti, menekan saksi")),
    ("disiplin", _("Pelanggaran disiplin atau kode etik pegawai")),
    ("pembalasan", _("Pembalasan terhadap pelapor")),
    ("lainnya", _("Lainnya, atau tidak yakin")),
)
EXAMPLES: Mapping[str, Text] = {
    "suap": _("Contoh: fee 10–20 persen supaya paket dimenangkan, amplop supaya izin keluar."),
    "pungli": _("Contoh: uang perpisahan sekolah yang diwajibkan, biaya tambahan untuk surat yang gratis."),
    "pengadaan": _("Contoh: pemenang sudah ditentukan, barang tidak pernah datang, harga dua kali harga toko."),
    "aset": _("Contoh: mobil dinas dijual, tanah kas desa disewakan untuk sendiri, kas berkurang."),
    "perjalanan": _("Contoh: tanda tangan hadir tanpa berangkat, kuitansi hotel kosong."),
    "dana": _("Contoh: BLT dipotong, dana BOS untuk barang yang tidak ada."),
    "jabatan": _("Contoh: tarif untuk menjadi kepala sekolah, peserta titipan lulus seleksi."),
    "benturan": _("Contoh: perusahaan suami memenangkan paket di kantor istrinya."),
    "menutupi": _("Contoh: dokumen dibakar, saksi diminta mengubah cerita."),
    "disiplin": _("Contoh: lama tidak masuk kerja, pelecehan, dua jabatan sekaligus."),
    "pembalasan": _("Contoh: dimutasi, diancam, atau dikucilkan karena melapor."),
}
OFFICES: Options = (
    ("setda", _("Sekretariat daerah atau biro")),
    ("dprd", _("DPRD atau sekretariatnya")),
    ("inspektorat", _("Inspektorat")),
    ("pendidikan", _("Pendidikan: dinas, sekolah")),
    ("kesehatan", _("Kesehatan: dinas, rumah sakit, puskesmas")),
    ("pu", _("Pekerjaan umum, perumahan, air")),
    ("keuangan", _("Keuangan, pajak, aset, perencanaan")),
    ("kepegawaian", _("Kepegawaian dan pelatihan")),
    ("perizinan", _("Perizinan, energi, lingkungan, kehutanan, tanah")),
    ("pertanian", _("Pertanian, perkebunan, perikanan, pangan")),
    ("ekonomi", _("Perdagangan, industri, koperasi, tenaga kerja, pariwisata")),
    ("sosial", _("Sosial, desa, kependudukan, bencana")),
    ("perhubungan", _("Perhubungan, kominfo, satpol PP, arsip, olahraga")),
    ("bumd", _("BUMD (badan usaha milik daerah)")),
    ("desa", _("Kecamatan, kelurahan, atau desa")),
    (UNKNOWN, _("Lainnya, atau tidak tahu")),
)
EARLIER: Options = (
    ("belum", _("Belum")),
    ("kode-hilang", _("Ya, di kotak ini, tetapi kode saya hilang")),
    ("di-sini", _("Ya, di kotak ini, dan kodenya masih ada")),
    ("di-tempat-lain", _("Ya, di tempat lain")),
)
LOSSES: Options = (
    (UNKNOWN, _("Tidak tahu")),
    ("<10jt", _("Kurang dari Rp10 juta")),
    ("10-50jt", _("Rp10–50 juta")),
    ("50-200jt", _("Rp50–200 juta")),
    ("200jt-1m", _("Rp200 juta – 1 miliar")),
    ("1-10m", _("Rp1–10 miliar")),
    (">10m", _("Lebih dari Rp10 miliar")),
)
SOURCES: Options = (
    ("mengalami", _("Melihat atau mengalami sendiri")),
    ("dokumen", _("Dari dokumen")),
    ("diceritakan", _("Diceritakan orang")),
    ("kesimpulan", _("Kesimpulan sendiri")),
    ("tidak-menjawab", _("Tidak ingin menjawab")),
)
CIRCLES: Options = (
    ("saya", _("Hanya saya")),
    ("2-5", _("2–5 orang")),
    ("6-20", _("6–20 orang")),
    (">20", _("Lebih dari 20 orang")),
    ("umum", _("Sudah diketahui umum")),
    (UNKNOWN, _("Tidak tahu")),
)
CONSENTS: Options = (
    ("tanya", _("Tanyakan saya dulu")),
    ("boleh", _("Boleh")),
    ("jangan", _("Jangan, kecuali diwajibkan hukum")),
)
LANGUAGES: Options = (("id", "Bahasa Indonesia"), ("en", "English"))

WHERE, WHAT = _("Di mana dan siapa"), _("Apa yang terjadi")
EVIDENCE, SAFETY = _("Bukti"), _("Keselamatan Anda")

FIELDS: tuple[Field, ...] = (
    Field(
        AREA, "select", _("Kejadian di mana?"), _("Pilih pemerintah daerah yang terkait. Tidak yakin? Pilih provinsi."),
        required=True, section=WHERE,
    ),
    Field(
        LEVEL, "select", _("Siapa yang dilaporkan?"), _("Jawaban ini menentukan siapa yang boleh membuka laporan."),
        required=True, options=LEVELS, section=WHERE,
    ),
    Field(
        EXCLUDED, "checks", _("Siapa yang tidak boleh menangani?"),
        _("Misalnya karena ikut terlibat. Mereka tidak dapat membukanya dan tidak tahu laporan ini ada."),
        options=EXCLUSIONS, section=WHERE,
    ),
    Field(
        "pengecualian", "text", _("Orang atau bagian lain yang tidak boleh menangani"),
        _("Nama atau jabatan. Kunci tidak dapat menutup bagi satu orang; petugas membaca ini sebelum membagi tugas."),
        limit=300, section=WHERE,
    ),
    Field(
        "kategori", "radio", _("Jenis masalah"), _("Pilih yang paling dekat. Tidak perlu tahu pasal."),
        required=True, options=CATEGORIES, examples=EXAMPLES, section=WHAT,
    ),
    Field(
        "uraian", "area", _("Ceritakan apa yang terjadi"),
        _("Apa yang dilakukan, bagaimana caranya, sekali atau berulang? Tulis “seseorang”, bukan “saya”. "
          "Boleh bahasa daerah."),
        required=True, least=20, limit=10_000, section=WHAT,
    ),
    Field("instansi", "text", _("Nama instansi atau unit"), _("Contoh: Dinas X, SMA Negeri Y, Desa Z."),
          limit=150, section=WHAT),
    Field("bidang", "select", _("Bidang instansi"), options=OFFICES, section=WHAT),
    Field("terlapor", "area", _("Siapa yang terlibat"),
          _("Nama atau jabatan, satu per baris. Jangan tulis nama Anda."), limit=1_500, section=WHAT),
    Field("waktu", "text", _("Kapan"), _("Bulan atau tahun sudah cukup. Tanggal persis bisa menunjuk Anda."),
          limit=200, section=WHAT),
    Field("nilai", "select", _("Perkiraan kerugian"), options=LOSSES, section=WHAT),
    Field(
        "bukti_lokasi", "area", _("Bukti apa yang ada, dan di mana"),
        _("Nomor dan tanggal dokumen, nama kegiatan, atau siapa yang menyimpan. "
          "Ini lebih aman daripada mengirim salinan."),
        limit=3_000, section=EVIDENCE,
    ),
    Field("sumber", "radio", _("Dari mana Anda tahu"), options=SOURCES, section=EVIDENCE),
    Field("laporan_lama", "radio", _("Anda pernah melapor tentang ini?"), options=EARLIER, section=EVIDENCE),
    Field("pernah_lapor", "text", _("Di mana dan kapan"),
          _("SP4N-LAPOR, KPK, atasan, kejaksaan, atau kotak ini."), limit=300, section=EVIDENCE),
    Field("lingkar_tahu", "radio", _("Kira-kira berapa orang yang tahu hal ini"),
          _("Jika sedikit, petugas menyamarkan sumbernya."), options=CIRCLES, section=SAFETY),
    Field("keamanan", "area", _("Yang Anda khawatirkan"),
          _("Apa yang sebaiknya tidak kami lakukan dulu? Misalnya: jangan hubungi kantor sekarang."),
          limit=1_000, section=SAFETY),
    Field("izin_teruskan", "radio", _("Jika perlu diteruskan ke KPK atau penegak hukum"), "",
          options=CONSENTS, section=SAFETY),
    Field("bahasa", "radio", _("Bahasa balasan"), "", options=LANGUAGES, section=SAFETY),
)  # fmt: skip
BY_KEY: Mapping[str, Field] = {f.key: f for f in FIELDS}
# Before the first news a message is routed by these answers again; forgetting whom the report excluded
# must not be enough to reach them, so here "nobody" is an answer of its own.
MESSAGE_ROUTING: tuple[Field, ...] = (
    replace(BY_KEY[AREA], required=False, hint=""),
    replace(BY_KEY[LEVEL], required=False, hint=""),
    replace(BY_KEY[EXCLUDED], hint="", options=(*EXCLUSIONS, (NOBODY, _("Tidak ada yang saya kecualikan")))),
)
CLOSE = "tutup"  # the reporter wants the mailbox deleted
MAX_ANSWERS = 6
_ANSWER = re.compile(r"jawab-([1-9][0-9]{0,4})")  # the number of the officers' message, counted from the case's first
MESSAGE = Field("pesan", "area", _("Pesan Anda"), _("Jangan menulis nama, NIK, nomor HP, atau jabatan Anda."),
                required=True, least=1, limit=5_000)  # fmt: skip


def area_options(roster: Roster, language: str) -> Options:
    """Return the areas of the routing with the names of their governments, the province first."""
    prefix = {"id": "Inspektorat ", "en": "Inspectorate of the "}[language]
    names = [(g.id, (g.name_en if language == "en" else g.name_id).removeprefix(prefix)) for g in roster.groups]
    known = [(slug, name) for slug, name in names if slug in roster.routing]
    return (*known, *((a, _("Tidak tahu")) for a in roster.routing if a not in dict(names)))


def answer_fields(typed: Mapping[str, object]) -> tuple[Field, ...]:
    """Return a field for each typed answer to a message of the officers, in the order of the messages.

    A page has six; of more the highest numbers are taken.
    """
    numbers = sorted(int(found[1]) for found in map(_ANSWER.fullmatch, typed) if found)[-MAX_ANSWERS:]
    return tuple(
        Field(f"jawab-{n}", "area", _("Jawaban Anda atas pesan %(n)d", n=n), limit=MESSAGE.limit) for n in numbers
    )


def normalise(text: str) -> str:
    """Return the text in NFC with plain line ends, without control characters, stripped."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


def read_fields(
    typed: Mapping[str, Sequence[str]], wanted: Sequence[Field], roster: Roster
) -> tuple[dict[str, str], list[Problem]]:
    """Check what was typed against the form; return the normalised fields and what must be mended.

    Empty answers are left out; several choices of one question are joined by commas, sorted.
    """
    fields: dict[str, str] = {}
    problems: list[Problem] = []
    for question in wanted:
        values = [normalise(v) for v in typed.get(question.key, ())]
        values = [v for v in values if v]
        if question.key == AREA:
            choices = set(roster.routing)
        elif question.key == EXCLUDED:
            choices = ({o for o, _name in EXCLUSIONS} | {NOBODY} | roster.group_ids) - {roster.fallback}
        else:
            choices = {o for o, _name in question.options}
        problem = _check(question, values, choices)
        if problem is not None:
            problems.append(Problem(question.key, problem))
        elif values:
            fields[question.key] = ",".join(sorted(set(values))) if question.kind == "checks" else values[0]
    return fields, problems


def _check(question: Field, values: Sequence[str], choices: set[str]) -> Text | None:
    if not values:
        if not question.required:
            return None
        return _("Pilih salah satu.") if question.kind in ("select", "radio") else _("Bagian ini perlu diisi.")
    if question.kind in ("select", "radio", "checks"):
        return None if set(values) <= choices else _("Pilihan ini tidak dikenal. Pilih salah satu dari daftar.")
    length = len(values[0])
    if length < question.least:
        return _("Terlalu pendek: %(n)d huruf, paling sedikit %(least)d.", n=length, least=question.least)
    if length > question.limit:
        return _("Terlalu panjang: %(n)d huruf, paling banyak %(limit)d.", n=length, limit=question.limit)
    return None
