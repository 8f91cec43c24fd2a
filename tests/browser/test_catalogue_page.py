"""The catalogue in a real browser: searched, followed, shared, and calm where nothing is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


def opened(visitor: Visitor, path: str = "/catalogue", name: str = "admin") -> Visitor:
    visitor.sign_in(name)
    visitor.page.goto(visitor.site.url + path)
    visitor.page.wait_for_selector('#catalogue[aria-busy="false"]')
    return visitor


def test_words_find_metrics_by_name_and_columns_by_what_they_hold(visit: Visit) -> None:
    visitor = opened(visit())
    visitor.page.get_by_role("searchbox").fill("order value")
    expect(visitor.page.locator("#entries li").first).to_contain_text("Average order value")
    visitor.page.get_by_role("searchbox").fill("header total")
    expect(visitor.page.locator("#entries li")).to_have_count(1)
    visitor.page.locator("#entries a").click()
    expect(visitor.page.locator("#entry h2")).to_have_text("gold.fact_orders")
    assert "find=header+total" in visitor.page.url
    visitor.page.get_by_role("button", name="total_amount").click()
    expect(visitor.page.locator("#entry .lineage")).to_contain_text("shop.orders")
    visitor.page.go_back()
    expect(visitor.page.locator("#entry")).to_contain_text("Choose a name")


def test_a_metric_says_what_it_is_made_of_and_where_it_is_used(visit: Visit) -> None:
    visitor = opened(visit(), "/catalogue/metrics/gmv")
    entry = visitor.page.locator("#entry")
    for part in ("GMV in words.", "sum of total amount in orders", "finance", "All 2 pass", "shop.orders"):
        expect(entry).to_contain_text(part)
    entry.get_by_role("link", name="Marketplace overview").click()
    visitor.settle()


def test_scorecards_are_among_what_uses_a_metric_or_a_column(visit: Visit) -> None:
    visitor = opened(visit(), "/catalogue/tables/gold.fact_orders")
    visitor.page.get_by_role("button", name="total_amount").click()
    traced = visitor.page.locator("#entry .traced .facts")
    expect(traced.get_by_role("link", name="Scorecard")).to_have_attribute("href", "/scorecards/vendor")
    expect(traced.locator("a[href^='/scorecards/']")).to_have_count(1)
    visitor.page.goto(f"{visitor.site.url}/catalogue/metrics/avg_rating")
    visitor.page.locator("#entry").get_by_role("link", name="Scorecard").click()
    visitor.page.wait_for_url("**/scorecards/vendor")


def test_who_sees_own_rows_only_finds_no_tables(visit: Visit) -> None:
    visitor = opened(visit(), "/catalogue/metrics/item_gmv", name="vendor")
    expect(visitor.page.locator("#entry")).to_contain_text("You see your own rows only")
    assert visitor.page.locator('[name="kind"][value="tables"]').count() == 0
    answer = visitor.page.request.get(
        f"{visitor.site.url}/api/v1/lineage/gold.fact_orders.total_amount/graph"
    )
    assert answer.status == 403


def test_what_is_not_there_is_said_in_place(visit: Visit) -> None:
    visitor = opened(visit(), "/catalogue/metrics/gvm")
    expect(visitor.page.locator("#message")).to_contain_text("Nothing is called that")
    visitor.page.get_by_role("searchbox").fill("<b>zzz</b>")
    expect(visitor.page.locator("#entries")).to_contain_text("Nothing is called that")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_in_the_catalogue(visit: Visit, width: int, theme: str) -> None:
    visitor = opened(visit(width=width, height=844, theme=theme))
    assert violations(visitor) == []
    visitor.page.goto(f"{visitor.site.url}/catalogue/metrics/gmv")
    expect(visitor.page.locator("#entry .lineage")).to_be_visible()
    assert violations(visitor) == []
    visitor.page.goto(f"{visitor.site.url}/catalogue/tables/gold.fact_orders")
    expect(visitor.page.locator("#entry table")).to_be_visible()
    assert violations(visitor) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
