"""The covering letter of a referral, to be printed and signed: what goes along, by name and hash, and no word of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from crypto.forwarded import Forwarded, build_body
from keys.sheet_texts import printable
from station.dates import written
from station.referrals import reference_name

RECIPIENTS = {
    "kpk": "Pimpinan Komisi Pemberantasan Korupsi", "polri": "Kepala Kepolisian Daerah",
    "kejaksaan": "Kepala Kejaksaan Tinggi", "itjen_kemendagri": "Inspektur Jenderal Kementerian Dalam Negeri",
    "inspektorat_lain": "Inspektur Daerah", "bpkp": "Kepala Perwakilan BPKP", "instansi_lain": "Pimpinan instansi",
}  # fmt: skip
_GROUNDS = {
    "izin": "pelapor mengizinkan laporannya diteruskan",
    "jawaban": "pelapor, yang meminta ditanya lebih dahulu, telah menjawab",
    "hukum": "peraturan perundang-undangan mewajibkan pelimpahan",
}
_PLAIN = ParagraphStyle("plain", fontName="Times-Roman", fontSize=11, leading=14.5, alignment=TA_JUSTIFY)
_LEFT = ParagraphStyle("left", _PLAIN, alignment=0)
_HEAD = ParagraphStyle("head", _PLAIN, fontName="Times-Bold", fontSize=13, leading=17, alignment=TA_CENTER)
_CELL = ParagraphStyle("cell", _LEFT, fontSize=9.5, leading=12)
_HASH = ParagraphStyle("hash", _CELL, fontName="Courier", fontSize=7.5, leading=9.5)
_LINE = "." * 34


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list of contents: what it is, how many of it, and the SHA-256 of it in hex."""

    what: str
    count: str
    digest: str


def items_of(forwarded: Forwarded, washed: Sequence[str] = ()) -> tuple[Item, ...]:
    """List what is passed on. All texts have one hash together: that of one answer alone could be guessed from it."""
    counted = [(len(forwarded.fields), "isian laporan"), (len(forwarded.said), "pesan")]
    texts = ", ".join(f"{count} {name}" for count, name in counted if count)
    found = [Item(f"Naskah pelimpahan{f' ({texts})' if texts else ''}", "1 naskah", _digest(build_body(forwarded)))]
    for number, file in enumerate(forwarded.attachments):
        words = f" ({washed[number].rstrip('.')})" if number < len(washed) else ""
        size = f"{file.size:,}".replace(",", ".")
        found.append(Item(f"Berkas {file.name}{words}", f"{size} byte", file.sha256.hex()))
    return tuple(found)


def covering_letter(forwarded: Forwarded, *, sender: str, recipient: str, items: Sequence[Item], sealed: bool) -> bytes:
    """Return the letter as PDF: A4, no word of the report, the reporter's name unknown to everybody.

    `sender` and `recipient` are names for people. The same input gives the same bytes.
    """
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=25 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title="Surat pengantar", author="", creator="", producer="", invariant=1, pageCompression=0,
        lang="id",
    )  # fmt: skip
    document.build([
        _text("RAHASIA", _HEAD), _text(sender.upper(), _HEAD), Spacer(1, 5 * mm),
        *_address(forwarded, recipient, len(items)), Spacer(1, 4 * mm),
        _text("SURAT PENGANTAR", _HEAD), Spacer(1, 2 * mm),
        *_body(forwarded, sender, sealed=sealed), Spacer(1, 3 * mm), _contents(items), Spacer(1, 4 * mm),
        _text("Demikian disampaikan, atas perhatian dan kerja samanya diucapkan terima kasih.", _PLAIN),
        Spacer(1, 8 * mm), _signatures(),
    ])  # fmt: skip
    return out.getvalue()


def _address(forwarded: Forwarded, recipient: str, count: int) -> list[Flowable]:
    name = reference_name(forwarded.reference)
    head = [
        ("Nomor", f"{_LINE} (agenda)"),
        ("Rujukan", name),
        ("Sifat", "Rahasia"),
        ("Lampiran", f"{count} butir"),
        ("Hal", "Pengantar pelimpahan pengaduan"),
    ]
    rows = [[_text(left, _LEFT), _text(f": {right}", _LEFT)] for left, right in head]
    return [
        _text(f"{'.' * 20}, {written(forwarded.day)}", ParagraphStyle("right", _LEFT, alignment=2)),
        Table(rows, [24 * mm, 136.8 * mm], style=TableStyle(_TIGHT)),
        Spacer(1, 4 * mm),
        _text("Yth.", _LEFT),
        _text(recipient, _LEFT),
        _text(f"di {_LINE}", _LEFT),
    ]


def _body(forwarded: Forwarded, sender: str, *, sealed: bool) -> list[Flowable]:
    ground = _GROUNDS[forwarded.ground]
    # an answer is in the reporter's own words: those stand in the parcel alone
    basis = f", yaitu: {forwarded.basis.rstrip('.')}" if forwarded.ground == "hukum" else ""
    way = (
        "Isinya dikirim tersegel secara elektronik dan hanya dapat dibuka oleh penerima; surat ini tidak memuatnya."
        if sealed
        else "Isinya diserahkan terpisah dalam sampul tertutup; surat ini tidak memuatnya."
    )
    return [
        _text(
            f"Bersama ini {sender} melimpahkan pengaduan yang diterima pada {written(forwarded.arrived)} kepada "
            f"Saudara untuk ditangani sesuai kewenangan. Alasan pelimpahan: {forwarded.reason.rstrip('.')}.",
            _PLAIN,
        ),
        Spacer(1, 2 * mm),
        _text(f"Dasar pelimpahan: {ground}{basis}.", _PLAIN),
        Spacer(1, 2 * mm),
        _text(
            f"{way} Pelapor anonim: identitasnya tidak diketahui oleh unit pengirim dan tidak boleh dicari. Pertanyaan "
            "kepada pelapor disampaikan melalui unit pengirim dengan menyebut nomor rujukan di atas. Yang "
            "dilimpahkan adalah:",
            _PLAIN,
        ),
    ]


def _contents(items: Sequence[Item]) -> Flowable:
    rows: list[list[Flowable]] = [
        [_text(name, _CELL) for name in ("No.", "Jenis yang dikirim", "Banyaknya", "Keterangan (SHA-256)")]
    ]
    for number, item in enumerate(items, 1):
        digest = _text(f"{item.digest[:32]} {item.digest[32:]}", _HASH)
        rows.append([_text(str(number), _CELL), _text(item.what, _CELL), _text(item.count, _CELL), digest])
    lines = [("GRID", (0, 0), (-1, -1), 0.4, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Table(rows, [11 * mm, 64 * mm, 28 * mm, 57.8 * mm], style=TableStyle(lines), repeatRows=1)


def _signatures() -> Flowable:
    date, name = f"Diterima tanggal {'.' * 24}", [_LINE, f"NIP {_LINE}"]
    received = [_text(line, _LEFT) for line in (date, "Penerima,")] + [Spacer(1, 18 * mm)]
    sent = [Spacer(1, 1), _text("Inspektur,", _LEFT), Spacer(1, 18 * mm)]
    rows = [list(pair) for pair in zip(received, sent, strict=True)] + [[_text(line, _LEFT)] * 2 for line in name]
    return KeepTogether([Table(rows, [88 * mm, 72.8 * mm], style=TableStyle(_TIGHT))])


_TIGHT = [(f"{side}PADDING", (0, 0), (-1, -1), 0.5) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]


def _text(text: str, style: ParagraphStyle) -> Flowable:
    return Paragraph(escape(printable(text)), style)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
