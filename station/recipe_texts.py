"""The paper that the sender of a canary gets: which day, which answers, and what to do afterwards. In Indonesian."""

from __future__ import annotations

from crypto.encoding import date_of
from station.canaries import AREA, EXCLUDED
from station.home import Home
from station.questions import questions
from station.recipes import Recipe

_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip
_RULE = "-" * 60

_HEAD = """\
KENARI {number}

Kirim pada: {date}

Surat ini untuk menguji kotak laporan. Isinya karangan: orang, tempat, dan
kejadiannya tidak ada. Baca seluruh kertas ini dulu. Perlu sekitar 15 menit.

Sebelum mulai
- Jangan dari kantor, jangan dengan wifi atau perangkat kantor.
- Lebih baik dengan Tor Browser. Jangan masuk ke akun apa pun.
- Alamat kotak ada di poster. Jangan mencarinya lewat mesin pencari.

Langkah
1. Buka alamat itu, tekan "Mulai melapor".
2. Jawab seperti di bawah. Yang tidak disebut biarkan kosong.
3. Tekan "Lihat siapa". Yang akan bisa membuka harus hanya:
   {reader}
   Kalau ada nama lain, berhenti dan jangan mengirim.
4. {files}
5. Tekan "Kirim laporan" satu kali. Kalau halaman memperlihatkan laporan dulu,
   atau memberi satu hitungan, lanjutkan sampai delapan kata muncul.
{after}

Kalau tidak bisa dikirim hari itu, jangan kirim pada hari lain. Beri tahu
pemberi kertas ini: "kenari {number} tidak terkirim".

Jawaban
"""
_NEVER = """\
6. Delapan kata itu tanda bahwa surat tersimpan. Kata-kata itu tidak dipakai
   lagi: jangan disimpan, jangan difoto. Tutup halaman.
7. Bakar kertas ini dan hapus berkasnya. Jangan mengirim untuk kedua kali."""
_LOOK = """\
6. Delapan kata itu tanda bahwa surat tersimpan. Tulis di balik kertas ini,
   jangan difoto. Tutup halaman, hapus berkasnya.
7. Buka kotaknya satu kali dengan delapan kata itu, {days} hari kemudian, seperti
   pelapor yang mencari kabar. Jangan menulis apa pun di sana. Lalu bakar
   kertas ini. Jangan mengirim untuk kedua kali."""
_ATTACH = """Baru sesudah itu, pada "Lampiran", pilih berkas
   {name}
   dan jangan centang apa pun di situ."""
_NO_FILE = "Jangan melampirkan apa pun."
_NOBODY = "jangan centang apa pun"


def recipe_text(home: Home, recipe: Recipe, *, number: int, on: int, look: int = 0) -> str:
    """Return the paper for a canary of this number and day; its box is opened once after `look` days, 0 for never."""
    head = _HEAD.format(
        number=number,
        date=spoken_date(on),
        reader=home.group.name_id,
        after=_LOOK.format(days=look) if look else _NEVER,
        files=_ATTACH.format(name=recipe.file.name) if recipe.file else _NO_FILE,
    )
    answers = dict(recipe.fields)
    answers.setdefault(EXCLUDED, "")
    parts = [_answer(home, name, answers[name]) for name in questions() if name in answers]
    return f"{head}\n" + "\n".join(parts)


def spoken_date(day: int) -> str:
    """Return a day as people say it: Selasa, 1 Desember 2026."""
    date = date_of(day)
    return f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year}"


def _answer(home: Home, name: str, answer: str) -> str:
    """Return one question with what to choose or type; a text stands between rules, to be copied as it is."""
    asked = questions()[name]
    if name == EXCLUDED:
        chosen = [f"centang: {asked.choices[unit]}" for unit in answer.split(",") if unit] or [_NOBODY]
        return "\n".join([asked.label, *(f"    {line}" for line in chosen), ""])
    shown = _area_name(home, answer) if name == AREA else asked.answer(answer)
    if name == AREA or asked.choices:
        return f"{asked.label}\n    pilih: {shown}\n"
    return f"{asked.label}\n    ketik atau salin persis:\n{_RULE}\n{answer}\n{_RULE}\n"


def _area_name(home: Home, area: str) -> str:
    """Return an area as the form names it."""
    found = {group.id: group.name_id for group in home.roster.groups}.get(area)
    return "Tidak tahu" if found is None else found.removeprefix("Inspektorat ")
