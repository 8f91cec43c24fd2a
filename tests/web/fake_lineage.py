"""A lineage of one column and a book of one release, for tests of receipts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.releases import CheckState, ReleaseDetail, ReleaseSummary
from tests.web.fake_marketplace import METRICS, NOON

GMV = Node(Kind.METRIC, "gmv")
GOLD = Node(Kind.COLUMN, "gold.fact_orders.total_amount")
SOURCE = Node(Kind.SOURCE, "shop.orders.total")
ROWS = Node(Kind.ROWS, "gold.fact_orders")


class FakeLineage:
    """One column from a source to a metric to a dashboard, and three checks."""

    def lineage(self) -> Lineage:
        used = {Node(Kind.DASHBOARD, "dashboard admin"): frozenset({GMV})}
        metrics = {Node(Kind.METRIC, name): frozenset({GOLD, ROWS}) for name in METRICS}
        return Lineage({**metrics, GOLD: frozenset({SOURCE}), **used})

    def checks(self) -> Mapping[str, frozenset[Node]]:
        elsewhere = frozenset({Node(Kind.COLUMN, "gold.fact_returns.amount")})
        return {
            "totals_add_up": frozenset({GOLD}),
            "orders_are_whole": frozenset({ROWS}),
            "returns": elsewhere,
        }


@dataclasses.dataclass
class FakeBook:
    """A book of one release, in which some checks fail."""

    failing: tuple[CheckState, ...] = ()

    def release(self, release_id: int) -> ReleaseDetail:
        summary = ReleaseSummary(release_id, NOON, NOON, "hash", {"shop": 1}, 3, 10, is_recorded=True)
        return ReleaseDetail(summary, (), self.failing)
