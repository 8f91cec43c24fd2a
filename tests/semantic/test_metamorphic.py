"""What must stay the same when a question is asked in another way; no oracle is needed to see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.answer import Answer, ColumnKind
from amalimart.semantic.question import Filter, Having, Operator, Question
from tests.semantic.conftest import ADMIN, TODAY, Shop
from tests.semantic.random_shops import RandomShop, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amalimart.semantic.defined import Metric
    from amalimart.semantic.model import SemanticModel

MARCH = DayRange(date(2024, 3, 1), date(2024, 3, 31))
NESTED = [
    (Grain.DAY, Grain.WEEK),
    (Grain.DAY, Grain.MONTH),
    (Grain.MONTH, Grain.QUARTER),
    (Grain.QUARTER, Grain.YEAR),
]
quietly = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
data_of = st.data()


@pytest.fixture(scope="module")
def market(model: SemanticModel) -> Iterator[Shop]:
    shop = Shop(stored(RandomShop(31).tables()), model)
    yield shop
    shop.connection.close()


def adding(shop: Shop, *, timed: bool = False) -> list[Metric]:
    """Metrics whose groups add up to their total, whatever the group."""
    return [metric for metric in shop.model.metrics.values() if metric.non_additive == frozenset()
            and metric.period is None and (metric.has_time or not timed)]  # fmt: skip


def answer(shop: Shop, question: Question) -> Answer:
    return shop.service.ask(question, ADMIN)


def by_group(found: Answer, name: str) -> dict[tuple[Any, ...], Any]:
    """The values of one metric by the keys of their rows."""
    keys = [at for at, column in enumerate(found.columns)
            if column.kind in {ColumnKind.KEY, ColumnKind.TIME, ColumnKind.DIMENSION}]  # fmt: skip
    at = [column.name for column in found.columns].index(name)
    return {tuple(row[key] for key in keys): row[at] for row in found.rows}


def a_group(shop: Shop, metric: Metric, data: st.DataObject) -> str:
    return data.draw(st.sampled_from([dimension.name for dimension in shop.model.reachable(metric)]))


def a_question(shop: Shop, data: st.DataObject) -> Question:
    """One metric of any kind, by one of its dimensions, with the days that some kinds need."""
    metric = data.draw(st.sampled_from(list(shop.model.metrics.values())))
    return Question((metric.name,), TODAY, by=(a_group(shop, metric, data),), days=MARCH)


@quietly
@given(data_of)
def test_groups_sum_to_the_total(market: Shop, data: st.DataObject) -> None:
    metric = data.draw(st.sampled_from(adding(market)))
    by = [a_group(market, metric, data), a_group(market, metric, data)]
    groups = answer(market, Question((metric.name,), TODAY, by=tuple(dict.fromkeys(by))))
    assert sum(Decimal(value) for value in by_group(groups, metric.name).values()) == market.one(metric.name)


@quietly
@given(data_of, st.sampled_from(NESTED))
def test_grains_nest(market: Shop, data: st.DataObject, grains: tuple[Grain, Grain]) -> None:
    metric = data.draw(st.sampled_from(adding(market, timed=True)))
    fine, coarse = (by_group(market.ask(metric.name, grain=grain), metric.name) for grain in grains)
    nested: dict[tuple[Any, ...], Decimal] = {}
    for (start,), value in fine.items():
        bucket = (None if start is None else grains[1].start(start),)
        nested[bucket] = nested.get(bucket, Decimal(0)) + Decimal(value)
    assert nested == coarse


@quietly
@given(data_of, st.dates(MARCH.first, date(2024, 3, 30)))
def test_days_share_out_a_range(market: Shop, data: st.DataObject, last: date) -> None:
    metric = data.draw(st.sampled_from(adding(market, timed=True)))
    parts = (MARCH, DayRange(MARCH.first, last), DayRange(last + timedelta(days=1), MARCH.last))
    whole, before, after = (
        market.service.ask(Question((metric.name,), TODAY, days=days), ADMIN).rows[0][0] for days in parts
    )
    assert whole == before + after


@quietly
@given(data_of)
def test_an_or_counts_what_is_in_both_once(market: Shop, data: st.DataObject) -> None:
    metric = data.draw(st.sampled_from(adding(market)))
    one, other = (_a_filter(market, metric, data) for _ in range(2))
    alone, beside, both, either = (
        answer(market, Question((metric.name,), TODAY, filters=filters)).rows[0][0]
        for filters in ((one,), (other,), (one, other), (replace(one, either=0), replace(other, either=0)))
    )
    assert either == alone + beside - both


def _a_filter(shop: Shop, metric: Metric, data: st.DataObject) -> Filter:
    """One on a group that is there, so that it has something to say."""
    reached = shop.model.reachable(metric)
    names = [each.name for each in reached if each.bucket is None and each.elapsed is None]
    name = data.draw(st.sampled_from(names))
    groups = answer(shop, Question((metric.name,), TODAY, by=(name,)))
    values = sorted({str(row[0]) for row in groups.rows if row[0] is not None}) or ["unknown"]
    return Filter(
        name, data.draw(st.sampled_from((Operator.EQ, Operator.NE))), (data.draw(st.sampled_from(values)),)
    )


@quietly
@given(data_of)
def test_a_filter_on_a_group_gives_that_group(market: Shop, data: st.DataObject) -> None:
    question = a_question(market, data)
    if market.model.dimensions[question.by[0]].elapsed is not None:
        return  # a part of the metric may be the same for all of its values
    rows = answer(market, question).rows
    for row in rows[:3]:
        if row[0] is not None:
            narrowed = replace(question, filters=(Filter(question.by[0], Operator.EQ, (str(row[0]),)),))
            assert answer(market, narrowed).rows == (row,)


@quietly
@given(data_of, st.sampled_from(Operator), st.integers(1, 5), st.booleans())
def test_having_order_and_limit_change_no_value(
    market: Shop, data: st.DataObject, operator: Operator, limit: int, down: bool
) -> None:
    question = a_question(market, data)
    (name,) = question.metrics
    all_rows = set(answer(market, question).rows)
    ordered = replace(question, order_by=f"{'-' if down else ''}{name}")
    assert set(answer(market, ordered).rows) == all_rows
    assert answer(market, replace(ordered, limit=limit)).rows == answer(market, ordered).rows[:limit]
    if operator in {Operator.IN, Operator.NOT_IN} or market.model.metric(name).unit.value == "date":
        return
    kept = answer(market, replace(question, having=(Having(name, operator, Decimal(1)),)))
    assert set(kept.rows) <= all_rows


@quietly
@given(data_of)
def test_metrics_asked_together_are_those_asked_alone(market: Shop, data: st.DataObject) -> None:
    question = a_question(market, data)
    other = data.draw(st.sampled_from([metric.name for metric in market.model.metrics.values()
                                       if metric.name != question.metrics[0] and question.by[0] in
                                       {each.name for each in market.model.reachable(metric)}]))  # fmt: skip
    together = by_group(
        answer(market, replace(question, metrics=(*question.metrics, other))), question.metrics[0]
    )
    alone = by_group(answer(market, question), question.metrics[0])
    assert {group: together[group] for group in alone} == alone
    assert {together[group] for group in together.keys() - alone.keys()} <= {0, None}


@quietly
@given(data_of)
def test_the_order_of_groups_moves_columns_only(market: Shop, data: st.DataObject) -> None:
    metric = data.draw(st.sampled_from(list(market.model.metrics.values())))
    names = [dimension.name for dimension in market.model.reachable(metric)]
    by = tuple(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)))
    forth, back = (
        answer(market, Question((metric.name,), TODAY, by=order, days=MARCH)) for order in (by, by[::-1])
    )
    moved = [[column.name for column in back.columns].index(column.name) for column in forth.columns]
    assert set(forth.rows) == {tuple(row[at] for at in moved) for row in back.rows}


@quietly
@given(data_of)
def test_filling_adds_empty_buckets_only(market: Shop, data: st.DataObject) -> None:
    metric = data.draw(st.sampled_from(adding(market, timed=True)))
    question = Question((metric.name,), TODAY, grain=Grain.DAY, days=MARCH)
    plain = by_group(answer(market, question), metric.name)
    filled = by_group(answer(market, replace(question, fill=True)), metric.name)
    assert len(filled) == MARCH.days
    assert {group: value for group, value in filled.items() if group in plain} == plain
    assert {filled[group] for group in filled.keys() - plain.keys()} <= {0}


@quietly
@given(data_of)
def test_what_is_compared_is_what_was_asked_of_the_range_before(market: Shop, data: st.DataObject) -> None:
    metric = data.draw(st.sampled_from([each for each in market.model.metrics.values()
                                        if each.has_time and each.period is None and each.kind != "growth"
                                        and all(leaf.period is None for leaf in each.leaves)]))  # fmt: skip
    ((_, before),) = answer(market, Question((metric.name,), TODAY, days=MARCH, compare=True)).rows
    ((earlier,),) = answer(market, Question((metric.name,), TODAY, days=MARCH.preceding())).rows
    assert before == earlier
