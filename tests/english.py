"""Finds English where only Indonesian may stand: in a text, and in the sources of the station."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# words that Indonesian does not have; names of files, commands, options and their values are taken out before
_LIST = """
a an and another any are as at be been before but by came cannot changed clock come damaged did do does drop
ended error every expected failed file files for found from had has have if in into invalid is it its key keys knows
longer lost machine made missing must need needed never newer no none not number of old on one only open opens or
other out passphrase read refused reviewer reviewers signature station than that the their them there these this to
too unknown until use value want wants was were what when which who whom whose will with without wrong you your
"""
_WORDS = frozenset(_LIST.split())
_NAMES = re.compile(
    r"`[^`]*`|\{\w*\}|https?://\S+|senyap-\w+ [a-z-]+|--[\w-]+|\b[A-Z][A-Z_]+\b|\bDebian\b|[\w…-]*\.(?:toml|db|pin|senyap|txt|pdf|md)\b"
    r"|\b(?:sent-late|not-sent|sent-twice|lost)\b|chmod"
)
_OTHER_PROGRAM = re.compile(
    r"\s*(?:SELECT|INSERT|PRAGMA|CREATE|ALTER|DROP|DELETE|ATTACH|DETACH|UPDATE|BEGIN|COMMIT|ROLLBACK|VACUUM)\b|,?\s*\w+ AS \("
)


def english_in(text: str) -> set[str]:
    """Return the English words of a text for people at a station."""
    return {word for word in re.findall(r"[a-z'’-]+", _NAMES.sub(" ", text).lower()) if word in _WORDS}


def sample(node: ast.expr) -> str | None:
    """Return a text as it would be made, with 7 for what stands in it; None where it is no text of the source."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return None


def raised(house: str) -> Iterator[tuple[str, str, str]]:
    """Yield place, class and text of each error that a house raises with a text of its own."""
    for path in sources(house):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args:
                text = sample(call.args[0])
                if text is not None:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", call.func.id, text


def sources(house: str) -> list[Path]:
    """Return the sources of a house, apart from programs that run in a sandbox."""
    return [path for path in sorted((ROOT / house).rglob("*.py")) if "inside" not in path.parts]


def texts_of(path: Path, passed_over: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield line and text of what a source may show, apart from docstrings, SQL and errors of the classes named."""
    tree = ast.parse(path.read_text("utf-8"))
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if isinstance(node.body[0], ast.Expr):
                silent.add(id(node.body[0].value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in passed_over:
            silent.update(id(inner) for inner in ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            silent.update(id(part) for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in silent:
            text = sample(node)
            if text and not _OTHER_PROGRAM.match(text):
                yield node.lineno, text
