"""Archives for the fuzzer: one member changed, lengths and checksums right again."""

from __future__ import annotations

import contextlib
import io
import random
import re
import warnings
import zipfile

from fuzz import cleaned

_TAGS = re.compile(rb"<[^<>]*>")
_VALUES = re.compile(rb'"[^"<>]*"')
_BYTES = 1 << 20


def members(data: bytes) -> list[tuple[str, bytes]]:
    """Return names and contents; none of what is no archive."""
    found = []
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                found.append((info.filename, member.read(_BYTES)))
    return found


def packed(parts: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")  # of two members with one name, which is the point
        for name, data in parts:
            made.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def mutate(data: bytes, dice: random.Random, words: tuple[bytes, ...]) -> bytes:
    """Change, drop, repeat or rename one member; XML mostly by tags, values and known words."""
    parts = members(data)
    if not parts or dice.random() < 0.1:
        return cleaned.spliced(data, dice)
    at = dice.randrange(len(parts))
    name, content = parts[at]
    what = dice.randrange(12)
    if what == 0:
        del parts[at]
    elif what == 1:
        parts.insert(dice.randrange(len(parts)), parts[at])
    elif what == 2:
        parts[at] = dice.choice(parts)[0] + dice.choice(("", "x", "/x.xml", ".rels")), content
    else:
        parts[at] = name, changed(content, dice, words)
    return packed(parts)


def changed(content: bytes, dice: random.Random, words: tuple[bytes, ...]) -> bytes:
    tags, values = list(_TAGS.finditer(content)), list(_VALUES.finditer(content))
    what = dice.randrange(6)
    if not tags or what == 0:
        return cleaned.spliced(content, dice)
    one, two = dice.choice(tags), dice.choice(tags)
    if what == 1:  # a stretch of elements once more
        start, end = sorted((one.start(), two.start()))
        return content[:end] + content[start:end][:2_000] + content[end:]
    if what == 2:
        return content[: one.start()] + two[0] + content[one.end() :]
    if what == 3 and values:
        value = dice.choice(values)
        new = dice.choice((b'"' + dice.choice(words) + b'"', dice.choice(values)[0]))
        return content[: value.start()] + new + content[value.end() :]
    if what == 4:
        return content[: one.end()] + dice.choice(words) + content[one.end() :]
    return content[: one.start()] + content[two.end() :] if one.start() < two.end() else content[: one.start()]
