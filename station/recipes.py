"""Recipes: what somebody outside types into the form so that a canary comes to this station, and to nobody else.

Another unit that could open it would take the invented report for a real one. So only routes count whose one reader
is this station's unit, and no level counts of which there is but one person in an area.
"""

from __future__ import annotations

import itertools
import random
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from crypto.encoding import date_of, epoch_of
from keys.roster import AREA_INSPECTORATE, NOBODY
from station import stories
from station.canaries import AREA, EXCLUDED, EXCLUSIONS, LEVEL, TEXT
from station.errors import Refused
from station.home import Home
from station.invented_files import InventedFile, draw_file
from station.questions import questions
from station.stories import Draws

CATEGORY = "kategori"
AHEAD_DAYS = 183
LEAST_LETTERS, MOST_LETTERS = 80, 10_000
_FILE_SHARE = 1 / 3
_DICE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the recipe shall be like; whatever is None is drawn."""

    text: str | None = field(default=None, repr=False)
    exclude: Collection[str] | None = None
    area: str | None = None
    level: str | None = None
    category: str | None = None
    with_file: bool | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe. `fields` are form fields and what to choose or type, in the order of the form."""

    fields: Mapping[str, str] = field(repr=False)
    file: InventedFile | None


def draw_recipe(home: Home, wishes: Wishes, *, day: int, on: int) -> Recipe:
    """Draw a recipe for a day of sending, by the roster's weights of cover where nothing is wished.

    Raises Refused for a day past, too far ahead or without keys, for a text of the wrong length, and when no route
    of these wishes leads to this station's unit alone.
    """
    _check_day(home, day, on)
    text = None if wishes.text is None else clean(wishes.text)
    area, level, excluded = _draw_route(home, wishes)
    categories = stories.categories_for(level)
    category = wishes.category or _DICE.choice(categories)
    if text is None and category not in categories:
        raise Refused(f"kenari: tidak ada karangan tentang {level} untuk kategori ini; tulis sendiri (--text-file)")
    with_file = _DICE.random() < _FILE_SHARE if wishes.with_file is None else wishes.with_file
    if text is None:
        story = stories.tell(level, category)
        answers, draws = {TEXT: story.text} | story.answers, story.draws
    else:
        answers, draws = {TEXT: text}, Draws(stories.kind_of(level))
    answers |= {AREA: area, LEVEL: level, CATEGORY: category}
    if excluded:
        answers[EXCLUDED] = ",".join(sorted(excluded))
    ordered = {name: answers[name] for name in questions() if name in answers}
    return Recipe(ordered, draw_file(draws) if with_file else None)


def clean(text: str) -> str:
    """Return a text as the form takes it; raises Refused when it is too short or too long."""
    plain = unicodedata.normalize("NFC", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(c for c in plain if c in "\n\t" or unicodedata.category(c) != "Cc").strip()
    if not LEAST_LETTERS <= len(kept) <= MOST_LETTERS:
        raise Refused(f"kenari: teksnya {len(kept)} huruf, harus {LEAST_LETTERS} sampai {MOST_LETTERS}")
    return kept


def _check_day(home: Home, day: int, on: int) -> None:
    if not day <= on <= day + AHEAD_DAYS:
        raise Refused(f"kenari: harinya {date_of(on)}, harus dari hari ini sampai {date_of(day + AHEAD_DAYS)}")
    if home.group.id in home.key_table().lapsed(epoch_of(on)):
        raise Refused(
            f"kenari: belum ada kunci mingguan unit ini untuk {date_of(on)}; perbarui dulu (senyap-keys renew)"
        )


def _draw_route(home: Home, wishes: Wishes) -> tuple[str, str, tuple[str, ...]]:
    """Draw area, level and exclusions whose only reader is this unit."""
    roster, weights = home.roster, home.roster.cover_weights
    routes, odds = [], []
    if wishes.exclude is None:
        choices: list[tuple[str, ...]] = [(), *((unit,) for unit in EXCLUSIONS)]
    else:
        choices = [tuple(unit for unit in EXCLUSIONS if unit in wishes.exclude)]
    for (area, levels), excluded in itertools.product(roster.routing.items(), choices):
        if wishes.exclude is None and AREA_INSPECTORATE in excluded and not roster.excluded(area, [AREA_INSPECTORATE]):
            continue  # nobody would exclude a unit that is not there
        for level in levels:
            is_wished = area == (wishes.area or area) and level == (wishes.level or level)
            readers = roster.route(area, level, roster.excluded(area, excluded))
            if is_wished and stories.kind_of(level) and readers == (home.group.id,):
                routes.append((area, level, excluded))
                exclusion = weights["exclusions"].get(excluded[0] if excluded else NOBODY, 1)
                odds.append(weights["areas"].get(area, 1) * weights["levels"].get(level, 1) * exclusion)
    if not routes:
        raise Refused(
            "kenari: laporan seperti itu tidak dibaca unit ini sendirian; pilih pengecualian, tempat atau jenjang lain"
        )
    if not any(odds):
        odds = [1] * len(odds)
    return _DICE.choices(routes, odds)[0]


def draw_look() -> int:
    """Return after how many days the sender opens the box, 0 for never: of reporters, too, some do and some do not."""
    return _DICE.choice((0, 0, 1, 2, 3, 5, 8))
