"""Whatever is wrong with a question: one typed error that says what, and the nearest name that is right."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, Denied, InvalidFilter, NotGroupable, QueryError, UnknownName
from amalimart.semantic.question import Filter, Operator, Question

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

MARCH = ("2024-03-01", "2024-03-31")
CENTURIES = ("1900-01-01", "2200-12-31")
# metrics, how they are asked, the error, what it says, the nearest name
BAD: list[tuple[tuple[str, ...], dict[str, Any], type[AmalimartError], str, str | None]] = [
    # names
    (("gmw",), {}, UnknownName, "no metric is called 'gmw'", "gmv"),
    (("GMV",), {}, UnknownName, "no metric is called", "gmv"),
    (("",), {}, UnknownName, "no metric is called ''", None),
    (("vendor",), {}, UnknownName, "no metric is called 'vendor'", None),
    (("gmv", "gross"), {}, UnknownName, "no metric is called 'gross'", None),
    (("gmv",), {"by": "order_stauts"}, UnknownName, "no dimension is called", "order_status"),
    (("gmv",), {"by": "gmv"}, UnknownName, "no dimension is called 'gmv'", None),
    (("gmv",), {"by": "months"}, UnknownName, "no dimension is called 'months'", "month"),
    (("gmv",), {"by": "order_status_id"}, UnknownName, "no dimension is called", "order_status"),
    (("gmv",), {"where": "chanel = email"}, UnknownName, "no dimension is called 'chanel'", "channel"),
    (("gmv",), {"where": "gmv > 5"}, UnknownName, "no dimension is called 'gmv'", None),
    (("gmv",), {"by": "channel", "order_by": "-gmw"}, UnknownName, "cannot order by 'gmw'", "gmv"),
    (("gmv",), {"by": "channel", "order_by": "order_status"}, UnknownName, "cannot order by", None),
    (("gmv",), {"by": "channel", "having": ("gmw > 5",)}, UnknownName, "not a metric of the question", "gmv"),
    # what does not go together
    (("gmv",), {"by": "vendor"}, NotGroupable, "does not belong to one vendor", "item_gmv"),
    (("gmv",), {"where": "product = Phone"}, NotGroupable, "grouped or filtered by product", "item_gmv"),
    (("order_count",), {"by": "category"}, NotGroupable, "cannot be grouped", "item_orders"),
    (("cancellation_rate",), {"by": "vendor"}, NotGroupable, "cannot be grouped", "line_cancellation_rate"),
    (("return_rate",), {"by": "return_reason"}, NotGroupable, "cannot be grouped", None),
    (("total_products",), {"grain": Grain.MONTH}, NotGroupable, "counts what is there now", None),
    (("total_products",), {"where": "month = 2024-03"}, NotGroupable, "counts what is there now", None),
    (("days_of_cover",), {"by": "month"}, NotGroupable, "counts what is there now", None),
    (("cohort_size",), {"by": "months_since_first_order"}, NotGroupable, "the same for all", None),
    (("customer_count",), {"by": "months_since_first_order"}, NotGroupable, "cannot be grouped", None),
    # grains of time
    (("gmv",), {"by": "month", "grain": Grain.DAY}, InvalidFilter, "two grains of time", None),
    (("gmv",), {"by": "month,year"}, InvalidFilter, "two grains of time", None),
    (("gmv",), {"fill": True}, InvalidFilter, "fill without a grain", None),
    (("gmv",), {"compare": True}, InvalidFilter, "compare without days", None),
    (("revenue_growth_rate",), {}, InvalidFilter, "held against a period", None),
    (("gmv",), {"days": MARCH, "compare": True, "where": "day > 2024-03-02"}, InvalidFilter, "nothing", None),
    # the same thing twice
    (("gmv", "gmv"), {}, InvalidFilter, "gmv would be in the answer twice", None),
    (("gmv",), {"by": "channel,channel"}, InvalidFilter, "channel would be in the answer twice", None),
    (("item_gmv",), {"by": "vendor,vendor_id"}, InvalidFilter, "vendor_id would be in the", None),
    # values
    (("gmv",), {"where": "order_status = COMPLETE"}, InvalidFilter, "not a value of", "COMPLETED"),
    (("gmv",), {"where": "order_status in (PENDING, GONE)"}, InvalidFilter, "'GONE' is not a value", None),
    (("gmv",), {"where": "order_status > PENDING"}, InvalidFilter, "order_status has no order", None),
    (("gmv",), {"where": "channel <= email"}, InvalidFilter, "channel has no order", None),
    (("item_gmv",), {"where": "vendor > vA"}, InvalidFilter, "vendor has no order", None),
    (("review_count",), {"where": "rating = five"}, InvalidFilter, "'five' is not a value of rating", None),
    (("review_count",), {"where": "rating = 4.5"}, InvalidFilter, "'4.5' is not a value of rating", None),
    (("review_count",), {"where": "rating = 99999999999999999999"}, InvalidFilter, "not a value", None),
    (("parcel_count",), {"where": "is_express = maybe"}, InvalidFilter, "not a value of is_express", None),
    (("gmv",), {"where": "month = 2024-13"}, InvalidFilter, "'2024-13' is not a value of month", None),
    (("gmv",), {"where": "quarter = 2024-Q5"}, InvalidFilter, "not a value of quarter", None),
    (("gmv",), {"where": "week = 2024-W60"}, InvalidFilter, "not a value of week", None),
    (("gmv",), {"where": "year = 24"}, InvalidFilter, "not a value of year", None),
    (("gmv",), {"where": "day = 2023-02-29"}, InvalidFilter, "not a value of day", None),
    (("gmv",), {"where": "day = 1899-12-31"}, InvalidFilter, "not a value of day", None),
    (("gmv",), {"where": "day in (2024-01-01, soon)"}, InvalidFilter, "'soon' is not a value of day", None),
    (("order_count",), {"where": "cohort_month = spring"}, InvalidFilter, "is not a value", None),
    (("order_count",), {"where": "months_since_first_order = some"}, InvalidFilter, "not a value", None),
    (("gmv",), {"where": "channel = '" + "x" * 1_001 + "'"}, InvalidFilter, "not a value of channel", None),
    (("gmv",), {"where": "channel = 'a\x00b'"}, InvalidFilter, "not a value of channel", None),
    (("last_order_date",), {"having": ("last_order_date > 5",)}, InvalidFilter, "is a date", None),
    # bounds
    (("gmv",), {"limit": 0}, InvalidFilter, "the limit is 0", None),
    (("gmv",), {"limit": -1}, InvalidFilter, "the limit is -1", None),
    (("gmv",), {"limit": 1_000_001}, InvalidFilter, "the limit is 1000001", None),
    (("gmv",) * 31, {}, InvalidFilter, "31 metrics", None),
    (("gmv",), {"by": ",".join(["channel"] * 9)}, InvalidFilter, "9 groupings", None),
    (("gmv",), {"where": " and ".join(["channel = a"] * 31)}, InvalidFilter, "31 filters", None),
    (("gmv",), {"days": ("1800-01-01", "2024-01-01")}, InvalidFilter, "out of range", None),
    (("gmv",), {"today": date(2300, 1, 1)}, InvalidFilter, "out of range", None),
    (("gmv",), {"days": CENTURIES, "grain": Grain.DAY, "fill": True}, InvalidFilter, "to fill every", None),
]  # fmt: skip


def _name(bad: tuple[tuple[str, ...], dict[str, Any], type[AmalimartError], str, str | None]) -> str:
    return f"{','.join(bad[0])} {bad[1]}"[:70]


@pytest.mark.parametrize(("metrics", "how", "error", "message", "near"), BAD, ids=map(_name, BAD))
def test_a_bad_question_is_one_typed_error(
    read_only_shop: Shop,
    metrics: tuple[str, ...],
    how: dict[str, Any],
    error: type[AmalimartError],
    message: str,
    near: str | None,
) -> None:
    ran = len(read_only_shop.reader.log)
    with pytest.raises(error) as caught:
        read_only_shop.ask(*metrics, **how)
    assert type(caught.value) is error
    assert message in str(caught.value)
    assert caught.value.nearest == near or near is None
    assert 400 <= caught.value.http_status < 500
    assert len(read_only_shop.reader.log) == ran  # refused as a whole: nothing was read


def test_no_metric_at_all_is_refused(read_only_shop: Shop, principals: dict[str, Principal]) -> None:
    with pytest.raises(InvalidFilter, match="names no metric"):
        read_only_shop.service.ask(Question((), date(2024, 3, 20)), principals["admin"])


@pytest.mark.parametrize(
    "wanted",
    [
        Filter("channel", Operator.EQ, ()),
        Filter("channel", Operator.IN, ()),
        Filter("channel", Operator.EQ, ("a", "b")),
        Filter("day", Operator.LT, ("2024-01-01", "2024-01-02")),
        Filter("channel", Operator.IN, tuple(map(str, range(1_001)))),
    ],
)
def test_a_filter_with_the_wrong_number_of_values_is_refused(
    read_only_shop: Shop, principals: dict[str, Principal], wanted: Filter
) -> None:
    question = Question(("gmv",), date(2024, 3, 20), filters=(wanted,))
    with pytest.raises(InvalidFilter, match="values"):
        read_only_shop.service.ask(question, principals["admin"])


def test_a_range_that_ends_before_it_starts_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        DayRange(date(2024, 3, 2), date(2024, 3, 1))


@pytest.mark.parametrize("search", ["x" * 1_001, "a\x00b", "\ud800"])
def test_a_search_that_cannot_be_text_is_refused(
    read_only_shop: Shop, principals: dict[str, Principal], search: str
) -> None:
    with pytest.raises(InvalidFilter, match="search"):
        read_only_shop.service.values("channel", principals["admin"], search)


def test_one_bad_metric_spoils_the_whole_question_and_no_other(
    read_only_shop: Shop, principals: dict[str, Principal]
) -> None:
    """An answer that silently lacks one of the columns asked for would be read as if nothing was there."""
    questions = [Question(names, date(2024, 3, 20), by=("order_status",)) for names in
                 (("gmv", "units_in_stock"), ("gmv",), ("gmv", "nope"))]  # fmt: skip
    bad, good, unknown = read_only_shop.service.ask_all(questions, principals["admin"])
    assert isinstance(bad, NotGroupable)
    assert not isinstance(good, AmalimartError)
    assert isinstance(unknown, UnknownName)


def test_a_role_is_told_no_name_that_it_may_not_use(
    read_only_shop: Shop, principals: dict[str, Principal]
) -> None:
    """The nearest name of a refusal is one that the reader may ask."""
    vendor = principals["vendor_a"]
    usable = {info.name for info in read_only_shop.service.metrics(vendor)}
    usable |= {alias for info in read_only_shop.service.metrics(vendor) for alias in info.aliases}
    names = [name for metric in read_only_shop.model.metrics for name in (metric, metric[:-1])]
    questions = [Question((name,), date(2024, 3, 20), by=("vendor",)) for name in names]
    for answer in read_only_shop.service.ask_all(questions, vendor):
        if isinstance(answer, AmalimartError):
            assert isinstance(answer, Denied | QueryError)
            assert answer.nearest is None or answer.nearest in usable, answer
