"""What the printed sheets say: Indonesian first, English second. `{name}` is filled in by `keys.sheets`."""

from __future__ import annotations

import datetime
import unicodedata
from dataclasses import dataclass
from typing import Final

BRAND: Final = "Kotak Senyap"
_MONTHS_ID = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Both:
    """One text in Indonesian and in English."""

    id: str
    en: str

    def filled(self, **values: object) -> Both:
        """Return both texts with their placeholders filled in."""
        return Both(self.id.format(**values), self.en.format(**values))

    @property
    def label(self) -> str:
        """Both on one line, for a caption."""
        return f"{self.id} · {self.en}"


def day_of(date: datetime.date) -> Both:
    """Return a date in words."""
    names = _MONTHS_ID[date.month - 1], _MONTHS_EN[date.month - 1]
    return Both(*(f"{date.day} {name} {date.year}" for name in names))


def printable(text: str) -> str:
    """Return one line of what the printer's fonts can show: accents dropped where needed, then `?` for a letter."""
    shown = []
    for letter in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(letter)
        if kind == "Cc" or kind[0] == "Z":
            shown.append(" ")
        elif kind != "Cf":  # invisible
            bare = (c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
            shown.append(_glyphs(letter) or "".join(_glyphs(c) or "?" for c in bare))
    return " ".join("".join(shown).split())


def _glyphs(letter: str) -> str:
    return letter.encode("cp1252", "ignore").decode("cp1252")


FINGERPRINT: Final = Both("Sidik kunci, boleh diketahui umum", "Key fingerprint, public")

ROSTER: Final = Both("Daftar kunci versi {version}, {day.id}", "Roster version {version}, {day.en}")

# --- recovery sheet ----------------------------------------------------------------------------------

RECOVERY_TITLE: Final = Both("Lembar pemulihan kunci akar {number}", "Recovery sheet of root key {number}")
HOLDER: Final = Both("Pemegang kunci akar", "Root holder")
SHEET: Final = Both("Lembar", "Sheet")
SHEET_OF: Final = "{sheet} dari {sheets}"
DATE: Final = Both("Tanggal", "Date")
READ_DOWN: Final = Both("Baca ke bawah, kolom demi kolom.", "Read downwards, column by column.")
WHOLE_KEY: Final = Both(
    "33 kata ini adalah kunci akar itu sendiri. Dengan kata-kata ini kunci dibuat kembali bila stik kunci hilang "
    "atau rusak.",
    "These 33 words are the root key itself. With them the key is made again if the key stick is lost or broken.",
)
PART_OF_KEY: Final = Both(
    "{needed} dari {sheets} lembar seperti ini bersama-sama membuat kunci akar kembali bila stik kunci hilang "
    "atau rusak.",
    "{needed} of {sheets} such sheets together make the root key again if the key stick is lost or broken.",
)
KEEP_ONE: Final = Both(
    "Dalam amplop bersegel, tidak di tempat yang sama dengan stik kunci. Jangan pernah difoto, disalin, atau "
    "diketik di HP.",
    "In a sealed envelope, not in the same place as the key stick. Never photograph it, copy it, or type it "
    "into a phone.",
)
KEEP_SEVERAL: Final = Both(
    "Dalam amplop bersegel, terpisah dari stik kunci dan dari lembar lain. Jangan pernah difoto, disalin, atau "
    "diketik di HP.",
    "In a sealed envelope, apart from the key stick and from other sheets. Never photograph it, copy it, or "
    "type it into a phone.",
)
LOST: Final = Both(
    "Bila lembar ini hilang atau dilihat orang lain: hari itu juga hubungi pemegang kunci akar yang lain. Kunci "
    "akar ini harus diganti.",
    "If this sheet is lost, or somebody else has seen it: call the other root holders the same day. This root key "
    "must be replaced.",
)
WHAT_FOR: Final = Both("Untuk apa", "What it is for")
WHERE: Final = Both("Simpan", "Keep it")
IF_LOST: Final = Both("Bila hilang", "If it is lost")
ENVELOPE: Final = Both("Nomor amplop", "Envelope number")
SIGNATURE: Final = Both("Tanda tangan", "Signature")

# --- poster ------------------------------------------------------------------------------------------

POSTER_TITLE: Final = Both("Laporkan korupsi tanpa menyebut siapa Anda", "Report corruption without saying who you are")
POSTER_LEAD: Final = Both(
    "Kotak pengaduan anonim Inspektorat Sumatera Selatan. Kami tidak menanyakan nama atau nomor Anda, dan tidak "
    "mencatat alamat internet Anda.",
    "The anonymous drop box of the Inspectorate of South Sumatra. We do not ask your name or number, and we do not "
    "record your internet address.",
)
HOW: Final = Both("Buka dengan Tor Browser", "Open it in Tor Browser")
HOW_TEXT: Final = Both(
    "Hanya Tor Browser yang dapat membuka alamat ini. Ambil di Google Play atau F-Droid, lalu ketik alamatnya "
    "tanpa spasi.",
    "Only Tor Browser (Google Play or F-Droid) opens this address. Type it without spaces.",
)
QR_NOTE: Final = Both(
    "Kode ini berisi alamat yang sama. Angka 0, 1, 8, 9 tidak ada.",
    "The code holds the same address. It has no 0, 1, 8 or 9.",
)
BY_HAND: Final = Both("Alamat, ditulis tangan oleh petugas", "Address, written by hand by an officer")
PLAIN_SITE: Final = Both("Tanpa Tor Browser", "Without Tor Browser")
PLAIN_SITE_NOTE: Final = Both(
    "Operator internet dapat melihat bahwa Anda membukanya.", "Your provider can see that you open it."
)
EIGHT_WORDS: Final = Both("Delapan kata ini harus sama", "These eight words must be the same")
EIGHT_WORDS_TEXT: Final = Both(
    "Setiap halaman menampilkan delapan kata yang sama. Bila kata lain yang tampil, jangan menulis; beri tahu "
    "Inspektorat, boleh dengan surat tanpa nama.",
    "Every page shows the same words. If others are shown, do not write; tell the Inspectorate, by a letter "
    "without a name if you like.",
)
CALM: Final = Both("Demi keamanan Anda", "For your safety")
CALM_TEXT: Final = Both(
    "Jangan pindai dengan HP kantor. Jangan buka lewat wifi kantor. Buka nanti saja, di tempat lain, dengan HP "
    "Anda sendiri.",
    "No office phone, no office wifi. Open it later, elsewhere, on your own phone.",
)

# --- reviewer's card ---------------------------------------------------------------------------------

CARD_TITLE: Final = Both("Kartu penelaah", "Reviewer's card")
CARD_ID: Final = Both("Anda dalam sistem", "You in the system")
QUORUM_CAPTION: Final = Both("Untuk membuka laporan", "To open a report")
QUORUM: Final = Both("{k} dari {n} penelaah", "{k} of {n} reviewers")
TOGETHER: Final = Both("harus hadir bersama", "must be there together")
ENOUGH: Final = Both("sudah cukup", "is enough")
RENEW_CAPTION: Final = Both("Perbarui kunci sebelum", "Renew your keys before")
END: Final = Both("berakhir {day}", "they end {day}")
RENEW: Final = Both("Kunci baru", "New keys")
RENEW_TEXT: Final = Both(
    "Serahkan kunci baru sebelum {day}. Tanpa kunci baru, laporan tidak lagi dikirim kepada Anda.",
    "Hand in new keys before {day}. Without new keys, reports are no longer sent to you.",
)
NEVER: Final = Both("Jangan pernah", "Never")
NEVER_TEXT: Final = Both(
    "Menulis frasa sandi di kartu ini, memotretnya, atau memberitahukannya kepada siapa pun.",
    "Write the passphrase on this card, photograph it, or tell it to anybody.",
)
FORGOTTEN: Final = Both("Lupa frasa sandi", "Passphrase forgotten")
FORGOTTEN_TEXT: Final = Both(
    "Tidak ada yang dapat memulihkannya. Beri tahu penelaah lain; pemegang kunci akar menyetujui kunci baru.",
    "Nobody can recover it. Tell the other reviewers; the root holders approve new keys.",
)
STOLEN: Final = Both("Stasiun dicuri", "Station stolen")
STOLEN_TEXT: Final = Both(
    "Hari itu juga hubungi penelaah lain dan pemegang kunci akar.",
    "Call the other reviewers and the root holders the same day.",
)
LEAVING: Final = Both("Pindah tugas", "Leaving office")
LEAVING_TEXT: Final = Both(
    "Beri tahu pemegang kunci akar sebelum hari terakhir Anda. Jangan menyerahkan frasa sandi kepada pengganti.",
    "Tell the root holders before your last day. Do not hand your passphrase to your successor.",
)
FOLD: Final = "lipat atau gunting di sini · fold or cut here"
