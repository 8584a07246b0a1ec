"""What is said of a file of a stranger: its kind, why it is not shown, why it was not cleaned."""

from __future__ import annotations

SHOWN = {
    "png": "Gambar PNG",
    "jpeg": "Gambar JPEG",
    "gif": "Gambar GIF",
    "webp": "Gambar WebP",
    "bmp": "Gambar BMP",
    "tiff": "Gambar TIFF",
    "pdf": "PDF",
    "docx": "Dokumen Word (DOCX)",
    "xlsx": "Lembar Excel (XLSX)",
    "pptx": "Paparan PowerPoint (PPTX)",
    "odt": "Dokumen (ODT)",
    "ods": "Lembar hitung (ODS)",
    "odp": "Paparan (ODP)",
    "rtf": "Dokumen (RTF)",
    "doc": "Dokumen Word lama (DOC)",
    "xls": "Lembar Excel lama (XLS)",
    "ppt": "Paparan PowerPoint lama (PPT)",
    "text": "Teks",
    "mail": "Surat elektronik",
    "html": "Halaman web, ditampilkan sebagai teks sumbernya",
}
NOT_SHOWN = {
    "audio": "isinya rekaman suara",
    "video": "isinya video",
    "archive": "isinya arsip, dan arsip tidak dibuka di sini",
    "program": "isinya program, dan program tidak dijalankan di sini",
    "playlist": "isinya daftar putar, yang menunjuk ke tempat lain",
    "svg": "isinya gambar SVG, yang dapat memuat tautan dan program",
    "heif": "isinya foto HEIC atau AVIF, yang belum dapat dibuka di sini",
    "outlook": "isinya pesan Outlook (MSG)",
    "locked": "isinya dilindungi kata sandi",
    "empty": "isinya kosong",
    "unknown": "jenis isinya tidak dikenal",
}
WHY = {
    "damaged": "isinya rusak atau tidak lengkap",
    "page": "ukuran halamannya tidak wajar",
    "tiny": "hasilnya hanya satu titik",
    "bomb": "isinya akan mengembang jauh melebihi ukurannya",
    "locked": "isinya dilindungi kata sandi",
    "memory": "isinya menuntut terlalu banyak memori",
    "time": "isinya menuntut terlalu banyak waktu",
    "limits": "program pembukanya berhenti di tengah jalan; isinya rusak atau menuntut terlalu banyak",
    "output": "hasilnya terlalu besar",
    "complained": "program pembukanya melaporkan kesalahan",
    "large": "berkasnya terlalu besar",
    "missing": "program pembukanya belum dipasang di stasiun ini; yang perlu dipasang ada di docs/guide-station.md",
    "sandbox": "ruang tertutup untuk membukanya tidak tersedia di stasiun ini; pasang bubblewrap dan python3-seccomp "
    "(docs/guide-station.md)",
    "kind": "jenis ini tidak dapat dibersihkan",
    "members": "di dalamnya ada bagian yang tidak dikenal",
    "several": "hanya gambar pertamanya yang akan tersisa",
    "comments": "komentar dan nama penulisnya tetap ada di dalamnya",
    "remains": "sebagian metadata tetap ada",
    "names": "di dalamnya masih tersebut nama pembuat atau penyuntingnya",
    "places": "di dalamnya masih tersebut tempat berkas di komputer pembuatnya",
}
ALSO = {
    "zip": "Berkas ini sekaligus arsip ZIP; yang disebut di atas hanya salah satu sisinya.",
    "pdf": "Berkas ini sekaligus PDF; yang disebut di atas hanya salah satu sisinya.",
    "script": "Berkas ini sekaligus memuat naskah program; yang disebut di atas hanya salah satu sisinya.",
}
NOT_SO = "Nama atau jenis yang disebut pengirim berbeda dari isinya."
KEPT = "Berkas aslinya tetap dapat disimpan."

_CLAIMS = {
    "png": "png image/png",
    "jpeg": "jpg jpeg jpe image/jpeg",
    "gif": "gif image/gif",
    "webp": "webp image/webp",
    "bmp": "bmp image/bmp",
    "tiff": "tif tiff image/tiff",
    "pdf": "pdf application/pdf",
    "docx": "docx docm application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "xlsx xlsm application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "pptx pptm application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "odt application/vnd.oasis.opendocument.text",
    "ods": "ods application/vnd.oasis.opendocument.spreadsheet",
    "odp": "odp application/vnd.oasis.opendocument.presentation",
    "rtf": "rtf application/rtf text/rtf",
    "doc": "doc application/msword",
    "xls": "xls application/vnd.ms-excel",
    "ppt": "ppt application/vnd.ms-powerpoint",
    "text": "txt csv md log text/plain text/csv",
    "mail": "eml message/rfc822",
    "html": "html htm text/html",
    "audio": "mp3 m4a ogg opus wav amr flac audio/mpeg audio/mp4 audio/ogg audio/wav",
    "video": "mp4 mov mkv webm avi 3gp video/mp4 video/quicktime video/webm",
    "archive": "zip rar 7z gz tar application/zip application/x-7z-compressed",
    "svg": "svg image/svg+xml",
    "heif": "heic heif avif image/heic image/avif",
    "outlook": "msg application/vnd.ms-outlook",
}
_CLAIMED = {claim: kind for kind, claims in _CLAIMS.items() for claim in claims.split()}


def not_so(kind: str, name: str, media_type: str) -> bool:
    """Tell whether a name or a media type claims another kind than the content has."""
    claims = {name.rpartition(".")[2].lower() if "." in name else "", media_type.partition(";")[0].strip().lower()}
    return bool({_CLAIMED[c] for c in claims & _CLAIMED.keys()} - {kind})


def why(reason: str) -> str:
    """Spell a reason: a known word, perhaps with numbers; anything else counts as an error of the program."""
    word, *numbers = reason.split()
    if word == "huge" and len(numbers) == 2 and all(n.isdecimal() and len(n) < 12 for n in numbers):
        return f"gambarnya {numbers[0]} × {numbers[1]} piksel, terlalu besar untuk dibuka"
    return WHY.get(word) or NOT_SHOWN.get(word) or WHY["complained"]


def not_shown(reason: str) -> str:
    """Return the sentence for a file that is not shown."""
    return f"Berkas ini tidak dapat ditampilkan: {why(reason)}. {KEPT}"
