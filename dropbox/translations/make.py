"""Bring the English catalogue up to date: python dropbox/translations/make.py, from anywhere.

The Indonesian texts in the code and the templates are the source. This reads them all, puts new ones into
en/LC_MESSAGES/messages.po with an empty English text, drops those that are gone, and compiles messages.mo.
It writes station/questions.json, too: the questions of the form in both languages, for a machine without the form.
No file holds a date or a line number: the same texts give the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from dropbox import form, legal

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent / "en" / "LC_MESSAGES"
PO, MO = FOLDER / "messages.po", FOLDER / "messages.mo"
QUESTIONS = ROOT / "station" / "questions.json"
SOURCES = (
    ("python", "dropbox", "*.py"),
    ("python", "dropbox/pages", "*.py"),
    ("jinja2.ext:babel_extract", "templates/dropbox", "*.html"),
)
FUNCTIONS = {"_": None, "gettext": None, "lazy_gettext": None}
HEADER = "English texts of the drop box. The Indonesian ones are the source; see make.py."


class _Undated(Catalog):
    """A catalogue whose compiled header says the language and the encoding, and nothing else."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Return the two header lines."""
        return [("Language", "en"), ("Content-Type", "text/plain; charset=utf-8")]

    @mime_headers.setter
    def mime_headers(self, _headers: Iterable[tuple[str, str]]) -> None:
        """Keep them as they are."""


def texts(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yield (file, text) for every translated text, in the order of files and lines."""
    for method, folder, pattern in SOURCES:
        for path in sorted((root / folder).glob(pattern)):
            with path.open("rb") as file:
                for _line, text, _comments, _context in extract(method, file, FUNCTIONS, options={"trimmed": "true"}):
                    if not isinstance(text, str):
                        raise ValueError(f"{path.name}: a text with plural forms, want one form")
                    yield path.relative_to(root).as_posix(), text


def update(old: Catalog, found: Iterable[tuple[str, str]]) -> Catalog:
    """Return a catalogue of exactly the texts found, with the translations of the old one."""
    new = Catalog(locale="en", fuzzy=False, header_comment=f"# {HEADER}")
    for file, text in found:
        known = old.get(text)
        new.add(text, known.string if known else "", locations=[(file, 0)], flags=["fuzzy"] if _fuzzy(known) else [])
    return new


def _fuzzy(message: object) -> bool:
    return bool(getattr(message, "fuzzy", False))


def read_catalogue(path: Path = PO) -> Catalog:
    """Return the catalogue as it stands, an empty one where there is none."""
    if not path.exists():
        return Catalog(locale="en", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale="en")


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the .po file: the header without dates, then every text with the files it stands in."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=110, omit_header=True, include_lineno=False, ignore_obsolete=True)
    head = f'# {HEADER}\nmsgid ""\nmsgstr ""\n"Language: en\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return head.encode("utf-8") + buffer.getvalue().strip() + b"\n"


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return the compiled catalogue, without dates or names of tools."""
    bare = _Undated(locale="en", fuzzy=False)
    for message in catalogue:
        if message.id and message.string and not message.fuzzy:
            bare.add(message.id, message.string)
    buffer = BytesIO()
    write_mo(buffer, bare)
    return buffer.getvalue()


def questions_bytes(catalogue: Catalog) -> bytes:
    """Return the questions of the form with the names of their choices, in the order of the form."""

    def both(text: object) -> dict[str, str]:
        known = catalogue.get(str(text))
        return {"id": str(text), "en": str(known.string) if known and known.string else str(text)}

    questions = [
        {"key": field.key, **both(field.label), "choices": {slug: both(name) for slug, name in field.options}}
        for field in (*form.FIELDS, *legal.FIELDS)
    ]
    return json.dumps(questions, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def main() -> int:
    """Write the three files; say which texts have no English yet and return 1 if there are any."""
    catalogue = update(read_catalogue(), texts())
    FOLDER.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(po_bytes(catalogue))
    MO.write_bytes(mo_bytes(catalogue))
    QUESTIONS.write_bytes(questions_bytes(catalogue))
    missing = [str(m.id) for m in catalogue if m.id and (not m.string or m.fuzzy)]
    print(f"{sum(1 for m in catalogue if m.id)} texts, {len(missing)} without English")
    for text in missing:
        print(f"  {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
