"""The questions of the intake form, as reviewers read them: made from the form itself (make texts)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from keys.units import GOVERNMENTS, UNKNOWN_AREA

_FURTHER = {"pesan": "Surat lanjutan", "tutup": "Kotak minta dihapus", "surat": "Menjawab kabar nomor"}
_AREAS = GOVERNMENTS | {UNKNOWN_AREA: "Tidak tahu"}
ANSWER_FIELD = re.compile(r"jawab-([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True)
class Question:
    """One question in Indonesian. `place` counts from the first of the form; `choices` names what may be chosen."""

    place: int
    label: str
    choices: dict[str, str]

    def answer(self, value: str) -> str:
        """Return an answer in words: each choice by its name, anything else as it is."""
        if not self.choices:
            return value
        return ", ".join(self.choices.get(choice, choice) for choice in value.split(","))


@cache
def questions() -> dict[str, Question]:
    """Return the questions by the names of their fields, in the order of the form."""
    found = json.loads(files("station").joinpath("questions.json").read_text("utf-8"))
    return {
        each["key"]: Question(place, each["id"], {slug: name["id"] for slug, name in each["choices"].items()})
        for place, each in enumerate(found)
    }


def answer_in_words(field: str, value: str) -> str:
    """Return an answer of the form as people read it: an area by its name, a choice by its words."""
    return _AREAS[value] if field == "wilayah" and value in _AREAS else question(field).answer(value)


def question(field: str) -> Question:
    """Return the question behind a field of a letter; one of no form that we know comes last, under its own name."""
    label = f"Jawaban atas pesan {match[1]}" if (match := ANSWER_FIELD.fullmatch(field)) else _FURTHER.get(field, field)
    return questions().get(field, Question(len(questions()), label, {}))
