"""The tiny shop with checks that hold releases back, and the book in which its releases are looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from amalimart.control.deciding import Decider
from amalimart.core.errors import CheckFailed
from amalimart.core.names import TableRef
from amalimart.core.releases import BlockedBuild, ReleaseDetail
from amalimart.lake import Operation
from amalimart.orchestrate.releases.acceptance_ledger import AcceptanceLedger
from amalimart.orchestrate.releases.release_book import ReleaseBook
from amalimart.warehouse.executor import BuildReport, Executor
from amalimart.warehouse.graph import Check, CompiledGraph, model_id
from amalimart.warehouse.incremental.delta_check import DeltaCheck, Piece
from amalimart.warehouse.incremental.recipe import came
from amalimart.warehouse.lake_view import lake_state
from tests.warehouse.tiny_graph import tiny_graph
from tests.warehouse.tiny_shop import ZONE, Shop

FACT = TableRef("gold", "fact_orders")
AMA = Decider("Ama Serwaa", "ama@example.com")
SMALL = "not_too_large"
# A check of single rows, as the compiler makes them: whole, and over the rows that came.
NOT_TOO_LARGE = Check(
    unique_id=f"test.marketplace.{SMALL}",
    name=SMALL,
    is_error=True,
    sql=f"select total_amount from {FACT.sql} where total_amount > 1000",
    parents=frozenset({model_id("fact_orders")}),
    delta=DeltaCheck(
        (model_id("fact_orders"),),
        (Piece(f"select total_amount from ({came(FACT)}) where total_amount > 1000"),),
    ),
)
BUYERS_HAVE_NUMBERS = Check(
    unique_id="test.marketplace.buyers_have_numbers",
    name="buyers_have_numbers",
    is_error=True,
    sql="select * from staging.\"stg_orders\" where customer_id = 'nobody'",
    parents=frozenset({model_id("stg_orders")}),
)


def order(key: str, total: str = "5", buyer: str = "7") -> tuple[str, ...]:
    return (key, buyer, "2026-03-01", total, "done", "", "sale")


class Desk:
    """The tiny shop with checks of its own, and the book in which its releases are looked up."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        compiled = shop_graph(shop)
        self.graph = compiled
        self.ledger = AcceptanceLedger(shop.folder / "control.db", shop.clock)
        self.book = ReleaseBook(shop.hot_file, self.ledger)
        self.restart()

    def restart(self) -> None:
        self.shop.executor = Executor(
            self.shop.hot_file, self.shop.clock, ZoneInfo(ZONE), acceptances=self.ledger
        )

    def land(self, *orders: tuple[str, ...]) -> None:
        self.shop.land(*orders, operation=Operation.UPSERT)

    def publish(self) -> BuildReport | None:
        state = lake_state(self.shop.lake, {"shop": self.shop.mapping})
        return self.shop.executor.publish(self.graph, state)

    def is_held(self) -> BlockedBuild:
        """Try to publish, be refused, and look up why."""
        with pytest.raises(CheckFailed):
            self.publish()
        return self.book.blocked_build(None)

    def published(self) -> ReleaseDetail:
        report = self.publish()
        assert report is not None
        return self.book.release(report.release.release_id)

    def totals(self) -> list[Decimal]:
        return [total for (total,) in self.shop.query("select total_amount from gold.fact_orders order by 1")]  # type: ignore[misc]


def shop_graph(shop: Shop) -> CompiledGraph:
    shop.land(order("1"))
    compiled = tiny_graph(shop)
    models = tuple(
        replace(each, personal=frozenset({"customer_id"})) if each.table.name == "stg_orders" else each
        for each in compiled.models
    )
    return replace(compiled, models=models, checks=(NOT_TOO_LARGE, BUYERS_HAVE_NUMBERS))


@pytest.fixture
def desk(shop: Shop) -> Iterator[Desk]:
    opened = Desk(shop)
    opened.publish()
    yield opened
    opened.ledger.close()
