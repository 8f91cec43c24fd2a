"""One question cannot stall the engine, and what the engine says in anger reaches nobody."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, Internal, InvalidFilter, QueryTooLarge, WarehouseError
from amalimart.semantic.question import Filter, Operator, Question
from amalimart.warehouse.file.reading import Release

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop


class Refusing(AbstractContextManager["Refusing"]):
    """A read transaction in which every statement ends in the same error."""

    release = Release(7, datetime(2024, 3, 20, tzinfo=UTC), None, "none")

    def __init__(self, error: AmalimartError) -> None:
        self._error = error

    def __exit__(self, *_: object) -> None:
        return None

    def rows(self, *_: object) -> None:
        raise self._error

    def only_code(self, *_: object) -> None:
        raise self._error


def among(dimension: str, count: int, operator: Operator = Operator.IN) -> Filter:
    return Filter(dimension, operator, tuple(f"v{number}" for number in range(count)))


def test_a_statement_does_not_grow_with_the_values_of_a_filter(
    read_only_shop: Shop, principals: dict[str, Principal]
) -> None:
    """Each copy of each value would be read and written several times, in pure Python."""
    for dimension in ("product", "product_id", "order_status"):
        plans = [
            read_only_shop.service.plan(
                Question(("item_gmv",), date(2024, 3, 20), filters=(among(dimension, count),)),
                principals["admin"],
            )
            for count in (2, 1_000)
        ]
        assert plans[0] is plans[1], dimension


def test_the_widest_question_stays_a_statement_of_bounded_size(
    read_only_shop: Shop, principals: dict[str, Principal]
) -> None:
    shop, vendor = read_only_shop, principals["vendor_a"]
    names = ("product", "category", "vendor")
    metrics = [
        info.name
        for info in shop.service.metrics(vendor)
        if info.has_time and set(names) <= set(info.dimensions)
    ]
    assert len(metrics) >= 20
    widest = Question(
        tuple(metrics[:30]),
        date(2024, 3, 20),
        by=names,
        grain=Grain.MONTH,
        days=DayRange(date(2024, 1, 1), date(2024, 3, 31)),
        filters=tuple(among(names[place % 3], 100) for place in range(30)),
        compare=True,
    )
    assert len(shop.service.plan(widest, vendor).sql) < 125_000


@pytest.mark.parametrize(
    ("text", "oracle"),
    [
        ("order_status in (COMPLETED, RETURNED)", "o.status in ('COMPLETED', 'RETURNED')"),
        ("order_status not in (COMPLETED, RETURNED)", "o.status not in ('COMPLETED', 'RETURNED')"),
        ("product in (p1, p2)", "i.product_id in ('p1', 'p2')"),
        ("product not in (p1, p2)", "coalesce(i.product_id not in ('p1', 'p2'), true)"),
        ("product_id in (p1, unknown)", "i.product_id = 'p1' or p.product_id is null"),
        ("vendor in (vA, Unknown)", "i.vendor_id = 'vA' or v.vendor_id is null"),
        ("month in (2024-01, 2024-03)", "month(i.order_date) in (1, 3) and year(i.order_date) = 2024"),
        (
            "month not in (2024-01, 2024-03)",
            "coalesce(not (month(i.order_date) in (1, 3) and year(i.order_date) = 2024), true)",
        ),
        (
            "day in (2024-01-10, 2024-03-05, 2024-03-06)",
            "i.order_date in (date '2024-01-10', date '2024-03-05', date '2024-03-06')",
        ),
    ],
)
def test_a_list_of_values_means_what_it_meant_one_by_one(
    read_only_shop: Shop, text: str, oracle: str
) -> None:
    ((lines,),) = read_only_shop.sql(
        "select count(*) from gold.fact_order_items as i left join gold.fact_orders as o using (order_id) "
        "left join gold.dim_products as p on p.product_id = i.product_id "
        f"left join gold.dim_vendors as v on v.vendor_id = i.vendor_id where {oracle}"
    )
    assert read_only_shop.one("order_lines", where=text) == lines


def test_values_of_every_type_may_be_listed(read_only_shop: Shop) -> None:
    shop = read_only_shop
    parts = [shop.one("review_count", where=f"rating = {rating}") for rating in range(1, 6)]
    assert sum(parts) > 0
    assert shop.one("review_count", where="rating in (1, 2, 3, 4, 5)") == sum(parts)
    assert shop.one("parcel_count", where="is_express in (true, false)") == sum(
        shop.one("parcel_count", where=f"is_express = {value}") for value in ("true", "false")
    )
    with pytest.raises(InvalidFilter):
        shop.one("review_count", where="rating in (1, 2, five)")


def test_values_are_bounded_over_all_filters(read_only_shop: Shop, principals: dict[str, Principal]) -> None:
    filters = tuple(among("product_id", 1_000) for _ in range(4))
    with pytest.raises(InvalidFilter, match="4000 values together"):
        read_only_shop.service.ask(
            Question(("item_gmv",), date(2024, 3, 20), filters=filters), principals["admin"]
        )


@pytest.mark.parametrize("how", [{"grain": Grain.DAY}, {"by": "day"}])
def test_centuries_are_not_filled_day_by_day(read_only_shop: Shop, how: dict[str, Any]) -> None:
    with pytest.raises(InvalidFilter, match="fill"):
        read_only_shop.ask("item_gmv", days=("1900-01-01", "2200-12-31"), fill=True, **how)
    years = read_only_shop.ask("item_gmv", days=("1900-01-01", "2200-12-31"), fill=True, grain=Grain.YEAR)
    assert len(years.rows) == 301
    ten_years = read_only_shop.ask("item_gmv", days=("2015-01-01", "2024-12-31"), fill=True, **how)
    assert len(ten_years.rows) == 3653


def test_the_engines_own_words_are_neither_shown_nor_logged(
    read_only_shop: Shop,
    principals: dict[str, Principal],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop, vendor = read_only_shop, principals["vendor_a"]

    words = "the engine refused: Conversion Error: could not convert 'Kofi & Sons, Ltd'"
    monkeypatch.setattr(shop.reader, "read", lambda: Refusing(WarehouseError(words)))
    question = Question(("item_gmv",), date(2024, 3, 20))
    with caplog.at_level(logging.ERROR):
        with pytest.raises(Internal) as asked:
            shop.service.ask(question, vendor)
        (among_others,) = shop.service.ask_all([question], vendor)
        with pytest.raises(Internal) as listed:
            shop.service.values("product", vendor)
    assert isinstance(among_others, Internal)
    assert "Kofi" not in f"{asked.value}{among_others}{listed.value}{caplog.text}"
    assert "fact_order_items" in str(caplog.records[0].__dict__["sql"])


def test_what_the_reader_says_of_the_question_itself_stays(
    read_only_shop: Shop, principals: dict[str, Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = QueryTooLarge("the answer has more than 100,000 rows")
    monkeypatch.setattr(read_only_shop.reader, "read", lambda: Refusing(refusal))
    with pytest.raises(QueryTooLarge):
        read_only_shop.service.ask(Question(("item_gmv",), date(2024, 3, 20)), principals["vendor_a"])
