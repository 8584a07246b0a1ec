"""Makes the samples of this folder again: `python tests/files/cleaning/make.py`.

Needs on Debian: libreoffice-writer libreoffice-calc libreoffice-impress ghostscript libimage-exiftool-perl webp
imagemagick poppler-utils qpdf libjpeg-turbo-progs abiword gnumeric pandoc; and with pip: Pillow python-docx openpyxl
python-pptx odfpy fpdf2 weasyprint pypdf XlsxWriter pikepdf img2pdf pymupdf matplotlib piexif docxtpl reportlab.
Writes manifest.tsv: file, outcome, program that made it. Programs that are missing are passed over.
"""

import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path

import made_documents
import made_images
import made_odd
import made_pdf
from made import Made

HERE = Path(__file__).parent


def main() -> None:
    """Run every maker; print those that failed."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for module in (made_images, made_documents, made_pdf, made_odd):
            for maker in module.MAKERS:
                made = Made(Path(folder), version)
                try:
                    maker(made)
                except Exception:
                    print("failed:", maker.__name__)
                    traceback.print_exc(limit=3)
                for sample in made.samples:
                    (HERE / sample.name).write_bytes(sample.data)
                    lines.append(f"{sample.name}\t{sample.outcome}\t{sample.program}")
    lines.sort()
    (HERE / "manifest.tsv").write_text("file\toutcome\tprogram\n" + "\n".join(lines) + "\n")
    print(len(lines), "samples", sum((HERE / line.split("\t")[0]).stat().st_size for line in lines), "bytes")


if __name__ == "__main__":
    main()
