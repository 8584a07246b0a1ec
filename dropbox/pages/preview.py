"""A report as it will go, for the eyes of its writer: answers in words, and what could point to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crypto.attachment import Attachment
from crypto.prose.traces import find_traces
from crypto.prose.traces import is_serious as serious
from dropbox import form
from dropbox.form import Field
from dropbox.tracewords import KINDS
from keys.roster import Roster

_TYPED = ("text", "area")


def answers(fields: Mapping[str, str], roster: Roster, language: str) -> list[tuple[Field, str, bool]]:
    """Return each answered question with its answer in words, and whether somebody typed it."""
    areas = dict(form.area_options(roster, language))
    found = []
    for question in form.FIELDS:
        if question.key not in fields:
            continue
        names = areas if question.key == form.AREA else dict(question.options)
        typed = question.kind in _TYPED
        value = fields[question.key]
        found.append((question, value if typed else ", ".join(str(names.get(v, v)) for v in value.split(",")), typed))
    return found


def kinds(fields: Mapping[str, str], attachments: Sequence[Attachment]) -> list[Any]:
    """Return the names of what was found, each once, in the order of `KINDS`."""
    found = {trace.kind for text in _texts(fields, attachments) for trace in find_traces(text)}
    return [name for kind, name in KINDS.items() if kind in found]


def must_ask(
    typed: Mapping[str, Sequence[str]],
    fields: Mapping[str, str],
    files: Sequence[Attachment],
    kept: Sequence[Attachment],
) -> bool:
    """Tell whether the writer is asked before this is sent: once about what a page showed, always about a new file.

    The page of a mailbox that asks takes files, too: a button on it cannot have answered for those.
    """
    if form.CHECKED not in typed:
        return is_serious(fields, files)
    return is_serious({}, [file for file in files if file not in kept])


def is_serious(fields: Mapping[str, str], attachments: Sequence[Attachment]) -> bool:
    """Tell whether the writer should be asked before this is sent."""
    if any(attachment.cleaned == "not_cleanable" for attachment in attachments):
        return True
    return any(serious(find_traces(text)) for text in _texts(fields, attachments))


def _texts(fields: Mapping[str, str], attachments: Sequence[Attachment]) -> Iterator[str]:
    for question in (*form.FIELDS, form.MESSAGE, *form.answer_fields(fields)):
        if question.kind in _TYPED and question.key in fields:
            yield fields[question.key]
    yield from (attachment.name for attachment in attachments)
