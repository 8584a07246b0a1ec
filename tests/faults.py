"""Loaded into the process of a test server: lets it meet troubles on demand, note its templates, and stand on one day."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

TROUBLES = ("sibuk", "rusak", "tutup", "terlambat", "onion", "banjir", "penuh", "penuh-lampiran")


def install(folder: str, day: int | None) -> None:
    """Obey the word in FOLDER/trouble; write names of rendered templates to FOLDER/templates."""
    if day is not None:  # before anything has imported it
        import crypto.encoding

        crypto.encoding.today = lambda _now=None: day

    from flask import template_rendered

    from dropbox import arena, errors, lanes, rounds, services
    from dropbox.clock import Sealing

    place = Path(folder)
    show: Any = importlib.import_module("dropbox.pages.show")  # the package has a function of that name

    def is_now(word: str) -> bool:
        file = place / "trouble"
        return file.exists() and file.read_text() == word

    def note(_sender: Any, template: Any, **_rest: Any) -> None:
        with (place / "templates").open("a") as file:
            file.write(f"{os.path.basename(template.name)}\n")

    template_rendered.connect(note, weak=False)

    enter, schedule, sealing, connection = (
        lanes.Lanes.enter, rounds.Rounds.schedule, services.Services.sealing, show._connection,
    )  # fmt: skip

    def entered(lane: lanes.Lanes, *rest: Any) -> Any:
        if lane._line.name in ("report.line", "mailbox.line"):
            if is_now("sibuk"):
                raise errors.Busy("too many are waiting")
            if is_now("rusak"):
                raise ZeroDivisionError
        return enter(lane, *rest)

    lanes.Lanes.enter = entered  # type: ignore[method-assign]
    rounds.Rounds.schedule = _either(is_now, "terlambat", schedule, lambda found: replace(found, late=True))  # type: ignore[method-assign]
    services.Services.sealing = _either(is_now, "tutup", sealing, lambda _found: Sealing.UNSURE)  # type: ignore[method-assign]
    services.Services.is_flooded = _either(is_now, "banjir", services.Services.is_flooded, lambda _found: True)  # type: ignore[method-assign]
    put = arena.Arena.put

    def kept(where: arena.Arena, files: Any, letter: bytes | None = None, **rest: int) -> Any:
        if is_now("penuh"):
            raise errors.Full("no room for letters")
        if files and is_now("penuh-lampiran"):
            raise errors.FilesFull("no room for files")
        return put(where, files, letter, **rest)

    arena.Arena.put = kept  # type: ignore[method-assign]
    show._connection = _either(is_now, "onion", connection, lambda _found: "onion")


def _either(is_now: Callable[[str], bool], word: str, real: Callable[..., Any], other: Callable[[Any], Any]) -> Any:
    """Return a function that answers as the real one, changed while the trouble lasts."""

    def either(*arguments: Any) -> Any:
        found = real(*arguments)
        return other(found) if is_now(word) else found

    return either
