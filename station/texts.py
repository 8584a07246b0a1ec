"""The words of the case desk: statuses, outcomes, duties, roles; and the texts that are offered for the reporter."""

from __future__ import annotations

from keys.roster import Role
from station.deadlines import Duty
from station.transitions import EXTENDED, PREVIOUS

STATUS_WORDS = {
    "received": "Diterima",
    "screening": "Verifikasi awal",
    "need_info": "Menunggu jawaban pelapor",
    "review": "Penelaahan",
    "examination": "Pemeriksaan",
    "follow_up": "Tindak lanjut",
    "referred": "Diteruskan",
    "closed_done": "Selesai",
    "closed_not_actionable": "Ditutup: tidak dapat ditindaklanjuti",
    PREVIOUS: "Kembali ke status sebelum pertanyaan",
    EXTENDED: "Perpanjang batas waktu",
}
DETAIL_WORDS = {
    "terbukti": "terbukti",
    "terbukti_sebagian": "terbukti sebagian",
    "tidak_terbukti": "tidak terbukti",
    "perbaikan_pencegahan": "perbaikan dan pencegahan",
    "bukan_kewenangan": "bukan kewenangan kami",
    "info_tidak_cukup": "informasi tidak cukup",
    "sudah_ditangani": "sudah ditangani",
    "duplikat": "duplikat",
    "bukan_pelanggaran": "bukan pelanggaran",
    "spam": "bukan laporan (spam)",
    "kpk": "KPK",
    "polri": "Polri",
    "kejaksaan": "Kejaksaan",
    "itjen_kemendagri": "Itjen Kemendagri",
    "inspektorat_lain": "inspektorat lain",
    "bpkp": "BPKP",
    "instansi_lain": "instansi lain",
    EXTENDED: "batas waktu diperpanjang",
}
DUTY_WORDS = {
    Duty.READ: "pembacaan pertama",
    Duty.SCREEN: "verifikasi awal",
    Duty.FEEDBACK: "umpan balik pertama",
    Duty.REVIEW: "hasil penelaahan atau pemeriksaan",
    Duty.NEWS: "kabar hasil",
    Duty.OBJECTION: "keputusan atas keberatan",
    Duty.DELIVERY: "bukti bahwa pertanyaan sampai",
    Duty.ANSWER: "jawaban pelapor",
}
CONSENT_WORDS = {
    "boleh": "mengizinkan laporannya diteruskan",
    "tanya": "ingin ditanya dulu sebelum diteruskan",
    "jangan": "tidak mengizinkan, kecuali diwajibkan hukum",
}
GROUND_WORDS = {"izin": "izin itu", "jawaban": "jawaban pelapor", "hukum": "kewajiban hukum"}
ROLE_WORDS = {Role.VERIFIKATOR: "verifikator", Role.TELAAH: "tim telaah", Role.INSPEKTUR: "inspektur"}

# offered where a step is taken, never sent unread: language → status or detail → text
OFFERED: dict[str, dict[str, str]] = {
    "id": {
        "need_info": "Kami memerlukan tambahan informasi. Jika tidak aman atau tidak tahu, tulis saja "
        '"tidak tahu".\n\n',
        "review": "Laporan Anda memenuhi syarat awal dan sedang ditelaah oleh tim.",
        "examination": "Kami sedang melakukan pemeriksaan. Demi keamanan Anda, kami tidak menyebutkan langkah rinci. "
        "Jangan membahas laporan ini dengan siapa pun.",
        EXTENDED: "Kami memerlukan waktu lebih lama untuk menyelesaikannya. Batas waktu baru tertulis di kotak ini.",
        "follow_up": "Pemeriksaan selesai dan rekomendasi sedang ditindaklanjuti oleh pihak yang berwenang.",
        "referred": "Laporan diteruskan karena menjadi kewenangan lembaga lain. Kotak ini tetap terbuka; tambahan "
        "informasi dari Anda akan kami teruskan.",
        "terbukti": "Pelanggaran terbukti dan telah ditindak sesuai ketentuan. Terima kasih.",
        "terbukti_sebagian": "Sebagian dari laporan terbukti dan telah ditindaklanjuti.",
        "tidak_terbukti": "Bukti yang cukup belum ditemukan. Ini bukan berarti laporan Anda salah. Jika ada fakta "
        "baru, tulis di sini.",
        "perbaikan_pencegahan": "Prosedur atau pengawasan diperbaiki supaya hal ini tidak terjadi lagi.",
        "bukan_kewenangan": "Hal ini bukan kewenangan kami. Saluran yang tepat: ",
        "info_tidak_cukup": "Informasinya belum cukup untuk diperiksa. Anda dapat menambah fakta di kotak ini.",
        "sudah_ditangani": "Hal yang sama sedang atau sudah ditangani.",
        "duplikat": "Hal yang sama sedang atau sudah ditangani.",
        "bukan_pelanggaran": "Yang dilaporkan tidak melanggar ketentuan. Anda dapat menulis keberatan di kotak ini.",
    },
    "en": {
        "need_info": 'We need more information. If it is unsafe or you do not know, just write "do not know".\n\n',
        "review": "Your report passed the first check and is being reviewed by a team.",
        "examination": "We are examining the matter. For your safety we give no details. Please do not discuss this "
        "report with anyone.",
        EXTENDED: "We need more time to finish this. The new deadline stands in this box.",
        "follow_up": "The examination is finished and the recommendations are being carried out.",
        "referred": "The report was referred to another body, which has authority. This box stays open; anything you "
        "add will be passed on.",
        "terbukti": "The violation was substantiated and acted on. Thank you.",
        "terbukti_sebagian": "Part of the report was substantiated and acted on.",
        "tidak_terbukti": "Sufficient evidence was not found. This does not mean you were wrong. If there are new "
        "facts, write here.",
        "perbaikan_pencegahan": "Procedures or controls were improved so that it does not happen again.",
        "bukan_kewenangan": "This is not within our authority. The right channel is: ",
        "info_tidak_cukup": "There is not enough information to examine it. You may add facts in this box.",
        "sudah_ditangani": "The same matter is being handled or has been.",
        "duplikat": "The same matter is being handled or has been.",
        "bukan_pelanggaran": "What was reported is not a violation. You may object in this box.",
    },
}


def offered(language: str, target: str, detail: str = "") -> str:
    """Return the text that is offered for a step, "" where there is none."""
    texts = OFFERED.get(language, OFFERED["id"])
    return texts.get(detail) or texts.get(target, "")
