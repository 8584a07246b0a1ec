"""The ceremony's machine: every answer at every stage, and no order of answers that loses or skips anything."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto import passphrase
from crypto.encoding import DAY_ZERO, b64
from crypto.errors import Malformed, Tampered, WrongPassphrase
from crypto.signing import SigningKey
from keys import units
from keys.ceremony import terminal, workshop
from keys.ceremony.answers import UNITS, default_of, deployment_id, onion, person_name, quorum, unit
from keys.ceremony.machine import FRESH_EPOCHS, LAST_DAY, TABLE, advance, settle, start
from keys.ceremony.progress import KEY, STATE, Progress, is_under_way, state_from_json, state_to_json
from keys.ceremony.states import (
    SECRET_STAGES,
    YES_NO_STAGES,
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
)  # fmt: skip
from keys.ceremony.terminal import _facts
from keys.ceremony.texts import TEXTS, say
from keys.ceremony.workshop import Workshop, closed_kinds, fingerprint, root_set, roster_of
from keys.ledger import Ledger
from keys.roster import Role
from keys.rosterfile import root_pin, sign_roster, verify_roster

KINDS = typing.get_args(Input)
SAMPLES: dict[type[object], Input] = {
    Text: Text("§"), Secret: Secret("benar"), Yes: Yes(), No: No(), Back: Back(), Again: Again(), Own: Own(),
    Clock: Clock(323), Restored: Restored(State(stage=Stage.DEPLOYMENT, saved=True)), Made: Made("K"), Done: Done(),
    Failed: Failed("wrong"),
}  # fmt: skip
ANSWERS = {
    Do.READ_CLOCK: {Clock}, Do.OPEN_SESSION: {Restored, Failed}, Do.DRAW: {Done}, Do.WEIGH: {Done, Failed},
    Do.LOCK_SESSION: {Done, Failed}, Do.MAKE_ROOT: {Made, Failed}, Do.WRITE_SHEETS: {Done, Failed},
    Do.MAKE_SERVER: {Made}, Do.MAKE_REVIEWER: {Made, Failed}, Do.MAKE_STATION: {Made}, Do.OPEN_ROOT: {Done, Failed},
    Do.FINISH: {Done}, Do.VERIFY: {Done, Failed}, Do.CLEAN: {Done},
}  # fmt: skip
RIGHT, DAY = "benar", 323
TOLD: dict[Stage, Input] = {
    Stage.LANGUAGE: Text("2"), Stage.UNLOCK: Secret(RIGHT), Stage.OFFER: Yes(), Stage.CHOOSE: Secret(RIGHT),
    Stage.ROOT_NAME: Text("Biro Hukum"),
}  # fmt: skip
HONEST: dict[Stage, Input] = {
    **{stage: Text("") for stage in Stage},
    **dict.fromkeys(SECRET_STAGES, Secret(RIGHT)),
    **dict.fromkeys(YES_NO_STAGES, Yes()),
    **TOLD,
}


class Paper:
    """A workshop without keys and files: does what it is told at once, and notes what it was told."""

    def __init__(self) -> None:
        self.day = DAY
        self.disk: State | None = None
        self.count = 0
        self.locked: dict[str, str] = {}  # whose → the public key under that passphrase
        self.sheets: dict[int, tuple[str, ...]] = {}  # root → the root set on its sheets
        self.opened: set[int] = set()
        self.finished: list[State] = []

    def save(self, state: State) -> None:
        data = state_to_json(state)
        assert RIGHT.encode() not in data
        assert state_to_json(state_from_json(data)) == data
        self.disk = state_from_json(data)

    def carry_out(self, effect: Effect, state: State) -> Input:
        good, who = effect.words == RIGHT, f"{state.whose}-{state.number}"
        if effect.do is Do.READ_CLOCK:
            return Clock(self.day)
        if effect.do is Do.OPEN_SESSION:
            assert self.disk is not None
            return Restored(self.disk) if good else Failed("wrong")
        if effect.do in (Do.MAKE_SERVER, Do.MAKE_STATION):
            return Made(self._key(str(effect.do)))
        if effect.do in (Do.MAKE_ROOT, Do.MAKE_REVIEWER, Do.LOCK_SESSION) and not good:
            return Failed("mismatch")
        if effect.do in (Do.MAKE_ROOT, Do.MAKE_REVIEWER):
            return Made(self._key(who))
        if effect.do is Do.WRITE_SHEETS and good:
            assert self.locked[who] == state.holder(state.number).key
            self.sheets[state.number] = tuple(h.key for h in state.holders)
        if effect.do is Do.OPEN_ROOT and good:
            assert self.locked[who] == state.holder(state.number).key
            self.opened.add(state.number)
        if effect.do is Do.FINISH:
            self._check_finish(state)
        return Done() if good or not effect.words else Failed("wrong")

    def _key(self, who: str) -> str:
        self.count += 1
        self.locked[who] = f"{who} {self.count}"
        return self.locked[who]

    def _check_finish(self, state: State) -> None:
        roots = tuple(h.key for h in state.holders)
        assert [h.number for h in state.holders] == list(range(1, state.root_count + 1))
        assert [r.number for r in state.reviewers] == list(range(1, state.reviewer_count + 1))
        assert all(self.sheets[h.number] == roots and h.proven for h in state.holders)
        assert all(self.locked[f"root-{h.number}"] == h.key for h in state.holders)
        assert all(self.locked[f"reviewer-{r.number}"] == r.key for r in state.reviewers)
        assert self.locked["make-server"] == state.server_key
        assert self.locked["make-station"] == state.station_key
        assert len(set(state.signers)) == len(state.signers) == state.root_k
        assert set(state.signers) <= self.opened
        assert all(0 <= state.day // 7 - r.first_epoch <= FRESH_EPOCHS for r in state.reviewers)
        assert len({*roots, *(r.key for r in state.reviewers), state.server_key, state.station_key}) == (
            state.root_count + state.reviewer_count + 2
        )
        self.finished.append(state)


class Desk:
    """The machine and a workshop, driven as the terminal does it: saved before each effect and each question."""

    def __init__(self, workshop: Paper | Workshop, *, language: str = "id", saved: bool = False) -> None:
        self.workshop = workshop
        self.path: list[State] = []
        self.asked: dict[Do, Stage] = {}
        self.step = start(saved=saved, language=language)
        self._settle_down()

    @property
    def state(self) -> State:
        return self.step.state

    def give(self, given: Input) -> Step:
        """Put in one answer and carry out what follows, up to the next question."""
        self.step = advance(self.state, given)
        answer = self.step
        self._settle_down()
        return answer

    def honestly(self, until: Stage = Stage.DONE, **other: Input) -> State:
        """Answer as an honest person until a stage is asked."""
        for _ in range(300):
            if self.state.stage is until:
                return self.state
            assert self.state.stage is not Stage.STOPPED, self.step.problem
            self.give(other.get(self.state.stage.name, HONEST[self.state.stage]))
        raise AssertionError(f"never came to {until}, stuck at {self.state.stage}: {self.step.problem}")

    def _settle_down(self) -> None:
        while True:
            self.path.append(self.state)
            if self.state.saved and self.state.stage not in UNSAVED:
                self.workshop.save(settle(self.state))
            if self.step.effect is None:
                return
            assert RIGHT not in repr(self.state) and RIGHT not in repr(self.step)
            self.asked[self.step.effect.do] = self.state.stage
            self.step = advance(self.state, self.workshop.carry_out(self.step.effect, self.state))


UNSAVED = {Stage.LANGUAGE, Stage.READING_CLOCK, Stage.CLOCK, Stage.UNLOCK, Stage.UNLOCKING, Stage.DONE, Stage.STOPPED}


def resumed(workshop: Paper, *, day: int = DAY) -> Desk:
    workshop.day = day
    return Desk(workshop, saved=workshop.disk is not None)


def walk() -> tuple[dict[Stage, State], dict[Do, Stage]]:
    """Return a state of each stage and where each effect was asked for, from runs that go through all of them."""
    seen: dict[Stage, State] = {}
    asked: dict[Do, Stage] = {}

    def keep(desk: Desk) -> None:
        for state in desk.path:
            seen.setdefault(state.stage, state)
        asked.update(desk.asked)

    paper = Paper()
    desk = Desk(paper, language="")
    desk.honestly(Stage.OFFER)
    desk.give(Own())
    desk.honestly(Stage.PROVE)
    desk.give(Back())
    desk.give(No())
    desk.honestly(Stage.DAYS)
    keep(desk)
    stale = resumed(paper, day=DAY + 200)
    stale.honestly(Stage.STALE)
    keep(stale)
    stopped = resumed(paper)
    stopped.give(No())
    keep(stopped)
    last = resumed(paper)
    last.honestly()
    keep(last)
    return seen, asked


WALKED, ASKED = walk()


# --- the table ---------------------------------------------------------------------------------------


def test_every_stage_is_reached_by_the_walk() -> None:
    assert set(WALKED) == set(Stage)
    assert set(SAMPLES) == set(KINDS)
    assert set(ANSWERS) == set(Do)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("stage", Stage)
def test_every_input_at_every_stage_leads_on_or_is_refused_in_words(
    stage: Stage, kind: type[Input], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "fingerprint", lambda state: ("kata",) * 8)
    monkeypatch.setattr(terminal, "closed_kinds", lambda state: (38, 209))
    state = WALKED[stage]
    step = advance(state, SAMPLES[kind])
    if step.problem is not None:
        for language in ("id", "en"):
            assert say(step.problem, language, **_facts(state, language)).strip()
    if (stage, kind) not in TABLE:
        assert step.state == state and step.effect is None
        assert step.problem == ("no-back" if kind is Back else f"want-{stage}")
    elif step.problem is None:
        assert step.state != state or step.effect is not None
    else:
        assert step.effect is None
        assert step.state == state or kind in (Failed, Clock, No)


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_a_way_out_and_its_words(stage: Stage) -> None:
    ways = {kind for where, kind in TABLE if where is stage}
    if stage in (Stage.DONE, Stage.STOPPED):
        assert not ways
        return
    answered = {Text, Secret, Yes} & ways
    assert answered or ways & {Clock, Restored, Made, Done}
    assert f"want-{stage}" in TEXTS
    if answered:
        keys = [f"ask-{stage}-drawn", f"ask-{stage}-own"] if stage is Stage.REPEAT else [f"ask-{stage}"]
        assert {*keys, f"prompt-{stage}"} <= set(TEXTS)
    assert (Secret in ways) == (stage in SECRET_STAGES)
    assert (Yes in ways and stage is not Stage.OFFER) == (stage in YES_NO_STAGES)


def test_every_effect_that_is_asked_for_finds_all_its_answers_in_the_table() -> None:
    assert set(ASKED) == set(Do)
    for do, stage in ASKED.items():
        assert {(stage, kind) for kind in ANSWERS[do]} <= set(TABLE), do
        assert f"doing-{do}" in TEXTS


def test_all_words_are_there_in_both_languages() -> None:
    for key, texts in TEXTS.items():
        assert len(texts) == 2 and all(texts), key
        assert set(_fields(texts[0])) == set(_fields(texts[1])), key
    problems = {"mismatch", "wrong", "damaged", "verify", "no-back", "clock-wrong", "clock-to-set"}
    assert problems <= set(TEXTS)


def _fields(text: str) -> list[str]:
    import string

    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


# --- people who change their minds -------------------------------------------------------------------


def test_an_honest_run_asks_each_thing_once_and_finishes() -> None:
    paper = Paper()
    desk = Desk(paper, language="")
    desk.honestly()
    (final,) = paper.finished
    assert (final.deployment, final.root_count, final.root_k) == ("sumsel-2026", 3, 2)
    assert (final.group, final.reviewer_count, final.reviewer_k, final.days) == ("sumsel", 3, 2, 400)
    asked = [state.stage for state in desk.path]
    assert asked.count(Stage.REPEAT) == 1 + 3 + 3
    assert asked.count(Stage.PROVE) == 3 and asked.count(Stage.SIGN) == 2


def test_back_at_a_finished_root_key_asks_first_and_keeps_it_on_no() -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.ROOT_NAME)
    desk.honestly(Stage.OFFER)
    desk.honestly(Stage.ROOT_NAME)
    before = desk.state
    assert len(before.holders) == 1 and before.number == 2
    assert desk.give(Back()).state.stage is Stage.REDO
    assert desk.state.holders == before.holders
    desk.give(No())
    assert (desk.state.stage, desk.state.number, desk.state.holders) == (Stage.ROOT_NAME, 2, before.holders)
    desk.give(Back())
    desk.give(Yes())
    assert (desk.state.stage, desk.state.number, desk.state.holders) == (Stage.ROOT_NAME, 1, ())
    assert default_of(desk.state) == "Biro Hukum"
    assert desk.give(Back()).state.stage is Stage.ROOT_QUORUM
    desk.honestly()


def test_another_root_key_makes_every_sheet_be_written_again() -> None:
    paper = Paper()
    desk = Desk(paper)
    desk.honestly(Stage.PROVE)
    desk.give(Secret(RIGHT))
    desk.give(Secret(RIGHT))
    assert [h.proven for h in desk.state.holders] == [True, True, False]
    first = dict(paper.sheets)
    desk.give(Back())
    desk.give(Yes())
    assert desk.state.number == 3 and not any(h.proven for h in desk.state.holders)
    desk.honestly()
    assert set(paper.sheets) == {1, 2, 3} and all(paper.sheets[n] != first[n] for n in first)


def test_a_holder_in_the_middle_can_begin_again() -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.PROVE)
    desk.give(Secret(RIGHT))
    assert desk.state.number == 2
    kept = [desk.state.holder(n).key for n in (1, 3)]
    desk.give(Back())
    desk.give(Yes())
    assert desk.state.number == 2 and [h.number for h in desk.state.holders] == [1, 3]
    desk.honestly()
    assert [desk.state.holder(n).key for n in (1, 3)] == kept


def test_the_last_reviewer_can_begin_again_and_the_station_is_made_anew() -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.DAYS)
    before = desk.state
    desk.give(Back())
    assert (desk.state.stage, desk.state.whose, desk.state.number) == (Stage.REDO, Whose.REVIEWER, 3)
    desk.give(Back())
    assert desk.state.stage is Stage.DAYS and desk.state.station_key == before.station_key
    desk.give(Back())
    desk.give(Yes())
    assert desk.state.station_key == "" and len(desk.state.reviewers) == 2
    desk.honestly(Stage.DAYS)
    assert desk.state.station_key not in ("", before.station_key)
    assert desk.state.reviewers[:2] == before.reviewers[:2] and desk.state.reviewers[2] != before.reviewers[2]


def test_the_unit_can_be_changed_only_when_no_reviewer_has_keys() -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.REVIEWER_QUORUM)
    desk.honestly(Stage.OFFER)
    assert desk.give(Back()).state.stage is Stage.REVIEWER_QUORUM
    desk.give(Back())
    assert desk.give(Back()).state.stage is Stage.GROUP
    assert desk.give(Back()).problem == "no-back"
    desk.give(Text("15"))
    assert desk.state.group == "palembang"
    desk.honestly(Stage.OFFER)
    desk.honestly(Stage.REPEAT)
    desk.give(Secret(RIGHT))
    assert desk.give(Back()).state.stage is Stage.REDO


def test_signatures_are_given_to_what_was_confirmed_and_to_nothing_else() -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.SIGN)
    desk.give(Secret(RIGHT))
    assert desk.state.signers == (1,)
    desk.give(Text("1"))
    assert desk.step.problem == "want-signer"
    desk.give(Back())
    desk.give(Back())
    desk.give(Back())
    desk.give(Text("30"))
    desk.honestly(Stage.SIGNER)
    assert desk.state.days == 30 and desk.state.signers == ()


def test_a_passphrase_can_be_looked_at_again_and_drawn_again() -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.REPEAT)
    assert desk.give(Secret("salah")).state.stage is Stage.LOCKING
    assert desk.state.stage is Stage.REPEAT and desk.step.problem == "mismatch"
    assert desk.give(Back()).state.stage is Stage.OFFER
    assert desk.give(Again()).effect == Effect(Do.DRAW)
    desk.give(Own())
    assert desk.give(Secret(RIGHT)).state.stage is Stage.WEIGHING
    assert desk.state.stage is Stage.REPEAT and not desk.state.drawn
    assert desk.give(Back()).state.stage is Stage.CHOOSE
    assert desk.give(Back()).effect == Effect(Do.DRAW)
    assert desk.give(Back()).problem == "no-back"


# --- clocks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [-1, -400, LAST_DAY + 1, 10**6])
def test_a_clock_out_of_range_ends_it(day: int) -> None:
    paper = Paper()
    paper.day = day
    desk = Desk(paper)
    assert desk.state.stage is Stage.STOPPED and desk.step.problem == "clock-wrong"


def test_the_first_and_the_last_day_are_the_day_zero_and_the_end_of_2100() -> None:
    assert str(DAY_ZERO) == "2026-01-05"
    for day in (0, LAST_DAY):
        paper = Paper()
        paper.day = day
        assert Desk(paper).state.stage is Stage.CLOCK
    assert (DAY_ZERO.replace(year=2100, month=12, day=31) - DAY_ZERO).days == LAST_DAY


def test_a_date_that_somebody_denies_ends_it_and_changes_nothing() -> None:
    paper = Paper()
    Desk(paper).honestly(Stage.GROUP)
    before = paper.disk
    desk = resumed(paper, day=DAY + 365)
    assert desk.give(No()).problem == "clock-to-set" and desk.state.stage is Stage.STOPPED
    assert paper.disk == before


@pytest.mark.parametrize("later", [-7, -300, (FRESH_EPOCHS + 1) * 7, 365])
def test_weekly_keys_of_other_weeks_are_made_again_after_a_yes(later: int) -> None:
    paper = Paper()
    Desk(paper).honestly(Stage.DAYS)
    assert paper.disk is not None
    made = paper.disk.reviewers
    desk = resumed(paper, day=DAY + later)
    desk.honestly(Stage.STALE)
    assert desk.state.reviewers == made
    desk.give(Yes())
    assert desk.state.reviewers == () and desk.state.holders
    desk.honestly()


def test_weekly_keys_of_some_weeks_ago_will_do() -> None:
    paper = Paper()
    Desk(paper).honestly(Stage.DAYS)
    desk = resumed(paper, day=DAY + FRESH_EPOCHS * 7)
    desk.honestly(Stage.RESUMED)
    desk.give(Yes())
    assert desk.state.stage is Stage.DAYS


# --- answers -----------------------------------------------------------------------------------------


def test_the_suggestions_are_those_of_the_plan() -> None:
    got = {stage: default_of(state) for stage, state in WALKED.items() if default_of(state)}
    assert got == {
        Stage.LANGUAGE: "1", Stage.DEPLOYMENT: "sumsel-2026", Stage.ROOT_COUNT: "3", Stage.ROOT_QUORUM: "2",
        Stage.ROOT_SHEETS: "1", Stage.GROUP: "1", Stage.REVIEWER_COUNT: "3", Stage.REVIEWER_QUORUM: "2",
        Stage.DAYS: "400", Stage.SIGNER: "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        "demo-1",
        "DEMO-sumsel",
        "latihan-1",
        "Latihan-x",
        "x" * 33,
        "sumsel é",
        "sumsel 2026",
        "-sumsel",
        "..",
        "a\tb",
        "baris\nbaru",
        "\x1b[2J",
    ],
)
def test_names_that_no_deployment_may_have_are_refused(bad: str) -> None:
    assert deployment_id(State(stage=Stage.DEPLOYMENT), bad) is None


def test_names_that_a_deployment_may_have_are_taken_as_they_are() -> None:
    state = State(stage=Stage.DEPLOYMENT, day=DAY)
    assert deployment_id(state, "  Sumsel.v2-2026  ") == "Sumsel.v2-2026"
    assert deployment_id(state, "x" * 32) == "x" * 32
    assert deployment_id(state, "") == "sumsel-2026"


@pytest.mark.parametrize("bad", ["", "   ", "x" * 61, "Budi\x1b[2J", "Budi\udc80", "a\u202eb"])
def test_names_that_no_sheet_can_print_are_refused(bad: str) -> None:
    assert person_name(State(stage=Stage.ROOT_NAME), bad) is None


def test_four_of_seven_reviewers_is_refused_and_five_of_seven_too_if_no_record_holds_it() -> None:
    seven = State(stage=Stage.REVIEWER_QUORUM, reviewer_count=7)
    assert [quorum(seven, str(k)) for k in range(9)] == [None, 1, 2, 3, None, 5, 6, 7, None]
    assert quorum(State(stage=Stage.REVIEWER_QUORUM, reviewer_count=1), "") == 1


def test_a_unit_is_named_by_number_or_by_its_short_name() -> None:
    state = State(stage=Stage.GROUP)
    assert [unit(state, text) for text in ("", "1", "19", " KPK ", "oku-timur")] == [
        "sumsel", "sumsel", "kpk", "kpk", "oku-timur",
    ]  # fmt: skip
    assert [unit(state, text) for text in ("0", "20", "jakarta", "-1", "../x")] == [None] * 5


@pytest.mark.parametrize("number", ["0", "10", "-1", "1.5", "¹", "٣", "satu", "0x3", "1 2"])
def test_what_is_no_number_of_root_holders_is_refused(number: str) -> None:
    desk = Desk(Paper())
    desk.honestly(Stage.ROOT_COUNT)
    before = desk.state
    assert desk.give(Text(number)).problem == "want-root-count" and desk.state == before


def test_an_onion_address_is_checked_against_its_own_checksum() -> None:
    good = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"
    state = State(stage=Stage.ONION)
    assert onion(state, f" HTTP://{good.upper()}/ ") == good
    assert onion(state, "  ") == ""
    wrong = [good.replace("g", "h", 1), good[1:], good.removesuffix(".onion"), f"{good}/x", "a" * 56 + ".onion", "x"]
    assert [onion(state, text) for text in wrong] == [None] * len(wrong)


# --- any order of answers ----------------------------------------------------------------------------

answers = st.one_of(
    st.sampled_from([Yes(), No(), Back(), Again(), Own(), Secret(RIGHT), Secret("salah"), Text("")]),
    st.sampled_from(["1", "2", "3", "9", "0", "id", "palembang", "400", "29", "Biro Hukum", "§"]).map(Text),
    st.text(max_size=5).map(Text),
    st.sampled_from(["crash", "honest", "honest", "honest", "tomorrow", "next year"]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 45), st.lists(answers, max_size=40))
def test_no_order_of_answers_loses_a_finished_step_or_gets_stuck(honest: int, given: list[Input | str]) -> None:
    paper = Paper()
    desk = Desk(paper, language="")
    for item in [*["honest"] * honest, *given]:
        before = desk.state
        if item in ("crash", "tomorrow", "next year"):
            day = paper.day + {"crash": 0, "tomorrow": 1}.get(str(item), 365)
            desk = resumed(paper, day=day)
            if paper.disk is not None:
                desk.honestly(Stage.RESUMED)
                assert _finished(desk.state) == _finished(paper.disk)
            continue
        if desk.state.stage in (Stage.DONE, Stage.STOPPED):
            desk = resumed(paper, day=paper.day) if desk.state.stage is Stage.STOPPED else desk
            continue
        answer = HONEST[desk.state.stage] if isinstance(item, str) else item
        step = desk.give(answer)
        if step.problem is not None and not isinstance(answer, No):
            assert step.state == before
        agreed = isinstance(answer, Yes) and before.stage in (Stage.REDO, Stage.STALE)
        restored = Stage.UNLOCKING in {state.stage for state in desk.path} and before.stage is Stage.UNLOCK
        if not agreed and not restored:
            assert _finished(before) <= _finished(desk.state)
    if desk.state.stage is Stage.STOPPED:
        desk = resumed(paper, day=paper.day)
    desk.honestly()
    assert paper.finished


def _finished(state: State) -> set[object]:
    """Return every key that is made."""
    keys: set[object] = {("root", h.number, h.key) for h in state.holders}
    keys |= {("reviewer", r.number, r.key) for r in state.reviewers}
    return keys | ({("server", state.server_key)} if state.server_key else set())


def test_breaking_off_anywhere_leads_back_to_the_same_question_or_the_first_of_its_step() -> None:
    paper = Paper()
    desk = Desk(paper)
    seen = 0
    while desk.state.stage is not Stage.DONE:
        if paper.disk is not None and desk.state.stage not in UNSAVED:
            again = Paper()
            again.__dict__.update(paper.__dict__)
            other = resumed(again)
            other.honestly(Stage.RESUMED)
            other.give(Yes())
            back = {Stage.REPEAT: Stage.OFFER, Stage.SIGNER: Stage.SUMMARY, Stage.SIGN: Stage.SUMMARY}
            assert other.state.stage is back.get(desk.state.stage, desk.state.stage)
            assert _finished(other.state) == _finished(desk.state)
            assert (other.state.whose, other.state.number, other.state.name) == (
                desk.state.whose, desk.state.number, desk.state.name,
            )  # fmt: skip
            seen += 1
        desk.give(HONEST[desk.state.stage])
    assert seen > 30


# --- the progress file -------------------------------------------------------------------------------


def cheap() -> AbstractContextManager[object]:
    return patch.multiple(passphrase, ARGON2_MEMORY_KIB=64, ARGON2_PASSES=1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(workshop, "WEEKS", 2)
    with cheap():
        yield


@pytest.mark.usefixtures("quick")
def test_progress_opens_with_its_passphrase_and_no_other(tmp_path: Path) -> None:
    state = settle(WALKED[Stage.SUMMARY])
    Progress.create(tmp_path, "kata sesi").save(state)
    assert Progress.open(tmp_path, " kata   sesi ").load() == state
    with pytest.raises(WrongPassphrase):
        Progress.open(tmp_path, "kata sesi lain")
    assert is_under_way(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [KEY, STATE]
    Progress.open(tmp_path, "kata sesi").erase()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("quick")
def test_an_altered_or_shortened_progress_file_is_damaged(tmp_path: Path) -> None:
    progress = Progress.create(tmp_path, "kata sesi")
    progress.save(settle(WALKED[Stage.SUMMARY]))
    whole = (tmp_path / STATE).read_bytes()
    altered = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 97)]
    shortened = [whole[:size] for size in (0, 1, 23, 24, 39, 40, len(whole) - 1)]
    for data in (*altered, *shortened, whole + b"\0"):
        (tmp_path / STATE).write_bytes(data)
        with pytest.raises(Tampered):
            progress.load()
    (tmp_path / STATE).write_bytes(whole)
    assert progress.load() == settle(WALKED[Stage.SUMMARY])


@pytest.mark.usefixtures("quick")
def test_an_altered_key_file_is_a_wrong_passphrase_and_a_short_one_malformed(tmp_path: Path) -> None:
    Progress.create(tmp_path, "kata sesi").save(settle(WALKED[Stage.GROUP]))
    whole = (tmp_path / KEY).read_bytes()
    for at in range(0, len(whole), 7):
        (tmp_path / KEY).write_bytes(whole[:at] + bytes([whole[at] ^ 128]) + whole[at + 1 :])
        with pytest.raises((WrongPassphrase, Malformed)):
            Progress.open(tmp_path, "kata sesi")
    (tmp_path / KEY).write_bytes(whole[:30])
    with pytest.raises(Malformed):
        Progress.open(tmp_path, "kata sesi")


@pytest.mark.usefixtures("quick")
def test_the_progress_of_one_folder_does_not_open_with_the_key_of_another(tmp_path: Path) -> None:
    one, other = (Progress.create(tmp_path / name, "kata sesi") for name in "ab")
    one.save(settle(WALKED[Stage.GROUP]))
    other.save(settle(WALKED[Stage.GROUP]))
    (tmp_path / "a" / STATE).replace(tmp_path / "b" / STATE)
    with pytest.raises(Tampered):
        other.load()


@pytest.mark.parametrize("stage", Stage)
def test_every_state_that_is_kept_survives_its_file(stage: Stage) -> None:
    kept = settle(WALKED[stage])
    assert state_from_json(state_to_json(kept)) == kept
    assert settle(kept) == kept
    for name in ("language", "day", "drawn", "signers"):
        assert getattr(kept, name) == getattr(State(), name)


@pytest.mark.parametrize(
    "change",
    [
        ("stage", '"moon"'), ("whose", '"nobody"'), ("root_k", "-1"), ("root_k", '"2"'), ("holders", "[1]"),
        ("reviewers", '[{"number":1}]'), ("onion", "1"), ("extra", "1"),
    ],
)  # fmt: skip
def test_a_progress_file_of_another_program_is_malformed(change: tuple[str, str]) -> None:
    import json

    value = json.loads(state_to_json(settle(WALKED[Stage.SUMMARY])))
    value[change[0]] = json.loads(change[1])
    with pytest.raises(Malformed):
        state_from_json(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def test_the_state_has_no_field_that_is_forgotten_or_secret() -> None:
    names = {f.name for f in dataclasses.fields(State)}
    kept = set(state_to_json(settle(State())).decode().replace('"', " ").split())
    assert names - {"language", "then", "day", "saved", "drawn", "signers"} <= kept
    assert not [n for n in names if n in ("words", "seed", "passphrase", "master")]
    hidden = [f for kind in (Secret, Effect) for f in dataclasses.fields(kind) if f.name == "words"]
    assert len(hidden) == 2 and not any(f.repr for f in hidden)


# --- real keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", UNITS)
def test_a_roster_that_begins_with_any_unit_verifies(group: str) -> None:
    keys = [SigningKey.generate() for _ in range(6)]
    public = [b64(key.public.raw) for key in keys]
    state = State(
        day=DAY, deployment="sumsel-2026", root_count=2, root_k=1, server_key=public[4], station_key=public[5],
        holders=(Holder(1, "a", 1, public[0]), Holder(2, "b", 1, public[1])), group=group, reviewer_count=2,
        reviewer_k=2, reviewers=(Reviewer(1, public[2], 46), Reviewer(2, public[3], 46)), days=400,
    )  # fmt: skip
    pin = root_pin(root_set(state), 1)
    roster = verify_roster(sign_roster(roster_of(state), {2: keys[1]}), previous=None, pin=pin, today=DAY)
    assert roster.group_ids == set(UNITS)
    assert {g.id: len(g.members) for g in roster.groups if g.members} == {group: 2}
    assert [m.role for m in roster.group(group).members] == [Role.TELAAH, Role.INSPEKTUR]
    assert roster.sizes == workshop.SIZES and roster.fallback == "kpk"
    assert [(s.id, s.lead, s.collector) for s in roster.stations] == [(group, True, True)]
    assert len(fingerprint(state)) == 8
    routes = [route for levels in units.routing().values() for route in levels.values()]
    closed = [group in route.never or group not in (*route.readers, *route.instead) for route in routes]
    assert closed_kinds(state) == (sum(closed), 19 * 11)
    assert group != "sumsel" or sum(closed) == 2 * 19  # the governor and those beside him: KPK alone reads these


def _work(workshop: Workshop, do: Do, state: State) -> Input:
    workshop.carry_out(Effect(Do.DRAW), state)
    return workshop.carry_out(Effect(do, RIGHT), state)


@pytest.mark.usefixtures("quick")
def test_a_reviewer_who_begins_again_leaves_no_keys_of_other_weeks(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, draw=lambda: RIGHT)
    state = State(day=DAY, deployment="sumsel-2026", group="oki", number=1, whose=Whose.REVIEWER)
    _work(workshop, Do.MAKE_REVIEWER, state)
    _work(workshop, Do.MAKE_REVIEWER, dataclasses.replace(state, number=2))
    _work(workshop, Do.MAKE_REVIEWER, dataclasses.replace(state, day=DAY + 70))
    found = sorted(p.name for p in tmp_path.rglob("*") if p.is_file() and "share" not in p.name)
    assert found == [
        "epoch-00000046.key", "epoch-00000047.key", "epoch-00000056.key", "epoch-00000057.key", "identity.locked",
        "identity.locked", "oki-1-00000056.senyap", "oki-2-00000046.senyap",
    ]  # fmt: skip


@pytest.mark.usefixtures("quick")
def test_fewer_sheets_leave_none_of_the_set_before(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, draw=lambda: RIGHT)
    state = State(day=DAY, deployment="sumsel-2026", number=1, whose=Whose.ROOT, root_count=1, root_k=1)
    made = _work(workshop, Do.MAKE_ROOT, state)
    assert isinstance(made, Made)
    for sheets in (3, 1):
        held = dataclasses.replace(state, holders=(Holder(1, "Biro Hukum", sheets, made.key),))
        assert workshop.carry_out(Effect(Do.WRITE_SHEETS, RIGHT), held) == Done()
        assert len(list((tmp_path / "paper").iterdir())) == sheets


@pytest.mark.usefixtures("quick")
def test_a_root_file_that_somebody_exchanged_is_not_taken_for_the_holders(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, draw=lambda: RIGHT)
    state = State(day=DAY, deployment="sumsel-2026", number=1, whose=Whose.ROOT, root_count=1, root_k=1)
    made = _work(workshop, Do.MAKE_ROOT, state)
    assert isinstance(made, Made)
    held = dataclasses.replace(state, holders=(Holder(1, "Biro Hukum", 1, made.key),))
    _work(workshop, Do.MAKE_ROOT, state)
    for do in (Do.WRITE_SHEETS, Do.OPEN_ROOT):
        assert workshop.carry_out(Effect(do, RIGHT), held) == Failed("wrong")
    assert not (tmp_path / "paper").exists()


real_answers = st.one_of(
    st.sampled_from([Yes(), No(), Back(), Back(), Again(), Secret("salah"), Text(""), Text("2")]),
    st.sampled_from(["right", "crash", "honest", "honest", "honest", "honest", "honest", "honest"]),
)


@pytest.mark.usefixtures("quick")
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(honest=st.integers(0, 30), items=st.lists(real_answers, min_size=5, max_size=20))
def test_with_real_keys_every_order_of_answers_ends_in_a_deployment_that_verifies(
    tmp_path_factory: pytest.TempPathFactory, honest: int, items: list[Input | str]
) -> None:
    folder = tmp_path_factory.mktemp("ceremony")
    desk = _real(folder, saved=False)
    small = {"ROOT_COUNT": Text("2"), "REVIEWER_COUNT": Text("2"), "REVIEWER_QUORUM": Text("2")}
    for item in [*["honest"] * honest, *items]:
        if item == "crash" or desk.state.stage is Stage.STOPPED:
            desk = _real(folder, saved=is_under_way(folder))
        elif desk.state.stage is not Stage.DONE:
            known = small.get(desk.state.stage.name, HONEST[desk.state.stage])
            desk.give(known if isinstance(item, str) else item)
    if desk.state.stage is Stage.STOPPED:
        desk = _real(folder, saved=is_under_way(folder))
    desk.honestly(**small)
    final = desk.state
    for home in ("desk", "server", f"stations/{final.group}"):
        ledger = Ledger.load(folder / home)
        assert ledger.fingerprint == fingerprint(final)
        assert ledger.table().readers([final.group], DAY // 7)
    found = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
    assert found == {p.relative_to(folder) for p in desk.workshop._expected(final)}  # type: ignore[union-attr]


def _real(folder: Path, *, saved: bool) -> Desk:
    return Desk(Workshop(folder, today=lambda: DAY, draw=lambda: RIGHT), saved=saved)
