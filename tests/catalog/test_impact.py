"""What a dropped source column breaks and what it changes, over a lineage made by hand."""

from __future__ import annotations

import pytest

from amalimart.catalog.impact import Affected, Impact, Loss, What, impact_of_dropping
from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.errors import RequestError

PAID, KIND, PLACED = (Node(Kind.SOURCE, f"shop.orders.{name}") for name in ("paid", "kind", "placed"))
STAGED = Node(Kind.COLUMN, "staging.orders.paid")
TOTAL = Node(Kind.COLUMN, "gold.orders.total")
DAY = Node(Kind.COLUMN, "gold.orders.day")
MIXED = Node(Kind.COLUMN, "gold.orders.label")
ROWS = Node(Kind.ROWS, "gold.orders")
GMV, COUNT = Node(Kind.METRIC, "gmv"), Node(Kind.METRIC, "order_count")
DAYS = Node(Kind.DIMENSION, "day")
PAGE, OTHER = Node(Kind.DASHBOARD, "dashboard admin"), Node(Kind.DASHBOARD, "dashboard counts")
LINEAGE = Lineage(
    {
        STAGED: frozenset({PAID}),
        TOTAL: frozenset({STAGED}),
        DAY: frozenset({PLACED}),
        MIXED: frozenset({STAGED, PLACED}),
        ROWS: frozenset({KIND}),
        GMV: frozenset({TOTAL, ROWS}),
        COUNT: frozenset({DAY, ROWS}),
        DAYS: frozenset({DAY}),
        PAGE: frozenset({GMV, COUNT}),
        OTHER: frozenset({COUNT}),
    }
)
CHECKS = {"total_is_there": {TOTAL}, "label_is_there": {MIXED}, "day_is_there": {DAY, ROWS}}


def of(column: Node, loss: Loss = Loss()) -> Impact:  # noqa: B008 - a frozen value
    return impact_of_dropping(LINEAGE, column, loss, CHECKS)


def names(impact: Impact, *, breaks: bool) -> set[str]:
    return {f"{each.what} {each.name}" for each in impact.affected if each.breaks is breaks}


def test_what_nothing_else_fills_breaks_and_what_others_fill_too_changes() -> None:
    found = of(PAID)
    assert names(found, breaks=True) == {
        "column staging.orders.paid", "column gold.orders.total", "model staging.orders", "model gold.orders",
        "check total_is_there", "metric gmv", "dashboard admin",
    }  # fmt: skip
    assert names(found, breaks=False) == {"column gold.orders.label", "check label_is_there"}


def test_a_column_that_only_decides_rows_changes_and_breaks_nothing() -> None:
    found = of(KIND)
    assert names(found, breaks=True) == set()
    assert names(found, breaks=False) == {
        "model gold.orders", "check day_is_there", "metric gmv", "metric order_count", "dashboard admin",
        "dashboard counts",
    }  # fmt: skip


def test_a_metric_that_the_sources_cannot_fill_any_more_breaks_with_its_pages() -> None:
    found = of(KIND, Loss(unavailable=frozenset({"order_count", "unrelated"})))
    assert names(found, breaks=True) == {"metric order_count", "dashboard admin", "dashboard counts"}
    assert "metric gmv" in names(found, breaks=False)


def test_without_a_required_column_all_that_it_reaches_breaks() -> None:
    found = of(KIND, Loss(stops=("no release",), is_required=True))
    assert names(found, breaks=False) == set()
    assert found.stops == ("no release",)
    assert "model gold.orders" in names(found, breaks=True)


def test_an_untraced_table_claims_no_break() -> None:
    vague = Lineage({TOTAL: frozenset({PAID})}, frozenset({"gold.orders"}))
    found = impact_of_dropping(vague, PAID, Loss(), {})
    assert found.affected == (
        Affected(What.COLUMN, "gold.orders.total", breaks=False),
        Affected(What.MODEL, "gold.orders", breaks=False),
    )


@pytest.mark.parametrize("node", [TOTAL, GMV, ROWS, PAGE])
def test_only_a_column_of_a_source_can_be_dropped(node: Node) -> None:
    with pytest.raises(RequestError, match="not a column of a source") as refused:
        of(node)
    assert "amalimart plan" in (refused.value.next_step or "")
