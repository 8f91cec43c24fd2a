"""What a question's options mean: the body that the engine is sent, read back as the question it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import click
import pytest

from amalimart.api.question_body import QuestionBody
from amalimart.cli.query import query
from amalimart.cli.question_options import question_body
from amalimart.core.calendar import DayRange
from amalimart.core.errors import InvalidFilter
from amalimart.semantic.question import Comparison, Filter, Having, Operator, Question, Top, Totals

DAY = date(2026, 6, 30)


def body(*words: str) -> dict[str, Any]:
    return question_body(query.make_context("query", list(words)).params)


def asked(*words: str) -> Question:
    return QuestionBody.model_validate(body(*words)).question(DAY)


def test_a_plain_question_asks_for_nothing_more() -> None:
    assert asked("gmv") == Question(("gmv",), DAY, usual=True)
    assert asked("gmv", "--total") == Question(("gmv",), DAY)


def test_every_option_reaches_the_question() -> None:
    words = [
        "gmv,order_count", "take_rate", "--by", "month,vendor", "--from", "2026-01-01", "--to", "2026-03-31",
        "--today", "2026-04-02", "--where", "category = Phones", "--having", "gmv >= 5.5",
        "--order-by", "-gmv", "--limit", "7", "--time", "delivered", "--fill", "--totals", "subtotals",
        "--top", "vendor=5", "--top-by", "take_rate", "--compare-with", "same_period_last_year", "--changes",
        "--as-of", "41",
    ]  # fmt: skip
    assert asked(*words) == Question(
        metrics=("gmv", "order_count", "take_rate"),
        today=date(2026, 4, 2),
        by=("month", "vendor"),
        days=DayRange(date(2026, 1, 1), date(2026, 3, 31)),
        filters=(Filter("category", Operator.EQ, ("Phones",)),),
        having=(Having("gmv", Operator.GE, Decimal("5.5")),),
        order_by="-gmv",
        limit=7,
        time="delivered",
        fill=True,
        totals=Totals.SUBTOTALS,
        top=Top(5, "vendor", "take_rate"),
        compare=True,
        compare_with=Comparison.SAME_PERIOD_LAST_YEAR,
        changes=True,
        as_of=41,
    )
    assert asked("gmv", "--as-of", "current") == asked("gmv")
    with pytest.raises(click.UsageError):
        body("gmv", "--as-of", "yesterday")


def test_compared_days_may_be_any() -> None:
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
    given = asked("gmv", *days, "--compare-with", "2024-01-01..2024-01-31")
    assert given.compare
    assert given.compare_with == DayRange(date(2024, 1, 1), date(2024, 1, 31))
    assert asked("gmv", *days, "--compare").compare_with is Comparison.PREVIOUS_PERIOD


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gmv", "--top", "vendor"), "write it like vendor=5"),
        (("gmv", "--top", "vendor=many"), "write it like vendor=5"),
        (("gmv", "--top-by", "gmv"), "says nothing without --top"),
        (("gmv", "--totals", "all"), "is not one of 'total'"),
        (("gmv", "--limit", "0"), "is not in the range"),
    ],
)
def test_a_misused_option_is_told(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(click.UsageError, match=message):
        body(*words)


@pytest.mark.parametrize("days", ["2024-01-01..", "..", "2024-01-01..yesterday", "2024-02-01..2024-01-01"])
def test_compared_days_that_make_no_range_are_refused(days: str) -> None:
    with pytest.raises(InvalidFilter):
        asked("gmv", "--compare-with", days)
