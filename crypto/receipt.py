"""The receipt code: 8 Indonesian words from which the mailbox's secrets are derived (formats §4).

    sungai kompas merdu garpu pandan kijang tenun redup      88 bits = 80 secret ‖ 8 checksum

Nothing of it is stored anywhere. It opens replies, never the report.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from crypto.encoding import canonical_json, label
from crypto.errors import CryptoError, Malformed
from crypto.letter import mailbox_of
from crypto.xwing import OpeningKey

CODE_BYTES = 10
CODE_WORDS, NAME_WORDS = 8, 2
SEED_BYTES = 32
PREFIX_LETTERS = 4
ARGON2_MEMORY_KIB, ARGON2_PASSES = 65_536, 3  # RFC 9106 §4, second recommended option, with p = 1


class Mistyped(CryptoError):
    """The typed words are no receipt code.

    `word` is the number (from 1) of the first word at fault, or 0; `words` how many there were, when not 8.
    """

    def __init__(self, message: str, word: int = 0, words: int = 0) -> None:
        super().__init__(message)
        self.word = word
        self.words = words


@dataclass(frozen=True, slots=True)
class Typed:
    """One reading of what was typed: the code, and the name when two more words stood beside it."""

    code: bytes = field(repr=False)
    name: tuple[str, str] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that a code derives. Only `mailbox`, the public reply key, thread and claim leave the process, sealed."""

    reply: OpeningKey = field(repr=False)
    mailbox: bytes = field(repr=False)
    thread: bytes = field(repr=False)
    claim_secret: bytes = field(repr=False)
    name: tuple[str, str] = field(repr=False)

    @property
    def claim(self) -> bytes:
        """SHA-256 of the claim secret: the letter carries it, the reporter may one day reveal the secret."""
        return hashlib.sha256(self.claim_secret).digest()


@cache
def wordlist() -> tuple[str, ...]:
    """Return the 2,048 words, in order."""
    words = tuple(files("crypto").joinpath("wordlist_id.txt").read_text("ascii").split())
    if len(words) != 2048:
        raise Malformed(f"word list: {len(words)} words, want 2048")
    return words


@cache
def _by_prefix() -> dict[str, int]:
    return {word[:PREFIX_LETTERS]: i for i, word in enumerate(wordlist())}


def make_code(
    form_seed: bytes, fields: Mapping[str, str], readers: Sequence[str], file_hashes: Sequence[bytes]
) -> bytes:
    """Return the 10-byte code of a form: the same form gives the same code, another form another.

    `form_seed` is the hidden field `benih` (32 bytes): without it nobody can repeat the code.
    """
    if len(form_seed) != SEED_BYTES:
        raise Malformed(f"form seed: {len(form_seed)} bytes, want {SEED_BYTES}")
    form = canonical_json({"fields": dict(fields), "readers": list(readers)}, ascii_only=False)
    message = label("senyap/v1/code") + hashlib.sha512(form).digest() + b"".join(file_hashes)
    return hmac.digest(form_seed, message, "sha512")[:CODE_BYTES]


def code_words(code: bytes) -> tuple[str, ...]:
    """Return the 8 words of a 10-byte code."""
    if len(code) != CODE_BYTES:
        raise Malformed(f"code: {len(code)} bytes, want {CODE_BYTES}")
    number = int.from_bytes(code + _checksum(code), "big")
    return words_of(number, CODE_WORDS)


def words_of(number: int, count: int) -> tuple[str, ...]:
    """Spell a number of count × 11 bits, most significant first."""
    return tuple(wordlist()[number >> 11 * i & 2047] for i in reversed(range(count)))


def numbers_of(text: str) -> list[int]:
    """Return the places in the word list of typed words; raises Mistyped at the first that is not in it."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    shown = (c for c in folded if unicodedata.category(c) not in ("Mn", "Cf"))  # accents, invisible characters
    words = "".join(c if c.isalpha() else " " for c in shown).split()
    return [_word_number(word, at) for at, word in enumerate(words, 1)]


def read_code(text: str) -> tuple[Typed, ...]:
    """Read what a person typed: 8 words, or 10 when the mailbox name was typed, too.

    Any case, spacing, digits and punctuation; a word's first four letters will do. Returns every
    reading with a right checksum: one, or very rarely two when 10 words were typed; the caller
    settles those with `name` after deriving. Raises Mistyped, whose `word` points at the fault.
    """
    numbers = numbers_of(text)
    if len(numbers) not in (CODE_WORDS, CODE_WORDS + NAME_WORDS):
        raise Mistyped(f"code: {len(numbers)} words, want {CODE_WORDS}", words=len(numbers))
    readings = []
    for start in range(0, len(numbers) - CODE_WORDS + 1, NAME_WORDS):
        number = 0
        for n in numbers[start : start + CODE_WORDS]:
            number = number << 11 | n
        code, check = number >> 8, number & 255
        raw = code.to_bytes(CODE_BYTES, "big")
        if _checksum(raw)[0] == check:
            other = numbers[:start] + numbers[start + CODE_WORDS :]
            name = (wordlist()[other[0]], wordlist()[other[1]]) if other else None
            readings.append(Typed(raw, name))
    if not readings:
        raise Mistyped("code: the checksum does not fit")
    return tuple(readings)


def derive(code: bytes, deployment: str) -> Receipt:
    """Derive a mailbox's secrets from a 10-byte code: Argon2id (64 MiB, about 150 ms), then HKDF.

    `deployment` is the id of this drop box, 1–32 ASCII bytes: the same words elsewhere open nothing here.
    """
    raw = deployment.encode("ascii")
    if not 1 <= len(raw) <= 32:
        raise Malformed(f"deployment id: {len(raw)} bytes, want 1 to 32")
    salt = hashlib.sha256(label("senyap/v1/receipt-salt") + raw).digest()[:16]
    root = hash_secret_raw(code, salt, ARGON2_PASSES, ARGON2_MEMORY_KIB, 1, 64, Type.ID)
    reply = OpeningKey.from_seed(_expand(root, "senyap/v1/reply-seed", 32))
    bits = int.from_bytes(_expand(root, "senyap/v1/mailbox-name", 4), "big") >> 10
    first, second = words_of(bits, NAME_WORDS)
    return Receipt(
        reply=reply,
        mailbox=mailbox_of(reply.public.raw),
        thread=_expand(root, "senyap/v1/thread", 32),
        claim_secret=_expand(root, "senyap/v1/claim", 32),
        name=(first, second),
    )


def _expand(root: bytes, purpose: str, size: int) -> bytes:
    return HKDFExpand(hashes.SHA512(), size, label(purpose)).derive(root)


def _checksum(code: bytes) -> bytes:
    return hashlib.sha256(label("senyap/v1/receipt-check") + code).digest()[:1]


def _word_number(word: str, at: int) -> int:
    number = _by_prefix().get(word[:PREFIX_LETTERS])
    if number is None or not wordlist()[number].startswith(word):
        raise Mistyped(f"code: word {at} is not in the list", at)
    return number
