"""Metadata: what mat2 finds in a file, and the file without it."""

from __future__ import annotations

import logging
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from station.inside.frames import BEGUN, DOCUMENT, FILE, FOUND, KIND, NOTE, FileError, finish, put
from station.inside.kinds import kind_of
from station.inside.office import Scrub
from station.inside.tails import gif_alone, mp3_alone, ogg_alone

WORK = Path("/tmp/work")  # noqa: S108
MOST_FOUND, MOST_VALUE = 200, 300
# What mat2 goes by is the ending, so it gets the one that belongs to the content.
ENDINGS = {kind: kind for kind in ("png", "gif", "tiff", "pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp")}
ENDINGS |= {"jpeg": "jpg", "text": "txt", "html": "html"}
# FLAC and WAV have room for more than mat2 knows of.
_SOUNDS = ((b"ID3", "mp3"), (b"\xff\xfb", "mp3"), (b"OggS", "ogg"))
_OFFICE = ("docx", "xlsx", "pptx", "odt", "ods", "odp")
_ALONE = {"gif": gif_alone, "mp3": mp3_alone, "ogg": ogg_alone}

_SAYS_NOTHING = ("format", "create_system")  # the version of PDF; the machine's family
_PHOTOS = (b"DCTDecode", b"JPXDecode")
_ORIENTATION = 0x0112
_BROKEN = (RuntimeError, ValueError, OSError, KeyError, LookupError, TypeError, AttributeError, SyntaxError)


def main() -> None:
    """Write what was found, then the file without it."""
    put(BEGUN)
    logging.disable(logging.ERROR)  # it says there what is told from its results: unknown parts, odd counters
    try:
        _wash()
    except FileError as refusal:
        finish(str(refusal))
    except MemoryError:
        finish("memory")
    finish()


def _wash() -> None:
    data = FILE.read_bytes()
    kind = kind_of(data)
    put(KIND, kind)
    ending = ENDINGS.get(kind) or next((e for magic, e in _SOUNDS if data.startswith(magic)), "")
    if not ending:
        raise FileError(kind if kind in ("locked", "empty") else "kind")
    WORK.mkdir()
    source = WORK / f"berkas.{ending}"
    source.write_bytes(data)
    found = _found(source)
    alone, more = _scrubbed(data, ending, strict=False)
    for line in list(dict.fromkeys(found + [line[:MOST_VALUE] for line in more]))[:MOST_FOUND]:
        put(FOUND, line)
    source.write_bytes(alone)
    if kind in ("jpeg", "png", "tiff"):
        _keep_what_is_seen(source, kind)
    washed = _washed(source, ending)
    if _found(washed):
        raise FileError("remains")
    if kind in ("odt", "ods", "odp"):
        _look_for_comments(washed)
    last, rest = _scrubbed(washed.read_bytes(), ending, strict=True)
    if rest and ending in _OFFICE:
        raise FileError("names")
    put(DOCUMENT, last)


def _scrubbed(data: bytes, ending: str, *, strict: bool) -> tuple[bytes, list[str]]:
    """Take out what mat2 passes over, before it and once more after it; return what that was, too."""
    if ending in _OFFICE:
        scrub = Scrub(strict)
        return scrub.archive(data), scrub.told
    return _ALONE[ending](data) if ending in _ALONE else (data, [])


def _keep_what_is_seen(source: Path, kind: str) -> None:
    """Turn a photo upright, for the turn itself is metadata; refuse what would lose all pictures but the first."""
    from PIL import Image, ImageOps

    try:
        with Image.open(source, formats=[kind.upper()]) as image:
            if kind != "jpeg" and getattr(image, "n_frames", 1) > 1:
                raise FileError("several")
            if kind == "jpeg" and image.getexif().get(_ORIENTATION, 1) != 1:
                upright = ImageOps.exif_transpose(image)
                upright.save(source, "JPEG", quality=95)
    except (OSError, ValueError, SyntaxError, IndexError, KeyError, TypeError):
        raise FileError("damaged") from None


def _washed(source: Path, ending: str) -> Path:
    washed = _removed(source, lightly=ending == "pdf")
    if ending == "pdf" and any(name in washed.read_bytes() for name in _PHOTOS):
        # Photos keep their own metadata in the light way; the thorough one turns whole pages into pictures.
        put(NOTE, "flat")
        washed = _removed(source, lightly=False)
    return washed


def _removed(source: Path, *, lightly: bool) -> Path:
    parser = _parser(source)
    parser.lightweight_cleaning = lightly
    try:
        done = parser.remove_all()
    except _BROKEN:
        raise FileError("damaged") from None
    washed = Path(parser.output_filename)
    if not done or not washed.is_file():
        raise FileError("members")
    return washed


def _look_for_comments(washed: Path) -> None:
    """mat2 passes over comments of OpenDocument files and the names of those who wrote them."""
    with zipfile.ZipFile(washed) as archive:
        pieces = [archive.read(name) for name in archive.namelist() if name.endswith((".xml", ".rdf"))]
    if any(word in piece for piece in pieces for word in (b"annotation", b":creator")):
        raise FileError("comments")


def _found(path: Path) -> list[str]:
    try:
        return list(_lines(_parser(path).get_meta()))[:MOST_FOUND]
    except _BROKEN:
        raise FileError("damaged") from None


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Spell what was found; what every part of a document says alike is said once."""
    told = set()
    for part, key, value in _each(found):
        if value in ("", -1, None) or key in _SAYS_NOTHING or (key, str(value)) in told:
            continue
        told.add((key, str(value)))
        yield f"{part}{key}: {value}"[:MOST_VALUE]


def _each(found: Mapping[str, Any], part: str = "") -> Iterator[tuple[str, str, Any]]:
    for key, value in sorted(found.items()):
        if isinstance(value, Mapping):
            yield from _each(value, f"{part}{key}: ")
        else:
            yield part, key, value


def _parser(path: Path) -> Any:
    from libmat2 import bubblewrap, parser_factory

    bubblewrap.run = _run  # a sandbox of its own cannot be had in here; for parts of documents it would ask for one
    try:
        parser, _ = parser_factory.get_parser(str(path))
    except _BROKEN:
        raise FileError("damaged") from None
    if parser is None:
        raise FileError("kind")
    return parser


def _run(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    plain = {name: value for name, value in options.items() if name in ("check", "stdout")}
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, **plain)  # noqa: S603
