"""Every refusal in Indonesian, with what to do: the one place where what `crypto` and `keys` say is translated.

A refusal of the station itself is Indonesian where it is raised. Of the others nothing English is ever shown: what
`station.translations` does not know is said by its kind.
"""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from sqlcipher3 import dbapi2

from crypto.encoding import date_of, visible
from crypto.errors import BadSignature, CryptoError, Malformed, NotForThisKey, Tampered
from crypto.receipt import Mistyped
from keys.advice import advice
from keys.errors import BrokenChain
from station import reasons, space
from station.errors import Alarm, NoSandbox, NotShown, StationError
from station.translations import ALTERED, TRANSLATIONS

_STOP = "Berhenti: biarkan stik ini apa adanya, dan beri tahu pemegang kunci"
_MISTYPED = "Kata-kata itu tidak terbaca; periksa satu demi satu, lalu ketik lagi"
# of a bundle that is refused, no report is in; the rosters and batches in it, which are signed themselves, may be
_BROKEN = "Berkas ini tidak cocok dengan roster di sini; tidak ada laporan yang diambil darinya. Tanyakan pembuatnya"
_NOT_OURS = "Berkas ini dikunci untuk orang lain; tidak ada laporan yang diambil darinya. Tanyakan pembuatnya"
_UNKNOWN = (
    "Ada yang salah di program ini. Yang terakhir diminta mungkin belum, atau baru sebagian, tersimpan: lihat dulu "
    "hasilnya, lalu ulangi"
)
_MOST_DAY = 1_000_000  # a number above it is no day that a calendar has


def told(error: Exception) -> str:
    """Return what a person at the station is told of an error: Indonesian, what it is and what to do."""
    if isinstance(error, Alarm):
        return f"ALARM: {error}. {_STOP}"
    if isinstance(error, NotShown):
        return reasons.not_shown(str(error))
    if isinstance(error, NoSandbox):
        return reasons.not_shown("sandbox")
    if isinstance(error, StationError):
        return str(error)
    if isinstance(error, CryptoError):
        return _translated(error)
    if space.is_full(error):
        return space.HERE
    if isinstance(error, OSError):
        return f"Disk atau stik tidak dapat dibaca atau ditulis: {space.reason(error)}"
    if isinstance(error, SQLAlchemyError | dbapi2.Error):
        return space.VAULT
    return _UNKNOWN


def sentence(error: Exception) -> str:
    """Return the same with a stop at its end."""
    return f"{told(error).removesuffix('.')}."


def _translated(error: CryptoError) -> str:
    for pattern, words in TRANSLATIONS:
        if found := pattern.fullmatch(str(error)):
            return words.format(**{name: _shown(name, value) for name, value in found.groupdict("").items()})
    if isinstance(error, Malformed | Tampered | BadSignature):
        return ALTERED
    if isinstance(error, Mistyped):
        return f"{_MISTYPED}. Mulai dari kata nomor {error.word}" if error.word else _MISTYPED
    if isinstance(error, NotForThisKey):
        return _NOT_OURS
    if isinstance(error, BrokenChain):
        return _BROKEN
    return advice(error)


def _shown(name: str, value: str) -> str:
    """Return a piece of an error as people write it: a number of days as a date."""
    if name.startswith("day") and value.isdecimal() and int(value) <= _MOST_DAY:
        return date_of(int(value)).isoformat()
    return visible(value)
