"""Features know the past of their own moment only; a label is null until it is known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

LABELS = {"label_known_on", "is_churned", "is_late", "is_refused"}


def order(bench: ModelBench, key: str, day: str, amount: str = "1.00", **more: Any) -> None:
    bench.put(
        "orders", **{"order_id": key, "customer_id": "u", "order_date": day, "total_amount": amount} | more
    )


def test_history_counts_the_orders_before_in_the_orders_own_currency(bench: ModelBench) -> None:
    order(bench, "10", "2024-01-01 10:00", "5.00")
    order(bench, "9", "2024-01-01 10:00", "3.00", status="CANCELLED")
    order(bench, "usd", "2024-01-05 10:00", "100.00", currency="USD")
    order(bench, "last", "2024-02-01 00:01", "7.00")
    order(bench, "test", "2023-01-01", is_test=True)
    order(bench, "guest", "2024-01-02", customer_id=None)
    told = ("earlier_order_count", "earlier_order_amount", "days_since_first_order",
            "days_since_previous_order", "next_order_date")  # fmt: skip
    history = bench.by_key("silver.customer_order_history")
    assert {key: tuple(row[column] for column in told) for key, row in history.items()} == {
        "9": (0, Decimal("0.00"), 0, None, date(2024, 1, 1)),
        "10": (1, Decimal("3.00"), 0, 0, date(2024, 1, 5)),
        "usd": (2, Decimal("0.00"), 4, 4, date(2024, 2, 1)),
        "last": (3, Decimal("8.00"), 31, 27, None),
    }


@pytest.mark.parametrize(
    ("placed", "next_order", "known_on", "churned"),
    [
        pytest.param("2024-01-01", "2024-03-31", date(2024, 3, 31), False, id="back on the 90th day"),
        pytest.param("2024-01-01", "2024-04-01", date(2024, 4, 1), True, id="back on the 91st"),
        pytest.param("2024-01-01", None, date(2024, 4, 1), True, id="never back"),
        pytest.param("2024-10-01", None, date(2024, 12, 31), True, id="90 days just over"),
        pytest.param("2024-10-02", None, date(2025, 1, 1), None, id="not over"),
        pytest.param("2024-12-30", "2024-12-31", date(2024, 12, 31), False, id="back today"),
    ],
)
def test_churn_is_known_at_the_next_order_or_after_90_days(
    bench: ModelBench,
    placed: str,
    next_order: str | None,
    known_on: date,
    churned: bool | None,
) -> None:
    order(bench, "first", f"{placed} 23:00")
    if next_order:
        order(bench, "second", f"{next_order} 01:00")
    row = bench.by_key("gold.features_customer_churn")["first"]
    assert (row["label_known_on"], row["is_churned"]) == (known_on, churned)


@pytest.mark.parametrize(
    ("parcel", "known_on", "late"),
    [
        pytest.param({"delivered_at": "2024-05-06"}, date(2024, 5, 6), False, id="on the promised day"),
        pytest.param({"delivered_at": "2024-05-09"}, date(2024, 5, 7), True, id="after it"),
        pytest.param({"delivered_at": None}, date(2024, 5, 7), True, id="never"),
        pytest.param({"status": "DELIVERED"}, None, None, id="on a day not told"),
        pytest.param({"promised_at": "2024-12-31"}, None, None, id="promised for today"),
        pytest.param({"promised_at": "2024-12-30"}, date(2024, 12, 31), True, id="promised for yesterday"),
    ],
)
def test_a_parcel_is_late_once_its_promised_day_is_over(
    bench: ModelBench,
    parcel: dict[str, Any],
    known_on: date | None,
    late: bool | None,
) -> None:
    order(bench, "o", "2024-05-01 20:00", "9.00")
    bench.put("shipments", **{"shipment_id": "s", "order_id": "o"} | parcel)
    row = bench.row("gold.features_late_delivery")
    assert (row["label_known_on"], row["is_late"]) == (known_on, late)
    assert row["total_amount"] == Decimal("9.00")


def test_parcels_of_cancelled_unknown_and_test_orders_teach_nothing(bench: ModelBench) -> None:
    order(bench, "cancelled", "2024-05-01", status="CANCELLED")
    order(bench, "test", "2024-05-01", is_test=True)
    for key in ("cancelled", "test", "gone"):
        bench.put("shipments", shipment_id=key, order_id=key)
    row = bench.row("gold.features_late_delivery")
    assert (row["shipment_id"], row["is_late"]) == ("cancelled", None)


def test_a_cod_order_is_refused_when_its_delivery_failed_and_was_not_made_good(bench: ModelBench) -> None:
    cases: dict[str, tuple[str, tuple[str, ...], bool | None]] = {
        "refused": ("DISPATCHED", ("FAILED",), True),
        "made good": ("DISPATCHED", ("FAILED", "DELIVERED"), False),
        "delivered": ("COMPLETED", (), False),
        "under way": ("DISPATCHED", ("IN_TRANSIT",), None),
        "never sent": ("CANCELLED", (), None),
    }
    for key, (status, parcels, _) in cases.items():
        order(bench, key, "2024-05-01", status=status)
        bench.put("payments", payment_id=key, order_id=key, method="CASH_ON_DELIVERY")
        for number, parcel in enumerate(parcels):
            bench.put("shipments", shipment_id=f"{key} {number}", order_id=key, status=parcel)
    order(bench, "prepaid", "2024-05-01")
    bench.put("payments", payment_id="prepaid", order_id="prepaid", method="CARD")
    order(bench, "test", "2024-05-01", is_test=True)
    bench.put("payments", payment_id="test", order_id="test", method="CASH_ON_DELIVERY")
    refused = {key: row["is_refused"] for key, row in bench.by_key("gold.features_cod_refusal").items()}
    assert refused == {key: outcome for key, (_, _, outcome) in cases.items()}


def test_what_happens_later_changes_labels_but_no_feature(bench: ModelBench) -> None:
    tables = ("features_customer_churn", "features_late_delivery", "features_cod_refusal")
    moment = datetime.fromisoformat("2024-11-20 10:00")
    order(bench, "before", "2024-11-01 10:00", "4.00")
    order(bench, "o", str(moment), "9.00")
    bench.put("payments", payment_id="y", order_id="o", method="CASH_ON_DELIVERY")
    bench.put("shipments", shipment_id="s", order_id="o", city="Accra")

    def features() -> dict[str, dict[str, Any]]:
        rows = {table: bench.rows(f"gold.{table}") for table in tables}
        return {
            table: {column: value for column, value in row.items() if column not in LABELS}
            for table, found in rows.items()
            for row in found
            if row["order_id"] == "o"
        }

    bench.put_version("users", user_id="u", change=1, at="2024-01-01")
    bench.put_version("addresses", address_id="a", user_id="u", region="Ashanti", change=2, at="2024-01-01",
                      until=(3, "2024-11-25"))  # fmt: skip
    known = features()
    assert set(known) == set(tables)
    assert known["features_cod_refusal"]["customer_region"] == "Ashanti"
    bench.put_version("addresses", address_id="a", user_id="u", region="Volta", change=3, at="2024-11-25")
    bench.put("payments", payment_id="y2", order_id="o", method="CARD", status="SUCCESS",
              created_at="2024-11-21", paid_at="2024-11-21")  # fmt: skip
    bench.put("returns", return_id="r", order_item_id="i", request_at="2024-11-28")
    bench.put("reviews", review_id="w", order_id="o", customer_id="u", product_id="p", rating=1)
    bench.put("support_tickets", ticket_id="t", customer_id="u", order_id="o")
    bench.put("addresses", address_id="b", user_id="u", city="Ho", region="Volta", is_default=True)
    order(bench, "after", str(moment + timedelta(days=1)), "50.00")
    bench.put("order_items", order_item_id="i", order_id="o", quantity=3)
    bench.put("order_status_history", status_change_id="h", order_id="o", new_status="COMPLETED")
    bench.execute(
        "update staging.stg_shipments set delivered_at = '2024-11-29', status = 'DELIVERED',"
        " delivery_partner_id = 'd'"
    )
    bench.execute("update staging.stg_orders set status = 'COMPLETED'")
    bench.execute("update meta.run_context set business_day = date '2025-06-01'")
    assert features() == known
