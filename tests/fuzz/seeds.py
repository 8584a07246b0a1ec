"""Write the corpora of the parsers from the test vectors: `python tests/fuzz/seeds.py`, after a format has changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this folder: its modules have the names of formats

import vectors  # noqa: E402

from crypto.encoding import canonical_json  # noqa: E402
from fuzz import targets  # noqa: E402

MAX_FILES, MAX_BYTES = 40, 300_000  # the rest of a corpus is room for what a search finds
NETWORK = {
    "ipv4": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\neth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
    "ipv6": f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 28} 00000400 00000001 00000000 00000003     eth0\n"
    f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n",
    "addresses": f"{'0' * 31}1 01 80 10 80       lo\nfe80{'0' * 27}1 02 40 20 80     eth0\n",
}


def taken(kind: str, field: str, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield a field of each vector of a kind that has it, first the ones that are accepted."""
    found = [vectors.read(path) for path in sorted((vectors.FOLDER / kind).glob("*.txt"))]
    for vector in sorted(found, key=lambda v: (v.expect != "open", v.name)):
        if field in vector.fields:
            yield f"{kind}-{vector.name}", bytes([number]) + vector[field]


def inside(kind: str, name: str, *way: str | int) -> bytes:
    """Return one part of the JSON of a vector."""
    value = json.loads(vectors.one(kind, name)["body"])
    for step in way:
        value = value[step]
    return canonical_json(value, ascii_only=False)


def attachments() -> Iterator[tuple[str, bytes]]:
    for name in ("accept_attachment_of_0_bytes", "accept_attachment_of_248801_bytes"):
        yield f"attachment-{name}", b"\2" + inside("letter", name, "attachments", 0)


def tables() -> Iterator[tuple[str, bytes]]:
    shipped = files("station").joinpath("holidays.txt").read_text("utf-8")
    yield "holidays", b"\0" + shipped[:3_000].rpartition("\n")[0].encode()
    yield from ((f"network-{name}", b"\1" + text.encode()) for name, text in NETWORK.items())


SOURCES = {
    "letters": (taken("letter", "body", 0), taken("forwarded", "body", 1), attachments()),
    "rosters": (
        taken("roster", "body", 0), taken("batch", "body", 1), taken("request", "body", 2),
        taken("release", "body", 4), iter([("role", b"\3telaah"), ("role-of-nobody", b"\3pelapor")]),
    ),
    "transports": (
        taken("bundle", "body", 0), taken("outbox", "body", 0), taken("statistics", "body", 1),
        iter([("year", b"\2" + inside("statistics", "body_accept", "years", 0))]),
    ),
    "records": (
        taken("sharing", "data", 0), taken("row", "record", 1), taken("request", "file", 2),
        taken("forwarded", "data", 3), taken("roster", "file", 4), taken("batch", "file", 4),
        taken("release", "file", 2),
    ),
    "tables": (tables(),),
}  # fmt: skip


def main() -> None:
    for target, sources in SOURCES.items():
        folder = targets.CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        room, count, waiting = MAX_BYTES, 0, list(sources)
        while waiting and count < MAX_FILES:  # in turn, so that each has a share
            source = waiting.pop(0)
            item = next(source, None)
            if item is None:
                continue
            waiting.append(source)
            if len(item[1]) <= min(room, targets.MODULES[target].MAX_LEN):
                (folder / item[0]).write_bytes(item[1])
                room, count = room - len(item[1]), count + 1
        print(f"{target}: {count} files, {MAX_BYTES - room} bytes")


if __name__ == "__main__":
    main()
