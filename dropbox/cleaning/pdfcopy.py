"""The objects of a PDF, copied one by one as far as the tables name them."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from dropbox.cleaning import colour, pdfstreams, pdftables
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_PDF_DEPTH, MAX_PDF_TOTAL_BYTES
from dropbox.cleaning.links import may_stay
from dropbox.cleaning.pdfcontent import clean_content, clean_program
from dropbox.cleaning.pdfout import PdfOut, name, string
from dropbox.cleaning.pdfpixels import rows_of
from dropbox.cleaning.work import Work

NULL = b"null"
_DEVICES = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}
_LAYER = string(b"Layer")


class Copier:
    """Copies objects into a new document. Everything raises CleaningError."""

    def __init__(self, out: PdfOut, work: Work) -> None:
        self._out, self._work = out, work
        self._numbers: dict[tuple[int, int, str], int] = {}
        self._pages: dict[tuple[int, int], int] = {}
        self._waiting: deque[tuple[int, Any, str]] = deque()
        self._bytes = 0
        self._special: Mapping[str, Callable[[Any, int], bytes]] = {
            "plain": self._plain, "text": self._text, "layer": lambda v, d: _LAYER, "page": self._page,
            "dest": self._dest, "action": self._action, "opening": self._opening, "colour": self._colour,
            "xobject": self._xobject, "mask": self._mask, "encoding": self._encoding, "glyphs": self._glyphs,
            "annotation": self._annotation, "appearance": self._appearance, "value": self._value,
            "option": self._option, "fontsize": self._fontsize, "names": self._pairs("dest", self._text),
            "labels": self._pairs("Label", self._plain), "outline": self._outline, "tounicode": self._encoding,
        }  # fmt: skip

    def add_page(self, reference: IndirectObject) -> int:
        """Give a page its number, before anything refers to it."""
        number = self._out.number()
        self._pages[reference.idnum, reference.generation] = number
        return number

    def copy(self, value: Any, shape: str, depth: int = 0) -> bytes:
        """Return a value as written in the new document; `null` for what does not come through."""
        if depth > MAX_PDF_DEPTH:
            raise CleaningError("a PDF is nested too deep")
        if shape.endswith("*"):
            return self._array(value, shape[:-1], depth)
        if isinstance(value, IndirectObject) and shape not in ("page", "layer"):
            return self._reference(value, shape)
        if shape in self._special:
            return self._special[shape](value, depth)
        if isinstance(value, StreamObject):
            raise CleaningError("a stream lies inside an object")
        if not isinstance(value, DictionaryObject):
            return NULL
        return b"<<" + self.keys(value, shape, depth) + b">>"

    def keys(self, value: DictionaryObject, shape: str, depth: int = 0) -> bytes:
        """Return the pairs of a dictionary that stay."""
        if shape.endswith("#"):
            pairs = ((key, shape[:-1], found) for key, found in dict.items(value))
        else:
            known = pdftables.SHAPES[shape]
            pairs = ((key, known[key], found) for key, found in dict.items(value) if key in known)
        whole = bytearray()
        for key, inner, found in pairs:
            written = self.copy(found, inner, depth + 1)
            if written != NULL:
                whole += name(str(key)) + b" " + written
        return bytes(whole)

    def finish(self) -> None:
        """Copy all objects that were referred to."""
        while self._waiting:
            self._work.check()
            number, value, shape = self._waiting.popleft()
            if isinstance(value, StreamObject):
                self._stream(number, value, shape)
            else:
                self._out.put(number, self.copy(value, shape))

    def content(self, streams: list[StreamObject]) -> bytes:
        """Return the content streams of a page as one."""
        return clean_content(b"\n".join(self._count(pdfstreams.unpack(s).data) for s in streams))

    def _count(self, data: bytes) -> bytes:
        self._bytes += len(data)
        if self._bytes > MAX_PDF_TOTAL_BYTES:
            raise CleaningError("a PDF unpacks too far")
        return data

    def _reference(self, reference: IndirectObject, shape: str) -> bytes:
        """Return a reference to the copy of an object; small plain values and null are put in its place."""
        page = self._pages.get((reference.idnum, reference.generation))
        if page is not None:
            return NULL
        key = (reference.idnum, reference.generation, shape)
        number = self._numbers.get(key)
        if number is None:
            value = _resolved(reference)
            if value is None or isinstance(value, NullObject):
                return NULL
            if isinstance(value, NumberObject | FloatObject | BooleanObject | NameObject):
                return self.copy(value, shape)
            if not self._comes_through(value, shape):
                return NULL
            number = self._numbers[key] = self._out.number()
            self._waiting.append((number, value, shape))
        return b"%d 0 R" % number

    def _comes_through(self, value: Any, shape: str) -> bool:
        """Say whether the copy of an object is more than null; annotations of some kinds are not copied."""
        if shape == "annotation":
            return isinstance(value, DictionaryObject) and _annotation_shape(value) != ""
        if shape in ("action", "opening"):
            return self._special[shape](value, 0) != NULL
        return True

    def _array(self, value: Any, shape: str, depth: int) -> bytes:
        whole = _resolved(value)
        if not isinstance(whole, ArrayObject):
            return self.copy(value, shape, depth + 1)
        written = [self.copy(v, shape, depth + 1) for v in list.__iter__(whole)]
        if shape == "annotation":
            written = [w for w in written if w != NULL]
        return b"[" + b" ".join(written) + b"]"

    def _stream(self, number: int, value: StreamObject, shape: str) -> None:
        if shape == "colour":
            raise CleaningError("a colour space of another kind")
        if shape in ("xobject", "mask", "appearance"):
            kind = value.get("/Subtype")
            if shape == "appearance" and kind is None:
                kind = "/Form"
            shape = {"/Image": "Image", "/Form": "Form"}.get(str(kind), "")
        elif shape in ("encoding", "tounicode"):
            shape = "CMap"
        elif shape == "glyphs":
            shape = "Raw"
        treatment = pdftables.STREAMS.get(shape)
        if treatment is None:
            raise CleaningError("a stream of another kind")
        if "/AF" in value or "/Ref" in value or "/OPI" in value:
            raise CleaningError("a stream with attachments")
        unpacked = pdfstreams.unpack(value, picture=treatment == pdftables.PICTURE)
        data = self._count(rows_of(value, unpacked) if treatment == pdftables.PICTURE else unpacked.data)
        if treatment == pdftables.CONTENT:
            data = clean_content(data)
        elif treatment == pdftables.PROGRAM and (shape == "CMap" or value.get("/FunctionType") == 4):
            data = clean_program(data)
        filtered = b""
        if unpacked.filter:
            plain = dict.items(unpacked.parameters) if unpacked.parameters is not None else ()
            inner = b"".join(
                name(str(k)) + b" " + self.copy(v, "Raw" if k == "/JBIG2Globals" else "plain") for k, v in plain
            )
            filtered = b"/Filter" + name(unpacked.filter) + (b"/DecodeParms<<" + inner + b">>" if inner else b"")
            if unpacked.filter == pdfstreams.FLATE:
                data = zlib.compress(data, 6)
        self._out.put_stream(number, self.keys(value, shape), data, filtered)

    # --- values --------------------------------------------------------------------------------------

    def _plain(self, value: Any, depth: int) -> bytes:
        if isinstance(value, NameObject):
            return name(str(value))
        if isinstance(value, BooleanObject):
            return b"true" if value.value else b"false"
        if isinstance(value, FloatObject):
            return format(value, "f").encode() if "e" in repr(float(value)) else repr(float(value)).encode()
        if isinstance(value, NumberObject):
            return b"%d" % int(value)
        if isinstance(value, ArrayObject):
            return b"[" + b" ".join(self.copy(v, "plain", depth + 1) for v in list.__iter__(value)) + b"]"
        return NULL

    def _text(self, value: Any, depth: int) -> bytes:
        if isinstance(value, TextStringObject | ByteStringObject):
            return string(value.original_bytes)
        return NULL

    def _page(self, value: Any, depth: int) -> bytes:
        if isinstance(value, IndirectObject) and (value.idnum, value.generation) in self._pages:
            return b"%d 0 R" % self._pages[value.idnum, value.generation]
        return NULL

    def _dest(self, value: Any, depth: int) -> bytes:
        if isinstance(value, ArrayObject) and value:
            first, *rest = list.__iter__(value)
            return (
                b"[" + b" ".join([self._page(first, depth), *(self._plain(_resolved(v), depth) for v in rest)]) + b"]"
            )
        if isinstance(value, DictionaryObject):
            inner = self._dest(_resolved(value.get("/D")), depth + 1) if depth < MAX_PDF_DEPTH else NULL
            return b"<</D " + inner + b">>" if inner != NULL else NULL
        return name(str(value)) if isinstance(value, NameObject) else self._text(value, depth)

    def _action(self, value: Any, depth: int) -> bytes:
        """Return an action that leads to a page or a public address; no other comes through."""
        if not isinstance(value, DictionaryObject):
            return NULL
        kind = value.get("/S")
        if kind == "/GoTo":
            target = self._dest(_resolved(value.get("/D")), depth + 1)
            return b"<</S/GoTo/D " + target + b">>" if target != NULL else NULL
        if kind == "/Named":
            return b"<</S/Named/N " + self._plain(_resolved(value.get("/N")), depth) + b">>"
        target = _resolved(value.get("/URI"))
        if kind == "/URI" and isinstance(target, TextStringObject | ByteStringObject):
            plain = target.original_bytes
            if plain.isascii() and may_stay(plain.decode("ascii")):
                return b"<</S/URI/URI " + string(plain) + b">>"
        return NULL

    def _opening(self, value: Any, depth: int) -> bytes:
        return self._action(value, depth) if isinstance(value, DictionaryObject) else self._dest(value, depth)

    def _colour(self, value: Any, depth: int) -> bytes:
        """Return a colour space; a profile becomes the plain space of as many components."""
        if isinstance(value, NameObject):
            return name(str(value))
        if not isinstance(value, ArrayObject) or not value:
            return NULL
        parts = list(list.__iter__(value))
        kind = str(_resolved(parts[0]))
        if kind == "/ICCBased" and len(parts) == 2:
            return self._profile(_resolved(parts[1]))
        head = name(kind)
        if kind in (
            "/DeviceGray",
            "/DeviceRGB",
            "/DeviceCMYK",
            "/Pattern",
            "/Indexed",
            "/I",
            "/Separation",
            "/DeviceN",
        ):
            shapes = {
                "/Indexed": ("colour", "plain", "lookup"), "/I": ("colour", "plain", "lookup"), "/Pattern": ("colour",),
                "/Separation": ("plain", "colour", "Function"), "/DeviceN": ("plain", "colour", "Function"),
            }.get(kind, ())  # fmt: skip
            inner = [self._lookup(p) if s == "lookup" else self.copy(p, s, depth + 1)
                     for p, s in zip(parts[1:], shapes, strict=False)]  # fmt: skip
            return b"[" + b" ".join([head, *inner]) + b"]"
        if kind in ("/CalGray", "/CalRGB", "/Lab") and len(parts) == 2:
            if kind != "/Lab":
                return name("/DeviceGray" if kind == "/CalGray" else "/DeviceRGB")
            given = _resolved(parts[1])
            pairs = [(k, v) for k, v in dict.items(given) if k in ("/WhitePoint", "/BlackPoint", "/Range")]
            return (
                b"[/Lab<<" + b"".join(name(str(k)) + b" " + self.copy(v, "plain", depth + 1) for k, v in pairs) + b">>]"
            )
        raise CleaningError("a colour space of another kind")

    def _profile(self, stream: Any) -> bytes:
        if not isinstance(stream, StreamObject):
            raise CleaningError("a colour profile is missing")
        count = _resolved(stream.get("/N"))
        data = pdfstreams.unpack(stream).data
        if data[16:20] == b"Lab " or count not in _DEVICES:
            raise CleaningError("a colour profile of another kind")
        ours = colour.replacement(data) if count == 3 else b""
        if not ours:
            return name(_DEVICES[count])
        number = self._out.number()
        self._out.put_stream(number, b"/N 3", ours)
        return b"[/ICCBased %d 0 R]" % number

    def _lookup(self, value: Any) -> bytes:
        found = _resolved(value)
        return string(pdfstreams.unpack(found).data) if isinstance(found, StreamObject) else self._text(found, 0)

    def _xobject(self, value: Any, depth: int) -> bytes:
        return NULL

    def _mask(self, value: Any, depth: int) -> bytes:
        return self._plain(value, depth)

    def _glyphs(self, value: Any, depth: int) -> bytes:
        return self._plain(value, depth)

    def _encoding(self, value: Any, depth: int) -> bytes:
        if isinstance(value, DictionaryObject):
            return b"<<" + self.keys(value, "Encoding", depth) + b">>"
        return self._plain(value, depth)

    def _fontsize(self, value: Any, depth: int) -> bytes:
        if isinstance(value, ArrayObject) and len(value) == 2:
            font, size = list.__iter__(value)
            return b"[" + self.copy(font, "Font", depth + 1) + b" " + self.copy(size, "plain", depth + 1) + b"]"
        return NULL

    def _appearance(self, value: Any, depth: int) -> bytes:
        if isinstance(value, DictionaryObject) and not isinstance(value, StreamObject):
            return b"<<" + self.keys(value, "appearance#", depth) + b">>"
        return NULL

    def _outline(self, value: Any, depth: int) -> bytes:
        shape = "Outlines" if "/Title" not in value else "Outline"
        return b"<<" + self.keys(value, shape, depth) + b">>" if isinstance(value, DictionaryObject) else NULL

    def _annotation(self, value: Any, depth: int) -> bytes:
        if not isinstance(value, DictionaryObject):
            return NULL
        shape = _annotation_shape(value)
        return b"<<" + self.keys(value, shape, depth) + b">>" if shape else NULL

    def _value(self, value: Any, depth: int) -> bytes:
        if isinstance(value, ArrayObject):
            return b"[" + b" ".join(self.copy(v, "value", depth + 1) for v in list.__iter__(value)) + b"]"
        if isinstance(value, DictionaryObject):
            raise CleaningError("a form is signed, or of another kind")
        return (
            self._text(value, depth)
            if isinstance(value, str | bytes) and not isinstance(value, NameObject)
            else self._plain(value, depth)
        )

    def _option(self, value: Any, depth: int) -> bytes:
        return self._value(value, depth)

    def _pairs(self, shape: str, key: Callable[[Any, int], bytes]) -> Callable[[Any, int], bytes]:
        def copy(value: Any, depth: int) -> bytes:
            if not isinstance(value, ArrayObject):
                return NULL
            parts = list(list.__iter__(value))
            whole = []
            for first, second in zip(parts[::2], parts[1::2], strict=False):
                whole += [key(_resolved(first), depth), self.copy(second, shape, depth + 1)]
            return b"[" + b" ".join(whole) + b"]"

        return copy


def _resolved(value: Any) -> Any:
    """Return what a reference leads to."""
    for _ in range(10):
        if not isinstance(value, IndirectObject):
            return value
        value = value.get_object()
    raise CleaningError("references run in a circle")


def _annotation_shape(value: DictionaryObject) -> str:
    """Return Field or Annotation, or nothing for an empty place for a signature. Raises CleaningError."""
    if "/AF" in value or "/RichMediaContent" in value or "/FS" in value:
        raise CleaningError("a PDF with attachments")
    kind = value.get("/Subtype")
    if kind is not None and str(kind)[1:] not in pdftables.ANNOTATIONS:
        raise CleaningError("an annotation of another kind")
    if value.get("/FT") == "/Sig":
        if _resolved(value.get("/V")) is not None:
            raise CleaningError("a signed PDF")
        return ""
    return "Field" if kind == "/Widget" or "/FT" in value or "/Kids" in value else "Annotation"
