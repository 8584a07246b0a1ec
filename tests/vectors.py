"""Read the test vectors: tests/vectors/<kind>/<defect or property>.txt.

    about: what this vector shows                 header: `key: value`, one a line
    expect: Malformed                             `open`, or the name of the error it must raise
    from: accept.txt                              optional: fields not given here are that file's
    mutate: flip row 131 0                        optional, repeated, in order; see `_mutate`
    edit: groups.0.k = 3                          optional, repeated: change the JSON of field `body`
    delete: groups.0.k                            optional, repeated: take a name out of that JSON

    [row hex]                                     fields: hex, base64, text (one line feed at its end
    00ff…                                         is dropped) or file (a binary beside the .txt)

mutate  flip FIELD OFFSET BIT │ set FIELD OFFSET HEX │ keep FIELD BYTES │ append FIELD HEX
        (a negative OFFSET counts from the end)
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crypto import errors
from crypto.encoding import canonical_json
from crypto.receipt import Mistyped
from keys import errors as refusals

FOLDER = Path(__file__).parent / "vectors"
ERRORS = {
    error.__name__: error
    for error in (
        errors.Malformed, errors.NotForThisKey, errors.Tampered, errors.BadSignature, errors.WrongPassphrase,
        Mistyped, refusals.Expired, refusals.RolledBack, refusals.BrokenChain, refusals.TooFewSignatures,
        refusals.KeyAlarm,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Vector:
    """One file: its headers, and its fields as bytes, with all mutations applied."""

    name: str
    header: dict[str, list[str]]
    fields: dict[str, bytes] = field(repr=False)

    @property
    def expect(self) -> str:
        return self.header["expect"][0]

    def get(self, key: str, default: str = "") -> str:
        return self.header.get(key, [default])[0]

    def __getitem__(self, name: str) -> bytes:
        return self.fields[name]

    def outcome(self) -> Any:
        """Return a context that demands what the vector expects: the very class, not a child of it."""
        if self.expect not in ERRORS:
            return contextlib.nullcontext()
        return _raises_exactly(ERRORS[self.expect])


@contextlib.contextmanager
def _raises_exactly(error: type[Exception]) -> Any:
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error


def load(kind: str, through: str = "") -> list[Any]:
    """Return the vectors of a kind as pytest parameters; `through` picks those with that header."""
    found = [read(path) for path in sorted((FOLDER / kind).glob("*.txt"))]
    chosen = [v for v in found if v.get("through") == through]
    assert chosen, f"no vectors of kind {kind} through {through!r}"
    return [pytest.param(v, id=v.name) for v in chosen]


def one(kind: str, name: str) -> Vector:
    """Return one vector."""
    return read(FOLDER / kind / f"{name}.txt")


@cache
def read(path: Path) -> Vector:
    """Read one vector file."""
    head, _, rest = path.read_text("utf-8").partition("\n\n")
    header: dict[str, list[str]] = {}
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        header.setdefault(key, []).append(value)
    fields: dict[str, bytes] = {}
    if "from" in header:
        base = read(path.with_name(header["from"][0]))
        fields |= base.fields
        header = {k: v for k, v in base.header.items() if k not in ("mutate", "edit", "delete")} | header
    fields |= _fields(rest, path.parent)
    for line in header.get("mutate", []):
        _mutate(fields, *line.split())
    if "edit" in header or "delete" in header:
        fields["body"] = _edit(fields["body"], header.get("edit", []), header.get("delete", []))
    return Vector(path.stem, header, fields)


def _fields(text: str, folder: Path) -> dict[str, bytes]:
    fields: dict[str, bytes] = {}
    for title, body in re.findall(r"^\[(\w+ \w+)\]\n(.*?)(?=^\[\w+ \w+\]$|\Z)", text, re.MULTILINE | re.DOTALL):
        name, form = title.split()
        if form == "hex":
            fields[name] = bytes.fromhex("".join(body.split()))
        elif form == "base64":
            fields[name] = base64.b64decode("".join(body.split()), validate=True)
        elif form == "text":
            fields[name] = body.strip("\n").encode("utf-8")
        elif form == "file":
            fields[name] = (folder / body.strip()).read_bytes()
        else:
            raise ValueError(f"vector field of unknown form {form}")
    return fields


def _mutate(fields: dict[str, bytes], verb: str, name: str, *words: str) -> None:
    data = bytearray(fields[name])
    if verb == "flip":
        data[int(words[0])] ^= 1 << int(words[1])
    elif verb == "set":
        at, new = int(words[0]), bytes.fromhex(words[1])
        at += len(data) if at < 0 else 0
        data[at : at + len(new)] = new
    elif verb == "keep":
        del data[int(words[0]) :]
    elif verb == "append":
        data += bytes.fromhex(words[0])
    else:
        raise ValueError(f"unknown mutation {verb}")
    assert bytes(data) != fields[name], "a mutation that changes nothing tests nothing"
    fields[name] = bytes(data)


def _edit(body: bytes, edits: list[str], deletions: list[str]) -> bytes:
    value = json.loads(body)
    for line in edits:
        path, _, new = line.partition(" = ")
        *way, last = path.split(".")
        place = _walk(value, way)
        place[int(last) if isinstance(place, list) else last] = json.loads(new)
    for line in deletions:
        *way, last = line.split(".")
        place = _walk(value, way)
        del place[int(last) if isinstance(place, list) else last]
    return canonical_json(value)


def _walk(value: Any, way: list[str]) -> Any:
    for step in way:
        value = value[int(step) if isinstance(value, list) else step]
    return value
