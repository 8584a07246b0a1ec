"""By when a case wants something: working days for what the inspectorate owes, calendar days for the rest.

Defaults; a regulation of the region goes before them.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass

from station.transitions import CLOSED, SILENCE_DAYS
from station.working_days import add_working_days, count_working_days

READ_WORKING_DAYS = 3
SCREEN_WORKING_DAYS = 5
FEEDBACK_WORKING_DAYS = 30
REVIEW_WORKING_DAYS = 60
OBJECTION_WORKING_DAYS = 10
OUTCOME_DAYS = 90
NEWS_DAYS = 60
DELIVERY_DAYS = 14  # two rounds of the courier: one there, one back
NEVER = -1


class Duty(enum.StrEnum):
    """What is due."""

    READ = "read"
    SCREEN = "screen"
    FEEDBACK = "feedback"
    REVIEW = "review"
    NEWS = "news"
    OBJECTION = "objection"
    DELIVERY = "delivery"  # a bundle that says that the question lies at the drop box: the courier's
    ANSWER = "answer"  # of the reporter: nobody here is late


@dataclass(frozen=True, slots=True)
class Facts:
    """The days that deadlines are counted from; NEVER where something did not happen.

    `since`: the case stands as it does; `told`: the last message to the reporter; `wrote`: the last letter;
    `asked`: the question of a case that waits for an answer lies at the drop box.
    """

    status: str
    arrived: int
    since: int
    told: int = NEVER
    wrote: int = NEVER
    asked: int = NEVER


@dataclass(frozen=True, slots=True)
class Deadline:
    """A duty and its last day."""

    day: int
    duty: Duty

    @property
    def is_ours(self) -> bool:
        """Tell whether the inspectorate owes it."""
        return self.duty not in {Duty.DELIVERY, Duty.ANSWER}

    def overdue(self, today: int, holidays: Collection[int]) -> int:
        """Return by how many working days it has passed; 0 when it has not, or is not ours."""
        return count_working_days(self.day, today, holidays) if self.is_ours else 0


def deadline(facts: Facts, holidays: Collection[int]) -> Deadline | None:
    """Return what a case wants next, None for a closed one to which nobody objected."""
    if facts.status == "received":
        return Deadline(add_working_days(facts.arrived, READ_WORKING_DAYS, holidays), Duty.READ)
    if facts.status == "screening":
        return Deadline(add_working_days(facts.arrived, SCREEN_WORKING_DAYS, holidays), Duty.SCREEN)
    if facts.status == "need_info":
        if facts.asked == NEVER:
            return Deadline(facts.since + DELIVERY_DAYS, Duty.DELIVERY)
        return Deadline(facts.asked + SILENCE_DAYS, Duty.ANSWER)
    if facts.status in CLOSED:
        if facts.wrote <= facts.since:
            return None
        return Deadline(add_working_days(facts.wrote, OBJECTION_WORKING_DAYS, holidays), Duty.OBJECTION)
    if facts.told == NEVER:
        return Deadline(add_working_days(facts.arrived, FEEDBACK_WORKING_DAYS, holidays), Duty.FEEDBACK)
    if facts.status in {"review", "examination"}:
        return Deadline(add_working_days(facts.since, REVIEW_WORKING_DAYS, holidays), Duty.REVIEW)
    return Deadline(max(facts.arrived + OUTCOME_DAYS, facts.told + NEWS_DAYS), Duty.NEWS)
