"""Late, due, delivered, failed: calendar days, the promise before the SLA, evidence before status."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

ORDERED = datetime.fromisoformat("2024-02-27 23:59")
BUSINESS_DAY = date(2024, 12, 31)


def ship(bench: ModelBench, *, order: dict[str, Any] | None = None, **shipment: Any) -> dict[str, Any]:
    bench.put("orders", **{"order_id": "o", "customer_id": "u", "order_date": ORDERED} | (order or {}))
    bench.put("shipments", **{"shipment_id": "s", "order_id": "o"} | shipment)
    return bench.row("gold.fact_shipments")


@pytest.mark.parametrize("is_express", [True, False, None])
def test_without_a_promise_late_begins_after_two_days_express_and_five_standard(
    bench: ModelBench, is_express: bool | None
) -> None:
    allowed = 2 if is_express else 5
    for days in range(-1, 9):
        key = str(days)
        bench.put("orders", order_id=key, order_date=ORDERED)
        bench.put(
            "shipments", shipment_id=key, order_id=key, is_express=is_express,
            delivered_at=ORDERED + timedelta(days=days),
        )  # fmt: skip
    facts = bench.by_key("gold.fact_shipments")
    assert {int(key): row["is_on_time"] for key, row in facts.items()} == {
        days: days <= allowed for days in range(-1, 9)
    }
    assert {row["promised_date"] for row in facts.values()} == {ORDERED.date() + timedelta(days=allowed)}


@pytest.mark.parametrize(("delivered_on", "on_time"), [(20, True), (21, False)])
def test_a_promise_beats_the_sla_and_its_whole_day_is_on_time(
    bench: ModelBench, delivered_on: int, on_time: bool
) -> None:
    fact = ship(
        bench, is_express=True,
        promised_at="2024-03-20 08:00", delivered_at=f"2024-03-{delivered_on} 22:00",
    )  # fmt: skip
    assert fact["promised_date"] == date(2024, 3, 20)
    assert fact["is_on_time"] is on_time


def test_delivery_days_are_midnights_crossed_and_not_hours(bench: ModelBench) -> None:
    fact = ship(bench, delivered_at="2024-02-28 00:01")
    assert fact["delivery_days"] == 1


def test_days_across_a_leap_day_are_counted_by_the_calendar(bench: ModelBench) -> None:
    assert ship(bench, delivered_at="2024-03-01")["delivery_days"] == 3


def test_a_parcel_dated_before_its_order_leaves_the_average_and_is_marked(bench: ModelBench) -> None:
    fact = ship(bench, delivered_at="2024-02-26 23:00")
    assert fact["delivery_days"] is None
    assert fact["has_negative_days"] is True
    assert fact["is_on_time"] is True
    assert fact["delivered_date"] == date(2024, 2, 26)


def test_delivered_earlier_on_the_day_of_the_order_is_zero_days_and_not_negative(bench: ModelBench) -> None:
    fact = ship(bench, delivered_at="2024-02-27 06:00")
    assert (fact["delivery_days"], fact["has_negative_days"]) == (0, False)


@pytest.mark.parametrize(
    ("promised", "delivered", "order_status", "due"),
    [
        pytest.param(BUSINESS_DAY, None, "DISPATCHED", False, id="promised for today, so it can still come"),
        pytest.param(BUSINESS_DAY - timedelta(days=1), None, "DISPATCHED", True, id="promised for yesterday"),
        pytest.param(BUSINESS_DAY + timedelta(days=9), None, "DISPATCHED", False, id="promised for later"),
        pytest.param(BUSINESS_DAY + timedelta(days=9), ORDERED, "COMPLETED", True, id="came early"),
        pytest.param(
            BUSINESS_DAY - timedelta(days=9), None, "CANCELLED", False, id="cancelled, nobody waits"
        ),
        pytest.param(BUSINESS_DAY - timedelta(days=9), None, "REJECTED", False, id="rejected, nobody waits"),
        pytest.param(
            BUSINESS_DAY - timedelta(days=9), ORDERED, "CANCELLED", True, id="delivered all the same"
        ),
    ],
)
def test_due_is_delivered_or_over_its_promised_day(
    bench: ModelBench, promised: date, delivered: datetime | None, order_status: str, due: bool
) -> None:
    fact = ship(
        bench, order={"status": order_status},
        promised_at=datetime.combine(promised, datetime.min.time()), delivered_at=delivered,
    )  # fmt: skip
    assert fact["is_due"] is due


def test_a_parcel_that_never_arrived_is_not_on_time_and_has_no_days(bench: ModelBench) -> None:
    fact = ship(bench, status="IN_TRANSIT")
    assert (fact["is_on_time"], fact["delivery_days"], fact["delivered_date"]) == (False, None, None)


def test_a_failed_delivery_has_no_delivery_day_even_if_the_source_dates_it(bench: ModelBench) -> None:
    fact = ship(bench, status="FAILED", delivered_at="2024-02-28")
    assert (fact["delivered_date"], fact["is_on_time"], fact["is_failed"]) == (None, False, True)


def test_a_parcel_of_an_unknown_order_stays_with_what_it_knows_itself(bench: ModelBench) -> None:
    bench.put(
        "shipments",
        shipment_id="s",
        order_id="gone",
        city="Accra",
        delivered_at="2024-03-01",
    )
    fact = bench.row("gold.fact_shipments")
    assert (fact["order_id"], fact["city"], fact["region"]) == ("gone", "Accra", "unknown")
    assert (fact["order_date"], fact["promised_date"], fact["delivery_days"]) == (None, None, None)
    assert (fact["is_on_time"], fact["is_due"], fact["has_negative_days"]) == (False, True, False)


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({"delivered_at": "2024-03-01"}, "DELIVERED"),
        ({"dispatched_at": "2024-03-01"}, "IN_TRANSIT"),
        ({}, "UNKNOWN"),
        ({"status": "RETURNED", "delivered_at": "2024-03-01"}, "RETURNED"),
    ],
)
def test_a_source_without_parcel_status_gets_it_from_the_times(
    bench: ModelBench, columns: dict[str, Any], status: str
) -> None:
    assert ship(bench, **columns)["status"] == status


@pytest.mark.parametrize(
    ("status", "history", "shipment", "fulfilled"),
    [
        pytest.param("COMPLETED", None, None, True, id="completed"),
        pytest.param("RETURNED", None, None, True, id="only a delivered order can be returned"),
        pytest.param("DISPATCHED", None, None, False, id="on its way"),
        pytest.param("CANCELLED", ("DISPATCHED", "COMPLETED"), None, True, id="completed once"),
        pytest.param("PENDING", ("RETURNED", "PENDING"), None, True, id="was returned before"),
        pytest.param("PENDING", ("CONFIRMED", "DISPATCHED"), None, False, id="history without delivery"),
        pytest.param("PENDING", None, {"delivered_at": ORDERED + timedelta(days=1)}, True, id="arrived"),
        pytest.param("PENDING", None, {"status": "DELIVERED"}, True, id="parcel stated as delivered"),
        pytest.param(
            "PENDING", None, {"delivered_at": ORDERED - timedelta(days=1)}, False,
            id="a date before the order proves nothing",
        ),
        pytest.param(
            "PENDING", None, {"status": "DELIVERED", "delivered_at": ORDERED - timedelta(days=1)}, True,
            id="a stated delivery with a wrong date",
        ),
        pytest.param(
            "PENDING", None, {"status": "FAILED", "delivered_at": ORDERED}, False, id="a dated failure"
        ),
    ],
)  # fmt: skip
def test_fulfilled_is_ever_delivered_by_any_witness(
    bench: ModelBench,
    status: str,
    history: tuple[str, str] | None,
    shipment: dict[str, Any] | None,
    fulfilled: bool,
) -> None:
    bench.put("orders", order_id="o", order_date=ORDERED, status=status)
    if history:
        before, after = history
        bench.put(
            "order_status_history",
            status_change_id="h",
            order_id="o",
            previous_status=before,
            new_status=after,
        )
    if shipment:
        bench.put("shipments", **{"shipment_id": "s", "order_id": "o"} | shipment)
    assert bench.row("gold.fact_orders")["is_fulfilled"] is fulfilled


@pytest.mark.parametrize(
    ("history", "arrivals", "delivered", "cancelled"),
    [
        pytest.param([], [], None, None, id="nothing tells"),
        pytest.param([("COMPLETED", 3), ("RETURNED", 9)], [], 3, None, id="the history tells"),
        pytest.param([], [5, 2], 2, None, id="the first of two parcels"),
        pytest.param([("COMPLETED", 4)], [2], 2, None, id="a parcel before the history"),
        pytest.param([("COMPLETED", 1)], [2], 1, None, id="the history before a parcel"),
        pytest.param([], [-1], None, None, id="a day before the order"),
        pytest.param([("CANCELLED", 1), ("PENDING", 2), ("CANCELLED", 3)], [], None, 3, id="cancelled again"),
    ],
)
def test_the_days_of_delivery_and_cancellation(
    bench: ModelBench,
    history: list[tuple[str, int]],
    arrivals: list[int],
    delivered: int | None,
    cancelled: int | None,
) -> None:
    """In days after the order."""
    bench.put("orders", order_id="o", order_date=ORDERED, status="PENDING")
    for number, (status, after) in enumerate(history):
        bench.put(
            "order_status_history",
            status_change_id=f"h{number}",
            order_id="o",
            new_status=status,
            created_at=ORDERED + timedelta(days=after),
        )
    for number, after in enumerate(arrivals):
        bench.put(
            "shipments",
            shipment_id=f"s{number}",
            order_id="o",
            status="DELIVERED",
            delivered_at=ORDERED + timedelta(days=after),
        )
    row = bench.row("gold.fact_orders")
    placed = row["order_date"]
    found = [day and (day - placed).days for day in (row["delivered_date"], row["cancelled_date"])]
    assert found == [delivered, cancelled]


@pytest.mark.parametrize(
    ("parcels", "failed"),
    [
        pytest.param([{"status": "FAILED"}], True, id="failed"),
        pytest.param([{"status": "RETURNED"}], True, id="sent back undelivered"),
        pytest.param(
            [{"status": "RETURNED", "delivered_at": ORDERED}], False, id="sent back by the customer"
        ),
        pytest.param(
            [{"status": "FAILED"}, {"status": "DELIVERED"}], False, id="made good by a second parcel"
        ),
        pytest.param(
            [{"status": "FAILED"}, {"status": "IN_TRANSIT"}], True, id="the second is not there yet"
        ),
    ],
)
def test_a_failed_delivery_fails_the_order_until_it_is_made_good(
    bench: ModelBench, parcels: list[dict[str, Any]], failed: bool
) -> None:
    bench.put("orders", order_id="o", order_date=ORDERED, status="DISPATCHED")
    for number, parcel in enumerate(parcels):
        bench.put("shipments", **{"shipment_id": f"s{number}", "order_id": "o"} | parcel)
    assert bench.row("gold.fact_orders")["is_failed"] is failed
