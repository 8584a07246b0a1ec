"""What one unit passes on to another, and what comes back: signed JSON in one row of kind 3 (formats §3).

HPKE names no sender, and whoever seals rows can seal one of kind 3: only the signature says which station it is from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crypto.attachment import Attachment, attachment_json, parse_attachment
from crypto.encoding import b64, canonical_json, expect, expect_list, parse_json, unb64
from crypto.envelope import Envelope, build_envelope, parse_envelope
from crypto.errors import BadSignature, Malformed
from crypto.mailbox import MAX_DAY, MAX_TEXT_BYTES, STATUSES
from crypto.row import OBJECT_ID_BYTES
from crypto.signing import SigningKey, VerifyingKey

MAGIC, PURPOSE = b"SNYF", "senyap/v1/forwarded"
FORWARDED, REFERRAL_STATUS = "forwarded", "referral_status"
REFERENCE_BYTES = 16
MAX_BODY_BYTES = 240_000  # with its signature it fits one row
MAX_FILES = 20
MAX_MESSAGES = 15
FROM_REPORTER, FROM_UNIT = "reporter", "unit"
CONSENTS = ("boleh", "tanya", "jangan")  # what the reporter wished; no answer is `tanya`
GROUNDS = ("izin", "jawaban", "hukum")  # what it rests on: that wish, an answer of the reporter since, a law
_MAX_ID = 24


@dataclass(frozen=True, slots=True)
class Said:
    """One message that goes along: of the reporter, or of the unit that passes it on."""

    day: int
    sender: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What is passed on of a case. `reference` names it to both units, and to nobody else; it is drawn by lot."""

    object_id: bytes = field(repr=False)
    deployment: str
    origin: str
    recipient: str
    reference: bytes = field(repr=False)
    day: int
    arrived: int
    language: str
    fields: Mapping[str, str] = field(repr=False)
    said: tuple[Said, ...]
    attachments: tuple[Attachment, ...]
    consent: str
    ground: str
    basis: str = field(repr=False)
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the recipient for the reporter, as an offer: the unit of origin decides."""

    day: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReferralStatus:
    """Where a case stands with the recipient, whole: a later `number` of the same station takes its place."""

    object_id: bytes = field(repr=False)
    deployment: str
    origin: str
    recipient: str
    reference: bytes = field(repr=False)
    day: int
    number: int
    status: str
    detail: str
    received: int
    files_whole: int
    files_sent: int
    messages: tuple[Message, ...]


Passed = Forwarded | ReferralStatus


@dataclass(frozen=True, slots=True)
class Signed:
    """What a row of kind 3 says, not believed before `signer` was asked."""

    passed: Passed
    _envelope: Envelope = field(repr=False)

    @property
    def body(self) -> bytes:
        """The signed bytes: the same for a repeat."""
        return self._envelope.body

    def signer(self, keys: Mapping[str, VerifyingKey]) -> str:
        """Return which of some stations signed it; raises BadSignature when none of them did."""
        for station, key in keys.items():
            try:
                key.verify(PURPOSE, self._envelope.body, self._envelope.signatures[0][1])
            except BadSignature:
                continue
            return station
        raise BadSignature("forwarded: signed by no station of the unit that it names")


def build_body(passed: Passed) -> bytes:
    """Encode what is signed; raises Malformed when it is longer than 240,000 bytes."""
    value: dict[str, Any] = {
        "object_id": b64(passed.object_id), "deployment": passed.deployment, "origin": passed.origin,
        "recipient": passed.recipient, "reference": b64(passed.reference), "day": passed.day,
    }  # fmt: skip
    if isinstance(passed, Forwarded):
        value |= {
            "type": FORWARDED, "arrived": passed.arrived, "language": passed.language, "fields": dict(passed.fields),
            "said": [{"day": s.day, "sender": s.sender, "text": s.text} for s in passed.said],
            "attachments": [attachment_json(a) for a in passed.attachments],
            "consent": passed.consent, "ground": passed.ground, "basis": passed.basis, "reason": passed.reason,
        }  # fmt: skip
    else:
        value |= {
            "type": REFERRAL_STATUS, "number": passed.number, "status": passed.status, "detail": passed.detail,
            "received": passed.received, "files_whole": passed.files_whole, "files_sent": passed.files_sent,
            "messages": [{"day": m.day, "text": m.text} for m in passed.messages],
        }  # fmt: skip
    body = canonical_json(value)
    if len(body) > MAX_BODY_BYTES:
        raise Malformed(f"forwarded: {len(body)} bytes, want {MAX_BODY_BYTES} or fewer")
    return body


def sign_body(body: bytes, signing: SigningKey) -> bytes:
    """Return the data of a row of kind 3."""
    return build_envelope(body, MAGIC, PURPOSE, {0: signing})


def parse_signed(data: bytes) -> Signed:
    """Parse the data of a row of kind 3; raises Malformed. The signature is not looked at yet."""
    envelope = parse_envelope(data, MAGIC, "forwarded")
    if [signer for signer, _ in envelope.signatures] != [0]:
        raise Malformed("forwarded: want one signature, by signer 0")
    return Signed(parse_body(envelope.body), envelope)


def parse_body(body: bytes) -> Passed:
    """Parse what is signed; raises Malformed."""
    if len(body) > MAX_BODY_BYTES:
        raise Malformed(f"forwarded: {len(body)} bytes, want {MAX_BODY_BYTES} or fewer")
    value = parse_json(body, "forwarded")
    kind = value.get("type")
    if kind not in (FORWARDED, REFERRAL_STATUS):
        raise Malformed("forwarded: type is neither forwarded nor referral_status")
    expect(value, "forwarded", _COMMON | (_FORWARDED if kind == FORWARDED else _STATUS))
    common: dict[str, Any] = {
        "object_id": unb64(value["object_id"], OBJECT_ID_BYTES, "forwarded: object_id"),
        "reference": unb64(value["reference"], REFERENCE_BYTES, "forwarded: reference"),
        "deployment": value["deployment"],
        "day": _day(value["day"]),
        "origin": _group(value["origin"]),
        "recipient": _group(value["recipient"]),
    }
    return _parse_forwarded(value, common) if kind == FORWARDED else _parse_status(value, common)


_COMMON: dict[str, type] = {
    "type": str, "object_id": str, "deployment": str, "origin": str, "recipient": str, "reference": str, "day": int,
}  # fmt: skip
_FORWARDED: dict[str, type] = {
    "arrived": int, "language": str, "fields": dict, "said": list, "attachments": list, "consent": str, "ground": str,
    "basis": str, "reason": str,
}  # fmt: skip
_STATUS: dict[str, type] = {
    "number": int, "status": str, "detail": str, "received": int, "files_whole": int, "files_sent": int,
    "messages": list,
}  # fmt: skip


def _parse_forwarded(value: dict[str, Any], common: dict[str, Any]) -> Forwarded:
    if any(type(text) is not str for text in value["fields"].values()):
        raise Malformed("forwarded: a field is not text")
    if value["consent"] not in CONSENTS or value["ground"] not in GROUNDS:
        raise Malformed("forwarded: consent or ground is not a known word")
    said = []
    for item in expect_list(value["said"], "forwarded: said", dict):
        expect(item, "said", {"day": int, "sender": str, "text": str})
        if item["sender"] not in (FROM_REPORTER, FROM_UNIT):
            raise Malformed("said: sender is neither reporter nor unit")
        said.append(Said(_day(item["day"]), item["sender"], item["text"]))
    if len(value["attachments"]) > MAX_FILES:
        raise Malformed(f"forwarded: {len(value['attachments'])} attachments, want {MAX_FILES} or fewer")
    return Forwarded(
        **common,
        arrived=_day(value["arrived"]),
        said=tuple(said),
        attachments=tuple(parse_attachment(item) for item in value["attachments"]),
        **{name: value[name] for name in ("language", "fields", "consent", "ground", "basis", "reason")},
    )


def _parse_status(value: dict[str, Any], common: dict[str, Any]) -> ReferralStatus:
    if value["status"] not in STATUSES:
        raise Malformed("referral status: status is unknown")
    messages = expect_list(value["messages"], "referral status: messages", dict)
    if len(messages) > MAX_MESSAGES:
        raise Malformed(f"referral status: {len(messages)} messages, want {MAX_MESSAGES} or fewer")
    for item in messages:
        expect(item, "message", {"day": int, "text": str})
        if len(item["text"].encode("utf-8")) > MAX_TEXT_BYTES:
            raise Malformed(f"message: more than {MAX_TEXT_BYTES} bytes")
    names = ("number", "status", "detail", "received", "files_whole", "files_sent")
    return ReferralStatus(
        **common,
        messages=tuple(Message(_day(item["day"]), item["text"]) for item in messages),
        **{name: value[name] for name in names},
    )


def _day(value: int) -> int:
    if value > MAX_DAY:
        raise Malformed("forwarded: a day is out of range")
    return value


def _group(value: str) -> str:
    if not (value.isascii() and 1 <= len(value) <= _MAX_ID):
        raise Malformed("forwarded: a unit is not 1 to 24 characters of ASCII")
    return value
