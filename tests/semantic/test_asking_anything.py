"""Totals, tops, dates and comparisons in any combination: an answer whose parts fit, or one typed error."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError
from amalimart.semantic.question import Comparison, Question, Top, Totals

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

METRICS = [
    "gmv", "item_gmv", "item_orders", "take_rate", "revenue_growth_rate", "cohort_size", "stock_on_hand",
    "average_stock", "sell_through_rate", "ytd_revenue", "return_count", "parcel_count", "lifetime_value",
    "unique_customers", "total_products", "first_order_date", "avg_delivery_days", "nope",
]  # fmt: skip
GROUPS = [
    "vendor",
    "product_id",
    "order_status",
    "channel",
    "rating",
    "cohort_month",
    "months_since_first_order",
]
_near = st.dates(date(2023, 10, 1), date(2024, 4, 30))
_days = st.tuples(_near, _near).map(lambda pair: DayRange(min(pair), max(pair)))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    metrics=st.lists(st.sampled_from(METRICS), min_size=1, max_size=2, unique=True).map(tuple),
    by=st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple),
    grain=st.none() | st.sampled_from(Grain),
    days=st.none() | _days,
    compare=st.booleans(),
    compare_with=st.sampled_from(Comparison) | _days,
    changes=st.booleans(),
    fill=st.booleans(),
    time=st.sampled_from([None, None, "placed", "delivered", "refunded", "counted", "nearly"]),
    totals=st.sampled_from(Totals),
    top=st.none()
    | st.builds(Top, st.integers(0, 3), st.sampled_from(GROUPS), st.none() | st.sampled_from(METRICS)),
    limit=st.none() | st.integers(1, 3),
    who=st.sampled_from(["admin", "admin", "vendor_a", "rider"]),
)
def test_any_combination_is_answered_or_refused(
    read_only_shop: Shop,
    principals: dict[str, Principal],
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    grain: Grain | None,
    days: DayRange | None,
    compare: bool,
    compare_with: Comparison | DayRange,
    changes: bool,
    fill: bool,
    time: str | None,
    totals: Totals,
    top: Top | None,
    limit: int | None,
    who: str,
) -> None:
    question = Question(
        metrics, date(2024, 3, 20), by, grain, days, limit=limit, compare=compare, fill=fill,
        compare_with=compare_with, changes=changes, time=time, totals=totals, top=top,
    )  # fmt: skip
    (answer,) = read_only_shop.service.ask_all([question], principals[who])
    event("answered" if not isinstance(answer, AmalimartError) else answer.code)
    if isinstance(answer, AmalimartError):
        assert answer.http_status < 500, answer
        return
    rows = answer.as_dicts()
    levels = [row.get("totalled", 0) for row in rows]
    groups = len(by) + (grain is not None)
    assert levels == sorted(levels)
    if totals is not Totals.NONE:
        assert levels.count(groups) == 1
        assert set(levels) <= ({0, groups} if totals is Totals.TOTAL else set(range(groups + 1)))
    assert limit is None or all(levels.count(level) <= limit for level in set(levels))
    if top is not None:
        name = "vendor_id" if top.dimension == "vendor" else top.dimension
        best = {row[name] for row in rows if not row["others"] and not row.get("totalled")}
        assert len(best) <= top.count
    if who == "vendor_a":
        seen = {str(value) for row in rows for value in row.values()}
        assert not {"vB", "Kofi & Sons, Ltd", "p2", "p3"} & seen
