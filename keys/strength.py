"""How hard a passphrase is to guess, for people who write Indonesian, and passphrases that the dice choose.

What a passphrase must withstand is a copied file: guessing offline, at Argon2id's speed (formats §8).

    one RTX 4090 at 64 MiB and 3 passes         1,667 guesses a second (measured by others in 2025)
    1,000 of them for a year                    5.3 × 10¹³ guesses, about US$ 3.5 million of rent
    10¹⁶ guesses                                190 such years, US$ 660 million
    ten years on, ten times cheaper             US$ 66 million for one passphrase

So `ENOUGH_GUESSES` is 10¹⁶ (53 bits). One root passphrase guards one signing key alone and for years, hence
the margin: an estimate of what people choose is always too kind. Six words of the list are 7 × 10¹⁹.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any, Final

from zxcvbn import zxcvbn

from crypto.receipt import wordlist

PASSPHRASE_WORDS: Final = 6  # 66 bits
ENOUGH_GUESSES: Final = 10**16
MIN_LETTERS, MAX_LETTERS = 16, 200
_JUDGED = 72  # zxcvbn's own limit; the rest only adds
_JOINTS = str.maketrans("", "", " -_.,/+")  # between words they cost a guesser nothing
_PATTERNS = {"spatial", "repeat", "sequence", "regex", "date"}

# What people here choose first: common passwords, names, faith, places, offices, small words.
_WORDS: Final = """
    rahasia sayang bismillah indonesia password sandi katasandi kata admin administrator bismillahirrahmanirrahim
    alhamdulillah allah akbar muhammad assalamualaikum insyaallah astaghfirullah subhanallah masyaallah
    doraemon sayangku cinta cintaku aku kamu selamanya iloveyou qwerty anjing kucing merdeka garuda pancasila
    persija persib sriwijaya sfc jakmania kampret ganteng cantik keluarga mama papa ibu bapak anak adik kakak
    palembang sumsel sumatera selatan sumatra musi ampera jembatan pempek pagaralam prabumulih lubuklinggau
    lubuk linggau pagar alam lahat muaraenim muara enim banyuasin ogan komering ilir ulu oku oki empat lawang
    pali penukal abab lematang muratara rawas kayuagung sekayu baturaja martapura indralaya kertapati plaju
    jakarta bandung surabaya medan lampung jambi bengkulu padang bogor bekasi jawa bali
    inspektorat inspektur auditor audit irban pengawas pengaduan laporan lapor kotak senyap kotaksenyap kunci
    pemprov pemda pemkot pemkab provinsi kabupaten kota kecamatan kelurahan desa gubernur bupati walikota sekda
    dinas badan biro kantor pegawai negeri sipil pns asn bpk bpkp kpk korupsi antikorupsi kejaksaan polisi
    agus budi siti dewi sri eko dwi tri andi rudi hendra herman ahmad abdul rahman hidayat putra putri wati
    susanto setiawan saputra wijaya kusuma lestari rina yanti yudi joko bambang slamet wahyu rizki fitri
    nurul indah ratna maya dian ayu bayu dimas fajar ilham iqbal yusuf ibrahim ismail hasan husin ali umar
    januari februari maret april mei juni juli agustus september oktober november desember
    senin selasa rabu kamis jumat sabtu minggu ramadhan lebaran proklamasi
    yang dan di ke dari ini itu untuk dengan pada adalah tidak ada saya kami kita mereka akan sudah atau juga
    bisa karena dalam jika oleh satu dua tiga lima enam tujuh delapan sembilan sepuluh semua hari tahun rumah
    orang baru baik besar kecil lama selamat pagi siang malam terima kasih tanah air tumpah darah bangsa raya
    """
_KNOWN: Final = tuple(_WORDS.split())
# Lines that everybody knows by heart: judged without spaces, each is one word.
_LINES: Final = tuple(
    line.replace(" ", "")
    for line in """
    indonesia tanah airku|indonesia tanah air beta|tanah tumpah darahku|di sanalah aku berdiri|jadi pandu ibuku
    hiduplah indonesia raya|bangunlah jiwanya|bangunlah badannya|untuk indonesia raya|pusaka abadi nan jaya
    garuda pancasila|akulah pendukungmu|ketuhanan yang maha esa|kemanusiaan yang adil dan beradab
    persatuan indonesia|keadilan sosial bagi seluruh rakyat indonesia|bhinneka tunggal ika|satu nusa satu bangsa
    tanah airku tidak kulupakan|padamu negeri|maju tak gentar|dari sabang sampai merauke|halo halo bandung
    tak kenal maka tak sayang|bersatu kita teguh bercerai kita runtuh|sambil menyelam minum air
    ada gula ada semut|berakit rakit ke hulu|air susu dibalas air tuba|besar pasak daripada tiang
    bismillahirrahmanirrahim|allahu akbar|lailahaillallah|assalamualaikum warahmatullahi wabarakatuh
    balonku ada lima|bintang kecil di langit yang biru|pelangi pelangi|naik naik ke puncak gunung|cicak di dinding
    inspektorat daerah|provinsi sumatera selatan|sumatera selatan|wong kito galo|kotak senyap|zona integritas
    correct horse battery staple
    """.replace("\n", "|").split("|")
    if line.strip()
)


class Advice(Enum):
    """What is to be changed about a passphrase."""

    NOT_TEXT = "not-text"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    KNOWN_WORDS = "known-words"
    PATTERN = "pattern"
    MORE_WORDS = "more-words"


ADVICE: Final[Mapping[Advice, tuple[str, str]]] = {
    Advice.NOT_TEXT: (
        "Ada tombol yang bukan huruf (misalnya tanda panah). Ketik lagi seluruhnya.",
        "A key that is no letter got in (an arrow key, perhaps). Type all of it again.",
    ),
    Advice.TOO_SHORT: (
        f"Terlalu pendek: minimal {MIN_LETTERS} huruf. Pakailah lima kata atau lebih yang tidak berkaitan.",
        f"Too short: {MIN_LETTERS} letters or more. Take five or more words that have nothing in common.",
    ),
    Advice.TOO_LONG: (
        f"Terlalu panjang: paling banyak {MAX_LETTERS} huruf.",
        f"Too long: {MAX_LETTERS} letters at most.",
    ),
    Advice.KNOWN_WORDS: (
        "Mudah ditebak: isinya nama, tempat, atau kata yang biasa dipakai. Tambahkan kata yang tak terduga.",
        "Easy to guess: names, places or words that many use. Add words that nobody expects.",
    ),
    Advice.PATTERN: (
        "Mudah ditebak: ada deret, pengulangan, tanggal, atau urutan papan ketik. Gantilah dengan kata acak.",
        "Easy to guess: a row, a repetition, a date or a run of keys. Put random words in its place.",
    ),
    Advice.MORE_WORDS: (
        "Belum cukup kuat. Tambahkan dua kata acak lagi.",
        "Not strong enough yet. Add two more random words.",
    ),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be changed, or None when the passphrase will do. Holds nothing of it."""

    advice: Advice | None

    @property
    def good(self) -> bool:
        """Tell whether the passphrase may be used."""
        return self.advice is None


def generate_passphrase() -> str:
    """Return a random passphrase of 6 words (66 bits)."""
    return " ".join(secrets.choice(wordlist()) for _ in range(PASSPHRASE_WORDS))


def normalise(words: str) -> str:
    """Return a passphrase as it is stretched: NFKC, one space between words (formats §8)."""
    return " ".join(unicodedata.normalize("NFKC", words).split())


def is_text(words: str) -> bool:
    """Tell whether a person's terminal sent characters only: no control keys, no bytes that are no text."""
    return not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") for c in words)


def check_passphrase(words: str, *, about: Sequence[str] = ()) -> Verdict:
    """Judge a passphrase that a person chose; `about` are names that lie near: holder, unit, deployment."""
    if not is_text(words):
        return Verdict(Advice.NOT_TEXT)
    text = normalise(words)
    if len(text) < MIN_LETTERS:
        return Verdict(Advice.TOO_SHORT)
    if len(text) > MAX_LETTERS:
        return Verdict(Advice.TOO_LONG)
    near = [part for name in about for part in (name, *re.split(r"\W+", name)) if len(part) > 2]
    known = tuple(dict.fromkeys(word.casefold() for word in (*near, *_KNOWN, *_LINES)))
    tries = (_best_guess(form, known) for form in dict.fromkeys((text, text.translate(_JOINTS))))
    guesses, parts = min(tries, key=lambda found: found[0])
    return Verdict(None if guesses >= ENOUGH_GUESSES else _advise(parts, known))


def _best_guess(text: str, known: tuple[str, ...]) -> tuple[int, list[dict[str, Any]]]:
    """Return how many guesses the cheapest reading of a text takes, and its parts.

    The plain product of the parts: zxcvbn's own figure adds a factor for their order, which flatters
    phrases whose build an attacker knows.
    """
    parts = zxcvbn(text[:_JUDGED], user_inputs=[*known, *wordlist()], max_length=_JUDGED)["sequence"]
    return prod(_guesses(part, known) for part in parts), parts


def _guesses(part: dict[str, Any], known: tuple[str, ...]) -> int:
    """Return the guesses for one part; a word of our list costs the whole list, wherever in it it stands."""
    guesses = int(part["guesses"])
    if part.get("dictionary_name") == "user_inputs" and part["rank"] > len(known):
        return max(guesses, len(wordlist()))
    return guesses


def _advise(parts: list[dict[str, Any]], known: tuple[str, ...]) -> Advice:
    letters = dict.fromkeys((Advice.MORE_WORDS, Advice.KNOWN_WORDS, Advice.PATTERN), 0)
    for part in parts:
        if part["pattern"] in _PATTERNS:
            kind = Advice.PATTERN
        elif part["pattern"] == "dictionary" and part["rank"] <= len(known):
            kind = Advice.KNOWN_WORDS
        else:
            kind = Advice.MORE_WORDS
        letters[kind] += len(part["token"])
    return max(letters, key=lambda kind: letters[kind])
