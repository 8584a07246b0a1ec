"""The certificate of authorship: the unit says, signed, that somebody showed the words of a letter's claim.

A PDF for people and beside it a signed file that names the PDF's hash (formats §8). Nobody's name stands in it unless
the reporter wants it. A random serial keeps what is logged from being guessed at.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from crypto import medium
from crypto.encoding import expect, parse_json, unb64
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import BadSignature, Malformed
from crypto.letter import parse_letter
from keys.ledger import Ledger
from keys.roster import Group, Station
from station import audit, casework, extracts
from station.audit import Deed
from station.cases import case_number, claim_holds, is_given_up
from station.certificate_sheet import Certificate, draw
from station.dates import written
from station.desk import Desk
from station.errors import Refused
from station.tables import letters

MAGIC, PURPOSE = b"SNYC", "senyap/v1/certificate"
MAX_NAME = 120
_SERIAL_BYTES, _CAP, _PDF_CAP = 16, 64 * 1024, 4 * 1024 * 1024
_TEXT = "type", "deployment", "station", "group", "case", "letter", "serial", "name", "pdf"
_NUMBER = "received", "issued"
_SPEC: Final[dict[str, type]] = dict.fromkeys(_TEXT, str) | dict.fromkeys(_NUMBER, int)
_TOLD: Final = {
    "id": "Pada {day} diterbitkan surat bukti bahwa pemegang 24 kata bukti menulis laporan ini. Jika bukan Anda yang "
    "memintanya, orang lain memegang kata itu: tulis di kotak ini.\n\nNomor surat: {serial}\n"
    "Sidik isi laporan: {letter}",
    "en": "On {day} a certificate was issued: whoever holds the 24 words of proof wrote this report. If it was not you "
    "who asked for it, somebody else holds these words: write it here.\n\nCertificate: {serial}\n"
    "Digest of the report: {letter}",
}


def claim_fits(transaction: sa.Connection, name: str, secret: bytes, *, by: str, day: int) -> bool:
    """Tell whether a claim secret of 32 bytes is that of a case's writer, and log that it was tried; raises Refused."""
    fits = claim_holds(transaction, name, secret)
    audit.note(transaction, by, Deed.CLAIMED, day=day, case=case_number(name), detail="fits" if fits else "fails")
    return fits


def issue(
    transaction: sa.Connection, desk: Desk, name: str, secret: bytes, folder: Path, *, by: str, holder: str = "",
    day: int,
) -> Path:  # fmt: skip
    """Write a certificate for whoever showed the secret: NAME.pdf and NAME.senyap; return the PDF's path.

    `by` stands in the log. The mailbox is told, so that a writer whose words were taken learns of it. Raises Refused
    where the secret is not the writer's and for a folder inside the station's own, OSError.
    """
    desk.home.must_serve()
    extracts.must_be_outside(desk.home, folder)
    if not claim_holds(transaction, name, secret):
        raise Refused("kata bukti ini bukan milik penulis laporan itu; tidak ada surat yang diterbitkan")
    holder = " ".join(holder.split())
    if len(holder) > MAX_NAME:
        raise Refused(f"nama terlalu panjang: paling banyak {MAX_NAME} huruf")
    case_id = case_number(name)
    raw = transaction.scalar(sa.select(letters.c.raw).where(letters.c.case_id == case_id).order_by(letters.c.id))
    letter, home = parse_letter(bytes(raw or b"")), desk.home
    made = Certificate(home.roster.deployment, home.id, home.group.id, name, letter.day, day, letter.content,
                       os.urandom(_SERIAL_BYTES), holder)  # fmt: skip
    pdf = draw(made, home.group)
    path = folder / f"surat-bukti-{name}-{made.serial.hex()[:8]}.pdf"
    medium.write_file(path, pdf)
    medium.write_file(_beside(path), build_envelope(made.body(pdf), MAGIC, PURPOSE, {0: desk.signing}))
    audit.note(transaction, by, Deed.CERTIFIED, day=day, case=case_id, detail=made.serial.hex())
    if casework.leads(transaction, home, case_id) and not is_given_up(transaction, case_id):
        told = _TOLD.get(letter.language, _TOLD["id"])
        told = told.format(day=written(day), serial=made.serial.hex(), letter=made.letter.hex())
        casework.answer(transaction, home, case_id, told, by=by, day=day, checked=True)
    return path


def verify(ledger: Ledger, path: Path) -> tuple[Certificate, Group]:
    """Verify a PDF with the signed file beside it, by the rosters at hand; return what it says, and the unit.

    Raises Refused without that file or for a station that no roster names, Malformed, BadSignature, OSError.
    """
    try:
        envelope = parse_envelope(medium.read_file(_beside(path), _CAP), MAGIC, "certificate")
    except FileNotFoundError:
        raise Refused(f"berkas tanda tangan {_beside(path).name} tidak ada di samping surat itu") from None
    value = expect(parse_json(envelope.body, "certificate", ascii_only=False), "certificate", _SPEC)
    if value["type"] != "authorship" or value["deployment"] != ledger.roster.deployment:
        raise Malformed("certificate: of another kind or another deployment")
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("certificate: want one signature, by signer 0")
    group = _verify_station(ledger, value["station"], value["group"], envelope.body, envelope.signatures[0][1])
    if hashlib.sha256(medium.read_file(path, _PDF_CAP)).digest() != unb64(value["pdf"], 32, "certificate: pdf"):
        raise BadSignature("certificate: the PDF is not the one that was signed")
    return Certificate(
        value["deployment"], value["station"], value["group"], value["case"], value["received"], value["issued"],
        unb64(value["letter"], 32, "certificate: letter"), unb64(value["serial"], _SERIAL_BYTES, "certificate: serial"),
        value["name"],
    ), group  # fmt: skip


def _verify_station(ledger: Ledger, station: str, group: str, body: bytes, signature: bytes) -> Group:
    """Check the signature with each key that the station ever had; return its unit."""
    found: list[tuple[Station, Group]] = [
        (each, roster.group(group))
        for roster in ledger.history()
        for each in roster.stations
        if each.id == station and each.group == group
    ]
    if not found:
        raise Refused(
            "surat ini menyebut stasiun yang tidak ada di roster mana pun di sini; minta roster terbaru, lalu ulangi"
        )
    for each, unit in found:
        try:
            each.key.verify(PURPOSE, body, signature)
        except BadSignature:
            continue
        return unit
    raise BadSignature("certificate: not signed by that station")


def _beside(path: Path) -> Path:
    return path.with_suffix(".senyap")
