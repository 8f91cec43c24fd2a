"""Work lists and timelines in a real browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_marketplace import TODAY

if TYPE_CHECKING:
    from tests.browser.conftest import Site, Visit, Visitor

pytestmark = pytest.mark.browser
LONG, ARABIC = "W" * 200, "أكرا الكبرى"


def parcel(number: int, promised: date, **more: Any) -> dict[str, Any]:
    return {
        "shipment_id": f"s{number}", "order_id": f"o{number}", "city": "Accra", "region": "Greater Accra",
        "status": "IN_TRANSIT", "promised_date": promised, "order_date": TODAY, "is_express": True,
        "is_due": False, "is_failed": False, **more,
    }  # fmt: skip


def fill(site: Site) -> None:
    order = {
        "order_id": "o1", "order_date": TODAY, "status": "CONFIRMED", "total_amount": Decimal("-12.50"),
        "currency": "GHS", "payment_kind": "COD", "shipping_city": ARABIC, "shipping_region": LONG,
    }  # fmt: skip
    payment = {
        "order_id": "o1", "payment_date": TODAY, "status": "FAILED", "method": "CARD", "amount": Decimal(0),
        "currency": "GHS",
    }  # fmt: skip
    site.marketplace.listed = {
        "shipments": [
            parcel(1, TODAY - timedelta(days=2), is_due=True, city=LONG),
            parcel(2, TODAY - timedelta(days=1), is_due=True, city=ARABIC),
            parcel(3, TODAY),
        ],
        "orders": [order],
        "payments": [payment],
    }


def opened(visitor: Visitor, name: str, path: str = "/work") -> Visitor:
    visitor.sign_in(name)
    visitor.page.goto(visitor.site.url + path)
    visitor.page.wait_for_selector('.reading[aria-busy="false"]', state="attached")
    return visitor


def test_support_works_from_the_most_urgent_to_its_timeline_and_back(visit: Visit) -> None:
    visitor = visit()
    fill(visitor.site)
    opened(visitor, "support")
    rows = visitor.page.locator("#list tbody tr")
    expect(rows).to_have_count(2)
    days_since = (datetime.now(UTC).date() - TODAY).days
    expect(rows.first).to_contain_text(f"late by {days_since + 1} d")
    visitor.page.get_by_role("searchbox").fill("o2")
    expect(rows).to_have_count(1)
    visitor.page.get_by_role("searchbox").fill("nobody")
    expect(visitor.page.locator("#list")).to_contain_text("Nothing in this list matches")
    visitor.page.get_by_role("link", name="To deliver 1").click()
    assert "list=to_deliver" in visitor.page.url
    visitor.page.get_by_role("searchbox").fill("")
    expect(rows.first).to_contain_text("o3")
    visitor.page.go_back()
    visitor.page.get_by_role("link", name="Open order o1").click()
    expect(visitor.page.locator("h1")).to_have_text("Order o1")
    expect(visitor.page.locator(".timeline")).to_contain_text("Payment failed")
    expect(visitor.page.locator("#order")).to_contain_text("-GH₵12.50")


@pytest.mark.slow
def test_an_order_that_is_not_there_is_said_in_its_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("404",)
    opened(visitor, "support", "/orders/%3Cb%3Enone%3C%2Fb%3E")
    expect(visitor.page.locator("#message")).to_contain_text("There is no order '<b>none</b>' for you.")


@pytest.mark.slow
def test_an_empty_list_is_calm_and_new_work_comes_by_itself(visit: Visit) -> None:
    visitor = visit()
    opened(visitor, "delivery")
    expect(visitor.page.locator("#list")).to_contain_text("Nothing waits here")
    fill(visitor.site)
    visitor.site.marketplace.publish()
    expect(visitor.page.locator("#lists")).to_contain_text("Late2")
    assert visitor.page.get_by_text("Failed orders").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_work_lists_and_timelines(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    fill(visitor.site)
    opened(visitor, "support")
    expect(visitor.page.locator("#list tbody tr")).to_have_count(2)
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
    visitor.page.goto(f"{visitor.site.url}/orders/o1")
    expect(visitor.page.locator(".timeline")).to_be_visible()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
