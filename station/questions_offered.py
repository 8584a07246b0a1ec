"""Questions that officers ask again and again, worded so that no answer needs to say who the reporter is."""

from __future__ import annotations

from typing import Final

# language → (what it asks for, the sentence)
QUESTIONS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "id": (
        ("waktu kejadian", "Kapan kira-kira hal itu terjadi? Bulan atau tahun sudah cukup."),
        ("tempat atau unit", "Di unit, kegiatan, atau tempat apa hal itu terjadi?"),
        ("siapa yang terlibat", "Siapa saja yang terlibat? Jabatan sudah cukup; jangan menyebut diri Anda."),
        ("caranya", "Bagaimana caranya, dan apakah sekali atau berulang?"),
        ("nilainya", "Berapa kira-kira nilainya?"),
        ("masih berlangsung", "Apakah hal itu masih berlangsung?"),
        ("dari mana tahu", "Dari mana Anda mengetahuinya? Cukup secara umum, tanpa membuka jati diri Anda."),
        (
            "bukti yang sudah ada",
            "Adakah bukti yang sudah ada pada Anda, atau tahukah Anda di mana biasanya disimpan? Jangan mencari, "
            "mengambil, atau menyalin apa pun untuk kami.",
        ),
        ("boleh tidak tahu", 'Jika tidak aman atau tidak tahu, tulis saja "tidak tahu".'),
    ),
    "en": (
        ("when", "Roughly when did it happen? A month or a year is enough."),
        ("place or unit", "In which unit, project, or place did it happen?"),
        ("who is involved", "Who is involved? Their positions are enough; do not name yourself."),
        ("how", "How was it done, and was it once or again and again?"),
        ("how much", "Roughly how much was it?"),
        ("still going on", "Is it still going on?"),
        ("how it is known", "How do you know of it? In general terms, without saying who you are."),
        (
            "proof at hand",
            "Is there proof that you already have, or do you know where it is usually kept? Do not look for, take, or "
            "copy anything for us.",
        ),
        ("may be unknown", 'If it is unsafe or you do not know, just write "do not know".'),
    ),
}


def questions_for(language: str) -> tuple[tuple[str, str], ...]:
    """Return the questions in a case's language."""
    return QUESTIONS.get(language, QUESTIONS["id"])
