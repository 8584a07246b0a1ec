"""The certificate of authorship: what it says, and its one A4 page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from crypto.encoding import b64, canonical_json, date_of
from keys.paper import BOLD, HAIR, LEFT, RIGHT, TYPED, WIDE, Page, fit
from keys.roster import Group
from keys.sheet_texts import BRAND, Both, day_of, printable

TITLE: Final = Both("Surat bukti pelapor", "Certificate of authorship")
STATEMENT: Final = Both(
    "Pada {day} seseorang menunjukkan kepada unit ini 24 kata bukti yang hanya dapat dibuat dari kode tanda terima "
    "laporan di bawah. Kata itu cocok dengan sidik yang sejak semula ada di dalam laporan. Pemegang kata itu menulis "
    "laporan ini, atau menerima kata itu dari penulisnya.",
    "On {day} somebody showed this unit the 24 words of proof that can be made from the receipt code of the report "
    "below alone. They fit the digest that has been in the report from the first. Whoever holds them wrote this "
    "report, or was given them by who did.",
)
NOT_SAID: Final = Both(
    "Surat ini tidak menilai apakah isi laporan benar, dan tidak membuka isinya.",
    "This does not say whether the report is true, and does not reveal what it says.",
)
NAMED: Final = Both(
    "Atas permintaan pemegang kata bukti, nama ini dicantumkan: {name}. Unit ini memeriksa kata bukti, bukan kartu "
    "identitas.",
    "At the wish of whoever showed the words this name is written: {name}. This unit checked the words, not an "
    "identity card.",
)
CHECKED: Final = Both(
    "Surat ini ditandatangani secara elektronik (Ed25519 dan ML-DSA-65 bersama). Tanda tangannya ada di berkas .senyap "
    "di samping PDF ini. Setiap stasiun memeriksanya tanpa jaringan: senyap-station certificate --verify BERKAS.pdf",
    "It is signed (Ed25519 and ML-DSA-65 together). The signature is in the .senyap file beside this PDF. Every "
    "station checks it offline: senyap-station certificate --verify FILE.pdf",
)
_FACTS: Final = (
    Both("Unit", "Unit"), Both("Perkara", "Case"), Both("Laporan diterima kotak", "Report received"),
    Both("Sidik isi laporan (SHA-256)", "Digest of the report"), Both("Nomor surat", "Certificate number"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is certified. `received` and `issued` are days, `letter` a 32-byte content hash; `name` may be empty."""

    deployment: str
    station: str
    group: str
    case: str
    received: int
    issued: int
    letter: bytes
    serial: bytes
    name: str = field(default="", repr=False)

    def body(self, pdf: bytes) -> bytes:
        """Return what is signed, with the hash of the PDF."""
        value = {
            "type": "authorship", "deployment": self.deployment, "station": self.station, "group": self.group,
            "case": self.case, "received": self.received, "issued": self.issued, "letter": b64(self.letter),
            "serial": b64(self.serial), "name": self.name, "pdf": b64(hashlib.sha256(pdf).digest()),
        }  # fmt: skip
        return canonical_json(value, ascii_only=False)


def draw(made: Certificate, group: Group) -> bytes:
    """Return the page as PDF bytes; same certificate, same bytes."""
    page = Page()
    page.text(LEFT, 24, BRAND, 11, BOLD)
    page.text_to(RIGHT, 24, printable(made.deployment), 10)
    page.rule(LEFT, 27, RIGHT)
    page.text(LEFT, 44, TITLE.id, 24, BOLD)
    page.text(LEFT, 51, TITLE.en, 12)
    day, received = day_of(date_of(made.issued)), day_of(date_of(made.received))
    y = page.both(LEFT, 66, WIDE, Both(STATEMENT.id.format(day=day.id), STATEMENT.en.format(day=day.en)), 12, 9.5) + 6
    letter, number = made.letter.hex(), made.serial.hex()
    values = (f"{printable(group.name_id)} ({printable(made.station)})", made.case, f"{received.id} / {received.en}",
              f"{letter[:32]} {letter[32:]}", number)  # fmt: skip
    for caption, value in zip(_FACTS, values, strict=True):
        page.rule(LEFT, y, RIGHT, HAIR)
        page.text(LEFT, y + 5, f"{caption.id} / {caption.en}", 8.5)
        font = TYPED if value.startswith((letter[:32], number)) else BOLD
        for line in fit(value, 11, font, WIDE, 2)[0]:
            page.text(LEFT, y + 11, line, 11, font)
            y += 6
        y += 9
    page.rule(LEFT, y, RIGHT, HAIR)
    y += 9
    if made.name:
        name = printable(made.name)
        y = page.both(LEFT, y, WIDE, Both(NAMED.id.format(name=name), NAMED.en.format(name=name)), 11, 9.5) + 3
    y = page.both(LEFT, y, WIDE, NOT_SAID, 11, 9.5) + 3
    page.both(LEFT, y, WIDE, CHECKED, 9.5, 8.5)
    return page.pdf()
