"""Work on a case by the table of transitions: steps, and proposals that wait for another person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from keys.roster import Role
from station import audit, delivery, guard, referrals, tables
from station.audit import Deed
from station.cases import clean_text, is_given_up
from station.deadlines import NEVER, Facts
from station.errors import Refused
from station.fingerprint import fingerprint
from station.home import Home
from station.notes import MAX_NOTE_CHARACTERS, add_note
from station.referral_tables import referred_cases
from station.statements import must_be_free
from station.tables import REPORTER, cases, letters, messages, proposals, steps
from station.texts import OFFERED
from station.transitions import (
    EXTENDED,
    PREVIOUS,
    Needs,
    Transition,
    may_approve,
    may_propose,
    transitions_from,
)

SYSTEM = "-"  # a step that nobody took: a letter of the reporter did


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to become of a case. `by`: the reviewer; `text`: to the reporter; `note`: for the file."""

    target: str
    by: str
    detail: str = ""
    text: str = field(default="", repr=False)
    note: str = field(default="", repr=False)
    checked: bool = False  # the text was looked at again after a warning


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, in order."""

    day: int
    source: str
    target: str
    detail: str
    note: str = field(repr=False)
    by: str
    approved: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for another person."""

    day: int
    wish: Wish

    @property
    def digest(self) -> str:
        """Fingerprint of what another person must have read."""
        w = self.wish
        return fingerprint(day=self.day, target=w.target, detail=w.detail, text=w.text, note=w.note, by=w.by)


def choices(home: Home, status: str, reviewer: str) -> tuple[Transition, ...]:
    """Return what a reviewer may take or propose for a case of a status."""
    role = home.role_of(reviewer)
    return tuple(each for each in transitions_from(status) if may_propose(each, role))


def find(status: str, target: str, detail: str) -> Transition:
    """Return the transition of the table; raises Refused when there is none."""
    for each in transitions_from(status):
        if each.target == target and (detail in each.details if each.details else not detail):
            return each
    raise Refused("langkah ini tidak ada untuk status perkara sekarang; muat ulang halamannya")


def take(transaction: sa.Connection, home: Home, case_id: int, wish: Wish, *, day: int) -> bool:
    """Take a step, or propose it where another person must approve; tell whether it was taken.

    Raises Refused when the table does not allow it, something that must be written is missing, or a proposal
    waits already.
    """
    home.must_serve()
    status = _status(transaction, case_id)
    _must_lead(transaction, home, case_id)
    transition = find(status, wish.target, wish.detail)
    if not may_propose(transition, home.role_of(wish.by)):
        raise Refused(f"{wish.by} ({home.role_of(wish.by)}) tidak berwenang untuk langkah ini")
    must_be_free(transaction, case_id, wish.by)
    if waiting(transaction, case_id) is not None:
        raise Refused("sebuah usulan sudah menunggu untuk perkara ini; setujui, tolak atau tarik dulu")
    text, note = clean_text(wish.text), wish.note.strip()
    if (
        Needs.TEXT in transition.needs
        and not text
        and (wish.target == "need_info" or not is_given_up(transaction, case_id))
    ):
        raise Refused("tulis dulu pesan untuk pelapor: langkah ini selalu dijelaskan kepadanya")
    if Needs.NOTE in transition.needs and not note:
        raise Refused("isi dulu catatan: dasar langkah ini, misalnya nomor surat tugas atau alasannya")
    if len(note) > MAX_NOTE_CHARACTERS:
        raise Refused(f"catatan terlalu panjang: paling banyak {MAX_NOTE_CHARACTERS} huruf")
    _must_be_read(transaction, case_id, text)
    _must_ask(transaction, case_id, transition, wish, text)
    if wish.target == "referred":
        referrals.must_be_prepared(transaction, case_id)
    if transition.silence_days and referrals.origin_of(transaction, case_id) is not None:
        raise Refused("unit asal yang menyampaikan pertanyaan: dari sini tidak terlihat apakah pelapor diam")
    if transition.silence_days:
        delivery.must_be_silent(transaction, home, facts_of(transaction, case_id), transition.silence_days, day=day)
    guard.demand(transaction, case_id, text, wish.by, checked=wish.checked, day=day)
    wish = Wish(wish.target, wish.by, wish.detail, text, note)
    if transition.approvers:
        _propose(transaction, case_id, status, wish, day)
        audit.note(transaction, wish.by, Deed.PROPOSED, day=day, case=case_id, detail=_named(status, wish))
        return False
    _apply(transaction, home, case_id, status, wish, day=day)
    audit.note(transaction, wish.by, Deed.TOOK, day=day, case=case_id, detail=_named(status, wish))
    return True


def answer(
    transaction: sa.Connection, home: Home, case_id: int, text: str, *, by: str, day: int, checked: bool = False
) -> None:
    """Note a message to the reporter for the next outbox, without a step.

    Raises Refused for an empty or overlong one, for a mailbox that was given up, and where another station answers;
    Unchecked for one that points at the reporter and was not looked at again.
    """
    home.must_serve()
    _must_lead(transaction, home, case_id)
    text = clean_text(text)
    if not text:
        raise Refused("pesannya masih kosong")
    _must_be_read(transaction, case_id, text)
    guard.demand(transaction, case_id, text, by, checked=checked, day=day)
    _say(transaction, home, case_id, text, day)
    audit.note(transaction, by, Deed.ANSWERED, day=day, case=case_id)


def reply(
    transaction: sa.Connection, home: Home, case_id: int, present: Collection[str], wish: Wish, *, day: int
) -> None:
    """Answer as those who are present together: a step of theirs where the wish names another status, and a text.

    The first of them who may takes or proposes it, another one approves. Raises Refused as `take`, `approve` and
    `answer` do, and where nobody present may.
    """
    status = _status(transaction, case_id)
    if wish.target in ("", status):
        answer(transaction, home, case_id, wish.text, by="+".join(present), day=day, checked=wish.checked)
        return
    home.must_serve()
    _must_lead(transaction, home, case_id)
    roles = {who: home.role_of(who) for who in present}
    _must_be_read(transaction, case_id, clean_text(wish.text))
    is_first = status == "received" and wish.target != "screening"
    transition = find("screening" if is_first else status, wish.target, wish.detail)
    pairs = [
        (by, other)
        for by, role in roles.items()
        if may_propose(transition, role)
        for other in (roles if transition.approvers else ("",))
        if not other or (other != by and may_approve(transition, roles[other], role))
    ]
    if not pairs:
        needed = f"mengusulkan: {_names(transition.proposers)}"
        needed += f"; menyetujui: {_names(transition.approvers)}, orang lain" if transition.approvers else ""
        raise Refused(f"yang hadir tidak berwenang untuk langkah ini ({needed})")
    by, other = pairs[0]
    if is_first:
        take(transaction, home, case_id, Wish("screening", by), day=day)
    if not take(transaction, home, case_id, replace(wish, by=by), day=day):
        approve(transaction, home, case_id, other, day=day)


def approve(transaction: sa.Connection, home: Home, case_id: int, by: str, *, day: int) -> None:
    """Say yes to what waits, as another person of a role that may; raises Refused."""
    home.must_serve()
    found = _waiting(transaction, case_id)
    status = _status(transaction, case_id)
    if status != found.source:
        raise Refused("status perkara sudah berubah sejak usulan ini dibuat; tolak atau tarik usulannya")
    transition = find(status, found.target, found.detail)
    if by == found.by:
        raise Refused(f"{by} mengusulkan langkah ini dan tidak dapat menyetujuinya sendiri; orang lain harus menilai")
    if not may_approve(transition, home.role_of(by), home.role_of(found.by)):
        raise Refused(f"{by} ({home.role_of(by)}) tidak berwenang menyetujui langkah ini")
    must_be_free(transaction, case_id, by, found.by)
    wish = Wish(found.target, found.by, found.detail, found.text, found.note)
    referrals.decide(transaction, case_id, approved=True)
    _apply(transaction, home, case_id, status, wish, approved=by, day=day)
    transaction.execute(sa.delete(proposals).where(proposals.c.case_id == case_id))
    audit.note(transaction, by, Deed.APPROVED, day=day, case=case_id, detail=_named(status, wish))


def drop_proposal(transaction: sa.Connection, home: Home, case_id: int, by: str, why: str, *, day: int) -> None:
    """Refuse what waits, or take it back; a note keeps it and why. Raises Refused."""
    home.role_of(by)
    found = _waiting(transaction, case_id)
    if not why.strip():
        raise Refused("tulis dulu alasannya")
    if by != found.by:
        must_be_free(transaction, case_id, by)
    verb = "menarik" if by == found.by else "menolak"
    add_note(transaction, home, case_id, by, f"{verb} usulan {found.by} ({found.target}): {why.strip()}", day=day)
    referrals.decide(transaction, case_id, approved=False)
    transaction.execute(sa.delete(proposals).where(proposals.c.case_id == case_id))
    audit.note(transaction, by, Deed.DROPPED, day=day, case=case_id, detail=found.target)


def waiting(transaction: sa.Connection, case_id: int) -> Proposal | None:
    """Return what waits for another person, None when nothing does."""
    row = transaction.execute(sa.select(proposals).where(proposals.c.case_id == case_id)).one_or_none()
    return None if row is None else Proposal(row.day, Wish(row.target, row.by, row.detail, row.text, row.note))


def steps_of(transaction: sa.Connection, case_id: int) -> tuple[Step, ...]:
    """Return the steps of a case, oldest first."""
    query = sa.select(steps).where(steps.c.case_id == case_id).order_by(steps.c.id)
    return tuple(
        Step(row.day, row.source, row.target, row.detail, row.note, row.by, row.approved)
        for row in transaction.execute(query)
    )


def open_first(transaction: sa.Connection, home: Home, case_id: int, by: str, *, day: int) -> None:
    """Move a case that nobody had opened to the first check."""
    if _status(transaction, case_id) == "received" and not home.taken_out and leads(transaction, home, case_id):
        take(transaction, home, case_id, Wish("screening", by), day=day)


def leads(transaction: sa.Connection, home: Home, case_id: int) -> bool:
    """Tell whether this station answers a case."""
    readers = transaction.scalar(sa.select(cases.c.readers).where(cases.c.id == case_id))
    return home.leads(tuple(readers or ("",)))


def letter_came(transaction: sa.Connection, case_id: int, *, day: int) -> None:
    """A letter of the reporter ends the wait for an answer."""
    status = _status(transaction, case_id)
    if status == "need_info":
        target = _before_question(transaction, case_id)
        _note_step(transaction, case_id, status, Wish(target, SYSTEM), "", day)


def count_told(transaction: sa.Connection, case_id: int) -> int:
    """Return how many messages the reporter of a case has been written."""
    ours = sa.select(sa.func.count()).where(messages.c.case_id == case_id, messages.c.sender != REPORTER)
    return transaction.scalar(ours) or 0


def facts_of(transaction: sa.Connection, case_id: int) -> Facts:
    """Return the days that a case's deadlines are counted from."""
    return all_facts(transaction, cases.c.id == case_id)[case_id]


def all_facts(transaction: sa.Connection, *only: sa.ColumnElement[bool]) -> dict[int, Facts]:
    """Return the same for all cases, or for those of which something holds, by case."""
    among = sa.select(cases.c.id).where(*only)

    def latest(day: sa.Column[int], case: sa.Column[int], *which: sa.ColumnElement[bool]) -> dict[int, int]:
        query = sa.select(case, sa.func.max(day)).where(*which, *([case.in_(among)] if only else [])).group_by(case)
        return {row[0]: row[1] for row in transaction.execute(query)}

    since = latest(steps.c.day, steps.c.case_id)
    told = latest(messages.c.day, messages.c.case_id, messages.c.sender != REPORTER)
    wrote = latest(letters.c.arrived, letters.c.case_id)
    asked = delivery.asked_since(transaction, *([tables.asked.c.case_id.in_(among)] if only else []))
    passed_on = set(transaction.scalars(sa.select(referred_cases.c.case_id)))  # others ask those reporters
    query = sa.select(cases.c.id, cases.c.status, cases.c.day)
    return {
        row.id: Facts(
            row.status,
            row.day,
            since.get(row.id, row.day),
            told.get(row.id, NEVER),
            wrote.get(row.id, NEVER),
            since.get(row.id, row.day) if row.id in passed_on else asked.get(row.id, NEVER),
        )
        for row in transaction.execute(query.where(*only))
    }


def _apply(
    transaction: sa.Connection, home: Home, case_id: int, status: str, wish: Wish, *, day: int, approved: str = ""
) -> None:
    target, detail = wish.target, wish.detail
    if target == PREVIOUS:
        target = _before_question(transaction, case_id)
    elif target == EXTENDED:
        target, detail = status, EXTENDED
    _note_step(transaction, case_id, status, Wish(target, wish.by, detail, "", wish.note), approved, day)
    if wish.text:
        _say(transaction, home, case_id, wish.text, day)


def _say(transaction: sa.Connection, home: Home, case_id: int, text: str, day: int) -> None:
    sender = home.station.group
    transaction.execute(sa.insert(messages).values(case_id=case_id, day=day, sender=sender, text=text))


def _note_step(transaction: sa.Connection, case_id: int, status: str, wish: Wish, approved: str, day: int) -> None:
    transaction.execute(sa.update(cases).where(cases.c.id == case_id).values(status=wish.target))
    if wish.target == "need_info":
        delivery.forget(transaction, case_id)
    transaction.execute(
        sa.insert(steps).values(
            case_id=case_id, day=day, source=status, target=wish.target, detail=wish.detail, note=wish.note,
            by=wish.by, approved=approved,
        )
    )  # fmt: skip


def _propose(transaction: sa.Connection, case_id: int, status: str, wish: Wish, day: int) -> None:
    transaction.execute(
        sa.insert(proposals).values(
            case_id=case_id, day=day, source=status, target=wish.target, detail=wish.detail, text=wish.text,
            note=wish.note, by=wish.by,
        )
    )  # fmt: skip


def _status(transaction: sa.Connection, case_id: int) -> str:
    found = transaction.scalar(sa.select(cases.c.status).where(cases.c.id == case_id))
    if found is None:
        raise Refused("perkara ini tidak ada")
    return str(found)


def _waiting(transaction: sa.Connection, case_id: int) -> sa.Row[tuple[object, ...]]:
    row = transaction.execute(sa.select(proposals).where(proposals.c.case_id == case_id)).one_or_none()
    if row is None:
        raise Refused("tidak ada usulan yang menunggu untuk perkara ini")
    return row


def _before_question(transaction: sa.Connection, case_id: int) -> str:
    query = sa.select(steps.c.source).where(steps.c.case_id == case_id, steps.c.target == "need_info")
    return transaction.scalar(query.order_by(steps.c.id.desc()).limit(1)) or "screening"


def _must_lead(transaction: sa.Connection, home: Home, case_id: int) -> None:
    if not leads(transaction, home, case_id):
        raise Refused("stasiun lain yang menjawab perkara ini")


def _must_ask(transaction: sa.Connection, case_id: int, transition: Transition, wish: Wish, text: str) -> None:
    """Refuse a question that asks nothing, and "not enough information" of somebody who was never asked."""
    if wish.target == "need_info" and text in {each["need_info"].strip() for each in OFFERED.values()}:
        raise Refused("tulis dulu pertanyaannya: yang ada baru kalimat pembuka")
    if wish.detail == "info_tidak_cukup" and not transition.silence_days and not is_given_up(transaction, case_id):
        asked = sa.select(steps.c.id).where(steps.c.case_id == case_id, steps.c.target == "need_info").limit(1)
        if transaction.scalar(asked) is None:
            raise Refused("tanyakan dulu kepada pelapor apa yang kurang: ia belum pernah ditanya")


def _must_be_read(transaction: sa.Connection, case_id: int, text: str) -> None:
    """Refuse a text for a mailbox that its reporter gave up."""
    if text and is_given_up(transaction, case_id):
        raise Refused("pelapor sudah menghapus kotaknya: pesan tidak akan terbaca lagi; kosongkan pesannya")


def _named(status: str, wish: Wish) -> str:
    return f"{status} {wish.target} {wish.detail}".rstrip()


def _names(roles: Collection[Role]) -> str:
    return " atau ".join(role for role in Role if role in roles)
