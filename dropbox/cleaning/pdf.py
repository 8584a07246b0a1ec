"""PDF: read with pypdf, written anew from the objects that its pages need.

Only what the tables name comes through, so older versions that an editor left in the file, properties, scripts
and what programs keep for themselves are gone. Attachments and signatures are evidence: such a file is left alone.
"""

from __future__ import annotations

import logging
import struct
import zlib
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NullObject, StreamObject

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_PDF_PAGES
from dropbox.cleaning.pdfcopy import Copier
from dropbox.cleaning.pdfout import PdfOut
from dropbox.cleaning.pdftables import FORBIDDEN
from dropbox.cleaning.work import Work

_INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
# Any object of a PDF may be of another type than its place wants: here and in pypdf, which asserts what it expects
# of a file, that shows as one of these.
_DAMAGED = (PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError,
            ValueError, struct.error, zlib.error)  # fmt: skip
# Its warnings quote the file; nothing of a file may reach a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


def clean_pdf(data: bytes, work: Work) -> bytes:
    """Return a new PDF with the same pages. Raises CleaningError."""
    try:
        return _clean(data, work)
    except _DAMAGED as e:
        raise CleaningError("a PDF is damaged") from e


def _clean(data: bytes, work: Work) -> bytes:
    reader = PdfReader(BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise CleaningError("an encrypted PDF")
    catalog = _dictionary(reader.trailer.get("/Root"))
    _check(catalog)
    out = PdfOut()
    copier = Copier(out, work)
    pages = list(_pages(catalog, work))
    numbers = [copier.add_page(reference) for reference, _ in pages]
    tree = out.number()
    for number, (_, page) in zip(numbers, pages, strict=True):
        work.check()
        content = copier.content(_contents(page))
        at = out.number()
        out.put_stream(at, b"", content)
        keys = copier.keys(page, "Page")
        out.put(number, b"<<" + keys + b"/Parent %d 0 R/Contents %d 0 R>>" % (tree, at))
        copier.finish()
    kids = b" ".join(b"%d 0 R" % n for n in numbers)
    out.put(tree, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(numbers), kids))
    root = out.number()
    out.put(root, b"<<" + copier.keys(catalog, "Catalog") + b"/Pages %d 0 R>>" % tree)
    copier.finish()
    return out.finish(root)


def _dictionary(value: Any) -> DictionaryObject:
    found = value.get_object() if value is not None else None
    if not isinstance(found, DictionaryObject):
        raise CleaningError("a PDF is damaged")
    return found


def _check(catalog: DictionaryObject) -> None:
    """Raise for what the pages do not show and nobody but the sender can judge: attachments, signatures."""
    if FORBIDDEN["catalog"] & set(catalog):
        raise CleaningError("a PDF with attachments or signatures")
    names, form = catalog.get("/Names"), catalog.get("/AcroForm")
    if names is not None and FORBIDDEN["names"] & set(_dictionary(names)):
        raise CleaningError("a PDF with attachments")
    if form is not None and FORBIDDEN["form"] & set(_dictionary(form)):
        raise CleaningError("a form of another kind")


def _pages(catalog: DictionaryObject, work: Work) -> list[tuple[IndirectObject, DictionaryObject]]:
    """Return the pages in order, each with what it inherits. Raises CleaningError when they run in circles."""
    found: list[tuple[IndirectObject, DictionaryObject]] = []
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[Any, dict[str, Any]]] = [(catalog.get("/Pages") and dict.get(catalog, "/Pages"), {})]
    while waiting:
        work.check()
        reference, inherited = waiting.pop()
        if not isinstance(reference, IndirectObject):
            raise CleaningError("a page is damaged")
        key = (reference.idnum, reference.generation)
        if key in seen:
            raise CleaningError("pages run in a circle")
        seen.add(key)
        node = reference.get_object()
        if node is None or isinstance(node, NullObject):
            continue
        node = _dictionary(node)
        inherited = inherited | {k: dict.__getitem__(node, k) for k in _INHERITED if k in node}
        if "/Kids" in node:
            kids = node["/Kids"]
            if not isinstance(kids, ArrayObject):
                raise CleaningError("a page is damaged")
            waiting += [(kid, inherited) for kid in reversed(list(list.__iter__(kids)))]
            continue
        kind = node.raw_get("/Type") if "/Type" in node else None
        if (kind.get_object() if isinstance(kind, IndirectObject) else kind) not in (None, "/Page"):
            raise CleaningError("a page is damaged")  # a branch that lost its pages would be one blank page
        if "/AF" in node or len(found) >= MAX_PDF_PAGES:
            raise CleaningError("a page with attachments, or too many of them")
        page = DictionaryObject(node)
        page.update(inherited)
        found.append((reference, page))
    if not found:
        raise CleaningError("a PDF without pages")
    return found


def _contents(page: DictionaryObject) -> list[StreamObject]:
    value = page.get("/Contents")
    value = value.get_object() if value is not None else None
    parts = list(value) if isinstance(value, ArrayObject) else [value]
    resolved = [p.get_object() if p is not None else None for p in parts]
    return [p for p in resolved if isinstance(p, StreamObject)]
