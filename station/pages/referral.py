"""Passing a case on: what leaves is chosen and edited here, and read here by the person who approves it."""

from __future__ import annotations

from contextlib import nullcontext
from hashlib import sha256

import sqlalchemy as sa
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from crypto.encoding import today
from crypto.errors import CryptoError
from station import audit, casework, halts, referral, referrals
from station.arrivals import arrivals
from station.attachments import read_file
from station.audit import Deed
from station.cases import Case, show_case
from station.cleaning import clean
from station.desk import Desk
from station.drafts import draft
from station.errors import Refused, StationError
from station.guard import letters_of
from station.pages import current, viewer
from station.pages.acting import act, one_of_present, opened, sign, sign_both, state_free, verdict, words
from station.referral import SHY, Cleaner, Draft, Washed
from station.referral_letter import RECIPIENTS, covering_letter, items_of
from station.referrals import Referral
from station.statements import stated
from station.tables import REPORTER, messages
from station.texts import offered
from station.transitions import transitions_from, who_may_approve

blueprint = Blueprint("referral", __name__)
CLEANER: Cleaner | None = clean


@blueprint.get("/perkara/<name>/pelimpahan")
def show(name: str) -> str | BaseResponse:
    """Show what has been passed on, what waits, and the form."""
    return _page(name)


@blueprint.post("/perkara/<name>/pelimpahan")
def propose(name: str) -> str | BaseResponse:
    """Propose a referral with the proposer's own passphrase; the desk stays free while its files are cleaned."""
    by, wanted = request.form.get("oleh", ""), _draft()
    try:
        one_of_present(by)
        sign(by)
        cleaner = _cleaned(name, wanted, CLEANER) if CLEANER is not None else None
    except (StationError, CryptoError) as error:
        return _page(name, problem=words(error))

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        one_of_present(by)
        referral.propose(transaction, desk.home, case_id, wanted, by=by, day=today(), cleaner=cleaner)

    return act(name, work, _page, "referral.show")


@blueprint.post("/perkara/<name>/pelimpahan/putusan")
def judge(name: str) -> str | BaseResponse:
    """Approve what waits, refuse it or take it back, each with that person's own passphrase."""
    form = request.form

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        by, is_yes = form.get("oleh", ""), verdict()
        sign(by)
        if is_yes:
            state_free(transaction, desk, case_id, by)
            referral.approve(transaction, desk.home, case_id, by, form.get("isi", ""), day=today())
        else:
            casework.drop_proposal(transaction, desk.home, case_id, by, form.get("alasan", ""), day=today())

    return act(name, work, _page, "referral.show")


@blueprint.post("/perkara/<name>/pelimpahan/<int:number>/ulang")
def send_again(name: str, number: int) -> str | BaseResponse:
    """Send all rows of a referral again."""

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        referral.send_again(transaction, desk.home, case_id, number, by=desk.present, day=today())

    return act(name, work, _page, "referral.show")


@blueprint.post("/perkara/<name>/pelimpahan/<int:parcel>/tarik")
def withdraw(name: str, parcel: int) -> str | BaseResponse:
    """Let no further row of an approved parcel leave."""

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        halts.withdraw(transaction, desk.home, case_id, parcel, by=desk.present, day=today())

    return act(name, work, _page, "referral.show")


@blueprint.post("/perkara/<name>/pelimpahan/<int:parcel>/lanjut")
def go_on(name: str, parcel: int) -> str | BaseResponse:
    """Let the rest of a parcel leave, as two people with a passphrase each and no conflict of interest."""
    form = request.form
    pair = form.get("oleh", ""), form.get("bersama", "")

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        sign_both(transaction, desk, case_id, pair)
        halts.go_on(transaction, desk.home, case_id, parcel, pair, form.get("isi", -1, type=int), day=today())

    return act(name, work, _page, "referral.show")


@blueprint.get("/perkara/<name>/pelimpahan/<int:parcel>/surat.pdf")
def letter(name: str, parcel: int) -> Response:
    """Give the covering letter of what was approved."""
    with current().desk() as desk, desk.vault.begin() as transaction:
        try:
            case_id = opened(transaction, name)
        except Refused:
            abort(404)
        for found in referrals.referrals_of(transaction, case_id, desk.home.id):
            for each in found.approved:
                if each.id == parcel:
                    audit.note(transaction, desk.present, Deed.PRINTED, day=today(), case=case_id, detail=found.name)
                    data = covering_letter(
                        each.forwarded,
                        sender=desk.home.group.name_id,
                        recipient=_addressee(desk, found),
                        items=items_of(each.forwarded, each.washed),
                        sealed=found.sealed,
                    )
                    named = {"Content-Disposition": f'attachment; filename="surat-{found.name}-{parcel}.pdf"'}
                    return Response(data, mimetype="application/pdf", headers=named)
    abort(404)


def _cleaned(name: str, wanted: Draft, wash: Cleaner) -> Cleaner:
    """Clean the files of a draft, each outside the desk's lock and the vault; return what gives the results."""
    with current().desk() as desk, desk.vault.begin() as transaction:
        files = referral.ready(transaction, desk.home, opened(transaction, name), wanted)
    found: dict[tuple[bytes, str], Washed] = {}
    with viewer().room() if files else nullcontext():
        for file in files:
            with current().desk() as desk, desk.vault.begin() as transaction:
                data = read_file(transaction, file)
            found[sha256(data).digest(), file.media_type] = wash(data, file.media_type)

    def cleaner(data: bytes, media_type: str) -> Washed:
        if (washed := found.get((sha256(data).digest(), media_type))) is None:
            raise Refused("berkasnya berubah selagi dibersihkan; usulkan lagi")
        return washed

    return cleaner


def _addressee(desk: Desk, found: Referral) -> str:
    return RECIPIENTS.get(found.recipient) or f"Inspektur {desk.home.name_of(found.recipient)}"


def _draft() -> Draft:
    form = request.form
    return Draft(
        recipient=form.get("penerima", ""),
        fields={name: form.get(f"isi-{name}", "") for name in form.getlist("isian")},
        messages={int(n): form.get(f"teks-{n}", "") for n in form.getlist("surat") if n.isdecimal()},
        files=[int(n) for n in form.getlist("berkas") if n.isdecimal()],
        ground=form.get("dasar", ""),
        basis=form.get("dasar-teks", ""),
        reason=form.get("alasan", ""),
        text=form.get("pesan", ""),
        checked="diperiksa" in form,
    )


def _page(name: str, problem: str = "") -> str | BaseResponse:
    session, typed = current(), request.form.get("pesan", "").strip()
    with session.desk() as desk, desk.vault.begin() as transaction:
        try:
            case = show_case(transaction, name)
        except Refused:
            abort(404)
        missing, conflicted = stated(transaction, case.id, session.present)
        if missing or conflicted:
            return redirect(url_for("case.show", name=name))
        found = referrals.referrals_of(transaction, case.id, desk.home.id)
        said = sa.select(messages).where(messages.c.case_id == case.id).order_by(messages.c.id)
        return render_template(
            "referral.html",
            case=case,
            origin=referrals.origin_of(transaction, case.id),
            referrals=found,
            name_of=lambda recipient: _name(desk, recipient),
            waiting=casework.waiting(transaction, case.id),
            prepared=referrals.prepared(transaction, case.id, desk.home.id),
            digest_of=referral.digest_of,
            arrivals=arrivals(transaction, case.id),
            newest=referrals.last_letter(transaction, case.id),
            people=_people(desk, case) if casework.leads(transaction, desk.home, case.id) else (),
            members=desk.home.members,
            limits=referral.limits_of(transaction, desk.home, case.id),
            units=referral.units(transaction, desk.home, case.id),
            letters=[each for each in RECIPIENTS if not _reads(desk, each)],
            messages=transaction.execute(said).all(),
            reporter=REPORTER,
            shy=SHY,
            sent=_sent(found),
            offered=offered(case.language, "referred"),
            cleans=CLEANER is not None,
            problem=problem,
            draft=draft(typed, letters_of(transaction, case.id)) if typed else None,
            typed=request.form,
        )


def _people(desk: Desk, case: Case) -> dict[str, tuple[str, ...]]:
    """Return who of those present may propose a referral now, each with those who could approve it."""
    if desk.home.taken_out:
        return {}
    possible = [each for each in transitions_from(case.status) if each.target == "referred"]
    roles = {member.id: member.role for member in desk.home.group.members}
    return {
        who: who_may_approve(each, roles, who)
        for who in current().present
        for each in possible
        if each in casework.choices(desk.home, case.status, who)
    }


def _sent(found: tuple[Referral, ...]) -> dict[str, set[str]]:
    """Return what has been passed on to anybody, by kind: it is not chosen beforehand again."""
    kinds = ("fields", "messages", "files")
    return {k: {n for r in found for p in r.approved for n in p.sources[k]} for k in kinds}


def _reads(desk: Desk, recipient: str) -> bool:
    return recipient in desk.home.roster.group_ids and bool(desk.home.roster.group(recipient).members)


def _name(desk: Desk, recipient: str) -> str:
    return desk.home.name_of(recipient) if _reads(desk, recipient) else RECIPIENTS.get(recipient, recipient)
