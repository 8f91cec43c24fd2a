"""The receipt of a number in a real browser: by mouse, by keyboard, by link, on a phone, failing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from amalimart.core.errors import Denied
from tests.browser.test_accessibility import violations
from tests.browser.views import VIEWS
from tests.web.fake_catalogue import HOSTILE_VENDORS

if TYPE_CHECKING:
    from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


def opened(visitor: Visitor, name: str = "admin", path: str | None = None) -> Visitor:
    visitor.sign_in(name)
    visitor.open(path or f"/dashboards/{name}")
    return visitor


def receipt(visitor: Visitor) -> str:
    visitor.page.wait_for_selector("dialog.receipt[open] .receipt-part")
    return visitor.page.inner_text("dialog.receipt")


def test_a_key_figure_opens_its_receipt_and_escape_leads_back_to_it(visit: Visit) -> None:
    visitor = opened(visit())
    value = visitor.page.locator('[data-tile="gmv"] button.value')
    value.focus()
    visitor.page.keyboard.press("Enter")
    said = receipt(visitor)
    assert str(value.get_attribute("title")) in said
    for part in (
        "GMV in words.",
        "sum of total amount in orders",
        "finance",
        "Version",
        "#1",
        "select sum(amount)",
    ):
        assert part in said or part == "select sum(amount)"
    assert "receipt=gmv" in visitor.page.url
    assert visitor.page.evaluate("document.activeElement.id") == "receipt-title"
    visitor.page.keyboard.press("Escape")
    visitor.page.wait_for_selector("dialog.receipt", state="hidden")
    # A function: an expression is evaluated again at each look, which the page's policy forbids.
    visitor.page.wait_for_function("() => !location.hash.includes('receipt')")
    assert visitor.page.evaluate("document.activeElement.dataset.key") == "gmv"


def test_a_cell_opens_the_receipt_of_exactly_its_number_and_back_closes_it(visit: Visit) -> None:
    visitor = opened(visit())
    cell = visitor.page.locator('[data-tile="best_sellers"] td[data-receipt="total_units_sold"]').first
    row = visitor.page.locator('[data-tile="best_sellers"] tbody bdi').first.inner_text()
    shown = cell.inner_text()
    cell.click()
    said = receipt(visitor)
    assert shown in said
    assert row in said
    assert "Units sold" in said
    visitor.page.go_back()
    visitor.page.wait_for_selector("dialog.receipt", state="hidden")


@pytest.mark.slow
def test_a_chart_a_ranking_and_a_table_have_a_receipt_by_keyboard(visit: Visit) -> None:
    visitor = opened(visit())
    for tile in ("gmv_over_time", "top_vendors", "regions"):
        visitor.page.locator(f'[data-tile="{tile}"] .opener').press("Enter")
        assert "Definition" in receipt(visitor)
        visitor.page.get_by_role("button", name="Close").click()
        visitor.page.wait_for_selector("dialog.receipt", state="hidden")
    visitor.page.locator('[data-tile="regions"] .opener').press("Enter")
    receipt(visitor)
    visitor.page.locator("dialog select").select_option("fulfilment_rate")
    expect(visitor.page.locator("dialog")).to_contain_text("Fulfilment rate in words.")


@pytest.mark.slow
def test_the_link_opens_the_same_days_filters_and_number_and_says_if_the_release_moved_on(
    visit: Visit,
) -> None:
    visitor = opened(visit(), path="/dashboards/admin?range=last_7_days&shipping_region=Volta")
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.locator('[data-tile="gmv"] button.value').click()
    receipt(visitor)
    visitor.page.get_by_role("button", name="Copy a link to exactly this number").click()
    expect(visitor.page.locator("dialog")).to_contain_text("The link is copied")
    link = visitor.page.evaluate("navigator.clipboard.readText()")
    before = visitor.page.locator(".receipt-number").inner_text()
    assert "from=2026-03-12" in link
    assert "shipping_region=Volta" in link
    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    assert "Exactly the release of the link: 1." in receipt(visitor)
    assert visitor.page.locator(".receipt-number").inner_text() == before
    visitor.site.marketplace.publish()
    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    assert "made at release 1; you see release 2" in receipt(visitor)


def test_who_sees_own_rows_only_sees_no_sql_and_no_tables(visit: Visit) -> None:
    visitor = opened(visit(), "vendor")
    visitor.page.locator('[data-tile="sales"] button.value').click()
    said = receipt(visitor)
    assert "You see your own rows only" in said
    assert "SQL\n" not in said
    assert visitor.page.locator("dialog .lineage, dialog pre").count() == 0


def test_a_receipt_that_cannot_be_had_says_so_in_its_place(visit: Visit) -> None:
    visitor = opened(visit())
    visitor.expected = ("403", "404")
    visitor.site.marketplace.failing["gmv"] = Denied("the role may not ask gmv", next_step="ask an admin")
    visitor.page.locator('[data-tile="gmv"] button.value').click()
    visitor.page.wait_for_selector("dialog [role=alert]")
    assert "The receipt cannot be shown" in visitor.page.inner_text("dialog")
    visitor.page.keyboard.press("Escape")
    assert visitor.page.locator('[data-tile="orders"] .value').is_visible()


def test_a_link_to_a_tile_that_is_not_there_says_so(visit: Visit) -> None:
    visitor = visit()
    visitor.expected = ("404",)
    opened(visitor, path="/dashboards/admin#receipt=nothing")
    visitor.page.wait_for_selector("dialog [role=alert]")
    assert "There is no tile 'nothing' on this page." in visitor.page.inner_text("dialog")


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_axe_finds_nothing_on_a_receipt_and_a_phone_shows_it_whole(
    visit: Visit, width: int, theme: str
) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    visitor.expected = ("404",)
    opened(visitor)
    visitor.page.locator('[data-tile="gmv"] button.value').click()
    receipt(visitor)
    visitor.page.locator("dialog summary").first.click()
    assert violations(visitor) == []
    box = visitor.page.locator("dialog.receipt").bounding_box()
    assert box is not None
    assert box["width"] == (390 if width == 390 else 560)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_switch_turns_the_page_into_french_numbers_too(visit: Visit) -> None:
    visitor = opened(visit())
    english = visitor.value("gmv")
    visitor.page.get_by_role("button", name="Français").click()
    visitor.settle()
    assert visitor.page.get_attribute("html", "lang") == "fr"
    assert visitor.page.inner_text("h1") == "Vue d'ensemble"
    assert "." in english
    assert "," in visitor.value("gmv")
    assert "par rapport" in visitor.text("gmv") or "jours précédents" in visitor.text("gmv")
    assert violations(visitor) == []


@pytest.mark.parametrize(
    "vendor", ["h3", *(pytest.param(name, marks=pytest.mark.slow) for name in ("h4", "h1"))]
)
def test_names_of_any_length_script_and_direction_stay_inside_the_receipt(visit: Visit, vendor: str) -> None:
    visitor = visit(width=390, height=844)
    visitor.site.marketplace.vendors = HOSTILE_VENDORS
    opened(visitor, path=f"/dashboards/admin?vendor={vendor}")
    visitor.page.locator('[data-tile="gmv"] button.value').click()
    assert dict(HOSTILE_VENDORS)[vendor] in receipt(visitor)
    body = visitor.page.locator(".receipt-body")
    assert body.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(visitor) == []


@pytest.mark.slow
def test_a_session_that_ends_while_a_receipt_is_open_says_so_in_there(visit: Visit) -> None:
    visitor = opened(visit())
    visitor.expected = ("401",)
    visitor.page.locator('[data-tile="regions"] .opener').click()
    receipt(visitor)
    visitor.page.context.clear_cookies()
    visitor.page.locator("dialog select").select_option("fulfilment_rate")
    expect(visitor.page.locator("dialog #ended")).to_contain_text("Your session has ended.")
    link = visitor.page.locator("dialog #ended a")
    assert "receipt%3Dregions" in str(link.get_attribute("href"))
