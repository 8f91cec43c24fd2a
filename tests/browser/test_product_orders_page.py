"""From a vendor to its products to the orders of one, and the way back, in a real browser."""

from __future__ import annotations

from datetime import timedelta
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
WIDE = "document.documentElement.scrollWidth <= innerWidth"


def line(number: int, **more: Any) -> dict[str, Any]:
    return {
        "order_item_id": f"i{number}", "order_id": f"o{number}", "product_id": "p9", "vendor_id": "v2",
        "order_date": TODAY - timedelta(days=number), "quantity": number, "currency": "GHS",
        "item_amount": Decimal("12.50") * number, **more,
    }  # fmt: skip


def order(number: int, **more: Any) -> dict[str, Any]:
    return {"order_id": f"o{number}", "order_date": TODAY - timedelta(days=number), **more}


def fill(site: Site, product: str = "p9") -> None:
    site.marketplace.listed = {
        "order_items": [
            line(1, product_id=product),
            line(2, product_id=product),
            line(3, product_id=product, item_amount=Decimal("-4.00")),
            line(4, product_id="p0"),
        ],
        "orders": [
            order(1, status="DISPATCHED", shipping_city=ARABIC),
            order(2, status="COMPLETED", shipping_city=LONG),
        ],
    }  # fmt: skip


def settled(visitor: Visitor) -> Visitor:
    visitor.page.wait_for_selector('#orders[aria-busy="false"]', state="attached")
    return visitor


def test_vendor_product_order_and_the_way_back(visit: Visit) -> None:
    visitor = visit()
    fill(visitor.site)
    visitor.sign_in()
    visitor.settle()
    page = visitor.page
    page.locator('[data-tile="top_vendors"] a.row', has_text="Kente House").click()
    expect(page.locator("#trail")).to_contain_text("Kente House")
    expect(page.locator('[data-tile="top_vendors"] .tile-title')).to_have_text("Top products of the vendor")
    best = page.locator('[data-tile="top_vendors"] a.row').first
    key, name = best.get_attribute("data-key") or "", best.locator(".name").inner_text()
    fill(visitor.site, key)
    best.click()
    settled(visitor)
    expect(page.locator("h1")).to_have_text(f"Orders of {name}")
    assert "/dashboards/admin/orders?" in page.url
    assert all(part in page.url for part in ("vendor=v2", f"product={key}", "range=this_month"))
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("12.50")
    expect(rows.first).to_contain_text("Dispatched")
    expect(rows.nth(2)).to_contain_text("-")
    expect(page.locator("#trail")).to_contain_text("Marketplace overview›Vendor: Kente House›" + name)
    rows.first.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("o1")
    page.go_back()
    expect(rows).to_have_count(3)
    page.reload()
    expect(rows).to_have_count(3)
    page.go_back()
    expect(page.locator("#trail")).to_contain_text("Kente House")
    page.go_forward()
    page.locator("#trail >> text=Kente House").click()
    visitor.settle()
    assert page.url.endswith("/dashboards/admin?vendor=v2&range=this_month")
    expect(page.locator('[data-tile="top_vendors"] .tile-title')).to_have_text("Top products of the vendor")


def test_a_vendor_reads_lines_and_opens_no_whole_order(visit: Visit) -> None:
    visitor = visit(width=390)
    visitor.sign_in("vendor")
    visitor.settle()
    best = visitor.page.locator('[data-tile="best_sellers"] a').first
    fill(visitor.site, best.get_attribute("data-key") or "")
    best.click()
    settled(visitor)
    expect(visitor.page.locator("#list tbody tr")).to_have_count(3)
    assert visitor.page.locator("#list a").count() == 0
    assert visitor.page.evaluate(WIDE)


def test_other_days_empty_days_and_unknown_products_are_said_in_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("404", "400")
    fill(visitor.site)
    visitor.sign_in()
    page = visitor.page
    page.goto(f"{visitor.site.url}/dashboards/admin/orders?product=p9")
    settled(visitor)
    page.select_option('select[name="range"]', "yesterday")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    assert "range=yesterday" in page.url
    page.goto(
        f"{visitor.site.url}/dashboards/admin/orders?product=p9&range=custom&from=2020-01-01&to=2020-01-02"
    )
    expect(page.locator("#list")).to_contain_text("No order of these days holds this product")
    page.goto(f"{visitor.site.url}/dashboards/admin/orders?product=gone")
    expect(page.locator("#message")).to_contain_text("There is no product 'gone' for you.")
    page.goto(f"{visitor.site.url}/dashboards/admin/orders?prodct=p9")
    expect(page.locator("#message")).to_contain_text("no filter 'prodct'")


def test_a_new_release_changes_the_list_in_place(visit: Visit) -> None:
    visitor = visit()
    fill(visitor.site)
    visitor.sign_in()
    visitor.page.goto(f"{visitor.site.url}/dashboards/admin/orders?product=p9")
    settled(visitor)
    expect(visitor.page.locator("#list tbody tr")).to_have_count(3)
    visitor.site.marketplace.listed["order_items"].append(line(5))
    visitor.site.marketplace.publish()
    expect(visitor.page.locator("#list tbody tr")).to_have_count(4)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_the_page_is_accessible_and_no_wider_than_its_window(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, theme=theme)
    fill(visitor.site)
    visitor.sign_in()
    visitor.page.goto(f"{visitor.site.url}/dashboards/admin/orders?product=p9&vendor=v2")
    settled(visitor)
    assert violations(visitor) == []
    assert visitor.page.evaluate(WIDE)
