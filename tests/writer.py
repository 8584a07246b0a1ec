"""A front end in a process of its own that writes rows into a shared arena. `python writer.py HOME NUMBER COUNT [CODE]`.

Row i of it begins with its number and i. It says `here`, waits for the end of stdin, writes, and prints each slot in the
order of its writes. CODE runs first: a protection taken away.
"""

import struct
import sys
from pathlib import Path

from crypto.row import ROW_BYTES
from dropbox.services import Services
from dropbox.settings import load_settings


def row_of(number: int, i: int) -> bytes:
    return struct.pack(">II", number, i).ljust(ROW_BYTES, b"\1")


def main(home: str, number: str, count: str, code: str = "") -> None:
    exec(code, {})
    services = Services.open(load_settings(Path(home)))
    print("here", flush=True)
    sys.stdin.read()
    for i in range(int(count)):
        print(*services.arena.put([], row_of(int(number), i)))


if __name__ == "__main__":
    main(*sys.argv[1:])
