"""The timeline of an order's status: sequence, status before, hours until the next."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench


def test_changes_stand_in_sequence_with_the_hours_until_the_next(bench: ModelBench) -> None:
    bench.put("orders", order_id="o")
    changes = {
        "9": ("2024-03-01 10:00", "UNKNOWN", "PENDING"),
        "10": ("2024-03-01 10:00", "UNKNOWN", "CONFIRMED"),
        "2": ("2024-03-02 10:30", "PENDING", "DISPATCHED"),
        "1": ("2024-03-05 10:30", "UNKNOWN", "COMPLETED"),
    }
    for key, (moment, before, after) in changes.items():
        bench.put("order_status_history", status_change_id=key, order_id="o", previous_status=before,
                  new_status=after, created_at=moment)  # fmt: skip
    told = ("change_number", "previous_status", "status", "hours_in_status", "is_latest")
    timeline = bench.by_key("gold.fact_order_status_changes")
    assert {key: tuple(row[column] for column in told) for key, row in timeline.items()} == {
        "9": (1, None, "PENDING", Decimal(0), False),
        "10": (2, "PENDING", "CONFIRMED", Decimal("24.5"), False),
        "2": (3, "PENDING", "DISPATCHED", Decimal(72), False),
        "1": (4, "DISPATCHED", "COMPLETED", None, True),
    }


def test_timelines_of_test_orders_stay_out_and_of_unknown_orders_in(bench: ModelBench) -> None:
    bench.put("orders", order_id="real")
    bench.put("orders", order_id="test", is_test=True)
    orders: list[str | None] = ["real", "test", "gone", None]
    for order in orders:
        bench.put(
            "order_status_history", status_change_id=f"of {order}", order_id=order, new_status="PENDING"
        )
    assert set(bench.by_key("gold.fact_order_status_changes")) == {"of real", "of gone"}
    assert {key for key, row in bench.by_key("silver.order_timeline").items() if row["is_test"]} == {
        "of test"
    }
