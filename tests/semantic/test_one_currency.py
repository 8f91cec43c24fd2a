"""A plan that takes a dataset's one currency for granted answers as the plan that reads it with every row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.access.principal import Principal
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, MixedCurrencies
from amalimart.core.names import TableRef
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.question import Question, Totals
from amalimart.semantic.service import SemanticService
from tests.semantic.conftest import (
    ADMIN,
    SUPPORT,
    TODAY,
    VENDOR_A,
    VENDOR_NOBODY,
    FakeReader,
    FakeTransaction,
    Shop,
    build_shop,
)

MONEY = [
    "gmv",
    "item_gmv",
    "avg_order_value",
    "total_payment_value",
    "take_rate",
    "lifetime_value",
    "commission",
]


class Unsure(FakeTransaction):
    """Is certain of nothing."""

    def only_code(self, table: TableRef, column: str) -> str | None:
        del table, column
        return None


def told(service: SemanticService, question: Question, principal: Principal) -> tuple[Any, ...]:
    try:
        answer = service.ask(question, principal)
    except AmalimartError as error:
        return type(error), error.what
    return answer.columns, sorted(map(repr, answer.rows)), answer.receipt.notes


def plain_service(shop: Shop) -> SemanticService:
    class UnsureReader(FakeReader):
        transaction = Unsure

    reader = UnsureReader(shop.connection)
    return SemanticService(shop.model, shop.policies, reader, shop.source)


@pytest.fixture(scope="module")
def one_currency(model: SemanticModel) -> Any:
    shop = build_shop(model)
    tables = shop.sql(
        "select table_name from duckdb_columns() where schema_name = 'gold' and column_name = 'currency'"
    )
    for (table,) in tables:
        shop.sql(
            f"create or replace table gold.{table} as select * replace "
            f"(case when currency is not null then 'GHS' end as currency) from gold.{table}"
        )
    yield shop, plain_service(shop)
    shop.connection.close()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_with_one_currency_and_without_that_knowledge_the_answer_is_the_same(
    one_currency: tuple[Shop, SemanticService], data: st.DataObject
) -> None:
    shop, plain = one_currency
    metrics = data.draw(st.lists(st.sampled_from(MONEY), min_size=1, max_size=3, unique=True))
    grain = data.draw(st.sampled_from([None, Grain.DAY, Grain.MONTH, Grain.YEAR]))
    by = data.draw(st.sampled_from([(), ("vendor",), ("category",), ("order_status",), ("currency",)]))
    days = data.draw(
        st.sampled_from(
            [
                None,
                DayRange(TODAY.replace(month=1, day=1), TODAY),
                DayRange(TODAY.replace(year=1990), TODAY.replace(year=1991)),
            ]
        )
    )
    question = Question(
        tuple(metrics), TODAY, by=by, grain=grain, days=days,
        compare=days is not None and data.draw(st.booleans()),
        totals=data.draw(st.sampled_from([Totals.NONE, Totals.TOTAL])),
    )  # fmt: skip
    principal = data.draw(st.sampled_from([ADMIN, SUPPORT, VENDOR_A, VENDOR_NOBODY]))
    assert told(shop.service, question, principal) == told(plain, question, principal)


def test_a_shop_of_one_currency_does_not_read_it_by_group(one_currency: tuple[Shop, SemanticService]) -> None:
    shop, plain = one_currency
    question = Question(("gmv",), TODAY)
    with shop.reader.read() as transaction:
        assert "MIN(" not in shop.service.plan(question, ADMIN, transaction).sql
    assert "MIN(" in plain.plan(question, ADMIN).sql


def test_a_currency_that_comes_later_is_seen_in_the_release_that_brings_it(model: SemanticModel) -> None:
    shop = build_shop(model)
    question = Question(("total_payment_value",), TODAY)
    shop.sql("update gold.fact_payments set currency = 'GHS'")
    before = shop.service.ask(question, ADMIN)
    assert before.columns[0].currency == "GHS"
    shop.sql(
        "insert into gold.fact_payments select * replace ('P-EUR' as payment_id, 'EUR' as currency)"
        " from gold.fact_payments limit 1"
    )
    shop.reader.release = replace(shop.reader.release, release_id=8)
    with pytest.raises(MixedCurrencies):
        shop.service.ask(question, ADMIN)
    (missed,) = shop.service.ask_all([question], ADMIN)
    assert isinstance(missed, MixedCurrencies)
    shop.sql(
        "create or replace table gold.fact_payments as"
        " select * from gold.fact_payments where currency = 'GHS'"
    )
    shop.reader.release = replace(shop.reader.release, release_id=9)
    assert shop.service.ask(question, ADMIN).rows == before.rows
    shop.connection.close()
