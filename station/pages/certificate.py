"""The words of proof that somebody brings: checked, and certified."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crypto.claim import read_claim
from crypto.encoding import today
from crypto.errors import CryptoError
from crypto.receipt import Mistyped
from station import certificate, extracts, space
from station.cases import show_case
from station.errors import Refused, StationError
from station.pages import current
from station.pages.acting import one_of_present, opened, sign, words
from station.pages.courier import sticks

blueprint = Blueprint("certificate", __name__)


@blueprint.get("/perkara/<name>/bukti")
def ask(name: str) -> str | Response:
    """Ask for the words."""
    try:
        return _page(name)
    except Refused:
        return redirect(url_for("case.show", name=name))  # it asks for the statements, or says that there is no case


@blueprint.post("/perkara/<name>/bukti")
def check(name: str) -> str | Response:
    """Tell whether the words are the writer's; issue the certificate where one of those present signs for it."""
    form, day = request.form, today()
    is_asked, by = form.get("putusan") == "terbitkan", form.get("oleh", "")
    try:
        if is_asked:
            sign(one_of_present(by))
            folder = extracts.folder_of(current().home, form.get("folder", ""))
        with current().desk() as desk:
            secret = read_claim(form.get("kata", ""))
            with desk.vault.begin() as transaction:
                opened(transaction, name)
                fits = certificate.claim_fits(transaction, name, secret, by=desk.present, day=day)
            if not fits:
                return _page(name, problem="Tidak cocok: kata bukti ini bukan milik penulis laporan ini.")
            if not is_asked:
                return _page(name, fits=True)
            with desk.vault.begin() as transaction:
                holder = form.get("nama", "")
                made = certificate.issue(transaction, desk, name, secret, folder, by=by, holder=holder, day=day)
        return _page(name, made=made)
    except Mistyped as error:
        place = f" Periksa kata nomor {error.word}." if error.word else ""
        return _page(name, problem=f"Kata bukti itu tidak terbaca.{place}")
    except OSError as error:
        return _page(name, problem=f"Surat tidak dapat ditulis: {space.reason(error)}")
    except (StationError, CryptoError) as error:
        return _page(name, problem=words(error))


def _page(name: str, *, problem: str = "", fits: bool = False, made: Path | None = None) -> str:
    with current().desk() as desk, desk.vault.begin() as transaction:
        case = show_case(transaction, name)
        opened(transaction, name)
        home = desk.home
    typed = {} if made else request.form
    return render_template(
        "certificate.html", case=case, problem=problem, fits=fits, made=made, typed=typed, sticks=sticks(),
        can_issue=not home.taken_out,
    )  # fmt: skip
