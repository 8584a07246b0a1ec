"""One mailbox row: 16,384 bytes that a receipt code opens, news or no news (formats §5).

HPKE.seal(reply key, info = label ‖ mailbox, seq ‖ as_of ‖ length ‖ JSON ‖ zeros ‖ station's signature)
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crypto.encoding import Reader, b64, canonical_json, expect, expect_list, label, parse_json, unb64
from crypto.errors import BadSignature, Malformed
from crypto.letter import MAILBOX_BYTES
from crypto.signing import SIGNATURE_BYTES, SigningKey, VerifyingKey
from crypto.xwing import OVERHEAD_BYTES, OpeningKey, SealingKey

ROW_BYTES = 16_384
_PLAIN_BYTES = ROW_BYTES - OVERHEAD_BYTES
_HEAD_BYTES = 16
_SIGNED_BYTES = _PLAIN_BYTES - SIGNATURE_BYTES
MAX_JSON_BYTES = _SIGNED_BYTES - _HEAD_BYTES
MAX_TEXT_BYTES = 4_000
MAX_ARRIVALS = 20
MAX_DAY = 1_000_000
MAX_READERS = 8
_ID = re.compile(r"[a-z0-9-]{1,24}")
PURPOSE = "senyap/v1/reply"
STATUSES = (
    "received", "screening", "need_info", "review", "examination", "follow_up", "referred",
    "closed_done", "closed_not_actionable",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a group to the reporter; the day, never the hour."""

    day: int
    group: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Proof of arrival: one letter, the hash of its content, and how many of its files are whole."""

    object_id: bytes = field(repr=False)
    sha256: bytes = field(repr=False)
    day: int
    files_whole: int
    files_sent: int


@dataclass(frozen=True, slots=True)
class News:
    """What a mailbox says. `seq` is the number of the outbox, `as_of` its day."""

    seq: int
    as_of: int
    status: str
    readers: tuple[str, ...]
    messages: tuple[Message, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    next_update: int = 0
    detail: str = ""
    left_out: int = 0


def place(mailbox: bytes, station: str, seq: int) -> bytes:
    """Return the id, 16 bytes, under which a mailbox's row stands in outbox `seq` of a station.

    It is another one in each outbox, so that two of them, or two copies of a drop box, have none in common.
    Who does not know the mailbox cannot tell it from a random one.
    """
    told = label("senyap/v1/mailbox-place") + mailbox + struct.pack(">Q", seq) + station.encode("ascii")
    return hashlib.sha256(told).digest()[:MAILBOX_BYTES]


def seal_news(news: News, reply_key: SealingKey, mailbox: bytes, station: SigningKey) -> bytes:
    """Sign and seal one row; the oldest messages that do not fit are left out and counted."""
    data = _fit(news)
    head = struct.pack(">QII", news.seq, news.as_of, len(data))
    signed = (head + data).ljust(_SIGNED_BYTES, b"\0")
    plain = signed + station.sign(PURPOSE, mailbox + signed)
    return reply_key.seal(_info(mailbox), plain)


def open_news(row: bytes, key: OpeningKey, mailbox: bytes, stations: Sequence[VerifyingKey]) -> News:
    """Open a row and check that one of the given stations signed it.

    Raises NotForThisKey, BadSignature or Malformed.
    """
    if len(row) != ROW_BYTES or len(mailbox) != MAILBOX_BYTES:
        raise Malformed(f"mailbox row: {len(row)} bytes, want {ROW_BYTES}")
    plain = key.open(_info(mailbox), row)
    signed, signature = plain[:_SIGNED_BYTES], plain[_SIGNED_BYTES:]
    _verify_any(stations, mailbox + signed, signature)
    reader = Reader(signed, "mailbox row")
    seq, as_of, length = reader.number("Q"), reader.number("I"), reader.number("I")
    if length > MAX_JSON_BYTES:
        raise Malformed(f"mailbox row: length {length}, want {MAX_JSON_BYTES} or less")
    data = reader.take(length)
    reader.zeros(MAX_JSON_BYTES - length)
    return _parse_news(data, seq, as_of)


def _verify_any(stations: Sequence[VerifyingKey], payload: bytes, signature: bytes) -> None:
    for station in stations:
        try:
            station.verify(PURPOSE, payload, signature)
        except BadSignature:
            continue
        return
    raise BadSignature(f"{PURPOSE}: no station of this drop box signed it")


def _info(mailbox: bytes) -> bytes:
    return label("senyap/v1/mailbox") + mailbox


def _fit(news: News) -> bytes:
    if news.status not in STATUSES:
        raise Malformed("news: status is not a known word")
    for message in news.messages:
        if len(message.text.encode("utf-8")) > MAX_TEXT_BYTES:
            raise Malformed(f"news: message longer than {MAX_TEXT_BYTES} bytes")
    news = replace(news, arrivals=news.arrivals[-MAX_ARRIVALS:])
    while len(data := canonical_json(_to_json(news), ascii_only=False)) > MAX_JSON_BYTES:
        if not news.messages:
            raise Malformed(f"news: {len(data)} bytes without any message, want {MAX_JSON_BYTES} or fewer")
        news = replace(news, messages=news.messages[1:], left_out=news.left_out + 1)
    return data


def _to_json(news: News) -> dict[str, Any]:
    return {
        "status": news.status,
        "detail": news.detail,
        "readers": list(news.readers),
        "messages": [{"day": m.day, "group": m.group, "text": m.text} for m in news.messages],
        "arrivals": [
            {"object_id": b64(a.object_id), "sha256": b64(a.sha256), "day": a.day,
             "files_whole": a.files_whole, "files_sent": a.files_sent} for a in news.arrivals
        ],
        "next_update": news.next_update,
        "left_out": news.left_out,
    }  # fmt: skip


def _check_range(days: Sequence[int], readers: Sequence[str]) -> None:
    if max(days) > MAX_DAY:
        raise Malformed(f"news: a day above {MAX_DAY}")
    if len(readers) > MAX_READERS or any(not _ID.fullmatch(r) for r in readers):
        raise Malformed(f"news: readers are not at most {MAX_READERS} ids")


def _parse_news(data: bytes, seq: int, as_of: int) -> News:
    value = parse_json(data, "news", ascii_only=False)
    expect(value, "news", {"status": str, "detail": str, "readers": list, "messages": list, "arrivals": list,
                           "next_update": int, "left_out": int})  # fmt: skip
    if value["status"] not in STATUSES:
        raise Malformed("news: status is not a known word")
    messages = []
    for item in value["messages"]:
        expect(item, "message", {"day": int, "group": str, "text": str})
        messages.append(Message(item["day"], item["group"], item["text"]))
    arrivals = []
    for item in value["arrivals"]:
        expect(item, "arrival", {"object_id": str, "sha256": str, "day": int, "files_whole": int, "files_sent": int})
        arrivals.append(
            Arrival(
                unb64(item["object_id"], 16, "arrival: object_id"),
                unb64(item["sha256"], 32, "arrival: sha256"),
                item["day"],
                item["files_whole"],
                item["files_sent"],
            )
        )
    readers = expect_list(value["readers"], "news: readers", str)
    _check_range([as_of, value["next_update"], *(m.day for m in messages), *(a.day for a in arrivals)], readers)
    return News(
        seq=seq,
        as_of=as_of,
        status=value["status"],
        readers=tuple(readers),
        messages=tuple(messages),
        arrivals=tuple(arrivals),
        next_update=value["next_update"],
        detail=value["detail"],
        left_out=value["left_out"],
    )
