"""The sealed hidden fields: any text, and any plain bytes under the right key, are opened or SessionEnded."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from functools import cache

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from crypto.attachment import Attachment
from crypto.encoding import label
from dropbox.sessions import KeptFiles, SealedFields, Session, SessionEnded

MAX_LEN = 2_048
NOW = 1_800_000_000.0
FILES = KeptFiles(("sumsel",), (Attachment(bytes(16), "a", "image/png", 5, 1, bytes(32), bytes(32)),), 1, int(NOW) + 9)
SESSION = Session(bytes(16), bytes(32), bytes(32), 3, ("sungai", "kompas"), ("sumsel", "kpk"))
PURPOSES = ("senyap/v1/session", "senyap/v1/files", "senyap/v1/form-seed")
WORDS = (
    b'{"files":[',
    b'],"readers":["',
    b'"],"roster":',
    b"null",
    b"1e9",
    b'\\ud800"',
    b"=",
    b"==",
    b"\0" * 16,
    b"\xff" * 4,
)


class FixedKeys:
    """The same in every process, so that an input means the same."""

    def at(self, moment: float) -> Sequence[bytes]:
        return bytes(range(32)), bytes(range(32, 64))


@cache
def fields() -> SealedFields:
    return SealedFields(FixedKeys())


def seal(plain: bytes, purpose: str) -> str:
    """Seal bytes as only the drop box can; `plain` begins with the time of its end."""
    nonce = bytes(24)
    return base64.b64encode(
        nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plain, label(purpose), nonce, bytes(range(32)))
    ).decode()


def one(data: bytes) -> None:
    """The first byte says whether the rest is the text of a field or what lies inside it."""
    if not data:
        return
    number = data[0] % 4
    text = data[1:].decode("utf-8", "replace") if number == 3 else seal(data[1:], PURPOSES[number])
    sealer, opened = fields(), []
    for at, opener in enumerate((sealer.open_session, sealer.open_files, sealer.open_seed)):
        try:
            opener(text, now=NOW)
        except SessionEnded:
            continue
        opened.append(at)
    assert opened in ([], [number]) if number < 3 else len(opened) <= 1, "sealed for another field"


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Change what lies inside a field that was sealed here."""
    made = fields()
    kind = dice.randrange(4)
    text = (made.seal_session(SESSION, now=NOW), made.seal_files(FILES, now=NOW), made.seal_seed(bytes(32), now=NOW))
    if kind == 3:
        return b"\x03" + dice.choice(text).encode()
    opened = made._open(text[kind], PURPOSES[kind], NOW)
    plain = bytearray(opened[0].to_bytes(4, "big") + opened[1])
    for _ in range(dice.randrange(4)):
        plain[dice.randrange(4, len(plain))] = dice.choice(b'\0 ,"0[]{}\xff')
    return bytes([kind]) + bytes(plain)
