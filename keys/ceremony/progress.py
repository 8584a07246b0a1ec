"""The progress of a ceremony on disk: so that it can be broken off at any moment and taken up again.

    ceremony.key       32 random bytes, locked under the session passphrase (Argon2id, once a run)
    ceremony.state     the settled state as JSON, sealed under them, written anew after each answer

The key is written first and erased first: what lies there without its key is nothing. No passphrase, seed or
master is in either; root seeds and reviewers' masters lie only in files locked under their holders' passphrases.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from crypto import medium, passphrase
from crypto.encoding import canonical_json, expect, parse_json
from crypto.errors import Malformed, Tampered, WrongPassphrase
from keys.ceremony.states import Holder, Reviewer, Stage, State, Whose

KEY, STATE = "ceremony.key", "ceremony.state"
_KEY_PURPOSE, _STATE_PURPOSE = "senyap/v1/ceremony-key", "senyap/v1/ceremony-state"
_VOLATILE = ("language", "then", "day", "saved", "drawn", "signers")  # what `settle` resets
_CAP = 1_048_576


@dataclass(frozen=True, slots=True)
class Progress:
    """The open progress file of one folder."""

    folder: Path
    _key: bytes = field(repr=False)

    @classmethod
    def create(cls, folder: Path, words: str) -> Progress:
        """Make a key under a session passphrase; there is no progress before `save`. Raises OSError."""
        key = os.urandom(32)
        medium.write_file(folder / KEY, passphrase.lock(words, key, _KEY_PURPOSE))
        return cls(folder, key)

    @classmethod
    def open(cls, folder: Path, words: str) -> Progress:
        """Unlock the key; raises WrongPassphrase (also for an altered key file), Malformed or OSError."""
        return cls(folder, passphrase.unlock(words, medium.read_file(folder / KEY, _CAP), _KEY_PURPOSE))

    def save(self, state: State) -> None:
        """Put a settled state in the place of the last one, whole or not at all; raises OSError."""
        sealed = passphrase.seal_with_key(self._key, state_to_json(state), _STATE_PURPOSE)
        medium.write_file(self.folder / STATE, sealed)

    def load(self) -> State:
        """Return the state of the last save; raises Tampered or OSError."""
        try:
            sealed = medium.read_file(self.folder / STATE, _CAP)
            return state_from_json(passphrase.open_with_key(self._key, sealed, _STATE_PURPOSE))
        except (WrongPassphrase, Malformed):
            raise Tampered("progress: the file is not the one that was written") from None

    def erase(self) -> None:
        """Remove both files, the key first; raises OSError."""
        medium.erase_file(self.folder / KEY)
        medium.erase_file(self.folder / STATE)


def is_under_way(folder: Path) -> bool:
    """Tell whether a folder holds the progress of a ceremony."""
    return (folder / KEY).is_file() and (folder / STATE).is_file()


def state_to_json(state: State) -> bytes:
    """Encode a settled state."""
    value = {name: item for name, item in asdict(state).items() if name not in _VOLATILE}
    value["holders"] = [item | {"proven": int(item["proven"])} for item in value["holders"]]
    return canonical_json(value | {"stage": str(state.stage), "whose": str(state.whose)})


def state_from_json(data: bytes) -> State:
    """Decode a settled state; raises Malformed."""
    kept = [f.name for f in fields(State) if f.name not in _VOLATILE]
    kinds = {name: type(getattr(State(), name)) for name in kept}
    lists = {name: list for name, kind in kinds.items() if kind is tuple}
    value = expect(parse_json(data, "progress"), "progress", kinds | lists | {"stage": str, "whose": str})
    holders = [expect(h, "holder", {"number": int, "name": str, "sheets": int, "key": str, "proven": int})
               for h in value["holders"]]  # fmt: skip
    reviewers = [expect(r, "reviewer", {"number": int, "key": str, "first_epoch": int}) for r in value["reviewers"]]
    made: dict[str, Any] = {
        "stage": _named(Stage, value["stage"]),
        "whose": _named(Whose, value["whose"]),
        "holders": tuple(Holder(**h | {"proven": h["proven"] == 1}) for h in holders),
        "reviewers": tuple(Reviewer(**r) for r in reviewers),
    }
    return State(**value | made, saved=True)


def _named(kind: type[Stage] | type[Whose], name: str) -> Stage | Whose:
    try:
        return kind(name)
    except ValueError:
        raise Malformed("progress: a stage that this program does not know") from None
