"""Look at a file: say what it is, and show it if that needs no other program."""

from __future__ import annotations

from station.inside import kinds
from station.inside.frames import BEGUN, FILE, KIND, NOTE, FileError, finish, put


def main(stage: str, kind: str = "") -> None:
    """Answer one stage: `look` (kind, pictures, text), `office` (to PDF) or `pdf` (to pixels)."""
    put(BEGUN)
    try:
        if stage == "look":
            _look()
        else:
            from station.inside import pages  # only here: the first stage runs no other program

            pages.show_pdf() if stage == "pdf" else pages.show_office(kind)
    except FileError as refusal:
        finish(str(refusal))
    except MemoryError:
        finish("memory")
    finish()


def _look() -> None:
    data = FILE.read_bytes()
    kind = kinds.kind_of(data)
    put(KIND, kind)
    if face := kinds.also(data, kind):
        put(NOTE, f"also-{face}")
    del data
    if kind in kinds.PICTURES:
        from station.inside import pictures

        pictures.show_picture(kind)
    elif kind in ("text", "html", "mail"):
        from station.inside import texts

        texts.show_mail() if kind == "mail" else texts.show_text()
