"""One case: what the reporter wrote, what was done, and what may be done next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from crypto.encoding import today
from station import casework, notes, referrals, retention, statements
from station.cases import Case, show_case
from station.casework import Wish
from station.deadlines import deadline
from station.desk import Desk
from station.drafts import draft
from station.errors import Refused
from station.fingerprint import must_be_read
from station.guard import letters_of
from station.pages import current
from station.pages.acting import act, one_of_present, sign, state_free, verdict
from station.pages.reading import hints
from station.paper import WAYS, way_of
from station.questions_offered import questions_for
from station.texts import offered
from station.transitions import Needs, Transition, who_may_approve
from station.working_days import load_holidays

blueprint = Blueprint("case", __name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """One step that those present may take: by whom, who could approve it, and the texts offered, by detail."""

    transition: Transition
    by: tuple[str, ...]
    approvers: tuple[str, ...]
    texts: dict[str, str]

    @property
    def needs_text(self) -> bool:
        """Tell whether the reporter must be told something."""
        return Needs.TEXT in self.transition.needs

    @property
    def needs_note(self) -> bool:
        """Tell whether a note must be written."""
        return Needs.NOTE in self.transition.needs


@blueprint.get("/perkara/<name>")
def show(name: str) -> str | Response:
    """Show a case, once those present have said that they have no conflict of interest."""
    return page(name)


@blueprint.post("/perkara/<name>/langkah")
def take(name: str) -> str | Response:
    """Take a step, or propose it with the proposer's own passphrase."""
    form = request.form

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        target, detail, by = form.get("langkah", ""), form.get("hasil", ""), one_of_present(form.get("oleh", ""))
        if casework.find(casework.facts_of(transaction, case_id).status, target, detail).approvers:
            sign(by)
        wish = Wish(target, by, detail, form.get("pesan", ""), form.get("catatan", ""), "diperiksa" in form)
        casework.take(transaction, desk.home, case_id, wish, day=today())

    return act(name, work, page, "case.show")


@blueprint.post("/perkara/<name>/usulan")
def judge(name: str) -> str | Response:
    """Approve what waits, refuse it or take it back, each with that person's own passphrase."""
    form = request.form

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        by, is_yes = form.get("oleh", ""), verdict()
        sign(by)
        waiting = casework.waiting(transaction, case_id)
        if is_yes and waiting is not None and waiting.wish.target == "referred":
            raise Refused("pelimpahan disetujui di halamannya, setelah isinya dibaca")
        if is_yes:
            must_be_read(form.get("isi", ""), waiting.digest if waiting is not None else "")
            state_free(transaction, desk, case_id, by)
            casework.approve(transaction, desk.home, case_id, by, day=today())
        else:
            casework.drop_proposal(transaction, desk.home, case_id, by, form.get("alasan", ""), day=today())

    return act(name, work, page, "case.show")


@blueprint.post("/perkara/<name>/jawab")
def answer(name: str) -> str | Response:
    """Note a message to the reporter without a step."""

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        text, checked = request.form.get("pesan", ""), "diperiksa" in request.form
        casework.answer(transaction, desk.home, case_id, text, by=desk.present, day=today(), checked=checked)

    return act(name, work, page, "case.show")


@blueprint.post("/perkara/<name>/catatan")
def note(name: str) -> str | Response:
    """Write an internal note."""

    def work(transaction: sa.Connection, desk: Desk, case_id: int) -> None:
        by, text = one_of_present(request.form.get("oleh", "")), request.form.get("catatan", "")
        notes.add_note(transaction, desk.home, case_id, by, text, day=today())

    return act(name, work, page, "case.show")


def page(name: str, problem: str = "", typed: Mapping[str, str] | None = None) -> str | Response:
    """Return the page of a case, with what could not be done in words; what was typed stands there again."""
    session, day, typed = current(), today(), request.form if typed is None else typed
    with session.desk() as desk, desk.vault.begin() as transaction:
        case_id = known(transaction, name)
        missing, conflicted = statements.stated(transaction, case_id, session.present)
        if missing or conflicted:
            line = show_case(transaction, name)
            said = {"missing": missing, "conflicted": conflicted, "members": desk.home.members}
            return render_template(
                "statement.html", case=line, shown=statements.SHOWN, problem=problem, typed=typed, **said
            )
        casework.open_first(transaction, desk.home, case_id, session.present[0], day=day)
        case, leads = show_case(transaction, name), casework.leads(transaction, desk.home, case_id)
        holidays = load_holidays(desk.home.folder)
        due = deadline(casework.facts_of(transaction, case_id), holidays)
        waiting = casework.waiting(transaction, case_id)
        origin = referrals.origin_of(transaction, case_id)
        return render_template(
            "case.html",
            case=case,
            due=due,
            overdue=due.overdue(day, holidays) if due else 0,
            steps=casework.steps_of(transaction, case_id),
            notes=notes.notes_of(transaction, case_id),
            waiting=waiting,
            choices=_choices(desk, case, session.present) if leads and waiting is None else (),
            members=desk.home.members,
            leads=leads,
            paper=way_of(transaction, case_id),
            paper_ways=WAYS,
            hold=retention.hold_of(transaction, case_id),
            ends=retention.ends(transaction, desk.home, case_id).get(case_id),
            origin=origin,
            origin_name=desk.home.name_of(origin.origin) if origin else "",
            referrals=referrals.referrals_of(transaction, case_id, desk.home.id),
            problem=problem,
            typed=typed,
            draft=draft(text, letters_of(transaction, case_id)) if (text := typed.get("pesan", "").strip()) else None,
            questions=questions_for(case.language),
            **hints(transaction, case, session.present),
        )


def _choices(desk: Desk, case: Case, present: Sequence[str]) -> list[Choice]:
    home, found = desk.home, []
    if home.taken_out:
        return []
    roles = {member.id: member.role for member in home.group.members}
    may = {who: casework.choices(home, case.status, who) for who in present}
    for each in dict.fromkeys(choice for choices in may.values() for choice in choices):
        if each.target == "referred":  # on a page of its own: what leaves is chosen there
            continue
        by = tuple(who for who in present if each in may[who])
        others = tuple(dict.fromkeys(o for who in by for o in who_may_approve(each, roles, who)))
        texts = {detail: offered(case.language, each.target, detail) for detail in each.details or ("",)}
        found.append(Choice(each, by, others, {detail: text for detail, text in texts.items() if text}))
    return found


def known(transaction: sa.Connection, name: str) -> int:
    """Return the id of a case, or answer that there is none."""
    try:
        return show_case(transaction, name).id
    except Refused:
        abort(404)
