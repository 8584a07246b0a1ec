"""One file of a case: how it looks, and copies that leave the vault. Its own bytes never go to the browser."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request

from crypto.encoding import today, visible
from crypto.errors import CryptoError
from station import extracts, space
from station.attachments import File, files_of, read_file
from station.audit import Deed
from station.cases import case_number
from station.cleaning import Cleaned, clean
from station.errors import Refused, StationError
from station.pages import current, viewer
from station.pages.acting import one_of_present, opened, sign, words
from station.pages.courier import sticks
from station.previews import Preview
from station.refusals import told

blueprint = Blueprint("files", __name__, url_prefix="/perkara/<name>/berkas/<int:number>")
blueprint.add_app_template_filter(visible, "visible")
_NOT_WRITTEN = "Folder itu tidak dapat ditulis: {}. Tidak ada yang disimpan."


@dataclass(frozen=True, slots=True)
class _Found:
    """A file, its case, and its place there from 1."""

    file: File
    case_id: int
    place: int


@blueprint.get("")
def show(name: str, number: int) -> str:
    """Show pages as pictures, a text, or why there is neither."""

    def read() -> tuple[File, bytes]:
        with current().desk() as desk, desk.vault.begin() as transaction:
            found = _find(transaction, name, number)
            return found.file, read_file(transaction, found.file)

    try:
        seen = viewer().show(number, read)
    except StationError as error:
        return _page(name, number, problem=told(error))
    return _page(name, number, seen=seen)


@blueprint.get("/<int:page>.png")
def picture(name: str, number: int, page: int) -> Response:
    """Answer with one page of a preview that was made just now."""
    with current().desk() as desk, desk.vault.begin() as transaction:
        _find(transaction, name, number)
    seen = viewer().kept(number)
    if seen is None or not 0 < page <= len(seen.pages):
        abort(404)
    return Response(seen.pages[page - 1], mimetype="image/png")


@blueprint.post("/asli")
def save(name: str, number: int) -> str:
    """Write the original into a folder."""
    form, session = request.form, current()
    try:
        by, folder = _signed(), extracts.folder_of(session.home, form.get("folder", ""))
        if form.get("paham") != "ya":
            raise Refused("centang dulu pernyataan di atas tombol")
        with session.desk() as desk:
            with desk.vault.begin() as transaction:
                found = _find(transaction, name, number)
                data = read_file(transaction, found.file)
            path = folder / f"asli-{name}-{found.place}.bin"
            extracts.hand_out(desk, Deed.SAVED, found.case_id, found.place, path, data, by=by, day=today())
    except (StationError, CryptoError, OSError) as error:
        return _page(name, number, problem=_words(error), typed_for="asli")
    return _page(name, number, saved=str(path))


@blueprint.post("/teruskan")
def pass_on(name: str, number: int) -> str:
    """Write a copy without metadata into a folder; the desk stays free while it is made."""
    form, session, saved = request.form, current(), ""
    try:
        by, folder = _signed(), extracts.folder_of(session.home, form.get("folder", ""))
        with viewer().room():
            with session.desk() as desk, desk.vault.begin() as transaction:
                file = _find(transaction, name, number).file
                data = read_file(transaction, file)
            cleaned = clean(data, file.media_type)
        if cleaned.data is not None:
            with session.desk() as desk:
                one_of_present(by)
                with desk.vault.begin() as transaction:
                    found = _find(transaction, name, number)
                path = folder / f"bersih-{name}-{found.place}.{cleaned.ending}"
                extracts.hand_out(desk, Deed.PASSED, found.case_id, found.place, path, cleaned.data, by=by, day=today())
                saved = str(path)
    except (StationError, CryptoError, OSError) as error:
        return _page(name, number, problem=_words(error), typed_for="teruskan")
    return _page(name, number, saved=saved, cleaned=cleaned)


def _page(
    name: str,
    number: int,
    *,
    seen: Preview | None = None,
    cleaned: Cleaned | None = None,
    saved: str = "",
    problem: str = "",
    typed_for: str = "",
) -> str:
    with current().desk() as desk, desk.vault.begin() as transaction:
        found = _find(transaction, name, number)
    return render_template(
        "file.html",
        case=name,
        file=found.file,
        place=found.place,
        seen=seen or viewer().kept(number),
        cleaned=cleaned,
        saved=saved,
        problem=problem,
        typed=request.form,
        typed_for=typed_for,
        sticks=sticks(),
    )


def _find(transaction: sa.Connection, name: str, number: int) -> _Found:
    """Return a file of a case that all those present may work on; raises Refused."""
    for place, file in enumerate(files_of(transaction, case_number(name)), 1):
        if file.id == number:
            return _Found(file, opened(transaction, name), place)
    abort(404)


def _signed() -> str:
    """Return who acts, one of those present with their own passphrase; raises Refused, WrongPassphrase."""
    by = one_of_present(request.form.get("oleh", ""))
    sign(by)
    return by


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return _NOT_WRITTEN.format(space.reason(error))
    return words(error)
