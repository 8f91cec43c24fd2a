"""Each metric's example, a question with a number worked out by hand from the rows of shop.sql, comes out.

A number of an example is never taken from an answer: it is what one counts and adds up in the two dozen rows.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import DayRange
from amalimart.semantic.defined import Metric
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.question import Question
from amalimart.semantic.question_text import parse_filters

if TYPE_CHECKING:
    from tests.semantic.conftest import Shop

ADMIN = Principal("admin", Role.ADMIN)
METRICS = load_model([PACKAGED]).metrics
WITHOUT = Path(__file__).parent / "metrics_without_example.txt"
"""Metrics that have none yet. It only gets shorter."""
CLOSE = Decimal("0.0000005")  # examples are written with six digits at most


def names_without() -> set[str]:
    return {line for line in WITHOUT.read_text().splitlines() if line and not line.startswith("#")}


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.example])
def test_the_example_comes_out(read_only_shop: Shop, model_day: date, name: str) -> None:
    metric = METRICS[name]
    assert metric.example is not None
    answer = read_only_shop.service.ask(asked(metric, model_day), ADMIN)
    ((number,),) = answer.rows
    expected = metric.example.value
    if isinstance(expected, Decimal):
        assert number is not None
        assert abs(Decimal(str(number)) - expected) <= CLOSE, (name, number, expected)
    else:
        assert number == expected, name


def asked(metric: Metric, today: date) -> Question:
    example = metric.example
    assert example is not None
    days = DayRange(example.first, example.last) if example.first and example.last else None
    filters = parse_filters(example.where) if example.where else ()
    return Question((metric.name,), example.today or today, days=days, filters=filters)


def test_no_metric_comes_without_an_example() -> None:
    lacking = {name for name, metric in METRICS.items() if metric.example is None}
    assert lacking - names_without() == set(), "give each an `example`, worked out by hand from shop.sql"


def test_the_list_of_those_without_one_is_not_longer_than_needed() -> None:
    lacking = {name for name, metric in METRICS.items() if metric.example is None}
    assert names_without() - lacking == set(), f"take these off {WITHOUT.name}"
