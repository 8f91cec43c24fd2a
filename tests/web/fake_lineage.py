"""A lineage of one column, for tests of receipts and of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.catalog.lineage import Kind, Lineage, Node
from amalimart.core.glossary import GlossaryColumn, GlossaryTable
from tests.web.fake_catalogue import METRICS

GMV = Node(Kind.METRIC, "gmv")
GOLD = Node(Kind.COLUMN, "gold.fact_orders.total_amount")
SOURCE = Node(Kind.SOURCE, "shop.orders.total")
ROWS = Node(Kind.ROWS, "gold.fact_orders")


class FakeLineage:
    """One column from a source to a metric to a dashboard and two scorecards, and three checks."""

    def lineage(self) -> Lineage:
        pages = {Kind.DASHBOARD: ["admin"], Kind.SCORECARD: ["vendor", "not_for_you"]}
        used = {Node.page(kind, name): frozenset({GMV}) for kind, names in pages.items() for name in names}
        metrics = {Node(Kind.METRIC, name): frozenset({GOLD, ROWS}) for name in METRICS}
        return Lineage({**metrics, GOLD: frozenset({SOURCE}), **used})

    def checks(self) -> Mapping[str, frozenset[Node]]:
        elsewhere = frozenset({Node(Kind.COLUMN, "gold.fact_returns.amount")})
        return {
            "totals_add_up": frozenset({GOLD}),
            "orders_are_whole": frozenset({ROWS}),
            "returns": elsewhere,
        }


class FakeGlossary:
    """One table of two columns."""

    def tables(self) -> tuple[GlossaryTable, ...]:
        columns = (
            GlossaryColumn("order_id", "VARCHAR", "Id of the order.", "internal"),
            GlossaryColumn("total_amount", "DECIMAL(18,2)", "Header total <b>as stored</b>.", "internal"),
        )
        return (
            GlossaryTable(
                "gold.fact_orders", "Every order.", "finance data", "one row per order", 12, columns
            ),
        )
