"""The effect of a change on numbers: both sides of one release, through the door of the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from amalimart.access.policies import Policy
from amalimart.access.principal import Principal, Role
from amalimart.access.rules import DataClass
from amalimart.core.calendar import DayRange
from amalimart.core.errors import ConfigError
from amalimart.core.fiscal import Calendar
from amalimart.core.names import TableRef
from amalimart.orchestrate.metrics.effects import MeasuredValue, MetricEffects
from amalimart.semantic.definition_files import DefinitionFiles, files_of
from amalimart.warehouse.file.reading import Release, Rows
from tests.semantic.test_definition_hash import TINY

DAYS = DayRange(date(2024, 1, 1), date(2024, 1, 31))
OPERATOR = Principal("local operator", Role.ADMIN)
HEAD = "subject: {name: own, label: {en: Own, fr: Nôtre}}\nmetrics:\n"
LARGE = """\
  large:
    label: {en: Large, fr: Grandes}
    description: Large orders.
    owner: finance
    unit: money
    dataset: orders
    aggregate: sum
    field: total_amount
    where: ["total_amount >= 20"]
"""


class OneRelease:
    """A warehouse of three orders; the release goes up with each transaction that is opened."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        self.opened = 0
        self.connection.execute(
            "create schema gold; create table gold.fact_orders as select * from (values"
            " ('a', 'c', date '2024-01-05', 'COMPLETED', 10.10::decimal(18,2), 0, 0, 'GHS', 'x'),"
            " ('b', 'c', date '2024-01-06', 'COMPLETED', 20.20::decimal(18,2), 0, 0, 'GHS', 'x'),"
            " ('d', 'c', date '2024-02-06', 'COMPLETED', 99.99::decimal(18,2), 0, 0, 'EUR', 'x'))"
            " t(order_id, customer_id, order_date, status, total_amount, discount_amount, delivery_fee,"
            " currency, channel)"
        )

    @contextmanager
    def read(self) -> Iterator[OneRelease]:
        self.opened += 1
        yield self

    @property
    def release(self) -> Release:
        return Release(self.opened, datetime(2024, 2, 7, tzinfo=UTC), None, "abc")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        found = self.connection.execute(sql, list(parameters))
        return Rows(tuple(each[0] for each in found.description or ()), tuple(found.fetchall()))

    def batches(self, sql: str, parameters: Sequence[Any], most_rows: int) -> Iterator[pa.RecordBatch]:
        del sql, parameters, most_rows
        raise AssertionError("nobody streams here")

    def only_code(self, table: TableRef, column: str) -> str | None:
        del table, column
        return None


class Everything:
    source = "shop"

    def provides(self, entity: str, column: str, value: str | None = None) -> bool:
        del column, value
        return entity != "visits"


@pytest.fixture
def warehouse() -> Iterator[OneRelease]:
    made = OneRelease()
    yield made
    made.connection.close()


def effects(warehouse: OneRelease, metrics: frozenset[str] | None = None) -> MetricEffects:
    policy = Policy(Role.ADMIN, "all", frozenset(DataClass), None, metrics, None, "here")
    return MetricEffects(warehouse, policy, Everything(), OPERATOR, Calendar())


def own(text: str) -> list[DefinitionFiles]:
    return [files_of(TINY), DefinitionFiles("own", {"own.yml": HEAD + text} if text else {})]


def test_both_sides_are_asked_of_one_release(warehouse: OneRelease) -> None:
    after = own(LARGE.replace(">= 20", ">= 10"))
    found = effects(warehouse).measure(own(LARGE), after, ["large", "gmv"], DAYS, date(2024, 2, 7))
    assert (found.release_id, warehouse.opened) == (1, 1)
    assert [(each.metric, str(each.before.value), str(each.after.value)) for each in found.effects] == [
        ("large", "20.20", "30.30"),
        ("gmv", "30.30", "30.30"),
    ]
    assert {each.after.currency for each in found.effects} == {"GHS"}


def test_what_is_not_there_or_has_no_answer_is_told_apart(warehouse: OneRelease) -> None:
    needy = LARGE.replace("    owner:", "    needs: [visits.visit_id]\n    owner:")
    both = DayRange(date(2024, 1, 1), date(2024, 3, 1))
    found = effects(warehouse).measure(own(""), own(needy), ["large", "gmv"], both, date(2024, 3, 1))
    assert [(each.before, each.after) for each in found.effects] == [
        (MeasuredValue(None, None, None), MeasuredValue(None, None, "not_available")),
        (MeasuredValue(None, None, "mixed_currencies"), MeasuredValue(None, None, "mixed_currencies")),
    ]


def test_the_operator_policy_holds_and_may_name_what_was_not_there_before(warehouse: OneRelease) -> None:
    asked = effects(warehouse, frozenset({"large"}))
    found = asked.measure(own(""), own(LARGE), ["large", "gmv"], DAYS, date(2024, 2, 7))
    assert [each.after.error for each in found.effects] == [None, "denied"]
    assert str(found.effects[0].after.value) == "20.20"


def test_definitions_that_are_wrong_are_refused_with_their_place(warehouse: OneRelease) -> None:
    with pytest.raises(ConfigError) as refused:
        effects(warehouse).measure(own(""), own(LARGE.replace("sum", "total")), [], DAYS, date(2024, 2, 7))
    assert refused.value.where == "own/own.yml:9"
