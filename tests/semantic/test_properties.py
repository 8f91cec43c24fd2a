"""What must hold whatever is asked: groups add up, filters share out the rows, no question crashes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import AmalimartError, QueryError
from amalimart.semantic.question import Filter, Operator, Question

if TYPE_CHECKING:
    from amalimart.access.principal import Principal
    from tests.semantic.conftest import Shop

ADDITIVE = [
    "gmv",
    "total_revenue",
    "order_count",
    "total_units_sold",
    "total_payment_value",
    "delivery_fees",
    "return_count",
    "review_count",
    "marketing_spend",
    "order_lines",
    "total_products",
]
TEXTUAL = [
    "order_status",
    "vendor",
    "category",
    "product",
    "channel",
    "shipping_region",
    "gender",
    "customer_kind",
    "payment_method",
    "customer_id",
]
VALUES = [
    "COMPLETED",
    "CANCELLED",
    "vA",
    "vB",
    "unknown",
    "Unknown",
    "UNKNOWN",
    "Phones",
    "p1",
    "search",
    "FEMALE",
    "CARD",
    "Greater Accra",
    "c1",
    "' or 1=1 --",
    "",
    "%",
]
quietly = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quietly
@given(st.sampled_from(ADDITIVE), st.data())
def test_groups_add_up_to_the_total(read_only_shop: Shop, name: str, data: st.DataObject) -> None:
    shop = read_only_shop
    metric = shop.model.metric(name)
    assert metric.non_additive == frozenset()
    dimensions = [dimension.name for dimension in shop.model.reachable(metric)]
    if metric.has_time:
        dimensions += [grain.value for grain in Grain]
    by = data.draw(st.lists(st.sampled_from(dimensions), min_size=1, max_size=2, unique=True))
    if sum(each in set(Grain) for each in by) > 1:
        return
    answer = shop.ask(name, by=",".join(by))
    at = [column.name for column in answer.columns].index(name)
    assert sum(Decimal(row[at]) for row in answer.rows) == shop.one(name)


@quietly
@given(
    st.sampled_from(ADDITIVE),
    st.sampled_from(TEXTUAL),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_filter_and_its_opposite_share_out_every_row(
    read_only_shop: Shop,
    model_day: date,
    principals: dict[str, Principal],
    metric: str,
    dimension: str,
    values: list[str],
    several: bool,
) -> None:
    yes, no = (Operator.IN, Operator.NOT_IN) if several else (Operator.EQ, Operator.NE)
    given_values = tuple(values) if several else (values[0],)
    questions = [
        Question((metric,), model_day, filters=(Filter(dimension, operator, given_values),))
        for operator in (yes, no)
    ]
    inside, outside = read_only_shop.service.ask_all(questions, principals["admin"])
    if isinstance(inside, AmalimartError):
        assert isinstance(inside, QueryError)
        assert type(inside) is type(outside)
        return
    assert not isinstance(outside, AmalimartError)
    assert inside.rows[0][0] + outside.rows[0][0] == read_only_shop.one(metric)


NAMES = [*TEXTUAL, "month", "day", "vendor_id", "category_id", "seller", "nope", "", 'x" --']
_near = st.dates(date(2023, 10, 1), date(2024, 4, 30))
_days = st.one_of(
    st.tuples(_near, _near).map(lambda pair: DayRange(min(pair), max(pair))),
    st.tuples(st.dates(), st.dates()).map(lambda pair: DayRange(min(pair), max(pair))),
)
_filters = st.builds(
    Filter,
    st.sampled_from(NAMES),
    st.sampled_from(Operator),
    st.lists(st.text(max_size=12) | st.sampled_from(VALUES), min_size=1, max_size=1).map(tuple),
)


@settings(
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    metrics=st.lists(
        st.sampled_from([*ADDITIVE, "item_gmv", "cod_share", "ytd_revenue"]), min_size=1, max_size=2
    ).map(tuple),
    by=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
    filters=st.lists(_filters, max_size=1).map(tuple),
    grain=st.none() | st.sampled_from(Grain),
    days=st.none() | _days,
    today=_near,
    order_by=st.none() | st.sampled_from(NAMES),
    limit=st.none() | st.integers(-1, 5),
    compare=st.booleans(),
    who=st.sampled_from(["admin", "vendor_a", "rider", "analyst"]),
)
def test_any_question_is_answered_or_refused_with_a_typed_error(
    read_only_shop: Shop,
    principals: dict[str, Principal],
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    filters: tuple[Filter, ...],
    grain: Grain | None,
    days: DayRange | None,
    today: date,
    order_by: str | None,
    limit: int | None,
    compare: bool,
    who: str,
) -> None:
    question = Question(metrics, today, by, grain, days, filters, order_by, limit, compare)
    (answer,) = read_only_shop.service.ask_all([question], principals[who])
    event("answered" if not isinstance(answer, AmalimartError) else answer.code)
    if isinstance(answer, AmalimartError):
        assert answer.http_status < 500
        return
    assert limit is None or len(answer.rows) <= limit
    assert all(len(row) == len(answer.columns) for row in answer.rows)
    if who == "vendor_a":
        assert not {"vB", "Kofi & Sons, Ltd", "Charger", "Chair"} & {
            str(value) for row in answer.rows for value in row
        }
