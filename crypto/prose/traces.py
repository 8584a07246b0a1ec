"""Find what could point to the writer of a text: identity numbers, addresses of a person, first-person phrases.

Nothing is kept of what is found, and nothing is forbidden: the number may well be that of the person reported. The
formats are those of Indonesian registers (NIK: province, district, birth date; NIP: birth date, first month of service,
sex), with or without separators between digits.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

KINDS: Final = (
    "email", "akun", "nip", "nik", "npwp", "hp", "telepon", "plat", "paspor", "nomor", "diri", "jam", "tempat",
)  # fmt: skip
SOFT: Final = frozenset({"jam", "tempat"})  # shown when somebody looks, no reason to stop a report


@dataclass(frozen=True, slots=True)
class Trace:
    """One place in a text: characters `start` to `end`, and one of `KINDS`."""

    start: int
    end: int
    kind: str


Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]


def find_traces(text: str) -> tuple[Trace, ...]:
    """Return what was found in the order of the text; where two finds overlap, the more certain one.

    Strangers write these texts: all work here grows as the text does, and no faster.
    """
    found: list[Trace] = []
    taken = bytearray(len(text))
    for kind, find in _FINDERS.items():
        for start, end in find(text):
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                found.append(Trace(start, end, kind))
    return tuple(sorted(found, key=lambda trace: trace.start))


def cut(text: str, most: int | None = None) -> list[tuple[str, str]]:
    """Return a text in pieces with the kind of each, empty for what lies between finds.

    With `most`, so many finds and only what stands around each: for a page that holds the whole text already.
    """
    pieces, at = [], 0
    for trace in find_traces(text)[:most]:
        pieces += [(text[at : trace.start], ""), (text[trace.start : trace.end], trace.kind)]
        at = trace.end
    found = [piece for piece in (*pieces, (text[at:], "")) if piece[0]]
    return found if most is None else [(_shorten(piece) if not kind else piece, kind) for piece, kind in found]


def _shorten(text: str) -> str:
    return text if len(text) <= 2 * _NEAR_LETTERS else f"{text[:_NEAR_LETTERS]} … {text[-_NEAR_LETTERS:]}"


def is_serious(traces: Sequence[Trace]) -> bool:
    """Tell whether the writer should be asked before the text is sent."""
    return any(trace.kind not in SOFT for trace in traces)


def _raw(*patterns: str, flags: re.RegexFlag = re.IGNORECASE) -> Finder:
    compiled = re.compile("|".join(patterns), flags)
    return lambda text: (match.span() for match in compiled.finditer(text))


def _zeros(text: str) -> str:
    """Return the text with letters O beside digits as zeros: as some people write numbers to hide them."""
    return re.sub(r"(?<=\d)[Oo]+|(?<![Oo])[Oo]+(?=\d)", lambda match: "0" * len(match[0]), text)


def _digits(count: int, shape: str) -> Finder:
    """Make a finder of a number of so many digits and this shape, whatever single separators stand between them."""
    candidate = re.compile(rf"(?<!\d)(?=(\d(?:[ .\-/_]?\d){{{count - 1}}})(?!\d))")
    wanted = re.compile(shape)

    def find(text: str) -> Iterator[Span]:
        for match in candidate.finditer(_zeros(text)):
            groups = re.findall(r"\d+", match[1])
            is_list = sum(len(group) == 1 for group in groups) > 1  # 1 2 3 4 …: people count; a NIP has one such group
            if wanted.fullmatch("".join(groups)) and not is_list and not _is_dates(match[1]):
                yield match.span(1)

    return find


def _mobile(text: str) -> Iterator[Span]:
    for match in _MOBILE.finditer(_zeros(text)):
        is_mobile = re.fullmatch(r"(?:62|0)8[1-9]\d{7,10}", re.sub(r"\D", "", match[0]))
        if (
            is_mobile
            and not _DATE.search(match[0])
            and not _AMOUNT_BEFORE.search(text[max(0, match.start() - _AMOUNT_LETTERS) : match.start()])
        ):
            yield match.span()


def _after(words: str, number: str) -> Finder:
    """Make a finder of a number that only a word before it makes one of somebody's."""
    compiled = re.compile(rf"(?:{words})[^\d\n]{{0,12}}({number})(?!\d)", re.IGNORECASE)
    return lambda text: (match.span(1) for match in compiled.finditer(_zeros(text)))


def _either(*finders: Finder) -> Finder:
    return lambda text: itertools.chain.from_iterable(find(text) for find in finders)


def _long_numbers(text: str) -> Iterator[Span]:
    """Find what may be a bank account: 10 to 16 digits in one piece, or in groups of which one is long."""
    harmless = [match.span() for match in _HARMLESS.finditer(text)]
    starts = [start for start, _ in harmless]
    for match in _GROUPS.finditer(text):
        start, end = match.span()
        groups = re.findall(r"\d+", match[0])
        is_long = max(map(len, groups)) >= 5 or (len(groups) >= 3 and all(len(group) == 4 for group in groups))
        is_years = all(len(group) == 4 and "1900" <= group <= "2099" for group in groups)
        before = bisect.bisect_right(starts, start)
        covered = before > 0 and end <= harmless[before - 1][1]
        if 10 <= sum(map(len, groups)) <= 16 and is_long and not is_years and not covered:
            yield start, end


def _is_dates(text: str) -> bool:
    """Tell whether these digits are dates that stand side by side."""
    return not re.search(r"\d", _DATE.sub("", text))


_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[/.\-]\d{1,2}[/.\-](?:19|20)\d{2}|(?:19|20)\d{2}-\d{2}-\d{2})(?!\d)")
_NEAR_LETTERS = 40
_AMOUNT_LETTERS = 8  # “Rp” with dots and blanks
_AMOUNT_BEFORE = re.compile(r"(?:\bRp|\bIDR)[. ]*\Z", re.IGNORECASE)
_MOBILE = re.compile(r"(?<![\d/])[(+]{0,2}(?:62|0)\)?(?:[ .\-/()]{0,2}\d){9,12}(?!\d)")
_GROUPS = re.compile(r"(?<![\w.,/])\d+(?:[ \-]\d+)*(?![\w/]|[.,]\d)")
_HARMLESS = re.compile(
    r"(?:\bRp|\bIDR)[. ]*\d[\d.,]*"  # an amount
    r"|(?<![\d.,])\d[\d.,]*(?=\s*(?:rupiah|ribu|juta|jt|miliar|milyar|triliun|million|billion)\b)"
    r"|(?<![\d.\-])\d[\d.\-]*/[^\sA-Za-z]{0,60}[A-Za-z]\S*"  # the number of a letter or a contract
    r"|\b(?:kode|tender|paket|rup|sirup|lpse|sp2d|spm|spd|faktur)\D{0,12}\d+",
    re.IGNORECASE,
)
_ME = r"(?:saya|sy|sayo|aku|gw|gue)"
_BETWEEN = (
    r"(?:ini|ni|adalah|seorang|se|orang|sebagai|selaku|masih|baru|jadi|menjadi|dulu|dulunya|memang|kebetulan|pernah|"
    r"sudah|cuma|hanya|mantan|\w+\s+(?:hari|bulan|tahun))"
)
_POST = (
    r"(?:se(?:orang\s+)?)?(?:bendahara|ppk|pptk|pphp|kpa|operator|guru|honorer|honor|kabid|kasi|kasubag|kasubbag|kades|sekdes|"
    r"kaur|kadus|lurah|camat|sekcam|perawat|bidan|dokter|staf|staff|pegawai|asn|pns|pppk|auditor|verifikator|pengawas|"
    r"sopir|supir|satpam|penjago|penjaga|ajudan|sekretaris|panitia|pokja|kepsek)"
)
_NEAR = (
    r"(?:atasan|bos|boss|bawahan|rekan(?:\s+sekantor)?|teman\s+(?:kantor|kerja)|suami|istri|isteri|anak|orang\s+tua|kantor|"
    r"dinas|desa|sekolah|bagian|bidang|ruangan|meja|rekening|tanda\s+tangan|jabatan|sk|nip|nik)"
)
_FINDERS: Final[dict[str, Finder]] = {
    "email": _raw(
        r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"(?<![\w.+-])[\w.+-]+ ?[(\[]at[)\]] ?[\w-]+(?: ?(?:\.|[(\[](?:dot|titik)[)\]]) ?\w+)+",
    ),
    "akun": _raw(
        r"\b(?:wa\.me|t\.me|(?:instagram|facebook|fb|twitter|x|tiktok|linkedin)\.com)/\S*\w",
        r"(?<![\w@.])@(?!rp\d)[a-z_][\w.]{2,29}",
        r"\b(?:ig|instagram|telegram|facebook|fb|tiktok)\s?[:=]\s?@?[\w.]{3,30}",
    ),
    "nip": _digits(
        18,
        r"(?:19[4-9]\d|20[01]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
        r"(?:19[6-9]\d|20[0-4]\d)(?:0[1-9]|1[0-2]|2[1-9])[12]\d{3}",
    ),
    "nik": _digits(
        16,
        r"(?:1[1-9]|21|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-7])\d{4}"
        r"(?:0[1-9]|[12]\d|3[01]|4[1-9]|[56]\d|7[01])(?:0[1-9]|1[0-2])\d{6}",
    ),
    "npwp": _either(
        _raw(r"(?<!\d)\d{2}\.\d{3}\.\d{3}\.\d[-.]\d{3}\.\d{3}(?!\d)"), _after("npwp", r"\d(?:[ .\-]?\d){14,15}")
    ),
    "hp": _mobile,
    "telepon": _raw(r"(?<!\d)\(?(?:0|\+?62[ .\-]?)(?:702|71[1-4]|73[0-5])\)?[ .\-/]{0,2}\d{2,4}[ .\-]?\d{3,4}(?!\d)"),
    "plat": _raw(
        r"\b(?:BG|B|BE|BH|BD|BN)[ -]?\d{3,4}[ -]?[A-Z]{1,3}\b",
        r"\bBG[ -]?\d{1,4}[ -]?[A-Z]{1,3}\b",
        r"\bbg[ -]?\d{3,4}[ -]?[a-z]{1,3}\b",
        flags=re.RegexFlag(0),
    ),
    "paspor": _raw(r"\b[A-Z] ?\d{7}\b", flags=re.RegexFlag(0)),
    "nomor": _either(
        _long_numbers,
        _after(r"(?<!kode )\brek(?:ening)?\b|bpjs|nuptk|virtual account|\bva\b", r"\d(?:[ .\-]?\d){7,16}"),
    ),
    "diri": _raw(
        rf"\bnama\s+{_ME}\b",
        rf"\b{_ME}\s+(?:(?:yang|yg|ikut|sendiri)\s+)?(?:adalah|selaku|sebagai|menjabat|bertugas|bekerja|kerja|menandatangani|"
        r"teken|mencairkan|mengetik|membuat\s+(?:kuitansi|spj)|hadir|menolak|satu-?satunya)\b",
        rf"\b{_ME}\s+di(?:suruh|minta|perintah|paksa|ancam|mutasi|pindah|nonjob|pecat|panggil)\w*",
        rf"\b{_ME}\s+(?:{_BETWEEN}\s+){{0,5}}{_POST}\b",
        rf"\b(?:selaku|sebagai)\s+{_POST}\s+{_ME}\b",
        rf"\b(?:{_NEAR}|{_POST})\s+{_ME}\b",
        rf"\b(?:hubungi|telepon|telpon|kontak|wa|hanya|cuma)\s+{_ME}\b",
        r"\bmy\s+(?:name|boss|superior|colleagues?|husband|wife|office|signature|account|department|school|village|desk)\b",
        r"\bI\s+(?:am|was|work|worked)\s+(?:the|a|an|in|at|for|as)\b",
        r"\bas\s+(?:the|a|an)\s+(?:treasurer|secretary|teacher|auditor|driver|clerk|officer|operator|nurse|doctor)\b",
        r"\b(?:only\s+I|I\s+alone|call\s+me|contact\s+me|I\s+signed|I\s+refused|I\s+was\s+told)\b",
    ),
    "jam": _raw(
        r"\b(?:pukul|jam|pkl\.?)\s?\d{1,2}[.:]\d{2}\b", r"\b\d{1,2}[.:]\d{2}\s?WIB\b", r"\bat\s\d{1,2}:\d{2}\b"
    ),
    "tempat": _raw(
        r"\d{1,3}\s?°\s?\d{1,2}['’′][^\n]{0,30}?[NSEWU]\b",
        r"-?\d{1,2}\.\d{4,}\s*,\s*-?\d{2,3}\.\d{4,}",
        r"\bmaps\.(?:app\.goo\.gl|google\.\w+)/\S*\w",
    ),
}
