"""What waits: parcels that are late, will be soon, are to be delivered or failed, and failed orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from amalimart.semantic.question import Operator
from amalimart.semantic.row_lists import Elsewhere, RowCondition, RowList, RowQuestion

Json = dict[str, Any]

MOST = 200
_LOOKED_BACK = timedelta(days=30)
_PARCEL = (
    "shipment_id", "order_id", "delivery_partner_id", "city", "region", "status", "promised_date",
    "order_date", "is_express",
)  # fmt: skip
_ORDER = ("order_id", "shipping_city", "shipping_region", "status", "order_date", "payment_method")
_ON_ITS_WAY = RowCondition("status", Operator.IN, ("PENDING", "IN_TRANSIT", "UNKNOWN"))
_CALLED_OFF = Elsewhere(
    "orders", "order_id", (RowCondition("status", Operator.IN, ("CANCELLED", "REJECTED")),)
)


def work_questions(today: date) -> dict[str, RowQuestion]:
    """The lists by name, the most urgent first; each asks for one row more than is shown."""
    since = RowCondition("order_date", Operator.GE, (today - _LOOKED_BACK,))
    failed = RowCondition("is_failed", Operator.EQ, (True,))

    def parcels(
        *where: RowCondition, order_by: tuple[str, ...], unless: Elsewhere | None = None
    ) -> RowQuestion:
        return RowQuestion("shipments", _PARCEL, where, (*order_by, "shipment_id"), MOST + 1, unless)

    return {
        "late": parcels(
            RowCondition("is_due", Operator.EQ, (True,)),
            _ON_ITS_WAY,
            RowCondition("promised_date", Operator.LT, (today,)),
            order_by=("promised_date",),
        ),
        "soon": parcels(
            _ON_ITS_WAY,
            RowCondition("promised_date", Operator.GE, (today,)),
            RowCondition("promised_date", Operator.LE, (today + timedelta(days=1),)),
            order_by=("promised_date",),
            unless=_CALLED_OFF,
        ),
        "to_deliver": parcels(
            _ON_ITS_WAY,
            RowCondition("promised_date", Operator.GE, (today,)),
            order_by=("promised_date",),
            unless=_CALLED_OFF,
        ),
        "failed": parcels(failed, since, order_by=("-order_date",)),
        "failed_orders": RowQuestion(
            "orders", _ORDER, (failed, since), ("-order_date", "order_id"), MOST + 1
        ),
    }


def told_list(name: str, found: RowList, partners: Mapping[str, str], zone: ZoneInfo) -> Json:
    """A list as it is sent: due at the end of the promised day, in the marketplace's zone."""
    rows = [_row(each, partners, zone) for each in found.as_dicts()[:MOST]]
    return {"name": name, "rows": rows, "has_more": len(found.rows) > MOST}


def _row(row: Json, partners: Mapping[str, str], zone: ZoneInfo) -> Json:
    promised = row.get("promised_date")
    partner = row.get("delivery_partner_id")
    return {
        "order_id": row["order_id"],
        "shipment_id": row.get("shipment_id"),
        "city": row.get("city", row.get("shipping_city")),
        "region": row.get("region", row.get("shipping_region")),
        "status": row["status"],
        "order_date": row["order_date"],
        "promised_date": promised,
        "due_at": end_of_day(promised, zone) if promised else None,
        "is_express": row.get("is_express"),
        "partner": partners.get(partner, partner) if partner else None,
        "payment_method": row.get("payment_method"),
    }


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after a day of the zone."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
