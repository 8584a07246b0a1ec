"""PDFs, by the programs that offices and scanners use."""

import io

from made import AUTHOR, COMMENT, MAIL, PATH, SERIAL, TEXT, Made, marked_jpeg, picture

INFO = {"/Author": AUTHOR, "/Title": PATH, "/Creator": SERIAL}


def reportlab(made: Made) -> None:
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(300, 200))
    canvas.setAuthor(AUTHOR)
    canvas.setTitle(PATH)
    canvas.drawString(20, 150, TEXT)
    canvas.drawImage(ImageReader(io.BytesIO(marked_jpeg())), 20, 20, 80, 56)
    canvas.linkURL("file:///C:/Users/zulkarnain/a.txt", (0, 0, 50, 50))
    canvas.linkURL("https://lapor.go.id/a", (50, 0, 99, 50))
    canvas.bookmarkPage("satu")
    canvas.addOutlineEntry("Bagian satu", "satu")
    canvas.showPage()
    canvas.drawString(20, 150, "Halaman dua")
    canvas.acroForm.textfield(name="isian", value="isi", x=20, y=50, width=80, height=20, tooltip=AUTHOR)
    canvas.save()
    made.add("reportlab.pdf", buffer.getvalue(), made.pip("reportlab"))


def fpdf(made: Made) -> None:
    from fpdf import FPDF

    pdf = FPDF(unit="pt", format=(300, 200))
    pdf.set_author(AUTHOR)
    pdf.set_title(PATH)
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    pdf.text(20, 40, TEXT)
    pdf.text_annotation(50, 60, COMMENT, title=AUTHOR)
    pdf.image(picture(), 20, 80, 60)
    pdf.set_xmp_metadata(f"<x>{MAIL}</x>")
    made.add("fpdf2.pdf", bytes(pdf.output()), made.pip("fpdf2"))


def weasyprint(made: Made) -> None:
    import weasyprint as wp

    html = (
        f"<meta name=author content='{AUTHOR}'><title>{PATH}</title><style>@page{{size:300pt 200pt}}</style><p>{TEXT}"
    )
    data = wp.HTML(string=html + "<p><a href='https://lapor.go.id'>x</a>").write_pdf()
    made.add("weasyprint.pdf", data, made.pip("weasyprint"))
    data = wp.HTML(string=html).write_pdf(pdf_tags=True, pdf_variant="pdf/ua-1")
    made.add("weasyprint-tagged.pdf", data, made.pip("weasyprint"))


def matplotlib(made: Made) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(3, 2))
    figure.text(0.1, 0.5, TEXT, fontsize=6)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf", metadata={"Author": AUTHOR, "Title": PATH})
    made.add("matplotlib.pdf", buffer.getvalue(), made.pip("matplotlib"))


def cairo(made: Made) -> None:
    source = made.put("r.pdf", _base())
    made.run("pdftocairo", "-pdf", source, "cairo.pdf")
    by = made.said("pdftocairo", "-v")
    import pikepdf

    with pikepdf.open(made.folder / "cairo.pdf") as pdf:
        pdf.docinfo["/Author"] = AUTHOR
        buffer = io.BytesIO()
        pdf.save(buffer)
    made.add("cairo.pdf", buffer.getvalue(), f"cairo by {by}, author by {made.pip('pikepdf')}")


def ghostscript(made: Made) -> None:
    source = made.put("r.pdf", _base())
    marks = made.put("marks.ps", f"[ /Author ({AUTHOR}) /Title ({AUTHOR}) /DOCINFO pdfmark".encode())
    made.run("gs", "-q", "-o", "gs.pdf", "-sDEVICE=pdfwrite", "-dCompressPages=false", source, marks)
    made.add("ghostscript.pdf", (made.folder / "gs.pdf").read_bytes(), "Ghostscript " + made.said("gs", "--version"))


def qpdf(made: Made) -> None:
    source = made.put("r.pdf", _base())
    by = made.said("qpdf", "--version")
    made.run("qpdf", "--object-streams=generate", source, "q.pdf")
    made.add("qpdf-streams.pdf", (made.folder / "q.pdf").read_bytes(), by)
    made.run("qpdf", "--linearize", source, "l.pdf")
    made.add("qpdf-linear.pdf", (made.folder / "l.pdf").read_bytes(), by)
    made.run("qpdf", "--encrypt", "", "owner", "256", "--", source, "e.pdf")
    made.add("qpdf-encrypted.pdf", (made.folder / "e.pdf").read_bytes(), by, "cannot")


def pypdf(made: Made) -> None:
    from pypdf import PdfReader, PdfWriter
    from pypdf.annotations import FreeText, Highlight, Text
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject, TextStringObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(_base())))
    writer.add_metadata(INFO)
    writer.xmp_metadata = f"<x>{MAIL}</x>".encode()
    quads = ArrayObject([FloatObject(v) for v in (20, 160, 90, 160, 20, 148, 90, 148)])
    for note in (
        Text(rect=(10, 10, 30, 30), text=COMMENT),
        FreeText(text=COMMENT, rect=(100, 10, 200, 30)),
        Highlight(rect=(20, 148, 90, 160), quad_points=quads),
    ):
        note[NameObject("/T")] = TextStringObject(AUTHOR)
        note[NameObject("/NM")] = TextStringObject(SERIAL + "penanda")
        note[NameObject("/M")] = TextStringObject("D:20230517080910+07'00'")
        writer.add_annotation(0, note)
    secret = StreamObject()
    secret._data = f"/{SERIAL} {PATH}".encode()
    page = writer.pages[0]
    inner = DictionaryObject(
        {NameObject("/LastModified"): TextStringObject(AUTHOR), NameObject("/Private"): writer._add_object(secret)}
    )
    page[NameObject("/PieceInfo")] = DictionaryObject({NameObject("/Penanda"): inner})
    script = {"/S": "/JavaScript", "/JS": f"app.alert('{AUTHOR}')"}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script["/JS"])}
    )
    buffer = io.BytesIO()
    writer.write(buffer)
    made.add("pypdf-notes.pdf", buffer.getvalue(), made.pip("pypdf"))
    writer.add_attachment("penanda.txt", AUTHOR.encode())
    buffer = io.BytesIO()
    writer.write(buffer)
    made.add("pypdf-attachment.pdf", buffer.getvalue(), made.pip("pypdf"), "cannot")
    again = PdfWriter(io.BytesIO(_base()), incremental=True)
    again.add_metadata({"/Author": "x"})
    buffer = io.BytesIO()
    again.write(buffer)
    made.add("pypdf-incremental.pdf", buffer.getvalue(), made.pip("pypdf"))


def pikepdf(made: Made) -> None:
    import pikepdf as pp

    with pp.open(io.BytesIO(_base())) as pdf:
        with pdf.open_metadata() as metadata:
            metadata["dc:creator"] = [AUTHOR]
            metadata["xmp:CreatorTool"] = PATH
        pdf.pages[0].obj["/Metadata"] = pdf.make_stream(f"<x>{MAIL}</x>".encode())
        content = f"% {AUTHOR}\n/Span <</ActualText (teks) /E ({PATH})>> BDC q Q EMC\n".encode()
        pdf.pages[0].contents_add(content, prepend=True)
        buffer = io.BytesIO()
        pdf.save(buffer)
    made.add("pikepdf-xmp.pdf", buffer.getvalue(), made.pip("pikepdf"))


def img2pdf(made: Made) -> None:
    import img2pdf as i2p

    data = i2p.convert(marked_jpeg(), author=AUTHOR, title=PATH)
    made.add("img2pdf.pdf", data, made.pip("img2pdf"))


def mupdf(made: Made) -> None:
    import pymupdf

    pdf = pymupdf.open()
    page = pdf.new_page(width=300, height=200)
    page.insert_text((20, 50), TEXT, fontsize=10)
    page.insert_image((20, 80, 90, 130), stream=marked_jpeg())
    note = page.add_text_annot((100, 100), COMMENT)
    note.set_info(title=AUTHOR, subject=PATH)
    note.update()
    layer = pdf.add_ocg(AUTHOR)
    page.insert_text((20, 150), "Lapisan", fontsize=10, oc=layer)
    pdf.set_metadata({"author": AUTHOR, "title": PATH})
    made.add("pymupdf.pdf", pdf.tobytes(), made.pip("pymupdf"))


def signed(made: Made) -> None:
    """A signed form, as a signing service leaves it: the signature itself is made up."""
    import pikepdf as pp

    with pp.open(io.BytesIO(_base())) as pdf:
        signature = pp.Dictionary(
            Type=pp.Name.Sig, Filter=pp.Name("/Adobe.PPKLite"), Name=AUTHOR, Contents=b"\x00" * 16
        )
        signed = pp.Dictionary(
            Type=pp.Name.Annot, Subtype=pp.Name.Widget, FT=pp.Name.Sig, T="ttd", Rect=[0, 0, 0, 0],
            V=pdf.make_indirect(signature),
        )  # fmt: skip
        pdf.pages[0].obj["/Annots"] = pp.Array([pdf.make_indirect(signed)])
        buffer = io.BytesIO()
        pdf.save(buffer)
    made.add("pikepdf-signed.pdf", buffer.getvalue(), made.pip("pikepdf"), "cannot")


def _base() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(300, 200))
    canvas.setAuthor(AUTHOR)
    canvas.setSubject(PATH)
    canvas.setKeywords(SERIAL)
    canvas.drawString(20, 150, TEXT)
    canvas.showPage()
    canvas.drawString(20, 150, "Halaman dua")
    canvas.save()
    return buffer.getvalue()


MAKERS = [
    reportlab, fpdf, weasyprint, matplotlib, cairo, ghostscript, qpdf, pypdf, pikepdf, img2pdf, mupdf, signed,
]  # fmt: skip
