"""What templates of the desk call: words for statuses and days, and the few marks of a message."""

from __future__ import annotations

from bleach import Cleaner
from flask import Flask
from markupsafe import Markup

from crypto.encoding import readable
from crypto.prose.message import TAGS, render
from crypto.prose.traces import find_traces
from station.cases import case_name
from station.dates import written
from station.guard import KINDS as WARNINGS
from station.hints import KIND_WORDS as TRACK_WORDS
from station.pages import current
from station.questions import answer_in_words, question
from station.referrals import reference_name
from station.texts import CONSENT_WORDS, DETAIL_WORDS, DUTY_WORDS, GROUND_WORDS, ROLE_WORDS, STATUS_WORDS

_MOST_POINTING = 8


def install(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.finalize = _shown
    marks = Cleaner(tags=set(TAGS), attributes={"li": ["value"]})  # a second wall: what it is given is escaped already
    app.jinja_env.filters["written"] = written
    app.jinja_env.filters["pointing"] = _pointing
    app.jinja_env.filters["rows"] = lambda text: min(12, len(text) // 50 + text.count("\n") + 1)
    app.jinja_env.filters["bytes"] = lambda size: f"{size:,} byte".replace(",", ".")
    app.jinja_env.filters["status"] = lambda name: STATUS_WORDS.get(name, name)
    app.jinja_env.filters["detail"] = lambda name: DETAIL_WORDS.get(name, name)
    app.jinja_env.filters["duty"] = DUTY_WORDS.__getitem__
    app.jinja_env.filters["consent"] = CONSENT_WORDS.__getitem__
    app.jinja_env.filters["ground"] = GROUND_WORDS.__getitem__
    app.jinja_env.filters["reference"] = reference_name
    app.jinja_env.filters["case_name"] = case_name
    app.jinja_env.globals["role_of"] = lambda who: current().home.role_of(who)
    app.jinja_env.filters["unit"] = lambda group: current().home.name_of(group)
    app.jinja_env.filters["role"] = ROLE_WORDS.__getitem__
    app.jinja_env.filters["by_place"] = lambda fields: sorted(fields.items(), key=lambda one: question(one[0]).place)
    app.jinja_env.filters["message"] = lambda text: Markup(marks.clean(render(readable(text))))  # noqa: S704 - allowed marks alone
    app.jinja_env.globals.update(warning=WARNINGS, track_words=TRACK_WORDS)
    app.jinja_env.globals.update(question=question, said=answer_in_words)


def _shown(value: object) -> object:
    """Spell what nobody would see in whatever a template prints: people approve what they read."""
    return readable(value) if type(value) is str else value


def _pointing(text: str) -> list[str]:
    """Return the words of a text that may point at its writer, each once."""
    return list(dict.fromkeys(text[found.start : found.end] for found in find_traces(text)))[:_MOST_POINTING]
