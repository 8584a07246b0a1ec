"""station.cleaning: after it nothing names who made a file, or where it lay, in any part and any way of writing."""

from __future__ import annotations

import io
import re
import shutil
import struct
import zipfile

import pytest
from hostile_files import zipped

from station import sandbox
from station.cleaning import clean
from station.inside.frames import FileError
from station.inside.office import Scrub
from station.inside.tails import gif_alone, mp3_alone, ogg_alone

MISSING = [name for name in (*sandbox.NEEDED, "mat2", "exiftool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}")

NAME = "Zulkarnain-BKD"
PLACE = rf"C:\Users\{NAME}\kantor"
SCHEMAS = "http://schemas.openxmlformats.org/"
SPACES = {
    "w": SCHEMAS + "wordprocessingml/2006/main",
    "x": SCHEMAS + "spreadsheetml/2006/main",
    "p": SCHEMAS + "presentationml/2006/main",
    "r": SCHEMAS + "officeDocument/2006/relationships",
    "wp": SCHEMAS + "drawingml/2006/wordprocessingDrawing",
    "mc": SCHEMAS + "markup-compatibility/2006",
    "ac": "http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac",
    "b": "urn:example:besides",
}
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
MAIN = "application/vnd.openxmlformats-officedocument."
TYPES = {
    "word/document.xml": MAIN + "wordprocessingml.document.main+xml",
    "word/settings.xml": MAIN + "wordprocessingml.settings+xml",
    "word/footnotes.xml": MAIN + "wordprocessingml.footnotes+xml",
    "word/header1.xml": MAIN + "wordprocessingml.header+xml",
    "xl/workbook.xml": MAIN + "spreadsheetml.sheet.main+xml",
    "xl/worksheets/sheet1.xml": MAIN + "spreadsheetml.worksheet+xml",
    "ppt/presentation.xml": MAIN + "presentationml.presentation.main+xml",
    "ppt/slides/slide1.xml": MAIN + "presentationml.slide+xml",
}


def element(name: str, inner: str) -> str:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())
    return f'<?xml version="1.0"?><{name} {spaces}>{inner}</{name}>'


def office(**parts: str | bytes) -> bytes:
    """An OOXML file; a double underscore in a name is a slash, `_rels` one of its own."""
    named = {
        name.replace("__", "/") + ("" if name.endswith(("rels", "xlsx")) else ".xml"): p for name, p in parts.items()
    }
    named = {name.replace("_dot_", "."): part for name, part in named.items()}
    main = next(iter(named))
    package = SCHEMAS + "package/2006/"
    types = "".join(f'<Override PartName="/{n}" ContentType="{TYPES[n]}"/>' for n in named if n in TYPES)
    return zipped(
        {
            "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{package}content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
            "_rels/.rels": f'<?xml version="1.0"?><Relationships xmlns="{package}relationships"><Relationship Id="r1" '
            f'Type="{SPACES["r"]}/officeDocument" Target="{main}"/></Relationships>',
            **named,
        }
    )


def word(body: str, **parts: str | bytes) -> bytes:
    return office(word__document=element("w:document", f"<w:body>{body}</w:body>"), **parts)


def sheet(book: str, cells: str = "") -> bytes:
    book = element("x:workbook", f'{book}<x:sheets><x:sheet name="a" sheetId="1"/></x:sheets>')
    page = element("x:worksheet", f"<x:sheetData>{cells}</x:sheetData>")
    return office(xl__workbook=book, xl__worksheets__sheet1=page)


def slide(inner: str) -> bytes:
    return office(
        ppt__presentation=element("p:presentation", ""),
        ppt__slides__slide1=element("p:sld", f"<p:cSld{inner}</p:cSld>"),
    )


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def field(instruction: str, shown: str) -> str:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    begin, separate, end = (mark.format(kind) for kind in ("begin", "separate", "end"))
    return f"<w:p>{begin}<w:r><w:instrText>{instruction}</w:instrText></w:r>{separate}{run(shown)}{end}</w:p>"


def links(*targets: str) -> str:
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{SPACES["r"]}/{kind}" Target="{target}" TargetMode="External"/>'
        for n, (kind, target) in enumerate(t.split(" ", 1) for t in targets)
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{SCHEMAS}package/2006/relationships">{rows}</Relationships>'


def odt(body: str, **more: str) -> bytes:
    names = ("office", "text", "meta", "config", "script")
    spaces = " ".join(f'xmlns:{name}="{OASIS}{name}:1.0"' for name in names)
    spaces += f' xmlns:draw="{OASIS}drawing:1.0" xmlns:svg="{OASIS}svg-compatible:1.0" '
    spaces += 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    parts = {"content.xml": f"<office:body><office:text>{body}</office:text></office:body>"}
    parts |= {name + ".xml": part for name, part in more.items()}
    entries = "".join(f'<m:file-entry m:full-path="{name}" m:media-type="text/xml"/>' for name in parts)
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{OASIS}manifest:1.0">{entries}</m:manifest>',
            **{
                name: f"<office:document-{name[:-4]} {spaces}>{part}</office:document-{name[:-4]}>"
                for name, part in parts.items()
            },
        }
    )


def gif(extensions: bytes = b"", behind: bytes = b"") -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + extensions + picture + b";" + behind


def block(text: str) -> bytes:
    return bytes([len(text)]) + text.encode() + b"\0"


SOUND = (b"\xff\xfb\x90\x00" + bytes(413)) * 40  # 128 kbit/s at 44.1 kHz


def ape() -> bytes:
    item = struct.pack("<II", len(NAME), 0) + b"Artist\0" + NAME.encode()
    foot = [b"APETAGEX" + struct.pack("<4I", 2000, len(item) + 32, 1, flags) + bytes(8) for flags in (5 << 29, 1 << 31)]
    return foot[0] + item + foot[1]


BY = f'w:id="1" w:author="{NAME}" w:date="2026-10-01T08:00:00Z"'
INSERTED = f"<w:ins {BY}>{run('masuk')}{run('juga')}</w:ins>"
CORPUS = {
    "ins": word(f"<w:p>{run('isi')}{INSERTED}</w:p>"),
    "del": word(f"<w:p>{run('isi')}<w:del {BY}><w:r><w:delText>{NAME}</w:delText></w:r></w:del></w:p>"),
    "moved": word(f"<w:p><w:moveFrom {BY}>{run('isi')}</w:moveFrom><w:moveTo {BY}>{run('isi')}</w:moveTo></w:p>"),
    "rPrChange": word(f"<w:p><w:r><w:rPr><w:rPrChange {BY}><w:rPr/></w:rPrChange></w:rPr><w:t>isi</w:t></w:r></w:p>"),
    "pPrChange": word(f"<w:p><w:pPr><w:pPrChange {BY}><w:pPr/></w:pPrChange></w:pPr>{run('isi')}</w:p>"),
    "sectPrChange": word(f"<w:p>{run('isi')}</w:p><w:sectPr><w:sectPrChange {BY}/></w:sectPr>"),
    "row": word(f"<w:tbl><w:tr><w:trPr><w:del {BY}/></w:trPr><w:tc><w:p>{run(NAME)}</w:p></w:tc></w:tr></w:tbl>"),
    "mark": word(f"<w:p><w:pPr><w:rPr><w:ins {BY}/></w:rPr></w:pPr>{run('isi')}</w:p>"),
    "header": word("<w:p/>", word__header1=element("w:hdr", f"<w:p>{INSERTED}</w:p>")),
    "footnote": word("<w:p/>", word__footnotes=element("w:footnotes", f"<w:footnote><w:p>{INSERTED}</w:p></w:footnote>")),
    "docVars": word(
        "<w:p/>",
        word__settings=element("w:settings", f'<w:docVars><w:docVar w:name="a" w:val="{NAME}"/></w:docVars><w:compat/>'),
    ),
    "settings": word("<w:p/>", word__settings=element("w:settings", f'<w:new w:val="{NAME}"/>')),
    "picture": word(f'<w:p><w:r><w:drawing><wp:docPr id="1" name="{NAME}.jpg" descr="{PLACE}"/></w:drawing></w:r></w:p>'),
    "field": word(field("AUTHOR", NAME)),
    "field of a place": word(field(f'INCLUDEPICTURE "{PLACE}"', "gambar")),
    "simple field": word(f'<w:p><w:fldSimple w:instr="LASTSAVEDBY">{run(NAME)}</w:fldSimple></w:p>'),
    "links": word(
        "<w:p/>",
        word___rels__document_dot_xml_dot_rels=links(
            f"attachedTemplate file:///C:/Users/{NAME}/a.dotm", f"hyperlink https://drive.example/{NAME}"
        ),
    ),
    "another space": word(f'<w:p b:writer="{NAME}"><b:note>{NAME}</b:note>{run("isi")}</w:p>'),
    "absPath": sheet(
        f'<mc:AlternateContent><mc:Choice Requires="ac"><ac:absPath url="{PLACE}"/></mc:Choice></mc:AlternateContent>'
    ),
    "bare absPath": sheet(f'<ac:absPath url="{PLACE}"/>'),
    "fileSharing": sheet(f'<x:fileSharing userName="{NAME}"/>'),
    "defined name": sheet(f"<x:definedNames><x:definedName name='a'>'{PLACE}[b.xlsx]a'!A1</x:definedName></x:definedNames>"),
    "formula": sheet("", f"<x:row r='1'><x:c r='A1'><x:f>'{PLACE}\\[b.xlsx]a'!A1</x:f><x:v>7</x:v></x:c></x:row>"),
    "slide": slide(f' name="{NAME}"><p:spTree><p:nvPr/><p:cNvPr id="2" name="{NAME}.png" descr="{PLACE}"/></p:spTree>'),
    "author field": odt(f"<text:p>isi <text:author-name>{NAME}</text:author-name></text:p>"),
    "sender field": odt(f"<text:p>isi<text:sender-email>{NAME}@x.example</text:sender-email></text:p>"),
    "frame": odt(f'<text:p><draw:frame draw:name="{PLACE}"><svg:desc>{NAME}</svg:desc></draw:frame>isi</text:p>'),
    "link": odt(f'<text:p><text:a xlink:href="../Users/{NAME}/a.odt">isi</text:a></text:p>'),
    "tracked": odt(
        "<text:tracked-changes><text:changed-region><text:deletion><office:change-info>"
        f"<dc:creator>{NAME}</dc:creator></office:change-info></text:deletion></text:changed-region>"
        "</text:tracked-changes><text:p>isi</text:p>"
    ),
    "printer": odt(
        "<text:p>isi</text:p>",
        settings='<office:settings><config:config-item-set config:name="ooo:configuration-settings"><config:config-item '
        f'config:name="PrinterName" config:type="string">{NAME}</config:config-item></config:config-item-set>'
        "</office:settings>",
    ),
    "gif comment": gif(b"\x21\xfe" + block(NAME)),
    "gif application": gif(b"\x21\xff\x0bBUDISANT2.0" + block(NAME)),
    "gif behind": gif(behind=NAME.encode()),
    "mp3 ape": SOUND + ape(),
    "mp3 id3v1": SOUND + b"TAG" + NAME.encode().ljust(125, b"\0"),
    "mp3 behind": SOUND + b"\n" + NAME.encode(),
}  # fmt: skip


def everything(data: bytes) -> bytes:
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return data + b"".join(everything(archive.read(name)) for name in archive.namelist())


def says(data: bytes, word: str) -> bool:
    whole = everything(data)
    return any(word.encode(code) in whole for code in ("utf-8", "utf-16-le", "utf-16-be"))


@pytest.mark.parametrize("data", CORPUS.values(), ids=CORPUS.keys())
def test_a_cleaned_copy_names_nobody(data: bytes):
    assert says(data, NAME)
    done = clean(data, "")
    assert (done.state, done.data is None) == ("cleaned", False), done.words
    assert done.data is not None and not says(done.data, NAME) and not says(done.data, "Users")
    assert any(NAME in line for line in done.found)


def test_so_do_the_documents_inside_a_document():
    inner = CORPUS["absPath"]
    data = word("<w:p/>", word__embeddings__a_dot_xlsx=inner)
    done = clean(data, "")
    assert says(data, NAME) and done.data is not None and not says(done.data, NAME), done.words
    assert b"xl/workbook.xml" in everything(done.data)


def test_changes_are_accepted_and_the_text_keeps_its_order():
    before = run("satu ") + f"<w:ins {BY}>{run('dua ')}{run('tiga ')}</w:ins>" + run("empat")
    gone = f"<w:del {BY}><w:r><w:delText>lima</w:delText></w:r></w:del>"
    page = '<w:p><w:fldSimple w:instr=" PAGE ">' + run("6") + "</w:fldSimple></w:p>"
    done = clean(word(f"<w:p>{before}{gone}</w:p>{page}{field('PAGE', '7')}"), "")
    assert done.data is not None
    text = zipfile.ZipFile(io.BytesIO(done.data)).read("word/document.xml").decode()
    assert re.sub(r"<[^>]*>", "", text).split() == ["satu", "dua", "tiga", "empat6PAGE7"]
    assert text.count("PAGE") == 2
    assert "Jejak perubahan ikut terhapus" in done.words


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (word(f'<w:p w:coAuthors="{NAME}"/>'), "names"),
        (word(f"<w:lastAuthor>{NAME}</w:lastAuthor>"), "names"),
        (word(f'<w:p w:from="{PLACE}"/>'), "places"),
        (word(f'<w:p w:from="\\\\server\\{NAME}\\a"/>'), "places"),
        (word(f'<w:p w:from="/home/{NAME}/a"/>'), "places"),
        (office(word__document=element("w:document", ""), word__a_dot_rels="x"), "damaged"),
        (zipped({"word/document.xml": element("w:document", ""), "word/a.txt": NAME}), "members"),
        (zipped({"mimetype": NAME, "content.xml": "<a/>"}), "members"),
        (zipped({"word/document.xml": element("b:document", NAME)}), "members"),
    ],
)
def test_what_is_left_all_the_same_is_refused(data: bytes, why: str):
    with pytest.raises(FileError, match=f"^{why}$"):
        Scrub(strict=True).archive(data)


def test_pictures_in_a_document_are_no_place_on_a_machine():
    rels = links("image x").replace('Target="x" TargetMode="External"', 'Target="../media/image1.png"')
    parts = {"word/document.xml": element("w:document", ""), "word/_rels/document.xml.rels": rels}
    scrub = Scrub(strict=True)
    assert b"../media/image1.png" in everything(scrub.archive(zipped(parts))) and not scrub.told


def test_a_gif_keeps_its_pictures_its_timing_and_its_loop():
    kept = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" + b"\x21\xf9\x04\0\x05\0\0\0"
    assert gif_alone(gif(kept)) == (gif(kept), [])
    with pytest.raises(FileError, match="remains"):
        gif_alone(gif(b"\x21\x01\x0c" + bytes(12) + block(NAME)))


def page(serial: int, content: bytes) -> bytes:
    return b"OggS\0\0" + bytes(8) + struct.pack("<III", serial, 0, 0) + bytes([1, len(content)]) + content


def test_sound_keeps_its_frames():
    assert mp3_alone(SOUND) == (SOUND, [])
    assert mp3_alone(b"ID3\x03\0\0\0\0\0\x02xy" + SOUND + SOUND[:100])[0] == SOUND
    voice = page(1, b"satu") + page(1, b"dua")
    assert ogg_alone(voice + NAME.encode()) == (voice, [f"Trailer ({len(NAME)} bytes): {NAME}"])
    for strange in (SOUND + bytes(5_000), bytes(2_000), SOUND[:417] + b"x" * 2_000 + SOUND):
        with pytest.raises(FileError):
            mp3_alone(strange)
    with pytest.raises(FileError, match="remains"):
        ogg_alone(voice + page(2, b"tiga"))
