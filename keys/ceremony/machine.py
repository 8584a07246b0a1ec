"""The key ceremony as a machine: what is asked, in which order, and what each answer leads to.

    Step(state, effect, problem) = advance(state, input)

No input or output, no clock, no dice: those are effects, carried out by `keys.ceremony.workshop`, and what comes
of them is the next input. Passphrases pass through effects only and never stand in a State; a State holds
answers and public keys. `TABLE` is the whole behaviour; a pair that is not in it changes nothing and says
what is wanted.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from crypto.encoding import DAY_ZERO, epoch_of
from crypto.sharing import MAX_MEMBERS
from keys.ceremony import answers
from keys.ceremony.states import (
    Again,
    Back,
    Clock,
    Do,
    Done,
    Effect,
    Failed,
    Holder,
    Input,
    Made,
    No,
    Own,
    Restored,
    Reviewer,
    Secret,
    Stage,
    State,
    Step,
    Text,
    Whose,
    Yes,
)

MAX_ROOTS, MIN_DAYS, MAX_DAYS = 9, 30, 800
SHEETS_SPLIT, SHEETS_NEEDED = 3, 2
FRESH_EPOCHS = 4  # weekly keys that are older, or ahead of the clock, are made again
LAST_DAY: Final = (datetime.date(2100, 12, 31) - DAY_ZERO).days


def start(*, saved: bool, language: str = "") -> Step:
    """Begin, or begin again where progress lies; without a language it is asked."""
    state = State(saved=saved, language=language)
    return _go(state, Stage.READING_CLOCK, Do.READ_CLOCK) if language else Step(state)


def advance(state: State, given: Input) -> Step:
    """Return where an input leads. A pair that the table does not know changes nothing."""
    move = TABLE.get((state.stage, type(given)))
    return _want(state, given) if move is None else move(state, given)


def settle(state: State) -> State:
    """Return the state that outlives this process: no question half asked, no effect half done, nobody's turn lost."""
    while state.stage is Stage.REDO:
        state = advance(state, No()).state
    stage = state.then if state.stage in (Stage.RESUMED, Stage.STALE) else state.stage
    stage = _SETTLED.get(stage, stage)
    return replace(state, stage=stage, then=Stage.LANGUAGE, language="", day=0, saved=True, drawn=False, signers=())


# --- moves -------------------------------------------------------------------------------------------

Move = Callable[[State, Any], Step]


def _go(state: State, stage: Stage, do: Do | None = None, words: str = "", **changes: Any) -> Step:
    return Step(replace(state, stage=stage, **changes), None if do is None else Effect(do, words))


def _want(state: State, given: Input) -> Step:
    return Step(state, problem="no-back" if isinstance(given, Back) else f"want-{state.stage}")


def _to(stage: Stage, do: Do | None = None) -> Move:
    """Make a move that always leads to one stage; a secret goes along with the effect."""
    return lambda state, given: _go(state, stage, do, given.words if isinstance(given, Secret) else "")


def _failed(stage: Stage) -> Move:
    return lambda state, given: replace(_go(state, stage), problem=given.problem)


def _answer(name: str, read: Callable[[State, str], str | int | None], stage: Stage, do: Do | None = None) -> Move:
    """Make a move that reads an answer into one field of the state."""

    def move(state: State, given: Text) -> Step:
        found = read(state, given.words)
        return _want(state, given) if found is None else _go(_set(state, name, found), stage, do)

    return move


def _number(low: int, high: int) -> Callable[[State, str], int | None]:
    return lambda state, text: answers.number(state, text, low, high)


def _set(state: State, name: str, value: Any) -> State:
    return replace(state, **{name: value})


def _clock(state: State, given: Clock) -> Step:
    if not 0 <= given.day <= LAST_DAY:
        return replace(_go(state, Stage.STOPPED), problem="clock-wrong")
    return _go(state, Stage.CLOCK, day=given.day)


def _clock_right(state: State, given: Yes) -> Step:
    return _go(state, Stage.UNLOCK) if state.saved else _offer(state, Whose.SESSION, 0)


def _clock_not_right(state: State, given: No) -> Step:
    return replace(_go(state, Stage.STOPPED), problem="clock-to-set")


def _restored(state: State, given: Restored) -> Step:
    kept = replace(given.state, language=state.language, day=state.day, saved=True)
    return _go(kept, Stage.RESUMED, then=given.state.stage)


def _damaged(state: State, given: Failed) -> Step:
    return replace(_go(state, Stage.UNLOCK if given.problem == "wrong" else Stage.STOPPED), problem=given.problem)


def _resume(state: State, given: Yes) -> Step:
    ages = [epoch_of(state.day) - r.first_epoch for r in state.reviewers]
    stale = any(not 0 <= age <= FRESH_EPOCHS for age in ages)
    if stale and state.then not in (Stage.VERIFYING, Stage.CHECKLIST):
        return _go(state, Stage.STALE)
    return _go(state, state.then, _ENTERED_BY.get(state.then), then=Stage.LANGUAGE)


def _renew(state: State, given: Yes) -> Step:
    return _next_reviewer(replace(state, reviewers=(), station_key=""))


def _offer(state: State, whose: Whose, number: int) -> Step:
    return _go(state, Stage.DRAWING, Do.DRAW, whose=whose, number=number, drawn=False)


def _leave_offer(state: State, given: Back) -> Step:
    if state.whose is Whose.SESSION:
        return _want(state, given)
    if state.whose is Whose.ROOT:
        return _go(state, Stage.ROOT_SHEETS)
    made = [r.number for r in state.reviewers if r.number < state.number]
    return _ask_redo(state, max(made), Stage.DRAWING) if made else _go(state, Stage.REVIEWER_QUORUM)


def _choose_another(state: State, given: Back) -> Step:
    return _offer(state, state.whose, state.number)


def _leave_repeat(state: State, given: Back) -> Step:
    return _go(state, Stage.OFFER if state.drawn else Stage.CHOOSE)


def _lock(state: State, given: Secret) -> Step:
    effects = {
        Whose.SESSION: Do.LOCK_SESSION,
        Whose.ROOT: Do.MAKE_ROOT,
        Whose.REVIEWER: Do.MAKE_REVIEWER,
    }
    return _go(state, Stage.LOCKING, effects[state.whose], given.words)


def _locked(state: State, given: Done) -> Step:
    if state.whose is not Whose.SESSION:
        return _want(state, given)
    return _go(state, Stage.DEPLOYMENT, saved=True)


def _made(state: State, given: Made) -> Step:
    if state.whose is Whose.ROOT:
        new = Holder(state.number, state.name, state.sheets, given.key)
        holders = sorted((*state.holders, new), key=lambda h: h.number)
        return _next_root(replace(state, holders=tuple(holders), name=""))
    if state.whose is Whose.REVIEWER:
        made = Reviewer(state.number, given.key, epoch_of(state.day))
        reviewers = sorted((*state.reviewers, made), key=lambda r: r.number)
        return _next_reviewer(replace(state, reviewers=tuple(reviewers)))
    return _want(state, given)


def _root_quorum(state: State, given: Text) -> Step:
    found = answers.number(state, given.words, 1, state.root_count)
    return _want(state, given) if found is None else _next_root(replace(state, root_k=found))


def _next_root(state: State) -> Step:
    made = {h.number for h in state.holders}
    missing = [number for number in range(1, state.root_count + 1) if number not in made]
    if missing:
        return _go(state, Stage.ROOT_NAME, whose=Whose.ROOT, number=missing[0])
    unproven = [h.number for h in state.holders if not h.proven]
    if unproven:
        return _go(state, Stage.PROVE, whose=Whose.ROOT, number=unproven[0])
    return _go(state, Stage.SERVER_KEY, Do.MAKE_SERVER)


def _leave_root_name(state: State, given: Back) -> Step:
    made = [h.number for h in state.holders if h.number < state.number] or [h.number for h in state.holders]
    return _ask_redo(state, max(made), Stage.ROOT_NAME) if made else _go(state, Stage.ROOT_QUORUM)


def _root_sheets(state: State, given: Text) -> Step:
    found = answers.number(state, given.words, 1, SHEETS_SPLIT)
    if found not in (1, SHEETS_SPLIT):
        return _want(state, given)
    return _offer(replace(state, sheets=found), Whose.ROOT, state.number)


def _proven(state: State, given: Done) -> Step:
    holders = tuple(replace(h, proven=h.proven or h.number == state.number) for h in state.holders)
    return _next_root(replace(state, holders=holders))


def _ask_redo(state: State, number: int, then: Stage) -> Step:
    return _go(state, Stage.REDO, number=number, then=then)


def _doubt_root(state: State, given: Back) -> Step:
    return _ask_redo(state, state.number, Stage.PROVE)


def _doubt_reviewer(state: State, given: Back) -> Step:
    return _ask_redo(replace(state, whose=Whose.REVIEWER), state.reviewer_count, Stage.DAYS)


def _redo(state: State, given: Yes) -> Step:
    """Throw a finished key away. Another root key is another fingerprint: every sheet is to be written again."""
    if state.whose is Whose.ROOT:
        kept = tuple(replace(h, proven=False) for h in state.holders if h.number != state.number)
        return _next_root(replace(state, holders=kept, name=state.holder(state.number).name, then=Stage.LANGUAGE))
    reviewers = tuple(r for r in state.reviewers if r.number != state.number)
    return _next_reviewer(replace(state, reviewers=reviewers, station_key="", then=Stage.LANGUAGE))


def _keep(state: State, given: No | Back) -> Step:
    asked, state = state.then, replace(state, then=Stage.LANGUAGE)
    if asked is Stage.ROOT_NAME:
        return _next_root(state)
    return _next_reviewer(state) if asked is Stage.DRAWING else _go(state, asked)


def _server(state: State, given: Made) -> Step:
    return _go(state, Stage.GROUP, server_key=given.key)


def _reviewer_quorum(state: State, given: Text) -> Step:
    found = answers.quorum(state, given.words)
    return _want(state, given) if found is None else _next_reviewer(replace(state, reviewer_k=found))


def _next_reviewer(state: State) -> Step:
    made = {r.number for r in state.reviewers}
    missing = [number for number in range(1, state.reviewer_count + 1) if number not in made]
    return _offer(state, Whose.REVIEWER, missing[0]) if missing else _go(state, Stage.STATION_KEY, Do.MAKE_STATION)


def _station(state: State, given: Made) -> Step:
    return _go(state, Stage.DAYS, station_key=given.key)


def _agreed(state: State, given: Yes) -> Step:
    return _go(state, Stage.SIGNER, signers=())


def _signer(state: State, given: Text) -> Step:
    found = answers.number(state, given.words, 1, state.root_count)
    if found is None or found in state.signers:
        return _want(state, given)
    return _go(state, Stage.SIGN, whose=Whose.ROOT, number=found)


def _opened(state: State, given: Done) -> Step:
    signers = (*state.signers, state.number)
    if len(signers) < state.root_k:
        return _go(state, Stage.SIGNER, signers=signers)
    return _go(state, Stage.FINISHING, Do.FINISH, signers=signers)


_SETTLED: Final[Mapping[Stage, Stage]] = {
    **dict.fromkeys((Stage.OFFER, Stage.CHOOSE, Stage.WEIGHING, Stage.REPEAT, Stage.LOCKING), Stage.DRAWING),
    **dict.fromkeys((Stage.SIGNER, Stage.SIGN, Stage.OPENING, Stage.FINISHING), Stage.SUMMARY),
    Stage.SHEETING: Stage.PROVE,
    Stage.CLEANING: Stage.CHECKLIST,
}
_ENTERED_BY: Final[Mapping[Stage, Do]] = {
    Stage.DRAWING: Do.DRAW,
    Stage.SERVER_KEY: Do.MAKE_SERVER,
    Stage.STATION_KEY: Do.MAKE_STATION,
    Stage.VERIFYING: Do.VERIFY,
}
TABLE: Final[Mapping[tuple[Stage, type[Any]], Move]] = {
    (Stage.LANGUAGE, Text): _answer("language", answers.language, Stage.READING_CLOCK, Do.READ_CLOCK),
    (Stage.READING_CLOCK, Clock): _clock,
    (Stage.CLOCK, Yes): _clock_right,
    (Stage.CLOCK, No): _clock_not_right,
    (Stage.UNLOCK, Secret): _to(Stage.UNLOCKING, Do.OPEN_SESSION),
    (Stage.UNLOCKING, Restored): _restored,
    (Stage.UNLOCKING, Failed): _damaged,
    (Stage.RESUMED, Yes): _resume,
    (Stage.RESUMED, No): _to(Stage.STOPPED),
    (Stage.STALE, Yes): _renew,
    (Stage.STALE, No): _to(Stage.STOPPED),
    (Stage.DRAWING, Done): lambda state, given: _go(state, Stage.OFFER, drawn=True),
    (Stage.OFFER, Yes): _to(Stage.REPEAT),
    (Stage.OFFER, Again): _to(Stage.DRAWING, Do.DRAW),
    (Stage.OFFER, Own): lambda state, given: _go(state, Stage.CHOOSE, drawn=False),
    (Stage.OFFER, Back): _leave_offer,
    (Stage.CHOOSE, Secret): _to(Stage.WEIGHING, Do.WEIGH),
    (Stage.CHOOSE, Back): _choose_another,
    (Stage.WEIGHING, Done): _to(Stage.REPEAT),
    (Stage.WEIGHING, Failed): _failed(Stage.CHOOSE),
    (Stage.REPEAT, Secret): _lock,
    (Stage.REPEAT, Back): _leave_repeat,
    (Stage.LOCKING, Done): _locked,
    (Stage.LOCKING, Made): _made,
    (Stage.LOCKING, Failed): _failed(Stage.REPEAT),
    (Stage.DEPLOYMENT, Text): _answer("deployment", answers.deployment_id, Stage.ROOT_COUNT),
    (Stage.ROOT_COUNT, Text): _answer("root_count", _number(1, MAX_ROOTS), Stage.ROOT_QUORUM),
    (Stage.ROOT_COUNT, Back): _to(Stage.DEPLOYMENT),
    (Stage.ROOT_QUORUM, Text): _root_quorum,
    (Stage.ROOT_QUORUM, Back): _to(Stage.ROOT_COUNT),
    (Stage.ROOT_NAME, Text): _answer("name", answers.person_name, Stage.ROOT_SHEETS),
    (Stage.ROOT_NAME, Back): _leave_root_name,
    (Stage.ROOT_SHEETS, Text): _root_sheets,
    (Stage.ROOT_SHEETS, Back): _to(Stage.ROOT_NAME),
    (Stage.REDO, Yes): _redo,
    (Stage.REDO, No): _keep,
    (Stage.REDO, Back): _keep,
    (Stage.PROVE, Secret): _to(Stage.SHEETING, Do.WRITE_SHEETS),
    (Stage.PROVE, Back): _doubt_root,
    (Stage.SHEETING, Done): _proven,
    (Stage.SHEETING, Failed): _failed(Stage.PROVE),
    (Stage.SERVER_KEY, Made): _server,
    (Stage.GROUP, Text): _answer("group", answers.unit, Stage.REVIEWER_COUNT),
    (Stage.REVIEWER_COUNT, Text): _answer("reviewer_count", _number(1, MAX_MEMBERS), Stage.REVIEWER_QUORUM),
    (Stage.REVIEWER_COUNT, Back): _to(Stage.GROUP),
    (Stage.REVIEWER_QUORUM, Text): _reviewer_quorum,
    (Stage.REVIEWER_QUORUM, Back): _to(Stage.REVIEWER_COUNT),
    (Stage.STATION_KEY, Made): _station,
    (Stage.DAYS, Text): _answer("days", _number(MIN_DAYS, MAX_DAYS), Stage.ONION),
    (Stage.DAYS, Back): _doubt_reviewer,
    (Stage.ONION, Text): _answer("onion", answers.onion, Stage.SUMMARY),
    (Stage.ONION, Back): _to(Stage.DAYS),
    (Stage.SUMMARY, Yes): _agreed,
    (Stage.SUMMARY, Back): _to(Stage.ONION),
    (Stage.SIGNER, Text): _signer,
    (Stage.SIGNER, Back): _to(Stage.SUMMARY),
    (Stage.SIGN, Secret): _to(Stage.OPENING, Do.OPEN_ROOT),
    (Stage.SIGN, Back): _to(Stage.SIGNER),
    (Stage.OPENING, Done): _opened,
    (Stage.OPENING, Failed): _failed(Stage.SIGN),
    (Stage.FINISHING, Done): _to(Stage.VERIFYING, Do.VERIFY),
    (Stage.VERIFYING, Done): _to(Stage.CHECKLIST),
    (Stage.VERIFYING, Failed): _failed(Stage.SUMMARY),
    (Stage.CHECKLIST, Yes): _to(Stage.CLEANING, Do.CLEAN),
    (Stage.CLEANING, Done): _to(Stage.DONE),
}
