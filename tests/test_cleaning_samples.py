"""Files of many programs: what identifies is gone in every form, what a reader sees is the same."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from decoded import traces
from PIL import Image, ImageOps, ImageSequence
from samples import CLEANED, FOLDER, SAMPLES, Sample, named, of

from dropbox.cleaning import Outcome, clean

IMAGES = of("jpg", "png", "webp", "gif")
DOCUMENTS = of("docx", "xlsx", "pptx", "odt", "ods", "odp")
NOTHING_TO_FIND = {"abiword.docx", "pymupdf.png", "pillow.bmp", "qpdf-encrypted.pdf"}  # the program wrote no marker
KINDS = {"jpg": "jpeg"}


def cleaned(sample: Sample) -> bytes:
    result = clean(sample.data)
    assert result.data is not None
    return result.data


def test_the_samples_are_of_many_programs_and_small() -> None:
    files = {p.name for p in FOLDER.iterdir() if p.suffix not in (".py", ".md", ".tsv") and p.is_file()}
    assert files == {s.name for s in SAMPLES}
    assert len(SAMPLES) >= 60
    assert len({re.split(r"[\d,:]", s.program)[0] for s in SAMPLES}) >= 20
    assert sum(len(s.data) for s in SAMPLES) < 3_000_000


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_the_outcome_is_as_the_manifest_says(sample: Sample) -> None:
    result = clean(sample.data)
    assert result.outcome == Outcome(sample.outcome)
    assert (result.data is None) == (result.outcome is not Outcome.CLEANED)
    if result.data is not None:
        assert result.kind == KINDS.get(sample.ending, sample.ending)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_the_sample_has_a_marker(sample: Sample) -> None:
    assert bool(traces(sample.data)) == (sample.name not in NOTHING_TO_FIND)


@pytest.mark.parametrize("sample", CLEANED, ids=str)
def test_no_marker_is_left_in_any_form(sample: Sample) -> None:
    assert not traces(cleaned(sample))


@pytest.mark.parametrize("sample", CLEANED, ids=str)
def test_a_cleaned_file_is_cleaned_again_without_change(sample: Sample) -> None:
    """Of documents the second time: people are numbered anew, a reference to a value becomes the value."""
    once = cleaned(sample)
    twice = clean(once).data
    assert twice is not None and clean(twice).data == twice
    assert sample not in IMAGES or twice == once


@pytest.mark.parametrize("sample", CLEANED, ids=str)
def test_two_runs_give_the_same_bytes(sample: Sample) -> None:
    assert cleaned(sample) == cleaned(sample)


# --- pictures ----------------------------------------------------------------------------------------


def frames(data: bytes) -> list[tuple[str, tuple[int, int], bytes, object]]:
    with Image.open(io.BytesIO(data)) as image:
        if image.format == "MPO":
            return [_frame(image)]
        return [_frame(f) for f in ImageSequence.Iterator(image)]


def _frame(image: Image.Image) -> tuple[str, tuple[int, int], bytes, object]:
    duration = image.info.get("duration")
    turned = ImageOps.exif_transpose(image)
    plain = turned if turned.mode in ("CMYK", "I;16", "L") else turned.convert("RGBA")
    return plain.mode, plain.size, plain.tobytes(), duration


@pytest.mark.parametrize("sample", IMAGES, ids=str)
def test_pixels_and_orientation_are_the_same(sample: Sample) -> None:
    assert frames(cleaned(sample)) == frames(sample.data)


@pytest.mark.parametrize("sample", IMAGES, ids=str)
def test_a_picture_says_nothing_but_how_it_is_shown(sample: Sample) -> None:
    with Image.open(io.BytesIO(cleaned(sample))) as image:
        shown = {
            "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression", "adobe",
            "adobe_transform", "gamma", "chromaticity", "srgb", "transparency", "background", "loop", "duration",
            "timestamp", "version", "extension", "interlace", "bbox", "default_image", "disposal", "blend", "exif",
        }  # fmt: skip
        assert set(image.info) <= shown
        assert set(image.getexif()) <= {0x0112}


# --- documents ---------------------------------------------------------------------------------------


def shown_text(data: bytes) -> list[str]:
    """Return the text of a document, comments and deleted text with it, in the order of its members."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            part = re.fullmatch(
                r"word/(document|comments|footnotes|header\d*|footer\d*)\.xml|xl/sharedStrings\.xml|xl/worksheets/[^/]*\.xml"
                r"|ppt/(slides|notesSlides|comments)/[^/]*\.xml|content\.xml|xl/threadedComments/[^/]*\.xml",
                name,
            )
            if part:
                text = archive.read(name).decode("utf-8")
                text = re.sub(
                    r"(?s)<dc:creator>.*?</dc:creator>|<dc:date>.*?</dc:date>|<meta:[^>]*>[^<]*</meta:[^>]*>", "", text
                )
                text = re.sub(
                    r"(?s)<svg:(title|desc)>.*?</svg:\1>|<w:(instrText|fldData).*?</w:\2>|<loext:sender-initials>[^<]*<",
                    "<",
                    text,
                )
                found += [re.sub(r"\s+", " ", t) for t in re.findall(r">([^<>]+)<", text) if t.strip()]
    return found


def neutral(texts: list[str]) -> list[str]:
    return [re.sub(r"Zulkarnain Penanda:|Author \d+:", "NAME:", t) for t in texts]


@pytest.mark.parametrize("sample", DOCUMENTS, ids=str)
def test_the_text_is_the_same(sample: Sample) -> None:
    before = neutral(shown_text(sample.data))
    assert before or sample.name == "pandoc.pptx"
    assert neutral(shown_text(cleaned(sample))) == before


@pytest.mark.parametrize("sample", DOCUMENTS, ids=str)
def test_an_archive_says_nothing_about_who_packed_it(sample: Sample) -> None:
    with zipfile.ZipFile(io.BytesIO(cleaned(sample))) as archive:
        assert not archive.comment
        for info in archive.infolist():
            assert (info.date_time, info.create_system, info.extra, info.comment) == (
                (1980, 1, 1, 0, 0, 0),
                0,
                b"",
                b"",
            )
            assert (info.external_attr, info.internal_attr) == (0, 0)
        assert archive.testzip() is None


@pytest.mark.parametrize("sample", DOCUMENTS, ids=str)
def test_no_property_and_no_thumbnail_is_left(sample: Sample) -> None:
    with zipfile.ZipFile(io.BytesIO(cleaned(sample))) as archive:
        names = archive.namelist()
    told = (
        "docProps",
        "customXml",
        "meta.xml",
        "thumbnail",
        "Thumbnails",
        "printerSettings",
        "people",
        "rdf",
        "Config",
    )
    assert not [n for n in names if any(word.lower() in n.lower() for word in told)]


@pytest.mark.parametrize("sample", of("docx", "xlsx", "pptx"), ids=str)
def test_every_relationship_leads_somewhere_and_every_part_is_declared(sample: Sample) -> None:
    with zipfile.ZipFile(io.BytesIO(cleaned(sample))) as archive:
        names = set(archive.namelist())
        declared = set(re.findall(r'PartName="/([^"]+)"', archive.read("[Content_Types].xml").decode()))
        assert declared == {n for n in names if not n.endswith(".rels") and n != "[Content_Types].xml"}
        for name in (n for n in names if n.endswith(".rels")):
            for target, mode in re.findall(r'Target="([^"]*)"(?: TargetMode="(\w+)")?', archive.read(name).decode()):
                folder = str(Path(name).parent.parent)
                whole = Path("/", folder if folder != "." else "", target)
                assert mode or target.startswith("#") or str(whole.resolve())[1:] in names


# --- PDF ---------------------------------------------------------------------------------------------


def pages(data: bytes) -> list[tuple[tuple[float, float], str]]:
    pdf = pypdfium2.PdfDocument(data)
    found = [(page.get_size(), page.get_textpage().get_text_bounded()) for page in pdf]
    pdf.close()
    return found


def drawn(data: bytes) -> list[bytes]:
    pdf = pypdfium2.PdfDocument(data)
    found = [page.render(scale=1).to_pil().convert("L").tobytes() for page in pdf]
    pdf.close()
    return found


@pytest.mark.parametrize("sample", of("pdf"), ids=str)
def test_a_pdf_has_the_same_pages_and_looks_the_same(sample: Sample) -> None:
    after = cleaned(sample)
    assert pages(after) == pages(sample.data)
    for page_before, page_after in zip(drawn(sample.data), drawn(after), strict=True):
        assert max(abs(a - b) for a, b in zip(page_before, page_after, strict=True)) <= 8  # colour profiles are gone


def test_what_was_written_in_notes_of_a_pdf_stays() -> None:
    for name in ("pypdf-notes.pdf", "fpdf2.pdf", "pymupdf.pdf"):
        assert traces(clean(named(name)).data or b"", ("periksa angka ini lagi.",))


# --- exiftool ----------------------------------------------------------------------------------------

NEUTRAL_TAGS = [
    "SourceFile",
    "ExifToolVersion",
    "FileName",
    "Directory",
    "FileSize",
    "FileModifyDate",
    "FileAccessDate",
    "FileInodeChangeDate",
    "FilePermissions",
    "FileType",
    "FileTypeExtension",
    "MIMEType",
    "ImageWidth",
    "ImageHeight",
    "ImageSize",
    "Megapixels",
    "BitsPerSample",
    "BitDepth",
    "ColorType",
    "Compression",
    "Filter",
    "Interlace",
    "ColorComponents",
    "EncodingProcess",
    "YCbCrSubSampling",
    "JFIFVersion",
    "ResolutionUnit",
    "XResolution",
    "YResolution",
    "ExifByteOrder",
    "Orientation",
    "PixelsPerUnitX",
    "PixelsPerUnitY",
    "PixelUnits",
    "Palette",
    "Transparency",
    "SignificantBits",
    "Gamma",
    "WhitePointX",
    "WhitePointY",
    "RedX",
    "RedY",
    "GreenX",
    "GreenY",
    "BlueX",
    "BlueY",
    "SRGBRendering",
    "BackgroundColor",
    "AnimationFrames",
    "AnimationPlays",
    "DCTEncodeVersion",
    "APP14Flags0",
    "APP14Flags1",
    "ColorTransform",
    "VP8Version",
    "HorizontalScale",
    "VerticalScale",
    "WebP_Flags",
    "AlphaIsUsed",
    "AnimationLoopCount",
    "FrameCount",
    "Duration",
    "GIFVersion",
    "HasColorMap",
    "ColorResolutionDepth",
    "BitsPerPixel",
    "AnimationIterations",
    "ZipRequiredVersion",
    "ZipBitFlag",
    "ZipCompression",
    "ZipModifyDate",
    "ZipCRC",
    "ZipCompressedSize",
    "ZipUncompressedSize",
    "ZipFileName",
    "PDFVersion",
    "Linearized",
    "PageCount",
    "PageMode",
    "PageLayout",
    "TransparentColor",
    "ImageLength",
    "PhotometricInterpretation",
    "HasXFA",
    "Alpha",
    "Filtering",
    "PixelAspectRatio",
    "Warning",
]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed (libimage-exiftool-perl)")
def test_exiftool_finds_only_what_says_how_a_file_is_shown(tmp_path: Path) -> None:
    for sample in CLEANED:
        (tmp_path / sample.name).write_bytes(cleaned(sample))
    done = subprocess.run(
        ["exiftool", "-j", "-G0", "-a", "-u", str(tmp_path)], capture_output=True, text=True, check=True
    )
    told = {
        (Path(tags["SourceFile"]).name, tag)
        for tags in json.loads(done.stdout)
        for tag in tags
        if tag.rpartition(":")[2] not in NEUTRAL_TAGS
    }
    assert not told
