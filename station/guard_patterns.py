"""The patterns of `station.guard`, Indonesian and English. Measured by tests/test_station_guard.py."""

from __future__ import annotations

import re
from typing import Final

WORD: Final = re.compile(r"[^\W_]+(?:[.:]\d+)*")
SENTENCE: Final = re.compile(r"(?<=[.?!;])\s+|\n+")
DAY: Final = re.compile(
    r"\b\d{1,2}[/\-]\d{1,2}[/\-]\d{2,4}\b"
    r"|\b\d{1,2}\s+(?:jan|feb|mar|apr|mei|may|jun|jul|agu|aug|sep|okt|oct|nov|des|dec)\w*(?:\s+\d{4})?\b",
    re.IGNORECASE,
)
MOMENT: Final = re.compile(rf"\b(?:pukul|jam|pkl\.?|at)\s?\d{{1,2}}[.:]\d{{2}}\b|{DAY.pattern}", re.IGNORECASE)
FEARS: Final = ("keamanan", "pengecualian")  # fields that say what only the reporter would say
SMALL_WORDS: Final = frozenset(
    "yang dari pada untuk dengan atau juga tidak akan sudah telah dalam oleh kepada bahwa karena supaya agar seperti "  # noqa: SIM905
    "adalah itu ini lebih sejak sampai tahun bulan dinas kepala kantor kabupaten provinsi kecamatan desa sekolah "
    "negeri sumatera selatan kota that this with from have been were they their which about into than then there when "
    "what will would year month office head".split()
)
_YOU = r"(?:anda|saudara(?:/i)?|sdr|kamu|bapak(?:\s*(?:/|atau)\s*ibu)?|ibu|pelapor)"
_ASK = (
    r"(?:mohon|tolong|harap|silakan|silahkan|coba|minta|perlu|perlukan|memerlukan|butuh|sebutkan|tulis(?:kan)?|isi(?:kan)?|"
    r"cantumkan|lengkapi|kirim(?:kan)?|beri(?:kan)?|sertakan|boleh(?:kah)?|please|need|give|tell|send|have|want)"
)
_MAY = (
    r"(?:mohon|tolong|harap|silakan|silahkan|coba|minta|bisa(?:kah)?|dapat(?:kah)?|boleh(?:kah)?|anda|saudara|undang|"
    r"kami)"
)
_PAPER = (
    r"(?:dokumen\w*|berkas\w*|surat\w*|kuitansi\w*|kwitansi\w*|kontrak\w*|berita\s+acara\w*|bukti\w*|spj\w*|sp2d\w*|data\w*|file\w*|"
    r"buku\s+kas\w*|arsip\w*|rekaman\w*|percakapan\w*|nota\w*|faktur\w*|layar\w*|aplikasi\w*|daftar\s+hadir\w*|rekening\s+koran\w*|"
    r"salinan\w*|fotokopi\w*|fotocopy\w*|foto\w*)"
)
_PAPERS = (
    r"(?:documents?|files?|cop(?:y|ies)|receipts?|contracts?|minutes|evidence|proof|records?|photos?|pictures?|data|ledgers?|"
    r"invoices?|screenshots?|originals?)"
)
_FETCH = (
    r"(?:ambil(?:kan)?|foto(?:kan)?|potret|salin(?:kan)?|fotokopi(?:kan)?|scan|pindai|unduh|download|rekam|kirim(?:kan)?|lampirkan|"
    r"unggah|upload|bawa(?:kan)?|serahkan|carikan|screenshot|kumpulkan|cetak|sertakan|"
    r"(?:mengambil|memfoto|memotret|menyalin|memindai|mengunduh|merekam|mengirim|melampirkan|mengunggah|membawa|menyerahkan|"
    r"mengumpulkan|mencetak)(?:kan)?)"
)
_GAP = r"(?:\s+[\w/]+){0,%d}?\s+"
NEGATED: Final = re.compile(
    r"(?:\bjangan|\btanpa|\bbukan|\btidak\s+(?:perlu|usah|harus|pernah|akan|boleh|meminta|"
    r"memerlukan)|\b(?:menjaga|melindungi|merahasiakan|kerahasiaan|rahasia|dilindungi)|"
    r"\b(?:do\s+not|don['’]t)|\bnever|\bwithout|\bno\s+need|\bneed\s+not|\bnot\s+have)"
    r"(?:[\s,“”\"]+[\w/]+){0,7}[\s,“”\"]*\Z",
    re.IGNORECASE,
)


ENCOURAGED: Final = re.compile(
    r"(?:jangan|do\s+not|don['’]t)\s+(?:khawatir|takut|ragu|sungkan|segan|lupa|worry|hesitate|forget|be\s+afraid)",
    re.IGNORECASE,
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


PATTERNS: Final[dict[str, re.Pattern[str]]] = {
    "identity": _any(
        rf"\bsiapa(?:kah)?\s+(?:nama\s+)?{_YOU}\b",
        rf"\b{_YOU}\s+(?:ini\s+)?siapa\b",
        rf"\bnama\s+(?:(?:lengkap|asli)\s+)?{_YOU}\b",
        rf"\b(?:nik|nip|ktp|nomor|no\.?|alamat(?:\s+rumah)?|jabatan|pangkat|golongan|posisi|pekerjaan|unit\s+kerja|tempat\s+kerja|"
        rf"identitas|jati\s+diri|umur|usia|jenis\s+kelamin|hubungan|biodata|data\s+diri|kontak)\s+(?:\w+\s+)?{_YOU}\b",
        rf"\b{_ASK}{_GAP % 5}(?:nik|nip|ktp|identitas|biodata|data\s+diri|nomor\s+(?:hp|wa|telepon|telp|ponsel|"
        r"whatsapp|rekening)|kontak|alamat\s+(?:e-?mail|rumah))\b",
        r"\bnomor\s+(?:hp|wa|telepon|telp|ponsel|whatsapp)\b",
        rf"\b(?:di\s*(?:mana|bagian|unit|seksi|bidang)\b.{{0,20}})?\b{_YOU}\s+(?:sekarang\s+|masih\s+)?(?:bekerja|kerja|bertugas|berkantor|"
        r"tinggal|menjabat)\b",
        rf"\bapa(?:kah)?\s+{_YOU}\s+(?:juga\s+|seorang\s+)?(?:pegawai|pns|asn|pppk|honorer|staf|bendahara|guru|anggota|termasuk|panitia)\b",
        r"\byour\s+(?:full\s+|real\s+|own\s+)?(?:name|phone|number|mobile|address|e-?mail|position|job|title|rank|office|department|"
        r"identity|id|contact|whatsapp|superior|employee)\b",
        r"\bwho\s+are\s+you\b|\bwhere\s+do\s+you\s+(?:work|live)\b|\bare\s+you\s+(?:an?|the|one)\b",
    ),
    "meeting": _any(
        rf"\b{_MAY}\b[^.?!]{{0,60}}?\b(?:bertemu|ketemu|berjumpa|jumpa|temui|menemui|tatap\s+muka|datang|hadir|mampir|wawancara|menjemput|"
        r"jemput|dimintai\s+keterangan|zoom|panggilan\s+video|video\s+call)\b",
        r"\b(?:ngobrol|bicara|berbicara|klarifikasi)\s+langsung\b|\bjanji\s+temu\b",
        r"\bmeet\s+(?:us|me|with|somewhere|in|at)\b|\blet\s+us\s+meet\b|\b(?:come|visit)\s+(?:to\s+)?(?:our|the)\s+office\b|"
        r"\bin\s+person\b|\b(?:interview|video\s+call)\b",
    ),
    "documents": _any(
        rf"(?:\A|[,:]\s*|\b(?:lalu|dan|kemudian|atau|saja|lupa|ragu|mohon|tolong|harap|silakan|silahkan|coba|minta|bisa(?:kah)?|dapat(?:kah)?|anda|"
        rf"saudara|bapak|ibu|{_GAP % 3}untuk)\s+(?:\w+\s+){{0,3}}?){_FETCH}\b(?:\s+[\w/]+){{0,4}}?\s+{_PAPER}\b",
        rf"\b{_PAPER}[^.?!]{{0,30}}\b(?:anda|bisa|dapat|tolong|mohon|lalu|dan)\s+(?:\w+\s+)?{_FETCH}\b",
        rf"(?:\A|\b(?:please|(?:can|could|would|will)\s+you|you\s+(?:should|must|may|can|could|need\s+to)|try\s+to|and|kindly)\s+)"
        r"(?:\w+\s+)?(?:take|get|fetch|obtain|copy|photograph|scan|download|send|record|bring|forward|print|collect|attach)\b"
        rf"(?:\s+\w+){{0,5}}?\s+{_PAPERS}\b",
    ),
    "contact": _any(
        r"https?://\S+|\bwww\.\S+|\b[\w-]+\.(?:go\.id|co\.id|or\.id|com|org|net|id)\b",
        r"\b(?:lewat|melalui|via|ke|di|by|on|through)\s+(?:wa|whatsapp|telegram|signal|e-?mail|telepon|sms|line|phone)\b",
        r"\b(?:hubungi|telepon|telpon|wa|sms|e-?mail|kontak|call|text)\s+(?:kami|saya|saja|us|me)\b",
    ),
    "self": _any(
        rf"\b(?:hanya|cuma|satu-satunya)\s+{_YOU}\b",
        rf"\b{_YOU}\s+(?:ikut|turut|hadir|menandatangani|mengetik|mencairkan|menolak|disuruh|diminta|dipaksa|diancam|dimutasi|ditegur)\b",
        r"\b(?:sebagai|selaku)\s+\w+(?:\s+\w+)?,?\s+anda\b",
        r"\bonly\s+you\b|\byou\s+were\s+(?:at|in|told|asked|forced|present)\b|\bas\s+(?:the|an?)\s+\w+,?\s+you\b",
    ),
}  # fmt: skip
TO_FIRST_PERSON: Final = (
    (re.compile(r"\b(?:anda|saudara|kamu)\b", re.IGNORECASE), "saya"),
    (re.compile(r"\byour\b", re.IGNORECASE), "my"),
    (re.compile(r"\byou\s+are\b", re.IGNORECASE), "I am"),
    (re.compile(r"\byou\s+were\b", re.IGNORECASE), "I was"),
    (re.compile(r"\byou\b", re.IGNORECASE), "I"),
)
