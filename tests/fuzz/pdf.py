"""PDF files: what comes out opens, has as many pages after each pass, and no properties or scripts."""

from __future__ import annotations

import io
import random
import re
import zlib

from pypdf import PdfReader

from dropbox.cleaning.pdf import clean_pdf
from dropbox.cleaning.work import Work
from fuzz import cleaned

MAX_LEN = 8_192
WORDS = (
    b"/Type", b"/Page", b"/Pages", b"/Kids[", b"/Annots[", b"/Contents", b"/Resources<<", b"/XObject<<", b"/Font<<", b">>",
    b"<</S/JavaScript/JS(x)>>", b"<</S/URI/URI(https://example.org)>>", b"/OpenAction", b"/AA", b"/Metadata", b"/Info",
    b"/Names<<", b"/Outlines", b"/AcroForm<<", b"/Fields[", b"/FT/Sig", b"/Filter/FlateDecode", b"/Filter[/ASCIIHexDecode]",
    b"/ColorSpace[/ICCBased ", b"[/Indexed/DeviceRGB 1<000000ffffff>]", b"[/Lab 1]", b"[/Separation/a/DeviceGray ",
    b"/Subtype/Image", b"/Subtype/Form", b"/Width 1", b"/SMask", b"/Predictor 12", b"1 0 R", b"2 0 R", b"3 0 R", b"4 0 R",
    b"5 0 R", b"9 0 R", b"null", b"true", b"1e9", b"-1", b"(a)", b"<61>", b"[", b"]", b"obj", b"endobj", b"stream\n", b"xref",
    b"endstream", b"trailer", b"startxref", b"/Dest[", b"/A<<", b"/Border[0 0 0]", b"BI /W 1 /H 1 ID x EI", b"BDC", b"%c\n",
)  # fmt: skip
_GONE = {"/Metadata", "/PieceInfo", "/LastModified", "/StructTreeRoot", "/AA", "/AF", "/Collection", "/Lang"}
_OBJECT = re.compile(rb"\d+ \d+ obj\b.*?endobj", re.S)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.S)
_TOKEN = re.compile(rb"/[A-Za-z]+|\d+ \d+ R|-?\d+|\([^()]*\)|<[0-9a-fA-F]+>|[\[\]]|<<|>>")


def one(data: bytes) -> None:
    """Clean a document, and open what comes out with pypdf."""
    if b"%PDF-" not in data[:1024]:
        return
    cleaned.check_raises(lambda d: clean_pdf(d, Work()), data)
    if (found := cleaned.check_answer(data, 2)) is not None and found.startswith(b"%PDF"):
        reader = PdfReader(io.BytesIO(found), strict=False)
        assert len(reader.pages) >= 1 and reader.metadata is None
        for part in (reader.trailer["/Root"], *reader.pages):
            assert not _GONE & set(part)
            for note in part.get("/Annots", ()):
                if isinstance(action := note.get_object().get("/A"), dict):
                    assert action["/S"] in ("/GoTo", "/Named", "/URI")


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change one object, by tokens; a stream that can be unpacked, in what it holds."""
    objects = list(_OBJECT.finditer(data))
    if not objects or dice.random() < 0.2:
        return cleaned.spliced(data, dice)
    found = dice.choice(objects)
    body, stream = found[0], _STREAM.search(found[0])
    if stream and b"FlateDecode" in body and dice.random() < 0.4:
        try:
            plain = zlib.decompressobj().decompress(stream[1], 1 << 16)
        except zlib.error:
            return data
        plain = _tokens(plain, dice) if dice.random() < 0.5 else cleaned.spliced(plain, dice)
        body = body[: stream.start(1)] + zlib.compress(plain) + body[stream.end(1) :]
    else:
        end = stream.start() if stream else len(body)
        body = _tokens(body[:end], dice) + body[end:]
    return data[: found.start()] + body + data[found.end() :]


def _tokens(data: bytes, dice: random.Random) -> bytes:
    """Replace, drop, repeat or add a few tokens."""
    for _ in range(dice.randrange(1, 3)):
        tokens = list(_TOKEN.finditer(data))
        if not tokens:
            return data + dice.choice(WORDS)
        one, other = dice.choice(tokens), dice.choice(tokens)[0]
        new = dice.choice((b"", other, dice.choice(WORDS), one[0] + b" " + other, one[0] + b" " + dice.choice(WORDS)))
        data = data[: one.start()] + new + data[one.end() :]
    return data
