"""Macros whose value hangs on a boundary, on both engines and in Python: days, hours, rounding, names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from amalimart.warehouse.staging.macros import call
from tests.spark.session import BothEngines

pytestmark = pytest.mark.slow
# Whole tables at once, and no search for a smaller one: a question costs Spark a second, whatever its size.
FEW = settings(
    max_examples=2,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.generate],
)
DAYS = [
    date.fromisoformat(text)
    for text in (
        "1582-10-04", "1582-10-15", "1899-12-31", "1900-02-28", "1970-01-01", "1999-12-31", "2000-02-29",
        "2023-12-31", "2024-01-01", "2024-02-29", "2024-12-29", "2024-12-30", "2026-03-29", "2026-10-25",
    )
]  # fmt: skip
MOMENTS = [
    datetime.fromisoformat(text)
    for text in (
        "1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "2024-02-29 23:59:59.999999",
        "2024-03-01 00:00:00.000001", "2026-03-29 01:30:00", "2026-03-29 02:30:00.5", "2026-10-25 01:30:00",
    )
]  # fmt: skip
NUMBERS = [
    Decimal(text)
    for text in (
        "0.005", "-0.005", "0.0049999999", "1.005", "2.675", "-2.675", "0.015", "9999999999999999.994",
        "9999999999999999.995", "-9999999999999999.995", "12345678901234567.89",
    )
]  # fmt: skip
NAMES = [
    " Accra ", "ACCRA", "Kumasi\u00a0", "\tTema", "ΟΔΟΣ", "İzmir", "ÉCOLE", "straße", "", "7.0", "7.00", "7.",
    "07.0", "7.10",
]  # fmt: skip


def seconds(moment: datetime) -> int:
    return (moment.replace(microsecond=0) - datetime(1970, 1, 1)) // timedelta(seconds=1)  # noqa: DTZ001


def hours(first: datetime, last: datetime) -> Decimal:
    return (Decimal(seconds(last) - seconds(first)) / 3600).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def money(number: Decimal) -> Decimal | None:
    cents = number.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return cents if abs(cents) < Decimal(10) ** 16 else None


def age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def asked(engines: BothEngines, macro: str, table: pa.Table, expected: Sequence[Any]) -> None:
    """Both engines give what Python does, row by row."""
    engines.land(table)
    for engine, rows in zip(
        ("DuckDB", "Spark"), engines.ask(f"select n, {macro} from landed order by n"), strict=True
    ):
        apart = [
            (table.slice(n, 1).to_pylist(), value, expected[n]) for n, value in rows if value != expected[n]
        ]
        assert (engine, apart) == (engine, [])


def pairs(values: list[Any], drawn: list[tuple[Any, Any]], kind: pa.DataType) -> pa.Table:
    both = [(first, last) for first in values for last in values] + drawn
    first, last = zip(*both, strict=True)
    return pa.table({"n": range(len(both)), "a": pa.array(first, kind), "b": pa.array(last, kind)})


TWO_DAYS = st.lists(st.tuples(st.dates(), st.dates()), min_size=50, max_size=150)
NEAR = st.builds(lambda at, by: (at, at + by), st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001
                 st.timedeltas(timedelta(days=-2), timedelta(days=2)))  # fmt: skip


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        (call("days_between", "a", "b"), lambda a, b: (b - a).days),
        (call("age_on", "a", "b"), age),
        (call("day_of_week", "a"), lambda a, _: a.isoweekday()),
        (
            call("start_of", "week", "a"),
            lambda a, _: a - timedelta(days=min(a.weekday(), (a - date.min).days)),
        ),
        (call("start_of", "month", "a"), lambda a, _: a.replace(day=1)),
        (call("start_of", "quarter", "a"), lambda a, _: a.replace(day=1, month=(a.month - 1) // 3 * 3 + 1)),
        (call("start_of", "year", "a"), lambda a, _: a.replace(day=1, month=1)),
        (call("iso_week", "a"), lambda a, _: a.isocalendar().week),
        (call("iso_year", "a"), lambda a, _: a.isocalendar().year),
    ],
)
@FEW
@given(drawn=TWO_DAYS)
def test_days(
    engines: BothEngines, macro: str, expected: Callable[[date, date], Any], drawn: list[tuple[date, date]]
) -> None:
    table = pairs(DAYS, [pair for pair in drawn if min(pair) > date(1, 1, 7)], pa.date32())
    asked(engines, macro, table, [expected(row["a"], row["b"]) for row in table.to_pylist()])


@FEW
@given(
    drawn=st.lists(
        st.tuples(st.dates(date(1600, 1, 1), date(2400, 1, 1)), st.integers(-40_000, 40_000)), min_size=100
    )
)
def test_the_day_so_many_days_later(engines: BothEngines, drawn: list[tuple[date, int]]) -> None:
    days, by = zip(*drawn, strict=True)
    table = pa.table({"n": range(len(days)), "a": pa.array(days, pa.date32()), "b": pa.array(by, pa.int64())})
    asked(engines, call("add_days", "a", "b"), table, [day + timedelta(days=n) for day, n in drawn])


@FEW
@given(drawn=st.lists(NEAR, min_size=100, max_size=200))
def test_moments(engines: BothEngines, drawn: list[tuple[datetime, datetime]]) -> None:
    table = pairs(MOMENTS, drawn, pa.timestamp("us"))
    rows = table.to_pylist()
    asked(engines, call("hours_between", "a", "b"), table, [hours(row["a"], row["b"]) for row in rows])
    asked(
        engines,
        call("days_between", "a", "b"),
        table,
        [(row["b"].date() - row["a"].date()).days for row in rows],
    )
    asked(engines, call("day_of", "a"), table, [row["a"].date() for row in rows])


@FEW
@given(drawn=st.lists(st.decimals(-(10**17), 10**17, places=10), min_size=100, max_size=300))
def test_money_is_rounded_half_away_from_zero(engines: BothEngines, drawn: list[Decimal]) -> None:
    numbers = NUMBERS + drawn
    table = pa.table({"n": range(len(numbers)), "a": pa.array(numbers, pa.decimal128(38, 10))})
    asked(engines, call("money", "a"), table, [money(number) for number in numbers])


@FEW
@given(drawn=st.lists(st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-4)), min_size=50))
def test_money_of_a_product_and_of_a_sum(engines: BothEngines, drawn: list[Decimal]) -> None:
    table = pa.table({"n": range(len(drawn)), "a": pa.array(drawn, pa.decimal128(18, 4))})
    asked(engines, call("money", "a * 3"), table, [money(number * 3) for number in drawn])
    engines.land(table)
    (ours,), (theirs,) = engines.ask(f"select {call('money', 'sum(a)')} as total from landed")
    assert ours == theirs == (money(sum(drawn, Decimal(0))),)


@FEW
@given(drawn=st.lists(st.text(max_size=6).filter(lambda text: "\x00" not in text), min_size=100))
def test_names_are_compared_alike(engines: BothEngines, drawn: list[str]) -> None:
    texts = NAMES + drawn
    engines.land(pa.table({"n": range(len(texts)), "a": pa.array(texts, pa.string())}))
    for macro in (call("place_key", "a"), call("without_point", "a"), call("spelling", "a")):
        ours, theirs = engines.ask(f"select n, {macro} from landed order by n")
        assert [(texts[a[0]], a[1], b[1]) for a, b in zip(ours, theirs, strict=True) if a != b] == [], macro
    ours, theirs = engines.ask(f"select n from landed order by {call('in_id_order', 'a')}, n")
    assert ours == theirs


def test_what_has_no_value_stands_last(engines: BothEngines) -> None:
    engines.land(pa.table({"n": range(4), "a": ["10", None, "9", "x"]}))
    for direction, last in (("asc", [2, 3, 0, 1]), ("desc", [0, 3, 2, 1])):
        for rows in engines.ask(f"select n from landed order by {call('in_id_order', 'a', direction)}"):
            assert [row[0] for row in rows] == last
