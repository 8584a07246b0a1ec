"""ODT, ODS and ODP: known streams are rewritten into a new archive, pictures cleaned; all else stays behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dropbox.cleaning import images
from dropbox.cleaning import odftables as tables
from dropbox.cleaning.archive import Archive, ArchiveMaker
from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_MEDIA_BYTES
from dropbox.cleaning.odfrules import OdfRules
from dropbox.cleaning.people import People
from dropbox.cleaning.work import Work
from dropbox.cleaning.xmlstream import document, element, read_elements, read_texts, rewrite

TYPE, MANIFEST, _PROPERTIES = "mimetype", "META-INF/manifest.xml", "meta.xml"
_SPACE = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_STREAMS = {"content.xml", "styles.xml", "settings.xml"}
_OBJECT = re.compile(r"(Object \d{1,6}|Formula-\w{1,20}|Chart-?\w{1,20})/")
_SIGNATURE = re.compile(r"META-INF/.*signatures?.*\.xml", re.I)
_BASIC = ("Basic/", "Scripts/", "Dialogs/")
# Written anew by whoever opens the file, or only remembered by programs.
_DROPPED = re.compile(
    r"meta\.xml|manifest\.rdf|layout-cache|[^/]*\.rdf|(META-INF|Thumbnails|ObjectReplacements|Configurations2|Fonts"
    r"|Versions|SmartArt)(/.*)?|.*/"
)


def clean_odf(data: bytes, work: Work) -> tuple[bytes, str]:
    """Return the cleaned document, and whether it is odt, ods or odp. Raises CleaningError."""
    return _Document(data, work).clean()


class _Document:
    def __init__(self, data: bytes, work: Work) -> None:
        self._archive, self._work, self._people = Archive(data), work, People()
        self._types: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._media: dict[str, str] = {}

    def clean(self) -> tuple[bytes, str]:
        kind = self._archive.read(TYPE).decode("ascii", "replace").strip()
        base = kind.removesuffix("-template")
        if base not in tables.KINDS:
            raise CleaningError("a document of another kind")
        self._read_manifest()
        self._meet()
        kept = [name for name in self._archive.members if self._stays(name)]
        maker = ArchiveMaker()
        maker.add(TYPE, [kind.encode()], stored=True)
        for name in kept:
            maker.add(self._names[name], self._content(name))
        maker.add(MANIFEST, [self._manifest(kind, kept)])
        return maker.finish(), tables.KINDS[base]

    def _read_manifest(self) -> None:
        for local, attributes in read_elements(self._archive.read(MANIFEST)):
            if local in ("encryption-data", "encrypted-key"):
                raise CleaningError("an encrypted document")
            if local == "file-entry":
                self._types[attributes.get("full-path", "")] = attributes.get("media-type", "")

    def _meet(self) -> None:
        """Learn from the properties whose names may stand in the document."""
        if _PROPERTIES in self._archive.members:
            for local, text in read_texts(self._archive.read(_PROPERTIES)):
                if local in ("creator", "initial-creator", "printed-by"):
                    self._people.know(text)

    def _stays(self, name: str) -> bool:
        """Say whether a member stays, and take note of its new name. Raises CleaningError for unknown ones."""
        if _SIGNATURE.fullmatch(name):
            raise CleaningError("a signed document")
        if name.startswith(_BASIC):
            raise CleaningError("a document with macros")
        if name == TYPE or _DROPPED.fullmatch(name):
            return False
        folder = _OBJECT.match(name)
        inside = name[folder.end() :] if folder else name
        if inside in _STREAMS:
            if folder:
                self._check_object(folder[1])
            self._names[name] = name
            return True
        if folder and _DROPPED.fullmatch(inside):
            return False
        media = images.image_kind(next(self._archive.pieces(name), b""))
        if not media:
            raise CleaningError("a member of an unknown kind")
        self._names[name] = (folder[0] if folder else "") + f"Pictures/image{len(self._media) + 1}.{media}"
        self._media[name] = media
        return True

    def _check_object(self, folder: str) -> None:
        if self._types.get(folder + "/", "") not in tables.INNER_KINDS:
            raise CleaningError("a document of an unknown kind inside")
        self._names[folder] = folder

    def _content(self, name: str) -> Iterator[bytes]:
        if name in self._media:
            return iter([images.clean_image(self._archive.read(name, MAX_MEDIA_BYTES))])
        folder = name.rpartition("/")[0]
        start = folder + "/" if folder else ""
        inside = {
            n.removeprefix(start): new.removeprefix(start) for n, new in self._names.items() if n.startswith(start)
        }
        return rewrite(self._archive.pieces(name), OdfRules(self._people, inside), self._work)

    def _manifest(self, kind: str, kept: list[str]) -> bytes:
        entries = {"/": kind}
        for name in kept:
            folder = name.rpartition("/")[0] + "/"
            if folder != "/" and name not in self._media:
                entries[folder] = self._types[folder]
            entries[self._names[name]] = f"image/{self._media[name]}" if name in self._media else "text/xml"
        inner = "".join(
            element("manifest:file-entry", {"manifest:full-path": path, "manifest:media-type": media})
            for path, media in entries.items()
        )
        return document(element("manifest:manifest", {"xmlns:manifest": _SPACE, "manifest:version": "1.2"}, inner))
