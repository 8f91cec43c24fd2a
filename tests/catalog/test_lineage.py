"""What is made of what, walked both ways, held against closures made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.catalog.lineage import Kind, Lineage, Node, Reached
from amalimart.core.errors import NotFound

PAID = Node(Kind.SOURCE, "shop.orders.paid")
TEST = Node(Kind.SOURCE, "shop.orders.test")
STAGED = Node(Kind.COLUMN, "staging.orders.paid")
SUM = Node(Kind.COLUMN, "gold.days.sum")
ROWS = Node(Kind.ROWS, "gold.days")
GMV = Node(Kind.METRIC, "gmv")
PAGE = Node(Kind.DASHBOARD, "dashboard admin")
SMALL = Lineage(
    {
        STAGED: frozenset({PAID}),
        SUM: frozenset({STAGED}),
        ROWS: frozenset({TEST}),
        GMV: frozenset({SUM, ROWS}),
        PAGE: frozenset({GMV}),
    }
)


def names(found: tuple[Reached, ...]) -> list[str]:
    return [each.node.name for each in found]


def test_values_are_followed_from_the_page_to_the_source_and_back() -> None:
    assert names(SMALL.made_of(PAGE)) == ["gmv", "gold.days.sum", "staging.orders.paid", "shop.orders.paid"]
    assert names(SMALL.used_by(PAID)) == ["staging.orders.paid", "gold.days.sum", "gmv", "dashboard admin"]
    assert [each.steps for each in SMALL.used_by(PAID)] == [1, 2, 3, 4]


def test_what_only_decides_rows_is_told_on_request() -> None:
    assert SMALL.used_by(TEST) == ()
    assert names(SMALL.used_by(TEST, with_rows=True)) == ["gold.days", "gmv", "dashboard admin"]
    assert "shop.orders.test" in names(SMALL.made_of(GMV, with_rows=True))
    assert "shop.orders.test" not in names(SMALL.made_of(GMV))
    assert SMALL.parts(GMV) == (SUM,)


def test_each_place_says_over_which_neighbours_it_was_reached() -> None:
    diamond = Lineage({SUM: frozenset({STAGED, PAID}), STAGED: frozenset({PAID})})
    (paid,) = [each for each in diamond.made_of(SUM) if each.node == PAID]
    assert (paid.steps, paid.by) == (1, tuple(sorted((STAGED, SUM))))


def test_a_circle_ends() -> None:
    circle = Lineage({SUM: frozenset({STAGED}), STAGED: frozenset({SUM})})
    assert names(circle.made_of(SUM)) == ["staging.orders.paid"]


def test_a_name_is_found_and_an_unknown_one_names_the_nearest() -> None:
    assert SMALL.find("shop.orders.paid") == PAID
    assert SMALL.find("gold.days") == ROWS
    with pytest.raises(NotFound) as unknown:
        SMALL.find("gold.days.sun")
    assert unknown.value.nearest == "gold.days.sum"


def test_of_a_metric_and_a_dimension_of_one_name_the_metric_is_meant() -> None:
    both = Lineage({Node(Kind.DIMENSION, "rating"): frozenset(), Node(Kind.METRIC, "rating"): frozenset()})
    assert both.find("rating").kind is Kind.METRIC


def test_another_name_is_found_too() -> None:
    assert Lineage({GMV: frozenset()}, aliases={"sales": GMV}).find("sales") == GMV


PLACES = [Node(kind, f"{kind.name.lower()}.{number}") for kind in Kind for number in range(3)]


@given(st.dictionaries(st.sampled_from(PLACES), st.frozensets(st.sampled_from(PLACES), max_size=3)))
def test_whatever_is_made_of_a_place_is_what_that_place_is_used_by(
    made_of: dict[Node, frozenset[Node]],
) -> None:
    lineage = Lineage(made_of)
    closure = {(node, part) for node, parts in made_of.items() for part in parts}
    while True:
        longer = closure | {(one, end) for one, way in closure for start, end in closure if way == start}
        if longer == closure:
            break
        closure = longer
    for node in PLACES:
        above = {each.node for each in lineage.made_of(node, with_rows=True)}
        below = {each.node for each in lineage.used_by(node, with_rows=True)}
        assert above == {part for whole, part in closure if whole == node} - {node}
        assert below == {whole for whole, part in closure if part == node} - {node}
