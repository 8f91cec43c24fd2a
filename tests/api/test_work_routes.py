from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from amalimart.core.errors import NotAvailable
from tests.web.asgi_client import TestClient
from tests.web.fake_marketplace import TODAY, FakeMarketplace


def parcel(number: int, promised: date | None, **more: Any) -> dict[str, Any]:
    return {
        "shipment_id": f"s{number}", "order_id": f"o{number}", "delivery_partner_id": None, "city": "Accra",
        "region": "Greater Accra", "status": "IN_TRANSIT", "promised_date": promised, "order_date": TODAY,
        "is_express": False, "is_due": False, "is_failed": False, **more,
    }  # fmt: skip


@pytest.fixture
def listed(marketplace: FakeMarketplace) -> FakeMarketplace:
    marketplace.listed["shipments"] = [
        parcel(1, date(2026, 3, 16), is_due=True),
        parcel(2, date(2026, 3, 18)),
        parcel(3, date(2026, 3, 22)),
        parcel(4, date(2026, 3, 17), status="FAILED", is_failed=True),
        parcel(5, date(2026, 3, 10), status="DELIVERED", is_due=True),
    ]
    marketplace.listed["orders"] = [
        {"order_id": "o9", "order_date": TODAY, "status": "REJECTED", "is_failed": True},
        {"order_id": "o8", "order_date": date(2025, 1, 1), "status": "REJECTED", "is_failed": True},
    ]
    return marketplace


def lists(client: TestClient) -> dict[str, list[str]]:
    told = client.get("/api/v1/work").json()["lists"]
    return {each["name"]: [row["shipment_id"] or row["order_id"] for row in each["rows"]] for each in told}


def test_each_parcel_is_in_the_lists_it_belongs_to(
    listed: FakeMarketplace, signed_in: Callable[[str], TestClient]
) -> None:
    assert lists(signed_in("support")) == {
        "late": ["s1"], "soon": ["s2"], "to_deliver": ["s2", "s3"], "failed": ["s4"], "failed_orders": ["o9"]
    }  # fmt: skip
    assert listed.asked == 0


@pytest.mark.usefixtures("listed")
def test_due_is_the_end_of_the_promised_day_in_the_zone_of_the_marketplace(admin: TestClient) -> None:
    (late, *_) = admin.get("/api/v1/work").json()["lists"]
    assert late["rows"][0]["due_at"] == "2026-03-17T00:00:00+00:00"


@pytest.mark.usefixtures("listed")
def test_a_partner_has_no_list_of_what_it_may_not_see(signed_in: Callable[[str], TestClient]) -> None:
    assert "failed_orders" not in lists(signed_in("delivery"))
    assert signed_in("vendor").get("/api/v1/work").status_code == 403


def test_a_list_that_cannot_be_told_says_why_and_the_others_stand(
    listed: FakeMarketplace, admin: TestClient
) -> None:
    listed.failing["orders"] = NotAvailable("source demo has no orders.status")
    told = {each["name"]: each for each in admin.get("/api/v1/work").json()["lists"]}
    assert told["failed_orders"]["error"]["code"] == "not_available"
    assert told["late"]["rows"]


def test_the_time_that_is_told_is_that_of_the_release_whose_rows_are_read(
    listed: FakeMarketplace, admin: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = listed.published_at, FakeMarketplace.rows

    def published_meanwhile(marketplace: FakeMarketplace, *asked: Any) -> Any:
        if marketplace.published_at == before:
            marketplace.publish()
        return read(marketplace, *asked)

    monkeypatch.setattr(FakeMarketplace, "rows", published_meanwhile)
    told = admin.get("/api/v1/work").json()
    assert (told["release_id"], listed.release_id) == (2, 2)
    assert datetime.fromisoformat(told["published_at"]) == listed.published_at > before


def test_what_did_not_change_is_not_sent_again(listed: FakeMarketplace, admin: TestClient) -> None:
    tag = admin.get("/api/v1/work").headers["etag"]
    assert admin.get("/api/v1/work", headers={"If-None-Match": tag}).status_code == 304
    listed.publish()
    assert admin.get("/api/v1/work", headers={"If-None-Match": tag}).status_code == 200


def test_a_timeline_is_in_the_order_in_which_it_happened(listed: FakeMarketplace, admin: TestClient) -> None:
    on = {"order_id": "o1", "currency": "GHS"}
    listed.listed = {
        "orders": [{**on, "order_date": date(2026, 3, 10), "total_amount": Decimal("-5.00")}],
        "payments": [
            {**on, "payment_date": date(2026, 3, 11), "status": "FAILED", "amount": Decimal(0)},
            {"order_id": "other", "payment_date": date(2026, 3, 11), "status": "SUCCESS"},
        ],
        "order_status_changes": [
            {**on, "changed_date": date(2026, 3, 10), "status": "PENDING", "change_number": 1}
        ],
        "shipments": [parcel(1, date(2026, 3, 14), delivered_date=date(2026, 3, 15), is_on_time=False)],
    }
    told = admin.get("/api/v1/orders/o1/timeline").json()
    assert [each["kind"] for each in told["events"]] == [
        "ordered",
        "status",
        "payment",
        "promised",
        "delivered",
    ]
    assert told["order"]["total_amount"] == "-5.00"


@pytest.mark.parametrize("order_id", ["none", "o1' or '1'='1", "<script>"])
@pytest.mark.usefixtures("listed")
def test_an_order_that_is_not_there_is_not_found(admin: TestClient, order_id: str) -> None:
    response = admin.get(f"/api/v1/orders/{order_id}/timeline")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
