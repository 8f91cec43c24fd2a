from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.api.dashboards.definition import RangeName
from amalimart.api.dashboards.library import load_dashboards
from amalimart.api.dashboards.state import days_of, fitting_grain, read_state
from amalimart.core.calendar import DayRange, Grain
from amalimart.core.errors import InvalidFilter

PAGE = load_dashboards().dashboards["admin"]
TODAY = date(2026, 3, 18)


@pytest.mark.parametrize(
    ("name", "today", "first"),
    [
        (RangeName.LAST_7_DAYS, TODAY, date(2026, 3, 12)),
        (RangeName.LAST_30_DAYS, TODAY, date(2026, 2, 17)),
        (RangeName.LAST_90_DAYS, TODAY, date(2025, 12, 19)),
        (RangeName.THIS_MONTH, TODAY, date(2026, 3, 1)),
        (RangeName.THIS_MONTH, date(2026, 3, 1), date(2026, 3, 1)),
        (RangeName.THIS_YEAR, TODAY, date(2026, 1, 1)),
        (RangeName.LAST_12_MONTHS, TODAY, date(2025, 3, 19)),
        (RangeName.LAST_12_MONTHS, date(2024, 2, 29), date(2023, 3, 1)),
    ],
)
def test_a_named_range_ends_today(name: RangeName, today: date, first: date) -> None:
    assert days_of(name, today) == DayRange(first, today)


@pytest.mark.parametrize(
    ("days", "grain"),
    [
        (1, Grain.DAY),
        (92, Grain.DAY),
        (93, Grain.WEEK),
        (183, Grain.WEEK),
        (184, Grain.MONTH),
        (3660, Grain.MONTH),
    ],
)
def test_the_grain_fits_the_days(days: int, grain: Grain) -> None:
    assert fitting_grain(DayRange(TODAY - timedelta(days=days - 1), TODAY)) is grain


def test_an_address_says_it_all() -> None:
    query = [
        ("range", "custom"),
        ("from", "2025-01-06"),
        ("to", "2025-01-19"),
        ("grain", "week"),
        ("vendor", "v1"),
        ("category", "c 1/ü"),
        ("today", "2025-02-01"),
    ]
    state = read_state(query, PAGE, TODAY)
    assert state.days == DayRange(date(2025, 1, 6), date(2025, 1, 19))
    assert (state.grain, state.today) == (Grain.WEEK, date(2025, 2, 1))
    assert state.filters == (("category", "c 1/ü"), ("vendor", "v1"))


@pytest.mark.parametrize(
    ("query", "where", "nearest"),
    [
        ([("rnge", "x")], "the address of the page", "range"),
        ([("range", "last_30_day")], "range", "last_30_days"),
        ([("grain", "days")], "grain", "day"),
        ([("grain", "decade")], "grain", None),
        ([("today", "tomorrow")], "today", None),
        ([("today", "0001-01-01")], "today", None),
        ([("range", "custom")], "from, to", None),
        ([("range", "custom"), ("from", "2026-01-02"), ("to", "2026-01-01")], "from, to", None),
        ([("range", "custom"), ("from", "1990-01-01"), ("to", "2026-01-01")], "from, to", None),
        ([("from", "2026-01-02")], "range", None),
        ([("vendor", "a"), ("vendor", "b")], "vendor", None),
        ([("vendor", "")], "vendor", None),
        ([("vendor", "x" * 201)], "vendor", None),
        ([("vendor", "a\0b")], "vendor", None),
    ],
)
def test_an_impossible_address_is_one_clear_error(
    query: list[tuple[str, str]], where: str, nearest: str | None
) -> None:
    with pytest.raises(InvalidFilter) as caught:
        read_state(query, PAGE, TODAY)
    assert caught.value.where == where
    if nearest:
        assert caught.value.nearest == nearest
    assert caught.value.next_step


KEYS = st.one_of(st.sampled_from(["range", "from", "to", "grain", "today", "vendor", "category"]), st.text())
VALUES = st.one_of(st.text(), st.dates().map(str), st.sampled_from(["custom", "this_year", "week"]))


@given(st.lists(st.tuples(KEYS, VALUES), max_size=5))
def test_whatever_the_address_it_is_a_state_or_a_typed_error(query: list[tuple[str, str]]) -> None:
    try:
        state = read_state(query, PAGE, TODAY)
    except InvalidFilter:
        return
    assert state.days.first <= state.days.last
    assert set(state.filters) <= set(query)
