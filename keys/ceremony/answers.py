"""What people type at the ceremony, and what an empty line stands for; each function returns None for a bad answer."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from crypto.encoding import date_of
from crypto.errors import Malformed
from crypto.sharing import check_quorum
from keys import units
from keys.ceremony.states import Stage, State
from keys.roster import DEMO_PREFIX, TRAINING_PREFIX
from keys.strength import is_text

UNITS: Final = (*units.GOVERNMENTS, units.KPK)
MAX_NAME = 60
_DEPLOYMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")  # narrower than formats §6: people type it in commands
_ONION = re.compile(r"[a-z2-7]{56}\.onion")


def default_of(state: State) -> str:
    """Return the answer that an empty line stands for, or nothing."""
    free = [str(h.number) for h in state.holders if h.number not in state.signers]
    answers = {
        Stage.LANGUAGE: "1",
        Stage.DEPLOYMENT: state.deployment or f"sumsel-{date_of(state.day).year}",
        Stage.ROOT_COUNT: str(state.root_count or 3),
        Stage.ROOT_QUORUM: str(state.root_count // 2 + 1),
        Stage.ROOT_NAME: state.name,
        Stage.ROOT_SHEETS: "1",
        Stage.GROUP: str(UNITS.index(state.group or units.PROVINCE) + 1),
        Stage.REVIEWER_COUNT: str(state.reviewer_count or 3),
        Stage.REVIEWER_QUORUM: str(min(2, state.reviewer_count)),
        Stage.DAYS: str(state.days or 400),
        Stage.SIGNER: free[0] if free else "",
    }
    return answers.get(state.stage, "")


def onion(state: State, text: str) -> str | None:
    """Return an onion address without `http://`, empty for none; its checksum finds typing errors (rend-spec-v3 §6)."""
    if not text.strip():
        return ""
    host = text.strip().lower().removeprefix("http://").rstrip("/")
    if not _ONION.fullmatch(host):
        return None
    raw = base64.b32decode(host.removesuffix(".onion").upper())
    key, check, version = raw[:32], raw[32:34], raw[34:]
    good = hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2]
    return host if version == b"\3" and check == good else None


def number(state: State, text: str, low: int, high: int) -> int | None:
    """Return a typed number from `low` to `high`."""
    text = text.strip() or default_of(state)
    found = int(text) if re.fullmatch(r"[0-9]{1,3}", text) else -1
    return found if low <= found <= high else None


def quorum(state: State, text: str) -> int | None:
    """Return how many reviewers open a report together, when a record can hold that (formats §2)."""
    found = number(state, text, 1, state.reviewer_count)
    try:
        check_quorum(found or 0, state.reviewer_count)
    except Malformed:
        return None
    return found


def deployment_id(state: State, text: str) -> str | None:
    """Return the id of a deployment (formats §6) that is neither a demo nor for training."""
    name = text.strip() or default_of(state)
    is_for_trying = name.lower().startswith((DEMO_PREFIX, TRAINING_PREFIX))
    return name if _DEPLOYMENT.fullmatch(name) and not is_for_trying else None


def person_name(state: State, text: str) -> str | None:
    """Return a name of at most 60 characters for a sheet."""
    name = " ".join(text.split()) or default_of(state)
    return name if 1 <= len(name) <= MAX_NAME and is_text(name) else None


def unit(state: State, text: str) -> str | None:
    """Return a unit by its number in `UNITS` or its short name."""
    found = number(state, text, 1, len(UNITS))
    slug = UNITS[found - 1] if found else text.strip().lower() or default_of(state)
    return slug if slug in UNITS else None


def language(state: State, text: str) -> str | None:
    """Return `id` or `en`."""
    return {"1": "id", "id": "id", "2": "en", "en": "en"}.get(text.strip().lower() or default_of(state))
