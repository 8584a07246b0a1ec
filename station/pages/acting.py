"""What each form at a case does: one transaction by those who may, then back to a page; or what was wrong, in words."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from crypto.encoding import today
from crypto.errors import CryptoError, WrongPassphrase
from station import statements
from station.cases import case_number
from station.desk import Desk
from station.errors import Refused, StationError
from station.pages import current
from station.refusals import told

Work = Callable[[sa.Connection, Desk, int], None]
Signed = Callable[[sa.Connection, Desk, str], None]
Page = Callable[..., str | Response]


def act(name: str, work: Work, page: Page, back: str) -> str | Response:
    """Do something at a case and go to `back`; where it is refused, show `page` with why, and nothing has changed."""
    try:
        with current().desk() as desk, desk.vault.begin() as transaction:
            work(transaction, desk, opened(transaction, name))
    except (StationError, CryptoError) as error:
        return page(name, problem=words(error))
    return redirect(url_for(back, name=name, tersimpan=1))


def act_signed(work: Signed, page: Callable[[str], str], back: str, *, judges: bool = False) -> str | Response:
    """Do something that is about no case, as somebody who typed an own passphrase, and go to `back`.

    Whoever `judges` must have pressed one of the two buttons, which is looked at before the passphrase.
    """
    by = request.form.get("oleh", "")
    try:
        if judges:
            verdict()
        with current().desk() as desk, desk.vault.begin() as transaction:
            sign(by)
            work(transaction, desk, by)
    except (StationError, CryptoError) as error:
        return page(words(error))
    return redirect(url_for(back, tersimpan=1))


def opened(transaction: sa.Connection, name: str) -> int:
    """Return the id of a case that all those present may work on; raises Refused."""
    case_id = case_number(name)
    statements.must_be_stated(transaction, case_id, current().present)
    return case_id


def one_of_present(who: str) -> str:
    """Return a reviewer who is present; raises Refused."""
    if who not in current().present:
        raise Refused("pilih dulu siapa yang bertindak")
    return who


def verdict() -> bool:
    """Return whether the button that was pressed says yes; raises Refused where Enter was pressed and no button."""
    said = request.form.get("putusan", "")
    if said not in ("setuju", "tolak"):
        raise Refused("belum diputuskan: tekan salah satu tombolnya")
    return said == "setuju"


def sign(by: str, field: str = "frasa") -> None:
    """Demand that a field of the form holds the passphrase of a reviewer; raises WrongPassphrase, Refused."""
    current().verify(by, request.form.get(field, "").strip())


def state_free(transaction: sa.Connection, desk: Desk, case_id: int, by: str, field: str = "bebas") -> None:
    """Take the statement of whoever signs at a case that was opened without that person, from a field of the form.

    Raises Refused without one.
    """
    missing, _conflicted = statements.stated(transaction, case_id, (by,))
    if missing and request.form.get(field) != "ya":
        raise Refused(f"{by} belum menyatakan benturan kepentingan untuk perkara ini: centang bila tidak ada")
    if missing:
        statements.state_conflict(transaction, desk.home, case_id, by, conflict=False, day=today())


def sign_both(transaction: sa.Connection, desk: Desk, case_id: int, pair: tuple[str, str]) -> None:
    """Demand of two people a passphrase and a statement each: neither need have been there when the case was opened."""
    for who, phrase, free in zip(pair, ("frasa", "frasa-kedua"), ("bebas", "bebas-kedua"), strict=True):
        sign(who, phrase)
        state_free(transaction, desk, case_id, who, free)


def words(error: Exception) -> str:
    """Return what to say of an error: that a passphrase does not fit, or the error's own words."""
    return "Frasa sandi itu tidak cocok. Ketik lagi." if isinstance(error, WrongPassphrase) else told(error)
