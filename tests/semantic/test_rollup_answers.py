"""A rollup answers a question as its dataset does, whoever asks; and only where that is sure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, Denied, InvalidFilter
from amalimart.core.fiscal import Calendar
from amalimart.semantic.answer import Answer
from amalimart.semantic.loading import load_model
from amalimart.semantic.question import Comparison, Filter, Having, Operator, Question, Top, Totals
from amalimart.semantic.rollups.choosing import is_within
from amalimart.semantic.rollups.declared import load_rollups
from amalimart.semantic.rollups.rollup import Rollup
from amalimart.semantic.service import SemanticService
from amalimart.warehouse.rollups.rollup_sql import rollup_sql
from tests.semantic.conftest import (
    ADMIN,
    MARKETPLACE,
    RIDER,
    SUPPORT,
    TODAY,
    VENDOR_A,
    VENDOR_B,
    VENDOR_NOBODY,
    Shop,
    build_shop,
)

if TYPE_CHECKING:
    from pathlib import Path

    from amalimart.access.principal import Principal
    from amalimart.semantic.model import SemanticModel

WIDE = """
rollups:
  monthly_orders:
    {description: Orders by month., owner: finance, dataset: orders, grain: month,
      dimensions: [status, currency], measures: {total_amount: [sum, min, max], order_date: [min, max]}}
  quarterly_orders:
    {description: Orders by quarter., owner: finance, dataset: orders, grain: quarter,
      dimensions: [currency], measures: {total_amount: [sum]}}
  weekly_orders:
    {description: Orders by week., owner: finance, dataset: orders, grain: week, dimensions: [currency],
      measures: {total_amount: [sum]}}
  customer_orders:
    {description: Orders by customer., owner: finance, dataset: orders, grain: day,
      dimensions: [customer_id, currency, status], measures: {total_amount: [sum, max], customer_id: [count]}}
  product_items:
    {description: Lines by product., owner: finance, dataset: order_items, grain: day,
      dimensions: [product_id, vendor_id, currency], measures: {item_amount: [sum], quantity: [sum]}}
  vendor_items:
    {description: Lines by vendor., owner: finance, dataset: order_items, grain: day,
      dimensions: [vendor_id, currency], measures: {item_amount: [sum]}}
  delivered_orders:
    {description: Orders by their delivery., owner: finance, dataset: orders, grain: day,
      dimensions: [delivered_date, customer_id, channel, currency], measures: {total_amount: [sum]}}
  parcels:
    {description: Parcels by partner., owner: finance, dataset: shipments, grain: day, measures:
      {delivery_fee: [sum], delivery_days: [sum, max], shipment_id: [count]},
      dimensions: [delivery_partner_id, currency, status,
      is_express, is_due, is_on_time, is_failed, has_negative_days, delivered_date]}
  stars:
    {description: Reviews by product., owner: finance, dataset: reviews, grain: month,
      dimensions: [product_id, vendor_id, rating], measures: {rating: [sum]}}
  stock:
    {description: Products by seller., owner: finance, dataset: products,
      dimensions: [vendor_id, category_id, status, is_active, is_listed, is_sellable],
      measures: {stock_quantity: [sum]}}
  people:
    {description: Accounts., owner: finance, dataset: customers, dimensions: [country, role, gender]}
"""
PRINCIPALS = [ADMIN, SUPPORT, VENDOR_A, VENDOR_B, VENDOR_NOBODY, RIDER]


class Rolled:
    """The shop, asked with rollups and without."""

    def __init__(self, shop: Shop, rollups: tuple[Rollup, ...]) -> None:
        self.shop = shop
        for rollup in rollups:
            query = rollup_sql(rollup.made, rollup.made.base.sql)
            shop.connection.execute(f"create table {rollup.table.sql} as {query}")
        self.with_rollups = SemanticService(
            shop.model, shop.policies, shop.reader, shop.source, None, rollups, lambda _: True
        )

    def both(self, question: Question, principal: Principal) -> tuple[tuple[object, ...], tuple[object, ...]]:
        return told(self.with_rollups, question, principal), told(self.shop.service, question, principal)

    def used(self, question: Question, principal: Principal = ADMIN) -> tuple[str, ...]:
        with self.shop.reader.read() as transaction:
            return self.with_rollups.plan(question, principal, transaction).rollups


def told(service: SemanticService, question: Question, principal: Principal) -> tuple[object, ...]:
    """Names and rows, or the error as its reader gets it."""
    try:
        answer = service.ask(question, principal)
    except AmalimartError as error:
        return type(error), error.what
    return answer.columns, sorted(map(repr, answer.rows)), answer.receipt.notes, answer.receipt.metrics


@pytest.fixture(scope="module")
def rolled(model: SemanticModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rolled]:
    folder = tmp_path_factory.mktemp("semantic")
    (folder / "rollups").mkdir()
    (folder / "rollups" / "wide.yml").write_text(WIDE)
    shop = build_shop(model)
    yield Rolled(shop, load_rollups([MARKETPLACE / "semantic", folder], model))
    shop.connection.close()


@st.composite
def questions(draw: st.DrawFn, model: SemanticModel) -> Question:
    metrics = draw(st.lists(st.sampled_from(sorted(model.metrics)), min_size=1, max_size=4, unique=True))
    usable = [
        dimension.name
        for dimension in model.dimensions.values()
        if all(dimension in model.reachable(model.metric(name)) for name in metrics)
    ]
    by: list[str] = draw(st.lists(st.sampled_from(usable), max_size=2, unique=True)) if usable else []
    first = date(2023, 12, 1) + timedelta(days=draw(st.integers(0, 110)))
    days = DayRange(first, first + timedelta(days=draw(st.integers(0, 90))))
    grain = draw(st.sampled_from([None, None, *Grain]))
    filters = []
    is_filtered = draw(st.booleans())
    if usable and is_filtered:
        operator = draw(st.sampled_from([Operator.EQ, Operator.NE]))
        value = draw(
            st.sampled_from(["COMPLETED", "vA", "vB", "GHS", "unknown", "true", "Accra", "p1", "k2"])
        )
        filters.append(Filter(draw(st.sampled_from(usable)), operator, (value,)))
    if grain is None and draw(st.integers(0, 4)) == 0:
        filters.append(Filter(draw(st.sampled_from(["month", "week", "day"])), Operator.EQ, ("2024-03-01",)))
    has_days = draw(st.booleans())
    compare = has_days and draw(st.booleans())
    others = date(2023, 11, 1) + timedelta(days=draw(st.integers(0, 60)))
    compared = [*Comparison, DayRange(others, others + timedelta(days=draw(st.integers(0, 60))))]
    has_top = draw(st.booleans())
    top = Top(draw(st.integers(1, 3)), by[0]) if by and has_top else None
    having = top is None and draw(st.integers(0, 4)) == 0
    return Question(
        tuple(metrics),
        TODAY,
        tuple(by),
        grain,
        days if has_days else None,
        tuple(filters),
        compare=compare,
        fill=grain is not None and draw(st.booleans()),
        having=(Having(metrics[0], Operator.GT, Decimal(50)),) if having else (),
        compare_with=draw(st.sampled_from(compared)) if compare else Comparison.PREVIOUS_PERIOD,
        changes=compare and draw(st.booleans()),
        time=draw(st.sampled_from([None, None, None, "ordered", "delivered", "cancelled", "refunded"])),
        totals=draw(st.sampled_from([Totals.NONE, *Totals])),
        top=top,
    )


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_an_answer_from_a_rollup_is_the_same(rolled: Rolled, data: st.DataObject) -> None:
    question = data.draw(questions(rolled.shop.model))
    principal = data.draw(st.sampled_from(PRINCIPALS))
    ours, raw = rolled.both(question, principal)
    try:
        used = rolled.used(question, principal)
    except AmalimartError:
        used = ("refused",)
    event(", ".join(used) or "raw")
    assert ours == raw


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "1500")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.data())
def test_so_it_is_over_thousands_of_questions(rolled: Rolled, data: st.DataObject) -> None:
    ours, raw = rolled.both(data.draw(questions(rolled.shop.model)), data.draw(st.sampled_from(PRINCIPALS)))
    assert ours == raw


@pytest.mark.slow
def test_every_metric_is_the_same_by_every_grain(rolled: Rolled) -> None:
    for name, grain, principal in product(rolled.shop.model.metrics, (None, *Grain), (ADMIN, VENDOR_A)):
        ours, raw = rolled.both(Question((name,), TODAY, grain=grain), principal)
        assert ours == raw


def test_every_metric_is_the_same(rolled: Rolled) -> None:
    used: set[str] = set()
    for name in rolled.shop.model.metrics:
        question = Question((name,), TODAY)
        ours, raw = rolled.both(question, ADMIN)
        assert ours == raw
        if raw[0] is not InvalidFilter:
            used |= {*rolled.used(question)}
    assert {"daily_orders", "daily_items", "monthly_orders", "stock", "people"} <= used


DAYS = DayRange(date(2024, 1, 10), date(2024, 3, 20))
LAST_YEAR = Comparison.SAME_PERIOD_LAST_YEAR


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (Question(("gmv",), TODAY, grain=Grain.MONTH), "monthly_orders"),
        (Question(("gmv",), TODAY, grain=Grain.YEAR), "quarterly_orders"),
        (Question(("gmv",), TODAY, grain=Grain.FISCAL_YEAR), "quarterly_orders"),
        (Question(("gmv",), TODAY, grain=Grain.MONTH, time="delivered"), "delivered_orders"),
        (Question(("gmv",), TODAY, by=("order_status",), totals=Totals.SUBTOTALS), "monthly_orders"),
        (Question(("gmv",), TODAY, by=("order_status",), top=Top(1, "order_status")), "monthly_orders"),
        (
            Question(("gmv",), TODAY, grain=Grain.MONTH, days=DAYS, compare=True, compare_with=LAST_YEAR),
            "daily_orders",
        ),
        (Question(("gmv",), TODAY, grain=Grain.WEEK), "weekly_orders"),
        (Question(("gmv",), TODAY, grain=Grain.MONTH, days=DAYS), "daily_orders"),  # days cut a month
        (Question(("gmv",), TODAY, by=("payment_kind",)), "daily_orders"),
        (Question(("gmv",), TODAY, by=("customer_country",)), "customer_orders"),  # reached through the id
        (Question(("total_revenue",), TODAY, by=("category",)), "product_items"),
        (Question(("lifetime_value",), TODAY), "customer_orders"),  # the entity is one of its dimensions
        (Question(("unique_customers",), TODAY), "customer_orders"),
        (Question(("total_revenue",), TODAY), "daily_items"),
    ],
)
def test_the_coarsest_that_serves_is_read(rolled: Rolled, question: Question, expected: str) -> None:
    assert rolled.used(question) == (expected,)


@pytest.mark.parametrize(
    "question",
    [
        Question(("gmv",), TODAY, by=("shipping_city",)),  # not one of its dimensions
        Question(("item_orders",), TODAY),  # orders of many lines
        Question(("total_revenue", "item_orders"), TODAY),  # what is read anyway is read once
        Question(("net_revenue",), TODAY),  # asks the order, which no rollup of lines names
        Question(("avg_first_response_hours",), TODAY),  # nothing is kept of it
        Question(("gmv",), TODAY, by=("order_status",), time="delivered"),  # no rollup has both
        Question(("gmv",), TODAY, time="cancelled"),  # no rollup has that day
        Question(("stock_on_hand",), TODAY, grain=Grain.MONTH),  # of the last day alone
    ],
)
def test_what_it_cannot_tell_is_read_from_the_dataset(rolled: Rolled, question: Question) -> None:
    assert rolled.used(question) == ()


@pytest.mark.parametrize("month", range(1, 13))
def test_a_bucket_lies_within_another_where_no_day_says_otherwise(month: int) -> None:
    calendar = Calendar(month)
    days = [date(2023, 1, 1) + timedelta(days=number) for number in range(800)]
    for grain, asked in product(Grain, Grain):
        within = all(
            calendar.start(asked, calendar.start(grain, day)) == calendar.start(asked, day) for day in days
        )
        assert within or not is_within(grain, asked, calendar)
        if not grain.is_fiscal:
            assert within == is_within(grain, asked, calendar)


@pytest.mark.parametrize(
    ("month", "quarter", "year"),
    [
        (2, "monthly_orders", "monthly_orders"),
        (4, "quarterly_orders", "quarterly_orders"),
    ],
)
def test_fiscal_buckets_are_served_where_they_are_made_of_whole_ones(
    tmp_path: Path, month: int, quarter: str, year: str
) -> None:
    (tmp_path / "rollups").mkdir()
    (tmp_path / "rollups" / "wide.yml").write_text(WIDE)
    model = load_model([MARKETPLACE / "semantic"], Calendar(month))
    rolled = Rolled(build_shop(model), load_rollups([MARKETPLACE / "semantic", tmp_path], model))
    for grain, expected in ((Grain.FISCAL_QUARTER, quarter), (Grain.FISCAL_YEAR, year)):
        question = Question(("gmv", "order_count"), TODAY, grain=grain, totals=Totals.TOTAL)
        assert rolled.used(question) == (expected,)
        ours, raw = rolled.both(question, ADMIN)
        assert ours == raw
    rolled.shop.connection.close()


def test_another_release_than_the_one_that_was_planned_for_is_read_as_it_is(rolled: Rolled) -> None:
    """What is published between planning and reading decides what may be read."""
    answers = iter([True, False])
    shop = rolled.shop
    service = SemanticService(
        shop.model,
        shop.policies,
        shop.reader,
        shop.source,
        None,
        load_rollups([MARKETPLACE / "semantic"], shop.model),
        lambda _: next(answers, False),
    )
    assert answer_of(service).receipt.rollups == ()


def test_what_is_kept_of_an_answer_holds_while_the_rollup_does(rolled: Rolled) -> None:
    with rolled.shop.reader.read() as transaction:
        planned = rolled.with_rollups.plan(Question(("total_revenue",), TODAY), ADMIN, transaction)
    assert planned.tables == {"gold.rollup_daily_items"}


def test_a_vendor_reads_only_a_rollup_that_tells_vendors(rolled: Rolled) -> None:
    question = Question(("total_revenue",), TODAY)
    assert rolled.used(question, VENDOR_A) == ("vendor_items",)
    assert rolled.used(question, ADMIN) == ("daily_items",)
    open_receipt = rolled.with_rollups.ask(question, ADMIN).receipt
    assert (open_receipt.rollups, open_receipt.tables) == (("daily_items",), ("gold.rollup_daily_items",))
    answer = rolled.with_rollups.ask(question, VENDOR_A)
    assert (answer.receipt.sql, answer.receipt.rollups, answer.receipt.tables) == (None, (), ())
    (expected,) = rolled.shop.sql("select sum(item_amount) from gold.fact_order_items where vendor_id = 'vA'")
    assert answer.rows[0][0] == expected[0]


def test_no_rollup_is_read_of_a_release_without_it(rolled: Rolled) -> None:
    shop = rolled.shop
    plain = SemanticService(shop.model, shop.policies, shop.reader, shop.source, None, (), lambda _: True)
    unready = SemanticService(
        shop.model,
        shop.policies,
        shop.reader,
        shop.source,
        None,
        load_rollups([MARKETPLACE / "semantic"], shop.model),
    )
    for service in (plain, unready):
        assert answer_of(service).receipt.rollups == ()


def answer_of(service: SemanticService) -> Answer:
    return service.ask(Question(("gmv",), TODAY), ADMIN)


def test_columns_that_a_role_may_not_read_are_not_read_of_a_rollup_either(rolled: Rolled) -> None:
    ours, raw = rolled.both(Question(("commission",), TODAY), SUPPORT)
    assert ours == raw
    assert raw[0] is Denied
