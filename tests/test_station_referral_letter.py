"""The covering letter of a referral: what goes along by name and hash, and not a word of what the reporter wrote."""

import hashlib
import re

from make_vectors import small_attachment, small_forwarded

from crypto.forwarded import Forwarded, build_body
from station.referral_letter import covering_letter, items_of

WORDS = ("DIBERSIHKAN <b>semua</b>.",)


def letter(forwarded: Forwarded, *, sealed: bool = True) -> bytes:
    items = items_of(forwarded, WORDS)
    return covering_letter(forwarded, sender="Inspektorat Prov", recipient="Pimpinan KPK", items=items, sealed=sealed)


def text_of(data: bytes) -> str:
    return " ".join(piece.decode("latin-1") for piece in re.findall(rb"\((.*?)(?<!\\)\) Tj", data))


def test_it_names_sender_recipient_reference_reason_contents_and_hashes() -> None:
    forwarded = small_forwarded(ground="hukum", basis="Pasal 108 KUHAP")
    shown = text_of(letter(forwarded))
    body, file = hashlib.sha256(build_body(forwarded)).hexdigest(), small_attachment().sha256.hex()
    for wanted in ("RAHASIA", "INSPEKTORAT PROV", "Pimpinan KPK", "RJK-10111213", "SURAT PENGANTAR", "Kewenangan KPK",
                   "Pasal 108 KUHAP", body[:32], body[32:], file[:32], "Penerima,", "Inspektur,", "NIP"):  # fmt: skip
        assert wanted in shown, wanted


def test_it_holds_no_word_of_the_report_nor_a_hash_of_one_answer() -> None:
    forwarded = small_forwarded(fields={"uraian": "Rahasiaku tunai.", "kategori": "suap"}, said=())
    shown = text_of(letter(forwarded))
    for hidden in ("Rahasiaku", "suap", "tunai", "silakan", hashlib.sha256(b"suap").hexdigest()[:32]):
        assert hidden not in shown, hidden
    assert "silakan" in text_of(letter(small_forwarded(ground="hukum"))), "the control: a law is printed"


def test_the_same_letter_is_the_same_file_and_marks_in_a_text_are_text() -> None:
    forwarded = small_forwarded(reason="<b>Wewenang</b> & <para>")
    shown = text_of(letter(forwarded))
    assert letter(forwarded) == letter(forwarded)
    assert all(mark in shown.replace(" ", "") for mark in ("<b>Wewenang</b>&<para>", "<b>semua</b>"))


def test_a_long_list_goes_over_several_pages_and_a_letter_alone_says_how_the_rest_comes() -> None:
    many = small_forwarded(attachments=(small_attachment(),) * 20, reason="Alasan. " * 400)
    assert letter(many).count(b"/Type /Page\n") > 1
    assert "sampul tertutup" in text_of(letter(small_forwarded(), sealed=False))
