"""The receipt code as typed: the code it is, or Mistyped that points into what was typed."""

from __future__ import annotations

import random
import re

from crypto.receipt import CODE_BYTES, Mistyped, code_words, read_code, wordlist

MAX_LEN = 400
REFUSALS = re.compile(r"code: (word \d+ is not in the list|\d+ words, want 8|the checksum does not fit)")
JUNK = (" ", "-", "\n", "\r\n", " 3. ", ",", "\t", "\u00a0", " — ", "/", "_", "12", "·", "\u3000", "'", "\u200b ", "…")
WORDS = (*(w.encode() for w in (*wordlist()[::97], *JUNK)), b"\xef\xbd\x81", b"\xcc\x81", b"\xef\xac\x81")


def one(data: bytes) -> None:
    """Read a text; what is read must be a right code whose words are those that were typed."""
    text = data.decode("utf-8", "replace")
    try:
        readings = read_code(text)
    except Mistyped as error:
        assert error.word >= 0 and error.words >= 0 and not (error.word and error.words)
        assert REFUSALS.fullmatch(str(error)), "a refusal shows what was typed"
        return
    assert 1 <= len(readings) <= 2 and len({r.code for r in readings}) == len(readings)
    for reading in readings:
        assert len(reading.code) == CODE_BYTES
        words = code_words(reading.code)
        assert read_code(" ".join(words))[0].code == reading.code
        assert reading.name is None or set(reading.name) <= set(wordlist())
        full = " ".join((*words, *(reading.name or ())))
        assert reading in read_code(full)


def noisy(code: bytes, dice: random.Random) -> str:
    """Spell a code as somebody may type it."""
    out = dice.choice(("", "1) ", "\n", "  "))
    for word in code_words(code):
        word = word[: dice.choice((4, 5, 6, 20))]
        out += "".join(dice.choice((c, c, c.upper(), chr(ord(c) + 0xFEE0))) for c in word) + dice.choice(JUNK)
    return out


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Put a right code where a random text would never hold one; sometimes the name or a slip with it."""
    text = noisy(dice.randbytes(CODE_BYTES), dice)
    if dice.random() < 0.3:
        text = f"{text} {dice.choice(wordlist())} {dice.choice(wordlist())}"
    if dice.random() < 0.3:
        text = f"{dice.choice(wordlist())} {dice.choice(wordlist())} {text}"
    if dice.random() < 0.3 and text:
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(("", "q", " ", "é", "\u0130", "ß")) + text[at + 1 :]
    return text.encode()
