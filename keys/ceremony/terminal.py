"""The key ceremony at a terminal: shows a question, reads the answer, lets the machine decide, does what it says.

Works on a plain Linux console of 80 × 24 and, for tests, on anything that is an `Asker`. Progress is saved
before each effect and after each answer that changed it, so this may end at any moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import click

from crypto import medium
from crypto.encoding import date_of
from crypto.errors import CryptoError
from keys import units
from keys.ceremony.answers import UNITS, default_of
from keys.ceremony.machine import advance, settle, start
from keys.ceremony.progress import KEY, STATE, is_under_way
from keys.ceremony.states import (
    SECRET_STAGES,
    YES_NO_STAGES,
    Again,
    Back,
    Do,
    Input,
    No,
    Own,
    Secret,
    Stage,
    State,
    Step,
    Text,
    Whose,
    Yes,
)
from keys.ceremony.texts import STEPS, TEXTS, doing, say
from keys.ceremony.workshop import DESK, PARTS, Workshop, closed_kinds, fingerprint
from keys.memory import forbid_core_dumps
from keys.roster import default_roles
from keys.sheet_texts import day_of

EXIT_DONE, EXIT_STOPPED, EXIT_REFUSED, EXIT_DISK = 0, 1, 3, 6
_WIDTH = 76
_NO_TEXT = "\udcff"  # what bytes that are no UTF-8 become; refused wherever it is typed
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"  # also what has scrolled away
_UNSAVED = {Stage.LANGUAGE, Stage.READING_CLOCK, Stage.CLOCK, Stage.UNLOCK, Stage.UNLOCKING}
_STEP_OF = {
    **dict.fromkeys((Stage.LANGUAGE, Stage.CLOCK), 1),
    **dict.fromkeys((Stage.UNLOCK, Stage.RESUMED), 2),
    Stage.DEPLOYMENT: 3,
    **dict.fromkeys((Stage.ROOT_COUNT, Stage.ROOT_QUORUM), 4),
    **dict.fromkeys((Stage.ROOT_NAME, Stage.ROOT_SHEETS), 5),
    Stage.PROVE: 6,
    **dict.fromkeys((Stage.GROUP, Stage.REVIEWER_COUNT, Stage.REVIEWER_QUORUM), 7),
    Stage.STALE: 8,
    **dict.fromkeys((Stage.DAYS, Stage.ONION), 9),
    Stage.SUMMARY: 10,
    **dict.fromkeys((Stage.SIGNER, Stage.SIGN), 11),
    Stage.CHECKLIST: 12,
}
_TOLD = {Do.LOCK_SESSION, Do.MAKE_ROOT, Do.WRITE_SHEETS, Do.MAKE_REVIEWER, Do.MAKE_STATION, Do.OPEN_ROOT, Do.FINISH}
_OFFERS: dict[str, Input] = {"1": Yes(), "2": Again(), "3": Own()}
_STEP_OF_WHOSE = {Whose.SESSION: 2, Whose.ROOT: 5, Whose.REVIEWER: 8}


class Asker(Protocol):
    """A place to talk with people. Reading raises EOFError at the end and KeyboardInterrupt."""

    def show(self, text: str) -> None:
        """Show some lines."""

    def clear(self) -> None:
        """Remove everything from the screen."""

    def ask(self, prompt: str) -> str:
        """Read one line."""

    def ask_hidden(self, prompt: str) -> str:
        """Read one line that is not shown."""


class Console:
    """The terminal, by stderr: stdout is for paths. A pipe in its place is read line by line and never cleared."""

    def show(self, text: str) -> None:
        """Write some lines."""
        click.echo(text, err=True)

    def clear(self) -> None:
        """Clear the screen and what has scrolled away."""
        if sys.stderr.isatty():
            click.echo(_CLEAR, nl=False, err=True)

    def ask(self, prompt: str) -> str:
        """Read a line from stdin."""
        click.echo(prompt, nl=False, err=True)
        line = sys.stdin.buffer.readline()
        if not line:
            raise EOFError
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def ask_hidden(self, prompt: str) -> str:
        """Read a line without echo when stdin is a terminal."""
        try:
            return getpass.getpass(prompt) if sys.stdin.isatty() else self.ask(prompt)
        except UnicodeDecodeError:
            return _NO_TEXT


def run_ceremony(
    folder: Path, language: str | None, *, asker: Asker | None = None, workshop: Workshop | None = None
) -> int:
    """Lead a ceremony in a folder, or go on with the one that lies there; returns an exit code (docs/interface.md).

    0 finished, 1 stopped and can be taken up again, 3 refused, 6 disk. `language` is `id`, `en` or None: ask.
    """
    forbid_core_dumps()
    talk = asker or Console()
    words = language or "id"
    try:
        medium.make_folder(folder)
        with _alone(folder) as free:
            refusal = _refusal(folder) if free else "in-use"
            if refusal is not None:
                talk.show(say(refusal, words))
                return EXIT_REFUSED
            return _Session(talk, workshop or Workshop(folder), words).run(
                start(saved=is_under_way(folder), language=language or "")
            )
    except OSError as error:
        talk.show(_disk_words(error, "doing-save", words))
        return EXIT_DISK


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the folder for this process; yields False when another one has it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _lock(fd)
    finally:
        os.close(fd)


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refusal(folder: Path) -> str | None:
    """Return the text that says why nothing may begin here. A key without state is a beginning that was cut short."""
    if is_under_way(folder):
        return None
    if (folder / DESK / "roster.senyap").is_file() and not (folder / KEY).is_file():
        medium.erase_file(folder / STATE)  # its key is gone: the last step of a ceremony was cut short
        return "finished-before"
    return "not-empty" if any((folder / part).exists() for part in (*PARTS, STATE)) else None


def _disk_words(error: OSError, what: str, language: str) -> str:
    full = error.errno in medium.NO_ROOM
    reason = say("disk-full", language) if full else error.strerror or type(error).__name__
    return "\n" + _wrap(say("disk", language, what=say(what, language), reason=reason))


class _Session:
    """One run of the program."""

    def __init__(self, talk: Asker, workshop: Workshop, language: str) -> None:
        self._talk, self._workshop, self._language = talk, workshop, language
        self._kept: State | None = None
        self._what = "doing-save"
        self._ready = ""
        self._turn: tuple[Whose, int] | None = None

    def run(self, step: Step) -> int:
        """Go on until the end, an interruption or a full disk."""
        try:
            while step.state.stage not in (Stage.DONE, Stage.STOPPED):
                step = self._once(step)
            return self._end(step)
        except (KeyboardInterrupt, EOFError):
            self._talk.clear()
            self._talk.show(_wrap(say("interrupted", self._language)))
            return EXIT_STOPPED
        except OSError as error:
            self._talk.show(_disk_words(error, self._what, self._language))
            return EXIT_DISK
        except CryptoError as error:
            self._talk.show(_wrap(say("refused", self._language, what=say(self._what, self._language), reason=error)))
            return EXIT_REFUSED

    def _once(self, step: Step) -> Step:
        state = step.state
        self._language = state.language or self._language
        self._save(state)
        if step.effect is None:
            return advance(state, self._ask(state, step.problem))
        self._what = doing(step.effect.do)
        self._talk.clear()
        self._talk.show(say(self._what, self._language) + " ...")
        after = advance(state, self._workshop.carry_out(step.effect, state))
        if step.effect.do in _TOLD and after.problem is None:
            self._ready = say("ready", self._language, what=say(self._what, self._language))
        return after

    def _save(self, state: State) -> None:
        if not state.saved or state.stage in _UNSAVED:
            return
        settled = settle(state)
        if settled != self._kept:
            self._what = "doing-save"
            self._workshop.save(settled)
            self._kept = settled

    def _end(self, step: Step) -> int:
        self._talk.clear()
        if step.state.stage is Stage.DONE:
            self._talk.show(_wrap(say("done", self._language)))
            return EXIT_DONE
        self._talk.show(_wrap(say(step.problem or "interrupted", self._language)))
        return EXIT_REFUSED if step.problem in ("clock-wrong", "damaged") else EXIT_STOPPED

    def _ask(self, state: State, problem: str | None) -> Input:
        facts = _facts(state, self._language)
        if state.stage is Stage.OFFER:
            self._change_places(state, facts)
            facts["frame"] = _frame(self._workshop.candidate.split())
        key = f"ask-{state.stage}"
        if state.stage is Stage.REPEAT:
            key += "-drawn" if state.drawn else "-own"
        self._talk.clear()
        ready, self._ready = f"{self._ready}\n\n" if self._ready else "", ""
        self._talk.show(_head(state, self._language) + ready + _wrap(say(key, self._language, **facts)) + "\n")
        if state.stage is not Stage.LANGUAGE:
            self._talk.show(say("keys-back" if _may_go_back(state) else "keys", self._language))
        if problem == "mismatch" and not state.drawn:
            problem = "mismatch-own"
        if problem is not None:
            self._talk.show(_wrap("! " + say(problem, self._language, **facts)))
        prompt, default = say(f"prompt-{state.stage}", self._language, **facts), default_of(state)
        prompt += f" [{default}]: " if default else ": "
        if state.stage in SECRET_STAGES:
            return _read_secret(self._talk.ask_hidden(prompt))
        return _read_line(state, self._talk.ask(prompt))

    def _change_places(self, state: State, facts: dict[str, object]) -> None:
        """Wait until the next person sits here alone: words must not stand before whoever typed last."""
        if self._turn != (state.whose, state.number):
            self._talk.clear()
            self._talk.show(_head(state, self._language) + _wrap(say("ask-turn", self._language, **facts)) + "\n")
            self._talk.ask(say("prompt-turn", self._language) + ": ")
            self._turn = state.whose, state.number


def _may_go_back(state: State) -> bool:
    return advance(state, Back()).problem is None


def _read_secret(line: str) -> Input:
    return Back() if line.strip() == "<" else Secret(line)


def _read_line(state: State, line: str) -> Input:
    typed = line.strip()
    if typed == "<":
        return Back()
    if state.stage is Stage.OFFER:
        return _OFFERS.get(typed, Text(line))
    if state.stage in YES_NO_STAGES:
        if typed.lower() in _words("yes"):
            return Yes()
        if typed.lower() in _words("no"):
            return No()
    return Text(line)


def _words(key: str) -> set[str]:
    """Return the words of a text in both languages."""
    return {word for text in TEXTS[key] for word in text.split()}


# --- what is shown -----------------------------------------------------------------------------------


def _wrap(text: str) -> str:
    """Break long lines; lines that are short enough stay as they are, spaces included."""
    lines = [textwrap.wrap(line, _WIDTH) if len(line) > _WIDTH else [line] for line in text.split("\n")]
    return "\n".join(line for wrapped in lines for line in wrapped)


def _head(state: State, language: str) -> str:
    step = _STEP_OF.get(state.stage, _STEP_OF_WHOSE[state.whose])
    left = f"{say('title', language)}: {STEPS[step - 1][language == 'en']}"
    right = say("step", language, step=step, steps=len(STEPS))
    return f"{left}{right.rjust(_WIDTH - len(left))}\n{'-' * _WIDTH}\n\n"


def _frame(words: list[str]) -> str:
    """Return numbered words, three in a row, in a frame of plain characters."""
    cells = [f"{at:>3}  {word:<14}" for at, word in enumerate(words, 1)]
    rows = ["".join(cells[at : at + 3]) for at in range(0, len(cells), 3)]
    wide = max(len(row) for row in rows) + 2
    line = "  +" + "-" * wide + "+"
    blank = "  |" + " " * wide + "|"
    return "\n".join([line, blank, *(f"  | {row:<{wide - 1}}|" for row in rows), blank, line])


def _facts(state: State, language: str) -> dict[str, object]:
    """Return what the texts of a state may name."""
    english = language == "en"
    names = {h.number: h.name for h in state.holders}
    roles = dict(enumerate(default_roles(state.reviewer_count), 1))
    who = say(f"who-{state.whose}", language, number=state.number, name=names.get(state.number, state.name),
              reviewer=state.reviewer_id(state.number), role=roles.get(state.number, ""))  # fmt: skip
    first, last = (day_of(date_of(day)) for day in (state.day, state.day + state.days))
    facts: dict[str, object] = {name: getattr(state, name) for name in State.__slots__}
    facts |= {
        "who": who,
        "Who": who[:1].upper() + who[1:],
        "why": say(f"why-{state.whose}", language),
        "date": first.en if english else first.id,
        "until": last.en if english else last.id,
        "roots_done": _so_many(len(state.holders), state.root_count, language),
        "proven_done": _so_many(sum(h.proven for h in state.holders), state.root_count, language),
        "reviewers_done": _so_many(len(state.reviewers), state.reviewer_count, language),
        "roles": ", ".join(f"{state.reviewer_id(n)} {role}" for n, role in roles.items()),
        "signed": len(state.signers),
        "unsigned": "\n".join(f"{h.number:>4}  {h.name}" for h in state.holders if h.number not in state.signers),
        "names": _name_list(list(names.values())),
        "unit": units.names_of(state.group)[english] if state.group else "",
        "units": _unit_list(),
        "others": len(UNITS) - 1,
        "onion": state.onion or say("none", language),
    }
    whole = state.stage in (Stage.SUMMARY, Stage.CHECKLIST)
    words, (closed, kinds) = (fingerprint(state), closed_kinds(state)) if whole else ((), (0, 0))
    facts |= {"fingerprint_1": " ".join(words[:4]), "fingerprint_2": " ".join(words[4:])}
    facts |= {"closed": closed, "kinds": kinds}
    for name in ("finished", "summary", "checklist"):
        facts[name] = say(name, language, **facts)
    return facts


def _so_many(made: int, wanted: int, language: str) -> str:
    return say("so-many", language, made=made, wanted=wanted) if wanted else say("none", language)


def _name_list(names: list[str]) -> str:
    """Return the holders' names in the right column, shortened so that nine of them fit."""
    most = 60 if len(names) < 4 else 26
    shown = [f"{at} {name if len(name) <= most else name[: most - 2] + '..'}" for at, name in enumerate(names, 1)]
    if len(names) >= 4:
        shown = ["  ".join(f"{name:<{most + 2}}" for name in shown[at : at + 2]) for at in range(0, len(shown), 2)]
    return "\n".join(f"{'':14}{line.rstrip()}" for line in shown)


def _unit_list() -> str:
    """Return the names of all units in two columns."""
    names = [units.GOVERNMENTS.get(slug, slug.upper()).replace("Kabupaten", "Kab.") for slug in UNITS]
    cells = [f"{at:>4}  {name}" for at, name in enumerate(names, 1)]
    half = (len(cells) + 1) // 2
    right = [*cells[half:], ""]
    return "\n".join(f"{left:<38}{other}".rstrip() for left, other in zip(cells, right, strict=False))
