"""Configurations of nginx: what one sets, block by block, and where another one sets something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

_QUOTED = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
_BARE = r"""(?!["'])(?:\\.|\$\{[^}]*\}|[^\s;{}\\])+"""
_PIECES = re.compile(rf"\s+|#[^\n]*|(?P<mark>[;{{}}])|(?P<word>{_QUOTED}|{_BARE})", re.S)
_SHOWN = 70  # letters of a line, in a sentence about it


@dataclass(slots=True)
class Block:
    """Directives in the order in which they stand, each with its words one space apart, and the blocks between them."""

    lines: list[str] = field(default_factory=list)
    blocks: list[tuple[str, Block]] = field(default_factory=list)


def parse(text: str) -> Block:
    """Read a configuration; raises ValueError where it is none."""
    top = Block()
    open_blocks, words, at = [top], list[str](), 0
    while at < len(text):
        found = _PIECES.match(text, at)
        if not found:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1}")
        at = found.end()
        if found["word"]:
            words.append(found["word"])
        elif found["mark"]:
            _close(found["mark"], " ".join(words), open_blocks)
            words = []
    if words or len(open_blocks) != 1:
        raise ValueError("its end")
    return top


def _close(mark: str, said: str, open_blocks: list[Block]) -> None:
    """End a directive, or begin or end a block, as the mark behind its words says."""
    if (mark == "}") == bool(said) or (mark == "}" and len(open_blocks) == 1):
        raise ValueError(said or mark)
    if mark == ";":
        open_blocks[-1].lines.append(said)
    elif mark == "{":
        block = Block()
        open_blocks[-1].blocks.append((said, block))
        open_blocks.append(block)
    else:
        open_blocks.pop()


def differences(shipped: Block, there: Block, free: frozenset[str] = frozenset(), where: str = "") -> Iterator[str]:
    """Yield a sentence for each directive that another configuration lacks, changes or adds, whatever their order.

    `free` are names of directives whose words may differ; one of each must still be there.
    """
    place = f" in {where}" if where else ""
    missing = Counter(_named(each, free) for each in shipped.lines)
    added = Counter(_named(each, free) for each in there.lines)
    missing, added = missing - added, added - missing
    left = list(added.elements())
    for each in missing.elements():
        instead = next((other for other in left if other.split(" ")[0] == each.split(" ")[0]), None)
        if instead is None:
            yield f"`{_short(each)}` is missing{place}"
        else:
            left.remove(instead)
            yield f"`{_short(instead)}`{place} must be `{_short(each)}`"
    for each in left:
        yield f"`{_short(each)}`{place} must go"
    yield from _of_blocks(shipped, there, free, where)


def _of_blocks(shipped: Block, there: Block, free: frozenset[str], where: str) -> Iterator[str]:
    theirs = [(_title(name, block), block) for name, block in there.blocks]
    for name, block in shipped.blocks:
        title = _title(name, block)
        same = next((each for each in theirs if each[0] == title), None)
        if same is None:
            yield f"`{title} {{…}}` is missing{f' in {where}' if where else ''}"
        else:
            theirs.remove(same)
            yield from differences(block, same[1], free, f"{where}, {title}" if where else title)
    for title, _ in theirs:
        yield f"`{_short(title)} {{…}}`{f' in {where}' if where else ''} must go"


def _named(line: str, free: frozenset[str]) -> str:
    name = line.split(" ")[0]
    return f"{name} …" if name in free and " " in line else line


def _title(name: str, block: Block) -> str:
    """Return a block's words; servers have none, and are told apart by who is the default."""
    default = any(line.startswith("listen ") and "default_server" in line.split(" ") for line in block.lines)
    return f"{name} (default_server)" if default else name


def _short(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
