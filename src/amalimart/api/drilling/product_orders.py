"""The orders that hold a product: which rows to ask for, and how they are told. Asks nothing itself.

Money here is that of the product's own lines. What an order costs as a whole is shared with the lines of
other vendors and stands nowhere in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amalimart.api.dashboards.definition import PageFilter, RangeName
from amalimart.api.dashboards.state import Opened, PageState
from amalimart.core.calendar import Grain
from amalimart.core.errors import AmalimartError, InvalidFilter
from amalimart.core.wire import wire_value
from amalimart.semantic.question import Operator
from amalimart.semantic.row_lists import Elsewhere, RowCondition, RowList, RowQuestion

Json = dict[str, Any]

MOST = 200
PRODUCT = PageFilter(dimension="product", label="Product")

_LINE = ("order_id", "order_date", "quantity", "item_amount", "currency", "order_item_id")
_ORDER = ("order_id", "order_date", "status", "shipping_city")
_NEWEST_FIRST = ("-order_date", "order_id")
_PLACES = {
    "product": ("order_items", "product_id"),
    "vendor": ("order_items", "vendor_id"),
    "category": ("products", "category_id"),
    "shipping_region": ("orders", "shipping_region"),
    "shipping_city": ("orders", "shipping_city"),
    "payment_kind": ("orders", "payment_kind"),
    "payment_method": ("orders", "payment_method"),
    "order_status": ("orders", "status"),
}
"""Where a filter of a page is found: the dataset, and its column."""

_KEYS = {"orders": "order_id", "products": "product_id"}


@dataclass(frozen=True, slots=True)
class ProductPage:
    """How the address of such a page is read: as that of its dashboard, and by a product."""

    range: RangeName
    grain: Grain | None
    filters: tuple[PageFilter, ...]


def of_product(page: Opened) -> ProductPage:
    """The page of a dashboard's product."""
    own = tuple(each for each in page.filters if each.dimension != PRODUCT.dimension)
    return ProductPage(page.range, page.grain, (*own, PRODUCT))


def order_questions(state: PageState) -> tuple[RowQuestion, RowQuestion]:
    """The product's lines, the newest first, and the orders they are of; a line more than is shown.

    Raises InvalidFilter for a filter that says nothing of orders.
    """
    found: dict[str, list[RowCondition]] = {"order_items": list(_days(state))}
    for dimension, key in state.filters:
        if dimension not in _PLACES:
            raise InvalidFilter(
                f"the orders of a product are not told apart by {dimension}",
                where=dimension,
                expected=", ".join(sorted(_PLACES)),
                next_step="remove that filter",
            )
        dataset, column = _PLACES[dimension]
        found.setdefault(dataset, []).append(RowCondition(column, Operator.EQ, (key,)))
    of_lines = tuple(found.pop("order_items"))
    within = tuple(Elsewhere(dataset, _KEYS[dataset], tuple(where)) for dataset, where in found.items())
    of_product = Elsewhere("order_items", "order_id", of_lines)
    order_by = (*_NEWEST_FIRST, "order_item_id")
    return (
        RowQuestion("order_items", _LINE, of_lines, order_by, MOST + 1, within=within),
        RowQuestion("orders", _ORDER, _days(state), _NEWEST_FIRST, MOST + 1, within=(of_product,)),
    )


def _days(state: PageState) -> tuple[RowCondition, RowCondition]:
    return (
        RowCondition("order_date", Operator.GE, (state.days.first,)),
        RowCondition("order_date", Operator.LE, (state.days.last,)),
    )


def told_orders(lines: RowList, orders: RowList | AmalimartError) -> Json:
    """The lines as they are sent. Where the reader may not read orders, their columns are not there."""
    known: Mapping[str, Json] = (
        {each["order_id"]: each for each in orders.as_dicts()} if isinstance(orders, RowList) else {}
    )
    rows = []
    for line in lines.as_dicts()[:MOST]:
        told = {
            "order_id": line["order_id"],
            "order_date": wire_value(line["order_date"]),
            "quantity": wire_value(line["quantity"]),
            "item_amount": wire_value(line["item_amount"]),
            "currency": line["currency"],
        }
        if isinstance(orders, RowList):
            order = known.get(line["order_id"], {})
            told |= {"status": order.get("status"), "city": order.get("shipping_city")}
        rows.append(told)
    return {"lines": rows, "has_more": len(lines.rows) > MOST}
