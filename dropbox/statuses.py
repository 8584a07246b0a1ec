"""What a reporter reads for each status of a case."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

NAMES: dict[str, Any] = {
    "received": _("Diterima"),
    "screening": _("Verifikasi awal"),
    "need_info": _("Menunggu jawaban Anda"),
    "review": _("Penelaahan"),
    "examination": _("Pemeriksaan"),
    "follow_up": _("Tindak lanjut"),
    "referred": _("Diteruskan"),
    "closed_done": _("Selesai"),
    "closed_not_actionable": _("Ditutup: tidak dapat ditindaklanjuti"),
}
TEXTS: dict[str, Any] = {
    "received": _("Laporan Anda sudah sampai dan tersimpan terkunci. Petugas akan membacanya paling lambat "
                  "3 hari kerja. Kami tidak tahu siapa Anda."),
    "screening": _("Petugas sedang memeriksa kelengkapan laporan dan kewenangan penanganannya."),
    "need_info": _("Kami memerlukan tambahan informasi. Baca pertanyaan di bawah dan jawab di sini. Jika tidak aman "
                   "atau tidak tahu, tulis saja “tidak tahu”. Sudah menjawab? Tunggu kabar berikutnya."),
    "review": _("Laporan Anda memenuhi syarat awal dan sedang ditelaah oleh tim. Umpan balik paling lambat 30 hari "
                "kerja sejak diterima."),
    "examination": _("Inspektorat sedang melakukan pemeriksaan. Demi keamanan Anda, kami tidak menyebutkan langkah "
                     "rinci. Jangan membahas laporan ini dengan siapa pun."),
    "follow_up": _("Pemeriksaan selesai dan rekomendasi sedang ditindaklanjuti oleh pihak yang berwenang."),
    "referred": _("Laporan diteruskan ke pihak yang berwenang. Kotak ini tetap terbuka; tambahan informasi dari Anda "
                  "akan kami teruskan."),
    "closed_done": _("Hasilnya tertulis dalam pesan di bawah. Jika ada fakta baru, tulis di sini."),
    "closed_not_actionable": _("Alasannya tertulis dalam pesan di bawah. Anda dapat menulis keberatan atau "
                               "menambah fakta di sini."),
}  # fmt: skip
