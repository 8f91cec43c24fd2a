"""Scorecards, payouts and the newer tiles in a real browser, and what is said of whatever is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from amalimart.core.errors import Denied, NotAvailable
from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_catalogue import HOSTILE_VENDORS

if TYPE_CHECKING:
    from tests.browser.conftest import Site, Visit, Visitor

pytestmark = pytest.mark.browser
LONG, ARABIC = "W" * 200, "متجر النخيل"


def payout(number: int, net: str, earned: str | None, **more: Any) -> dict[str, Any]:
    return {
        "payout_id": f"p{number}", "vendor_id": "v1", "payout_date": date(2026, 3, 16),
        "period_start": date(2026, 3, 1), "period_end": date(2026, 3, 14), "status": "PAID",
        "gross_earnings": Decimal("100.00"), "platform_commission": Decimal("10.00"),
        "net_payout": Decimal(net), "currency": "GHS",
        "earned_amount": None if earned is None else Decimal(earned), **more,
    }  # fmt: skip


def earning(number: int, amount: str, day: date, **more: Any) -> dict[str, Any]:
    return {
        "earning_id": f"e{number}", "order_id": f"o{number}", "order_item_id": f"i{number}",
        "product_id": "p1", "payout_id": "p1", "order_date": day, "earned_date": day, "vendor_id": "v1",
        "line_item_amount": Decimal("50.00"), "line_commission_amount": Decimal("5.00"),
        "amount": Decimal(amount), "currency": "GHS", **more,
    }  # fmt: skip


def fill(site: Site) -> None:
    site.marketplace.listed = {
        "payouts": [
            payout(1, "90.00", "85.00"),
            payout(2, "0.00", None, vendor_id=LONG, status="FAILED"),
            payout(3, "-12.50", "-12.50", vendor_id=ARABIC, period_start=None),
        ],
        "vendor_earnings": [
            earning(1, "45.00", date(2026, 3, 3)),
            earning(2, "40.00", date(2026, 2, 20)),
            earning(3, "30.00", date(2026, 3, 5), payout_id="p9"),
        ],
        "products": [{"product_id": "p1", "product_name": "<b>Clay pot</b>"}],
    }


def opened(visitor: Visitor, who: str, path: str) -> Visitor:
    visitor.sign_in(who)
    visitor.page.goto(visitor.site.url + path)
    visitor.page.wait_for_selector('.reading[aria-busy="false"]', state="attached")
    return visitor


def test_a_payout_is_explained_from_its_list_to_its_lines_and_back(visit: Visit) -> None:
    visitor = visit()
    fill(visitor.site)
    page = opened(visitor, "admin", "/payouts").page
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("no lines")
    expect(rows.nth(2)).to_contain_text("-GH₵12.50")
    page.get_by_role("link", name="Open payout p1").click()
    expect(page.locator(".said")).to_contain_text("GH₵5.00 of the payout is not explained")
    expect(page.locator('[data-step="unexplained"] .number')).to_have_text("GH₵5.00")
    expect(page.locator('[data-step="carried"] .number')).to_have_text("GH₵40.00")
    expect(page.locator('[data-step="in_other_payouts"] .number')).to_have_text("-GH₵30.00")
    expect(page.locator('[data-step="payout"] .number')).to_have_text("GH₵90.00")
    expect(page.locator("#lines")).to_contain_text("<b>Clay pot</b>")
    expect(page.locator("#lines")).to_contain_text("of another period")
    page.get_by_role("link", name="‹ Payouts").click()
    expect(rows).to_have_count(3)


@pytest.mark.slow
def test_a_payout_without_lines_or_period_says_so(visit: Visit) -> None:
    visitor = visit()
    fill(visitor.site)
    page = opened(visitor, "vendor", "/payouts/p2").page
    expect(page.locator(".said")).to_contain_text("No line names this payout")
    expect(page.locator("#lines")).to_contain_text("No line names this payout")
    page.goto(f"{visitor.site.url}/payouts/p3")
    expect(page.locator("#statement")).to_contain_text("not stated")
    expect(page.locator('[data-step="payout"] .number')).to_have_text("-GH₵12.50")


@pytest.mark.slow
def test_a_payout_that_is_not_there_is_said_in_its_place(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("404",)
    page = opened(visitor, "vendor", "/payouts/%3Ci%3Enone%3C%2Fi%3E").page
    expect(page.locator("#message")).to_contain_text("There is no payout '<i>none</i>' for you.")
    page.goto(f"{visitor.site.url}/payouts")
    expect(page.locator("#list")).to_contain_text("There are no payouts")


def test_a_vendor_is_picked_judged_and_left_by_back(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, "support", "/scorecards/vendor").page
    expect(page.locator("#measures")).to_contain_text("No vendor is chosen")
    expect(page.locator('select[name="vendor"] option')).to_have_count(10)
    page.select_option('select[name="vendor"]', label="Kente House")
    expect(page.locator("#vendor")).to_have_text("Kente House")
    assert "vendor=v2" in page.url
    card = page.locator('[data-measure="line_cancellation_rate"]')
    expect(card.locator(".state")).to_have_text("To be watched")
    expect(card).to_contain_text("limit 10.0%")
    card.locator("summary").click()
    assert card.locator("tbody tr").count() > 5
    assert page.locator("text=Quartile").count() == 0
    page.select_option('select[name="range"]', "this_month")
    expect(page.locator("#period")).to_contain_text("1")
    assert "range=this_month" in page.url
    page.go_back()
    page.go_back()
    expect(page.locator("#measures")).to_contain_text("No vendor is chosen")


@pytest.mark.slow
def test_a_hand_made_address_of_a_scorecard_is_answered_calmly(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("404", "400", "422")
    page = opened(visitor, "support", "/scorecards/vendor?vendor=nobody").page
    expect(page.locator("#message")).to_contain_text("There is no vendor 'nobody' for you.")
    page.goto(f"{visitor.site.url}/scorecards/vendor?range=for_ever")
    expect(page.locator("#message")).to_contain_text("There is no range 'for_ever'")
    page.get_by_role("link", name="Show the page without filters").click()
    expect(page.locator("#measures")).to_contain_text("No vendor is chosen")
    page.goto(f"{visitor.site.url}/scorecards/nothing")
    expect(page.locator("body")).to_contain_text("There is no scorecard 'nothing' for you.")


def test_a_measure_that_cannot_be_told_leaves_the_others(visit: Visit) -> None:
    visitor = visit()
    visitor.site.marketplace.unavailable = frozenset({"avg_rating"})
    visitor.site.marketplace.failing = {"return_rate": Denied("not for you")}
    page = opened(visitor, "admin", "/scorecards/vendor?vendor=v1").page
    expect(page.locator("#measures")).to_contain_text("the source has no such data")
    expect(page.locator('[data-measure="line_cancellation_rate"] .measured b')).to_contain_text("%")
    assert page.locator('[data-measure="return_rate"]').count() == 0


@pytest.mark.parametrize("name", ["inventory", "customers", "operations"])
def test_every_tile_of_the_other_pages_is_filled(visit: Visit, name: str) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.open(f"/dashboards/{name}")
    states = visitor.page.eval_on_selector_all(
        "[data-tile]", "tiles => tiles.map((tile) => tile.dataset.status)"
    )
    assert set(states) == {"ok"}
    assert visitor.page.locator(".skeleton").count() == 0


def test_a_cell_has_its_receipt_and_a_row_filters_the_page(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.open("/dashboards/operations")
    page = visitor.page
    page.locator('[data-tile="flow"] td.bar').first.click()
    expect(page.locator("dialog")).to_contain_text("Orders")
    page.keyboard.press("Escape")
    page.locator('[data-tile="parcels_by_status"] tbody a', has_text="Volta").click()
    assert "shipping_region=Volta" in page.url
    expect(page.locator("#trail")).to_contain_text("Region: Volta")
    expect(page.locator('[data-tile="open_requests"]')).to_contain_text("not told apart by region")
    page.go_back()
    expect(page.locator("#trail")).to_have_text("")


def test_a_member_of_the_legend_filters_the_page(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.settle()
    visitor.page.locator('[data-tile="payment_kind"] .legend a', has_text="Prepaid").click()
    expect(visitor.page.locator("#trail")).to_contain_text("Payment kind")
    assert "payment_kind=PREPAID" in visitor.page.url


def test_what_fails_is_said_in_its_tile_and_the_rest_works(visit: Visit) -> None:
    visitor = visit()
    market = visitor.site.marketplace
    market.failing = {
        "shipment_count": NotAvailable("parcels are not mapped", next_step="ask an admin"),
        "shipments": Denied("not for you"),
        "parcel_count": Denied("the role may not ask for parcels"),
    }
    visitor.sign_in()
    visitor.open("/dashboards/operations")
    expect(visitor.page.locator('[data-tile="flow"] .calm')).to_contain_text("Parcels are not mapped.")
    expect(visitor.page.locator('[data-tile="parcels"] .calm')).to_contain_text("may not ask for parcels")
    expect(visitor.page.locator('[data-tile="late"] .calm')).to_contain_text("not for your role")
    assert visitor.value("orders")


def test_an_empty_period_and_hostile_names_do_no_harm(visit: Visit) -> None:
    visitor = visit(width=390, height=844)
    visitor.site.marketplace.vendors = HOSTILE_VENDORS
    fill(visitor.site)
    visitor.sign_in()
    visitor.open("/dashboards/inventory?range=custom&from=2020-01-01&to=2020-01-31")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    page = visitor.page
    page.goto(f"{visitor.site.url}/scorecards/vendor?vendor=h3")
    expect(page.locator("#vendor")).to_contain_text("WWWW")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.goto(f"{visitor.site.url}/scorecards/vendor?vendor=h1")
    expect(page.locator("#vendor")).to_contain_text("<script>")
    assert "owned" not in page.title()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_scorecards_and_payouts(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    fill(visitor.site)
    opened(visitor, "admin", "/scorecards/vendor?vendor=v2")
    expect(visitor.page.locator(".measure").first).to_be_visible()
    for path in (None, "/scorecards/vendor", "/payouts", "/payouts/p1"):
        if path:
            visitor.page.goto(visitor.site.url + path)
            visitor.page.wait_for_selector('.reading[aria-busy="false"]', state="attached")
        assert violations(visitor) == [], path
        assert visitor.page.evaluate("document.documentElement.scrollWidth") == width, path


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_the_other_pages(visit: Visit, width: int, theme: str) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    visitor.sign_in()
    for name in ("operations", "customers", "inventory"):
        visitor.open(f"/dashboards/{name}")
        assert violations(visitor) == [], name
        assert visitor.page.evaluate("document.documentElement.scrollWidth") == width, name
