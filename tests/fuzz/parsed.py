"""What holds for every parser: it returns a value or raises the errors it names, and says nothing of what was in it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any, TypeVar

from crypto.encoding import canonical_json
from fuzz.cleaned import spliced

Parsed = TypeVar("Parsed")
SECRET = "zqxrahasiaqz"  # stands in many inputs, in no message
MANY = 300
ODD: tuple[Any, ...] = (
    0, 1, 4, 5, 255, 256, -1, 2**31, 2**63 - 1, 2**63, 10**40, True, None, 0.5, "", SECRET, SECRET * MANY, "\ud800", "\0", "é",
    "=", "AAAA", [], {}, [[]], [SECRET] * MANY, {SECRET: SECRET}, {str(n): "x" for n in range(MANY)},
)  # fmt: skip
TOKENS = (
    b'"":',
    b"[]",
    b"{}",
    b"null",
    b"true",
    b"1e9",
    b"-1",
    b"NaN",
    b'"\\ud800"',
    b"\xff\xff\xff\xff",
    b"[" * 2_000,
)


def value_of(parse: Callable[[Any], Parsed], data: Any, *errors: type[Exception]) -> Parsed | None:
    """Return what a parser makes of an input, None where it raised one of these very errors."""
    try:
        return parse(data)
    except errors as error:
        assert type(error) in errors, "a child of the error that is documented"
        assert SECRET not in str(error) and len(str(error)) < 300, "a message shows what was in the file"
        return None


def changed(
    data: bytes, dice: random.Random, *, ascii_only: bool = True, mend: Callable[[Any], None] | None = None
) -> bytes:
    """Change something in JSON and write it canonically again; `mend` sets what must fit the rest, as a hash."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return spliced(data, dice)
    if dice.random() < 0.1:
        at = dice.randrange(len(data) + 1)
        return data[:at] + dice.choice(TOKENS) + data[at:]
    for _ in range(dice.randrange(1, 4)):
        tree = with_change(tree, dice)
    try:
        if mend is not None and dice.random() < 0.8:
            mend(tree)
        return canonical_json(tree, ascii_only=ascii_only)
    except (ValueError, TypeError, KeyError, AttributeError):  # half a surrogate pair, a number that is none
        return spliced(data, dice)


def odd(dice: random.Random) -> Any:
    """Return an odd value of its own: one that stood twice could be put into itself."""
    return copy.deepcopy(dice.choice(ODD))


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every place in a tree: what holds it, and its name or number there."""
    found, todo = [], [tree]
    while todo:
        here = todo.pop()
        inside = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for name, item in inside:
            found.append((here, name))
            todo.append(item)
    return found


def with_change(tree: Any, dice: random.Random) -> Any:
    """Return the tree with one place replaced, dropped, doubled, exchanged, moved by one or given a neighbour."""
    there = places(tree)
    if not there:
        return odd(dice)
    holder, name = dice.choice(there)
    what = dice.randrange(7)
    if what == 0:
        del holder[name]
    elif what == 1:
        other, of_other = dice.choice(there)
        holder[name] = copy.deepcopy(other[of_other])
    elif what == 2 and isinstance(holder, list):
        holder.insert(dice.randrange(len(holder) + 1), copy.deepcopy(holder[name]))
    elif what == 3 and isinstance(holder, dict):
        holder[dice.choice((SECRET, "", "type", "id", name + "x"))] = odd(dice)
    elif what == 4 and type(holder[name]) is int:
        holder[name] += dice.choice((-5, -1, 1, 5))
    elif what == 5 and isinstance(holder[name], str):
        text = holder[name]
        at = dice.randrange(len(text) + 1)
        holder[name] = text[:at] + dice.choice(("a", "é", "\n", " ", "A", SECRET, "")) + text[at + dice.randrange(2) :]
    else:
        holder[name] = odd(dice)
    return tree
