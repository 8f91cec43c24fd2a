"""Questions are counted in memory and written together; a database that fails costs counts, no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError

from amalimart.core.asked import AskedShape, Tally
from amalimart.core.clock import FixedClock
from amalimart.orchestrate.metrics import question_tally
from amalimart.orchestrate.metrics.question_tally import QuestionTally

LATE = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
SHAPE = AskedShape(("gmv",))


class Kept:
    def __init__(self) -> None:
        self.added: list[tuple[date, dict[AskedShape, Tally]]] = []

    def add(self, day: date, asked: Mapping[AskedShape, Tally]) -> None:
        self.added.append((day, dict(asked)))


class Opened:
    def __init__(self) -> None:
        self.added: list[tuple[date, dict[tuple[str, str], int]]] = []

    def add(self, day: date, visits: Mapping[tuple[str, str], int]) -> None:
        self.added.append((day, dict(visits)))


class Broken:
    def add(self, day: date, asked: Sized) -> None:
        raise OperationalError(f"{day} {len(asked)}", None, OSError("disk full"))


def test_what_was_noted_is_written_in_one_group_by_the_business_day() -> None:
    kept = Kept()
    tally = QuestionTally(kept, FixedClock(LATE), ZoneInfo("Africa/Lagos"), Opened())
    tally.note(SHAPE, 0.25)
    tally.note(SHAPE, 0.5)
    assert kept.added == []
    tally.stop()
    assert kept.added == [(date(2026, 3, 11), {SHAPE: Tally(2, 0.75)})]
    tally.write()
    assert len(kept.added) == 1


def test_visits_are_counted_by_role_and_written_with_the_rest() -> None:
    opened = Opened()
    tally = QuestionTally(Kept(), FixedClock(LATE), ZoneInfo("Africa/Lagos"), opened)
    for dashboard, role in (("admin", "admin"), ("admin", "analyst"), ("admin", "admin")):
        tally.opened(dashboard, role)
    tally.write()
    tally.write()
    assert opened.added == [(date(2026, 3, 11), {("admin", "admin"): 2, ("admin", "analyst"): 1})]


def test_shapes_that_wait_are_bounded() -> None:
    kept = Kept()
    tally = QuestionTally(kept, FixedClock(LATE), ZoneInfo("UTC"), Opened())
    for number in range(question_tally.MOST_SHAPES_WAITING + 5):
        tally.note(AskedShape((f"m{number}",)), 0.0)
    tally.note(AskedShape(("m0",)), 0.0)
    tally.write()
    ((_, asked),) = kept.added
    assert len(asked) == question_tally.MOST_SHAPES_WAITING
    assert asked[AskedShape(("m0",))].count == 2


def test_a_log_that_cannot_be_written_is_no_trouble_of_who_asks() -> None:
    tally = QuestionTally(Broken(), FixedClock(LATE), ZoneInfo("UTC"), Broken())
    tally.start()
    tally.note(SHAPE, 0.25)
    tally.opened("admin", "admin")
    tally.stop()
