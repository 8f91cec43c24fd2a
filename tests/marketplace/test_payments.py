"""How an order was paid: kind by precedence, dates by fallback, failure only without later success."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

JAN = [datetime.fromisoformat(f"2024-01-{day:02d} 09:00") for day in range(1, 29)]


def attempt(
    bench: ModelBench, payment_id: str, method: str, status: str, day: int, order_id: str = "o"
) -> None:
    bench.put(
        "payments", payment_id=payment_id, order_id=order_id, method=method, status=status,
        created_at=JAN[day], amount="10.00",
    )  # fmt: skip


def order(bench: ModelBench, **columns: object) -> None:
    bench.put("orders", **{"order_id": "o", "customer_id": "u", "order_date": JAN[0]} | columns)


@pytest.mark.parametrize(
    ("attempts", "kind", "method"),
    [
        pytest.param([], "NONE", None, id="no payment"),
        pytest.param([("CARD", "PENDING")], "PREPAID", "CARD", id="one attempt"),
        pytest.param([("CASH_ON_DELIVERY", "PENDING")], "COD", "CASH_ON_DELIVERY", id="cash to come"),
        pytest.param(
            [("CASH_ON_DELIVERY", "SUCCESS"), ("CARD", "FAILED")], "COD", "CASH_ON_DELIVERY",
            id="a success beats a later attempt",
        ),
        pytest.param(
            [("CASH_ON_DELIVERY", "FAILED"), ("CARD", "PENDING")], "PREPAID", "CARD",
            id="without success the last attempt decides",
        ),
        pytest.param(
            [("CARD", "FAILED"), ("CASH_ON_DELIVERY", "PENDING")], "COD", "CASH_ON_DELIVERY",
            id="switched to cash",
        ),
        pytest.param(
            [("CARD", "SUCCESS"), ("WALLET", "SUCCESS")], "PREPAID", "WALLET", id="the latest success"
        ),
        pytest.param([("OTHER", "REFUNDED")], "PREPAID", "OTHER", id="an unnamed method is not cash"),
    ],
)  # fmt: skip
def test_the_kind_of_an_order_is_that_of_its_success_else_of_its_last_attempt(
    bench: ModelBench, attempts: list[tuple[str, str]], kind: str, method: str | None
) -> None:
    order(bench)
    for number, (by, status) in enumerate(attempts):
        attempt(bench, f"p{number}", by, status, day=number)
    fact = bench.row("gold.fact_orders")
    assert (fact["payment_kind"], fact["payment_method"]) == (kind, method)


def test_attempts_of_the_same_moment_are_told_apart_by_id_order_in_which_10_follows_9(
    bench: ModelBench,
) -> None:
    order(bench)
    attempt(bench, "10", "CASH_ON_DELIVERY", "PENDING", day=3)
    attempt(bench, "9", "CARD", "PENDING", day=3)
    assert bench.row("gold.fact_orders")["payment_kind"] == "COD"


@pytest.mark.parametrize(
    ("status", "attempts", "failed"),
    [
        pytest.param("PENDING", [("FAILED", 1)], True, id="failed and nothing more"),
        pytest.param("PENDING", [("FAILED", 1), ("SUCCESS", 2)], False, id="made good later"),
        pytest.param("PENDING", [("FAILED", 1), ("SUCCESS", 1)], False, id="made good in the same moment"),
        pytest.param("PENDING", [("SUCCESS", 1), ("FAILED", 2)], True, id="failed after a success"),
        pytest.param("PENDING", [("FAILED", 1), ("PENDING", 2)], True, id="a pending attempt is no success"),
        pytest.param("PENDING", [("PENDING", 1)], False, id="pending"),
        pytest.param("PENDING", [], False, id="not paid yet"),
        pytest.param("CANCELLED", [], False, id="a cancellation is not a failure"),
        pytest.param("RETURNED", [("SUCCESS", 1)], False, id="a return is not a failure"),
        pytest.param("REJECTED", [("SUCCESS", 1)], True, id="a rejection is"),
    ],
)
def test_an_order_fails_by_rejection_or_by_a_payment_without_later_success(
    bench: ModelBench, status: str, attempts: list[tuple[str, int]], failed: bool
) -> None:
    order(bench, status=status)
    for number, (outcome, day) in enumerate(attempts):
        attempt(bench, f"p{number}", "CARD", outcome, day)
    assert bench.row("gold.fact_orders")["is_failed"] is failed


def test_a_payment_counts_on_the_day_paid_else_attempted_else_ordered_else_on_no_day(
    bench: ModelBench,
) -> None:
    order(bench)
    bench.put("payments", payment_id="paid", order_id="o", paid_at=JAN[9], created_at=JAN[5])
    bench.put("payments", payment_id="failed", order_id="o", status="FAILED", paid_at=JAN[7])
    bench.put("payments", payment_id="tried", order_id="o", created_at=JAN[5])
    bench.put("payments", payment_id="undated", order_id="o")
    bench.put("payments", payment_id="stray", order_id="gone")
    days = {key: row["payment_date"] for key, row in bench.by_key("gold.fact_payments").items()}
    assert days == {
        "paid": date(2024, 1, 10),
        "failed": date(2024, 1, 8),
        "tried": date(2024, 1, 6),
        "undated": date(2024, 1, 1),
        "stray": None,
    }


def test_a_payment_without_payer_belongs_to_the_customer_of_its_order(bench: ModelBench) -> None:
    order(bench)
    bench.put("payments", payment_id="a", order_id="o", customer_id="someone else")
    bench.put("payments", payment_id="b", order_id="o")
    payers = {key: row["customer_id"] for key, row in bench.by_key("gold.fact_payments").items()}
    assert payers == {"a": "someone else", "b": "u"}


def test_only_success_counts_as_success(bench: ModelBench) -> None:
    for status in ("SUCCESS", "PENDING", "FAILED", "REFUNDED", "UNKNOWN"):
        bench.put("payments", payment_id=status, status=status)
    facts = bench.by_key("gold.fact_payments")
    assert [key for key, row in facts.items() if row["is_success"]] == ["SUCCESS"]
