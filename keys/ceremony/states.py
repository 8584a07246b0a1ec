"""What the key ceremony's machine (`keys.ceremony`) is made of: stages, the state, inputs and effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """What is being asked, or (names in -ING and the two keys) which effect is under way."""

    LANGUAGE = "language"
    READING_CLOCK = "reading-clock"
    CLOCK = "clock"
    UNLOCK = "unlock"
    UNLOCKING = "unlocking"
    RESUMED = "resumed"
    STALE = "stale"
    DRAWING = "drawing"
    OFFER = "offer"
    CHOOSE = "choose"
    WEIGHING = "weighing"
    REPEAT = "repeat"
    LOCKING = "locking"
    DEPLOYMENT = "deployment"
    ROOT_COUNT = "root-count"
    ROOT_QUORUM = "root-quorum"
    ROOT_NAME = "root-name"
    ROOT_SHEETS = "root-sheets"
    REDO = "redo"
    PROVE = "prove"
    SHEETING = "sheeting"
    SERVER_KEY = "server-key"
    GROUP = "group"
    REVIEWER_COUNT = "reviewer-count"
    REVIEWER_QUORUM = "reviewer-quorum"
    STATION_KEY = "station-key"
    DAYS = "days"
    ONION = "onion"
    SUMMARY = "summary"
    SIGNER = "signer"
    SIGN = "sign"
    OPENING = "opening"
    FINISHING = "finishing"
    VERIFYING = "verifying"
    CHECKLIST = "checklist"
    CLEANING = "cleaning"
    DONE = "done"
    STOPPED = "stopped"


YES_NO_STAGES: Final = frozenset({Stage.CLOCK, Stage.RESUMED, Stage.STALE, Stage.REDO, Stage.SUMMARY, Stage.CHECKLIST})
SECRET_STAGES: Final = frozenset({Stage.UNLOCK, Stage.CHOOSE, Stage.REPEAT, Stage.PROVE, Stage.SIGN})


class Whose(StrEnum):
    """Whose passphrase or key it is about."""

    SESSION = "session"
    ROOT = "root"
    REVIEWER = "reviewer"


@dataclass(frozen=True, slots=True)
class Holder:
    """A root holder whose key is made; `proven` once the passphrase opened it again and the sheets are written."""

    number: int
    name: str
    sheets: int
    key: str
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A reviewer whose identity and weekly keys, from `first_epoch` on, are made."""

    number: int
    key: str
    first_epoch: int


@dataclass(frozen=True, slots=True)
class State:
    """All answers and public keys (base64). `number` is whose turn it is, `then` where a question came from."""

    language: str = ""
    stage: Stage = Stage.LANGUAGE
    then: Stage = Stage.LANGUAGE
    day: int = 0
    saved: bool = False
    whose: Whose = Whose.SESSION
    number: int = 0
    drawn: bool = False
    deployment: str = ""
    root_count: int = 0
    root_k: int = 0
    name: str = ""
    sheets: int = 0
    holders: tuple[Holder, ...] = ()
    server_key: str = ""
    group: str = ""
    reviewer_count: int = 0
    reviewer_k: int = 0
    reviewers: tuple[Reviewer, ...] = ()
    station_key: str = ""
    days: int = 0
    onion: str = ""
    signers: tuple[int, ...] = ()

    def holder(self, number: int) -> Holder:
        """Return a root holder by number; raises KeyError."""
        return {h.number: h for h in self.holders}[number]

    def reviewer_id(self, number: int) -> str:
        """Return the id under which a reviewer stands in the roster."""
        return f"{self.group}-{number}"


# --- inputs ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that everybody may see."""

    words: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A passphrase, typed unseen."""

    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Yes:
    """Agreed; at an offer: I have written it down."""


@dataclass(frozen=True, slots=True)
class No:
    """Not agreed."""


@dataclass(frozen=True, slots=True)
class Back:
    """To the question before."""


@dataclass(frozen=True, slots=True)
class Again:
    """Draw another passphrase."""


@dataclass(frozen=True, slots=True)
class Own:
    """I choose a passphrase myself."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The machine's day number."""

    day: int


@dataclass(frozen=True, slots=True)
class Restored:
    """The progress of an earlier run."""

    state: State


@dataclass(frozen=True, slots=True)
class Made:
    """A key is made and written; its public half, base64."""

    key: str


@dataclass(frozen=True, slots=True)
class Done:
    """An effect that has nothing to tell is carried out."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An effect came to nothing; `problem` is a key of the texts, and nothing was changed."""

    problem: str


Input = Text | Secret | Yes | No | Back | Again | Own | Clock | Restored | Made | Done | Failed

# --- effects -----------------------------------------------------------------------------------------


class Do(StrEnum):
    """Effects, each with what it answers."""

    READ_CLOCK = "read-clock"  # Clock
    OPEN_SESSION = "open-session"  # Restored, Failed
    DRAW = "draw"  # Done
    WEIGH = "weigh"  # Done, Failed
    LOCK_SESSION = "lock-session"  # Done, Failed
    MAKE_ROOT = "make-root"  # Made, Failed
    WRITE_SHEETS = "write-sheets"  # Done, Failed
    MAKE_SERVER = "make-server"  # Made
    MAKE_REVIEWER = "make-reviewer"  # Made, Failed
    MAKE_STATION = "make-station"  # Made
    OPEN_ROOT = "open-root"  # Done, Failed
    FINISH = "finish"  # Done
    VERIFY = "verify"  # Done, Failed
    CLEAN = "clean"  # Done


@dataclass(frozen=True, slots=True)
class Effect:
    """What is to be done for a state, with the passphrase that it needs."""

    do: Do
    words: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Step:
    """Where an input leads: the next state, what to do now, and a key of the texts when it was refused."""

    state: State
    effect: Effect | None = None
    problem: str | None = None
