"""What was asked is added up by day, is bounded, and is gone after a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from amalimart.control.database import open_database
from amalimart.control.question_log import KEEP_DAYS, MOST_SHAPES_A_DAY, QuestionLog
from amalimart.core.asked import AskedShape, Tally

DAY = date(2026, 3, 10)
BY_MONTH = AskedShape(("gmv", "order_count"), ("channel",), "month", ("vendor",), has_days=True)
PLAIN = AskedShape(("gmv",), rollups=("daily_orders",))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[QuestionLog]:
    engine = open_database(tmp_path / "control.db")
    yield QuestionLog(engine)
    engine.dispose()


def test_counts_of_one_shape_are_added_up_over_writes_and_days(log: QuestionLog) -> None:
    log.add(DAY, {BY_MONTH: Tally(2, 0.5), PLAIN: Tally(1, 0.25)})
    log.add(DAY, {PLAIN: Tally(4, 1.0)})
    log.add(DAY + timedelta(days=1), {BY_MONTH: Tally(1, 0.5)})
    assert log.since(DAY) == {PLAIN: Tally(5, 1.25), BY_MONTH: Tally(3, 1.0)}
    assert list(log.since(DAY)) == [PLAIN, BY_MONTH]
    assert log.since(DAY + timedelta(days=1)) == {BY_MONTH: Tally(1, 0.5)}


def test_what_is_older_than_it_keeps_goes_when_something_is_added(log: QuestionLog) -> None:
    log.add(DAY, {PLAIN: Tally(1, 0.0)})
    log.add(DAY + timedelta(days=KEEP_DAYS), {BY_MONTH: Tally(1, 0.0)})
    assert log.since(DAY) == {PLAIN: Tally(1, 0.0), BY_MONTH: Tally(1, 0.0)}
    log.add(DAY + timedelta(days=KEEP_DAYS + 1), {BY_MONTH: Tally(1, 0.0)})
    assert log.since(DAY) == {BY_MONTH: Tally(2, 0.0)}


def test_a_day_keeps_so_many_shapes_and_goes_on_counting_those(log: QuestionLog) -> None:
    many = {AskedShape((f"m{number}",)): Tally(1, 0.0) for number in range(MOST_SHAPES_A_DAY)}
    log.add(DAY, many)
    log.add(DAY, {PLAIN: Tally(1, 0.0), AskedShape(("m0",)): Tally(1, 0.0)})
    kept = log.since(DAY)
    assert len(kept) == MOST_SHAPES_A_DAY
    assert PLAIN not in kept
    assert kept[AskedShape(("m0",))] == Tally(2, 0.0)


def test_nothing_but_names_and_counts_is_in_the_table(log: QuestionLog) -> None:
    log.add(DAY, {BY_MONTH: Tally(1, 0.1)})
    with log._engine.connect() as connection:
        (row,) = connection.execute(text("select * from question_shapes")).mappings()
    assert set(row) == {"day", "shape_hash", "shape", "count", "seconds"}
    assert "GHS" not in str(row["shape"])
