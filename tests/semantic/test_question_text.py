"""The text form of filters: what is written is what is meant, and anything else is one clear error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.core.errors import InvalidFilter
from amalimart.semantic.question import Filter, Operator
from amalimart.semantic.question_text import filter_text, parse_filter, parse_filters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("category = Electronics", Filter("category", Operator.EQ, ("Electronics",))),
        ("Category=Electronics", Filter("category", Operator.EQ, ("Electronics",))),
        (
            "order_status in (COMPLETED, PENDING)",
            Filter("order_status", Operator.IN, ("COMPLETED", "PENDING")),
        ),
        ("order_status NOT  IN(COMPLETED)", Filter("order_status", Operator.NOT_IN, ("COMPLETED",))),
        ("day >= 2024-01-01", Filter("day", Operator.GE, ("2024-01-01",))),
        ("vendor = 'Kofi & Sons, Ltd'", Filter("vendor", Operator.EQ, ("Kofi & Sons, Ltd",))),
        ("vendor = 'Ama''s Shop'", Filter("vendor", Operator.EQ, ("Ama's Shop",))),
        ('vendor = "Ama\'s Shop"', Filter("vendor", Operator.EQ, ("Ama's Shop",))),
        ("a <> b", Filter("a", Operator.NE, ("b",))),
        ("a == ''", Filter("a", Operator.EQ, ("",))),
    ],
)
def test_a_condition_is_read(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


def test_conditions_are_joined_by_and() -> None:
    found = parse_filters("a = and and b in ('x, y', z) AND c < 3")
    assert [(each.dimension, each.values) for each in found] == [
        ("a", ("and",)),
        ("b", ("x, y", "z")),
        ("c", ("3",)),
    ]


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "name"),
        ("category", 9, "one of ="),
        ("category ~ x", 10, "one of ="),
        ("category =", 11, "a value"),
        ("category = Home & Garden", 17, "'and' or the end"),
        ("a in COMPLETED", 6, "bracket"),
        ("a in (x y)", 9, "comma"),
        ("a in ()", 7, "a value"),
        ("a = 'open", 5, "closing '"),
        ("a = b or c = d", 7, "'and'"),
        ("1 = 1", 1, "name"),
        ("a = b; drop table x", 8, "'and'"),
    ],
)
def test_an_error_says_where_and_what_was_expected(text: str, position: int, expected: str) -> None:
    with pytest.raises(InvalidFilter) as error:
        parse_filters(text)
    assert f"character {position}" in error.value.what
    assert expected in (error.value.expected or "")


@given(st.text(max_size=80) | st.text(alphabet="ab=<>!'\"(), \tinotd.", max_size=40))
def test_any_text_is_filters_or_one_error(text: str) -> None:
    try:
        found = parse_filters(text)
    except InvalidFilter:
        return
    assert found
    assert all(each.values for each in found)


@given(
    st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True),
    st.sampled_from(Operator),
    st.lists(st.text(max_size=20), min_size=1, max_size=4),
)
def test_text_form_is_read_back_the_same(name: str, operator: Operator, values: list[str]) -> None:
    many = operator in {Operator.IN, Operator.NOT_IN}
    condition = Filter(name, operator, tuple(values if many else values[:1]))
    assert parse_filter(filter_text(condition)) == condition
