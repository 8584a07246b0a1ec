"""A root's 32-byte signing seed as words on paper, and back (SLIP-39).

    33 words a sheet = 10 bits each: set 15, flags 5, thresholds and index 20, 256 bits + 4 of padding, checksum 30

A sheet has no passphrase: who holds enough sheets of a set holds the key. Any SLIP-39 program can read them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from crypto.errors import CryptoError, Malformed
from crypto.signing import SEED_BYTES, SigningKey, VerifyingKey

SHEET_WORDS = 33
MOST_SHEETS = 5
PREFIX_LETTERS = 4  # no two words of the list begin with the same four letters
_STRETCHING = 0  # 10,000 rounds of PBKDF2, the least there is: a random seed needs none


class BadSheet(CryptoError):
    """Typed recovery sheets do not give a seed.

    `sheet` is the number (from 1) of the sheet at fault, `word` that of its first word at fault; 0 where no one is.
    """

    def __init__(self, message: str, sheet: int = 0, word: int = 0) -> None:
        super().__init__(message)
        self.sheet = sheet
        self.word = word


def split_seed(seed: bytes, *, needed: int = 1, sheets: int = 1) -> tuple[str, ...]:
    """Return one line of 33 words for each sheet; any `needed` of them give the 32-byte seed back.

    Two calls with one seed give sheets of two sets, which do not go together. Raises Malformed.
    """
    if len(seed) != SEED_BYTES:
        raise Malformed(f"signing seed: {len(seed)} bytes, want {SEED_BYTES}")
    if not 1 <= needed <= sheets <= MOST_SHEETS:
        raise Malformed(
            f"recovery sheets: {needed} of {sheets}, want at most {MOST_SHEETS} and no more needed than made"
        )
    if needed == 1 and sheets > 1:
        raise Malformed(f"recovery sheets: 1 of {sheets} is impossible in SLIP-39, want 1 of 1 or at least 2 needed")
    (lines,) = generate_mnemonics(1, [(needed, sheets)], seed, extendable=True, iteration_exponent=_STRETCHING)
    return tuple(lines)


def join_seed(mnemonics: Sequence[str]) -> bytes:
    """Return the 32-byte seed of typed sheets, in any order; raises BadSheet.

    Any case, spacing, line breaks, digits and punctuation; a word's first four letters will do. More sheets than
    needed are welcome: each of them is checked against the others.
    """
    shares: list[Share] = []
    for sheet, text in enumerate(mnemonics, 1):
        share = _read_sheet(text, sheet)
        _check_place(share, sheet, shares)
        shares.append(share)
    if not shares:
        raise BadSheet("no sheet was typed")
    needed = shares[0].member_threshold
    if len(shares) < needed:
        raise BadSheet(f"{len(shares)} of the {needed} sheets needed")
    seeds = {_combine(shares[start : start + needed]) for start in range(len(shares) - needed + 1)}
    seed = seeds.pop()
    if seeds or seed is None:
        raise BadSheet("the sheets do not fit together; they may come from different sets")
    return seed


def check_root(seed: bytes, key: VerifyingKey) -> SigningKey:
    """Return the signing key of a joined seed if it is the one that a roster names; raises BadSheet."""
    signing = SigningKey.from_seed(seed)
    if signing.public.raw != key.raw:
        raise BadSheet("the sheet belongs to another ceremony or another root holder")
    return signing


@cache
def _by_prefix() -> dict[str, str]:
    return {word[:PREFIX_LETTERS]: word for word in WORDLIST}


def _words_typed(text: str, sheet: int) -> list[str]:
    """Return the full words of what was typed, as the list spells them."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    shown = (c for c in folded if unicodedata.category(c) not in ("Mn", "Cf"))  # accents, invisible characters
    words = []
    for at, typed in enumerate("".join(c if c.isalpha() else " " for c in shown).split(), 1):
        word = _by_prefix().get(typed[:PREFIX_LETTERS])
        if word is None:
            raise BadSheet(f"sheet {sheet}: word {at} is not in the word list; compare it with the paper", sheet, at)
        words.append(word)
    if len(words) != SHEET_WORDS:
        raise BadSheet(f"sheet {sheet}: {len(words)} words, want {SHEET_WORDS}", sheet)
    return words


def _read_sheet(text: str, sheet: int) -> Share:
    words = _words_typed(text, sheet)
    share = _decode(" ".join(words))
    if share is None:
        hint = "compare them with the paper, two may be swapped"
        raise BadSheet(f"sheet {sheet}: the words do not fit together; {hint}", sheet)
    form = (share.extendable, share.iteration_exponent, share.group_index, share.group_threshold, share.group_count)
    if form != (True, _STRETCHING, 0, 1, 1):
        raise BadSheet(f"sheet {sheet}: words of another program, not a recovery sheet of a root key", sheet)
    return share


def _check_place(share: Share, sheet: int, others: Sequence[Share]) -> None:
    for other, earlier in enumerate(others, 1):
        if share == earlier:
            raise BadSheet(f"sheet {sheet}: the same sheet as sheet {other}", sheet)
        same_set = (share.identifier, share.member_threshold) == (earlier.identifier, earlier.member_threshold)
        if not same_set or share.index == earlier.index:
            raise BadSheet(f"sheet {sheet} belongs to another set than sheet {other}", sheet)


# The library's refusals quote words of the sheet, so they may be neither shown nor kept as the context of ours.


def _decode(line: str) -> Share | None:
    try:
        return Share.from_mnemonic(line)
    except MnemonicError:
        return None


def _combine(shares: Sequence[Share]) -> bytes | None:
    try:
        return bytes(combine_mnemonics([share.mnemonic() for share in shares]))
    except MnemonicError:
        return None
