"""What those present are asked at the terminal before a case opens for the first time: the desk's page, in lines."""

from __future__ import annotations

import sys

import click

from crypto.encoding import today, visible
from station import statements
from station.cases import Case, show_case
from station.desk import Desk, demand_passphrase
from station.errors import Refused
from station.questions import answer_in_words
from station.terminal import say

_YES, _NO = {"y", "ya"}, {"t", "tidak"}

no_conflict_option = click.option(
    "--no-conflict", is_flag=True, help="Yang hadir tidak punya benturan kepentingan: tidak ditanyakan lagi."
)


def ask_statements(desk: Desk, name: str, *, no_conflict: bool) -> None:
    """Take what those present say of a conflict of interest where they have not said it yet; the log keeps it.

    With `no_conflict` it is "none", and nothing is asked. A conflict takes the passphrase of that very person. Raises
    Refused where there is no such case, where somebody has a conflict, and where nobody answers; WrongPassphrase,
    and then nothing is noted.
    """
    present = tuple(ring.reviewer for ring in desk.rings)
    with desk.vault.begin() as transaction:
        case = show_case(transaction, name)
        missing, conflicted = statements.stated(transaction, case.id, present)
    if missing and not conflicted:
        said = dict.fromkeys(missing, False) if no_conflict else _ask(desk, case, missing)
        with desk.vault.begin() as transaction:
            for who, conflict in said.items():
                statements.state_conflict(transaction, desk.home, case.id, who, conflict=conflict, day=today())
    with desk.vault.begin() as transaction:
        statements.must_be_stated(transaction, case.id, present)


def _ask(desk: Desk, case: Case, missing: tuple[str, ...]) -> dict[str, bool]:
    say(
        f"{case.name}: sebelum perkara ini dibuka pertama kali, setiap yang hadir menyatakan apakah punya benturan "
        "kepentingan: ia, keluarga atau atasannya disebut, atau ia tidak dapat menilai dengan bebas."
    )
    for field, label in statements.SHOWN.items():
        told = answer_in_words(field, case.fields.get(field, "-"))
        say(f"  {label}: {visible(told, indent='    ')}")
    try:
        return {who: _ask_one(desk, who) for who in missing}
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Refused(
            f"pernyataan benturan kepentingan untuk {case.name} belum lengkap: jawab di terminal, atau sebut "
            "--no-conflict bila tidak ada"
        ) from None


def _ask_one(desk: Desk, who: str) -> bool:
    while True:
        typed = click.prompt(f"{who} punya benturan kepentingan? [ya/tidak]", default="", show_default=False, err=True)
        answer = typed.strip().casefold()
        if answer in _NO:
            return False
        if answer in _YES:
            words = click.prompt(f"Frasa sandi {who}, karena hanya orangnya sendiri yang menyatakannya",
                                 hide_input=True, err=True)  # fmt: skip
            demand_passphrase(desk.home, who, words.strip())
            return True
