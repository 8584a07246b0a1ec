"""The status machine: one table of what may become of a case, and who may do it.

Public codes are few, so that a seized receipt code shows no field work. Nobody closes a case alone, and nobody
approves what he proposed himself: a transition with `approvers` waits for another person, and one of the two is an
approver (decision 0035).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from crypto.mailbox import STATUSES
from keys.roster import Role

PREVIOUS = "previous"  # the status before need_info
EXTENDED = "extended"  # the same status, its deadline counted anew
SILENCE_DAYS = 60  # calendar days without a letter before a question may close a case
OPEN = tuple(status for status in STATUSES if not status.startswith("closed"))
CLOSED = tuple(status for status in STATUSES if status.startswith("closed"))

OUTCOMES = ("terbukti", "terbukti_sebagian", "tidak_terbukti", "perbaikan_pencegahan")
REASONS = ("bukan_kewenangan", "info_tidak_cukup", "sudah_ditangani", "duplikat", "bukan_pelanggaran", "spam")
RECIPIENTS = ("kpk", "polri", "kejaksaan", "itjen_kemendagri", "inspektorat_lain", "bpkp", "instansi_lain")

_V, _T, _I = Role.VERIFIKATOR, Role.TELAAH, Role.INSPEKTUR
_ANYBODY = frozenset({_V, _T, _I})
_TEAM, _HEAD = frozenset({_T, _I}), frozenset({_I})
_WORKED_ON = frozenset({"screening", "review", "examination"})


class Needs(enum.Flag):
    """What must be written before a transition is taken."""

    NOTHING = 0
    TEXT = enum.auto()  # to the reporter
    NOTE = enum.auto()  # for the file: a letter of assignment's number, a reason


@dataclass(frozen=True, slots=True)
class Transition:
    """From one of `sources` to `target`. Without `approvers` one person is enough; one of `details` is chosen."""

    sources: frozenset[str]
    target: str
    proposers: frozenset[Role]
    approvers: frozenset[Role] = frozenset()
    details: tuple[str, ...] = ()
    needs: Needs = Needs.NOTHING
    silence_days: int = 0


def _from(*sources: str) -> frozenset[str]:
    return frozenset(sources)


TRANSITIONS = (
    Transition(_from("received"), "screening", _ANYBODY),
    Transition(_from("screening"), "review", _ANYBODY),
    Transition(_WORKED_ON, "need_info", _ANYBODY, needs=Needs.TEXT),
    Transition(_from("need_info"), PREVIOUS, _ANYBODY, needs=Needs.NOTE),  # a letter of the reporter does it, too
    Transition(_from("need_info"), "closed_not_actionable", _ANYBODY, _TEAM, ("info_tidak_cukup",),
               Needs.TEXT, SILENCE_DAYS),
    Transition(_from("screening", "review"), "closed_not_actionable", _ANYBODY, _HEAD, REASONS, Needs.TEXT),
    Transition(_from("review"), "examination", _TEAM, _HEAD, needs=Needs.NOTE),
    Transition(_from("review", "examination"), EXTENDED, _TEAM, _HEAD, needs=Needs.TEXT | Needs.NOTE),
    Transition(_from("examination"), "follow_up", _TEAM, _HEAD, needs=Needs.NOTE),
    Transition(_from("examination"), "closed_done", _TEAM, _HEAD, ("tidak_terbukti", "perbaikan_pencegahan"),
               Needs.TEXT),
    Transition(_from("follow_up"), "closed_done", _TEAM, _HEAD, OUTCOMES),
    Transition(_from(*_WORKED_ON, "follow_up"), "referred", _TEAM, _HEAD, RECIPIENTS, Needs.NOTE),
    Transition(_from("referred"), "referred", _TEAM, _HEAD, RECIPIENTS, Needs.NOTE),  # what came since, or to one more
    Transition(_from("referred"), "closed_done", _TEAM, _HEAD, OUTCOMES, Needs.NOTE),
    Transition(_from("referred"), "review", _HEAD, needs=Needs.NOTE),
    Transition(_from(*CLOSED), "review", _HEAD, needs=Needs.NOTE),
)  # fmt: skip


def transitions_from(status: str) -> tuple[Transition, ...]:
    """Return what may become of a case of a status, in the order of the table."""
    return tuple(each for each in TRANSITIONS if status in each.sources)


def may_propose(transition: Transition, role: Role) -> bool:
    """Tell whether somebody of a role may take or propose a transition."""
    return role in transition.proposers


def may_approve(transition: Transition, role: Role, proposer: Role) -> bool:
    """Tell whether somebody of a role may approve what another person, of the role `proposer`, proposed."""
    if role in transition.approvers:
        return True
    return proposer in transition.approvers and role in _TEAM


def who_may_approve(transition: Transition, roles: Mapping[str, Role], proposer: str) -> tuple[str, ...]:
    """Return the reviewers of a unit, given with their roles, who may approve what one of them proposes."""
    by = roles[proposer]
    return tuple(who for who, role in roles.items() if who != proposer and may_approve(transition, role, by))
