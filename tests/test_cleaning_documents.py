"""Rules of documents: links, fields, names, parts; each on a small document changed in one place."""

import io
import re
import zipfile

import pytest
from decoded import traces
from samples import named

from dropbox.cleaning import Outcome, clean
from dropbox.cleaning.links import may_stay, names_a_place
from dropbox.cleaning.people import People
from dropbox.cleaning.wordfields import is_harmless

WORD = "word/document.xml"
W = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def changed(name: str, changes: dict[str, tuple[str, str]], extra: dict[str, bytes] | None = None) -> bytes:
    """Return a document with one text replaced by another in some members, and members added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(named(name))) as source, zipfile.ZipFile(buffer, "w") as made:
        for info in source.infolist():
            data = source.read(info)
            if info.filename in changes:
                old, new = changes[info.filename]
                assert old in data.decode()
                data = data.decode().replace(old, new, 1).encode()
            made.writestr(info.filename, data)
        for member, data in (extra or {}).items():
            made.writestr(member, data)
    return buffer.getvalue()


def members(data: bytes) -> dict[str, str]:
    result = clean(data)
    assert result.outcome is Outcome.CLEANED and result.data is not None
    assert not traces(result.data)
    with zipfile.ZipFile(io.BytesIO(result.data)) as archive:
        return {n: archive.read(n).decode("utf-8", "replace") for n in archive.namelist()}


def cannot(data: bytes) -> bool:
    return clean(data).outcome is Outcome.CANNOT


@pytest.mark.parametrize(
    ("target", "stays"),
    [
        ("https://lapor.go.id/a?b=c#d", True), ("http://example.org", True), ("mailto:a@example.org", True),
        ("tel:+62711", True), ("#Lembar1!A1", True), ("file:///C:/Users/x/a.docx", False), ("C:\\Users\\x", False),
        ("\\\\server\\bagian\\a", False), ("../a.docx", False), ("a.docx", False), ("", False),
        ("https://kpk-my.sharepoint.com/personal/x/a", False), ("https://d.docs.live.net/9af/a", False),
        ("https://a.sharepoint.com/personal/x", False), ("http://192.168.1.2/a", False), ("http://intranet/a", False),
        ("http://user@example.org/", False), ("http://server.local/a", False), ("ftp://example.org/a", False),
        ("javascript:alert(1)", False), ("http://[::1/", False), ("https://example.org/?f=C:\\Users\\x", False),
    ],
)  # fmt: skip
def test_which_links_stay(target: str, stays: bool) -> None:
    assert may_stay(target) is stays


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("C:\\Users\\x", True), ("d:/berkas/x", True), ("\\\\server\\x\\y", True), ("file:a", True),
        ("/home/x/a", True), ("/Users/x/a", True), ("h:mm", False), ("_(* #,##0_);\\(", False), ("1:2", False),
        ("http://a/b", False), ("https://example.org/home", False), ("[$-409]h:mm\\ AM/PM", False),
        ("position:absolute;left:0", False), ("$A$1:$B$2", False), ("dd/mm/yyyy\\ hh:mm", False),
    ],
)  # fmt: skip
def test_what_names_a_place(text: str, place: bool) -> None:
    assert names_a_place(text) is place


@pytest.mark.parametrize(
    ("instruction", "stays"),
    [
        (" PAGE ", True), (' TOC \\o "1-3" \\h \\z \\u ', True), ("", True), (" =SUM(ABOVE) ", True),
        (' HYPERLINK "https://lapor.go.id" ', True), (' HYPERLINK \\l "_Toc1" ', True), (" REF _Ref1 \\h ", True),
        (' HYPERLINK "C:\\\\Users\\\\x" ', False), (" HYPERLINK ", False), (" AUTHOR ", False),
        (" FILENAME \\p ", False), (" USERNAME ", False), (' INCLUDEPICTURE "C:\\\\x.jpg" ', False),
        (" ADDIN ZOTERO_ITEM CSL_CITATION {} ", False), (' LINK Excel.Sheet.12 "C:\\\\a" ', False),
        (' DOCPROPERTY "Company" ', False), (' IF 1 = 1 "C:\\\\Users\\\\x" ', False),
    ],
)  # fmt: skip
def test_which_fields_keep_their_instruction(instruction: str, stays: bool) -> None:
    assert is_harmless(instruction) is stays


def test_people_are_told_apart_but_not_named() -> None:
    people = People()
    assert [people.name(n) for n in ("Budi", "Sri", " Budi ")] == ["Author 1", "Author 2", "Author 1"]
    assert people.initials("Sri") == "A2"
    people.know("Ani")
    assert people.unsigned("Ani:\nCatatan: satu") == "Author 3:\nCatatan: satu"
    assert people.unsigned("Catatan: satu") == "Catatan: satu"


def test_tracked_changes_and_comments_stay_under_other_names() -> None:
    after = members(named("word-like.docx"))
    assert re.findall(r'<w:(ins|del|pPrChange) [^>]*w:author="([^"]*)"', after[WORD]) == [
        ("ins", "Author 1"), ("del", "Author 2"), ("pPrChange", "Author 1"),
    ]  # fmt: skip
    assert '<w:comment w:id="0" w:author="Author 1" w:initials="A1">' in after["word/comments.xml"]
    assert "w:date" not in after[WORD] + after["word/comments.xml"]
    assert "rsid" not in "".join(after.values()) and "paraId" not in "".join(after.values())


def test_a_threaded_comment_keeps_its_thread() -> None:
    after = members(named("excel-like.xlsx"))
    thread = after["xl/threadedComments/threadedComment1.xml"]
    person = after["xl/persons/person.xml"]
    (identity,) = re.findall(r'personId="([^"]+)"', thread)
    assert f'displayName="Author 1" id="{identity}" userId="A1" providerId="None"' in person
    (first,) = re.findall(r'<threadedComment [^>]* id="([^"]+)"', thread)
    assert f"<author>tc={first}</author><author>Author 1</author>" in after["xl/comments1.xml"]
    assert "<t>Author 1:</t>" in after["xl/comments1.xml"]


def test_another_workbook_is_still_referred_to_but_not_named() -> None:
    after = members(named("excel-like.xlsx"))
    assert "[1]Data!A1" in after["xl/worksheets/sheet1.xml"]
    assert 'Target="external.xlsx" TargetMode="External"' in after["xl/externalLinks/_rels/externalLink1.xml.rels"]


def test_links_of_a_text_are_kept_or_lead_nowhere() -> None:
    pointers = members(named("word-like.docx"))["word/_rels/document.xml.rels"]
    targets = re.findall(r'Target="([^"]+)" TargetMode="External"', pointers)
    assert targets == ["https://lapor.go.id/aturan", "mailto:kotak@lapor.go.id", "about:blank"]


def test_the_name_of_a_picture_and_of_its_part_are_gone() -> None:
    after = members(named("word-like.docx"))
    assert "word/media/image1.jpeg" in after and 'name="Object 5"' in after[WORD] and "descr" not in after[WORD]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (WORD, "<w:sectPr", '<w:altChunk r:id="rId1"/><w:sectPr'),
        (WORD, "<w:sectPr", '<w:p><w14:contentPart r:id="rId1"/></w:p><w:sectPr'),
        (WORD, "<w:sectPr", '<x:unknown xmlns:x="urn:x">Zulkarnain</x:unknown><w:sectPr'),
        (WORD, "<w:sectPr", "<unknown/><w:sectPr"),
        (WORD, "<w:pgSz ", '<w:pgSz w:x="C:\\Users\\zulkarnain" '),
        (WORD, "<w:t>tautan", '<w:t w:a="1" xmlns:v="http://schemas.openxmlformats.org/wordprocessingml/2006/main" v:a="2">tautan'),
        ("word/_rels/document.xml.rels", "relationships/styles", "relationships/aFChunk"),
        ("word/_rels/document.xml.rels", "relationships/styles", "relationships/vbaProject"),
        ("word/_rels/document.xml.rels", "relationships/styles", "relationships/video"),
        ("word/_rels/document.xml.rels", "styles.xml", "missing.xml"),
        ("_rels/.rels", "relationships/extended-properties", "relationships/digital-signature/origin"),
        ("[Content_Types].xml", "document.main+xml", "document.macroEnabled.main+xml"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(part: str, old: str, new: str) -> None:
    assert cannot(changed("word-like.docx", {part: (old, new)}))


@pytest.mark.parametrize(
    "attributes",
    [
        'xms:author="Zulkarnain"', 'xmlns:y="" y:author="Zulkarnain"', ':author="Zulkarnain"', 'w:="Zulkarnain"', 'a:w:b="1"',
        'xmlns:y="http://www.w3.org/XML/1998/namespace" y:author="Zulkarnain"', 'xmlns:xml="urn:x"', 'xmlns:xmlns="urn:x"',
        'xmlns="http://www.w3.org/2000/xmlns/"',
    ],
)  # fmt: skip
def test_a_name_whose_prefix_stands_for_nothing_is_damage(attributes: str) -> None:
    """No rule knows it, and what comes out could not be opened."""
    assert cannot(changed("word-like.docx", {WORD: ("<w:sectPr", f"<w:p {attributes}/><w:sectPr")}))


@pytest.mark.parametrize(
    "attributes", ['xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:space="preserve"', 'xmlns:y="urn:y" y:z="1"', 'xmlns=""']
)  # fmt: skip
def test_control_a_prefix_that_is_declared_as_it_may_be_is_taken(attributes: str) -> None:
    assert members(changed("word-like.docx", {WORD: ("<w:sectPr", f"<w:p {attributes}/><w:sectPr")}))


def test_an_unknown_namespace_that_readers_may_ignore_is_left_out() -> None:
    after = members(named("word-like.docx"))
    assert "wps.cn" not in after[WORD] and 'mc:Ignorable="w14"' in after[WORD]
    inner = '<mc:AlternateContent><mc:Choice Requires="zz"><w:r><w:t>pilihan</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>cadangan</w:t></w:r></mc:Fallback></mc:AlternateContent>'
    after = members(changed("word-like.docx", {WORD: ("<w:sectPr", f'<w:p xmlns:zz="urn:zz">{inner}</w:p><w:sectPr')}))
    assert "pilihan" not in after[WORD] and "cadangan" in after[WORD]


@pytest.mark.parametrize("name", ["emf", "wmf", "tiff", "svg"])
def test_pictures_that_cannot_be_cleaned_hold_back_the_document(name: str) -> None:
    data = {
        "emf": b"\x01\0\0\0" + bytes(36) + b" EMF",
        "wmf": b"\xd7\xcd\xc6\x9a",
        "tiff": b"II*\0",
        "svg": b"<svg>Zulkarnain",
    }[name]
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(named("word-like.docx"))) as source, zipfile.ZipFile(buffer, "w") as made:
        for info in source.infolist():
            made.writestr(info.filename, data if info.filename.startswith("word/media/") else source.read(info))
    if name == "svg":  # there is always a PNG beside it
        assert "media" not in " ".join(members(buffer.getvalue()))
    else:
        assert cannot(buffer.getvalue())


def test_settings_of_a_text_are_those_of_a_list() -> None:
    after = members(named("word-like.docx"))["word/settings.xml"]
    assert re.findall(r"<w:(\w+)", after) == ["settings", "zoom", "defaultTabStop"]


def test_a_table_inside_a_chart_is_cleaned_too() -> None:
    after = clean(named("python-pptx-chart.pptx")).data
    assert after is not None
    with zipfile.ZipFile(io.BytesIO(after)) as archive:
        inner = next(archive.read(n) for n in archive.namelist() if "embeddings" in n)
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        assert not [n for n in archive.namelist() if "docProps" in n]


# --- OpenDocument ------------------------------------------------------------------------------------

ODT = "libreoffice-text.odt"


def test_comments_and_changes_of_an_odt_stay_under_other_names() -> None:
    content = members(named(ODT))["content.xml"]
    assert set(re.findall(r"<dc:creator>(.*?)</dc:creator>", content)) == {"Author 1", "Author 2"}
    assert set(re.findall(r"<dc:date>(.*?)</dc:date>", content)) == {"1980-01-01T00:00:00"}
    assert "Kalimat yang dihapus." in content and "Periksa angka ini lagi." in content
    assert "rsid" not in content


def test_settings_of_an_odt_are_switches_and_numbers() -> None:
    settings = members(named(ODT))["settings.xml"]
    assert set(re.findall(r'config:type="(\w+)"', settings)) <= {"boolean", "short", "int", "long"}
    assert "view-settings" not in settings and "PrinterName" not in settings


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("content.xml", "</office:text>", "<text:p><draw:frame><draw:object-ole/></draw:frame></text:p></office:text>"),
        ("content.xml", "</office:text>", "<text:p><draw:frame><draw:image><office:binary-data>QUJD</office:binary-data></draw:image></draw:frame></text:p></office:text>"),
        ("META-INF/manifest.xml", "</manifest:manifest>", '<manifest:file-entry manifest:full-path="x"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'),
        ("mimetype", "text", "database"),
    ],
)  # fmt: skip
def test_what_is_not_known_in_an_odt_is_refused(part: str, old: str, new: str) -> None:
    assert cannot(changed(ODT, {part: (old, new)}))


@pytest.mark.parametrize(
    "name", ["Basic/Standard/Module1.xml", "META-INF/documentsignatures.xml", "Object 1/x.bin", "x.bin"]
)
def test_macros_signatures_and_unknown_members_of_an_odt_are_refused(name: str) -> None:
    assert cannot(changed(ODT, {}, {name: b"x"}))


def test_fields_of_an_odt_become_what_they_show() -> None:
    field = "<text:p><text:file-name>berkas</text:file-name></text:p>"
    content = members(changed(ODT, {"content.xml": ("</office:text>", field + "</office:text>")}))["content.xml"]
    assert "berkas</text:p>" in content and "text:file-name" not in content


@pytest.mark.parametrize("name", ["author-name", "initial-creator", "creator", "printed-by"])
def test_fields_with_the_name_of_who_writes_get_a_stand_in(name: str) -> None:
    field = f'<text:p>oleh <text:{name} text:fixed="false">Tim Kami</text:{name}>.</text:p>'
    before = changed(ODT, {"content.xml": ("</office:text>", field + "</office:text>")})
    content = members(before)["content.xml"]
    assert re.search(rf'oleh <text:{name} text:fixed="true">Author \d+</text:{name}>\.</text:p>', content)
    assert "Tim Kami" not in "".join(members(before).values())


def test_fields_with_the_address_of_who_writes_go() -> None:
    field = "<text:p>a<text:sender-email>tim@kami.example</text:sender-email><text:author-initials>TK</text:author-initials></text:p>"
    content = members(changed(ODT, {"content.xml": ("</office:text>", field + "</office:text>")}))["content.xml"]
    assert "tim@kami" not in content and ">TK<" not in content
