"""Documents, by the programs that offices use, and after the layout of those that cannot be run here."""

import datetime
import io
import zipfile

from made import AUTHOR, COMMENT, COMPANY, DAY, MAIL, OTHER, PATH, SERIAL, TEXT, Made, marked_jpeg, marked_png

WHEN = datetime.datetime(2023, 5, 17, 8, 9, 10)


def python_docx(made: Made) -> None:
    import docx

    document = docx.Document()
    run = document.add_paragraph().add_run(TEXT)
    document.add_paragraph("Baris kedua.")
    document.add_picture(made.put(f"zulkarnain-{SERIAL}.jpg", marked_jpeg(6)).__str__())
    document.add_table(rows=2, cols=2).cell(0, 0).text = "Sel"
    document.add_comment(run, text=COMMENT, author=AUTHOR, initials="ZP")
    p = document.core_properties
    p.author, p.last_modified_by, p.title, p.comments, p.category = AUTHOR, OTHER, PATH, MAIL, COMPANY
    made.add("python-docx.docx", _saved(document), made.pip("python-docx"))


def _saved(document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def python_pptx(made: Made) -> None:
    import pptx
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = TEXT
    slide.shapes.add_picture(made.put(f"zulkarnain-{SERIAL}.png", marked_png()).__str__(), 0, 0)
    slide.notes_slide.notes_text_frame.text = "Catatan pembicara"
    deck.core_properties.author, deck.core_properties.last_modified_by = AUTHOR, OTHER
    made.add("python-pptx.pptx", _saved(deck), made.pip("python-pptx"))
    data = CategoryChartData()
    data.categories = ["a", "b"]
    data.add_series("Harga", (1, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(3), Inches(2), data)
    made.add("python-pptx-chart.pptx", _saved(deck), made.pip("python-pptx") + ", chart by " + made.pip("XlsxWriter"))


def openpyxl(made: Made) -> None:
    import openpyxl as xl
    from openpyxl.comments import Comment
    from openpyxl.drawing.image import Image

    book = xl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["B1"], sheet["B2"] = TEXT, 12, "=B1*2"
    sheet["A1"].comment = Comment(f"{AUTHOR}:\n{COMMENT}", AUTHOR)
    sheet["A2"].hyperlink = "file:///C:/Users/zulkarnain/a.xlsx"
    sheet["A3"].hyperlink = "https://lapor.go.id"
    sheet["A2"].value, sheet["A3"].value = "berkas", "situs"  # what is shown; the library shows the target otherwise
    sheet.add_image(Image(io.BytesIO(marked_png())), "D4")
    p = book.properties
    p.creator, p.lastModifiedBy, p.title, p.company = AUTHOR, OTHER, PATH, COMPANY
    made.add("openpyxl.xlsx", _saved(book), made.pip("openpyxl"))


def xlsxwriter(made: Made) -> None:
    import xlsxwriter as xw

    buffer = io.BytesIO()
    book = xw.Workbook(buffer)
    book.set_properties({"author": AUTHOR, "company": COMPANY, "comments": PATH, "manager": OTHER, "created": WHEN})
    book.set_custom_property("Penanda", SERIAL)
    sheet = book.add_worksheet("Harga")
    sheet.write(0, 0, TEXT)
    sheet.write_column(1, 1, [3, 1, 2])
    sheet.write_comment(0, 0, COMMENT, {"author": AUTHOR})
    sheet.insert_image(3, 3, "zulkarnain.jpg", {"image_data": io.BytesIO(marked_jpeg()), "description": PATH})
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Harga!$B$2:$B$4"})
    sheet.insert_chart(9, 0, chart)
    sheet.add_table(6, 4, 8, 5, {"columns": [{"header": "a"}, {"header": "b"}]})
    sheet.conditional_format(1, 1, 3, 1, {"type": "data_bar", "data_bar_2010": True})
    sheet.set_header(f"&L{TEXT[:7]}")
    book.close()
    made.add("xlsxwriter.xlsx", buffer.getvalue(), made.pip("XlsxWriter"))


def docxtpl(made: Made) -> None:
    import docx
    from docxtpl import DocxTemplate

    base = docx.Document()
    base.add_paragraph("{{ isi }}")
    base.core_properties.author = AUTHOR
    template = DocxTemplate(made.put("t.docx", _saved(base)))
    template.render({"isi": TEXT})
    made.add("docxtpl.docx", _saved(template), made.pip("docxtpl"))


def odfpy(made: Made) -> None:
    from odf import dc, meta, office, text
    from odf.opendocument import OpenDocumentSpreadsheet, OpenDocumentText
    from odf.table import Table, TableCell, TableRow

    document = OpenDocumentText()
    document.meta.addElement(meta.InitialCreator(text=AUTHOR))
    document.meta.addElement(dc.Creator(text=OTHER))
    document.meta.addElement(meta.UserDefined(name="Penanda", text=SERIAL))
    paragraph = text.P(text=TEXT)
    note = office.Annotation()
    note.addElement(dc.Creator(text=AUTHOR))
    note.addElement(dc.Date(text="2023-05-17T08:09:10"))
    note.addElement(text.P(text=COMMENT))
    paragraph.addElement(note)
    document.text.addElement(paragraph)
    document.addPicture("zulkarnain.png", mediatype="image/png", content=marked_png())
    made.add("odfpy.odt", _saved(document), made.pip("odfpy"))
    book = OpenDocumentSpreadsheet()
    book.meta.addElement(meta.InitialCreator(text=AUTHOR))
    table, row, cell = Table(name="Harga"), TableRow(), TableCell()
    cell.addElement(text.P(text=TEXT))
    row.addElement(cell)
    table.addElement(row)
    book.spreadsheet.addElement(table)
    made.add("odfpy.ods", _saved(book), made.pip("odfpy"))


def libreoffice(made: Made) -> None:
    """Text, sheet and slides written by Python, opened and saved by LibreOffice in every format of its own."""
    by = made.said("soffice", "--version")
    for maker, name, endings in (
        (word_like, "word-like.docx", ("docx", "odt", "doc", "pdf")),
        (openpyxl, "openpyxl.xlsx", ("xlsx", "ods", "xls", "pdf")),
        (python_pptx, "python-pptx-chart.pptx", ("pptx", "odp", "pdf")),
    ):
        inner = Made(made.folder, made._version)
        maker(inner)
        data = next(s.data for s in inner.samples if s.name == name)
        source = made.put("lo-" + name, data)
        for ending in endings:
            out = made.folder / f"out-{ending}"
            made.run("soffice", "--headless", f"-env:UserInstallation=file://{made.folder}/lo", "--convert-to", ending,
                     "--outdir", out, source)  # fmt: skip
            result = (out / f"{source.stem}.{ending}").read_bytes()
            stem = {"docx": "text", "xlsx": "sheet", "pptx": "slides"}[name.rpartition(".")[2]]
            made.add(f"libreoffice-{stem}.{ending}", result, by, "cannot" if ending in ("doc", "xls") else "cleaned")


def pandoc(made: Made) -> None:
    source = made.put("p.md", f"---\nauthor: {AUTHOR}\ntitle: '{TEXT}'\n---\n\n# Bab\n\n{TEXT}\n".encode())
    for ending in ("docx", "odt", "pptx"):
        made.run("pandoc", source, "-M", f"subject={PATH}", "-o", f"p.{ending}")
        data = (made.folder / f"p.{ending}").read_bytes()
        made.add(f"pandoc.{ending}", _without_shown(data), made.said("pandoc", "--version"))


def _without_shown(data: bytes) -> bytes:
    """Return an archive without the author that pandoc prints below the title; the properties keep it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for info in source.infolist():
            plain = source.read(info)
            shown = info.filename in ("word/document.xml", "content.xml") or info.filename.startswith("ppt/slides/")
            made.writestr(info, plain.replace(b"Zulkarnain", b"Tim").replace(b"Penanda", b"Kami") if shown else plain)
    return buffer.getvalue()


def abiword(made: Made) -> None:
    source = made.put("a.rtf", rf"{{\rtf1{{\info{{\author {AUTHOR}}}{{\company {COMPANY}}}}}{TEXT}}}".encode())
    for ending in ("odt", "docx"):
        made.run("abiword", "--to", ending, "--to-name", made.folder / f"a.{ending}", source)
        outcome = "cannot" if ending == "odt" else "cleaned"  # its manifest has a DOCTYPE
        made.add(
            f"abiword.{ending}",
            (made.folder / f"a.{ending}").read_bytes(),
            "AbiWord " + made.said("abiword", "--version"),
            outcome,
        )


def gnumeric(made: Made) -> None:
    inner = Made(made.folder, made._version)
    openpyxl(inner)
    source = made.put("g.xlsx", inner.samples[0].data)
    for ending, kind in (("xlsx", "Gnumeric_Excel:xlsx2"), ("ods", "Gnumeric_OpenCalc:odf")):
        made.run("ssconvert", "-T", kind, source, f"g.{ending}")
        data = (made.folder / f"g.{ending}").read_bytes()
        made.add(f"gnumeric.{ending}", data, made.said("ssconvert", "--version"))


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
PARTS = "application/vnd.openxmlformats-officedocument."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def package(parts: dict[str, tuple[str, str]], pointers: dict[str, list[tuple[str, str, str]]]) -> bytes:
    """Return an archive. `parts`: name to (type, XML); `pointers`: name to (type, target, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.comment = AUTHOR.encode()
        overrides = "".join(f'<Override PartName="/{n}" ContentType="{t}"/>' for n, (t, _) in parts.items())
        made.writestr("[Content_Types].xml", HEAD + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="jpeg" ContentType="image/jpeg"/><Default Extension="bin" ContentType="application/x-bin"/>'
            + overrides + "</Types>")  # fmt: skip
        for name, rows in pointers.items():
            inner = "".join(
                f'<Relationship Id="rId{i}" Type="{t if ":" in t else TYPE + t}" Target="{g}"'
                + (f' TargetMode="{m}"' if m else "")
                + "/>"
                for i, (t, g, m) in enumerate(rows, 1)
            )
            made.writestr(
                name,
                HEAD
                + f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>',
            )
        for name, (_, text) in parts.items():
            made.writestr(name, text if isinstance(text, bytes) else HEAD + text)
    return buffer.getvalue()


def word_like(made: Made) -> None:
    """A document with all that Word writes about people: revision ids, tracked changes, fields, a template, ids."""
    who = f'w:author="{AUTHOR}" w:date="{DAY}"'
    field = "".join(
        f'<w:r><w:instrText xml:space="preserve">{t}</w:instrText></w:r>'
        for t in (' INCLUDETEXT "C:\\\\Users\\\\zulkar', 'nain\\\\penanda.docx" ')
    )
    body = f"""<w:document {W} {R} xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wpsCustomData="http://www.wps.cn/officeDocument/2013/wpsCustomData"
 mc:Ignorable="w14 wpsCustomData"><!-- {AUTHOR} --><w:body>
<w:p w:rsidR="00A77B3E" w:rsidRDefault="00C0FFEE" w14:paraId="1A2B3C4D" wpsCustomData:penanda="{SERIAL}"><w:bookmarkStart w:id="0" w:name="_GoBack"/><w:bookmarkEnd w:id="0"/>
<w:commentRangeStart w:id="0"/><w:r w:rsidRPr="00A77B3E"><w:t>{TEXT}</w:t></w:r><w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r></w:p>
<w:p><w:ins w:id="1" {who}><w:r><w:t>Kalimat yang disisipkan.</w:t></w:r></w:ins><w:del w:id="2" w:author="{OTHER}" w:date="{DAY}"><w:r><w:delText>Kalimat yang dihapus.</w:delText></w:r></w:del></w:p>
<w:p><w:pPr><w:pPrChange w:id="3" {who}><w:pPr/></w:pPrChange></w:pPr><w:r><w:fldChar w:fldCharType="begin"><w:fldData>{SERIAL}</w:fldData></w:fldChar></w:r>{field}<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>hasil</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>
<w:fldSimple w:instr=" FILENAME \\p &quot;{PATH}&quot; "><w:r><w:t>nama</w:t></w:r></w:fldSimple><w:hyperlink r:id="rId8" w:tooltip="{PATH}"><w:r><w:t>tautan</w:t></w:r></w:hyperlink>
<w:smartTag w:uri="urn:penanda" w:element="x"><w:smartTagPr><w:attr w:name="penanda" w:val="{SERIAL}"/></w:smartTagPr><w:r><w:t>pintar</w:t></w:r></w:smartTag></w:p>
<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"><wp:extent cx="952500" cy="666750"/><wp:docPr id="5" name="zulkarnain.jpg" descr="{PATH}"/>
<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="5" name="penanda.jpg"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rId9"><a:extLst><a:ext uri="{{penanda}}"/></a:extLst></a:blip><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="952500" cy="666750"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>
<w:sectPr w:rsidR="00A77B3E"><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>"""
    settings = f"""<w:settings {W} {R}><w:zoom w:percent="100"/><w:attachedTemplate r:id="rId1"/><w:defaultTabStop w:val="720"/>
<w:docVars><w:docVar w:name="commondata" w:val="{SERIAL}"/></w:docVars><w:rsids><w:rsidRoot w:val="00A77B3E"/></w:rsids><w:documentProtection w:edit="readOnly" w:hash="penanda"/></w:settings>"""
    comments = f'<w:comments {W}><w:comment w:id="0" {who} w:initials="ZP"><w:p><w:r><w:t>{COMMENT}</w:t></w:r></w:p></w:comment></w:comments>'
    people = f'<w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"><w15:person w15:author="{AUTHOR}"><w15:presenceInfo w15:providerId="AD" w15:userId="S::{MAIL}"/></w15:person></w15:people>'
    word = PARTS + "wordprocessingml."
    parts = {
        "word/document.xml": (word + "document.main+xml", body), "word/settings.xml": (word + "settings+xml", settings),
        "word/comments.xml": (word + "comments+xml", comments), "word/people.xml": (word + "people+xml", people),
        "word/styles.xml": (word + "styles+xml", f'<w:styles {W}><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:rsid w:val="00A77B3E"/></w:style></w:styles>'),
        "customXml/item1.xml": ("application/xml", f"<penanda>{AUTHOR}</penanda>"),
        "docProps/core.xml": ("application/vnd.openxmlformats-package.core-properties+xml", f'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{AUTHOR}</dc:creator><cp:lastModifiedBy>{OTHER}</cp:lastModifiedBy></cp:coreProperties>'),
        "docProps/app.xml": (PARTS + "extended-properties+xml", f'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Company>{COMPANY}</Company><Template>{PATH}</Template></Properties>'),
        f"word/media/{SERIAL}.jpeg": ("image/jpeg", marked_jpeg()), "docProps/thumbnail.jpeg": ("image/jpeg", marked_jpeg()),
        "word/penanda-yatim.xml": (word + "header+xml", f"<w:hdr {W}>{AUTHOR}</w:hdr>"),
    }  # fmt: skip
    core = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/"
    microsoft = "http://schemas.microsoft.com/office/2011/relationships/people"
    pointers = {
        "_rels/.rels": [("officeDocument", "word/document.xml", ""), (core + "core-properties", "docProps/core.xml", ""),
                        ("extended-properties", "docProps/app.xml", ""), (core + "thumbnail", "docProps/thumbnail.jpeg", "")],
        "word/_rels/document.xml.rels": [("settings", "settings.xml", ""), ("comments", "comments.xml", ""),
            (microsoft, "people.xml", ""), ("styles", "styles.xml", ""), ("customXml", "../customXml/item1.xml", ""),
            ("hyperlink", "https://lapor.go.id/aturan", "External"), ("hyperlink", "mailto:kotak@lapor.go.id", "External"),
            ("hyperlink", "file:///C:/Users/zulkarnain/a.docx", "External"), ("image", f"media/{SERIAL}.jpeg", "")],
        "word/_rels/settings.xml.rels": [("attachedTemplate", "file:///C:/Users/zulkarnain/penanda.dotm", "External")],
    }  # fmt: skip
    made.add(
        "word-like.docx", package(parts, pointers), "by hand, after the layout of Microsoft Word 16 and WPS Writer"
    )
    with_object = {
        **pointers,
        "word/_rels/document.xml.rels": [
            *pointers["word/_rels/document.xml.rels"],
            ("oleObject", "embeddings/o.bin", ""),
        ],
    }
    parts["word/embeddings/o.bin"] = ("application/x-bin", AUTHOR.encode())
    made.add(
        "word-object.docx", package(parts, with_object), "by hand, after the layout of Microsoft Word 16", "cannot"
    )


X = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
TC = 'xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"'


def excel_like(made: Made) -> None:
    """A workbook with threaded comments, a printer, a path, another workbook and a pivot's refresher."""
    person, first = "{11111111-2222-4333-8444-555555555555}", "{AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE}"
    sheet = PARTS + "spreadsheetml."
    ms = "application/vnd.ms-excel."
    parts = {
        "xl/workbook.xml": (sheet + "sheet.main+xml", f'<workbook {X} {R} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><fileVersion appName="xl" codeName="{{penanda}}"/><fileSharing userName="{AUTHOR}"/><workbookPr codeName="penanda"/>'
            f'<mc:AlternateContent><mc:Choice Requires="x15"><x15ac:absPath url="{PATH}" xmlns:x15ac="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"/></mc:Choice></mc:AlternateContent>'
            f'<sheets><sheet name="Harga" sheetId="1" r:id="rId1"/></sheets><externalReferences><externalReference r:id="rId3"/></externalReferences><customWorkbookViews><customWorkbookView name="{AUTHOR}" guid="{person}" windowWidth="1" windowHeight="1" activeSheetId="1"/></customWorkbookViews></workbook>'),
        "xl/worksheets/sheet1.xml": (sheet + "worksheet+xml", f'<worksheet {X} {R} xmlns:xr="http://schemas.microsoft.com/office/spreadsheetml/2014/revision" xr:uid="{{penanda}}"><sheetPr codeName="penanda"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{TEXT}</t></is></c><c r="B1"><f>[1]Data!A1</f><v>7</v></c></row></sheetData><scenarios><scenario name="s" user="{AUTHOR}" comment="Created by {AUTHOR}" count="1"><inputCells r="C1" val="1"/></scenario></scenarios><pageSetup orientation="portrait" r:id="rId1"/><legacyDrawing r:id="rId4"/></worksheet>'),
        "xl/comments1.xml": (sheet + "comments+xml", f'<comments {X}><authors><author>tc={first}</author><author>{AUTHOR}</author></authors><commentList><comment ref="A1" authorId="0"><text><t>[Threaded comment] {COMMENT}</t></text></comment><comment ref="B1" authorId="1"><text><r><rPr><b/></rPr><t>{AUTHOR}:</t></r><r><t xml:space="preserve">\n{COMMENT}</t></r></text></comment></commentList></comments>'),
        "xl/threadedComments/threadedComment1.xml": (ms + "threadedcomments+xml", f'<ThreadedComments {TC}><threadedComment ref="A1" dT="2023-05-17T08:09:10.12" personId="{person}" id="{first}"><text>{COMMENT}</text></threadedComment></ThreadedComments>'),
        "xl/persons/person.xml": (ms + "person+xml", f'<personList {TC}><person displayName="{AUTHOR}" id="{person}" userId="S::{MAIL}" providerId="AD"/></personList>'),
        "xl/drawings/vmlDrawing1.vml": (PARTS + "vmlDrawing", '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"/><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"/>'
            + "".join(f'<v:shape id="_x0000_s{1025 + c}" type="#_x0000_t202" alt="penanda" style="visibility:hidden"><x:ClientData ObjectType="Note"><x:Row>0</x:Row><x:Column>{c}</x:Column></x:ClientData></v:shape>' for c in (0, 1)) + "</xml>"),
        "xl/externalLinks/externalLink1.xml": (sheet + "externalLink+xml", f'<externalLink {X}><externalBook {R} r:id="rId1"><sheetNames><sheetName val="Data"/></sheetNames></externalBook></externalLink>'),
        "xl/printerSettings/printerSettings1.bin": (sheet + "printerSettings", f"\\\\{COMPANY}\\printer {SERIAL}".encode("utf-16-le")),
        "docMetadata/LabelInfo.xml": ("application/vnd.ms-office.classificationlabels+xml", f"<clbl:labelList xmlns:clbl='http://schemas.microsoft.com/office/2020/mipLabelMetadata'><clbl:label id='{SERIAL}'/></clbl:labelList>"),
    }  # fmt: skip
    pointers = {
        "_rels/.rels": [("officeDocument", "xl/workbook.xml", ""), ("http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels", "docMetadata/LabelInfo.xml", "")],
        "xl/_rels/workbook.xml.rels": [("worksheet", "worksheets/sheet1.xml", ""), ("http://schemas.microsoft.com/office/2017/10/relationships/person", "persons/person.xml", ""), ("externalLink", "externalLinks/externalLink1.xml", "")],
        "xl/worksheets/_rels/sheet1.xml.rels": [("printerSettings", "../printerSettings/printerSettings1.bin", ""), ("comments", "../comments1.xml", ""), ("http://schemas.microsoft.com/office/2017/10/relationships/threadedComment", "../threadedComments/threadedComment1.xml", ""), ("vmlDrawing", "/xl/drawings/vmlDrawing1.vml", "")],
        "xl/externalLinks/_rels/externalLink1.xml.rels": [("externalLinkPath", "file:///C:/Users/zulkarnain/penanda.xlsx", "External")],
    }  # fmt: skip
    made.add("excel-like.xlsx", package(parts, pointers), "by hand, after the layout of Microsoft Excel 16")


def powerpoint_like(made: Made) -> None:
    """Slides of python-pptx with the comments that PowerPoint keeps: old ones, authors, dates."""
    inner = Made(made.folder, made._version)
    python_pptx(inner)
    p = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    extra = {
        "ppt/commentAuthors.xml": f'<p:cmAuthorLst {p}><p:cmAuthor id="0" name="{AUTHOR}" initials="ZP" lastIdx="1" clrIdx="0"><p:extLst><p:ext uri="{{x}}"><p15:presenceInfo xmlns:p15="http://schemas.microsoft.com/office/powerpoint/2012/main" userId="S::{MAIL}" providerId="AD"/></p:ext></p:extLst></p:cmAuthor></p:cmAuthorLst>',
        "ppt/comments/comment1.xml": f'<p:cmLst {p}><p:cm authorId="0" dt="2023-05-17T08:09:10.123" idx="1"><p:pos x="1" y="1"/><p:text>{COMMENT}</p:text></p:cm></p:cmLst>',
        "ppt/changesInfos/changesInfo1.xml": f'<pc:chgInfo xmlns:pc="http://schemas.microsoft.com/office/powerpoint/2013/main/command" userId="{MAIL}"/>',
    }
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(inner.samples[0].data)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for info in source.infolist():
            text = source.read(info)
            if info.filename == "[Content_Types].xml":
                kinds = {
                    "ppt/commentAuthors.xml": PARTS + "presentationml.commentAuthors+xml",
                    "ppt/comments/comment1.xml": PARTS + "presentationml.comments+xml",
                    "ppt/changesInfos/changesInfo1.xml": "application/vnd.ms-powerpoint.changesinfo+xml",
                }
                text = text.replace(
                    b"</Types>",
                    "".join(f'<Override PartName="/{n}" ContentType="{t}"/>' for n, t in kinds.items()).encode()
                    + b"</Types>",
                )
            if info.filename == "ppt/_rels/presentation.xml.rels":
                text = text.replace(
                    b"</Relationships>",
                    f'<Relationship Id="rId901" Type="{TYPE}commentAuthors" Target="commentAuthors.xml"/><Relationship Id="rId902" Type="http://schemas.microsoft.com/office/2016/11/relationships/changesInfo" Target="changesInfos/changesInfo1.xml"/></Relationships>'.encode(),
                )
            if info.filename == "ppt/slides/_rels/slide1.xml.rels":
                text = text.replace(
                    b"</Relationships>",
                    f'<Relationship Id="rId903" Type="{TYPE}comments" Target="../comments/comment1.xml"/></Relationships>'.encode(),
                )
            target.writestr(info.filename, text)
        for name, text in extra.items():
            target.writestr(name, HEAD + text)
    made.add(
        "powerpoint-like.pptx",
        buffer.getvalue(),
        "by hand, after the layout of Microsoft PowerPoint 16, on " + made.pip("python-pptx"),
    )


MAKERS = [
    python_docx, python_pptx, openpyxl, xlsxwriter, docxtpl, odfpy, libreoffice, pandoc, abiword, gnumeric, word_like,
    excel_like, powerpoint_like,
]  # fmt: skip
