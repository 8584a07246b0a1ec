"""One file of a submission: described in the letter, its parts in rows of kind 2 (formats §3).

    part i = XChaCha20-Poly1305(file key, nonce = i as 24 bytes, aad = label ‖ object id, up to 248,800 bytes)

The file key travels only inside the letter: parts whose letter never came, or went to other readers,
open for nobody, not even for those whose rows they lie in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError as NaclError

from crypto.encoding import b64, expect, label, unb64
from crypto.errors import Malformed, Tampered
from crypto.row import MAX_DATA_BYTES, OBJECT_ID_BYTES, TAG_BYTES

KEY_BYTES = 32
PART_BYTES = MAX_DATA_BYTES - TAG_BYTES
MAX_ATTACHMENTS = 5
MAX_ATTACHMENT_BYTES = 25_000_000
MAX_NAME_BYTES = 1_024
CLEANED = ("cleaned", "not_cleanable", "kept", "untouched")
_SPEC: dict[str, type] = {
    "object_id": str, "name": str, "media_type": str, "size": int, "parts": int, "sha256": str, "key": str,
    "cleaned": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a submission; the name is data for people, never a path."""

    object_id: bytes = field(repr=False)
    name: str = field(repr=False)
    media_type: str = field(repr=False)
    size: int
    parts: int
    sha256: bytes = field(repr=False)
    key: bytes = field(repr=False)
    cleaned: str = "untouched"


def new_key() -> bytes:
    """Return a fresh file key of 32 bytes; it is used for one file."""
    return os.urandom(KEY_BYTES)


def parts_of(size: int) -> int:
    """Return how many rows a file of `size` bytes takes: at least one, also when it is empty."""
    return max(1, -(-size // PART_BYTES))


def seal_part(key: bytes, object_id: bytes, part: int, data: bytes) -> bytes:
    """Seal up to 248,800 bytes as part `part`: their length + 16 bytes; raises Malformed for more."""
    if len(data) > PART_BYTES:
        raise Malformed(f"part: {len(data)} bytes, want {PART_BYTES} or fewer")
    return crypto_aead_xchacha20poly1305_ietf_encrypt(data, _about(object_id), _nonce(part), key)


def open_part(key: bytes, object_id: bytes, part: int, sealed: bytes) -> bytes:
    """Open one part; raises Tampered when it is another file's, another part's, or altered."""
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, _about(object_id), _nonce(part), key)
    except (NaclError, ValueError):
        raise Tampered("part: does not open with its file's key") from None


def parse_attachment(item: Any) -> Attachment:
    """Parse one attachment's JSON object; raises Malformed."""
    expect(item, "attachment", _SPEC)
    if item["cleaned"] not in CLEANED:
        raise Malformed("attachment: cleaned is not a known word")
    if item["size"] > MAX_ATTACHMENT_BYTES or item["parts"] != parts_of(item["size"]):
        raise Malformed("attachment: size and parts do not fit")
    return Attachment(
        object_id=unb64(item["object_id"], OBJECT_ID_BYTES, "attachment: object_id"),
        name=item["name"],
        media_type=item["media_type"],
        size=item["size"],
        parts=item["parts"],
        sha256=unb64(item["sha256"], 32, "attachment: sha256"),
        key=unb64(item["key"], KEY_BYTES, "attachment: key"),
        cleaned=item["cleaned"],
    )


def attachment_json(a: Attachment) -> dict[str, Any]:
    """Return one attachment as a JSON object."""
    return {
        "object_id": b64(a.object_id), "name": a.name, "media_type": a.media_type, "size": a.size,
        "parts": a.parts, "sha256": b64(a.sha256), "key": b64(a.key), "cleaned": a.cleaned,
    }  # fmt: skip


def _about(object_id: bytes) -> bytes:
    return label("senyap/v1/part") + object_id


def _nonce(part: int) -> bytes:
    return part.to_bytes(24, "big")
