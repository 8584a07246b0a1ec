"""Whatever comes in, `clean` answers, and what it calls cleaned holds no trace."""

import io
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from decoded import traces
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import CLEANED, SAMPLES, Sample, named

from dropbox import cleanroom
from dropbox.cleaning import Outcome, clean, cleaner, limits
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_FILE_BYTES
from dropbox.cleaning.pdf import clean_pdf
from dropbox.cleaning.work import Work
from dropbox.cleaning.xmlstream import Rules, read_elements, rewrite
from dropbox.cleanroom import Cleanroom

PARTS = 20
CORPUS = Path(__file__).parent / "fuzz" / "corpus"
W = '<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
MANY = settings(max_examples=400, deadline=None)


def in_ten_seconds(data: bytes) -> tuple[Outcome, str]:
    """Return outcome and kind of a file that may use ten seconds of a processor; `unknown` when it used them up."""
    program = cleanroom._PROGRAM
    limited = "import dropbox.cleanroom as room; room.PROCESSOR_SECONDS = room.LEAST_PROCESSOR_SECONDS = 10; " + program
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleanroom, "_PROGRAM", limited)
        room = Cleanroom(Path(folder))
        try:
            found = room.clean(data)
        finally:
            room.close()
    return found.outcome, found.kind


def check_answer(data: bytes) -> None:
    result = clean(data)
    assert (result.outcome is Outcome.CLEANED) == (result.data is not None)
    if result.data is not None:
        assert len(result.data) <= MAX_FILE_BYTES
        assert not traces(result.data)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_file_cut_off_anywhere_leaves_no_trace(sample: Sample) -> None:
    data = sample.data
    for part in range(PARTS):
        check_answer(data[: len(data) * part // PARTS])


@MANY
@given(st.sampled_from(CLEANED), st.data())
def test_a_flipped_bit_leaves_no_trace(sample: Sample, draw: st.DataObject) -> None:
    data = bytearray(sample.data)
    for bit in draw.draw(st.lists(st.integers(0, len(data) * 8 - 1), min_size=1, max_size=3)):
        data[bit // 8] ^= 1 << bit % 8
    check_answer(bytes(data))


@MANY
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"%PDF-1.4\n", b"PK\x03\x04", b"RIFF\0\0\0\0WEBP"]
    ),
)
def test_noise_is_answered(noise: bytes, head: bytes) -> None:
    assert clean(head + noise).outcome in Outcome


def test_a_mistake_of_ours_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> bytes:
        raise ZeroDivisionError(data)

    monkeypatch.setitem(cleaner.images.CLEANERS, "jpeg", broken)
    result = clean(named("pillow-exif.jpg"))
    assert (result.outcome, result.data, result.kind) == (Outcome.CANNOT, None, "jpeg")


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    result = clean(named("pillow-exif.jpg") + bytes(MAX_FILE_BYTES))
    assert (result.outcome, result.kind) == (Outcome.CANNOT, "unknown")


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropbox.cleaning.work.MAX_SECONDS", -1.0)
    for name in ("word-like.docx", "odfpy.odt", "reportlab.pdf"):
        assert clean(named(name)).outcome is Outcome.CANNOT


# --- archives ----------------------------------------------------------------------------------------


def rebuilt(name: str, *, extra: dict[str, bytes] | None = None) -> bytes:
    """Return a document with members added or changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(named(name))) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for info in source.infolist():
            made.writestr(info.filename, (extra or {}).pop(info.filename, source.read(info)))
        for member, data in (extra or {}).items():
            made.writestr(member, data)
    return buffer.getvalue()


def cannot(data: bytes) -> bool:
    return clean(data).outcome is Outcome.CANNOT


@pytest.mark.parametrize("name", ["../a.xml", "/a.xml", "word/../../a", "C:/a", "a\\b", "word//x", "./a", "a\x01b"])
def test_members_that_point_out_of_the_archive_are_refused(name: str) -> None:
    buffer = io.BytesIO(named("word-like.docx"))
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("a")
        info.filename = name
        archive.writestr(info, b"x")
    assert cannot(buffer.getvalue())


def test_two_members_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(named("word-like.docx"))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("word/document.xml", b"<x/>")
    assert cannot(buffer.getvalue())
    buffer = io.BytesIO(named("word-like.docx"))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("WORD/document.xml", b"<x/>")
    assert cannot(buffer.getvalue())


def test_too_many_members_are_refused() -> None:
    many = {f"word/x{i}.xml": b"" for i in range(limits.MAX_MEMBERS)}
    assert cannot(rebuilt("word-like.docx", extra=many))


@pytest.mark.parametrize("member", ["word/document.xml", "[Content_Types].xml", "word/_rels/document.xml.rels"])
def test_a_zip_bomb_is_refused_quickly(member: str) -> None:
    with zipfile.ZipFile(io.BytesIO(named("word-like.docx"))) as archive:
        head, end, rest = archive.read(member).rpartition(b"</")
    bomb = head + b" " * 250_000_000 + end + rest
    assert in_ten_seconds(rebuilt("word-like.docx", extra={member: bomb})) == (Outcome.CANNOT, "ooxml")


def test_a_document_that_inflates_too_far_or_is_packed_too_tightly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def spaces(count: int) -> bytes:
        return rebuilt("word-like.docx", extra={"word/styles.xml": W.encode() + b" " * count + b"</w:styles>"})

    assert not cannot(spaces(1_000_000))
    assert cannot(spaces(30_000_000))  # 200 times what is packed
    monkeypatch.setattr("dropbox.cleaning.archive.MAX_INFLATED_BYTES", 900_000)
    assert cannot(spaces(1_000_000))


def test_members_that_lie_in_each_other_are_refused() -> None:
    data = named("word-like.docx")
    at = data.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<I", data, at + 16)[0]
    one = data.index(b"PK\x01\x02", start + 1)
    overlapping = bytearray(data)
    overlapping[one + 42 : one + 46] = data[start + 42 : start + 46]
    assert cannot(bytes(overlapping))


def test_a_doctype_is_refused_in_every_part() -> None:
    for member in ("word/document.xml", "[Content_Types].xml", "_rels/.rels", "word/comments.xml"):
        with zipfile.ZipFile(io.BytesIO(named("word-like.docx"))) as archive:
            text = archive.read(member)
        head, _, rest = text.partition(b"?>")
        assert cannot(rebuilt("word-like.docx", extra={member: head + b"?><!DOCTYPE x>" + rest}))
        assert not cannot(rebuilt("word-like.docx", extra={member: head + b"?><!-- x -->" + rest}))


def test_deep_and_wide_xml_is_refused() -> None:
    head = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    for body in (
        b"<w:p>" * 5000 + b"</w:p>" * 5000,
        b"<w:p " + b" ".join(b'w:a%d=""' % i for i in range(2000)) + b"/>",
    ):
        assert cannot(rebuilt("word-like.docx", extra={"word/document.xml": head + body + b"</w:document>"}))


def test_documents_inside_documents_end() -> None:
    inner = named("xlsxwriter.xlsx")
    for _ in range(4):
        with zipfile.ZipFile(io.BytesIO(named("python-pptx-chart.pptx"))) as archive:
            place = next(n for n in archive.namelist() if "embeddings" in n)
        inner = rebuilt("python-pptx-chart.pptx", extra={place: inner})
    assert cannot(inner)


@pytest.mark.parametrize(
    ("name", "member"), [("excel-like.xlsx", "xl/workbook.xml"), ("word-like.docx", "word/document.xml")]
)
def test_a_document_that_lost_a_part_is_refused(name: str, member: str) -> None:
    """Relationships still lead there; what came out would be a document without contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(named(name))) as source, zipfile.ZipFile(buffer, "w") as made:
        for info in source.infolist():
            if info.filename != member:
                made.writestr(info.filename, source.read(info))
    assert cannot(buffer.getvalue())


@pytest.mark.parametrize(
    "root", ["<x/>", "<office:scripts xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'/>"]
)
def test_a_part_of_which_nothing_would_be_left_is_refused(root: str) -> None:
    assert cannot(rebuilt("odfpy.odt", extra={"content.xml": root.encode()}))


@pytest.mark.parametrize("encoding", ["rot13", "styles.xml", "utf-7", "idna", "shift_jis", "\xe9"])
def test_an_encoding_that_python_does_not_know_is_damage(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><x/>".encode()
    assert cannot(rebuilt("odfpy.odt", extra={"content.xml": text}))
    with pytest.raises(CleaningError):
        read_elements(text)
    with pytest.raises(CleaningError):
        list(rewrite([text], Rules(), Work()))


# --- PDF ---------------------------------------------------------------------------------------------


def pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    whole, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(
        b"%010d 00000 n \n" % p for p in places
    )
    return whole + table + b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, len(whole))


def stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (keys, len(data), data)


CATALOG, PAGES = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]%s>>"


def test_the_plain_pdf_is_cleaned() -> None:
    assert clean(pdf(CATALOG, PAGES, PAGE % b"")).outcome is Outcome.CLEANED


@pytest.mark.parametrize(
    "objects",
    [
        (CATALOG, b"<</Type/Pages/Count 1/Kids[2 0 R]>>"),
        (CATALOG, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"<</Type/Pages/Kids[2 0 R]>>"),
        (CATALOG, b"<</Type/Pages/Count 2/Kids[3 0 R 3 0 R]>>", PAGE % b""),
        (CATALOG, b"4 0 R", b"null", b"2 0 R"),
        (CATALOG, b"<</Type/Pages/Count 0/Kids[]>>"),
        (CATALOG, PAGES, PAGE % b"/Contents 4 0 R", stream(b"(" * 100 + b"<<")),
        (CATALOG, PAGES, PAGE % b"/Contents 4 0 R", stream(zlib.compress(bytes(150_000_000)), b"/Filter/FlateDecode")),
        (CATALOG, PAGES, PAGE % (b"/Contents " + b"[" * 5000 + b"]" * 5000)),
        (CATALOG, PAGES, PAGE % (b"/CropBox " + b"[" * 300 + b"]" * 300)),
    ],
)  # fmt: skip
def test_circles_bombs_and_depth_in_a_pdf_are_refused(objects: tuple[bytes, ...]) -> None:
    assert in_ten_seconds(pdf(*objects)) == (Outcome.CANNOT, "pdf")


@pytest.mark.parametrize("kind", [b"/Pages", b"/Count", b"4 0 R"])
def test_a_leaf_that_is_no_page_is_refused(kind: bytes) -> None:
    """A branch that lost its pages would come out as one blank page."""
    assert cannot(pdf(CATALOG, PAGES, b"<</Type %s/Parent 2 0 R>>" % kind, b"/Pages"))
    assert not cannot(pdf(CATALOG, PAGES, b"<</Type 4 0 R/MediaBox[0 0 9 9]>>", b"/Page"))


@pytest.mark.parametrize(
    ("keys", "trailer"),
    [
        (b"/Resources<</ColorSpace<</a[/Lab 1]>>>>", b""),
        (b"/Resources<</Font<</a 4 0 R>>>>", b"/Encrypt<</Filter/Odd>>"),
        (b"/Annots[<</Subtype/Link/A<</S/URI/URI 5>>/Border 7>>]/Contents[7 null 2 0 R]", b"/Encrypt 9"),
    ],
)
def test_whatever_pypdf_raises_is_damage(keys: bytes, trailer: bytes) -> None:
    data = pdf(CATALOG, PAGES, PAGE % keys, trailer=b"/Root 1 0 R" + trailer)
    assert cannot(data)
    with pytest.raises(CleaningError):
        clean_pdf(data, Work())


def test_circles_that_viewers_allow_come_to_an_end() -> None:
    notes = b"<</Type/Annot/Subtype/Text/Rect[0 0 1 1]/Parent 4 0 R/Popup 4 0 R/IRT 4 0 R/Contents(x)>>"
    form = stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 1 1]/Resources<</XObject<</a 5 0 R>>>>")
    data = pdf(CATALOG, PAGES, PAGE % b"/Annots[4 0 R]/Resources<</XObject<</a 5 0 R>>>>", notes, form)
    assert clean(data).outcome is Outcome.CLEANED


def test_a_bomb_of_many_filters_is_refused() -> None:
    data = bytes(90_000_000)
    for _ in range(3):
        data = zlib.compress(data, 9)
    filters = b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"
    pages = b"<</Type/Pages/Count 6/Kids[3 0 R 4 0 R 5 0 R 6 0 R 7 0 R 8 0 R]>>"
    bodies = [PAGE % b"/Contents 9 0 R" for _ in range(6)]
    assert cannot(pdf(CATALOG, pages, *bodies, stream(data, filters)))


DOCX = next(sample for sample in CLEANED if str(sample).endswith(".docx"))


@pytest.mark.parametrize(
    ("bound", "enough"),
    [("MAX_MEMBERS", 5_000), ("MAX_INFLATED_BYTES", 10_000_000)],
)
def test_each_bound_of_an_archive_holds_by_itself(bound: str, enough: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other bounds catch a real bomb, too; here a harmless document meets one bound that is set low."""
    monkeypatch.setattr(f"dropbox.cleaning.archive.{bound}", enough)
    assert clean(DOCX.data).outcome is Outcome.CLEANED
    monkeypatch.setattr(f"dropbox.cleaning.archive.{bound}", 3)
    assert clean(DOCX.data).outcome is Outcome.CANNOT


def test_a_cleaned_file_that_grew_over_the_limit_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    data = named("img2pdf.pdf")
    monkeypatch.setattr(cleaner, "_clean", lambda data, kind, _work: (data + b"\0", kind))
    monkeypatch.setattr(cleaner, "MAX_FILE_BYTES", len(data) + 1)
    assert clean(data).outcome is Outcome.CLEANED
    monkeypatch.setattr(cleaner, "MAX_FILE_BYTES", len(data))
    assert clean(data).outcome is Outcome.CANNOT


def test_what_the_library_asserts_of_a_document_is_damage_too() -> None:
    data = (CORPUS / "pdf" / "found-2ae8c688f6").read_bytes()  # an object stream of another type
    with pytest.raises(CleaningError):
        clean_pdf(data, Work())


@pytest.mark.parametrize(
    "text",
    [
        "Kuitansi nomor 14.\r\n\tLihat “lemari” 👍🏽 ❤️ — pukul 9: tutup.\f\n",
        "﻿nama;jumlah\nBudi;1.000\n",
        "a" * 190 + " " + "=" * 500 + "\n" + "https://lpse.example.go.id/eproc4/lelang/" + "1" * 150,
        "From kantor ke sini.\nCatatan: x-ray",
    ],
    ids=["note", "table", "long", "words"],
)
def test_text_that_says_what_it_shows_goes_as_it_is(text: str) -> None:
    assert clean(text.encode()).outcome is Outcome.PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "rapat\u200bbesok\u2060pagi",
        "rapat\U000e0041besok",
        "rapat\ufe01besok",
        "rapat\u00adbesok",
        "rapat\x9bbesok",
        "\ufeff\ufeff<svg/>",
        "\ufeff  {\\rtf1 isi}",
        "Subject: x\nX-Originating-IP: 10.0.0.1\n\nisi",
        "To: x\nDelivered-To:\n budi\n\nisi",
        "# catatan\n![](data:image/jpeg;base64," + "/9j4" * 60 + ")",
        "begin\n" + ("TWFu" * 19 + "\r\n") * 4 + "end",
    ],
    ids=["zero width", "tags", "selector", "hyphen", "control", "svg", "rtf", "mail", "folded", "picture", "lines"],
)
def test_text_that_hides_something_is_asked_about(text: str) -> None:
    assert clean(text.encode()).outcome is Outcome.CANNOT


@pytest.mark.parametrize("text", ["a" * 199 + " ", "TWFu" * 30 + "===", "x: \n", "\n"])
def test_long_text_is_looked_through_in_time(text: str) -> None:
    assert in_ten_seconds((text * (5_000_000 // len(text))).encode()) == (Outcome.PLAIN, "text")


def test_control_what_takes_longer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is killed by its limit of processor time, and its answer says nothing of the kind."""
    endless = "import dropbox.cleanroom as room; room.clean = lambda data: sum(0 for _ in iter(int, 1)); "
    monkeypatch.setattr(cleanroom, "_PROGRAM", endless + cleanroom._PROGRAM)
    assert in_ten_seconds(b"%PDF-") == (Outcome.CANNOT, "unknown")
