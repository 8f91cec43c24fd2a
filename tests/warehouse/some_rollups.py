"""Rollups of the packaged facts in every form: by day, by month, without time, with extremes, over a view."""

from __future__ import annotations

from amalimart.core.calendar import Grain
from amalimart.core.names import TableRef
from amalimart.core.rollups import RollupTable, Stored, StoredColumn
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.rollups.declared import load_rollups

ORDERS, ITEMS = TableRef("gold", "fact_orders"), TableRef("gold", "fact_order_items")
_AMOUNTS = (
    StoredColumn("order_id", Stored.COUNT),
    StoredColumn("total_amount", Stored.COUNT),
    StoredColumn("total_amount", Stored.SUM),
)
_ENDS = (
    *_AMOUNTS,
    StoredColumn("total_amount", Stored.MIN),
    StoredColumn("total_amount", Stored.MAX),
    StoredColumn("order_date", Stored.MAX),
)
_UNITS = (
    StoredColumn("order_item_id", Stored.COUNT),
    StoredColumn("quantity", Stored.COUNT),
    StoredColumn("quantity", Stored.SUM, is_whole=True),
)
MADE = (
    RollupTable(
        "months", "By month.", "finance", ORDERS, ("order_date", Grain.MONTH), ("channel",), _AMOUNTS
    ),
    RollupTable("ends", "Extremes.", "finance", ORDERS, ("order_date", Grain.WEEK), ("status",), _ENDS),
    RollupTable("people", "By customer.", "finance", ORDERS, None, ("customer_id", "discount_id"), _ENDS),
    RollupTable("units", "By product.", "finance", ITEMS, None, ("product_id", "currency"), _UNITS),
)


def packaged_rollups() -> tuple[RollupTable, ...]:
    """Those that come with the product."""
    return tuple(rollup.made for rollup in load_rollups([PACKAGED], load_model([PACKAGED])))


def all_rollups() -> tuple[RollupTable, ...]:
    """Those that come with the product, and the other forms."""
    return (*packaged_rollups(), *MADE)
