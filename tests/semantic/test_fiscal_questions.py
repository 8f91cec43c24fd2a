"""Fiscal years and quarters against SQL, for a year that starts in April and one that starts in February."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import pytest

from amalimart.core.calendar import Grain
from amalimart.core.errors import ConfigError, InvalidFilter
from amalimart.core.fiscal import Calendar
from amalimart.semantic.answer import ColumnKind
from amalimart.semantic.loading import load_model

if TYPE_CHECKING:
    from pathlib import Path

    from amalimart.semantic.model import SemanticModel
    from tests.semantic.conftest import Shop

from tests.semantic.conftest import MARKETPLACE, build_shop

STARTS = {
    "fiscal_year": "make_date(year(d) - (month(d) < {m})::int, {m}, 1)",
    "fiscal_quarter": "(make_date(year(d) - (month(d) < {m})::int, {m}, 1)"
    " + to_months((3 * ((month(d) - {m} + 12) % 12 // 3))::int))::date",
}


@cache
def model_of(month: int) -> SemanticModel:
    return load_model([MARKETPLACE / "semantic"], Calendar(month))


@pytest.fixture
def shop_of() -> Iterator[Callable[[int], Shop]]:
    made: list[Shop] = []

    def build(month: int) -> Shop:
        made.append(build_shop(model_of(month)))
        return made[-1]

    yield build
    for each in made:
        each.connection.close()


@pytest.mark.parametrize("month", [2, 4, 12])
@pytest.mark.parametrize("grain", [Grain.FISCAL_YEAR, Grain.FISCAL_QUARTER])
def test_facts_are_grouped_by_fiscal_buckets(
    shop_of: Callable[[int], Shop], month: int, grain: Grain
) -> None:
    shop = shop_of(month)
    shop.sql("update gold.fact_payments set payment_date = date '2023-11-30' where payment_id = 'y6'")
    start = STARTS[grain.value].format(m=month).replace("d)", "payment_date)")
    expected = shop.sql(f"select {start}, sum(amount) from gold.fact_payments group by 1 order by 1")
    answer = shop.ask("total_payment_value", grain=grain)
    assert [row[:2] for row in answer.rows] == expected
    assert len(expected) > 1
    assert [column.kind for column in answer.columns[-2:]] == [ColumnKind.PERIOD, ColumnKind.PARTIAL]


def test_buckets_bear_the_names_people_use(shop_of: Callable[[int], Shop]) -> None:
    shop = shop_of(4)
    years = shop.ask("gmv", grain=Grain.FISCAL_YEAR, days=("2023-04-01", "2024-06-30"), fill=True).rows
    assert [(row[0], row[2], row[3]) for row in years] == [
        (date(2023, 4, 1), "FY2024", False),
        (date(2024, 4, 1), "FY2025", True),
    ]
    quarters = shop.ask("gmv", by="fiscal_quarter", days=("2023-10-01", "2024-04-30"), fill=True).rows
    assert [row[2] for row in quarters] == ["FY2024-Q3", "FY2024-Q4", "FY2025-Q1"]


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("fiscal_year = FY2024", 6),
        ("fiscal_year = 2025", 0),
        ("fiscal_quarter = FY2024-Q4", 6),
        ("fiscal_quarter in (FY2024-Q3, 2024-Q4)", 6),
        ("fiscal_quarter < FY2024-Q4", 0),
        ("fiscal_year = 2024-03-31", 6),
        ("fiscal_year != fy2024", 0),
    ],
)
def test_filters_take_these_names(shop_of: Callable[[int], Shop], text: str, orders: int) -> None:
    assert shop_of(4).one("order_count", where=text) == orders


@pytest.mark.parametrize("text", ["fiscal_year = FY24", "fiscal_quarter = FY2024-Q5", "fiscal_year = next"])
def test_other_names_are_refused(shop_of: Callable[[int], Shop], text: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        shop_of(4).ask("gmv", where=text)
    assert "FY2025" in str(refused.value.expected)


def test_the_year_to_date_is_that_of_the_fiscal_year(shop_of: Callable[[int], Shop]) -> None:
    shop = shop_of(2)
    shop.sql("update gold.fact_orders set order_date = date '2023-02-05' where order_id = 'o5'")
    shop.sql("update gold.fact_orders set order_date = date '2023-01-31' where order_id = 'o2'")
    sums = shop.sql(
        "select sum(total_amount) filter (where order_date between '2024-02-01' and '2024-03-20'),"
        " sum(total_amount) filter (where order_date between '2023-02-01' and '2023-03-20')"
        " from gold.fact_orders"
    )
    answer = shop.ask("ytd_revenue", compare=True)
    assert answer.rows == tuple(sums)
    assert any("starts with month 2" in note for note in answer.receipt.notes)
    january = shop.ask("ytd_revenue", today=date(2024, 1, 31))
    ((long,),) = shop.sql(
        "select sum(total_amount) from gold.fact_orders"
        " where order_date between '2023-02-01' and '2024-01-31'"
    )
    assert january.rows == ((long,),)


def test_a_quarter_to_date_is_compared_with_the_same_span_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text(
        "subject: {name: own, label: {en: Own, fr: Propre}}\nmetrics:\n  qtd_gmv:\n"
        "    label: {en: GMV this quarter, fr: GMV du trimestre}\n    description: GMV so far.\n"
        "    owner: finance\n    unit: money\n    kind: derived\n    formula: gmv\n"
        "    period: quarter_to_date\n",
        encoding="utf-8",
    )
    shop = build_shop(load_model([MARKETPLACE / "semantic", tmp_path], Calendar(2)))
    shop.sql("update gold.fact_orders set order_date = date '2023-11-01' where order_id = 'o5'")
    shop.sql("update gold.fact_orders set order_date = date '2023-12-21' where order_id = 'o2'")
    (sums,) = shop.sql(
        "select sum(total_amount) filter (where order_date between '2024-02-01' and '2024-03-20'),"
        " sum(total_amount) filter (where order_date between '2023-11-01' and '2023-12-20')"
        " from gold.fact_orders"
    )
    assert shop.ask("qtd_gmv", compare=True).rows == (sums,)
    shop.connection.close()


def test_growth_by_fiscal_quarter_is_against_the_quarter_before(shop_of: Callable[[int], Shop]) -> None:
    shop = shop_of(2)
    now, before = shop.sql(
        "select sum(total_amount) filter (where order_date between '2024-02-01' and '2024-04-30'),"
        " sum(total_amount) filter (where order_date between '2023-11-01' and '2024-01-31')"
        " from gold.fact_orders"
    )[0]
    days = ("2024-02-01", "2024-04-30")
    (row,) = shop.ask("revenue_growth_rate", grain=Grain.FISCAL_QUARTER, days=days).rows
    assert row[:2] == (date(2024, 2, 1), pytest.approx(float(now - before) / float(before)))


def test_the_setting_is_told_beside_a_year_to_date(shop_of: Callable[[int], Shop]) -> None:
    """The definition is the same in every project, and so is its hash; which year it means, a note says."""
    plain, april = shop_of(1), shop_of(4)
    for name in ("ytd_revenue", "gmv"):
        assert plain.model.metric(name).definition_hash == april.model.metric(name).definition_hash
    (note,) = (each for each in april.ask("ytd_revenue").receipt.notes if "fiscal year" in each)
    assert "starts with month 4" in note
    for answer in (plain.ask("ytd_revenue"), april.ask("gmv")):
        assert not any("fiscal year" in each for each in answer.receipt.notes)


def test_what_elapsed_is_not_counted_in_fiscal_units(tmp_path: Path) -> None:
    (tmp_path / "dimensions").mkdir()
    (tmp_path / "dimensions" / "own.yml").write_text(
        "dimensions:\n  since:\n    label: {en: Since, fr: Depuis}\n    description: Since.\n"
        "    fields: [customers.first_order_date]\n    elapsed: fiscal_quarter\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"units of the calendar"):
        load_model([MARKETPLACE / "semantic", tmp_path])
