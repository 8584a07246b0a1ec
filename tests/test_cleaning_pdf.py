"""Rules of PDF: what of objects, content and actions comes through."""

import io
import re
import zlib

import pytest
from decoded import traces
from pypdf import PdfReader
from samples import named
from test_cleaning_hostile import CATALOG, PAGE, PAGES, pdf, stream

from dropbox.cleaning import Outcome, clean
from dropbox.cleaning.pdfcontent import clean_content, clean_program
from dropbox.cleaning.pdfcopy import Copier
from dropbox.cleaning.pdfout import PdfOut
from dropbox.cleaning.pdftables import SHAPES, STREAMS
from dropbox.cleaning.work import Work

NAME = b"(Zulkarnain Penanda)"


def cleaned(data: bytes) -> bytes:
    result = clean(data)
    assert result.outcome is Outcome.CLEANED and result.data is not None
    assert not traces(result.data)
    return result.data


def cannot(data: bytes) -> bool:
    return clean(data).outcome is Outcome.CANNOT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"q Q", b"q Q"), (b"q % nama\nQ", b"q \nQ"), (b"(a % b) Tj % x", b"(a % b) Tj \n"),
        (b"(a\\) % (b)) Tj", b"(a\\) % (b)) Tj"), (b"/P <</MCID 0>> BDC x EMC", b"/P <<>> BDC x EMC"),
        (b"/Span<</ActualText(t)/E(p)>>BDC", b"/Span<</ActualText (t)>>BDC"),
        (b"/Span<</E(>>)/ActualText<FEFF00>>>BDC", b"/Span<</ActualText <FEFF00>>>BDC"),
        (b"/A <</B <</C (x)>> >> BDC %y\rq", b"/A <<>> BDC \nq"),
        (b"BI /W 1/H 1/BPC 8/CS/G ID \x25<<( EI Q", b"BI /W 1/H 1/BPC 8/CS/G ID \x25<<( EI Q"),
    ],
)  # fmt: skip
def test_comments_and_properties_of_marks_go_and_what_draws_stays(before: bytes, after: bytes) -> None:
    assert clean_content(before) == after


def test_programs_lose_their_comments_and_nothing_else() -> None:
    assert (
        clean_program(b"%!PS\n/CIDSystemInfo << /Registry (Adobe) >> def %x\n")
        == b"\n/CIDSystemInfo << /Registry (Adobe) >> def \n"
    )


def test_every_shape_that_is_named_exists() -> None:
    special = set(Copier(PdfOut(), Work())._special)
    named_shapes = {v.rstrip("*#") for keys in SHAPES.values() for v in keys.values()}
    assert named_shapes - special <= set(SHAPES)
    assert set(STREAMS) <= set(SHAPES)


def annotated(body: bytes, *more: bytes, page: bytes = b"/Annots[4 0 R]") -> bytes:
    return pdf(CATALOG, PAGES, PAGE % page, body, *more)


def test_who_wrote_a_note_and_when_is_gone_and_the_note_stays() -> None:
    note = (
        b"<</Type/Annot/Subtype/Text/Rect[0 0 1 1]/Contents(isi)/T%s/NM%s/M(D:20230517)/CreationDate(D:20230517)/Subj%s/RC%s>>"
        % ((NAME,) * 4)
    )
    after = PdfReader(io.BytesIO(cleaned(annotated(note))))
    (kept,) = (a.get_object() for a in after.pages[0]["/Annots"])
    assert set(kept) == {"/Type", "/Subtype", "/Rect", "/Contents"} and kept["/Contents"] == "isi"


@pytest.mark.parametrize(
    "action",
    [
        b"/S/Launch/F%s", b"/S/JavaScript/JS%s", b"/S/GoToR/F%s/D[0/Fit]", b"/S/SubmitForm/F%s", b"/S/ImportData/F%s",
        b"/S/URI/URI(file:///C:/Users/zulkarnain/a)", b"/S/URI/URI(https://x-my.sharepoint.com/personal/zulkarnain)",
        b"/S/GoToE/T%s", b"/S/Named/N/NextPage/Next<</S/JavaScript/JS%s>>",
    ],
)  # fmt: skip
def test_actions_that_name_a_place_or_run_a_script_are_gone(action: bytes) -> None:
    link = (
        b"<</Type/Annot/Subtype/Link/Rect[0 0 1 1]/A<<"
        + action.replace(b"%s", NAME)
        + b">>/AA<</E<</S/JavaScript/JS"
        + NAME
        + b">>>>>>"
    )
    after = PdfReader(io.BytesIO(cleaned(annotated(link))))
    for annotation in after.pages[0].get("/Annots", ()):
        assert not {"/A", "/AA"} & set(annotation.get_object()) or action.startswith(b"/S/Named")


def test_links_to_pages_and_public_places_stay() -> None:
    for action in (b"<</S/GoTo/D[3 0 R/Fit]>>", b"<</S/URI/URI(https://lapor.go.id)>>"):
        after = PdfReader(io.BytesIO(cleaned(annotated(b"<</Type/Annot/Subtype/Link/Rect[0 0 1 1]/A%s>>" % action))))
        kept = after.pages[0]["/Annots"][0]["/A"]
        assert kept.get("/URI") == "https://lapor.go.id" or kept["/D"][0].get_object() == after.pages[0]


@pytest.mark.parametrize("subtype", [b"FileAttachment", b"Sound", b"Movie", b"Screen", b"RichMedia", b"3D", b"Unknown"])
def test_annotations_that_carry_files_hold_back_the_document(subtype: bytes) -> None:
    assert cannot(annotated(b"<</Type/Annot/Subtype/%s/Rect[0 0 1 1]>>" % subtype))


@pytest.mark.parametrize(
    "keys",
    [
        b"/AF[]", b"/Collection<<>>", b"/Perms<<>>", b"/DSS<<>>", b"/Names<</EmbeddedFiles<<>>>>", b"/AcroForm<</XFA(x)>>",
    ],
)  # fmt: skip
def test_attachments_portfolios_and_signatures_hold_back_the_document(keys: bytes) -> None:
    assert cannot(pdf(b"<</Type/Catalog/Pages 2 0 R%s>>" % keys, PAGES, PAGE % b""))


def test_an_empty_place_for_a_signature_is_left_out_and_a_signature_is_not() -> None:
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(ttd)/Rect[0 0 1 1]%s>>"
    assert b"/Sig" not in cleaned(annotated(field % b""))
    assert cannot(annotated(field % b"/V 5 0 R", b"<</Type/Sig/Name%s>>" % NAME))


@pytest.mark.parametrize(
    "keys",
    [
        b"/Metadata 4 0 R", b"/PieceInfo<</A<</Private%s>>>>", b"/LastModified%s", b"/Thumb 4 0 R", b"/AA<</O<</S/JavaScript/JS%s>>>>",
        b"/ID%s", b"/VP[<</Name%s>>]", b"/Unknown%s", b"/Resources<</Properties<</a<</Title%s/Metadata 4 0 R>>>>>>",
    ],
)  # fmt: skip
def test_what_a_page_does_not_need_is_gone(keys: bytes) -> None:
    after = PdfReader(io.BytesIO(cleaned(pdf(CATALOG, PAGES, PAGE % keys.replace(b"%s", NAME), stream(NAME)))))
    assert not set(after.pages[0]) - {"/Type", "/Parent", "/MediaBox", "/Resources", "/Contents"}


def test_the_catalog_and_the_trailer_say_nothing() -> None:
    catalog = (
        b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R/Lang%s/OpenAction<</S/JavaScript/JS%s>>/OutputIntents[<</Info%s>>]/StructTreeRoot<</K<</Alt%s>>>>>>"
        % ((NAME,) * 4)
    )
    after = cleaned(
        pdf(
            catalog,
            PAGES,
            PAGE % b"",
            stream(NAME),
            b"<</Author%s>>" % NAME,
            trailer=b"/Root 1 0 R/Info 5 0 R/ID[%s%s]" % (NAME, NAME),
        )
    )
    assert re.search(rb"/ID\[<0{32}><0{32}>\]", after) and b"/Info" not in after


def test_a_picture_is_cleaned_and_a_profile_replaced() -> None:
    after = cleaned(named("img2pdf.pdf"))
    assert b"Exif" not in after and b"/DCTDecode" in after
    profile = zlib.compress(bytes(16) + b"RGB " + NAME)
    picture = stream(
        bytes(3), b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace[/ICCBased 5 0 R]"
    )
    data = pdf(
        CATALOG,
        PAGES,
        PAGE % b"/Resources<</XObject<</a 4 0 R>>>>",
        picture,
        stream(profile, b"/N 3/Filter/FlateDecode"),
    )
    assert b"/DeviceRGB" in cleaned(data)


def test_a_picture_has_the_bytes_its_rows_need() -> None:
    head = b"/Type/XObject/Subtype/Image/Width 2/Height 2/BitsPerComponent 8/ColorSpace/DeviceGray"
    page = PAGE % b"/Resources<</XObject<</a 4 0 R>>>>"
    cleaned(pdf(CATALOG, PAGES, page, stream(bytes(4) + NAME, head)))
    assert cannot(pdf(CATALOG, PAGES, page, stream(bytes(3), head)))
    assert cannot(pdf(CATALOG, PAGES, page, stream(NAME, head.replace(b"/Width 2", b""))))


@pytest.mark.parametrize("name", ["JPXDecode", "Crypt", "Unknown"])
def test_pictures_packed_in_other_ways_hold_back_the_document(name: str) -> None:
    picture = stream(NAME, b"/Type/XObject/Subtype/Image/Width 1/Height 1/Filter/" + name.encode())
    assert cannot(pdf(CATALOG, PAGES, PAGE % b"/Resources<</XObject<</a 4 0 R>>>>", picture))


def test_an_older_version_of_a_page_is_gone() -> None:
    assert not traces(cleaned(named("pypdf-incremental.pdf")))


def test_layers_lose_their_names_and_stay() -> None:
    after = cleaned(named("pymupdf.pdf"))
    assert b"/OCProperties" in after and b"Layer".hex().encode() in after


def test_outlines_and_forms_stay() -> None:
    after = PdfReader(io.BytesIO(cleaned(named("reportlab.pdf"))))
    assert [item.title for item in after.outline] == ["Bagian satu"]
    assert {k: v.get("/V") for k, v in (after.get_fields() or {}).items()} == {"isian": "isi"}


def test_nothing_of_a_file_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    data = named("reportlab.pdf")
    for part in range(20):
        clean(data[: len(data) * part // 20])
    assert not caplog.records
