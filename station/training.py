"""A station to learn at: its own keys, and twelve invented cases that came and were worked on by the real ways.

Every page of its desk says so. What tells it is the deployment in its signed roster (`Roster.is_training`): a home is
pinned to the roots of its own deployment, so no real one becomes this one, and its outbox is of another deployment
for any drop box.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from crypto import medium
from keys.training import make_training as make_keys
from station import casework, referral, statements, stories
from station.canaries import AREA, LEVEL, TEXT
from station.cases import case_name, show_case
from station.casework import Wish
from station.desk import Desk, open_desk
from station.errors import Refused
from station.home import Home
from station.inbox import import_bundle
from station.invented_bundles import InventedDropBox
from station.invented_files import InventedFile, draw_file
from station.outbox import make_outbox
from station.recipes import CATEGORY
from station.referral import Draft
from station.referrals import prepared
from station.stories import Draws
from station.training_plots import ANSWER, ANSWERED, PLOTS, Act, Plot
from station.writing import Writer, WrittenLetter

HOME, STICK, WORDS = "stasiun", "stik", "frasa-sandi.txt"
_ASIDE = ".sedang-dibuat"


@dataclass(frozen=True, slots=True)
class Made:
    """Where a training station lies, and what its reviewers type."""

    home: Path
    stick: Path
    passphrases: dict[str, str] = field(repr=False)


def make_training(folder: Path, *, day: int) -> Made:
    """Make stasiun/, stik/ and frasa-sandi.txt in a new or an empty folder.

    Made aside and moved in at the end; what an interrupted run left is taken away by the next one. Raises Refused
    for a folder with anything else in it, OSError.
    """
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - {_ASIDE}):
        raise Refused("folder itu sudah ada isinya; sebut folder lain, yang baru akan dibuat")
    aside = folder / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    medium.make_folder(aside)
    since = day - max(plot.ago for plot in PLOTS)
    keys = make_keys(aside / HOME, since=since, day=day)
    home = Home.load(aside / HOME)
    with open_desk(home, dict(list(keys.passphrases.items())[: home.group.k])) as desk:
        _Past(desk, InventedDropBox(home, keys.server), aside / STICK, day).live()
    lines = "".join(f"{who}\t{words}\n" for who, words in keys.passphrases.items())
    medium.write_file(aside / WORDS, lines.encode("utf-8"))
    for name in (HOME, STICK, WORDS):
        (aside / name).rename(folder / name)
    aside.rmdir()
    return Made(folder / HOME, folder / STICK, keys.passphrases)


class _Past:
    """The months before today, lived day by day."""

    def __init__(self, desk: Desk, sender: InventedDropBox, stick: Path, day: int) -> None:
        self._desk, self._sender, self._stick, self._today = desk, sender, stick, day
        roster = desk.home.roster
        self._reporters = [Writer(roster.deployment, desk.home.group.id, plot.language) for plot in PLOTS]

    def live(self) -> None:
        """Let all of it happen; the answer to a question stays on the stick."""
        for ago in range(max(plot.ago for plot in PLOTS), -1, -1):
            day = self._today - ago
            if letters := list(self._letters(ago)):
                path = self._sender.write(letters, self._stick, day)
                import_bundle(self._desk, path, day=day)
                path.unlink()
            for case_id, plot in enumerate(PLOTS, 1):  # the oldest comes first, no two on one day
                for act in plot.acts:
                    if act.ago == ago and act.target:
                        self._take(case_id, act, day)
            if any(act.ago == ago and act.target == "need_info" for plot in PLOTS for act in plot.acts):
                path = make_outbox(self._desk, self._stick, day=day)  # a question waits for an answer only at the box
                self._sender.take(path)
                path.unlink()
        answer = self._reporters[ANSWERED].follow_up(ANSWER, [], self._today)
        self._sender.write([answer], self._stick, self._today)

    def _letters(self, ago: int) -> Iterator[WrittenLetter]:
        day = self._today - ago
        for plot, reporter in zip(PLOTS, self._reporters, strict=True):
            if plot.ago == ago:
                fields, files = _tell(plot)
                yield reporter.report(fields, files, day)
            for act in plot.acts:
                if act.ago == ago and act.letter:
                    files = _draw_files(Draws(stories.kind_of(plot.level)), act.files)
                    yield reporter.follow_up(act.letter, files, day)

    def _take(self, case_id: int, act: Act, day: int) -> None:
        home, members = self._desk.home, self._desk.home.members
        wish = Wish(act.target, members[act.by - 1], act.detail, act.text, act.note)
        with self._desk.vault.begin() as transaction:
            if act.target == "screening":
                for who in members:
                    statements.state_conflict(transaction, home, case_id, who, conflict=False, day=day)
            if act.target == "referred":
                self._refer(transaction, case_id, act, day)
                return
            casework.take(transaction, home, case_id, wish, day=day)
            if act.approved:
                casework.approve(transaction, home, case_id, members[act.approved - 1], day=day)

    def _refer(self, transaction: sa.Connection, case_id: int, act: Act, day: int) -> None:
        """Pass on what the report says, by a printed letter: no other unit learns here."""
        home, members = self._desk.home, self._desk.home.members
        told = show_case(transaction, case_name(case_id)).fields[TEXT]
        draft = Draft(act.detail, {TEXT: told}, ground="hukum", basis=act.note, reason=act.note, text=act.text)
        referral.propose(transaction, home, case_id, draft, by=members[act.by - 1], day=day)
        found = prepared(transaction, case_id, home.id)
        if found is not None and act.approved:
            digest = referral.digest_of(found[1].body)
            referral.approve(transaction, home, case_id, members[act.approved - 1], digest, day=day)


def _tell(plot: Plot) -> tuple[dict[str, str], list[InventedFile]]:
    story = stories.tell(plot.level, plot.category)
    told = {TEXT: plot.text} if plot.text else {TEXT: story.text} | story.answers
    fields = told | {AREA: "sumsel", LEVEL: plot.level, CATEGORY: plot.category}
    return fields, _draw_files(story.draws, plot.files)


def _draw_files(draws: Draws, count: int) -> list[InventedFile]:
    return [draw_file(draws) for _ in range(count)]
