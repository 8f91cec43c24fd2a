"""What happened to one order, day by day, as far as the reader may see it."""

from __future__ import annotations

from typing import Any

from amalimart.semantic.question import Operator
from amalimart.semantic.row_lists import RowCondition, RowList, RowQuestion

Json = dict[str, Any]

_MOST = 200
_COLUMNS = {
    "orders": (
        "order_id", "order_date", "status", "total_amount", "currency", "payment_kind", "shipping_city",
        "shipping_region",
    ),
    "order_status_changes": (
        "change_number", "changed_date", "previous_status", "status", "changed_by", "hours_in_status",
    ),
    "payments": ("payment_id", "payment_date", "method", "status", "amount", "currency"),
    "shipments": (
        "shipment_id", "order_date", "promised_date", "delivered_date", "status", "city", "is_on_time",
        "is_failed",
    ),
    "returns": ("return_id", "request_date", "status", "reason", "return_amount", "currency"),
}  # fmt: skip
_ORDER_BY = {
    "orders": ("order_date",),
    "order_status_changes": ("change_number",),
    "payments": ("payment_date", "payment_id"),
    "shipments": ("order_date", "shipment_id"),
    "returns": ("request_date", "return_id"),
}


def timeline_questions(order_id: str) -> dict[str, RowQuestion]:
    """The rows of each dataset that belong to an order."""
    of_order = (RowCondition("order_id", Operator.EQ, (order_id,)),)
    return {
        name: RowQuestion(name, columns, of_order, _ORDER_BY[name], _MOST)
        for name, columns in _COLUMNS.items()
    }


def events(found: dict[str, RowList]) -> list[Json]:
    """Everything with a day, the oldest first; on one day in the order in which things usually happen."""
    rows = {name: each.as_dicts() for name, each in found.items()}
    told: list[tuple[Any, int, int, Json]] = []

    def add(day: Any, rank: int, kind: str, row: Json) -> None:
        if day is not None:
            told.append((day, rank, len(told), {"day": day, "kind": kind, **row}))

    for row in rows.get("orders", ()):
        add(row["order_date"], 0, "ordered", {"amount": row["total_amount"], "currency": row["currency"]})
    for row in rows.get("payments", ()):
        money = {"amount": row["amount"], "currency": row["currency"]}
        add(row["payment_date"], 1, "payment", {"status": row["status"], "method": row["method"], **money})
    for row in rows.get("order_status_changes", ()):
        change = {name: row[name] for name in ("status", "previous_status", "changed_by", "hours_in_status")}
        add(row["changed_date"], 2, "status", change)
    for row in rows.get("shipments", ()):
        parcel = {"shipment_id": row["shipment_id"], "status": row["status"], "city": row["city"]}
        add(row["promised_date"], 3, "promised", parcel | {"is_failed": row["is_failed"]})
        add(row["delivered_date"], 4, "delivered", parcel | {"is_on_time": row["is_on_time"]})
    for row in rows.get("returns", ()):
        money = {"amount": row["return_amount"], "currency": row["currency"]}
        add(row["request_date"], 5, "return", {"status": row["status"], "reason": row["reason"], **money})
    return [each for _, _, _, each in sorted(told, key=lambda item: item[:3])]
