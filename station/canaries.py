"""Canaries: invented reports that somebody outside sends on a known day, and that must arrive (docs/decisions/0029).

To the drop box one is an ordinary letter. The station knows it by the hash of its text, so it notices a canary that
does not come: a dropped report, a swapped key, a drop box or courier that is out. No text of one is kept.
"""

from __future__ import annotations

import enum
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crypto.encoding import date_of, label
from crypto.letter import Letter
from keys.roster import AREA_INSPECTORATE, PROVINCE_INSPECTORATE
from station.errors import Refused
from station.home import SERVER
from station.tables import FileState, attachments, bundles, canaries, canary_cases, held_rows, letters

TEXT, AREA, LEVEL, EXCLUDED = "uraian", "wilayah", "jenjang_terlapor", "jangan_dibuka"
EXCLUSIONS = (AREA_INSPECTORATE, PROVINCE_INSPECTORATE)  # what the form has boxes for
LEAST_WORDS = 12  # of a text: fewer could stand in a real report
_WORD = re.compile(r"[^\W_]+")
_PIECE_WORDS, _PIECE_BYTES = 4, 8
_ALIKE = 0.5  # a mistyped text is the canary's when so many of the pieces of each are in the other
_NEAR = 0.3  # a new text that shares more with one from before is refused


class Reason(enum.StrEnum):
    """What people found out about a canary that was missed or came too often."""

    SENT_LATE = "sent-late"
    NOT_SENT = "not-sent"
    SENT_TWICE = "sent-twice"
    LOST = "lost"  # it was sent and did not come: they know why


class State(enum.StrEnum):
    """Where a canary stands. Those of `ALARMS` last until people settle them."""

    OUT = "out"
    ARRIVED = "arrived"
    SETTLED = "settled"
    MISSING = "missing"
    SILENCE = "silence"
    INCOMPLETE = "incomplete"
    AGAIN = "again"
    CONTRARY = "contrary"


ALARMS = frozenset({State.MISSING, State.SILENCE, State.INCOMPLETE, State.AGAIN, State.CONTRARY})
_GONE = frozenset({Reason.NOT_SENT, Reason.LOST})
REMARKS: Mapping[str, str] = {
    "early": "tiba sebelum harinya",
    "text": "teksnya tidak persis sama",
    "routing": "tempat atau terlapornya lain",
    "exclusion": "pengecualiannya lain",
    "files": "berkasnya kurang",
    "readers": "dapat dibuka unit lain juga",
}


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary as it stands. `cases` are those it made, `alarm` says in words what people must look into."""

    number: int
    day: int
    state: State
    because: str
    cases: tuple[int, ...]
    remarks: tuple[str, ...]
    alarm: str


def fingerprint(text: str) -> bytes:
    """Return the 32-byte hash of what a text says: letters and digits alone, without case."""
    return hashlib.sha256(label("senyap/v1/canary") + "".join(_words(text)).encode()).digest()


def note(transaction: sa.Connection, fields: Mapping[str, str], *, files: int, day: int) -> int:
    """Remember a canary that will be sent on a day, with so many files; return its number.

    Raises Refused for a text of too few words, and for one like that of another canary.
    """
    text = fields[TEXT]
    if len(_words(text)) < LEAST_WORDS:
        raise Refused(
            f"kenari: teks dengan kurang dari {LEAST_WORDS} kata terlalu mirip laporan lain; tulis lebih panjang"
        )
    if is_like_another(transaction, text):
        raise Refused("kenari: teks ini mirip kenari lain, padahal tiap teks dipakai sekali; tulis yang lain")
    number = (transaction.scalar(sa.select(sa.func.max(canaries.c.number))) or 0) + 1
    transaction.execute(
        sa.insert(canaries).values(
            number=number,
            day=day,
            due=day,
            fingerprint=fingerprint(text),
            pieces=sorted(_pieces(text)),
            fields={name: fields.get(name, "") for name in (AREA, LEVEL, EXCLUDED)},
            files=files,
            because="",
            settled=0,
        )
    )
    return number


def is_like_another(transaction: sa.Connection, text: str) -> bool:
    """Tell whether a text could be taken for that of a canary from before, or the other way round."""
    pieces, print_ = _pieces(text), fingerprint(text)
    return any(
        row.fingerprint == print_ or _likeness(row.pieces, pieces) > _NEAR
        for row in transaction.execute(sa.select(canaries))
    )


def forget(transaction: sa.Connection, number: int) -> None:
    """Take back a canary whose recipe was never written."""
    transaction.execute(sa.delete(canaries).where(canaries.c.number == number))


def recognise(transaction: sa.Connection, letter: Letter, case_id: int, day: int) -> tuple[int, str]:
    """Tell whether the first letter of a case is a canary; note the case as made by it.

    Returns its number and what is strange about it in words; 0 for a report.
    """
    text = letter.fields.get(TEXT, "")
    pieces, print_ = _pieces(text), fingerprint(text)
    found, best = None, 0.0
    for row in transaction.execute(sa.select(canaries).order_by(canaries.c.number)):
        alike = 1.0 if row.fingerprint == print_ else _likeness(row.pieces, pieces)
        if alike >= _ALIKE and alike > best:
            found, best = row, alike
    if found is None:
        return 0, ""
    strange = {
        "early": min(letter.day, day) < found.day - 1,  # the day of the sender's clock begins hours before UTC's
        "text": found.fingerprint != print_,
        "routing": any(letter.fields.get(name, "") != found.fields[name] for name in (AREA, LEVEL)),
        "exclusion": letter.fields.get(EXCLUDED, "") != found.fields[EXCLUDED],
        "files": len(letter.attachments) < found.files,
        "readers": len(letter.readers) > 1,
    }
    remarks = [name for name in REMARKS if strange[name]]
    transaction.execute(sa.insert(canary_cases).values(case_id=case_id, number=found.number, day=day, remarks=remarks))
    words = ", ".join(REMARKS[name] for name in remarks)
    return found.number, f"kenari {found.number} tiba, tetapi: {words}" if remarks else ""


def number_of(transaction: sa.Connection, case_id: int) -> int:
    """Return the number of the canary that made a case, 0 for a report."""
    return transaction.scalar(sa.select(canary_cases.c.number).where(canary_cases.c.case_id == case_id)) or 0


def settle(transaction: sa.Connection, number: int, reason: Reason, *, day: int) -> None:
    """Note what people found out about a canary; its alarm ends.

    One that was sent late must come with a bundle of a later day than this. Raises Refused for a number that was
    never given, and for a reason that cannot be.
    """
    row = transaction.execute(sa.select(canaries).where(canaries.c.number == number)).one_or_none()
    if row is None:
        raise Refused("kenari dengan nomor itu tidak ada; lihat daftarnya: senyap-station canary")
    ids = tuple(transaction.scalars(sa.select(canary_cases.c.case_id).where(canary_cases.c.number == number)))
    came = len(ids)
    if reason is Reason.SENT_TWICE and came < 2:
        raise Refused("kenari: tidak tiba dua kali; pilih alasan lain")
    if reason is Reason.NOT_SENT and came:
        raise Refused("kenari: sudah tiba, jadi pernah dikirim; pilih alasan lain")
    if reason is Reason.LOST and came and not _lacks_parts(transaction, ids):
        raise Refused("kenari: tiba utuh, jadi tidak ada yang hilang; pilih alasan lain")
    values: dict[str, object] = {"because": reason, "settled": came}
    if reason is Reason.SENT_LATE and not came:
        values["due"] = max(day, row.day)
    transaction.execute(sa.update(canaries).where(canaries.c.number == number).values(values))


def list_canaries(transaction: sa.Connection, *, station: str, day: int, patience: int) -> tuple[Canary, ...]:
    """Return all canaries by number as they stand on a day; `patience` is how many days may pass without a bundle."""
    newest = _newest(transaction, station)
    made: dict[int, list[sa.Row[tuple[object, ...]]]] = {}
    for case in transaction.execute(sa.select(canary_cases).order_by(canary_cases.c.case_id)):
        made.setdefault(case.number, []).append(case)
    found = []
    for row in transaction.execute(sa.select(canaries).order_by(canaries.c.number)):
        came = made.get(row.number, [])
        ids = tuple(case.case_id for case in came)
        state = _state(row, len(came), day, newest, patience)
        if state is State.ARRIVED and row.settled < len(came) and _lacks_parts(transaction, ids):
            state = State.INCOMPLETE
        alarm = _alarm(transaction, row.number, row.due, state, row.because, newest, patience)
        remarks = tuple(name for name in REMARKS if any(name in case.remarks for case in came))
        found.append(Canary(row.number, row.day, state, row.because, ids, remarks, alarm))
    return tuple(found)


def alarms(transaction: sa.Connection, *, station: str, day: int, patience: int) -> tuple[str, ...]:
    """Return in words what people must look into."""
    return tuple(c.alarm for c in list_canaries(transaction, station=station, day=day, patience=patience) if c.alarm)


def _newest(transaction: sa.Connection, station: str) -> int | None:
    """Return the day of the newest bundle that must hold what came before it.

    That is one of this station's own; one for a collector lacks what that collector has acknowledged. Only where own
    ones never came, all rows come by way of a collector.
    """
    b = bundles.c
    days = sa.select(sa.func.max(b.day)).where(b.sender == SERVER)
    found: int | None = transaction.scalar(days.where(b.to == station)) or transaction.scalar(days)
    return found


def _state(row: sa.Row[tuple[object, ...]], came: int, day: int, newest: int | None, patience: int) -> State:
    if came > max(1, row.settled):
        return State.AGAIN
    if came:
        return State.CONTRARY if row.because in _GONE and came > row.settled else State.ARRIVED
    if row.because in _GONE:
        return State.SETTLED
    if newest is not None and min(newest, day) > row.due:  # a wrong clock at either end makes no alarm
        return State.MISSING
    return State.SILENCE if day > row.due + patience else State.OUT


def _alarm(
    transaction: sa.Connection, number: int, due: int, state: State, because: str, newest: int | None, patience: int
) -> str:
    """Return an alarm in words, "" for a state that is none."""
    if state not in ALARMS:
        return ""
    held = transaction.scalar(sa.select(sa.func.count()).select_from(held_rows)) or 0
    waits = f"; mungkin ada di antara {held} baris yang menunggu penelaah lain" if held else ""
    words = {
        State.MISSING: f"seharusnya dikirim sampai {date_of(due)}, dan bundel sampai {date_of(newest or 0)} datang "
        f"tanpa itu: laporan mungkin dibuang atau dikunci untuk orang lain{waits}",
        State.SILENCE: f"seharusnya dikirim sampai {date_of(due)}, dan {patience} hari sesudahnya belum ada bundel "
        "yang lebih baru: kurir atau kotak mungkin terhenti",
        State.INCOMPLETE: "tiba, tetapi berkasnya tidak lengkap",
        State.AGAIN: "tiba lebih dari sekali: yang pernah membacanya mungkin mengirimnya lagi",
        State.CONTRARY: f"tiba, padahal dicatat {because}",
    }
    settle = f"senyap-station canary --settle {number} --because …"
    return f"kenari {number} {words[state]}. Tanyakan pengirimnya, lalu: {settle}"


def _lacks_parts(transaction: sa.Connection, case_ids: tuple[int, ...]) -> bool:
    files = attachments.join(letters)
    query = sa.select(sa.func.count()).select_from(files)
    unfinished = query.where(letters.c.case_id.in_(case_ids), attachments.c.state != FileState.WHOLE)
    return bool(transaction.scalar(unfinished))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _pieces(text: str) -> frozenset[str]:
    """Return hashes of all runs of a few words: a slip of the thumb spoils some of them, never all."""
    words, prefix = _words(text), label("senyap/v1/canary-piece")
    runs = (" ".join(words[at : at + _PIECE_WORDS]) for at in range(len(words) - _PIECE_WORDS + 1))
    return frozenset(hashlib.sha256(prefix + run.encode()).digest()[:_PIECE_BYTES].hex() for run in runs)


def _likeness(known: list[str], pieces: frozenset[str]) -> float:
    """Return how much of the longer text is in the other one.

    Of the longer: words behind a canary's own must not make somebody's report disappear among canaries.
    """
    return len(pieces.intersection(known)) / max(1, len(known), len(pieces))
