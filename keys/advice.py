"""What to do after a refusal, one sentence for each kind, Indonesian and English. The error itself says the detail."""

from __future__ import annotations

from typing import Final

from crypto.errors import BadSignature, CryptoError, Exposed, Tampered, WrongPassphrase
from keys.errors import (
    Expired,
    Forked,
    KeyAlarm,
    QuorumNotMet,
    RolledBack,
    TooFewSignatures,
    WrongClock,
)

_ALTERED: Final = (
    "Berkas ini rusak atau berubah di jalan. Salin lagi dari asalnya; bila tetap begini, tanyakan pembuatnya.",
    "This file is damaged or was altered on its way. Copy it again; if that does not help, ask whoever made it.",
)
_USUAL: Final = (
    "Ditolak. Yang sudah selesai sebelum ini tetap berlaku; betulkan, lalu ulangi perintah ini.",
    "Refused. What was done before this stays done; put it right, then run this command again.",
)
_KINDS: Final[tuple[tuple[type[CryptoError], tuple[str, str]], ...]] = (  # a kind before its parents
    (
        Forked,
        (
            "ALARM: dua daftar berbeda untuk satu versi. Berhenti, simpan berkas ini, bandingkan dengan pemegang lain.",
            "ALARM: two rosters of one version. Stop, keep this file, compare it with the other holders.",
        ),
    ),
    (
        KeyAlarm,
        (
            "ALARM: kunci seseorang bukan yang dikenal di sini. Berhenti, simpan berkas ini, beri tahu pemegang kunci.",
            "ALARM: somebody's key is not the one known here. Stop, keep this file, tell the root holders.",
        ),
    ),
    (
        RolledBack,
        (
            "Berkas ini tidak lebih baru daripada yang sudah ada di sini.",
            "This file is not newer than what is here already.",
        ),
    ),
    (
        TooFewSignatures,
        (
            "Tanda tangan belum cukup. Bawa ke pemegang kunci lain: senyap-keys sign.",
            "There are too few signatures. Carry it to another holder: senyap-keys sign.",
        ),
    ),
    (
        Expired,
        (
            "Masa berlakunya habis, atau jam mesin ini salah. Periksa tanggal; bila benar, minta yang baru.",
            "It has ended, or this machine's clock is wrong. Check the date; if it is right, ask for a new one.",
        ),
    ),
    (
        WrongClock,
        (
            "Jam mesin ini tidak cocok. Periksa tanggalnya (date).",
            "This machine's clock does not fit. Check it (date).",
        ),
    ),
    (
        WrongPassphrase,
        (
            "Frasa sandi tidak cocok. Periksa Caps Lock, lalu ulangi perintah ini.",
            "The passphrase does not fit. Check Caps Lock, then run this command again.",
        ),
    ),
    (QuorumNotMet, ("Penelaah yang hadir belum cukup.", "Too few reviewers are present.")),
    (
        Exposed,
        (
            "Berkas rahasia dapat dibaca orang lain di mesin ini: chmod 700 untuk folder, chmod 600 untuk berkas.",
            "A private file can be read by others on this machine: chmod 700 for its folder, chmod 600 for the file.",
        ),
    ),
    (BadSignature, _ALTERED),
    (Tampered, _ALTERED),
)


def advice(error: CryptoError, language: str = "id") -> str:
    """Return what to do after a refusal."""
    for kind, texts in _KINDS:
        if isinstance(error, kind):
            return texts[language == "en"]
    return _USUAL[language == "en"]
