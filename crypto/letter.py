"""The letter: what a reporter says, as canonical JSON in one row of kind 1 (formats §3).

It is the last row of a submission and its commit record: files whose letter never came are nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crypto import xwing
from crypto.attachment import MAX_ATTACHMENTS, Attachment, attachment_json, parse_attachment
from crypto.encoding import b64, canonical_json, expect, expect_list, is_id, label, parse_json, unb64
from crypto.errors import BadSignature, Malformed
from crypto.row import MAX_DATA_BYTES, OBJECT_ID_BYTES

REPORT, FOLLOW_UP = "report", "follow_up"
MAILBOX_BYTES = 16
MAX_UPLOAD_BYTES = 134_217_728
MAX_FIELDS = 128


@dataclass(frozen=True, slots=True)
class Letter:
    """A report (carries the mailbox's keys) or a follow-up (carries a MAC under its thread key)."""

    type: str
    object_id: bytes = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    language: str
    day: int
    readers: tuple[str, ...]
    mailbox: bytes = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    reply_key: bytes = field(default=b"", repr=False)
    reply_key_hash: bytes = field(default=b"", repr=False)
    thread_key: bytes = field(default=b"", repr=False)
    claim: bytes = field(default=b"", repr=False)
    mailbox_name: str = field(default="", repr=False)
    thread_mac: bytes = field(default=b"", repr=False)

    @property
    def content(self) -> bytes:
        """SHA-256 over the normalised fields and the files' hashes: equal for a repeat."""
        return content_hash(self.fields, [a.sha256 for a in self.attachments])


def content_hash(fields: Mapping[str, str], file_hashes: Sequence[bytes]) -> bytes:
    """Hash what makes two letters of one mailbox the same letter."""
    body = canonical_json({"fields": dict(fields), "files": [b64(h) for h in file_hashes]}, ascii_only=False)
    return hashlib.sha256(label("senyap/v1/content") + body).digest()


def mailbox_of(reply_key: bytes) -> bytes:
    """Return the 16-byte mailbox id that belongs to a 1216-byte reply key."""
    return hashlib.sha256(label("senyap/v1/mailbox") + reply_key).digest()[:MAILBOX_BYTES]


def build_letter(letter: Letter) -> bytes:
    """Encode a letter; raises Malformed when it would not fit one row."""
    data = canonical_json(_to_json(letter), ascii_only=False)
    if len(data) > MAX_DATA_BYTES:
        raise Malformed(f"letter: {len(data)} bytes, want {MAX_DATA_BYTES} or fewer")
    return data


def seal_thread(letter: Letter, thread_key: bytes) -> Letter:
    """Return the follow-up with its MAC: HMAC-SHA-512 over the canonical letter without it."""
    return replace(letter, thread_mac=_mac(letter, thread_key))


def check_thread(letter: Letter, thread_key: bytes) -> None:
    """Check a follow-up's MAC; raises BadSignature."""
    if not hmac.compare_digest(_mac(letter, thread_key), letter.thread_mac):
        raise BadSignature("follow-up: made with another thread key")


def parse_letter(data: bytes) -> Letter:
    """Parse canonical JSON into a letter; raises Malformed for anything the format does not name."""
    value = parse_json(data, "letter", ascii_only=False)
    kind = value.get("type")
    if kind not in (REPORT, FOLLOW_UP):
        raise Malformed("letter: type is neither report nor follow_up")
    spec: dict[str, type] = dict(_COMMON, **(_REPORT if kind == REPORT else _FOLLOW_UP))
    expect(value, "letter", spec)
    if len(value["fields"]) > MAX_FIELDS:  # each becomes an object wherever a letter is read
        raise Malformed(f"letter: {len(value['fields'])} fields, want {MAX_FIELDS} or fewer")
    if any(type(v) is not str for v in value["fields"].values()):
        raise Malformed("letter: a field is not text")
    readers = tuple(expect_list(value["readers"], "letter: readers", str))
    if not 1 <= len(readers) <= 8:
        raise Malformed(f"letter: {len(readers)} readers, want 1 to 8")
    if len(set(readers)) != len(readers) or not all(map(is_id, readers)):  # each comes back in every mailbox row
        raise Malformed("letter: a reader is no group id, or stands twice")
    files = value["attachments"]
    if len(files) > MAX_ATTACHMENTS:
        raise Malformed(f"letter: {len(files)} attachments, want {MAX_ATTACHMENTS} or fewer")
    letter = Letter(
        type=kind,
        object_id=unb64(value["object_id"], OBJECT_ID_BYTES, "letter: object_id"),
        fields=value["fields"],
        language=value["language"],
        day=value["day"],
        readers=readers,
        mailbox=unb64(value["mailbox"], MAILBOX_BYTES, "letter: mailbox"),
        attachments=tuple(parse_attachment(item) for item in files),
        mailbox_name=value.get("mailbox_name", ""),
        **_parse_keys(value),
    )
    if unb64(value["content"], 32, "letter: content") != letter.content:
        raise Malformed("letter: content is not the hash of its fields and files")
    return letter


_COMMON: dict[str, type] = {
    "type": str, "object_id": str, "fields": dict, "language": str, "day": int, "readers": list,
    "mailbox": str, "content": str, "attachments": list,
}  # fmt: skip
_REPORT: dict[str, type] = {"reply_key": str, "thread_key": str, "claim": str, "mailbox_name": str}
_FOLLOW_UP: dict[str, type] = {"reply_key_hash": str, "thread_mac": str}


def _parse_keys(value: Mapping[str, Any]) -> dict[str, bytes]:
    sizes = {
        "reply_key": xwing.PUBLIC_BYTES, "thread_key": 32, "claim": 32, "reply_key_hash": 32, "thread_mac": 64,
    }  # fmt: skip
    return {name: unb64(value[name], size, f"letter: {name}") for name, size in sizes.items() if name in value}


def _to_json(letter: Letter, *, with_mac: bool = True) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": letter.type,
        "object_id": b64(letter.object_id),
        "fields": dict(letter.fields),
        "language": letter.language,
        "day": letter.day,
        "readers": list(letter.readers),
        "mailbox": b64(letter.mailbox),
        "content": b64(letter.content),
        "attachments": [attachment_json(a) for a in letter.attachments],
    }
    if letter.type == REPORT:
        value |= {"reply_key": b64(letter.reply_key), "thread_key": b64(letter.thread_key), "claim": b64(letter.claim)}
        value["mailbox_name"] = letter.mailbox_name
    else:
        value["reply_key_hash"] = b64(letter.reply_key_hash)
        if with_mac:
            value["thread_mac"] = b64(letter.thread_mac)
    return value


def _mac(letter: Letter, thread_key: bytes) -> bytes:
    body = canonical_json(_to_json(letter, with_mac=False), ascii_only=False)
    return hmac.digest(thread_key, label("senyap/v1/thread-mac") + body, "sha512")
