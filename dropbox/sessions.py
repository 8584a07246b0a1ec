"""Sealed form fields: the mailbox session and the files that already arrived (formats §3, §5).

Their keys live only in memory, two at a time, replaced every 4 hours: what a person left on a screen yesterday opens
nothing today, and a seized disk holds none of them.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
import time
from dataclasses import dataclass, field

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError as NaclError

from crypto.attachment import Attachment, attachment_json, parse_attachment
from crypto.encoding import Reader, canonical_json, expect, expect_list, label, parse_json
from crypto.errors import CryptoError
from dropbox.errors import DropboxError
from dropbox.fieldkeys import PERIOD_SECONDS, FieldKeys

_READERS_BYTES = 256
_SESSION = "senyap/v1/session"
_FILES = "senyap/v1/files"
_SEED = "senyap/v1/form-seed"
_QUESTION = "senyap/v1/question"


class SessionEnded(DropboxError):
    """The sealed field is too old, or was not made here."""


@dataclass(frozen=True, slots=True)
class Session:
    """What lets a person write again without the code. `readers` is empty where no row existed yet."""

    mailbox: bytes = field(repr=False)
    reply_key_hash: bytes = field(repr=False)
    thread: bytes = field(repr=False)
    seq: int
    name: tuple[str, str] = field(repr=False)
    readers: tuple[str, ...] = ()
    expires: int = 0  # Unix time; 0 for a new one


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """Files that arrived whole before a form was refused, and the groups of which roster they are sealed to."""

    readers: tuple[str, ...]
    attachments: tuple[Attachment, ...] = field(repr=False)
    roster: int = 0
    owner: str = ""  # of which form or mailbox: nobody else at this computer can send them along
    expires: int = 0


class SealedFields:
    """Seals and opens form fields under the keys of this and the last period."""

    def __init__(self, keys: FieldKeys) -> None:
        self._keys = keys

    def seal_session(self, session: Session, *, now: float | None = None) -> str:
        """Return the text of the hidden field `sesi`; its length does not depend on the session."""
        readers = ",".join(session.readers).encode("ascii").ljust(_READERS_BYTES, b"\0")
        names = " ".join(session.name).encode("ascii").ljust(24, b"\0")
        plain = session.mailbox + session.reply_key_hash + session.thread + struct.pack(">Q", session.seq)
        return self._seal(plain + names + readers, _SESSION, now, session.expires)

    def open_session(self, text: str, *, now: float | None = None) -> Session:
        """Open the hidden field `sesi`; raises SessionEnded."""
        expires, plain = self._open(text, _SESSION, now)
        reader = Reader(plain, "session")
        try:
            mailbox, key_hash, thread = reader.take(16), reader.take(32), reader.take(32)
            seq, names = reader.number("Q"), reader.take(24).rstrip(b"\0").decode("ascii").split()
            readers = reader.take(_READERS_BYTES).rstrip(b"\0").decode("ascii")
            reader.end()
            first, second = names
        except (CryptoError, ValueError):
            raise SessionEnded("session: not made here") from None
        groups = tuple(readers.split(",")) if readers else ()
        return Session(mailbox, key_hash, thread, seq, (first, second), groups, expires)

    def seal_files(self, kept: KeptFiles, *, now: float | None = None) -> str:
        """Return the text of the hidden field `berkas`."""
        files = [attachment_json(a) for a in kept.attachments]
        value = {"readers": list(kept.readers), "files": files, "roster": kept.roster, "owner": kept.owner}
        plain = canonical_json(value, ascii_only=False)
        return self._seal(plain, _FILES, now, kept.expires)

    def open_files(self, text: str, *, now: float | None = None) -> KeptFiles:
        """Open the hidden field `berkas`; raises SessionEnded."""
        try:
            expires, plain = self._open(text, _FILES, now)
            value = parse_json(plain, "files", ascii_only=False)
            expect(value, "files", {"readers": list, "files": list, "roster": int, "owner": str})
            readers = tuple(expect_list(value["readers"], "files: readers", str))
            files = tuple(parse_attachment(item) for item in value["files"])
            return KeptFiles(readers, files, value["roster"], value["owner"], expires)
        except CryptoError:
            raise SessionEnded("files: not made here") from None

    def seal_seed(self, seed: bytes, *, now: float | None = None, expires: int = 0) -> str:
        """Return the text of the hidden field `benih`: a form's secret, good for one period."""
        return self._seal(seed, _SEED, now, expires)

    def open_seed(self, text: str, *, now: float | None = None) -> tuple[bytes, int]:
        """Open the hidden field `benih`: (32 bytes, Unix time of its end); raises SessionEnded."""
        expires, seed = self._open(text, _SEED, now)
        return seed, expires

    def seal_question(self, plain: bytes, *, now: float | None = None) -> str:
        """Return the text of the hidden field `soal`."""
        return self._seal(plain, _QUESTION, now, 0)

    def open_question(self, text: str, *, now: float | None = None) -> bytes:
        """Open the hidden field `soal`; raises SessionEnded."""
        return self._open(text, _QUESTION, now)[1]

    def _seal(self, plain: bytes, purpose: str, now: float | None, expires: int) -> str:
        moment = time.time() if now is None else now
        nonce = os.urandom(24)
        body = struct.pack(">I", expires or int(moment) + PERIOD_SECONDS) + plain
        sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(body, label(purpose), nonce, self._keys.at(moment)[0])
        return base64.b64encode(nonce + sealed).decode("ascii")

    def _open(self, text: str, purpose: str, now: float | None) -> tuple[int, bytes]:
        moment = time.time() if now is None else now
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise SessionEnded("sealed field: not base64") from None
        for key in self._keys.at(moment):
            try:
                plain = crypto_aead_xchacha20poly1305_ietf_decrypt(raw[24:], label(purpose), raw[:24], key)
            except (NaclError, ValueError):
                continue
            expires = int.from_bytes(plain[:4], "big")
            if moment <= expires:
                return expires, plain[4:]
        raise SessionEnded("sealed field: too old, or not made here")
