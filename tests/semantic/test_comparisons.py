"""What is compared: every metric in each way against the same question of those days, and changes by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, InvalidFilter, MixedCurrencies, UnknownName
from amalimart.semantic.answer import Answer, ColumnKind
from amalimart.semantic.periods import same_days_last_year
from amalimart.semantic.question import Comparison, Question

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

LAST_YEAR = Comparison.SAME_PERIOD_LAST_YEAR
JANUARY = DayRange(date(2024, 1, 1), date(2024, 1, 31))


def days(first: str, last: str) -> DayRange:
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (days("2024-03-01", "2024-03-20"), days("2023-03-01", "2023-03-20")),
        (days("2025-02-01", "2025-02-28"), days("2024-02-01", "2024-02-29")),
        (days("2024-02-01", "2024-02-29"), days("2023-02-01", "2023-02-28")),
        (days("2024-02-29", "2024-03-01"), days("2023-02-28", "2023-03-01")),
        (days("2023-11-15", "2024-02-29"), days("2022-11-15", "2023-02-28")),
        (days("2024-01-01", "2024-12-31"), days("2023-01-01", "2023-12-31")),
    ],
)
def test_the_same_days_last_year(asked: DayRange, expected: DayRange) -> None:
    assert same_days_last_year(asked) == expected


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("compare_with", "there"),
    [
        (Comparison.PREVIOUS_PERIOD, days("2024-01-30", "2024-02-29")),
        (LAST_YEAR, days("2023-03-01", "2023-03-31")),
        (JANUARY, JANUARY),
    ],
)
def test_every_metric_is_compared_with_what_it_was(
    shop: Shop,
    principals: dict[str, Principal],
    model_day: date,
    compare_with: Comparison | DayRange,
    there: DayRange,
    every: int,
) -> None:
    """Each metric (in the gate some) beside the answer for those days; a state has nothing to compare."""
    shop.sql("update gold.fact_orders set order_date = order_date - interval 1 year where order_id = 'o5'")
    shop.sql("update gold.fact_payments set payment_date = date '2023-03-09' where payment_id = 'y4'")
    here = days("2024-03-01", "2024-03-31")
    names = [name for name, metric in shop.model.metrics.items() if metric.period is None][::every]
    differing = 0
    for start in range(0, len(names), 10):
        asked = tuple(names[start : start + 10])
        both, then = shop.service.ask_all(
            [
                Question(asked, model_day, days=here, compare=True, compare_with=compare_with, changes=True),
                Question(asked, model_day, days=there),
            ],
            principals["admin"],
        )
        assert isinstance(both, Answer), both
        assert isinstance(then, Answer), then
        (row,), (old,) = both.as_dicts(), then.as_dicts()
        for name in asked:
            metric = shop.model.metric(name)
            if metric.has_time and not any(leaf.period for leaf in metric.leaves):
                assert row[f"{name}__previous"] == old[name], name
                differing += row[name] != old[name]
            elif not metric.has_time:
                assert row[f"{name}__previous"] is None, name
            assert_change(row, name)
    assert differing > 20 // every


def assert_change(row: dict[str, Any], name: str) -> None:
    """Against Python's own arithmetic; nothing, or nothing before, has no share."""
    now, then = row[name], row[f"{name}__previous"]
    change, rate = row[f"{name}__change"], row[f"{name}__change_rate"]
    if now is None or then is None:
        assert (change, rate) == (None, None), name
    elif isinstance(now, date):
        assert (change, rate) == ((now - then).days, None), name
    else:
        assert float(change) == pytest.approx(float(now) - float(then), abs=1e-4), name
        if then == 0:
            assert rate is None, name
        else:
            assert rate == pytest.approx((float(now) - float(then)) / abs(float(then)), rel=1e-6), name


@pytest.mark.parametrize("metric", ["ytd_revenue", "current_month_revenue", "units_sold_last_30_days"])
@pytest.mark.parametrize(
    ("compare_with", "expected"),
    [
        (Comparison.PREVIOUS_PERIOD, {"ytd_revenue": ("2023-01-01", "2023-03-20"),
                                      "current_month_revenue": ("2024-02-01", "2024-02-20"),
                                      "units_sold_last_30_days": ("2024-01-21", "2024-02-19")}),
        (LAST_YEAR, {"ytd_revenue": ("2023-01-01", "2023-03-20"),
                     "current_month_revenue": ("2023-03-01", "2023-03-20"),
                     "units_sold_last_30_days": ("2023-02-20", "2023-03-20")}),
        (JANUARY, dict.fromkeys(["ytd_revenue", "current_month_revenue", "units_sold_last_30_days"],
                                ("2024-01-01", "2024-01-31"))),
    ],
)  # fmt: skip
def test_a_period_of_its_own_is_compared_too(
    shop: Shop,
    metric: str,
    compare_with: Comparison | DayRange,
    expected: dict[str, tuple[str, str]],
) -> None:
    column, table = ("quantity", "fact_order_items") if "units" in metric else ("total_amount", "fact_orders")
    for number, day in enumerate(("2023-01-01", "2023-02-20", "2023-03-20", "2023-03-21", "2024-02-01")):
        shop.sql(
            f"insert into gold.{table} (order_id, order_date, {column}, currency)"
            " values (?, ?::date, ?, 'GHS')",
            f"n{number}",
            day,
            10**number,
        )
    ((before,),) = shop.sql(
        f"select coalesce(sum({column}), 0) from gold.{table} where order_date between ? and ?",
        *map(date.fromisoformat, expected[metric]),
    )
    answer = shop.ask(metric, compare=True, compare_with=compare_with)
    assert answer.rows[0][1] == before


def test_each_day_stands_beside_its_own_of_last_year(shop: Shop) -> None:
    """After 29 February a count of days would set 2 March of one year beside 1 March of the other."""
    for order, day in (
        ("o1", "2023-02-28"),
        ("o2", "2023-03-02"),
        ("o4", "2024-02-29"),
        ("o5", "2024-03-02"),
    ):
        shop.sql("update gold.fact_orders set order_date = ?::date where order_id = ?", day, order)
    rows = shop.ask(
        "order_count",
        grain=Grain.DAY,
        days=("2024-02-20", "2024-03-05"),
        compare=True,
        compare_with=LAST_YEAR,
    ).rows
    assert [row[:3] for row in rows] == [
        (date(2024, 2, 28), 0, 1),
        (date(2024, 2, 29), 1, 0),
        (date(2024, 3, 2), 1, 1),
    ]


@pytest.mark.parametrize("grain", [Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.FISCAL_QUARTER])
def test_buckets_stand_beside_those_of_last_year(shop: Shop, grain: Grain) -> None:
    shop.sql("update gold.fact_orders set order_date = date '2023-03-20' where order_id = 'o2'")
    rows = shop.ask(
        "gmv", grain=grain, days=("2024-01-01", "2024-03-31"), compare=True, compare_with=LAST_YEAR
    ).rows
    buckets = {row[0]: row[2] for row in rows if row[2]}
    at = {Grain.WEEK: date(2024, 3, 25), Grain.MONTH: date(2024, 3, 1)}.get(grain, date(2024, 1, 1))
    # Weeks are counted from the first: the week of 20 March 2023 is as far from that of 1 January.
    weeks = (date(2023, 3, 20) - Grain.WEEK.start(date(2023, 1, 1))).days // 7
    assert grain is not Grain.WEEK or at == Grain.WEEK.start(date(2024, 1, 1)) + weeks * (
        at - date(2024, 3, 18)
    )
    assert buckets == {at: Decimal("80.20")}


def test_given_days_are_aligned_from_their_first_bucket(shop: Shop) -> None:
    rows = shop.ask(
        "order_count", grain=Grain.MONTH, days=("2024-03-01", "2024-04-30"), fill=True, compare=True,
        compare_with=days("2024-01-01", "2024-02-29"),
    ).rows  # fmt: skip
    assert [row[:3] for row in rows] == [(date(2024, 3, 1), 3, 3), (date(2024, 4, 1), 0, 0)]


def test_nothing_before_has_a_change_and_no_share(shop: Shop) -> None:
    answer = shop.ask(
        "gmv", "cancellation_rate", days=("2024-01-01", "2024-01-31"), compare=True, changes=True
    )
    assert answer.rows == ((Decimal("1230.29"), Decimal(0), Decimal("1230.29"), None,
                            pytest.approx(1 / 3), None, None, None),)  # fmt: skip
    kinds = [ColumnKind.METRIC, ColumnKind.PREVIOUS, ColumnKind.CHANGE, ColumnKind.CHANGE_RATE]
    assert [column.kind for column in answer.columns] == kinds * 2
    assert [column.unit for column in answer.columns] == ["money"] * 3 + ["percent"] * 5
    assert [column.currency for column in answer.columns][:4] == ["GHS", "GHS", "GHS", None]


def test_a_share_is_of_the_size_of_what_was_before(shop: Shop) -> None:
    """From minus 10 to minus 5 is half better, not half worse."""
    shop.sql("delete from gold.fact_order_items where order_item_id not in ('i3', 'i5')")
    shop.sql("update gold.fact_order_items set line_total = item_amount - 5 where order_item_id = 'i5'")
    (row,) = shop.ask(
        "line_total_difference", days=("2024-03-01", "2024-03-31"), compare=True, compare_with=JANUARY,
        changes=True,
    ).rows  # fmt: skip
    assert row == (Decimal("-5.00"), Decimal("-10.00"), Decimal("5.00"), pytest.approx(0.5))


def test_rows_are_ordered_by_their_change(shop: Shop) -> None:
    how: dict[str, Any] = {"days": ("2024-03-01", "2024-03-31"), "compare": True, "compare_with": JANUARY}
    rows = shop.ask("gmv", by="channel", changes=True, order_by="gmv__change", **how).rows
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)
    with pytest.raises(UnknownName):
        shop.ask("gmv", by="channel", order_by="gmv__change", **how)


def test_labels_say_what_is_compared(shop: Shop) -> None:
    for compare_with, words in (
        (Comparison.PREVIOUS_PERIOD, "GMV (previous period)"),
        (LAST_YEAR, "GMV (same period last year)"),
        (JANUARY, "GMV (compared period)"),
    ):
        answer = shop.ask("gmv", days=("2024-03-01", "2024-03-31"), compare=True, compare_with=compare_with)
        assert answer.columns[1].label == words


def test_impossible_comparisons_are_refused(shop: Shop, principals: dict[str, Principal]) -> None:
    with pytest.raises(InvalidFilter, match="changes without compare"):
        shop.ask("gmv", changes=True)
    with pytest.raises(InvalidFilter, match="compare without days"):
        shop.ask("gmv", compare=True, compare_with=LAST_YEAR)
    with pytest.raises(InvalidFilter, match="out of range"):
        shop.ask("gmv", compare=True, compare_with=days("0900-01-01", "0900-02-01"))
    shop.sql("update gold.fact_orders set currency = 'USD' where order_date < '2024-02-01'")
    with pytest.raises(MixedCurrencies):
        shop.ask("gmv", days=("2024-03-01", "2024-03-31"), compare=True, compare_with=JANUARY)
    (refused,) = shop.service.ask_all(
        [Question(("gmv",), date(2024, 3, 20), days=JANUARY, compare=True)], principals["vendor_a"]
    )
    assert isinstance(refused, AmalimartError)
